/* How many signed requests one core makes, and verifies as the node does: components, digest, key,
 * Ed25519, nonce; beside the bare signature check, which bounds it. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "node/net/os.h"
#include "proto/identity/httpsig.h"
#include "proto/identity/nonce_cache.h"
#include "tests/lib/testkey.h"

#define REQUESTS 4096u
#define NOW_S 1790000000u

static const struct span body = {(const uint8_t *)"{\"follow\":true,\"logs\":{}}", 25};

struct signed_request {
    struct httpsig_fields fields;
    struct http_fields sent;
};

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void report(const char *name, double elapsed)
{
    printf("{\"name\":\"%s\",\"unit\":\"requests/s\",\"value\":%.0f}\n", name, REQUESTS / elapsed);
}

static struct httpsig_request request_of(const struct http_fields *fields)
{
    return (struct httpsig_request){.method = SPAN_LITERAL("POST"),
                                    .scheme = SPAN_LITERAL("https"),
                                    .authority = SPAN_LITERAL("coop-b.example:8443"),
                                    .path = SPAN_LITERAL("/v1/sync"),
                                    .has_body = true,
                                    .fields = fields};
}

static void make(struct signed_request *out, const struct ed25519_signer *signer, unsigned number)
{
    struct httpsig_request request = request_of(NULL);
    struct httpsig_options options = {
        .keyid = SPAN_LITERAL("did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK#request"),
        .body = body,
        .created_s = NOW_S};
    memcpy(options.nonce, &number, sizeof(number));
    httpsig_fields_init(&out->fields);
    CHECK(httpsig_sign(&request, &options, signer, &out->fields) == OK);
    out->sent.count = 3;
    out->sent.list[0] =
        (struct http_field){SPAN_LITERAL("Content-Digest"), buf_span(&out->fields.content_digest)};
    out->sent.list[1] = (struct http_field){SPAN_LITERAL("Signature-Input"),
                                            buf_span(&out->fields.signature_input)};
    out->sent.list[2] =
        (struct http_field){SPAN_LITERAL("Signature"), buf_span(&out->fields.signature)};
}

static enum err find_key(void *keys, struct span keyid, uint64_t created_s, struct public_key *out,
                         struct why *why)
{
    (void)keyid;
    (void)created_s;
    (void)why;
    *out = ((const struct testkey *)keys)->key;
    return OK;
}

static void verify(const struct signed_request *signed_request, const struct httpsig_policy *policy,
                   struct nonce_cache *nonces)
{
    struct httpsig_request request = request_of(&signed_request->sent);
    struct httpsig_covered covered;
    CHECK(httpsig_verify(&request, policy, &covered, NULL) == OK);
    CHECK(content_digest_check(&covered.digest, body, NULL) == OK);
    CHECK(nonce_cache_add(nonces, covered.keyid, covered.nonce, covered.created_s, NOW_S) == OK);
}

int main(void)
{
    os_init();
    struct testkey key = testkey_of(1);
    struct ed25519_signer signer = testkey_signer(&key);
    struct os_random random;
    os_random_init(&random);
    struct env env = os_random_env(&random);
    struct nonce_cache *nonces = nonce_cache_new(REQUESTS, 600, &env);
    struct signed_request *requests = calloc(REQUESTS, sizeof(*requests));
    const struct span authority = SPAN_LITERAL("coop-b.example:8443");
    struct httpsig_policy policy = {.authorities = &authority,
                                    .authority_count = 1,
                                    .now_s = NOW_S,
                                    .skew_s = 300,
                                    .keys = &key,
                                    .find_key = find_key};
    struct signature signature;
    CHECK(nonces != NULL && requests != NULL);
    double start = seconds();
    for (unsigned i = 0; i < REQUESTS; i++)
        make(&requests[i], &signer, i);
    report("requests_signed", seconds() - start);
    start = seconds();
    for (unsigned i = 0; i < REQUESTS; i++)
        verify(&requests[i], &policy, nonces);
    report("requests_verified", seconds() - start);
    CHECK(signer.sign(signer.ctx, body, &signature) == OK);
    start = seconds();
    for (unsigned i = 0; i < REQUESTS; i++)
        CHECK(ed25519_verify(&key.key, body, &signature));
    report("limit_ed25519_verify", seconds() - start);
    for (unsigned i = 0; i < REQUESTS; i++)
        httpsig_fields_clear(&requests[i].fields);
    free(requests);
    nonce_cache_free(nonces);
    return 0;
}

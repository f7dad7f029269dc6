/* Any bytes as the three fields of a signed request (a line each), then its path. Never accepted
 * but when signed by the one key; and a request that is signed here is accepted with any path. */
#include <stdlib.h>

#include <sodium.h>

#include "proto/identity/httpsig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t secret[crypto_sign_SECRETKEYBYTES];
static struct ed25519_signer signer;

static enum err sign(void *ctx, struct span message, struct signature *out)
{
    (void)ctx;
    CHECK(crypto_sign_detached(out->bytes, NULL, message.data, message.len, secret) == 0);
    return OK;
}

static enum err find(void *keys, struct span keyid, uint64_t created_s, struct public_key *out,
                     struct why *why)
{
    (void)keys;
    (void)created_s;
    (void)why;
    CHECK(keyid.len > 0 && keyid.len <= METHOD_URL_BYTES_MAX);
    *out = signer.key;
    return OK;
}

static void check_written(struct span field)
{
    struct structured_dictionary first;
    struct structured_dictionary second;
    struct buf out;
    buf_init(&out, 1 << 20);
    if (structured_read_dictionary(field, &first, NULL) == OK && first.count > 0) {
        for (unsigned i = 0; i < first.count; i++) {
            buf_append_cstr(&out, i > 0 ? ", " : "");
            buf_append_span(&out, first.members[i].key);
            buf_append_byte(&out, '=');
            structured_append_member(&out, &first, &first.members[i]);
        }
        CHECK(structured_read_dictionary(buf_span(&out), &second, NULL) == OK);
        CHECK(second.count == first.count && second.item_count == first.item_count);
    }
    buf_clear(&out);
}

static void check_signed(struct httpsig_request *request, const struct httpsig_policy *policy)
{
    struct http_fields fields = {.count = 3};
    struct httpsig_fields made;
    struct httpsig_covered covered;
    const struct httpsig_options options = {.keyid = SPAN_LITERAL("did:web:a#b"),
                                            .body = SPAN_LITERAL("x"),
                                            .created_s = policy->now_s};
    httpsig_fields_init(&made);
    request->has_body = true;
    enum err err = httpsig_sign(request, &options, &signer, &made);
    CHECK(err == OK || err == ERR_LIMIT);
    if (err == OK) {
        fields.list[0] =
            (struct http_field){SPAN_LITERAL("Signature-Input"), buf_span(&made.signature_input)};
        fields.list[1] = (struct http_field){SPAN_LITERAL("signature"), buf_span(&made.signature)};
        fields.list[2] =
            (struct http_field){SPAN_LITERAL("Content-Digest"), buf_span(&made.content_digest)};
        request->fields = &fields;
        CHECK(httpsig_verify(request, policy, &covered, NULL) == OK);
        CHECK(covered.has_digest &&
              content_digest_check(&covered.digest, options.body, NULL) == OK);
        made.signature.data[20] ^= 1;
        CHECK(httpsig_verify(request, policy, &covered, NULL) != OK);
    }
    httpsig_fields_clear(&made);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t seed[crypto_sign_SEEDBYTES] = {7};
    CHECK(crypto_sign_seed_keypair(signer.key.bytes, secret, seed) == 0);
    signer.sign = sign;
    struct cursor cursor = cursor_of(span_of(data, size));
    struct http_fields fields = {.count = 3};
    static const char *const names[] = {"Signature-Input", "Signature", "Content-Digest"};
    for (unsigned i = 0; i < 3; i++) {
        fields.list[i] = (struct http_field){span_cstr(names[i]), cursor_until(&cursor, '\n')};
        check_written(fields.list[i].value);
    }
    const struct span authority = SPAN_LITERAL("a.example");
    const struct httpsig_policy policy = {.authorities = &authority,
                                          .authority_count = 1,
                                          .now_s = 1618884473,
                                          .skew_s = 60,
                                          .find_key = find};
    struct httpsig_request request = {.method = SPAN_LITERAL("POST"),
                                      .scheme = SPAN_LITERAL("https"),
                                      .authority = SPAN_LITERAL("A.example:443"),
                                      .path = cursor_rest(&cursor),
                                      .fields = &fields};
    struct httpsig_covered covered;
    struct why why;
    if (httpsig_verify(&request, &policy, &covered, &why) == OK)
        CHECK(covered.nonce.len >= NONCE_TEXT_BYTES && covered.created_s + 60 >= policy.now_s);
    check_signed(&request, &policy);
    return 0;
}

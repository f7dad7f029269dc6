/* Any bytes as a document with Data Integrity proofs. What is accepted gives bytes without a proof;
 * any object that is signed is accepted, and gives back what was signed. */
#include <stdlib.h>

#include <sodium.h>

#include "proto/identity/integrity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t secret[crypto_sign_SECRETKEYBYTES];
static struct ed25519_signer signer;

static enum err sign(void *ctx, struct span message, struct signature *out)
{
    (void)ctx;
    CHECK(crypto_sign_detached(out->bytes, NULL, message.data, message.len, secret) == 0);
    return OK;
}

static enum err find(void *keys, const struct integrity_proof *proof, struct public_key *out,
                     struct why *why)
{
    (void)keys;
    if (integrity_find_did_key(NULL, proof, out, why) == OK)
        return OK;
    *out = signer.key;
    return OK;
}

static void check_signed(struct integrity *integrity, struct span document,
                         const struct integrity_policy *policy)
{
    static struct integrity_result result;
    const struct integrity_options options = {
        .method = SPAN_LITERAL("did:web:a#b"), .purpose = policy->purpose, .created_ms = 1};
    struct buf out;
    buf_init(&out, 2 * INTEGRITY_BYTES_MAX);
    /* Only what has no proof yet: others may be wrong. */
    if (memmem(document.data, document.len, "proof", 5) == NULL &&
        integrity_sign(integrity, document, &options, &signer, &out, NULL) == OK) {
        CHECK(integrity_verify(integrity, buf_span(&out), policy, &result, NULL) == OK);
        CHECK(result.count == 1 && span_equal(result.document, document));
        out.data[out.len / 2] ^= 1;
        CHECK(integrity_verify(integrity, buf_span(&out), policy, &result, NULL) != OK);
    }
    buf_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t seed[crypto_sign_SEEDBYTES] = {7};
    static struct integrity_result result;
    struct why why;
    struct integrity *integrity = integrity_new();
    struct integrity_policy policy = {
        .purpose = SPAN_LITERAL("assertionMethod"), .now_ms = 1700000000000, .find_key = find};
    CHECK(integrity != NULL && crypto_sign_seed_keypair(signer.key.bytes, secret, seed) == 0);
    signer.sign = sign;
    if (integrity_verify(integrity, span_of(data, size), &policy, &result, &why) == OK) {
        CHECK(result.count > 0 && result.count <= INTEGRITY_PROOFS_MAX);
        CHECK(memmem(result.document.data, result.document.len, "proofValue", 10) == NULL ||
              result.document.len < size);
    }
    check_signed(integrity, span_of(data, size), &policy);
    integrity_free(integrity);
    return 0;
}

/* Ed25519 verification (RFC 8032) with one accept rule: libsodium's crypto_sign_verify_detached
 * (small-order and non-canonical points and S refused; cofactorless). Making signatures is the
 * business of keys/, and reaches proto/ as a call. */
#ifndef MAILLON_PROTO_BASE_ED25519_H
#define MAILLON_PROTO_BASE_ED25519_H

#include "proto/base/bytes.h"

struct public_key {
    uint8_t bytes[32];
};

struct signature {
    uint8_t bytes[64];
};

/* Who signs: the keeper, or a key in memory. */
struct ed25519_signer {
    void *ctx;
    struct public_key key;
    /* Any error is passed on to whoever asked for the signature. */
    enum err (*sign)(void *ctx, struct span message, struct signature *out);
};

MUST_USE bool ed25519_verify(const struct public_key *key, struct span message,
                             const struct signature *signature);

#endif

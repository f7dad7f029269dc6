#include "tests/lib/testkey.h"

#include <sodium.h>

static struct testkey make(const uint8_t seed[32])
{
    struct testkey key;
    CHECK(crypto_sign_seed_keypair(key.key.bytes, key.secret, seed) == 0);
    return key;
}

struct testkey testkey_of(uint8_t seed)
{
    uint8_t bytes[32];
    memset(bytes, seed, sizeof(bytes));
    return make(bytes);
}

struct testkey testkey_of_last(uint8_t seed)
{
    uint8_t bytes[32] = {0};
    bytes[31] = seed;
    return make(bytes);
}

static enum err sign(void *ctx, struct span message, struct signature *out)
{
    const struct testkey *key = ctx;
    CHECK(crypto_sign_detached(out->bytes, NULL, message.data, message.len, key->secret) == 0);
    return OK;
}

struct ed25519_signer testkey_signer(struct testkey *key)
{
    return (struct ed25519_signer){.ctx = key, .key = key->key, .sign = sign};
}

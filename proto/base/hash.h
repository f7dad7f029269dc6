/* SHA-256 (FIPS 180-4), by OpenSSL: about four times libsodium's speed where the CPU has SHA. */
#ifndef MAILLON_PROTO_BASE_HASH_H
#define MAILLON_PROTO_BASE_HASH_H

#include "proto/base/bytes.h"

struct hash {
    uint8_t bytes[32];
};

static inline bool hash_equal(const struct hash *a, const struct hash *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

/* SHA-512, for what others sign with it. */
struct hash512 {
    uint8_t bytes[64];
};

struct hash512 sha512(struct span data);
struct hash sha256(struct span data);
/* SHA-256 of prefix byte followed by a, then b: the shape of every Merkle hash, without a copy. */
struct hash sha256_prefixed(uint8_t prefix, struct span a, struct span b);

#endif

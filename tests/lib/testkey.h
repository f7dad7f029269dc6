/* A key pair from one byte, and the signer that proto/ asks for signatures. */
#ifndef MAILLON_TESTS_LIB_TESTKEY_H
#define MAILLON_TESTS_LIB_TESTKEY_H

#include "proto/base/ed25519.h"

struct testkey {
    struct public_key key;
    uint8_t secret[64];
};

struct testkey testkey_of(uint8_t seed);
/* The seed is 32 bytes whose last one is this, as test vectors of others have it. */
struct testkey testkey_of_last(uint8_t seed);
/* key must outlive the signer. */
struct ed25519_signer testkey_signer(struct testkey *key);

#endif

/* Signatures checked, by libsodium. */
#include "proto/base/ed25519.h"

#include <sodium.h>

bool ed25519_verify(const struct public_key *key, struct span message,
                    const struct signature *signature)
{
    return crypto_sign_verify_detached(signature->bytes, message.data, message.len, key->bytes) ==
           0;
}

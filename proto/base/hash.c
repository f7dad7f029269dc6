/* SHA-256 of records and tree nodes: the innermost work of the log. */
#include "proto/base/hash.h"

#include <openssl/sha.h>

/* OpenSSL's one-shot and EVP interfaces cost more than hashing a record does; the block functions
 * below them are deprecated in name only. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

struct hash sha256(struct span data)
{
    struct hash out;
    SHA256_CTX context;
    SHA256_Init(&context);
    SHA256_Update(&context, data.data, data.len);
    SHA256_Final(out.bytes, &context);
    return out;
}

struct hash sha256_prefixed(uint8_t prefix, struct span a, struct span b)
{
    struct hash out;
    SHA256_CTX context;
    SHA256_Init(&context);
    SHA256_Update(&context, &prefix, 1);
    SHA256_Update(&context, a.data, a.len);
    SHA256_Update(&context, b.data, b.len);
    SHA256_Final(out.bytes, &context);
    return out;
}

struct hash512 sha512(struct span data)
{
    struct hash512 out;
    SHA512_CTX context;
    SHA512_Init(&context);
    SHA512_Update(&context, data.data, data.len);
    SHA512_Final(out.bytes, &context);
    return out;
}

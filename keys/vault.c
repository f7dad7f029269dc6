/* Memory for secrets, by libsodium. */
#include "keys/vault.h"

#include <sodium.h>

#include "proto/err.h"

void *vault_new(size_t bytes)
{
    if (sodium_init() < 0)
        return NULL;
    return sodium_malloc(bytes);
}

void vault_freeze(void *secret)
{
    CHECK(sodium_mprotect_readonly(secret) == 0);
}

void vault_free(void *secret)
{
    sodium_free(secret);
}

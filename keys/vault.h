/* Memory for secrets: locked against swapping, between guard pages, left out of core dumps, wiped
 * when it is freed (libsodium's sodium_malloc). Any thread. */
#ifndef MAILLON_KEYS_VAULT_H
#define MAILLON_KEYS_VAULT_H

#include <stddef.h>

/* Bytes whose content is not defined; NULL when there is no memory. */
void *vault_new(size_t bytes);
/* From here on writing there ends the process. */
void vault_freeze(void *secret);
/* Wipes and frees; NULL is fine. */
void vault_free(void *secret);

#endif

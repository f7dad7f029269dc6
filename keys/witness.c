#include "keys/witness.h"

#include <stdlib.h>

#include "keys/file.h"
#include "keys/refusal.h"
#include "keys/vault.h"

static enum err make(const char *path, struct why *why)
{
    struct secret_key *secret = keyfile_make();
    if (secret == NULL)
        return refuse(why, REFUSAL_NO_MEMORY, NULL, NULL);
    enum err err = keyfile_write(path, secret, NULL, why);
    vault_free(secret);
    return err;
}

enum err witness_key_open(const char *dir, struct secret_key **out, struct why *why)
{
    char *path = file_path(dir, KEYS_WITNESS_KEY);
    if (path == NULL)
        return refuse(why, REFUSAL_NO_MEMORY, NULL, NULL);
    enum err err = keyfile_load(path, NULL, out, why);
    if (err == ERR_NOT_FOUND) {
        err = make(path, why);
        if (err == OK)
            err = keyfile_load(path, NULL, out, why);
    }
    free(path);
    return err;
}

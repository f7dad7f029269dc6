#include "keys/request_key.h"

#include <stdlib.h>

#include "keys/file.h"
#include "keys/keyfile.h"
#include "keys/keys.h"
#include "keys/vault.h"

/* Two commands may do it at once: the first one's key stands. */
static enum err make(const char *path, struct why *why)
{
    struct secret_key *secret = keyfile_make();
    if (secret == NULL)
        return ERR_NO_MEMORY;
    enum err err = keyfile_write(path, secret, NULL, why);
    vault_free(secret);
    return err == ERR_CONFLICT ? OK : err;
}

enum err request_key_need(const char *dir, struct public_key *out, struct why *why)
{
    bool sealed;
    char *path = file_path(dir, KEYS_REQUEST_KEY);
    if (path == NULL)
        return ERR_NO_MEMORY;
    enum err err = keyfile_read_public(path, out, &sealed, why);
    if (err == ERR_NOT_FOUND && (err = make(path, why)) == OK)
        err = keyfile_read_public(path, out, &sealed, why);
    free(path);
    return err;
}

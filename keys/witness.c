#include "keys/witness.h"

#include <sodium.h>
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

static enum err sign(void *ctx, struct span message, struct signature *out)
{
    const struct secret_key *secret = ctx;
    return crypto_sign_detached(out->bytes, NULL, message.data, message.len, secret->bytes) == 0
               ? OK
               : ERR_NO_MEMORY;
}

struct ed25519_signer witness_key_signer(struct secret_key *secret)
{
    return (struct ed25519_signer){.ctx = secret, .key = keyfile_public(secret), .sign = sign};
}

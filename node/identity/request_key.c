#include "node/identity/request_key.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "keys/keyfile.h"
#include "keys/request_key.h"
#include "keys/vault.h"
#include "proto/limits.h"

struct request_key {
    struct secret_key *secret;
    char id[METHOD_URL_BYTES_MAX + 1];
};

enum err request_key_open(const char *dir, const char *did, const char *passphrase,
                          struct request_key **out, struct why *why)
{
    struct secret_key *secret;
    char *path = NULL;
    if (asprintf(&path, "%s/" REQUEST_KEY_FILE, dir) < 0)
        return ERR_NO_MEMORY;
    enum err err = keyfile_load(path, passphrase, &secret, why);
    free(path);
    *out = NULL;
    if (err == ERR_NOT_FOUND)
        return OK;
    if (err != OK)
        return err;
    struct request_key *key = calloc(1, sizeof(*key));
    if (key == NULL) {
        vault_free(secret);
        return ERR_NO_MEMORY;
    }
    key->secret = secret;
    (void)snprintf(key->id, sizeof(key->id), "%s#request", did);
    *out = key;
    return OK;
}

void request_key_free(struct request_key *key)
{
    if (key == NULL)
        return;
    vault_free(key->secret);
    free(key);
}

const char *request_key_id(const struct request_key *key)
{
    return key->id;
}

static enum err sign(void *ctx, struct span message, struct signature *out)
{
    const struct request_key *key = ctx;
    return crypto_sign_detached(out->bytes, NULL, message.data, message.len, key->secret->bytes) ==
                   0
               ? OK
               : ERR_BAD_KEY;
}

struct ed25519_signer request_key_signer(struct request_key *key)
{
    return (struct ed25519_signer){.ctx = key, .key = keyfile_public(key->secret), .sign = sign};
}

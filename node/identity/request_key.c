/* A secret that changes hands under a mutex. */
#include "node/identity/request_key.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "keys/file.h"
#include "keys/keyfile.h"
#include "keys/keys.h"
#include "keys/vault.h"
#include "proto/limits.h"

struct request_key {
    pthread_mutex_t mutex;
    struct secret_key *secret;
    char id[METHOD_URL_BYTES_MAX + 1];
};

enum err request_key_open(const char *dir, const char *did, const char *passphrase,
                          struct request_key **out, struct why *why)
{
    struct secret_key *secret;
    char *path = file_path(dir, KEYS_REQUEST_KEY);
    if (path == NULL)
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
    pthread_mutex_init(&key->mutex, NULL);
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
    pthread_mutex_destroy(&key->mutex);
    free(key);
}

enum err request_key_replace(struct request_key *key, int fd, struct why *why)
{
    struct secret_key *fresh;
    TRY(keyfile_read(fd, &fresh, why));
    pthread_mutex_lock(&key->mutex);
    struct secret_key *old = key->secret;
    key->secret = fresh;
    pthread_mutex_unlock(&key->mutex);
    vault_free(old);
    return OK;
}

const char *request_key_id(const struct request_key *key)
{
    return key->id;
}

static enum err sign(void *ctx, struct span message, struct signature *out)
{
    struct request_key *key = ctx;
    pthread_mutex_lock(&key->mutex);
    const struct ed25519_signer signer = keyfile_signer(key->secret);
    enum err err = signer.sign(signer.ctx, message, out);
    pthread_mutex_unlock(&key->mutex);
    return err;
}

struct ed25519_signer request_key_signer(struct request_key *key)
{
    struct ed25519_signer signer = {.ctx = key, .sign = sign};
    pthread_mutex_lock(&key->mutex);
    signer.key = keyfile_public(key->secret);
    pthread_mutex_unlock(&key->mutex);
    return signer;
}

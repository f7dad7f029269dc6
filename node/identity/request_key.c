/* A secret that changes hands under a mutex. */
#include "node/identity/request_key.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "keys/file.h"
#include "keys/keyfile.h"
#include "keys/keys.h"
#include "keys/vault.h"
#include "node/net/os.h"
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

static enum err read_all(int fd, uint8_t *out, size_t *len_out, struct why *why)
{
    size_t len = 0;
    while (len < PRIVATE_FILE_BYTES_MAX) {
        ssize_t got = read(fd, out + len, PRIVATE_FILE_BYTES_MAX - len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return os_fail(why, KEYS_REQUEST_KEY, errno);
        if (got == 0)
            break;
        len += (size_t)got;
    }
    *len_out = len;
    return OK;
}

enum err request_key_replace(struct request_key *key, int fd, struct why *why)
{
    uint8_t *text = vault_new(PRIVATE_FILE_BYTES_MAX);
    struct secret_key *fresh = NULL;
    size_t len = 0;
    enum err err = text == NULL ? ERR_NO_MEMORY : read_all(fd, text, &len, why);
    (void)close(fd);
    if (err == OK)
        err = keyfile_open(span_of(text, len), NULL, &fresh, why);
    vault_free(text);
    if (err != OK)
        return err;
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

/* The keys folder. */
#include "keys/keys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keys/file.h"
#include "keys/keeper_state.h"
#include "keys/keyfile.h"
#include "keys/refusal.h"
#include "keys/vault.h"
#include "proto/identity/did.h"
#include "proto/log/note.h"

#define REKEY_WAIT_MS 5000u /* for a keeper that is just ending */

struct paths {
    char *folder;
    char *key;
    char *state;
};

static enum err paths_make(struct paths *paths, const char *dir, struct why *why)
{
    paths->folder = file_path(dir, KEYS_FOLDER);
    paths->key = file_path(dir, KEYS_LOG_KEY);
    paths->state = file_path(dir, KEYS_STATE);
    if (paths->folder == NULL || paths->key == NULL || paths->state == NULL)
        return refuse(why, REFUSAL_NO_MEMORY, NULL, NULL);
    return OK;
}

static void paths_clear(struct paths *paths)
{
    free(paths->folder);
    free(paths->key);
    free(paths->state);
}

static enum err make_files(const struct paths *paths, const char *passphrase,
                           struct public_key *out, struct why *why)
{
    if (mkdir(paths->folder, 0700) != 0 && errno != EEXIST)
        return refuse_errno(why, REFUSAL_FILE_IO, paths->folder);
    TRY(file_check_folder(paths->folder, why));
    struct stat info;
    if (lstat(paths->key, &info) == 0)
        return refuse(why, REFUSAL_FILE_EXISTS, NULL, paths->key);
    struct secret_key *secret = keyfile_make();
    if (secret == NULL)
        return refuse(why, REFUSAL_NO_MEMORY, NULL, NULL);
    struct public_key key = keyfile_public(secret);
    enum err err = keeper_state_create(paths->state, &key, why);
    if (err == OK)
        err = keyfile_write(paths->key, secret, passphrase, why);
    vault_free(secret);
    if (err == OK)
        *out = key;
    return err;
}

enum err keys_init(const char *dir, const char *passphrase, struct public_key *out, struct why *why)
{
    struct paths paths = {0};
    enum err err = paths_make(&paths, dir, why);
    if (err == OK)
        err = make_files(&paths, passphrase, out, why);
    paths_clear(&paths);
    return err;
}

enum err keys_read_public(const char *dir, struct public_key *out, bool *sealed_out,
                          struct why *why)
{
    struct paths paths = {0};
    enum err err = paths_make(&paths, dir, why);
    if (err == OK)
        err = keyfile_read_public(paths.key, out, sealed_out, why);
    paths_clear(&paths);
    return err;
}

enum err keys_reseal(const char *dir, const char *name, const char *passphrase, const char *fresh,
                     struct why *why)
{
    char *path = file_path(dir, name);
    if (path == NULL)
        return refuse(why, REFUSAL_NO_MEMORY, NULL, NULL);
    enum err err = keyfile_reseal(path, passphrase, fresh, why);
    free(path);
    return err;
}

/* ---- the keeper's state, where no keeper runs ---- */

/* Another key's state is damage to the keeper, and nothing that may be replaced. */
static enum err name_other_key(enum err err, const struct why *why)
{
    return err == ERR_DAMAGED && refusal_of(why) == REFUSAL_STATE_OTHER_KEY ? ERR_CONFLICT : err;
}

static enum err open_state(const char *dir, const struct public_key *key, struct keeper_state **out,
                           struct why *why)
{
    char *path = file_path(dir, KEYS_STATE);
    if (path == NULL)
        return refuse(why, REFUSAL_NO_MEMORY, NULL, NULL);
    enum err err = keeper_state_open(path, key, 0, out, why);
    free(path);
    return name_other_key(err, why);
}

enum err keys_read_state(const char *dir, const struct public_key *key, struct merkle_head *out,
                         struct why *why)
{
    char *path = file_path(dir, KEYS_STATE);
    if (path == NULL)
        return refuse(why, REFUSAL_NO_MEMORY, NULL, NULL);
    enum err err = keeper_state_read(path, key, out, why);
    free(path);
    return name_other_key(err, why);
}

enum err keys_rebuild_state(const char *dir, const struct public_key *key,
                            const struct merkle_head *head, struct why *why)
{
    struct keeper_state *state;
    enum err err = open_state(dir, key, &state, why);
    if (err == OK) {
        keeper_state_close(state);
        return refuse(why, REFUSAL_STATE_WHOLE, NULL, NULL);
    }
    if (err != ERR_DAMAGED)
        return err;
    struct paths paths = {0};
    err = paths_make(&paths, dir, why);
    if (err == OK)
        err = file_check_folder(paths.folder, why);
    if (err == OK)
        err = keeper_state_rebuild(paths.state, key, head, why);
    paths_clear(&paths);
    return err;
}

enum err keys_raise_state(const char *dir, const struct public_key *key,
                          const struct merkle_head *head, struct why *why)
{
    struct keeper_state *state;
    TRY(open_state(dir, key, &state, why));
    struct merkle_head last = keeper_state_last(state);
    enum err err = last.size > head->size ? refuse(why, REFUSAL_HEAD_SMALLER, NULL, NULL)
                                          : keeper_state_store(state, head, why);
    keeper_state_close(state);
    return err;
}

/* ---- the DID that it signs for ---- */

enum err keys_write_origin(const char *dir, struct span origin, struct why *why)
{
    char *path = file_path(dir, KEYS_ORIGIN);
    if (path == NULL)
        return refuse(why, REFUSAL_NO_MEMORY, NULL, NULL);
    enum err err = file_write_private(path, origin, true, why);
    free(path);
    return err;
}

enum err keys_read_origin(const char *dir, const struct public_key *key, struct buf *out,
                          struct why *why)
{
    uint8_t text[PRIVATE_FILE_BYTES_MAX];
    size_t len;
    char *path = file_path(dir, KEYS_ORIGIN);
    if (path == NULL)
        return refuse(why, REFUSAL_NO_MEMORY, NULL, NULL);
    enum err err = file_read_private(path, text, &len, why);
    free(path);
    if (err == ERR_NOT_FOUND) {
        did_key_append(out, key);
        return buf_check(out) == OK ? OK : refuse(why, REFUSAL_NO_MEMORY, NULL, NULL);
    }
    if (err != OK)
        return err;
    struct span origin = span_of(text, len);
    if (len == 0 || len > DID_BYTES_MAX || memchr(text, 0, len) != NULL ||
        !span_starts_with(origin, SPAN_LITERAL("did:")) || !note_name_is_valid(origin))
        return refuse(why, REFUSAL_ORIGIN_FILE, NULL, NULL);
    buf_append_span(out, origin);
    return buf_check(out) == OK ? OK : refuse(why, REFUSAL_NO_MEMORY, NULL, NULL);
}

/* ---- keys that follow one another ---- */

enum err keys_make(const char *dir, const char *name, const char *passphrase,
                   struct public_key *out, struct why *why)
{
    char *path = file_path(dir, name);
    struct secret_key *secret = path == NULL ? NULL : keyfile_make();
    enum err err = secret == NULL ? refuse(why, REFUSAL_NO_MEMORY, NULL, NULL)
                                  : keyfile_write(path, secret, passphrase, why);
    if (err == OK)
        *out = keyfile_public(secret);
    vault_free(secret);
    free(path);
    return err;
}

enum err keys_adopt(const char *dir, const char *name, struct why *why)
{
    char next_name[64];
    (void)snprintf(next_name, sizeof(next_name), "%s" KEYS_NEXT, name);
    char *path = file_path(dir, name);
    char *next = file_path(dir, next_name);
    enum err err = OK;
    if (path == NULL || next == NULL)
        err = refuse(why, REFUSAL_NO_MEMORY, NULL, NULL);
    else if (rename(next, path) != 0)
        err = errno == ENOENT ? refuse(why, REFUSAL_FILE_MISSING, NULL, next)
                              : refuse_errno(why, REFUSAL_FILE_IO, next);
    else
        err = file_sync_parent(path, why);
    free(next);
    free(path);
    return err;
}

static enum err read_public_of(const char *dir, const char *name, struct public_key *out,
                               struct why *why)
{
    bool sealed;
    char *path = file_path(dir, name);
    if (path == NULL)
        return refuse(why, REFUSAL_NO_MEMORY, NULL, NULL);
    enum err err = keyfile_read_public(path, out, &sealed, why);
    free(path);
    return err;
}

enum err keys_adopt_log_key(const char *dir, struct why *why)
{
    struct public_key old;
    struct public_key fresh;
    TRY(read_public_of(dir, KEYS_LOG_KEY KEYS_NEXT, &fresh, why));
    TRY(read_public_of(dir, KEYS_LOG_KEY, &old, why));
    char *state = file_path(dir, KEYS_STATE);
    enum err err = state == NULL ? refuse(why, REFUSAL_NO_MEMORY, NULL, NULL)
                                 : keeper_state_rekey(state, &old, &fresh, REKEY_WAIT_MS, why);
    free(state);
    TRY(err);
    return keys_adopt(dir, KEYS_LOG_KEY, why);
}

/* The keys folder. */
#include "keys/keys.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keys/file.h"
#include "keys/keeper_state.h"
#include "keys/keyfile.h"
#include "keys/refusal.h"
#include "keys/vault.h"

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

enum err keys_reseal(const char *dir, const char *passphrase, const char *fresh, struct why *why)
{
    struct paths paths = {0};
    enum err err = paths_make(&paths, dir, why);
    if (err == OK)
        err = keyfile_reseal(paths.key, passphrase, fresh, why);
    paths_clear(&paths);
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

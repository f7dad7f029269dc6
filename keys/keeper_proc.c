/* The loop around keeper.c: a frame in, a frame out, the key in vault memory. */
#include "keys/keeper_proc.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keys/confine.h"
#include "keys/file.h"
#include "keys/keeper.h"
#include "keys/keeper_state.h"
#include "keys/keys.h"
#include "keys/refusal.h"
#include "keys/vault.h"

/* A killed node's keeper may still be ending when the next one starts. */
#define LOCK_WAIT_MS 1500u

struct proc {
    const char *dir;
    struct secret_key *secret;
    struct keeper_state *state;
};

static enum err name_origin(const char *dir, const struct public_key *key, struct keeper_key *out,
                            struct why *why)
{
    struct buf did;
    buf_init(&did, sizeof(out->origin));
    enum err err = keys_read_origin(dir, key, &did, why);
    buf_append_byte(&did, '\0');
    if (err == OK && buf_check(&did) != OK)
        err = refuse(why, REFUSAL_NO_MEMORY, NULL, NULL);
    if (err == OK)
        memcpy(out->origin, did.data, did.len);
    buf_clear(&did);
    return err;
}

static enum err load_key(struct proc *proc, const char *passphrase, struct why *why)
{
    char *folder = file_path(proc->dir, KEYS_FOLDER);
    char *path = file_path(proc->dir, KEYS_LOG_KEY);
    enum err err = folder == NULL || path == NULL ? refuse(why, REFUSAL_NO_MEMORY, NULL, NULL)
                                                  : file_check_folder(folder, why);
    if (err == OK)
        err = keyfile_load(path, passphrase, &proc->secret, why);
    free(path);
    free(folder);
    return err;
}

static enum err open_state(struct proc *proc, const struct public_key *key, struct why *why)
{
    char *path = file_path(proc->dir, KEYS_STATE);
    if (path == NULL)
        return refuse(why, REFUSAL_NO_MEMORY, NULL, NULL);
    enum err err = keeper_state_open(path, key, LOCK_WAIT_MS, &proc->state, why);
    free(path);
    return err;
}

static enum err host_open(void *ctx, const char *passphrase, struct keeper_key *out,
                          struct why *why)
{
    struct proc *proc = ctx;
    if (proc->secret == NULL)
        TRY(load_key(proc, passphrase, why));
    struct public_key key = keyfile_public(proc->secret);
    TRY(name_origin(proc->dir, &key, out, why));
    TRY(open_state(proc, &key, why));
    out->secret = proc->secret;
    out->key = key;
    out->last = keeper_state_last(proc->state);
    return confine_calls(CONFINE_OPENED, why);
}

static enum err host_remember(void *ctx, const struct merkle_head *head, struct why *why)
{
    struct proc *proc = ctx;
    return keeper_state_store(proc->state, head, why);
}

static void serve(int fd, struct keeper *keeper, uint8_t *request, struct buf *answer)
{
    for (;;) {
        struct iovec room = {.iov_base = request, .iov_len = KEEPER_REQUEST_BYTES_MAX};
        struct msghdr message = {.msg_iov = &room, .msg_iovlen = 1};
        ssize_t got = recvmsg(fd, &message, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return;
        /* A longer frame came cut off: what is left of it must not pass for a request. */
        size_t len = (message.msg_flags & MSG_TRUNC) != 0 ? 0 : (size_t)got;
        keeper_answer(keeper, span_of(request, len), answer);
        ssize_t put = send(fd, answer->data, answer->len, MSG_NOSIGNAL);
        if (put < 0 && errno != EINTR)
            return;
    }
}

/* Its own folder, less than what the warden has left it; then few calls, and after the key is open
 * fewer. */
static enum err confine(const char *dir, struct why *why)
{
    char *folder = file_path(dir, KEYS_FOLDER);
    char *state = file_path(dir, KEYS_STATE);
    const struct confine_path paths[] = {{folder, CONFINE_READ}, {state, CONFINE_WRITE}};
    enum err err = folder == NULL || state == NULL ? refuse(why, REFUSAL_NO_MEMORY, NULL, NULL)
                                                   : confine_any(why);
    if (err == OK)
        err = confine_keeper_limits(why);
    if (err == OK)
        err = confine_files(paths, sizeof(paths) / sizeof(paths[0]), false, why);
    if (err == OK)
        err = confine_calls(CONFINE_KEEPER, why);
    free(state);
    free(folder);
    return err;
}

int keeper_main(int fd, const char *dir)
{
    struct proc proc = {.dir = dir};
    struct keeper keeper = {.host = {&proc, host_open, host_remember}};
    struct why why = {0};
    (void)prctl(PR_SET_NAME, "maillon-keeper", 0, 0, 0);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || confine(dir, &why) != OK) {
        (void)fprintf(stderr, "maillon keeper: rights cannot be given up: %s\n", why.found);
        return 1;
    }
    struct buf answer;
    buf_init(&answer, KEEPER_ANSWER_BYTES_MAX);
    uint8_t *request = vault_new(KEEPER_REQUEST_BYTES_MAX); /* may hold a passphrase */
    if (request != NULL)
        serve(fd, &keeper, request, &answer);
    vault_free(request);
    buf_clear(&answer);
    keeper_state_close(proc.state);
    vault_free(proc.secret);
    close(fd);
    return 0;
}

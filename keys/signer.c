/* One question at a time to the keeper process, over a socket that keeps frames apart. */
#include "keys/signer.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keys/keeper.h"
#include "keys/refusal.h"
#include "keys/warden.h"

#define ANSWER_SECONDS_MAX 60 /* Argon2id and a slow fdatasync take seconds */
#define WARDEN_FD 3

struct signer {
    char *self_exe;
    char *dir;
    pthread_mutex_t mutex; /* one question at a time to the warden */
    int warden;            /* -1: none */
    pid_t pid;             /* the warden's */
    int fd;                /* -1: no keeper */
    uint32_t serial;
    struct public_key key;
    char origin[DID_BYTES_MAX + 1];
    struct buf request;
    uint8_t answer[KEEPER_ANSWER_BYTES_MAX];
};

static int spawn_actions(posix_spawn_file_actions_t *actions, int child_fd)
{
    int failed = posix_spawn_file_actions_adddup2(actions, child_fd, WARDEN_FD);
    if (failed == 0)
        failed = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (failed == 0)
        failed = posix_spawn_file_actions_addopen(actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (failed == 0)
        failed = posix_spawn_file_actions_addclosefrom_np(actions, WARDEN_FD + 1);
    return failed;
}

/* The warden begins with the signals as they come, whatever this thread has blocked. */
static int spawn_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    sigdelset(&all, SIGKILL);
    sigdelset(&all, SIGSTOP);
    int failed = posix_spawnattr_setsigmask(attributes, &none);
    if (failed == 0)
        failed = posix_spawnattr_setsigdefault(attributes, &all);
    if (failed == 0)
        failed =
            posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    return failed;
}

/* The environment stays behind: a passphrase may stand in it. */
static int spawn(struct signer *signer, int child_fd)
{
    char keeper[] = "keeper";
    char fd_option[] = "--fd";
    char fd_text[] = "3";
    char dir_option[] = "--dir";
    char *arguments[] = {signer->self_exe, keeper,      fd_option, fd_text,
                         dir_option,       signer->dir, NULL};
    char *environment[] = {NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int failed = posix_spawn_file_actions_init(&actions);
    if (failed != 0)
        return failed;
    failed = posix_spawnattr_init(&attributes);
    if (failed == 0) {
        failed = spawn_actions(&actions, child_fd);
        if (failed == 0)
            failed = spawn_attributes(&attributes);
        if (failed == 0)
            failed = posix_spawn(&signer->pid, signer->self_exe, &actions, &attributes, arguments,
                                 environment);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}

static enum err start_warden(struct signer *signer, struct why *why)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return refuse_errno(why, REFUSAL_START, "a socket pair");
    int failed = spawn(signer, ends[1]);
    close(ends[1]);
    if (failed != 0) {
        close(ends[0]);
        errno = failed;
        return refuse_errno(why, REFUSAL_START, signer->self_exe);
    }
    signer->warden = ends[0];
    return OK;
}

static void end_warden(struct signer *signer)
{
    if (signer->warden < 0)
        return;
    close(signer->warden);
    signer->warden = -1;
    while (waitpid(signer->pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

/* The warden has ended the keeper before. */
static enum err start_keeper(struct signer *signer, struct why *why)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return refuse_errno(why, REFUSAL_START, "a socket pair");
    struct timeval patience = {.tv_sec = ANSWER_SECONDS_MAX};
    const uint8_t request = WARDEN_KEEPER;
    bool failed = setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) != 0;
    pthread_mutex_lock(&signer->mutex);
    failed = failed || !warden_send(signer->warden, &request, 1, ends[1]);
    pthread_mutex_unlock(&signer->mutex);
    close(ends[1]);
    if (failed) {
        close(ends[0]);
        return refuse(why, REFUSAL_WARDEN_GONE, NULL, NULL);
    }
    signer->fd = ends[0];
    return OK;
}

static void end_keeper(struct signer *signer)
{
    if (signer->fd >= 0)
        close(signer->fd);
    signer->fd = -1;
}

static enum err gone(struct signer *signer, struct why *why)
{
    end_keeper(signer);
    return refuse(why, REFUSAL_GONE, NULL, NULL);
}

static enum err send_request(struct signer *signer, struct why *why)
{
    if (signer->fd < 0)
        return refuse(why, REFUSAL_GONE, NULL, NULL);
    if (buf_check(&signer->request) != OK)
        return refuse(why, REFUSAL_NO_MEMORY, NULL, NULL);
    ssize_t put;
    do {
        put = send(signer->fd, signer->request.data, signer->request.len, MSG_NOSIGNAL);
    } while (put < 0 && errno == EINTR);
    return put == (ssize_t)signer->request.len ? OK : gone(signer, why);
}

/* expected and found of the keeper are cut to their fields before anybody reads them as text. */
static enum err read_refusal(struct cursor *cursor, uint8_t number, struct why *why)
{
    char texts[2][KEEPER_REFUSAL_BYTES / 2];
    for (unsigned i = 0; i < 2; i++) {
        struct span field = cursor_take(cursor, sizeof(texts[i]));
        if (cursor->failed || number >= REFUSAL_COUNT)
            return refuse(why, REFUSAL_FRAME, "a refusal of the keeper", NULL);
        memcpy(texts[i], field.data, field.len);
        texts[i][sizeof(texts[i]) - 1] = '\0';
    }
    return refuse(why, (enum refusal)number, texts[0], texts[1]);
}

/* The answer to the request just sent; one to an earlier request that had timed out is passed over.
 */
static enum err receive_answer(struct signer *signer, struct cursor *out, struct why *why)
{
    for (;;) {
        ssize_t got = recv(signer->fd, signer->answer, sizeof(signer->answer), 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN)
            return refuse(why, REFUSAL_SLOW, NULL, NULL);
        if (got <= 0)
            return gone(signer, why);
        struct cursor cursor = cursor_of(span_of(signer->answer, (size_t)got));
        struct span head = cursor_take(&cursor, KEEPER_REQUEST_HEAD_BYTES);
        struct span refusal = cursor_take(&cursor, 1);
        if (cursor.failed)
            return gone(signer, why);
        if (memcmp(head.data, signer->request.data, head.len) != 0)
            continue;
        if (refusal.data[0] != REFUSAL_NONE)
            return read_refusal(&cursor, refusal.data[0], why);
        *out = cursor;
        return OK;
    }
}

static struct buf *begin(struct signer *signer, enum keeper_request type)
{
    buf_reset(&signer->request);
    keeper_append_request(&signer->request, type, ++signer->serial);
    return &signer->request;
}

static enum err ask(struct signer *signer, struct cursor *out, struct why *why)
{
    TRY(send_request(signer, why));
    return receive_answer(signer, out, why);
}

static enum err open_key(struct signer *signer, const char *passphrase, struct why *why)
{
    struct buf *request = begin(signer, KEEPER_OPEN);
    if (passphrase != NULL)
        buf_append_cstr(request, passphrase);
    struct cursor answer;
    enum err err = ask(signer, &answer, why);
    if (request->data != NULL)
        sodium_memzero(request->data, request->cap);
    if (err != OK)
        return err;
    struct span key = cursor_take(&answer, sizeof(signer->key.bytes));
    (void)keeper_read_head(&answer);
    struct span origin = cursor_rest(&answer);
    if (answer.failed || origin.len == 0 || origin.len >= sizeof(signer->origin))
        return gone(signer, why);
    memcpy(signer->key.bytes, key.data, key.len);
    memcpy(signer->origin, origin.data, origin.len);
    signer->origin[origin.len] = '\0';
    return OK;
}

static enum err start(struct signer *signer, const char *passphrase, struct why *why)
{
    if (passphrase != NULL && strnlen(passphrase, PASSPHRASE_BYTES_MAX + 1) > PASSPHRASE_BYTES_MAX)
        return refuse(why, REFUSAL_PASSPHRASE_WRONG, NULL, NULL);
    TRY(start_keeper(signer, why));
    enum err err = open_key(signer, passphrase, why);
    if (err != OK)
        end_keeper(signer);
    return err;
}

enum err signer_start(const char *self_exe, const char *dir, const char *passphrase,
                      struct signer **out, struct why *why)
{
    struct signer *signer = calloc(1, sizeof(*signer));
    if (signer == NULL)
        return refuse(why, REFUSAL_NO_MEMORY, NULL, NULL);
    signer->fd = -1;
    signer->warden = -1;
    pthread_mutex_init(&signer->mutex, NULL);
    signer->self_exe = strdup(self_exe);
    signer->dir = strdup(dir);
    buf_init(&signer->request, KEEPER_REQUEST_BYTES_MAX);
    /* All the room at once, so that no passphrase stays behind in memory that was outgrown. */
    bool room = buf_reserve(&signer->request, KEEPER_REQUEST_BYTES_MAX) != NULL;
    enum err err = signer->self_exe == NULL || signer->dir == NULL || !room
                       ? refuse(why, REFUSAL_NO_MEMORY, NULL, NULL)
                       : start_warden(signer, why);
    if (err == OK)
        err = start(signer, passphrase, why);
    if (err != OK) {
        signer_stop(signer);
        return err;
    }
    *out = signer;
    return OK;
}

enum err signer_revive(struct signer *signer, const char *passphrase, struct why *why)
{
    end_keeper(signer);
    return start(signer, passphrase, why);
}

void signer_release(struct signer *signer)
{
    end_keeper(signer);
}

void signer_stop(struct signer *signer)
{
    if (signer == NULL)
        return;
    end_keeper(signer);
    end_warden(signer);
    pthread_mutex_destroy(&signer->mutex);
    buf_clear(&signer->request);
    free(signer->self_exe);
    free(signer->dir);
    free(signer);
}

int signer_open_file(struct signer *signer, const char *name)
{
    uint8_t request[1 + WARDEN_NAME_BYTES_MAX] = {WARDEN_FILE};
    uint8_t status = EBADF;
    int fd = -1;
    size_t len = strlen(name);
    CHECK(len <= WARDEN_NAME_BYTES_MAX);
    memcpy(request + 1, name, len);
    pthread_mutex_lock(&signer->mutex);
    if (!warden_send(signer->warden, request, 1 + len, -1) ||
        warden_receive(signer->warden, &status, 1, &fd) != 1)
        status = EPIPE;
    pthread_mutex_unlock(&signer->mutex);
    errno = status;
    return fd;
}

const struct public_key *signer_public_key(const struct signer *signer)
{
    return &signer->key;
}

const char *signer_origin(const struct signer *signer)
{
    return signer->origin;
}

enum err signer_last(struct signer *signer, struct merkle_head *out, struct why *why)
{
    (void)begin(signer, KEEPER_LAST_HEAD);
    struct cursor answer;
    TRY(ask(signer, &answer, why));
    struct merkle_head head = keeper_read_head(&answer);
    if (answer.failed)
        return gone(signer, why);
    *out = head;
    return OK;
}

enum err signer_sign(struct signer *signer, const struct merkle_head *head,
                     const struct merkle_proof *proof, struct buf *note_out, struct why *why)
{
    struct buf *request = begin(signer, KEEPER_SIGN_CHECKPOINT);
    keeper_append_head(request, head);
    keeper_append_proof(request, proof);
    struct cursor answer;
    TRY(ask(signer, &answer, why));
    buf_append_span(note_out, cursor_rest(&answer));
    return buf_check(note_out) == OK ? OK : refuse(why, REFUSAL_NO_MEMORY, NULL, NULL);
}

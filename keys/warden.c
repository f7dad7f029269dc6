/* Forking keepers, one at a time. */
#include "keys/warden.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keys/confine.h"
#include "keys/file.h"
#include "keys/keeper_proc.h"
#include "keys/keys.h"
#include "keys/refusal.h"

#define END_MS_MAX 5000 /* for the write under way; then the keeper is killed */

/* What a running node reads again: its settings, and what its listeners show. */
static const char *const files[] = {"maillon.ini",   "tls.crt",       "tls.key",
                                    "local.token",   "did.jsonl",     KEYS_REQUEST_KEY,
                                    KEYS_ASSERT_KEY, KEYS_WITNESS_KEY};

/* ---- frames with a descriptor ---- */

union attachment {
    char room[CMSG_SPACE(sizeof(int))];
    struct cmsghdr align;
};

bool warden_send(int fd, const void *bytes, size_t len, int taken_along)
{
    union attachment attachment = {{0}};
    struct iovec part = {.iov_len = len};
    memcpy(&part.iov_base, &bytes, sizeof(bytes)); /* sendmsg does not write there */
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (taken_along >= 0) {
        message.msg_control = attachment.room;
        message.msg_controllen = sizeof(attachment.room);
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(head), &taken_along, sizeof(taken_along));
    }
    ssize_t put;
    do {
        put = sendmsg(fd, &message, MSG_NOSIGNAL);
    } while (put < 0 && errno == EINTR);
    return put == (ssize_t)len;
}

long warden_receive(int fd, void *bytes, size_t room, int *came_along_out)
{
    union attachment attachment;
    struct iovec part = {.iov_base = bytes, .iov_len = room};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = attachment.room,
                             .msg_controllen = sizeof(attachment.room)};
    *came_along_out = -1;
    ssize_t got;
    do {
        got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    const struct cmsghdr *head = got < 0 ? NULL : CMSG_FIRSTHDR(&message);
    if (head != NULL && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS)
        memcpy(came_along_out, CMSG_DATA(head), sizeof(*came_along_out));
    return got;
}

/* ---- the keeper of the hour ---- */

struct warden {
    int fd;
    const char *dir;
    pid_t keeper; /* 0: none */
    int watch;    /* readable when it has ended; -1: none */
};

static void reap(struct warden *warden)
{
    while (waitpid(warden->keeper, NULL, 0) < 0 && errno == EINTR)
        ;
    close(warden->watch);
    warden->watch = -1;
    warden->keeper = 0;
}

/* Its socket is closed: it ends by itself, or its disk hangs. */
static void end_keeper(struct warden *warden)
{
    if (warden->keeper == 0)
        return;
    struct pollfd ended = {.fd = warden->watch, .events = POLLIN};
    int count;
    do {
        count = poll(&ended, 1, END_MS_MAX);
    } while (count < 0 && errno == EINTR);
    if (count == 0)
        (void)kill(warden->keeper, SIGKILL);
    reap(warden);
}

/* True in the keeper. */
static bool fork_keeper(struct warden *warden, int socket)
{
    end_keeper(warden);
    pid_t pid = fork();
    if (pid == 0) {
        close(warden->fd);
        return true;
    }
    close(socket);
    if (pid < 0)
        return false;
    warden->keeper = pid;
    warden->watch = pidfd_open(pid, 0);
    if (warden->watch < 0) {
        (void)kill(pid, SIGKILL);
        reap(warden);
    }
    return false;
}

static int open_file(const struct warden *warden, const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        if (strlen(files[i]) != len || memcmp(files[i], name, len) != 0)
            continue;
        char *path = file_path(warden->dir, files[i]);
        int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        int number = path == NULL ? ENOMEM : errno;
        free(path);
        errno = number;
        return fd;
    }
    errno = EACCES;
    return -1;
}

static void answer_file(const struct warden *warden, const char *name, size_t len)
{
    int fd = open_file(warden, name, len);
    uint8_t status = fd < 0 ? (uint8_t)errno : 0;
    (void)warden_send(warden->fd, &status, 1, fd);
    if (fd >= 0)
        close(fd);
}

/* One request. *keeper_out: this is the keeper now, and that is its socket. False: the end. */
static bool serve(struct warden *warden, int *keeper_out)
{
    char request[1 + WARDEN_NAME_BYTES_MAX];
    int taken;
    long got = warden_receive(warden->fd, request, sizeof(request), &taken);
    if (got <= 0)
        return false;
    if (request[0] == WARDEN_KEEPER && taken >= 0) {
        if (fork_keeper(warden, taken))
            *keeper_out = taken;
        return true;
    }
    if (taken >= 0)
        close(taken);
    if (request[0] == WARDEN_FILE)
        answer_file(warden, request + 1, (size_t)got - 1);
    return true;
}

/* Until the node goes, or in a keeper: then its socket is returned; -1 otherwise. */
static int serve_all(struct warden *warden)
{
    int keeper = -1;
    bool on = true;
    while (on && keeper < 0) {
        struct pollfd what[2] = {{.fd = warden->fd, .events = POLLIN},
                                 {.fd = warden->watch, .events = POLLIN}};
        if (poll(what, 2, -1) < 0)
            continue;
        if (what[1].revents != 0)
            reap(warden);
        if (what[0].revents != 0)
            on = serve(warden, &keeper);
    }
    return keeper;
}

/* The node stops by a signal that its whole process group gets; we end when the socket does. */
static void ignore_signals(void)
{
    static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGXFSZ};
    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
        (void)signal(ignored[i], SIG_IGN);
}

static enum err confine(const char *dir, struct why *why)
{
    char *state = file_path(dir, KEYS_STATE);
    const struct confine_path paths[] = {{dir, CONFINE_READ}, {state, CONFINE_WRITE}};
    enum err err = state == NULL ? refuse(why, REFUSAL_NO_MEMORY, NULL, NULL) : confine_any(why);
    if (err == OK)
        err = confine_files(paths, sizeof(paths) / sizeof(paths[0]), false, why);
    if (err == OK)
        err = confine_calls(CONFINE_WARDEN, why);
    free(state);
    return err;
}

int warden_main(int fd, const char *dir)
{
    struct warden warden = {.fd = fd, .dir = dir, .watch = -1};
    struct why why = {0};
    ignore_signals();
    (void)prctl(PR_SET_NAME, "maillon-warden", 0, 0, 0);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || confine(dir, &why) != OK) {
        (void)fprintf(stderr, "maillon keeper: rights cannot be given up: %s\n", why.found);
        return 1;
    }
    int keeper = serve_all(&warden);
    if (keeper >= 0)
        return keeper_main(keeper, dir);
    end_keeper(&warden);
    close(fd);
    return 0;
}

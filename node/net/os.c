/* The real clock, randomness and files. */
#include "node/net/os.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void os_init(void)
{
    if (sodium_init() < 0)
        BUG("libsodium cannot be made ready");
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigaction(SIGPIPE, &ignore, NULL);
}

static uint64_t clock_ms(clockid_t clock)
{
    struct timespec now;
    CHECK(clock_gettime(clock, &now) == 0);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t os_wall_ms(void)
{
    return clock_ms(CLOCK_REALTIME);
}

uint64_t os_mono_ms(void)
{
    return clock_ms(CLOCK_MONOTONIC);
}

/* ---- randomness ---- */

void os_random_init(struct os_random *random)
{
    random->left = 0;
}

void os_random_clear(struct os_random *random)
{
    sodium_memzero(random->pool, sizeof(random->pool));
    random->left = 0;
}

/* What is given out is wiped here: who reads the memory later learns nothing of it. */
static void draw(void *ctx, uint8_t *out, size_t len)
{
    struct os_random *random = ctx;
    if (len > sizeof(random->pool)) {
        randombytes_buf(out, len);
        return;
    }
    if (random->left < len) {
        randombytes_buf(random->pool, sizeof(random->pool));
        random->left = sizeof(random->pool);
    }
    random->left -= len;
    memcpy(out, random->pool + random->left, len);
    sodium_memzero(random->pool + random->left, len);
}

struct env os_random_env(struct os_random *random)
{
    return (struct env){.ctx = random, .random = draw};
}

/* ---- files ---- */

enum err os_fail(struct why *why, const char *tried, int system_errno)
{
    enum err err = ERR_IO;
    if (system_errno == ENOSPC || system_errno == EDQUOT)
        err = ERR_DISK_FULL;
    else if (system_errno == ENOMEM)
        err = ERR_NO_MEMORY;
    else if (system_errno == ENOENT || system_errno == ENOTDIR)
        err = ERR_NOT_FOUND;
    else if (system_errno == EACCES || system_errno == EPERM)
        err = ERR_PERMISSIONS;
    char words[96];
    const char *found = strerror_r(system_errno, words, sizeof(words));
    return why_set(why, err, "the system refused", 0, tried, found);
}

static enum err read_all(int fd, const char *path, size_t bytes_max, struct buf *out,
                         struct why *why)
{
    uint8_t part[16384];
    size_t total = 0;
    for (;;) {
        ssize_t got = read(fd, part, sizeof(part));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return os_fail(why, path, errno);
        if (got == 0)
            return buf_check(out);
        total += (size_t)got;
        if (total > bytes_max)
            return why_set(why, ERR_LIMIT, "the file is larger than allowed", 0, path, NULL);
        buf_append(out, part, (size_t)got);
    }
}

enum err os_read_file(const char *path, size_t bytes_max, struct buf *out, struct why *why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return os_fail(why, path, errno);
    enum err err = read_all(fd, path, bytes_max, out, why);
    close(fd);
    return err;
}

static bool write_all(int fd, struct span content)
{
    while (content.len > 0) {
        ssize_t put = write(fd, content.data, content.len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        content = span_part(content, (size_t)put, content.len);
    }
    return true;
}

static bool write_beside(char *temporary, struct span content, mode_t mode)
{
    int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return false;
    bool written = write_all(fd, content) && fchmod(fd, mode) == 0 && fsync(fd) == 0;
    int number = errno;
    bool closed = close(fd) == 0;
    if (!written)
        errno = number;
    if (!written || !closed) {
        number = errno;
        (void)unlink(temporary);
        errno = number;
        return false;
    }
    return true;
}

/* The folder that holds path, to be freed; NULL: no memory. */
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return strdup(".");
    return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

enum err os_write_file(const char *path, struct span content, mode_t mode, struct why *why)
{
    char *temporary = NULL;
    char *folder = folder_of(path);
    enum err err = ERR_NO_MEMORY;
    if (folder == NULL || asprintf(&temporary, "%s.XXXXXX", path) < 0) {
        free(folder);
        return why_set(why, err, "no memory for a file's name", 0, NULL, NULL);
    }
    err = OK;
    if (!write_beside(temporary, content, mode)) {
        err = os_fail(why, path, errno);
    } else if (rename(temporary, path) != 0) {
        err = os_fail(why, path, errno);
        (void)unlink(temporary);
    } else {
        err = os_sync_dir(folder, why);
    }
    free(temporary);
    free(folder);
    return err;
}

enum err os_sync_dir(const char *path, struct why *why)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return os_fail(why, path, errno);
    enum err err = fsync(fd) == 0 ? OK : os_fail(why, path, errno);
    close(fd);
    return err;
}

/* One folder; that it exists already is what was wanted. Its name is made durable. */
static enum err make_dir(const char *path, mode_t mode, struct why *why)
{
    if (mkdir(path, mode) != 0) {
        struct stat info;
        if (errno == EEXIST && stat(path, &info) == 0 && S_ISDIR(info.st_mode))
            return OK;
        return os_fail(why, path, errno == EEXIST ? ENOTDIR : errno);
    }
    if (chmod(path, mode) != 0)
        return os_fail(why, path, errno);
    char *folder = folder_of(path);
    if (folder == NULL)
        return why_set(why, ERR_NO_MEMORY, "no memory for a folder's name", 0, NULL, NULL);
    enum err err = os_sync_dir(folder, why);
    free(folder);
    return err;
}

enum err os_make_dirs(const char *path, mode_t mode, struct why *why)
{
    char *partial = strdup(path);
    if (partial == NULL)
        return why_set(why, ERR_NO_MEMORY, "no memory for a folder's name", 0, NULL, NULL);
    enum err err = OK;
    for (char *at = partial + 1; err == OK && *partial != '\0' && *at != '\0'; at++) {
        if (*at != '/' || at[-1] == '/')
            continue;
        *at = '\0';
        struct stat info;
        if (stat(partial, &info) != 0)
            err = make_dir(partial, mode, why);
        *at = '/';
    }
    size_t len = strlen(partial);
    while (len > 1 && partial[len - 1] == '/')
        partial[--len] = '\0';
    if (err == OK)
        err = make_dir(partial, mode, why);
    free(partial);
    return err;
}

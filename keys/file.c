/* Private files: who else could read them is asked of the open descriptor, never of a path twice.
 */
#include "keys/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keys/refusal.h"

char *file_path(const char *dir, const char *name)
{
    struct buf path;
    buf_init(&path, 65536);
    buf_append_cstr(&path, dir);
    buf_append_byte(&path, '/');
    buf_append_cstr(&path, name);
    buf_append_byte(&path, '\0');
    if (buf_check(&path) == OK)
        return (char *)path.data;
    buf_clear(&path);
    return NULL;
}

static enum err check_private(int fd, const char *path, mode_t type, struct why *why)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return refuse_errno(why, REFUSAL_FILE_IO, path);
    if ((info.st_mode & S_IFMT) != type)
        return refuse(why, REFUSAL_FILE_NOT_PLAIN, NULL, path);
    if (info.st_uid != geteuid() && geteuid() != 0)
        return refuse(why, REFUSAL_FILE_NOT_PLAIN, "owned by this user", path);
    if ((info.st_mode & 077) != 0)
        return refuse(why, REFUSAL_FILE_OPEN_TO_OTHERS, type == S_IFDIR ? "700" : "600", path);
    return OK;
}

static enum err open_checked(const char *path, int flags, mode_t type, int *fd_out, struct why *why)
{
    int fd = open(path, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT)
        return refuse(why, REFUSAL_FILE_MISSING, path, NULL);
    if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
        return refuse(why, REFUSAL_FILE_NOT_PLAIN, NULL, path);
    if (fd < 0)
        return refuse_errno(why, REFUSAL_FILE_IO, path);
    enum err err = check_private(fd, path, type, why);
    if (err != OK) {
        close(fd);
        return err;
    }
    *fd_out = fd;
    return OK;
}

enum err file_open_private(const char *path, bool writable, int *fd_out, struct why *why)
{
    return open_checked(path, writable ? O_RDWR : O_RDONLY, S_IFREG, fd_out, why);
}

enum err file_check_folder(const char *dir, struct why *why)
{
    int fd;
    TRY(open_checked(dir, O_RDONLY | O_DIRECTORY, S_IFDIR, &fd, why));
    close(fd);
    return OK;
}

enum err file_read_private(const char *path, uint8_t *out, size_t *len_out, struct why *why)
{
    int fd;
    TRY(file_open_private(path, false, &fd, why));
    size_t len = 0;
    ssize_t got = 1;
    while (len < PRIVATE_FILE_BYTES_MAX && got != 0) {
        got = read(fd, out + len, PRIVATE_FILE_BYTES_MAX - len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            break;
        len += (size_t)got;
    }
    int number = errno;
    close(fd);
    errno = number;
    if (got < 0)
        return refuse_errno(why, REFUSAL_FILE_IO, path);
    if (len == PRIVATE_FILE_BYTES_MAX)
        return refuse(why, REFUSAL_FILE_TOO_LARGE, NULL, path);
    *len_out = len;
    return OK;
}

bool file_pwrite_all(int fd, struct span bytes, uint64_t offset)
{
    while (bytes.len > 0) {
        ssize_t put = pwrite(fd, bytes.data, bytes.len, (off_t)offset);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        offset += (uint64_t)put;
        bytes = span_part(bytes, (size_t)put, bytes.len);
    }
    return true;
}

static bool sync_folder_of(const char *path)
{
    char *dir = strdup(path);
    if (dir == NULL)
        return false;
    char *slash = strrchr(dir, '/');
    if (slash != NULL)
        *slash = '\0';
    int fd = open(slash == NULL  ? "."
                  : slash == dir ? "/"
                                 : dir,
                  O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(dir);
    if (fd < 0)
        return false;
    bool synced = fsync(fd) == 0;
    close(fd);
    return synced;
}

static bool write_beside(const char *temporary, struct span bytes)
{
    (void)unlink(temporary); /* of a process that was killed */
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    bool written = file_pwrite_all(fd, bytes, 0) && fsync(fd) == 0;
    int number = errno;
    close(fd);
    errno = number;
    return written;
}

static bool move_in(const char *temporary, const char *path, bool replace)
{
    return (replace ? rename(temporary, path) : link(temporary, path)) == 0;
}

enum err file_sync_parent(const char *path, struct why *why)
{
    return sync_folder_of(path) ? OK : refuse_errno(why, REFUSAL_FILE_IO, path);
}

enum err file_write_private(const char *path, struct span bytes, bool replace, struct why *why)
{
    size_t len = strlen(path);
    char *temporary = malloc(len + sizeof(".new"));
    if (temporary == NULL)
        return refuse(why, REFUSAL_NO_MEMORY, NULL, NULL);
    memcpy(temporary, path, len);
    memcpy(temporary + len, ".new", sizeof(".new"));
    enum err err = OK;
    if (!write_beside(temporary, bytes) || !move_in(temporary, path, replace))
        err = errno == EEXIST ? refuse(why, REFUSAL_FILE_EXISTS, NULL, path)
                              : refuse_errno(why, REFUSAL_FILE_IO, path);
    if (err != OK || !replace)
        (void)unlink(temporary);
    if (err == OK && !sync_folder_of(path))
        err = refuse_errno(why, REFUSAL_FILE_IO, path);
    free(temporary);
    return err;
}

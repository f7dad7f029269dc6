/* A pack's folder on the disk: read whole, written whole, removed. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/packs_parts.h"
#include "proto/limits.h"

#define FOLDERS_MAX 4u /* examples/TYPE/valid/x.json */

char *packs_join(const char *a, const char *b)
{
    char *out = NULL;
    return asprintf(&out, "%s/%s", a, b) < 0 ? NULL : out;
}

void packs_files_clear(struct packs_files *files)
{
    for (size_t i = 0; files->owned && i < files->count; i++) {
        free((void *)(uintptr_t)files->items[i].path.data);
        free((void *)(uintptr_t)files->items[i].text.data);
    }
    free(files->items);
    *files = (struct packs_files){.items = NULL};
}

struct walk {
    struct packs_files *files;
    struct pack_findings *findings;
    enum err err;
};

static void refuse(struct walk *walk, enum pack_rule rule, const char *path, const char *detail)
{
    pack_find(walk->findings, rule, span_cstr(path), span_of(NULL, 0), span_cstr(detail));
    walk->err = ERR_BAD_PACK;
}

static enum err world(void)
{
    if (errno == ENOMEM)
        return ERR_NO_MEMORY;
    return errno == ENOSPC || errno == EDQUOT ? ERR_DISK_FULL : ERR_IO;
}

static enum err read_whole(int fd, size_t size, uint8_t **out, size_t *len_out)
{
    uint8_t *bytes = malloc(size + 1);
    size_t len = 0;
    if (bytes == NULL)
        return ERR_NO_MEMORY;
    while (len < size) {
        ssize_t got = read(fd, bytes + len, size - len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            free(bytes);
            return world();
        }
        if (got == 0)
            break;
        len += (size_t)got;
    }
    *out = bytes;
    *len_out = len;
    return OK;
}

static bool has_room(struct packs_files *files)
{
    if (files->count < files->cap)
        return true;
    size_t cap = files->cap == 0 ? 32 : files->cap * 2;
    struct pack_file *items = realloc(files->items, cap * sizeof(*items));
    if (items == NULL)
        return false;
    files->items = items;
    files->cap = cap;
    return true;
}

static void take_file(struct walk *walk, int fd, const struct stat *about, const char *path)
{
    struct packs_files *files = walk->files;
    uint8_t *bytes;
    size_t len;
    if (files->count == PACK_FILES_MAX) {
        refuse(walk, PACK_RULE_TOO_MANY_FILES, "", "512");
        return;
    }
    if (about->st_size < 0 || about->st_size > (off_t)PACK_FILE_BYTES_MAX) {
        refuse(walk, PACK_RULE_FILE_TOO_LARGE, path, "1048576");
        return;
    }
    files->bytes += (size_t)about->st_size;
    if (files->bytes > PACK_BYTES_MAX) {
        refuse(walk, PACK_RULE_PACK_TOO_LARGE, "", "16777216");
        return;
    }
    enum err err =
        has_room(files) ? read_whole(fd, (size_t)about->st_size, &bytes, &len) : ERR_NO_MEMORY;
    char *name = err == OK ? strdup(path) : NULL;
    if (err == OK && name == NULL) {
        free(bytes);
        err = ERR_NO_MEMORY;
    }
    if (err != OK) {
        walk->err = err;
        return;
    }
    files->items[files->count++] =
        (struct pack_file){.path = span_cstr(name), .text = span_of(bytes, len)};
}

static void walk_folder(struct walk *walk, int fd, const char *prefix, unsigned depth);

static void walk_entry(struct walk *walk, int folder, const char *name, const char *prefix,
                       unsigned depth)
{
    char path[PACK_PATH_BYTES_MAX + 1];
    struct stat about;
    int length = snprintf(path, sizeof(path), "%s%s", prefix, name);
    if (length < 0 || (size_t)length >= sizeof(path)) {
        refuse(walk, PACK_RULE_PATH, prefix, name);
        return;
    }
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && (errno == ELOOP || errno == ENXIO)) {
        refuse(walk, PACK_RULE_NO_REGULAR_FILE, path, path);
        return;
    }
    if (fd < 0 || fstat(fd, &about) != 0) {
        walk->err = world();
    } else if (S_ISREG(about.st_mode)) {
        take_file(walk, fd, &about, path);
    } else if (S_ISDIR(about.st_mode) && depth < FOLDERS_MAX) {
        char below[PACK_PATH_BYTES_MAX + 2];
        (void)snprintf(below, sizeof(below), "%s/", path);
        walk_folder(walk, fd, below, depth + 1);
        return;
    } else {
        refuse(walk, S_ISDIR(about.st_mode) ? PACK_RULE_PATH : PACK_RULE_NO_REGULAR_FILE, path,
               path);
    }
    if (fd >= 0)
        (void)close(fd);
}

/* Closes fd. */
static void walk_folder(struct walk *walk, int fd, const char *prefix, unsigned depth)
{
    DIR *folder = fdopendir(fd);
    if (folder == NULL) {
        walk->err = world();
        (void)close(fd);
        return;
    }
    const struct dirent *entry;
    while (walk->err == OK && (entry = readdir(folder)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            walk_entry(walk, dirfd(folder), entry->d_name, prefix, depth);
    (void)closedir(folder);
}

enum err packs_files_read(const char *folder, struct pack_findings *findings,
                          struct packs_files *out)
{
    struct packs_files files = {.owned = true};
    struct walk walk = {.files = &files, .findings = findings, .err = OK};
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : world();
    walk_folder(&walk, fd, "", 0);
    if (walk.err != OK) {
        packs_files_clear(&files);
        return walk.err;
    }
    *out = files;
    return OK;
}

/* ---- Writing. */

/* Makes the folders above path within folder. */
static enum err make_folders(char *path, size_t skip)
{
    for (char *at = path + skip; (at = strchr(at, '/')) != NULL; at++) {
        *at = '\0';
        int done = mkdir(path, 0755);
        *at = '/';
        if (done != 0 && errno != EEXIST)
            return world();
    }
    return OK;
}

static enum err write_whole(int fd, struct span text)
{
    size_t done = 0;
    while (done < text.len) {
        ssize_t put = write(fd, text.data + done, text.len - done);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return world();
        done += (size_t)put;
    }
    return fsync(fd) == 0 ? OK : world();
}

static enum err write_file(const char *folder, const struct pack_file *file)
{
    char *path = NULL;
    if (asprintf(&path, "%s/%.*s", folder, (int)file->path.len, (const char *)file->path.data) < 0)
        return ERR_NO_MEMORY;
    enum err err = make_folders(path, strlen(folder) + 1);
    int fd = err == OK ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644) : -1;
    if (err == OK && fd < 0)
        err = world();
    if (err == OK)
        err = write_whole(fd, file->text);
    if (fd >= 0 && close(fd) != 0 && err == OK)
        err = world();
    free(path);
    return err;
}

enum err packs_files_write(const char *folder, const struct packs_files *files)
{
    if (mkdir(folder, 0755) != 0)
        return world();
    for (size_t i = 0; i < files->count; i++)
        TRY(write_file(folder, &files->items[i]));
    return OK;
}

static void remove_below(int fd, unsigned depth)
{
    DIR *folder = fdopendir(fd);
    if (folder == NULL) {
        (void)close(fd);
        return;
    }
    const struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
            continue;
        int below = openat(dirfd(folder), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (below >= 0 && depth <= FOLDERS_MAX)
            remove_below(below, depth + 1);
        else if (below >= 0)
            (void)close(below);
        (void)unlinkat(dirfd(folder), name, below >= 0 ? AT_REMOVEDIR : 0);
    }
    (void)closedir(folder);
}

void packs_folder_remove(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return;
    remove_below(fd, 0);
    (void)rmdir(folder);
}

/* Temporary folders and files for tests. */
#include "tests/lib/folder.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/err.h"

char *folder_path(const char *folder, const char *name)
{
    size_t size = strlen(folder) + strlen(name) + 2;
    char *path = malloc(size);
    CHECK(path != NULL);
    (void)snprintf(path, size, "%s/%s", folder, name);
    return path;
}

char *folder_make(void)
{
    const char *base = getenv("TMPDIR");
    char *path = folder_path(base == NULL ? "/tmp" : base, "maillon-test-XXXXXX");
    CHECK(mkdtemp(path) != NULL);
    return path;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info;
    (void)kind;
    (void)place;
    return remove(path);
}

void folder_remove(char *folder)
{
    CHECK(nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0);
    free(folder);
}

char *folder_read(const char *path, size_t *len_out)
{
    FILE *file = fopen(path, "rbe");
    struct stat info;
    if (file == NULL)
        return NULL;
    char *bytes = NULL;
    if (fstat(fileno(file), &info) == 0)
        bytes = malloc((size_t)info.st_size + 1);
    size_t len = bytes == NULL ? 0 : fread(bytes, 1, (size_t)info.st_size, file);
    (void)fclose(file);
    if (bytes == NULL)
        return NULL;
    bytes[len] = '\0';
    if (len_out != NULL)
        *len_out = len;
    return bytes;
}

void folder_write(const char *path, const void *bytes, size_t len, unsigned mode)
{
    (void)unlink(path);
    FILE *file = fopen(path, "wbe");
    CHECK(file != NULL);
    CHECK(fwrite(bytes, 1, len, file) == len);
    CHECK(fclose(file) == 0);
    CHECK(chmod(path, mode) == 0);
}

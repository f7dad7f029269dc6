#include "tests/lib/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

const char *vectors_shared(void)
{
    const char *named = getenv("MAILLON_SHARED");
    const char *path = named != NULL ? named : "../shared";
    if (access(path, R_OK) == 0)
        return path;
    print_message("# skipped: there is no %s\n", path);
    return NULL;
}

void vectors_read(const char *folder, const char *name, struct buf *out)
{
    char path[512];
    (void)snprintf(path, sizeof(path), "%s%s%s", folder, *folder != 0 ? "/" : "", name);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        fail_msg("cannot read %s", path);
    for (;;) {
        uint8_t *room = buf_reserve(out, 65536);
        assert_non_null(room);
        size_t got = fread(room, 1, 65536, file);
        if (got == 0)
            break;
        buf_commit(out, got);
    }
    (void)fclose(file);
}

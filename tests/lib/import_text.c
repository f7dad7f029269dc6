/* Texts behind file descriptors. */
#include "tests/lib/import_text.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static void write_whole(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t count = write(fd, text, len);
        if (count <= 0)
            abort();
        text += count;
        len -= (size_t)count;
    }
}

int import_text_file(const void *text, size_t len)
{
    int fd = memfd_create("import", MFD_CLOEXEC);
    if (fd < 0)
        abort();
    write_whole(fd, text, len);
    if (lseek(fd, 0, SEEK_SET) != 0)
        abort();
    return fd;
}

int import_text_pipe(const void *text, size_t len)
{
    int ends[2];
    if (len > 65536 || pipe(ends) != 0)
        abort();
    write_whole(ends[1], text, len);
    (void)close(ends[1]);
    return ends[0];
}

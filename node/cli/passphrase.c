/* Reading a passphrase without leaving copies of it: read(2) straight into vault memory. */
#include "node/cli/passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "keys/keyfile.h"
#include "keys/vault.h"

static bool read_line(int fd, char *out, size_t size, size_t *len_out)
{
    size_t len = 0;
    while (len < size) {
        ssize_t got = read(fd, out + len, size - len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return false;
        if (got == 0)
            break;
        len += (size_t)got;
    }
    const char *newline = memchr(out, '\n', len);
    *len_out = newline == NULL ? len : (size_t)(newline - out);
    return true;
}

bool cli_passphrase(const struct cli *cli, char **out)
{
    return cli_passphrase_of(cli, "passphrase-file", out);
}

bool cli_passphrase_of(const struct cli *cli, const char *option, char **out)
{
    const char *name = cli_value(cli, option);
    *out = NULL;
    if (name == NULL)
        return true;
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        (void)cli_fail(cli, name, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, NULL);
        return false;
    }
    size_t size = PASSPHRASE_BYTES_MAX + 2;
    char *line = vault_new(size);
    size_t len = 0;
    enum err err = line == NULL ? ERR_NO_MEMORY : OK;
    if (err == OK && !read_line(fd, line, size, &len))
        err = ERR_IO;
    struct why why = {.rule = NULL};
    if (err == OK && (len == 0 || len > PASSPHRASE_BYTES_MAX))
        err = why_set(&why, ERR_LIMIT, "a passphrase file: its first line", 0, "1 to 1024 bytes",
                      NULL);
    (void)close(fd);
    if (err != OK) {
        vault_free(line);
        (void)cli_fail(cli, name, err, &why);
        return false;
    }
    line[len] = '\0';
    *out = line;
    return true;
}

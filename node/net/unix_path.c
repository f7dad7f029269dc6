#include "node/net/unix_path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/un.h>
#include <unistd.h>

#include "node/net/os.h"

#define PATH_BYTES_MAX (sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1)

enum err unix_path_open(const char *dir, const char *name, struct unix_path *out, struct why *why)
{
    out->folder = -1;
    int len = snprintf(out->address, sizeof(out->address), "unix:%s/%s", dir, name);
    if (len > 0 && (size_t)len <= strlen("unix:") + PATH_BYTES_MAX)
        return OK;
    out->folder = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (out->folder < 0)
        return os_fail(why, "opening the node's folder", errno);
    len =
        snprintf(out->address, sizeof(out->address), "unix:/proc/self/fd/%d/%s", out->folder, name);
    CHECK(len > 0 && (size_t)len < sizeof(out->address));
    return OK;
}

void unix_path_close(struct unix_path *path)
{
    if (path->folder >= 0)
        (void)close(path->folder);
    path->folder = -1;
}

/* Addresses of Unix sockets in folders whose path is longer than a socket's name may be (108
 * bytes): through an open folder's entry in /proc. */
#ifndef MAILLON_NODE_NET_UNIX_PATH_H
#define MAILLON_NODE_NET_UNIX_PATH_H

#include "proto/base/bytes.h"

struct unix_path {
    char address[128]; /* "unix:/short/enough/name" */
    int folder;        /* descriptor that the address needs while it is used, or -1 */
};

/* ERR_IO: the folder cannot be opened. */
MUST_USE enum err unix_path_open(const char *dir, const char *name, struct unix_path *out,
                                 struct why *why);
void unix_path_close(struct unix_path *path);

#endif

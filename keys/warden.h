/* The warden: a process without secrets that starts keepers. The node, once confined, can start no
 * process and open no file of the keys folder; neither could a keeper that it started. So the
 * warden is started before, waits, and forks a keeper whenever the node hands it the keeper's end
 * of a socket; it also opens for the node the few files that an operator may replace meanwhile. */
#ifndef MAILLON_KEYS_WARDEN_H
#define MAILLON_KEYS_WARDEN_H

#include <stdbool.h>
#include <stddef.h>

/* Requests on its socket, which keeps frames apart. KEEPER: this byte, with one descriptor; no
 * answer: a keeper that cannot be started is one whose socket closes. FILE: this byte and a name
 * of the table in warden.c; answered by one byte, 0 and a descriptor for reading, or an errno. */
#define WARDEN_KEEPER 'k'
#define WARDEN_FILE 'f'
#define WARDEN_NAME_BYTES_MAX 32u

/* `maillon keeper --fd 3 --dir D` is this. dir is the node's folder. Serves until the other end
 * closes, ends its keeper, and dies with its parent. Ignores the signals that stop the node, which
 * still needs signatures while it stops. Returns the exit code, in the warden and in each keeper
 * that it has forked. */
int warden_main(int fd, const char *dir);

/* A frame with a descriptor (or -1), sent; false with errno set. */
bool warden_send(int fd, const void *bytes, size_t len, int taken_along);
/* A frame and the descriptor that came with it (or -1). Returns the frame's length, 0 at the end,
 * -1 with errno set. */
long warden_receive(int fd, void *bytes, size_t room, int *came_along_out);

#endif

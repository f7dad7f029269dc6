/* What the system gives: clocks, randomness, and files written whole or not at all.
 *
 * Any thread, unless it says otherwise. */
#ifndef MAILLON_NODE_NET_OS_H
#define MAILLON_NODE_NET_OS_H

#include <sys/types.h>

#include "proto/base/bytes.h"
#include "proto/env.h"

/* Once, first in main: libsodium is made ready and SIGPIPE ignored (OpenSSL writes with write(2),
 * so a peer that went away would end the process). loop_new calls it too; calling it again is fine.
 */
void os_init(void);

uint64_t os_wall_ms(void); /* Unix time */
uint64_t os_mono_ms(void); /* only forward; for deadlines */

/* Randomness by the page: a nonce per record costs a copy, not a system call. One thread at a time.
 */
struct os_random {
    size_t left;
    uint8_t pool[4096];
};
void os_random_init(struct os_random *random);
/* Wipes what was not given out. */
void os_random_clear(struct os_random *random);
/* The env that draws from it; random must outlive it. */
struct env os_random_env(struct os_random *random);

/* Reads a whole file of at most bytes_max, appended to out. ERR_NOT_FOUND, ERR_LIMIT (larger),
 * ERR_NO_MEMORY, ERR_IO. */
MUST_USE enum err os_read_file(const char *path, size_t bytes_max, struct buf *out,
                               struct why *why);
/* The file has the old content or the new one, also after a power cut: written beside, fsync,
 * rename, fsync of the folder. mode is exact (no umask). ERR_DISK_FULL, ERR_IO (the old content
 * stands). */
MUST_USE enum err os_write_file(const char *path, struct span content, mode_t mode,
                                struct why *why);
/* Makes a folder and those above it that are missing; mode is for those made. ERR_IO,
 * ERR_DISK_FULL. */
MUST_USE enum err os_make_dirs(const char *path, mode_t mode, struct why *why);
/* fsync of a folder: names made, renamed or removed in it are durable. */
MUST_USE enum err os_sync_dir(const char *path, struct why *why);
/* The err for an errno: ERR_DISK_FULL, ERR_NO_MEMORY, ERR_NOT_FOUND, ERR_PERMISSIONS or ERR_IO; why
 * says what was tried and the system's words. */
enum err os_fail(struct why *why, const char *tried, int system_errno);

#endif

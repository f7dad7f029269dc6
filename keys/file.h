/* Private files of the keys folder: read only when nobody else can, replaced as a whole. */
#ifndef MAILLON_KEYS_FILE_H
#define MAILLON_KEYS_FILE_H

#include "proto/base/bytes.h"

#define PRIVATE_FILE_BYTES_MAX 4096u /* a sealed key has about 400 */

/* "<dir>/<name>", owned by the caller; NULL: no memory. */
char *file_path(const char *dir, const char *name);

/* Opens for reading (and writing) after the checks: plain file, of this user, mode 600 at most.
 * ERR_NOT_FOUND, ERR_PERMISSIONS, ERR_IO. */
MUST_USE enum err file_open_private(const char *path, bool writable, int *fd_out, struct why *why);
/* The checks for the folder itself: mode 700 at most. */
MUST_USE enum err file_check_folder(const char *dir, struct why *why);
/* Reads all of it into out, which has room for PRIVATE_FILE_BYTES_MAX bytes. As file_open_private,
 * and ERR_LIMIT. */
MUST_USE enum err file_read_private(const char *path, uint8_t *out, size_t *len_out,
                                    struct why *why);
/* Mode 600, durable when it returns: written beside, synced, renamed, folder synced. Without
 * `replace` an existing file is ERR_CONFLICT. ERR_IO, ERR_DISK_FULL. */
MUST_USE enum err file_write_private(const char *path, struct span bytes, bool replace,
                                     struct why *why);
/* Makes the names in the file's folder durable. ERR_IO. */
MUST_USE enum err file_sync_parent(const char *path, struct why *why);
/* Writes all bytes at this place; false with errno set. */
MUST_USE bool file_pwrite_all(int fd, struct span bytes, uint64_t offset);

#endif

/* A folder of a test's own, under TMPDIR. */
#ifndef MAILLON_TESTS_LIB_FOLDER_H
#define MAILLON_TESTS_LIB_FOLDER_H

#include <stddef.h>

/* Its path; freed by folder_remove together with all that is in it. Stops the test when it cannot.
 */
char *folder_make(void);
void folder_remove(char *folder);
/* "<folder>/<name>", freed by the caller. */
char *folder_path(const char *folder, const char *name);
/* A whole file, NUL behind it, freed by the caller; NULL when it cannot be read. */
char *folder_read(const char *path, size_t *len_out);
/* Writes a file with this mode, replacing what is there. */
void folder_write(const char *path, const void *bytes, size_t len, unsigned mode);

#endif

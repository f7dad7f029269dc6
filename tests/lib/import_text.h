/* For tests of imports: a text as the file descriptor that a source reads. */
#ifndef MAILLON_TESTS_LIB_IMPORT_TEXT_H
#define MAILLON_TESTS_LIB_IMPORT_TEXT_H

#include <stddef.h>

/* An unnamed file (that can be rewound) with this content, at its beginning. Aborts when it cannot.
 */
int import_text_file(const void *text, size_t len);
/* A pipe that holds this content (at most 64 KiB) and is closed at the other end. */
int import_text_pipe(const void *text, size_t len);

#endif

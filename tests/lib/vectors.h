/* Where tests find files: small vectors in the tree, larger ones in the shared folder beside it. */
#ifndef MAILLON_TESTS_LIB_VECTORS_H
#define MAILLON_TESTS_LIB_VECTORS_H

#include "proto/base/bytes.h"

/* The folder named by MAILLON_SHARED, or ../shared; NULL when there is none (then a test skips). */
const char *vectors_shared(void);
/* Appends a whole file; fails the test where it cannot be read. folder may be "". */
void vectors_read(const char *folder, const char *name, struct buf *out);

#endif

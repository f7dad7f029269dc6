/* A small, sound pack of a test's own ("garden", one type "plant"), to be broken in one place. */
#ifndef MAILLON_TESTS_LIB_SMALL_PACK_H
#define MAILLON_TESTS_LIB_SMALL_PACK_H

#include "proto/schema/pack.h"

#define SMALL_PACK_FILES_MAX 16u

/* Plain values: copied by assignment. Texts are literals or the test's. */
struct small_pack {
    struct pack_file files[SMALL_PACK_FILES_MAX];
    size_t count;
};

struct small_pack small_pack_make(void);
/* Replaces the file, or adds it. */
void small_pack_put(struct small_pack *pack, const char *path, const char *text);
void small_pack_drop(struct small_pack *pack, const char *path);
/* Replaces the first `old` in a file; stops the test when it is not there. The text is the caller's
 * to free. */
char *small_pack_edit(struct small_pack *pack, const char *path, const char *old, const char *with);
/* Writes it as a folder. */
void small_pack_write(const struct small_pack *pack, const char *folder);

#endif

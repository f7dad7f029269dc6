/* The official JSON Schema test suite: where it is, its files and remote documents. */
#ifndef MAILLON_TESTS_LIB_SCHEMA_SUITE_H
#define MAILLON_TESTS_LIB_SCHEMA_SUITE_H

#include "proto/json/jcs.h"
#include "proto/schema/library.h"

/* The folder that holds tests/draft2020-12 and remotes: the shared copy (2026-08), else that of
 * Debian's libtest-json-schema-acceptance-perl (2023-04); NULL when there is neither. */
const char *suite_folder(void);
/* It is the newer copy. */
bool suite_is_shared(void);

/* Meta-schemas, and every remote document as http://localhost:1234/... */
struct library *suite_library(void);

/* Any JSON file as canonical bytes with its tape. */
struct suite_file {
    struct buf text;
    struct tape tape;
};
void suite_read(const char *path, struct suite_file *out);
void suite_clear(struct suite_file *file);
/* The value of a member, which must be there. */
uint32_t suite_member(const struct suite_file *file, uint32_t object, const char *key);
struct span suite_span(const struct suite_file *file, uint32_t token);

/* The names of the .json files directly in a folder, sorted; NULL at the end. Freed by the caller
 * with suite_names_free. */
char **suite_names(const char *folder);
void suite_names_free(char **names);

#endif

/* JSON in tests: written with single quotes, any spacing and order; compared by canonical bytes. */
#ifndef MAILLON_TESTS_LIB_JSON_CASE_H
#define MAILLON_TESTS_LIB_JSON_CASE_H

#include "proto/json/tree.h"

struct json_case {
    struct arena arena;
    struct buf shown;
};

void json_case_init(struct json_case *c);
void json_case_clear(struct json_case *c);
/* The canonical bytes of a text, in the arena, NUL behind them; stops the program when it is no
 * JSON. */
struct span json_case_canonical(struct json_case *c, const char *text);
/* The same as a tree. */
struct tree *json_case_tree(struct json_case *c, const char *text);
/* The canonical text of a tree; valid until the next call. */
const char *json_case_show(struct json_case *c, const struct tree *value);
/* The canonical text of a text, in the arena. */
const char *json_case_text(struct json_case *c, const char *text);

#endif

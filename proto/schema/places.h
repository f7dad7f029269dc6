/* The places in a body that a path of a pack means. Read generously, because what a path misses may
 * be personal data: where a list was expected one value counts as a list of it, and a name is
 * looked for in each item of a list that stands in the way. */
#ifndef MAILLON_PROTO_SCHEMA_PLACES_H
#define MAILLON_PROTO_SCHEMA_PLACES_H

#include "proto/json/pointer.h"

/* Given each value and its own pointer (valid during the call); returns what shall stand there: the
 * same, another one, or NULL to take it away. It does not change the value's container otherwise.
 */
typedef struct tree *(*places_edit_fn)(void *ctx, struct tree *value, struct span pointer);

/* In the order of the body. A pattern of no segments means root itself, which cannot be taken away:
 * the answer is ignored. ERR_NO_MEMORY, ERR_LIMIT: the pointers' text did not find room (a value
 * was edited all the same). */
MUST_USE enum err places_edit(struct tree *root, const struct pointer *pattern, places_edit_fn edit,
                              void *ctx);

#endif

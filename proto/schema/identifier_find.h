/* The identifiers that a body holds, where its type declares them. */
#ifndef MAILLON_PROTO_SCHEMA_IDENTIFIER_FIND_H
#define MAILLON_PROTO_SCHEMA_IDENTIFIER_FIND_H

#include "proto/schema/identifier.h"
#include "proto/schema/pack.h"
#include "proto/schema/places.h"

struct identifier_found {
    const struct pack_identifier *declared;
    struct span scheme;
    struct span value; /* in its one form, never empty; valid during the call */
    const char *fault; /* the rule of the scheme that it breaks; NULL: it holds */
};

/* Calls visit with each identifier of the body (text and numbers at the declared places, lists item
 * by item), those that break their scheme's rule with the fault; stops when it returns false. The
 * body is not changed. ERR_SYNTAX, ERR_LIMIT (a path of the pack), ERR_NO_MEMORY. */
typedef bool (*identifier_visit)(void *ctx, const struct identifier_found *found);
MUST_USE enum err identifiers_each(const struct pack_type *type, struct tree *body,
                                   identifier_visit visit, void *ctx);

#endif

/* One record, several renderings: what a pack says that an audience is shown (docs/packs.md,
 * "pack.json"), and which of a body's values are personal.
 *
 *   {"public":[{"drop":"/driver"},{"round":"/lat","decimals":3},{"bin":"/start","minutes":10}]}
 *
 * Rules go in their order. What a rule cannot round or bin is dropped: a value in an unforeseen
 * form must not pass for one that was made coarse. */
#ifndef MAILLON_PROTO_SCHEMA_PROJECTION_H
#define MAILLON_PROTO_SCHEMA_PROJECTION_H

#include "proto/schema/pack.h"
#include "proto/schema/places.h"

struct projection;

/* Compiles a type's rules for an audience: those of its own name, else, for "circle:NAME", those of
 * "circle". dates: the type's, for the format in which a time is written; elsewhere a time is RFC
 * 3339, a day, or Unix seconds or milliseconds. Keeps nothing of the arguments. ERR_NOT_FOUND: the
 * type has no rules for this audience; ERR_BAD_PACK, ERR_LIMIT, ERR_NO_MEMORY. Immutable. */
MUST_USE enum err projection_compile(const struct pack_type *type, struct span audience,
                                     struct projection **out, struct why *why);
void projection_free(struct projection *projection); /* NULL is fine */

/* Renders the body in place; new text is in the arena. The same body gives the same rendering.
 * ERR_NO_MEMORY, ERR_LIMIT. */
MUST_USE enum err projection_apply(const struct projection *projection, struct arena *arena,
                                   struct tree *body);

/* Calls visit with the pointer of each personal value of the body that is there and not empty:
 * those at the type's `personal` paths, or, where the whole type is personal, each member of the
 * body. visit returns false to stop. ERR_NO_MEMORY, ERR_LIMIT, ERR_SYNTAX (a path of the pack). */
typedef bool (*personal_visit)(void *ctx, struct span pointer, const struct tree *value);
MUST_USE enum err personal_each(const struct pack_type *type, struct tree *body,
                                personal_visit visit, void *ctx);
/* Is any of it there? */
bool personal_is_present(const struct pack_type *type, struct tree *body);

#endif

/* Can a record of a type have a value at this path? Answered from the schema's text: yes, unless
 * the schema closes the way (additionalProperties or unevaluatedProperties false, a scalar on the
 * way, items false). What is decided by conditions or patterns counts as yes. And does anything
 * speak of such a value? A schema that leaves the rest open would allow any misspelt path. */
#ifndef MAILLON_PROTO_SCHEMA_PACK_REACH_H
#define MAILLON_PROTO_SCHEMA_PACK_REACH_H

#include "proto/schema/pack.h"

struct pack_reach;

/* For one pack, which outlives it. NULL: no memory. */
struct pack_reach *pack_reach_new(const struct pack *pack);
void pack_reach_free(struct pack_reach *reach);

/* schema is a file of types/, or NULL: one that is not known, and the answer is yes. pointer is RFC
 * 6901 in its syntax, `*` any item or member. */
bool pack_reach_possible(struct pack_reach *reach, const struct pack_content *schema,
                         struct span pointer);

/* Is it spoken of, too: by the schema, or by a valid example? A schema that names no member (or no
 * item) at some place leaves all open there, and then yes. */
bool pack_reach_known(struct pack_reach *reach, const struct pack_content *schema,
                      struct span pointer);

#endif

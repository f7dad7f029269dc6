/* Can a record of a type have a value at this path? Answered from the schema's text: yes, unless
 * the schema closes the way (additionalProperties or unevaluatedProperties false, a scalar on the
 * way, items false). What is decided by conditions or patterns counts as yes: a pointer is refused
 * only when it is surely wrong. */
#ifndef MAILLON_PROTO_SCHEMA_PACK_REACH_H
#define MAILLON_PROTO_SCHEMA_PACK_REACH_H

#include "proto/schema/pack.h"

struct pack_reach;

/* For one pack, which outlives it. NULL: no memory. */
struct pack_reach *pack_reach_new(const struct pack *pack);
void pack_reach_free(struct pack_reach *reach);

/* schema is a file of types/; pointer is RFC 6901 in its syntax, `*` any item or member. */
bool pack_reach_possible(struct pack_reach *reach, const struct pack_content *schema,
                         struct span pointer);

#endif

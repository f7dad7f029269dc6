/* Every pointer of core.json and of the lenses, held against the schema of the type that it is
 * about. Inside of the pack; for pack_check alone. */
#ifndef MAILLON_PROTO_SCHEMA_PACK_PATHS_H
#define MAILLON_PROTO_SCHEMA_PACK_PATHS_H

#include "proto/schema/pack_parts.h"
#include "proto/schema/pack_reach.h"

/* An object of core fields, each an expression over the type. */
void pack_paths_core(struct pack_reading *reading, struct pack_reach *reach,
                     const struct pack_place *place, uint32_t object,
                     const struct pack_content *schema);

/* A lens: source and target are the schemas of its two ends, NULL for what is not of this pack. */
void pack_paths_lens(struct pack_reading *reading, struct pack_reach *reach,
                     const struct pack_content *source, const struct pack_content *target);

/* One path; refuses it at this place. */
void pack_paths_one(struct pack_reading *reading, struct pack_reach *reach,
                    const struct pack_place *place, const struct pack_content *schema,
                    struct span path);

#endif

/* The schemas of a pack, as the compiler sees them: one library of all its files of types/. */
#ifndef MAILLON_PROTO_SCHEMA_PACK_SCHEMA_H
#define MAILLON_PROTO_SCHEMA_PACK_SCHEMA_H

#include "proto/schema/compile.h"
#include "proto/schema/pack.h"

/* A file NAME/types/x.json has the address PACK_SCHEMA_BASE NAME/types/x.json, unless it gives
 * itself an $id; a relative $ref leads to the files beside it. */
#define PACK_SCHEMA_BASE "https://maillon.example/packs/"

/* All files of types/. The refusal names the file that cannot be taken. ERR_NO_MEMORY,
 * ERR_BAD_SCHEMA, ERR_LIMIT. */
MUST_USE enum err pack_schema_library(const struct pack *pack, struct library **out,
                                      struct schema_refusal *refusal);
/* One type, from that library. What schema_compile answers. */
MUST_USE enum err pack_schema_compile(const struct pack_type *type, const struct library *library,
                                      struct schema **out, struct schema_refusal *refusal);
/* The file of the pack that a refusal speaks of: that of the type where it cannot be told. */
struct span pack_schema_file(const struct pack_type *type, const struct schema_refusal *refusal);

#endif

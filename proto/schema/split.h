/* How a file of a type becomes records (docs/packs.md, "split"): which nodes of a graph it takes,
 * whether features and rows, and where their ids come from.
 *
 *   {"jsonld":{"@type":["dfc-b:SuppliedProduct"],"embed":["dfc-b:Address"]},
 *    "geojson":true,"table":true,"id":["/code_insee","/numero"]}
 *
 * embed (optional): nodes with a name of these types stand, whole, where they are referred to.
 * id: paths whose values are joined by "/", or an expression of a lens, of the body. Where they
 * give nothing, and where there is no id here: "/@id", then "/id", then the content. [] is the
 * content always. */
#ifndef MAILLON_PROTO_SCHEMA_SPLIT_H
#define MAILLON_PROTO_SCHEMA_SPLIT_H

#include "proto/json/pointer.h"

struct split {
    struct span *types; /* of @type */
    uint32_t type_count;
    struct span *embedded;
    uint32_t embedded_count;
    bool geojson;
    bool table;
    bool id_by_content;
    struct pointer *ids;
    uint32_t id_count;
    struct tree *id_expression; /* or NULL; for lens_compile */
};

/* Reads a type's `split` into the arena; json is canonical (len 0: nothing is split, ids by
 * default) and outlives it. ERR_BAD_PACK, ERR_NO_MEMORY, ERR_LIMIT. */
MUST_USE enum err split_read(struct arena *arena, struct span json, struct split *out,
                             struct why *why);

/* Appends the text that the id of a body is made of: by the expression, whose value is made (NULL:
 * it gave nothing; unused without one), or by the paths; else "/@id" or "/id". ERR_NOT_FOUND: it is
 * made of the content. ERR_BAD_ID: a value is there and is neither text nor a whole number;
 * why->expected is its path. */
MUST_USE enum err split_id(const struct split *split, struct tree *body, const struct tree *made,
                           struct buf *out, struct why *why);

#endif

/* What an import with --pack works with: the types that it may make, and what their pack says of
 * each. */
#ifndef MAILLON_NODE_CLI_IMPORT_TYPES_H
#define MAILLON_NODE_CLI_IMPORT_TYPES_H

#include "conf/packs.h"
#include "node/cli/cli.h"
#include "proto/schema/graph.h"
#include "proto/schema/lens.h"
#include "proto/schema/projection.h"
#include "proto/schema/split.h"

struct import_wishes {
    const char *pack;     /* "food" or "food/product@1" */
    const char *lens;     /* a file, or NULL */
    const char *license;  /* or NULL: the pack's default */
    const char *audience; /* or NULL: public */
    const char *project;  /* the audience of the renderings, or NULL */
    const char *id_from;  /* or NULL: by the type */
};

struct import_type {
    const struct packs_type *type;
    const struct pack_type *declared;
    char *name;    /* "food/product@1" */
    char *license; /* NULL: none is known */
    struct split split;
    const struct alias *alias;     /* or NULL */
    struct lens *id_lens;          /* makes {"id":...} of a body, or NULL */
    struct projection *projection; /* for wishes.project; NULL: the type has no rules for it */
};

struct import_types {
    const struct import_wishes *wishes;
    struct packs_registry *registry;
    struct packs *packs;
    struct arena arena;
    struct import_type *items;
    size_t count;
    /* What of a graph the types of the pack take: those of all of them, so that a record is the
     * same whichever were asked for. Claims of others than items begin at count. */
    struct graph_kind *kinds;
    size_t kind_count;
    struct lens *lens;        /* of wishes.lens, or NULL */
    struct packs_chain chain; /* from where that leads to the type of index 0 */
};

/* Opens the packs of a node's folder and chooses. types is filled with what must be cleared in
 * every case. ERR_NOT_FOUND (no such pack or type; no way from where the lens leads), ERR_BAD_LENS,
 * ERR_BAD_PACK, ERR_BAD_REQUEST (no licence, no renderings for the audience), ERR_IO,
 * ERR_NO_MEMORY. */
MUST_USE enum err import_types_open(const char *dir, const struct import_wishes *wishes,
                                    struct import_types *types, struct why *why);
void import_types_clear(struct import_types *types);

#endif

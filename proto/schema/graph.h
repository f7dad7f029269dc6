/* From one JSON-LD document to many records: nodes of a graph, each as a tree of its own.
 *
 * A node whose @type is claimed becomes a record. In its body
 * - a node without a name of its own (a blank node) stands where it is referred to, without its
 *   label, which exporters mint anew at every fetch. One that is referred to from several places of
 *   the body, or from inside itself, keeps a label: "_:" and its path in the body (RFC 6901), the
 *   same at every import. Its content stands at the first place, in the order of the body;
 * - a node with a name that is claimed, too, is a reference; one that is not claimed stays where it
 *   was written; one of a kind that the body's claim embeds stands where it is referred to, with
 * its name;
 * - @context is kept where its address is a known one.
 * A blank node that is claimed, and stands in no record, becomes one itself. Descriptions of a node
 * that are strewn over the document are put together. The same content in another order of nodes or
 * with other labels gives the same bodies. */
#ifndef MAILLON_PROTO_SCHEMA_GRAPH_H
#define MAILLON_PROTO_SCHEMA_GRAPH_H

#include "proto/schema/alias.h"

#define GRAPH_EMBEDDING_CLAIMS_MAX 64u /* claims beyond have nothing embedded */

struct graph;

/* A value of @type, and what claims it. */
struct graph_kind {
    struct span type;
    uint32_t claim;
    bool embed; /* in bodies of this claim its nodes stand where they are referred to */
};

struct graph_record {
    struct span id; /* the node's name; empty: it has none */
    uint64_t row;   /* of the item in which it is first described */
    uint32_t claim; /* of several the one that comes first in kinds */
};

struct graph *graph_new(void); /* NULL: no memory */
void graph_free(struct graph *graph);

/* Takes the nodes of an item of the document: nested, under @graph, @included, or all of an array.
 * The item lives as long as the graph, which marks and labels what is in it; names are those of the
 * pack already (alias_apply). ERR_LIMIT (GRAPH_NODES_MAX), ERR_NO_MEMORY. */
MUST_USE enum err graph_add(struct graph *graph, struct tree *item, uint64_t row);

/* When all items are there: finds the records. kinds is borrowed for the life of the graph.
 * ERR_NO_MEMORY, ERR_LIMIT. */
MUST_USE enum err graph_close(struct graph *graph, const struct graph_kind *kinds, size_t count);

size_t graph_count(const struct graph *graph); /* records, in the order of the document */
struct graph_record graph_record(const struct graph *graph, size_t index);
/* Builds a record's body in the arena; text is borrowed from the items. ERR_LIMIT: nested too
 * deeply, too many values in it, or in all bodies together (GRAPH_WORK_MAX); why says which.
 * ERR_NO_MEMORY. alias (may be NULL) knows contexts. */
MUST_USE enum err graph_body(struct graph *graph, size_t index, const struct alias *alias,
                             struct arena *arena, struct tree **out, struct why *why);

/* Nodes that are described and stand in no record, by their (first) @type, which is empty for those
 * without. A node without a name that says what one in a record says, too, stands in that record:
 * exporters list again at the top what they wrote where it belongs. *kinds_out: how many
 * kinds there are; at most max are written, the most frequent first. ERR_NO_MEMORY. */
struct graph_left {
    struct span type;
    uint64_t count;
};
MUST_USE enum err graph_left_out(struct graph *graph, struct graph_left *out, size_t max,
                                 size_t *kinds_out, uint64_t *total_out);

#endif

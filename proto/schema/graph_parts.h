/* What the files of the graph share. */
#ifndef MAILLON_PROTO_SCHEMA_GRAPH_PARTS_H
#define MAILLON_PROTO_SCHEMA_GRAPH_PARTS_H

#include "proto/base/hash.h"
#include "proto/schema/graph.h"

#define GRAPH_NONE UINT32_MAX

/* One of the objects that describe a node. */
struct graph_part {
    struct tree *object;
    struct graph_part *next;
};

struct graph_node {
    struct span id; /* IRI, or label */
    uint64_t row;
    struct graph_part *parts; /* in the order of the document */
    struct graph_part *last;
    struct tree *context; /* in force where it is first described, or NULL */
    uint32_t claim;       /* GRAPH_NONE: nothing claims it */
    bool is_blank;        /* its name is a label, or it had none */
    bool says_something;  /* more than what it is */
    uint64_t embedded_in; /* bits: claims in whose bodies it is embedded */
    bool is_record;
    bool is_inside;     /* stands in the body of a record */
    uint64_t inside_of; /* bits: claims in whose bodies it was met */
    uint32_t stamp;     /* of the last walk that met it */
    bool is_below;      /* another blank node that is claimed leads to it */
    /* While one body is built: */
    bool is_placed;
    uint32_t uses;
    struct span name; /* in this body, once it is placed */
};

struct graph {
    struct arena arena; /* parts */
    struct graph_node *nodes;
    uint32_t count;
    uint32_t cap;
    uint32_t *slots; /* by name, open addressing: 0 is free, else index + 1 */
    uint32_t slot_count;
    uint32_t *queue; /* nodes still to be walked; room for all */
    uint32_t queue_count;
    uint32_t *touched; /* nodes that the body at hand holds; room for all */
    uint32_t touched_count;
    uint32_t *records;
    uint32_t record_count;
    uint32_t stamp;  /* of the walk under way */
    uint64_t labels; /* given to what had no name */
    bool has_embedded;
    uint64_t body; /* bit of the claim whose body is walked or built */
    uint64_t work; /* values walked and built so far */
    const struct graph_kind *kinds;
    size_t kind_count;
};

/* Begins with "_:". */
bool graph_is_blank(struct span id);
/* The node of this name, or GRAPH_NONE. */
uint32_t graph_find(const struct graph *graph, struct span id);
/* The blank node that is described somewhere and that this text names, or GRAPH_NONE. */
uint32_t graph_named_by(const struct graph *graph, const struct tree *text);
/* Is the object a name alone? */
bool graph_is_reference(const struct tree *object);
/* Is it a literal: {"@value":...}? */
bool graph_is_literal(const struct tree *object);

/* Says in bodies of which claim graph_place_of places values. */
void graph_set_body(struct graph *graph, uint32_t claim);

/* How a value stands in the body of a record. */
enum graph_place {
    GRAPH_PLAIN,    /* as it is, with what is in it */
    GRAPH_NODE,     /* the node stands here: *node_out */
    GRAPH_REFERENCE /* the node's name alone stands here: *node_out */
};
enum graph_place graph_place_of(const struct graph *graph, const struct tree *value,
                                uint32_t *node_out);

/* Is the node a record, or in the body of one? */
bool graph_stands_inside(const struct graph_node *node);

/* A hash of a value and of what blank nodes it leads to, whatever their labels are. */
struct hash graph_shape(struct graph *graph, const struct tree *value);

#endif

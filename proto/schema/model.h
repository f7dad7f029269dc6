/* The schema as written: every subschema of every document reached, its keywords, and where its
 * references lead. The program (program.h) is made from it; explanations walk it. */
#ifndef MAILLON_PROTO_SCHEMA_MODEL_H
#define MAILLON_PROTO_SCHEMA_MODEL_H

#include "proto/limits.h"
#include "proto/schema/compile.h"
#include "proto/schema/schema_document.h"
#include "proto/schema/format.h"
#include "proto/schema/keyword.h"
#include "proto/schema/list.h"
#include "proto/schema/pattern.h"

#define NONE UINT32_MAX

struct source {
    struct schema_document document;
    uint32_t *node_of; /* of each token; NONE: no subschema */
    uint32_t root;     /* node */
};

/* A schema resource: what has an $id, and the root of each document. */
struct resource {
    struct span uri;
    uint32_t source;
    uint32_t token;
    uint32_t node;
    unsigned vocabularies;
    uint32_t dynamic[SCHEMA_DYNAMIC_ANCHORS_MAX]; /* node of each name in dynamic_names, or NONE */
};

enum node_kind { NODE_FALSE, NODE_TRUE, NODE_OBJECT };

struct node {
    uint32_t source;
    uint32_t token;
    uint32_t resource;
    uint32_t clause_first;
    uint16_t clause_count;
    uint8_t kind; /* enum node_kind */
};

/* A keyword of a node. first: of its children; of REFERENCE and PATTERN the index of that; of
 * FORMAT the enum format. */
struct clause {
    uint32_t token; /* its value */
    uint32_t first;
    uint32_t count;
    uint8_t keyword;
    bool asserts; /* FORMAT: it decides */
};

struct child {
    uint32_t key;     /* token of the key, or NONE in arrays */
    uint32_t node;    /* NONE: names of `dependencies` */
    uint32_t pattern; /* of patternProperties */
};

struct reference {
    uint32_t node;
    uint32_t token;
    uint32_t target;  /* node */
    uint32_t dynamic; /* index in dynamic_names, or NONE */
    bool is_dynamic_ref;
};

struct anchor {
    struct span name;
    uint32_t resource;
    uint32_t node;
    bool is_dynamic;
};

struct model {
    LIST(struct source) sources;
    LIST(struct resource) resources;
    LIST(struct node) nodes;
    LIST(struct clause) clauses;
    LIST(struct child) children;
    LIST(struct reference) references;
    LIST(struct anchor) anchors;
    LIST(struct pattern *) patterns;
    LIST(uint8_t *) strings; /* decoded texts that the others borrow */
    struct span dynamic_names[SCHEMA_DYNAMIC_ANCHORS_MAX];
    uint32_t dynamic_count;
    struct names resource_of_uri;
    struct names anchor_of_name; /* scope: resource */
    struct names pattern_of_text;
};

/* What a compilation holds while it goes on. */
struct framing {
    struct model *model;
    const struct library *library;
    bool assert_formats;
    struct schema_limits limits; /* none is zero */
    struct schema_refusal *refusal;
    uint32_t parsed; /* nodes read so far */
};

void model_clear(struct model *model);

/* frame.c: takes the document over (copied by the caller), reads every subschema in it. */
MUST_USE enum err frame_document(struct framing *framing, struct schema_document *taken,
                                 uint32_t *root_out);
/* A node for a place that no keyword made one; its subschemas are read, too. */
MUST_USE enum err frame_place(struct framing *framing, uint32_t source, uint32_t token,
                              uint32_t resource, uint32_t *node_out);

/* refs.c: where a URI (resolved, with its fragment) leads; frames documents on the way. node is the
 * one to blame. */
MUST_USE enum err refs_find(struct framing *framing, struct span uri, uint32_t blamed,
                            uint32_t token, uint32_t *node_out, uint32_t *anchor_out);
/* Resolves every reference of the model, and of what that brings in. */
MUST_USE enum err refs_resolve(struct framing *framing);

/* Refuses at a token of a node's document. */
enum err frame_refuse(struct framing *framing, uint32_t source, uint32_t token, const char *rule,
                      const char *expected);
enum err frame_refuse_limit(struct framing *framing, uint32_t source, uint32_t token,
                            const char *limit);

static inline const struct schema_document *model_document(const struct model *model, uint32_t node)
{
    return &model->sources.items[model->nodes.items[node].source].document;
}

static inline struct span model_text(const struct model *model, uint32_t node, uint32_t token)
{
    return schema_document_span(model_document(model, node), token);
}

/* The node's clause of a keyword, or NULL. */
const struct clause *model_clause(const struct model *model, uint32_t node, enum keyword keyword);
/* The number that a COUNT keyword holds. */
uint32_t model_count(const struct model *model, uint32_t node, const struct clause *clause);

#endif

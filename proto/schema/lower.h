/* What the parts of the lowering share. */
#ifndef MAILLON_PROTO_SCHEMA_LOWER_H
#define MAILLON_PROTO_SCHEMA_LOWER_H

#include "proto/schema/program.h"
#include "proto/schema/shape.h"

/* A subschema is lowered once for each way in which it is reached. */
enum variant {
    VARIANT_PLAIN,
    VARIANT_MARKS, /* marks what it evaluates, for the scope around */
    VARIANT_SCOPE, /* the inside of a scope of its own: marks, then judges what is unmarked */
    VARIANT_ALONE  /* the same where no scope around asks: what is certain is not marked */
};

/* Which schema each dynamic anchor leads to: the outermost resource that has it decides. */
struct context {
    uint32_t node[SCHEMA_DYNAMIC_ANCHORS_MAX];
};

struct block {
    uint32_t node;
    uint32_t context;
    uint32_t variant;
    uint32_t kinds;
    uint32_t first; /* instruction */
};

struct link {
    uint32_t from; /* blocks; the same value is looked at */
    uint32_t to;
};

struct lowering {
    struct framing *framing;
    const struct model *model;
    struct program *program;
    LIST(struct block) blocks; /* 0 is none */
    LIST(struct context) contexts;
    LIST(struct link) links;
    uint32_t *block_table; /* open addressing over (node, context, variant) */
    uint32_t block_table_count;
};

struct evaluated;

/* One block while it is made. */
#define BUILDER_SCHEMAS_MAX 64u
struct builder {
    struct lowering *l;
    uint32_t block;
    enum variant variant;
    uint32_t kinds;
    const struct evaluated *certain; /* of a scope: what it evaluates whatever the value, or NULL */
    struct {
        uint32_t node;
        uint32_t context;
        bool open;
    } schemas[BUILDER_SCHEMAS_MAX]; /* those flattened into this block */
    uint32_t schema_count;
    LIST(struct instruction) code; /* aux: the phase in which it runs */
};

/* A node with its clauses by keyword. */
struct view {
    uint32_t node;
    uint32_t context;
    const struct clause *by[KEYWORD_COUNT];
};

void lower_view(const struct lowering *l, uint32_t node, uint32_t context, struct view *out);
/* The edge of a subschema. in_place_of: the block that applies it to the same value, or 0. */
MUST_USE enum err lower_edge(struct lowering *l, uint32_t node, uint32_t context,
                             enum variant variant, uint32_t in_place_of, edge *out);
/* The context once a resource has been entered. */
MUST_USE enum err lower_bind(struct lowering *l, uint32_t node, uint32_t *context);
/* The node that a reference leads to in this context. */
uint32_t lower_target(const struct lowering *l, const struct clause *clause, uint32_t context);
MUST_USE enum err lower_emit(struct builder *b, unsigned phase, struct instruction instruction);

/* Flags of an instruction that evaluates something by itself. */
static inline uint8_t lower_marks(const struct builder *b)
{
    return (uint8_t)(b->variant == VARIANT_PLAIN || b->certain != NULL ? 0 : INSTRUCTION_MARKS);
}

/* tables.c */
MUST_USE enum err tables_key(struct program *program, struct span text, struct text_key *out);
/* Makes a hash table over slots; ERR_LIMIT where their texts collide on purpose. by_flags: the type
 * of a value is in flags. */
MUST_USE enum err tables_hash(struct program *program, uint32_t slot_first, uint32_t slot_count,
                              uint32_t *out);
/* Lowers properties, required, patternProperties, additionalProperties, and an
 * unevaluatedProperties that can be decided here. */
MUST_USE enum err tables_shape(struct builder *b, const struct view *view);
/* Lowers the end of a scope whose certain part is known: members that neither that part knows nor
 * marks say to be evaluated are additional ones. */
MUST_USE enum err tables_unmarked(struct builder *b, const struct view *view);
MUST_USE enum err tables_enum(struct builder *b, const struct view *view);

/* evaluated.c: what the schemas applied in place evaluate of an object or array. */
struct evaluated {
    LIST(struct span) names;
    LIST(uint32_t) patterns;
    LIST(uint32_t) choices; /* pairs: node, context */
    uint32_t prefix;
    bool all_members;
    bool all_items;
    bool some_items; /* contains */
    bool undecided;
    uint32_t steps;
};
void evaluated_clear(struct evaluated *evaluated);
enum evaluated_verdict { EVALUATED_STATIC, EVALUATED_DYNAMIC };
/* Whether the node's unevaluatedProperties (or ...Items) can be decided without marks: *out holds
 * what is evaluated then. ERR_NO_MEMORY. */
MUST_USE enum err evaluated_find(const struct lowering *l, const struct view *view, bool items,
                                 struct evaluated *out, enum evaluated_verdict *verdict_out);

/* select.c */
MUST_USE enum err select_branches(struct program *program);

/* Whether a schema applied in place evaluates anything beyond what is certain (NULL: anything). */
MUST_USE enum err evaluated_adds(const struct lowering *l, const struct evaluated *certain,
                                 uint32_t node, uint32_t context, bool *out);

/* link.c */
MUST_USE enum err link_program(struct lowering *l, edge entry);

#endif

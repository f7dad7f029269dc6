/* A schema as it runs: flat instructions of 16 bytes over tables. Made by lower.c, run by run.c.
 *
 * Every subschema that is applied to a value of its own is a block of instructions that ends with
 * OP_END, and is reached by an edge: the types that it takes, and where it begins. An edge whose
 * block is empty has pc 0, so that a schema of a type alone costs no call. */
#ifndef MAILLON_PROTO_SCHEMA_PROGRAM_H
#define MAILLON_PROTO_SCHEMA_PROGRAM_H

#include "proto/schema/list.h"
#include "proto/schema/model.h"
#include "proto/schema/number.h"

/* Types as bits. A number written without fraction and exponent is KIND_INTEGER; others are
 * KIND_FRACTION, though from 1e21 on they are integers: kind_other decides then. */
#define KIND_NULL 1u
#define KIND_BOOLEAN 2u
#define KIND_INTEGER 4u
#define KIND_FRACTION 8u
#define KIND_NUMBER 12u
#define KIND_STRING 16u
#define KIND_ARRAY 32u
#define KIND_OBJECT 64u
#define KIND_ANY 127u

/* pc << 7 | kinds. Until link.c has run: block << 7. */
typedef uint32_t edge;
#define EDGE_TRUE KIND_ANY
#define EDGE_FALSE 0u
static_assert(SCHEMA_INSTRUCTIONS_MAX < 1u << 25, "a place, or a block's number, fits an edge");

enum op {
    OP_CONST,              /* a: slot; this and the next come first, see run.c */
    OP_ENUM,               /* a: first slot, b: count, c: table */
    OP_END,
    OP_RANGE,              /* a: range */
    OP_MULTIPLE,           /* a: divisor */
    OP_LENGTH,             /* a: min, b: max code points */
    OP_PATTERN,            /* a: pattern */
    OP_FORMAT,             /* a: enum format */
    OP_ITEM_COUNT,         /* a: min, b: max */
    OP_MEMBER_COUNT,       /* a: min, b: max */
    OP_SHAPE,              /* a: shape, b: 1 where additional ones count as evaluated */
    OP_MEMBER,             /* a: slot; a shape of one member, open to others */
    OP_PREFIX,             /* a: first edge, b: count */
    OP_REST,               /* a: edge, b: first index */
    OP_NAMES,              /* a: edge */
    OP_DEPENDENT_REQUIRED, /* a: slot of the name, b: first slot of those needed, c: count */
    OP_DEPENDENT_SCHEMA,   /* a: slot of the name, b: edge */
    OP_CALL,               /* a: edge */
    OP_NOT,                /* a: edge */
    OP_ANY,                /* a: first edge, b: count, c: selector + 1; 0: too many branches */
    OP_ONE,                /* the same */
    OP_IF,                 /* a, b, c: edges of if, then, else */
    OP_CONTAINS,           /* a: edge, b: min, c: max */
    OP_UNIQUE,
    OP_SCOPE,      /* a: edge; what it evaluates is marked apart */
    OP_UNEVALUATED /* a: edge, b: kind of container */
};

#define INSTRUCTION_MARKS 1u    /* what is evaluated is marked, for an unevaluated... around */
#define INSTRUCTION_UNMARKED 2u /* a shape whose additional members are those not marked either */

struct instruction {
    uint8_t op;
    uint8_t flags;
    uint16_t aux;
    uint32_t a;
    uint32_t b;
    uint32_t c;
};

/* A text to compare with: a key, or a value's canonical bytes. */
struct text_key {
    uint64_t prefix; /* the first eight bytes, the first of them most significant; zeros behind */
    uint32_t offset; /* in the program's bytes */
    uint32_t len;
};

#define SLOT_REQUIRED 1u
#define SLOT_PROPERTY 2u /* it is in `properties`: additionalProperties does not apply */
#define SLOT_LATER 4u    /* its value may be long: judged behind the others */

struct slot {
    struct text_key key;
    edge edge; /* of a value in an enum: its tape type */
    uint32_t flags;
};

/* Texts in a hash table: open addressing, at most TABLE_PROBES_MAX steps (checked when it is made).
 */
struct table {
    uint64_t seed;
    uint32_t first; /* in table_slots: index of a slot within the owner + 1, 0: none */
    uint32_t mask;
};
#define TABLE_PROBES_MAX 8u
#define TABLE_NONE UINT32_MAX

struct shape_pattern {
    uint32_t pattern;
    edge edge;
};

/* The keywords on members of one schema, as one walk. */
struct shape {
    uint32_t slot_first;
    uint32_t slot_count; /* in the order of canonical JSON where table is TABLE_NONE */
    uint32_t required;   /* how many of them are */
    uint32_t pattern_first;
    uint32_t pattern_count;
    edge additional;
    uint32_t table;
    uint32_t extra_patterns; /* behind the patterns: what matches these is no additional one */
    bool open;               /* additional is EDGE_TRUE, no patterns: the walk may end early */
    bool plain;              /* no slot but its key: nothing to validate */
};

struct range {
    double min;
    double max;
    bool above; /* min itself is excluded */
    bool below;
};

/* What narrows a choice (select.c). Bit n of a mask: branch n may hold. Where branches demand the
 * same member with values of their own, that member's value chooses; table is TABLE_NONE otherwise.
 */
struct selector {
    struct text_key key;
    uint32_t slot_first; /* the values */
    uint32_t slot_count;
    uint32_t mask_first; /* of each value */
    uint32_t table;
    uint64_t by_type[TAPE_OBJECT + 1]; /* of the value */
    uint64_t unguarded;                /* where there is no such member, or it is no string */
    uint64_t others;                   /* for a string that is none of the values */
};

struct program {
    LIST(struct instruction) code;
    LIST(edge) edges;
    LIST(struct slot) slots;
    LIST(struct table) tables;
    LIST(uint32_t) table_slots;
    LIST(struct shape) shapes;
    LIST(struct shape_pattern) shape_patterns;
    LIST(struct range) ranges;
    LIST(struct decimal) divisors;
    LIST(struct selector) selectors;
    LIST(uint64_t) masks;
    LIST(uint8_t) bytes;
    edge entry;
};

struct schema {
    struct model model;
    struct program program;
    struct schema_limits limits;
    uint32_t entry; /* node */
};

void program_clear(struct program *program);

/* lower.c: the model, all references resolved, into a program whose edges name blocks; then link.c
 * puts their places in. */
MUST_USE enum err lower(struct framing *framing, uint32_t entry, struct program *program);

static inline uint64_t text_prefix(const uint8_t *bytes, uint32_t len)
{
    uint64_t word = 0;
    memcpy(&word, bytes, len < 8 ? len : 8);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

__extension__ typedef unsigned __int128 text_wide; /* ISO C has no such type */

/* Both halves of the product: every bit of the word reaches every bit of the hash. */
static inline uint64_t text_mix(uint64_t word)
{
    text_wide product = (text_wide)word * UINT64_C(0x9E3779B97F4A7C15);
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* From the prefix, the length and what lies behind the prefix. */
static inline uint64_t text_hash(const uint8_t *bytes, uint32_t len, uint64_t prefix, uint64_t seed)
{
    uint64_t hash = text_mix(prefix ^ seed) + len;
    for (uint32_t at = 8; at < len; at += 8)
        hash = text_mix(hash ^ text_prefix(bytes + (len - at < 8 ? len - 8 : at), 8));
    return hash;
}

#endif

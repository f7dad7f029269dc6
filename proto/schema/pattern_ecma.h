/* An expression of ECMA-262 (Unicode mode) as a tree, from which pattern_pcre.c writes PCRE2's
 * syntax and pattern_simple.c recognises what needs no PCRE2. */
#ifndef MAILLON_PROTO_SCHEMA_PATTERN_ECMA_H
#define MAILLON_PROTO_SCHEMA_PATTERN_ECMA_H

#include "proto/base/bytes.h"

#define ECMA_NONE UINT32_MAX      /* no node */
#define ECMA_UNBOUNDED UINT32_MAX /* a quantifier without maximum */
#define ECMA_CODE_POINT_MAX 0x10FFFFu

enum ecma_kind {
    ECMA_ALTERNATIVES, /* children: ECMA_SEQUENCE, one or more */
    ECMA_SEQUENCE,     /* children: anything below, in order; may be none */
    ECMA_SET,          /* one code point among ranges and properties; a literal is a set of one */
    ECMA_GROUP, /* child: ECMA_ALTERNATIVES; index: its number, 0 where it does not capture */
    ECMA_LOOK,  /* child: ECMA_ALTERNATIVES; negated, behind */
    ECMA_BACK,  /* index: number of the group */
    ECMA_START,
    ECMA_END,
    ECMA_BOUNDARY, /* negated: \B */
};

struct ecma_range {
    uint32_t first;
    uint32_t last;
};

/* \p{...}: prefix and name are what stands between PCRE2's braces. */
struct ecma_property {
    const char *prefix;
    struct span name;
    bool negated;
};

struct ecma_node {
    enum ecma_kind kind;
    bool negated;
    bool behind;
    bool lazy;
    uint32_t min; /* quantifier; 1 and 1 without */
    uint32_t max;
    uint32_t position; /* byte offset in the source */
    uint32_t name_len; /* of a named group or reference; the name ends right before the '>' */
    uint32_t name_at;
    uint32_t index;
    uint32_t range_first;
    uint32_t range_count;
    uint32_t property_first;
    uint32_t property_count;
    uint32_t child;
    uint32_t next;
};

struct ecma_tree {
    struct span source; /* borrowed; properties and names point into it */
    struct ecma_node *nodes;
    struct ecma_range *ranges; /* never a surrogate among them: no subject holds one */
    struct ecma_property *properties;
    uint32_t node_count;
    uint32_t range_count;
    uint32_t property_count;
    uint32_t group_count; /* capturing */
    bool has_back;
    uint32_t behind_at;   /* of the first lookbehind, for a refusal that says where */
    uint32_t property_at; /* of the first script, likewise */
    uint32_t root;
};

/* Reads source, which must live as long as the tree. Errors as pattern_compile; the tree is then
 * cleared. */
MUST_USE enum err ecma_parse(struct span source, struct ecma_tree *out, struct why *why);
void ecma_clear(struct ecma_tree *tree);

/* Looks up \p{...}: name is what stands between the braces. False where ECMA-262 has no such
 * property; scripts are checked for their form alone. */
bool ecma_property_find(struct span name, struct ecma_property *out);

#endif

/* Sets of code points as sorted ranges, with a bitmap for ASCII: what the matchers of our own
 * test. */
#ifndef MAILLON_PROTO_SCHEMA_PATTERN_SET_H
#define MAILLON_PROTO_SCHEMA_PATTERN_SET_H

#include "proto/schema/pattern_ecma.h"

struct point_set {
    uint64_t ascii[2];
    uint32_t range_first; /* into the owner's ranges: sorted, apart from each other */
    uint32_t range_count;
};

/* Room that the sets of a whole tree take, in ranges. */
size_t point_set_ranges_max(const struct ecma_tree *tree);

/* The set of a node without properties. Its ranges are written to ranges[at], which has room for
 * one more than the node has. */
struct point_set point_set_of(const struct ecma_tree *tree, const struct ecma_node *node,
                              struct ecma_range *ranges, uint32_t at);

/* Have two sets with these ranges a code point in common? */
bool point_sets_meet(const struct point_set *a, const struct point_set *b,
                     const struct ecma_range *ranges);

bool point_set_has(const struct point_set *set, const struct ecma_range *ranges,
                   uint32_t code_point);

#endif

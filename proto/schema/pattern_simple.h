/* Expressions that need no backtracking, matched in one pass over the subject: literals at the
 * start, the end, both or anywhere, a choice of them, and anchored sequences of sets in which
 * taking as much as one can is always right. */
#ifndef MAILLON_PROTO_SCHEMA_PATTERN_SIMPLE_H
#define MAILLON_PROTO_SCHEMA_PATTERN_SIMPLE_H

#include "proto/schema/pattern_ecma.h"

struct simple;

/* *out is NULL where the expression is not simple. ERR_NO_MEMORY alone. Keeps nothing of tree. */
MUST_USE enum err simple_recognise(const struct ecma_tree *tree, struct simple **out);
void simple_free(struct simple *simple);
/* The subject is well-formed UTF-8. */
bool simple_match(const struct simple *simple, struct span subject);

#endif

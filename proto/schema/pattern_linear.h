/* Any expression without look-around, back-references and Unicode properties, matched by following
 * all its paths at once: the time is bounded by states x length whatever the expression and the
 * subject. Slower than PCRE2 where that goes well; decides where PCRE2 runs out of steps. */
#ifndef MAILLON_PROTO_SCHEMA_PATTERN_LINEAR_H
#define MAILLON_PROTO_SCHEMA_PATTERN_LINEAR_H

#include "proto/schema/pattern.h"
#include "proto/schema/pattern_ecma.h"

struct linear;

/* Memory of one thread; grows to the largest machine it has met. */
struct linear_scratch {
    uint32_t *memory;
    size_t states;
    uint32_t generation;
};

/* *out is NULL where the expression has what this cannot match, or more states than
 * PATTERN_STATES_MAX. ERR_NO_MEMORY alone. Keeps nothing of tree. */
MUST_USE enum err linear_compile(const struct ecma_tree *tree, struct linear **out);
void linear_free(struct linear *linear);

/* PATTERN_LIMIT beyond PATTERN_VISITS_MAX or without memory. The subject is well-formed UTF-8. */
enum pattern_verdict linear_match(const struct linear *linear, struct linear_scratch *scratch,
                                  struct span subject);
void linear_scratch_clear(struct linear_scratch *scratch);

#endif

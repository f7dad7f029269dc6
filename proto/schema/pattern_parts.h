/* What pattern.c and pattern_capture.c share. */
#ifndef MAILLON_PROTO_SCHEMA_PATTERN_PARTS_H
#define MAILLON_PROTO_SCHEMA_PATTERN_PARTS_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "proto/schema/pattern.h"
#include "proto/schema/pattern_linear.h"
#include "proto/schema/pattern_simple.h"

struct pattern {
    struct simple *simple; /* or */
    pcre2_code *code;
    struct linear *linear; /* decides where PCRE2 cannot; NULL where there is none */
    bool anchored;         /* PCRE2 tries it at the start alone */
};

struct pattern_scratch {
    pcre2_match_data *data;
    pcre2_match_data *groups; /* with room for captures; NULL until it is needed */
    pcre2_match_context *context;
    pcre2_jit_stack *jit_stack;
    struct linear_scratch linear;
};

/* Runs PCRE2 over the subject from a character's start on, within the limits. *count_out: of the
 * ovector's pairs that are set, on PATTERN_YES. */
enum pattern_verdict pattern_run(const struct pattern *pattern, struct pattern_scratch *scratch,
                                 struct span subject, size_t from, pcre2_match_data *data,
                                 unsigned *count_out);

#endif

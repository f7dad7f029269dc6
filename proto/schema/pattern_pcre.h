/* A tree of ECMA-262 in PCRE2's syntax, to be compiled with the options that pattern.c sets. */
#ifndef MAILLON_PROTO_SCHEMA_PATTERN_PCRE_H
#define MAILLON_PROTO_SCHEMA_PATTERN_PCRE_H

#include "proto/schema/pattern_ecma.h"

/* Appends the expression; without keep_groups (then there must be no back-reference) nothing is
 * captured. Means the same where PCRE2 has UTF, DOTALL, DOLLAR_ENDONLY and
 * MATCH_UNSET_BACKREF, and neither UCP nor EXTENDED. */
void pattern_pcre_append(struct buf *out, const struct ecma_tree *tree, bool keep_groups);

#endif

/* Regular expressions of JSON Schema (`pattern`, `patternProperties`): ECMA-262 in Unicode mode,
 * unanchored, bounded. What is common and simple is matched in one pass, the rest by PCRE2 under
 * limits of steps, depth and memory. Where those run out, a slower matcher whose time is linear
 * decides; what has look-around, back-references or Unicode properties it cannot take, and there
 * running out is a verdict of its own, never a match.
 *
 * Where this differs from ECMA-262 (each is refused at compilation, not matched otherwise, but for
 * the last): a lookbehind of variable width, group names written with escapes, inline flags and
 * duplicate group names of ECMAScript 2025, counts above 65535; and backslash followed by ASCII
 * punctuation is that character, as in the mode without Unicode, because real schemas write it.
 * A group inside a repeated one keeps its last text for back-references, where ECMA-262 forgets it
 * at each turn. */
#ifndef MAILLON_PROTO_SCHEMA_PATTERN_H
#define MAILLON_PROTO_SCHEMA_PATTERN_H

#include "proto/base/bytes.h"

/* Immutable once compiled: any number of threads may match with it at once. */
struct pattern;
/* What one thread needs to match, whatever the pattern; never used by two threads at a time. */
struct pattern_scratch;

enum pattern_verdict {
    PATTERN_NO,
    PATTERN_YES,
    PATTERN_LIMIT, /* undecided within the limits: count as invalid, and say why */
};

/* Compiles an expression; any bytes are taken and judged. Errors: ERR_BAD_TEXT (not UTF-8),
 * ERR_BAD_PATTERN (not ECMA-262, or one of the differences above; why names rule and position),
 * ERR_LIMIT (longer, deeper or larger than limits.h says), ERR_NO_MEMORY. Keeps nothing of
 * utf8_source. Any thread. */
MUST_USE enum err pattern_compile(struct span utf8_source, struct pattern **out, struct why *why);
/* The same, but always for PCRE2, with its groups: for pattern_capture, and tests hold the simple
 * matchers against it. */
MUST_USE enum err pattern_compile_general(struct span utf8_source, struct pattern **out,
                                          struct why *why);
/* The expression is one of ECMA-262 as read here, a lookbehind of variable width included, whether
 * or not it would compile. For `format: regex`. Errors as pattern_compile. Any thread. */
MUST_USE enum err pattern_check(struct span utf8_source, struct why *why);
void pattern_free(struct pattern *pattern);

/* True where it is matched by a linear matcher: such a pattern never answers PATTERN_LIMIT for a
 * subject within PATTERN_SUBJECT_BYTES_MAX. */
bool pattern_is_simple(const struct pattern *pattern);

/* NULL when there is no memory. */
struct pattern_scratch *pattern_scratch_new(void);
void pattern_scratch_free(struct pattern_scratch *scratch);

/* Does the expression match somewhere in the subject? The subject is well-formed UTF-8 (that of a
 * scanned record is); may hold NUL; longer than PATTERN_SUBJECT_BYTES_MAX is PATTERN_LIMIT. */
enum pattern_verdict pattern_match(const struct pattern *pattern, struct pattern_scratch *scratch,
                                   struct span utf8_subject);

#endif

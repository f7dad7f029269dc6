/* Where an expression matches, and what its groups took. */
#ifndef MAILLON_PROTO_SCHEMA_PATTERN_CAPTURE_H
#define MAILLON_PROTO_SCHEMA_PATTERN_CAPTURE_H

#include "proto/schema/pattern.h"

#define PATTERN_CAPTURES_MAX 10u /* the whole match and $1 to $9 */

/* Bytes of the subject; a group that took no part has first > last. */
struct pattern_group {
    size_t first;
    size_t last;
};

/* The first match at or after `from` (at a character's start, at most the subject's length). The
 * pattern must come from pattern_compile_general (CHECKed). groups[0] is the whole match; on
 * anything but PATTERN_YES they are untouched. PATTERN_LIMIT also when there is no memory. */
enum pattern_verdict pattern_capture(const struct pattern *pattern, struct pattern_scratch *scratch,
                                     struct span utf8_subject, size_t from,
                                     struct pattern_group groups[PATTERN_CAPTURES_MAX]);

/* Capturing groups of the pattern, which must come from pattern_compile_general. */
unsigned pattern_groups(const struct pattern *pattern);

#endif

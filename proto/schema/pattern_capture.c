/* Matching with captures, within the same limits as pattern_match. */
#include "proto/schema/pattern_capture.h"

#include "proto/limits.h"
#include "proto/schema/pattern_parts.h"

unsigned pattern_groups(const struct pattern *pattern)
{
    CHECK(pattern->code != NULL);
    uint32_t count = 0;
    (void)pcre2_pattern_info(pattern->code, PCRE2_INFO_CAPTURECOUNT, &count);
    return count;
}

enum pattern_verdict pattern_capture(const struct pattern *pattern, struct pattern_scratch *scratch,
                                     struct span utf8_subject, size_t from,
                                     struct pattern_group groups[PATTERN_CAPTURES_MAX])
{
    CHECK(pattern->code != NULL);
    if (utf8_subject.len > PATTERN_SUBJECT_BYTES_MAX)
        return PATTERN_LIMIT;
    if (scratch->groups == NULL)
        scratch->groups = pcre2_match_data_create(PATTERN_CAPTURES_MAX, NULL);
    if (scratch->groups == NULL)
        return PATTERN_LIMIT;
    unsigned filled = 0;
    enum pattern_verdict verdict =
        pattern_run(pattern, scratch, utf8_subject, from, scratch->groups, &filled);
    if (verdict != PATTERN_YES)
        return verdict;
    const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(scratch->groups);
    for (unsigned i = 0; i < PATTERN_CAPTURES_MAX; i++) {
        bool is_set = i < filled && ends[2 * (size_t)i] != PCRE2_UNSET;
        groups[i].first = is_set ? ends[2 * (size_t)i] : 1;
        groups[i].last = is_set ? ends[2 * (size_t)i + 1] : 0;
    }
    return PATTERN_YES;
}

/* Any bytes as an expression and a subject, parted by the last NUL: refused, or matched the same by
 * PCRE2, by the matchers of our own, and by the linear one. */
#include <stdlib.h>

#include "proto/base/text.h"
#include "proto/limits.h"
#include "proto/schema/pattern.h"
#include "proto/schema/pattern_ecma.h"
#include "proto/schema/pattern_linear.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum pattern_verdict match_linear(struct span source, struct span subject)
{
    struct ecma_tree tree;
    struct linear *linear = NULL;
    struct linear_scratch scratch = {.memory = NULL};
    enum pattern_verdict verdict = PATTERN_LIMIT;
    CHECK(ecma_parse(source, &tree, NULL) == OK);
    if (linear_compile(&tree, &linear) == OK && linear != NULL)
        verdict = linear_match(linear, &scratch, subject);
    ecma_clear(&tree);
    linear_scratch_clear(&scratch);
    linear_free(linear);
    return verdict;
}

static void match_all_ways(const struct pattern *pattern, struct span source, struct span subject)
{
    struct pattern *general = NULL;
    struct pattern_scratch *scratch = pattern_scratch_new();
    CHECK(scratch != NULL);
    enum pattern_verdict found = pattern_match(pattern, scratch, subject);
    enum pattern_verdict linear = match_linear(source, subject);
    enum pattern_verdict expected = PATTERN_LIMIT;
    if (pattern_compile_general(source, &general, NULL) == OK)
        expected = pattern_match(general, scratch, subject);
    CHECK(found != PATTERN_LIMIT || !pattern_is_simple(pattern));
    CHECK(found == PATTERN_LIMIT || expected == PATTERN_LIMIT || found == expected);
    CHECK(found == PATTERN_LIMIT || linear == PATTERN_LIMIT || found == linear);
    pattern_free(general);
    pattern_scratch_free(scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *parting = size == 0 ? NULL : memrchr(data, 0, size);
    struct span source = span_of(data, parting == NULL ? size : (size_t)(parting - data));
    struct span subject = span_part(span_of(data, size), source.len + 1, size);
    struct pattern *pattern = NULL;
    struct why why = {0};
    enum err err = pattern_compile(source, &pattern, &why);
    if (err != OK) {
        CHECK(pattern == NULL && why.rule != NULL && why.position <= PATTERN_BYTES_MAX);
        return 0;
    }
    CHECK(pattern_check(source, NULL) == OK);
    if (text_is_utf8(subject))
        match_all_ways(pattern, source, subject);
    pattern_free(pattern);
    return 0;
}

/* Compiles an expression to a matcher of our own or to PCRE2, and matches within limits. */
#include "proto/schema/pattern.h"

#include <stdlib.h>

#include "proto/limits.h"
#include "proto/schema/pattern_ecma.h"
#include "proto/schema/pattern_parts.h"
#include "proto/schema/pattern_pcre.h"

static enum err refuse_code(int error, const struct ecma_tree *tree, struct why *why)
{
    switch (error) {
    case PCRE2_ERROR_HEAP_FAILED:
        return ERR_NO_MEMORY;
    case PCRE2_ERROR_PATTERN_TOO_LARGE:
    case PCRE2_ERROR_PATTERN_TOO_COMPLICATED:
        return why_set(why, ERR_LIMIT, "limits: an expression and its repeated groups, compiled", 0,
                       "smaller counts", NULL);
    case PCRE2_ERROR_LOOKBEHIND_NOT_FIXED_LENGTH:
    case PCRE2_ERROR_LOOKBEHIND_TOO_LONG:
        return why_set(
            why, ERR_BAD_PATTERN, "a lookbehind has one width, each of its alternatives its own",
            tree->behind_at, "no * + ? {n,m} and no back-reference inside (?<=...)", NULL);
    case PCRE2_ERROR_UNKNOWN_UNICODE_PROPERTY:
        return why_set(why, ERR_BAD_PATTERN, "a Unicode property or script that is not known here",
                       tree->property_at, NULL, NULL);
    default:
        break;
    }
    char message[96];
    (void)pcre2_get_error_message(error, (PCRE2_UCHAR *)message, sizeof(message));
    return why_set(why, ERR_BAD_PATTERN, "an expression that cannot be compiled", 0, NULL, message);
}

static enum err compile_code(const struct ecma_tree *tree, bool keep_groups, pcre2_code **out,
                             struct why *why)
{
    struct buf text;
    buf_init(&text, PATTERN_TRANSLATED_BYTES_MAX);
    pattern_pcre_append(&text, tree, keep_groups);
    enum err err = buf_check(&text);
    if (err == OK) {
        int error = 0;
        PCRE2_SIZE offset = 0;
        pcre2_code *code =
            pcre2_compile(text.len > 0 ? text.data : (PCRE2_SPTR) "", text.len,
                          PCRE2_UTF | PCRE2_NO_UTF_CHECK | PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY |
                              PCRE2_MATCH_UNSET_BACKREF | PCRE2_NEVER_BACKSLASH_C | PCRE2_NEVER_UCP,
                          &error, &offset, NULL);
        if (code == NULL)
            err = refuse_code(error, tree, why);
        else
            *out = code;
    }
    buf_clear(&text);
    return err;
}

static bool is_anchored(const pcre2_code *code)
{
    uint32_t options = 0;
    return pcre2_pattern_info(code, PCRE2_INFO_ALLOPTIONS, &options) == 0 &&
           (options & PCRE2_ANCHORED) != 0;
}

/* Where the machine has no JIT, or the expression is too large to be worth it, it is interpreted.
 */
static void compile_jit(pcre2_code *code)
{
    size_t bytes = 0;
    if (pcre2_pattern_info(code, PCRE2_INFO_SIZE, &bytes) == 0 && bytes <= PATTERN_JIT_BYTES_MAX)
        (void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
}

static enum err compile(struct span source, bool general, struct pattern **out, struct why *why)
{
    struct ecma_tree tree;
    TRY(ecma_parse(source, &tree, why));
    struct pattern *pattern = calloc(1, sizeof(*pattern));
    enum err err = pattern == NULL ? ERR_NO_MEMORY : OK;
    if (err == OK && !general)
        err = simple_recognise(&tree, &pattern->simple);
    if (err == OK && pattern->simple == NULL) {
        err = compile_code(&tree, general || tree.has_back, &pattern->code, why);
        if (err == OK) {
            pattern->anchored = is_anchored(pattern->code);
            compile_jit(pattern->code);
        }
        if (err == OK && !general)
            err = linear_compile(&tree, &pattern->linear);
    }
    ecma_clear(&tree);
    if (err == OK)
        *out = pattern;
    else
        pattern_free(pattern);
    return err;
}

enum err pattern_compile(struct span utf8_source, struct pattern **out, struct why *why)
{
    return compile(utf8_source, false, out, why);
}

enum err pattern_compile_general(struct span utf8_source, struct pattern **out, struct why *why)
{
    return compile(utf8_source, true, out, why);
}

enum err pattern_check(struct span utf8_source, struct why *why)
{
    struct ecma_tree tree;
    TRY(ecma_parse(utf8_source, &tree, why));
    ecma_clear(&tree);
    return OK;
}

void pattern_free(struct pattern *pattern)
{
    if (pattern == NULL)
        return;
    simple_free(pattern->simple);
    pcre2_code_free(pattern->code);
    linear_free(pattern->linear);
    free(pattern);
}

bool pattern_is_simple(const struct pattern *pattern)
{
    return pattern->simple != NULL;
}

struct pattern_scratch *pattern_scratch_new(void)
{
    struct pattern_scratch *scratch = calloc(1, sizeof(*scratch));
    if (scratch == NULL)
        return NULL;
    scratch->data = pcre2_match_data_create(1, NULL);
    scratch->context = pcre2_match_context_create(NULL);
    if (scratch->data == NULL || scratch->context == NULL) {
        pattern_scratch_free(scratch);
        return NULL;
    }
    (void)pcre2_set_depth_limit(scratch->context, PATTERN_BACKTRACK_DEPTH_MAX);
    (void)pcre2_set_heap_limit(scratch->context, PATTERN_HEAP_KIB_MAX);
    /* NULL where there is no JIT; then it is not asked for either. */
    scratch->jit_stack = pcre2_jit_stack_create(32 * 1024, PATTERN_JIT_STACK_BYTES_MAX, NULL);
    if (scratch->jit_stack != NULL)
        pcre2_jit_stack_assign(scratch->context, NULL, scratch->jit_stack);
    return scratch;
}

void pattern_scratch_free(struct pattern_scratch *scratch)
{
    if (scratch == NULL)
        return;
    pcre2_match_data_free(scratch->data);
    pcre2_match_data_free(scratch->groups);
    pcre2_match_context_free(scratch->context);
    pcre2_jit_stack_free(scratch->jit_stack);
    linear_scratch_clear(&scratch->linear);
    free(scratch);
}

/* PCRE2 counts its steps anew at each place where it starts, and a step may run over the whole
 * subject: steps x length, x length again without an anchor, is what a match may cost. Less of it
 * where somebody else decides then. */
static uint32_t steps_allowed(const struct pattern *pattern, size_t len)
{
    uint64_t longest = len + 64;
    uint64_t allowed = PATTERN_WORK_MAX / longest;
    if (!pattern->anchored)
        allowed /= longest;
    if (pattern->linear != NULL)
        allowed /= 16;
    uint64_t wanted = PATTERN_STEPS_BASE + PATTERN_STEPS_PER_BYTE * longest;
    return (uint32_t)(allowed < wanted ? allowed : wanted);
}

enum pattern_verdict pattern_run(const struct pattern *pattern, struct pattern_scratch *scratch,
                                 struct span subject, size_t from, pcre2_match_data *data,
                                 unsigned *count_out)
{
    uint32_t steps = steps_allowed(pattern, subject.len - from);
    if (steps < PATTERN_STEPS_MIN)
        return PATTERN_LIMIT;
    (void)pcre2_set_match_limit(scratch->context, steps);
    PCRE2_SPTR text = subject.len > 0 ? subject.data : (PCRE2_SPTR) "";
    int result = pcre2_match(pattern->code, text, subject.len, from, PCRE2_NO_UTF_CHECK, data,
                             scratch->context);
    if (result < 0)
        return result == PCRE2_ERROR_NOMATCH ? PATTERN_NO : PATTERN_LIMIT;
    *count_out = result == 0 ? pcre2_get_ovector_count(data) : (unsigned)result;
    return PATTERN_YES;
}

enum pattern_verdict pattern_match(const struct pattern *pattern, struct pattern_scratch *scratch,
                                   struct span utf8_subject)
{
    if (utf8_subject.len > PATTERN_SUBJECT_BYTES_MAX)
        return PATTERN_LIMIT;
    if (pattern->simple != NULL)
        return simple_match(pattern->simple, utf8_subject) ? PATTERN_YES : PATTERN_NO;
    unsigned ignored;
    enum pattern_verdict verdict =
        pattern_run(pattern, scratch, utf8_subject, 0, scratch->data, &ignored);
    if (verdict == PATTERN_LIMIT && pattern->linear != NULL)
        return linear_match(pattern->linear, &scratch->linear, utf8_subject);
    return verdict;
}

/* Three ways to match one expression, on generated expressions and subjects: the matchers of our
 * own, the linear one, and PCRE2 alone. They agree wherever they decide. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "proto/schema/pattern.h"
#include "proto/schema/pattern_ecma.h"
#include "proto/schema/pattern_linear.h"

enum { EXPRESSIONS = 20000, SUBJECTS = 24 };

static uint64_t seed = 20201212;

static uint32_t draw(uint32_t bound)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % bound;
}

static const char *pick(const char *const *words, size_t count)
{
    return words[draw((uint32_t)count)];
}
#define PICK(words) pick(words, sizeof(words) / sizeof((words)[0]))

static const char *const atoms[] = {
    "a",      "b",     "-",   "1",          "é",     "[ab]",     "[^a]", "[a-z]",
    "[0-9-]", "[à-ü]", "\\d", "\\w",        "\\s",   "\\S",      "\\W",  ".",
    "\\.",    "[]",    "[^]", "\\u{1F432}", "[^é1]", "[\\s\\d]", "\\n",  "[b-é]",
};
static const char *const counts[] = {"",  "",    "",      "",      "*",    "+",
                                     "?", "{2}", "{0,2}", "{1,3}", "{2,}", "+?"};
static const char *const letters[] = {"a",  "b",          "-", "1", "é", " ", ".",
                                      "\n", "\U0001F432", "ü", "z", "_", "2", "ab"};

static void append_sequence(struct buf *out, unsigned depth)
{
    unsigned terms = draw(4);
    for (unsigned i = 0; i < terms; i++) {
        unsigned kind = draw(12);
        if (kind == 0 && depth < 3) {
            buf_append_cstr(out, draw(2) == 0 ? "(" : "(?:");
            append_sequence(out, depth + 1);
            while (draw(3) == 0) {
                buf_append_byte(out, '|');
                append_sequence(out, depth + 1);
            }
            buf_append_byte(out, ')');
            buf_append_cstr(out, PICK(counts));
        } else if (kind == 1 && draw(4) == 0) {
            buf_append_cstr(out, draw(2) == 0 ? "\\b" : "\\B");
        } else {
            buf_append_cstr(out, PICK(atoms));
            buf_append_cstr(out, PICK(counts));
        }
    }
}

static void append_expression(struct buf *out)
{
    if (draw(3) > 0)
        buf_append_byte(out, '^');
    append_sequence(out, 0);
    if (draw(2) == 0)
        append_sequence(out, 0);
    if (draw(3) > 0)
        buf_append_byte(out, '$');
    if (draw(12) == 0) {
        buf_append_byte(out, '|');
        append_sequence(out, 0);
    }
}

struct tally {
    unsigned simple;
    unsigned yes;
    unsigned no;
};

static void compare(struct tally *tally, struct pattern_scratch *scratch, struct span source)
{
    struct pattern *ours = NULL;
    struct pattern *general = NULL;
    struct linear *linear = NULL;
    struct ecma_tree tree;
    assert_int_equal(pattern_compile(source, &ours, NULL), OK);
    assert_int_equal(pattern_compile_general(source, &general, NULL), OK);
    assert_int_equal(ecma_parse(source, &tree, NULL), OK);
    assert_int_equal(linear_compile(&tree, &linear), OK);
    assert_non_null(linear);
    ecma_clear(&tree);
    tally->simple += pattern_is_simple(ours);
    struct linear_scratch states = {.memory = NULL};
    for (unsigned i = 0; i < SUBJECTS; i++) {
        struct buf subject;
        buf_init(&subject, 256);
        for (unsigned k = draw(7); k > 0; k--)
            buf_append_cstr(&subject, PICK(letters));
        struct span text = buf_span(&subject);
        enum pattern_verdict expected = pattern_match(general, scratch, text);
        enum pattern_verdict found = pattern_match(ours, scratch, text);
        enum pattern_verdict other = linear_match(linear, &states, text);
        if (expected == PATTERN_LIMIT)
            expected = other;
        if (found != expected || other != expected)
            fail_msg("%.*s on \"%.*s\": PCRE2 %d, ours %d, linear %d", (int)source.len,
                     (const char *)source.data, (int)text.len, (const char *)text.data,
                     (int)expected, (int)found, (int)other);
        tally->yes += expected == PATTERN_YES;
        tally->no += expected == PATTERN_NO;
        buf_clear(&subject);
    }
    linear_scratch_clear(&states);
    linear_free(linear);
    pattern_free(ours);
    pattern_free(general);
}

static void all_matchers_agree(void **state)
{
    (void)state;
    struct tally tally = {0};
    struct pattern_scratch *scratch = pattern_scratch_new();
    for (unsigned i = 0; i < EXPRESSIONS; i++) {
        struct buf source;
        buf_init(&source, 1024);
        append_expression(&source);
        compare(&tally, scratch, buf_span(&source));
        buf_clear(&source);
    }
    pattern_scratch_free(scratch);
    /* The generator does reach what is claimed. */
    assert_true(tally.simple > EXPRESSIONS / 5);
    assert_true(tally.simple < EXPRESSIONS * 4 / 5);
    assert_true(tally.yes > EXPRESSIONS * SUBJECTS / 10);
    assert_true(tally.no > EXPRESSIONS * SUBJECTS / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_matchers_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

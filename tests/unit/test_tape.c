/* The scanner's tape, and each of its refusals with its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "proto/json/jcs.h"
#include "proto/json/tape.h"

static void tokens_say_what_where_and_what_comes_next(void **state)
{
    (void)state;
    struct span text = SPAN_LITERAL("{\"a\":[1,-2.5,true],\"b\":\"x\\ny\",\"c\":{}}");
    struct tape tape;
    tape_init(&tape);
    assert_int_equal(tape_scan(&tape, text, &tape_record_limits, NULL), OK);
    assert_int_equal(tape.count, 10);
    assert_int_equal(tape.tokens[0].type, TAPE_OBJECT);
    assert_int_equal(tape.tokens[0].count, 3);
    assert_int_equal(tape.tokens[0].next, 10);
    assert_int_equal(tape.tokens[0].length, text.len);
    uint32_t array = tape_member(&tape, text, 0, SPAN_LITERAL("a"));
    assert_int_equal(tape.tokens[array].type, TAPE_ARRAY);
    assert_int_equal(tape.tokens[array].count, 3);
    assert_true(span_is(tape_text(&tape, text, array), "[1,-2.5,true]"));
    assert_int_equal(tape.tokens[array + 1].flags, TAPE_INTEGER);
    assert_int_equal(tape.tokens[array + 2].flags, 0);
    assert_true(tape_number(&tape, text, array + 2) == -2.5);
    uint32_t string = tape_member(&tape, text, 0, SPAN_LITERAL("b"));
    assert_int_equal(tape.tokens[string].flags, TAPE_ESCAPED);
    struct buf decoded;
    buf_init(&decoded, 100);
    tape_append_decoded(&tape, text, string, &decoded);
    assert_true(span_is(buf_span(&decoded), "x\ny"));
    buf_clear(&decoded);
    assert_int_equal(tape_member(&tape, text, 0, SPAN_LITERAL("bb")), TAPE_NONE);
    assert_int_equal(tape_member(&tape, text, 0, SPAN_LITERAL("d")), TAPE_NONE);
    tape_clear(&tape);
}

struct refusal {
    const char *text;
    enum err err;
    unsigned position;
};

/* Each of these is JSON (or nearly), and none is canonical. */
static const struct refusal refusals[] = {
    {"", ERR_SYNTAX, 0},
    {" 1", ERR_NOT_CANONICAL, 0},
    {"1 ", ERR_NOT_CANONICAL, 1},
    {"1\n", ERR_NOT_CANONICAL, 1},
    {"[1, 2]", ERR_NOT_CANONICAL, 3},
    {"{\"a\" :1}", ERR_NOT_CANONICAL, 4},
    {"{\"b\":1,\"a\":2}", ERR_NOT_CANONICAL, 8},
    {"{\"a\":1,\"a\":2}", ERR_DUPLICATE_KEY, 8},
    {"{\"\xee\x80\x80\":1,\"\xf0\x90\x80\x80\":2}", ERR_NOT_CANONICAL, 10},
    {"{\"\\n\":1,\"\\b\":2}", ERR_NOT_CANONICAL, 9},
    {"1.0", ERR_NOT_CANONICAL, 0},
    {"1e2", ERR_NOT_CANONICAL, 0},
    {"1E+21", ERR_NOT_CANONICAL, 0},
    {"-0", ERR_NOT_CANONICAL, 0},
    {"0.0000001", ERR_NOT_CANONICAL, 0},
    {"9007199254740993", ERR_NOT_CANONICAL, 0},
    {"0.10000000000000001", ERR_NOT_CANONICAL, 0},
    {"1e400", ERR_BAD_NUMBER, 0},
    {"01", ERR_SYNTAX, 0},
    {"1.", ERR_SYNTAX, 0},
    {".5", ERR_SYNTAX, 0},
    {"+1", ERR_SYNTAX, 0},
    {"NaN", ERR_SYNTAX, 0},
    {"nul", ERR_SYNTAX, 0},
    {"\"\\/\"", ERR_NOT_CANONICAL, 1},
    {"\"\\u0041\"", ERR_NOT_CANONICAL, 1},
    {"\"\\u001F\"", ERR_NOT_CANONICAL, 1},
    {"\"\\u000a\"", ERR_NOT_CANONICAL, 1},
    {"\"\\ud83d\\ude00\"", ERR_NOT_CANONICAL, 1},
    {"\"\\ud83d\"", ERR_BAD_TEXT, 1},
    {"\"\\ude00\"", ERR_BAD_TEXT, 1},
    {"\"\\u00g0\"", ERR_SYNTAX, 1},
    {"\"\\x\"", ERR_SYNTAX, 1},
    {"\"\x01\"", ERR_SYNTAX, 1},
    {"\"\xc0\x80\"", ERR_BAD_TEXT, 1},
    {"\"\xed\xa0\x80\"", ERR_BAD_TEXT, 1},
    {"\"\xf4\x90\x80\x80\"", ERR_BAD_TEXT, 1},
    {"\"a\xe2\x82\"", ERR_BAD_TEXT, 2},
    {"\"open", ERR_SYNTAX, 5},
    {"{\"a\":1", ERR_SYNTAX, 6},
    {"{\"a\"}", ERR_SYNTAX, 4},
    {"{a:1}", ERR_SYNTAX, 1},
    {"{\"a\":1,}", ERR_SYNTAX, 7},
    {"[1,]", ERR_SYNTAX, 3},
    {"[1}", ERR_SYNTAX, 2},
    {"[", ERR_SYNTAX, 1},
    {"[]]", ERR_SYNTAX, 2},
    {"1,2", ERR_SYNTAX, 1},
};

static void refuses_what_is_not_canonical_and_says_where(void **state)
{
    (void)state;
    struct tape tape;
    tape_init(&tape);
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        struct why why = {.rule = NULL};
        enum err err = tape_scan(&tape, span_cstr(refusals[i].text), &tape_record_limits, &why);
        if (err != refusals[i].err || why.position != refusals[i].position || why.rule == NULL)
            fail_msg("%s: %s at %llu", refusals[i].text, err_slug(err),
                     (unsigned long long)why.position);
    }
    tape_clear(&tape);
}

static void takes_supplementary_characters_before_the_end_of_the_plane(void **state)
{
    (void)state;
    struct tape tape;
    tape_init(&tape);
    assert_int_equal(tape_scan(&tape, SPAN_LITERAL("{\"\xf0\x90\x80\x80\":1,\"\xee\x80\x80\":2}"),
                               &tape_record_limits, NULL),
                     OK);
    tape_clear(&tape);
}

static void keeps_to_its_limits(void **state)
{
    (void)state;
    struct tape tape;
    tape_init(&tape);
    const struct tape_limits limits = {.bytes_max = 12, .depth_max = 3};
    assert_int_equal(tape_scan(&tape, SPAN_LITERAL("[[[1]]]"), &limits, NULL), OK);
    struct why why;
    assert_int_equal(tape_scan(&tape, SPAN_LITERAL("[[[[1]]]]"), &limits, &why), ERR_LIMIT);
    assert_int_equal(why.position, 3);
    assert_int_equal(tape_scan(&tape, SPAN_LITERAL("[1,2,3,4,5,6]"), &limits, &why), ERR_LIMIT);

    struct jcs *jcs = jcs_new();
    struct buf out;
    buf_init(&out, 100);
    buf_append_cstr(&out, "kept");
    assert_int_equal(jcs_canonicalise(jcs, SPAN_LITERAL("[[[[1]]]]"), &limits, &out, &why),
                     ERR_LIMIT);
    assert_int_equal(jcs_canonicalise(jcs, SPAN_LITERAL("[1,2,3,4,5,6]"), &limits, &out, &why),
                     ERR_LIMIT);
    assert_true(span_is(buf_span(&out), "kept"));
    buf_clear(&out);
    jcs_free(jcs);
    tape_clear(&tape);
}

static void the_writer_names_both_ways_of_being_the_same_key(void **state)
{
    (void)state;
    struct jcs *jcs = jcs_new();
    struct buf out;
    buf_init(&out, 100);
    struct why why;
    assert_int_equal(jcs_canonicalise(jcs, SPAN_LITERAL("{ \"a\":1, \"\\u0061\":2 }"),
                                      &tape_record_limits, &out, &why),
                     ERR_DUPLICATE_KEY);
    assert_int_equal(why.position, 9);
    assert_int_equal(out.len, 0);
    assert_int_equal(
        jcs_canonicalise(jcs, SPAN_LITERAL("\"\\ud83d\""), &tape_record_limits, &out, &why),
        ERR_BAD_TEXT);
    assert_int_equal(jcs_canonicalise(jcs, SPAN_LITERAL("1e999"), &tape_record_limits, &out, &why),
                     ERR_BAD_NUMBER);
    struct buf small;
    buf_init(&small, 3);
    assert_int_equal(
        jcs_canonicalise(jcs, SPAN_LITERAL("[1,2,3]"), &tape_record_limits, &small, &why),
        ERR_LIMIT);
    assert_int_equal(jcs_canonicalise(jcs, SPAN_LITERAL("[1]"), &tape_record_limits, &small, &why),
                     OK);
    buf_clear(&small);
    buf_clear(&out);
    jcs_free(jcs);
}

static void what_was_found_can_be_printed(void **state)
{
    (void)state;
    static const struct {
        const char *found;
        const char *printed;
    } cases[] = {{"\xef", "?"},
                 {"a\xffz", "a?z"},
                 {"\n\x7f", "??"},
                 {"\xc3\xa9t\xc3\xa9", "\xc3\xa9t\xc3\xa9"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct why why;
        assert_int_equal(why_set(&why, ERR_SYNTAX, "rule", 0, NULL, cases[i].found), ERR_SYNTAX);
        assert_string_equal(why.found, cases[i].printed);
    }
    /* 94 bytes, then a character of two: it does not fit before the end. */
    char long_text[100];
    struct why why;
    memset(long_text, 'x', 94);
    memcpy(long_text + 94, "\xc3\xa9", 3);
    (void)why_set(&why, ERR_SYNTAX, "rule", 0, long_text, NULL);
    assert_int_equal(strlen(why.expected), 94);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_say_what_where_and_what_comes_next),
        cmocka_unit_test(refuses_what_is_not_canonical_and_says_where),
        cmocka_unit_test(takes_supplementary_characters_before_the_end_of_the_plane),
        cmocka_unit_test(keeps_to_its_limits),
        cmocka_unit_test(the_writer_names_both_ways_of_being_the_same_key),
        cmocka_unit_test(what_was_found_can_be_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Structured fields: read in one way only, written in one form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "proto/identity/structured.h"

static struct structured_dictionary dictionary;

static void check_written(const char *field, const char *want)
{
    struct buf out;
    buf_init(&out, 10000);
    if (structured_read_dictionary(span_cstr(field), &dictionary, NULL) != OK)
        fail_msg("%s is refused", field);
    for (unsigned i = 0; i < dictionary.count; i++) {
        if (i > 0)
            buf_append_cstr(&out, ", ");
        buf_append_span(&out, dictionary.members[i].key);
        buf_append_byte(&out, '=');
        structured_append_member(&out, &dictionary, &dictionary.members[i]);
    }
    if (!span_is(buf_span(&out), want))
        fail_msg("%s is written as %.*s", field, (int)out.len, out.data);
    buf_clear(&out);
}

/* RFC 8941, 4.1. */
static void what_is_read_is_written_in_the_one_form(void **state)
{
    (void)state;
    check_written("", "");
    check_written("  ", "");
    check_written("a=1", "a=1");
    check_written(" a=01 ,\t b=-0,c=-7", "a=1, b=0, c=-7");
    check_written("a=001.500;x, b=-1.0", "a=1.5;x, b=-1.0");
    check_written("a", "a=?1");
    check_written("a;x=?1;y=?0", "a=?1;x;y=?0");
    check_written("a=tok/en:*;q=\"a\\\"b\\\\\"", "a=tok/en:*;q=\"a\\\"b\\\\\"");
    check_written("sig=(  \"x\";a   \"y\" );created=5", "sig=(\"x\";a \"y\");created=5");
    check_written("a=(), b=:YQ==:", "a=(), b=:YQ==:");
    check_written("*a-b_c.d=999999999999999", "*a-b_c.d=999999999999999");
}

static void what_breaks_the_grammar_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"A=1",
                                      "1=1",
                                      "a=",
                                      "a=1,",
                                      "a=1,,b=1",
                                      "a=1 b=2",
                                      "a=1;;b",
                                      "a= 1",
                                      "a =1",
                                      "a=(1",
                                      "a=(1,2)",
                                      "a=(1\t2)",
                                      "a=(1\"x\")",
                                      "a=((1))",
                                      "a=\"x",
                                      "a=\"\\x\"",
                                      "a=\"\t\"",
                                      "a=\"\xc3\xa9\"",
                                      "a=:YQ",
                                      "a=:Y Q:",
                                      "a=?2",
                                      "a=?",
                                      "a=--1",
                                      "a=-",
                                      "a=1.",
                                      "a=1.1234",
                                      "a=1.2.3",
                                      "a=.5",
                                      ",a",
                                      "a\r\n",
                                      "a=1234567890123456",
                                      "a=1234567890123.1",
                                      "a=1;b=(1)",
                                      "a=@1",
                                      "a=1;B=1",
                                      "a=\"\x7f\""};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (structured_read_dictionary(span_cstr(bad[i]), &dictionary, NULL) != ERR_BAD_REQUEST)
            fail_msg("%s is read", bad[i]);
    assert_int_equal(structured_read_dictionary(SPAN_LITERAL("a=\"x\0y\""), &dictionary, NULL),
                     ERR_BAD_REQUEST);
    assert_int_equal(structured_read_dictionary(SPAN_LITERAL("a=x\0"), &dictionary, NULL),
                     ERR_BAD_REQUEST);
}

/* RFC 8941 lets the last one win; a signer and a verifier that differ in that is an attack. */
static void a_name_that_comes_twice_is_refused(void **state)
{
    (void)state;
    assert_int_equal(structured_read_dictionary(SPAN_LITERAL("a=1,b=2,a=3"), &dictionary, NULL),
                     ERR_BAD_REQUEST);
    assert_int_equal(structured_read_dictionary(SPAN_LITERAL("a=1;x=1;y;x=2"), &dictionary, NULL),
                     ERR_BAD_REQUEST);
    assert_int_equal(structured_read_dictionary(SPAN_LITERAL("a=1;x=1,b;x=2"), &dictionary, NULL),
                     OK);
}

static void members_items_and_parameters_are_bounded(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, 10000);
    for (unsigned i = 0; i <= STRUCTURED_MEMBERS_MAX; i++) {
        if (i > 0)
            buf_append_cstr(&text, ",");
        buf_append_cstr(&text, "k");
        buf_append_u64(&text, i);
        assert_int_equal(structured_read_dictionary(buf_span(&text), &dictionary, NULL),
                         i < STRUCTURED_MEMBERS_MAX ? OK : ERR_LIMIT);
    }
    buf_reset(&text);
    buf_append_cstr(&text, "a=(");
    for (unsigned i = 0; i <= STRUCTURED_ITEMS_MAX; i++)
        buf_append_cstr(&text, "1 ");
    buf_append_cstr(&text, ")");
    assert_int_equal(structured_read_dictionary(buf_span(&text), &dictionary, NULL), ERR_LIMIT);
    buf_reset(&text);
    buf_append_cstr(&text, "a");
    for (unsigned i = 0; i <= STRUCTURED_PARAMETERS_MAX; i++) {
        buf_append_cstr(&text, ";p");
        buf_append_u64(&text, i);
    }
    assert_int_equal(structured_read_dictionary(buf_span(&text), &dictionary, NULL), ERR_LIMIT);
    buf_clear(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read_is_written_in_the_one_form),
        cmocka_unit_test(what_breaks_the_grammar_is_refused),
        cmocka_unit_test(a_name_that_comes_twice_is_refused),
        cmocka_unit_test(members_items_and_parameters_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Canonical objects changed stay canonical, and keep what is not changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "proto/json/edit.h"

static const struct tape_limits limits = {1000, 8};

static void check(const char *text, const struct edit_member *changes, unsigned count,
                  const char *want)
{
    struct tape tape;
    struct buf out;
    tape_init(&tape);
    buf_init(&out, 1000);
    assert_int_equal(tape_scan(&tape, span_cstr(text), &limits, NULL), OK);
    edit_append_object(&out, &tape, span_cstr(text), 0, changes, count);
    if (!span_is(buf_span(&out), want))
        fail_msg("%.*s", (int)out.len, out.data);
    assert_int_equal(tape_scan(&tape, buf_span(&out), &limits, NULL), OK);
    tape_clear(&tape);
    buf_clear(&out);
}

static void members_are_put_in_replaced_and_left_out_in_their_order(void **state)
{
    (void)state;
    const struct edit_member in[] = {{SPAN_LITERAL("a"), SPAN_LITERAL("1")},
                                     {SPAN_LITERAL("c"), SPAN_LITERAL("\"x\"")},
                                     {SPAN_LITERAL("z"), SPAN_LITERAL("[]")}};
    check("{}", in, 3, "{\"a\":1,\"c\":\"x\",\"z\":[]}");
    check("{\"b\":\"\",\"d\":{\"a\":[1,{}]}}", in, 3,
          "{\"a\":1,\"b\":\"\",\"c\":\"x\",\"d\":{\"a\":[1,{}]},\"z\":[]}");
    check("{\"a\":{\"a\":2},\"c\":\"\\n\",\"z\":null}", in, 3, "{\"a\":1,\"c\":\"x\",\"z\":[]}");
    const struct edit_member gone[] = {{SPAN_LITERAL("a"), {NULL, 0}},
                                       {SPAN_LITERAL("c"), {NULL, 0}}};
    check("{\"a\":[[1],2],\"b\":\"\\\"\",\"c\":3}", gone, 2, "{\"b\":\"\\\"\"}");
    check("{\"a\":1}", gone, 2, "{}");
    check("{}", gone, 2, "{}");
    check("{\"b\":false}", NULL, 0, "{\"b\":false}");
}

/* RFC 8785, 3.2.3: by UTF-16, in which U+1F600 stands before U+FB33. */
static void the_order_is_that_of_canonical_keys(void **state)
{
    (void)state;
    const struct edit_member in[] = {{SPAN_LITERAL("\xf0\x9f\x98\x80"), SPAN_LITERAL("1")}};
    check("{\"\xc3\xb6\":0,\"\xef\xac\xb3\":2}", in, 1,
          "{\"\xc3\xb6\":0,\"\xf0\x9f\x98\x80\":1,\"\xef\xac\xb3\":2}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_put_in_replaced_and_left_out_in_their_order),
        cmocka_unit_test(the_order_is_that_of_canonical_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* node/import/id: stable ids for what comes from files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "node/import/id.h"
#include "proto/record/record.h"

static struct buf mapped(const char *text, enum err expected)
{
    struct buf out;
    buf_init(&out, ID_BYTES_MAX);
    assert_int_equal(import_id_from_text(span_cstr(text), &out, NULL), expected);
    return out;
}

static void expect_mapped(const char *text, const char *id)
{
    struct buf out = mapped(text, OK);
    if (!span_is(buf_span(&out), id))
        fail_msg("%s -> %.*s", text, (int)out.len, (const char *)out.data);
    assert_true(record_id_is_valid(buf_span(&out)));
    buf_clear(&out);
}

static void a_valid_id_stays(void **state)
{
    (void)state;
    expect_mapped("produits/tomates-anciennes", "produits/tomates-anciennes");
    expect_mapped("42", "42");
}

/* Digits checked with sha256sum. */
static void an_iri_becomes_a_path_and_eight_digits(void **state)
{
    (void)state;
    expect_mapped("https://ex.org/a/b?c", "ex.org/a/b/c~b9273acc");
    expect_mapped("http://ex.org/a", "ex.org/a~a8b86547");
    expect_mapped("https://ex.org/a", "ex.org/a~fc60963f");
    expect_mapped("urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66",
                  "urn-uuid-6e8bc430-9c3a-11d9-9669-0800200c9a66~a189abac");
    expect_mapped("https://ex.org/../a/./b//c/..", "ex.org/a/b/c~6a1967c1");
    expect_mapped("https://ex.org/\xc3\xa9t\xc3\xa9#frag", "ex.org/--t--/frag~587d4a6c");
    expect_mapped("https://", "~66dfeeed");
}

static void a_long_iri_is_cut(void **state)
{
    (void)state;
    char text[1024] = "https://ex.org/";
    memset(text + 15, 'a', 900);
    struct buf out = mapped(text, OK);
    assert_int_equal(out.len, 190 + 1 + 8);
    assert_true(record_id_is_valid(buf_span(&out)));
    buf_clear(&out);
}

static void refuses_what_is_neither_id_nor_iri(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "", "Tomates anciennes", "été", "/a", "a//b", "..", "#frag", "a b:c", ":a", "https:"};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf out = mapped(cases[i], ERR_BAD_ID);
        assert_int_equal(out.len, 0);
    }
}

static void expect_id(const char *body, const char *id_from, enum err expected, const char *id)
{
    struct tape tape;
    struct buf out;
    tape_init(&tape);
    buf_init(&out, ID_BYTES_MAX);
    assert_int_equal(tape_scan(&tape, span_cstr(body), &tape_record_limits, NULL), OK);
    assert_int_equal(import_id(span_cstr(body), &tape, id_from, &out, NULL), expected);
    if (!span_is(buf_span(&out), id))
        fail_msg("%s -> %.*s", body, (int)out.len, (const char *)out.data);
    buf_clear(&out);
    tape_clear(&tape);
}

static void a_field_or_pointer_names_the_id(void **state)
{
    (void)state;
    expect_id("{\"n\":7}", "n", OK, "7");
    expect_id("{\"n\":\"a/7\"}", "n", OK, "a/7");
    expect_id("{\"a/b\":\"x\"}", "a/b", OK, "x");
    expect_id("{\"a/b\":\"x\"}", "/a~1b", OK, "x");
    expect_id("{\"a~b\":\"x\"}", "/a~0b", OK, "x");
    expect_id("{\"p\":{\"list\":[1,{\"n\":\"x\"}]}}", "/p/list/1/n", OK, "x");
    expect_id("{\"\":\"x\"}", "/", OK, "x");
    expect_id("{\"d\xc3\xa9\":\"x\"}", "d\xc3\xa9", OK, "x");
}

static void refuses_a_field_that_is_no_id(void **state)
{
    (void)state;
    static const char body[] = "{\"a\":[1],\"b\":1.5,\"c\":null,\"d\":\"x y\",\"e\":{}}";
    static const char *const fields[] = {"a",  "b",    "c",    "d",    "e",      "f",
                                         "/a", "/a/1", "/a/-", "/a/x", "/a/0/x", "/b/0"};
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        expect_id(body, fields[i], ERR_BAD_ID, "");
    expect_id(body, "/a/0", OK, "1");
}

static void without_a_field_its_own_name_or_its_content_counts(void **state)
{
    (void)state;
    expect_id("{\"@id\":\"a\",\"id\":\"b\"}", NULL, OK, "a");
    expect_id("{\"id\":\"b\"}", NULL, OK, "b");
    expect_id("{\"id\":3}", NULL, OK, "3");
    expect_id("{\"@id\":\"_:b0\",\"id\":\"b\"}", NULL, OK, "b");
    expect_id("{\"a\":1}", NULL, OK, "c/AVq9f1zFei3ZS3WQ");
    expect_id("{\"id\":\"x y\"}", NULL, OK, "c/yOim8kG58ko6Yi-y");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_valid_id_stays),
        cmocka_unit_test(an_iri_becomes_a_path_and_eight_digits),
        cmocka_unit_test(a_long_iri_is_cut),
        cmocka_unit_test(refuses_what_is_neither_id_nor_iri),
        cmocka_unit_test(a_field_or_pointer_names_the_id),
        cmocka_unit_test(refuses_a_field_that_is_no_id),
        cmocka_unit_test(without_a_field_its_own_name_or_its_content_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

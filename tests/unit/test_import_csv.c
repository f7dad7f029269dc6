/* node/import/csv_rows: rows as objects of strings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <unistd.h>

#include "node/import/source.h"
#include "tests/lib/import_text.h"

static struct import_source *open_csv(const char *text, int *fd_out)
{
    struct import_source *source = NULL;
    struct import_options options = {.format = IMPORT_CSV};
    *fd_out = import_text_file(text, strlen(text));
    assert_int_equal(import_open(*fd_out, &options, &source, NULL), OK);
    return source;
}

/* What the rows give, each with a newline; a refused one as "!slug@line". */
static void expect_rows(const char *text, const char *expected)
{
    int fd;
    struct import_source *source = open_csv(text, &fd);
    struct import_place place;
    struct buf all;
    buf_init(&all, IMPORT_ITEM_BYTES_MAX);
    enum err err;
    while ((err = import_next(source, &all, &place, NULL)) != ERR_NOT_FOUND) {
        if (err != OK) {
            buf_append_byte(&all, '!');
            buf_append_cstr(&all, err_slug(err));
            buf_append_byte(&all, '@');
            buf_append_u64(&all, place.line);
        }
        buf_append_byte(&all, '\n');
    }
    buf_append_byte(&all, '\0');
    assert_string_equal((const char *)all.data, expected);
    buf_clear(&all);
    import_close(source);
    (void)close(fd);
}

static void rows_become_objects_of_strings(void **state)
{
    (void)state;
    expect_rows("id,prix\n1,2.50\n2,\n", "{\"id\":\"1\",\"prix\":\"2.50\"}\n"
                                         "{\"id\":\"2\",\"prix\":\"\"}\n");
}

static void the_delimiter_is_found_in_the_header(void **state)
{
    (void)state;
    expect_rows("a;b\n1,5;2\n", "{\"a\":\"1,5\",\"b\":\"2\"}\n");
    expect_rows("a\tb\n1\t2;3,4\n", "{\"a\":\"1\",\"b\":\"2;3,4\"}\n");
    expect_rows("\"a;;;;\",b\n1,2\n", "{\"a;;;;\":\"1\",\"b\":\"2\"}\n");
}

static void quotes_hold_delimiters_quotes_and_newlines(void **state)
{
    (void)state;
    expect_rows("a,b\r\n\"x,y\",\"l'\"\"été\"\"\nest là\"\r\n\r\n3,4",
                "{\"a\":\"x,y\",\"b\":\"l'\\\"été\\\"\\nest là\"}\n"
                "{\"a\":\"3\",\"b\":\"4\"}\n");
}

static void spaces_stay(void **state)
{
    (void)state;
    expect_rows("a,b\n x , y\n", "{\"a\":\" x \",\"b\":\" y\"}\n");
}

static void a_row_of_another_width_is_refused_with_its_line(void **state)
{
    (void)state;
    expect_rows("a,b\n1,\"2\n2\"\n1\n1,2,3\n4,5\n", "{\"a\":\"1\",\"b\":\"2\\n2\"}\n"
                                                    "!syntax@4\n"
                                                    "!syntax@5\n"
                                                    "{\"a\":\"4\",\"b\":\"5\"}\n");
}

static void a_stray_quote_costs_one_row(void **state)
{
    (void)state;
    expect_rows("a,b\n1,5\" pipe\n2,\"x\"y\n3,4\n", "!syntax@2\n!syntax@3\n"
                                                    "{\"a\":\"3\",\"b\":\"4\"}\n");
}

static void a_quote_never_closed_is_refused_where_its_row_begins(void **state)
{
    (void)state;
    expect_rows("a,b\n1,2\n3,\"4\n5,6\n", "{\"a\":\"1\",\"b\":\"2\"}\n!syntax@3\n");
}

static void text_that_is_not_utf8_is_refused(void **state)
{
    (void)state;
    expect_rows("a\nEpic\xe9"
                "a\nok\n\xed\xa0\x80\n\xf4\x90\x80\x80\n\xc0\xaf\n\xf0\x9f\x8d\x85\n",
                "!bad-text@2\n{\"a\":\"ok\"}\n!bad-text@4\n!bad-text@5\n!bad-text@6\n"
                "{\"a\":\"\xf0\x9f\x8d\x85\"}\n");
}

static void columns_without_a_name_of_their_own_are_numbered(void **state)
{
    (void)state;
    expect_rows("type,,type\n1,2,3\n",
                "{\"type\":\"1\",\"(column 2)\":\"2\",\"type (column 3)\":\"3\"}\n");
}

static void an_empty_file_has_no_rows(void **state)
{
    (void)state;
    expect_rows("", "");
    expect_rows("\n\n", "");
    expect_rows("a,b\n", "");
}

static void the_refusal_names_column_and_remedy(void **state)
{
    (void)state;
    int fd;
    struct import_source *source = open_csv("a,b\n1,\xe9\n", &fd);
    struct import_place place;
    struct why why;
    struct buf item;
    buf_init(&item, IMPORT_ITEM_BYTES_MAX);
    assert_int_equal(import_next(source, &item, &place, &why), ERR_BAD_TEXT);
    assert_non_null(strstr(why.rule, "--encoding latin1"));
    assert_string_equal(why.found, "byte 0xe9 in column 2");
    import_close(source);
    (void)close(fd);
}

static void a_header_that_is_not_utf8_is_refused_at_once(void **state)
{
    (void)state;
    struct import_source *source;
    struct import_options options = {.format = IMPORT_CSV};
    int fd = import_text_file("pr\xe9nom\nx\n", 8);
    assert_int_equal(import_open(fd, &options, &source, NULL), ERR_BAD_TEXT);
    (void)close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_become_objects_of_strings),
        cmocka_unit_test(the_delimiter_is_found_in_the_header),
        cmocka_unit_test(quotes_hold_delimiters_quotes_and_newlines),
        cmocka_unit_test(spaces_stay),
        cmocka_unit_test(a_row_of_another_width_is_refused_with_its_line),
        cmocka_unit_test(a_stray_quote_costs_one_row),
        cmocka_unit_test(a_quote_never_closed_is_refused_where_its_row_begins),
        cmocka_unit_test(text_that_is_not_utf8_is_refused),
        cmocka_unit_test(columns_without_a_name_of_their_own_are_numbered),
        cmocka_unit_test(an_empty_file_has_no_rows),
        cmocka_unit_test(the_refusal_names_column_and_remedy),
        cmocka_unit_test(a_header_that_is_not_utf8_is_refused_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

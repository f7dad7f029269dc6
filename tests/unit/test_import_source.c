/* node/import/source: files of every format as a stream of objects. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "node/import/source.h"
#include "tests/lib/import_text.h"

#define ITEMS_MAX 16

struct outcome {
    char *items[ITEMS_MAX]; /* "" where refused */
    enum err errs[ITEMS_MAX];
    struct import_place places[ITEMS_MAX];
    struct why whys[ITEMS_MAX];
    size_t count;
    bool cut_short;
    enum import_format format;
};

static void read_all(int fd, const struct import_options *options, struct outcome *out)
{
    struct import_source *source;
    struct buf item;
    buf_init(&item, IMPORT_ITEM_BYTES_MAX);
    *out = (struct outcome){.count = 0};
    assert_int_equal(import_open(fd, options, &source, NULL), OK);
    for (;;) {
        size_t i = out->count;
        assert_true(i < ITEMS_MAX);
        buf_reset(&item);
        enum err err = import_next(source, &item, &out->places[i], &out->whys[i]);
        if (err == ERR_NOT_FOUND)
            break;
        if (err != OK)
            assert_int_equal(item.len, 0);
        out->errs[i] = err;
        out->items[i] = strndup(item.len == 0 ? "" : (const char *)item.data, item.len);
        out->count++;
    }
    /* The end stays the end. */
    struct import_place place;
    assert_int_equal(import_next(source, &item, &place, NULL), ERR_NOT_FOUND);
    out->cut_short = import_is_cut_short(source);
    out->format = import_source_format(source);
    import_close(source);
    buf_clear(&item);
    (void)close(fd);
}

static struct outcome outcome_of(const char *text, const char *name)
{
    struct outcome out;
    struct import_options options = {.name = name, .containers = true};
    read_all(import_text_file(text, strlen(text)), &options, &out);
    return out;
}

static void clear(struct outcome *out)
{
    for (size_t i = 0; i < out->count; i++)
        free(out->items[i]);
}

static void expect_items(const char *text, const char *name, size_t count, const char *const *items)
{
    struct outcome out = outcome_of(text, name);
    assert_int_equal(out.count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(out.errs[i], OK);
        assert_string_equal(out.items[i], items[i]);
        assert_int_equal(out.places[i].number, i + 1);
    }
    assert_false(out.cut_short);
    clear(&out);
}

static void one_object_is_one_item(void **state)
{
    (void)state;
    expect_items(" {\"a\": [1, \"}\\\"\"]}\n", "x.json", 1,
                 (const char *[]){"{\"a\": [1, \"}\\\"\"]}"});
}

static void an_array_gives_its_items(void **state)
{
    (void)state;
    expect_items("[{\"a\":1} ,\n {\"b\":[]}]", "x.json", 2,
                 (const char *[]){"{\"a\":1}", "{\"b\":[]}"});
    expect_items("[]", "x.json", 0, NULL);
    expect_items("", "x.json", 0, NULL);
}

static void lines_are_items_and_empty_lines_are_not(void **state)
{
    (void)state;
    expect_items("{\"a\":1}\r\n\n{\"b\":2}", "x.ndjson", 2,
                 (const char *[]){"{\"a\":1}\r", "{\"b\":2}"});
    expect_items("{\"a\":1}\n{\"b\":2}\n", NULL, 2, (const char *[]){"{\"a\":1}", "{\"b\":2}"});
}

static void the_format_shows_in_the_content(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum import_format format;
    } cases[] = {
        {"{\"a\":1}\n{\"b\":2}\n", IMPORT_NDJSON},
        {"{\n\"a\":1}\n", IMPORT_JSON},
        {"[{}]", IMPORT_JSON},
        {"id;name\n1;x\n", IMPORT_CSV},
        {"{\"type\": \"FeatureCollection\", \"features\":[]}", IMPORT_GEOJSON},
        {"{\"@context\":\"https://ex.org\",\"@graph\":[]}", IMPORT_JSONLD},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct outcome out = outcome_of(cases[i].text, NULL);
        assert_int_equal(out.format, cases[i].format);
        clear(&out);
    }
}

static void features_are_items_wherever_they_stand(void **state)
{
    (void)state;
    const char *items[] = {"{\"type\":\"Feature\",\"id\":1}", "{\"type\":\"Feature\",\"id\":2}"};
    expect_items("{\"features\":[{\"type\":\"Feature\",\"id\":1}, {\"type\":\"Feature\",\"id\":2}],"
                 "\"type\":\"FeatureCollection\"}",
                 "x.geojson", 2, items);
    expect_items("{\"type\":\"FeatureCollection\",\"bbox\":[1,2,3,4],\"note\":{\"features\":[7]},"
                 "\"features\":[{\"type\":\"Feature\",\"id\":1},{\"type\":\"Feature\",\"id\":2}]}",
                 "x.geojson", 2, items);
    expect_items("{\"type\":\"Feature\",\"id\":1}", "x.geojson", 1, items);
}

static void graph_members_carry_the_context(void **state)
{
    (void)state;
    const char *items[] = {"{\"@context\":\"https://ex.org/c\",\"@id\":\"a\"}",
                           "{\"@context\":{},\"@id\":\"b\"}",
                           "{\"@context\":\"https://ex.org/c\"}"};
    expect_items("{\"@context\":\"https://ex.org/c\",\"@graph\":[{\"@id\":\"a\"},"
                 "{\"@context\":{},\"@id\":\"b\"},{ }]}",
                 "x.jsonld", 3, items);
    /* The order of members means nothing in JSON. */
    expect_items("{\"@graph\":[{\"@id\":\"a\"},{\"@context\":{},\"@id\":\"b\"},{}],"
                 "\"@context\":\"https://ex.org/c\"}",
                 "x.jsonld", 3, items);
}

static void a_document_without_graph_is_one_item(void **state)
{
    (void)state;
    expect_items("{\"@context\":{},\"@id\":\"a\",\"@graph\":{\"b\":1}}", "x.jsonld", 1,
                 (const char *[]){"{\"@context\":{},\"@id\":\"a\",\"@graph\":{\"b\":1}}"});
    expect_items("[{\"@id\":\"a\"},{\"@id\":\"b\"}]", "x.jsonld", 2,
                 (const char *[]){"{\"@id\":\"a\"}", "{\"@id\":\"b\"}"});
}

static void publish_takes_a_document_whole(void **state)
{
    (void)state;
    const char *text = "{\"@context\":\"c\",\"@graph\":[{},{}]}";
    struct import_options options = {.name = "x.jsonld", .containers = false};
    struct outcome out;
    read_all(import_text_file(text, strlen(text)), &options, &out);
    assert_int_equal(out.count, 1);
    assert_string_equal(out.items[0], text);
    clear(&out);
}

static void a_pipe_gives_what_a_file_gives(void **state)
{
    (void)state;
    const char *text = "{\"@graph\":[{\"@id\":\"a\"}],\"@context\":\"c\"}";
    struct import_options options = {.format = IMPORT_JSONLD};
    struct outcome out;
    read_all(import_text_pipe(text, strlen(text)), &options, &out);
    assert_int_equal(out.count, 1);
    assert_string_equal(out.items[0], "{\"@context\":\"c\",\"@id\":\"a\"}");
    clear(&out);
}

static void refuses_a_context_too_large_to_repeat(void **state)
{
    (void)state;
    char *text = NULL;
    char *long_word = calloc(1, IMPORT_CONTEXT_BYTES_MAX + 1);
    memset(long_word, 'x', IMPORT_CONTEXT_BYTES_MAX);
    assert_true(asprintf(&text,
                         "{\"@context\":{\"%s\":1},\"@graph\":[{\"@id\":\"a\"},"
                         "{\"@context\":1}]}",
                         long_word) > 0);
    struct outcome out = outcome_of(text, "x.jsonld");
    assert_int_equal(out.count, 2);
    assert_int_equal(out.errs[0], ERR_LIMIT);
    assert_int_equal(out.errs[1], OK);
    clear(&out);
    free(text);
    free(long_word);
}

static void a_bad_item_has_its_place_and_the_next_is_read(void **state)
{
    (void)state;
    struct outcome out = outcome_of("[{\"a\":1},\n 7,\n\n{\"b\":2}]", "x.json");
    assert_int_equal(out.count, 3);
    assert_int_equal(out.errs[1], ERR_SYNTAX);
    assert_int_equal(out.places[1].line, 2);
    assert_int_equal(out.places[1].offset, 11);
    assert_int_equal(out.errs[2], OK);
    assert_int_equal(out.places[2].line, 4);
    assert_int_equal(out.places[2].number, 3);
    assert_false(out.cut_short);
    clear(&out);
}

/* A text broken in one place: so many items come out, the last refusal is this one. */
static void expect_cut(const char *text, const char *name, size_t sound, uint64_t offset)
{
    struct outcome out = outcome_of(text, name);
    assert_int_equal(out.count, sound + 1);
    for (size_t i = 0; i < sound; i++)
        assert_int_equal(out.errs[i], OK);
    assert_int_equal(out.errs[sound], ERR_SYNTAX);
    assert_int_equal(out.whys[sound].position, offset);
    assert_true(out.cut_short);
    clear(&out);
}

static void a_broken_document_is_cut_short_with_the_place(void **state)
{
    (void)state;
    expect_cut("[{\"a\":1},{\"b\":", "x.json", 1, 14);
    expect_cut("[{\"a\":1}", "x.json", 1, 8);
    expect_cut("[{\"a\":1},]", "x.json", 1, 9);
    expect_cut("[{\"a\":1} {\"b\":2}]", "x.json", 1, 9);
    expect_cut("[{\"a\":[1}},{}]", "x.json", 0, 8);
    expect_cut("[{}] x", "x.json", 1, 5);
    expect_cut("{} {}", "x.json", 0, 3);
    expect_cut("[{\"a\":\"x}]", "x.json", 0, 10);
    expect_cut("{\"type\":\"FeatureCollection\",\"features\":[{},{}", "x.geojson", 2, 45);
    expect_cut("{\"features\":[{}],\"type\" 1}", "x.geojson", 1, 24);
    expect_cut("{\"features\":[{}],\"features\":[{}]}", "x.geojson", 1, 29);
    expect_cut("{\"features\":[{}]", "x.geojson", 1, 16);
}

static void deep_brackets_end_the_import(void **state)
{
    (void)state;
    char text[IMPORT_NESTING_MAX + 2];
    memset(text, '[', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    struct outcome out = outcome_of(text, "x.json");
    assert_int_equal(out.count, 1);
    assert_int_equal(out.errs[0], ERR_SYNTAX); /* an item that is an array, cut */
    clear(&out);
    char deeper[IMPORT_NESTING_MAX + 4];
    memset(deeper, '[', sizeof(deeper));
    deeper[sizeof(deeper) - 1] = '\0';
    out = outcome_of(deeper, "x.json");
    assert_int_equal(out.count, 1);
    assert_int_equal(out.errs[0], ERR_LIMIT);
    assert_true(out.cut_short);
    clear(&out);
}

static char *with_long_middle(const char *before, const char *after)
{
    size_t middle = IMPORT_ITEM_BYTES_MAX + 5;
    char *text = malloc(strlen(before) + middle + strlen(after) + 1);
    memcpy(text, before, strlen(before));
    memset(text + strlen(before), 'x', middle);
    memcpy(text + strlen(before) + middle, after, strlen(after) + 1);
    return text;
}

static void an_item_too_long_is_stepped_over(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"[{\"a\":1},{\"b\":\"", "\"},{\"c\":3}]", "x.json"},
        {"{\"a\":1}\n{\"b\":\"", "\"}\n{\"c\":3}\n", "x.ndjson"},
        {"a,b\n1,2\n3,", ",4\n5,6\n", "x.csv"},
    };
    for (size_t i = 0; i < 2; i++) {
        char *text = with_long_middle(cases[i][0], cases[i][1]);
        struct outcome out = outcome_of(text, cases[i][2]);
        assert_int_equal(out.count, 3);
        assert_int_equal(out.errs[0], OK);
        assert_int_equal(out.errs[1], ERR_LIMIT);
        assert_int_equal(out.errs[2], OK);
        assert_string_equal(out.items[2], "{\"c\":3}");
        clear(&out);
        free(text);
    }
}

static void a_field_too_long_ends_a_csv_file(void **state)
{
    (void)state;
    char *text = with_long_middle("a,b\n1,2\n3,\"", "\"\n5,6\n");
    struct outcome out = outcome_of(text, "x.csv");
    assert_int_equal(out.count, 2);
    assert_int_equal(out.errs[0], OK);
    assert_int_equal(out.errs[1], ERR_LIMIT);
    assert_true(out.cut_short);
    clear(&out);
    free(text);
}

static void a_byte_order_mark_is_taken_off(void **state)
{
    (void)state;
    expect_items("\xef\xbb\xbf{\"a\":1}", "x.json", 1, (const char *[]){"{\"a\":1}"});
    expect_items("\xef\xbb\xbf"
                 "a\n1\n",
                 "x.csv", 1, (const char *[]){"{\"a\":\"1\"}"});
}

static void refuses_utf16(void **state)
{
    (void)state;
    int fd = import_text_file("\xff\xfe{\0}\0", 6);
    struct import_options options = {.name = "x.json"};
    struct import_source *source;
    struct import_place place;
    struct buf item;
    buf_init(&item, IMPORT_ITEM_BYTES_MAX);
    assert_int_equal(import_open(fd, &options, &source, NULL), OK);
    assert_int_equal(import_next(source, &item, &place, NULL), ERR_BAD_TEXT);
    assert_int_equal(import_next(source, &item, &place, NULL), ERR_NOT_FOUND);
    import_close(source);
    (void)close(fd);
}

static void latin1_becomes_utf8(void **state)
{
    (void)state;
    struct import_options options = {.name = "x.csv", .latin1 = true};
    struct outcome out;
    const char *text = "nom\nEpic\xe9"
                       "a \x80 \x9c\n";
    read_all(import_text_file(text, strlen(text)), &options, &out);
    assert_int_equal(out.count, 1);
    assert_string_equal(out.items[0], "{\"nom\":\"Epicéa € œ\"}");
    clear(&out);
}

static void a_folder_is_an_error_and_not_a_file(void **state)
{
    (void)state;
    struct import_options options = {.format = IMPORT_JSON};
    struct import_source *source;
    struct import_place place;
    struct buf item;
    buf_init(&item, IMPORT_ITEM_BYTES_MAX);
    assert_int_equal(import_open(-1, &options, &source, NULL), OK);
    assert_int_equal(import_next(source, &item, &place, NULL), ERR_IO);
    assert_true(import_is_cut_short(source));
    import_close(source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_object_is_one_item),
        cmocka_unit_test(an_array_gives_its_items),
        cmocka_unit_test(lines_are_items_and_empty_lines_are_not),
        cmocka_unit_test(the_format_shows_in_the_content),
        cmocka_unit_test(features_are_items_wherever_they_stand),
        cmocka_unit_test(graph_members_carry_the_context),
        cmocka_unit_test(a_document_without_graph_is_one_item),
        cmocka_unit_test(publish_takes_a_document_whole),
        cmocka_unit_test(a_pipe_gives_what_a_file_gives),
        cmocka_unit_test(refuses_a_context_too_large_to_repeat),
        cmocka_unit_test(a_bad_item_has_its_place_and_the_next_is_read),
        cmocka_unit_test(a_broken_document_is_cut_short_with_the_place),
        cmocka_unit_test(deep_brackets_end_the_import),
        cmocka_unit_test(an_item_too_long_is_stepped_over),
        cmocka_unit_test(a_field_too_long_ends_a_csv_file),
        cmocka_unit_test(a_byte_order_mark_is_taken_off),
        cmocka_unit_test(refuses_utf16),
        cmocka_unit_test(latin1_becomes_utf8),
        cmocka_unit_test(a_folder_is_an_error_and_not_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

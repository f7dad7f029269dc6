/* The record line: what is read, what is refused and why, what is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "proto/record/record.h"

#define GOOD                                                                                       \
    "{\"audience\":\"public\",\"body\":{\"nom\":\"Tomates\"},\"id\":\"products/tomates\","         \
    "\"license\":\"CC-BY-SA-4.0\",\"nonce\":\"AAAAAAAAAAAAAAAAAAAAAA\",\"op\":\"put\","            \
    "\"schema\":\"food/product@1\",\"time\":\"2026-11-23T18:00:00Z\"}"
#define GOOD_DELETE                                                                                \
    "{\"audience\":\"commons\",\"id\":\"a\",\"nonce\":\"AAAAAAAAAAAAAAAAAAAAAA\","                 \
    "\"op\":\"delete\",\"time\":\"2026-11-23T18:00:00Z\"}"

static enum err read_text(const char *text, struct record *out, struct why *why)
{
    struct tape tape;
    tape_init(&tape);
    enum err err = record_read(span_cstr(text), &tape, out, why);
    tape_clear(&tape);
    return err;
}

/* text with the first `from` in it replaced; the caller frees. */
static char *replaced(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    assert_non_null(at);
    size_t before = (size_t)(at - text);
    size_t after = strlen(at + strlen(from));
    char *out = malloc(before + strlen(to) + after + 1);
    assert_non_null(out);
    memcpy(out, text, before);
    memcpy(out + before, to, strlen(to));
    memcpy(out + before + strlen(to), at + strlen(from), after + 1);
    return out;
}

static enum err read_replaced(const char *text, const char *from, const char *to)
{
    char *changed = replaced(text, from, to);
    struct record record;
    enum err err = read_text(changed, &record, NULL);
    free(changed);
    return err;
}

static void reads_every_field_of_a_record(void **state)
{
    (void)state;
    struct record record;
    const char *line = GOOD;
    assert_int_equal(read_text(line, &record, NULL), OK);
    assert_true(span_is(record.id, "products/tomates"));
    assert_true(span_is(record.audience_text, "public"));
    assert_true(span_is(record.schema, "food/product@1"));
    assert_true(span_is(record.license, "CC-BY-SA-4.0"));
    assert_true(span_is(record.time_text, "2026-11-23T18:00:00Z"));
    assert_true(span_is(record.body, "{\"nom\":\"Tomates\"}"));
    assert_int_equal(record.time_ms, UINT64_C(1795456800000));
    assert_int_equal(record.op, RECORD_PUT);
    assert_int_equal(record.audience, AUDIENCE_PUBLIC);
    assert_ptr_equal(record.line.data, line);
}

static void reads_a_delete_without_body_schema_and_license(void **state)
{
    (void)state;
    struct record record;
    assert_int_equal(read_text(GOOD_DELETE, &record, NULL), OK);
    assert_int_equal(record.op, RECORD_DELETE);
    assert_int_equal(record.body.len, 0);
    assert_int_equal(record.body_token, TAPE_NONE);
    assert_int_equal(record.license.len, 0);
    assert_int_equal(read_replaced(GOOD_DELETE, "delete", "erase"), OK);
}

static void gives_a_body_of_any_type_as_it_stands(void **state)
{
    (void)state;
    static const char *const bodies[] = {"[]",  "12.5", "null", "true", "\"un \\\"mot\\\"\"",
                                         "\"\""};
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        char *text = replaced(GOOD, "{\"nom\":\"Tomates\"}", bodies[i]);
        struct record record;
        assert_int_equal(read_text(text, &record, NULL), OK);
        assert_true(span_is(record.body, bodies[i]));
        free(text);
    }
}

static void keeps_members_that_it_does_not_know(void **state)
{
    (void)state;
    assert_int_equal(read_replaced(GOOD, "\"id\"", "\"bogus\":{\"id\":1},\"id\""), OK);
    assert_int_equal(read_replaced(GOOD, "\"audience\"", "\"aaa\":[1],\"audience\""), OK);
    assert_int_equal(read_replaced(GOOD, "00Z\"}", "00Z\",\"zzz\":null}"), OK);
    assert_int_equal(read_replaced(GOOD, "\"id\"", "\"consent\":{},\"id\""), OK);
}

static void refuses_a_record_wrong_in_one_place(void **state)
{
    (void)state;
    static const struct {
        const char *from;
        const char *to;
        enum err err;
    } cases[] = {
        {"\"audience\":\"public\",", "", ERR_BAD_RECORD},
        {"\"public\"", "\"everyone\"", ERR_BAD_RECORD},
        {"\"public\"", "[\"public\"]", ERR_BAD_RECORD},
        {"\"public\"", "\"circle:\"", ERR_BAD_RECORD},
        {"\"public\"", "\"circle:a/b\"", ERR_BAD_RECORD},
        {"\"public\"", "\"\"", ERR_BAD_RECORD},
        {"\"body\":{\"nom\":\"Tomates\"},", "", ERR_BAD_RECORD},
        {"\"id\":\"products/tomates\",", "", ERR_BAD_ID},
        {"products/tomates", "", ERR_BAD_ID},
        {"products/tomates", "products//tomates", ERR_BAD_ID},
        {"products/tomates", "products/../tomates", ERR_BAD_ID},
        {"products/tomates", "tomates\\n", ERR_BAD_ID},
        {"\"products/tomates\"", "1", ERR_BAD_ID},
        {"CC-BY-SA-4.0", "", ERR_BAD_RECORD},
        {"CC-BY-SA-4.0", "é", ERR_BAD_RECORD},
        {"CC-BY-SA-4.0", "a\\\\b", ERR_BAD_RECORD},
        {"\"CC-BY-SA-4.0\"", "{}", ERR_BAD_RECORD},
        {"\"nonce\":\"AAAAAAAAAAAAAAAAAAAAAA\",", "", ERR_BAD_RECORD},
        {"AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAA", ERR_BAD_RECORD},
        {"AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAA", ERR_BAD_RECORD},
        {"AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAA+", ERR_BAD_RECORD},
        {"\"op\":\"put\",", "", ERR_BAD_RECORD},
        {"\"put\"", "\"patch\"", ERR_BAD_RECORD},
        {"\"put\"", "\"delete\"", ERR_BAD_RECORD}, /* with a body */
        {"\"schema\":\"food/product@1\",", "", ERR_BAD_RECORD},
        {"food/product@1", "food/product@0", ERR_BAD_RECORD},
        {"food/product@1", "food/product", ERR_BAD_RECORD},
        {",\"time\":\"2026-11-23T18:00:00Z\"", "", ERR_BAD_RECORD},
        {"18:00:00Z", "18:00:00+00:00", ERR_BAD_RECORD},
        {"\"license\"", "\"consent\":[],\"license\"", ERR_NOT_CANONICAL},
        {"\"id\"", "\"consent\":[],\"id\"", ERR_BAD_RECORD},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(read_replaced(GOOD, cases[i].from, cases[i].to), cases[i].err);
    assert_int_equal(read_replaced(GOOD_DELETE, "\"time\"", "\"schema\":\"x\",\"time\""),
                     ERR_BAD_RECORD);
}

static void refuses_every_beginning_of_a_record(void **state)
{
    (void)state;
    struct tape tape;
    tape_init(&tape);
    struct record record;
    struct span whole = SPAN_LITERAL(GOOD);
    for (size_t len = 0; len < whole.len; len++)
        assert_int_not_equal(record_read(span_of(whole.data, len), &tape, &record, NULL), OK);
    tape_clear(&tape);
}

static void refuses_what_is_not_an_object(void **state)
{
    (void)state;
    static const char *const texts[] = {"[]", "1", "\"audience\"", "null"};
    struct record record;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_int_equal(read_text(texts[i], &record, NULL), ERR_BAD_RECORD);
    assert_int_equal(read_text("{}", &record, NULL), ERR_BAD_ID);
}

static void says_which_field_and_where(void **state)
{
    (void)state;
    struct record record;
    struct why why;
    char *text = replaced(GOOD, "\"put\"", "\"patch\"");
    assert_int_equal(read_text(text, &record, &why), ERR_BAD_RECORD);
    assert_non_null(strstr(why.rule, "op"));
    assert_int_equal(why.position, (size_t)(strstr(text, "patch") - text));
    free(text);
}

static void knows_valid_ids(void **state)
{
    (void)state;
    static const char *const good[] = {"a", "a/b", ".a", "...", "a/...", "-", "~", "A.b_c~d-e/9"};
    static const char *const bad[] = {"",    ".",     "..",   "/",    "a/", "/a",  "a//b",
                                      "a b", "a/./b", "a/..", "../a", "é",  "a\"", "a:b"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(record_id_is_valid(span_cstr(good[i])));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(record_id_is_valid(span_cstr(bad[i])));
    char longest[ID_BYTES_MAX + 1];
    memset(longest, 'x', sizeof(longest));
    assert_true(record_id_is_valid(span_of(longest, ID_BYTES_MAX)));
    assert_false(record_id_is_valid(span_of(longest, ID_BYTES_MAX + 1)));
}

static void knows_valid_bytes_of_ids(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        bool allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       (c != 0 && strchr("._~/-", (int)c) != NULL);
        uint8_t id[3] = {'a', (uint8_t)c, 'a'};
        assert_int_equal(record_id_is_valid(span_of(id, sizeof(id))), allowed);
    }
}

static void knows_valid_schemas(void **state)
{
    (void)state;
    static const char *const good[] = {"a/b@1", "food/product@12", "a-1/b-2@999999999"};
    static const char *const bad[] = {"",       "a",       "a/b",    "a/b@",    "/b@1",
                                      "a/@1",   "a/b@0",   "a/b@01", "A/b@1",   "a/b/c@1",
                                      "a/b@1x", "a/b@1@2", "a@1/b",  "a b/c@1", "a/b@1000000000"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(record_schema_is_valid(span_cstr(good[i])));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(record_schema_is_valid(span_cstr(bad[i])));
}

static void knows_the_audiences(void **state)
{
    (void)state;
    enum record_audience audience;
    assert_int_equal(record_audience_read(SPAN_LITERAL("commons"), &audience), OK);
    assert_int_equal(audience, AUDIENCE_COMMONS);
    assert_int_equal(record_audience_read(SPAN_LITERAL("private"), &audience), OK);
    assert_int_equal(audience, AUDIENCE_PRIVATE);
    assert_int_equal(record_audience_read(SPAN_LITERAL("circle:voisins"), &audience), OK);
    assert_int_equal(audience, AUDIENCE_CIRCLE);
    char text[AUDIENCE_BYTES_MAX + 1];
    memset(text, 'x', sizeof(text));
    memcpy(text, "circle:", 7);
    assert_int_equal(record_audience_read(span_of(text, AUDIENCE_BYTES_MAX), &audience), OK);
    assert_int_equal(record_audience_read(span_of(text, sizeof(text)), &audience), ERR_BAD_RECORD);
}

static void reads_times_of_rfc_3339_in_utc(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t ms;
    } good[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01T00:00:00.001Z", 1},
        {"2000-02-29T12:34:56Z", UINT64_C(951827696000)},
        {"2024-02-29T23:59:59.999999999Z", UINT64_C(1709251199999)},
        {"2016-12-31T23:59:60Z", UINT64_C(1483228800000)},
        {"9999-12-31T23:59:59.9Z", UINT64_C(253402300799900)},
    };
    static const char *const bad[] = {
        "",
        "2026-11-23",
        "1969-12-31T23:59:59Z",
        "2023-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "2026-00-10T00:00:00Z",
        "2026-13-10T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-04-00T00:00:00Z",
        "2026-04-01T24:00:00Z",
        "2026-04-01T00:60:00Z",
        "2026-04-01T00:00:60Z",
        "2026-04-01T00:00:61Z",
        "2026-04-01t00:00:00Z",
        "2026-04-01T00:00:00z",
        "2026-04-01 00:00:00Z",
        "2026-04-01T00:00:00.Z",
        "2026-04-01T00:00:00,5Z",
        "2026-04-01T00:00:00.1234567890Z",
        "2026-04-01T00:00:0Z",
        "2026-04-01T00:00:00-01:00",
        "+026-04-01T00:00:00Z",
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        char *text = replaced(GOOD, "2026-11-23T18:00:00Z", good[i].text);
        struct record record;
        assert_int_equal(read_text(text, &record, NULL), OK);
        assert_int_equal(record.time_ms, good[i].ms);
        free(text);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(read_replaced(GOOD, "2026-11-23T18:00:00Z", bad[i]), ERR_BAD_RECORD);
}

static void count_up(void *ctx, uint8_t *out, size_t len)
{
    uint8_t *next = ctx;
    for (size_t i = 0; i < len; i++)
        out[i] = (*next)++;
}

static const struct record_draft good_draft = {
    .id = {(const uint8_t *)"a/b", 3},
    .schema = {(const uint8_t *)"food/product@1", 14},
    .license = {(const uint8_t *)"CC0-1.0", 7},
    .body = {(const uint8_t *)"{\"x\":1}", 7},
    .op = RECORD_PUT,
};

static enum err write_draft(const struct record_draft *draft, uint64_t time_ms, struct buf *out)
{
    uint8_t seed = 0;
    struct env env = {.ctx = &seed, .random = count_up};
    return record_write(draft, &env, time_ms, out, NULL);
}

static void writes_the_line_of_the_design(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, LINE_BYTES_MAX);
    assert_int_equal(write_draft(&good_draft, UINT64_C(1795456800000), &out), OK);
    assert_true(span_is(buf_span(&out),
                        "{\"audience\":\"public\",\"body\":{\"x\":1},\"id\":\"a/b\","
                        "\"license\":\"CC0-1.0\",\"nonce\":\"AAECAwQFBgcICQoLDA0ODw\","
                        "\"op\":\"put\",\"schema\":\"food/product@1\","
                        "\"time\":\"2026-11-23T18:00:00Z\"}"));
    buf_clear(&out);
}

static void reads_the_time_that_it_wrote(void **state)
{
    (void)state;
    struct buf out;
    struct tape tape;
    buf_init(&out, LINE_BYTES_MAX);
    tape_init(&tape);
    /* Every day of 500 years, at a moment that wanders through the day. */
    for (uint64_t day = 0; day < 182622; day++) {
        uint64_t ms = day * 86400000 + day * 7919 % 86400000;
        struct record record;
        buf_reset(&out);
        assert_int_equal(write_draft(&good_draft, ms, &out), OK);
        assert_int_equal(record_read(buf_span(&out), &tape, &record, NULL), OK);
        assert_int_equal(record.time_ms, ms);
    }
    assert_int_equal(write_draft(&good_draft, UINT64_C(253402300800000), &out), ERR_BAD_RECORD);
    tape_clear(&tape);
    buf_clear(&out);
}

static void writes_no_draft_that_it_would_not_read(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 2 * LINE_BYTES_MAX);
    buf_append_cstr(&out, "before");
    struct record_draft draft = good_draft;
    draft.id = SPAN_LITERAL("a//b");
    assert_int_equal(write_draft(&draft, 0, &out), ERR_BAD_ID);
    draft = good_draft;
    draft.audience = SPAN_LITERAL("all");
    assert_int_equal(write_draft(&draft, 0, &out), ERR_BAD_RECORD);
    draft = good_draft;
    draft.schema = span_of(NULL, 0);
    assert_int_equal(write_draft(&draft, 0, &out), ERR_BAD_RECORD);
    draft = good_draft;
    draft.license = SPAN_LITERAL("a\"b");
    assert_int_equal(write_draft(&draft, 0, &out), ERR_BAD_RECORD);
    draft = good_draft;
    draft.body = span_of(NULL, 0);
    assert_int_equal(write_draft(&draft, 0, &out), ERR_BAD_RECORD);
    draft = good_draft;
    draft.op = RECORD_ERASE;
    assert_int_equal(write_draft(&draft, 0, &out), ERR_BAD_RECORD);
    assert_true(span_is(buf_span(&out), "before"));
    buf_clear(&out);
}

static void writes_a_line_of_the_greatest_length_and_none_longer(void **state)
{
    (void)state;
    struct buf out, body;
    struct tape tape;
    struct record record;
    buf_init(&out, 2 * LINE_BYTES_MAX);
    buf_init(&body, LINE_BYTES_MAX);
    tape_init(&tape);
    assert_int_equal(write_draft(&good_draft, 0, &out), OK);
    size_t around = out.len - good_draft.body.len;
    buf_append_byte(&body, '"');
    while (body.len < LINE_BYTES_MAX - around - 1)
        buf_append_byte(&body, 'x');
    buf_append_byte(&body, '"');
    struct record_draft draft = good_draft;
    draft.body = buf_span(&body);
    buf_reset(&out);
    assert_int_equal(write_draft(&draft, 0, &out), OK);
    assert_int_equal(out.len, LINE_BYTES_MAX);
    assert_int_equal(record_read(buf_span(&out), &tape, &record, NULL), OK);
    body.data[body.len - 1] = 'x';
    buf_append_byte(&body, '"');
    draft.body = buf_span(&body);
    buf_reset(&out);
    assert_int_equal(write_draft(&draft, 0, &out), ERR_LIMIT);
    assert_int_equal(out.len, 0);
    tape_clear(&tape);
    buf_clear(&out);
    buf_clear(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_field_of_a_record),
        cmocka_unit_test(reads_a_delete_without_body_schema_and_license),
        cmocka_unit_test(gives_a_body_of_any_type_as_it_stands),
        cmocka_unit_test(keeps_members_that_it_does_not_know),
        cmocka_unit_test(refuses_a_record_wrong_in_one_place),
        cmocka_unit_test(refuses_every_beginning_of_a_record),
        cmocka_unit_test(refuses_what_is_not_an_object),
        cmocka_unit_test(says_which_field_and_where),
        cmocka_unit_test(knows_valid_ids),
        cmocka_unit_test(knows_valid_bytes_of_ids),
        cmocka_unit_test(knows_valid_schemas),
        cmocka_unit_test(knows_the_audiences),
        cmocka_unit_test(reads_times_of_rfc_3339_in_utc),
        cmocka_unit_test(writes_the_line_of_the_design),
        cmocka_unit_test(reads_the_time_that_it_wrote),
        cmocka_unit_test(writes_no_draft_that_it_would_not_read),
        cmocka_unit_test(writes_a_line_of_the_greatest_length_and_none_longer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* node/cli/publish_source: items as lines, chunks, and refusals mapped back to the file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "node/cli/publish_source.h"
#include "proto/base/hash.h"
#include "tests/lib/import_text.h"

/* A node that remembers what it was sent and refuses the lines it is told to. */
struct receiver {
    struct buf lines;
    size_t chunks;
    size_t count;
    size_t largest;
    struct hash started; /* of the lines that were begun and not asked for yet */
    bool is_started;
    size_t begun;
    uint64_t refuse_line; /* of each chunk; 0: none */
    bool none_taken;
    enum err answer;
};

/* One at a time, and what was begun does not change until its answer is asked for. */
static void start(void *ctx, const struct publish_chunk *chunk)
{
    struct receiver *receiver = ctx;
    assert_false(receiver->is_started);
    receiver->is_started = true;
    receiver->started = sha256(chunk->lines);
    receiver->begun++;
}

static enum err receive(void *ctx, struct publish_chunk *chunk, struct why *why)
{
    (void)why;
    struct receiver *receiver = ctx;
    assert_int_equal(chunk->first, receiver->count);
    if (receiver->is_started) {
        struct hash lines = sha256(chunk->lines);
        assert_true(hash_equal(&lines, &receiver->started));
        receiver->is_started = false;
    }
    buf_append_span(&receiver->lines, chunk->lines);
    receiver->chunks++;
    receiver->count += chunk->count;
    receiver->largest = chunk->count > receiver->largest ? chunk->count : receiver->largest;
    if (receiver->refuse_line > 0) {
        publish_chunk_refuse(chunk, receiver->refuse_line, "bad-record", "No.");
        /* Saying it twice, or of a line that is not there, changes nothing. */
        publish_chunk_refuse(chunk, receiver->refuse_line, "bad-record", "No.");
        publish_chunk_refuse(chunk, chunk->count + 1, NULL, NULL);
        publish_chunk_refuse(chunk, 0, NULL, NULL);
    }
    chunk->none_taken = receiver->none_taken;
    return receiver->answer;
}

static enum err publish(const char *text, const char *name, const struct publish_options *options,
                        struct receiver *receiver, struct publish_report *report)
{
    struct import_source *source;
    struct import_options import = {.name = name, .containers = true};
    struct publish_transport transport = {.ctx = receiver, .start = start, .send = receive};
    int fd = import_text_file(text, strlen(text));
    buf_init(&receiver->lines, 64u * 1024u * 1024u);
    assert_int_equal(import_open(fd, &import, &source, NULL), OK);
    enum err err = publish_source(source, options, &transport, report, NULL);
    import_close(source);
    (void)close(fd);
    return err;
}

static const struct publish_options plain = {.schema = "test/thing@1", .id_from = "n"};

static void lines_are_canonical(void **state)
{
    (void)state;
    struct receiver receiver = {.chunks = 0};
    struct publish_report report;
    struct publish_options options = {.schema = "food/product@1",
                                      .license = "CC-BY-SA-4.0",
                                      .audience = "commons",
                                      .id_from = "n"};
    assert_int_equal(
        publish("{ \"z\": 1.0, \"n\": \"a\" }", "x.json", &options, &receiver, &report), OK);
    assert_true(span_is(buf_span(&receiver.lines),
                        "{\"audience\":\"commons\",\"body\":{\"n\":\"a\",\"z\":1},\"id\":\"a\","
                        "\"license\":\"CC-BY-SA-4.0\",\"schema\":\"food/product@1\"}\n"));
    assert_int_equal(report.accepted, 1);
    publish_report_clear(&report);
    buf_clear(&receiver.lines);

    receiver = (struct receiver){.chunks = 0};
    assert_int_equal(publish("{\"n\":1}", "x.json", &plain, &receiver, &report), OK);
    assert_true(span_is(buf_span(&receiver.lines),
                        "{\"body\":{\"n\":1},\"id\":\"1\",\"schema\":\"test/thing@1\"}\n"));
    publish_report_clear(&report);
    buf_clear(&receiver.lines);
}

static void three_bad_ones_are_named_and_the_others_taken(void **state)
{
    (void)state;
    struct receiver receiver = {.refuse_line = 2};
    struct publish_report report;
    assert_int_equal(publish("[{\"n\":1},\n{\"n\":1,\"n\":2},\n{\"n\":\"x y\"},\n{\"n\":4},\n"
                             "{\"n\":5}]",
                             "x.json", &plain, &receiver, &report),
                     OK);
    assert_int_equal(report.items, 5);
    assert_int_equal(report.accepted, 2);
    assert_int_equal(report.refused, 3);
    assert_int_equal(report.fault_count, 3);
    assert_string_equal(report.faults[0].slug, "duplicate-key");
    assert_int_equal(report.faults[0].place.number, 2);
    assert_int_equal(report.faults[0].place.line, 2);
    assert_string_equal(report.faults[1].slug, "bad-id");
    assert_int_equal(report.faults[1].place.line, 3);
    assert_non_null(strstr(report.faults[1].reason, "x y"));
    /* The node's line 2 is the file's item 4. */
    assert_string_equal(report.faults[2].slug, "bad-record");
    assert_string_equal(report.faults[2].reason, "No.");
    assert_string_equal(report.faults[2].id, "4");
    assert_int_equal(report.faults[2].place.number, 4);
    assert_int_equal(report.faults[2].place.line, 4);
    publish_report_clear(&report);
    buf_clear(&receiver.lines);
}

static void a_fault_inside_an_item_has_its_own_line(void **state)
{
    (void)state;
    struct receiver receiver = {.chunks = 0};
    struct publish_report report;
    assert_int_equal(publish("{\n\"n\": 1,\n\"a\": tru }", "x.json", &plain, &receiver, &report),
                     OK);
    assert_int_equal(report.fault_count, 1);
    assert_int_equal(report.faults[0].place.line, 3);
    publish_report_clear(&report);
}

static char *many(size_t count, size_t padding)
{
    struct buf text;
    buf_init(&text, 64u * 1024u * 1024u);
    for (size_t i = 0; i < count; i++) {
        buf_append_cstr(&text, "{\"n\":");
        buf_append_u64(&text, i);
        buf_append_cstr(&text, ",\"x\":\"");
        uint8_t *room = buf_reserve(&text, padding);
        assert_non_null(room);
        memset(room, 'x', padding);
        buf_commit(&text, padding);
        buf_append_cstr(&text, "\"}\n");
    }
    buf_append_byte(&text, '\0');
    return (char *)text.data;
}

static void chunks_are_bounded_in_lines_and_bytes(void **state)
{
    (void)state;
    struct receiver receiver = {.refuse_line = 1};
    struct publish_report report;
    char *text = many(PUBLISH_CHUNK_LINES_MAX + 10, 1);
    assert_int_equal(publish(text, "x.ndjson", &plain, &receiver, &report), OK);
    assert_int_equal(receiver.chunks, 2);
    assert_int_equal(receiver.begun, 2);
    assert_int_equal(receiver.largest, PUBLISH_CHUNK_LINES_MAX);
    assert_int_equal(report.accepted, PUBLISH_CHUNK_LINES_MAX + 10 - 2);
    assert_int_equal(report.faults[1].place.line, PUBLISH_CHUNK_LINES_MAX + 1);
    publish_report_clear(&report);
    buf_clear(&receiver.lines);
    free(text);

    receiver = (struct receiver){.chunks = 0};
    text = many(161, 200000);
    assert_int_equal(publish(text, "x.ndjson", &plain, &receiver, &report), OK);
    assert_int_equal(receiver.count, 161);
    assert_int_equal(receiver.chunks, 3);
    publish_report_clear(&report);
    buf_clear(&receiver.lines);
    free(text);
}

static void a_body_too_large_for_a_record_is_refused(void **state)
{
    (void)state;
    struct receiver receiver = {.chunks = 0};
    struct publish_report report;
    char *text = many(1, LINE_BYTES_MAX);
    assert_int_equal(publish(text, "x.ndjson", &plain, &receiver, &report), OK);
    assert_int_equal(report.refused, 1);
    assert_string_equal(report.faults[0].slug, "limit");
    assert_int_equal(receiver.chunks, 0);
    publish_report_clear(&report);
    free(text);
}

static void all_or_nothing_sends_nothing_when_one_is_bad(void **state)
{
    (void)state;
    struct receiver receiver = {.chunks = 0};
    struct publish_report report;
    struct publish_options options = plain;
    options.lines.all_or_nothing = true;
    assert_int_equal(
        publish("{\"n\":1}\n{\"n\":}\n{\"n\":3}\n", "x.ndjson", &options, &receiver, &report),
        ERR_CONFLICT);
    assert_int_equal(receiver.chunks, 0);
    assert_int_equal(report.accepted, 0);
    assert_int_equal(report.refused, 1);
    assert_int_equal(report.faults[0].place.line, 2);
    publish_report_clear(&report);

    assert_int_equal(publish("{\"n\":1}\n{\"n\":3}\n", "x.ndjson", &options, &receiver, &report),
                     OK);
    assert_int_equal(receiver.count, 2);
    assert_int_equal(report.accepted, 2);
    publish_report_clear(&report);
    buf_clear(&receiver.lines);
}

static void what_the_node_did_not_take_is_not_counted(void **state)
{
    (void)state;
    struct receiver receiver = {.none_taken = true, .refuse_line = 1};
    struct publish_report report;
    assert_int_equal(publish("{\"n\":1}\n{\"n\":3}\n", "x.ndjson", &plain, &receiver, &report), OK);
    assert_int_equal(report.accepted, 0);
    publish_report_clear(&report);
    buf_clear(&receiver.lines);

    receiver = (struct receiver){.answer = ERR_NETWORK};
    assert_int_equal(publish("{\"n\":1}\n{\"n\":3}\n", "x.ndjson", &plain, &receiver, &report),
                     ERR_NETWORK);
    assert_int_equal(report.accepted, 0);
    publish_report_clear(&report);
    buf_clear(&receiver.lines);
}

static void faults_beyond_the_list_are_counted(void **state)
{
    (void)state;
    struct receiver receiver = {.chunks = 0};
    struct publish_report report;
    struct publish_options options = plain;
    options.id_from = "missing";
    char *text = many(IMPORT_FAULTS_MAX + 5, 1);
    assert_int_equal(publish(text, "x.ndjson", &options, &receiver, &report), OK);
    assert_int_equal(report.refused, IMPORT_FAULTS_MAX + 5);
    assert_int_equal(report.fault_count, IMPORT_FAULTS_MAX);
    publish_report_clear(&report);
    free(text);
}

static void the_report_is_json_too(void **state)
{
    (void)state;
    struct receiver receiver = {.chunks = 0};
    struct publish_report report;
    assert_int_equal(publish("n;m\n1;2\n3\n", "x.csv", &plain, &receiver, &report), OK);
    json_t *json = publish_report_json(&report);
    const json_t *fault = json_array_get(json_object_get(json, "faults"), 0);
    assert_string_equal(json_string_value(json_object_get(fault, "kind")), "row");
    assert_int_equal(json_integer_value(json_object_get(fault, "line")), 3);
    assert_string_equal(json_string_value(json_object_get(fault, "problem")), "syntax");
    assert_int_equal(json_integer_value(json_object_get(json, "accepted")), 1);
    json_decref(json);
    publish_report_clear(&report);
    buf_clear(&receiver.lines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_canonical),
        cmocka_unit_test(three_bad_ones_are_named_and_the_others_taken),
        cmocka_unit_test(a_fault_inside_an_item_has_its_own_line),
        cmocka_unit_test(chunks_are_bounded_in_lines_and_bytes),
        cmocka_unit_test(a_body_too_large_for_a_record_is_refused),
        cmocka_unit_test(all_or_nothing_sends_nothing_when_one_is_bad),
        cmocka_unit_test(what_the_node_did_not_take_is_not_counted),
        cmocka_unit_test(faults_beyond_the_list_are_counted),
        cmocka_unit_test(the_report_is_json_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

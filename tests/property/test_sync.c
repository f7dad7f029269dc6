/* The two ends together: whatever happens to the bytes between them, a copy is a beginning of the
 * log. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "tests/lib/memlog.h"

static struct memlog *log_of(unsigned seed, unsigned entries)
{
    static const char *const audiences[] = {"public", "public", "commons", "public", "private"};
    struct memlog *log = memlog_new(seed);
    for (unsigned i = 0; i < entries; i++) {
        char id[16];
        (void)snprintf(id, sizeof(id), "r/%u", i);
        memlog_put(log, id, audiences[i % 5], "{\"nom\":\"Pain\"}");
    }
    memlog_sign(log);
    return log;
}

static void ask(struct memnode *node, struct memlog *const *logs, size_t count, struct buf *out)
{
    struct buf request;
    buf_init(&request, 1u << 16);
    memnode_request(node, false, &request);
    struct serve *serve = memserve_new(buf_span(&request), logs, count);
    /* Small pulls: several withheld lines, lines cut where pulls end. */
    memserve_pull_all(serve, 700, out);
    serve_free(serve);
    buf_clear(&request);
}

/* One connection: bytes until they end or are refused. */
static enum err connect_with(struct memnode *node, struct span bytes)
{
    struct follow *follow = memnode_follow(node, span_of(NULL, 0));
    enum err err = memnode_feed(node, follow, bytes, NULL, NULL);
    follow_free(follow);
    return err;
}

static bool is_whole(struct memnode *node, struct memlog *log)
{
    struct memlog *copy = memnode_log(node, memlog_origin(log));
    return copy != NULL && memlog_head(copy).size == memlog_head(log).size &&
           memlog_has_prefix(log, copy);
}

static void assert_beginning(struct memnode *node, struct memlog *log)
{
    struct memlog *copy = memnode_log(node, memlog_origin(log));
    assert_true(copy == NULL || memlog_has_prefix(log, copy));
}

static void copies_logs_of_every_size(void **state)
{
    (void)state;
    struct buf stream;
    buf_init(&stream, 1u << 26);
    for (unsigned size = 0; size < 140; size++) {
        struct memlog *log = log_of(size, size);
        struct memnode node = {.count = 0};
        buf_reset(&stream);
        ask(&node, &log, 1, &stream);
        assert_int_equal(connect_with(&node, buf_span(&stream)), OK);
        assert_true(is_whole(&node, log));
        memnode_clear(&node);
        memlog_free(log);
    }
    buf_clear(&stream);
}

static void copies_a_log_from_every_size_to_every_size(void **state)
{
    (void)state;
    struct buf stream;
    buf_init(&stream, 1u << 26);
    for (unsigned size = 0; size < 40; size++) {
        struct memlog *log = memlog_new(size);
        for (unsigned i = 0; i < size; i++)
            memlog_put(log, "r", NULL, "1");
        memlog_sign(log);
        for (unsigned held = 0; held <= size; held++) {
            struct memnode node = {.count = 1};
            node.logs[0] = memlog_replica(memlog_origin(log));
            for (unsigned i = 0; i < held; i++)
                memlog_append(node.logs[0], memlog_line(log, i));
            buf_reset(&stream);
            ask(&node, &log, 1, &stream);
            assert_int_equal(connect_with(&node, buf_span(&stream)), OK);
            assert_true(is_whole(&node, log));
            memnode_clear(&node);
        }
        memlog_free(log);
    }
    buf_clear(&stream);
}

static void loses_nothing_when_cut_at_any_byte(void **state)
{
    (void)state;
    struct memlog *logs[] = {log_of(1, 12), log_of(2, 5)};
    struct buf stream, rest;
    buf_init(&stream, 1u << 26);
    buf_init(&rest, 1u << 26);
    struct memnode none = {.count = 0};
    ask(&none, logs, 2, &stream);
    for (size_t cut = 0; cut <= stream.len; cut++) {
        struct memnode node = {.count = 0};
        assert_int_equal(connect_with(&node, span_of(stream.data, cut)), OK);
        assert_beginning(&node, logs[0]);
        assert_beginning(&node, logs[1]);
        buf_reset(&rest);
        ask(&node, logs, 2, &rest);
        assert_int_equal(connect_with(&node, buf_span(&rest)), OK);
        assert_true(is_whole(&node, logs[0]));
        assert_true(is_whole(&node, logs[1]));
        memnode_clear(&node);
    }
    buf_clear(&stream);
    buf_clear(&rest);
    memlog_free(logs[0]);
    memlog_free(logs[1]);
}

static void does_not_care_where_the_pieces_are_cut(void **state)
{
    (void)state;
    struct memlog *log = log_of(1, 12);
    struct buf stream;
    buf_init(&stream, 1u << 26);
    struct memnode none = {.count = 0};
    ask(&none, &log, 1, &stream);
    for (size_t piece = 1; piece < 400; piece++) {
        struct memnode node = {.count = 0};
        struct follow *follow = memnode_follow(&node, span_of(NULL, 0));
        for (size_t at = 0; at < stream.len; at += piece)
            assert_int_equal(
                memnode_feed(&node, follow, span_part(buf_span(&stream), at, piece), NULL, NULL),
                OK);
        assert_true(is_whole(&node, log));
        follow_free(follow);
        memnode_clear(&node);
    }
    buf_clear(&stream);
    memlog_free(log);
}

/* The whole log, or an error; and never an entry that is not the log's. The name of the log may be
 * changed into that of a method not known here: then nothing is taken. */
static void takes_no_wrong_entry_whatever_byte_is_changed(void **state)
{
    (void)state;
    struct memlog *log = log_of(1, 4);
    struct buf stream;
    buf_init(&stream, 1u << 26);
    struct memnode none = {.count = 0};
    ask(&none, &log, 1, &stream);
    unsigned refused = 0;
    for (size_t at = 0; at < stream.len; at++) {
        uint8_t kept = stream.data[at];
        static const uint8_t flips[] = {0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80};
        for (size_t i = 0; i < sizeof(flips); i++) {
            struct memnode node = {.count = 0};
            stream.data[at] = kept ^ flips[i];
            enum err err = connect_with(&node, buf_span(&stream));
            assert_beginning(&node, log);
            if (err == OK && !is_whole(&node, log)) {
                /* The end of the line was changed at the very end, or the log's name is another. */
                assert_true(at == stream.len - 1 || at < 20 + memlog_origin(log).len);
                assert_int_equal(node.batches, 0);
            }
            refused += err != OK;
            memnode_clear(&node);
        }
        stream.data[at] = kept;
    }
    assert_true(refused > stream.len * 7);
    buf_clear(&stream);
    memlog_free(log);
}

static void takes_no_wrong_entry_whatever_byte_is_left_out_or_doubled(void **state)
{
    (void)state;
    struct memlog *log = log_of(1, 4);
    struct buf stream, changed;
    buf_init(&stream, 1u << 26);
    buf_init(&changed, 1u << 26);
    struct memnode none = {.count = 0};
    ask(&none, &log, 1, &stream);
    for (unsigned doubled = 0; doubled < 2; doubled++) {
        for (size_t at = 0; at < stream.len; at++) {
            struct memnode node = {.count = 0};
            buf_reset(&changed);
            buf_append(&changed, stream.data, at + doubled);
            buf_append(&changed, stream.data + at + 1 - doubled, stream.len - at - 1 + doubled);
            enum err err = connect_with(&node, buf_span(&changed));
            assert_beginning(&node, log);
            if (err == OK && !is_whole(&node, log))
                assert_int_equal(node.batches, 0);
            memnode_clear(&node);
        }
    }
    buf_clear(&stream);
    buf_clear(&changed);
    memlog_free(log);
}

static void relays_a_log_whose_author_is_gone(void **state)
{
    (void)state;
    struct memlog *log = log_of(1, 23);
    struct buf stream;
    buf_init(&stream, 1u << 26);
    struct memnode near = {.count = 0};
    struct memnode far = {.count = 0};
    ask(&near, &log, 1, &stream);
    assert_int_equal(connect_with(&near, buf_span(&stream)), OK);
    buf_reset(&stream);
    ask(&far, near.logs, near.count, &stream);
    assert_int_equal(connect_with(&far, buf_span(&stream)), OK);
    assert_true(is_whole(&far, log));
    assert_int_equal(far.notes, 1);
    memnode_clear(&near);
    memnode_clear(&far);
    buf_clear(&stream);
    memlog_free(log);
}

static void follows_live_changes_of_several_logs(void **state)
{
    (void)state;
    struct memlog *logs[] = {log_of(1, 3), log_of(2, 0), log_of(3, 40)};
    struct memnode node = {.count = 0};
    struct buf stream;
    buf_init(&stream, 1u << 26);
    struct serve *serve = memserve_new(SPAN_LITERAL("{\"logs\":{},\"follow\":true}"), logs, 3);
    struct follow *follow = memnode_follow(&node, memlog_origin(logs[0]));
    uint32_t random = 12345;
    for (unsigned step = 0; step < 2000; step++) {
        random = random * 1664525u + 1013904223u;
        struct memlog *log = logs[(random >> 8) % 3];
        if ((random >> 16) % 4 == 0) {
            for (unsigned i = 0; i <= (random >> 20) % 3; i++)
                memlog_put(log, "live", (random >> 24) % 5 == 0 ? "commons" : NULL, "1");
            memlog_sign(log);
            struct serve_log offer = memlog_offer(log);
            assert_int_equal(serve_offer(serve, &offer), OK);
        }
        bool idle;
        buf_reset(&stream);
        assert_int_equal(serve_pull(serve, 0, (random >> 12) % 900 + 1, &stream, &idle), OK);
        assert_int_equal(memnode_feed(&node, follow, buf_span(&stream), NULL, NULL), OK);
    }
    buf_reset(&stream);
    memserve_pull_all(serve, 4096, &stream);
    assert_int_equal(memnode_feed(&node, follow, buf_span(&stream), NULL, NULL), OK);
    for (unsigned i = 0; i < 3; i++) {
        assert_true(is_whole(&node, logs[i]));
        memlog_free(logs[i]);
    }
    serve_free(serve);
    follow_free(follow);
    memnode_clear(&node);
    buf_clear(&stream);
}

static void copies_more_than_one_batch(void **state)
{
    (void)state;
    struct memlog *log = log_of(1, 2 * SYNC_BATCH_ENTRIES_MAX + 3);
    struct memnode node = {.count = 0};
    struct buf stream;
    buf_init(&stream, 1u << 26);
    ask(&node, &log, 1, &stream);
    assert_int_equal(connect_with(&node, buf_span(&stream)), OK);
    assert_true(is_whole(&node, log));
    assert_int_equal(node.batches, 3);
    assert_int_equal(node.notes, 1);
    memnode_clear(&node);
    memlog_free(log);
    buf_clear(&stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_logs_of_every_size),
        cmocka_unit_test(copies_a_log_from_every_size_to_every_size),
        cmocka_unit_test(loses_nothing_when_cut_at_any_byte),
        cmocka_unit_test(does_not_care_where_the_pieces_are_cut),
        cmocka_unit_test(takes_no_wrong_entry_whatever_byte_is_changed),
        cmocka_unit_test(takes_no_wrong_entry_whatever_byte_is_left_out_or_doubled),
        cmocka_unit_test(relays_a_log_whose_author_is_gone),
        cmocka_unit_test(follows_live_changes_of_several_logs),
        cmocka_unit_test(copies_more_than_one_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

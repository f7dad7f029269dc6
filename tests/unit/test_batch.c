/* Batches: what a segment will hold, and what the index needs of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "proto/base/hash_text.h"
#include "proto/record/batch.h"

static struct record made_record(struct span line, const char *id)
{
    const uint8_t *at = memmem(line.data, line.len, id, strlen(id));
    assert_non_null(at);
    return (struct record){.line = line,
                           .id = span_of(at, strlen(id)),
                           .op = RECORD_ERASE,
                           .audience = AUDIENCE_CIRCLE};
}

static struct hash leaf_of(unsigned i)
{
    struct hash leaf = {{(uint8_t)i, (uint8_t)(i >> 8)}};
    return leaf;
}

static void keeps_lines_and_says_where_they_are(void **state)
{
    (void)state;
    struct batch *batch = batch_new();
    struct hash leaf = leaf_of(7);
    struct record one = made_record(SPAN_LITERAL("{first:ab}"), "ab");
    struct record two = made_record(SPAN_LITERAL("{second:cde}"), "cde");
    assert_int_equal(batch_append(batch, &one, &leaf), OK);
    assert_int_equal(batch_append(batch, &two, &leaf), OK);
    assert_int_equal(batch_seal(batch), OK);
    assert_true(span_is(buf_span(&batch->lines), "{first:ab}\n{second:cde}\n"));
    assert_int_equal(batch->count, 2);
    assert_int_equal(batch->first, BATCH_FIRST_NEXT);
    const struct batch_entry *entry = &batch->entries[1];
    assert_int_equal(entry->offset, 11);
    assert_int_equal(entry->length, 12);
    assert_int_equal(entry->op, RECORD_ERASE);
    assert_int_equal(entry->audience, AUDIENCE_CIRCLE);
    assert_true(hash_equal(&entry->leaf, &leaf));
    assert_memory_equal(batch->lines.data + entry->id_offset, "cde", entry->id_length);
    batch_free(batch);
}

static void gathers_withheld_leaves_into_runs(void **state)
{
    (void)state;
    struct batch *batch = batch_new();
    struct hash zero = leaf_of(0);
    struct record record = made_record(SPAN_LITERAL("{a}"), "a");
    assert_int_equal(batch_append_withheld(batch, &zero), OK);
    assert_int_equal(batch_append_withheld(batch, &zero), OK);
    assert_int_equal(batch_append(batch, &record, &zero), OK);
    assert_int_equal(batch_append_withheld(batch, &zero), OK);
    assert_int_equal(batch_seal(batch), OK);
    assert_int_equal(batch_seal(batch), OK);
#define ZERO ",\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\""
    assert_true(span_is(buf_span(&batch->lines), "[\"withheld\"" ZERO ZERO "]\n{a}\n"
                                                 "[\"withheld\"" ZERO "]\n"));
    assert_int_equal(batch->count, 4);
    assert_int_equal(batch->entries[1].length, 0);
    assert_int_equal(batch->entries[2].length, 3);
    assert_int_equal(batch->lines.data[batch->entries[2].offset], '{');
    batch_free(batch);
}

static size_t lines_of(const struct batch *batch)
{
    size_t lines = 0;
    for (size_t i = 0; i < batch->lines.len; i++)
        lines += batch->lines.data[i] == '\n';
    return lines;
}

static void ends_a_run_at_the_greatest_length(void **state)
{
    (void)state;
    struct batch *batch = batch_new();
    for (unsigned i = 0; i < 2 * SYNC_WITHHELD_PER_LINE; i++) {
        struct hash leaf = leaf_of(i);
        assert_int_equal(batch_append_withheld(batch, &leaf), OK);
    }
    assert_int_equal(batch_seal(batch), OK);
    assert_int_equal(lines_of(batch), 2);
    struct hash leaf = leaf_of(0);
    assert_int_equal(batch_append_withheld(batch, &leaf), OK);
    assert_int_equal(batch_seal(batch), OK);
    assert_int_equal(lines_of(batch), 3);
    batch_free(batch);
}

static void is_as_before_when_a_line_does_not_fit(void **state)
{
    (void)state;
    struct batch *batch = batch_new();
    struct hash leaf = leaf_of(1);
    uint8_t *line = malloc(LINE_BYTES_MAX);
    assert_non_null(line);
    memset(line, 'x', LINE_BYTES_MAX);
    struct record record = {.line = span_of(line, LINE_BYTES_MAX), .id = span_of(line, 1)};
    /* The newlines leave less than a whole line at the end. */
    uint32_t fit = SYNC_BATCH_BYTES_MAX / (LINE_BYTES_MAX + 1);
    for (uint32_t i = 0; i < fit; i++)
        assert_int_equal(batch_append(batch, &record, &leaf), OK);
    /* An open run keeps room for its end. */
    while (batch_append_withheld(batch, &leaf) == OK)
        assert_true(batch->lines.len <= SYNC_BATCH_BYTES_MAX - 2);
    size_t len = batch->lines.len;
    uint32_t count = batch->count;
    uint32_t open = batch->open_withheld;
    assert_true(count > fit);
    assert_int_equal(batch_append(batch, &record, &leaf), ERR_LIMIT);
    assert_int_equal(batch_append_withheld(batch, &leaf), ERR_LIMIT);
    assert_int_equal(batch->lines.len, len);
    assert_int_equal(batch->count, count);
    assert_int_equal(batch->open_withheld, open);
    assert_int_equal(batch_seal(batch), OK);
    assert_int_equal(batch->lines.data[batch->lines.len - 1], '\n');
    free(line);
    batch_free(batch);
}

static void is_empty_after_a_reset(void **state)
{
    (void)state;
    struct batch *batch = batch_new();
    struct hash leaf = leaf_of(1);
    assert_int_equal(batch_append_withheld(batch, &leaf), OK);
    buf_append_cstr(&batch->note, "note");
    batch->head.size = 4;
    batch->first = 3;
    batch_reset(batch);
    assert_int_equal(batch_seal(batch), OK);
    assert_int_equal(batch->lines.len, 0);
    assert_int_equal(batch->note.len, 0);
    assert_int_equal(batch->count, 0);
    assert_int_equal(batch->head.size, 0);
    assert_int_equal(batch->first, BATCH_FIRST_NEXT);
    batch_free(batch);
    batch_free(NULL);
}

static void writes_a_hash_as_base64_and_reads_it_back(void **state)
{
    (void)state;
    uint8_t text[HASH_TEXT_BYTES];
    for (unsigned byte = 0; byte < 32; byte++) {
        for (unsigned value = 0; value < 256; value++) {
            struct hash hash = {{1, 2, 3}};
            struct hash back;
            hash.bytes[byte] = (uint8_t)value;
            hash_text_write(&hash, text);
            assert_true(hash_text_read(span_of(text, sizeof(text)), &back));
            assert_true(hash_equal(&hash, &back));
        }
    }
    struct hash all;
    memset(all.bytes, 0xff, sizeof(all.bytes));
    hash_text_write(&all, text);
    assert_memory_equal(text, "//////////////////////////////////////////8=", sizeof(text));
}

/* One hash has one text: whatever is accepted is what would have been written. */
static void reads_only_the_one_text_of_a_hash(void **state)
{
    (void)state;
    struct hash hash = leaf_of(0x1234);
    uint8_t text[HASH_TEXT_BYTES + 1];
    hash_text_write(&hash, text);
    for (unsigned at = 0; at < HASH_TEXT_BYTES; at++) {
        uint8_t kept = text[at];
        unsigned accepted = 0;
        for (unsigned c = 0; c < 256; c++) {
            struct hash back;
            uint8_t again[HASH_TEXT_BYTES];
            text[at] = (uint8_t)c;
            if (!hash_text_read(span_of(text, HASH_TEXT_BYTES), &back))
                continue;
            accepted++;
            hash_text_write(&back, again);
            assert_memory_equal(text, again, sizeof(again));
        }
        text[at] = kept;
        assert_int_equal(accepted, at == 43 ? 1 : at == 42 ? 16 : 64);
    }
    struct hash back;
    text[HASH_TEXT_BYTES] = '=';
    assert_false(hash_text_read(span_of(text, HASH_TEXT_BYTES - 1), &back));
    assert_false(hash_text_read(span_of(text, HASH_TEXT_BYTES + 1), &back));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_lines_and_says_where_they_are),
        cmocka_unit_test(gathers_withheld_leaves_into_runs),
        cmocka_unit_test(ends_a_run_at_the_greatest_length),
        cmocka_unit_test(is_as_before_when_a_line_does_not_fit),
        cmocka_unit_test(is_empty_after_a_reset),
        cmocka_unit_test(writes_a_hash_as_base64_and_reads_it_back),
        cmocka_unit_test(reads_only_the_one_text_of_a_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

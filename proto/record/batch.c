/* Batches: lines copied as they came, withheld leaves gathered into runs of one control line. */
#include "proto/record/batch.h"

#include <stdlib.h>

#include "proto/base/hash_text.h"
#include "proto/sync/lines.h"

static const struct span withheld_opening = {(const uint8_t *)"[\"withheld\"", 11};
static const struct span withheld_closing = {(const uint8_t *)"]\n", 2};
#define WITHHELD_ITEM_BYTES (3 + HASH_TEXT_BYTES) /* comma and two quotes */

struct batch *batch_new(void)
{
    struct batch *batch = calloc(1, sizeof(*batch));
    if (batch == NULL)
        return NULL;
    buf_init(&batch->lines, SYNC_BATCH_BYTES_MAX);
    buf_init(&batch->note, NOTE_BYTES_MAX);
    batch->first = BATCH_FIRST_NEXT;
    return batch;
}

void batch_free(struct batch *batch)
{
    if (batch == NULL)
        return;
    buf_clear(&batch->lines);
    buf_clear(&batch->note);
    free(batch->entries);
    free(batch);
}

void batch_reset(struct batch *batch)
{
    buf_reset(&batch->lines);
    buf_reset(&batch->note);
    batch->count = 0;
    batch->first = BATCH_FIRST_NEXT;
    batch->head = (struct merkle_head){.size = 0};
    batch->open_withheld = 0;
    batch->fills = false;
}

/* Room for n bytes and one entry; nothing is changed but the memory. */
static enum err make_room(struct batch *batch, size_t n)
{
    if (batch->count == batch->cap) {
        uint32_t cap = batch->cap == 0 ? 256 : batch->cap * 2;
        struct batch_entry *entries = realloc(batch->entries, cap * sizeof(*entries));
        if (entries == NULL)
            return ERR_NO_MEMORY;
        batch->entries = entries;
        batch->cap = cap;
    }
    if (buf_reserve(&batch->lines, n) != NULL)
        return OK;
    enum err err = buf_check(&batch->lines);
    batch->lines.failed = OK;
    return err;
}

static void close_withheld(struct batch *batch)
{
    if (batch->open_withheld > 0)
        buf_append_span(&batch->lines, withheld_closing);
    batch->open_withheld = 0;
}

static uint32_t offset_in(struct span line, struct span part)
{
    CHECK(part.data >= line.data && part.data + part.len <= line.data + line.len);
    return (uint32_t)(part.data - line.data);
}

enum err batch_append(struct batch *batch, const struct record *record, const struct hash *leaf)
{
    struct span line = record->line;
    CHECK(line.len > 0 && line.len <= LINE_BYTES_MAX && record->id.len <= ID_BYTES_MAX);
    TRY(make_room(batch, (batch->open_withheld > 0 ? withheld_closing.len : 0) + line.len + 1));
    close_withheld(batch);
    uint32_t offset = (uint32_t)batch->lines.len;
    batch->entries[batch->count++] = (struct batch_entry){
        .offset = offset,
        .length = (uint32_t)line.len,
        .id_offset = offset + offset_in(line, record->id),
        .id_length = (uint16_t)record->id.len,
        .op = (uint8_t)record->op,
        .audience = (uint8_t)record->audience,
        .leaf = *leaf,
    };
    buf_append_span(&batch->lines, line);
    buf_append_byte(&batch->lines, '\n');
    return OK;
}

enum err batch_append_withheld(struct batch *batch, const struct hash *leaf)
{
    /* The closing is reserved with each leaf, so that a run can always be ended. */
    TRY(make_room(batch, withheld_closing.len + withheld_opening.len + WITHHELD_ITEM_BYTES +
                             withheld_closing.len));
    if (batch->open_withheld == SYNC_WITHHELD_PER_LINE)
        close_withheld(batch);
    if (batch->open_withheld == 0)
        buf_append_span(&batch->lines, withheld_opening);
    batch->open_withheld++;
    uint8_t item[WITHHELD_ITEM_BYTES];
    item[0] = ',';
    item[1] = '"';
    hash_text_write(leaf, item + 2);
    item[WITHHELD_ITEM_BYTES - 1] = '"';
    batch->entries[batch->count++] =
        (struct batch_entry){.offset = (uint32_t)batch->lines.len, .leaf = *leaf};
    buf_append(&batch->lines, item, sizeof(item));
    return OK;
}

enum err batch_append_fill(struct batch *batch, uint64_t index, const struct record *record,
                           const struct hash *leaf)
{
    CHECK(batch->fills || batch->count == 0);
    size_t before = batch->lines.len;
    lines_append_fill(&batch->lines, index);
    enum err err = buf_check(&batch->lines);
    if (err == OK)
        err = batch_append(batch, record, leaf);
    if (err != OK) {
        batch->lines.failed = OK;
        batch->lines.len = before;
        return err;
    }
    batch->fills = true;
    batch->entries[batch->count - 1].fills = index;
    return OK;
}

enum err batch_seal(struct batch *batch)
{
    close_withheld(batch);
    return buf_check(&batch->lines);
}

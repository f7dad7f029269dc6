#include "node/store/fill.h"

#define LOOKED_AT_MAX (1u << 20) /* a few milliseconds */

static struct record record_of(const struct batch *batch, const struct batch_entry *entry)
{
    return (struct record){.line = span_of(batch->lines.data + entry->offset, entry->length),
                           .id = span_of(batch->lines.data + entry->id_offset, entry->id_length),
                           .op = (enum record_op)entry->op,
                           .audience = (enum record_audience)entry->audience};
}

static enum err check(const struct store_log *log, const struct batch_entry *entry, struct why *why)
{
    if (entry->fills >= log->range.size)
        return why_set(why, ERR_CONFLICT, "an entry that is filled in is held as a leaf",
                       entry->fills, NULL, NULL);
    if (!hash_equal(&entry->leaf, &index_at(&log->index, entry->fills)->leaf))
        return why_set(why, ERR_BAD_PROOF, "RFC 6962, 2.1: the line has the leaf hash that is held",
                       entry->fills, NULL, NULL);
    return OK;
}

enum err fill_prepare(struct store_log *log, struct batch *batch, struct why *why)
{
    struct batch *rest = batch_new();
    if (rest == NULL)
        return ERR_NO_MEMORY;
    enum err err = OK;
    for (uint32_t i = 0; i < batch->count && err == OK; i++) {
        const struct batch_entry *entry = &batch->entries[i];
        struct record record = record_of(batch, entry);
        err = check(log, entry, why);
        if (err == OK && log_can_fill(log, entry->fills, record.id))
            err = batch_append_fill(rest, entry->fills, &record, &entry->leaf);
    }
    if (err == OK)
        err = batch_seal(rest);
    if (err == OK) {
        struct batch old = *batch;
        batch->lines = rest->lines;
        batch->entries = rest->entries;
        batch->count = rest->count;
        batch->cap = rest->cap;
        rest->lines = old.lines;
        rest->entries = old.entries;
    }
    batch_free(rest);
    return err;
}

enum err fill_publish(struct store_log *log, const struct batch *batch, uint32_t segment,
                      uint64_t offset)
{
    uint64_t low = UINT64_MAX;
    uint64_t high = 0;
    atomic_fetch_add(&log->filled, 1);
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct batch_entry *entry = &batch->entries[i];
        struct record record = record_of(batch, entry);
        struct log_place place = {.segment = segment,
                                  .offset = (uint32_t)(offset + entry->offset),
                                  .length = entry->length};
        if (!log_fill(log, entry->fills, &place, &record))
            continue; /* twice in one batch */
        low = entry->fills < low ? entry->fills : low;
        high = entry->fills + 1 > high ? entry->fills + 1 : high;
    }
    atomic_fetch_add(&log->filled, 1);
    /* A start that believes the index reads what is settled from there. */
    return low < high ? index_sync(&log->index, low, high) : OK;
}

/* What is not told apart any more is one range up to the end. */
static size_t end_with(struct log_range *out, size_t count, size_t max, uint64_t begin,
                       uint64_t size)
{
    if (count == max)
        out[count - 1].end = size;
    else
        out[count++] = (struct log_range){.begin = begin, .end = size};
    return count;
}

size_t store_log_withheld(struct store_log *log, struct log_range *out, size_t max)
{
    uint64_t size = store_log_committed(log).size;
    size_t count = 0;
    for (uint64_t i = 0; i < size && max > 0; i++) {
        if (i == LOOKED_AT_MAX)
            return end_with(out, count, max, i, size);
        const struct index_entry *entry = index_at(&log->index, i);
        if (index_length(entry) != 0 || index_is_erased(entry))
            continue;
        if (count > 0 && out[count - 1].end == i)
            out[count - 1].end++;
        else if (count < max)
            out[count++] = (struct log_range){.begin = i, .end = i + 1};
        else
            return end_with(out, count, max, i, size);
    }
    return count;
}

uint64_t store_log_filled(const struct store_log *log)
{
    return atomic_load(&log->filled);
}

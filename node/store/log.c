#include "node/store/log.h"

#include <sodium.h>

#include "proto/sync/lines.h"

static struct span id_of(const struct store_log *log, const struct index_entry *entry)
{
    return span_part(log_line(log, entry), entry->id_offset, entry->id_length);
}

static uint64_t hash_of(const struct store_log *log, struct span id)
{
    uint64_t hash;
    _Static_assert(sizeof(hash) == crypto_shorthash_BYTES, "SipHash-2-4");
    (void)crypto_shorthash((uint8_t *)&hash, id.data, id.len, log->id_key);
    return hash;
}

struct span log_line(const struct store_log *log, const struct index_entry *entry)
{
    uint32_t length = index_length(entry);
    if (length == 0)
        return span_of(NULL, 0);
    return span_of(segments_at(&log->segments, entry->segment)->map + entry->offset, length);
}

void log_index_entry(struct store_log *log, uint64_t at, const struct log_place *place,
                     const struct record *record, const struct hash *leaf)
{
    struct index_entry *entry = index_at(&log->index, at);
    *entry =
        (struct index_entry){.leaf = *leaf, .segment = place->segment, .offset = place->offset};
    if (record == NULL)
        return;
    entry->length = place->length;
    entry->op = record->op & 0xF;
    entry->audience = record->audience & 0xF;
    entry->id_offset = (uint32_t)(record->id.data - record->line.data) & 0xFFFFFF;
    entry->id_length = (uint8_t)record->id.len;
    entry->id_hash = hash_of(log, record->id);
}

static bool is_held(const struct index_entry *entry)
{
    return index_length(entry) != 0 && !index_is_erased(entry);
}

/* ---- ids ---- */

struct wanted {
    const struct store_log *log;
    uint64_t hash;
    struct span id;
};

/* The entry's bytes may be destroyed by now; its own id went with them, so the newer one that
 * replaced it is asked. An entry in the table is the newest of its id and is destroyed by no one
 * but a newer one, which takes its place first. */
static bool is_wanted(const void *ctx, uint64_t index)
{
    const struct wanted *wanted = ctx;
    const struct index_entry *entry = index_at(&wanted->log->index, index);
    return entry->id_hash == wanted->hash && span_equal(id_of(wanted->log, entry), wanted->id);
}

static bool is_put(const struct store_log *log, uint64_t at)
{
    return at != UINT64_MAX && index_at(&log->index, at)->op == RECORD_PUT;
}

void log_adopt_id(struct store_log *log, uint64_t at)
{
    struct index_entry *entry = index_at(&log->index, at);
    if (!is_held(entry))
        return;
    struct wanted wanted = {.log = log, .hash = entry->id_hash, .id = id_of(log, entry)};
    struct ids_match match = {is_wanted, &wanted};
    uint64_t before = ids_find(&log->ids, entry->id_hash, match);
    index_set_previous(
        entry, before == UINT64_MAX ? 0 : before + 1); /* before readers can come upon the entry */
    ids_put(&log->ids, entry->id_hash, match, at);
    bool was = is_put(log, before);
    bool is = is_put(log, at);
    if (was != is)
        atomic_fetch_add_explicit(&log->records, is ? 1 : UINT64_MAX, memory_order_relaxed);
}

/* The newest entry of this id, which may be beyond what is published; UINT64_MAX: none. */
static uint64_t newest_of(const struct store_log *log, struct span id)
{
    struct wanted wanted = {.log = log, .hash = hash_of(log, id), .id = id};
    return ids_find(&log->ids, wanted.hash, (struct ids_match){is_wanted, &wanted});
}

bool log_can_fill(const struct store_log *log, uint64_t at, struct span id)
{
    const struct index_entry *entry = index_at(&log->index, at);
    if (index_length(entry) != 0 || index_is_erased(entry))
        return false;
    uint64_t later = newest_of(log, id);
    while (later != UINT64_MAX && later > at) {
        const struct index_entry *newer = index_at(&log->index, later);
        if (newer->op == RECORD_ERASE)
            return false;
        uint64_t previous = index_previous(newer);
        later = previous == 0 ? UINT64_MAX : previous - 1;
    }
    return true;
}

bool log_fill(struct store_log *log, uint64_t at, const struct log_place *place,
              const struct record *record)
{
    if (!log_can_fill(log, at, record->id))
        return false;
    struct index_entry *entry = index_at(&log->index, at);
    uint64_t newest = newest_of(log, record->id);
    entry->segment = place->segment;
    entry->offset = place->offset;
    entry->op = record->op & 0xF;
    entry->audience = record->audience & 0xF;
    entry->id_offset = (uint32_t)(record->id.data - record->line.data) & 0xFFFFFF;
    entry->id_length = (uint8_t)record->id.len;
    entry->id_hash = hash_of(log, record->id);
    if (newest == UINT64_MAX || newest < at) {
        index_set_length(entry, place->length);
        log_adopt_id(log, at);
        return true;
    }
    struct index_entry *after = index_at(&log->index, newest);
    while (index_previous(after) > at + 1)
        after = index_at(&log->index, index_previous(after) - 1);
    index_set_previous(entry, index_previous(after));
    index_set_length(entry, place->length);
    index_set_previous(after, at + 1);
    return true;
}

static bool newest_below(struct store_log *log, struct span id, uint64_t size, uint64_t *index_out)
{
    struct wanted wanted = {.log = log, .hash = hash_of(log, id), .id = id};
    uint64_t at = ids_find(&log->ids, wanted.hash, (struct ids_match){is_wanted, &wanted});
    while (at != UINT64_MAX && at >= size) {
        uint64_t previous = index_previous(index_at(&log->index, at));
        at = previous == 0 ? UINT64_MAX : previous - 1;
    }
    *index_out = at;
    return at != UINT64_MAX;
}

bool store_log_newest(struct store_log *log, struct span id, uint64_t *index_out)
{
    /* The table may be ahead of what is published for the moment of a commit. */
    return newest_below(log, id, atomic_load_explicit(&log->size, memory_order_acquire), index_out);
}

bool store_log_is_newest(struct store_log *log, uint64_t index)
{
    return store_log_is_newest_below(log, index,
                                     atomic_load_explicit(&log->size, memory_order_acquire));
}

bool store_log_is_newest_below(struct store_log *log, uint64_t index, uint64_t size)
{
    const struct index_entry *entry = index_at(&log->index, index);
    uint64_t newest;
    return is_held(entry) && newest_below(log, id_of(log, entry), size, &newest) && newest == index;
}

/* ---- erasing ---- */

static enum err destroy(struct store_log *log, uint64_t at, struct buf *over, struct why *why)
{
    struct index_entry *entry = index_at(&log->index, at);
    buf_reset(over);
    lines_append_erased(over, &entry->leaf, entry->length);
    TRY(buf_check(over));
    index_mark_erased(entry); /* first: who comes now does not look at the bytes any more */
    TRY(segments_overwrite(&log->segments, entry->segment, entry->offset,
                           span_part(buf_span(over), 0, entry->length), why));
    return index_sync(&log->index, at,
                      at + 1); /* a start that believes the index must not take it for a record */
}

enum err log_erase_before(struct store_log *log, uint64_t at, struct why *why)
{
    struct buf over;
    buf_init(&over, LINE_BYTES_MAX + 1);
    enum err err = OK;
    uint64_t next = index_previous(index_at(&log->index, at));
    while (next != 0 && err == OK) {
        const struct index_entry *entry = index_at(&log->index, next - 1);
        if (is_held(entry))
            err = destroy(log, next - 1, &over, why);
        next = index_previous(entry);
    }
    buf_clear(&over);
    return err;
}

/* ---- the tree ---- */

static enum err get_node(void *ctx, unsigned level, uint64_t index, struct hash *out)
{
    const struct store_log *log = ctx;
    *out = nodes_get(&log->nodes, &log->index, level, index);
    return OK;
}

struct merkle_source store_log_source(struct store_log *log)
{
    return (struct merkle_source){.ctx = log, .node = get_node};
}

struct merkle_head log_head_at(struct store_log *log, uint64_t size)
{
    struct merkle_range range;
    struct merkle_source source = store_log_source(log);
    if (merkle_range_load(&source, size, &range) != OK)
        BUG("nodes in memory cannot fail");
    return merkle_range_head(&range);
}

void log_adopt_note(struct store_log *log, const struct merkle_head *head, struct span note)
{
    if (head->size < log->checkpoint.size)
        return;
    buf_reset(&log->note);
    buf_append_span(&log->note, note);
    if (buf_check(&log->note) == OK)
        log->checkpoint = *head;
    else
        log->checkpoint = (struct merkle_head){.size = 0};
}

/* ---- reading ---- */

static enum err get_entry(void *ctx, uint64_t index, struct log_entry *out)
{
    const struct store_log *log = ctx;
    const struct index_entry *entry = index_at(&log->index, index);
    *out = (struct log_entry){.leaf = entry->leaf};
    if (!is_held(entry))
        return OK;
    out->line = log_line(log, entry);
    out->op = (enum record_op)entry->op;
    out->audience = (enum record_audience)entry->audience;
    return OK;
}

struct log_reader store_log_reader(struct store_log *log)
{
    return (struct log_reader){.ctx = log, .entry = get_entry, .node = get_node};
}

struct span store_log_origin(const struct store_log *log)
{
    return span_cstr(log->origin);
}

struct merkle_head store_log_committed(const struct store_log *log)
{
    struct store_log *mutable_log = (struct store_log *)(uintptr_t)log; /* for its mutex alone */
    pthread_mutex_lock(&mutable_log->mutex);
    struct merkle_head head = log->committed;
    pthread_mutex_unlock(&mutable_log->mutex);
    return head;
}

struct merkle_head store_log_checkpoint(struct store_log *log, struct buf *note_out)
{
    pthread_mutex_lock(&log->mutex);
    struct merkle_head head = log->checkpoint;
    if (note_out != NULL && head.size > 0)
        buf_append_span(note_out, buf_span(&log->note));
    pthread_mutex_unlock(&log->mutex);
    return head;
}

uint64_t store_log_bytes(const struct store_log *log)
{
    return atomic_load_explicit(&log->bytes, memory_order_relaxed);
}

uint64_t store_log_records(const struct store_log *log)
{
    return atomic_load_explicit(&log->records, memory_order_relaxed);
}

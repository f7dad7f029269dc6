/* Re-verification of all that is stored of a log, from the segments' bytes alone, and of the index
 * against them. */
#include "node/store/log.h"
#include "proto/sync/lines.h"

struct check {
    struct store_log *log;
    struct store_check_report *report;
    struct merkle_range range;
    const struct log_keys *keys;
    unsigned first_version; /* of the youngest key met: older ones are over */
    struct tape tape;
    struct buf note;
    uint64_t size; /* committed when the check began */
    bool fills;    /* the next line is that of entry `filled` */
    uint64_t filled;
};

static enum err bad(struct check *check, const char *rule)
{
    check->report->bad_index = check->range.size;
    return why_set(&check->report->why, ERR_DAMAGED, rule, check->range.size, NULL, NULL);
}

static enum err add_leaf(struct check *check, const struct hash *leaf,
                         const struct log_place *place)
{
    if (check->range.size >= check->size)
        return bad(check, "there are more entries than were committed");
    const struct index_entry *entry = index_at(&check->log->index, check->range.size);
    bool is_filled = entry->segment > place->segment ||
                     (entry->segment == place->segment && entry->offset > place->offset);
    bool same_place = entry->length == 0 || (place->length == 0 && is_filled) ||
                      (entry->segment == place->segment && entry->offset == place->offset &&
                       entry->length == place->length);
    if (!hash_equal(&entry->leaf, leaf))
        return bad(check,
                   "RFC 6962, 2.1: the leaf hash of the stored line is the one that was committed");
    if (!same_place)
        return bad(check, "the index points at the line");
    merkle_range_append(&check->range, leaf);
    check->report->entries++;
    return OK;
}

static enum err check_commit(struct check *check, const struct control *control)
{
    struct merkle_head head = merkle_range_head(&check->range);
    bool holds = control->size == head.size && hash_equal(&control->hash, &head.root);
    return holds ? OK
                 : bad(check, "RFC 6962, 2.1: the root of the entries is that of the commit mark");
}

static enum err check_checkpoint(struct check *check, const struct control *control)
{
    struct checkpoint checkpoint;
    buf_reset(&check->note);
    control_append_note(control, &check->note);
    TRY(buf_check(&check->note));
    const struct log_key *by;
    if (log_keys_open(check->keys, span_cstr(check->log->origin), buf_span(&check->note),
                      &checkpoint, &by, NULL) != OK)
        return bad(check, "C2SP tlog-checkpoint: the stored checkpoint is signed by its log");
    if (by->last < check->first_version)
        return bad(check, "a retired key signs no checkpoint behind those of later keys");
    if (by->first > check->first_version)
        check->first_version = by->first;
    if (checkpoint.head.size > check->range.size)
        return bad(check, "a checkpoint stands behind its entries");
    struct merkle_head head = log_head_at(check->log, checkpoint.head.size);
    if (!hash_equal(&head.root, &checkpoint.head.root))
        return bad(check, "C2SP tlog-checkpoint: the signed root is that of the entries");
    check->report->checkpoints++;
    return OK;
}

static enum err check_control(struct check *check, struct span line, const struct log_place *place)
{
    struct control control;
    if (control_read(line, CONTROL_IN_SEGMENT, &check->tape, &control, NULL) != OK)
        return bad(check, "a stored line is a record or a control line");
    struct log_place nowhere = {.segment = place->segment, .offset = place->offset};
    switch (control.kind) {
    case CONTROL_FILL:
        check->fills = true;
        check->filled = control.size;
        return OK;
    case CONTROL_WITHHELD:
        for (uint32_t i = 0; i < control.hash_count; i++) {
            struct hash leaf = control_hash(&control, i);
            TRY(add_leaf(check, &leaf, &nowhere));
        }
        return OK;
    case CONTROL_ERASED:
        return add_leaf(check, &control.hash, place);
    case CONTROL_COMMIT:
        return check_commit(check, &control);
    default:
        return check_checkpoint(check, &control);
    }
}

/* The line behind ["fill",index]. */
static enum err check_fill(struct check *check, struct span line, const struct log_place *place)
{
    struct control control;
    check->fills = false;
    if (check->filled >= check->range.size)
        return bad(check, "an entry is withheld before it is filled in");
    const struct index_entry *entry = index_at(&check->log->index, check->filled);
    if (line.len > 0 && line.data[0] == '{') {
        struct hash leaf = merkle_leaf_hash(line);
        bool here = entry->segment == place->segment && entry->offset == place->offset;
        if (!hash_equal(&entry->leaf, &leaf))
            return bad(check, "RFC 6962, 2.1: a line that was filled in has its leaf hash");
        return here ? OK : bad(check, "the index points at the line that was filled in");
    }
    bool erased = control_read(line, CONTROL_IN_SEGMENT, &check->tape, &control, NULL) == OK &&
                  control.kind == CONTROL_ERASED && hash_equal(&entry->leaf, &control.hash);
    return erased ? OK : bad(check, "what is filled in is a record");
}

static enum err check_line(struct check *check, struct span line, const struct log_place *place)
{
    if (check->fills)
        return check_fill(check, line, place);
    if (line.len == 0 || line.data[0] != '{')
        return check_control(check, line, place);
    struct record record;
    if (record_read(line, &check->tape, &record, NULL) != OK)
        return bad(check, "a stored record is one");
    struct hash leaf = merkle_leaf_hash(line);
    return add_leaf(check, &leaf, place);
}

static enum err check_segment(struct check *check, uint32_t ordinal, uint64_t bytes)
{
    const struct segment *segment = segments_at(&check->log->segments, ordinal);
    if (segment->first != check->range.size)
        return bad(check, "a segment is named by its first entry");
    for (uint64_t at = 0; at < bytes;) {
        const uint8_t *start = segment->map + at;
        const uint8_t *newline = memchr(start, '\n', bytes - at);
        if (newline == NULL)
            return bad(check, "a segment ends with a whole line");
        struct span line = span_of(start, (size_t)(newline - start));
        struct log_place place = {
            .segment = ordinal, .offset = (uint32_t)at, .length = (uint32_t)line.len};
        TRY(check_line(check, line, &place));
        at += line.len + 1;
    }
    return OK;
}

/* What is published at one moment: later commits are not this check's. */
struct extent {
    uint32_t segment;
    uint64_t offset;
};

static struct extent snapshot(struct check *check)
{
    struct store_log *log = check->log;
    pthread_mutex_lock(&log->mutex);
    check->size = log->committed.size;
    struct extent end = {.segment = log->end_segment, .offset = log->end_offset};
    pthread_mutex_unlock(&log->mutex);
    return end;
}

static enum err check_all(struct check *check,
                          void (*progress)(void *ctx, uint64_t done, uint64_t all), void *ctx)
{
    struct extent end = snapshot(check);
    if (check->size == 0)
        return OK;
    for (uint32_t i = 0; i <= end.segment; i++) {
        /* A segment that is not the last is not written to any more. */
        uint64_t bytes =
            i < end.segment ? segments_at(&check->log->segments, i)->bytes : end.offset;
        TRY(check_segment(check, i, bytes));
        if (progress != NULL)
            progress(ctx, check->range.size, check->size);
    }
    return check->range.size == check->size ? OK : bad(check, "all committed entries are stored");
}

enum err store_log_check(struct store_log *log, const struct log_keys *keys,
                         void (*progress)(void *ctx, uint64_t done, uint64_t all), void *ctx,
                         struct store_check_report *out)
{
    *out = (struct store_check_report){.entries = 0};
    struct check check = {.log = log, .report = out, .keys = keys};
    tape_init(&check.tape);
    buf_init(&check.note, NOTE_BYTES_MAX);
    enum err err = check_all(&check, progress, ctx);
    tape_clear(&check.tape);
    buf_clear(&check.note);
    return err;
}

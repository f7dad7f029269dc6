/* Opening a log: what the position file covers is believed, the rest of the segments is read line
 * by line, and a tail behind the last commit whose root holds is cut off. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "node/net/os.h"
#include "node/store/log.h"
#include "node/store/position.h"
#include "proto/log/checkpoint.h"
#include "proto/sync/lines.h"

/* The line of an entry that stands before it as withheld. */
struct fill {
    uint64_t at;
    struct log_place place;
};

struct scan {
    struct store_log *log;
    struct tape tape;
    struct buf note;
    uint64_t held; /* entries read, committed or not yet */
    bool fills;    /* the next line is that of entry `filled` */
    uint64_t filled;
    struct fill *pending; /* not committed yet */
    size_t pending_count;
    size_t pending_cap;
    uint32_t segment; /* being read */
    uint64_t good;    /* bytes of it up to the last commit, or note behind one */
    struct why *why;
};

/* ---- one line ---- */

static enum err add_entry(struct scan *scan, const struct log_place *place,
                          const struct record *record, const struct hash *leaf)
{
    struct store_log *log = scan->log;
    TRY(index_make_room(&log->index, scan->held, scan->why));
    log_index_entry(log, scan->held, place, record, leaf);
    TRY(nodes_append(&log->nodes, &log->range, leaf));
    scan->held++;
    return OK;
}

static enum err keep_fill(struct scan *scan, const struct log_place *place)
{
    if (scan->pending_count == scan->pending_cap) {
        size_t cap = scan->pending_cap == 0 ? 64 : scan->pending_cap * 2;
        struct fill *grown = realloc(scan->pending, cap * sizeof(*grown));
        if (grown == NULL)
            return ERR_NO_MEMORY;
        scan->pending = grown;
        scan->pending_cap = cap;
    }
    scan->pending[scan->pending_count++] = (struct fill){.at = scan->filled, .place = *place};
    return OK;
}

/* The line behind ["fill",index]: the record, or what lies over it since it was erased. */
static enum err read_fill(struct scan *scan, struct span line, const struct log_place *place)
{
    struct hash leaf;
    scan->fills = false;
    if (scan->filled >= scan->held)
        return ERR_DAMAGED;
    bool is_record = line.len > 0 && line.data[0] == '{';
    if (is_record) {
        leaf = merkle_leaf_hash(line);
    } else {
        struct control control;
        TRY(control_read(line, CONTROL_IN_SEGMENT, &scan->tape, &control, NULL));
        if (control.kind != CONTROL_ERASED)
            return ERR_DAMAGED;
        leaf = control.hash;
    }
    if (!hash_equal(&leaf, &index_at(&scan->log->index, scan->filled)->leaf))
        return ERR_DAMAGED;
    return is_record ? keep_fill(scan, place) : OK;
}

static enum err apply_fills(struct scan *scan)
{
    struct store_log *log = scan->log;
    TRY(ids_make_room(&log->ids, scan->pending_count));
    for (size_t i = 0; i < scan->pending_count; i++) {
        const struct fill *fill = &scan->pending[i];
        struct record record;
        struct span line =
            span_of(segments_at(&log->segments, fill->place.segment)->map + fill->place.offset,
                    fill->place.length);
        TRY(record_read(line, &scan->tape, &record, NULL));
        (void)log_fill(log, fill->at, &fill->place, &record);
    }
    scan->pending_count = 0;
    return OK;
}

static enum err read_commit(struct scan *scan, const struct control *control)
{
    struct store_log *log = scan->log;
    struct merkle_head head = merkle_range_head(&log->range);
    if (control->size != head.size || !hash_equal(&control->hash, &head.root))
        return ERR_DAMAGED;
    uint64_t before = log->committed.size;
    TRY(ids_make_room(&log->ids, head.size - before));
    log->committed = head;
    for (uint64_t i = before; i < head.size; i++)
        log_adopt_id(log, i);
    return apply_fills(scan);
}

static enum err read_checkpoint(struct scan *scan, const struct control *control)
{
    struct checkpoint checkpoint;
    struct note note;
    buf_reset(&scan->note);
    control_append_note(control, &scan->note);
    TRY(buf_check(&scan->note));
    TRY(note_read(buf_span(&scan->note), &note, NULL));
    TRY(checkpoint_read(note.text, &checkpoint, NULL));
    if (checkpoint.head.size > scan->log->committed.size)
        return ERR_DAMAGED;
    log_adopt_note(scan->log, &checkpoint.head, buf_span(&scan->note));
    return OK;
}

static enum err read_withheld(struct scan *scan, const struct control *control,
                              const struct log_place *place)
{
    for (uint32_t i = 0; i < control->hash_count; i++) {
        struct hash leaf = control_hash(control, i);
        TRY(add_entry(scan, place, NULL, &leaf));
    }
    return OK;
}

/* *settles_out: behind this line everything so far is committed. */
static enum err read_line(struct scan *scan, struct span line, const struct log_place *place,
                          bool *settles_out)
{
    *settles_out = false;
    if (scan->fills)
        return read_fill(scan, line, place);
    if (line.len > 0 && line.data[0] == '{') {
        struct record record;
        TRY(record_read(line, &scan->tape, &record, NULL));
        struct hash leaf = merkle_leaf_hash(line);
        return add_entry(scan, place, &record, &leaf);
    }
    struct control control;
    TRY(control_read(line, CONTROL_IN_SEGMENT, &scan->tape, &control, NULL));
    switch (control.kind) {
    case CONTROL_WITHHELD:
        return read_withheld(scan, &control, place);
    case CONTROL_ERASED:
        return add_entry(scan, place, NULL, &control.hash);
    case CONTROL_FILL:
        scan->fills = true;
        scan->filled = control.size;
        return OK;
    case CONTROL_COMMIT:
        *settles_out = true;
        return read_commit(scan, &control);
    case CONTROL_CHECKPOINT:
        *settles_out = scan->held == scan->log->committed.size;
        return read_checkpoint(scan, &control);
    default:
        return ERR_DAMAGED;
    }
}

/* ---- one segment ---- */

/* Reads on from `at`; stops at the first line that does not hold. */
static enum err scan_segment(struct scan *scan, uint64_t at)
{
    struct store_log *log = scan->log;
    const struct segment *segment = segments_at(&log->segments, scan->segment);
    scan->good = at;
    while (at < segment->bytes) {
        const uint8_t *start = segment->map + at;
        const uint8_t *newline = memchr(start, '\n', segment->bytes - at);
        if (newline == NULL)
            return OK;
        struct span line = span_of(start, (size_t)(newline - start));
        struct log_place place = {
            .segment = scan->segment, .offset = (uint32_t)at, .length = (uint32_t)line.len};
        bool settles;
        enum err err = read_line(scan, line, &place, &settles);
        if (err == ERR_IO || err == ERR_DISK_FULL || err == ERR_NO_MEMORY)
            return err;
        if (err != OK)
            return OK;
        at += line.len + 1;
        if (settles)
            scan->good = at;
    }
    return OK;
}

/* A group of commits is one write, with its one mark at the end, and the next begins when it is
 * durable. So a power cut leaves at most one mark behind torn bytes; two of them mean that what was
 * durable has been damaged since. */
static bool is_damage(const struct store_log *log, uint64_t good)
{
    const struct segment *segment = segments_at(&log->segments, log->segments.count - 1);
    struct span mark = SPAN_LITERAL("[\"commit\",");
    unsigned marks = 0;
    uint64_t at = good;
    while (at < segment->bytes) {
        struct span rest = span_of(segment->map + at, segment->bytes - at);
        marks += span_starts_with(rest, mark);
        const uint8_t *newline = memchr(rest.data, '\n', rest.len);
        if (newline == NULL)
            break;
        at += (uint64_t)(newline - rest.data) + 1;
    }
    return marks > 1;
}

static enum err damaged(const struct scan *scan)
{
    return why_set(scan->why, ERR_DAMAGED, "a line between two commit marks does not hold",
                   scan->log->committed.size, NULL,
                   segments_at(&scan->log->segments, scan->segment)->map == NULL
                       ? NULL
                       : scan->log->segments.dir);
}

/* Goes back to the last commit and cuts off what lies behind it. */
static enum err settle(struct scan *scan)
{
    struct store_log *log = scan->log;
    struct segments *segments = &log->segments;
    log->end_segment = scan->segment;
    log->end_offset = scan->good;
    if (scan->segment + 1 < segments->count)
        return damaged(scan);
    if (segments->count > 0 && scan->good < segments_at(segments, scan->segment)->bytes) {
        if (is_damage(log, scan->good))
            return damaged(scan);
        TRY(segments_cut(segments, scan->good, scan->why));
    }
    struct merkle_source source = store_log_source(log);
    return merkle_range_load(&source, log->committed.size, &log->range);
}

static enum err read_segments(struct scan *scan)
{
    struct store_log *log = scan->log;
    uint64_t at = log->end_offset;
    for (scan->segment = log->end_segment; scan->segment < log->segments.count; scan->segment++) {
        TRY(scan_segment(scan, at));
        const struct segment *segment = segments_at(&log->segments, scan->segment);
        bool last = scan->segment + 1 == log->segments.count;
        if (last || scan->good < segment->bytes)
            return settle(scan);
        at = 0;
    }
    return OK;
}

static enum err finish_erasures(struct store_log *log, uint64_t begin, struct why *why)
{
    for (uint64_t i = begin; i < log->committed.size; i++) {
        const struct index_entry *entry = index_at(&log->index, i);
        if (entry->length != 0 && entry->op == RECORD_ERASE)
            TRY(log_erase_before(log, i, why));
    }
    return OK;
}

static enum err adopt_settled(struct store_log *log)
{
    TRY(ids_make_room(&log->ids, log->committed.size));
    for (uint64_t i = 0; i < log->committed.size; i++)
        log_adopt_id(log, i);
    return OK;
}

static enum err read_log(struct store_log *log, struct why *why)
{
    (void)position_read(log);
    TRY(adopt_settled(log));
    uint64_t believed = log->committed.size;
    struct scan scan = {.log = log, .held = believed, .why = why};
    tape_init(&scan.tape);
    buf_init(&scan.note, NOTE_BYTES_MAX);
    enum err err = read_segments(&scan);
    tape_clear(&scan.tape);
    buf_clear(&scan.note);
    free(scan.pending);
    TRY(err);
    TRY(finish_erasures(log, believed, why));
    segments_release(&log->segments, log->segments.count);
    index_release(&log->index);
    atomic_store(&log->size, log->committed.size);
    atomic_store(&log->bytes, segments_bytes(&log->segments));
    return OK;
}

/* ---- the folder ---- */

static enum err write_origin(const char *dir, struct span origin, struct why *why)
{
    char path[4096];
    if ((size_t)snprintf(path, sizeof(path), "%s/origin", dir) >= sizeof(path))
        return ERR_LIMIT;
    struct stat status;
    return stat(path, &status) == 0 ? OK : os_write_file(path, origin, 0600, why);
}

enum err log_open(char *dir, struct span origin, uint64_t segment_bytes, struct store_log **out,
                  struct why *why)
{
    struct store_log *log = calloc(1, sizeof(*log));
    char *index_path = NULL;
    if (log == NULL || asprintf(&index_path, "%s/index", dir) < 0) {
        free(dir);
        free(log);
        return ERR_NO_MEMORY;
    }
    memcpy(log->origin, origin.data, origin.len);
    pthread_mutex_init(&log->mutex, NULL);
    buf_init(&log->note, NOTE_BYTES_MAX);
    index_init(&log->index, index_path);
    log->segments.dir = dir;
    enum err err = os_make_dirs(dir, 0700, why);
    if (err == OK)
        err = write_origin(dir, origin, why);
    if (err == OK)
        err = segments_open(&log->segments, dir, segment_bytes, why);
    if (err == OK)
        err = read_log(log, why);
    if (err != OK) {
        log->broken = err;
        log_close(log);
        return err;
    }
    *out = log;
    return OK;
}

void log_close(struct store_log *log)
{
    if (log->range.size != log->settled)
        position_write(log);
    segments_clear(&log->segments);
    index_clear(&log->index);
    nodes_clear(&log->nodes);
    ids_clear(&log->ids);
    buf_clear(&log->note);
    pthread_mutex_destroy(&log->mutex);
    free(log);
}

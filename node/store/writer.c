#include "node/store/writer.h"

#include <stdlib.h>

#include "node/store/fill.h"
#include "node/store/position.h"
#include "proto/log/checkpoint.h"
#include "proto/sync/lines.h"

#define JOBS_MAX 64u
#define QUEUE_BYTES_MAX (64u * 1024u * 1024u) /* of lines waiting; one batch is always let in */
#define GROUP_BYTES_MAX (32u * 1024u * 1024u)
#define SETTLE_ENTRIES 131072u /* a crash costs a start that reads this many lines at most */

_Static_assert(GROUP_BYTES_MAX + SYNC_BATCH_BYTES_MAX + JOBS_MAX * (2 * NOTE_BYTES_MAX + 256) <=
                   SEGMENT_GROUP_BYTES_MAX,
               "a group fits the room behind a full segment");

struct job {
    uint64_t offset; /* of its lines in the segment */
    struct store_log *log;
    struct batch *batch;
    store_done_fn done;
    void *ctx;
    struct store_result result;
    bool answered;
    bool grouped; /* of the group that is being written */
};

struct writer {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t work;
    pthread_cond_t room;
    struct job queue[JOBS_MAX];
    size_t first;
    size_t count;
    size_t bytes;
    bool started; /* by the first write: a process confines itself before it has threads */
    bool stopping;
    store_watch_fn watch;
    void *watch_ctx;
    /* The thread's own. */
    struct job jobs[JOBS_MAX];
    size_t job_count;
    struct span parts[JOBS_MAX * 2 + 2];
    struct buf marks;
};

/* ---- a batch against the log ---- */

static enum err refuse(struct job *job, enum err err, const char *rule, uint64_t position)
{
    return why_set(&job->result.why, err, rule, position, NULL, NULL);
}

/* Entries held already must be the same ones. Leaves *skip_out of them to pass over. */
static enum err compare_overlap(struct job *job, uint32_t *skip_out)
{
    const struct batch *batch = job->batch;
    struct store_log *log = job->log;
    *skip_out = 0;
    if (batch->first == BATCH_FIRST_NEXT)
        return OK;
    if (batch->first > log->range.size)
        return refuse(job, ERR_CONFLICT, "a batch begins where the log ends", log->range.size);
    uint64_t held = log->range.size - batch->first;
    uint32_t overlap = held < batch->count ? (uint32_t)held : batch->count;
    for (uint32_t i = 0; i < overlap; i++)
        if (!hash_equal(&batch->entries[i].leaf, &index_at(&log->index, batch->first + i)->leaf))
            return refuse(job, ERR_FORK, "an entry that is held has another leaf hash",
                          batch->first + i);
    *skip_out = overlap;
    return OK;
}

/* A batch of which the first entries are held becomes one of the rest. */
static enum err drop_held(struct batch *batch, uint32_t skip)
{
    struct batch *rest = batch_new();
    if (rest == NULL)
        return ERR_NO_MEMORY;
    enum err err = OK;
    for (uint32_t i = skip; i < batch->count && err == OK; i++) {
        const struct batch_entry *entry = &batch->entries[i];
        struct record record = {.line = span_of(batch->lines.data + entry->offset, entry->length),
                                .id =
                                    span_of(batch->lines.data + entry->id_offset, entry->id_length),
                                .op = (enum record_op)entry->op,
                                .audience = (enum record_audience)entry->audience};
        err = entry->length == 0 ? batch_append_withheld(rest, &entry->leaf)
                                 : batch_append(rest, &record, &entry->leaf);
    }
    if (err == OK)
        err = batch_seal(rest);
    if (err == OK) {
        struct batch old = *batch;
        batch->lines = rest->lines;
        batch->entries = rest->entries;
        batch->count = rest->count;
        batch->cap = rest->cap;
        batch->first += skip;
        rest->lines = old.lines;
        rest->entries = old.entries;
    }
    batch_free(rest);
    return err;
}

/* Index entries beyond what is committed: no reader looks there yet. */
static enum err append_entries(struct job *job, uint32_t segment, uint64_t offset)
{
    const struct batch *batch = job->batch;
    struct store_log *log = job->log;
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct batch_entry *entry = &batch->entries[i];
        struct log_place place = {.segment = segment,
                                  .offset = (uint32_t)(offset + entry->offset),
                                  .length = entry->length};
        struct record record = {.line = span_of(batch->lines.data + entry->offset, entry->length),
                                .id =
                                    span_of(batch->lines.data + entry->id_offset, entry->id_length),
                                .op = (enum record_op)entry->op,
                                .audience = (enum record_audience)entry->audience};
        TRY(index_make_room(&log->index, log->range.size, &job->result.why));
        log_index_entry(log, log->range.size, &place, entry->length == 0 ? NULL : &record,
                        &entry->leaf);
        TRY(nodes_append(&log->nodes, &log->range, &entry->leaf));
    }
    return OK;
}

static enum err check_head(struct job *job)
{
    const struct batch *batch = job->batch;
    if (batch->head.size == 0)
        return OK;
    if (batch->head.size > job->log->range.size)
        return refuse(job, ERR_CONFLICT, "a batch's head is that of its last entry",
                      batch->head.size);
    struct merkle_head head = log_head_at(job->log, batch->head.size);
    if (!hash_equal(&head.root, &batch->head.root))
        return refuse(job, ERR_FORK, "the root over the entries is the one that was announced",
                      head.size);
    return OK;
}

/* Takes a batch into the tree and index, all or not at all. *added_out: its entries that are new.
 */
static enum err take_in(struct job *job, uint32_t segment, uint64_t offset)
{
    struct merkle_range before = job->log->range;
    uint32_t skip;
    job->offset = offset;
    if (job->batch->fills) {
        TRY(fill_prepare(job->log, job->batch, &job->result.why));
        job->result.added = job->batch->count;
        return OK;
    }
    TRY(compare_overlap(job, &skip));
    job->result.first = job->batch->first == BATCH_FIRST_NEXT ? before.size : job->batch->first;
    if (skip > 0)
        TRY(drop_held(job->batch, skip));
    enum err err = append_entries(job, segment, offset);
    if (err == OK)
        err = check_head(job);
    if (err != OK)
        job->log->range = before;
    else
        job->result.added = job->batch->count;
    return err;
}

/* ---- a group for one log ---- */

static void answer(struct writer *writer, struct job *job, enum err err)
{
    (void)writer;
    job->answered = true;
    job->result.err = err;
    job->result.batch = job->batch;
    job->result.head = job->log->committed; /* written by this thread alone */
    if (err != OK && job->result.why.rule == NULL)
        job->result.why.rule = "the store could not write";
    job->done(job->ctx, &job->result);
}

static enum err open_segment(struct store_log *log, struct why *why)
{
    struct segments *segments = &log->segments;
    bool full = segments->count == 0 ||
                segments_at(segments, segments->count - 1)->bytes >= segments->segment_bytes;
    return full ? segments_add(segments, log->range.size, why) : OK;
}

struct group {
    struct store_log *log;
    struct merkle_range before;
    uint64_t offset; /* in the segment, behind what is gathered */
    size_t parts;
    uint64_t entries;
    bool has_erase;
};

static void note_erasures(struct group *group, const struct batch *batch)
{
    for (uint32_t i = 0; i < batch->count; i++)
        group->has_erase = group->has_erase ||
                           (batch->entries[i].length > 0 && batch->entries[i].op == RECORD_ERASE);
}

/* Jobs that append are written together. One that fills is a group of its own: whether a line may
 * be filled in depends on what was appended, and filled in, before. */
static void select_jobs(struct writer *writer, const struct store_log *log)
{
    bool any = false;
    bool fills = false;
    for (size_t i = 0; i < writer->job_count; i++) {
        struct job *job = &writer->jobs[i];
        job->grouped = false;
        if (job->log != log || job->answered)
            continue;
        if (!any)
            fills = job->batch->fills;
        job->grouped = !any || (!fills && !job->batch->fills);
        any = true;
    }
}

/* Gathers what the log's jobs add; those refused are answered at once. */
static void gather(struct writer *writer, struct group *group)
{
    uint32_t segment = group->log->segments.count - 1;
    for (size_t i = 0; i < writer->job_count; i++) {
        struct job *job = &writer->jobs[i];
        if (!job->grouped)
            continue;
        enum err err =
            group->log->broken != OK ? group->log->broken : take_in(job, segment, group->offset);
        if (err != OK) {
            job->grouped = false;
            answer(writer, job, err);
            continue;
        }
        group->entries += job->result.added;
        if (job->batch->lines.len == 0)
            continue;
        if (!job->batch->fills)
            note_erasures(group, job->batch);
        writer->parts[group->parts++] = buf_span(&job->batch->lines);
        group->offset += job->batch->lines.len;
    }
}

/* The commit mark, then the notes: all in one write with the entries. */
static enum err write_group(struct writer *writer, struct group *group, struct why *why)
{
    buf_reset(&writer->marks);
    if (group->entries > 0) {
        struct merkle_head head = merkle_range_head(&group->log->range);
        lines_append_commit(&writer->marks, &head);
    }
    for (size_t i = 0; i < writer->job_count; i++) {
        const struct job *job = &writer->jobs[i];
        if (job->grouped && job->batch->note.len > 0)
            lines_append_checkpoint(&writer->marks, buf_span(&job->batch->note));
    }
    TRY(buf_check(&writer->marks));
    if (writer->marks.len == 0)
        return OK;
    writer->parts[group->parts++] = buf_span(&writer->marks);
    return segments_append(&group->log->segments, writer->parts, group->parts, why);
}

/* Behind publish: readers of the entries that were appended do not meet it. */
static enum err fill_in(struct writer *writer, struct store_log *log)
{
    bool any = false;
    for (size_t i = 0; i < writer->job_count; i++) {
        const struct job *job = &writer->jobs[i];
        if (!job->grouped || !job->batch->fills)
            continue;
        any = true;
        TRY(fill_publish(log, job->batch, log->segments.count - 1, job->offset));
    }
    if (any)
        position_write(log);
    return OK;
}

static enum err erase(struct store_log *log, uint64_t begin, uint64_t end, struct why *why)
{
    for (uint64_t i = begin; i < end; i++) {
        const struct index_entry *entry = index_at(&log->index, i);
        if (entry->length != 0 && entry->op == RECORD_ERASE)
            TRY(log_erase_before(log, i, why));
    }
    return OK;
}

/* It is durable: readers may see it. */
static void publish(struct writer *writer, struct group *group)
{
    struct store_log *log = group->log;
    for (uint64_t i = group->before.size; i < log->range.size; i++)
        log_adopt_id(log, i);
    atomic_store_explicit(&log->bytes, segments_bytes(&log->segments), memory_order_relaxed);
    pthread_mutex_lock(&log->mutex);
    if (group->entries > 0)
        log->committed = merkle_range_head(&log->range);
    log->end_segment = log->segments.count - 1;
    log->end_offset = segments_at(&log->segments, log->end_segment)->bytes;
    for (size_t i = 0; i < writer->job_count; i++) {
        const struct job *job = &writer->jobs[i];
        if (job->grouped && job->batch->note.len > 0)
            log_adopt_note(log, &job->batch->head, buf_span(&job->batch->note));
    }
    pthread_mutex_unlock(&log->mutex);
    atomic_store_explicit(&log->size, log->range.size, memory_order_release);
}

static void fail_group(struct writer *writer, struct group *group, enum err err,
                       const struct why *why)
{
    struct store_log *log = group->log;
    log->range = group->before;
    if (err == ERR_DAMAGED)
        log->broken = err; /* until it is opened again */
    for (size_t i = 0; i < writer->job_count; i++) {
        struct job *job = &writer->jobs[i];
        if (!job->grouped)
            continue;
        job->result.why = *why;
        answer(writer, job, err);
    }
}

static void commit_log(struct writer *writer, struct store_log *log)
{
    struct group group = {.log = log, .before = log->range};
    struct why why = {.rule = NULL};
    select_jobs(writer, log);
    enum err err = log->broken != OK ? log->broken : open_segment(log, &why);
    if (err == OK) {
        group.offset = segments_at(&log->segments, log->segments.count - 1)->bytes;
        gather(writer, &group);
        err = ids_make_room(&log->ids, group.entries);
    }
    if (err == OK)
        err = write_group(writer, &group, &why);
    if (err != OK) {
        fail_group(writer, &group, err, &why);
        return;
    }
    publish(writer, &group);
    if ((err = fill_in(writer, log)) != OK)
        log->broken = err; /* opening anew finishes it */
    if (err == OK && group.has_erase &&
        (err = erase(log, group.before.size, log->range.size, &why)) != OK)
        log->broken = err; /* opening anew finishes it */
    for (size_t i = 0; i < writer->job_count; i++)
        if (writer->jobs[i].grouped)
            answer(writer, &writer->jobs[i], err);
    struct store_event event = {
        .log = log, .committed = log->committed, .checkpoint = log->checkpoint};
    if (writer->watch != NULL)
        writer->watch(writer->watch_ctx, &event);
    if (log->range.size - log->settled >= SETTLE_ENTRIES)
        position_write(log);
}

/* ---- the queue ---- */

static void take_jobs(struct writer *writer)
{
    size_t bytes = 0;
    writer->job_count = 0;
    while (writer->count > 0 && (writer->job_count == 0 || bytes < GROUP_BYTES_MAX)) {
        struct job *job = &writer->jobs[writer->job_count++];
        *job = writer->queue[writer->first];
        bytes += job->batch->lines.len;
        writer->first = (writer->first + 1) % JOBS_MAX;
        writer->count--;
    }
    writer->bytes -= bytes;
    pthread_cond_broadcast(&writer->room);
}

static void *work(void *ctx)
{
    struct writer *writer = ctx;
    pthread_mutex_lock(&writer->mutex);
    for (;;) {
        while (writer->count == 0 && !writer->stopping)
            pthread_cond_wait(&writer->work, &writer->mutex);
        if (writer->count == 0)
            break;
        take_jobs(writer);
        pthread_mutex_unlock(&writer->mutex);
        for (size_t i = 0; i < writer->job_count; i++)
            if (!writer->jobs[i].answered)
                commit_log(writer, writer->jobs[i].log);
        pthread_mutex_lock(&writer->mutex);
    }
    pthread_mutex_unlock(&writer->mutex);
    return NULL;
}

enum err writer_submit(struct writer *writer, struct store_log *log, struct batch *taken,
                       store_done_fn done, void *ctx, bool wait)
{
    enum err err = OK;
    pthread_mutex_lock(&writer->mutex);
    while (writer->count == JOBS_MAX ||
           (writer->count > 0 && writer->bytes + taken->lines.len > QUEUE_BYTES_MAX)) {
        if (!wait) {
            err = ERR_BUSY;
            break;
        }
        pthread_cond_wait(&writer->room, &writer->mutex);
    }
    if (err == OK && !writer->started) {
        writer->started = pthread_create(&writer->thread, NULL, work, writer) == 0;
        err = writer->started ? OK : ERR_BUSY;
    }
    if (err == OK) {
        writer->queue[(writer->first + writer->count) % JOBS_MAX] =
            (struct job){.log = log, .batch = taken, .done = done, .ctx = ctx};
        writer->count++;
        writer->bytes += taken->lines.len;
        pthread_cond_signal(&writer->work);
    }
    pthread_mutex_unlock(&writer->mutex);
    return err;
}

void writer_watch(struct writer *writer, store_watch_fn fn, void *ctx)
{
    writer->watch = fn;
    writer->watch_ctx = ctx;
}

enum err writer_new(struct writer **out)
{
    struct writer *writer = calloc(1, sizeof(*writer));
    if (writer == NULL)
        return ERR_NO_MEMORY;
    pthread_mutex_init(&writer->mutex, NULL);
    pthread_cond_init(&writer->work, NULL);
    pthread_cond_init(&writer->room, NULL);
    buf_init(&writer->marks, JOBS_MAX * (2 * NOTE_BYTES_MAX + 256));
    *out = writer;
    return OK;
}

void writer_stop(struct writer *writer)
{
    if (writer == NULL)
        return;
    pthread_mutex_lock(&writer->mutex);
    writer->stopping = true;
    pthread_cond_signal(&writer->work);
    pthread_mutex_unlock(&writer->mutex);
    if (writer->started)
        pthread_join(writer->thread, NULL);
    pthread_cond_destroy(&writer->work);
    pthread_cond_destroy(&writer->room);
    pthread_mutex_destroy(&writer->mutex);
    buf_clear(&writer->marks);
    free(writer);
}

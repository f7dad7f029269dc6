/* What a store promises: logs kept whole and durable, written by one writer thread, read by any.
 *
 * Default: embedded (DESIGN 6, "the log is the database"). One folder per log held:
 *   logs/<scid>/origin            the DID, text
 *   logs/<scid>/<first>.seg       NDJSON exactly as sync sends it: record lines, ["withheld",..],
 *                                 ["erased","<b64 leaf>",..padding] over destroyed bytes, and
 * marks:
 *                                 ["fill",index] before the line of an older entry, which was
 *                                 withheld; ["commit",size,"<b64 root>"] ends each batch,
 * ["checkpoint","<note>"] logs/<scid>/index, level8     derived: 64 bytes per entry; Merkle nodes
 * of level 8 logs/<scid>/position          derived: up to where those two are known to be whole A
 * commit is durable after ONE fdatasync; a torn tail is cut back to the last commit mark whose root
 * holds. Everything else is derived and is rebuilt when missing, short or stale.
 * All functions may be called by any thread unless they say otherwise. */
#ifndef MAILLON_NODE_STORE_STORE_H
#define MAILLON_NODE_STORE_STORE_H

#include "proto/log/reader.h"
#include "proto/identity/log_keys.h"
#include "proto/record/batch.h"

struct store;
struct store_log; /* lives as long as its store */

struct store_options {
    const char *dir;        /* the node's folder; "logs" and "lock" are made inside it */
    uint64_t segment_bytes; /* a segment is closed at this size; 0: the default of 256 MiB */
};

/* What happened to a log; tells watchers. */
struct store_event {
    struct store_log *log;
    struct merkle_head committed;  /* durable entries */
    struct merkle_head checkpoint; /* newest signed head wholly held; size 0: none */
};
/* Called by the writer thread after each commit or checkpoint: return at once. */
typedef void (*store_watch_fn)(void *ctx, const struct store_event *event);

/* A write is done: err; on OK the index of its first entry, how many of the batch's entries were
 * new, and the committed head after it. Called by the writer thread, in order: return at once. The
 * batch is the callee's again. */
struct store_result {
    enum err err;
    struct batch *batch;
    uint64_t first;
    uint64_t added;
    struct merkle_head head;
    struct why why;
};
typedef void (*store_done_fn)(void *ctx, const struct store_result *result);

/* Opens, cuts torn tails, rebuilds what is derived, starts the writer. ERR_LOCKED when another
 * process has it, ERR_DAMAGED, ERR_IO, ERR_NEWER_FORMAT. */
MUST_USE enum err store_open(const struct store_options *options, struct store **out,
                             struct why *why);
/* Finishes the writes queued, stops the writer, unmaps. Readers must be gone. NULL is fine. */
void store_close(struct store *store);
/* One watcher at a time; before the first write. */
void store_watch(struct store *store, store_watch_fn fn, void *ctx);

/* The log of this origin, or NULL. */
struct store_log *store_log_find(struct store *store, struct span origin);
/* The same, made when it is missing. ERR_LIMIT beyond SYNC_LOGS_MAX. */
MUST_USE enum err store_log_open(struct store *store, struct span origin, struct store_log **out,
                                 struct why *why);
/* All logs in order of opening: the i-th, or NULL at the end. Never removed while the store is
 * open. */
struct store_log *store_log_at(struct store *store, size_t i);
/* The i under which store_log_at gives this log; below SYNC_LOGS_MAX. */
size_t store_log_place(const struct store_log *log);
struct span store_log_origin(const struct store_log *log);
/* Durable entries and their root. */
struct merkle_head store_log_committed(const struct store_log *log);
/* The newest checkpoint whose entries are all held: appends its signed note to note_out (may be
 * NULL) and returns its head; size 0 and nothing appended when there is none. */
struct merkle_head store_log_checkpoint(struct store_log *log, struct buf *note_out);
uint64_t store_log_bytes(const struct store_log *log);   /* on disk */
uint64_t store_log_records(const struct store_log *log); /* ids whose newest entry is a put */

/* A batch that fills (batch_append_fill) gives entries their lines of which only the leaf is held;
 * those held already, or erased since, are passed over; ERR_BAD_PROOF when a line does not have the
 * leaf hash of its entry, ERR_CONFLICT for an entry beyond the end.
 * Queues a batch (sealed) for the writer; group-committed with others. For a batch whose first is
 * known, entries already held are skipped when they are equal (ERR_FORK otherwise), a gap is
 * ERR_CONFLICT; when batch.head.size is not 0 the writer's own root must equal it (ERR_FORK). A
 * note is stored behind the entries; an empty batch with a note stores a checkpoint of the
 * committed head alone. done is always called, once. The queue is bounded: ERR_BUSY at once when it
 * is full (done is not called then), in which case the batch stays the caller's. */
MUST_USE enum err store_submit(struct store *store, struct store_log *log, struct batch *taken,
                               store_done_fn done, void *ctx);
/* The same, waiting for room and for the end. For commands and tests; never on a loop or the
 * writer. */
void store_write(struct store *store, struct store_log *log, struct batch *batch,
                 struct store_result *out);

/* Reads entries and nodes below store_log_committed. Spans live until store_close, but the bytes of
 * a record that is erased change under the reader: what is sent then no longer has its leaf hash,
 * and who receives it says so. */
struct log_reader store_log_reader(struct store_log *log);
/* merkle_source over the same. */
struct merkle_source store_log_source(struct store_log *log);
/* Index of the newest entry of this id whose line is held; false: none. */
bool store_log_newest(struct store_log *log, struct span id, uint64_t *index_out);
/* Ranges of entries whose lines are not held, the last one reaching to the end where there are more
 * than max or more than a bounded number of entries was looked at. Returns how many. */
size_t store_log_withheld(struct store_log *log, struct log_range *out, size_t max);
/* Another number whenever entries have got their lines. Any thread. */
uint64_t store_log_filled(const struct store_log *log);
/* Is this entry the newest of its id? For scans. index < committed size. */
bool store_log_is_newest(struct store_log *log, uint64_t index);
/* The same in the tree of the first `size` entries, as if none had come since. index < size. */
bool store_log_is_newest_below(struct store_log *log, uint64_t index, uint64_t size);

/* Re-verifies everything stored of one log from the segment bytes alone: every line, leaf, commit
 * root and checkpoint, and the index against them. Checkpoints are judged by keys: each by one of
 * them, and never by one that was retired before the key of an earlier checkpoint came. progress
 * may be NULL. OK, or ERR_DAMAGED with *bad_index_out the first entry that is wrong. */
struct store_check_report {
    uint64_t entries;
    uint64_t checkpoints;
    uint64_t bad_index;
    struct why why;
};
MUST_USE enum err store_log_check(struct store_log *log, const struct log_keys *keys,
                                  void (*progress)(void *ctx, uint64_t done, uint64_t all),
                                  void *ctx, struct store_check_report *out);

#endif

/* A batch: consecutive entries of one log on their way to the store, as the bytes that a segment
 * holds, with what the store's index needs of each. Built by publication and by the follower. */
#ifndef MAILLON_PROTO_RECORD_BATCH_H
#define MAILLON_PROTO_RECORD_BATCH_H

#include "proto/log/merkle.h"
#include "proto/record/record.h"

struct batch_entry {
    uint32_t offset;    /* of the line in batch.lines */
    uint32_t length;    /* bytes of the line without newline; 0: withheld */
    uint32_t id_offset; /* of the id in batch.lines */
    uint16_t id_length;
    uint8_t op;       /* enum record_op */
    uint8_t audience; /* enum record_audience */
    struct hash leaf;
    uint64_t fills; /* in a batch that fills: the index of the entry */
};

#define BATCH_FIRST_NEXT UINT64_MAX

/* lines: each record's line and newline; runs of withheld leaves as control lines
 * ["withheld","<b64 leaf>",...] and newline: what a segment file holds and what sync sends. */
struct batch {
    struct buf lines;
    struct batch_entry *entries;
    uint32_t count;
    uint32_t cap;
    uint64_t first; /* index of the first entry, or BATCH_FIRST_NEXT: where the log ends */
    struct merkle_head
        head;        /* the verified tree after the last entry; size 0: not known (own log) */
    struct buf note; /* the signed checkpoint of exactly `head`, or empty */
    bool
        fills; /* the lines belong to entries that are held as leaves; first and head say nothing */
    uint32_t open_withheld; /* leaves in the withheld line that is not closed yet */
};

/* Owned by one thread at a time. lines is bounded by SYNC_BATCH_BYTES_MAX. NULL: no memory. */
struct batch *batch_new(void);
void batch_free(struct batch *batch);
/* Empties it, keeps the memory. */
void batch_reset(struct batch *batch);

/* Appends a line that record_read accepted (its spans may point anywhere; the bytes are copied)
 * with its leaf hash. ERR_LIMIT, ERR_NO_MEMORY: the batch is as before. */
MUST_USE enum err batch_append(struct batch *batch, const struct record *record,
                               const struct hash *leaf);
MUST_USE enum err batch_append_withheld(struct batch *batch, const struct hash *leaf);
/* The line of an entry of which the leaf is held: the batch becomes one that fills, and may hold
 * nothing else (CHECKed). */
MUST_USE enum err batch_append_fill(struct batch *batch, uint64_t index,
                                    const struct record *record, const struct hash *leaf);
/* Ends an open withheld line. Call before the batch leaves its builder. */
MUST_USE enum err batch_seal(struct batch *batch);

#endif

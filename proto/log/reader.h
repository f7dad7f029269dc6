/* A log as one reads it: all that serving a stream, a proof or a tile asks of the store.
 * Implemented by node/store and by the simulator. */
#ifndef MAILLON_PROTO_LOG_READER_H
#define MAILLON_PROTO_LOG_READER_H

#include "proto/log/merkle.h"
#include "proto/record/record.h"

struct log_entry {
    struct span
        line; /* without newline; empty when the bytes are not held (withheld, erased, dropped) */
    struct hash leaf;
    enum record_op op;             /* meaningful when line is not empty */
    enum record_audience audience; /* the same */
};

/* Entries [begin, end). */
struct log_range {
    uint64_t begin;
    uint64_t end;
};

/* Spans stay valid until the reader is released by whoever gave it. `size` never shrinks; entries
 * and nodes below the size that the reader was made with can be read by any thread without waiting.
 */
struct log_reader {
    void *ctx;
    enum err (*entry)(void *ctx, uint64_t index, struct log_entry *out);
    enum err (*node)(void *ctx, unsigned level, uint64_t index, struct hash *out);
};

#endif

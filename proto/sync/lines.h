/* Control lines of sync streams and segment files (proto/sync/control.def): written and read. */
#ifndef MAILLON_PROTO_SYNC_LINES_H
#define MAILLON_PROTO_SYNC_LINES_H

#include "proto/json/tape.h"
#include "proto/log/merkle.h"

enum control_kind {
#define CONTROL(name, text, arguments, where) CONTROL_##name,
#include "proto/sync/control.def"
#undef CONTROL
    CONTROL_COUNT
};

#define CONTROL_IN_STREAM 1u
#define CONTROL_IN_SEGMENT 2u

/* Sizes are JSON numbers: beyond this one a double cannot tell neighbours apart. */
#define LINES_SIZE_MAX ((UINT64_C(1) << 53) - 1)

/* A control line that was read. It points into the line and needs its tape. */
struct control {
    enum control_kind kind;
    struct span line;
    const struct tape *tape;
    struct span origin;  /* log */
    uint64_t size;       /* log (from), proof, commit, fill (index), filled (count) */
    struct hash hash;    /* commit (root), erased (leaf) */
    uint32_t hash_count; /* withheld, proof */
    uint32_t hash_first; /* token of the first of them */
    uint32_t note_token; /* checkpoint */
};

/* Reads a line (without newline) that begins with '['. allowed: CONTROL_IN_STREAM,
 * CONTROL_IN_SEGMENT or both. ERR_BAD_STREAM, ERR_LIMIT, those of tape_scan. Everything is checked
 * here: the two functions below cannot fail. line and tape must outlive out. */
MUST_USE enum err control_read(struct span line, unsigned allowed, struct tape *tape,
                               struct control *out, struct why *why);
/* The i-th hash of a withheld or proof line. */
struct hash control_hash(const struct control *control, uint32_t i);
/* Appends the decoded note of a checkpoint line; the buf's sticky error says whether it fitted. */
void control_append_note(const struct control *control, struct buf *out);

/* Writers: one line with its newline. The buf's sticky error says whether it fitted. */
void lines_append_log(struct buf *out, struct span origin, uint64_t from);
void lines_append_checkpoint(struct buf *out, struct span note); /* must be UTF-8 */
void lines_append_proof(struct buf *out, uint64_t size, const struct merkle_proof *proof);
/* The record line behind it is that of entry `index`, of which only the leaf was held. */
void lines_append_fill(struct buf *out, uint64_t index);
/* So many of them are a batch. */
void lines_append_filled(struct buf *out, uint64_t count);
void lines_append_ping(struct buf *out);
void lines_append_commit(struct buf *out, const struct merkle_head *head);

/* The least length, without newline, of a line that can be overwritten as erased; every record is
 * longer. */
#define LINES_ERASED_BYTES_MIN 60u
/* A line of exactly line_bytes (>= the minimum) and the newline, to lie over destroyed bytes. */
void lines_append_erased(struct buf *out, const struct hash *leaf, size_t line_bytes);

/* Runs of withheld leaves, at most SYNC_WITHHELD_PER_LINE on a line. *open is the number of leaves
 * on the line not closed yet: 0 at first, and after lines_close_withheld. */
void lines_append_withheld(struct buf *out, uint32_t *open, const struct hash *leaf);
void lines_close_withheld(struct buf *out, uint32_t *open);

#endif

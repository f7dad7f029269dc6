/* How far a reader of changes has come, in every log: an opaque text, which survives restarts. */
#ifndef MAILLON_NODE_API_CURSOR_H
#define MAILLON_NODE_API_CURSOR_H

#include "node/store/store.h"

/* Positions by the log's place in the store; logs that the cursor does not know are read from their
 * start. */
struct cursor_positions {
    uint64_t *next; /* index of the next entry to tell */
    size_t count;
    size_t cap;
};

void cursor_positions_clear(struct cursor_positions *positions);
/* Room for the first `count` logs; new ones start at 0. ERR_NO_MEMORY. */
MUST_USE enum err cursor_positions_grow(struct cursor_positions *positions, size_t count);
/* Appends base64url of (first 8 bytes of SHA-256 of the origin, size as 8 bytes big-endian) per log
 * begun. */
MUST_USE enum err cursor_write(const struct cursor_positions *positions, struct store *store,
                               struct buf *out);
/* Reads such a text; "now" is the end of every log, an empty text the start. ERR_BAD_REQUEST. */
MUST_USE enum err cursor_read(struct span text, struct store *store, struct cursor_positions *out);

#endif

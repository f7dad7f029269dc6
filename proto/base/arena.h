/* Bounded memory for one piece of work: filled freely, given back as a whole. */
#ifndef MAILLON_PROTO_BASE_ARENA_H
#define MAILLON_PROTO_BASE_ARENA_H

#include "proto/base/bytes.h"

struct arena_block;

/* Owned. The error is sticky, as a buf's: after a failed allocation (no memory, or beyond max)
 * every later one fails too, so that a builder checks once, with arena_check. One thread at a time.
 */
struct arena {
    struct arena_block *first;
    struct arena_block *current;
    size_t used;     /* bytes given out since the last reset, with what alignment took */
    size_t max;      /* of used */
    enum err failed; /* OK, ERR_NO_MEMORY or ERR_LIMIT */
};

void arena_init(struct arena *arena, size_t max_bytes);
/* Frees everything; the arena is as after arena_init with the same max. */
void arena_clear(struct arena *arena);
/* Forgets content and error, keeps the memory for the next round. */
void arena_reset(struct arena *arena);

/* Zeroed memory, aligned for anything; NULL when it fails (and the error sticks). */
void *arena_alloc(struct arena *arena, size_t bytes);
void *arena_alloc_array(struct arena *arena, size_t count, size_t bytes_each);
/* A copy; data is NULL when it fails, or when text is empty. */
struct span arena_dup(struct arena *arena, struct span text);
MUST_USE enum err arena_check(const struct arena *arena);

#endif

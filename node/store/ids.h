/* id -> its newest entry, in memory: one word per id, read without waiting while the writer
 * replaces it. Derived from the index at start. Which ids are equal is settled by the index
 * entries' 64-bit keyed hashes and then by the bytes. */
#ifndef MAILLON_NODE_STORE_IDS_H
#define MAILLON_NODE_STORE_IDS_H

#include <stdatomic.h>

#include "proto/base/bytes.h"

struct ids_table;

struct ids {
    _Atomic(struct ids_table *) table;
    uint64_t count; /* writer only */
};

/* Is the entry at this index about the id that is looked for? */
struct ids_match {
    bool (*is)(const void *ctx, uint64_t index);
    const void *ctx;
};

void ids_clear(struct ids *ids);
/* The newest entry, or UINT64_MAX. Any thread. */
uint64_t ids_find(const struct ids *ids, uint64_t hash, struct ids_match match);
/* Makes room for n more ids, so that ids_put cannot fail. Writer only. ERR_NO_MEMORY. */
MUST_USE enum err ids_make_room(struct ids *ids, uint64_t n);
/* Sets the newest entry. Writer only; index below 2^40. */
void ids_put(struct ids *ids, uint64_t hash, struct ids_match match, uint64_t index);

#endif

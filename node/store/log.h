/* One log of the embedded store: its files and what is derived from them. Within the store room
 * only. */
#ifndef MAILLON_NODE_STORE_LOG_H
#define MAILLON_NODE_STORE_LOG_H

#include <pthread.h>

#include "node/store/ids.h"
#include "node/store/index.h"
#include "node/store/nodes.h"
#include "node/store/segments.h"
#include "node/store/store.h"

#define LOG_ID_KEY_BYTES 16u

struct store_log {
    char origin[DID_BYTES_MAX + 1];
    size_t place; /* among the store's logs */
    struct segments segments;
    struct index index;
    struct nodes nodes;
    struct ids ids;
    uint8_t id_key[LOG_ID_KEY_BYTES]; /* of the ids' hashes: nobody outside can make them collide */

    /* The writer's: entries appended, the last of them perhaps not durable yet. */
    struct merkle_range range;
    enum err broken;  /* a write failed in a way that only opening anew can mend */
    uint64_t settled; /* entries that the position file covers */

    _Atomic uint64_t size; /* committed */
    _Atomic uint64_t records;
    _Atomic uint64_t filled; /* counts up before and after entries get their lines */
    _Atomic uint64_t bytes;
    pthread_mutex_t mutex; /* what follows */
    struct merkle_head committed;
    uint32_t end_segment; /* where the committed bytes end */
    uint64_t end_offset;
    struct merkle_head checkpoint;
    struct buf note;
};

/* Makes or opens a log in its folder, cuts what is torn, derives what is missing. dir is taken.
 * Errors as store_open. */
MUST_USE enum err log_open(char *dir, struct span origin, uint64_t segment_bytes,
                           struct store_log **out, struct why *why);
/* Leaves what was derived behind for a quick start. */
void log_close(struct store_log *log);

/* Fills the index entry of the entry at `at`; id.len 0: none (withheld). */
struct log_place {
    uint32_t segment;
    uint32_t offset;
    uint32_t length;
};
void log_index_entry(struct store_log *log, uint64_t at, const struct log_place *place,
                     const struct record *record, const struct hash *leaf);
/* The entry becomes the newest of its id; count keeps the number of records. Room was made with
 * ids_make_room. */
void log_adopt_id(struct store_log *log, uint64_t at);
/* The entry at `at`, of which only the leaf was held, gets its line, which is durable at this
 * place; it takes its place among the entries of its id. Room was made with ids_make_room. false:
 * nothing was done, as the line is held already or was erased by a later entry. */
bool log_fill(struct store_log *log, uint64_t at, const struct log_place *place,
              const struct record *record);
/* Would log_fill do it? */
bool log_can_fill(const struct store_log *log, uint64_t at, struct span id);
/* Destroys the bytes of all entries before `at` with the same id. ERR_IO. */
MUST_USE enum err log_erase_before(struct store_log *log, uint64_t at, struct why *why);
/* The tree of the first `size` entries, which are in index and nodes. */
struct merkle_head log_head_at(struct store_log *log, uint64_t size);
/* A note that was appended: it becomes the newest checkpoint when it is about more entries than the
 * last. Mutex held. */
void log_adopt_note(struct store_log *log, const struct merkle_head *head, struct span note);
/* Bytes of a line; empty when they are not held. */
struct span log_line(const struct store_log *log, const struct index_entry *entry);

#endif

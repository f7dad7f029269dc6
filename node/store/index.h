/* The index of a log: what a reader needs of each entry, 64 bytes, mapped from a file that is
 * derived from the segments and may be thrown away. The writer fills entries ahead of the committed
 * size; readers stay below it. */
#ifndef MAILLON_NODE_STORE_INDEX_H
#define MAILLON_NODE_STORE_INDEX_H

#include "node/store/growing.h"
#include "proto/base/hash.h"

#define INDEX_ERASED 1u

struct index_entry {
    struct hash leaf;
    uint64_t id_hash;
    uint32_t segment; /* ordinal of the segment that holds the line */
    uint32_t offset;  /* of the line in it */
    uint32_t length;  /* of the line without newline; 0: withheld, or erased before this index was
                         built */
    uint32_t
        previous_low; /* the entry before this one with the same id, plus one, 40 bits; 0: none */
    uint32_t id_offset : 24; /* in the line */
    uint32_t op : 4;
    uint32_t audience : 4;
    uint8_t previous_high;
    uint8_t id_length;
    uint8_t flags; /* atomic: set after publication */
    uint8_t spare;
};

#define INDEX_FIRST 4096u /* entries of the first part: 256 KiB, sparse */

struct index {
    char *path;
    struct growing entries;
};

/* Nothing is opened yet. path is taken. */
void index_init(struct index *index, char *path);
void index_clear(struct index *index);
/* Makes entry `at` writable, growing the file. Writer only. ERR_IO, ERR_DISK_FULL. */
MUST_USE enum err index_make_room(struct index *index, uint64_t at, struct why *why);
/* Any entry that was made room for. */
struct index_entry *index_at(const struct index *index, uint64_t at);
/* The entries [begin, end) are on disk. */
MUST_USE enum err index_sync(const struct index *index, uint64_t begin, uint64_t end);

/* What was read at start need not stay in memory: pages come back when they are asked for. */
void index_release(const struct index *index);

/* An entry that was held as a leaf may get its line while others read. */
static inline uint32_t index_length(const struct index_entry *entry)
{
    return __atomic_load_n(&entry->length, __ATOMIC_ACQUIRE);
}

static inline void index_set_length(struct index_entry *entry, uint32_t length)
{
    __atomic_store_n(&entry->length, length, __ATOMIC_RELEASE);
}

static inline uint64_t index_previous(const struct index_entry *entry)
{
    return (uint64_t)__atomic_load_n(&entry->previous_high, __ATOMIC_RELAXED) << 32 |
           __atomic_load_n(&entry->previous_low, __ATOMIC_RELAXED);
}

static inline void index_set_previous(struct index_entry *entry, uint64_t index_plus_one)
{
    __atomic_store_n(&entry->previous_low, (uint32_t)index_plus_one, __ATOMIC_RELAXED);
    __atomic_store_n(&entry->previous_high, (uint8_t)(index_plus_one >> 32), __ATOMIC_RELAXED);
}

static inline bool index_is_erased(const struct index_entry *entry)
{
    return (__atomic_load_n(&entry->flags, __ATOMIC_ACQUIRE) & INDEX_ERASED) != 0;
}

static inline void index_mark_erased(struct index_entry *entry)
{
    __atomic_store_n(&entry->flags, INDEX_ERASED, __ATOMIC_RELEASE);
}

#endif

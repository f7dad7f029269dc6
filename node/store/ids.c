#include "node/store/ids.h"

#include <stdlib.h>

#define INDEX_BITS 40u
#define INDEX_MASK ((UINT64_C(1) << INDEX_BITS) - 1)

/* A slot is 0, or 24 bits of the hash above the index plus one. The slot's place comes from other
 * bits of the hash, which are kept beside it for growing. */
struct ids_table {
    struct ids_table *older; /* readers may still be in it: freed with the rest */
    uint64_t mask;
    uint64_t *hashes; /* writer only */
    _Atomic uint64_t slots[];
};

void ids_clear(struct ids *ids)
{
    struct ids_table *table = atomic_load(&ids->table);
    while (table != NULL) {
        struct ids_table *older = table->older;
        free(table->hashes);
        free(table);
        table = older;
    }
}

static uint64_t tag_of(uint64_t hash)
{
    return hash & ~INDEX_MASK;
}

/* The slot of this id, or the empty one where it belongs. */
static uint64_t probe(const struct ids_table *table, uint64_t hash, struct ids_match match,
                      uint64_t *value_out)
{
    uint64_t at = hash & table->mask;
    for (;; at = (at + 1) & table->mask) {
        uint64_t value = atomic_load_explicit(&table->slots[at], memory_order_acquire);
        *value_out = value;
        if (value == 0 ||
            (tag_of(value) == tag_of(hash) && match.is(match.ctx, (value & INDEX_MASK) - 1)))
            return at;
    }
}

uint64_t ids_find(const struct ids *ids, uint64_t hash, struct ids_match match)
{
    const struct ids_table *table = atomic_load_explicit(&ids->table, memory_order_acquire);
    if (table == NULL)
        return UINT64_MAX;
    uint64_t value;
    (void)probe(table, hash, match, &value);
    return value == 0 ? UINT64_MAX : (value & INDEX_MASK) - 1;
}

enum err ids_make_room(struct ids *ids, uint64_t n)
{
    struct ids_table *old = atomic_load_explicit(&ids->table, memory_order_relaxed);
    uint64_t wanted = (ids->count + n) * 3 / 2 + 16;
    if (old != NULL && old->mask + 1 >= wanted)
        return OK;
    uint64_t slots = 64;
    while (slots < wanted)
        slots *= 2;
    struct ids_table *table = calloc(1, sizeof(*table) + slots * sizeof(table->slots[0]));
    uint64_t *hashes = calloc(slots, sizeof(*hashes));
    if (table == NULL || hashes == NULL) {
        free(table);
        free(hashes);
        return ERR_NO_MEMORY;
    }
    table->mask = slots - 1;
    table->hashes = hashes;
    table->older = old;
    for (uint64_t i = 0; old != NULL && i <= old->mask; i++) {
        uint64_t value = atomic_load_explicit(&old->slots[i], memory_order_relaxed);
        if (value == 0)
            continue;
        uint64_t at = old->hashes[i] & table->mask;
        while (atomic_load_explicit(&table->slots[at], memory_order_relaxed) != 0)
            at = (at + 1) & table->mask;
        atomic_store_explicit(&table->slots[at], value, memory_order_relaxed);
        hashes[at] = old->hashes[i];
    }
    if (old != NULL) {
        free(old->hashes);
        old->hashes = NULL;
    }
    atomic_store_explicit(&ids->table, table, memory_order_release);
    return OK;
}

void ids_put(struct ids *ids, uint64_t hash, struct ids_match match, uint64_t index)
{
    struct ids_table *table = atomic_load_explicit(&ids->table, memory_order_relaxed);
    uint64_t value;
    uint64_t at = probe(table, hash, match, &value);
    table->hashes[at] = hash;
    ids->count += value == 0;
    atomic_store_explicit(&table->slots[at], tag_of(hash) | (index + 1), memory_order_release);
}

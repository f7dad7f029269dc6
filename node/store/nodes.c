#include "node/store/nodes.h"

#include <stdlib.h>

#define NODES_FIRST 64u

void nodes_clear(struct nodes *nodes)
{
    for (unsigned level = 0; level < NODES_LEVELS; level++)
        for (unsigned part = 0; part < GROWING_PARTS; part++)
            free(atomic_load(&nodes->levels[level].parts[part]));
}

static const struct hash *node_at(const struct nodes *nodes, unsigned level, uint64_t at)
{
    struct growing_place place = growing_place(at, NODES_FIRST);
    const struct hash *hashes = atomic_load_explicit(
        &nodes->levels[level - NODES_LEVEL].parts[place.part], memory_order_acquire);
    return &hashes[place.offset];
}

static enum err keep(struct nodes *nodes, unsigned level, uint64_t at, const struct hash *node)
{
    struct growing *array = &nodes->levels[level - NODES_LEVEL];
    struct growing_place place = growing_place(at, NODES_FIRST);
    struct hash *hashes = atomic_load_explicit(&array->parts[place.part], memory_order_relaxed);
    if (hashes == NULL) {
        hashes = calloc(place.count, sizeof(*hashes));
        if (hashes == NULL)
            return ERR_NO_MEMORY;
        atomic_store_explicit(&array->parts[place.part], hashes, memory_order_release);
    }
    hashes[place.offset] = *node;
    return OK;
}

enum err nodes_append(struct nodes *nodes, struct merkle_range *range, const struct hash *leaf)
{
    unsigned count = (unsigned)__builtin_popcountll(range->size);
    struct hash node = *leaf;
    unsigned level = 0;
    for (uint64_t size = range->size; (size & 1) != 0; size >>= 1) {
        node = merkle_node_hash(&range->nodes[--count], &node);
        level++;
        if (level >= NODES_LEVEL)
            TRY(keep(nodes, level, range->size >> level, &node));
    }
    range->nodes[count] = node;
    range->size++;
    return OK;
}

enum err nodes_restore(struct nodes *nodes, uint64_t at, const struct hash *node)
{
    struct hash upper = *node;
    unsigned level = NODES_LEVEL;
    TRY(keep(nodes, level, at, &upper));
    for (; (at & 1) != 0; at >>= 1) {
        upper = merkle_node_hash(node_at(nodes, level, at - 1), &upper);
        level++;
        TRY(keep(nodes, level, at >> 1, &upper));
    }
    return OK;
}

struct hash nodes_get(const struct nodes *nodes, const struct index *index, unsigned level,
                      uint64_t at)
{
    if (level >= NODES_LEVEL)
        return *node_at(nodes, level, at);
    if (level == 0)
        return index_at(index, at)->leaf;
    struct merkle_range range = {.size = 0};
    for (uint64_t i = at << level; i < (at + 1) << level; i++)
        merkle_range_append(&range, &index_at(index, i)->leaf);
    return merkle_range_root(&range);
}

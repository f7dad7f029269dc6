/* Blocks in a row, each at least twice the one before; a reset starts again at the first. */
#include "proto/base/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdlib.h>

#define FIRST_BLOCK_BYTES ((size_t)16 * 1024)
#define BLOCK_BYTES_MAX ((size_t)1024 * 1024) /* growth stops here, so that little stays unused */

struct arena_block {
    struct arena_block *next;
    size_t size;
    size_t at;
    alignas(max_align_t) uint8_t bytes[];
};

#define ALIGNMENT alignof(max_align_t)
static_assert(sizeof(struct arena_block) % ALIGNMENT == 0, "the bytes of a block are aligned");

void arena_init(struct arena *arena, size_t max_bytes)
{
    *arena = (struct arena){.max = max_bytes};
}

void arena_clear(struct arena *arena)
{
    if (arena == NULL)
        return;
    for (struct arena_block *block = arena->first; block != NULL;) {
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
    arena_init(arena, arena->max);
}

void arena_reset(struct arena *arena)
{
    arena->current = arena->first;
    if (arena->current != NULL)
        arena->current->at = 0;
    arena->used = 0;
    arena->failed = OK;
}

/* The next block that has room: one kept from before the reset, or a new one behind current. */
static struct arena_block *next_block(struct arena *arena, size_t bytes)
{
    struct arena_block *last = arena->current;
    struct arena_block *kept = last == NULL ? arena->first : last->next;
    if (kept != NULL && kept->size >= bytes) {
        kept->at = 0;
        return kept;
    }
    size_t size = last == NULL ? FIRST_BLOCK_BYTES : last->size * 2;
    if (size > BLOCK_BYTES_MAX)
        size = BLOCK_BYTES_MAX;
    if (size < bytes)
        size = bytes;
    struct arena_block *block = malloc(sizeof(*block) + size);
    if (block == NULL)
        return NULL;
    block->size = size;
    block->at = 0;
    block->next = kept;
    if (last == NULL)
        arena->first = block;
    else
        last->next = block;
    return block;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
    if (arena->failed != OK)
        return NULL;
    if (bytes > arena->max || arena->max - bytes < arena->used + ALIGNMENT) {
        arena->failed = ERR_LIMIT;
        return NULL;
    }
    bytes = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    struct arena_block *block = arena->current;
    if (block == NULL || block->size - block->at < bytes) {
        block = next_block(arena, bytes);
        if (block == NULL) {
            arena->failed = ERR_NO_MEMORY;
            return NULL;
        }
        arena->current = block;
    }
    void *memory = block->bytes + block->at;
    block->at += bytes;
    arena->used += bytes;
    return memset(memory, 0, bytes);
}

void *arena_alloc_array(struct arena *arena, size_t count, size_t bytes_each)
{
    if (bytes_each != 0 && count > SIZE_MAX / bytes_each) {
        arena->failed = ERR_LIMIT;
        return NULL;
    }
    return arena_alloc(arena, count * bytes_each);
}

struct span arena_dup(struct arena *arena, struct span text)
{
    if (text.len == 0)
        return span_of(NULL, 0);
    uint8_t *copy = arena_alloc(arena, text.len);
    if (copy == NULL)
        return span_of(NULL, 0);
    memcpy(copy, text.data, text.len);
    return span_of(copy, text.len);
}

enum err arena_check(const struct arena *arena)
{
    return arena->failed;
}

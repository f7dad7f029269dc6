#include "proto/schema/list.h"

#include <stdlib.h>

void *list_grown(void *items, uint32_t *cap, uint32_t count, size_t item_bytes)
{
    if (count == *cap) {
        if (*cap > UINT32_MAX / 4)
            return NULL;
        uint32_t more = *cap == 0 ? 16 : *cap * 2;
        void *grown = realloc(items, more * item_bytes);
        if (grown == NULL)
            return NULL;
        items = grown;
        *cap = more;
    }
    memset((uint8_t *)items + (size_t)count * item_bytes, 0, item_bytes);
    return items;
}

uint64_t list_hash(const uint8_t *bytes, size_t len, uint64_t seed)
{
    const uint64_t odd = UINT64_C(0x9E3779B97F4A7C15);
    uint64_t hash = (seed + len) * odd;
    size_t at = 0;
    for (; at + 8 <= len; at += 8) {
        uint64_t word;
        memcpy(&word, bytes + at, 8);
        hash = (hash ^ word) * odd;
        hash ^= hash >> 32;
    }
    uint64_t word = 0;
    if (at < len)
        memcpy(&word, bytes + at, len - at);
    hash = (hash ^ word) * odd;
    return hash ^ hash >> 29;
}

void names_clear(struct names *names)
{
    free(names->entries.items);
    free(names->slots);
    *names = (struct names){.slots = NULL};
}

uint32_t names_find(const struct names *names, uint32_t scope, struct span text)
{
    if (names->slot_count == 0)
        return NAMES_NONE;
    uint64_t hash = list_hash(text.data, text.len, scope);
    uint32_t mask = names->slot_count - 1;
    for (uint32_t at = (uint32_t)hash & mask; names->slots[at] != 0; at = (at + 1) & mask) {
        const struct names_entry *entry = &names->entries.items[names->slots[at] - 1];
        if (entry->hash == hash && entry->scope == scope && span_equal(entry->text, text))
            return entry->value;
    }
    return NAMES_NONE;
}

static void place(struct names *names, uint32_t index)
{
    uint32_t mask = names->slot_count - 1;
    uint32_t at = (uint32_t)names->entries.items[index].hash & mask;
    while (names->slots[at] != 0)
        at = (at + 1) & mask;
    names->slots[at] = index + 1;
}

enum err names_add(struct names *names, uint32_t scope, struct span text, uint32_t value)
{
    if (names->entries.count * 2 >= names->slot_count) {
        uint32_t count = names->slot_count == 0 ? 32 : names->slot_count * 2;
        uint32_t *slots = calloc(count, sizeof(*slots));
        if (slots == NULL)
            return ERR_NO_MEMORY;
        free(names->slots);
        names->slots = slots;
        names->slot_count = count;
        for (uint32_t i = 0; i < names->entries.count; i++)
            place(names, i);
    }
    struct names_entry *entry = LIST_PUSH(&names->entries);
    if (entry == NULL)
        return ERR_NO_MEMORY;
    *entry = (struct names_entry){.text = text,
                                  .scope = scope,
                                  .value = value,
                                  .hash = list_hash(text.data, text.len, scope)};
    place(names, names->entries.count - 1);
    return OK;
}

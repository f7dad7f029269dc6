/* Growing arrays, and a table from text to number, for what a schema's compilation gathers. */
#ifndef MAILLON_PROTO_SCHEMA_LIST_H
#define MAILLON_PROTO_SCHEMA_LIST_H

#include "proto/base/bytes.h"

#define LIST(type)                                                                                 \
    struct {                                                                                       \
        type *items;                                                                               \
        uint32_t count;                                                                            \
        uint32_t cap;                                                                              \
    }

/* Room for one more item; NULL when there is no memory. The list owns its items' memory. */
void *list_grown(void *items, uint32_t *cap, uint32_t count, size_t item_bytes);

/* A pointer to a new item at the end, zeroed; NULL when there is no memory. */
#define LIST_PUSH(list)                                                                            \
    __extension__({                                                                                \
        void *grown_ =                                                                             \
            list_grown((list)->items, &(list)->cap, (list)->count, sizeof(*(list)->items));        \
        if (grown_ != NULL)                                                                        \
            (list)->items = grown_;                                                                \
        grown_ != NULL ? &(list)->items[(list)->count++] : NULL;                                   \
    })

#define NAMES_NONE UINT32_MAX

/* (scope, text) -> number. The texts are borrowed and must outlive the table. */
struct names_entry {
    struct span text;
    uint32_t scope;
    uint32_t value;
    uint64_t hash;
};
struct names {
    LIST(struct names_entry) entries;
    uint32_t *slots; /* a power of two of them; index of an entry + 1 */
    uint32_t slot_count;
};

void names_clear(struct names *names);
/* NAMES_NONE: not there. */
uint32_t names_find(const struct names *names, uint32_t scope, struct span text);
/* The caller has made sure that it is not there. ERR_NO_MEMORY. */
MUST_USE enum err names_add(struct names *names, uint32_t scope, struct span text, uint32_t value);

/* A hash of bytes, eight at a time. */
uint64_t list_hash(const uint8_t *bytes, size_t len, uint64_t seed);

#endif

/* An array that one thread appends to while others read what was published: its parts never move.
 * Part k holds first << k elements, so that 40 pointers are enough for any size. */
#ifndef MAILLON_NODE_STORE_GROWING_H
#define MAILLON_NODE_STORE_GROWING_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define GROWING_PARTS 40u

struct growing {
    _Atomic(void *) parts[GROWING_PARTS];
};

struct growing_place {
    unsigned part;
    uint64_t begin;  /* index of the part's first element */
    uint64_t offset; /* of the element in the part */
    uint64_t count;  /* elements of the part */
};

static inline struct growing_place growing_place(uint64_t index, uint64_t first)
{
    unsigned part = 63u - (unsigned)__builtin_clzll(index / first + 1);
    uint64_t begin = first * ((UINT64_C(1) << part) - 1);
    return (struct growing_place){
        .part = part, .begin = begin, .offset = index - begin, .count = first << part};
}

#endif

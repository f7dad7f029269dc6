/* Sets of code points: sorted, joined, complemented, searched. */
#include "proto/schema/pattern_set.h"

#include <stdlib.h>

static int compare_ranges(const void *a, const void *b)
{
    const struct ecma_range *x = a;
    const struct ecma_range *y = b;
    return x->first < y->first ? -1 : x->first > y->first ? 1 : 0;
}

/* Sorts and joins in place; returns how many are left. */
static uint32_t normalise(struct ecma_range *ranges, uint32_t count)
{
    uint32_t kept = 0;
    if (count > 1)
        qsort(ranges, count, sizeof(*ranges), compare_ranges);
    for (uint32_t i = 0; i < count; i++) {
        if (kept > 0 && ranges[i].first <= ranges[kept - 1].last + 1) {
            if (ranges[i].last > ranges[kept - 1].last)
                ranges[kept - 1].last = ranges[i].last;
        } else {
            ranges[kept++] = ranges[i];
        }
    }
    return kept;
}

/* What is in none of the ranges, in place; there is room for one more. */
static uint32_t complement(struct ecma_range *ranges, uint32_t count)
{
    uint32_t next = 0;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct ecma_range range = ranges[i];
        if (range.first > next)
            ranges[kept++] = (struct ecma_range){next, range.first - 1};
        next = range.last + 1;
    }
    if (next <= ECMA_CODE_POINT_MAX)
        ranges[kept++] = (struct ecma_range){next, ECMA_CODE_POINT_MAX};
    return kept;
}

size_t point_set_ranges_max(const struct ecma_tree *tree)
{
    return (size_t)tree->range_count + tree->node_count;
}

struct point_set point_set_of(const struct ecma_tree *tree, const struct ecma_node *node,
                              struct ecma_range *ranges, uint32_t at)
{
    CHECK(node->kind == ECMA_SET && node->property_count == 0);
    struct ecma_range *own = ranges + at;
    uint32_t count = node->range_count;
    if (count > 0)
        memcpy(own, tree->ranges + node->range_first, count * sizeof(*own));
    count = normalise(own, count);
    if (node->negated)
        count = complement(own, count);
    struct point_set set = {.range_first = at, .range_count = count};
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t c = own[i].first; c <= own[i].last && c < 128; c++)
            set.ascii[c / 64] |= 1ULL << c % 64;
    return set;
}

bool point_sets_meet(const struct point_set *a, const struct point_set *b,
                     const struct ecma_range *ranges)
{
    const struct ecma_range *x = ranges + a->range_first;
    const struct ecma_range *y = ranges + b->range_first;
    const struct ecma_range *x_end = x + a->range_count;
    const struct ecma_range *y_end = y + b->range_count;
    while (x < x_end && y < y_end) {
        if (x->last < y->first)
            x++;
        else if (y->last < x->first)
            y++;
        else
            return true;
    }
    return false;
}

bool point_set_has(const struct point_set *set, const struct ecma_range *ranges,
                   uint32_t code_point)
{
    if (code_point < 128)
        return set->ascii[code_point / 64] >> code_point % 64 & 1;
    uint32_t low = 0;
    uint32_t high = set->range_count;
    const struct ecma_range *own = ranges + set->range_first;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (code_point < own[middle].first)
            high = middle;
        else if (code_point > own[middle].last)
            low = middle + 1;
        else
            return true;
    }
    return false;
}

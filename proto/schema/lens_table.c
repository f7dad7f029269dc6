/* Tables of a lens: keys in byte order, found by halves. */
#include <stdlib.h>

#include "proto/schema/lens_parts.h"

static int compare(struct span a, struct span b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len == 0 ? 0 : memcmp(a.data, b.data, len);
    if (order != 0)
        return order;
    return a.len < b.len ? -1 : a.len > b.len;
}

static int compare_rows(const void *a, const void *b)
{
    const struct lens_table_row *left = a;
    const struct lens_table_row *right = b;
    return compare(left->key, right->key);
}

void table_sort(struct lens_op *op)
{
    if (op->row_count > 1)
        qsort(op->rows, op->row_count, sizeof(*op->rows), compare_rows);
}

const struct tree *table_find(const struct lens_op *op, struct span key)
{
    uint32_t low = 0;
    uint32_t high = op->row_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = compare(op->rows[middle].key, key);
        if (order == 0)
            return op->rows[middle].value;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

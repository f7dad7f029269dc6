/* Heads and proofs computed from the leaves each time: slow, and with nothing to get out of step.
 */
#include "tests/lib/smalltree.h"

static struct hash leaf(const struct smalltree *tree, uint64_t index)
{
    struct {
        uint64_t index;
        uint64_t history;
    } line = {index, index >= tree->fork_at};
    return merkle_leaf_hash(span_of(&line, sizeof(line)));
}

static enum err node(void *ctx, unsigned level, uint64_t index, struct hash *out)
{
    const struct smalltree *tree = ctx;
    struct merkle_range range = {0};
    uint64_t first = index << level;
    for (uint64_t i = first; i < first + ((uint64_t)1 << level); i++) {
        struct hash hash = leaf(tree, i);
        merkle_range_append(&range, &hash);
    }
    *out = merkle_range_root(&range);
    return OK;
}

struct merkle_head smalltree_head(const struct smalltree *tree, uint64_t size)
{
    struct merkle_range range = {0};
    for (uint64_t i = 0; i < size; i++) {
        struct hash hash = leaf(tree, i);
        merkle_range_append(&range, &hash);
    }
    return merkle_range_head(&range);
}

struct merkle_proof smalltree_proof(const struct smalltree *tree, uint64_t old_size,
                                    uint64_t new_size)
{
    struct smalltree copy = *tree;
    struct merkle_source source = {.ctx = &copy, .node = node};
    struct merkle_proof proof = {0};
    CHECK(merkle_prove_consistency(&source, old_size, new_size, &proof) == OK);
    return proof;
}

/* A small Merkle tree of made-up leaves, and a second one that differs from a given leaf on: for
 * tests of what extends what. */
#ifndef MAILLON_TESTS_LIB_SMALLTREE_H
#define MAILLON_TESTS_LIB_SMALLTREE_H

#include "proto/log/merkle.h"

#define SMALLTREE_FORK_NEVER UINT64_MAX

/* Leaves below fork_at are those of every other tree. */
struct smalltree {
    uint64_t fork_at;
};

struct merkle_head smalltree_head(const struct smalltree *tree, uint64_t size);
struct merkle_proof smalltree_proof(const struct smalltree *tree, uint64_t old_size,
                                    uint64_t new_size);

#endif

/* The append-only Merkle tree of RFC 6962 (hashing) and RFC 9162, 2.1 (algorithms), over SHA-256.
 * Pure: nodes come from a source that the caller provides. Any thread. */
#ifndef MAILLON_PROTO_LOG_MERKLE_H
#define MAILLON_PROTO_LOG_MERKLE_H

#include "proto/base/hash.h"
#include "proto/limits.h"

/* A tree as one names it: its size in entries and its root. */
struct merkle_head {
    uint64_t size;
    struct hash root;
};

/* Roots of the complete subtrees that make up the tree [0, size), largest first: all that is needed
 * to append. At most 64 of them. An all-zero struct is the empty tree. */
struct merkle_range {
    uint64_t size;
    struct hash nodes[64];
};

struct merkle_proof {
    unsigned count;
    struct hash hashes[MERKLE_PROOF_HASHES_MAX];
};

/* Gives the root of the complete subtree of 2^level leaves that starts at leaf index << level. */
struct merkle_source {
    void *ctx;
    enum err (*node)(void *ctx, unsigned level, uint64_t index, struct hash *out);
};

struct hash merkle_leaf_hash(struct span line); /* SHA-256(0x00 || line) */
struct hash merkle_node_hash(const struct hash *left,
                             const struct hash *right); /* SHA-256(0x01 || l || r) */
struct hash merkle_empty_root(void);                    /* SHA-256("") */

void merkle_range_append(struct merkle_range *range, const struct hash *leaf);
struct hash merkle_range_root(const struct merkle_range *range);
struct merkle_head merkle_range_head(const struct merkle_range *range);
/* The range of the tree [0, size), from stored nodes. Errors are the source's. */
MUST_USE enum err merkle_range_load(const struct merkle_source *source, uint64_t size,
                                    struct merkle_range *out);

/* Proofs made, from stored nodes. index < size; 0 <= old_size <= new_size. A proof from size 0 or
 * to the same size is empty. Errors are the source's. */
MUST_USE enum err merkle_prove_inclusion(const struct merkle_source *source, uint64_t index,
                                         uint64_t size, struct merkle_proof *out);
MUST_USE enum err merkle_prove_consistency(const struct merkle_source *source, uint64_t old_size,
                                           uint64_t new_size, struct merkle_proof *out);

/* Does leaf stand at index of the tree? OK or ERR_BAD_PROOF. RFC 9162, 2.1.3.2. */
MUST_USE enum err merkle_check_inclusion(const struct hash *leaf, uint64_t index,
                                         const struct merkle_head *head,
                                         const struct merkle_proof *proof);
/* Does the tree `new` extend the tree `old`? OK; ERR_SHRUNKEN when new is smaller; ERR_FORK when
 * they have one size and two roots; ERR_BAD_PROOF otherwise. RFC 9162, 2.1.4.2. */
MUST_USE enum err merkle_check_consistency(const struct merkle_head *old_head,
                                           const struct merkle_head *new_head,
                                           const struct merkle_proof *proof);

#endif

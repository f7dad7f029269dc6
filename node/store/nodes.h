/* The Merkle nodes of level 8 and above of one log, in memory; those below are folded from the
 * leaves when asked for. */
#ifndef MAILLON_NODE_STORE_NODES_H
#define MAILLON_NODE_STORE_NODES_H

#include "node/store/index.h"
#include "proto/log/merkle.h"

#define NODES_LEVEL 8u
#define NODES_LEVELS 33u /* 8 to 40 */

struct nodes {
    struct growing levels[NODES_LEVELS];
};

void nodes_clear(struct nodes *nodes);
/* Appends a leaf to the range and keeps the nodes that it completes. Writer only. ERR_NO_MEMORY:
 * the range is undefined then. */
MUST_USE enum err nodes_append(struct nodes *nodes, struct merkle_range *range,
                               const struct hash *leaf);
/* The node of a complete subtree below the committed size. */
struct hash nodes_get(const struct nodes *nodes, const struct index *index, unsigned level,
                      uint64_t at);
/* For the file of level 8: puts back the at-th node, in order, with those above that it completes.
 * ERR_NO_MEMORY. */
MUST_USE enum err nodes_restore(struct nodes *nodes, uint64_t at, const struct hash *node);

#endif

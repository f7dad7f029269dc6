/* Getting the own log back from peers, up to the largest head that the own key has signed and that
 * one of them shows. */
#ifndef MAILLON_NODE_PEER_RECOVER_H
#define MAILLON_NODE_PEER_RECOVER_H

#include <jansson.h>

#include "node/node.h"
#include "node/store/state.h"

/* What became of keys/keeper.state. */
enum recover_keeper {
    RECOVER_KEEPER_RUNS,    /* a keeper has it open; its next signature brings it up to date */
    RECOVER_KEEPER_KEPT,    /* it was up to date */
    RECOVER_KEEPER_RAISED,  /* it was older than the log: it says now what the log says */
    RECOVER_KEEPER_REBUILT, /* it was missing or damaged */
    RECOVER_KEEPER_MISSING  /* it still is: nothing proves how far it had gone */
};

struct recovery {
    uint64_t size_before;
    uint64_t size;
    uint64_t remembered; /* the largest head shown, or in keys/keeper.state */
    uint64_t fetched;
    uint64_t withheld; /* of those, as leaf hashes alone */
    enum recover_keeper keeper;
    json_t *peers; /* [{"did","url","size"} or {"did","url","error","rule"}] */
    enum err err;  /* OK: the log is whole, and may be extended */
    struct why why;
};

/* Asks the peers of the state, and `from` (may be NULL); fetches what is missing from whoever has
 * most; every entry is verified up to a checkpoint that the own key has signed. Then, where no
 * keeper runs, keys/keeper.state is brought up to the largest head proven, never down. Blocks: pool
 * threads only, one at a time (ERR_BUSY). */
void recover_log(struct node *node, const struct state_peer *from, struct recovery *out);
void recovery_clear(struct recovery *recovery);

#endif

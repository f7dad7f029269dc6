/* The own log's missing entries from one peer, into the store. */
#ifndef MAILLON_NODE_PEER_FETCH_OWN_H
#define MAILLON_NODE_PEER_FETCH_OWN_H

#include "node/node.h"
#include "node/store/state.h"

struct fetch_own {
    const struct state_peer *peer;
    struct merkle_head target; /* what the peer has shown: there it may stop */
    uint64_t entries;          /* out: stored */
    uint64_t withheld;         /* out: of those, leaf hashes alone */
};

/* Opens a sync stream that asks for the own log from its end on, and stores what it brings,
 * verified like any other log's. OK when the target is held. Errors of the connection, of
 * follow_feed and of the store; ERR_CLOSED when the node stops. Blocks: pool threads only. */
MUST_USE enum err fetch_own(struct node *node, struct fetch_own *fetch, struct why *why);

#endif

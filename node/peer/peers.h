/* The book of peers: who is followed, how each is doing, and what they say of the logs. */
#ifndef MAILLON_NODE_PEER_PEERS_H
#define MAILLON_NODE_PEER_PEERS_H

#include <jansson.h>

#include "node/node.h"
#include "node/store/state.h"

struct peers;

/* Begins to follow every peer of the state; each lives on one of the node's loops. Before the loops run. */
MUST_USE enum err peers_start(struct node *node, struct peers **out, struct why *why);
/* Adds (or replaces) a peer by its pairing string and follows it at once. Any thread but the writer's; writes state.
 * ERR_BAD_DID, ERR_BAD_REQUEST, ERR_CONFLICT (it is this node itself). did_out: at least DID_BYTES_MAX + 1. */
MUST_USE enum err peers_add(struct peers *peers, struct span pairing, char *did_out, struct why *why);
/* ERR_NOT_FOUND. */
MUST_USE enum err peers_remove(struct peers *peers, struct span did, struct why *why);
/* Entries of the log that some peer has announced and that are not held yet. Any thread. */
uint64_t peers_behind(struct peers *peers, struct store_log *log);
/* [{"did","url","state","since","error",...}], owned by the caller. Any thread. NULL: no memory. */
json_t *peers_json(struct peers *peers);
/* How many are not live. Any thread. */
unsigned peers_troubled(struct peers *peers);
/* Closes all connections; after it no batch is on its way to the store. The loops still run. NULL is fine. */
void peers_stop(struct peers *peers);

#endif

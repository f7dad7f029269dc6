/* The peers of a node: who is followed, how each is doing, and what they say of the logs. */
#ifndef MAILLON_NODE_PEER_PEERS_H
#define MAILLON_NODE_PEER_PEERS_H

#include <jansson.h>

#include "node/node.h"
#include "node/store/state.h"

struct peers;

/* Begins to follow every peer of the state; each lives on one of the node's loops, which may be
 * started before or after. On failure *out is there nevertheless, to be stopped. ERR_NO_MEMORY,
 * ERR_IO. */
MUST_USE enum err peers_start(struct node *node, struct peers **out, struct why *why);
/* What a pairing string asks for. ERR_BAD_DID, ERR_BAD_REQUEST, ERR_CONFLICT (it is this node
 * itself). */
MUST_USE enum err peers_read_pairing(const struct node *node, struct span text,
                                     struct state_peer *out, struct why *why);
/* Keeps the peer (replacing one with the same DID) and follows it at once. Writes state: pool
 * threads only. */
MUST_USE enum err peers_add(struct peers *peers, const struct state_peer *settings);
/* Pool threads only. ERR_NOT_FOUND. */
MUST_USE enum err peers_remove(struct peers *peers, const char *did);
/* Entries of the log that some peer has announced and that are not held yet. Any thread. */
uint64_t peers_behind(struct peers *peers, struct store_log *log);
/* Is this DID one of those followed? Any thread. */
bool peers_have(struct peers *peers, const char *did);
/* There may be something to tell them. Any thread. */
void peers_poke(struct peers *peers);
/* Is this a peer? Then its history is fetched again, for there may be more of it. Any thread. */
bool peers_want_history(struct peers *peers, struct span did);
/* [{"did","url","state","since_ms",...}], owned by the caller. Any thread. NULL: no memory. */
json_t *peers_json(struct peers *peers);
/* How many are not connected. Any thread. */
unsigned peers_troubled(struct peers *peers);
/* Closes all connections; after it no batch is on its way to the store. The loops must run. NULL is
 * fine. */
void peers_stop(struct peers *peers);
void peers_free(struct peers *peers); /* after peers_stop; NULL is fine */

#endif

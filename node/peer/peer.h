/* One peer that is followed: its connection, its stream, its way into the store, and how it is
 * doing. Lives on one loop; what others ask of it is a snapshot under its own mutex. */
#ifndef MAILLON_NODE_PEER_PEER_H
#define MAILLON_NODE_PEER_PEER_H

#include <jansson.h>

#include "node/node.h"
#include "node/store/state.h"

struct peer;

/* Does nothing yet. on_stopped is called once, on the loop, after peer_stop, when no batch of this
 * peer is on its way to the store any more: then peer_free. NULL: no memory. */
struct peer *peer_new(struct node *node, struct loop *loop, const struct state_peer *settings,
                      loop_fn on_stopped, void *ctx);
void peer_free(struct peer *peer);
struct loop *peer_loop(const struct peer *peer);
const char *peer_did(const struct peer *peer);

/* Loop thread only. */
void peer_connect(struct peer *peer);
void peer_stop(struct peer *peer);
void peer_poke(struct peer *peer); /* there may be something to tell it */
/* There may be more of its history than is held. */
void peer_want_history(struct peer *peer);

/* Any thread. */
json_t *peer_json(struct peer *peer); /* owned by the caller; NULL: no memory */
/* Entries that this peer has announced of the log, in all; 0: none. */
uint64_t peer_announced(struct peer *peer, const struct store_log *log);
bool peer_is_well(struct peer *peer);

#endif

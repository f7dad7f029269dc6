/* What a node does with a peer besides following its stream: learns its witness key, cosigns its
 * checkpoints, exchanges proofs of forks, and looks into contradictions. One small request at a
 * time (and one inquiry). Lives on the peer's loop; all but chores_new is for that thread. */
#ifndef MAILLON_NODE_PEER_CHORES_H
#define MAILLON_NODE_PEER_CHORES_H

#include "node/node.h"
#include "node/store/state.h"

struct chores;

/* settings are borrowed. NULL: no memory. */
struct chores *chores_new(struct node *node, struct loop *loop, const struct state_peer *settings);
/* Gives up what is under way; nothing is begun any more. */
void chores_stop(struct chores *chores);
void chores_free(struct chores *chores);

/* The peer answers: a stream is open. */
void chores_connected(struct chores *chores);
/* Something was stored, or learned. Cheap. */
void chores_poke(struct chores *chores);
/* The peer's history of this log is not the one here; note: the signed checkpoint that says so, or
 * empty when it is to be asked. */
void chores_suspect(struct chores *chores, struct store_log *log, struct span note);

#endif

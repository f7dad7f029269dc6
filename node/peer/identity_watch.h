/* The histories that a peer's connection needs: its own, to know where it is and what it shows, and
 * those of the origins that it relays. Fetched one after the other, first from the peer itself,
 * whose address the operator has given, then from the identity's own host. On the peer's loop
 * alone. */
#ifndef MAILLON_NODE_PEER_IDENTITY_WATCH_H
#define MAILLON_NODE_PEER_IDENTITY_WATCH_H

#include "node/node.h"
#include "node/store/state.h"

struct identity_watch;

/* found is called, never from within a call of these functions: with OK when at least one history
 * grew and no other is being fetched; with an error when the peer's own could not be had.
 * settings is borrowed. NULL: no memory. */
struct identity_watch *
identity_watch_new(struct node *node, struct loop *loop, const struct state_peer *settings,
                   void (*found)(void *ctx, enum err err, const struct why *why), void *ctx);
/* Has the history of did fetched, unless it is under way, or is no did:webvh. again: it is held,
 * but there may be more of it. */
void identity_watch_want(struct identity_watch *watch, struct span did, bool again);
void identity_watch_stop(struct identity_watch *watch); /* found is not called any more */
void identity_watch_free(struct identity_watch *watch); /* stopped, or never used; NULL is fine */

#endif

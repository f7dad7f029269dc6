/* What a peer has against our own records: it is asked which of them its packs quarantine, so that
 * their publisher sees it, too. Lives on the peer's loop. */
#ifndef MAILLON_NODE_PEER_FEEDBACK_H
#define MAILLON_NODE_PEER_FEEDBACK_H

#include <jansson.h>

#include "node/node.h"

struct feedback;

/* settings of the peer are borrowed and outlive it. NULL: no memory. */
struct feedback *feedback_new(struct node *node, struct loop *loop,
                              const struct state_peer *settings);
void feedback_free(struct feedback *feedback); /* NULL is fine */
/* Loop thread: the peer answers, ask it soon, and again when our log has grown, at most every half
 * minute; or it does not, leave it alone. */
void feedback_start(struct feedback *feedback);
void feedback_stop(struct feedback *feedback);

/* Any thread. The newest answer, owned by the caller: [{"id","index","schema","errors":[...]},...],
 * at most FEEDBACK_ITEMS_MAX; NULL when the peer has never told. */
#define FEEDBACK_ITEMS_MAX 20u
json_t *feedback_json(struct feedback *feedback);

#endif

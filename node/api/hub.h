/* Who waits for logs to grow: the open streams of each loop, woken when the store says so. */
#ifndef MAILLON_NODE_API_HUB_H
#define MAILLON_NODE_API_HUB_H

#include "node/api/router.h"

/* NULL: no memory. Loops are borrowed. */
struct hub *hub_new(struct loop *const *loops, unsigned loop_count);
void hub_free(struct hub *hub); /* after the loops have stopped */
/* Something was stored. Any thread; coalesced: at most one wake per loop is under way. */
void hub_notify(struct hub *hub);
/* Loop thread only. */
void hub_add(struct hub *hub, struct call *call);
void hub_remove(struct hub *hub, struct call *call);
unsigned hub_streams(const struct hub *hub); /* any thread */

#endif

/* Histories of callers whom this node knows and does not follow (somebody in a circle, say):
 * fetched from their own hosts when a request names one that is not held, or is signed by a key
 * that what is held does not have. */
#ifndef MAILLON_NODE_IDENTITY_LEARN_H
#define MAILLON_NODE_IDENTITY_LEARN_H

#include "node/identity/resolver.h"

struct learn;

/* Works on this loop. Both are borrowed. NULL: no memory. */
struct learn *learn_new(struct resolver *resolver, struct loop *loop);
/* Has the history of this did:webvh fetched, unless it is under way or LEARN_MAX others are. Any
 * thread. */
void learn_want(struct learn *learn, struct span did);
/* No learn_want comes any more; the loop still runs. NULL is fine, here and below. */
void learn_stop(struct learn *learn);
void learn_free(struct learn *learn); /* the loop has stopped */

#define LEARN_MAX 16u

#endif

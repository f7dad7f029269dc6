/* Who may read what, in state.db: callers that the operator knows, and the circles that the author
 * keeps. As state.h: any thread, short transactions, not for a loop. */
#ifndef MAILLON_NODE_STORE_STATE_AUDIENCE_H
#define MAILLON_NODE_STORE_STATE_AUDIENCE_H

#include "node/store/state.h"

#define STATE_KEY_TEXT_MAX 63u /* "z6Mk...": 48 characters */

/* A peer as a caller. */
struct state_caller {
    char did[DID_BYTES_MAX + 1];
    char request[STATE_KEY_TEXT_MAX + 1]; /* its request key as a Multikey, or "" : its DID document
                                             says */
    bool member;
};

/* Adds, or replaces the key. */
MUST_USE enum err state_caller_put_request(struct state *state, const char *did,
                                           const char *request);
/* Adds where it is missing. */
MUST_USE enum err state_caller_set_member(struct state *state, const char *did, bool member);
/* It is forgotten as a caller; circles keep its name. */
MUST_USE enum err state_caller_remove(struct state *state, const char *did);
/* Each in the order of DIDs. */
MUST_USE enum err state_callers(struct state *state,
                                void (*each)(void *ctx, const struct state_caller *caller),
                                void *ctx);

/* Adding twice is once. ERR_LIMIT: CIRCLE_ROWS_MAX. */
MUST_USE enum err state_circle_add(struct state *state, const char *name, const char *did);
/* did NULL: the whole circle. ERR_NOT_FOUND. */
MUST_USE enum err state_circle_remove(struct state *state, const char *name, const char *did);
/* Each in the order of DIDs, then names. */
MUST_USE enum err state_circles(struct state *state,
                                void (*each)(void *ctx, const char *name, const char *did),
                                void *ctx);

#endif

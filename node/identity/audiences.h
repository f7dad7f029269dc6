/* Who may read what is not public: the members that the operator marked and the circles that this
 * author keeps, held in memory as state.db has them. Any thread. */
#ifndef MAILLON_NODE_IDENTITY_AUDIENCES_H
#define MAILLON_NODE_IDENTITY_AUDIENCES_H

#include <jansson.h>

#include "node/store/state_audience.h"
#include "proto/base/ed25519.h"

struct audiences;

struct audiences *audiences_new(void); /* NULL: no memory */
void audiences_free(struct audiences *audiences);
/* Takes over what state says now; what is in force changes as a whole. Pool threads, or before the
 * loops run. ERR_NO_MEMORY, ERR_IO: then all is as before. */
MUST_USE enum err audiences_load(struct audiences *audiences, struct state *state);

/* The request key that the operator was given for this DID. false: none. */
bool audiences_request_key(struct audiences *audiences, struct span did, struct public_key *out);
bool audiences_is_member(struct audiences *audiences, struct span did);
bool audiences_is_in_circle(struct audiences *audiences, struct span did, struct span name);
/* Another number whenever what is known of this DID has changed; 0: it is in no list. */
uint64_t audiences_version(struct audiences *audiences, struct span did);
/* One signed request of this DID: at most per_minute_max in a minute, in bursts of a quarter of
 * that. DIDs in no list share one allowance. ERR_TOO_MANY. */
MUST_USE enum err audiences_take_turn(struct audiences *audiences, struct span did, uint64_t now_ms,
                                      uint64_t per_minute_max);
/* {"name":["did",...],...}, owned by the caller; NULL: no memory. */
json_t *audiences_circles_json(struct audiences *audiences);

#endif

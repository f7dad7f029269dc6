/* With which key a log's checkpoints are signed: asked by all who judge a log's notes outside of
 * its sync stream. */
#ifndef MAILLON_NODE_PEER_LOG_KEY_H
#define MAILLON_NODE_PEER_LOG_KEY_H

#include "node/node.h"
#include "proto/log/checkpoint.h"

/* Reads a signed checkpoint of origin and finds which of its keys signed it. ERR_BAD_DID (nothing
 * is known of its keys), ERR_BAD_NOTE, ERR_LIMIT, ERR_BAD_SIGNATURE. Any thread. */
MUST_USE enum err log_key_open(struct node *node, struct span origin, struct span note,
                               struct checkpoint *out, struct public_key *key_out, struct why *why);
/* Is, or was, this a key of the origin's log? Any thread. */
bool log_key_is_of(struct node *node, struct span origin, const struct public_key *key);

#endif

/* The key with which this node signs its requests to others: in the memory of the node's own
 * process. Any thread. */
#ifndef MAILLON_NODE_IDENTITY_REQUEST_KEY_H
#define MAILLON_NODE_IDENTITY_REQUEST_KEY_H

#include "proto/base/ed25519.h"

struct request_key;

/* From dir/keys/request.key. *out is NULL, and OK returned, where there is none. did: whose key it
 * is. Errors of keyfile_load. */
MUST_USE enum err request_key_open(const char *dir, const char *did, const char *passphrase,
                                   struct request_key **out, struct why *why);
void request_key_free(struct request_key *key); /* NULL is fine */

const char *request_key_id(const struct request_key *key); /* "<did>#request" */
/* Borrows key. */
struct ed25519_signer request_key_signer(struct request_key *key);

#endif

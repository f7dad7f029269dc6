/* The key with which this node signs its requests to others: in the memory of the node's own
 * process, replaced while it runs when the operator rotates it. Any thread. */
#ifndef MAILLON_NODE_IDENTITY_REQUEST_KEY_H
#define MAILLON_NODE_IDENTITY_REQUEST_KEY_H

#include "proto/base/ed25519.h"

struct request_key;

/* From dir/keys/request.key. *out is NULL, and OK returned, where there is none.
 * did: whose key it is. Errors of keyfile_load. */
MUST_USE enum err request_key_open(const char *dir, const char *did, const char *passphrase,
                                   struct request_key **out, struct why *why);
void request_key_free(struct request_key *key); /* NULL is fine */
/* Takes the key that this descriptor reads in its place; closes it. ERR_SEALED, ERR_DAMAGED... */
MUST_USE enum err request_key_replace(struct request_key *key, int fd, struct why *why);

const char *request_key_id(const struct request_key *key); /* "<did>#request" */
/* Signs with the key of the moment of signing. Borrows key. */
struct ed25519_signer request_key_signer(struct request_key *key);

#endif

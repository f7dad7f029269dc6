/* The witness key, keys/witness.key: with it a node cosigns the checkpoints of others. It is not
 * the log key, which only the keeper holds and which signs nothing but the own log's heads: a key
 * has one role. The node holds it itself: a cosignature says what this node has seen and is worth
 * no more than the node, and a thief who has the node's memory has its eyes already. */
#ifndef MAILLON_KEYS_WITNESS_H
#define MAILLON_KEYS_WITNESS_H

#include "keys/keyfile.h"
#include "keys/keys.h"

/* Loads the key, and makes it first where there is none. Freed by vault_free. Errors of
 * keyfile_load and keyfile_write. */
MUST_USE enum err witness_key_open(const char *dir, struct secret_key **out, struct why *why);
#endif

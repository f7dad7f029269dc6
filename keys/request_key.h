/* The file of the key that signs a node's HTTP requests (RFC 9421), and nothing else. Stolen, it is
 * replaced, and no log is harmed. */
#ifndef MAILLON_KEYS_REQUEST_KEY_H
#define MAILLON_KEYS_REQUEST_KEY_H

#include "proto/base/ed25519.h"

/* The public part of the key of the node in dir (KEYS_REQUEST_KEY), which is made, not sealed,
 * where there is none. Errors of keyfile_write and keyfile_read_public. */
MUST_USE enum err request_key_need(const char *dir, struct public_key *out, struct why *why);

#endif

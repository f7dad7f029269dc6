/* This node's own pairing string, from what its folder holds. */
#ifndef MAILLON_NODE_PEER_PAIRING_OWN_H
#define MAILLON_NODE_PEER_PAIRING_OWN_H

#include "node/peer/pairing.h"

/* Reads the public key, the settings and the certificate in dir. ERR_NOT_FOUND: there is no node.
 * Errors of keys_read_public, config_load and the certificate; ERR_BAD_REQUEST: node.url is not
 * https. */
MUST_USE enum err pairing_own(const char *dir, struct pairing *out, struct why *why);

#endif

/* This node's own pairing string, from what its folder holds. */
#ifndef MAILLON_NODE_PEER_PAIRING_OWN_H
#define MAILLON_NODE_PEER_PAIRING_OWN_H

#include "node/peer/pairing.h"

/* Who the node in dir is and what TLS key it shows, under this address (which is not checked here).
 * ERR_NOT_FOUND: there is no node. Errors of keys_read_public and the certificate. */
MUST_USE enum err pairing_of(const char *dir, const char *url, struct pairing *out,
                             struct why *why);
/* The same under the address in its settings; when that has port 0, under the one that the running
 * node wrote into run.json. ERR_BAD_REQUEST: it does not run, so its port is not known. Errors of
 * config_load. */
MUST_USE enum err pairing_own(const char *dir, struct pairing *out, struct why *why);

#endif

/* What a running node keeps of the machine: the files below, the network, its threads. */
#ifndef MAILLON_NODE_CONFINEMENT_H
#define MAILLON_NODE_CONFINEMENT_H

#include "conf/config.h"
#include "keys/signer.h"

/* Gives up the rest, for good (keys/confine.h). dir is the node's folder; what the node writes
 * there is there already, for a right is given to a file or folder that exists: keys/ is not among
 * them, and nothing new can be made beside it. Before the first thread. ERR_IO. */
MUST_USE enum err confinement_enter(const char *dir, struct why *why);

/* The settings again, also when an editor has put another file in their place: the warden opens it.
 * Errors of config_load. */
MUST_USE enum err confinement_load_config(struct signer *signer, struct config *out,
                                          struct why *why);

#endif

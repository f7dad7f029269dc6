/* What a peer says when it answers a call with a problem document (RFC 9457). */
#ifndef MAILLON_NODE_PEER_REFUSAL_H
#define MAILLON_NODE_PEER_REFUSAL_H

#include "proto/base/bytes.h"

#define REFUSAL_BYTES_MAX (16u * 1024u) /* more of it is not read */

/* The problem that the answer names, where it is one that this node's operator can do something
 * about, with the peer's own words in why->found; ERR_BAD_STREAM for any other. */
enum err refusal_read(int status, struct span body, struct why *why);

#endif

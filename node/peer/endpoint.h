/* Where a peer is and what it must show: as its history says, once that is held; before, and of a
 * did:key always, as its pairing string says. */
#ifndef MAILLON_NODE_PEER_ENDPOINT_H
#define MAILLON_NODE_PEER_ENDPOINT_H

#include <jansson.h>

#include "node/net/tls.h"
#include "node/node.h"
#include "node/store/state.h"

struct endpoint {
    char url[URL_BYTES_MAX + 1]; /* "https://host[:port]" */
    struct tls_trust trust;
    bool only_public; /* the peer itself has named the host: see client_options */
};

/* ERR_NOT_FOUND: its history has to come first (a did:webvh without an address); ERR_DEACTIVATED,
 * ERR_BAD_DOCUMENT, ERR_LIMIT, ERR_NO_MEMORY. Any thread. */
MUST_USE enum err endpoint_find(struct node *node, const struct state_peer *settings,
                                struct endpoint *out, struct why *why);
/* Is the history of the peer held, or needless? */
bool endpoint_is_certified(struct node *node, const struct state_peer *settings);
/* What the pairing string says of the peer's TLS key. */
void endpoint_pairing_trust(const struct state_peer *settings, struct tls_trust *out);
/* What is trusted of a peer, and why: {"by":"document"|"pairing"|"public"|"history", "pins":N,
 * "versions":N, "changed_ms":N, "url":"..."}. Any thread. */
json_t *endpoint_trust_json(struct node *node, const struct state_peer *settings);

#endif

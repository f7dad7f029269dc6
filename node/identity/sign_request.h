/* Outgoing requests, signed by the node's request key (RFC 9421, RFC 9530). */
#ifndef MAILLON_NODE_IDENTITY_SIGN_REQUEST_H
#define MAILLON_NODE_IDENTITY_SIGN_REQUEST_H

#include "proto/base/bytes.h"

struct node;

/* Appends header lines ("Signature-Input: ...\r\n"...) for a request to this URL with this body
 * (empty: none): for extra_headers of node/net/client.h. They are good for one request, now.
 * ERR_BAD_REQUEST (the URL), ERR_CLOSED (this node has no request key open), ERR_LIMIT,
 * ERR_NO_MEMORY. Any thread. */
MUST_USE enum err sign_request(const struct node *node, const char *method, const char *url,
                               struct span body, struct buf *out);

/* The header lines of a call with this body (JSON, or empty), and a zero behind them. signer: whose
 * request key signs it; without one, or with NULL, it is not signed. ERR_BAD_REQUEST (the URL),
 * ERR_LIMIT, ERR_NO_MEMORY. Any thread. */
MUST_USE enum err call_headers(const struct node *signer, const char *method, const char *url,
                               struct span body, struct buf *out);

#endif

/* Fetching did:webvh histories: from the identity's own host, or from any node that holds them,
 * since a history proves itself. What comes is taken up by identities.h or refused.
 *
 * The host of a DID is somebody else's word: it is resolved once, every address must be public
 * (unless allow_private), what was judged is connected to, and nothing is followed: an answer is
 * 200 with a history, or it is none. Bounded in bytes and time; each identity is asked for at most
 * RESOLVER_BURST times at once and then once in RESOLVER_PAUSE_MS. */
#ifndef MAILLON_NODE_IDENTITY_RESOLVER_H
#define MAILLON_NODE_IDENTITY_RESOLVER_H

#include "node/identity/identities.h"
#include "node/net/loop.h"

#define RESOLVER_BURST 4u
#define RESOLVER_PAUSE_MS 30000u
#define RESOLVER_TIME_MS 10000u /* for all of one fetch */

struct resolver;
struct fetch;

/* NULL: no memory. identities is borrowed. */
struct resolver *resolver_new(struct identities *identities, bool allow_private);
void resolver_free(struct resolver *resolver); /* no fetch is under way any more */

struct fetch_source {
    const char *did;
    /* "https://host[:port]" of a node that holds the history, as the operator has named it; NULL:
     * the DID's own host. */
    const char *node_url;
    /* What that node must show. NULL: anything; if it is the identity's own (node_url NULL, or
     * is_owner), what it showed must then be a pin of the history that it gave, or be vouched for
     * by a public authority where the history has no pins. */
    const struct tls_trust *trust;
    bool is_owner; /* node_url is the identity's own address */
};

/* Calls done once, on the loop, never before this returns: OK (*news: the history grew),
 * ERR_TOO_MANY (asked for too often), ERR_FORBIDDEN (a private address), ERR_NETWORK, ERR_TIMEOUT,
 * ERR_NOT_FOUND (another status than 200), ERR_LIMIT, ERR_BAD_SIGNATURE (TLS), errors of
 * identities_take. Loop thread only. NULL: no memory, done is not called. */
struct fetch *
resolver_fetch(struct resolver *resolver, struct loop *loop, const struct fetch_source *source,
               void (*done)(void *ctx, enum err err, const struct why *why, bool news), void *ctx);
/* done is not called any more. NULL is fine; not after done. */
void fetch_cancel(struct fetch *fetch);

#endif

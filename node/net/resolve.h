/* Host names to addresses without blocking a loop, and what else the clients of one loop share. */
#ifndef MAILLON_NODE_NET_RESOLVE_H
#define MAILLON_NODE_NET_RESOLVE_H

#include <openssl/ssl.h>
#include <sys/socket.h>

#include "node/net/loop.h"

#define RESOLVE_ADDRESSES_MAX 8u

struct resolved {
    unsigned count;
    struct {
        struct sockaddr_storage socket;
        socklen_t len;
    } list[RESOLVE_ADDRESSES_MAX];
};

struct resolving; /* a query under way */

/* Calls done later, or before it returns (numbers, localhost): with count 0 when the name is not
 * known. Returns what resolve_cancel takes, or NULL when done was called already. Loop thread only.
 */
struct resolving *resolve(struct loop *loop, const char *host, uint16_t port,
                          void (*done)(void *ctx, const struct resolved *resolved), void *ctx);
void resolve_cancel(struct resolving *resolving); /* done is not called any more; NULL is fine */

/* The TLS context of the loop's clients, borrowed. NULL: no memory. */
SSL_CTX *resolve_tls_context(struct loop *loop, bool with_public_cas);

#endif

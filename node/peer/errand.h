/* One small request to a peer and its whole answer, apart from the sync stream. Lives on one loop.
 */
#ifndef MAILLON_NODE_PEER_ERRAND_H
#define MAILLON_NODE_PEER_ERRAND_H

#include "node/net/loop.h"
#include "node/peer/endpoint.h"
#include "proto/base/bytes.h"

struct errand;
struct node;

/* Over: OK with the status and the body, which is the errand's; or why nothing came (ERR_NETWORK,
 * ERR_TIMEOUT, ERR_LIMIT: too long, ...). Called once, on the loop, and never before errand_start
 * returns. The errand is freed afterwards. */
typedef void (*errand_fn)(void *ctx, enum err err, int status, struct span body);

struct errand_options {
    const struct node *node; /* whose request key signs it */
    struct loop *loop;
    const struct endpoint *peer; /* not needed afterwards */
    const char *method;
    const char *path; /* with its query */
    struct span body; /* copied */
    const char *type; /* of the body, or NULL */
    size_t answer_bytes_max;
    errand_fn done;
    void *ctx;
};

/* NULL: no memory, or an address that is too long. */
struct errand *errand_start(const struct errand_options *options);
/* Gives it up: done is not called. NULL is fine. Not inside done. */
void errand_free(struct errand *errand);

#endif

/* A running node: what its rooms hang from. Everything is made by node_start before any loop runs, and is
 * constant until node_stop; each member guards itself. */
#ifndef MAILLON_NODE_NODE_H
#define MAILLON_NODE_NODE_H

#include <stdatomic.h>

#include "conf/config.h"
#include "keys/signer.h"
#include "node/net/loop.h"
#include "node/net/server.h"
#include "node/store/checkpointer.h"
#include "node/store/publish.h"
#include "node/store/state.h"
#include "node/store/store.h"

struct hub;
struct peers;

#define NODE_LOOPS_MAX 64u

struct node {
    char *dir;
    struct config config;
    struct public_key key;         /* of the own log */
    char origin[DID_BYTES_MAX + 1]; /* the DID */
    char token[64];                /* of the local listener */
    char pairing[1024];
    struct store *store;
    struct store_log *own;
    struct state *state;
    struct signer *signer;
    struct checkpointer *checkpointer;
    struct publisher *publisher;
    struct pool *pool;
    struct loop *loops[NODE_LOOPS_MAX];
    unsigned loop_count;
    struct hub *hub;
    struct peers *peers;
    struct server *public_server; /* NULL when the node serves a command only */
    struct server *local_server;  /* the same */
    struct server *socket_server;
    uint64_t started_ms;
};

enum node_mode {
    NODE_SERVE,  /* all listeners, peers are followed */
    NODE_COMMAND /* the Unix socket only: a command works on the folder while no node runs */
};

struct node_options {
    const char *dir;
    const char *self; /* path of this program, for the keeper */
    const char *passphrase; /* of a sealed key, or NULL */
    enum node_mode mode;
    const char *socket_path; /* where the Unix socket is made */
};

/* Opens everything and starts the threads. On failure nothing is left behind. */
MUST_USE enum err node_start(const struct node_options *options, struct node **out, struct why *why);
/* Orderly: no new requests, streams closed, what was accepted is stored and signed, then the keeper goes. */
void node_stop(struct node *node);

#endif

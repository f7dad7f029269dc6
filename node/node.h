/* A running node: what its rooms hang from. Everything is made by node_start before any loop runs,
 * and is constant until node_stop; each member guards itself. */
#ifndef MAILLON_NODE_NODE_H
#define MAILLON_NODE_NODE_H

#include <stdatomic.h>

#include "conf/config.h"
#include "conf/packs.h"
#include "keys/signer.h"
#include "node/net/loop.h"
#include "node/net/server.h"
#include "node/store/checkpointer.h"
#include "node/store/publish.h"
#include "node/store/state.h"
#include "node/store/store.h"

struct audiences;
struct callers;
struct faults;
struct guard;
struct hub;
struct identities;
struct judge;
struct learn;
struct listener;
struct peers;
struct recall;
struct request_key;
struct resolver;
struct witnesses;

#define NODE_LOOPS_MAX 64u

enum node_mode {
    NODE_SERVE, /* all listeners, peers are followed */
    NODE_WRITE, /* a command publishes while no node runs: the Unix socket and the keeper */
    NODE_READ   /* a command asks while no node runs: the Unix socket alone, no log key */
};

struct node {
    char *dir;
    enum node_mode mode;
    bool
        is_root; /* it was started by root, and no other user is named: rights alone are given up */
    struct config config;
    struct public_key key;          /* of the own log */
    char origin[DID_BYTES_MAX + 1]; /* the DID */
    char token[64];                 /* of the local listener */
    char url[256];                  /* the public address, with the port really listened on */
    char pairing[1280];
    struct store *store;
    struct store_log *own;
    struct state *state;
    struct guard *guard;   /* may the own log be extended? */
    struct recall *recall; /* asks peers how far it had gone; NULL: nobody is asked */
    atomic_bool recovering;
    struct identities *identities;   /* the histories held, its own among them */
    struct resolver *resolver;       /* fetches those of others */
    struct request_key *request_key; /* NULL: none yet, or sealed and not opened */
    struct signer *signer;
    struct checkpointer *checkpointer; /* NULL in NODE_READ */
    struct publisher *publisher;
    struct packs_registry *packs;
    struct judge *judge;
    struct pool *pool;
    struct pool
        *clerk; /* one thread: writes what peers and witnesses have told, one thing at a time */
    struct loop *loops[NODE_LOOPS_MAX];
    unsigned loop_count;
    unsigned loops_started;
    struct hub *hub;
    struct peers *peers;
    struct witnesses *witnesses;
    struct faults *faults;
    struct audiences *audiences;
    struct callers *callers;
    struct learn *learn;          /* NULL unless NODE_SERVE */
    struct server *public_server; /* NULL unless NODE_SERVE */
    struct server *local_server;  /* the same */
    struct server *socket_server;
    struct listener *listeners[3];
    uint64_t started_ms;
};

struct node_options {
    const char *dir;
    const char *self;       /* path of this program, for the keeper */
    const char *passphrase; /* of a sealed key, or NULL */
    enum node_mode mode;
};

#define NODE_SOCKET "node.sock"  /* in the node's folder; mode 600 */
#define NODE_RUN_FILE "run.json" /* what a running node listens on, for commands and scripts */

/* Opens everything and starts the threads. On failure nothing is left behind. Call from a thread
 * that lives as long as the node: the keeper dies with it. Errors of the configuration, the keys,
 * the store, the certificate and the listeners; ERR_LOCKED: another process has the folder. */
MUST_USE enum err node_start(const struct node_options *options, struct node **out,
                             struct why *why);
/* Orderly: no new requests, streams closed, what was accepted is stored and signed, then the keeper
 * goes. */
void node_stop(struct node *node);

#endif

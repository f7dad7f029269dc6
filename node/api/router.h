/* Path -> handler, who may call, and what a handler works with: the call. */
#ifndef MAILLON_NODE_API_ROUTER_H
#define MAILLON_NODE_API_ROUTER_H

#include <jansson.h>

#include "node/identity/caller.h"
#include "node/node.h"

#define API_BODY_BYTES_MAX                                                                         \
    (16u * 1024u * 1024u)                    /* of one publication: larger ones are sent in parts */
#define COSIGN_BYTES_MAX (16u * 1024u)       /* a note of two signatures, with long names */
#define API_RECORD_BYTES_MAX (1024u * 1024u) /* one record, in any spelling */

enum who { PUBLIC, LOCAL };

struct call;
typedef void (*api_fn)(struct call *call);

struct route {
    const char *method;
    const char *path;
    enum who who;
    uint64_t body_bytes_max;
    api_fn handler;
    const char *sentence;
};

/* One request on its way through the API. Owned by its exchange's loop; while `busy` it belongs to
 * the pool thread that works on it. */
struct call {
    struct node *node;
    struct loop *loop;
    struct exchange *exchange; /* NULL once the caller has gone */
    const struct route *route;
    bool local;           /* who() is the platform or its operator: may read and do everything */
    struct caller caller; /* who signed it, on the public listener */
    bool busy;
    struct buf body;
    struct buf params[2]; /* of the path, percent-decoded */
    struct buf query;
    /* An open stream (sync, changes): woken when logs grow, when bytes have left, and by the ping
     * timer. */
    void (*wake)(struct call *call);
    void (*dispose)(struct call *call); /* frees `own`; may be NULL */
    void *own;
    struct call *previous, *next; /* in the hub's list of this loop */
    /* Work for the pool. */
    void (*work)(struct call *call);
    void (*finish)(struct call *call);
};

/* The handler that servers are started with; ctx is the struct listener. */
struct listener {
    struct node *node;
    bool local;       /* LOCAL routes are served */
    bool needs_token; /* loopback TCP */
};
struct server_handler router_handler(struct listener *listener);

/* All rows of routes.def, for documentation and tests; NULL method ends. */
const struct route *router_routes(void);

/* Runs work on the pool, then finish on the call's loop, unless the caller has gone by then
 * (dispose is called). */
void call_in_pool(struct call *call, void (*work)(struct call *), void (*finish)(struct call *));
/* Registers the call as a stream with the hub of its loop. */
void call_stream(struct call *call, void (*wake)(struct call *));

/* Answers. */
void call_reply_json(struct call *call, int status, json_t *taken);
void call_problem(struct call *call, enum err err, const struct why *why);
/* A parameter of the query: false when it is absent. Decoded, appended; a bad one is an empty
 * value. */
bool call_query(const struct call *call, const char *name, struct buf *out);
bool call_query_flag(const struct call *call, const char *name);
/* May this caller read the bytes of this entry of the log? */
bool call_may_read(const struct call *call, const struct store_log *log,
                   const struct log_entry *entry);

/* The log that the path's {scid} names; answers 404 and returns NULL where there is none. */
struct store_log *api_find_log(struct call *call);
/* A log as everyone sees it, and the addresses really listened on. Owned by the caller. */
json_t *api_log_json(struct node *node, struct store_log *log);
json_t *api_listen_json(const struct node *node);

#define ROUTE(method, path, who, limit, handler, sentence) void handler(struct call *call);
#include "node/api/routes.def"
#undef ROUTE

#endif

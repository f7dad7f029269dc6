/* One connection of the server and the exchange on it. Within the server only; loop thread. */
#ifndef MAILLON_NODE_NET_CONNECTION_H
#define MAILLON_NODE_NET_CONNECTION_H

#include <event2/bufferevent.h>

#include "node/net/server.h"
#include "node/net/zstd.h"

#define ADDRESS_BYTES_MAX 64u

/* The server as seen from one of its loops. */
struct room {
    struct server *server;
    struct loop *loop;
    struct evconnlistener *listener;
    struct event *accept_again; /* after descriptors ran out */
    struct connection *first;
};

enum connection_state {
    CONNECTION_HEAD, /* waits for a request's head */
    CONNECTION_BODY, /* reads its body */
    CONNECTION_BUSY, /* the request is whole, the answer is not */
    CONNECTION_LAST  /* answered for the last time: flush, then close */
};

struct exchange {
    struct connection *connection;
    uint8_t *head_bytes; /* owned; head's spans point into it */
    struct http_head head;
    void *data;
    uint64_t body_max;
    uint64_t body_read;
    struct http_chunks chunks;
    bool body_whole;
    bool ended; /* handler.end was called */
    bool paused;
    bool started; /* an answer has begun */
    bool finished;
    bool chunked;    /* of the answer */
    bool no_content; /* HEAD: the head alone is sent */
    struct zstd_encoder *encoder;
};

struct connection {
    struct room *room;
    struct connection *previous, *next;
    struct bufferevent *bev;
    struct event *advance; /* made active when the exchange moved outside of a read */
    struct event *deadline;
    enum connection_state state;
    bool head_begun;
    bool broken;
    bool lingers; /* something was not read: a close at once would take the answer with it */
    bool half_closed;
    size_t drop_max;
    size_t dropped; /* bytes that came after the last answer */
    unsigned requests;
    struct exchange *exchange;
    char address[ADDRESS_BYTES_MAX];
};

/* Takes the descriptor. NULL: no memory (it is closed). */
struct connection *connection_new(struct room *room, int fd, const char *address);
/* Tells the handler that an open exchange is over, and frees. */
void connection_free(struct connection *connection);

/* The server's side. */
const struct server_handler *server_handler_of(const struct server *server);
const struct server_limits *server_limits_of(const struct server *server);
SSL_CTX *server_tls_of(const struct server *server);
void server_forget(struct server *server, struct connection *connection);

#endif

/* The HTTP/1.1 server (plain or TLS 1.3) on libevent bufferevents, with proto/http's strict parser.
 * One listener is served by several loops (SO_REUSEPORT); an exchange lives on one loop's thread.
 */
#ifndef MAILLON_NODE_NET_SERVER_H
#define MAILLON_NODE_NET_SERVER_H

#include <openssl/ssl.h>

#include "node/net/loop.h"
#include "proto/http/message.h"

struct server;
struct exchange; /* one request and its answer */

/* What the server asks of the node; all calls on the exchange's loop thread. */
struct server_handler {
    void *ctx;
    /* The head has been read. Set a body limit (exchange_body_limit; default 0: any body is 413)
     * and remember what is needed (exchange_set_data), or answer at once. */
    void (*head)(void *ctx, struct exchange *exchange);
    /* A part of the body (decoded from chunks). May call exchange_pause_body to stop reading for
     * now. May be NULL. */
    void (*body)(void *ctx, struct exchange *exchange, struct span part);
    /* The request is whole: answer now or later. */
    void (*end)(void *ctx, struct exchange *exchange);
    /* What was written has left (below the low-water mark): more may be written. May be NULL. */
    void (*drain)(void *ctx, struct exchange *exchange);
    /* The exchange is over or its connection broke; the pointer dies after this. Always called once
     * after head. */
    void (*closed)(void *ctx, struct exchange *exchange);
};

struct server_limits {
    unsigned connections_max; /* over all loops */
    unsigned connections_per_address_max;
    uint64_t head_timeout_ms; /* from the first byte of a request, or connection, to the end of its
                                 head */
    uint64_t body_stall_ms;   /* without a byte of the body */
    uint64_t write_stall_ms;  /* the client does not read */
    uint64_t idle_ms;         /* keep-alive between requests */
};
extern const struct server_limits server_default_limits;

struct server_options {
    struct loop **loops;
    unsigned loop_count;
    const char *address; /* "127.0.0.1:0", "[::]:8443", or "unix:/path" (mode 0600) */
    SSL_CTX *tls;        /* NULL: plain; a reference is taken */
    struct server_handler handler;
    struct server_limits limits;
};

/* Listens and serves. ERR_NETWORK with why (address in use, not allowed...). Call before the loops
 * run. */
MUST_USE enum err server_start(const struct server_options *options, struct server **out,
                               struct why *why);
uint16_t server_port(const struct server *server); /* the real one; 0 for a Unix socket */
/* Stops accepting; open exchanges get `closed`. Blocks until the loops have done it. */
void server_stop(struct server *server);
void server_free(struct server *server);

/* The request; valid until closed. */
const struct http_head *exchange_head(const struct exchange *exchange);
struct loop *exchange_loop(const struct exchange *exchange);
const char *exchange_peer_address(const struct exchange *exchange); /* "127.0.0.1", "unix" */
void exchange_set_data(struct exchange *exchange, void *data);
void *exchange_data(const struct exchange *exchange);
void exchange_body_limit(struct exchange *exchange, uint64_t bytes_max);
void exchange_pause_body(struct exchange *exchange);
void exchange_resume_body(struct exchange *exchange);

/* Answers whole. extra: more header lines ("Name: value\r\n"...) or NULL. Body is copied. */
void exchange_reply(struct exchange *exchange, int status, const char *content_type,
                    const char *extra, struct span body);
/* An RFC 9457 problem document, in the caller's language (Accept-Language), with why's rule and
 * place when given. Once an answer has begun it is cut off instead. */
void exchange_problem(struct exchange *exchange, enum err err, const struct why *why);
/* The same with a member `errors`: a JSON array (RFC 9457, 3.2), NULL for none. */
void exchange_problem_errors(struct exchange *exchange, enum err err, const struct why *why,
                             const char *errors);
/* What the caller reads (Accept-Language), of the languages offered. */
enum lang exchange_language(const struct exchange *exchange);
/* Answers in parts (chunked); zstd when allowed here and the request accepts it. Then write, and
 * finish. */
void exchange_start(struct exchange *exchange, int status, const char *content_type,
                    const char *extra, bool may_compress);
void exchange_write(struct exchange *exchange, struct span bytes);
/* Flushes what compression holds back, at the end of a burst. */
void exchange_flush(struct exchange *exchange);
void exchange_finish(struct exchange *exchange);
/* Bytes written and not yet sent: stop writing above, say, 256 KiB and go on at drain. */
size_t exchange_unsent(const struct exchange *exchange);
/* Cuts the connection now (an answer that cannot be finished). */
void exchange_abort(struct exchange *exchange);

#endif

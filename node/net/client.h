/* One outgoing HTTP/1.1 request over TLS 1.3 (pinned or judged by public CAs), a plain TCP
 * connection or a Unix socket, its answer streamed. Lives on one loop. */
#ifndef MAILLON_NODE_NET_CLIENT_H
#define MAILLON_NODE_NET_CLIENT_H

#include "node/net/loop.h"
#include "node/net/tls.h"
#include "proto/http/message.h"

struct client;

struct client_handler {
    void *ctx;
    /* The answer's head. */
    void (*head)(void *ctx, struct client *client, const struct http_answer *answer);
    /* Part of the body, decoded (chunks, zstd). May call client_pause. */
    void (*body)(void *ctx, struct client *client, struct span part);
    /* Over: OK when the answer came whole; ERR_NETWORK, ERR_TIMEOUT, ERR_BAD_REQUEST (the answer is
     * not HTTP), ERR_BAD_SIGNATURE (TLS key is not the pinned one), ERR_FORBIDDEN (the host is not
     * public). Called once; then free the client. */
    void (*end)(void *ctx, struct client *client, enum err err, const struct why *why);
};

struct client_options {
    struct loop *loop;
    const char *url; /* "https://host:port/path", "http://...", or "unix:/path/to/socket:/v1/..." */
    const char *method;
    const char *extra_headers;     /* "Name: value\r\n"... or NULL */
    const uint8_t *pin;            /* SHA-256 of the server's SPKI, 32 bytes, or NULL */
    const struct tls_trust *trust; /* instead of pin; copied. Neither: public CAs judge */
    bool only_public; /* refuse a host of which an address is not public (node/net/address.h) */
    struct span body; /* copied; empty: none */
    bool accept_zstd;
    uint64_t connect_timeout_ms;
    uint64_t silence_ms; /* without a byte while reading (not while paused) */
    struct client_handler handler;
};

/* What the server showed in the handshake; false: nothing yet, or no TLS. Within handlers. */
bool client_shown(const struct client *client, struct hash *pin_out, bool *vouched_out);

/* NULL: no memory. All outcomes, also of a bad URL, come through `end`, never before this returns.
 */
struct client *client_start(const struct client_options *options);
/* Stops reading (the peer is held back by TCP) and goes on. */
void client_pause(struct client *client);
void client_resume(struct client *client);
/* Frees at once; no handler is called any more. NULL is fine. May be called inside a handler. */
void client_free(struct client *client);

#endif

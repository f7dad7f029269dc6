/* A connection: requests are read one after the other, each with its limits of size and time. */
#include "node/net/connection.h"

#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "node/net/os.h"

#define READ_BYTES_HIGH (128u * 1024u) /* held of what a client sends ahead */
#define WRITE_BYTES_LOW (128u * 1024u) /* under this the handler is asked for more */
#define SINGLE_BYTES (256u * 1024u)    /* read or written in one go before others get their turn */
#define LINGER_MS 2000u
#define LINGER_BYTES (512u * 1024u)
#define LINGER_BODY_BYTES                                                                          \
    (64u * 1024u * 1024u) /* most clients read the answer only behind their body */
#define HEAD_BYTES_SHOWN (HTTP_HEAD_BYTES_MAX + 1u)

static struct timeval timeval_of(uint64_t ms)
{
    return (struct timeval){.tv_sec = (time_t)(ms / 1000),
                            .tv_usec = (suseconds_t)(ms % 1000 * 1000)};
}

static void set_deadline(struct connection *connection, uint64_t ms)
{
    struct timeval after = timeval_of(ms);
    (void)event_add(connection->deadline, &after);
}

static void no_deadline(struct connection *connection)
{
    (void)event_del(connection->deadline);
}

static const struct server_handler *handler_of(const struct connection *connection)
{
    return server_handler_of(connection->room->server);
}

static const struct server_limits *limits_of(const struct connection *connection)
{
    return server_limits_of(connection->room->server);
}

/* ---- the exchange ---- */

static void end_exchange(struct connection *connection)
{
    struct exchange *exchange = connection->exchange;
    if (exchange == NULL)
        return;
    handler_of(connection)->closed(handler_of(connection)->ctx, exchange);
    connection->exchange = NULL;
    zstd_encoder_free(exchange->encoder);
    free(exchange->head_bytes);
    free(exchange);
}

static struct exchange *begin_exchange(struct connection *connection, struct span bytes)
{
    struct exchange *exchange = calloc(1, sizeof(*exchange));
    if (exchange == NULL)
        return NULL;
    exchange->connection = connection;
    exchange->head_bytes = malloc(bytes.len);
    if (exchange->head_bytes == NULL) {
        free(exchange);
        return NULL;
    }
    memcpy(exchange->head_bytes, bytes.data, bytes.len);
    connection->exchange = exchange;
    return exchange;
}

/* A request that cannot be read has no exchange of its own to be refused with. */
static bool refuse_unread(struct connection *connection, struct span bytes, enum err err,
                          const struct why *why)
{
    struct exchange *exchange = begin_exchange(connection, bytes);
    if (exchange == NULL)
        return false;
    exchange->head.keep_alive = false;
    exchange->head.http10 = true; /* nothing is known of it: the plainest answer */
    connection->state = CONNECTION_BUSY;
    exchange_problem(exchange, err, why);
    zstd_encoder_free(exchange->encoder);
    free(exchange->head_bytes);
    free(exchange);
    connection->exchange = NULL;
    connection->state = CONNECTION_LAST;
    connection->lingers = true;
    connection->drop_max = LINGER_BYTES;
    no_deadline(connection);
    return true;
}

static void continue_body(struct connection *connection)
{
    struct exchange *exchange = connection->exchange;
    if (exchange->head.expects_continue && !exchange->body_whole && !exchange->head.http10 &&
        exchange->body_max > 0)
        (void)evbuffer_add_printf(bufferevent_get_output(connection->bev),
                                  "HTTP/1.1 100 Continue\r\n\r\n");
}

static void refuse_too_long(struct exchange *exchange)
{
    struct why why;
    (void)why_set(&why, ERR_LIMIT, "the body is longer than this address takes", exchange->body_max,
                  NULL, NULL);
    exchange_problem(exchange, ERR_LIMIT, &why);
}

/* ---- reading ---- */

/* Reads a head; false when more bytes are needed first. */
static bool read_head(struct connection *connection)
{
    struct evbuffer *input = bufferevent_get_input(connection->bev);
    size_t len = evbuffer_get_length(input);
    if (len == 0)
        return false;
    if (!connection->head_begun) {
        connection->head_begun = true;
        set_deadline(connection, limits_of(connection)->head_timeout_ms);
    }
    len = len < HEAD_BYTES_SHOWN ? len : HEAD_BYTES_SHOWN;
    struct span bytes = span_of(evbuffer_pullup(input, (ev_ssize_t)len), len);
    if (bytes.data == NULL) {
        connection->broken = true;
        return false;
    }
    struct http_head probe;
    struct why why = {.rule = NULL};
    size_t used = 0;
    enum err err = http_read_request(bytes, &probe, &used, &why);
    if (err != OK) {
        connection->broken = !refuse_unread(connection, bytes, err, &why);
        return false;
    }
    if (used == 0)
        return false;
    struct exchange *exchange = begin_exchange(connection, span_part(bytes, 0, used));
    if (exchange == NULL || http_read_request(span_of(exchange->head_bytes, used), &exchange->head,
                                              &used, NULL) != OK) {
        connection->broken = true;
        return false;
    }
    (void)evbuffer_drain(input, used);
    connection->head_begun = false;
    connection->requests++;
    no_deadline(connection);
    exchange->body_whole =
        exchange->head.body == HTTP_BODY_NONE ||
        (exchange->head.body == HTTP_BODY_LENGTH && exchange->head.content_length == 0);
    exchange->no_content = span_is(exchange->head.method, "HEAD");
    connection->state = CONNECTION_BODY;
    handler_of(connection)->head(handler_of(connection)->ctx, exchange);
    if (exchange->started)
        return true;
    if (exchange->head.body == HTTP_BODY_LENGTH &&
        exchange->head.content_length > exchange->body_max)
        refuse_too_long(exchange);
    else
        continue_body(connection);
    return true;
}

static void give_part(struct connection *connection, struct span part)
{
    struct exchange *exchange = connection->exchange;
    exchange->body_read += part.len;
    if (exchange->body_read > exchange->body_max) {
        refuse_too_long(exchange);
        return;
    }
    if (part.len > 0 && handler_of(connection)->body != NULL)
        handler_of(connection)->body(handler_of(connection)->ctx, exchange, part);
}

/* One contiguous piece of the body; false when there is none, or the exchange wants no more. */
static bool read_body_piece(struct connection *connection)
{
    struct exchange *exchange = connection->exchange;
    struct evbuffer *input = bufferevent_get_input(connection->bev);
    struct evbuffer_iovec piece;
    if (exchange->paused || exchange->started || evbuffer_peek(input, -1, NULL, &piece, 1) < 1)
        return false;
    struct span bytes = span_of(piece.iov_base, piece.iov_len);
    size_t used = 0;
    if (exchange->head.body == HTTP_BODY_LENGTH) {
        uint64_t left = exchange->head.content_length - exchange->body_read;
        used = bytes.len < left ? bytes.len : (size_t)left;
        give_part(connection, span_part(bytes, 0, used));
        exchange->body_whole = exchange->body_read == exchange->head.content_length;
    } else {
        struct span part;
        struct why why = {.rule = NULL};
        enum err err =
            http_chunks_read(&exchange->chunks, bytes, &used, &part, &exchange->body_whole, &why);
        if (err != OK)
            exchange_problem(exchange, err, &why);
        else
            give_part(connection, part);
    }
    (void)evbuffer_drain(input, used);
    return used > 0 && !exchange->body_whole;
}

static void read_body(struct connection *connection)
{
    struct exchange *exchange = connection->exchange;
    while (!exchange->body_whole && read_body_piece(connection))
        continue;
    if (exchange->started) {
        connection->state = CONNECTION_BUSY;
        no_deadline(connection);
    } else if (exchange->body_whole) {
        connection->state = CONNECTION_BUSY;
        no_deadline(connection);
        exchange->ended = true;
        handler_of(connection)->end(handler_of(connection)->ctx, exchange);
    } else if (exchange->paused) {
        no_deadline(connection);
    } else {
        set_deadline(connection, limits_of(connection)->body_stall_ms);
    }
}

static void drop_input(struct connection *connection)
{
    struct evbuffer *input = bufferevent_get_input(connection->bev);
    size_t len = evbuffer_get_length(input);
    connection->dropped += len;
    connection->broken = connection->broken || connection->dropped > connection->drop_max;
    (void)evbuffer_drain(input, len);
}

/* Closing while bytes of the client are unread resets the connection, and the answer is lost with
 * it. So our side is closed first, and what still comes is dropped for a moment. */
static void close_when_flushed(struct connection *connection)
{
    connection->state = CONNECTION_LAST;
    drop_input(connection); /* a full buffer would not even let the end be seen */
    if (connection->half_closed || evbuffer_get_length(bufferevent_get_output(connection->bev)) > 0)
        return;
    if (!connection->lingers) {
        connection->broken = true;
        return;
    }
    connection->half_closed = true;
    (void)shutdown(bufferevent_getfd(connection->bev), SHUT_WR);
    set_deadline(connection, LINGER_MS);
}

static void set_linger(struct connection *connection, const struct exchange *exchange)
{
    connection->lingers = !exchange->body_whole;
    uint64_t left = exchange->head.content_length - exchange->body_read;
    bool is_measured = exchange->head.body == HTTP_BODY_LENGTH && left < LINGER_BODY_BYTES;
    connection->drop_max = LINGER_BYTES + (is_measured ? (size_t)left : 0);
}

/* After an answer: the next request, or the end. What is left of a body is never mistaken for a
 * request. */
static void after_answer(struct connection *connection)
{
    bool again = connection->exchange->head.keep_alive && connection->exchange->body_whole;
    set_linger(connection, connection->exchange);
    no_deadline(connection);
    end_exchange(connection);
    if (!again) {
        close_when_flushed(connection);
        return;
    }
    connection->state = CONNECTION_HEAD;
    connection->head_begun = false;
    set_deadline(connection, limits_of(connection)->idle_ms);
}

/* Short requests may have long answers: the next one waits until the client has read most of the
 * last. */
static bool has_much_unsent(const struct connection *connection)
{
    return evbuffer_get_length(bufferevent_get_output(connection->bev)) > WRITE_BYTES_LOW;
}

static void advance(struct connection *connection)
{
    for (bool more = true; more && !connection->broken;) {
        switch (connection->state) {
        case CONNECTION_HEAD:
            more = !has_much_unsent(connection) && read_head(connection);
            break;
        case CONNECTION_BODY:
            read_body(connection);
            more = connection->state == CONNECTION_BUSY;
            break;
        case CONNECTION_BUSY:
            more = connection->exchange->finished;
            if (more)
                after_answer(connection);
            break;
        case CONNECTION_LAST:
            close_when_flushed(connection);
            more = false;
            break;
        }
    }
    if (connection->state == CONNECTION_LAST && !connection->broken)
        close_when_flushed(connection);
    if (connection->broken)
        connection_free(connection);
}

/* ---- events ---- */

static void on_read(struct bufferevent *bev, void *ctx)
{
    struct connection *connection = ctx;
    (void)bev;
    advance(connection);
}

static void on_write(struct bufferevent *bev, void *ctx)
{
    struct connection *connection = ctx;
    struct exchange *exchange = connection->exchange;
    (void)bev;
    if (connection->state == CONNECTION_LAST || connection->state == CONNECTION_HEAD) {
        advance(connection);
        return;
    }
    if (exchange != NULL && exchange->started && !exchange->finished &&
        handler_of(connection)->drain != NULL)
        handler_of(connection)->drain(handler_of(connection)->ctx, exchange);
}

/* A client that says it has no more to say gets what it was answered; one that leaves a question
 * behind is taken for gone, and so is one that leaves TLS, which ends in both directions. */
static bool still_reads(const struct connection *connection, short what)
{
    return (what & BEV_EVENT_EOF) != 0 && connection->exchange == NULL &&
           bufferevent_openssl_get_ssl(connection->bev) == NULL &&
           evbuffer_get_length(bufferevent_get_output(connection->bev)) > 0;
}

/* The end of the connection, TLS failures and a client that does not read: all the same here. */
static void on_event(struct bufferevent *bev, short what, void *ctx)
{
    (void)bev;
    struct connection *connection = ctx;
    if ((what & BEV_EVENT_CONNECTED) != 0)
        return;
    if (still_reads(connection, what)) {
        connection->state = CONNECTION_LAST;
        connection->lingers = false;
        no_deadline(connection);
    } else {
        connection->broken = true;
    }
    advance(connection);
}

static void on_deadline(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd;
    (void)what;
    struct connection *connection = ctx;
    /* Idle is who has read its answer; who is still reading has the limit for writing. */
    if (connection->state == CONNECTION_HEAD && !connection->head_begun &&
        evbuffer_get_length(bufferevent_get_output(connection->bev)) > 0) {
        set_deadline(connection, limits_of(connection)->idle_ms);
        return;
    }
    connection->broken = true;
    advance(connection);
}

static void on_advance(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd;
    (void)what;
    advance(ctx);
}

/* ---- from accept to close ---- */

static struct bufferevent *make_bufferevent(struct room *room, int fd)
{
    struct event_base *base = loop_base(room->loop);
    int options = BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS;
    SSL_CTX *context = server_tls_of(room->server);
    if (context == NULL)
        return bufferevent_socket_new(base, fd, options);
    SSL *ssl = SSL_new(context);
    if (ssl == NULL)
        return NULL;
    struct bufferevent *bev =
        bufferevent_openssl_socket_new(base, fd, ssl, BUFFEREVENT_SSL_ACCEPTING, options);
    if (bev == NULL)
        SSL_free(ssl);
    else
        bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
    return bev;
}

struct connection *connection_new(struct room *room, int fd, const char *address)
{
    struct connection *connection = calloc(1, sizeof(*connection));
    struct bufferevent *bev = make_bufferevent(room, fd);
    if (bev == NULL)
        (void)evutil_closesocket(fd);
    struct event_base *base = loop_base(room->loop);
    if (connection != NULL && bev != NULL) {
        connection->advance = event_new(base, -1, 0, on_advance, connection);
        connection->deadline = evtimer_new(base, on_deadline, connection);
    }
    if (connection == NULL || bev == NULL || connection->advance == NULL ||
        connection->deadline == NULL) {
        if (bev != NULL)
            bufferevent_free(bev);
        if (connection != NULL && connection->advance != NULL)
            event_free(connection->advance);
        free(connection);
        return NULL;
    }
    connection->room = room;
    connection->bev = bev;
    (void)snprintf(connection->address, sizeof(connection->address), "%s", address);
    connection->next = room->first;
    if (room->first != NULL)
        room->first->previous = connection;
    room->first = connection;
    bufferevent_setcb(bev, on_read, on_write, on_event, connection);
    bufferevent_setwatermark(bev, EV_READ, 0, READ_BYTES_HIGH);
    bufferevent_setwatermark(bev, EV_WRITE, WRITE_BYTES_LOW, 0);
    (void)bufferevent_set_max_single_read(bev, SINGLE_BYTES);
    (void)bufferevent_set_max_single_write(bev, SINGLE_BYTES);
    struct timeval stall = timeval_of(limits_of(connection)->write_stall_ms);
    (void)bufferevent_set_timeouts(bev, NULL, &stall);
    (void)bufferevent_enable(bev, EV_READ | EV_WRITE);
    set_deadline(connection, limits_of(connection)->head_timeout_ms);
    return connection;
}

/* close_notify: the client knows that nothing was cut off. */
static void say_goodbye(struct connection *connection)
{
    SSL *ssl = bufferevent_openssl_get_ssl(connection->bev);
    if (ssl == NULL || SSL_is_init_finished(ssl) != 1)
        return;
    SSL_set_shutdown(ssl, SSL_RECEIVED_SHUTDOWN);
    (void)SSL_shutdown(ssl);
    ERR_clear_error();
}

void connection_free(struct connection *connection)
{
    struct room *room = connection->room;
    end_exchange(connection);
    if (connection->previous != NULL)
        connection->previous->next = connection->next;
    else
        room->first = connection->next;
    if (connection->next != NULL)
        connection->next->previous = connection->previous;
    server_forget(room->server, connection);
    say_goodbye(connection);
    bufferevent_free(connection->bev);
    event_free(connection->advance);
    event_free(connection->deadline);
    free(connection);
}

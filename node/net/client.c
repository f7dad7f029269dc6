#include "node/net/client.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>

#include "node/net/address.h"
#include "node/net/resolve.h"
#include "node/net/zstd.h"

#define READ_BYTES_HIGH (512u * 1024u)
#define SINGLE_BYTES (256u * 1024u)
#define HOST_BYTES_MAX 256u

struct client {
    struct loop *loop;
    struct client_handler handler;
    bool is_unix;
    bool is_tls;
    char host[HOST_BYTES_MAX]; /* or the path of the Unix socket */
    uint16_t port;
    char *method;
    struct buf request; /* written when the connection is there */
    struct tls_trust trust;
    bool only_public;
    uint64_t connect_timeout_ms;
    uint64_t silence_ms;

    struct resolving *resolving;
    struct resolved addresses;
    unsigned next_address;
    struct bufferevent *bev;
    struct loop_timer *timer; /* beginning, then the limit for connecting */
    bool connected;

    bool head_read;
    struct http_answer answer;
    struct http_chunks chunks;
    uint64_t body_left;
    uint64_t payload;  /* bytes at the front of the input whose framing is taken off */
    bool whole;        /* behind them nothing follows */
    bool decoder_full; /* it may hold more than it gave */
    struct zstd_decoder *decoder;
    bool paused;
    bool closed; /* by the other side */
    bool closed_well;

    unsigned handling; /* within handlers: freeing waits */
    bool ended;
    bool freed;
};

/* ---- the end ---- */

static void destroy(struct client *client)
{
    resolve_cancel(client->resolving);
    if (client->timer != NULL)
        loop_timer_cancel(client->timer);
    if (client->bev != NULL)
        bufferevent_free(client->bev);
    zstd_decoder_free(client->decoder);
    buf_clear(&client->request);
    free(client->method);
    free(client);
}

void client_free(struct client *client)
{
    if (client == NULL)
        return;
    client->freed = true;
    client->ended = true;
    if (client->handling == 0)
        destroy(client);
}

static void enter(struct client *client)
{
    client->handling++;
}

/* The client may be gone after this. */
static void leave(struct client *client)
{
    if (--client->handling == 0 && client->freed)
        destroy(client);
}

static void end(struct client *client, enum err err, const struct why *why)
{
    if (client->ended)
        return;
    client->ended = true;
    if (client->bev != NULL)
        (void)bufferevent_disable(client->bev, EV_READ | EV_WRITE);
    if (client->timer != NULL)
        loop_timer_cancel(client->timer);
    client->timer = NULL;
    client->handler.end(client->handler.ctx, client, err, why);
}

static void end_because(struct client *client, enum err err, const char *rule, const char *found)
{
    struct why why;
    (void)why_set(&why, err, rule, 0, NULL, found);
    end(client, err, &why);
}

/* ---- the address ---- */

static bool read_port(struct span text, uint16_t *out)
{
    struct cursor cursor = cursor_of(text);
    uint64_t port = cursor_u64(&cursor);
    if (cursor.failed || !cursor_at_end(&cursor) || port == 0 || port > 65535)
        return false;
    *out = (uint16_t)port;
    return true;
}

static bool set_host(struct client *client, struct span host)
{
    if (host.len == 0 || host.len >= sizeof(client->host))
        return false;
    memcpy(client->host, host.data, host.len);
    client->host[host.len] = '\0';
    return true;
}

/* "host", "host:port", "[v6]", "[v6]:port" */
static bool read_authority(struct client *client, struct span text)
{
    size_t host_end = text.len;
    size_t host_begin = 0;
    size_t after;
    if (text.len > 0 && text.data[0] == '[') {
        const uint8_t *bracket = memchr(text.data, ']', text.len);
        if (bracket == NULL)
            return false;
        host_begin = 1;
        host_end = (size_t)(bracket - text.data);
        after = host_end + 1;
    } else {
        const uint8_t *colon = text.len == 0 ? NULL : memchr(text.data, ':', text.len);
        host_end = colon == NULL ? text.len : (size_t)(colon - text.data);
        after = host_end;
    }
    client->port = client->is_tls ? 443 : 80;
    if (after < text.len && (text.data[after] != ':' ||
                             !read_port(span_part(text, after + 1, text.len), &client->port)))
        return false;
    return set_host(client, span_part(text, host_begin, host_end - host_begin));
}

/* Takes the address apart; *authority_out goes into Host, *path_out into the request line. */
static bool read_url(struct client *client, const char *url, struct span *authority_out,
                     struct span *path_out)
{
    struct span text = span_cstr(url);
    client->is_unix = span_starts_with(text, SPAN_LITERAL("unix:"));
    client->is_tls = span_starts_with(text, SPAN_LITERAL("https://"));
    if (client->is_unix) {
        struct span rest = span_part(text, 5, text.len);
        const uint8_t *colon = rest.len == 0 ? NULL : memchr(rest.data, ':', rest.len);
        if (colon == NULL)
            return false;
        size_t len = (size_t)(colon - rest.data);
        *authority_out = SPAN_LITERAL("localhost");
        *path_out = span_part(rest, len + 1, rest.len);
        return path_out->len > 0 && path_out->data[0] == '/' &&
               set_host(client, span_part(rest, 0, len));
    }
    if (!client->is_tls && !span_starts_with(text, SPAN_LITERAL("http://")))
        return false;
    struct span rest = span_part(text, client->is_tls ? 8 : 7, text.len);
    const uint8_t *slash = rest.len == 0 ? NULL : memchr(rest.data, '/', rest.len);
    size_t len = slash == NULL ? rest.len : (size_t)(slash - rest.data);
    *authority_out = span_part(rest, 0, len);
    *path_out = slash == NULL ? SPAN_LITERAL("/") : span_part(rest, len, rest.len);
    return read_authority(client, *authority_out);
}

static void write_request(struct client *client, const struct client_options *options,
                          struct span authority, struct span path)
{
    struct buf *out = &client->request;
    buf_append_cstr(out, options->method);
    buf_append_byte(out, ' ');
    buf_append_span(out, path);
    buf_append_cstr(out, " HTTP/1.1\r\nHost: ");
    buf_append_span(out, authority);
    buf_append_cstr(out, "\r\nUser-Agent: maillon/" MAILLON_VERSION "\r\nConnection: close\r\n");
    if (options->accept_zstd)
        buf_append_cstr(out, "Accept-Encoding: zstd\r\n");
    if (options->body.len > 0) {
        buf_append_cstr(out, "Content-Length: ");
        buf_append_u64(out, options->body.len);
        buf_append_cstr(out, "\r\n");
    }
    if (options->extra_headers != NULL)
        buf_append_cstr(out, options->extra_headers);
    buf_append_cstr(out, "\r\n");
    buf_append_span(out, options->body);
}

/* ---- the answer ---- */

static bool is_zstd(const struct http_answer *answer)
{
    return span_is(http_field(&answer->fields, "content-encoding"), "zstd");
}

/* false: more bytes are needed, or it is over. */
static bool read_head(struct client *client)
{
    struct evbuffer *input = bufferevent_get_input(client->bev);
    size_t len = evbuffer_get_length(input);
    len = len < HTTP_HEAD_BYTES_MAX + 1 ? len : HTTP_HEAD_BYTES_MAX + 1;
    struct span bytes = span_of(len == 0 ? NULL : evbuffer_pullup(input, (ev_ssize_t)len), len);
    size_t used = 0;
    struct why why = {.rule = NULL};
    if (bytes.data == NULL)
        return false;
    enum err err = http_read_answer(bytes, span_cstr(client->method), &client->answer, &used, &why);
    if (err != OK) {
        end(client, err, &why);
        return false;
    }
    if (used == 0)
        return false;
    if (client->answer.status >= 200) {
        client->head_read = true;
        client->body_left = client->answer.content_length;
        client->whole = client->answer.body == HTTP_BODY_NONE ||
                        (client->answer.body == HTTP_BODY_LENGTH && client->body_left == 0);
        if (is_zstd(&client->answer) && (client->decoder = zstd_decoder_new()) == NULL)
            end(client, ERR_NO_MEMORY, NULL);
        if (!client->ended)
            client->handler.head(client->handler.ctx, client, &client->answer);
    }
    (void)evbuffer_drain(input, used);
    return !client->ended;
}

static struct span first_bytes(const struct client *client)
{
    struct evbuffer_iovec piece;
    if (evbuffer_peek(bufferevent_get_input(client->bev), -1, NULL, &piece, 1) < 1)
        return span_of(NULL, 0);
    return span_of(piece.iov_base, piece.iov_len);
}

/* Takes the framing off the next bytes; false: there are none. */
static bool read_framing(struct client *client)
{
    struct span bytes = first_bytes(client);
    if (bytes.len == 0) /* also where TLS has made room and found nothing to put there */
        return false;
    if (client->answer.body == HTTP_BODY_CHUNKED) {
        size_t used;
        struct span part;
        struct why why = {.rule = NULL};
        enum err err = http_chunks_read(&client->chunks, bytes, &used, &part, &client->whole, &why);
        if (err != OK) {
            end(client, err, &why);
            return false;
        }
        (void)evbuffer_drain(bufferevent_get_input(client->bev), used - part.len);
        client->payload = part.len;
        return used > 0;
    }
    client->payload = bytes.len;
    if (client->answer.body == HTTP_BODY_LENGTH) {
        client->payload = bytes.len < client->body_left ? bytes.len : client->body_left;
        client->body_left -= client->payload;
        client->whole = client->body_left == 0;
    }
    return true;
}

/* Gives one part of the payload, never more than a step of the decoder: between two parts the
 * handler may pause, however much a few bytes of input expand to. */
static void give_part(struct client *client)
{
    struct span bytes = span_of(NULL, 0);
    if (client->payload > 0)
        bytes = span_part(first_bytes(client), 0, (size_t)client->payload);
    struct span part = bytes;
    size_t used = bytes.len;
    if (client->decoder != NULL) {
        struct why why = {.rule = NULL};
        enum err err = zstd_decode(client->decoder, bytes, &used, &part, &why);
        if (err != OK) {
            end(client, err, &why);
            return;
        }
        client->decoder_full = part.len > 0;
    }
    client->payload -= used;
    if (part.len > 0)
        client->handler.body(client->handler.ctx, client, part);
    (void)evbuffer_drain(bufferevent_get_input(client->bev), used);
}

static void end_whole(struct client *client)
{
    if (client->decoder != NULL && !zstd_decoder_at_end(client->decoder))
        end_because(client, ERR_BAD_REQUEST, "RFC 8878: an answer ends with its last frame", NULL);
    else
        end(client, OK, NULL);
}

/* All input is used and no more will come. */
static void end_closed(struct client *client)
{
    if (client->head_read && client->answer.body == HTTP_BODY_UNTIL_CLOSE && client->closed_well)
        end_whole(client);
    else
        end_because(client, ERR_NETWORK, "the answer was cut off", NULL);
}

static void process(struct client *client)
{
    while (!client->head_read && !client->ended && read_head(client))
        continue;
    while (client->head_read && !client->ended && !client->paused) {
        if (client->payload > 0 || client->decoder_full)
            give_part(client);
        else if (client->whole)
            end_whole(client);
        else if (!read_framing(client))
            break;
    }
    if (client->closed && !client->ended && !client->paused)
        end_closed(client);
}

/* ---- the connection ---- */

static void connect_next(struct client *client);

static struct timeval timeval_of(uint64_t ms)
{
    return (struct timeval){.tv_sec = (time_t)(ms / 1000),
                            .tv_usec = (suseconds_t)(ms % 1000 * 1000)};
}

static void on_read(struct bufferevent *bev, void *ctx)
{
    (void)bev;
    struct client *client = ctx;
    enter(client);
    process(client);
    leave(client);
}

/* The handshake has checked the pin; here it is looked at once more, since everything hangs on it.
 */
static bool is_trusted(struct client *client)
{
    struct hash shown;
    if (!client->is_tls || client->trust.any || client->trust.count == 0)
        return true;
    if (!tls_peer_pin(bufferevent_openssl_get_ssl(client->bev), &shown))
        return false;
    bool found = false;
    for (unsigned i = 0; i < client->trust.count; i++)
        found = found || hash_equal(&shown, &client->trust.pins[i]);
    return found;
}

bool client_shown(const struct client *client, struct hash *pin_out, bool *vouched_out)
{
    if (!client->is_tls || !client->connected)
        return false;
    const SSL *ssl = bufferevent_openssl_get_ssl(client->bev);
    *vouched_out = tls_is_vouched(ssl);
    return tls_peer_pin(ssl, pin_out);
}

static void on_connected(struct client *client)
{
    if (!is_trusted(client)) {
        end_because(client, ERR_BAD_SIGNATURE,
                    "the peer shows a TLS key that its pairing string or its DID document names",
                    NULL);
        return;
    }
    client->connected = true;
    if (client->timer != NULL)
        loop_timer_cancel(client->timer);
    client->timer = NULL;
    int on = 1;
    if (!client->is_unix)
        (void)setsockopt(bufferevent_getfd(client->bev), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    struct timeval silence = timeval_of(client->silence_ms);
    (void)bufferevent_set_timeouts(client->bev, &silence, &silence);
    (void)bufferevent_write(client->bev, client->request.data, client->request.len);
    buf_clear(&client->request);
    (void)bufferevent_enable(client->bev, EV_READ | EV_WRITE);
}

static void on_failed(struct client *client, short what)
{
    const SSL *ssl = client->is_tls ? bufferevent_openssl_get_ssl(client->bev) : NULL;
    if (ssl != NULL && !client->connected && tls_was_distrusted(ssl)) {
        end_because(client, ERR_BAD_SIGNATURE,
                    "the peer shows a TLS key that its pairing string or its DID document names",
                    client->trust.count > 0
                        ? NULL
                        : X509_verify_cert_error_string(SSL_get_verify_result(ssl)));
        return;
    }
    if (!client->connected) {
        connect_next(client);
        return;
    }
    client->closed = true;
    client->closed_well = (what & BEV_EVENT_EOF) != 0 &&
                          (ssl == NULL || (SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN) != 0);
    process(client); /* what came before the end still counts, and after a pause as well */
}

static void on_event(struct bufferevent *bev, short what, void *ctx)
{
    (void)bev;
    struct client *client = ctx;
    enter(client);
    if ((what & BEV_EVENT_CONNECTED) != 0)
        on_connected(client);
    else if ((what & BEV_EVENT_TIMEOUT) != 0)
        end_because(client, ERR_TIMEOUT, "nothing came for too long", NULL);
    else
        on_failed(client, what);
    ERR_clear_error();
    leave(client);
}

static struct bufferevent *make_bufferevent(struct client *client)
{
    struct event_base *base = loop_base(client->loop);
    int options = BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS;
    if (!client->is_tls)
        return bufferevent_socket_new(base, -1, options);
    SSL_CTX *context = resolve_tls_context(client->loop, client->trust.count == 0);
    SSL *ssl = context == NULL ? NULL : SSL_new(context);
    if (ssl == NULL)
        return NULL;
    struct bufferevent *bev = NULL;
    if (tls_expect(ssl, client->host, &client->trust) == OK)
        bev = bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_CONNECTING, options);
    if (bev == NULL)
        SSL_free(ssl);
    else
        bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
    return bev;
}

/* The next of the host's addresses, or the end. */
static void connect_next(struct client *client)
{
    if (client->bev != NULL)
        bufferevent_free(client->bev);
    client->bev = NULL;
    if (client->next_address == client->addresses.count) {
        end_because(client, ERR_NETWORK,
                    client->addresses.count == 0 ? "the host's name is not known"
                                                 : "the host does not answer at this port",
                    client->host);
        return;
    }
    unsigned i = client->next_address++;
    client->bev = make_bufferevent(client);
    if (client->bev == NULL) {
        end(client, ERR_NO_MEMORY, NULL);
        return;
    }
    bufferevent_setcb(client->bev, on_read, NULL, on_event, client);
    bufferevent_setwatermark(client->bev, EV_READ, 0, READ_BYTES_HIGH);
    (void)bufferevent_set_max_single_read(client->bev, SINGLE_BYTES);
    (void)bufferevent_set_max_single_write(client->bev, SINGLE_BYTES);
    /* libevent tells of a failure at once (no such socket, no route) by its result alone. */
    if (bufferevent_socket_connect(client->bev,
                                   (struct sockaddr *)&client->addresses.list[i].socket,
                                   (int)client->addresses.list[i].len) != 0)
        connect_next(client);
}

/* One look at the names: what is connected to is what was judged here. */
static bool all_public(const struct resolved *resolved)
{
    for (unsigned i = 0; i < resolved->count; i++)
        if (!address_is_public((const struct sockaddr *)&resolved->list[i].socket))
            return false;
    return true;
}

static void on_resolved(void *ctx, const struct resolved *resolved)
{
    struct client *client = ctx;
    client->resolving = NULL;
    client->addresses = *resolved;
    enter(client);
    if (client->only_public && !all_public(resolved))
        end_because(client, ERR_FORBIDDEN,
                    "resolver.allow_private: a host that others name has public addresses only",
                    client->host);
    else
        connect_next(client);
    leave(client);
}

static void on_connect_timeout(void *ctx)
{
    struct client *client = ctx;
    client->timer = NULL;
    enter(client);
    end_because(client, ERR_TIMEOUT, "connecting took too long", client->host);
    leave(client);
}

static void resolve_unix(struct client *client)
{
    struct resolved resolved = {.count = 0};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(client->host);
    if (len < sizeof(address.sun_path)) {
        memcpy(address.sun_path, client->host, len);
        memcpy(&resolved.list[0].socket, &address, sizeof(address));
        resolved.list[0].len = sizeof(address);
        resolved.count = 1;
    }
    on_resolved(client, &resolved);
}

static void begin(void *ctx)
{
    struct client *client = ctx;
    client->timer = NULL;
    enter(client);
    if (client->host[0] == '\0') {
        end_because(client, ERR_NETWORK, "an address is https://host:port/path", NULL);
    } else if (buf_check(&client->request) != OK) {
        end(client, buf_check(&client->request), NULL);
    } else {
        client->timer =
            loop_after(client->loop, client->connect_timeout_ms, on_connect_timeout, client);
        if (client->is_unix)
            resolve_unix(client);
        else
            client->resolving =
                resolve(client->loop, client->host, client->port, on_resolved, client);
    }
    leave(client);
}

struct client *client_start(const struct client_options *options)
{
    struct client *client = calloc(1, sizeof(*client));
    if (client == NULL)
        return NULL;
    client->loop = options->loop;
    client->handler = options->handler;
    client->connect_timeout_ms = options->connect_timeout_ms;
    client->silence_ms = options->silence_ms;
    client->method = strdup(options->method);
    buf_init(&client->request, options->body.len + HTTP_HEAD_BYTES_MAX);
    if (options->trust != NULL) {
        client->trust = *options->trust;
    } else if (options->pin != NULL) {
        client->trust.count = 1;
        memcpy(client->trust.pins[0].bytes, options->pin, sizeof(client->trust.pins[0].bytes));
    }
    client->only_public = options->only_public;
    if (client->method == NULL) {
        destroy(client);
        return NULL;
    }
    struct span authority;
    struct span path;
    if (read_url(client, options->url, &authority, &path))
        write_request(client, options, authority, path);
    else
        client->host[0] = '\0';
    client->timer = loop_after(client->loop, 0, begin, client);
    return client;
}

void client_pause(struct client *client)
{
    client->paused = true;
    if (client->bev != NULL)
        (void)bufferevent_disable(client->bev, EV_READ);
}

static void on_resume(void *ctx)
{
    struct client *client = ctx;
    client->timer = NULL;
    enter(client);
    process(client);
    leave(client);
}

/* What was read before the pause is given from the loop, never from within this call. */
void client_resume(struct client *client)
{
    client->paused = false;
    if (client->bev != NULL && !client->ended && !client->closed)
        (void)bufferevent_enable(client->bev, EV_READ);
    if (client->connected && client->timer == NULL && !client->ended)
        client->timer = loop_after(client->loop, 0, on_resume, client);
}

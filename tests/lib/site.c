/* The application of tests of the server, and the client that breaks the rules. */
#include "tests/lib/site.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "node/net/certificate.h"
#include "node/net/tls.h"
#include "tests/lib/folder.h"

#define PATIENCE_S 20
#define STREAM_PART 65536u

uint8_t site_pattern(uint64_t position)
{
    return (uint8_t)((position >> 10) * 31u + (position >> 18) * 7u);
}

/* ---- the application ---- */

struct work {
    struct site *site;
    struct exchange *exchange;
    struct buf body;
    uint64_t received;
    uint64_t left; /* of a stream */
    uint64_t position;
    bool sinks;
    bool gone; /* the connection broke while another thread was at work */
    bool away;
};

static void note_unsent(struct site *site, const struct exchange *exchange)
{
    pthread_mutex_lock(&site->mutex);
    size_t unsent = exchange_unsent(exchange);
    if (unsent > site->unsent_max)
        site->unsent_max = unsent;
    pthread_mutex_unlock(&site->mutex);
}

static uint64_t bytes_asked(const struct http_head *head)
{
    struct buf text;
    buf_init(&text, 32);
    CHECK(http_query_value(head->query, "bytes", &text) == OK);
    struct cursor cursor = cursor_of(buf_span(&text));
    uint64_t bytes = cursor_u64(&cursor);
    buf_clear(&text);
    return bytes;
}

static void pump(struct work *work)
{
    static _Thread_local uint8_t part[STREAM_PART];
    while (work->left > 0 && exchange_unsent(work->exchange) < SITE_UNSENT_HIGH) {
        size_t len = work->left < sizeof(part) ? (size_t)work->left : sizeof(part);
        for (size_t i = 0; i < len; i++)
            part[i] = site_pattern(work->position + i);
        exchange_write(work->exchange, span_of(part, len));
        work->position += len;
        work->left -= len;
        note_unsent(work->site, work->exchange);
    }
    if (work->left == 0)
        exchange_finish(work->exchange);
}

static void hold(struct site *site, struct exchange *exchange)
{
    pthread_mutex_lock(&site->mutex);
    site->held = exchange;
    pthread_cond_broadcast(&site->changed);
    pthread_mutex_unlock(&site->mutex);
}

static void on_head(void *ctx, struct exchange *exchange)
{
    struct site *site = ctx;
    struct work *work = calloc(1, sizeof(*work));
    CHECK(work != NULL); /* a failed assertion stays on its thread */
    work->site = site;
    work->exchange = exchange;
    buf_init(&work->body, 1u << 20);
    exchange_set_data(exchange, work);
    note_unsent(site, exchange);
    pthread_mutex_lock(&site->mutex);
    site->heads++;
    for (unsigned i = 0; i < site->loop_count; i++)
        if (site->loops[i] == exchange_loop(exchange))
            site->by_loop[i]++;
    (void)snprintf(site->last_address, sizeof(site->last_address), "%s",
                   exchange_peer_address(exchange));
    pthread_cond_broadcast(&site->changed);
    pthread_mutex_unlock(&site->mutex);
    struct span path = exchange_head(exchange)->path;
    if (span_is(path, "/echo"))
        exchange_body_limit(exchange, 1u << 20);
    work->sinks = span_is(path, "/sink") || span_is(path, "/held");
    if (work->sinks)
        exchange_body_limit(exchange, UINT64_MAX);
    if (span_is(path, "/held")) {
        exchange_pause_body(exchange);
        hold(site, exchange);
    }
    if (span_is(path, "/early"))
        exchange_reply(exchange, 200, "text/plain", NULL, SPAN_LITERAL("early"));
}

static void resume(void *ctx)
{
    struct work *work = ctx;
    work->away = false;
    if (work->gone)
        free(work);
    else
        exchange_resume_body(work->exchange);
}

static void on_body(void *ctx, struct exchange *exchange, struct span part)
{
    struct site *site = ctx;
    struct work *work = exchange_data(exchange);
    work->received += part.len;
    pthread_mutex_lock(&site->mutex);
    site->received += part.len;
    if (part.len > site->part_max)
        site->part_max = part.len;
    pthread_mutex_unlock(&site->mutex);
    if (!work->sinks) {
        buf_append_span(&work->body, part);
        return;
    }
    if (!work->away) {
        work->away = true;
        exchange_pause_body(exchange);
        loop_post(exchange_loop(exchange), resume, work);
    }
}

static void reply_from_loop(void *ctx)
{
    struct work *work = ctx;
    work->away = false;
    if (work->gone)
        free(work);
    else
        exchange_reply(work->exchange, 200, "text/plain", NULL, SPAN_LITERAL("hello"));
}

static void in_pool(void *ctx)
{
    struct work *work = ctx;
    loop_post(exchange_loop(work->exchange), reply_from_loop, work);
}

static void reply_big(struct exchange *exchange)
{
    struct buf bytes;
    buf_init(&bytes, 1u << 20);
    uint8_t *room = buf_reserve(&bytes, 256u * 1024u);
    CHECK(room != NULL);
    memset(room, 'b', 256u * 1024u);
    buf_commit(&bytes, 256u * 1024u);
    exchange_reply(exchange, 200, "text/plain", NULL, buf_span(&bytes));
    buf_clear(&bytes);
}

static void on_end(void *ctx, struct exchange *exchange)
{
    struct site *site = ctx;
    struct work *work = exchange_data(exchange);
    struct span path = exchange_head(exchange)->path;
    if (span_is(path, "/hello")) {
        exchange_reply(exchange, 200, "text/plain", NULL, SPAN_LITERAL("hello"));
    } else if (span_is(path, "/echo")) {
        exchange_reply(exchange, 200, "text/plain", NULL, buf_span(&work->body));
    } else if (work->sinks) {
        char count[32];
        (void)snprintf(count, sizeof(count), "%llu", (unsigned long long)work->received);
        exchange_reply(exchange, 200, "text/plain", NULL, span_cstr(count));
    } else if (span_is(path, "/stream")) {
        work->left = bytes_asked(exchange_head(exchange));
        exchange_start(exchange, 200, "application/octet-stream", NULL, true);
        pump(work);
    } else if (span_is(path, "/part")) {
        exchange_start(exchange, 200, "text/plain", NULL, true);
        exchange_write(exchange, SPAN_LITERAL("part"));
        exchange_flush(exchange);
        hold(site, exchange);
    } else if (span_is(path, "/cut")) {
        exchange_start(exchange, 200, "text/plain", NULL, false);
        exchange_write(exchange, SPAN_LITERAL("half"));
        exchange_abort(exchange);
    } else if (span_is(path, "/problem")) {
        struct why why;
        enum err err =
            why_set(&why, ERR_BAD_TEXT, "RFC 3629: UTF-8", 7, "a \"quoted\" word", "\xc3\x28");
        exchange_problem(exchange, err, &why);
    } else if (span_is(path, "/busy")) {
        exchange_start(exchange, 200, "text/plain", NULL, false);
        exchange_write(exchange, SPAN_LITERAL("half"));
        exchange_problem(exchange, ERR_BUSY, NULL);
    } else if (span_is(path, "/pool")) {
        work->away = true;
        CHECK(pool_post(site->pool, in_pool, work) == OK);
    } else if (span_is(path, "/big")) {
        reply_big(exchange);
    } else if (!span_is(path, "/never")) {
        exchange_problem(exchange, ERR_NOT_FOUND, NULL);
    }
}

static void on_drain(void *ctx, struct exchange *exchange)
{
    (void)ctx;
    struct work *work = exchange_data(exchange);
    if (work->position > 0)
        pump(work);
}

static void on_closed(void *ctx, struct exchange *exchange)
{
    struct site *site = ctx;
    struct work *work = exchange_data(exchange);
    pthread_mutex_lock(&site->mutex);
    site->closed++;
    if (site->held == exchange)
        site->held = NULL;
    pthread_cond_broadcast(&site->changed);
    pthread_mutex_unlock(&site->mutex);
    buf_clear(&work->body);
    work->gone = true;
    if (!work->away)
        free(work);
}

/* ---- its life ---- */

static SSL_CTX *make_tls(struct site *site)
{
    site->folder = folder_make();
    assert_int_equal(certificate_make(site->folder, "https://localhost", NULL), OK);
    assert_int_equal(certificate_pin(site->folder, site->pin, NULL), OK);
    char *cert = folder_path(site->folder, CERTIFICATE_FILE);
    char *key = folder_path(site->folder, CERTIFICATE_KEY_FILE);
    SSL_CTX *context = NULL;
    assert_int_equal(tls_server_context(cert, key, &context, NULL), OK);
    free(cert);
    free(key);
    return context;
}

void site_start(struct site *site, const struct site_options *options)
{
    memset(site, 0, sizeof(*site));
    (void)pthread_mutex_init(&site->mutex, NULL);
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&site->changed, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    site->loop_count = options->loops == 0 ? 1 : options->loops;
    site->pool = pool_new(1);
    assert_non_null(site->pool);
    for (unsigned i = 0; i < site->loop_count; i++) {
        site->loops[i] = loop_new();
        assert_non_null(site->loops[i]);
    }
    SSL_CTX *tls = options->tls ? make_tls(site) : NULL;
    struct server_options server = {
        .loops = site->loops,
        .loop_count = site->loop_count,
        .address = options->address == NULL ? "127.0.0.1:0" : options->address,
        .tls = tls,
        .handler = {.ctx = site,
                    .head = on_head,
                    .body = on_body,
                    .end = on_end,
                    .drain = on_drain,
                    .closed = on_closed},
        .limits = options->limits.connections_max == 0 ? server_default_limits : options->limits};
    struct why why = {.rule = ""};
    if (server_start(&server, &site->server, &why) != OK)
        fail_msg("%s: %s", why.rule, why.found);
    SSL_CTX_free(tls);
    site->port = server_port(site->server);
    for (unsigned i = 0; i < site->loop_count; i++)
        assert_int_equal(loop_start(site->loops[i]), OK);
}

void site_stop(struct site *site)
{
    server_stop(site->server);
    pool_free(site->pool); /* what it still posts, the loops run before they end */
    for (unsigned i = 0; i < site->loop_count; i++) {
        loop_stop(site->loops[i]);
        loop_join(site->loops[i]);
    }
    assert_int_equal(site->heads, site->closed);
    server_free(site->server);
    for (unsigned i = 0; i < site->loop_count; i++)
        loop_free(site->loops[i]);
    if (site->folder != NULL)
        folder_remove(site->folder);
    (void)pthread_cond_destroy(&site->changed);
    (void)pthread_mutex_destroy(&site->mutex);
}

/* Holding the mutex; false: too late. */
static bool await_change(struct site *site, const struct timespec *until)
{
    return pthread_cond_timedwait(&site->changed, &site->mutex, until) == 0;
}

static struct timespec patience(void)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += PATIENCE_S;
    return until;
}

static void await(struct site *site, const unsigned *count, unsigned wanted, const char *what)
{
    struct timespec until = patience();
    bool in_time = true;
    pthread_mutex_lock(&site->mutex);
    while (*count < wanted && in_time)
        in_time = await_change(site, &until);
    unsigned found = *count;
    pthread_mutex_unlock(&site->mutex);
    if (found < wanted)
        fail_msg("%u %s, waiting for %u", found, what, wanted);
}

void site_await_heads(struct site *site, unsigned count)
{
    await(site, &site->heads, count, "exchanges begun");
}

void site_await_closed(struct site *site, unsigned count)
{
    await(site, &site->closed, count, "exchanges over");
}

bool site_sees_closed(struct site *site, unsigned count, unsigned wait_ms)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    uint64_t nanoseconds = (uint64_t)until.tv_nsec + wait_ms * 1000000ull;
    until.tv_sec += (time_t)(nanoseconds / 1000000000u);
    until.tv_nsec = (long)(nanoseconds % 1000000000u);
    bool in_time = true;
    pthread_mutex_lock(&site->mutex);
    while (site->closed < count && in_time)
        in_time = await_change(site, &until);
    bool seen = site->closed >= count;
    pthread_mutex_unlock(&site->mutex);
    return seen;
}

static void release(void *ctx)
{
    struct site *site = ctx;
    pthread_mutex_lock(&site->mutex);
    struct exchange *exchange = site->held;
    site->held = NULL;
    pthread_mutex_unlock(&site->mutex);
    if (exchange == NULL)
        return;
    if (span_is(exchange_head(exchange)->path, "/part")) {
        exchange_write(exchange, SPAN_LITERAL(" and rest"));
        exchange_finish(exchange);
    } else {
        exchange_resume_body(exchange);
    }
}

void site_release(struct site *site)
{
    struct timespec until = patience();
    struct loop *loop = NULL;
    bool in_time = true;
    pthread_mutex_lock(&site->mutex);
    while (site->held == NULL && in_time)
        in_time = await_change(site, &until);
    if (site->held != NULL)
        loop = exchange_loop(site->held);
    pthread_mutex_unlock(&site->mutex);
    assert_non_null(loop);
    loop_call(loop, release, site);
}

/* ---- the raw client ---- */

int raw_dial(uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    struct timeval limit = {.tv_sec = PATIENCE_S};
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

void raw_send(int fd, struct span bytes)
{
    while (bytes.len > 0) {
        ssize_t put = send(fd, bytes.data, bytes.len, MSG_NOSIGNAL);
        if (put < 0) {
            if (errno == EAGAIN)
                fail_msg("nothing was read for %d s", PATIENCE_S);
            return;
        }
        bytes = span_part(bytes, (size_t)put, bytes.len);
    }
}

/* false: closed, or reset. */
static bool receive_some(int fd, struct buf *out)
{
    uint8_t part[65536];
    ssize_t got = recv(fd, part, sizeof(part), 0);
    if (got < 0 && errno == EAGAIN)
        fail_msg("nothing came for %d s", PATIENCE_S);
    if (got <= 0)
        return false;
    buf_append(out, part, (size_t)got);
    assert_int_equal(buf_check(out), OK);
    return true;
}

void raw_receive_all(int fd, struct buf *out)
{
    while (receive_some(fd, out))
        continue;
}

static void forget(struct buf *pending, size_t len)
{
    memmove(pending->data, pending->data + len, pending->len - len);
    pending->len -= len;
}

static void copy_field(const struct http_answer *answer, const char *name, char *out, size_t room)
{
    struct span value = http_field(&answer->fields, name);
    (void)snprintf(out, room, "%.*s", (int)value.len,
                   value.len == 0 ? "" : (const char *)value.data);
}

static bool receive_chunks(int fd, struct buf *pending, struct raw_answer *out)
{
    struct http_chunks chunks = {0};
    for (bool end = false; !end;) {
        size_t used = 0;
        struct span part = {.len = 0};
        if (pending->len > 0)
            assert_int_equal(http_chunks_read(&chunks, buf_span(pending), &used, &part, &end, NULL),
                             OK);
        buf_append_span(&out->body, part);
        if (used > 0)
            forget(pending, used);
        else if (!end && !receive_some(fd, pending))
            return false;
    }
    return true;
}

void raw_receive(int fd, struct buf *pending, const char *method, struct raw_answer *out)
{
    struct http_answer answer;
    size_t used = 0;
    memset(out, 0, sizeof(*out));
    buf_init(&out->body, 256u << 20);
    for (;;) {
        assert_int_equal(
            http_read_answer(buf_span(pending), span_cstr(method), &answer, &used, NULL), OK);
        if (used > 0)
            break;
        if (!receive_some(fd, pending))
            return;
    }
    out->keep_alive = answer.keep_alive;
    out->content_length = answer.content_length;
    out->chunked = answer.body == HTTP_BODY_CHUNKED;
    copy_field(&answer, "content-type", out->type, sizeof(out->type));
    copy_field(&answer, "content-language", out->language, sizeof(out->language));
    copy_field(&answer, "content-encoding", out->coding, sizeof(out->coding));
    enum http_body body = answer.body;
    int status = answer.status;
    forget(pending, used);
    if (body == HTTP_BODY_CHUNKED) {
        if (!receive_chunks(fd, pending, out))
            return;
    } else if (body != HTTP_BODY_NONE) {
        size_t wanted = body == HTTP_BODY_LENGTH ? (size_t)out->content_length : SIZE_MAX;
        while (pending->len < wanted && receive_some(fd, pending))
            continue;
        if (body == HTTP_BODY_LENGTH && pending->len < wanted)
            return;
        size_t len = pending->len < wanted ? pending->len : wanted;
        buf_append(&out->body, pending->data, len);
        forget(pending, len);
    }
    out->status = status;
}

int raw_status(uint16_t port, const char *request)
{
    struct buf pending;
    struct raw_answer answer;
    buf_init(&pending, 1u << 20);
    int fd = raw_dial(port);
    raw_send(fd, span_cstr(request));
    raw_receive(fd, &pending, "GET", &answer);
    close(fd);
    buf_clear(&pending);
    buf_clear(&answer.body);
    return answer.status;
}

/* The client, against the server and against servers that lie, fall silent or go away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "node/net/certificate.h"
#include "node/net/client.h"
#include "node/net/tls.h"
#include "node/net/zstd.h"
#include "tests/lib/folder.h"
#include "tests/lib/site.h"

#define MIB (1024u * 1024u)
#define PATIENCE_MS 30000u

/* ---- one visit ---- */

enum where { NOWHERE, IN_HEAD, IN_BODY, IN_END };

struct visit {
    struct client_options options;
    bool pauses;       /* after every part */
    unsigned pause_ms; /* for so long */
    enum where frees;  /* where the client is freed */
    bool counts;       /* the body is compared with site_pattern, not kept */
    bool is_pattern;   /* so far */

    struct loop *loop;
    struct client *client;
    bool started; /* client_start has returned */
    bool paused;
    bool freed;
    int status;
    struct buf body;
    uint64_t received;
    size_t part_max;
    unsigned ends;
    enum err err;
    char rule[128];
};

static void free_here(struct visit *visit, enum where where)
{
    if (visit->frees != where)
        return;
    client_free(visit->client);
    visit->client = NULL;
    visit->freed = true;
    loop_stop(visit->loop);
}

static void on_head(void *ctx, struct client *client, const struct http_answer *answer)
{
    struct visit *visit = ctx;
    (void)client;
    CHECK(!visit->freed);
    visit->status = answer->status;
    free_here(visit, IN_HEAD);
}

static void resume(void *ctx)
{
    struct visit *visit = ctx;
    visit->paused = false;
    client_resume(visit->client);
}

static void on_body(void *ctx, struct client *client, struct span part)
{
    struct visit *visit = ctx;
    CHECK(!visit->freed && !visit->paused && part.len > 0);
    if (part.len > visit->part_max)
        visit->part_max = part.len;
    for (size_t i = 0; visit->counts && visit->is_pattern && i < part.len; i++)
        visit->is_pattern = part.data[i] == site_pattern(visit->received + i);
    if (!visit->counts)
        buf_append_span(&visit->body, part);
    visit->received += part.len;
    free_here(visit, IN_BODY);
    if (visit->freed || !visit->pauses)
        return;
    visit->paused = true;
    client_pause(client);
    if (visit->pause_ms == 0)
        loop_post(visit->loop, resume, visit);
    else
        (void)loop_after(visit->loop, visit->pause_ms, resume, visit);
}

static void on_end(void *ctx, struct client *client, enum err err, const struct why *why)
{
    struct visit *visit = ctx;
    (void)client;
    CHECK(!visit->freed && visit->started && !visit->paused);
    visit->ends++;
    visit->err = err;
    (void)snprintf(visit->rule, sizeof(visit->rule), "%s",
                   why == NULL || why->rule == NULL ? "" : why->rule);
    free_here(visit, IN_END);
    loop_stop(visit->loop);
}

static void on_patience(void *ctx)
{
    (void)ctx;
    BUG("a visit takes longer than 30 s");
}

static void begin(void *ctx)
{
    struct visit *visit = ctx;
    visit->client = client_start(&visit->options);
    CHECK(visit->client != NULL);
    visit->started = true;
}

/* Runs it to its end; visit_clear then. */
static void visit_run(struct visit *visit, const char *url)
{
    visit->loop = loop_new();
    assert_non_null(visit->loop);
    visit->is_pattern = true;
    buf_init(&visit->body, 64u * MIB);
    visit->options.loop = visit->loop;
    visit->options.url = url;
    if (visit->options.method == NULL)
        visit->options.method = "GET";
    if (visit->options.connect_timeout_ms == 0)
        visit->options.connect_timeout_ms = 20000;
    if (visit->options.silence_ms == 0)
        visit->options.silence_ms = 20000;
    visit->options.handler =
        (struct client_handler){.ctx = visit, .head = on_head, .body = on_body, .end = on_end};
    (void)loop_after(visit->loop, PATIENCE_MS, on_patience, NULL);
    loop_post(visit->loop, begin, visit);
    loop_run(visit->loop);
    client_free(visit->client);
    loop_free(visit->loop);
    if (!visit->freed)
        assert_int_equal(visit->ends, 1);
}

static void visit_clear(struct visit *visit)
{
    buf_clear(&visit->body);
}

static void assert_body(const struct visit *visit, const char *body)
{
    if (visit->err != OK || !span_is(buf_span(&visit->body), body))
        fail_msg("%s: %s, body \"%.*s\"", err_slug(visit->err), visit->rule, (int)visit->body.len,
                 visit->body.len == 0 ? "" : (const char *)visit->body.data);
}

static void url_of(const struct site *site, const char *scheme, const char *host, const char *path,
                   char out[256])
{
    (void)snprintf(out, 256, "%s://%s:%u%s", scheme, host, site->port, path);
}

/* ---- the server of this node ---- */

static void gets_an_answer(void **state)
{
    (void)state;
    struct site site;
    char url[256];
    site_start(&site, &(struct site_options){.loops = 1});
    static const char *const hosts[] = {"127.0.0.1", "localhost"};
    for (unsigned i = 0; i < 2; i++) {
        struct visit visit = {.options.pin = NULL};
        url_of(&site, "http", hosts[i], "/hello", url);
        visit_run(&visit, url);
        assert_body(&visit, "hello");
        assert_int_equal(visit.status, 200);
        visit_clear(&visit);
    }
    struct visit head = {.options.method = "HEAD"};
    visit_run(&head, url);
    assert_body(&head, "");
    visit_clear(&head);
    site_stop(&site);
}

static void goes_through_a_unix_socket(void **state)
{
    (void)state;
    struct site site;
    char *folder = folder_make();
    char address[128];
    char url[256];
    (void)snprintf(address, sizeof(address), "unix:%s/socket", folder);
    site_start(&site, &(struct site_options){.loops = 1, .address = address});
    (void)snprintf(url, sizeof(url), "%s:/hello", address);
    struct visit visit = {.options.pin = NULL};
    visit_run(&visit, url);
    assert_body(&visit, "hello");
    visit_clear(&visit);
    site_stop(&site);
    folder_remove(folder);
}

static void trusts_the_pinned_key_whatever_the_name(void **state)
{
    (void)state;
    struct site site;
    char url[256];
    site_start(&site, &(struct site_options){.loops = 1, .tls = true});
    static const char *const hosts[] = {"localhost", "127.0.0.1"};
    for (unsigned i = 0; i < 2; i++) {
        struct visit visit = {.options.pin = site.pin};
        url_of(&site, "https", hosts[i], "/hello", url);
        visit_run(&visit, url);
        assert_body(&visit, "hello");
        visit_clear(&visit);
    }
    site_stop(&site);
}

static void sends_nothing_to_a_server_with_another_key(void **state)
{
    (void)state;
    struct site site;
    char url[256];
    site_start(&site, &(struct site_options){.loops = 1, .tls = true});
    url_of(&site, "https", "localhost", "/hello", url);
    for (unsigned byte = 0; byte < 32; byte += 31) {
        uint8_t pin[32];
        memcpy(pin, site.pin, sizeof(pin));
        pin[byte] ^= 1;
        struct visit visit = {.options.pin = pin};
        visit_run(&visit, url);
        assert_int_equal(visit.err, ERR_BAD_SIGNATURE);
        visit_clear(&visit);
    }
    struct visit visit = {.options.pin = NULL}; /* no public CA knows it */
    visit_run(&visit, url);
    assert_int_equal(visit.err, ERR_BAD_SIGNATURE);
    visit_clear(&visit);
    site_stop(&site);
    assert_int_equal(site.heads, 0);
}

static void receives_64_mib_over_tls_with_pauses(void **state)
{
    (void)state;
    struct site site;
    char url[256];
    site_start(&site, &(struct site_options){.loops = 1, .tls = true});
    url_of(&site, "https", "localhost", "/stream?bytes=67108864", url);
    for (int i = 0; i < 4; i++) {
        struct visit visit = {.options = {.pin = site.pin, .accept_zstd = i >= 2},
                              .pauses = i % 2 == 1,
                              .counts = true};
        visit_run(&visit, url);
        assert_int_equal(visit.err, OK);
        assert_true(visit.received == 64u * MIB);
        assert_true(visit.is_pattern);
        assert_true(visit.part_max <= (i >= 2 ? 128u * 1024u : 512u * 1024u));
        visit_clear(&visit);
    }
    assert_true(site.unsent_max <= SITE_UNSENT_HIGH + 130u * 1024u);
    site_stop(&site);
}

static void sends_a_body_over_tls(void **state)
{
    (void)state;
    struct site site;
    char url[256];
    site_start(&site, &(struct site_options){.loops = 1, .tls = true});
    url_of(&site, "https", "localhost", "/sink", url);
    uint8_t *body = calloc(16, MIB);
    assert_non_null(body);
    struct visit visit = {
        .options = {.pin = site.pin, .method = "POST", .body = span_of(body, 16u * MIB)}};
    visit_run(&visit, url);
    assert_body(&visit, "16777216");
    visit_clear(&visit);
    free(body);
    site_stop(&site);
}

static void receives_what_a_stream_has_so_far(void **state)
{
    (void)state;
    struct site site;
    char url[256];
    site_start(&site, &(struct site_options){.loops = 1, .tls = true});
    url_of(&site, "https", "localhost", "/part", url);
    for (int i = 0; i < 2; i++) {
        /* It stays open: only a part that came can end this visit. */
        struct visit visit = {.options = {.pin = site.pin, .accept_zstd = i == 1},
                              .frees = IN_BODY};
        visit_run(&visit, url);
        assert_body(&visit, "part");
        visit_clear(&visit);
    }
    site_await_closed(&site, 2);
    site_stop(&site);
}

static void may_be_freed_inside_each_handler(void **state)
{
    (void)state;
    struct site site;
    char url[256];
    site_start(&site, &(struct site_options){.loops = 1, .tls = true});
    url_of(&site, "https", "localhost", "/stream?bytes=3000000", url);
    for (enum where where = IN_HEAD; where <= IN_END; where++) {
        for (int i = 0; i < 2; i++) {
            struct visit visit = {.options = {.pin = site.pin, .accept_zstd = i == 1},
                                  .frees = where,
                                  .counts = true};
            visit_run(&visit, url);
            assert_true(visit.freed);
            visit_clear(&visit);
        }
    }
    site_stop(&site);
}

/* ---- servers that lie ---- */

enum farewell { CLOSES, STAYS, CLOSES_WELL /* with close_notify */ };

struct liar {
    struct span says;
    size_t step; /* bytes of one write; 0: many */
    enum farewell farewell;
    SSL_CTX *tls;
    bool deaf; /* neither reads nor says anything */
    int listener;
    pthread_t thread;
};

static void put(SSL *ssl, int fd, struct span bytes)
{
    if (ssl != NULL)
        (void)SSL_write(ssl, bytes.data, (int)bytes.len);
    else if (send(fd, bytes.data, bytes.len, MSG_NOSIGNAL) < 0)
        return; /* the client has gone, as it may */
}

static bool get(SSL *ssl, int fd, uint8_t *out, size_t room)
{
    return (ssl == NULL ? recv(fd, out, room, 0) : SSL_read(ssl, out, (int)room)) > 0;
}

static void *lie(void *ctx)
{
    const struct liar *liar = ctx;
    uint8_t bytes[65536];
    int fd = accept(liar->listener, NULL, NULL);
    CHECK(fd >= 0);
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    SSL *ssl = NULL;
    if (liar->tls != NULL && !liar->deaf) {
        ssl = SSL_new(liar->tls);
        CHECK(ssl != NULL && SSL_set_fd(ssl, fd) == 1 && SSL_accept(ssl) == 1);
    }
    struct span rest = liar->says;
    if (!liar->deaf && get(ssl, fd, bytes, sizeof(bytes))) {
        while (rest.len > 0) {
            struct span part = span_part(rest, 0, liar->step == 0 ? 16384 : liar->step);
            put(ssl, fd, part);
            rest = span_part(rest, part.len, rest.len);
        }
    }
    if (liar->farewell == CLOSES_WELL)
        (void)SSL_shutdown(ssl);
    else if (liar->farewell == CLOSES)
        (void)shutdown(fd, SHUT_WR);
    while (recv(fd, bytes, sizeof(bytes), 0) > 0)
        continue;
    SSL_free(ssl);
    close(fd);
    return NULL;
}

/* Visits a liar; the body is left in the visit. */
static void visit_liar(struct visit *visit, struct liar *liar)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof(address);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    liar->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(liar->listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(liar->listener, 8), 0);
    assert_int_equal(getsockname(liar->listener, (struct sockaddr *)&address, &len), 0);
    assert_int_equal(pthread_create(&liar->thread, NULL, lie, liar), 0);
    char url[256];
    (void)snprintf(url, sizeof(url), "%s://127.0.0.1:%u/x", liar->tls != NULL ? "https" : "http",
                   ntohs(address.sin_port));
    visit_run(visit, url);
    (void)pthread_join(liar->thread, NULL);
    close(liar->listener);
}

#define OK_HEAD "HTTP/1.1 200 OK\r\n"
#define CHUNKED OK_HEAD "Transfer-Encoding: chunked\r\n\r\n"
#define LENGTH(n) OK_HEAD "Content-Length: " n "\r\n\r\n"

static void judges_what_a_server_says(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *says;
        enum farewell farewell;
        enum err err;
        const char *body;
    } cases[] = {
        {"nothing", "", CLOSES, ERR_NETWORK, ""},
        {"half a head", OK_HEAD "Content-", CLOSES, ERR_NETWORK, ""},
        {"another protocol", "SSH-2.0-OpenSSH_9.2\r\n", STAYS, ERR_BAD_REQUEST, ""},
        {"two lengths", OK_HEAD "Content-Length: 1\r\n" LENGTH("2") "ab", STAYS, ERR_BAD_REQUEST,
         ""},
        {"half a body", LENGTH("10") "hello", CLOSES, ERR_NETWORK, "hello"},
        {"half of the chunks", CHUNKED "5\r\nhello\r\n", CLOSES, ERR_NETWORK, "hello"},
        {"chunks without their end", CHUNKED "5\r\nhello\r\n0\r\n", CLOSES, ERR_NETWORK, "hello"},
        {"a bad chunk", CHUNKED "5\r\nhello\r\nx\r\n", STAYS, ERR_BAD_REQUEST, "hello"},
        {"a body until the end", OK_HEAD "\r\nhello", CLOSES, OK, "hello"},
        {"a whole body", LENGTH("5") "hello", STAYS, OK, "hello"},
        {"a whole body and more", LENGTH("5") "hello, you", STAYS, OK, "hello"},
        {"whole chunks and more", CHUNKED "5\r\nhello\r\n0\r\n\r\nHTTP/1.1 500 No\r\n\r\n", STAYS,
         OK, "hello"},
        {"an empty body", LENGTH("0"), STAYS, OK, ""},
        {"no content", "HTTP/1.1 204 No Content\r\n\r\n", STAYS, OK, ""},
        {"first that it goes on",
         "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" LENGTH(
             "5") "hello",
         STAYS, OK, "hello"},
        {"zstd that is none", OK_HEAD "Content-Encoding: zstd\r\nContent-Length: 5\r\n\r\nhello",
         STAYS, ERR_BAD_REQUEST, ""},
        {"zstd of nothing", OK_HEAD "Content-Encoding: zstd\r\nContent-Length: 0\r\n\r\n", STAYS,
         OK, ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (int pauses = 0; pauses < 2; pauses++) {
            struct liar liar = {.says = span_cstr(cases[i].says), .farewell = cases[i].farewell};
            struct visit visit = {
                .options.accept_zstd = true, .pauses = pauses == 1, .pause_ms = 5};
            visit_liar(&visit, &liar);
            if (visit.err != cases[i].err || !span_is(buf_span(&visit.body), cases[i].body))
                fail_msg("%s: %s, %s, %zu bytes", cases[i].name, err_slug(visit.err), visit.rule,
                         visit.body.len);
            visit_clear(&visit);
        }
    }
}

static void refuses_an_endless_head(void **state)
{
    (void)state;
    struct buf says;
    buf_init(&says, MIB);
    buf_append_cstr(&says, OK_HEAD "X: ");
    while (says.len < 40000)
        buf_append_cstr(&says, "xxxxxxxxxx");
    struct liar liar = {.says = buf_span(&says), .farewell = STAYS};
    struct visit visit = {.options.pin = NULL};
    visit_liar(&visit, &liar);
    assert_int_equal(visit.err, ERR_HEADERS_TOO_LARGE);
    visit_clear(&visit);
    buf_clear(&says);
}

/* Data and end come together; the handler pauses at the first part and goes on much later. */
static void a_pause_loses_nothing_of_an_answer_that_has_ended(void **state)
{
    (void)state;
    struct buf says;
    buf_init(&says, MIB);
    buf_append_cstr(&says, OK_HEAD "\r\n");
    for (uint64_t i = 0; i < 300000; i++)
        buf_append_byte(&says, site_pattern(i));
    for (unsigned i = 0; i < 3; i++) {
        struct liar liar = {.says = buf_span(&says), .farewell = CLOSES};
        struct visit visit = {.pauses = true, .pause_ms = i * 20, .counts = true};
        visit_liar(&visit, &liar);
        assert_int_equal(visit.err, OK);
        assert_int_equal(visit.received, 300000);
        assert_true(visit.is_pattern);
        visit_clear(&visit);
    }
    buf_clear(&says);
}

static void append(void *ctx, struct span encoded)
{
    buf_append_span(ctx, encoded);
}

static void compress(struct span bytes, unsigned times, struct buf *out)
{
    struct zstd_encoder *encoder = zstd_encoder_new();
    assert_non_null(encoder);
    for (unsigned i = 0; i < times; i++)
        assert_int_equal(zstd_encode(encoder, bytes, ZSTD_MORE, append, out), OK);
    assert_int_equal(zstd_encode(encoder, span_of(NULL, 0), ZSTD_FINISH, append, out), OK);
    zstd_encoder_free(encoder);
}

static void say_compressed(struct buf *says, struct span encoded)
{
    char head[128];
    (void)snprintf(head, sizeof(head),
                   OK_HEAD "Content-Encoding: zstd\r\nContent-Length: %zu\r\n\r\n", encoded.len);
    buf_init(says, 2 * MIB);
    buf_append_cstr(says, head);
    buf_append_span(says, encoded);
}

/* A few kB that are 256 MiB: they come in small parts, and only as fast as they are taken. */
static void a_bomb_is_fed_on_in_small_parts(void **state)
{
    (void)state;
    struct buf encoded;
    struct buf says;
    buf_init(&encoded, MIB);
    uint8_t *zeros = calloc(1, MIB);
    assert_non_null(zeros);
    compress(span_of(zeros, MIB), 256, &encoded);
    assert_true(encoded.len < 100000);
    say_compressed(&says, buf_span(&encoded));
    for (int i = 0; i < 2; i++) {
        struct liar liar = {.says = buf_span(&says), .farewell = STAYS};
        struct visit visit = {.options.accept_zstd = true, .pauses = i == 1, .counts = true};
        visit_liar(&visit, &liar);
        assert_int_equal(visit.err, OK);
        assert_true(visit.received == 256ull * MIB);
        assert_true(visit.part_max <= 128u * 1024u);
        visit_clear(&visit);
    }
    free(zeros);
    buf_clear(&encoded);
    buf_clear(&says);
}

static void sees_that_a_compressed_answer_is_cut(void **state)
{
    (void)state;
    struct buf encoded;
    buf_init(&encoded, MIB);
    compress(SPAN_LITERAL("hello hello hello"), 1, &encoded);
    for (size_t len = 1; len <= encoded.len; len++) {
        struct buf says;
        say_compressed(&says, span_part(buf_span(&encoded), 0, len));
        struct liar liar = {.says = buf_span(&says), .farewell = CLOSES};
        struct visit visit = {.options.accept_zstd = true};
        visit_liar(&visit, &liar);
        if (visit.err != (len == encoded.len ? OK : ERR_BAD_REQUEST))
            fail_msg("%zu of %zu bytes: %s", len, encoded.len, err_slug(visit.err));
        visit_clear(&visit);
        buf_clear(&says);
    }
    buf_clear(&encoded);
}

/* Every byte comes alone, and each chunk's size is a long line of its own. */
static void decodes_compressed_chunks_that_trickle(void **state)
{
    (void)state;
    struct buf encoded;
    struct buf says;
    buf_init(&encoded, MIB);
    buf_init(&says, MIB);
    compress(SPAN_LITERAL("hello"), 1, &encoded);
    buf_append_cstr(&says, OK_HEAD "Content-Encoding: zstd\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (size_t i = 0; i < encoded.len; i++) {
        buf_append_cstr(&says, "000000000000001;an-extension-of-no-use\r\n");
        buf_append_byte(&says, encoded.data[i]);
        buf_append_cstr(&says, "\r\n");
    }
    buf_append_cstr(&says, "0\r\n\r\n");
    struct liar liar = {.says = buf_span(&says), .step = 1, .farewell = STAYS};
    struct visit visit = {.options.accept_zstd = true};
    visit_liar(&visit, &liar);
    assert_body(&visit, "hello");
    visit_clear(&visit);
    buf_clear(&encoded);
    buf_clear(&says);
}

/* Anyone on the way can end a TCP connection; only the server can end TLS. */
static void over_tls_an_answer_ends_with_close_notify(void **state)
{
    (void)state;
    char *folder = folder_make();
    uint8_t pin[32];
    assert_int_equal(certificate_make(folder, "https://localhost", NULL), OK);
    assert_int_equal(certificate_pin(folder, pin, NULL), OK);
    char *cert = folder_path(folder, CERTIFICATE_FILE);
    char *key = folder_path(folder, CERTIFICATE_KEY_FILE);
    SSL_CTX *context = NULL;
    assert_int_equal(tls_server_context(cert, key, &context, NULL), OK);
    static const enum farewell farewells[] = {CLOSES, CLOSES_WELL};
    for (unsigned i = 0; i < 2; i++) {
        struct liar liar = {
            .says = SPAN_LITERAL(OK_HEAD "\r\nhello"), .tls = context, .farewell = farewells[i]};
        struct visit visit = {.options.pin = pin};
        visit_liar(&visit, &liar);
        assert_int_equal(visit.err, farewells[i] == CLOSES ? ERR_NETWORK : OK);
        assert_true(span_is(buf_span(&visit.body), "hello"));
        visit_clear(&visit);
    }
    SSL_CTX_free(context);
    free(cert);
    free(key);
    folder_remove(folder);
}

/* ---- silence and absence ---- */

static void gives_up_on_silence(void **state)
{
    (void)state;
    static const char *const says[] = {"", OK_HEAD "Content-Length: 10\r\n", LENGTH("10") "hello"};
    for (unsigned i = 0; i < 3; i++) {
        struct liar liar = {.says = span_cstr(says[i]), .farewell = STAYS};
        struct visit visit = {.options.silence_ms = 100};
        visit_liar(&visit, &liar);
        assert_int_equal(visit.err, ERR_TIMEOUT);
        visit_clear(&visit);
    }
}

/* A pause is the client's own silence. */
static void a_pause_is_no_silence(void **state)
{
    (void)state;
    struct liar liar = {.says = SPAN_LITERAL(LENGTH("5") "hello"), .step = 40, .farewell = STAYS};
    struct visit visit = {.options.silence_ms = 100, .pauses = true, .pause_ms = 400};
    visit_liar(&visit, &liar);
    assert_body(&visit, "hello");
    visit_clear(&visit);
}

static void gives_up_on_a_handshake_that_stands_still(void **state)
{
    (void)state;
    SSL_CTX *any = SSL_CTX_new(TLS_server_method());
    assert_non_null(any);
    uint8_t pin[32] = {0};
    struct liar liar = {.tls = any, .deaf = true, .farewell = STAYS};
    struct visit visit = {.options = {.connect_timeout_ms = 100, .pin = pin}};
    visit_liar(&visit, &liar);
    assert_int_equal(visit.err, ERR_TIMEOUT);
    visit_clear(&visit);
    SSL_CTX_free(any);
}

static void says_that_nobody_is_there(void **state)
{
    (void)state;
    struct site site;
    char url[256];
    site_start(&site, &(struct site_options){.loops = 1});
    site_stop(&site);
    static const char *const hosts[] = {"127.0.0.1", "localhost", "[::1]"};
    for (unsigned i = 0; i < 3; i++) {
        struct visit visit = {.options.pin = NULL};
        url_of(&site, "http", hosts[i], "/", url);
        visit_run(&visit, url);
        assert_int_equal(visit.err, ERR_NETWORK);
        visit_clear(&visit);
    }
    struct visit visit = {.options.pin = NULL};
    visit_run(&visit, "unix:/nowhere/at/all:/v1/status");
    assert_int_equal(visit.err, ERR_NETWORK);
    visit_clear(&visit);
}

static void refuses_addresses_that_are_none(void **state)
{
    (void)state;
    static const char *const urls[] = {"",
                                       "localhost",
                                       "ftp://localhost/",
                                       "http://",
                                       "http:///x",
                                       "http://localhost:/",
                                       "http://localhost:0/",
                                       "http://localhost:65536/",
                                       "http://localhost:x/",
                                       "http://[::1/",
                                       "http://[]/",
                                       "http://[::1]x/",
                                       "unix:",
                                       "unix:/socket",
                                       "unix:/socket:v1",
                                       "https://127.0.0.1:1/a b",
                                       "https://127.0.0.1:1/\r\nX: y"};
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        struct visit visit = {.options.pin = NULL};
        visit_run(&visit, urls[i]);
        if (visit.err != ERR_NETWORK)
            fail_msg("\"%s\": %s", urls[i], err_slug(visit.err));
        visit_clear(&visit);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gets_an_answer),
        cmocka_unit_test(goes_through_a_unix_socket),
        cmocka_unit_test(trusts_the_pinned_key_whatever_the_name),
        cmocka_unit_test(sends_nothing_to_a_server_with_another_key),
        cmocka_unit_test(receives_64_mib_over_tls_with_pauses),
        cmocka_unit_test(sends_a_body_over_tls),
        cmocka_unit_test(receives_what_a_stream_has_so_far),
        cmocka_unit_test(may_be_freed_inside_each_handler),
        cmocka_unit_test(judges_what_a_server_says),
        cmocka_unit_test(refuses_an_endless_head),
        cmocka_unit_test(a_pause_loses_nothing_of_an_answer_that_has_ended),
        cmocka_unit_test(a_bomb_is_fed_on_in_small_parts),
        cmocka_unit_test(sees_that_a_compressed_answer_is_cut),
        cmocka_unit_test(decodes_compressed_chunks_that_trickle),
        cmocka_unit_test(over_tls_an_answer_ends_with_close_notify),
        cmocka_unit_test(gives_up_on_silence),
        cmocka_unit_test(a_pause_is_no_silence),
        cmocka_unit_test(gives_up_on_a_handshake_that_stands_still),
        cmocka_unit_test(says_that_nobody_is_there),
        cmocka_unit_test(refuses_addresses_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

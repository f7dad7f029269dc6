/* The server over real sockets: what it refuses, how long it waits, what it holds in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "node/net/tls.h"
#include "node/net/zstd.h"
#include "tests/lib/folder.h"
#include "tests/lib/site.h"

#define MIB (1024u * 1024u)
#define GET(path) "GET " path " HTTP/1.1\r\nHost: localhost\r\n"
#define POST(path) "POST " path " HTTP/1.1\r\nHost: localhost\r\n"

/* Short enough for a test, long enough for a machine under load. */
static const struct server_limits short_limits = {.connections_max = 100,
                                                  .connections_per_address_max = 100,
                                                  .head_timeout_ms = 300,
                                                  .body_stall_ms = 300,
                                                  .write_stall_ms = 300,
                                                  .idle_ms = 300};

struct talk {
    struct site site;
    struct buf pending;
    struct raw_answer answer;
};

static int set_up(void **state)
{
    struct talk *talk = calloc(1, sizeof(*talk));
    assert_non_null(talk);
    buf_init(&talk->pending, 512u * MIB);
    *state = talk;
    return 0;
}

static int tear_down(void **state)
{
    struct talk *talk = *state;
    buf_clear(&talk->pending);
    buf_clear(&talk->answer.body);
    free(talk);
    return 0;
}

static void start(struct talk *talk)
{
    site_start(&talk->site, &(struct site_options){.loops = 1});
}

static void receive(struct talk *talk, int fd, const char *method)
{
    buf_clear(&talk->answer.body);
    raw_receive(fd, &talk->pending, method, &talk->answer);
}

static void assert_answer(struct talk *talk, int fd, int status, const char *body)
{
    receive(talk, fd, "GET");
    assert_int_equal(talk->answer.status, status);
    if (body != NULL && !span_is(buf_span(&talk->answer.body), body))
        fail_msg("\"%.*s\" instead of \"%s\"", (int)talk->answer.body.len,
                 (const char *)talk->answer.body.data, body);
}

/* Nothing more comes, and the connection ends. */
static void assert_over(struct talk *talk, int fd)
{
    raw_receive_all(fd, &talk->pending);
    assert_int_equal(talk->pending.len, 0);
    close(fd);
}

static void say(int fd, const char *text)
{
    raw_send(fd, span_cstr(text));
}

/* ---- requests and answers ---- */

static void answers_one_request_after_the_other_on_a_connection(void **state)
{
    struct talk *talk = *state;
    start(talk);
    int fd = raw_dial(talk->site.port);
    for (int i = 0; i < 3; i++) {
        say(fd, GET("/hello") "\r\n");
        assert_answer(talk, fd, 200, "hello");
        assert_true(talk->answer.keep_alive);
    }
    say(fd, GET("/hello") "Connection: close\r\n\r\n");
    assert_answer(talk, fd, 200, "hello");
    assert_false(talk->answer.keep_alive);
    assert_over(talk, fd);
    assert_string_equal(talk->site.last_address, "127.0.0.1");
    site_stop(&talk->site);
}

static void answers_pipelined_requests_in_order(void **state)
{
    struct talk *talk = *state;
    start(talk);
    struct buf text;
    buf_init(&text, MIB);
    char one[128];
    for (unsigned i = 0; i < 200; i++) {
        (void)snprintf(one, sizeof(one), POST("/echo") "Content-Length: 4\r\n\r\n%04u", i);
        buf_append_cstr(&text, one);
        (void)snprintf(
            one, sizeof(one),
            POST("/echo") "Transfer-Encoding: chunked\r\n\r\n2\r\n%02u\r\n3;x\r\n%03u\r\n0\r\n\r\n",
            i % 100, i);
        buf_append_cstr(&text, one);
    }
    int fd = raw_dial(talk->site.port);
    raw_send(fd, buf_span(&text));
    for (unsigned i = 0; i < 200; i++) {
        (void)snprintf(one, sizeof(one), "%04u", i);
        assert_answer(talk, fd, 200, one);
        (void)snprintf(one, sizeof(one), "%02u%03u", i % 100, i);
        assert_answer(talk, fd, 200, one);
    }
    close(fd);
    buf_clear(&text);
    site_stop(&talk->site);
}

/* Each byte of the request arrives alone. */
static void takes_a_request_byte_by_byte(void **state)
{
    struct talk *talk = *state;
    start(talk);
    static const char text[] = POST(
        "/echo") "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" GET("/hello") "\r\n";
    int fd = raw_dial(talk->site.port);
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    for (size_t i = 0; i + 1 < sizeof(text); i++)
        raw_send(fd, span_of(text + i, 1));
    assert_answer(talk, fd, 200, "hello");
    assert_answer(talk, fd, 200, "hello");
    close(fd);
    site_stop(&talk->site);
}

static void a_head_request_gets_the_head_alone(void **state)
{
    struct talk *talk = *state;
    start(talk);
    int fd = raw_dial(talk->site.port);
    say(fd, "HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\nHEAD /stream?bytes=100000 HTTP/1.1\r\nHost: "
            "a\r\n\r\n" GET("/hello") "\r\n");
    receive(talk, fd, "HEAD");
    assert_int_equal(talk->answer.status, 200);
    assert_int_equal(talk->answer.content_length, 5);
    receive(talk, fd, "HEAD");
    assert_int_equal(talk->answer.status, 200);
    assert_answer(talk, fd, 200, "hello");
    close(fd);
    site_stop(&talk->site);
}

static void http_1_0_is_answered_unchunked_and_closed(void **state)
{
    struct talk *talk = *state;
    start(talk);
    int fd = raw_dial(talk->site.port);
    say(fd, "GET /stream?bytes=300000 HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /hello "
            "HTTP/1.0\r\n\r\n");
    assert_answer(talk, fd, 200, NULL);
    assert_false(talk->answer.chunked);
    assert_int_equal(talk->answer.body.len, 300000); /* the second request is not answered */
    assert_over(talk, fd);
    assert_int_equal(raw_status(talk->site.port, "GET /hello HTTP/1.0\r\n\r\n"), 200);
    site_stop(&talk->site);
}

static void asks_for_a_body_that_waits_to_be_asked_for(void **state)
{
    struct talk *talk = *state;
    start(talk);
    int fd = raw_dial(talk->site.port);
    say(fd, POST("/echo") "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    assert_answer(talk, fd, 100, NULL);
    say(fd, "hello");
    assert_answer(talk, fd, 200, "hello");
    /* One that would be refused is not asked for. */
    say(fd, POST("/hello") "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    assert_answer(talk, fd, 413, NULL);
    assert_over(talk, fd);
    site_stop(&talk->site);
}

static void answers_from_another_thread(void **state)
{
    struct talk *talk = *state;
    start(talk);
    int fd = raw_dial(talk->site.port);
    say(fd, GET("/pool") "\r\n" GET("/pool") "\r\n");
    assert_answer(talk, fd, 200, "hello");
    assert_answer(talk, fd, 200, "hello");
    close(fd);
    site_stop(&talk->site);
}

static void a_problem_is_told_in_the_caller_s_language(void **state)
{
    struct talk *talk = *state;
    start(talk);
    int fd = raw_dial(talk->site.port);
    say(fd,
        GET("/problem") "Accept-Language: de, fr;q=0.8, en;q=0.5\r\n\r\n" GET("/problem") "\r\n");
    for (int i = 0; i < 2; i++) {
        receive(talk, fd, "GET");
        assert_int_equal(talk->answer.status, 400);
        assert_string_equal(talk->answer.type, "application/problem+json");
        assert_string_equal(talk->answer.language, i == 0 ? "fr" : "en");
        json_t *json =
            json_loadb((const char *)talk->answer.body.data, talk->answer.body.len, 0, NULL);
        assert_non_null(json);
        assert_string_equal(json_string_value(json_object_get(json, "type")),
                            "urn:maillon:problem:bad-text");
        assert_string_equal(json_string_value(json_object_get(json, "title")),
                            err_sentence(ERR_BAD_TEXT, i == 0 ? LANG_FR : LANG_EN));
        assert_int_equal(json_integer_value(json_object_get(json, "status")), 400);
        assert_string_equal(json_string_value(json_object_get(json, "rule")), "RFC 3629: UTF-8");
        assert_int_equal(json_integer_value(json_object_get(json, "position")), 7);
        assert_non_null(json_object_get(json, "detail")); /* though what was found is no UTF-8 */
        json_decref(json);
    }
    close(fd);
    site_stop(&talk->site);
}

static void what_a_burst_holds_arrives_before_its_end(void **state)
{
    struct talk *talk = *state;
    start(talk);
    int fd = raw_dial(talk->site.port);
    say(fd, GET("/part") "Connection: close\r\n\r\n");
    while (talk->pending.len == 0 ||
           memmem(talk->pending.data, talk->pending.len, "part\r\n", 6) == NULL) {
        uint8_t bytes[1024];
        ssize_t got = recv(fd, bytes, sizeof(bytes), 0);
        assert_true(got > 0);
        buf_append(&talk->pending, bytes, (size_t)got);
    }
    site_release(&talk->site);
    assert_answer(talk, fd, 200, "part and rest");
    assert_over(talk, fd);
    site_stop(&talk->site);
}

static void decompress(struct span encoded, struct buf *out)
{
    struct zstd_decoder *decoder = zstd_decoder_new();
    assert_non_null(decoder);
    for (bool more = true; more;) {
        size_t used;
        struct span part;
        assert_int_equal(zstd_decode(decoder, encoded, &used, &part, NULL), OK);
        buf_append_span(out, part);
        encoded = span_part(encoded, used, encoded.len);
        more = used > 0 || part.len > 0;
    }
    assert_true(zstd_decoder_at_end(decoder));
    zstd_decoder_free(decoder);
}

static void compresses_for_those_who_accept_zstd(void **state)
{
    struct talk *talk = *state;
    start(talk);
    static const struct {
        const char *accepted;
        bool compressed;
    } cases[] = {
        {"zstd", true},      {"gzip, zstd", true},     {"gzip;q=1.0, zstd;q=0.5", true},
        {"ZSTD", true},      {"zstd;q=0", false},      {"zstd; q=0.000", false},
        {"gzip, br", false}, {"x-zstd, zstd2", false}, {"gzip;zstd", false},
    };
    int fd = raw_dial(talk->site.port);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char request[256];
        (void)snprintf(request, sizeof(request),
                       GET("/stream?bytes=500000") "Accept-Encoding: %s\r\n\r\n",
                       cases[i].accepted);
        say(fd, request);
        receive(talk, fd, "GET");
        assert_int_equal(talk->answer.status, 200);
        if ((strcmp(talk->answer.coding, "zstd") == 0) != cases[i].compressed)
            fail_msg("\"%s\": coding \"%s\"", cases[i].accepted, talk->answer.coding);
        struct buf plain;
        buf_init(&plain, MIB);
        if (cases[i].compressed)
            decompress(buf_span(&talk->answer.body), &plain);
        else
            buf_append_span(&plain, buf_span(&talk->answer.body));
        assert_int_equal(plain.len, 500000);
        for (size_t at = 0; at < plain.len; at++)
            if (plain.data[at] != site_pattern(at))
                fail_msg("wrong at %zu", at);
        assert_true(talk->answer.body.len < 100000 || !cases[i].compressed);
        buf_clear(&plain);
    }
    close(fd);
    site_stop(&talk->site);
}

/* ---- refusals ---- */

static void refuses_over_the_wire_with_one_answer_and_closes(void **state)
{
    struct talk *talk = *state;
    start(talk);
    static const struct {
        const char *name;
        struct span bytes;
        int status;
    } cases[] = {
#define CASE(name, text, status)                                                                   \
    {name, {.data = (const uint8_t *)(text), .len = sizeof(text) - 1}, status}
        CASE("another coding", POST("/echo") "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
             400),
        CASE("coding and length",
             POST("/echo") "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400),
        CASE("two lengths", POST("/echo") "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400),
        CASE("a space before the colon", "GET /hello HTTP/1.1\r\nHost : a\r\n\r\n", 400),
        CASE("a bare LF", "GET /hello HTTP/1.1\nHost: a\n\n", 400),
        CASE("a bare CR", GET("/hello") "X: a\rb\r\n\r\n", 400),
        CASE("no Host", "GET /hello HTTP/1.1\r\n\r\n", 400),
        CASE("two Hosts", GET("/hello") "Host: b\r\n\r\n", 400),
        CASE("a folded line", GET("/hello") "X: a\r\n b\r\n\r\n", 400),
        CASE("a NUL", GET("/hello") "X: \0\r\n\r\n", 400),
        CASE("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        CASE("a TLS client", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        CASE("a chunk of no size", POST("/echo") "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
        CASE("a chunk too long",
             POST("/echo") "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", 400),
        CASE("a chunk with a bare LF",
             POST("/echo") "Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n", 400),
        CASE("a body where none is taken", POST("/hello") "Content-Length: 3\r\n\r\nabc", 413),
        CASE("chunks where none are taken",
             POST("/hello") "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 413),
        CASE("a body over the limit", POST("/echo") "Content-Length: 1048577\r\n\r\nabc", 413),
#undef CASE
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int fd = raw_dial(talk->site.port);
        raw_send(fd, cases[i].bytes);
        say(fd, "\r\n" GET("/hello") "\r\n"); /* smuggled: must never be answered */
        (void)shutdown(fd, SHUT_WR);
        receive(talk, fd, "GET");
        if (talk->answer.status != cases[i].status || talk->answer.keep_alive)
            fail_msg("%s: status %d", cases[i].name, talk->answer.status);
        assert_string_equal(talk->answer.type, "application/problem+json");
        assert_over(talk, fd);
    }
    site_stop(&talk->site);
}

/* The limit is passed by what was received, not by what a chunk promises. */
static void refuses_chunks_as_soon_as_they_pass_the_limit(void **state)
{
    struct talk *talk = *state;
    start(talk);
    int fd = raw_dial(talk->site.port);
    say(fd, POST("/echo") "Transfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n");
    struct buf filler;
    buf_init(&filler, 2 * MIB);
    uint8_t *room = buf_reserve(&filler, MIB + 1);
    assert_non_null(room);
    memset(room, 'x', MIB + 1);
    buf_commit(&filler, MIB + 1);
    raw_send(fd, buf_span(&filler));
    assert_answer(talk, fd, 413, NULL);
    (void)shutdown(fd, SHUT_WR);
    assert_over(talk, fd);
    assert_true(talk->site.received <= MIB);
    buf_clear(&filler);
    site_stop(&talk->site);
}

/* The refusal arrives although the client was still sending. */
static void refuses_a_head_without_end(void **state)
{
    struct talk *talk = *state;
    start(talk);
    struct buf text;
    buf_init(&text, MIB);
    buf_append_cstr(&text, GET("/hello"));
    while (text.len < 400000)
        buf_append_cstr(&text, "X-Filler: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n");
    int fd = raw_dial(talk->site.port);
    raw_send(fd, buf_span(&text));
    assert_answer(talk, fd, 431, NULL);
    (void)shutdown(fd, SHUT_WR);
    assert_over(talk, fd);
    assert_int_equal(talk->site.heads, 0);
    buf_clear(&text);
    site_stop(&talk->site);
}

static void an_answer_before_the_body_ends_the_connection(void **state)
{
    struct talk *talk = *state;
    start(talk);
    int fd = raw_dial(talk->site.port);
    say(fd, POST("/early") "Content-Length: 30\r\n\r\n" GET("/x") "\r\n");
    (void)shutdown(fd, SHUT_WR);
    assert_answer(talk, fd, 200, "early");
    assert_false(talk->answer.keep_alive);
    assert_over(talk, fd);
    assert_int_equal(talk->site.heads, 1);
    site_stop(&talk->site);
}

static void an_answer_that_fails_halfway_is_seen_to_be_cut(void **state)
{
    struct talk *talk = *state;
    start(talk);
    static const char *const requests[] = {GET("/cut") "\r\n", GET("/busy") "\r\n"};
    for (size_t i = 0; i < 2; i++) {
        int fd = raw_dial(talk->site.port);
        say(fd, requests[i]);
        receive(talk, fd, "GET");
        assert_int_equal(talk->answer.status, 0); /* the last chunk never came */
        close(fd);
        buf_reset(&talk->pending);
    }
    site_await_closed(&talk->site, 2);
    site_stop(&talk->site);
}

/* ---- time ---- */

static void start_short(struct talk *talk)
{
    site_start(&talk->site, &(struct site_options){.loops = 1, .limits = short_limits});
}

static void cuts_off_who_says_nothing(void **state)
{
    struct talk *talk = *state;
    start_short(talk);
    assert_over(talk, raw_dial(talk->site.port));
    int fd = raw_dial(talk->site.port);
    say(fd, GET("/hello") "\r\n");
    assert_answer(talk, fd, 200, "hello");
    assert_over(talk, fd); /* idle */
    site_stop(&talk->site);
}

static void cuts_off_a_head_or_body_that_stands_still(void **state)
{
    struct talk *talk = *state;
    start_short(talk);
    static const char *const texts[] = {"GET /hel", GET("/hello"),
                                        POST("/echo") "Content-Length: 10\r\n\r\nhello",
                                        POST("/echo") "Transfer-Encoding: chunked\r\n\r\n5\r\nhel"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        int fd = raw_dial(talk->site.port);
        say(fd, texts[i]);
        assert_over(talk, fd);
    }
    site_await_closed(&talk->site, 2);
    site_stop(&talk->site);
}

/* A byte now and then does not prolong the time for a head. */
static void cuts_off_a_head_that_trickles(void **state)
{
    struct talk *talk = *state;
    start_short(talk);
    int fd = raw_dial(talk->site.port);
    say(fd, GET("/hello") "X: ");
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    unsigned bytes = 0;
    while (poll(&wait, 1, 20) == 0 && bytes < 1000) {
        say(fd, "x");
        bytes++;
    }
    assert_true(bytes < 1000);
    assert_over(talk, fd);
    site_stop(&talk->site);
}

static void cuts_off_who_does_not_read(void **state)
{
    struct talk *talk = *state;
    start_short(talk);
    int fd = raw_dial(talk->site.port);
    say(fd, GET("/stream?bytes=1000000000") "\r\n");
    site_await_closed(&talk->site, 1);
    close(fd);
    site_stop(&talk->site);
}

/* Reads so slowly that the end of the answer is still with the server when the exchange is over. */
static int read_until_over(struct talk *talk, size_t bytes)
{
    int fd = raw_dial(talk->site.port);
    char request[128];
    (void)snprintf(request, sizeof(request), "GET /stream?bytes=%zu HTTP/1.1\r\nHost: a\r\n\r\n",
                   bytes);
    say(fd, request);
    static uint8_t part[65536];
    while (!site_sees_closed(&talk->site, 1, 5)) {
        ssize_t got = recv(fd, part, sizeof(part), 0);
        assert_true(got > 0);
        buf_append(&talk->pending, part, (size_t)got);
    }
    return fd;
}

static void an_answer_that_is_still_read_is_not_idle(void **state)
{
    struct talk *talk = *state;
    struct server_limits limits = server_default_limits;
    limits.idle_ms = 200;
    site_start(&talk->site, &(struct site_options){.loops = 1, .limits = limits});
    int fd = read_until_over(talk, 16u * MIB);
    assert_false(site_sees_closed(&talk->site, 2, 600)); /* thrice the limit */
    assert_answer(talk, fd, 200, NULL);
    assert_int_equal(talk->answer.body.len, 16u * MIB);
    assert_over(talk, fd); /* now it is */
    site_stop(&talk->site);
}

static void a_client_that_has_no_more_to_say_gets_its_answer(void **state)
{
    struct talk *talk = *state;
    start(talk);
    int fd = read_until_over(talk, 16u * MIB);
    (void)shutdown(fd, SHUT_WR);
    assert_answer(talk, fd, 200, NULL);
    assert_int_equal(talk->answer.body.len, 16u * MIB);
    assert_over(talk, fd);
    site_stop(&talk->site);
}

static void waits_for_its_own_answer_as_long_as_it_takes(void **state)
{
    struct talk *talk = *state;
    start_short(talk);
    int fd = raw_dial(talk->site.port);
    say(fd, GET("/never") "\r\n");
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&wait, 1, 1000), 0); /* thrice any of the limits: nothing happens */
    close(fd);
    site_await_closed(&talk->site, 1); /* that the client went away is seen */
    site_stop(&talk->site);
}

/* ---- numbers ---- */

/* So many are served; the ones beyond are closed without a word. */
static void assert_limit(struct talk *talk, unsigned limit)
{
    int fds[8];
    for (unsigned i = 0; i < limit; i++) {
        fds[i] = raw_dial(talk->site.port);
        say(fds[i], GET("/hello") "\r\n");
        assert_answer(talk, fds[i], 200, "hello");
    }
    for (int i = 0; i < 3; i++)
        assert_over(talk, raw_dial(talk->site.port));
    close(fds[0]);
    /* Its place is free as soon as the server has seen it go. */
    unsigned tries = 0;
    while (raw_status(talk->site.port, GET("/hello") "\r\n") != 200 && tries < 100000)
        tries++;
    assert_true(tries < 100000);
    for (unsigned i = 1; i < limit; i++)
        close(fds[i]);
}

static void limits_the_connections_of_one_address(void **state)
{
    struct talk *talk = *state;
    struct server_limits limits = server_default_limits;
    limits.connections_per_address_max = 3;
    site_start(&talk->site, &(struct site_options){.loops = 2, .limits = limits});
    assert_limit(talk, 3);
    site_stop(&talk->site);
}

static void limits_the_connections_in_all(void **state)
{
    struct talk *talk = *state;
    struct server_limits limits = server_default_limits;
    limits.connections_max = 4;
    site_start(&talk->site, &(struct site_options){.loops = 2, .limits = limits});
    assert_limit(talk, 4);
    site_stop(&talk->site);
}

static void all_loops_take_part(void **state)
{
    struct talk *talk = *state;
    site_start(&talk->site, &(struct site_options){.loops = 3});
    unsigned served = 0;
    for (bool all = false; !all && served < 1000; served++) {
        assert_int_equal(raw_status(talk->site.port, GET("/hello") "\r\n"), 200);
        pthread_mutex_lock(&talk->site.mutex);
        all = talk->site.by_loop[0] > 0 && talk->site.by_loop[1] > 0 && talk->site.by_loop[2] > 0;
        pthread_mutex_unlock(&talk->site.mutex);
    }
    assert_true(served < 1000);
    site_stop(&talk->site);
}

/* ---- streams and memory ---- */

static void streams_64_mib_down_without_holding_them(void **state)
{
    struct talk *talk = *state;
    start(talk);
    int fd = raw_dial(talk->site.port);
    say(fd, GET("/stream?bytes=67108864") "\r\n");
    assert_answer(talk, fd, 200, NULL);
    assert_int_equal(talk->answer.body.len, 64u * MIB);
    for (size_t i = 0; i < 64u * MIB; i++)
        if (talk->answer.body.data[i] != site_pattern(i))
            fail_msg("wrong at %zu", i);
    assert_true(talk->site.unsent_max <= SITE_UNSENT_HIGH + 66u * 1024u);
    close(fd);
    site_stop(&talk->site);
}

static void takes_64_mib_up_part_by_part(void **state)
{
    struct talk *talk = *state;
    start(talk);
    struct buf part;
    buf_init(&part, 2 * MIB);
    uint8_t *room = buf_reserve(&part, MIB);
    assert_non_null(room);
    memset(room, 'x', MIB);
    buf_commit(&part, MIB);
    int fd = raw_dial(talk->site.port);
    say(fd, POST("/sink") "Content-Length: 67108864\r\n\r\n");
    for (int i = 0; i < 64; i++)
        raw_send(fd, buf_span(&part));
    assert_answer(talk, fd, 200, "67108864");
    say(fd, POST("/sink") "Transfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 64; i++) {
        say(fd, "100000\r\n");
        raw_send(fd, buf_span(&part));
        say(fd, "\r\n");
    }
    say(fd, "0\r\n\r\n");
    assert_answer(talk, fd, 200, "67108864");
    assert_true(talk->site.part_max <= 512u * 1024u);
    close(fd);
    buf_clear(&part);
    site_stop(&talk->site);
}

/* What is neither read by the server nor in the system's buffers stays with the client. */
static void holds_back_the_client_of_a_paused_body(void **state)
{
    struct talk *talk = *state;
    start(talk);
    int fd = raw_dial(talk->site.port);
    int small = 65536;
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
    say(fd, POST("/held") "Content-Length: 33554432\r\n\r\n");
    site_await_heads(&talk->site, 1);
    static uint8_t part[MIB];
    size_t sent = 0;
    struct pollfd wait = {.fd = fd, .events = POLLOUT};
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    while (sent < sizeof(part) * 32 && poll(&wait, 1, 300) == 1) {
        ssize_t put = send(fd, part, sizeof(part), MSG_NOSIGNAL);
        assert_true(put > 0);
        sent += (size_t)put;
    }
    assert_true(sent < 16u * MIB);
    assert_int_equal(talk->site.received, 0);
    assert_int_equal(fcntl(fd, F_SETFL, 0), 0);
    site_release(&talk->site);
    while (sent < sizeof(part) * 32) {
        size_t len =
            sizeof(part) * 32 - sent < sizeof(part) ? sizeof(part) * 32 - sent : sizeof(part);
        raw_send(fd, span_of(part, len));
        sent += len;
    }
    assert_answer(talk, fd, 200, "33554432");
    close(fd);
    site_stop(&talk->site);
}

/* Requests ask for much more than they cost: answers wait for the client to read. */
static void pipelined_requests_do_not_fill_the_memory(void **state)
{
    struct talk *talk = *state;
    start(talk);
    struct buf text;
    buf_init(&text, MIB);
    for (int i = 0; i < 400; i++)
        buf_append_cstr(&text, GET("/big") "\r\n");
    int fd = raw_dial(talk->site.port);
    raw_send(fd, buf_span(&text));
    for (int i = 0; i < 400; i++) {
        assert_answer(talk, fd, 200, NULL);
        assert_int_equal(talk->answer.body.len, 256u * 1024u);
    }
    assert_true(talk->site.unsent_max <= MIB);
    close(fd);
    buf_clear(&text);
    site_stop(&talk->site);
}

/* ---- the end ---- */

static void open_exchanges_are_closed_when_it_stops(void **state)
{
    struct talk *talk = *state;
    site_start(&talk->site, &(struct site_options){.loops = 2});
    int fds[6];
    static const char *const texts[] = {GET("/never") "\r\n",
                                        GET("/part") "\r\n",
                                        GET("/stream?bytes=1000000000") "\r\n",
                                        POST("/echo") "Content-Length: 10\r\n\r\nhel",
                                        POST("/held") "Content-Length: 10\r\n\r\nhel",
                                        GET("/never") "\r\n"};
    for (unsigned i = 0; i < 6; i++) {
        fds[i] = raw_dial(talk->site.port);
        say(fds[i], texts[i]);
    }
    site_await_heads(&talk->site, 6);
    site_stop(&talk->site); /* which counts */
    for (unsigned i = 0; i < 6; i++) {
        raw_receive_all(fds[i], &talk->pending);
        close(fds[i]);
    }
}

static void a_client_that_goes_away_is_noticed(void **state)
{
    struct talk *talk = *state;
    start(talk);
    static const char *const texts[] = {GET("/never") "\r\n", GET("/part") "\r\n",
                                        GET("/stream?bytes=1000000000") "\r\n",
                                        POST("/echo") "Content-Length: 10\r\n\r\nhel"};
    for (unsigned i = 0; i < 4; i++) {
        int fd = raw_dial(talk->site.port);
        say(fd, texts[i]);
        site_await_heads(&talk->site, i + 1);
        close(fd);
        site_await_closed(&talk->site, i + 1);
    }
    site_stop(&talk->site);
}

/* ---- addresses ---- */

static enum err try_listen(const char *address, struct why *why)
{
    struct loop *loop = loop_new();
    assert_non_null(loop);
    struct server_options options = {
        .loops = &loop, .loop_count = 1, .address = address, .limits = server_default_limits};
    struct server *server = NULL;
    enum err err = server_start(&options, &server, why);
    if (err == OK) {
        server_stop(server);
        server_free(server);
    }
    loop_free(loop);
    return err;
}

static void says_why_it_cannot_listen(void **state)
{
    struct talk *talk = *state;
    start(talk);
    char taken[64];
    (void)snprintf(taken, sizeof(taken), "127.0.0.1:%u", talk->site.port);
    const char *const addresses[] = {taken,       "192.0.2.1:0",     "localhost",
                                     "127.0.0.1", "127.0.0.1:65536", "127.0.0.1:",
                                     "",          "unix:",           "unix:/nowhere/at/all/socket"};
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        struct why why = {.rule = NULL};
        if (try_listen(addresses[i], &why) != ERR_NETWORK || why.rule == NULL ||
            why.found[0] == '\0')
            fail_msg("\"%s\" is listened on", addresses[i]);
    }
    site_stop(&talk->site);
}

static void a_unix_socket_is_its_owner_s_alone(void **state)
{
    struct talk *talk = *state;
    char *folder = folder_make();
    char *path = folder_path(folder, "socket");
    char address[200];
    (void)snprintf(address, sizeof(address), "unix:%s", path);
    site_start(&talk->site, &(struct site_options){.loops = 2, .address = address});
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(talk->site.port, 0);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    (void)snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
    assert_int_equal(connect(fd, (struct sockaddr *)&un, sizeof(un)), 0);
    say(fd, GET("/hello") "Connection: close\r\n\r\n");
    assert_answer(talk, fd, 200, "hello");
    assert_over(talk, fd);
    assert_string_equal(talk->site.last_address, "unix");
    site_stop(&talk->site);
    assert_int_not_equal(stat(path, &info), 0); /* it is taken away */
    free(path);
    folder_remove(folder);
}

/* ---- TLS ---- */

static SSL *dial_tls(struct talk *talk, int newest, int *result_out)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    assert_non_null(context);
    assert_int_equal(SSL_CTX_set_max_proto_version(context, newest), 1);
    SSL *ssl = SSL_new(context);
    assert_non_null(ssl);
    SSL_CTX_free(context);
    assert_int_equal(SSL_set_fd(ssl, raw_dial(talk->site.port)), 1);
    *result_out = SSL_connect(ssl);
    return ssl;
}

static void hang_up(SSL *ssl)
{
    int fd = SSL_get_fd(ssl);
    SSL_free(ssl);
    close(fd);
}

static void speaks_tls_1_3_alone(void **state)
{
    struct talk *talk = *state;
    site_start(&talk->site, &(struct site_options){.loops = 1, .tls = true});
    int result;
    SSL *ssl = dial_tls(talk, TLS1_2_VERSION, &result);
    assert_int_not_equal(result, 1);
    hang_up(ssl);
    ssl = dial_tls(talk, 0, &result);
    assert_int_equal(result, 1);
    assert_int_equal(SSL_version(ssl), TLS1_3_VERSION);
    hang_up(ssl);
    site_stop(&talk->site);
}

static void ends_a_tls_connection_with_close_notify(void **state)
{
    struct talk *talk = *state;
    site_start(&talk->site, &(struct site_options){.loops = 1, .tls = true});
    int result;
    SSL *ssl = dial_tls(talk, 0, &result);
    assert_int_equal(result, 1);
    static const char request[] = "GET /stream?bytes=300000 HTTP/1.0\r\n\r\n";
    assert_true(SSL_write(ssl, request, sizeof(request) - 1) > 0);
    char part[16384];
    int total = 0;
    int got;
    while ((got = SSL_read(ssl, part, sizeof(part))) > 0)
        total += got;
    assert_int_equal(SSL_get_error(ssl, got), SSL_ERROR_ZERO_RETURN); /* the whole, not a cut */
    assert_true(total > 300000);
    hang_up(ssl);
    site_stop(&talk->site);
}

static void cuts_off_a_handshake_that_stands_still(void **state)
{
    struct talk *talk = *state;
    site_start(&talk->site,
               &(struct site_options){.loops = 1, .tls = true, .limits = short_limits});
    int fd = raw_dial(talk->site.port);
    raw_send(fd, SPAN_LITERAL("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"));
    assert_over(talk, fd);
    fd = raw_dial(talk->site.port);
    say(fd, GET("/hello") "\r\n"); /* plain HTTP: an alert at most */
    raw_receive_all(fd, &talk->pending);
    close(fd);
    assert_int_equal(talk->site.heads, 0);
    site_stop(&talk->site);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(answers_one_request_after_the_other_on_a_connection),
        TEST(answers_pipelined_requests_in_order),
        TEST(takes_a_request_byte_by_byte),
        TEST(a_head_request_gets_the_head_alone),
        TEST(http_1_0_is_answered_unchunked_and_closed),
        TEST(asks_for_a_body_that_waits_to_be_asked_for),
        TEST(answers_from_another_thread),
        TEST(a_problem_is_told_in_the_caller_s_language),
        TEST(what_a_burst_holds_arrives_before_its_end),
        TEST(compresses_for_those_who_accept_zstd),
        TEST(refuses_over_the_wire_with_one_answer_and_closes),
        TEST(refuses_chunks_as_soon_as_they_pass_the_limit),
        TEST(refuses_a_head_without_end),
        TEST(an_answer_before_the_body_ends_the_connection),
        TEST(an_answer_that_fails_halfway_is_seen_to_be_cut),
        TEST(cuts_off_who_says_nothing),
        TEST(cuts_off_a_head_or_body_that_stands_still),
        TEST(cuts_off_a_head_that_trickles),
        TEST(cuts_off_who_does_not_read),
        TEST(an_answer_that_is_still_read_is_not_idle),
        TEST(a_client_that_has_no_more_to_say_gets_its_answer),
        TEST(waits_for_its_own_answer_as_long_as_it_takes),
        TEST(limits_the_connections_of_one_address),
        TEST(limits_the_connections_in_all),
        TEST(all_loops_take_part),
        TEST(streams_64_mib_down_without_holding_them),
        TEST(takes_64_mib_up_part_by_part),
        TEST(holds_back_the_client_of_a_paused_body),
        TEST(pipelined_requests_do_not_fill_the_memory),
        TEST(open_exchanges_are_closed_when_it_stops),
        TEST(a_client_that_goes_away_is_noticed),
        TEST(says_why_it_cannot_listen),
        TEST(a_unix_socket_is_its_owner_s_alone),
        TEST(speaks_tls_1_3_alone),
        TEST(ends_a_tls_connection_with_close_notify),
        TEST(cuts_off_a_handshake_that_stands_still),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

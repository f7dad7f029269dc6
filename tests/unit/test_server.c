/* The server over real sockets: what it answers and what it refuses. */
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
#include "tests/lib/talk.h"

/* ---- requests and answers ---- */

static void answers_one_request_after_the_other_on_a_connection(void **state)
{
    struct talk *talk = *state;
    talk_start(talk);
    int fd = raw_dial(talk->site.port);
    for (int i = 0; i < 3; i++) {
        talk_say(fd, GET("/hello") "\r\n");
        talk_assert_answer(talk, fd, 200, "hello");
        assert_true(talk->answer.keep_alive);
    }
    talk_say(fd, GET("/hello") "Connection: close\r\n\r\n");
    talk_assert_answer(talk, fd, 200, "hello");
    assert_false(talk->answer.keep_alive);
    talk_assert_over(talk, fd);
    assert_string_equal(talk->site.last_address, "127.0.0.1");
    site_stop(&talk->site);
}

static void answers_pipelined_requests_in_order(void **state)
{
    struct talk *talk = *state;
    talk_start(talk);
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
        talk_assert_answer(talk, fd, 200, one);
        (void)snprintf(one, sizeof(one), "%02u%03u", i % 100, i);
        talk_assert_answer(talk, fd, 200, one);
    }
    close(fd);
    buf_clear(&text);
    site_stop(&talk->site);
}

/* Each byte of the request arrives alone. */
static void takes_a_request_byte_by_byte(void **state)
{
    struct talk *talk = *state;
    talk_start(talk);
    static const char text[] = POST(
        "/echo") "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" GET("/hello") "\r\n";
    int fd = raw_dial(talk->site.port);
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    for (size_t i = 0; i + 1 < sizeof(text); i++)
        raw_send(fd, span_of(text + i, 1));
    talk_assert_answer(talk, fd, 200, "hello");
    talk_assert_answer(talk, fd, 200, "hello");
    close(fd);
    site_stop(&talk->site);
}

static void a_head_request_gets_the_head_alone(void **state)
{
    struct talk *talk = *state;
    talk_start(talk);
    int fd = raw_dial(talk->site.port);
    talk_say(fd,
             "HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\nHEAD /stream?bytes=100000 HTTP/1.1\r\nHost: "
             "a\r\n\r\n" GET("/hello") "\r\n");
    talk_receive(talk, fd, "HEAD");
    assert_int_equal(talk->answer.status, 200);
    assert_int_equal(talk->answer.content_length, 5);
    talk_receive(talk, fd, "HEAD");
    assert_int_equal(talk->answer.status, 200);
    talk_assert_answer(talk, fd, 200, "hello");
    close(fd);
    site_stop(&talk->site);
}

static void http_1_0_is_answered_unchunked_and_closed(void **state)
{
    struct talk *talk = *state;
    talk_start(talk);
    int fd = raw_dial(talk->site.port);
    talk_say(fd, "GET /stream?bytes=300000 HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /hello "
                 "HTTP/1.0\r\n\r\n");
    talk_assert_answer(talk, fd, 200, NULL);
    assert_false(talk->answer.chunked);
    assert_int_equal(talk->answer.body.len, 300000); /* the second request is not answered */
    talk_assert_over(talk, fd);
    assert_int_equal(raw_status(talk->site.port, "GET /hello HTTP/1.0\r\n\r\n"), 200);
    site_stop(&talk->site);
}

static void asks_for_a_body_that_waits_to_be_asked_for(void **state)
{
    struct talk *talk = *state;
    talk_start(talk);
    int fd = raw_dial(talk->site.port);
    talk_say(fd, POST("/echo") "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    talk_assert_answer(talk, fd, 100, NULL);
    talk_say(fd, "hello");
    talk_assert_answer(talk, fd, 200, "hello");
    /* One that would be refused is not asked for. */
    talk_say(fd, POST("/hello") "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    talk_assert_answer(talk, fd, 413, NULL);
    talk_assert_over(talk, fd);
    site_stop(&talk->site);
}

static void answers_from_another_thread(void **state)
{
    struct talk *talk = *state;
    talk_start(talk);
    int fd = raw_dial(talk->site.port);
    talk_say(fd, GET("/pool") "\r\n" GET("/pool") "\r\n");
    talk_assert_answer(talk, fd, 200, "hello");
    talk_assert_answer(talk, fd, 200, "hello");
    close(fd);
    site_stop(&talk->site);
}

static void a_problem_is_told_in_the_caller_s_language(void **state)
{
    struct talk *talk = *state;
    talk_start(talk);
    int fd = raw_dial(talk->site.port);
    talk_say(fd, GET("/problem") "Accept-Language: de, fr;q=0.8, en;q=0.5\r\n\r\n" GET(
                     "/problem") "\r\n");
    for (int i = 0; i < 2; i++) {
        talk_receive(talk, fd, "GET");
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
    talk_start(talk);
    int fd = raw_dial(talk->site.port);
    talk_say(fd, GET("/part") "Connection: close\r\n\r\n");
    while (talk->pending.len == 0 ||
           memmem(talk->pending.data, talk->pending.len, "part\r\n", 6) == NULL) {
        uint8_t bytes[1024];
        ssize_t got = recv(fd, bytes, sizeof(bytes), 0);
        assert_true(got > 0);
        buf_append(&talk->pending, bytes, (size_t)got);
    }
    site_release(&talk->site);
    talk_assert_answer(talk, fd, 200, "part and rest");
    talk_assert_over(talk, fd);
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
    talk_start(talk);
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
        talk_say(fd, request);
        talk_receive(talk, fd, "GET");
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
    talk_start(talk);
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
        talk_say(fd, "\r\n" GET("/hello") "\r\n"); /* smuggled: must never be answered */
        (void)shutdown(fd, SHUT_WR);
        talk_receive(talk, fd, "GET");
        if (talk->answer.status != cases[i].status || talk->answer.keep_alive)
            fail_msg("%s: status %d", cases[i].name, talk->answer.status);
        assert_string_equal(talk->answer.type, "application/problem+json");
        talk_assert_over(talk, fd);
    }
    site_stop(&talk->site);
}

/* The limit is passed by what was received, not by what a chunk promises. */
static void refuses_chunks_as_soon_as_they_pass_the_limit(void **state)
{
    struct talk *talk = *state;
    talk_start(talk);
    int fd = raw_dial(talk->site.port);
    talk_say(fd, POST("/echo") "Transfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n");
    struct buf filler;
    buf_init(&filler, 2 * MIB);
    uint8_t *room = buf_reserve(&filler, MIB + 1);
    assert_non_null(room);
    memset(room, 'x', MIB + 1);
    buf_commit(&filler, MIB + 1);
    raw_send(fd, buf_span(&filler));
    talk_assert_answer(talk, fd, 413, NULL);
    (void)shutdown(fd, SHUT_WR);
    talk_assert_over(talk, fd);
    assert_true(talk->site.received <= MIB);
    buf_clear(&filler);
    site_stop(&talk->site);
}

/* The refusal arrives although the client was still sending. */
static void refuses_a_head_without_end(void **state)
{
    struct talk *talk = *state;
    talk_start(talk);
    struct buf text;
    buf_init(&text, MIB);
    buf_append_cstr(&text, GET("/hello"));
    while (text.len < 400000)
        buf_append_cstr(&text, "X-Filler: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n");
    int fd = raw_dial(talk->site.port);
    raw_send(fd, buf_span(&text));
    talk_assert_answer(talk, fd, 431, NULL);
    (void)shutdown(fd, SHUT_WR);
    talk_assert_over(talk, fd);
    assert_int_equal(talk->site.heads, 0);
    buf_clear(&text);
    site_stop(&talk->site);
}

static void an_answer_before_the_body_ends_the_connection(void **state)
{
    struct talk *talk = *state;
    talk_start(talk);
    int fd = raw_dial(talk->site.port);
    talk_say(fd, POST("/early") "Content-Length: 30\r\n\r\n" GET("/x") "\r\n");
    (void)shutdown(fd, SHUT_WR);
    talk_assert_answer(talk, fd, 200, "early");
    assert_false(talk->answer.keep_alive);
    talk_assert_over(talk, fd);
    assert_int_equal(talk->site.heads, 1);
    site_stop(&talk->site);
}

static void an_answer_that_fails_halfway_is_seen_to_be_cut(void **state)
{
    struct talk *talk = *state;
    talk_start(talk);
    static const char *const requests[] = {GET("/cut") "\r\n", GET("/busy") "\r\n"};
    for (size_t i = 0; i < 2; i++) {
        int fd = raw_dial(talk->site.port);
        talk_say(fd, requests[i]);
        talk_receive(talk, fd, "GET");
        assert_int_equal(talk->answer.status, 0); /* the last chunk never came */
        close(fd);
        buf_reset(&talk->pending);
    }
    site_await_closed(&talk->site, 2);
    site_stop(&talk->site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TALK_TEST(answers_one_request_after_the_other_on_a_connection),
        TALK_TEST(answers_pipelined_requests_in_order),
        TALK_TEST(takes_a_request_byte_by_byte),
        TALK_TEST(a_head_request_gets_the_head_alone),
        TALK_TEST(http_1_0_is_answered_unchunked_and_closed),
        TALK_TEST(asks_for_a_body_that_waits_to_be_asked_for),
        TALK_TEST(answers_from_another_thread),
        TALK_TEST(a_problem_is_told_in_the_caller_s_language),
        TALK_TEST(what_a_burst_holds_arrives_before_its_end),
        TALK_TEST(compresses_for_those_who_accept_zstd),
        TALK_TEST(refuses_over_the_wire_with_one_answer_and_closes),
        TALK_TEST(refuses_chunks_as_soon_as_they_pass_the_limit),
        TALK_TEST(refuses_a_head_without_end),
        TALK_TEST(an_answer_before_the_body_ends_the_connection),
        TALK_TEST(an_answer_that_fails_halfway_is_seen_to_be_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

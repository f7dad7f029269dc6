/* Heads and chunked bodies: what is taken, in any cut, and each thing that is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "proto/http/message.h"

#define REQUEST                                                                                    \
    "POST /v1/records/did%3Akey:z/a%20b?q=caf%C3%A9+cr%C3%A8me&x HTTP/1.1\r\nHost: "               \
    "coop.example:8443\r\n"                                                                        \
    "content-LENGTH: 12\r\nX-Empty:\r\nX-Spaced: \t a b \t\r\nExpect: 100-continue\r\n\r\n"

static void reads_a_request_in_any_cut(void **state)
{
    (void)state;
    struct span text = SPAN_LITERAL(REQUEST "body");
    struct http_head head;
    size_t used = 1;
    for (size_t len = 0; len < sizeof(REQUEST) - 1; len++) {
        if (http_read_request(span_part(text, 0, len), &head, &used, NULL) != OK || used != 0)
            fail_msg("cut at %zu", len);
    }
    assert_int_equal(http_read_request(text, &head, &used, NULL), OK);
    assert_int_equal(used, sizeof(REQUEST) - 1);
    assert_true(span_is(head.method, "POST"));
    assert_true(span_is(head.path, "/v1/records/did%3Akey:z/a%20b"));
    assert_true(span_is(head.host, "coop.example:8443"));
    assert_int_equal(head.body, HTTP_BODY_LENGTH);
    assert_int_equal(head.content_length, 12);
    assert_true(head.keep_alive && head.expects_continue && !head.http10);
    assert_true(span_is(http_field(&head.fields, "x-spaced"), "a b"));
    assert_int_equal(http_field(&head.fields, "x-empty").len, 0);
    assert_null(http_field(&head.fields, "x-absent").data);
    struct buf value;
    buf_init(&value, 100);
    assert_int_equal(http_query_value(head.query, "q", &value), OK);
    assert_true(span_is(buf_span(&value), "caf\xc3\xa9 cr\xc3\xa8me"));
    assert_int_equal(http_query_value(head.query, "y", &value), ERR_NOT_FOUND);
    buf_reset(&value);
    assert_int_equal(http_query_value(head.query, "x", &value), OK);
    assert_int_equal(value.len, 0);
    assert_int_equal(http_percent_decode(SPAN_LITERAL("%4"), false, &value), ERR_BAD_REQUEST);
    assert_int_equal(http_percent_decode(SPAN_LITERAL("%zz"), false, &value), ERR_BAD_REQUEST);
    buf_clear(&value);
}

struct refused {
    const char *text;
    enum err err;
};

#define HOST "Host: a\r\n"
static const struct refused requests[] = {
    {"GET / HTTP/1.1\r\n\r\n", ERR_BAD_REQUEST},
    {"GET / HTTP/1.1\r\n" HOST HOST "\r\n", ERR_BAD_REQUEST},
    {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", ERR_BAD_REQUEST},
    {"GET / HTTP/1.1\nHost: a\n\n", ERR_BAD_REQUEST},
    {"GET / HTTP/1.1\r\n" HOST "X: 1\r\n 2\r\n\r\n", ERR_BAD_REQUEST},
    {"GET / HTTP/1.1\r\n" HOST "X: a\rb\r\n\r\n", ERR_BAD_REQUEST},
    {"GET / HTTP/1.1\r\n" HOST "X\r\n\r\n", ERR_BAD_REQUEST},
    {"GET / HTTP/1.1\r\n" HOST ": x\r\n\r\n", ERR_BAD_REQUEST},
    {"GET / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", ERR_BAD_REQUEST},
    {"GET / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n", ERR_BAD_REQUEST},
    {"GET / HTTP/1.1\r\n" HOST "Content-Length: 0x1\r\n\r\n", ERR_BAD_REQUEST},
    {"GET / HTTP/1.1\r\n" HOST "Content-Length: \r\n\r\n", ERR_BAD_REQUEST},
    {"GET / HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999\r\n\r\n", ERR_BAD_REQUEST},
    {"GET / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
     ERR_BAD_REQUEST},
    {"GET / HTTP/1.1\r\n" HOST "Transfer-Encoding: xchunked\r\n\r\n", ERR_BAD_REQUEST},
    {"GET / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, chunked\r\n\r\n", ERR_BAD_REQUEST},
    {"GET / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", ERR_BAD_REQUEST},
    {"GET  / HTTP/1.1\r\n" HOST "\r\n", ERR_BAD_REQUEST},
    {"GET / HTTP/1.1 \r\n" HOST "\r\n", ERR_BAD_REQUEST},
    {"GET / http/1.1\r\n" HOST "\r\n", ERR_BAD_REQUEST},
    {"G\x01T / HTTP/1.1\r\n" HOST "\r\n", ERR_BAD_REQUEST},
    {"GET /\x7f HTTP/1.1\r\n" HOST "\r\n", ERR_BAD_REQUEST},
    {"GET gopher://a/ HTTP/1.1\r\n" HOST "\r\n", ERR_BAD_REQUEST},
    {"GET nothing HTTP/1.1\r\n" HOST "\r\n", ERR_BAD_REQUEST},
};

static void refuses_every_ambiguous_request(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        struct http_head head;
        struct why why = {.rule = NULL};
        size_t used;
        enum err err = http_read_request(span_cstr(requests[i].text), &head, &used, &why);
        if (err != requests[i].err || why.rule == NULL)
            fail_msg("%zu: %s: %s", i, requests[i].text, err_slug(err));
    }
}

static void a_head_has_a_size_and_a_number_of_fields(void **state)
{
    (void)state;
    struct buf text;
    struct http_head head;
    size_t used;
    buf_init(&text, 100000);
    buf_append_cstr(&text, "GET / HTTP/1.1\r\n" HOST "X: ");
    while (text.len <= HTTP_HEAD_BYTES_MAX)
        buf_append_byte(&text, 'x');
    assert_int_equal(http_read_request(buf_span(&text), &head, &used, NULL), ERR_HEADERS_TOO_LARGE);
    buf_reset(&text);
    buf_append_cstr(&text, "GET / HTTP/1.1\r\n" HOST);
    for (unsigned i = 0; i < HTTP_FIELDS_MAX; i++)
        buf_append_cstr(&text, "X: y\r\n");
    buf_append_cstr(&text, "\r\n");
    assert_int_equal(http_read_request(buf_span(&text), &head, &used, NULL), ERR_HEADERS_TOO_LARGE);
    buf_clear(&text);
}

#define CHUNKED                                                                                    \
    "4;name=value\r\nWiki\r\n5\r\npedia\r\n00e\r\n in \r\n\r\nchunks\r\n0\r\nTrailer: x\r\n\r\n"

static void decodes_chunks_in_any_cut(void **state)
{
    (void)state;
    for (size_t step = 1; step < sizeof(CHUNKED); step++) {
        struct http_chunks chunks = {0};
        struct span text = SPAN_LITERAL(CHUNKED "GET /");
        struct buf out;
        bool end = false;
        size_t at = 0;
        buf_init(&out, 100);
        while (!end) {
            size_t used;
            struct span part;
            assert_int_equal(
                http_chunks_read(&chunks, span_part(text, at, step), &used, &part, &end, NULL), OK);
            buf_append_span(&out, part);
            at += used;
        }
        assert_true(span_is(buf_span(&out), "Wikipedia in \r\n\r\nchunks"));
        assert_int_equal(at, sizeof(CHUNKED) - 1);
        buf_clear(&out);
    }
}

static void refuses_bad_chunks(void **state)
{
    (void)state;
    static const char *const bad[] = {"\r\n",           "x\r\n",
                                      "-1\r\n",         "1\nab",
                                      "1\r\nab\r\n",    "11111111111111111\r\n",
                                      "1 \r\na\r\n",    "0\r\nX\r\n\r\n",
                                      "0\r\n X: y\r\n", "1\r\na\n0\r\n\r\n"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct http_chunks chunks = {0};
        struct span text = span_cstr(bad[i]);
        enum err err = OK;
        bool end = false;
        size_t used = 1;
        for (size_t at = 0; err == OK && !end && at < text.len && used > 0; at += used) {
            struct span part;
            err =
                http_chunks_read(&chunks, span_part(text, at, text.len), &used, &part, &end, NULL);
        }
        if (err != ERR_BAD_REQUEST)
            fail_msg("%zu is decoded", i);
    }
}

static void reads_answers(void **state)
{
    (void)state;
    struct http_answer answer;
    size_t used;
    struct span get = SPAN_LITERAL("GET");
    assert_int_equal(
        http_read_answer(SPAN_LITERAL("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), get,
                         &answer, &used, NULL),
        OK);
    assert_int_equal(answer.body, HTTP_BODY_CHUNKED);
    assert_int_equal(
        http_read_answer(SPAN_LITERAL("HTTP/1.1 200 \r\n\r\n"), get, &answer, &used, NULL), OK);
    assert_int_equal(answer.body, HTTP_BODY_UNTIL_CLOSE);
    assert_int_equal(
        http_read_answer(SPAN_LITERAL("HTTP/1.1 204 No\r\n\r\n"), get, &answer, &used, NULL), OK);
    assert_int_equal(answer.body, HTTP_BODY_NONE);
    assert_int_equal(http_read_answer(SPAN_LITERAL("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"),
                                      SPAN_LITERAL("HEAD"), &answer, &used, NULL),
                     OK);
    assert_int_equal(answer.body, HTTP_BODY_NONE);
    static const char *const bad[] = {
        "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/2 200 OK\r\n\r\n",
        "ICY 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (http_read_answer(span_cstr(bad[i]), get, &answer, &used, NULL) != ERR_BAD_REQUEST)
            fail_msg("%zu is read", i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_request_in_any_cut),
        cmocka_unit_test(refuses_every_ambiguous_request),
        cmocka_unit_test(a_head_has_a_size_and_a_number_of_fields),
        cmocka_unit_test(decodes_chunks_in_any_cut),
        cmocka_unit_test(refuses_bad_chunks),
        cmocka_unit_test(reads_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

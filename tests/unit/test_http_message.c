/* Messages that two readers could take apart in two ways are refused; all others read the same
 * however they arrive. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "proto/http/message.h"

/* As SPAN_LITERAL, but constant: for static tables, which may hold NULs. */
#define BYTES(text)                                                                                \
    {                                                                                              \
        .data = (const uint8_t *)(text), .len = sizeof(text) - 1                                   \
    }

#define GET "GET /x HTTP/1.1\r\n"
#define HOST "Host: a.example\r\n"
#define POST "POST /x HTTP/1.1\r\nHost: a.example\r\n"

/* A copy of exactly its size, so that a sanitizer sees a read behind the end. */
static struct span exact(struct span text)
{
    uint8_t *copy = malloc(text.len == 0 ? 1 : text.len);
    assert_non_null(copy);
    if (text.len > 0)
        memcpy(copy, text.data, text.len);
    return span_of(copy, text.len);
}

static void drop(struct span copy)
{
    union {
        const uint8_t *constant;
        void *plain;
    } data = {.constant = copy.data};
    free(data.plain);
}

static void assert_span(struct span found, const char *expected)
{
    if (span_is(found, expected))
        return;
    fail_msg("found \"%.*s\" where \"%s\" was expected", (int)found.len, (const char *)found.data,
             expected);
}

/* ---- refusals ---- */

struct refusal {
    const char *name;
    struct span bytes;
    enum err err;
    const char *rule; /* the beginning of why.rule */
};

#define REFUSED(what, text, begins)                                                                \
    {                                                                                              \
        what, BYTES(text), ERR_BAD_REQUEST, begins                                                 \
    }

static const struct refusal refusals[] = {
    REFUSED("a bare LF behind the request line", "GET /x HTTP/1.1\nHost: a\r\n\r\n",
            "RFC 9112, 2.2"),
    REFUSED("a bare LF behind a field", GET "Host: a\nX: 1\r\n\r\n", "RFC 9112, 2.2"),
    REFUSED("a bare LF as the empty line", GET HOST "\n", "RFC 9112, 2.2"),
    REFUSED("a bare CR in a value", GET HOST "X: 1\r2\r\n\r\n", "RFC 9112, 2.2: no bare CR"),
    REFUSED("a bare CR in the target", "GET /\rx HTTP/1.1\r\n" HOST "\r\n",
            "RFC 9112, 2.2: no bare CR"),
    REFUSED("CR CR LF", GET HOST "X: 1\r\r\n\r\n", "RFC 9112, 2.2: no bare CR"),
    REFUSED("a space before the colon", GET "Host : a\r\n\r\n", "RFC 9112, 5.1"),
    REFUSED("a tab before the colon", GET HOST "X\t: a\r\n\r\n", "RFC 9112, 5.1"),
    REFUSED("a field without a name", GET HOST ": a\r\n\r\n", "RFC 9112, 5.1"),
    REFUSED("a field without a colon", GET HOST "X\r\n\r\n", "RFC 9112, 5: "),
    REFUSED("a folded line", GET HOST "X: 1\r\n 2\r\n\r\n", "RFC 9112, 5.2"),
    REFUSED("a line folded with a tab", GET HOST "X: 1\r\n\t2\r\n\r\n", "RFC 9112, 5.2"),
    REFUSED("a first field that is folded", GET " " HOST "\r\n", "RFC 9112, 5.2"),
    REFUSED("a NUL in a value",
            GET HOST "X: 1\0"
                     "2\r\n\r\n",
            "RFC 9110, 5.5"),
    REFUSED("a NUL in a name", GET HOST "X\0Y: 1\r\n\r\n", "RFC 9110, 5.5"),
    REFUSED("a NUL in the target", "GET /\0 HTTP/1.1\r\n" HOST "\r\n", "RFC 9110, 5.5"),
    REFUSED("an escape character in a value", GET HOST "X: \x1b[2J\r\n\r\n", "RFC 9110, 5.5"),
    REFUSED("DEL in a value", GET HOST "X: \x7f\r\n\r\n", "RFC 9110, 5.5"),
    REFUSED("a control character in the method", "G\x01T / HTTP/1.1\r\n" HOST "\r\n",
            "RFC 9110, 5.5"),
    REFUSED("a name that is no token", GET HOST "X(y): 1\r\n\r\n", "RFC 9112, 5.1"),
    REFUSED("a name outside of ASCII", GET HOST "\xc3\xa9: 1\r\n\r\n", "RFC 9112, 5.1"),

    REFUSED("no Host", GET "\r\n", "RFC 9112, 3.2: one Host"),
    REFUSED("two Hosts", GET HOST "Host: b\r\n\r\n", "RFC 9112, 3.2: one Host"),
    REFUSED("the same Host twice", GET HOST HOST "\r\n", "RFC 9112, 3.2: one Host"),
    REFUSED("two Hosts in HTTP/1.0", "GET / HTTP/1.0\r\n" HOST "host: b\r\n\r\n",
            "RFC 9112, 3.2: one Host"),
    REFUSED("an empty Host", GET "Host:\r\n\r\n", "RFC 9112, 3.2: Host"),
    REFUSED("a Host with a user", GET "Host: me@a\r\n\r\n", "RFC 9112, 3.2: Host"),
    REFUSED("a Host with a path", GET "Host: a/b\r\n\r\n", "RFC 9112, 3.2: Host"),
    REFUSED("a Host with two names", GET "Host: a, b\r\n\r\n", "RFC 9112, 3.2: Host"),
    REFUSED("a Host with an empty port", GET "Host: a:\r\n\r\n", "RFC 9112, 3.2: Host"),
    REFUSED("a Host with a port of letters", GET "Host: a:http\r\n\r\n", "RFC 9112, 3.2: Host"),
    REFUSED("a Host with a port of six digits", GET "Host: a:123456\r\n\r\n",
            "RFC 9112, 3.2: Host"),
    REFUSED("an open bracket in Host", GET "Host: [::1\r\n\r\n", "RFC 9112, 3.2: Host"),
    REFUSED("empty brackets in Host", GET "Host: []\r\n\r\n", "RFC 9112, 3.2: Host"),
    REFUSED("another Host than the target's", "GET http://b.example/ HTTP/1.1\r\n" HOST "\r\n",
            "RFC 9112, 3.2.2"),

    REFUSED("no target", "GET HTTP/1.1\r\n" HOST "\r\n", "RFC 9112, 3:"),
    REFUSED("no version", "GET /x\r\n" HOST "\r\n", "RFC 9112, 3:"),
    REFUSED("two spaces behind the method", "GET  /x HTTP/1.1\r\n" HOST "\r\n", "RFC 9112, 3:"),
    REFUSED("two spaces before the version", "GET /x  HTTP/1.1\r\n" HOST "\r\n", "RFC 9112, 2.3"),
    REFUSED("a space behind the version", "GET /x HTTP/1.1 \r\n" HOST "\r\n", "RFC 9112, 2.3"),
    REFUSED("a tab for a space", "GET\t/x HTTP/1.1\r\n" HOST "\r\n", "RFC 9112, 3.1"),
    REFUSED("a space before the method", " GET /x HTTP/1.1\r\n" HOST "\r\n", "RFC 9112, 3.1"),
    REFUSED("a space in the target", "GET /x y HTTP/1.1\r\n" HOST "\r\n", "RFC 9112, 2.3"),
    REFUSED("a method that is no token", "GE(T /x HTTP/1.1\r\n" HOST "\r\n", "RFC 9112, 3.1"),
    REFUSED("a method of 33 letters",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA /x HTTP/1.1\r\n" HOST "\r\n", "RFC 9112, 3.1"),
    REFUSED("HTTP/0.9", "GET /x HTTP/0.9\r\n" HOST "\r\n", "RFC 9112, 2.3"),
    REFUSED("HTTP/1.2", "GET /x HTTP/1.2\r\n" HOST "\r\n", "RFC 9112, 2.3"),
    REFUSED("HTTP/2.0", "GET /x HTTP/2.0\r\n" HOST "\r\n", "RFC 9112, 2.3"),
    REFUSED("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "RFC 9112, 2.3"),
    REFUSED("a version in small letters", "GET /x http/1.1\r\n" HOST "\r\n", "RFC 9112, 2.3"),
    REFUSED("a fragment", "GET /x#y HTTP/1.1\r\n" HOST "\r\n", "RFC 9112, 3.2: the target"),
    REFUSED("a target outside of ASCII", "GET /\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n",
            "RFC 9112, 3.2: the target"),
    REFUSED("a backslash in the target", "GET /\\x HTTP/1.1\r\n" HOST "\r\n",
            "RFC 9112, 3.2: the target"),
    REFUSED("a target of another scheme", "GET ftp://a.example/ HTTP/1.1\r\n" HOST "\r\n",
            "RFC 9112, 3.2: the target"),
    REFUSED("a target without its slash", "GET x HTTP/1.1\r\n" HOST "\r\n",
            "RFC 9112, 3.2: the target"),
    REFUSED("an authority as the target", "CONNECT a.example:443 HTTP/1.1\r\n" HOST "\r\n",
            "RFC 9112, 3.2: the target"),
    REFUSED("a star with another method", "GET * HTTP/1.1\r\n" HOST "\r\n",
            "RFC 9112, 3.2: the target"),
    REFUSED("a user in the target", "GET http://me@a.example/ HTTP/1.1\r\n" HOST "\r\n",
            "RFC 9112, 3.2.2"),
    REFUSED("two empty lines before a request", "\r\n\r\n" GET HOST "\r\n", "RFC 9112, 3:"),

    REFUSED("coding and length", POST "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n",
            "RFC 9112, 6.3"),
    REFUSED("length and coding", POST "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n",
            "RFC 9112, 6.3"),
    REFUSED("another coding", POST "Transfer-Encoding: gzip\r\n\r\n", "RFC 9112, 6.1"),
    REFUSED("a coding that begins alike", POST "Transfer-Encoding: xchunked\r\n\r\n",
            "RFC 9112, 6.1"),
    REFUSED("a list of codings", POST "Transfer-Encoding: gzip, chunked\r\n\r\n", "RFC 9112, 6.1"),
    REFUSED("chunked behind itself", POST "Transfer-Encoding: chunked, chunked\r\n\r\n",
            "RFC 9112, 6.1"),
    REFUSED("chunked not last", POST "Transfer-Encoding: chunked, identity\r\n\r\n",
            "RFC 9112, 6.1"),
    REFUSED("identity", POST "Transfer-Encoding: identity\r\n\r\n", "RFC 9112, 6.1"),
    REFUSED("two codings", POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
            "RFC 9112, 6.1"),
    REFUSED("an empty coding", POST "Transfer-Encoding:\r\n\r\n", "RFC 9112, 6.1"),
    REFUSED("a coding with a parameter", POST "Transfer-Encoding: chunked;x=1\r\n\r\n",
            "RFC 9112, 6.1"),
    REFUSED("a vertical tab before a coding",
            POST "Transfer-Encoding: \x0b"
                 "chunked\r\n\r\n",
            "RFC 9110, 5.5"),
    REFUSED("a coding in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
            "RFC 9112, 6.1"),

    REFUSED("two lengths", POST "Content-Length: 2\r\nContent-Length: 3\r\n\r\n", "RFC 9112, 6.3"),
    REFUSED("the same length twice", POST "Content-Length: 2\r\ncontent-length: 2\r\n\r\n",
            "RFC 9112, 6.3"),
    REFUSED("a list of lengths", POST "Content-Length: 2, 2\r\n\r\n", "RFC 9110, 8.6"),
    REFUSED("a length with a sign", POST "Content-Length: +2\r\n\r\n", "RFC 9110, 8.6"),
    REFUSED("a negative length", POST "Content-Length: -2\r\n\r\n", "RFC 9110, 8.6"),
    REFUSED("a hexadecimal length", POST "Content-Length: 0x2\r\n\r\n", "RFC 9110, 8.6"),
    REFUSED("a length with a zero before it", POST "Content-Length: 02\r\n\r\n", "RFC 9110, 8.6"),
    REFUSED("a length with a space in it", POST "Content-Length: 1 2\r\n\r\n", "RFC 9110, 8.6"),
    REFUSED("an empty length", POST "Content-Length:\r\n\r\n", "RFC 9110, 8.6"),
    REFUSED("a length beyond 64 bits", POST "Content-Length: 18446744073709551618\r\n\r\n",
            "RFC 9110, 8.6"),
    REFUSED("another expectation", POST "Expect: 200-maybe\r\n\r\n", "RFC 9110, 10.1.1"),
};

static void refuses_each_ambiguous_request_and_names_the_rule(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        const struct refusal *refusal = &refusals[i];
        struct span input = exact(refusal->bytes);
        struct http_head head;
        struct why why = {.rule = ""};
        size_t used = 1;
        enum err err = http_read_request(input, &head, &used, &why);
        if (err != refusal->err || strncmp(why.rule, refusal->rule, strlen(refusal->rule)) != 0)
            fail_msg("%s: %s, \"%s\"", refusal->name, err_slug(err), why.rule);
        assert_int_equal(used, 0);
        drop(input);
    }
}

/* Each of them is an ordinary request but for one thing. */
static void refuses_it_too_when_it_arrives_byte_by_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        enum err err = OK;
        for (size_t len = 0; len <= refusals[i].bytes.len && err == OK; len++) {
            struct span input = exact(span_part(refusals[i].bytes, 0, len));
            struct http_head head;
            size_t used = 1;
            err = http_read_request(input, &head, &used, NULL);
            if (used != 0)
                fail_msg("%s: %zu bytes were taken for a request", refusals[i].name, used);
            drop(input);
        }
        if (err != refusals[i].err)
            fail_msg("%s: %s", refusals[i].name, err_slug(err));
    }
}

/* ---- what is read ---- */

static const struct span requests[] = {
    BYTES(GET HOST "\r\n"),
    BYTES("\r\n" GET HOST "\r\n"),
    BYTES("GET /v1/records/did%3Akey%3Az/a/b?proof&q=a+b HTTP/1.1\r\nhost: [::1]:8443\r\n"
          "Accept: */*\r\nX-Empty:\r\nX-Odd: \t \xc3\xa9 \t\r\n\r\n"),
    BYTES(POST "Content-Length: 0\r\n\r\n"),
    BYTES(POST "Content-Length: 12\r\nExpect: 100-Continue\r\n\r\n"),
    BYTES(POST "transfer-encoding:CHUNKED\r\nConnection: keep-alive, Close\r\n\r\n"),
    BYTES("GET / HTTP/1.0\r\n\r\n"),
    BYTES("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n"),
    BYTES("OPTIONS * HTTP/1.1\r\n" HOST "\r\n"),
    BYTES("GET HTTPS://a.example?q HTTP/1.1\r\n" HOST "\r\n"),
};

static void assert_same_span(struct span a, const uint8_t *base_a, struct span b,
                             const uint8_t *base_b, size_t len)
{
    assert_true(span_equal(a, b));
    bool inside = a.data >= base_a && a.data < base_a + len;
    if (inside)
        assert_int_equal(a.data - base_a, b.data - base_b);
}

static void assert_same_head(const struct http_head *a, struct span base_a,
                             const struct http_head *b, struct span base_b)
{
    size_t len = base_a.len;
    assert_same_span(a->method, base_a.data, b->method, base_b.data, len);
    assert_same_span(a->target, base_a.data, b->target, base_b.data, len);
    assert_same_span(a->path, base_a.data, b->path, base_b.data, len);
    assert_same_span(a->query, base_a.data, b->query, base_b.data, len);
    assert_same_span(a->host, base_a.data, b->host, base_b.data, len);
    assert_int_equal(a->fields.count, b->fields.count);
    for (unsigned i = 0; i < a->fields.count; i++) {
        assert_same_span(a->fields.list[i].name, base_a.data, b->fields.list[i].name, base_b.data,
                         len);
        assert_same_span(a->fields.list[i].value, base_a.data, b->fields.list[i].value, base_b.data,
                         len);
    }
    assert_int_equal(a->body, b->body);
    assert_int_equal(a->content_length, b->content_length);
    assert_int_equal(a->http10, b->http10);
    assert_int_equal(a->keep_alive, b->keep_alive);
    assert_int_equal(a->expects_continue, b->expects_continue);
}

static void reads_a_request_the_same_however_it_is_cut_and_followed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        struct span whole = exact(requests[i]);
        struct http_head head;
        size_t used;
        assert_int_equal(http_read_request(whole, &head, &used, NULL), OK);
        assert_int_equal(used, whole.len);
        for (size_t len = 0; len < whole.len; len++) {
            struct span part = exact(span_part(whole, 0, len));
            struct http_head cut;
            assert_int_equal(http_read_request(part, &cut, &used, NULL), OK);
            if (used != 0)
                fail_msg("request %zu, cut at %zu, was taken for whole", i, len);
            drop(part);
        }
        struct buf followed;
        buf_init(&followed, 1u << 20);
        buf_append_span(&followed, whole);
        buf_append(&followed, "\0\n anything", 11);
        struct http_head again;
        assert_int_equal(http_read_request(buf_span(&followed), &again, &used, NULL), OK);
        assert_int_equal(used, whole.len);
        assert_same_head(&head, whole, &again, buf_span(&followed));
        buf_clear(&followed);
        drop(whole);
    }
}

static struct http_head head_of(struct span text)
{
    struct http_head head;
    size_t used;
    assert_int_equal(http_read_request(text, &head, &used, NULL), OK);
    assert_int_equal(used, text.len);
    return head;
}

static void reads_the_parts_of_a_request(void **state)
{
    (void)state;
    struct http_head head = head_of(requests[2]);
    assert_span(head.method, "GET");
    assert_span(head.target, "/v1/records/did%3Akey%3Az/a/b?proof&q=a+b");
    assert_span(head.path, "/v1/records/did%3Akey%3Az/a/b");
    assert_span(head.query, "proof&q=a+b");
    assert_span(head.host, "[::1]:8443");
    assert_int_equal(head.fields.count, 4);
    assert_span(http_field(&head.fields, "accept"), "*/*");
    assert_span(http_field(&head.fields, "x-odd"), "\xc3\xa9");
    assert_span(http_field(&head.fields, "x-empty"), "");
    assert_non_null(http_field(&head.fields, "x-empty").data);
    assert_null(http_field(&head.fields, "x-none").data);
    assert_int_equal(head.body, HTTP_BODY_NONE);
    assert_true(head.keep_alive);
    assert_false(head.expects_continue);
    assert_false(head.http10);

    head = head_of(requests[9]);
    assert_span(head.host, "a.example");
    assert_span(head.path, "/");
    assert_span(head.query, "q");
}

static void knows_how_a_request_body_ends(void **state)
{
    (void)state;
    struct http_head head = head_of(requests[3]);
    assert_int_equal(head.body, HTTP_BODY_NONE);
    head = head_of(requests[4]);
    assert_int_equal(head.body, HTTP_BODY_LENGTH);
    assert_int_equal(head.content_length, 12);
    assert_true(head.expects_continue);
    head = head_of(requests[5]);
    assert_int_equal(head.body, HTTP_BODY_CHUNKED);
    assert_false(head.keep_alive);
    head = head_of(SPAN_LITERAL(POST "Content-Length: 999999999999999999\r\n\r\n"));
    assert_true(head.content_length == 999999999999999999u);
}

static void keeps_no_connection_of_http_1_0_alive(void **state)
{
    (void)state;
    for (size_t i = 6; i <= 7; i++) {
        struct http_head head = head_of(requests[i]);
        assert_true(head.http10);
        assert_false(head.keep_alive);
    }
    struct http_head head = head_of(
        SPAN_LITERAL("POST / HTTP/1.0\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n"));
    assert_false(head.expects_continue);
}

/* ---- limits ---- */

/* A request of this many bytes in all, in fields of 1,000. */
static void make_request(struct buf *out, size_t bytes)
{
    buf_reset(out);
    buf_append_cstr(out, GET HOST);
    while (out->len + 2 < bytes) {
        size_t left = bytes - out->len - 2;
        size_t line = left < 1010 ? left : 1000;
        assert_true(line >= 6);
        buf_append_cstr(out, "X: ");
        for (size_t i = 0; i < line - 5; i++)
            buf_append_byte(out, 'x');
        buf_append_cstr(out, "\r\n");
    }
    buf_append_cstr(out, "\r\n");
    assert_int_equal(out->len, bytes);
}

static void reads_a_head_of_the_limit_and_refuses_one_byte_more(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, 1u << 20);
    struct http_head head;
    struct why why;
    size_t used;
    make_request(&text, HTTP_HEAD_BYTES_MAX);
    buf_append_cstr(&text, "what follows counts for nothing");
    assert_int_equal(http_read_request(buf_span(&text), &head, &used, &why), OK);
    assert_int_equal(used, HTTP_HEAD_BYTES_MAX);
    make_request(&text, HTTP_HEAD_BYTES_MAX + 1);
    assert_int_equal(http_read_request(buf_span(&text), &head, &used, &why), ERR_HEADERS_TOO_LARGE);
    assert_int_equal(used, 0);
    /* One that never ends is refused when the limit is passed, and no earlier. */
    make_request(&text, HTTP_HEAD_BYTES_MAX + 100);
    struct span endless = buf_span(&text);
    assert_int_equal(
        http_read_request(span_part(endless, 0, HTTP_HEAD_BYTES_MAX), &head, &used, &why), OK);
    assert_int_equal(used, 0);
    assert_int_equal(
        http_read_request(span_part(endless, 0, HTTP_HEAD_BYTES_MAX + 1), &head, &used, &why),
        ERR_HEADERS_TOO_LARGE);
    buf_clear(&text);
}

static void refuses_a_target_that_never_ends(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, 1u << 20);
    buf_append_cstr(&text, "GET /");
    while (text.len <= HTTP_HEAD_BYTES_MAX)
        buf_append_byte(&text, 'x');
    struct http_head head;
    size_t used;
    assert_int_equal(http_read_request(buf_span(&text), &head, &used, NULL), ERR_HEADERS_TOO_LARGE);
    buf_clear(&text);
}

static void reads_sixty_four_fields_and_refuses_one_more(void **state)
{
    (void)state;
    for (unsigned count = HTTP_FIELDS_MAX; count <= HTTP_FIELDS_MAX + 1; count++) {
        struct buf text;
        buf_init(&text, 1u << 20);
        buf_append_cstr(&text, GET HOST);
        for (unsigned i = 1; i < count; i++)
            buf_append_cstr(&text, "X: 1\r\n");
        buf_append_cstr(&text, "\r\n");
        struct http_head head;
        size_t used;
        assert_int_equal(http_read_request(buf_span(&text), &head, &used, NULL),
                         count == HTTP_FIELDS_MAX ? OK : ERR_HEADERS_TOO_LARGE);
        buf_clear(&text);
    }
}

/* ---- answers ---- */

struct answer_case {
    const char *text;
    const char *method;
    int status;
    enum http_body body;
    bool keep_alive;
};

static const struct answer_case answers[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "GET", 200, HTTP_BODY_LENGTH, true},
    {"HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n", "GET", 200, HTTP_BODY_CHUNKED, true},
    {"HTTP/1.1 200 OK\r\n\r\n", "GET", 200, HTTP_BODY_UNTIL_CLOSE, false},
    {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "GET", 200, HTTP_BODY_NONE, true},
    {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\n", "HEAD", 200,
     HTTP_BODY_NONE, false},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HEAD", 200, HTTP_BODY_NONE, true},
    {"HTTP/1.1 100 Continue\r\n\r\n", "POST", 100, HTTP_BODY_NONE, true},
    {"HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\n", "GET", 204, HTTP_BODY_NONE, true},
    {"HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n", "GET", 304, HTTP_BODY_NONE, true},
    {"HTTP/1.0 200 OK\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\n", "GET", 200,
     HTTP_BODY_LENGTH, false},
    {"HTTP/1.1 599 d\xc3\xa9sol\xc3\xa9\r\nContent-Length: 1\r\n\r\n", "GET", 599, HTTP_BODY_LENGTH,
     true},
};

static void reads_an_answer_the_same_however_it_is_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        const struct answer_case *wanted = &answers[i];
        struct http_answer answer;
        size_t used;
        struct span whole = exact(span_cstr(wanted->text));
        assert_int_equal(http_read_answer(whole, span_cstr(wanted->method), &answer, &used, NULL),
                         OK);
        assert_int_equal(used, whole.len);
        assert_int_equal(answer.status, wanted->status);
        assert_int_equal(answer.body, wanted->body);
        assert_int_equal(answer.keep_alive, wanted->keep_alive);
        for (size_t len = 0; len < whole.len; len++) {
            struct span part = exact(span_part(whole, 0, len));
            assert_int_equal(
                http_read_answer(part, span_cstr(wanted->method), &answer, &used, NULL), OK);
            assert_int_equal(used, 0);
            drop(part);
        }
        drop(whole);
    }
}

static void refuses_answers_that_are_no_http(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "HTTP/1.1 200OK\r\n\r\n",
        "HTTP/1.1 200\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 099 OK\r\n\r\n",
        "HTTP/1.1  200 OK\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1\r\n\r\n",
        "ICY 200 OK\r\n\r\n",
        "\r\nHTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\n\n",
        "HTTP/1.1 200 O\x01K\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "\x15\x03\x01",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct span input = exact(span_cstr(texts[i]));
        struct http_answer answer;
        size_t used;
        if (http_read_answer(input, SPAN_LITERAL("GET"), &answer, &used, NULL) != ERR_BAD_REQUEST)
            fail_msg("taken for an answer: %s", texts[i]);
        drop(input);
    }
}

/* ---- chunks ---- */

struct decoded {
    enum err err;
    bool end;
    size_t used;
    struct buf payload;
};

/* Feeds `first` bytes, then steps of this many. */
static void decode(struct span input, size_t first, size_t step, struct decoded *out)
{
    struct http_chunks chunks = {0};
    *out = (struct decoded){.err = OK};
    buf_init(&out->payload, 1u << 20);
    size_t given = first < input.len ? first : input.len;
    for (;;) {
        struct span piece = exact(span_part(input, out->used, given - out->used));
        size_t used;
        struct span part;
        out->err = http_chunks_read(&chunks, piece, &used, &part, &out->end, NULL);
        if (out->err == OK)
            buf_append_span(&out->payload, part);
        drop(piece);
        if (out->err != OK)
            return;
        out->used += used;
        if (used > 0 && out->used < given)
            continue;
        if (given == input.len || out->end)
            return;
        given = input.len - given < step ? input.len : given + step;
    }
}

static const struct span chunked[] = {
    BYTES("0\r\n\r\n"),
    BYTES("5\r\nhello\r\n1\r\n \r\nA\r\n0123456789\r\n000\r\n\r\n"),
    BYTES("5;name=value;other=\"a b\"\r\nhello\r\n0;last\r\nX-Sum: 1\r\nY:\r\n\r\n"),
    BYTES("000000000000002\r\n\r\n\r\n0\r\n\r\n"),
};
static const char *const payloads[] = {"", "hello 0123456789", "hello", "\r\n"};

static void decodes_chunks_the_same_wherever_they_are_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(chunked) / sizeof(chunked[0]); i++) {
        struct buf followed;
        buf_init(&followed, 1u << 16);
        buf_append_span(&followed, chunked[i]);
        buf_append_cstr(&followed, GET);
        for (size_t step = 1; step <= followed.len; step++) {
            for (size_t first = 0; first <= chunked[i].len; first++) {
                struct decoded decoded;
                decode(buf_span(&followed), first, step, &decoded);
                assert_int_equal(decoded.err, OK);
                assert_true(decoded.end);
                assert_int_equal(decoded.used, chunked[i].len); /* the next request is left alone */
                assert_span(buf_span(&decoded.payload), payloads[i]);
                buf_clear(&decoded.payload);
            }
        }
        buf_clear(&followed);
    }
}

static void waits_for_the_end_of_chunks_that_are_cut_short(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(chunked) / sizeof(chunked[0]); i++) {
        for (size_t len = 0; len < chunked[i].len; len++) {
            struct decoded decoded;
            decode(span_part(chunked[i], 0, len), len, len, &decoded);
            assert_int_equal(decoded.err, OK);
            assert_false(decoded.end);
            buf_clear(&decoded.payload);
        }
    }
}

static void refuses_bad_chunks_byte_by_byte_as_well(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct span bytes;
    } cases[] = {
        {"no size", BYTES("\r\nhello\r\n0\r\n\r\n")},
        {"a size of letters", BYTES("zz\r\nhello")},
        {"a size with 0x", BYTES("0x5\r\nhello")},
        {"a size with a sign", BYTES("+5\r\nhello")},
        {"a negative size", BYTES("-1\r\nhello")},
        {"a space before the size", BYTES(" 5\r\nhello")},
        {"a space behind the size", BYTES("5 \r\nhello")},
        {"a tab before the extension", BYTES("5\t;x\r\nhello")},
        {"a size beyond 60 bits", BYTES("1000000000000000\r\n")},
        {"a size that wraps", BYTES("ffffffffffffffff5\r\nhello")},
        {"a bare LF behind the size", BYTES("5\nhello")},
        {"a bare LF in an extension", BYTES("5;a\nhello")},
        {"a bare CR behind the size", BYTES("5\rhello")},
        {"a NUL in an extension", BYTES("5;a\0\r\nhello")},
        {"data longer than said", BYTES("5\r\nhello!\r\n0\r\n\r\n")},
        {"data shorter than said", BYTES("7\r\nhello\r\n0\r\n\r\n")},
        {"a bare LF behind the data", BYTES("5\r\nhello\n0\r\n\r\n")},
        {"a bare LF as the end", BYTES("0\r\n\n")},
        {"a trailer without a colon", BYTES("0\r\nX\r\n\r\n")},
        {"a trailer without a name", BYTES("0\r\n: 1\r\n\r\n")},
        {"a trailer with a space before the colon", BYTES("0\r\nX : 1\r\n\r\n")},
        {"a folded trailer", BYTES("0\r\nX: 1\r\n 2\r\n\r\n")},
        {"a first trailer that is folded", BYTES("0\r\n X: 1\r\n\r\n")},
        {"a NUL in a trailer", BYTES("0\r\nX: \0\r\n\r\n")},
        {"a bare CR in a trailer", BYTES("0\r\nX: 1\r2\r\n\r\n")},
        {"a request instead of a trailer", BYTES("0\r\nGET / HTTP/1.1\r\n\r\n")},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (size_t step = 1; step <= cases[i].bytes.len; step++) {
            struct decoded decoded;
            decode(cases[i].bytes, step, step, &decoded);
            if (decoded.err != ERR_BAD_REQUEST)
                fail_msg("%s, in steps of %zu: %s", cases[i].name, step, err_slug(decoded.err));
            buf_clear(&decoded.payload);
        }
    }
}

/* prefix, then `count` letters, then "\r\n" and the rest. */
static enum err decode_filled(const char *prefix, size_t count, const char *rest)
{
    struct buf text;
    buf_init(&text, 1u << 20);
    buf_append_cstr(&text, prefix);
    for (size_t i = 0; i < count; i++)
        buf_append_byte(&text, 'x');
    buf_append_cstr(&text, rest);
    struct decoded decoded;
    decode(buf_span(&text), 7, 7, &decoded);
    assert_true(decoded.err != OK || decoded.end);
    buf_clear(&text);
    buf_clear(&decoded.payload);
    return decoded.err;
}

static void limits_extensions_and_trailers(void **state)
{
    (void)state;
    assert_int_equal(decode_filled("1;", 200, "\r\n.\r\n0\r\n\r\n"), OK);
    assert_int_equal(decode_filled("1;", 300, "\r\n.\r\n0\r\n\r\n"), ERR_BAD_REQUEST);
    assert_int_equal(decode_filled("0\r\nX: ", 4000, "\r\n\r\n"), OK);
    assert_int_equal(decode_filled("0\r\nX: ", 4200, "\r\n\r\n"), ERR_BAD_REQUEST);
    assert_int_equal(decode_filled("0\r\nX: 1\r\nY: ", 4200, "\r\n\r\n"), ERR_BAD_REQUEST);
}

/* ---- queries ---- */

static enum err query(const char *text, const char *name, struct buf *out)
{
    buf_reset(out);
    struct span exactly = exact(span_cstr(text));
    enum err err = http_query_value(exactly, name, out);
    drop(exactly);
    return err;
}

static void decodes_query_values(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 64);
    static const struct {
        const char *text, *name, *value;
    } found[] = {
        {"q=tomate", "q", "tomate"}, {"a=1&q=%C3%A9t%c3%a9&b=2", "q", "\xc3\xa9t\xc3\xa9"},
        {"q=a+b%2Bc", "q", "a b+c"}, {"proof", "proof", ""},
        {"proof&q=1", "proof", ""},  {"q=", "q", ""},
        {"qq=1&q=2", "q", "2"},      {"q=1&q=2", "q", "1"},
        {"q=a=b", "q", "a=b"},       {"&&q=1", "q", "1"},
    };
    for (size_t i = 0; i < sizeof(found) / sizeof(found[0]); i++) {
        assert_int_equal(query(found[i].text, found[i].name, &out), OK);
        assert_span(buf_span(&out), found[i].value);
    }
    static const char *const absent[] = {"", "Q=1", "xq=1", "q1=1", "a=q", "&", "="};
    for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++)
        assert_int_equal(query(absent[i], "q", &out), ERR_NOT_FOUND);
    static const char *const broken[] = {"q=%",   "q=%4",  "q=%zz", "q=a%4",
                                         "q=%+1", "q=%00", "q=%4&x"};
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        assert_int_equal(query(broken[i], "q", &out), ERR_BAD_REQUEST);
        assert_int_equal(out.len, 0);
    }
    assert_int_equal(
        query("q=0123456789012345678901234567890123456789012345678901234567890123456789", "q",
              &out),
        ERR_LIMIT);
    buf_clear(&out);
}

static void leaves_a_plus_in_a_path_alone(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 64);
    assert_int_equal(http_percent_decode(SPAN_LITERAL("a+b%2f%20"), false, &out), OK);
    assert_span(buf_span(&out), "a+b/ ");
    buf_clear(&out);
}

static void encodes_what_decodes_to_the_same(void **state)
{
    (void)state;
    struct buf out;
    struct buf back;
    buf_init(&out, 4096);
    buf_init(&back, 1024);
    http_percent_encode(SPAN_LITERAL("did:webvh:Qm1:h%3A8443&x=a+b c#/\xc3\xa9"), &out);
    assert_span(buf_span(&out), "did:webvh:Qm1:h%253A8443%26x%3Da%2Bb%20c%23/%C3%A9");
    uint8_t bytes[255];
    for (unsigned i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i + 1); /* a zero is refused */
    buf_reset(&out);
    http_percent_encode(span_of(bytes, sizeof(bytes)), &out);
    assert_int_equal(http_percent_decode(buf_span(&out), true, &back), OK);
    assert_true(span_equal(buf_span(&back), span_of(bytes, sizeof(bytes))));
    buf_clear(&out);
    buf_clear(&back);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_each_ambiguous_request_and_names_the_rule),
        cmocka_unit_test(refuses_it_too_when_it_arrives_byte_by_byte),
        cmocka_unit_test(reads_a_request_the_same_however_it_is_cut_and_followed),
        cmocka_unit_test(reads_the_parts_of_a_request),
        cmocka_unit_test(knows_how_a_request_body_ends),
        cmocka_unit_test(keeps_no_connection_of_http_1_0_alive),
        cmocka_unit_test(reads_a_head_of_the_limit_and_refuses_one_byte_more),
        cmocka_unit_test(refuses_a_target_that_never_ends),
        cmocka_unit_test(reads_sixty_four_fields_and_refuses_one_more),
        cmocka_unit_test(reads_an_answer_the_same_however_it_is_cut),
        cmocka_unit_test(refuses_answers_that_are_no_http),
        cmocka_unit_test(decodes_chunks_the_same_wherever_they_are_cut),
        cmocka_unit_test(waits_for_the_end_of_chunks_that_are_cut_short),
        cmocka_unit_test(refuses_bad_chunks_byte_by_byte_as_well),
        cmocka_unit_test(limits_extensions_and_trailers),
        cmocka_unit_test(decodes_query_values),
        cmocka_unit_test(leaves_a_plus_in_a_path_alone),
        cmocka_unit_test(encodes_what_decodes_to_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Answers: heads, whole bodies, problem documents, streams. */
#include <event2/buffer.h>
#include <jansson.h>
#include <stdlib.h>
#include <time.h>

#include "node/net/connection.h"
#include "node/net/os.h"
#include "proto/base/text.h"

const struct http_head *exchange_head(const struct exchange *exchange)
{
    return &exchange->head;
}

struct loop *exchange_loop(const struct exchange *exchange)
{
    return exchange->connection->room->loop;
}

const char *exchange_peer_address(const struct exchange *exchange)
{
    return exchange->connection->address;
}

void exchange_set_data(struct exchange *exchange, void *data)
{
    exchange->data = data;
}

void *exchange_data(const struct exchange *exchange)
{
    return exchange->data;
}

void exchange_body_limit(struct exchange *exchange, uint64_t bytes_max)
{
    exchange->body_max = bytes_max;
}

void exchange_pause_body(struct exchange *exchange)
{
    exchange->paused = true;
}

static void advance_later(struct exchange *exchange)
{
    event_active(exchange->connection->advance, 0, 0);
}

void exchange_resume_body(struct exchange *exchange)
{
    exchange->paused = false;
    advance_later(exchange);
}

/* ---- heads ---- */

static const char *reason_of(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 201:
        return "Created";
    case 207:
        return "Multi-Status";
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 406:
        return "Not Acceptable";
    case 409:
        return "Conflict";
    case 410:
        return "Gone";
    case 413:
        return "Content Too Large";
    case 415:
        return "Unsupported Media Type";
    case 422:
        return "Unprocessable Content";
    case 429:
        return "Too Many Requests";
    case 431:
        return "Request Header Fields Too Large";
    case 500:
        return "Internal Server Error";
    case 502:
        return "Bad Gateway";
    case 503:
        return "Service Unavailable";
    case 504:
        return "Gateway Timeout";
    case 507:
        return "Insufficient Storage";
    default:
        return "";
    }
}

static struct evbuffer *output_of(const struct exchange *exchange)
{
    return bufferevent_get_output(exchange->connection->bev);
}

static void put_text(struct evbuffer *out, const char *text)
{
    (void)evbuffer_add(out, text, strlen(text));
}

/* IMF-fixdate (RFC 9110, 5.6.7), which knows no locale. */
static void put_date(struct evbuffer *out)
{
    static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t seconds = (time_t)(os_wall_ms() / 1000);
    struct tm utc;
    if (gmtime_r(&seconds, &utc) != NULL)
        (void)evbuffer_add_printf(out, "Date: %s, %02d %s %d %02d:%02d:%02d GMT\r\n",
                                  days[utc.tm_wday % 7], utc.tm_mday, months[utc.tm_mon % 12],
                                  utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

static void put_head(struct exchange *exchange, int status, const char *content_type,
                     const char *extra)
{
    struct evbuffer *out = output_of(exchange);
    exchange->started = true;
    (void)evbuffer_add_printf(out, "HTTP/1.1 %d %s\r\n", status, reason_of(status));
    put_date(out);
    if (content_type != NULL)
        (void)evbuffer_add_printf(out, "Content-Type: %s\r\n", content_type);
    put_text(out, "X-Content-Type-Options: nosniff\r\n");
    if (extra != NULL)
        put_text(out, extra);
    if (!exchange->head.keep_alive || !exchange->body_whole)
        put_text(out, "Connection: close\r\n");
}

static void finish(struct exchange *exchange)
{
    exchange->finished = true;
    advance_later(exchange);
}

void exchange_reply(struct exchange *exchange, int status, const char *content_type,
                    const char *extra, struct span body)
{
    if (exchange->started)
        return;
    put_head(exchange, status, content_type, extra);
    struct evbuffer *out = output_of(exchange);
    (void)evbuffer_add_printf(out, "Content-Length: %zu\r\n\r\n", body.len);
    if (!exchange->no_content && body.len > 0)
        (void)evbuffer_add(out, body.data, body.len);
    finish(exchange);
}

/* ---- problem documents (RFC 9457) ---- */

/* The language of Accept-Language that comes first, of those offered. */
enum lang exchange_language(const struct exchange *exchange)
{
    struct span accepted = http_field(&exchange->head.fields, "accept-language");
    for (size_t i = 0; i + 2 <= accepted.len; i++) {
        bool starts = i == 0 || accepted.data[i - 1] == ',' || accepted.data[i - 1] == ' ';
        uint8_t a = accepted.data[i] | 0x20;
        uint8_t b = accepted.data[i + 1] | 0x20;
        if (starts && a == 'f' && b == 'r')
            return LANG_FR;
        if (starts && a == 'e' && b == 'n')
            return LANG_EN;
    }
    return LANG_EN;
}

/* What was found may be anybody's bytes; JSON holds text. */
static const char *readable(const char *text)
{
    return text_is_utf8(span_cstr(text)) ? text : "bytes that are no text";
}

static json_t *describe(enum err err, const struct why *why, enum lang lang)
{
    json_t *json =
        json_pack("{s:o, s:s, s:i}", "type", json_sprintf("urn:maillon:problem:%s", err_slug(err)),
                  "title", err_sentence(err, lang), "status", err_http_status(err));
    if (json == NULL || why == NULL || why->rule == NULL)
        return json;
    (void)json_object_set_new(
        json, "detail",
        json_sprintf("%s%s%s%s%s", why->rule, why->expected[0] != '\0' ? "; expected " : "",
                     readable(why->expected), why->found[0] != '\0' ? "; found " : "",
                     readable(why->found)));
    (void)json_object_set_new(json, "rule", json_string(why->rule));
    (void)json_object_set_new(json, "position", json_integer((json_int_t)why->position));
    return json;
}

static void problem_headers(enum err err, const struct why *why, enum lang lang, char *out,
                            size_t room)
{
    const char *more = "";
    char allow[128] = "";
    if (err == ERR_UNAUTHORIZED)
        more = "WWW-Authenticate: Bearer\r\n";
    if (err == ERR_BUSY || err == ERR_TOO_MANY || err == ERR_NO_MEMORY)
        more = "Retry-After: 1\r\n";
    if (err == ERR_METHOD_NOT_ALLOWED && why != NULL && why->expected[0] != '\0') {
        (void)snprintf(allow, sizeof(allow), "Allow: %s\r\n", why->expected);
        more = allow;
    }
    (void)snprintf(out, room, "Content-Language: %s\r\n%s", lang == LANG_FR ? "fr" : "en", more);
}

void exchange_problem(struct exchange *exchange, enum err err, const struct why *why)
{
    exchange_problem_errors(exchange, err, why, NULL);
}

void exchange_problem_errors(struct exchange *exchange, enum err err, const struct why *why,
                             const char *errors)
{
    if (exchange->started && !exchange->finished) { /* too late for words: the cut is what tells */
        exchange_abort(exchange);
        return;
    }
    enum lang lang = exchange_language(exchange);
    char headers[256];
    problem_headers(err, why, lang, headers, sizeof(headers));
    json_t *json = describe(err, why, lang);
    if (json != NULL && errors != NULL)
        (void)json_object_set_new(json, "errors", json_loads(errors, 0, NULL));
    char *text = json == NULL ? NULL : json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
    exchange_reply(exchange, err_http_status(err), "application/problem+json", headers,
                   text == NULL ? span_of(NULL, 0) : span_cstr(text));
    free(text);
    json_decref(json);
}

/* ---- streams ---- */

/* "q=0", with any number of zeros behind the point. */
static bool is_zero_weight(struct span parameter)
{
    if (!http_name_is(span_part(parameter, 0, 3), "q=0"))
        return false;
    for (size_t i = 3; i < parameter.len; i++)
        if (parameter.data[i] != '.' && parameter.data[i] != '0')
            return false;
    return true;
}

static struct span next_part(struct span *list, uint8_t delimiter)
{
    const uint8_t *end = list->len == 0 ? NULL : memchr(list->data, delimiter, list->len);
    struct span part = span_of(list->data, end == NULL ? list->len : (size_t)(end - list->data));
    *list = span_part(*list, part.len + 1, list->len);
    while (part.len > 0 && (part.data[0] == ' ' || part.data[0] == '\t'))
        part = span_of(part.data + 1, part.len - 1);
    while (part.len > 0 && (part.data[part.len - 1] == ' ' || part.data[part.len - 1] == '\t'))
        part.len--;
    return part;
}

/* RFC 9110, 12.5.3: codings are named whole; a weight of zero forbids one. */
static bool accepts_zstd(const struct exchange *exchange)
{
    struct span codings = http_field(&exchange->head.fields, "accept-encoding");
    while (codings.len > 0) {
        struct span coding = next_part(&codings, ',');
        if (http_name_is(next_part(&coding, ';'), "zstd"))
            return !is_zero_weight(next_part(&coding, ';'));
    }
    return false;
}

void exchange_start(struct exchange *exchange, int status, const char *content_type,
                    const char *extra, bool may_compress)
{
    if (exchange->started)
        return;
    if (may_compress && accepts_zstd(exchange))
        exchange->encoder = zstd_encoder_new();
    exchange->chunked = !exchange->head.http10;
    if (exchange->head.http10)
        exchange->head.keep_alive = false; /* the end of the connection is the end of the answer */
    put_head(exchange, status, content_type, extra);
    struct evbuffer *out = output_of(exchange);
    if (may_compress)
        put_text(out, "Vary: Accept-Encoding\r\n");
    if (exchange->encoder != NULL)
        put_text(out, "Content-Encoding: zstd\r\n");
    put_text(out, exchange->chunked ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n");
}

static void put_chunk(void *ctx, struct span bytes)
{
    struct exchange *exchange = ctx;
    struct evbuffer *out = output_of(exchange);
    if (bytes.len == 0 || exchange->no_content || exchange->finished)
        return; /* an empty chunk would be the last one */
    if (exchange->chunked)
        (void)evbuffer_add_printf(out, "%zx\r\n", bytes.len);
    (void)evbuffer_add(out, bytes.data, bytes.len);
    if (exchange->chunked)
        (void)evbuffer_add(out, "\r\n", 2);
}

static void encode(struct exchange *exchange, struct span bytes, enum zstd_end end)
{
    if (exchange->encoder == NULL)
        put_chunk(exchange, bytes);
    else if (zstd_encode(exchange->encoder, bytes, end, put_chunk, exchange) != OK)
        exchange_abort(exchange);
}

void exchange_write(struct exchange *exchange, struct span bytes)
{
    encode(exchange, bytes, ZSTD_MORE);
}

void exchange_flush(struct exchange *exchange)
{
    if (exchange->encoder != NULL)
        encode(exchange, span_of(NULL, 0), ZSTD_FLUSH);
}

void exchange_finish(struct exchange *exchange)
{
    if (exchange->finished)
        return;
    if (exchange->encoder != NULL)
        encode(exchange, span_of(NULL, 0), ZSTD_FINISH);
    if (exchange->chunked && !exchange->no_content)
        put_text(output_of(exchange), "0\r\n\r\n");
    finish(exchange);
}

size_t exchange_unsent(const struct exchange *exchange)
{
    return evbuffer_get_length(output_of(exchange));
}

void exchange_abort(struct exchange *exchange)
{
    exchange->connection->broken = true;
    advance_later(exchange);
}

/* Heads and chunks of HTTP/1.1 (RFC 9112). Two readers of one message must never disagree on where
 * it ends: what some would read otherwise is refused, even where the standard allows leniency. */
#include "proto/http/message.h"

#define METHOD_BYTES_MAX 32u
#define LENGTH_DIGITS_MAX 18u
#define CHUNK_SIZE_DIGITS_MAX 15u
#define CHUNK_LINE_BYTES_MAX 256u /* a size with its extensions, which nobody uses */
#define TRAILER_BYTES_MAX 4096u

/* ---- characters ---- */

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_alpha(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int hex_value(uint8_t c)
{
    if (is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* RFC 9110, 5.6.2. */
static bool is_token_char(uint8_t c)
{
    return is_alpha(c) || is_digit(c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_token(struct span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!is_token_char(text.data[i]))
            return false;
    return text.len > 0;
}

/* RFC 9110, 5.5: what may stand in a line but its end. */
static bool is_text(uint8_t c)
{
    return (c >= 0x20 && c != 0x7f) || c == '\t';
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static struct span trim(struct span text)
{
    while (text.len > 0 && (text.data[0] == ' ' || text.data[0] == '\t'))
        text = span_of(text.data + 1, text.len - 1);
    while (text.len > 0 && (text.data[text.len - 1] == ' ' || text.data[text.len - 1] == '\t'))
        text.len--;
    return text;
}

bool http_name_is(struct span name, const char *lower_case)
{
    size_t len = strlen(lower_case);
    if (name.len != len)
        return false;
    for (size_t i = 0; i < len; i++)
        if (lower(name.data[i]) != (uint8_t)lower_case[i])
            return false;
    return true;
}

struct span http_field(const struct http_fields *fields, const char *lower_case_name)
{
    for (unsigned i = 0; i < fields->count; i++)
        if (http_name_is(fields->list[i].name, lower_case_name))
            return fields->list[i].value;
    return span_of(NULL, 0);
}

/* ---- lines and fields ---- */

struct reader {
    struct span input;
    size_t position;
    struct why *why;
};

static enum err refuse(const struct reader *reader, const char *rule)
{
    return why_set(reader->why, ERR_BAD_REQUEST, rule, reader->position, NULL, NULL);
}

/* The next line without its end; *whole_out false: more input is needed. */
static enum err read_line(struct reader *reader, struct span *out, bool *whole_out)
{
    const uint8_t *data = reader->input.data;
    size_t start = reader->position;
    size_t end = start;
    while (end < reader->input.len && is_text(data[end]))
        end++;
    *whole_out = false;
    if (end == reader->input.len)
        return OK;
    if (data[end] != '\r') {
        reader->position = end;
        return refuse(reader, data[end] == '\n' ? "RFC 9112, 2.2: a line ends with CR LF"
                                                : "RFC 9110, 5.5: no control characters");
    }
    if (end + 1 == reader->input.len)
        return OK;
    if (data[end + 1] != '\n') {
        reader->position = end;
        return refuse(reader, "RFC 9112, 2.2: no bare CR");
    }
    *out = span_of(data + start, end - start);
    reader->position = end + 2;
    *whole_out = true;
    return OK;
}

static enum err read_field(const struct reader *reader, struct span line, struct http_field *out)
{
    if (line.data[0] == ' ' || line.data[0] == '\t')
        return refuse(reader, "RFC 9112, 5.2: no folded lines");
    const uint8_t *colon = memchr(line.data, ':', line.len);
    if (colon == NULL)
        return refuse(reader, "RFC 9112, 5: a field has a colon");
    struct span name = span_of(line.data, (size_t)(colon - line.data));
    if (!is_token(name))
        return refuse(reader,
                      "RFC 9112, 5.1: a field's name is a token, and the colon follows at once");
    *out = (struct http_field){.name = name,
                               .value = trim(span_of(colon + 1, line.len - name.len - 1))};
    return OK;
}

/* Up to and with the empty line. */
static enum err read_fields(struct reader *reader, struct http_fields *out, bool *whole_out)
{
    out->count = 0;
    for (;;) {
        struct span line;
        TRY(read_line(reader, &line, whole_out));
        if (!*whole_out || line.len == 0)
            return OK;
        if (out->count == HTTP_FIELDS_MAX)
            return why_set(reader->why, ERR_HEADERS_TOO_LARGE, "at most 64 fields",
                           reader->position, NULL, NULL);
        TRY(read_field(reader, line, &out->list[out->count]));
        out->count++;
    }
}

static enum err check_size(const struct reader *reader, bool whole)
{
    size_t len = whole ? reader->position : reader->input.len;
    if (len <= HTTP_HEAD_BYTES_MAX)
        return OK;
    return why_set(reader->why, ERR_HEADERS_TOO_LARGE, "a head has at most 16 KiB", len, NULL,
                   NULL);
}

/* ---- what frames a body ---- */

struct framing {
    bool chunked;
    bool has_length;
    uint64_t length;
    bool close;
};

static enum err read_length(const struct reader *reader, struct span value, struct framing *framing)
{
    if (framing->has_length)
        return refuse(reader, "RFC 9112, 6.3: one Content-Length");
    bool odd =
        value.len == 0 || value.len > LENGTH_DIGITS_MAX || (value.len > 1 && value.data[0] == '0');
    uint64_t length = 0;
    for (size_t i = 0; i < value.len && !odd; i++) {
        odd = !is_digit(value.data[i]);
        length = length * 10 + (uint64_t)(value.data[i] - '0');
    }
    if (odd)
        return refuse(reader, "RFC 9110, 8.6: Content-Length is a decimal number");
    framing->has_length = true;
    framing->length = length;
    return OK;
}

static enum err read_coding(const struct reader *reader, struct span value, struct framing *framing)
{
    if (framing->chunked || !http_name_is(value, "chunked"))
        return refuse(reader, "RFC 9112, 6.1: Transfer-Encoding is \"chunked\", once, or absent");
    framing->chunked = true;
    return OK;
}

static bool list_has(struct span list, const char *lower_case)
{
    while (list.len > 0) {
        const uint8_t *comma = memchr(list.data, ',', list.len);
        size_t len = comma == NULL ? list.len : (size_t)(comma - list.data);
        if (http_name_is(trim(span_of(list.data, len)), lower_case))
            return true;
        list = span_part(list, len + 1, list.len);
    }
    return false;
}

static enum err read_framing(const struct reader *reader, const struct http_fields *fields,
                             bool http10, struct framing *out)
{
    *out = (struct framing){.close = http10};
    for (unsigned i = 0; i < fields->count; i++) {
        const struct http_field *field = &fields->list[i];
        if (http_name_is(field->name, "content-length"))
            TRY(read_length(reader, field->value, out));
        else if (http_name_is(field->name, "transfer-encoding"))
            TRY(read_coding(reader, field->value, out));
        else if (http_name_is(field->name, "connection"))
            out->close = out->close || list_has(field->value, "close");
    }
    if (out->chunked && out->has_length)
        return refuse(reader, "RFC 9112, 6.3: Content-Length or Transfer-Encoding, not both");
    if (out->chunked && http10)
        return refuse(reader, "RFC 9112, 6.1: no Transfer-Encoding in HTTP/1.0");
    return OK;
}

/* ---- requests ---- */

static bool is_host(struct span host)
{
    size_t at = 0;
    if (host.len > 0 && host.data[0] == '[') {
        for (at = 1; at < host.len && host.data[at] != ']'; at++)
            if (hex_value(host.data[at]) < 0 && host.data[at] != ':' && host.data[at] != '.')
                return false;
        if (at == host.len || at == 1)
            return false;
        at++;
    } else {
        while (at < host.len && (is_alpha(host.data[at]) || is_digit(host.data[at]) ||
                                 (host.data[at] != '\0' && strchr("-._~", host.data[at]) != NULL)))
            at++;
        if (at == 0 || at > 253)
            return false;
    }
    if (at == host.len)
        return true;
    if (host.data[at] != ':' || host.len - at < 2 || host.len - at > 6)
        return false;
    for (at++; at < host.len; at++)
        if (!is_digit(host.data[at]))
            return false;
    return true;
}

static bool is_target_char(uint8_t c)
{
    return c > 0x20 && c < 0x7f && strchr("\"#<>\\", c) == NULL;
}

/* Scheme and authority of an absolute target; the rest begins with '/', '?', or is empty. */
static enum err split_absolute(const struct reader *reader, struct span *rest,
                               struct span *host_out)
{
    size_t scheme = 0;
    while (scheme < rest->len && rest->data[scheme] != ':')
        scheme++;
    struct span name = span_of(rest->data, scheme);
    struct span after = span_part(*rest, scheme, rest->len);
    if ((!http_name_is(name, "http") && !http_name_is(name, "https")) ||
        !span_starts_with(after, SPAN_LITERAL("://")))
        return refuse(reader, "RFC 9112, 3.2: the target is a path or an http(s) URI");
    after = span_part(after, 3, after.len);
    size_t len = 0;
    while (len < after.len && after.data[len] != '/' && after.data[len] != '?')
        len++;
    *host_out = span_of(after.data, len);
    *rest = span_part(after, len, after.len);
    return OK;
}

static enum err read_target(const struct reader *reader, struct http_head *out)
{
    struct span rest = out->target;
    for (size_t i = 0; i < rest.len; i++)
        if (!is_target_char(rest.data[i]))
            return refuse(reader, "RFC 9112, 3.2: the target is a URI's path and query");
    out->host = span_of(NULL, 0);
    out->query = span_of(NULL, 0);
    if (span_is(rest, "*") && span_is(out->method, "OPTIONS")) {
        out->path = rest;
        return OK;
    }
    if (rest.data[0] != '/')
        TRY(split_absolute(reader, &rest, &out->host));
    const uint8_t *mark = rest.len == 0 ? NULL : memchr(rest.data, '?', rest.len);
    size_t path_len = mark == NULL ? rest.len : (size_t)(mark - rest.data);
    out->path = path_len == 0 ? SPAN_LITERAL("/") : span_of(rest.data, path_len);
    if (mark != NULL)
        out->query = span_of(mark + 1, rest.len - path_len - 1);
    return OK;
}

/* "HTTP/1.1" or "HTTP/1.0". */
static enum err read_version(const struct reader *reader, struct span text, bool *http10_out)
{
    *http10_out = span_is(text, "HTTP/1.0");
    if (*http10_out || span_is(text, "HTTP/1.1"))
        return OK;
    return refuse(reader, "RFC 9112, 2.3: HTTP/1.1");
}

static enum err read_request_line(const struct reader *reader, struct span line,
                                  struct http_head *out)
{
    const uint8_t *first = memchr(line.data, ' ', line.len);
    if (first == NULL)
        return refuse(reader, "RFC 9112, 3: method, target, version");
    out->method = span_of(line.data, (size_t)(first - line.data));
    if (!is_token(out->method) || out->method.len > METHOD_BYTES_MAX)
        return refuse(reader, "RFC 9112, 3.1: a method is a token");
    struct span rest = span_of(first + 1, line.len - out->method.len - 1);
    const uint8_t *second = rest.len == 0 ? NULL : memchr(rest.data, ' ', rest.len);
    if (second == NULL || second == rest.data)
        return refuse(reader, "RFC 9112, 3: method, target, version");
    out->target = span_of(rest.data, (size_t)(second - rest.data));
    TRY(read_version(reader, span_of(second + 1, rest.len - out->target.len - 1), &out->http10));
    return read_target(reader, out);
}

static enum err read_host(const struct reader *reader, struct http_head *out)
{
    struct span host = span_of(NULL, 0);
    unsigned count = 0;
    for (unsigned i = 0; i < out->fields.count; i++) {
        if (!http_name_is(out->fields.list[i].name, "host"))
            continue;
        host = out->fields.list[i].value;
        count++;
    }
    if (count > 1 || (count == 0 && !out->http10))
        return refuse(reader, "RFC 9112, 3.2: one Host field");
    if (count == 1 && !is_host(host))
        return refuse(reader,
                      "RFC 9112, 3.2: Host is a name or an address, with a port or without");
    if (out->host.data == NULL) {
        out->host = host;
        return OK;
    }
    if (!is_host(out->host) || (count == 1 && !span_equal(host, out->host)))
        return refuse(reader, "RFC 9112, 3.2.2: the target's host is the one of the Host field");
    return OK;
}

static enum err read_expect(const struct reader *reader, struct http_head *out)
{
    struct span expect = http_field(&out->fields, "expect");
    out->expects_continue = expect.data != NULL && !out->http10;
    if (expect.data != NULL && !http_name_is(expect, "100-continue"))
        return refuse(reader, "RFC 9110, 10.1.1: Expect is 100-continue");
    return OK;
}

static enum err read_whole_request(struct reader *reader, struct http_head *out, bool *whole_out)
{
    struct span line;
    /* RFC 9112, 2.2: one empty line before a request is left out. */
    if (span_starts_with(reader->input, SPAN_LITERAL("\r\n")))
        reader->position = 2;
    TRY(read_line(reader, &line, whole_out));
    if (!*whole_out)
        return OK;
    if (line.len == 0)
        return refuse(reader, "RFC 9112, 3: method, target, version");
    TRY(read_request_line(reader, line, out));
    TRY(read_fields(reader, &out->fields, whole_out));
    if (!*whole_out)
        return OK;
    struct framing framing;
    TRY(read_framing(reader, &out->fields, out->http10, &framing));
    TRY(read_host(reader, out));
    TRY(read_expect(reader, out));
    out->keep_alive = !framing.close;
    out->content_length = framing.length;
    out->body = framing.chunked      ? HTTP_BODY_CHUNKED
                : framing.length > 0 ? HTTP_BODY_LENGTH
                                     : HTTP_BODY_NONE;
    return OK;
}

enum err http_read_request(struct span input, struct http_head *out, size_t *used_out,
                           struct why *why)
{
    /* What is beyond the largest head is not looked at: it may be a body. */
    struct reader reader = {.input = span_part(input, 0, HTTP_HEAD_BYTES_MAX + 1), .why = why};
    bool whole;
    *used_out = 0;
    TRY(read_whole_request(&reader, out, &whole));
    TRY(check_size(&reader, whole));
    if (whole)
        *used_out = reader.position;
    return OK;
}

/* ---- answers ---- */

static enum err read_status_line(const struct reader *reader, struct span line,
                                 struct http_answer *out, bool *http10_out)
{
    TRY(read_version(reader, span_part(line, 0, 8), http10_out));
    const uint8_t *at = line.data + 8;
    if (line.len < 13 || at[0] != ' ' || !is_digit(at[1]) || !is_digit(at[2]) || !is_digit(at[3]) ||
        at[4] != ' ' || at[1] == '0')
        return refuse(reader, "RFC 9112, 4: version, status, reason");
    out->status = (at[1] - '0') * 100 + (at[2] - '0') * 10 + (at[3] - '0');
    return OK;
}

static enum err read_whole_answer(struct reader *reader, struct span method,
                                  struct http_answer *out, bool *whole_out)
{
    struct span line;
    bool http10;
    struct framing framing;
    TRY(read_line(reader, &line, whole_out));
    if (!*whole_out)
        return OK;
    TRY(read_status_line(reader, line, out, &http10));
    TRY(read_fields(reader, &out->fields, whole_out));
    if (!*whole_out)
        return OK;
    TRY(read_framing(reader, &out->fields, http10, &framing));
    out->content_length = framing.length;
    bool bodyless =
        span_is(method, "HEAD") || out->status < 200 || out->status == 204 || out->status == 304;
    if (bodyless || (framing.has_length && framing.length == 0))
        out->body = HTTP_BODY_NONE;
    else if (framing.chunked)
        out->body = HTTP_BODY_CHUNKED;
    else
        out->body = framing.has_length ? HTTP_BODY_LENGTH : HTTP_BODY_UNTIL_CLOSE;
    out->keep_alive = !framing.close && out->body != HTTP_BODY_UNTIL_CLOSE;
    return OK;
}

enum err http_read_answer(struct span input, struct span method, struct http_answer *out,
                          size_t *used_out, struct why *why)
{
    struct reader reader = {.input = span_part(input, 0, HTTP_HEAD_BYTES_MAX + 1), .why = why};
    bool whole;
    *used_out = 0;
    TRY(read_whole_answer(&reader, method, out, &whole));
    TRY(check_size(&reader, whole));
    if (whole)
        *used_out = reader.position;
    return OK;
}

/* ---- queries ---- */

enum err http_percent_decode(struct span text, bool plus_is_space, struct buf *out)
{
    size_t start = out->len;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.data[i];
        if (byte == '%') {
            int high = i + 2 < text.len ? hex_value(text.data[i + 1]) : -1;
            int low = i + 2 < text.len ? hex_value(text.data[i + 2]) : -1;
            if (high < 0 || low < 0 || (high == 0 && low == 0)) {
                out->len = start;
                return ERR_BAD_REQUEST;
            }
            byte = (uint8_t)(high * 16 + low);
            i += 2;
        } else if (byte == '+' && plus_is_space) {
            byte = ' ';
        }
        buf_append_byte(out, byte);
    }
    return buf_check(out);
}

void http_percent_encode(struct span text, struct buf *out)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/";
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.data[i];
        if (memchr(plain, byte, sizeof(plain) - 1) != NULL) {
            buf_append_byte(out, byte);
            continue;
        }
        buf_append_byte(out, '%');
        buf_append_byte(out, (uint8_t)digits[byte >> 4]);
        buf_append_byte(out, (uint8_t)digits[byte & 15]);
    }
}

enum err http_query_value(struct span query, const char *name, struct buf *out)
{
    while (query.len > 0) {
        const uint8_t *end = memchr(query.data, '&', query.len);
        size_t len = end == NULL ? query.len : (size_t)(end - query.data);
        struct span pair = span_of(query.data, len);
        query = span_part(query, len + 1, query.len);
        const uint8_t *equals = len == 0 ? NULL : memchr(pair.data, '=', len);
        size_t name_len = equals == NULL ? len : (size_t)(equals - pair.data);
        if (span_is(span_of(pair.data, name_len), name))
            return http_percent_decode(span_part(pair, name_len + 1, len), true, out);
    }
    return ERR_NOT_FOUND;
}

/* ---- chunks ---- */

enum chunk_state {
    CHUNK_SIZE_FIRST, /* zero: where a body begins */
    CHUNK_SIZE,
    CHUNK_EXTENSION,
    CHUNK_SIZE_LF,
    CHUNK_DATA,
    CHUNK_DATA_CR,
    CHUNK_DATA_LF,
    CHUNK_TRAILER_FIRST,
    CHUNK_TRAILER_NAME,
    CHUNK_TRAILER_VALUE,
    CHUNK_TRAILER_LF,
    CHUNK_END_LF,
    CHUNK_END
};

static const char *after_size(struct http_chunks *chunks, uint8_t byte)
{
    if (byte == '\r')
        chunks->state = CHUNK_SIZE_LF;
    else if (byte == ';' || chunks->state == CHUNK_EXTENSION)
        chunks->state = CHUNK_EXTENSION;
    else
        return "RFC 9112, 7.1: a chunk's size is hexadecimal, then CR LF or \";\"";
    return byte == '\r' || is_text(byte) ? NULL : "RFC 9112, 7.1.1: no control characters";
}

static const char *size_digit(struct http_chunks *chunks, uint8_t byte)
{
    int digit = hex_value(byte);
    if (digit < 0)
        return chunks->state == CHUNK_SIZE ? after_size(chunks, byte)
                                           : "RFC 9112, 7.1: a chunk begins with its size";
    if (chunks->line_bytes > CHUNK_SIZE_DIGITS_MAX)
        return "RFC 9112, 7.1: a chunk's size has at most 15 digits";
    chunks->left = chunks->left * 16 + (unsigned)digit;
    chunks->state = CHUNK_SIZE;
    return NULL;
}

static const char *trailer_name(struct http_chunks *chunks, uint8_t byte)
{
    if (byte == '\r' && chunks->state == CHUNK_TRAILER_FIRST)
        chunks->state = CHUNK_END_LF;
    else if (byte == ':' && chunks->state == CHUNK_TRAILER_NAME)
        chunks->state = CHUNK_TRAILER_VALUE;
    else if (is_token_char(byte))
        chunks->state = CHUNK_TRAILER_NAME;
    else
        return "RFC 9112, 7.1.2: a trailer is a field";
    return NULL;
}

static const char *line_feed(struct http_chunks *chunks, uint8_t byte, enum chunk_state next)
{
    if (byte != '\n')
        return "RFC 9112, 2.2: a line ends with CR LF";
    chunks->state = next;
    return NULL;
}

/* One byte outside of the data; NULL, or the rule that it breaks. */
static const char *step(struct http_chunks *chunks, uint8_t byte)
{
    switch ((enum chunk_state)chunks->state) {
    case CHUNK_SIZE_FIRST:
    case CHUNK_SIZE:
        return size_digit(chunks, byte);
    case CHUNK_EXTENSION:
        return after_size(chunks, byte);
    case CHUNK_SIZE_LF:
        chunks->line_bytes = 0;
        return line_feed(chunks, byte, chunks->left > 0 ? CHUNK_DATA : CHUNK_TRAILER_FIRST);
    case CHUNK_DATA_CR:
        chunks->state = CHUNK_DATA_LF;
        return byte == '\r' ? NULL : "RFC 9112, 7.1: CR LF after a chunk's data";
    case CHUNK_DATA_LF:
        chunks->line_bytes = 0;
        return line_feed(chunks, byte, CHUNK_SIZE_FIRST);
    case CHUNK_TRAILER_FIRST:
    case CHUNK_TRAILER_NAME:
        return trailer_name(chunks, byte);
    case CHUNK_TRAILER_VALUE:
        if (byte == '\r')
            chunks->state = CHUNK_TRAILER_LF;
        return byte == '\r' || is_text(byte) ? NULL : "RFC 9110, 5.5: no control characters";
    case CHUNK_TRAILER_LF:
        return line_feed(chunks, byte, CHUNK_TRAILER_FIRST);
    case CHUNK_END_LF:
        return line_feed(chunks, byte, CHUNK_END);
    case CHUNK_DATA:
    case CHUNK_END:
        break;
    }
    BUG("data and end are not read byte by byte");
}

static bool in_trailers(const struct http_chunks *chunks)
{
    return chunks->state >= CHUNK_TRAILER_FIRST;
}

enum err http_chunks_read(struct http_chunks *chunks, struct span input, size_t *used_out,
                          struct span *part_out, bool *end_out, struct why *why)
{
    size_t used = 0;
    *part_out = span_of(NULL, 0);
    while (used < input.len && chunks->state != CHUNK_END && chunks->state != CHUNK_DATA) {
        chunks->line_bytes++;
        const char *rule = step(chunks, input.data[used]);
        if (chunks->line_bytes > (in_trailers(chunks) ? TRAILER_BYTES_MAX : CHUNK_LINE_BYTES_MAX))
            rule = "a chunk's line and its trailers have a limit";
        if (rule != NULL)
            return why_set(why, ERR_BAD_REQUEST, rule, used, NULL, NULL);
        used++;
    }
    if (chunks->state == CHUNK_DATA) {
        uint64_t left = input.len - used;
        size_t len = (size_t)(chunks->left < left ? chunks->left : left);
        *part_out = span_part(input, used, len);
        chunks->left -= len;
        used += len;
        if (chunks->left == 0)
            chunks->state = CHUNK_DATA_CR;
    }
    *used_out = used;
    *end_out = chunks->state == CHUNK_END;
    return OK;
}

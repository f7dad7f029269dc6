#include "proto/schema/uri.h"

#include "proto/base/text.h"

struct parts {
    struct span scheme;    /* with its colon */
    struct span authority; /* with its two slashes */
    struct span path;
    struct span query;    /* with its question mark */
    struct span fragment; /* with its # */
};

static size_t until(struct span text, size_t from, const char *stops)
{
    size_t at = from;
    while (at < text.len && (text.data[at] == 0 || strchr(stops, text.data[at]) == NULL))
        at++;
    return at;
}

static bool is_letter(uint8_t c)
{
    uint8_t lower = c | 0x20;
    return lower >= 'a' && lower <= 'z';
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* Length of "scheme:" at the start, or 0. */
static size_t scheme_len(struct span uri)
{
    if (uri.len == 0 || !is_letter(uri.data[0]))
        return 0;
    for (size_t i = 1; i < uri.len; i++) {
        uint8_t c = uri.data[i];
        if (c == ':')
            return i + 1;
        if (!is_letter(c) && !is_digit(c) && c != '+' && c != '-' && c != '.')
            return 0;
    }
    return 0;
}

static struct parts split(struct span uri)
{
    struct parts parts;
    size_t at = scheme_len(uri);
    parts.scheme = span_part(uri, 0, at);
    size_t end = at;
    if (uri.len - at >= 2 && uri.data[at] == '/' && uri.data[at + 1] == '/')
        end = until(uri, at + 2, "/?#");
    parts.authority = span_part(uri, at, end - at);
    at = end;
    end = until(uri, at, "?#");
    parts.path = span_part(uri, at, end - at);
    at = end;
    end = until(uri, at, "#");
    parts.query = span_part(uri, at, end - at);
    parts.fragment = span_part(uri, end, uri.len - end);
    return parts;
}

struct span uri_without_fragment(struct span uri)
{
    return span_part(uri, 0, until(uri, 0, "#"));
}

struct span uri_fragment(struct span uri)
{
    size_t at = until(uri, 0, "#");
    return at < uri.len ? span_part(uri, at + 1, uri.len - at - 1) : span_of(NULL, 0);
}

bool uri_is_absolute(struct span uri)
{
    return scheme_len(uri) > 0;
}

/* Cuts the last segment that was written, with its slash (RFC 3986, 5.2.4, 2.C). */
static void drop_segment(struct buf *out, size_t floor)
{
    while (out->len > floor && out->data[out->len - 1] != '/')
        out->len--;
    if (out->len > floor)
        out->len--;
}

/* RFC 3986, 5.2.4, over the path merged of two pieces. */
static void append_without_dots(struct buf *out, struct span first, struct span second)
{
    struct buf merged;
    buf_init(&merged, first.len + second.len);
    buf_append_span(&merged, first);
    buf_append_span(&merged, second);
    if (buf_check(&merged) != OK) {
        out->failed = buf_check(&merged);
        buf_clear(&merged);
        return;
    }
    struct span path = buf_span(&merged);
    size_t floor = out->len;
    size_t at = 0;
    while (at < path.len) {
        size_t start = path.data[at] == '/' ? at + 1 : at;
        size_t end = until(path, start, "/");
        struct span segment = span_part(path, start, end - start);
        bool is_last = end == path.len;
        if (span_is(segment, ".") || span_is(segment, "..")) {
            if (segment.len == 2)
                drop_segment(out, floor);
            if (is_last)
                buf_append_byte(out, '/');
        } else {
            buf_append_span(out, span_part(path, at, end - at));
        }
        at = end;
    }
    buf_clear(&merged);
}

/* The base's path up to and with its last slash. */
static struct span folder(struct span path)
{
    size_t len = path.len;
    while (len > 0 && path.data[len - 1] != '/')
        len--;
    return span_part(path, 0, len);
}

void uri_resolve(struct span base_uri, struct span reference, struct buf *out)
{
    struct parts base = split(base_uri);
    struct parts ref = split(reference);
    struct span none = span_of(NULL, 0);
    if (ref.scheme.len > 0) {
        buf_append_span(out, reference);
        return;
    }
    buf_append_span(out, base.scheme);
    if (ref.authority.len > 0) {
        buf_append_span(out, ref.authority);
        append_without_dots(out, ref.path, none);
        buf_append_span(out, ref.query);
    } else {
        buf_append_span(out, base.authority);
        if (ref.path.len == 0) {
            buf_append_span(out, base.path);
            buf_append_span(out, ref.query.len > 0 ? ref.query : base.query);
        } else {
            if (ref.path.data[0] == '/')
                append_without_dots(out, ref.path, none);
            else if (base.authority.len > 0 && base.path.len == 0)
                append_without_dots(out, SPAN_LITERAL("/"), ref.path);
            else
                append_without_dots(out, folder(base.path), ref.path);
            buf_append_span(out, ref.query);
        }
    }
    buf_append_span(out, ref.fragment);
}

static int hex(uint8_t c)
{
    if (is_digit(c))
        return c - '0';
    uint8_t lower = c | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool uri_decode(struct span text, struct buf *out)
{
    size_t start = out->len;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] != '%') {
            buf_append_byte(out, text.data[i]);
            continue;
        }
        if (text.len - i < 3 || hex(text.data[i + 1]) < 0 || hex(text.data[i + 2]) < 0)
            return false;
        buf_append_byte(out, (uint8_t)(hex(text.data[i + 1]) << 4 | hex(text.data[i + 2])));
        i += 2;
    }
    if (buf_check(out) != OK || out->len == start)
        return buf_check(out) == OK;
    return text_is_utf8(span_of(out->data + start, out->len - start));
}

void uri_append_fragment(struct buf *out, struct span text)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (is_letter(c) || is_digit(c) || (c != 0 && strchr("-._~!$&'()*+,;=:@/?", c) != NULL)) {
            buf_append_byte(out, c);
        } else {
            buf_append_byte(out, '%');
            buf_append_byte(out, (uint8_t)digits[c >> 4]);
            buf_append_byte(out, (uint8_t)digits[c & 15]);
        }
    }
}

/* URIs and IRIs, absolute or not: the grammar of RFC 3986, appendix A, to which RFC 3987 adds
 * characters and nothing else. */
#include "proto/schema/format_parts.h"

#include "proto/base/text.h"

bool format_is_ucschar(uint32_t c)
{
    if (c < 0x10000)
        return (c >= 0xA0 && c <= 0xD7FF) || (c >= 0xF900 && c <= 0xFDCF) ||
               (c >= 0xFDF0 && c <= 0xFFEF);
    return c <= 0xEFFFD && (c & 0xFFFF) <= 0xFFFD && (c < 0xE0000 || c >= 0xE1000);
}

bool format_is_iprivate(uint32_t c)
{
    return (c >= 0xE000 && c <= 0xF8FF) || (c >= 0xF0000 && c <= 0xFFFFD) ||
           (c >= 0x100000 && c <= 0x10FFFD);
}

bool format_is_percent(struct span text, size_t at)
{
    return byte_at(text, at) == '%' && is_hex(byte_at(text, at + 1)) &&
           is_hex(byte_at(text, at + 2));
}

static bool is_unreserved_or_sub_delim(uint32_t c)
{
    return is_letter(c) || is_digit(c) || is_among(c, "-._~!$&'()*+,;=");
}

struct reading {
    bool international;
    bool private_too; /* RFC 3987: private use in a query alone */
};

/* The whole part is of unreserved, percent-encoded, sub-delims, and those of `others`. */
static bool consists(struct span part, struct reading reading, const char *others)
{
    size_t at = 0;
    while (at < part.len) {
        uint8_t c = part.data[at];
        if (format_is_percent(part, at)) {
            at += 3;
        } else if (c < 0x80) {
            if (!is_unreserved_or_sub_delim(c) && !is_among(c, others))
                return false;
            at++;
        } else {
            size_t bytes = text_sequence(span_part(part, at, 4));
            uint32_t code_point = bytes == 0 ? 0 : text_code_point(part.data + at, bytes);
            bool taken = format_is_ucschar(code_point) ||
                         (reading.private_too && format_is_iprivate(code_point));
            if (!reading.international || !taken)
                return false;
            at += bytes;
        }
    }
    return true;
}

/* Up to the first byte of `stops`, or the end. */
static size_t length_until(struct span text, const char *stops)
{
    size_t at = 0;
    while (at < text.len && !is_among(text.data[at], stops))
        at++;
    return at;
}

/* IPv6 or IPvFuture, without its brackets. */
static bool is_ip_literal(struct span inner)
{
    if ((byte_at(inner, 0) | 0x20) != 'v')
        return format_ipv6(inner);
    size_t at = 1;
    while (is_hex(byte_at(inner, at)))
        at++;
    if (at == 1 || byte_at(inner, at) != '.' || at + 1 == inner.len)
        return false;
    for (at++; at < inner.len; at++)
        if (!is_unreserved_or_sub_delim(inner.data[at]) && inner.data[at] != ':')
            return false;
    return true;
}

static bool is_authority(struct span authority, struct reading reading)
{
    size_t user = length_until(authority, "@");
    if (user < authority.len) {
        if (!consists(span_part(authority, 0, user), reading, ":"))
            return false;
        authority = span_part(authority, user + 1, authority.len);
    }
    size_t host = length_until(authority, ":");
    if (byte_at(authority, 0) == '[') {
        host = length_until(authority, "]") + 1;
        if (host > authority.len || !is_ip_literal(span_part(authority, 1, host - 2)))
            return false;
    } else if (!consists(span_part(authority, 0, host), reading, "")) {
        return false;
    }
    if (host == authority.len)
        return true;
    if (authority.data[host] != ':')
        return false;
    for (size_t at = host + 1; at < authority.len; at++)
        if (!is_digit(authority.data[at]))
            return false;
    return true;
}

/* Bytes of the scheme and its colon, 0 where there is none. */
static size_t take_scheme(struct span text)
{
    size_t at = 0;
    while (is_letter(byte_at(text, at)) ||
           (at > 0 && (is_digit(byte_at(text, at)) || is_among(byte_at(text, at), "+-."))))
        at++;
    return at > 0 && byte_at(text, at) == ':' ? at + 1 : 0;
}

/* [//authority] path [?query] [#fragment]. A path that follows an authority is empty or begins with
 * a slash by how the authority ends; one without begins with no two slashes by how it begins. */
static bool is_hierarchy(struct span text, struct reading reading, bool colon_in_first)
{
    if (span_starts_with(text, SPAN_LITERAL("//"))) {
        text = span_part(text, 2, text.len);
        size_t length = length_until(text, "/?#");
        if (!is_authority(span_part(text, 0, length), reading))
            return false;
        text = span_part(text, length, text.len);
    } else if (!colon_in_first && byte_at(text, length_until(text, "/?#:")) == ':') {
        return false;
    }
    size_t path = length_until(text, "?#");
    if (!consists(span_part(text, 0, path), reading, ":@/"))
        return false;
    text = span_part(text, path, text.len);
    size_t query = length_until(text, "#");
    struct reading in_query = {.international = reading.international,
                               .private_too = reading.international};
    if (query > 0 && !consists(span_part(text, 1, query - 1), in_query, ":@/?"))
        return false;
    text = span_part(text, query, text.len);
    return text.len == 0 || consists(span_part(text, 1, text.len), reading, ":@/?");
}

static bool is_absolute(struct span text, struct reading reading)
{
    size_t scheme = take_scheme(text);
    return scheme > 0 && is_hierarchy(span_part(text, scheme, text.len), reading, true);
}

bool format_uri(struct span text)
{
    return is_absolute(text, (struct reading){.international = false});
}

bool format_iri(struct span utf8)
{
    return is_absolute(utf8, (struct reading){.international = true});
}

bool format_uri_reference(struct span text)
{
    return format_uri(text) || is_hierarchy(text, (struct reading){.international = false}, false);
}

bool format_iri_reference(struct span utf8)
{
    return format_iri(utf8) || is_hierarchy(utf8, (struct reading){.international = true}, false);
}

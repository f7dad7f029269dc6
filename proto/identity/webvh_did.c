/* The syntax of did:webvh and the transformation into HTTPS URLs ("Method-Specific Identifier" and
 * "The DID to HTTPS Transformation" of the standard). */
#include "proto/identity/webvh.h"

#include "proto/base/text.h"
#include "proto/identity/multikey.h"

#define DOMAIN_BYTES_MAX 253u /* RFC 1035, 2.3.4 */
#define LABEL_BYTES_MAX 63u

static enum err refuse(struct why *why, size_t position, const char *rule)
{
    return why_set(why, ERR_BAD_DID, rule, position, "did:webvh:<scid>:<host>", NULL);
}

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool is_alnum(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Decodes once into out, of at least text.len bytes. false: a broken escape, or a byte that DID
 * Core, 3.1 has not. */
static bool decode(struct span text, uint8_t *out, size_t *len_out)
{
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (c == '%') {
            int high = text.len - i < 3 ? -1 : hex_value(text.data[i + 1]);
            int low = text.len - i < 3 ? -1 : hex_value(text.data[i + 2]);
            if (high < 0 || low < 0)
                return false;
            c = (uint8_t)(high << 4 | low);
            i += 2;
        } else if (!is_alnum(c) && c != '.' && c != '-' && c != '_') {
            return false;
        }
        out[len++] = c;
    }
    *len_out = len;
    return true;
}

/* A label that a URL reader takes for a number makes the host an IPv4 address (WHATWG URL, 4.1). */
static bool is_number(struct span label)
{
    bool hex = label.len >= 2 && label.data[0] == '0' && (label.data[1] | 0x20) == 'x';
    for (size_t i = hex ? 2 : 0; i < label.len; i++)
        if (hex ? hex_value(label.data[i]) < 0 : label.data[i] < '0' || label.data[i] > '9')
            return false;
    return true;
}

static bool label_is_valid(struct span label)
{
    if (label.len == 0 || label.len > LABEL_BYTES_MAX || label.data[0] == '-' ||
        label.data[label.len - 1] == '-')
        return false;
    for (size_t i = 0; i < label.len; i++)
        if (!is_alnum(label.data[i]) && label.data[i] != '-')
            return false;
    return true;
}

/* name: decoded. */
static const char *domain_fault(struct span name)
{
    unsigned labels = 0;
    struct span label = span_of(NULL, 0);
    if (name.len > DOMAIN_BYTES_MAX)
        return "did:webvh: a host name of at most 253 bytes";
    for (size_t begin = 0; begin <= name.len; begin += label.len + 1) {
        size_t end = begin;
        while (end < name.len && name.data[end] != '.')
            end++;
        label = span_of(name.data + begin, end - begin);
        if (!label_is_valid(label))
            return "did:webvh: labels of letters, digits and hyphens (xn-- for others)";
        labels++;
    }
    if (labels < 2)
        return "did:webvh: a fully qualified host name";
    return is_number(label) ? "did:webvh: a host name, no IP address" : NULL;
}

/* Splits "%3A8443" off; the separator may not be anywhere else. */
static const char *split_port(struct span *domain, unsigned *port_out)
{
    size_t at = 0;
    *port_out = 0;
    while (at < domain->len &&
           !(domain->len - at >= 3 && domain->data[at] == '%' && domain->data[at + 1] == '3' &&
             (domain->data[at + 2] | 0x20) == 'a'))
        at++;
    if (at == domain->len)
        return NULL;
    struct span digits = span_part(*domain, at + 3, domain->len);
    unsigned port = 0;
    if (digits.len == 0 || digits.len > 5)
        return "did:webvh: a port of one to five digits behind %3A";
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '9')
            return "did:webvh: a port of one to five digits behind %3A";
        port = port * 10 + (digits.data[i] - (unsigned)'0');
    }
    if (port == 0 || port > 65535)
        return "did:webvh: a port from 1 to 65535";
    domain->len = at;
    *port_out = port;
    return NULL;
}

/* Of white space at either end, that of ASCII is looked for: any other stands escaped in the URL,
 * where it means nothing. */
static bool segment_is_valid(struct span segment)
{
    uint8_t bytes[DID_BYTES_MAX];
    size_t len;
    if (segment.len == 0 || segment.len > sizeof(bytes) || !decode(segment, bytes, &len))
        return false;
    struct span decoded = span_of(bytes, len);
    if (span_is(decoded, ".") || span_is(decoded, "..") || !text_is_utf8(decoded))
        return false;
    for (size_t i = 0; i < len; i++)
        if (bytes[i] < 0x20 || bytes[i] == 0x7f || bytes[i] == '/' || bytes[i] == '\\')
            return false;
    return bytes[0] != ' ' && bytes[len - 1] != ' ';
}

static bool scid_is_valid(struct span scid)
{
    uint8_t text[1 + WEBVH_SCID_BYTES] = {'z'};
    uint8_t multihash[34];
    if (scid.len != WEBVH_SCID_BYTES)
        return false;
    memcpy(text + 1, scid.data, scid.len);
    return multibase_read_exact(span_of(text, sizeof(text)), multihash, sizeof(multihash)) &&
           multihash[0] == 0x12 && multihash[1] == sizeof(struct hash);
}

static const char *path_fault(struct span path)
{
    for (size_t begin = 0; begin <= path.len;) {
        size_t end = begin;
        while (end < path.len && path.data[end] != ':')
            end++;
        if (!segment_is_valid(span_part(path, begin, end - begin)))
            return "did:webvh: path segments without dot segments, slashes or control characters";
        begin = end + 1;
    }
    return NULL;
}

enum err webvh_did_read(struct span did, struct webvh_did *out, struct why *why)
{
    const struct span prefix = SPAN_LITERAL("did:webvh:");
    uint8_t bytes[DID_BYTES_MAX];
    struct webvh_did read = {.path = span_of(NULL, 0)};
    size_t len;
    if (did.len > DID_BYTES_MAX || !span_starts_with(did, prefix))
        return refuse(why, 0, "did:webvh: the method, and no more than 512 bytes");
    struct span rest = span_part(did, prefix.len, did.len);
    read.scid = span_part(rest, 0, WEBVH_SCID_BYTES);
    if (!scid_is_valid(read.scid) || rest.len <= read.scid.len || rest.data[read.scid.len] != ':')
        return refuse(why, prefix.len, "did:webvh: an SCID, base58btc of a SHA-256 multihash");
    rest = span_part(rest, read.scid.len + 1, rest.len);
    const uint8_t *colon = rest.len == 0 ? NULL : memchr(rest.data, ':', rest.len);
    read.domain = colon == NULL ? rest : span_of(rest.data, (size_t)(colon - rest.data));
    size_t at = did.len - rest.len;
    const char *fault = split_port(&read.domain, &read.port);
    if (fault == NULL && (read.domain.len == 0 || !decode(read.domain, bytes, &len)))
        fault = "did:webvh: a host name";
    if (fault == NULL)
        fault = domain_fault(span_of(bytes, len));
    if (fault != NULL)
        return refuse(why, at, fault);
    if (colon != NULL) {
        size_t before = (size_t)(colon + 1 - rest.data);
        read.path = span_of(colon + 1, rest.len - before);
        fault = path_fault(read.path);
        if (fault != NULL)
            return refuse(why, at + before, fault);
    }
    *out = read;
    return OK;
}

/* RFC 3986, 2.3: unreserved characters stand for themselves, all others are escaped. */
static void append_segment(struct buf *out, struct span segment)
{
    static const char digits[] = "0123456789ABCDEF";
    uint8_t bytes[DID_BYTES_MAX];
    size_t len = 0;
    CHECK(segment.len <= sizeof(bytes) && decode(segment, bytes, &len));
    for (size_t i = 0; i < len; i++) {
        uint8_t c = bytes[i];
        if (is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~') {
            buf_append_byte(out, c);
            continue;
        }
        buf_append_byte(out, '%');
        buf_append_byte(out, (uint8_t)digits[c >> 4]);
        buf_append_byte(out, (uint8_t)digits[c & 15]);
    }
}

void webvh_did_append_url(struct buf *out, const struct webvh_did *did, const char *file)
{
    uint8_t bytes[DID_BYTES_MAX];
    size_t len = 0;
    CHECK(did->domain.len <= sizeof(bytes) && decode(did->domain, bytes, &len));
    buf_append_cstr(out, "https://");
    for (size_t i = 0; i < len; i++)
        buf_append_byte(out, bytes[i] >= 'A' && bytes[i] <= 'Z' ? bytes[i] | 0x20 : bytes[i]);
    if (did->port != 0) {
        buf_append_byte(out, ':');
        buf_append_u64(out, did->port);
    }
    buf_append_byte(out, '/');
    if (did->path.len == 0 && *file != '\0')
        buf_append_cstr(out, ".well-known/");
    for (size_t begin = 0; begin < did->path.len;) {
        size_t end = begin;
        while (end < did->path.len && did->path.data[end] != ':')
            end++;
        append_segment(out, span_part(did->path, begin, end - begin));
        buf_append_byte(out, '/');
        begin = end + 1;
    }
    buf_append_cstr(out, file);
}

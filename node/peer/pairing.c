/* Writing and reading the pairing string. */
#include "node/peer/pairing.h"

#include "proto/base/base64.h"
#include "proto/identity/did.h"
#include "proto/identity/multikey.h"
#include "proto/identity/webvh.h"

#define RULE "pairing string: did:...?url=https://host:port&cert=...&request=..."

static bool is_alnum(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* RFC 3986, 3.2.2, as far as real hosts go: a name or IPv4 address, or an IPv6 one in brackets. */
static bool take_host(struct cursor *cursor)
{
    struct span input = cursor->input;
    size_t start = cursor->position;
    size_t at = start;
    if (at < input.len && input.data[at] == '[') {
        size_t colons = 0;
        for (at++; at < input.len && input.data[at] != ']'; at++) {
            uint8_t c = input.data[at];
            bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
            if (!hex && c != ':' && c != '.')
                return false;
            colons += c == ':';
        }
        if (at == input.len || colons < 2)
            return false;
        cursor->position = at + 1;
        return true;
    }
    while (at < input.len &&
           (is_alnum(input.data[at]) || input.data[at] == '-' || input.data[at] == '.'))
        at++;
    cursor->position = at;
    bool edges = at > start && is_alnum(input.data[start]) && input.data[at - 1] != '-';
    for (size_t i = start; i + 1 < at; i++)
        if (input.data[i] == '.' && input.data[i + 1] == '.')
            return false;
    return edges && at - start <= 253;
}

bool pairing_url_is_valid(struct span url)
{
    if (url.len > PAIRING_URL_BYTES_MAX)
        return false;
    struct cursor cursor = cursor_of(url);
    cursor_expect(&cursor, "https://");
    if (cursor.failed || !take_host(&cursor))
        return false;
    if (cursor_at_end(&cursor))
        return true;
    cursor_expect(&cursor, ":");
    uint64_t port = cursor_u64(&cursor);
    return !cursor.failed && cursor_at_end(&cursor) && port >= 1 && port <= 65535;
}

/* 32 bytes in base64url without padding, in their one spelling. */
static bool cert_is_valid(struct span text)
{
    uint8_t bytes[32];
    return text.len == PAIRING_CERT_BYTES && base64url_decode_exact(text, bytes, sizeof(bytes));
}

static enum err check(struct span did, struct span url, struct span cert, struct span request,
                      struct why *why)
{
    struct public_key key;
    struct webvh_did parts;
    bool is_webvh = span_starts_with(did, SPAN_LITERAL("did:webvh:"));
    if (did.len > DID_BYTES_MAX)
        return why_set(why, ERR_BAD_DID, RULE, 0, "a shorter DID", NULL);
    TRY(is_webvh ? webvh_did_read(did, &parts, why) : did_key_read(did, &key, why));
    if (is_webvh && url.len == 0 && cert.len == 0 && request.len == 0)
        return OK;
    if (!pairing_url_is_valid(url))
        return why_set(why, ERR_BAD_REQUEST, RULE, did.len, "url=https://host:port", NULL);
    if (cert.len > 0 && !cert_is_valid(cert))
        return why_set(why, ERR_BAD_REQUEST, RULE, did.len + url.len,
                       "cert= with 43 characters of base64url", NULL);
    if (is_webvh && request.len > 0)
        return why_set(why, ERR_BAD_REQUEST, RULE, did.len + url.len + cert.len,
                       "no request= : its history names the key", NULL);
    if (request.len > PAIRING_REQUEST_BYTES_MAX ||
        (request.len > 0 && multikey_read(request, &key, NULL) != OK))
        return why_set(why, ERR_BAD_REQUEST, RULE, did.len + url.len + cert.len,
                       "request= with a Multikey, z6Mk...", NULL);
    return OK;
}

enum err pairing_write(const struct pairing *pairing, struct buf *out, struct why *why)
{
    struct span cert = span_cstr(pairing->cert);
    struct span request = span_cstr(pairing->request);
    TRY(check(span_cstr(pairing->did), span_cstr(pairing->url), cert, request, why));
    buf_append_cstr(out, pairing->did);
    if (pairing->url[0] == '\0')
        return buf_check(out);
    buf_append_cstr(out, "?url=");
    buf_append_cstr(out, pairing->url);
    if (cert.len > 0) {
        buf_append_cstr(out, "&cert=");
        buf_append_span(out, cert);
    }
    if (request.len > 0) {
        buf_append_cstr(out, "&request=");
        buf_append_span(out, request);
    }
    return buf_check(out);
}

/* text fits: each part was checked against the size of its field. */
static void copy(char *out, struct span text)
{
    if (text.len > 0)
        memcpy(out, text.data, text.len);
    out[text.len] = '\0';
}

/* "&name=value" at the front of rest, up to the next '&'. */
static bool take_parameter(struct span *rest, const char *start, struct span *out)
{
    struct span want = span_cstr(start);
    if (!span_starts_with(*rest, want))
        return false;
    struct span value = span_part(*rest, want.len, rest->len);
    const uint8_t *end = value.len == 0 ? NULL : memchr(value.data, '&', value.len);
    *out = end == NULL ? value : span_part(value, 0, (size_t)(end - value.data));
    *rest = span_part(value, out->len, value.len);
    return true;
}

enum err pairing_read(struct span text, struct pairing *out, struct why *why)
{
    if (text.len > PAIRING_BYTES_MAX)
        return why_set(why, ERR_BAD_REQUEST, RULE, 0, "a shorter text", NULL);
    struct cursor cursor = cursor_of(text);
    bool is_plain = text.len == 0 || memchr(text.data, '?', text.len) == NULL;
    struct span did = is_plain ? cursor_rest(&cursor) : cursor_until(&cursor, '?');
    if (!is_plain)
        cursor_expect(&cursor, "url=");
    if (cursor.failed || (is_plain && span_starts_with(did, SPAN_LITERAL("did:key:"))))
        return why_set(why, ERR_BAD_REQUEST, RULE, cursor.position, "?url= behind the DID", NULL);
    struct span url = is_plain ? span_of(NULL, 0) : cursor_rest(&cursor);
    if (!is_plain && url.len == 0)
        return why_set(why, ERR_BAD_REQUEST, RULE, cursor.position,
                       "an address behind ?url=", NULL);
    struct span cert = span_of(NULL, 0);
    struct span request = span_of(NULL, 0);
    const uint8_t *ampersand = url.len == 0 ? NULL : memchr(url.data, '&', url.len);
    if (ampersand != NULL) {
        struct span tail = span_part(url, (size_t)(ampersand - url.data), url.len);
        url.len -= tail.len;
        bool has_cert = take_parameter(&tail, "&cert=", &cert);
        bool has_request = take_parameter(&tail, "&request=", &request);
        if (tail.len > 0 || (has_cert && cert.len == 0) || (has_request && request.len == 0))
            return why_set(why, ERR_BAD_REQUEST, RULE, text.len, "&cert= and &request=", NULL);
    }
    TRY(check(did, url, cert, request, why));
    copy(out->did, did);
    copy(out->url, url);
    copy(out->cert, cert);
    copy(out->request, request);
    return OK;
}

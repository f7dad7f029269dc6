#include "node/identity/sign_request.h"

#include <sodium.h>

#include "node/identity/request_key.h"
#include "node/net/os.h"
#include "node/node.h"
#include "proto/identity/httpsig.h"

/* "https://authority/path?query" into its parts; the client sends the authority as Host. */
static bool read_url(const char *url, struct httpsig_request *out)
{
    struct span text = span_cstr(url);
    struct cursor cursor = cursor_of(text);
    out->scheme = cursor_until(&cursor, ':');
    cursor_expect(&cursor, "//");
    if (cursor.failed || (!span_is(out->scheme, "https") && !span_is(out->scheme, "http")))
        return false;
    struct span rest = cursor_rest(&cursor);
    const uint8_t *slash = rest.len == 0 ? NULL : memchr(rest.data, '/', rest.len);
    size_t len = slash == NULL ? rest.len : (size_t)(slash - rest.data);
    out->authority = span_part(rest, 0, len);
    out->path = slash == NULL ? SPAN_LITERAL("/") : span_part(rest, len, rest.len);
    const uint8_t *mark = memchr(out->path.data, '?', out->path.len);
    if (mark != NULL) {
        size_t path = (size_t)(mark - out->path.data);
        out->query = span_part(out->path, path + 1, out->path.len);
        out->has_query = true;
        out->path.len = path;
    }
    return len > 0;
}

static void append_field(struct buf *out, const char *name, const struct buf *value)
{
    if (value->len == 0)
        return;
    buf_append_cstr(out, name);
    buf_append_cstr(out, ": ");
    buf_append_span(out, buf_span(value));
    buf_append_cstr(out, "\r\n");
}

enum err sign_request(const struct node *node, const char *method, const char *url,
                      struct span body, struct buf *out)
{
    if (node->request_key == NULL)
        return ERR_CLOSED;
    struct httpsig_request request = {.method = span_cstr(method), .has_body = body.len > 0};
    if (!read_url(url, &request))
        return ERR_BAD_REQUEST;
    struct httpsig_options options = {.keyid = span_cstr(request_key_id(node->request_key)),
                                      .body = body,
                                      .created_s = os_wall_ms() / 1000};
    randombytes_buf(options.nonce, sizeof(options.nonce));
    struct ed25519_signer signer = request_key_signer(node->request_key);
    struct httpsig_fields fields;
    httpsig_fields_init(&fields);
    enum err err = httpsig_sign(&request, &options, &signer, &fields);
    if (err == OK) {
        append_field(out, "Content-Digest", &fields.content_digest);
        append_field(out, "Signature-Input", &fields.signature_input);
        append_field(out, "Signature", &fields.signature);
        err = buf_check(out);
    }
    httpsig_fields_clear(&fields);
    return err;
}

enum err call_headers(const struct node *signer, const char *method, const char *url,
                      struct span body, struct buf *out)
{
    if (body.len > 0)
        buf_append_cstr(out, "Content-Type: application/json\r\n");
    if (signer != NULL && signer->request_key != NULL)
        TRY(sign_request(signer, method, url, body, out));
    buf_append_byte(out, '\0');
    return buf_check(out);
}

/* did:key, and the parts of other DIDs that names need. */
#include "proto/identity/did.h"

#include "proto/identity/multikey.h"
#include "proto/record/record.h"

static const char prefix[] = "did:key:";

void did_key_append(struct buf *out, const struct public_key *key)
{
    buf_append_cstr(out, prefix);
    multikey_append(out, key);
}

enum err did_key_read(struct span did, struct public_key *out, struct why *why)
{
    const struct span start = span_cstr(prefix);
    if (!span_starts_with(did, start) ||
        multikey_read(span_part(did, start.len, did.len), out, NULL) != OK)
        return why_set(why, ERR_BAD_DID, "did:key: an Ed25519 public key (multicodec 0xed)",
                       start.len, "did:key:z6Mk...", NULL);
    return OK;
}

enum err did_key_url_read(struct span url, struct public_key *out, struct why *why)
{
    struct cursor cursor = cursor_of(url);
    struct span did = cursor_until(&cursor, '#');
    struct span fragment = cursor_rest(&cursor);
    if (cursor.failed || !span_equal(span_part(did, sizeof(prefix) - 1, did.len), fragment))
        return why_set(why, ERR_BAD_DID, "did:key: the fragment is the key that the DID names", 0,
                       "did:key:z6Mk...#z6Mk...", NULL);
    return did_key_read(did, out, why);
}

static bool is_id_byte(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_' || c == ':';
}

static bool is_hex_digit(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* DID 1.0, 3.1: letters, digits, ". - _ :" and percent-encoded bytes, with no colon at the end. */
static bool id_is_valid(struct span id)
{
    for (size_t i = 0; i < id.len; i++) {
        if (is_id_byte(id.data[i]))
            continue;
        if (id.data[i] != '%' || id.len - i < 3 || !is_hex_digit(id.data[i + 1]) ||
            !is_hex_digit(id.data[i + 2]))
            return false;
        i += 2;
    }
    return id.len > 0 && id.data[id.len - 1] != ':';
}

/* DID 1.0, 3.1: "did:", a method of lower-case letters and digits, ":", and an id. */
static bool did_is_valid(struct span did)
{
    struct cursor cursor = cursor_of(did);
    cursor_expect(&cursor, "did:");
    struct span method = cursor_until(&cursor, ':');
    struct span id = cursor_rest(&cursor);
    if (cursor.failed || method.len == 0 || did.len > DID_BYTES_MAX)
        return false;
    for (size_t i = 0; i < method.len; i++)
        if (!((method.data[i] >= 'a' && method.data[i] <= 'z') ||
              (method.data[i] >= '0' && method.data[i] <= '9')))
            return false;
    return id_is_valid(id);
}

struct span did_scid(struct span did)
{
    struct cursor cursor = cursor_of(did);
    (void)cursor_until(&cursor, ':');
    (void)cursor_until(&cursor, ':');
    struct span rest = cursor_rest(&cursor);
    const uint8_t *colon = rest.len == 0 ? NULL : memchr(rest.data, ':', rest.len);
    return colon == NULL ? rest : span_of(rest.data, (size_t)(colon - rest.data));
}

enum err did_url_split(struct span url, struct span *origin_out, struct span *id_out,
                       struct why *why)
{
    struct cursor cursor = cursor_of(url);
    struct span origin = cursor_until(&cursor, '/');
    struct span id = cursor_rest(&cursor);
    if (cursor.failed || !did_is_valid(origin))
        return why_set(why, ERR_BAD_DID, "DID 1.0, 3.2: <did>/<id>", 0,
                       "did:key:z6Mk.../products/1", NULL);
    if (!record_id_is_valid(id))
        return why_set(why, ERR_BAD_ID, "the part behind the DID is a record's id", origin.len + 1,
                       NULL, NULL);
    *origin_out = origin;
    *id_out = id;
    return OK;
}

/* Signed notes: a text, an empty line, and who stands by it. */
#include "proto/log/note.h"

#include "proto/base/base64.h"
#include "proto/base/hash.h"
#include "proto/base/text.h"

#define ALGORITHM_ED25519 0x01
#define KEY_ID_BYTES 4u

static const char dash[] = "\xe2\x80\x94 "; /* U+2014 and a space */

void note_key_id(struct span name, const struct public_key *key, uint8_t out[4])
{
    uint8_t tail[2 + sizeof(key->bytes)] = {'\n', ALGORITHM_ED25519};
    memcpy(tail + 2, key->bytes, sizeof(key->bytes));
    /* The name's first byte as the prefix: a key id without a copy, so that making one cannot fail.
     */
    CHECK(name.len > 0);
    struct hash hash =
        sha256_prefixed(name.data[0], span_part(name, 1, name.len), span_of(tail, sizeof(tail)));
    memcpy(out, hash.bytes, KEY_ID_BYTES);
}

/* White_Space of Unicode 15. */
static bool is_space(uint32_t c)
{
    return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
           c == 0x205F || c == 0x3000;
}

bool note_name_is_valid(struct span name)
{
    for (size_t at = 0; at < name.len;) {
        size_t bytes = text_sequence(span_part(name, at, 4));
        if (bytes == 0)
            return false;
        uint32_t c = text_code_point(name.data + at, bytes);
        if (is_space(c) || c == '+')
            return false;
        at += bytes;
    }
    return name.len > 0;
}

static enum err malformed(struct why *why, size_t position, const char *rule)
{
    return why_set(why, ERR_BAD_NOTE, rule, position, NULL, NULL);
}

static enum err check_characters(struct span bytes, struct why *why)
{
    for (size_t at = 0; at < bytes.len;) {
        size_t sequence = text_sequence(span_part(bytes, at, 4));
        if (sequence == 0 || (bytes.data[at] < 0x20 && bytes.data[at] != '\n'))
            return malformed(why, at,
                             "C2SP signed-note: UTF-8 without control characters but newlines");
        at += sequence;
    }
    return OK;
}

/* Where the signatures begin: behind the last empty line. 0: there is none. */
static size_t find_signatures(struct span bytes)
{
    for (size_t at = bytes.len; at >= 2; at--)
        if (bytes.data[at - 1] == '\n' && bytes.data[at - 2] == '\n')
            return at;
    return 0;
}

/* "— name base64" without its newline. */
static enum err read_signature(struct span line, size_t position, struct note *out, struct why *why)
{
    struct cursor cursor = cursor_of(line);
    cursor_expect(&cursor, dash);
    struct span name = cursor_until(&cursor, ' ');
    struct span encoded = cursor_rest(&cursor);
    if (cursor.failed || !note_name_is_valid(name))
        return malformed(why, position,
                         "C2SP signed-note: a signature line is '\xe2\x80\x94 name base64'");
    if (out->count == NOTE_SIGNATURES_MAX)
        return why_set(why, ERR_LIMIT, "limits.h: signatures of a note", position, NULL, NULL);
    struct buf decoded;
    buf_init(&decoded, NOTE_BYTES_MAX);
    enum err err = base64_decode(encoded, &decoded);
    if (err == ERR_SYNTAX || (err == OK && decoded.len <= KEY_ID_BYTES))
        err = malformed(why, position, "C2SP signed-note: base64 of a key id and a signature");
    if (err == OK) {
        struct note_signature *signature = &out->signatures[out->count];
        uint8_t *blob = out->blobs + (size_t)out->count * NOTE_BLOB_BYTES_MAX;
        size_t len = decoded.len - KEY_ID_BYTES;
        *signature = (struct note_signature){.name = name, .blob = span_of(blob, 0)};
        memcpy(signature->key_id, decoded.data, KEY_ID_BYTES);
        if (len <= NOTE_BLOB_BYTES_MAX) {
            memcpy(blob, decoded.data + KEY_ID_BYTES, len);
            signature->blob.len = len;
        }
        out->count++;
    }
    buf_clear(&decoded);
    return err;
}

enum err note_read(struct span bytes, struct note *out, struct why *why)
{
    out->count = 0;
    if (bytes.len > NOTE_BYTES_MAX)
        return why_set(why, ERR_LIMIT, "limits.h: bytes of a note", NOTE_BYTES_MAX, NULL, NULL);
    TRY(check_characters(bytes, why));
    size_t signatures = find_signatures(bytes);
    if (signatures == 0 || signatures == bytes.len)
        return malformed(why, bytes.len, "C2SP signed-note: an empty line, then signatures");
    out->text = span_part(bytes, 0, signatures - 1);
    struct cursor cursor = cursor_of(span_part(bytes, signatures, bytes.len));
    while (!cursor_at_end(&cursor)) {
        size_t position = signatures + cursor.position;
        struct span line = cursor_until(&cursor, '\n');
        if (cursor.failed)
            return malformed(why, position, "C2SP signed-note: every line ends with a newline");
        TRY(read_signature(line, position, out, why));
    }
    return OK;
}

enum err note_verify(const struct note *note, struct span name, const struct public_key *key,
                     struct why *why)
{
    uint8_t key_id[KEY_ID_BYTES];
    if (!note_name_is_valid(name))
        return why_set(why, ERR_BAD_SIGNATURE, "C2SP signed-note: no key has such a name", 0, NULL,
                       NULL);
    note_key_id(name, key, key_id);
    bool found = false;
    for (unsigned i = 0; i < note->count; i++) {
        const struct note_signature *candidate = &note->signatures[i];
        if (!span_equal(candidate->name, name) ||
            memcmp(candidate->key_id, key_id, sizeof(key_id)) != 0)
            continue;
        struct signature signature;
        found = candidate->blob.len == sizeof(signature.bytes);
        if (found) {
            memcpy(signature.bytes, candidate->blob.data, sizeof(signature.bytes));
            found = ed25519_verify(key, note->text, &signature);
        }
        if (!found)
            return why_set(why, ERR_BAD_SIGNATURE, "C2SP signed-note: Ed25519 over the note's text",
                           i, NULL, NULL);
    }
    return found ? OK
                 : why_set(why, ERR_BAD_SIGNATURE,
                           "C2SP signed-note: a signature by this name and key", 0, NULL, NULL);
}

void note_append_signature(struct buf *out, struct span name, const struct public_key *key,
                           const struct signature *signature)
{
    uint8_t bytes[KEY_ID_BYTES + sizeof(signature->bytes)];
    note_key_id(name, key, bytes);
    memcpy(bytes + KEY_ID_BYTES, signature->bytes, sizeof(signature->bytes));
    buf_append_cstr(out, dash);
    buf_append_span(out, name);
    buf_append_byte(out, ' ');
    base64_append(out, span_of(bytes, sizeof(bytes)));
    buf_append_byte(out, '\n');
}

/* Ids for imported records. */
#include "node/import/id.h"

#include <sodium.h>

#include "proto/base/hash.h"
#include "proto/json/jcs.h"
#include "proto/record/record.h"

#define MAPPED_BYTES_MAX 190u
#define TEXT_BYTES_MAX 4096u /* an IRI longer than this names nothing */

static bool is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_id_byte(uint8_t c)
{
    return is_letter(c) || is_digit(c) || c == '.' || c == '_' || c == '~' || c == '-';
}

/* RFC 3986, 3.1: a letter, then letters, digits, '+', '-', '.', up to the colon. */
static bool is_iri(struct span text)
{
    if (text.len == 0 || !is_letter(text.data[0]))
        return false;
    for (size_t i = 1; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (c == ':')
            return i + 1 < text.len;
        if (!is_letter(c) && !is_digit(c) && c != '+' && c != '-' && c != '.')
            return false;
    }
    return false;
}

static struct span without_scheme(struct span iri)
{
    static const struct span schemes[] = {{(const uint8_t *)"https://", 8},
                                          {(const uint8_t *)"http://", 7}};
    for (size_t i = 0; i < 2; i++)
        if (span_starts_with(iri, schemes[i]))
            return span_part(iri, schemes[i].len, iri.len);
    return iri;
}

/* Takes back a segment that an id may not have. */
static size_t end_segment(const uint8_t *text, size_t start, size_t len)
{
    size_t size = len - start;
    bool dots = (size == 1 && text[start] == '.') ||
                (size == 2 && text[start] == '.' && text[start + 1] == '.');
    return dots ? start : len;
}

static size_t map_iri(struct span rest, uint8_t out[MAPPED_BYTES_MAX])
{
    size_t len = 0;
    size_t segment = 0;
    for (size_t i = 0; i < rest.len && len < MAPPED_BYTES_MAX; i++) {
        uint8_t c = rest.data[i];
        if (c != '/' && c != '?' && c != '#') {
            out[len++] = is_id_byte(c) ? c : '-';
            continue;
        }
        len = end_segment(out, segment, len);
        if (len > segment)
            out[len++] = '/';
        segment = len;
    }
    len = end_segment(out, segment, len);
    return len > 0 && out[len - 1] == '/' ? len - 1 : len;
}

static void append_hex(struct buf *out, const uint8_t *bytes, size_t count)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < count; i++) {
        buf_append_byte(out, (uint8_t)digits[bytes[i] >> 4]);
        buf_append_byte(out, (uint8_t)digits[bytes[i] & 15]);
    }
}

static enum err refuse_text(struct span text, const char *expected, struct why *why)
{
    char found[80];
    size_t len = text.len < sizeof(found) ? text.len : sizeof(found) - 1;
    if (len > 0)
        memcpy(found, text.data, len);
    found[len] = '\0';
    return why_set(why, ERR_BAD_ID, "import: the id field", 0, expected, found);
}

enum err import_id_from_text(struct span text, struct buf *out, struct why *why)
{
    if (record_id_is_valid(text)) {
        buf_append_span(out, text);
        return buf_check(out);
    }
    if (text.len == 0)
        return refuse_text(text, "a value that is not empty", why);
    if (!is_iri(text))
        return refuse_text(text, "an IRI, or only A-Z a-z 0-9 . _ ~ / -", why);
    if (text.len > TEXT_BYTES_MAX)
        return refuse_text(text, "at most 4096 bytes", why);
    uint8_t mapped[MAPPED_BYTES_MAX];
    struct hash hash = sha256(text);
    buf_append(out, mapped, map_iri(without_scheme(text), mapped));
    buf_append_byte(out, '~');
    append_hex(out, hash.bytes, 4);
    return buf_check(out);
}

/* Decoded text of a string or integer token; false for anything else. */
static bool token_text(struct span body, const struct tape *tape, uint32_t token, struct buf *out)
{
    const struct tape_token *value = &tape->tokens[token];
    if (value->type == TAPE_STRING) {
        tape_append_decoded(tape, body, token, out);
        return true;
    }
    if (value->type == TAPE_NUMBER && (value->flags & TAPE_INTEGER) != 0) {
        buf_append_span(out, tape_text(tape, body, token));
        return true;
    }
    return false;
}

/* A key as its canonical text has it, without quotes. */
static uint32_t member_by_name(struct span body, const struct tape *tape, uint32_t object,
                               struct span name)
{
    struct buf key;
    buf_init(&key, TEXT_BYTES_MAX * 6 + 2);
    jcs_append_string(&key, name);
    uint32_t found = TAPE_NONE;
    if (buf_check(&key) == OK)
        found = tape_member(tape, body, object, span_part(buf_span(&key), 1, key.len - 2));
    buf_clear(&key);
    return found;
}

static uint32_t item_by_number(const struct tape *tape, uint32_t array, struct span digits)
{
    struct cursor cursor = cursor_of(digits);
    uint64_t index = cursor_u64(&cursor);
    if (cursor.failed || !cursor_at_end(&cursor) || index >= tape->tokens[array].count)
        return TAPE_NONE;
    uint32_t token = array + 1;
    for (uint64_t i = 0; i < index; i++)
        token = tape->tokens[token].next;
    return token;
}

/* RFC 6901, 4: "~1" is '/', "~0" is '~'. */
static struct span unescape(struct span part, struct buf *out)
{
    buf_reset(out);
    for (size_t i = 0; i < part.len; i++) {
        bool escape = part.data[i] == '~' && i + 1 < part.len;
        if (escape && part.data[i + 1] == '1')
            buf_append_byte(out, '/');
        else if (escape && part.data[i + 1] == '0')
            buf_append_byte(out, '~');
        else
            buf_append_byte(out, part.data[i]);
        i += escape && (part.data[i + 1] == '0' || part.data[i + 1] == '1');
    }
    return buf_span(out);
}

static uint32_t follow_pointer(struct span body, const struct tape *tape, struct span pointer)
{
    uint32_t token = 0;
    struct buf name;
    buf_init(&name, TEXT_BYTES_MAX);
    for (size_t at = 0; at < pointer.len && token != TAPE_NONE;) {
        struct span rest = span_part(pointer, at + 1, pointer.len);
        const uint8_t *slash = rest.len == 0 ? NULL : memchr(rest.data, '/', rest.len);
        size_t len = slash == NULL ? rest.len : (size_t)(slash - rest.data);
        struct span part = unescape(span_part(rest, 0, len), &name);
        if (tape->tokens[token].type == TAPE_OBJECT)
            token = member_by_name(body, tape, token, part);
        else if (tape->tokens[token].type == TAPE_ARRAY)
            token = item_by_number(tape, token, part);
        else
            token = TAPE_NONE;
        at += len + 1;
    }
    buf_clear(&name);
    return token;
}

static enum err id_from_field(struct span body, const struct tape *tape, const char *id_from,
                              struct buf *out, struct why *why)
{
    struct span name = span_cstr(id_from);
    uint32_t token =
        id_from[0] == '/' ? follow_pointer(body, tape, name) : member_by_name(body, tape, 0, name);
    if (token == TAPE_NONE)
        return why_set(why, ERR_BAD_ID, "import: the id field", 0, id_from, "no such field");
    struct buf text;
    buf_init(&text, LINE_BYTES_MAX);
    enum err err = token_text(body, tape, token, &text) ? buf_check(&text) : ERR_BAD_ID;
    if (err == ERR_BAD_ID)
        (void)why_set(why, err, "import: the id field", 0, "a string or an integer",
                      "another kind of value");
    if (err == OK)
        err = import_id_from_text(buf_span(&text), out, why);
    buf_clear(&text);
    return err;
}

/* A blank node's name (RDF 1.1, 3.5) means nothing outside its document. */
static bool is_blank_node(struct span text)
{
    return span_starts_with(text, SPAN_LITERAL("_:"));
}

static bool id_from_own_name(struct span body, const struct tape *tape, const char *key,
                             struct buf *out)
{
    uint32_t token = tape_member(tape, body, 0, span_cstr(key));
    if (token == TAPE_NONE)
        return false;
    struct buf text;
    buf_init(&text, LINE_BYTES_MAX);
    bool found = token_text(body, tape, token, &text) && !is_blank_node(buf_span(&text)) &&
                 import_id_from_text(buf_span(&text), out, NULL) == OK;
    buf_clear(&text);
    return found;
}

enum err import_id_of_content(struct span body, struct buf *out)
{
    struct hash hash = sha256(body);
    char text[sodium_base64_ENCODED_LEN(12, sodium_base64_VARIANT_URLSAFE_NO_PADDING)];
    buf_append_cstr(out, "c/");
    buf_append_cstr(out, sodium_bin2base64(text, sizeof(text), hash.bytes, 12,
                                           sodium_base64_VARIANT_URLSAFE_NO_PADDING));
    return buf_check(out);
}

enum err import_id(struct span body, const struct tape *tape, const char *id_from, struct buf *out,
                   struct why *why)
{
    if (tape->tokens[0].type != TAPE_OBJECT)
        return why_set(why, ERR_BAD_ID, "import: an item is a JSON object", 0, "an object", NULL);
    if (id_from != NULL)
        return id_from_field(body, tape, id_from, out, why);
    if (id_from_own_name(body, tape, "@id", out) || id_from_own_name(body, tape, "id", out))
        return OK;
    return import_id_of_content(body, out);
}

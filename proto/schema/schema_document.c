#include "proto/schema/schema_document.h"

#include <stdlib.h>

#include "proto/limits.h"

static const struct tape_limits document_limits = {.bytes_max = SCHEMA_BYTES_MAX,
                                                   .depth_max = SCHEMA_DEPTH_MAX};

static enum err schema_document_set(struct schema_document *out, struct span uri, struct span text)
{
    struct schema_document document = {.owned = malloc(uri.len + text.len + 1)};
    if (document.owned == NULL)
        return ERR_NO_MEMORY;
    if (uri.len > 0)
        memcpy(document.owned, uri.data, uri.len);
    memcpy(document.owned + uri.len, text.data, text.len);
    document.uri = span_of(document.owned, uri.len);
    document.text = span_of(document.owned + uri.len, text.len);
    tape_init(&document.tape);
    *out = document;
    return OK;
}

enum err schema_document_read(struct schema_document *out, struct span uri, struct span json,
                              struct why *why)
{
    struct jcs *jcs = jcs_new();
    struct buf canonical;
    buf_init(&canonical, SCHEMA_BYTES_MAX);
    struct schema_document document = {.owned = NULL};
    enum err err = jcs == NULL ? ERR_NO_MEMORY : OK;
    if (err == OK)
        err = jcs_canonicalise(jcs, json, &document_limits, &canonical, why);
    if (err == OK)
        err = schema_document_set(&document, uri, buf_span(&canonical));
    if (err == OK)
        err = tape_scan(&document.tape, document.text, &document_limits, why);
    buf_clear(&canonical);
    jcs_free(jcs);
    if (err != OK)
        schema_document_clear(&document);
    else
        *out = document;
    return err;
}

enum err schema_document_copy(struct schema_document *out, const struct schema_document *from)
{
    struct schema_document document;
    TRY(schema_document_set(&document, from->uri, from->text));
    document.tape.tokens = malloc(from->tape.count * sizeof(*document.tape.tokens));
    if (document.tape.tokens == NULL) {
        schema_document_clear(&document);
        return ERR_NO_MEMORY;
    }
    memcpy(document.tape.tokens, from->tape.tokens,
           from->tape.count * sizeof(*document.tape.tokens));
    document.tape.count = document.tape.cap = from->tape.count;
    *out = document;
    return OK;
}

void schema_document_clear(struct schema_document *document)
{
    free(document->owned);
    tape_clear(&document->tape);
    document->owned = NULL;
}

void pointer_append_key(const struct tape *tape, struct span text, uint32_t key, struct buf *out)
{
    size_t start = out->len;
    tape_append_decoded(tape, text, key, out);
    for (size_t i = start; i < out->len; i++) {
        if (out->data[i] != '~' && out->data[i] != '/')
            continue;
        uint8_t digit = out->data[i] == '~' ? '0' : '1';
        buf_append_byte(out, 0);
        if (buf_check(out) != OK)
            return;
        memmove(out->data + i + 1, out->data + i, out->len - i - 1);
        out->data[i] = '~';
        out->data[++i] = digit;
    }
}

void pointer_append(const struct tape *tape, struct span text, uint32_t from, uint32_t to,
                    struct buf *out)
{
    uint32_t at = from;
    while (at != to) {
        const struct tape_token *container = &tape->tokens[at];
        bool is_object = container->type == TAPE_OBJECT;
        uint32_t child = at + 1;
        uint32_t index = 0;
        CHECK(is_object || container->type == TAPE_ARRAY);
        for (;; index++) {
            uint32_t value = is_object ? child + 1 : child;
            if (to < tape->tokens[value].next)
                break;
            child = tape->tokens[value].next;
        }
        buf_append_byte(out, '/');
        if (is_object)
            pointer_append_key(tape, text, child, out);
        else
            buf_append_u64(out, index);
        /* A key has no place of its own: it is told by the value's. */
        if (is_object && to == child)
            return;
        at = is_object ? child + 1 : child;
    }
}

/* The item that a segment of digits names, or TAPE_NONE. */
static uint32_t find_item(const struct tape *tape, uint32_t array, struct span segment)
{
    struct cursor cursor = cursor_of(segment);
    uint64_t index = cursor_u64(&cursor);
    if (cursor.failed || !cursor_at_end(&cursor) || index >= tape->tokens[array].count)
        return TAPE_NONE;
    uint32_t item = array + 1;
    for (uint64_t i = 0; i < index; i++)
        item = tape->tokens[item].next;
    return item;
}

static uint32_t find_member(const struct tape *tape, struct span text, uint32_t object,
                            struct span segment)
{
    struct buf key;
    struct buf escaped;
    buf_init(&key, segment.len + 1);
    buf_init(&escaped, segment.len * 6 + 2);
    bool well_formed = true;
    for (size_t i = 0; i < segment.len; i++) {
        uint8_t c = segment.data[i];
        if (c == '~') {
            uint8_t digit = i + 1 < segment.len ? segment.data[++i] : 0;
            well_formed = well_formed && (digit == '0' || digit == '1');
            c = digit == '0' ? '~' : '/';
        }
        buf_append_byte(&key, c);
    }
    uint32_t found = TAPE_NONE;
    jcs_append_string(&escaped, buf_span(&key));
    if (well_formed && buf_check(&key) == OK && buf_check(&escaped) == OK)
        found = tape_member(tape, text, object, span_of(escaped.data + 1, escaped.len - 2));
    buf_clear(&key);
    buf_clear(&escaped);
    return found;
}

uint32_t pointer_find(const struct tape *tape, struct span text, uint32_t from, struct span pointer)
{
    uint32_t at = from;
    struct cursor cursor = cursor_of(pointer);
    while (!cursor_at_end(&cursor)) {
        if (pointer.data[cursor.position++] != '/')
            return TAPE_NONE;
        size_t start = cursor.position;
        while (cursor.position < pointer.len && pointer.data[cursor.position] != '/')
            cursor.position++;
        struct span segment = span_of(pointer.data + start, cursor.position - start);
        if (tape->tokens[at].type == TAPE_OBJECT)
            at = find_member(tape, text, at, segment);
        else if (tape->tokens[at].type == TAPE_ARRAY)
            at = find_item(tape, at, segment);
        else
            at = TAPE_NONE;
        if (at == TAPE_NONE)
            return TAPE_NONE;
    }
    return at;
}

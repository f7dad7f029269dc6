#include "proto/json/tape.h"

#include <stdlib.h>

#include "proto/base/number.h"
#include "proto/json/key_order.h"
#include "proto/json/number_scan.h"
#include "proto/json/plain.h"
#include "proto/json/string.h"
#include "proto/limits.h"

#define COUNT_MAX ((1u << 24) - 1)

const struct tape_limits tape_record_limits = {.bytes_max = LINE_BYTES_MAX,
                                               .depth_max = JSON_DEPTH_MAX};

void tape_init(struct tape *tape)
{
    *tape = (struct tape){.tokens = NULL};
}

void tape_clear(struct tape *tape)
{
    free(tape->tokens);
    tape_init(tape);
}

/* While a container is open its token holds in `length` the container around it and in `next` its
 * last key, so that nesting needs no stack. */
struct scan {
    const uint8_t *begin;
    const uint8_t *end;
    const uint8_t *at;
    struct tape *tape;
    struct why *why;
};

static enum err refuse(const struct scan *scan, enum err err, const uint8_t *at, const char *rule,
                       const char *expected)
{
    char found[8] = "the end";
    if (at < scan->end) {
        found[0] = (char)*at;
        found[1] = 0;
    }
    return why_set(scan->why, err, rule, (uint64_t)(at - scan->begin), expected, found);
}

/* What stands where something else should: white space is the usual reason. */
static enum err unexpected(const struct scan *scan, const char *expected)
{
    const uint8_t *at = scan->at;
    if (at < scan->end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
        return refuse(scan, ERR_NOT_CANONICAL, at, "RFC 8785, 3.2.1: no white space between tokens",
                      expected);
    return refuse(scan, ERR_SYNTAX, at, "RFC 8259, 2: JSON grammar", expected);
}

static bool grow(struct tape *tape)
{
    if (tape->cap > UINT32_MAX / 2)
        return false;
    uint32_t cap = tape->cap == 0 ? 128 : tape->cap * 2;
    struct tape_token *tokens = realloc(tape->tokens, cap * sizeof(*tokens));
    if (tokens == NULL)
        return false;
    tape->tokens = tokens;
    tape->cap = cap;
    return true;
}

/* A new token that begins at the scan's place, or NULL: no memory. */
static inline struct tape_token *push(struct scan *scan, enum tape_type type)
{
    struct tape *tape = scan->tape;
    if (__builtin_expect(tape->count == tape->cap, 0) && !grow(tape))
        return NULL;
    struct tape_token *token = &tape->tokens[tape->count++];
    *token = (struct tape_token){
        .offset = (uint32_t)(scan->at - scan->begin), .next = tape->count, .type = type & 0xF};
    return token;
}

static enum err no_memory(const struct scan *scan)
{
    return why_set(scan->why, ERR_NO_MEMORY, "tape", (uint64_t)(scan->at - scan->begin), NULL,
                   NULL);
}

static inline enum err scan_string(struct scan *scan)
{
    scan->at++;
    struct tape_token *token = push(scan, TAPE_STRING);
    if (token == NULL)
        return no_memory(scan);
    const uint8_t *start = scan->at;
    bool escaped = false;
    const uint8_t *at = start;
    for (;;) {
        at = plain_skip(at, scan->end);
        if (__builtin_expect(at < scan->end && *at == '"', 1))
            break;
        if (at < scan->end && *at >= 0x80) {
            size_t bytes = text_sequence(span_of(at, (size_t)(scan->end - at)));
            if (bytes == 0)
                return refuse(scan, ERR_BAD_TEXT, at, "RFC 8259, 8.1: text is well-formed UTF-8",
                              "UTF-8");
            at += bytes;
            continue;
        }
        struct string_fault fault;
        size_t bytes = string_escape(at, scan->end, &fault);
        if (bytes == 0)
            return refuse(scan, fault.err, fault.at, fault.rule, fault.expected);
        escaped = true;
        at += bytes;
    }
    token->length = (uint32_t)(at - start);
    token->flags = escaped ? TAPE_ESCAPED : 0;
    scan->at = at + 1;
    return OK;
}

static enum err scan_word(struct scan *scan, enum tape_type type, const char *word, size_t len)
{
    if ((size_t)(scan->end - scan->at) < len || memcmp(scan->at, word, len) != 0)
        return unexpected(scan, "a value");
    struct tape_token *token = push(scan, type);
    if (token == NULL)
        return no_memory(scan);
    token->length = (uint32_t)len;
    scan->at += len;
    return OK;
}

static enum err number_fault(const struct scan *scan, enum number_verdict verdict)
{
    switch (verdict) {
    case NUMBER_TOO_GREAT:
        return refuse(scan, ERR_BAD_NUMBER, scan->at, "RFC 8785, 3.2.2.3: numbers are IEEE doubles",
                      "a number within +-1.797e308");
    case NUMBER_NOT_CANONICAL:
        return refuse(scan, ERR_NOT_CANONICAL, scan->at,
                      "RFC 8785, 3.2.2.3: numbers as ECMAScript writes them", "its shortest form");
    default:
        return unexpected(scan, "a value");
    }
}

static inline enum err scan_number(struct scan *scan)
{
    struct number_shape shape;
    enum number_verdict verdict =
        number_scan(span_of(scan->at, (size_t)(scan->end - scan->at)), &shape);
    if (verdict != NUMBER_CANONICAL)
        return number_fault(scan, verdict);
    struct tape_token *token = push(scan, TAPE_NUMBER);
    if (token == NULL)
        return no_memory(scan);
    token->length = (uint32_t)shape.len;
    token->flags = shape.is_integer ? TAPE_INTEGER : 0;
    scan->at += shape.len;
    return OK;
}

static inline enum err scan_scalar(struct scan *scan)
{
    switch (scan->at < scan->end ? *scan->at : 0) {
    case '"':
        return scan_string(scan);
    case 'n':
        return scan_word(scan, TAPE_NULL, "null", 4);
    case 'f':
        return scan_word(scan, TAPE_FALSE, "false", 5);
    case 't':
        return scan_word(scan, TAPE_TRUE, "true", 4);
    default:
        return scan_number(scan);
    }
}

static inline struct span token_text(const struct scan *scan, const struct tape_token *token)
{
    return span_of(scan->begin + token->offset, token->length);
}

/* The key just scanned comes behind the one before it. */
static inline enum err check_order(const struct scan *scan, const struct tape_token *before,
                                   const struct tape_token *key)
{
    struct span a = token_text(scan, before);
    struct span b = token_text(scan, key);
    int order = before->flags | key->flags ? key_order_escaped(a, b) : key_order_plain(a, b);
    if (__builtin_expect(order < 0, 1))
        return OK;
    if (order == 0)
        return refuse(scan, ERR_DUPLICATE_KEY, b.data, "RFC 8785, 3.1: keys are unique",
                      "another key");
    return refuse(scan, ERR_NOT_CANONICAL, b.data, "RFC 8785, 3.2.3: keys are sorted",
                  "a key behind the one before it");
}

/* A key and its colon, for the open object. */
static inline enum err scan_key(struct scan *scan, uint32_t object)
{
    if (scan->at == scan->end || *scan->at != '"')
        return unexpected(scan, "a key in quotes");
    uint32_t key = scan->tape->count;
    TRY(scan_string(scan));
    struct tape_token *tokens = scan->tape->tokens;
    if (tokens[object].count != 0)
        TRY(check_order(scan, &tokens[tokens[object].next], &tokens[key]));
    tokens[object].next = key;
    if (scan->at == scan->end || *scan->at != ':')
        return unexpected(scan, ":");
    scan->at++;
    return OK;
}

static inline enum err count_one(const struct scan *scan, struct tape_token *container)
{
    if (__builtin_expect(container->count == COUNT_MAX, 0))
        return refuse(scan, ERR_LIMIT, scan->at, "limits.h: at most 16,777,215 items of one value",
                      "fewer items");
    container->count = (container->count + 1) & COUNT_MAX;
    return OK;
}

/* One token each turn, until the outermost container is closed. */
static enum err scan_container(struct scan *scan, unsigned depth_max)
{
    struct tape *tape = scan->tape;
    uint32_t open = TAPE_NONE;
    unsigned depth = 0;
    do {
        bool is_empty = false;
        if (*scan->at == '{' || *scan->at == '[') {
            if (depth++ == depth_max)
                return refuse(scan, ERR_LIMIT, scan->at, "limits.h: nesting", "fewer levels");
            bool is_object = *scan->at == '{';
            struct tape_token *token = push(scan, is_object ? TAPE_OBJECT : TAPE_ARRAY);
            if (token == NULL)
                return no_memory(scan);
            token->length = open;
            open = tape->count - 1;
            scan->at++;
            is_empty = scan->at < scan->end && *scan->at == (is_object ? '}' : ']');
        } else {
            TRY(scan_scalar(scan));
            if (scan->at < scan->end && *scan->at == ',')
                scan->at++;
            else
                is_empty = true;
        }
        /* Here either a new item of the open container begins, or it is closed, and perhaps those
         * around it. */
        while (is_empty) {
            struct tape_token *token = &tape->tokens[open];
            uint8_t close = token->type == TAPE_OBJECT ? '}' : ']';
            if (scan->at == scan->end || *scan->at != close)
                return unexpected(scan, close == '}' ? ", or }" : ", or ]");
            scan->at++;
            open = token->length;
            token->length = (uint32_t)(scan->at - scan->begin) - token->offset;
            token->next = tape->count;
            depth--;
            if (depth == 0)
                return OK;
            if (scan->at < scan->end && *scan->at == ',') {
                scan->at++;
                is_empty = false;
            }
        }
        if (tape->tokens[open].type == TAPE_OBJECT)
            TRY(scan_key(scan, open));
        TRY(count_one(scan, &tape->tokens[open]));
    } while (scan->at < scan->end);
    return unexpected(scan, "a value");
}

enum err tape_scan(struct tape *tape, struct span text, const struct tape_limits *limits,
                   struct why *why)
{
    struct scan scan = {
        .begin = text.data, .end = text.data + text.len, .at = text.data, .tape = tape, .why = why};
    tape->count = 0;
    if (text.len > limits->bytes_max || text.len >= UINT32_MAX)
        return why_set(why, ERR_LIMIT, "limits.h: bytes of one text", limits->bytes_max, NULL,
                       NULL);
    if (text.len == 0)
        return unexpected(&scan, "a value");
    if (*scan.at == '{' || *scan.at == '[')
        TRY(scan_container(&scan, limits->depth_max));
    else
        TRY(scan_scalar(&scan));
    if (scan.at != scan.end)
        return unexpected(&scan, "nothing more");
    return OK;
}

uint32_t tape_member(const struct tape *tape, struct span text, uint32_t object, struct span key)
{
    const struct tape_token *tokens = tape->tokens;
    uint32_t at = object + 1;
    for (uint32_t i = 0; i < tokens[object].count; i++) {
        int order = key_order_escaped(tape_text(tape, text, at), key);
        if (order == 0)
            return at + 1;
        if (order > 0)
            return TAPE_NONE;
        at = tokens[at + 1].next;
    }
    return TAPE_NONE;
}

void tape_append_decoded(const struct tape *tape, struct span text, uint32_t index, struct buf *out)
{
    struct span escaped = tape_text(tape, text, index);
    if ((tape->tokens[index].flags & TAPE_ESCAPED) == 0) {
        buf_append_span(out, escaped);
        return;
    }
    size_t at = 0;
    while (at < escaped.len) {
        if (escaped.data[at] == '\\')
            buf_append_byte(out, key_order_unescape(escaped, &at));
        else
            buf_append_byte(out, escaped.data[at++]);
    }
}

double tape_number(const struct tape *tape, struct span text, uint32_t index)
{
    return number_read(tape_text(tape, text, index));
}

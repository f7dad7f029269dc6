/* The end of a JSON value: strings with their escapes, and a stack of brackets, one bit each. */
#include "node/import/json_items.h"

#include "proto/limits.h"

struct nesting {
    uint32_t depth;
    uint8_t squares[IMPORT_NESTING_MAX / 8]; /* bit set: '[', clear: '{' */
    bool in_string;
    bool escaped;
    bool scalar; /* a number or a word, which ends where something else begins */
};

enum step { STEP_ON, STEP_LAST, STEP_BEFORE, STEP_MISMATCH, STEP_TOO_DEEP };

static enum step nesting_open(struct nesting *nesting, bool square)
{
    if (nesting->depth == IMPORT_NESTING_MAX)
        return STEP_TOO_DEEP;
    uint8_t bit = (uint8_t)(1u << (nesting->depth % 8));
    uint8_t *byte = &nesting->squares[nesting->depth / 8];
    *byte = (uint8_t)(square ? *byte | bit : *byte & ~bit);
    nesting->depth++;
    return STEP_ON;
}

static enum step nesting_close(struct nesting *nesting, bool square)
{
    if (nesting->depth == 0)
        return STEP_MISMATCH;
    nesting->depth--;
    bool opened_square = (nesting->squares[nesting->depth / 8] >> (nesting->depth % 8) & 1) != 0;
    if (opened_square != square)
        return STEP_MISMATCH;
    return nesting->depth == 0 ? STEP_LAST : STEP_ON;
}

static enum step string_step(struct nesting *nesting, uint8_t c)
{
    if (nesting->escaped) {
        nesting->escaped = false;
    } else if (c == '\\') {
        nesting->escaped = true;
    } else if (c == '"') {
        nesting->in_string = false;
        return nesting->depth == 0 ? STEP_LAST : STEP_ON;
    }
    return STEP_ON;
}

static bool ends_scalar(uint8_t c)
{
    return c == ',' || c == ']' || c == '}' || c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static enum step nesting_step(struct nesting *nesting, uint8_t c)
{
    if (nesting->in_string)
        return string_step(nesting, c);
    if (nesting->scalar)
        return ends_scalar(c) ? STEP_BEFORE : STEP_ON;
    switch (c) {
    case '"':
        nesting->in_string = true;
        return STEP_ON;
    case '{':
    case '[':
        return nesting_open(nesting, c == '[');
    case '}':
    case ']':
        return nesting_close(nesting, c == ']');
    default:
        if (nesting->depth > 0)
            return STEP_ON;
        if (ends_scalar(c))
            return STEP_MISMATCH;
        nesting->scalar = true;
        return STEP_ON;
    }
}

static enum err refuse(struct reader *reader, bool *lost_out, enum step step, struct why *why)
{
    *lost_out = true;
    if (step == STEP_TOO_DEEP)
        return why_set(why, ERR_LIMIT, "import: nesting", reader->offset, "at most 1024 levels",
                       "more");
    int c = reader_peek(reader);
    char found[2] = {(char)c, '\0'};
    return why_set(why, ERR_SYNTAX, "RFC 8259, 4 and 5: brackets match", reader->offset,
                   "the bracket that closes the last one opened", found);
}

static enum err ended(const struct reader *reader, bool *lost_out, struct why *why)
{
    *lost_out = true;
    if (reader->failed == ERR_BAD_TEXT)
        return why_set(why, ERR_BAD_TEXT, "RFC 8259, 8.1: text is UTF-8", 0, "UTF-8", "UTF-16");
    if (reader->failed != OK)
        return why_set(why, reader->failed, "import: reading", reader->offset, NULL, NULL);
    return why_set(why, ERR_SYNTAX, "RFC 8259: a value is whole", reader->offset,
                   "the rest of the value", "the end of the file");
}

/* Follows the value to its end, appending it; what went wrong is told apart by the caller. */
static enum err take(struct reader *reader, struct buf *out, bool *lost_out, struct why *why)
{
    struct nesting nesting = {.depth = 0};
    enum step step = STEP_ON;
    while (step == STEP_ON) {
        if (reader->at == reader->len && !reader_fill(reader)) {
            if (nesting.scalar && reader->failed == OK)
                break;
            return ended(reader, lost_out, why);
        }
        struct span held = reader_held(reader);
        size_t taken = 0;
        while (taken < held.len && step == STEP_ON) {
            step = nesting_step(&nesting, held.data[taken]);
            if (step == STEP_ON || step == STEP_LAST)
                taken++;
        }
        if (out != NULL)
            buf_append(out, held.data, taken);
        reader_advance(reader, taken);
    }
    if (step == STEP_MISMATCH || step == STEP_TOO_DEEP)
        return refuse(reader, lost_out, step, why);
    return OK;
}

enum err json_item_take(struct reader *reader, struct buf *out, bool *lost_out, struct why *why)
{
    size_t before = out == NULL ? 0 : out->len;
    *lost_out = false;
    enum err err = take(reader, out, lost_out, why);
    if (out == NULL || (err == OK && out->failed == OK))
        return err;
    out->len = before;
    if (err == OK) {
        err = why_set(why, out->failed, "import: size of an item", reader->offset, "at most 1 MiB",
                      "more");
        *lost_out = err == ERR_NO_MEMORY;
    }
    out->failed = OK;
    return err;
}

static size_t skip_space(struct span text, size_t at)
{
    while (at < text.len && (text.data[at] == ' ' || text.data[at] == '\n' ||
                             text.data[at] == '\r' || text.data[at] == '\t'))
        at++;
    return at;
}

/* Where the value that begins at `at` ends, or SIZE_MAX. */
static size_t value_end(struct span text, size_t at)
{
    struct nesting nesting = {.depth = 0};
    for (; at < text.len; at++) {
        switch (nesting_step(&nesting, text.data[at])) {
        case STEP_ON:
            break;
        case STEP_LAST:
            return at + 1;
        case STEP_BEFORE:
            return at;
        case STEP_MISMATCH:
        case STEP_TOO_DEEP:
            return SIZE_MAX;
        }
    }
    return SIZE_MAX;
}

bool json_item_member(struct span object, const char *key, struct span *value_out)
{
    size_t at = skip_space(object, 0);
    if (at == object.len || object.data[at] != '{')
        return false;
    for (at++;;) {
        at = skip_space(object, at);
        if (at == object.len || object.data[at] != '"')
            return false;
        size_t key_end = value_end(object, at);
        if (key_end == SIZE_MAX)
            return false;
        bool found = span_is(span_part(object, at + 1, key_end - at - 2), key);
        at = skip_space(object, key_end);
        if (at == object.len || object.data[at] != ':')
            return false;
        at = skip_space(object, at + 1);
        size_t end = value_end(object, at);
        if (end == SIZE_MAX)
            return false;
        if (found) {
            *value_out = span_part(object, at, end - at);
            return true;
        }
        at = skip_space(object, end);
        if (at == object.len || object.data[at] != ',')
            return false;
        at++;
    }
}

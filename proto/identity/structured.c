/* One pass from left to right, into arrays of fixed size. */
#include "proto/identity/structured.h"

/* RFC 8941, 3.3.1 and 3.3.2. */
#define INTEGER_DIGITS_MAX 15u
#define DECIMAL_DIGITS_MAX 12u
#define FRACTION_DIGITS_MAX 3u

struct reader {
    struct span input;
    size_t at;
    struct structured_dictionary *out;
    struct why *why;
};

static enum err malformed(const struct reader *reader, const char *rule)
{
    return why_set(reader->why, ERR_BAD_REQUEST, rule, reader->at, NULL, NULL);
}

static enum err too_many(const struct reader *reader, const char *rule)
{
    return why_set(reader->why, ERR_LIMIT, rule, reader->at, NULL, NULL);
}

/* The byte at hand, or 0 at the end; a NUL in the field is no valid byte anywhere. */
static uint8_t peek(const struct reader *reader)
{
    return reader->at < reader->input.len ? reader->input.data[reader->at] : 0;
}

static bool take(struct reader *reader, uint8_t byte)
{
    if (reader->at == reader->input.len || reader->input.data[reader->at] != byte)
        return false;
    reader->at++;
    return true;
}

static void skip_spaces(struct reader *reader, bool tabs)
{
    while (peek(reader) == ' ' || (tabs && peek(reader) == '\t'))
        reader->at++;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_lower(uint8_t c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_alpha(uint8_t c)
{
    return is_lower(c) || (c >= 'A' && c <= 'Z');
}

static bool is_token_byte(uint8_t c)
{
    return c != 0 && (is_alpha(c) || is_digit(c) || strchr("!#$%&'*+-.^_`|~:/", c) != NULL);
}

static bool is_base64_byte(uint8_t c)
{
    return is_alpha(c) || is_digit(c) || c == '+' || c == '/' || c == '=';
}

/* 4.2.3.3. */
static enum err read_key(struct reader *reader, struct span *out)
{
    size_t start = reader->at;
    if (!is_lower(peek(reader)) && peek(reader) != '*')
        return malformed(reader, "RFC 8941, 3.1.2: a key begins with a lower-case letter or *");
    while (is_lower(peek(reader)) || is_digit(peek(reader)) ||
           (peek(reader) != 0 && strchr("_-.*", peek(reader)) != NULL))
        reader->at++;
    *out = span_part(reader->input, start, reader->at - start);
    return OK;
}

/* 4.2.4. */
static enum err read_number(struct reader *reader, struct structured_value *out)
{
    size_t start = reader->at;
    bool negative = take(reader, '-');
    size_t digits = reader->at;
    int64_t value = 0;
    out->type = STRUCTURED_INTEGER;
    for (; is_digit(peek(reader)); reader->at++) {
        if (reader->at - digits == INTEGER_DIGITS_MAX)
            return malformed(reader, "RFC 8941, 3.3.1: at most 15 digits");
        value = value * 10 + (peek(reader) - '0');
    }
    size_t count = reader->at - digits;
    if (count == 0)
        return malformed(reader, "RFC 8941, 3.3.1: a digit");
    out->integer = negative ? -value : value;
    if (take(reader, '.')) {
        size_t fraction = reader->at;
        while (is_digit(peek(reader)))
            reader->at++;
        if (count > DECIMAL_DIGITS_MAX || reader->at == fraction ||
            reader->at - fraction > FRACTION_DIGITS_MAX)
            return malformed(reader, "RFC 8941, 3.3.2: up to 12 digits, a point, up to 3 digits");
        out->type = STRUCTURED_DECIMAL;
    }
    out->text = span_part(reader->input, start, reader->at - start);
    return OK;
}

/* 4.2.5; the opening quote is taken. */
static enum err read_string(struct reader *reader, struct structured_value *out)
{
    size_t start = reader->at;
    out->type = STRUCTURED_STRING;
    for (; peek(reader) != '"'; reader->at++) {
        uint8_t c = peek(reader);
        if (c < 0x20 || c > 0x7e)
            return malformed(reader, "RFC 8941, 3.3.3: printable ASCII and a closing quote");
        if (c != '\\')
            continue;
        out->escaped = true;
        reader->at++;
        if (peek(reader) != '"' && peek(reader) != '\\')
            return malformed(reader, "RFC 8941, 3.3.3: a backslash is before a quote or another");
    }
    out->text = span_of(reader->input.data + start, reader->at - start);
    reader->at++;
    return OK;
}

/* 4.2.6. */
static enum err read_token(struct reader *reader, struct structured_value *out)
{
    size_t start = reader->at;
    out->type = STRUCTURED_TOKEN;
    while (is_token_byte(peek(reader)))
        reader->at++;
    out->text = span_part(reader->input, start, reader->at - start);
    return OK;
}

/* 4.2.7; the opening colon is taken. Whether it is base64 is seen when it is decoded. */
static enum err read_bytes(struct reader *reader, struct structured_value *out)
{
    size_t start = reader->at;
    out->type = STRUCTURED_BYTES;
    while (is_base64_byte(peek(reader)))
        reader->at++;
    out->text = span_of(reader->input.data + start, reader->at - start);
    if (!take(reader, ':'))
        return malformed(reader, "RFC 8941, 3.3.5: base64 between colons");
    return OK;
}

static enum err read_boolean(struct reader *reader, struct structured_value *out)
{
    out->type = STRUCTURED_BOOLEAN;
    out->boolean = peek(reader) == '1';
    if (!take(reader, '0') && !take(reader, '1'))
        return malformed(reader, "RFC 8941, 3.3.6: ?0 or ?1");
    return OK;
}

/* 4.2.3.1. */
static enum err read_bare(struct reader *reader, struct structured_value *out)
{
    *out = (struct structured_value){.text = span_of(NULL, 0)};
    uint8_t c = peek(reader);
    if (c == '-' || is_digit(c))
        return read_number(reader, out);
    if (is_alpha(c) || c == '*')
        return read_token(reader, out);
    if (take(reader, '"'))
        return read_string(reader, out);
    if (take(reader, ':'))
        return read_bytes(reader, out);
    if (take(reader, '?'))
        return read_boolean(reader, out);
    return malformed(reader, "RFC 8941, 4.2.3.1: an item");
}

/* 4.2.3.2. */
static enum err read_parameters(struct reader *reader, struct structured_run *out)
{
    struct structured_dictionary *all = reader->out;
    *out = (struct structured_run){.first = all->parameter_count};
    while (take(reader, ';')) {
        struct structured_parameter parameter;
        skip_spaces(reader, false);
        TRY(read_key(reader, &parameter.key));
        parameter.value = (struct structured_value){
            .type = STRUCTURED_BOOLEAN, .boolean = true, .text = span_of(NULL, 0)};
        if (take(reader, '='))
            TRY(read_bare(reader, &parameter.value));
        for (unsigned i = 0; i < out->count; i++)
            if (span_equal(all->parameters[out->first + i].key, parameter.key))
                return malformed(reader, "a parameter comes once");
        if (all->parameter_count == STRUCTURED_PARAMETERS_MAX)
            return too_many(reader, "limits.h: parameters of a structured field");
        all->parameters[all->parameter_count++] = parameter;
        out->count++;
    }
    return OK;
}

/* 4.2.1.2; the opening bracket is taken. */
static enum err read_list(struct reader *reader, struct structured_run *out)
{
    struct structured_dictionary *all = reader->out;
    *out = (struct structured_run){.first = all->item_count};
    for (;;) {
        skip_spaces(reader, false);
        if (take(reader, ')'))
            return OK;
        if (all->item_count == STRUCTURED_ITEMS_MAX)
            return too_many(reader, "limits.h: items of a structured field");
        struct structured_item *item = &all->items[all->item_count++];
        TRY(read_bare(reader, &item->value));
        TRY(read_parameters(reader, &item->parameters));
        out->count++;
        if (peek(reader) != ' ' && peek(reader) != ')')
            return malformed(reader, "RFC 8941, 4.2.1.2: a space or a closing bracket");
    }
}

static enum err read_member(struct reader *reader, struct structured_member *out)
{
    *out = (struct structured_member){.value = {.type = STRUCTURED_BOOLEAN, .boolean = true}};
    TRY(read_key(reader, &out->key));
    for (unsigned i = 0; i < reader->out->count; i++)
        if (span_equal(reader->out->members[i].key, out->key))
            return malformed(reader, "a member of a dictionary comes once");
    if (take(reader, '=')) {
        if (take(reader, '(')) {
            out->value.type = STRUCTURED_LIST;
            TRY(read_list(reader, &out->items));
        } else {
            TRY(read_bare(reader, &out->value));
        }
    }
    return read_parameters(reader, &out->parameters);
}

/* 4.2.2. */
enum err structured_read_dictionary(struct span field, struct structured_dictionary *out,
                                    struct why *why)
{
    struct reader reader = {.input = field, .out = out, .why = why};
    out->count = out->item_count = out->parameter_count = 0;
    skip_spaces(&reader, false);
    while (reader.at < field.len) {
        if (out->count == STRUCTURED_MEMBERS_MAX)
            return too_many(&reader, "limits.h: members of a structured field");
        TRY(read_member(&reader, &out->members[out->count]));
        out->count++;
        skip_spaces(&reader, true);
        if (reader.at == field.len)
            return OK;
        if (!take(&reader, ','))
            return malformed(&reader, "RFC 8941, 4.2.2: a comma between members");
        skip_spaces(&reader, true);
        if (reader.at == field.len)
            return malformed(&reader, "RFC 8941, 4.2.2: no comma at the end");
    }
    return OK;
}

const struct structured_member *structured_member(const struct structured_dictionary *dictionary,
                                                  struct span key)
{
    for (unsigned i = 0; i < dictionary->count; i++)
        if (span_equal(dictionary->members[i].key, key))
            return &dictionary->members[i];
    return NULL;
}

const struct structured_value *structured_parameter(const struct structured_dictionary *dictionary,
                                                    struct structured_run parameters,
                                                    const char *key)
{
    for (unsigned i = 0; i < parameters.count; i++)
        if (span_is(dictionary->parameters[parameters.first + i].key, key))
            return &dictionary->parameters[parameters.first + i].value;
    return NULL;
}

/* ---- writing ---- */

static void append_delimited(struct buf *out, uint8_t delimiter, struct span text)
{
    buf_append_byte(out, delimiter);
    buf_append_span(out, text);
    buf_append_byte(out, delimiter);
}

/* 4.1.4 and 4.1.5: no leading zeros, no zeros at the end of a fraction. */
static void append_number(struct buf *out, const struct structured_value *value)
{
    struct span text = value->text;
    bool is_decimal = value->type == STRUCTURED_DECIMAL;
    if (text.data[0] == '-') {
        text = span_part(text, 1, text.len);
        bool is_zero = true;
        for (size_t i = 0; i < text.len; i++)
            is_zero = is_zero && (text.data[i] == '0' || text.data[i] == '.');
        if (!is_zero)
            buf_append_byte(out, '-');
    }
    while (text.len > 1 && text.data[0] == '0' && text.data[1] != '.')
        text = span_part(text, 1, text.len);
    while (is_decimal && text.data[text.len - 1] == '0' && text.data[text.len - 2] != '.')
        text.len--;
    buf_append_span(out, text);
}

void structured_append_value(struct buf *out, const struct structured_value *value)
{
    switch (value->type) {
    case STRUCTURED_INTEGER:
    case STRUCTURED_DECIMAL:
        append_number(out, value);
        break;
    case STRUCTURED_STRING:
        append_delimited(out, '"', value->text);
        break;
    case STRUCTURED_TOKEN:
        buf_append_span(out, value->text);
        break;
    case STRUCTURED_BYTES:
        append_delimited(out, ':', value->text);
        break;
    case STRUCTURED_BOOLEAN:
        buf_append_cstr(out, value->boolean ? "?1" : "?0");
        break;
    case STRUCTURED_LIST:
        BUG("an inner list is no bare item");
    }
}

void structured_append_parameters(struct buf *out, const struct structured_dictionary *dictionary,
                                  struct structured_run parameters)
{
    for (unsigned i = 0; i < parameters.count; i++) {
        const struct structured_parameter *parameter =
            &dictionary->parameters[parameters.first + i];
        buf_append_byte(out, ';');
        buf_append_span(out, parameter->key);
        if (parameter->value.type == STRUCTURED_BOOLEAN && parameter->value.boolean)
            continue;
        buf_append_byte(out, '=');
        structured_append_value(out, &parameter->value);
    }
}

void structured_append_member(struct buf *out, const struct structured_dictionary *dictionary,
                              const struct structured_member *member)
{
    if (member->value.type == STRUCTURED_LIST) {
        buf_append_byte(out, '(');
        for (unsigned i = 0; i < member->items.count; i++) {
            const struct structured_item *item = &dictionary->items[member->items.first + i];
            if (i > 0)
                buf_append_byte(out, ' ');
            structured_append_value(out, &item->value);
            structured_append_parameters(out, dictionary, item->parameters);
        }
        buf_append_byte(out, ')');
    } else {
        structured_append_value(out, &member->value);
    }
    structured_append_parameters(out, dictionary, member->parameters);
}

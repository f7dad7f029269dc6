#include "proto/json/jcs.h"

#include <math.h>
#include <stdlib.h>

#include "proto/base/number.h"
#include "proto/base/text.h"
#include "proto/json/key_order.h"
#include "proto/json/number_scan.h"
#include "proto/json/plain.h"
#include "proto/json/string.h"

/* A member as it lies in the output, with its place in the input for the refusal of a duplicate. */
struct member {
    size_t begin;     /* of the opening quote, from the start of the value */
    size_t end;       /* behind the value */
    uint32_t key_len; /* between the quotes, escaped */
    uint32_t source;
    const uint8_t *key; /* filled for sorting */
};

/* A container that is not closed yet. */
struct level {
    bool is_object;
    bool is_sorted;
    uint32_t first; /* of its members in jcs.members */
};

struct jcs {
    struct member *members;
    size_t member_count;
    size_t member_cap;
    struct level *levels;
    size_t level_cap;
    struct buf moved; /* an object's members on their way to their sorted places */
};

struct jcs *jcs_new(void)
{
    struct jcs *jcs = calloc(1, sizeof(*jcs));
    if (jcs != NULL)
        buf_init(&jcs->moved, SIZE_MAX / 2);
    return jcs;
}

void jcs_free(struct jcs *jcs)
{
    if (jcs == NULL)
        return;
    free(jcs->members);
    free(jcs->levels);
    buf_clear(&jcs->moved);
    free(jcs);
}

struct reader {
    const uint8_t *begin;
    const uint8_t *end;
    const uint8_t *at;
    struct jcs *jcs;
    struct buf *out;
    size_t start; /* of this value in out */
    struct why *why;
};

static enum err refuse(const struct reader *reader, enum err err, const uint8_t *at,
                       const char *rule, const char *expected)
{
    char found[8] = "the end";
    if (at < reader->end) {
        found[0] = (char)*at;
        found[1] = 0;
    }
    return why_set(reader->why, err, rule, (uint64_t)(at - reader->begin), expected, found);
}

static enum err unexpected(const struct reader *reader, const char *expected)
{
    return refuse(reader, ERR_SYNTAX, reader->at, "RFC 8259, 2: JSON grammar", expected);
}

static void skip_space(struct reader *reader)
{
    while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\n' ||
                                        *reader->at == '\r' || *reader->at == '\t'))
        reader->at++;
}

static bool next_is(const struct reader *reader, uint8_t byte)
{
    return reader->at < reader->end && *reader->at == byte;
}

static void append_decoded(struct buf *out, uint32_t code_point)
{
    if (code_point < 0x20 || code_point == '"' || code_point == '\\') {
        string_append_escape(out, (uint8_t)code_point);
        return;
    }
    uint8_t bytes[4];
    buf_append(out, bytes, text_encode(code_point, bytes));
}

static enum err read_unicode_escape(struct reader *reader)
{
    const uint8_t *at = reader->at;
    uint32_t unit = string_hex4(at + 2, reader->end);
    if (unit == UINT32_MAX)
        return refuse(reader, ERR_SYNTAX, at, "RFC 8259, 7: strings", "four hexadecimal digits");
    reader->at += 6;
    if (unit >= 0xD800 && unit <= 0xDFFF) {
        const uint8_t *next = reader->at;
        bool escape = reader->end - next >= 6 && next[0] == '\\' && next[1] == 'u';
        uint32_t low = escape ? string_hex4(next + 2, reader->end) : 0;
        if (unit >= 0xDC00 || low < 0xDC00 || low > 0xDFFF)
            return refuse(reader, ERR_BAD_TEXT, at, "RFC 8785, 3.2.2.2: no lone surrogates",
                          "a pair of surrogates");
        reader->at += 6;
        unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
    }
    append_decoded(reader->out, unit);
    return OK;
}

static enum err read_escape(struct reader *reader)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    uint8_t letter = reader->end - reader->at >= 2 ? reader->at[1] : 0;
    if (letter == 'u')
        return read_unicode_escape(reader);
    const char *found = letter == 0 ? NULL : strchr(letters, letter);
    if (found == NULL)
        return refuse(reader, ERR_SYNTAX, reader->at, "RFC 8259, 7: strings", "an escape");
    append_decoded(reader->out, (uint8_t)meanings[found - letters]);
    reader->at += 2;
    return OK;
}

/* A string with its quotes, in its canonical spelling. */
static enum err read_string(struct reader *reader)
{
    buf_append_byte(reader->out, '"');
    reader->at++;
    for (;;) {
        const uint8_t *stop = plain_skip(reader->at, reader->end);
        buf_append(reader->out, reader->at, (size_t)(stop - reader->at));
        reader->at = stop;
        if (stop == reader->end)
            return refuse(reader, ERR_SYNTAX, stop, "RFC 8259, 7: strings", "a closing quote");
        if (*stop == '"')
            break;
        if (*stop == '\\') {
            TRY(read_escape(reader));
            continue;
        }
        if (*stop < 0x20)
            return refuse(reader, ERR_SYNTAX, stop, "RFC 8259, 7: control characters are escaped",
                          "an escape");
        size_t bytes = text_sequence(span_of(stop, (size_t)(reader->end - stop)));
        if (bytes == 0)
            return refuse(reader, ERR_BAD_TEXT, stop, "RFC 8259, 8.1: text is well-formed UTF-8",
                          "UTF-8");
        buf_append(reader->out, stop, bytes);
        reader->at += bytes;
    }
    reader->at++;
    buf_append_byte(reader->out, '"');
    return OK;
}

static enum err read_number(struct reader *reader)
{
    struct span rest = span_of(reader->at, (size_t)(reader->end - reader->at));
    struct number_shape shape;
    switch (number_scan(rest, &shape)) {
    case NUMBER_NOT_JSON:
        return unexpected(reader, "a value");
    case NUMBER_TOO_GREAT:
        return refuse(reader, ERR_BAD_NUMBER, reader->at,
                      "RFC 8785, 3.2.2.3: numbers are IEEE doubles", "a number within +-1.797e308");
    case NUMBER_CANONICAL:
        buf_append(reader->out, reader->at, shape.len);
        break;
    case NUMBER_NOT_CANONICAL:
        jcs_append_number(reader->out, number_read(span_part(rest, 0, shape.len)));
        break;
    }
    reader->at += shape.len;
    return OK;
}

static enum err read_word(struct reader *reader, const char *word)
{
    struct span rest = span_of(reader->at, (size_t)(reader->end - reader->at));
    if (!span_starts_with(rest, span_cstr(word)))
        return unexpected(reader, "a value");
    buf_append_cstr(reader->out, word);
    reader->at += strlen(word);
    return OK;
}

static enum err read_scalar(struct reader *reader)
{
    switch (reader->at < reader->end ? *reader->at : 0) {
    case '"':
        return read_string(reader);
    case 'n':
        return read_word(reader, "null");
    case 't':
        return read_word(reader, "true");
    case 'f':
        return read_word(reader, "false");
    default:
        return read_number(reader);
    }
}

static struct span member_key(const struct reader *reader, const struct member *member)
{
    return span_of(reader->out->data + reader->start + member->begin + 1, member->key_len);
}

static struct member *add_member(struct jcs *jcs)
{
    if (jcs->member_count == jcs->member_cap) {
        size_t cap = jcs->member_cap == 0 ? 64 : jcs->member_cap * 2;
        struct member *members = realloc(jcs->members, cap * sizeof(*members));
        if (members == NULL)
            return NULL;
        jcs->members = members;
        jcs->member_cap = cap;
    }
    return &jcs->members[jcs->member_count++];
}

/* A key and its colon. While keys come in order nothing will have to move. */
static enum err read_key(struct reader *reader, struct level *level)
{
    if (!next_is(reader, '"'))
        return unexpected(reader, "a key in quotes");
    struct jcs *jcs = reader->jcs;
    struct member *member = add_member(jcs);
    if (member == NULL)
        return ERR_NO_MEMORY;
    member->begin = reader->out->len - reader->start;
    member->source = (uint32_t)(reader->at - reader->begin);
    TRY(read_string(reader));
    TRY(buf_check(reader->out));
    member->key_len = (uint32_t)(reader->out->len - reader->start - member->begin - 2);
    if (level->is_sorted && jcs->member_count - 1 > level->first &&
        key_order_escaped(member_key(reader, member - 1), member_key(reader, member)) >= 0)
        level->is_sorted = false;
    skip_space(reader);
    if (!next_is(reader, ':'))
        return unexpected(reader, ":");
    reader->at++;
    buf_append_byte(reader->out, ':');
    return OK;
}

static int by_key(const void *a, const void *b)
{
    const struct member *x = a;
    const struct member *y = b;
    int order = key_order_escaped(span_of(x->key, x->key_len), span_of(y->key, y->key_len));
    return order != 0 ? order : x->source < y->source ? -1 : 1;
}

/* Members that came in another order are laid anew, once, when their object is closed. */
static enum err sort_members(struct reader *reader, const struct level *level)
{
    struct jcs *jcs = reader->jcs;
    struct member *members = jcs->members + level->first;
    size_t count = jcs->member_count - level->first;
    for (size_t i = 0; i < count; i++)
        members[i].key = member_key(reader, &members[i]).data;
    size_t begin = members[0].begin;
    qsort(members, count, sizeof(*members), by_key);
    buf_reset(&jcs->moved);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && span_equal(span_of(members[i - 1].key, members[i - 1].key_len),
                                span_of(members[i].key, members[i].key_len)))
            return refuse(reader, ERR_DUPLICATE_KEY, reader->begin + members[i].source,
                          "RFC 8785, 3.1: keys are unique", "another key");
        if (i > 0)
            buf_append_byte(&jcs->moved, ',');
        buf_append(&jcs->moved, reader->out->data + reader->start + members[i].begin,
                   members[i].end - members[i].begin);
    }
    TRY(buf_check(&jcs->moved));
    memcpy(reader->out->data + reader->start + begin, jcs->moved.data, jcs->moved.len);
    return OK;
}

static enum err close_level(struct reader *reader, const struct level *level)
{
    if (level->is_object) {
        TRY(buf_check(reader->out));
        if (!level->is_sorted)
            TRY(sort_members(reader, level));
        reader->jcs->member_count = level->first;
    }
    buf_append_byte(reader->out, level->is_object ? '}' : ']');
    reader->at++;
    return OK;
}

static enum err open_level(struct reader *reader, struct level *level)
{
    *level = (struct level){.is_object = *reader->at == '{',
                            .is_sorted = true,
                            .first = (uint32_t)reader->jcs->member_count};
    buf_append_byte(reader->out, *reader->at);
    reader->at++;
    skip_space(reader);
    return OK;
}

/* The value is whole: its member, if it is one, ends here. */
static void end_member(const struct reader *reader, const struct level *level)
{
    if (level->is_object)
        reader->jcs->members[reader->jcs->member_count - 1].end = reader->out->len - reader->start;
}

/* An item of the open container is whole. Returns whether another follows. */
static bool end_item(struct reader *reader, const struct level *level)
{
    end_member(reader, level);
    skip_space(reader);
    if (!next_is(reader, ','))
        return false;
    reader->at++;
    buf_append_byte(reader->out, ',');
    skip_space(reader);
    return true;
}

static enum err read_containers(struct reader *reader, unsigned depth_max)
{
    struct level *levels = reader->jcs->levels;
    size_t depth = 0;
    for (;;) {
        bool closes = false;
        if (next_is(reader, '{') || next_is(reader, '[')) {
            if (depth == depth_max)
                return refuse(reader, ERR_LIMIT, reader->at, "limits.h: nesting", "fewer levels");
            TRY(open_level(reader, &levels[depth++]));
            closes = next_is(reader, levels[depth - 1].is_object ? '}' : ']');
        } else {
            TRY(read_scalar(reader));
            closes = !end_item(reader, &levels[depth - 1]);
        }
        while (closes) {
            const struct level *level = &levels[depth - 1];
            if (!next_is(reader, level->is_object ? '}' : ']'))
                return unexpected(reader, level->is_object ? ", or }" : ", or ]");
            TRY(close_level(reader, level));
            if (--depth == 0)
                return OK;
            closes = !end_item(reader, &levels[depth - 1]);
        }
        if (levels[depth - 1].is_object) {
            TRY(read_key(reader, &levels[depth - 1]));
            skip_space(reader);
        }
    }
}

static enum err read_value(struct reader *reader, unsigned depth_max)
{
    skip_space(reader);
    if (next_is(reader, '{') || next_is(reader, '['))
        TRY(read_containers(reader, depth_max));
    else
        TRY(read_scalar(reader));
    skip_space(reader);
    if (reader->at != reader->end)
        return unexpected(reader, "nothing more");
    return buf_check(reader->out);
}

enum err jcs_canonicalise(struct jcs *jcs, struct span text, const struct tape_limits *limits,
                          struct buf *out, struct why *why)
{
    if (text.len == 0)
        text = SPAN_LITERAL("");
    if (text.len > limits->bytes_max || text.len >= UINT32_MAX)
        return why_set(why, ERR_LIMIT, "limits.h: bytes of one text", limits->bytes_max, NULL,
                       NULL);
    TRY(buf_check(out));
    if (jcs->level_cap < limits->depth_max) {
        struct level *levels = realloc(jcs->levels, limits->depth_max * sizeof(*levels));
        if (levels == NULL)
            return ERR_NO_MEMORY;
        jcs->levels = levels;
        jcs->level_cap = limits->depth_max;
    }
    jcs->member_count = 0;
    struct reader reader = {.begin = text.data,
                            .end = text.data + text.len,
                            .at = text.data,
                            .jcs = jcs,
                            .out = out,
                            .start = out->len,
                            .why = why};
    enum err err = read_value(&reader, limits->depth_max);
    if (err != OK) {
        out->len = reader.start;
        if (out->failed != OK) {
            err = why_set(why, out->failed, "the canonical text fits its buffer", 0, NULL, NULL);
            out->failed = OK;
        }
    }
    return err;
}

void jcs_append_string(struct buf *out, struct span utf8)
{
    CHECK(text_is_utf8(utf8));
    buf_append_byte(out, '"');
    if (utf8.len == 0)
        utf8 = SPAN_LITERAL("");
    const uint8_t *at = utf8.data;
    const uint8_t *end = utf8.data + utf8.len;
    while (at < end) {
        const uint8_t *stop = plain_skip(at, end);
        while (stop < end && *stop >= 0x80)
            stop++;
        buf_append(out, at, (size_t)(stop - at));
        at = stop;
        if (at < end && !plain_is(*at) && *at < 0x80)
            string_append_escape(out, *at++);
    }
    buf_append_byte(out, '"');
}

void jcs_append_number(struct buf *out, double value)
{
    CHECK(isfinite(value));
    uint8_t *room = buf_reserve(out, NUMBER_TEXT_BYTES_MAX);
    if (room != NULL)
        buf_commit(out, number_write(value, room));
}

int jcs_compare_keys(struct span a, struct span b)
{
    return key_order_plain(a, b);
}

/* Reading and writing the record line: one scan, then one walk over its top-level members. */
#include "proto/record/record.h"

#include "proto/base/time_text.h"

enum char_class {
    CLASS_ID = 1,
    CLASS_NAME = 2,
    CLASS_LOWER = 4,
    CLASS_DIGIT = 8,
    CLASS_NONCE = 16
};

#define LETTER_UPPER (CLASS_ID | CLASS_NAME | CLASS_NONCE)
#define LETTER_LOWER (CLASS_ID | CLASS_NAME | CLASS_LOWER | CLASS_NONCE)
#define DIGIT (CLASS_ID | CLASS_NAME | CLASS_LOWER | CLASS_DIGIT | CLASS_NONCE)

/* NAME: a circle's; LOWER: pack and type. */
static const uint8_t classes[256] = {
    ['A'] = LETTER_UPPER,
    ['B'] = LETTER_UPPER,
    ['C'] = LETTER_UPPER,
    ['D'] = LETTER_UPPER,
    ['E'] = LETTER_UPPER,
    ['F'] = LETTER_UPPER,
    ['G'] = LETTER_UPPER,
    ['H'] = LETTER_UPPER,
    ['I'] = LETTER_UPPER,
    ['J'] = LETTER_UPPER,
    ['K'] = LETTER_UPPER,
    ['L'] = LETTER_UPPER,
    ['M'] = LETTER_UPPER,
    ['N'] = LETTER_UPPER,
    ['O'] = LETTER_UPPER,
    ['P'] = LETTER_UPPER,
    ['Q'] = LETTER_UPPER,
    ['R'] = LETTER_UPPER,
    ['S'] = LETTER_UPPER,
    ['T'] = LETTER_UPPER,
    ['U'] = LETTER_UPPER,
    ['V'] = LETTER_UPPER,
    ['W'] = LETTER_UPPER,
    ['X'] = LETTER_UPPER,
    ['Y'] = LETTER_UPPER,
    ['Z'] = LETTER_UPPER,
    ['a'] = LETTER_LOWER,
    ['b'] = LETTER_LOWER,
    ['c'] = LETTER_LOWER,
    ['d'] = LETTER_LOWER,
    ['e'] = LETTER_LOWER,
    ['f'] = LETTER_LOWER,
    ['g'] = LETTER_LOWER,
    ['h'] = LETTER_LOWER,
    ['i'] = LETTER_LOWER,
    ['j'] = LETTER_LOWER,
    ['k'] = LETTER_LOWER,
    ['l'] = LETTER_LOWER,
    ['m'] = LETTER_LOWER,
    ['n'] = LETTER_LOWER,
    ['o'] = LETTER_LOWER,
    ['p'] = LETTER_LOWER,
    ['q'] = LETTER_LOWER,
    ['r'] = LETTER_LOWER,
    ['s'] = LETTER_LOWER,
    ['t'] = LETTER_LOWER,
    ['u'] = LETTER_LOWER,
    ['v'] = LETTER_LOWER,
    ['w'] = LETTER_LOWER,
    ['x'] = LETTER_LOWER,
    ['y'] = LETTER_LOWER,
    ['z'] = LETTER_LOWER,
    ['0'] = DIGIT,
    ['1'] = DIGIT,
    ['2'] = DIGIT,
    ['3'] = DIGIT,
    ['4'] = DIGIT,
    ['5'] = DIGIT,
    ['6'] = DIGIT,
    ['7'] = DIGIT,
    ['8'] = DIGIT,
    ['9'] = DIGIT,
    ['.'] = CLASS_ID | CLASS_NAME,
    ['_'] = CLASS_ID | CLASS_NAME | CLASS_NONCE,
    ['~'] = CLASS_ID | CLASS_NAME,
    ['-'] = CLASS_ID | CLASS_NAME | CLASS_LOWER | CLASS_NONCE,
    ['/'] = CLASS_ID,
};

static bool all_of(struct span text, uint8_t class)
{
    uint8_t common = class;
    for (size_t i = 0; i < text.len; i++)
        common &= classes[text.data[i]];
    return common != 0;
}

static bool segment_is_valid(const uint8_t *segment, size_t len)
{
    if (len == 0)
        return false;
    if (segment[0] != '.')
        return true;
    return len > 2 || (len == 2 && segment[1] != '.');
}

bool record_id_is_valid(struct span id)
{
    if (id.len == 0 || id.len > ID_BYTES_MAX || !all_of(id, CLASS_ID))
        return false;
    size_t start = 0;
    for (size_t i = 0; i < id.len; i++) {
        if (id.data[i] != '/')
            continue;
        if (!segment_is_valid(id.data + start, i - start))
            return false;
        start = i + 1;
    }
    return segment_is_valid(id.data + start, id.len - start);
}

#define MAJOR_DIGITS_MAX 9u

bool record_schema_is_valid(struct span schema)
{
    if (schema.len > SCHEMA_NAME_BYTES_MAX)
        return false;
    struct cursor cursor = cursor_of(schema);
    struct span pack = cursor_until(&cursor, '/');
    struct span type = cursor_until(&cursor, '@');
    struct span major = cursor_rest(&cursor);
    if (cursor.failed || pack.len == 0 || type.len == 0 || major.len == 0)
        return false;
    return all_of(pack, CLASS_LOWER) && all_of(type, CLASS_LOWER) && all_of(major, CLASS_DIGIT) &&
           major.data[0] != '0' && major.len <= MAJOR_DIGITS_MAX;
}

enum err record_audience_read(struct span text, enum record_audience *out)
{
    const struct span circle = SPAN_LITERAL("circle:");
    if (span_equal(text, SPAN_LITERAL("public"))) {
        *out = AUDIENCE_PUBLIC;
        return OK;
    }
    if (span_equal(text, SPAN_LITERAL("commons"))) {
        *out = AUDIENCE_COMMONS;
        return OK;
    }
    if (span_equal(text, SPAN_LITERAL("private"))) {
        *out = AUDIENCE_PRIVATE;
        return OK;
    }
    if (!span_starts_with(text, circle) || text.len == circle.len ||
        text.len > AUDIENCE_BYTES_MAX || !all_of(span_part(text, circle.len, text.len), CLASS_NAME))
        return ERR_BAD_RECORD;
    *out = AUDIENCE_CIRCLE;
    return OK;
}

static bool license_is_valid(struct span license)
{
    if (license.len == 0 || license.len > LICENSE_BYTES_MAX)
        return false;
    for (size_t i = 0; i < license.len; i++) {
        uint8_t c = license.data[i];
        if (c < 0x20 || c > 0x7e || c == '"' || c == '\\')
            return false;
    }
    return true;
}

enum field {
    FIELD_AUDIENCE,
    FIELD_BODY,
    FIELD_CONSENT,
    FIELD_ID,
    FIELD_LICENSE,
    FIELD_NONCE,
    FIELD_OP,
    FIELD_SCHEMA,
    FIELD_TIME,
    FIELD_COUNT
};

#define NAME_BYTES_MAX 8u

/* In the order in which canonical JSON has them: one walk meets them all. No name is longer than
 * eight bytes, so that names are compared as words. */
static const struct {
    char text[NAME_BYTES_MAX + 1];
    uint8_t len;
} fields[FIELD_COUNT] = {
    [FIELD_AUDIENCE] = {"audience", 8},
    [FIELD_BODY] = {"body", 4},
    [FIELD_CONSENT] = {"consent", 7},
    [FIELD_ID] = {"id", 2},
    [FIELD_LICENSE] = {"license", 7},
    [FIELD_NONCE] = {"nonce", 5},
    [FIELD_OP] = {"op", 2},
    [FIELD_SCHEMA] = {"schema", 6},
    [FIELD_TIME] = {"time", 4},
};

static const char *const op_names[] = {
    [RECORD_PUT] = "put", [RECORD_DELETE] = "delete", [RECORD_ERASE] = "erase"};

static bool op_read(struct span text, enum record_op *out)
{
    if (span_equal(text, SPAN_LITERAL("put")))
        *out = RECORD_PUT;
    else if (span_equal(text, SPAN_LITERAL("delete")))
        *out = RECORD_DELETE;
    else if (span_equal(text, SPAN_LITERAL("erase")))
        *out = RECORD_ERASE;
    else
        return false;
    return true;
}

static bool nonce_is_valid(struct span nonce)
{
    return nonce.len == NONCE_TEXT_BYTES && all_of(nonce, CLASS_NONCE);
}

struct walk {
    const struct tape *tape;
    struct span line;
    uint32_t values[FIELD_COUNT]; /* TAPE_NONE where absent */
    struct why *why;
};

/* The first eight bytes of a name, zeros behind it. */
static uint64_t word_of(struct span name)
{
    uint8_t bytes[NAME_BYTES_MAX] = {0};
    for (size_t i = 0; i < name.len && i < NAME_BYTES_MAX; i++)
        bytes[i] = name.data[i];
    uint64_t word;
    memcpy(&word, bytes, sizeof(word));
    return word;
}

static bool is_field(struct span name, uint64_t word, unsigned field)
{
    uint64_t expected;
    memcpy(&expected, fields[field].text, sizeof(expected));
    return word == expected && name.len == fields[field].len;
}

static void find_fields(struct walk *walk)
{
    const struct tape_token *tokens = walk->tape->tokens;
    for (unsigned f = 0; f < FIELD_COUNT; f++)
        walk->values[f] = TAPE_NONE;
    unsigned next = 0;
    uint32_t key = 1;
    for (uint32_t member = 0; member < tokens[0].count; member++) {
        struct span name = tape_text(walk->tape, walk->line, key);
        uint64_t word = word_of(name);
        for (unsigned f = next; f < FIELD_COUNT; f++) {
            if (!is_field(name, word, f))
                continue;
            walk->values[f] = key + 1;
            next = f + 1;
            break;
        }
        key = tokens[key + 1].next;
    }
}

static uint64_t position_of(const struct walk *walk, enum field field)
{
    uint32_t value = walk->values[field];
    return value == TAPE_NONE ? 0 : walk->tape->tokens[value].offset;
}

static enum err refuse(const struct walk *walk, enum field field, enum err err, const char *rule,
                       const char *expected)
{
    return why_set(walk->why, err, rule, position_of(walk, field), expected,
                   walk->values[field] == TAPE_NONE ? "nothing" : NULL);
}

/* The text of a plain string member; empty (no field may be) when it is absent or anything else. */
static struct span text_of(const struct walk *walk, enum field field)
{
    uint32_t value = walk->values[field];
    if (value == TAPE_NONE)
        return span_of(NULL, 0);
    const struct tape_token *token = &walk->tape->tokens[value];
    if (token->type != TAPE_STRING || (token->flags & TAPE_ESCAPED) != 0)
        return span_of(NULL, 0);
    return tape_text(walk->tape, walk->line, value);
}

static bool has(const struct walk *walk, enum field field)
{
    return walk->values[field] != TAPE_NONE;
}

/* The body's bytes: of a string with its quotes. */
static struct span body_of(const struct walk *walk)
{
    const struct tape_token *token = &walk->tape->tokens[walk->values[FIELD_BODY]];
    size_t quote = token->type == TAPE_STRING ? 1 : 0;
    return span_of(walk->line.data + token->offset - quote, token->length + 2 * quote);
}

static enum err check_fields(const struct walk *walk, struct record *record)
{
    record->id = text_of(walk, FIELD_ID);
    if (!record_id_is_valid(record->id))
        return refuse(walk, FIELD_ID, ERR_BAD_ID, "record field id (DESIGN, 4)",
                      "1 to 200 of A-Z a-z 0-9 . _ ~ / -");
    record->audience_text = text_of(walk, FIELD_AUDIENCE);
    if (record_audience_read(record->audience_text, &record->audience) != OK)
        return refuse(walk, FIELD_AUDIENCE, ERR_BAD_RECORD, "record field audience (DESIGN, 4)",
                      "public, commons, circle:<name> or private");
    if (!nonce_is_valid(text_of(walk, FIELD_NONCE)))
        return refuse(walk, FIELD_NONCE, ERR_BAD_RECORD, "record field nonce (DESIGN, 4)",
                      "22 characters of base64url");
    if (!op_read(text_of(walk, FIELD_OP), &record->op))
        return refuse(walk, FIELD_OP, ERR_BAD_RECORD, "record field op (DESIGN, 4)",
                      "put, delete or erase");
    record->time_text = text_of(walk, FIELD_TIME);
    if (!time_text_read(record->time_text, &record->time_ms))
        return refuse(walk, FIELD_TIME, ERR_BAD_RECORD, "record field time (RFC 3339, in UTC)",
                      "2026-11-23T18:00:00Z");
    record->schema = text_of(walk, FIELD_SCHEMA);
    if ((has(walk, FIELD_SCHEMA) || record->op == RECORD_PUT) &&
        !record_schema_is_valid(record->schema))
        return refuse(walk, FIELD_SCHEMA, ERR_BAD_RECORD, "record field schema (DESIGN, 4)",
                      "<pack>/<type>@<major>");
    record->license = text_of(walk, FIELD_LICENSE);
    if (has(walk, FIELD_LICENSE) && !license_is_valid(record->license))
        return refuse(walk, FIELD_LICENSE, ERR_BAD_RECORD, "record field license (DESIGN, 4)",
                      "an SPDX expression of at most 256 characters");
    if (has(walk, FIELD_CONSENT) &&
        walk->tape->tokens[walk->values[FIELD_CONSENT]].type != TAPE_OBJECT)
        return refuse(walk, FIELD_CONSENT, ERR_BAD_RECORD, "record field consent (DESIGN, 4)",
                      "an object");
    if (has(walk, FIELD_BODY) != (record->op == RECORD_PUT))
        return refuse(walk, FIELD_BODY, ERR_BAD_RECORD, "record field body (DESIGN, 4)",
                      record->op == RECORD_PUT ? "a body" : "no body in a delete or an erase");
    record->body_token = walk->values[FIELD_BODY];
    record->body = has(walk, FIELD_BODY) ? body_of(walk) : span_of(NULL, 0);
    return OK;
}

enum err record_read(struct span line, struct tape *tape, struct record *out, struct why *why)
{
    TRY(tape_scan(tape, line, &tape_record_limits, why));
    if (tape->tokens[0].type != TAPE_OBJECT)
        return why_set(why, ERR_BAD_RECORD, "a record is a JSON object (DESIGN, 4)", 0, "an object",
                       "another value");
    struct walk walk = {.tape = tape, .line = line, .why = why};
    find_fields(&walk);
    struct record record;
    record.line = line;
    TRY(check_fields(&walk, &record));
    *out = record;
    return OK;
}

static void append_nonce(const struct env *env, struct buf *out)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint8_t nonce[NONCE_BYTES + 2] = {0};
    uint8_t text[24];
    env->random(env->ctx, nonce, NONCE_BYTES);
    for (size_t i = 0, o = 0; i < sizeof(nonce); i += 3) {
        uint32_t group = (uint32_t)nonce[i] << 16 | (uint32_t)nonce[i + 1] << 8 | nonce[i + 2];
        for (unsigned shift = 24; shift > 0; shift -= 6)
            text[o++] = (uint8_t)alphabet[(group >> (shift - 6)) & 63];
    }
    buf_append(out, text, NONCE_TEXT_BYTES);
}

static enum err check_draft(const struct record_draft *draft, struct span audience,
                            uint64_t time_ms, struct why *why)
{
    enum record_audience ignored;
    if (!record_id_is_valid(draft->id))
        return why_set(why, ERR_BAD_ID, "record field id (DESIGN, 4)", 0,
                       "1 to 200 of A-Z a-z 0-9 . _ ~ / -", NULL);
    if (record_audience_read(audience, &ignored) != OK)
        return why_set(why, ERR_BAD_RECORD, "record field audience (DESIGN, 4)", 0,
                       "public, commons, circle:<name> or private", NULL);
    if ((draft->schema.len > 0 || draft->op == RECORD_PUT) &&
        !record_schema_is_valid(draft->schema))
        return why_set(why, ERR_BAD_RECORD, "record field schema (DESIGN, 4)", 0,
                       "<pack>/<type>@<major>", draft->schema.len > 0 ? NULL : "nothing");
    if (draft->license.len > 0 && !license_is_valid(draft->license))
        return why_set(why, ERR_BAD_RECORD, "record field license (DESIGN, 4)", 0,
                       "an SPDX expression of at most 256 characters", NULL);
    if ((draft->body.len > 0) != (draft->op == RECORD_PUT))
        return why_set(why, ERR_BAD_RECORD, "record field body (DESIGN, 4)", 0,
                       draft->op == RECORD_PUT ? "a body" : "no body in a delete or an erase",
                       NULL);
    if (time_ms >= TIME_TEXT_MS_END)
        return why_set(why, ERR_BAD_RECORD, "record field time (RFC 3339, in UTC)", 0,
                       "a year of four digits", NULL);
    return OK;
}

static void append_field(struct buf *out, const char *opening, struct span text)
{
    buf_append_cstr(out, opening);
    buf_append_span(out, text);
}

enum err record_write(const struct record_draft *draft, const struct env *env, uint64_t time_ms,
                      struct buf *out, struct why *why)
{
    struct span audience = draft->audience.len > 0 ? draft->audience : SPAN_LITERAL("public");
    TRY(check_draft(draft, audience, time_ms, why));
    TRY(buf_check(out));
    size_t start = out->len;
    append_field(out, "{\"audience\":\"", audience);
    if (draft->body.len > 0) {
        append_field(out, "\",\"body\":", draft->body);
        append_field(out, ",\"id\":\"", draft->id);
    } else {
        append_field(out, "\",\"id\":\"", draft->id);
    }
    if (draft->license.len > 0)
        append_field(out, "\",\"license\":\"", draft->license);
    buf_append_cstr(out, "\",\"nonce\":\"");
    append_nonce(env, out);
    append_field(out, "\",\"op\":\"", span_cstr(op_names[draft->op]));
    if (draft->schema.len > 0)
        append_field(out, "\",\"schema\":\"", draft->schema);
    buf_append_cstr(out, "\",\"time\":\"");
    time_text_append(out, time_ms);
    buf_append_cstr(out, "\"}");
    enum err err = buf_check(out);
    if (err == OK && out->len - start > LINE_BYTES_MAX)
        err = ERR_LIMIT;
    if (err == OK)
        return OK;
    out->len = start;
    out->failed = OK;
    return why_set(why, err, "a record is at most 256 KiB (DESIGN, 4)", 0, "at most 262144 bytes",
                   NULL);
}

/* Explanations of the keywords that look at one value: type, const, bounds, counts, text. */
#include "proto/schema/explain_walk.h"
#include "proto/schema/shape.h"

#define EXPECTED_BYTES_MAX 160u

static struct span type_name(const struct tape_token *token)
{
    static const char *const names[] = {"null",   "boolean", "boolean", "number",
                                        "string", "array",   "object"};
    return span_cstr(names[token->type]);
}

static struct span own(const struct walk *w, uint32_t at)
{
    return tape_text(w->tape, w->text, at);
}

static const struct schema_document *schema_document_of(const struct walk *w,
                                                        const struct place *place)
{
    return model_document(w->model, place->node);
}

static unsigned bits_of(const struct walk *w, uint32_t at)
{
    const struct tape_token *t = &w->tape->tokens[at];
    if (t->type != TAPE_NUMBER)
        return shape_type_bits(type_name(t));
    return number_is_integer(t, own(w, at)) ? 4 : 8;
}

static bool check_type(struct walk *w, const struct place *place)
{
    const struct schema_document *document = schema_document_of(w, place);
    const struct tape_token *token = schema_document_token(document, place->token);
    bool is_list = token->type == TAPE_ARRAY;
    uint32_t count = is_list ? token->count : 1;
    struct buf names;
    buf_init(&names, 4096);
    bool holds = false;
    for (uint32_t i = 0; i < count; i++) {
        struct span name = schema_document_span(document, place->token + i + is_list);
        holds = holds || (shape_type_bits(name) & bits_of(w, place->at)) != 0;
        if (i > 0)
            buf_append_cstr(&names, ", ");
        buf_append_span(&names, name);
    }
    if (!holds)
        (void)walk_complain(w, place, COMPLAINT_TYPE, buf_span(&names),
                            type_name(&w->tape->tokens[place->at]));
    buf_clear(&names);
    return holds;
}

static bool equals(const struct walk *w, const struct place *place, uint32_t token)
{
    const struct schema_document *document = schema_document_of(w, place);
    return schema_document_token(document, token)->type == w->tape->tokens[place->at].type &&
           span_equal(schema_document_span(document, token), own(w, place->at));
}

/* The schema's own words, cut at a character when they are many. */
static struct span brief(const struct schema_document *document, uint32_t token, struct buf *out)
{
    const struct tape_token *t = schema_document_token(document, token);
    uint32_t quote = t->type == TAPE_STRING;
    struct span text = span_of(document->text.data + t->offset - quote, t->length + 2 * quote);
    size_t len = text.len;
    if (len > EXPECTED_BYTES_MAX) {
        len = EXPECTED_BYTES_MAX;
        while (len > 0 && (text.data[len] & 0xC0) == 0x80)
            len--;
    }
    buf_append(out, text.data, len);
    if (len < text.len)
        buf_append_cstr(out, "\u2026");
    return buf_span(out);
}

static bool check_values(struct walk *w, const struct place *place, enum keyword keyword)
{
    const struct schema_document *document = schema_document_of(w, place);
    bool is_enum = keyword == KEYWORD_ENUM;
    uint32_t token = place->token + is_enum;
    uint32_t count = is_enum ? schema_document_token(document, place->token)->count : 1;
    for (uint32_t i = 0; i < count; i++) {
        if (equals(w, place, token))
            return true;
        token = schema_document_token(document, token)->next;
    }
    struct buf text;
    buf_init(&text, 2 * EXPECTED_BYTES_MAX);
    (void)walk_complain(w, place, is_enum ? COMPLAINT_ENUM : COMPLAINT_CONST,
                        brief(document, place->token, &text),
                        type_name(&w->tape->tokens[place->at]));
    buf_clear(&text);
    return false;
}

static bool check_number(struct walk *w, const struct place *place, enum keyword keyword)
{
    const struct schema_document *document = schema_document_of(w, place);
    const struct tape_token *t = &w->tape->tokens[place->at];
    struct span bound_text = schema_document_span(document, place->token);
    enum complaint complaint = COMPLAINT_MULTIPLE_OF;
    bool holds;
    if (t->type != TAPE_NUMBER)
        return true;
    double value = tape_number(w->tape, w->text, place->at);
    double bound = tape_number(&document->tape, document->text, place->token);
    switch (keyword) {
    case KEYWORD_MINIMUM:
        holds = value >= bound;
        complaint = COMPLAINT_MINIMUM;
        break;
    case KEYWORD_MAXIMUM:
        holds = value <= bound;
        complaint = COMPLAINT_MAXIMUM;
        break;
    case KEYWORD_EXCLUSIVE_MINIMUM:
        holds = value > bound;
        complaint = COMPLAINT_EXCLUSIVE_MINIMUM;
        break;
    case KEYWORD_EXCLUSIVE_MAXIMUM:
        holds = value < bound;
        complaint = COMPLAINT_EXCLUSIVE_MAXIMUM;
        break;
    default:
        holds = number_is_multiple(number_decimal(own(w, place->at)), number_decimal(bound_text));
        break;
    }
    return holds || walk_complain(w, place, complaint, bound_text, type_name(t));
}

/* The count of items, members or characters that a bound is about. */
static bool check_count(struct walk *w, const struct place *place, enum tape_type type, bool is_min,
                        enum complaint complaint)
{
    const struct tape_token *t = &w->tape->tokens[place->at];
    if (t->type != type)
        return true;
    struct clause clause = {.token = place->token};
    uint32_t bound = model_count(w->model, place->node, &clause);
    uint32_t count = type == TAPE_STRING ? validator_length(t, w->text.data + t->offset) : t->count;
    if (is_min ? count >= bound : count <= bound)
        return true;
    struct buf actual;
    buf_init(&actual, 32);
    buf_append_u64(&actual, count);
    (void)walk_complain(w, place, complaint,
                        schema_document_span(schema_document_of(w, place), place->token),
                        buf_span(&actual));
    buf_clear(&actual);
    return false;
}

static bool check_text(struct walk *w, const struct place *place, const struct clause *clause)
{
    const struct schema_document *document = schema_document_of(w, place);
    bool is_pattern = clause->keyword == KEYWORD_PATTERN;
    bool holds = true;
    if (w->tape->tokens[place->at].type != TAPE_STRING || (!is_pattern && !clause->asserts))
        return true;
    struct span subject = validator_string(w->validator, w->tape, w->text, place->at);
    if (is_pattern) {
        enum pattern_verdict verdict =
            pattern_match(w->model->patterns.items[clause->first], w->validator->patterns, subject);
        if (verdict == PATTERN_LIMIT)
            return walk_out_of(w, "PATTERN_WORK_MAX");
        holds = verdict == PATTERN_YES;
    } else {
        holds = format_holds((enum format)clause->first, subject);
    }
    if (holds)
        return true;
    struct buf text;
    buf_init(&text, 2 * EXPECTED_BYTES_MAX);
    (void)walk_complain(w, place, is_pattern ? COMPLAINT_PATTERN : COMPLAINT_FORMAT,
                        brief(document, place->token, &text), SPAN_LITERAL("string"));
    buf_clear(&text);
    return false;
}

static bool check_unique(struct walk *w, const struct place *place)
{
    uint32_t equal[2] = {0, 0};
    if (w->tape->tokens[place->at].type != TAPE_ARRAY ||
        schema_document_token(schema_document_of(w, place), place->token)->type != TAPE_TRUE)
        return true;
    enum unique unique =
        validator_unique(w->validator, w->tape, w->text, place->at, &equal[0], &equal[1]);
    if (unique == UNIQUE_LIMIT)
        return walk_out_of(w, "memory");
    if (unique == UNIQUE_YES)
        return true;
    struct buf actual;
    buf_init(&actual, 64);
    uint32_t index = 0;
    unsigned written = 0;
    uint32_t item = place->at + 1;
    for (; index < w->tape->tokens[place->at].count; item = w->tape->tokens[item].next, index++) {
        if (item != equal[0] && item != equal[1])
            continue;
        if (written++ > 0)
            buf_append_cstr(&actual, ", ");
        buf_append_u64(&actual, index);
    }
    (void)walk_complain(w, place, COMPLAINT_UNIQUE_ITEMS, SPAN_LITERAL("true"), buf_span(&actual));
    buf_clear(&actual);
    return false;
}

bool walk_value(struct walk *w, const struct place *place, const struct clause *clause)
{
    enum keyword keyword = (enum keyword)clause->keyword;
    switch (keyword) {
    case KEYWORD_TYPE:
        return check_type(w, place);
    case KEYWORD_CONST:
    case KEYWORD_ENUM:
        return check_values(w, place, keyword);
    case KEYWORD_MINIMUM:
    case KEYWORD_MAXIMUM:
    case KEYWORD_EXCLUSIVE_MINIMUM:
    case KEYWORD_EXCLUSIVE_MAXIMUM:
    case KEYWORD_MULTIPLE_OF:
        return check_number(w, place, keyword);
    case KEYWORD_MIN_LENGTH:
        return check_count(w, place, TAPE_STRING, true, COMPLAINT_MIN_LENGTH);
    case KEYWORD_MAX_LENGTH:
        return check_count(w, place, TAPE_STRING, false, COMPLAINT_MAX_LENGTH);
    case KEYWORD_MIN_ITEMS:
        return check_count(w, place, TAPE_ARRAY, true, COMPLAINT_MIN_ITEMS);
    case KEYWORD_MAX_ITEMS:
        return check_count(w, place, TAPE_ARRAY, false, COMPLAINT_MAX_ITEMS);
    case KEYWORD_MIN_PROPERTIES:
        return check_count(w, place, TAPE_OBJECT, true, COMPLAINT_MIN_PROPERTIES);
    case KEYWORD_MAX_PROPERTIES:
        return check_count(w, place, TAPE_OBJECT, false, COMPLAINT_MAX_PROPERTIES);
    case KEYWORD_UNIQUE_ITEMS:
        return check_unique(w, place);
    default: /* what is left of those that walk_clause hands over */
        return check_text(w, place, clause);
    }
}

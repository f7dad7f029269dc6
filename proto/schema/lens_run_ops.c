/* Operations that look at what a value is: lists, tables, numbers, dates, languages, places. */
#include "proto/base/fold.h"
#include "proto/base/number.h"
#include "proto/json/jcs.h"
#include "proto/json/number_scan.h"
#include "proto/limits.h"
#include "proto/schema/lens_parts.h"

#include <math.h>

static const struct span nothing_expected = {.data = NULL, .len = 0};

static struct tree *fault(struct lens_work *work, enum lens_fault_kind kind,
                          const struct tree *value, struct span expected)
{
    report_fault(work, kind, value, expected);
    return NULL;
}

static struct tree *dropped(struct lens_work *work)
{
    report_dropped(work);
    return NULL;
}

struct tree *run_scratch_text(struct lens_work *work)
{
    if (buf_check(&work->scratch) != OK) {
        if (work->arena.failed == OK)
            work->arena.failed = buf_check(&work->scratch);
        return NULL;
    }
    return tree_text(&work->arena, arena_dup(&work->arena, buf_span(&work->scratch)));
}

bool run_text_of(struct lens_work *work, const struct tree *value, struct span *out)
{
    uint8_t digits[NUMBER_TEXT_BYTES_MAX];
    switch (value->type) {
    case TREE_STRING:
        *out = value->text;
        return true;
    case TREE_TRUE:
        *out = SPAN_LITERAL("true");
        return true;
    case TREE_FALSE:
        *out = SPAN_LITERAL("false");
        return true;
    case TREE_NUMBER:
        *out = arena_dup(&work->arena, span_of(digits, number_write(value->number, digits)));
        return out->data != NULL;
    case TREE_NULL:
    case TREE_ARRAY:
    case TREE_OBJECT:
        break;
    }
    return false;
}

/* --- Lists --- */

/* Undoing a join takes the parts as they are. */
static void split_into(struct lens_work *work, const struct lens_op *op, struct span text,
                       struct tree *parts)
{
    bool is_last = text.len == 0;
    while (!is_last) {
        const uint8_t *found =
            text.len == 0 ? NULL : memmem(text.data, text.len, op->text.data, op->text.len);
        size_t len = found == NULL ? text.len : (size_t)(found - text.data);
        struct span part = span_of(text.data, len);
        if (!op->is_inverse)
            part = run_trimmed(part);
        if (part.len > 0 || op->is_inverse)
            tree_append(&work->arena, parts, tree_text(&work->arena, part));
        is_last = found == NULL;
        text = span_part(text, len + op->text.len, text.len);
    }
}

static struct tree *run_split(struct lens_work *work, const struct lens_op *op, struct tree *value)
{
    bool is_array = tree_is(value, TREE_ARRAY);
    struct tree *parts = tree_array(&work->arena);
    for (uint32_t i = 0; i < (is_array ? value->count : 1); i++) {
        const struct tree *item = is_array ? value->items[i] : value;
        struct span text;
        if (run_text_of(work, item, &text))
            split_into(work, op, text, parts);
        else
            report_fault(work, LENS_FAULT_NOT_TEXT, item, nothing_expected);
    }
    bool is_empty = parts == NULL || parts->count == 0;
    return is_empty && !work->lens->keeps_blank ? NULL : parts;
}

static struct tree *run_join_op(struct lens_work *work, const struct lens_op *op,
                                struct tree *value)
{
    bool is_array = tree_is(value, TREE_ARRAY);
    uint32_t count = is_array ? value->count : 1;
    struct span *texts = arena_alloc_array(&work->arena, count, sizeof(*texts));
    if (texts == NULL)
        return NULL;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct tree *item = is_array ? value->items[i] : value;
        if (run_text_of(work, item, &texts[kept]))
            kept++;
        else
            report_fault(work, LENS_FAULT_NOT_TEXT, item, nothing_expected);
    }
    if (kept == 0 && count > 0)
        return NULL;
    buf_reset(&work->scratch);
    for (uint32_t i = 0; i < kept; i++) {
        if (i > 0)
            buf_append_span(&work->scratch, op->text);
        buf_append_span(&work->scratch, texts[i]);
    }
    return run_scratch_text(work);
}

static struct tree *run_wrap_array(struct lens_work *work, const struct lens_op *op,
                                   struct tree *value)
{
    if (value->type == TREE_ARRAY && !op->is_inverse)
        return value;
    struct tree *array = tree_array(&work->arena);
    tree_append(&work->arena, array, value);
    return array;
}

/* A list that wrapping made: wrapping leaves lists as they are. */
static bool is_wrapped(const struct tree *value)
{
    return value->type == TREE_ARRAY && value->count == 1 && value->items[0]->type != TREE_ARRAY;
}

static struct tree *run_at(struct lens_work *work, uint32_t index, struct tree *value)
{
    if (value->type != TREE_ARRAY)
        return index == 0 ? value : dropped(work);
    if (value->count > 1)
        report_dropped(work);
    return index < value->count ? value->items[index] : NULL;
}

/* FNV-1a over canonical bytes, to find repeats without comparing each with each. */
static uint64_t hash_of(struct lens_work *work, const struct tree *value)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    buf_reset(&work->scratch);
    tree_append_canonical(&work->scratch, value);
    for (size_t i = 0; i < work->scratch.len; i++)
        hash = (hash ^ work->scratch.data[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static struct tree *run_unique(struct lens_work *work, struct tree *value)
{
    if (value->type != TREE_ARRAY)
        return value;
    uint32_t slots = 4;
    while (slots < value->count * 2)
        slots *= 2;
    struct tree **seen = arena_alloc_array(&work->arena, slots, sizeof(*seen));
    struct tree *unique = tree_array(&work->arena);
    if (seen == NULL)
        return NULL;
    for (uint32_t i = 0; i < value->count; i++) {
        struct tree *item = value->items[i];
        uint32_t slot = (uint32_t)hash_of(work, item) & (slots - 1);
        while (seen[slot] != NULL && !tree_equal(seen[slot], item))
            slot = (slot + 1) & (slots - 1);
        if (seen[slot] != NULL)
            continue;
        seen[slot] = item;
        tree_append(&work->arena, unique, item);
    }
    return unique;
}

/* --- Wrapping --- */

static struct tree *run_wrap(struct lens_work *work, const struct lens_op *op, struct tree *value)
{
    struct tree *wrapped = NULL;
    (void)pointer_set(&work->arena, &wrapped, &op->pointer, value);
    return wrapped;
}

static struct tree *run_unwrap(struct lens_work *work, const struct lens_op *op, struct tree *value)
{
    struct tree *inner = pointer_get(value, &op->pointer);
    if (value->type != TREE_OBJECT && inner == NULL)
        return value;
    /* Of a value that an expression made, the rest is no part of the source. */
    if (value->is_read && (inner == NULL || value->count > 1))
        report_dropped(work);
    return inner;
}

/* --- Tables, numbers, booleans --- */

static struct tree *run_table(struct lens_work *work, const struct lens_op *op, struct tree *value)
{
    struct span key;
    const struct tree *found = NULL;
    if (run_text_of(work, value, &key))
        found = table_find(op, tree_is_text(value) ? run_trimmed(key) : key);
    if (found != NULL)
        return tree_copy(&work->arena, found);
    switch (op->otherwise) {
    case OTHERWISE_KEEP:
        return value;
    case OTHERWISE_DROP:
        return dropped(work);
    case OTHERWISE_VALUE:
        report_dropped(work);
        return tree_copy(&work->arena, op->value);
    case OTHERWISE_FAULT:
        break;
    }
    return fault(work, LENS_FAULT_NOT_IN_TABLE, value, nothing_expected);
}

bool run_number_of(struct span text, uint8_t decimal, double *out)
{
    uint8_t digits[64];
    size_t len = 0;
    text = run_trimmed(text);
    if (text.len > 0 && text.data[0] == '+')
        text = span_part(text, 1, text.len);
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        struct span rest = span_part(text, i, text.len);
        if (c == ' ' && i > 0)
            continue;
        if (span_starts_with(rest, SPAN_LITERAL("\xc2\xa0"))) {
            i += 1;
            continue;
        }
        if (span_starts_with(rest, SPAN_LITERAL("\xe2\x80\xaf"))) {
            i += 2;
            continue;
        }
        if (len == sizeof(digits) || (decimal != '.' && c == '.'))
            return false;
        digits[len++] = c == decimal ? '.' : c;
    }
    /* Leading zeros are no JSON, but they are how people pad numbers. */
    size_t sign = len > 0 && digits[0] == '-';
    size_t zeros = sign;
    while (zeros + 1 < len && digits[zeros] == '0' && digits[zeros + 1] >= '0' &&
           digits[zeros + 1] <= '9')
        zeros++;
    struct span number = span_of(digits + zeros, len - zeros);
    struct number_shape shape = number_shape(number);
    if (shape.len == 0 || shape.len != number.len || number.data[0] == '-')
        return false;
    double value = number_read(number);
    if (!isfinite(value))
        return false;
    *out = sign == 1 ? -value : value;
    return true;
}

static struct tree *run_number(struct lens_work *work, const struct lens_op *op, struct tree *value)
{
    double number;
    if (value->type == TREE_NUMBER)
        return value;
    if (tree_is_text(value) && run_number_of(value->text, op->decimal, &number))
        return tree_number(&work->arena, number);
    return fault(work, LENS_FAULT_NOT_NUMBER, value, nothing_expected);
}

static struct tree *run_number_text(struct lens_work *work, const struct lens_op *op,
                                    struct tree *value)
{
    if (value->type != TREE_NUMBER)
        return tree_is_text(value) ? value
                                   : fault(work, LENS_FAULT_NOT_NUMBER, value, nothing_expected);
    buf_reset(&work->scratch);
    jcs_append_number(&work->scratch, value->number);
    for (size_t i = 0; i < work->scratch.len; i++) {
        if (work->scratch.data[i] == '.')
            work->scratch.data[i] = op->decimal;
    }
    return run_scratch_text(work);
}

static struct tree *run_text(struct lens_work *work, struct tree *value)
{
    struct span text;
    if (!run_text_of(work, value, &text))
        return fault(work, LENS_FAULT_NOT_TEXT, value, nothing_expected);
    return tree_text(&work->arena, text);
}

static struct tree *run_untext(struct lens_work *work, struct tree *value)
{
    struct number_shape shape;
    if (!tree_is_text(value))
        return value;
    if (span_is(value->text, "true") || span_is(value->text, "false"))
        return tree_boolean(&work->arena, value->text.len == 4);
    if (number_scan(value->text, &shape) == NUMBER_CANONICAL && shape.len == value->text.len)
        return tree_number(&work->arena, number_read(value->text));
    return value;
}

static struct tree *run_pad(struct lens_work *work, const struct lens_op *op, struct tree *value)
{
    struct span text;
    bool is_negative = value->type == TREE_NUMBER && value->number < 0;
    if (value->type == TREE_TRUE || value->type == TREE_FALSE || is_negative ||
        !run_text_of(work, value, &text))
        return fault(work, LENS_FAULT_NOT_TEXT, value, nothing_expected);
    text = run_trimmed(text);
    buf_reset(&work->scratch);
    for (size_t i = text.len; i < op->number; i++)
        buf_append_byte(&work->scratch, '0');
    buf_append_span(&work->scratch, text);
    return text.len == 0 ? NULL : run_scratch_text(work);
}

static struct tree *run_unpad(struct lens_work *work, struct tree *value)
{
    bool is_number = tree_is_text(value) && value->text.len > 0 && value->text.len <= 15;
    for (size_t i = 0; is_number && i < value->text.len; i++)
        is_number = value->text.data[i] >= '0' && value->text.data[i] <= '9';
    return is_number ? tree_number(&work->arena, number_read(value->text)) : value;
}

static struct tree *run_boolean(struct lens_work *work, const struct lens_op *op,
                                struct tree *value)
{
    struct span text;
    if (value->type == TREE_TRUE || value->type == TREE_FALSE)
        return value;
    if (run_text_of(work, value, &text)) {
        buf_reset(&work->scratch);
        fold_append_text(&work->scratch, run_trimmed(text));
        for (uint32_t i = 0; i < op->word_count; i++) {
            if (span_equal(op->words[i], buf_span(&work->scratch)))
                return tree_boolean(&work->arena, i < op->true_count);
        }
    }
    return fault(work, LENS_FAULT_NOT_BOOLEAN, value, nothing_expected);
}

static struct tree *run_boolean_word(struct lens_work *work, const struct lens_op *op,
                                     struct tree *value)
{
    if (value->type != TREE_TRUE && value->type != TREE_FALSE)
        return value;
    return tree_text(&work->arena, value->type == TREE_TRUE ? op->text : op->language);
}

/* --- Dates --- */

static struct tree *run_date(struct lens_work *work, const struct lens_op *op, struct tree *value)
{
    struct span text;
    int64_t unix_ms;
    bool has_time;
    bool is_scalar = tree_is_text(value) || value->type == TREE_NUMBER;
    if (!is_scalar || !run_text_of(work, value, &text))
        return fault(work, LENS_FAULT_NOT_DATE, value, op->text);
    text = run_trimmed(text);
    uint8_t i = 0;
    while (i < op->format_count && !date_read(&op->read[i], text, &unix_ms, &has_time))
        i++;
    buf_reset(&work->scratch);
    if (i == op->format_count || !date_write(op->write, unix_ms, &work->scratch))
        return fault(work, LENS_FAULT_NOT_DATE, value, op->text);
    if (op->write->kind == DATE_UNIX_S || op->write->kind == DATE_UNIX_MS)
        return tree_number(&work->arena, number_read(buf_span(&work->scratch)));
    return run_scratch_text(work);
}

/* --- Languages and vocabularies --- */

static struct tree *first_text(struct tree *value)
{
    if (tree_is(value, TREE_ARRAY) && value->count > 0)
        value = value->items[0];
    if (tree_is(value, TREE_OBJECT))
        value = tree_get(value, "@value");
    bool is_scalar = value != NULL && value->type != TREE_NULL && value->type != TREE_ARRAY &&
                     value->type != TREE_OBJECT;
    return is_scalar ? value : NULL;
}

/* "fr" is also what "fr-FR" is written in; an empty language is that of texts without one. */
static bool is_language(struct span tag, struct span language)
{
    return span_equal(tag, language) ||
           (language.len > 0 && span_starts_with(tag, language) && tag.data[language.len] == '-');
}

static struct tree *text_in_map(const struct tree *map, struct span language)
{
    for (uint32_t i = 0; i < map->count; i++) {
        bool is_untagged = language.len == 0 && span_is(map->members[i].key, "@none");
        if (is_untagged || is_language(map->members[i].key, language)) {
            struct tree *text = first_text(map->members[i].value);
            if (text != NULL)
                return text;
        }
    }
    return NULL;
}

static struct tree *text_in_list(const struct tree *list, struct span language)
{
    for (uint32_t i = 0; i < list->count; i++) {
        struct tree *item = list->items[i];
        const struct tree *tag = tree_get(item, "@language");
        struct span tag_text = tree_is_text(tag) ? tag->text : span_of(NULL, 0);
        if (is_language(tag_text, language)) {
            struct tree *text = first_text(item);
            if (text != NULL)
                return text;
        }
    }
    return NULL;
}

static struct tree *any_text(const struct tree *value)
{
    for (uint32_t i = 0; i < value->count; i++) {
        struct tree *text =
            first_text(value->type == TREE_ARRAY ? value->items[i] : value->members[i].value);
        if (text != NULL)
            return text;
    }
    return NULL;
}

struct tree *run_language(struct lens_work *work, const struct span *languages, uint32_t count,
                          struct tree *value)
{
    if (value->type != TREE_OBJECT && value->type != TREE_ARRAY)
        return value;
    struct tree *text = value->type == TREE_OBJECT ? first_text(tree_get(value, "@value")) : NULL;
    if (text != NULL)
        return text;
    if (value->count > 1)
        report_dropped(work);
    for (uint32_t i = 0; i <= count && text == NULL; i++) {
        struct span language = i < count ? languages[i] : span_of(NULL, 0);
        text = value->type == TREE_OBJECT ? text_in_map(value, language)
                                          : text_in_list(value, language);
    }
    if (text == NULL)
        text = any_text(value);
    return text == NULL ? fault(work, LENS_FAULT_NO_LANGUAGE, value, nothing_expected) : text;
}

static struct tree *run_language_map(struct lens_work *work, const struct lens_op *op,
                                     struct tree *value)
{
    struct tree *map = tree_object(&work->arena);
    tree_put(&work->arena, map, op->words[0], value);
    return map;
}

static struct tree *run_concept(struct lens_work *work, const struct lens_op *op,
                                struct tree *value, bool to_label)
{
    const struct lens_vocabularies *known = work->vocabularies;
    struct span text;
    struct span found;
    if (!run_text_of(work, value, &text))
        return fault(work, LENS_FAULT_NOT_TEXT, value, nothing_expected);
    bool is_known = false;
    if (known != NULL && to_label && known->label_of != NULL)
        is_known = known->label_of(known->ctx, op->text, text, op->language, &found);
    if (known != NULL && !to_label && known->concept_of != NULL)
        is_known = known->concept_of(known->ctx, op->text, text, op->language, &found);
    return is_known ? tree_text(&work->arena, found)
                    : fault(work, LENS_FAULT_NO_CONCEPT, value, op->text);
}

/* --- Positions --- */

/* "48.85,2.35", "48,85 ; 2,35", "48.85 2.35": the two halves, untouched where there are not two. */
static bool halves(struct span text, struct span out[2])
{
    static const char separators[] = ";, ";
    for (size_t i = 0; text.len > 0 && separators[i] != '\0'; i++) {
        const uint8_t *first = memchr(text.data, separators[i], text.len);
        if (first == NULL)
            continue;
        size_t at = (size_t)(first - text.data);
        struct span rest = span_part(text, at + 1, text.len);
        if (separators[i] == ',' && rest.len > 0 && memchr(rest.data, ',', rest.len) != NULL)
            continue;
        out[0] = run_trimmed(span_of(text.data, at));
        out[1] = run_trimmed(rest);
        return out[0].len > 0 && out[1].len > 0;
    }
    return false;
}

static struct tree *run_coordinates(struct lens_work *work, const struct lens_op *op,
                                    struct tree *value)
{
    struct span parts[2];
    struct tree *pair[2] = {NULL, NULL};
    if (tree_is(value, TREE_ARRAY) && value->count >= 2) {
        pair[0] = value->items[0];
        pair[1] = value->items[1];
    } else if (tree_is_text(value) && halves(run_trimmed(value->text), parts)) {
        pair[0] = tree_text(&work->arena, parts[0]);
        pair[1] = tree_text(&work->arena, parts[1]);
    } else if (tree_is(value, TREE_OBJECT)) {
        pair[op->flag] = tree_get(value, "lat");
        pair[!op->flag] = tree_get(value, "lon");
    }
    if (pair[0] == NULL || pair[1] == NULL)
        return fault(work, LENS_FAULT_NOT_COORDINATES, value,
                     op->flag ? SPAN_LITERAL("lon,lat") : SPAN_LITERAL("lat,lon"));
    return run_point_of(work, pair[op->flag], work->from, pair[!op->flag], work->from);
}

static struct tree *run_coordinate_array(struct lens_work *work, const struct lens_op *op,
                                         struct tree *value)
{
    struct tree *lat = tree_get(value, "lat");
    struct tree *lon = tree_get(value, "lon");
    if (lat == NULL || lon == NULL)
        return fault(work, LENS_FAULT_NOT_COORDINATES, value, SPAN_LITERAL("lat, lon"));
    struct tree *array = tree_array(&work->arena);
    tree_append(&work->arena, array, op->flag ? lon : lat);
    tree_append(&work->arena, array, op->flag ? lat : lon);
    return array;
}

/* --- Which is which --- */

/* Operations on one value, which a list goes through item by item. */
static struct tree *run_single(struct lens_work *work, const struct lens_op *op, struct tree *value)
{
    switch (op->kind) {
    case OP_TABLE:
        return run_table(work, op, value);
    case OP_NUMBER:
        return run_number(work, op, value);
    case OP_NUMBER_TEXT:
        return run_number_text(work, op, value);
    case OP_TEXT:
        return run_text(work, value);
    case OP_UNTEXT:
        return run_untext(work, value);
    case OP_PAD:
        return run_pad(work, op, value);
    case OP_UNPAD:
        return run_unpad(work, value);
    case OP_BOOLEAN:
        return run_boolean(work, op, value);
    case OP_BOOLEAN_WORD:
        return run_boolean_word(work, op, value);
    case OP_DATE:
        return run_date(work, op, value);
    case OP_VOCABULARY:
        return run_concept(work, op, value, true);
    case OP_CONCEPT:
        return run_concept(work, op, value, false);
    case OP_PREFIX:
    case OP_STRIP:
    case OP_EXTRACT:
    case OP_REPLACE:
    case OP_HTML:
    case OP_TRIM:
    case OP_LOWER:
    case OP_DROP:
    case OP_WEB:
    case OP_SLUG:
        return run_text_op(work, op, value);
    case OP_SPLIT:
    case OP_JOIN:
    case OP_WRAP_ARRAY:
    case OP_UNWRAP_ARRAY:
    case OP_WRAP:
    case OP_UNWRAP:
    case OP_LANGUAGE:
    case OP_LANGUAGE_MAP:
    case OP_UNIQUE:
    case OP_AT:
    case OP_COORDINATES:
    case OP_COORDINATE_ARRAY:
        break;
    }
    BUG("an operation that is none of single values");
}

static struct tree *run_items(struct lens_work *work, const struct lens_op *op, struct tree *value)
{
    struct tree *results = tree_array(&work->arena);
    for (uint32_t i = 0; i < value->count; i++) {
        struct tree *item = value->items[i];
        if (item->type == TREE_NULL || item->type == TREE_ARRAY) {
            tree_append(&work->arena, results, item);
            continue;
        }
        tree_append(&work->arena, results, run_single(work, op, item));
    }
    bool lost_all = results != NULL && results->count == 0 && value->count > 0;
    return lost_all ? NULL : results;
}

struct tree *run_op(struct lens_work *work, const struct lens_op *op, struct tree *value)
{
    if (value->type == TREE_NULL && op->kind != OP_WRAP_ARRAY)
        return value;
    switch (op->kind) {
    case OP_SPLIT:
        return run_split(work, op, value);
    case OP_JOIN:
        return run_join_op(work, op, value);
    case OP_WRAP_ARRAY:
        return run_wrap_array(work, op, value);
    case OP_UNWRAP_ARRAY:
        return op->is_inverse && !is_wrapped(value) ? value : run_at(work, 0, value);
    case OP_AT:
        return run_at(work, op->number, value);
    case OP_UNIQUE:
        return run_unique(work, value);
    case OP_WRAP:
        return run_wrap(work, op, value);
    case OP_UNWRAP:
        return run_unwrap(work, op, value);
    case OP_LANGUAGE:
        return run_language(work, op->words, op->word_count, value);
    case OP_LANGUAGE_MAP:
        return run_language_map(work, op, value);
    case OP_COORDINATES:
        return run_coordinates(work, op, value);
    case OP_COORDINATE_ARRAY:
        return run_coordinate_array(work, op, value);
    case OP_TABLE:
    case OP_NUMBER:
    case OP_NUMBER_TEXT:
    case OP_TEXT:
    case OP_UNTEXT:
    case OP_PAD:
    case OP_UNPAD:
    case OP_BOOLEAN:
    case OP_BOOLEAN_WORD:
    case OP_DATE:
    case OP_VOCABULARY:
    case OP_CONCEPT:
    case OP_PREFIX:
    case OP_STRIP:
    case OP_EXTRACT:
    case OP_REPLACE:
    case OP_HTML:
    case OP_TRIM:
    case OP_LOWER:
    case OP_DROP:
    case OP_WEB:
    case OP_SLUG:
        break;
    }
    return value->type == TREE_ARRAY ? run_items(work, op, value) : run_single(work, op, value);
}

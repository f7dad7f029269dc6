/* Operations of a lens file, read one by one. */
#include <stdlib.h>

#include "proto/limits.h"
#include "proto/schema/lens_parts.h"

typedef enum err (*read_op)(struct lens_compiler *c, const struct tree *object,
                            const struct tree *value, struct lens_op *out);

static enum err read_text_value(struct lens_compiler *c, const struct tree *object,
                                const struct tree *value, struct lens_op *out)
{
    (void)object;
    return compile_text(c, value, &out->text);
}

/* {"trim":true} */
static enum err read_true(struct lens_compiler *c, const struct tree *object,
                          const struct tree *value, struct lens_op *out)
{
    (void)object;
    (void)out;
    return tree_is(value, TREE_TRUE) ? OK : compile_refuse(c, LENS_REFUSED_WRONG_TYPE, value);
}

static enum err read_count(struct lens_compiler *c, const struct tree *value, uint32_t max,
                           uint32_t *out)
{
    if (!tree_is(value, TREE_NUMBER) || !(value->number >= 0 && value->number <= max) ||
        value->number != (double)(uint32_t)value->number)
        return compile_refuse(c, LENS_REFUSED_WRONG_TYPE, value);
    *out = (uint32_t)value->number;
    return OK;
}

static enum err read_pad(struct lens_compiler *c, const struct tree *object,
                         const struct tree *value, struct lens_op *out)
{
    const struct tree *number = tree_get(object, "number");
    if (number != NULL && number->type != TREE_TRUE && number->type != TREE_FALSE)
        return compile_refuse(c, LENS_REFUSED_WRONG_TYPE, number);
    out->flag = tree_is(number, TREE_TRUE);
    return read_count(c, value, 64, &out->number);
}

static enum err read_at(struct lens_compiler *c, const struct tree *object,
                        const struct tree *value, struct lens_op *out)
{
    (void)object;
    return read_count(c, value, UINT16_MAX, &out->number);
}

static enum err read_otherwise(struct lens_compiler *c, const struct tree *value,
                               struct lens_op *out)
{
    static const char *const members[] = {"value", NULL};
    if (value == NULL)
        return OK;
    if (tree_is_text(value) && span_is(value->text, "keep")) {
        out->otherwise = OTHERWISE_KEEP;
        return OK;
    }
    if (tree_is_text(value) && span_is(value->text, "drop")) {
        out->otherwise = OTHERWISE_DROP;
        return OK;
    }
    TRY(compile_members(c, value, members));
    out->otherwise = OTHERWISE_VALUE;
    out->value = tree_get(value, "value");
    return out->value != NULL ? OK : compile_refuse(c, LENS_REFUSED_MISSING, NULL);
}

static enum err read_table(struct lens_compiler *c, const struct tree *object,
                           const struct tree *value, struct lens_op *out)
{
    if (!tree_is(value, TREE_OBJECT))
        return compile_refuse(c, LENS_REFUSED_WRONG_TYPE, value);
    if (value->count > LENS_TABLE_ROWS_MAX)
        return compile_refuse(c, LENS_REFUSED_LIMIT, NULL);
    out->rows = arena_alloc_array(c->arena, value->count, sizeof(*out->rows));
    if (out->rows == NULL)
        return compile_out_of_room(c);
    for (uint32_t i = 0; i < value->count; i++)
        out->rows[i] =
            (struct lens_table_row){.key = value->members[i].key, .value = value->members[i].value};
    out->row_count = value->count;
    table_sort(out);
    return read_otherwise(c, tree_get(object, "otherwise"), out);
}

static enum err read_number(struct lens_compiler *c, const struct tree *object,
                            const struct tree *value, struct lens_op *out)
{
    (void)object;
    static const char *const members[] = {"decimal", NULL};
    struct span decimal;
    out->decimal = '.';
    if (tree_is(value, TREE_TRUE))
        return OK;
    TRY(compile_members(c, value, members));
    if (value->count == 0)
        return OK;
    TRY(compile_text(c, tree_get(value, "decimal"), &decimal));
    if (!span_is(decimal, ",") && !span_is(decimal, "."))
        return compile_refuse(c, LENS_REFUSED_WRONG_TYPE, value);
    out->decimal = decimal.data[0];
    return OK;
}

static enum err read_boolean(struct lens_compiler *c, const struct tree *object,
                             const struct tree *value, struct lens_op *out)
{
    (void)object;
    static const char *const members[] = {"true", "false", NULL};
    static const char *const words_of[] = {"true", "false"};
    struct span *folded[2];
    struct span *words[2];
    uint32_t counts[2];
    TRY(compile_members(c, value, members));
    for (unsigned i = 0; i < 2; i++) {
        size_t before = compile_enter_name(c, words_of[i]);
        const struct tree *list = tree_get(value, words_of[i]);
        TRY(compile_words(c, list, false, &words[i], &counts[i]));
        TRY(compile_words(c, list, true, &folded[i], &counts[i]));
        if (counts[i] == 0)
            return compile_refuse(c, LENS_REFUSED_MISSING, list);
        compile_leave(c, before);
    }
    out->true_count = counts[0];
    out->word_count = counts[0] + counts[1];
    out->words = compile_room(c, out->word_count, sizeof(*out->words));
    if (out->words == NULL)
        return compile_out_of_room(c);
    memcpy(out->words, folded[0], counts[0] * sizeof(struct span));
    memcpy(out->words + counts[0], folded[1], counts[1] * sizeof(struct span));
    out->text = words[0][0];
    out->language = words[1][0];
    return OK;
}

static enum err read_formats(struct lens_compiler *c, const struct tree *value, uint32_t max,
                             struct date_format **out, uint32_t *count)
{
    struct span *words;
    TRY(compile_words(c, value, false, &words, count));
    if (*count > max)
        return compile_refuse(c, LENS_REFUSED_LIMIT, value);
    if (*count == 0)
        return compile_refuse(c, LENS_REFUSED_MISSING, value);
    *out = compile_room(c, *count, sizeof(**out));
    if (*out == NULL)
        return compile_out_of_room(c);
    for (uint32_t i = 0; i < *count; i++) {
        if (!date_format_compile(words[i], &(*out)[i]))
            return compile_refuse(c, LENS_REFUSED_DATE_FORMAT, value);
    }
    return OK;
}

/* "DD/MM/YYYY, date": what a fault says was expected. */
static enum err name_formats(struct lens_compiler *c, const struct tree *value, struct span *out)
{
    if (tree_is_text(value)) {
        *out = value->text;
        return OK;
    }
    struct buf names;
    buf_init(&names, LENS_BYTES_MAX);
    for (uint32_t i = 0; i < value->count; i++) {
        if (i > 0)
            buf_append_cstr(&names, ", ");
        buf_append_span(&names, value->items[i]->text);
    }
    *out = arena_dup(c->arena, buf_span(&names));
    buf_clear(&names);
    return out->data == NULL ? compile_out_of_room(c) : OK;
}

static enum err read_date(struct lens_compiler *c, const struct tree *object,
                          const struct tree *value, struct lens_op *out)
{
    (void)object;
    static const char *const members[] = {"read", "write", NULL};
    uint32_t count;
    TRY(compile_members(c, value, members));
    size_t before = compile_enter_name(c, "write");
    TRY(read_formats(c, tree_get(value, "write"), 1, &out->write, &count));
    compile_leave(c, before);
    (void)compile_enter_name(c, "read");
    TRY(read_formats(c, tree_get(value, "read"), LENS_DATE_FORMATS_MAX, &out->read, &count));
    TRY(name_formats(c, tree_get(value, "read"), &out->text));
    TRY(name_formats(c, tree_get(value, "write"), &out->language));
    compile_leave(c, before);
    out->format_count = (uint8_t)count;
    return OK;
}

static enum err read_wrapping(struct lens_compiler *c, const struct tree *value,
                              enum lens_op_kind array_kind, struct lens_op *out)
{
    if (tree_is_text(value) && span_is(value->text, "array")) {
        out->kind = array_kind;
        return OK;
    }
    TRY(compile_pointer(c, value, &out->pointer));
    if (out->pointer.count > LENS_WRAP_SEGMENTS_MAX)
        return compile_refuse(c, LENS_REFUSED_LIMIT, value);
    return out->pointer.count > 0 ? OK : compile_refuse(c, LENS_REFUSED_POINTER, value);
}

static enum err read_wrap(struct lens_compiler *c, const struct tree *object,
                          const struct tree *value, struct lens_op *out)
{
    (void)object;
    return read_wrapping(c, value, OP_WRAP_ARRAY, out);
}

static enum err read_unwrap(struct lens_compiler *c, const struct tree *object,
                            const struct tree *value, struct lens_op *out)
{
    (void)object;
    return read_wrapping(c, value, OP_UNWRAP_ARRAY, out);
}

static enum err read_words(struct lens_compiler *c, const struct tree *object,
                           const struct tree *value, struct lens_op *out)
{
    (void)object;
    TRY(compile_words(c, value, false, &out->words, &out->word_count));
    return out->word_count > 0 ? OK : compile_refuse(c, LENS_REFUSED_MISSING, value);
}

/* The empty text is one that means nothing. */
static enum err read_drop(struct lens_compiler *c, const struct tree *object,
                          const struct tree *value, struct lens_op *out)
{
    if (!tree_is(value, TREE_ARRAY))
        return read_words(c, object, value, out);
    out->words = compile_room(c, value->count, sizeof(*out->words));
    if (out->words == NULL)
        return compile_out_of_room(c);
    for (uint32_t i = 0; i < value->count; i++) {
        if (!tree_is_text(value->items[i]))
            return compile_refuse(c, LENS_REFUSED_WRONG_TYPE, value->items[i]);
        out->words[out->word_count++] = value->items[i]->text;
    }
    return OK;
}

/* The pattern belongs to the lens from here on. */
static enum err own_pattern(struct lens_compiler *c, const struct tree *value, struct span text,
                            struct lens_op *out)
{
    struct lens *lens = c->lens;
    if (lens->pattern_count == lens->pattern_room) {
        uint32_t room = lens->pattern_room == 0 ? 8 : lens->pattern_room * 2;
        struct pattern **grown = realloc(lens->patterns, room * sizeof(*grown));
        if (grown == NULL)
            return ERR_NO_MEMORY;
        lens->patterns = grown;
        lens->pattern_room = room;
    }
    enum err err = pattern_compile_general(text, &out->pattern, NULL);
    if (err == ERR_NO_MEMORY)
        return err;
    if (err != OK)
        return compile_refuse(c, LENS_REFUSED_PATTERN, value);
    lens->patterns[lens->pattern_count++] = out->pattern;
    return OK;
}

static enum err read_extract(struct lens_compiler *c, const struct tree *object,
                             const struct tree *value, struct lens_op *out)
{
    (void)object;
    struct span text;
    TRY(compile_text(c, value, &text));
    if (compile_room(c, 1, 0) == NULL)
        return compile_out_of_room(c);
    TRY(own_pattern(c, value, text, out));
    if (pattern_groups(out->pattern) == 0)
        return compile_refuse(c, LENS_REFUSED_PATTERN, value);
    return OK;
}

static enum err read_replace(struct lens_compiler *c, const struct tree *object,
                             const struct tree *value, struct lens_op *out)
{
    (void)object;
    struct span text;
    if (!tree_is(value, TREE_ARRAY) || value->count != 2 || !tree_is_text(value->items[1]))
        return compile_refuse(c, LENS_REFUSED_WRONG_TYPE, value);
    TRY(compile_text(c, value->items[0], &text));
    if (compile_room(c, 1, 0) == NULL)
        return compile_out_of_room(c);
    out->text = value->items[1]->text;
    return own_pattern(c, value->items[0], text, out);
}

static enum err read_html(struct lens_compiler *c, const struct tree *object,
                          const struct tree *value, struct lens_op *out)
{
    (void)object;
    (void)out;
    bool is_text = tree_is_text(value) && span_is(value->text, "text");
    return is_text ? OK : compile_refuse(c, LENS_REFUSED_WRONG_TYPE, value);
}

static enum err read_coordinates(struct lens_compiler *c, const struct tree *object,
                                 const struct tree *value, struct lens_op *out)
{
    (void)object;
    struct span order;
    TRY(compile_text(c, value, &order));
    out->flag = span_is(order, "lon,lat");
    if (!out->flag && !span_is(order, "lat,lon"))
        return compile_refuse(c, LENS_REFUSED_WRONG_TYPE, value);
    return OK;
}

static enum err read_vocabulary(struct lens_compiler *c, const struct tree *object,
                                const struct tree *value, struct lens_op *out)
{
    const struct lens_neighbours *near = c->neighbours;
    TRY(compile_text(c, value, &out->text));
    if (near != NULL && near->vocabulary_is_known != NULL &&
        !near->vocabulary_is_known(near->ctx, out->text))
        return compile_refuse(c, LENS_REFUSED_UNKNOWN_VOCABULARY, value);
    return compile_text(c, tree_get(object, "label"), &out->language);
}

static const struct {
    const char *name;
    const char *beside; /* a further member that goes with this operation */
    enum lens_op_kind kind;
    read_op read;
} ops[] = {
    {"split", NULL, OP_SPLIT, read_text_value},
    {"join", NULL, OP_JOIN, read_text_value},
    {"table", "otherwise", OP_TABLE, read_table},
    {"number", NULL, OP_NUMBER, read_number},
    {"text", NULL, OP_TEXT, read_true},
    {"pad", "number", OP_PAD, read_pad},
    {"boolean", NULL, OP_BOOLEAN, read_boolean},
    {"date", NULL, OP_DATE, read_date},
    {"wrap", NULL, OP_WRAP, read_wrap},
    {"unwrap", NULL, OP_UNWRAP, read_unwrap},
    {"prefix", NULL, OP_PREFIX, read_text_value},
    {"strip", NULL, OP_STRIP, read_text_value},
    {"language", NULL, OP_LANGUAGE, read_words},
    {"extract", NULL, OP_EXTRACT, read_extract},
    {"replace", NULL, OP_REPLACE, read_replace},
    {"html", NULL, OP_HTML, read_html},
    {"trim", NULL, OP_TRIM, read_true},
    {"lower", NULL, OP_LOWER, read_true},
    {"unique", NULL, OP_UNIQUE, read_true},
    {"drop", NULL, OP_DROP, read_drop},
    {"at", NULL, OP_AT, read_at},
    {"web", NULL, OP_WEB, read_true},
    {"coordinates", NULL, OP_COORDINATES, read_coordinates},
    {"vocabulary", "label", OP_VOCABULARY, read_vocabulary},
    {"slug", NULL, OP_SLUG, read_true},
};
#define OPS (sizeof(ops) / sizeof(ops[0]))

/* `pad` has a further member `number`, which is an operation elsewhere. */
static size_t find_op(const struct tree *value)
{
    bool is_pad = tree_get(value, "pad") != NULL;
    for (size_t i = 0; i < OPS; i++) {
        if (tree_get(value, ops[i].name) != NULL && !(is_pad && ops[i].kind == OP_NUMBER))
            return i;
    }
    return OPS;
}

static enum err read_one(struct lens_compiler *c, const struct tree *value, struct lens_op *out)
{
    if (!tree_is(value, TREE_OBJECT))
        return compile_refuse(c, LENS_REFUSED_WRONG_TYPE, value);
    size_t i = find_op(value);
    if (i == OPS)
        return compile_refuse(c, LENS_REFUSED_UNKNOWN_OP, value);
    const char *const members[] = {ops[i].name, ops[i].beside, NULL};
    TRY(compile_members(c, value, members));
    *out = (struct lens_op){.kind = ops[i].kind};
    (void)compile_enter_name(c, ops[i].name);
    return ops[i].read(c, value, tree_get(value, ops[i].name), out);
}

enum err compile_ops(struct lens_compiler *c, const struct tree *value, struct lens_expr *out)
{
    if (!tree_is(value, TREE_ARRAY))
        return compile_refuse(c, LENS_REFUSED_WRONG_TYPE, value);
    if (value->count > LENS_OPS_MAX)
        return compile_refuse(c, LENS_REFUSED_LIMIT, NULL);
    out->ops = compile_room(c, value->count, sizeof(*out->ops));
    if (out->ops == NULL)
        return compile_out_of_room(c);
    out->op_count = value->count;
    for (uint32_t i = 0; i < value->count; i++) {
        size_t before = compile_enter_item(c, i);
        TRY(read_one(c, value->items[i], &out->ops[i]));
        compile_leave(c, before);
    }
    return OK;
}

/* The way back: what a rule means when the result becomes the source. */
#include "proto/schema/lens_parts.h"

static enum err refuse(struct lens_compiler *c)
{
    return compile_refuse(c, LENS_REFUSED_NOT_INVERTIBLE, NULL);
}

/* The text of a key as a table compares it. */
static enum err key_of(struct lens_compiler *c, const struct tree *value, struct span *out)
{
    if (tree_is_text(value)) {
        *out = value->text;
        return OK;
    }
    if (value->type == TREE_ARRAY || value->type == TREE_OBJECT)
        return refuse(c);
    struct buf text;
    buf_init(&text, 64);
    tree_append_canonical(&text, value);
    *out = arena_dup(c->arena, buf_span(&text));
    buf_clear(&text);
    return out->data == NULL ? compile_out_of_room(c) : OK;
}

static enum err invert_table(struct lens_compiler *c, const struct lens_op *op, struct lens_op *out)
{
    out->rows = arena_alloc_array(c->arena, op->row_count, sizeof(*out->rows));
    if (out->rows == NULL)
        return compile_out_of_room(c);
    out->row_count = op->row_count;
    for (uint32_t i = 0; i < op->row_count; i++) {
        TRY(key_of(c, op->rows[i].value, &out->rows[i].key));
        out->rows[i].value = tree_text(c->arena, op->rows[i].key);
        if (out->rows[i].value == NULL)
            return compile_out_of_room(c);
    }
    table_sort(out);
    for (uint32_t i = 1; i < out->row_count; i++) {
        if (span_equal(out->rows[i - 1].key, out->rows[i].key))
            return compile_refuse(c, LENS_REFUSED_NOT_ONE_TO_ONE, NULL);
    }
    if (op->otherwise != OTHERWISE_VALUE)
        return OK;
    /* What stands for all others must be some key's value, or it would come to nothing. */
    struct span key;
    TRY(key_of(c, op->value, &key));
    out->otherwise = OTHERWISE_DROP;
    out->value = NULL;
    return table_find(out, key) != NULL ? OK : refuse(c);
}

static enum err invert_op(struct lens_compiler *c, const struct lens_op *op, struct lens_op *out)
{
    *out = *op;
    out->is_inverse = true;
    switch (op->kind) {
    case OP_SPLIT:
        out->kind = OP_JOIN;
        return OK;
    case OP_JOIN:
        out->kind = OP_SPLIT;
        return OK;
    case OP_TABLE:
        return invert_table(c, op, out);
    case OP_NUMBER:
        out->kind = OP_NUMBER_TEXT;
        return OK;
    case OP_TEXT:
        out->kind = OP_UNTEXT;
        return OK;
    case OP_PAD:
        out->kind = OP_UNPAD;
        return op->flag ? OK : refuse(c);
    case OP_BOOLEAN:
        out->kind = OP_BOOLEAN_WORD;
        return OK;
    case OP_DATE:
        out->text = op->language;
        out->language = op->text;
        out->read = op->write;
        out->format_count = 1;
        out->write = op->read;
        return OK;
    case OP_WRAP_ARRAY:
        out->kind = OP_UNWRAP_ARRAY;
        return OK;
    case OP_UNWRAP_ARRAY:
        out->kind = OP_WRAP_ARRAY;
        return OK;
    case OP_WRAP:
        out->kind = OP_UNWRAP;
        return OK;
    case OP_UNWRAP:
        out->kind = OP_WRAP;
        return OK;
    case OP_PREFIX:
        out->kind = OP_STRIP;
        return OK;
    case OP_STRIP:
        out->kind = OP_PREFIX;
        return OK;
    case OP_LANGUAGE:
        out->kind = OP_LANGUAGE_MAP;
        return OK;
    case OP_COORDINATES:
        out->kind = OP_COORDINATE_ARRAY;
        return OK;
    case OP_VOCABULARY:
        out->kind = OP_CONCEPT;
        return OK;
    case OP_TRIM:
    case OP_LOWER:
    case OP_UNIQUE:
    case OP_DROP:
    case OP_WEB:
        return OK;
    case OP_EXTRACT:
    case OP_REPLACE:
    case OP_HTML:
    case OP_AT:
    case OP_SLUG:
    case OP_NUMBER_TEXT:
    case OP_UNTEXT:
    case OP_UNPAD:
    case OP_BOOLEAN_WORD:
    case OP_LANGUAGE_MAP:
    case OP_COORDINATE_ARRAY:
    case OP_CONCEPT:
        break;
    }
    return refuse(c);
}

static bool is_identity_back(enum lens_op_kind kind)
{
    return kind == OP_TRIM || kind == OP_LOWER || kind == OP_UNIQUE || kind == OP_DROP ||
           kind == OP_WEB;
}

/* The operations so far, and behind them those of the expression, turned round. */
static enum err add_inverse_ops(struct lens_compiler *c, const struct lens_expr *expr,
                                const struct lens_expr *so_far, struct lens_expr *out)
{
    out->ops = compile_room(c, so_far->op_count + expr->op_count, sizeof(*out->ops));
    if (out->ops == NULL)
        return compile_out_of_room(c);
    out->op_count = 0;
    for (uint32_t i = 0; i < so_far->op_count; i++)
        out->ops[out->op_count++] = so_far->ops[i];
    for (uint32_t i = expr->op_count; i > 0; i--) {
        if (is_identity_back(expr->ops[i - 1].kind))
            continue;
        TRY(invert_op(c, &expr->ops[i - 1], &out->ops[out->op_count]));
        out->op_count++;
    }
    return OK;
}

static enum err push(struct lens_compiler *c, const struct pointer *to,
                     const struct lens_expr *expr, bool is_scope, struct lens_rules *back)
{
    struct lens_rule rule = {.to = *to, .is_scope = is_scope, .expr = *expr};
    return compile_push_rule(c, back, &rule);
}

static enum err longer_pointer(struct lens_compiler *c, const struct pointer *base,
                               const char *segment, struct pointer *out)
{
    struct buf text;
    buf_init(&text, LENS_POINTER_BYTES_MAX);
    buf_append_span(&text, base->text);
    pointer_append_segment(&text, span_cstr(segment));
    struct span kept = arena_dup(c->arena, buf_span(&text));
    enum err err =
        buf_check(&text) == OK && kept.data != NULL ? pointer_read(c->arena, kept, out) : ERR_LIMIT;
    buf_clear(&text);
    return err == OK ? OK : compile_out_of_room(c);
}

/* from_result: where on the way back the value is; so_far: the operations that it has been through.
 */
static enum err invert(struct lens_compiler *c, const struct lens_expr *expr,
                       const struct pointer *from_result, const struct lens_expr *so_far,
                       struct lens_rules *back)
{
    static const char *const axes[] = {"lat", "lon"};
    struct lens_expr inverse = {.source = SOURCE_FROM, .from = *from_result};
    if (expr->source == SOURCE_CONSTANT)
        return OK;
    TRY(add_inverse_ops(c, expr, so_far, &inverse));
    inverse.unwritten = expr->fallback != NULL ? expr->fallback : so_far->unwritten;
    bool is_plain = inverse.op_count == 0;
    switch (expr->source) {
    case SOURCE_FROM:
        return push(c, &expr->from, &inverse, false, back);
    case SOURCE_FIRST:
        return expr->part_count > 0 ? invert(c, &expr->parts[0], from_result, &inverse, back)
                                    : refuse(c);
    case SOURCE_POINT:
        if (!is_plain)
            return refuse(c);
        for (unsigned i = 0; i < 2; i++) {
            static const struct lens_expr nothing;
            struct pointer axis;
            TRY(longer_pointer(c, from_result, axes[i], &axis));
            TRY(invert(c, &expr->parts[i], &axis, &nothing, back));
        }
        return OK;
    case SOURCE_OBJECT:
        inverse.rules = expr->rules_back;
        return push(c, from_result, &inverse, true, back);
    case SOURCE_EACH:
        inverse.source = SOURCE_EACH;
        inverse.rules = expr->rules_back;
        return is_plain ? push(c, &expr->from, &inverse, false, back) : refuse(c);
    case SOURCE_JOIN:
    case SOURCE_ALL:
    case SOURCE_CODES:
    case SOURCE_HOURS:
    case SOURCE_HOURS_TEXT:
    case SOURCE_CONSTANT:
        break;
    }
    return refuse(c);
}

enum err compile_inverse(struct lens_compiler *c, const struct lens_rule *rule,
                         struct lens_rules *back)
{
    static const struct lens_expr nothing;
    return invert(c, &rule->expr, &rule->to, &nothing, back);
}

/* Expressions: one source, operations, a default. */
#include "proto/limits.h"
#include "proto/schema/lens_parts.h"

typedef enum err (*read_source)(struct lens_compiler *c, const struct tree *object,
                                const struct tree *value, struct lens_expr *out);

/* A pointer, or an expression of its own. */
static enum err read_part(struct lens_compiler *c, const struct tree *value, struct lens_expr *out)
{
    if (!tree_is_text(value))
        return compile_expr(c, value, false, out);
    *out = (struct lens_expr){.source = SOURCE_FROM};
    return compile_pointer(c, value, &out->from);
}

static enum err read_parts(struct lens_compiler *c, const struct tree *value, struct lens_expr *out)
{
    if (!tree_is(value, TREE_ARRAY))
        return compile_refuse(c, LENS_REFUSED_WRONG_TYPE, value);
    out->parts = compile_room(c, value->count, sizeof(*out->parts));
    if (out->parts == NULL)
        return compile_out_of_room(c);
    out->part_count = value->count;
    for (uint32_t i = 0; i < value->count; i++) {
        size_t before = compile_enter_item(c, i);
        TRY(read_part(c, value->items[i], &out->parts[i]));
        compile_leave(c, before);
    }
    return OK;
}

static enum err read_pointers(struct lens_compiler *c, const struct tree *value,
                              struct lens_pointers *out)
{
    bool is_list = tree_is(value, TREE_ARRAY);
    uint32_t count = is_list ? value->count : 1;
    out->items = compile_room(c, count, sizeof(*out->items));
    if (out->items == NULL)
        return compile_out_of_room(c);
    out->count = count;
    for (uint32_t i = 0; i < count; i++) {
        size_t before = c->path_len;
        if (is_list)
            (void)compile_enter_item(c, i);
        TRY(compile_pointer(c, is_list ? value->items[i] : value, &out->items[i]));
        compile_leave(c, before);
    }
    return OK;
}

static enum err read_from(struct lens_compiler *c, const struct tree *object,
                          const struct tree *value, struct lens_expr *out)
{
    (void)object;
    out->source = SOURCE_FROM;
    return compile_pointer(c, value, &out->from);
}

static enum err read_first(struct lens_compiler *c, const struct tree *object,
                           const struct tree *value, struct lens_expr *out)
{
    (void)object;
    out->source = SOURCE_FIRST;
    return read_parts(c, value, out);
}

static enum err read_join(struct lens_compiler *c, const struct tree *object,
                          const struct tree *value, struct lens_expr *out)
{
    const struct tree *separator = tree_get(object, "separator");
    out->source = SOURCE_JOIN;
    out->separator = SPAN_LITERAL(" ");
    if (separator != NULL && separator->type != TREE_STRING)
        return compile_refuse(c, LENS_REFUSED_WRONG_TYPE, separator);
    if (separator != NULL)
        out->separator = separator->text;
    return read_parts(c, value, out);
}

static enum err read_all(struct lens_compiler *c, const struct tree *object,
                         const struct tree *value, struct lens_expr *out)
{
    (void)object;
    out->source = SOURCE_ALL;
    return read_parts(c, value, out);
}

static enum err read_constant(struct lens_compiler *c, const struct tree *object,
                              const struct tree *value, struct lens_expr *out)
{
    (void)c;
    (void)object;
    out->source = SOURCE_CONSTANT;
    out->constant = tree_copy(c->arena, value);
    return OK;
}

static enum err read_code(struct lens_compiler *c, const struct tree *value, struct lens_code *out)
{
    static const char *const members[] = {"in", "words", "without", "code", NULL};
    TRY(compile_members(c, value, members));
    const struct tree *in = tree_get(value, "in");
    const struct tree *words = tree_get(value, "words");
    const struct tree *without = tree_get(value, "without");
    out->code = tree_get(value, "code");
    size_t before = compile_enter_name(c, "code");
    if (out->code == NULL)
        return compile_refuse(c, LENS_REFUSED_MISSING, NULL);
    c->path_len = before;
    (void)compile_enter_name(c, "in");
    if (in != NULL)
        TRY(read_pointers(c, in, &out->in));
    c->path_len = before;
    (void)compile_enter_name(c, "words");
    if (words != NULL)
        TRY(compile_words(c, words, true, &out->words, &out->word_count));
    c->path_len = before;
    (void)compile_enter_name(c, "without");
    if (without != NULL)
        TRY(compile_words(c, without, true, &out->without, &out->without_count));
    compile_leave(c, before);
    return OK;
}

static enum err read_codes(struct lens_compiler *c, const struct tree *object,
                           const struct tree *value, struct lens_expr *out)
{
    const struct tree *many = tree_get(object, "many");
    out->source = SOURCE_CODES;
    out->many = tree_is(many, TREE_TRUE);
    if (!tree_is(value, TREE_ARRAY))
        return compile_refuse(c, LENS_REFUSED_WRONG_TYPE, value);
    if (many != NULL && many->type != TREE_TRUE && many->type != TREE_FALSE)
        return compile_refuse(c, LENS_REFUSED_WRONG_TYPE, many);
    out->codes = compile_room(c, value->count, sizeof(*out->codes));
    if (out->codes == NULL)
        return compile_out_of_room(c);
    out->code_count = value->count;
    for (uint32_t i = 0; i < value->count; i++) {
        size_t before = compile_enter_item(c, i);
        TRY(read_code(c, value->items[i], &out->codes[i]));
        compile_leave(c, before);
    }
    return OK;
}

static enum err read_hours(struct lens_compiler *c, const struct tree *object,
                           const struct tree *value, struct lens_expr *out)
{
    (void)object;
    out->source = SOURCE_HOURS;
    if (!tree_is(value, TREE_OBJECT))
        return compile_refuse(c, LENS_REFUSED_WRONG_TYPE, value);
    for (uint32_t i = 0; i < value->count; i++) {
        unsigned day;
        size_t before = compile_enter(c, value->members[i].key);
        if (!hours_day_of_code(value->members[i].key, &day))
            return compile_refuse(c, LENS_REFUSED_UNKNOWN_DAY, NULL);
        TRY(read_pointers(c, value->members[i].value, &out->days[day]));
        compile_leave(c, before);
    }
    return OK;
}

static enum err read_hours_text(struct lens_compiler *c, const struct tree *object,
                                const struct tree *value, struct lens_expr *out)
{
    (void)object;
    out->source = SOURCE_HOURS_TEXT;
    return compile_pointer(c, value, &out->from);
}

static enum err read_box(struct lens_compiler *c, const struct tree *value, struct lens_box *out)
{
    double sides[4];
    if (!tree_is(value, TREE_ARRAY) || value->count != 4)
        return compile_refuse(c, LENS_REFUSED_WRONG_TYPE, value);
    for (unsigned i = 0; i < 4; i++) {
        if (!tree_is(value->items[i], TREE_NUMBER))
            return compile_refuse(c, LENS_REFUSED_WRONG_TYPE, value);
        sides[i] = value->items[i]->number;
    }
    *out =
        (struct lens_box){.south = sides[0], .west = sides[1], .north = sides[2], .east = sides[3]};
    return OK;
}

static enum err read_boxes(struct lens_compiler *c, const struct tree *value, struct lens_expr *out)
{
    if (!tree_is(value, TREE_ARRAY))
        return compile_refuse(c, LENS_REFUSED_WRONG_TYPE, value);
    out->boxes = compile_room(c, value->count, sizeof(*out->boxes));
    if (out->boxes == NULL)
        return compile_out_of_room(c);
    out->box_count = value->count;
    for (uint32_t i = 0; i < value->count; i++) {
        size_t before = compile_enter_item(c, i);
        TRY(read_box(c, value->items[i], &out->boxes[i]));
        compile_leave(c, before);
    }
    return OK;
}

static enum err read_point(struct lens_compiler *c, const struct tree *object,
                           const struct tree *value, struct lens_expr *out)
{
    (void)object;
    static const char *const members[] = {"lat", "lon", "within", NULL};
    TRY(compile_members(c, value, members));
    out->source = SOURCE_POINT;
    out->parts = compile_room(c, 2, sizeof(*out->parts));
    if (out->parts == NULL)
        return compile_out_of_room(c);
    out->part_count = 2;
    for (unsigned i = 0; i < 2; i++) {
        size_t before = compile_enter_name(c, members[i]);
        const struct tree *part = tree_get(value, members[i]);
        if (part == NULL)
            return compile_refuse(c, LENS_REFUSED_MISSING, NULL);
        TRY(read_part(c, part, &out->parts[i]));
        compile_leave(c, before);
    }
    const struct tree *within = tree_get(value, "within");
    if (within == NULL)
        return OK;
    size_t before = compile_enter_name(c, "within");
    TRY(read_boxes(c, within, out));
    compile_leave(c, before);
    return OK;
}

static enum err read_object(struct lens_compiler *c, const struct tree *object,
                            const struct tree *value, struct lens_expr *out)
{
    (void)object;
    out->source = SOURCE_OBJECT;
    return compile_rules(c, value, &out->rules, &out->rules_back);
}

static enum err read_each(struct lens_compiler *c, const struct tree *object,
                          const struct tree *value, struct lens_expr *out)
{
    out->source = SOURCE_EACH;
    TRY(compile_pointer(c, value, &out->from));
    size_t end = c->path_len;
    /* `rules` stands beside `each`. */
    while (c->path_len > 0 && c->path[c->path_len - 1] != '/')
        c->path_len--;
    if (c->path_len > 0)
        c->path_len--;
    (void)compile_enter_name(c, "rules");
    const struct tree *rules = tree_get(object, "rules");
    if (rules == NULL)
        return compile_refuse(c, LENS_REFUSED_MISSING, NULL);
    TRY(compile_rules(c, rules, &out->rules, &out->rules_back));
    c->path_len = end;
    return OK;
}

static const struct {
    const char *name;
    const char *beside; /* a further member that goes with this source */
    read_source read;
} sources[] = {
    {"from", NULL, read_from},         {"first", NULL, read_first},
    {"join", "separator", read_join},  {"all", NULL, read_all},
    {"constant", NULL, read_constant}, {"codes", "many", read_codes},
    {"hours", NULL, read_hours},       {"hours_text", NULL, read_hours_text},
    {"point", NULL, read_point},       {"object", NULL, read_object},
    {"each", "rules", read_each},
};
#define SOURCES (sizeof(sources) / sizeof(sources[0]))

static enum err find_source(struct lens_compiler *c, const struct tree *value, size_t *out)
{
    size_t found = SOURCES;
    for (size_t i = 0; i < SOURCES; i++) {
        if (tree_get(value, sources[i].name) == NULL)
            continue;
        if (found < SOURCES) {
            (void)compile_enter_name(c, sources[i].name);
            return compile_refuse(c, LENS_REFUSED_TWO_SOURCES, NULL);
        }
        found = i;
    }
    if (found == SOURCES)
        return compile_refuse(c, LENS_REFUSED_NO_SOURCE, value);
    *out = found;
    return OK;
}

static enum err check_members(struct lens_compiler *c, const struct tree *value, bool in_rule,
                              size_t source)
{
    const char *names[7] = {sources[source].name, "through", "default"};
    unsigned count = 3;
    if (sources[source].beside != NULL)
        names[count++] = sources[source].beside;
    if (in_rule) {
        names[count++] = "to";
        names[count++] = "back";
    }
    names[count] = NULL;
    return compile_members(c, value, names);
}

static enum err read_expr(struct lens_compiler *c, const struct tree *value, bool in_rule,
                          struct lens_expr *out)
{
    size_t source;
    if (!tree_is(value, TREE_OBJECT))
        return compile_refuse(c, LENS_REFUSED_WRONG_TYPE, value);
    TRY(find_source(c, value, &source));
    TRY(check_members(c, value, in_rule, source));
    *out = (struct lens_expr){.source = SOURCE_FROM};
    size_t before = compile_enter_name(c, sources[source].name);
    TRY(sources[source].read(c, value, tree_get(value, sources[source].name), out));
    compile_leave(c, before);
    const struct tree *through = tree_get(value, "through");
    if (through != NULL) {
        (void)compile_enter_name(c, "through");
        TRY(compile_ops(c, through, out));
        compile_leave(c, before);
    }
    out->fallback = tree_get(value, "default");
    return OK;
}

enum err compile_expr(struct lens_compiler *c, const struct tree *value, bool in_rule,
                      struct lens_expr *out)
{
    if (c->nesting == LENS_NESTING_MAX)
        return compile_refuse(c, LENS_REFUSED_LIMIT, NULL);
    c->nesting++;
    enum err err = read_expr(c, value, in_rule, out);
    c->nesting--;
    return err;
}

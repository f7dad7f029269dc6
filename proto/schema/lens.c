/* A lens file as a whole: its names, its neighbours, its declared losses. */
#include "proto/schema/lens.h"

#include <stdlib.h>

#include "proto/limits.h"
#include "proto/schema/lens_parts.h"

static enum err read_lens(struct lens_compiler *c, const struct tree *value);

static enum err read_names(struct lens_compiler *c, const struct tree *value)
{
    struct lens *lens = c->lens;
    size_t before = compile_enter_name(c, "from");
    TRY(compile_text(c, tree_get(value, "from"), &lens->from));
    compile_leave(c, before);
    (void)compile_enter_name(c, "to");
    TRY(compile_text(c, tree_get(value, "to"), &lens->to));
    compile_leave(c, before);
    const struct tree *both = tree_get(value, "both");
    (void)compile_enter_name(c, "both");
    if (both != NULL && both->type != TREE_TRUE && both->type != TREE_FALSE)
        return compile_refuse(c, LENS_REFUSED_WRONG_TYPE, both);
    compile_leave(c, before);
    lens->both = tree_is(both, TREE_TRUE);
    c->one_way = lens->both ? 0 : 2;
    return OK;
}

static enum err read_blank(struct lens_compiler *c, const struct tree *value)
{
    const struct tree *blank = tree_get(value, "blank");
    c->lens->keeps_blank = c->lens->both;
    if (blank == NULL)
        return OK;
    bool keeps = tree_is_text(blank) && span_is(blank->text, "keep");
    if (!keeps && !(tree_is_text(blank) && span_is(blank->text, "missing"))) {
        (void)compile_enter_name(c, "blank");
        return compile_refuse(c, LENS_REFUSED_WRONG_TYPE, blank);
    }
    c->lens->keeps_blank = keeps;
    return OK;
}

static enum err read_declared(struct lens_compiler *c, const struct tree *value,
                              enum lens_direction direction)
{
    static const char *const members[] = {"path", "why", NULL};
    struct lens *lens = c->lens;
    if (value == NULL)
        return OK;
    if (!tree_is(value, TREE_ARRAY))
        return compile_refuse(c, LENS_REFUSED_WRONG_TYPE, value);
    uint32_t before_count = lens->declared_count[direction];
    struct lens_declared *declared =
        compile_room(c, before_count + value->count, sizeof(*declared));
    if (declared == NULL)
        return compile_out_of_room(c);
    if (before_count > 0)
        memcpy(declared, lens->declared[direction], before_count * sizeof(*declared));
    for (uint32_t i = 0; i < value->count; i++) {
        size_t before = compile_enter_item(c, i);
        TRY(compile_members(c, value->items[i], members));
        TRY(compile_pointer(c, tree_get(value->items[i], "path"),
                            &declared[before_count + i].path));
        declared[before_count + i].why = tree_get(value->items[i], "why");
        compile_leave(c, before);
    }
    lens->declared[direction] = declared;
    lens->declared_count[direction] = before_count + value->count;
    return OK;
}

static enum err read_losses(struct lens_compiler *c, const struct tree *value)
{
    static const char *const members[] = {"there", "back", NULL};
    const struct tree *loses = tree_get(value, "loses");
    if (loses == NULL)
        return OK;
    size_t before = compile_enter_name(c, "loses");
    TRY(compile_members(c, loses, members));
    for (unsigned i = 0; i < 2; i++) {
        size_t inside = compile_enter_name(c, members[i]);
        TRY(read_declared(c, tree_get(loses, members[i]), i == 0 ? LENS_THERE : LENS_BACK));
        compile_leave(c, inside);
    }
    compile_leave(c, before);
    return OK;
}

static enum err read_use(struct lens_compiler *c, const struct tree *value)
{
    const struct lens_neighbours *near = c->neighbours;
    struct span name;
    struct span text;
    struct tree *used;
    TRY(compile_text(c, value, &name));
    for (uint32_t i = 0; i < c->use_depth; i++) {
        if (span_equal(c->uses[i], name))
            return compile_refuse(c, LENS_REFUSED_USE_LOOP, value);
    }
    if (near == NULL || near->text_of == NULL || !near->text_of(near->ctx, name, &text))
        return compile_refuse(c, LENS_REFUSED_UNKNOWN_LENS, value);
    if (c->use_depth == sizeof(c->uses) / sizeof(c->uses[0]))
        return compile_refuse(c, LENS_REFUSED_USE_LOOP, value);
    c->uses[c->use_depth++] = name;
    TRY(compile_parse(c, text, &used));
    TRY(read_lens(c, used));
    c->use_depth--;
    return OK;
}

static enum err read_uses(struct lens_compiler *c, const struct tree *value)
{
    const struct tree *use = tree_get(value, "use");
    if (use == NULL)
        return OK;
    size_t before = compile_enter_name(c, "use");
    if (!tree_is(use, TREE_ARRAY))
        return compile_refuse(c, LENS_REFUSED_WRONG_TYPE, use);
    for (uint32_t i = 0; i < use->count; i++) {
        size_t inside = compile_enter_item(c, i);
        TRY(read_use(c, use->items[i]));
        compile_leave(c, inside);
    }
    compile_leave(c, before);
    return OK;
}

/* What a lens that uses this one takes over: its rules and declared losses, those that it uses
 * itself first. */
static enum err read_lens(struct lens_compiler *c, const struct tree *value)
{
    static const char *const members[] = {"from", "to",    "both",  "title", "description",
                                          "use",  "rules", "loses", "blank", NULL};
    TRY(compile_members(c, value, members));
    TRY(read_uses(c, value));
    size_t before = compile_enter_name(c, "rules");
    const struct tree *rules = tree_get(value, "rules");
    if (rules == NULL)
        return compile_refuse(c, LENS_REFUSED_MISSING, NULL);
    TRY(compile_rules(c, rules, &c->lens->there, &c->lens->back));
    compile_leave(c, before);
    return read_losses(c, value);
}

static enum err compile(struct lens_compiler *c, struct span text)
{
    struct tree *value;
    TRY(compile_parse(c, text, &value));
    if (mednum_is_mapping(value))
        TRY(mednum_lens(c, value, &value));
    TRY(read_names(c, value));
    TRY(read_blank(c, value));
    TRY(read_lens(c, value));
    return arena_check(c->arena) == OK ? OK : compile_out_of_room(c);
}

struct lens *lens_new(void)
{
    struct lens *lens = calloc(1, sizeof(*lens));
    if (lens != NULL)
        arena_init(&lens->arena, LENS_MEMORY_BYTES_MAX);
    return lens;
}

enum err lens_compile(struct span text, const struct lens_neighbours *neighbours, struct lens **out,
                      struct lens_refusal *refusal)
{
    struct lens *lens = lens_new();
    if (lens == NULL)
        return ERR_NO_MEMORY;
    struct lens_compiler c = {
        .lens = lens, .arena = &lens->arena, .neighbours = neighbours, .refusal = refusal};
    enum err err = compile(&c, text);
    if (err == OK)
        *out = lens;
    else
        lens_free(lens);
    return err;
}

void lens_free(struct lens *lens)
{
    if (lens == NULL)
        return;
    for (uint32_t i = 0; i < lens->pattern_count; i++)
        pattern_free(lens->patterns[i]);
    free(lens->patterns);
    arena_clear(&lens->arena);
    free(lens);
}

struct span lens_from(const struct lens *lens)
{
    return lens->from;
}

struct span lens_to(const struct lens *lens)
{
    return lens->to;
}

bool lens_is_both(const struct lens *lens)
{
    return lens->both;
}

const char *lens_refusal_reason(enum lens_rule_broken rule, enum lang lang)
{
    static const char *const sentences[][2] = {
#define LENS_REFUSAL(name, reason_en, remedy_en, reason_fr, remedy_fr) {reason_en, reason_fr},
#include "proto/schema/lens_refusals.def"
#undef LENS_REFUSAL
    };
    return sentences[rule][lang == LANG_FR];
}

const char *lens_refusal_remedy(enum lens_rule_broken rule, enum lang lang)
{
    static const char *const sentences[][2] = {
#define LENS_REFUSAL(name, reason_en, remedy_en, reason_fr, remedy_fr) {remedy_en, remedy_fr},
#include "proto/schema/lens_refusals.def"
#undef LENS_REFUSAL
    };
    return sentences[rule][lang == LANG_FR];
}

/* Which members and items a schema evaluates, as far as that can be known before any instance is
 * seen. Most uses of unevaluatedProperties can: then they are additionalProperties with more names,
 * and nothing is remembered at run time.
 *
 * What is certain (the node itself, $ref, allOf) is gathered; a choice (anyOf, if...) is no
 * obstacle as long as it adds nothing to that. */
#include <stdlib.h>

#include "proto/schema/lower.h"

#define STEPS_MAX 4096u

void evaluated_clear(struct evaluated *e)
{
    free(e->names.items);
    free(e->patterns.items);
    free(e->choices.items);
    *e = (struct evaluated){.steps = 0};
}

static bool has_name(const struct evaluated *e, struct span name)
{
    for (uint32_t i = 0; i < e->names.count; i++) {
        if (span_equal(e->names.items[i], name))
            return true;
    }
    return false;
}

static bool has_pattern(const struct evaluated *e, uint32_t pattern)
{
    for (uint32_t i = 0; i < e->patterns.count; i++) {
        if (e->patterns.items[i] == pattern)
            return true;
    }
    return false;
}

static enum err add_choice(struct evaluated *e, uint32_t node, uint32_t context)
{
    uint32_t *first = LIST_PUSH(&e->choices);
    if (first == NULL)
        return ERR_NO_MEMORY;
    *first = node;
    uint32_t *second = LIST_PUSH(&e->choices);
    if (second == NULL)
        return ERR_NO_MEMORY;
    *second = context;
    return OK;
}

static enum err add_members(const struct lowering *l, const struct view *view, struct evaluated *e)
{
    const struct clause *properties = view->by[KEYWORD_PROPERTIES];
    const struct clause *patterns = view->by[KEYWORD_PATTERN_PROPERTIES];
    for (uint32_t i = 0; properties != NULL && i < properties->count; i++) {
        struct span name =
            model_text(l->model, view->node, l->model->children.items[properties->first + i].key);
        if (has_name(e, name))
            continue;
        struct span *slot = LIST_PUSH(&e->names);
        if (slot == NULL)
            return ERR_NO_MEMORY;
        *slot = name;
        e->steps += e->names.count / 16;
    }
    for (uint32_t i = 0; patterns != NULL && i < patterns->count; i++) {
        uint32_t pattern = l->model->children.items[patterns->first + i].pattern;
        if (has_pattern(e, pattern))
            continue;
        uint32_t *slot = LIST_PUSH(&e->patterns);
        if (slot == NULL)
            return ERR_NO_MEMORY;
        *slot = pattern;
    }
    if (view->by[KEYWORD_ADDITIONAL_PROPERTIES] != NULL)
        e->all_members = true;
    return OK;
}

static void add_items(const struct view *view, struct evaluated *e)
{
    const struct clause *prefix = view->by[KEYWORD_PREFIX_ITEMS];
    if (prefix != NULL && prefix->count > e->prefix)
        e->prefix = prefix->count;
    if (view->by[KEYWORD_ITEMS] != NULL)
        e->all_items = true;
    if (view->by[KEYWORD_CONTAINS] != NULL)
        e->some_items = true;
}

static enum err add_choices(const struct lowering *l, const struct view *view, struct evaluated *e)
{
    static const enum keyword choices[] = {KEYWORD_ANY_OF,      KEYWORD_ONE_OF,
                                           KEYWORD_IF,          KEYWORD_THEN,
                                           KEYWORD_ELSE,        KEYWORD_DEPENDENT_SCHEMAS,
                                           KEYWORD_DEPENDENCIES};
    for (size_t k = 0; k < sizeof(choices) / sizeof(choices[0]); k++) {
        const struct clause *clause = view->by[choices[k]];
        bool idle = (choices[k] == KEYWORD_THEN || choices[k] == KEYWORD_ELSE) &&
                    view->by[KEYWORD_IF] == NULL;
        for (uint32_t i = 0; clause != NULL && !idle && i < clause->count; i++) {
            uint32_t node = l->model->children.items[clause->first + i].node;
            if (node != NONE)
                TRY(add_choice(e, node, view->context));
        }
    }
    return OK;
}

/* Recursion: at most SCHEMA_NESTING_MAX. */
static enum err gather(const struct lowering *l, uint32_t node, uint32_t context, bool is_root,
                       unsigned depth_left, struct evaluated *e)
{
    struct view view;
    lower_view(l, node, context, &view);
    if (depth_left == 0 || e->steps++ > STEPS_MAX || view.by[KEYWORD_DYNAMIC_REF] != NULL) {
        e->undecided = true;
        return OK;
    }
    TRY(add_members(l, &view, e));
    add_items(&view, e);
    if (!is_root && view.by[KEYWORD_UNEVALUATED_PROPERTIES] != NULL)
        e->all_members = true;
    if (!is_root && view.by[KEYWORD_UNEVALUATED_ITEMS] != NULL)
        e->all_items = true;
    TRY(add_choices(l, &view, e));
    const struct clause *all = view.by[KEYWORD_ALL_OF];
    for (uint32_t i = 0; all != NULL && i < all->count; i++)
        TRY(gather(l, l->model->children.items[all->first + i].node, context, false, depth_left - 1,
                   e));
    if (view.by[KEYWORD_REF] != NULL)
        TRY(gather(l, lower_target(l, view.by[KEYWORD_REF], context), context, false,
                   depth_left - 1, e));
    return OK;
}

/* The choice adds nothing to what is certain. */
static bool adds_nothing(const struct evaluated *certain, const struct evaluated *choice,
                         bool items)
{
    if (items)
        return certain->all_items || (!choice->all_items && choice->prefix <= certain->prefix);
    if (certain->all_members)
        return true;
    if (choice->all_members)
        return false;
    for (uint32_t i = 0; i < choice->names.count; i++) {
        if (!has_name(certain, choice->names.items[i]))
            return false;
    }
    for (uint32_t i = 0; i < choice->patterns.count; i++) {
        if (!has_pattern(certain, choice->patterns.items[i]))
            return false;
    }
    return true;
}

enum err evaluated_find(const struct lowering *l, const struct view *view, bool items,
                        struct evaluated *out, enum evaluated_verdict *verdict_out)
{
    *out = (struct evaluated){.steps = 0};
    struct evaluated choices = {.steps = 0};
    enum err err = gather(l, view->node, view->context, true, SCHEMA_NESTING_MAX, out);
    /* What a choice itself chooses from comes behind it in its list, and is gathered, too. */
    for (uint32_t i = 0; err == OK && i < out->choices.count; i += 2)
        err = gather(l, out->choices.items[i], out->choices.items[i + 1], false, SCHEMA_NESTING_MAX,
                     &choices);
    for (uint32_t i = 0; err == OK && i < choices.choices.count; i += 2)
        err = gather(l, choices.choices.items[i], choices.choices.items[i + 1], false,
                     SCHEMA_NESTING_MAX, &choices);
    bool undecided = out->undecided || choices.undecided ||
                     (items && !out->all_items && (out->some_items || choices.some_items));
    *verdict_out =
        !undecided && adds_nothing(out, &choices, items) ? EVALUATED_STATIC : EVALUATED_DYNAMIC;
    evaluated_clear(&choices);
    return err;
}

enum err evaluated_adds(const struct lowering *l, const struct evaluated *certain, uint32_t node,
                        uint32_t context, bool *out)
{
    const struct evaluated nothing = {.steps = 0};
    struct evaluated found = {.steps = 0};
    enum err err = gather(l, node, context, false, SCHEMA_NESTING_MAX, &found);
    for (uint32_t i = 0; err == OK && i < found.choices.count; i += 2)
        err = gather(l, found.choices.items[i], found.choices.items[i + 1], false,
                     SCHEMA_NESTING_MAX, &found);
    bool items = certain == NULL && (found.all_items || found.some_items || found.prefix > 0);
    *out = found.undecided || items ||
           !adds_nothing(certain != NULL ? certain : &nothing, &found, false);
    evaluated_clear(&found);
    return err;
}

/* The list of rules of a lens, and the same list on the way back. */
#include "proto/limits.h"
#include "proto/schema/lens_parts.h"

enum err compile_push_rule(struct lens_compiler *c, struct lens_rules *rules,
                           const struct lens_rule *rule)
{
    if (rules->count == rules->room) {
        uint32_t room = rules->room == 0 ? 8 : rules->room * 2;
        struct lens_rule *grown = compile_room(c, room - rules->room, 0) == NULL
                                      ? NULL
                                      : arena_alloc_array(c->arena, room, sizeof(*grown));
        if (grown == NULL)
            return compile_out_of_room(c);
        if (rules->count > 0)
            memcpy(grown, rules->items, rules->count * sizeof(*grown));
        rules->items = grown;
        rules->room = room;
    }
    rules->items[rules->count++] = *rule;
    return OK;
}

static enum err read_back(struct lens_compiler *c, const struct tree *value,
                          struct lens_rules *back)
{
    struct lens_rule rule = {.is_scope = false};
    if (tree_is(value, TREE_FALSE))
        return OK;
    if (!tree_is(value, TREE_OBJECT))
        return compile_refuse(c, LENS_REFUSED_WRONG_TYPE, value);
    if (tree_get(value, "back") != NULL) {
        (void)compile_enter_name(c, "back");
        return compile_refuse(c, LENS_REFUSED_UNKNOWN_MEMBER, NULL);
    }
    size_t before = compile_enter_name(c, "to");
    TRY(compile_pointer(c, tree_get(value, "to"), &rule.to));
    compile_leave(c, before);
    TRY(compile_expr(c, value, true, &rule.expr));
    return c->one_way > 1 ? OK : compile_push_rule(c, back, &rule);
}

static enum err read_rule(struct lens_compiler *c, const struct tree *value,
                          struct lens_rules *there, struct lens_rules *back)
{
    struct lens_rule rule = {.is_scope = false};
    if (!tree_is(value, TREE_OBJECT))
        return compile_refuse(c, LENS_REFUSED_WRONG_TYPE, value);
    size_t before = compile_enter_name(c, "to");
    TRY(compile_pointer(c, tree_get(value, "to"), &rule.to));
    compile_leave(c, before);
    /* Where the rule says itself what it is backwards, nothing in it has to be invertible. */
    const struct tree *own_back = tree_get(value, "back");
    c->one_way += own_back != NULL;
    TRY(compile_expr(c, value, true, &rule.expr));
    TRY(compile_push_rule(c, there, &rule));
    if (own_back != NULL) {
        (void)compile_enter_name(c, "back");
        TRY(read_back(c, own_back, back));
        compile_leave(c, before);
        c->one_way--;
        return OK;
    }
    return c->one_way > 0 ? OK : compile_inverse(c, &rule, back);
}

enum err compile_rules(struct lens_compiler *c, const struct tree *value, struct lens_rules *there,
                       struct lens_rules *back)
{
    if (!tree_is(value, TREE_ARRAY))
        return compile_refuse(c, LENS_REFUSED_WRONG_TYPE, value);
    for (uint32_t i = 0; i < value->count; i++) {
        size_t before = compile_enter_item(c, i);
        TRY(read_rule(c, value->items[i], there, back));
        compile_leave(c, before);
    }
    return OK;
}

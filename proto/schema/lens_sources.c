/* Which places of a document a lens reads. */
#include "proto/schema/lens_parts.h"

struct walker {
    struct buf prefix;
    lens_visit visit;
    void *ctx;
    bool goes_on;
};

static void walk_expr(struct walker *walker, const struct lens_expr *expr);

static void meet(struct walker *walker, const struct pointer *pointer)
{
    size_t before = walker->prefix.len;
    if (!walker->goes_on)
        return;
    buf_append_span(&walker->prefix, pointer->text);
    if (buf_check(&walker->prefix) == OK)
        walker->goes_on = walker->visit(walker->ctx, buf_span(&walker->prefix));
    walker->prefix.len = before;
}

static void walk_rules(struct walker *walker, const struct lens_rules *rules)
{
    for (uint32_t i = 0; i < rules->count; i++) {
        size_t before = walker->prefix.len;
        if (!rules->items[i].is_scope) {
            walk_expr(walker, &rules->items[i].expr);
            continue;
        }
        buf_append_span(&walker->prefix, rules->items[i].expr.from.text);
        walk_rules(walker, &rules->items[i].expr.rules);
        walker->prefix.len = before;
    }
}

static void walk_pointers(struct walker *walker, const struct lens_pointers *pointers)
{
    for (uint32_t i = 0; i < pointers->count; i++)
        meet(walker, &pointers->items[i]);
}

static void walk_expr(struct walker *walker, const struct lens_expr *expr)
{
    size_t before = walker->prefix.len;
    if (expr->source == SOURCE_FROM || expr->source == SOURCE_HOURS_TEXT)
        meet(walker, &expr->from);
    for (uint32_t i = 0; i < expr->part_count; i++)
        walk_expr(walker, &expr->parts[i]);
    for (uint32_t i = 0; i < expr->code_count; i++)
        walk_pointers(walker, &expr->codes[i].in);
    for (unsigned day = 0; day < HOURS_DAYS; day++)
        walk_pointers(walker, &expr->days[day]);
    if (expr->source == SOURCE_EACH) {
        meet(walker, &expr->from);
        buf_append_span(&walker->prefix, expr->from.text);
        buf_append_cstr(&walker->prefix, "/*");
    }
    walk_rules(walker, &expr->rules);
    walker->prefix.len = before;
}

static enum err walk(const struct lens_rules *rules, const struct lens_expr *expr, lens_visit visit,
                     void *ctx)
{
    struct walker walker = {.visit = visit, .ctx = ctx, .goes_on = true};
    buf_init(&walker.prefix, LENS_POINTER_BYTES_MAX);
    if (rules != NULL)
        walk_rules(&walker, rules);
    if (expr != NULL)
        walk_expr(&walker, expr);
    enum err err = buf_check(&walker.prefix);
    buf_clear(&walker.prefix);
    return err;
}

enum err each_source_of_expr(const struct lens_expr *expr, lens_visit visit, void *ctx)
{
    return walk(NULL, expr, visit, ctx);
}

enum err lens_each_source(const struct lens *lens, enum lens_direction direction, lens_visit visit,
                          void *ctx)
{
    return walk(direction == LENS_THERE ? &lens->there : &lens->back, NULL, visit, ctx);
}

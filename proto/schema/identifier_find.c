/* Declared places, normalised and judged. */
#include "proto/schema/identifier_find.h"

#include "proto/json/jcs.h"
#include "proto/limits.h"

struct finding {
    const struct pack_identifier *declared;
    enum normaliser normaliser;
    identifier_visit visit;
    void *ctx;
    struct buf text; /* of a number */
    struct buf form;
    bool stopped;
};

static void tell(struct finding *f, struct span text)
{
    struct why why = {.rule = NULL};
    buf_reset(&f->form);
    identifier_normalise(f->normaliser, text, &f->form);
    if (f->form.len == 0 || f->stopped)
        return;
    struct identifier_found found = {
        .declared = f->declared, .scheme = f->declared->scheme, .value = buf_span(&f->form)};
    if (identifier_check(found.scheme, found.value, &why) != OK)
        found.fault = why.rule;
    f->stopped = !f->visit(f->ctx, &found);
}

static struct tree *look(void *ctx, struct tree *value, struct span pointer)
{
    struct finding *f = ctx;
    (void)pointer;
    if (value->type == TREE_STRING)
        tell(f, value->text);
    if (value->type == TREE_NUMBER) {
        buf_reset(&f->text);
        jcs_append_number(&f->text, value->number);
        tell(f, buf_span(&f->text));
    }
    for (uint32_t i = 0; value->type == TREE_ARRAY && i < value->count; i++)
        if (value->items[i]->type != TREE_ARRAY)
            (void)look(ctx, value->items[i], pointer);
    return value;
}

enum err identifiers_each(const struct pack_type *type, struct tree *body, identifier_visit visit,
                          void *ctx)
{
    struct finding f = {.visit = visit, .ctx = ctx};
    struct arena arena;
    arena_init(&arena, PACK_FILE_BYTES_MAX);
    buf_init(&f.text, 64);
    buf_init(&f.form, JSON_TEXT_BYTES_MAX);
    enum err err = OK;
    for (size_t i = 0; err == OK && !f.stopped && i < type->identifier_count; i++) {
        struct pointer path;
        f.declared = &type->identifiers[i];
        if (!normaliser_read(f.declared->normalise, &f.normaliser))
            f.normaliser = identifier_normaliser(f.declared->scheme);
        err = pointer_read(&arena, f.declared->from, &path);
        if (err == OK)
            err = places_edit(body, &path, look, &f);
    }
    if (err == OK)
        err = buf_check(&f.form);
    buf_clear(&f.text);
    buf_clear(&f.form);
    arena_clear(&arena);
    return err;
}

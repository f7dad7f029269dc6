#include "node/catalogue/title.h"

#include <stdlib.h>

#include "proto/schema/core.h"

struct titles {
    struct packs *packs;
    struct lens_work *work;
    struct tape tape;
    struct span languages[2];
};

struct titles *titles_new(struct packs_registry *registry, enum lang lang)
{
    struct titles *titles = calloc(1, sizeof(*titles));
    if (titles == NULL)
        return NULL;
    tape_init(&titles->tape);
    titles->packs = packs_take(registry);
    titles->work = lens_work_new();
    titles->languages[lang == LANG_FR ? 0 : 1] = SPAN_LITERAL("fr");
    titles->languages[lang == LANG_FR ? 1 : 0] = SPAN_LITERAL("en");
    if (titles->work != NULL)
        return titles;
    titles_free(titles);
    return NULL;
}

void titles_free(struct titles *titles)
{
    if (titles == NULL)
        return;
    lens_work_free(titles->work);
    packs_release(titles->packs);
    tape_clear(&titles->tape);
    free(titles);
}

struct span titles_of(struct titles *titles, struct span line)
{
    const struct span none = {0};
    struct record record;
    struct core core;
    if (record_read(line, &titles->tape, &record, NULL) != OK || record.body_token == TAPE_NONE)
        return none;
    const struct packs_type *type = packs_find_type(titles->packs, record.schema, NULL);
    if (type == NULL)
        return none;
    lens_work_reset(titles->work);
    struct arena *arena = lens_work_arena(titles->work);
    struct tree *body = tree_from_tape(arena, &titles->tape, line, record.body_token);
    if (arena_check(arena) != OK ||
        packs_type_core_apply(type, titles->work, body, titles->languages, 2, &core) != OK)
        return none;
    return core.title;
}

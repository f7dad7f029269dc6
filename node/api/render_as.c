/* GET /v1/records/...?as=VOCABULARY: a record's body as others write it, through the lenses of the
 * packs, or as `core`, the fields that all sectors share. */
#include <stdlib.h>

#include "node/api/render.h"
#include "proto/schema/core.h"

#define ANSWER_BYTES_MAX (4u * LINE_BYTES_MAX) /* a lens may repeat what it reads */

struct rendering {
    struct buf line;
    struct buf as;
    enum lang lang;
    struct packs *packs;
    struct lens_work *work;
    struct tape tape;
    struct buf answer;
    const char *content_type;
    enum err err;
    struct why why;
};

/* JSON-LD says what it is by its own members; GeoJSON by the vocabulary asked for. */
static const char *type_of(const struct tree *value, struct span as)
{
    if (span_starts_with(as, SPAN_LITERAL("geojson")))
        return "application/geo+json";
    bool is_linked = tree_member(value, SPAN_LITERAL("@context")) != NULL ||
                     tree_member(value, SPAN_LITERAL("@type")) != NULL;
    return is_linked ? "application/ld+json" : "application/json";
}

static enum err to_core(struct rendering *r, const struct record *record, struct tree *body,
                        struct tree **out)
{
    const struct packs_type *type = packs_find_type(r->packs, record->schema, NULL);
    if (type == NULL)
        return why_set(&r->why, ERR_NOT_ACCEPTABLE, "as=core: the record's type is known here", 0,
                       "its pack: maillon schema add", NULL);
    const struct span languages[2] = {r->lang == LANG_FR ? SPAN_LITERAL("fr") : SPAN_LITERAL("en"),
                                      r->lang == LANG_FR ? SPAN_LITERAL("en") : SPAN_LITERAL("fr")};
    struct core core;
    TRY(packs_type_core_apply(type, r->work, body, languages, 2, &core));
    *out = core.value;
    return OK;
}

static enum err convert(struct rendering *r, const struct record *record, struct tree *body,
                        struct tree **out)
{
    struct span as = buf_span(&r->as);
    if (span_is(as, "core"))
        return to_core(r, record, body, out);
    struct packs_chain chain;
    enum err err = packs_find_chain(r->packs, record->schema, as, &chain, &r->why);
    if (err == ERR_NOT_FOUND)
        return ERR_NOT_ACCEPTABLE;
    if (err == OK)
        err = packs_chain_apply(&chain, r->work, body, NULL, NULL, out);
    return err;
}

static enum err render(struct rendering *r)
{
    struct record record;
    struct tree *value = NULL;
    TRY(record_read(buf_span(&r->line), &r->tape, &record, &r->why));
    struct tree *body =
        tree_from_tape(lens_work_arena(r->work), &r->tape, buf_span(&r->line), record.body_token);
    TRY(arena_check(lens_work_arena(r->work)));
    TRY(convert(r, &record, body, &value));
    if (value == NULL)
        return why_set(&r->why, ERR_NOT_ACCEPTABLE, "as: nothing of this record can be said so", 0,
                       NULL, NULL);
    r->content_type = type_of(value, buf_span(&r->as));
    tree_append_canonical(&r->answer, value);
    return buf_check(&r->answer);
}

static void work(struct call *call)
{
    struct rendering *r = call->own;
    r->packs = packs_take(call->node->packs);
    r->work = lens_work_new();
    r->err = r->work == NULL ? ERR_NO_MEMORY : render(r);
}

static void finish(struct call *call)
{
    struct rendering *r = call->own;
    if (r->err != OK)
        call_problem(call, r->err, r->why.rule == NULL ? NULL : &r->why);
    else
        exchange_reply(call->exchange, 200, r->content_type,
                       call->local ? NULL : "Access-Control-Allow-Origin: *\r\n",
                       buf_span(&r->answer));
}

static void dispose(struct call *call)
{
    struct rendering *r = call->own;
    lens_work_free(r->work);
    packs_release(r->packs);
    tape_clear(&r->tape);
    buf_clear(&r->answer);
    buf_clear(&r->as);
    buf_clear(&r->line);
    free(r);
}

void render_as(struct call *call, struct span line)
{
    struct rendering *r = calloc(1, sizeof(*r));
    if (r == NULL) {
        call_problem(call, ERR_NO_MEMORY, NULL);
        return;
    }
    buf_init(&r->line, LINE_BYTES_MAX);
    buf_init(&r->as, SCHEMA_NAME_BYTES_MAX);
    buf_init(&r->answer, ANSWER_BYTES_MAX);
    tape_init(&r->tape);
    r->lang = exchange_language(call->exchange);
    call->own = r;
    call->dispose = dispose;
    buf_append_span(&r->line, line); /* an erasure may come while the pool works */
    call_query(call, "as", &r->as);
    if (buf_check(&r->line) != OK || buf_check(&r->as) != OK)
        call_problem(call, ERR_LIMIT, NULL);
    else
        call_in_pool(call, work, finish);
}

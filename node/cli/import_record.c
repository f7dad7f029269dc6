/* The steps of one record, in their order. */
#include "node/cli/import_record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/cli/import_judge.h"
#include "node/import/id.h"
#include "proto/json/jcs.h"
#include "proto/limits.h"
#include "proto/record/record.h"
#include "proto/schema/date.h"
#include "proto/schema/identifier_find.h"

/* An id that came, and what it stood for. */
struct seen {
    uint64_t id;
    uint64_t body; /* and its type */
    uint64_t row;  /* 0: free */
};

struct import_record {
    const struct import_types *types;
    struct publish_report *report;
    struct publish_outbox *outbox;
    enum lang lang;
    struct lens_work *work;
    struct import_judge *judge;
    struct tape tape;
    struct buf body; /* canonical */
    struct buf id;
    struct buf line;
    struct buf text;   /* of a value, an id before it is one */
    struct seen *seen; /* open addressing */
    size_t seen_count;
    size_t seen_room; /* a power of two */
};

/* The record at hand. */
struct taking {
    struct import_record *r;
    const struct import_type *type;
    const struct import_place *place;
};

static const struct {
    const char *text[2]; /* by enum lang */
} sentences[] = {
    {{"There is no licence: give one with --license, for example CC-BY-SA-4.0.",
      "Il n'y a pas de licence : donnez-en une avec --license, par exemple CC-BY-SA-4.0."}},
    {{"Another row of this file has the same id: row ",
      "Une autre ligne de ce fichier a le même identifiant : la ligne "}},
    {{"The rendering for the other audience does not hold by the schema: ",
      "La version pour l'autre audience ne respecte pas le schéma : "}},
    {{"The id is too long for a rendering beside it.",
      "L'identifiant est trop long pour une version à côté."}},
    {{"The type is the wrong one: no projection for this audience.",
      "Ce type n'a pas de projection pour cette audience."}},
};
enum sentence { NO_LICENSE, SAME_ID, BAD_RENDERING, LONG_ID, NO_PROJECTION };

/* ---- refusals ---- */

static struct publish_fault *refuse(struct taking *t, enum err err)
{
    struct publish_fault *fault = publish_report_refuse(t->r->report, t->place);
    if (fault == NULL)
        return NULL;
    (void)snprintf(fault->slug, sizeof(fault->slug), "%s", err_slug(err));
    (void)snprintf(fault->id, sizeof(fault->id), "%.*s", (int)t->r->id.len,
                   (const char *)t->r->id.data);
    return fault;
}

static void refuse_why(struct taking *t, enum err err, const struct why *why)
{
    struct publish_fault *fault = refuse(t, err);
    if (fault != NULL)
        publish_reason(fault->reason, sizeof(fault->reason), err, why, t->r->lang);
}

static void refuse_saying(struct taking *t, enum err err, enum sentence sentence, const char *more)
{
    struct publish_fault *fault = refuse(t, err);
    if (fault != NULL)
        (void)snprintf(fault->reason, sizeof(fault->reason), "%s%s",
                       sentences[sentence].text[t->r->lang], more);
}

static void refuse_judged(struct taking *t, const struct import_judgement *judgement,
                          bool is_rendering)
{
    struct publish_fault *fault = refuse(t, ERR_BAD_RECORD);
    if (fault == NULL)
        return;
    (void)snprintf(fault->field, sizeof(fault->field), "%s", judgement->field);
    (void)snprintf(fault->keyword, sizeof(fault->keyword), "%s", judgement->keyword);
    (void)snprintf(fault->reason, sizeof(fault->reason), "%s%s",
                   is_rendering ? sentences[BAD_RENDERING].text[t->r->lang] : "",
                   judgement->reason);
}

void import_record_refuse(struct import_record *record, const struct import_place *place,
                          enum err err, const struct why *why)
{
    buf_reset(&record->id);
    struct taking t = {.r = record, .place = place};
    refuse_why(&t, err, why);
}

/* ---- the lens ---- */

static void note_fault(struct taking *t, const struct lens_fault *fault)
{
    struct buf *text = &t->r->text;
    char reason[200];
    char kind[64];
    buf_reset(text);
    lens_fault_append(text, fault, t->r->lang);
    (void)snprintf(reason, sizeof(reason), "%.*s", (int)text->len, (const char *)text->data);
    (void)snprintf(kind, sizeof(kind), "%d %.*s", (int)fault->kind, (int)fault->expected.len,
                   (const char *)fault->expected.data);
    publish_tally_add(&t->r->report->doubtful,
                      &(struct publish_tally_row){fault->from.len > 0 ? fault->from : fault->to,
                                                  kind, reason, t->place->number, 1});
}

static void note_result(struct taking *t, const struct lens_result *result)
{
    for (uint32_t i = 0; i < result->fault_count; i++)
        note_fault(t, &result->faults[i]);
    for (uint32_t i = 0; i < result->loss_count; i++)
        publish_tally_add(
            &t->r->report->lost,
            &(struct publish_tally_row){result->losses[i].path, "", "", t->place->number, 1});
}

static void note_step(void *ctx, const struct packs_step *step, const struct lens_result *result)
{
    (void)step;
    note_result(ctx, result);
}

static enum err through_lenses(struct taking *t, struct tree **value)
{
    const struct import_types *types = t->r->types;
    if (types->lens == NULL)
        return OK;
    struct lens_result result;
    lens_work_want_losses(t->r->work, true);
    TRY(lens_apply(types->lens, LENS_THERE, t->r->work, *value, &result));
    note_result(t, &result);
    *value = result.value;
    return packs_chain_apply(&types->chain, t->r->work, *value, note_step, t, value);
}

/* ---- the id ---- */

/* The text that the id is made of -> r->text. ERR_NOT_FOUND: there is none. */
static enum err id_text(struct taking *t, struct tree *value, struct why *why)
{
    struct lens_result result = {.value = NULL};
    buf_reset(&t->r->text);
    lens_work_want_losses(t->r->work, false);
    if (t->type->id_lens != NULL)
        TRY(lens_apply(t->type->id_lens, LENS_THERE, t->r->work, value, &result));
    return split_id(&t->type->split, value, tree_get(result.value, "id"), &t->r->text, why);
}

static enum err make_id(struct taking *t, struct tree *value, struct why *why)
{
    struct import_record *r = t->r;
    struct span body = buf_span(&r->body);
    if (r->types->wishes->id_from != NULL)
        return import_id(body, &r->tape, r->types->wishes->id_from, &r->id, why);
    if (t->type->split.id_by_content)
        return import_id_of_content(body, &r->id);
    enum err err = id_text(t, value, why);
    struct span text = buf_span(&r->text);
    bool is_label = span_starts_with(text, SPAN_LITERAL("_:"));
    if (err == ERR_NOT_FOUND || (err == OK && is_label))
        return import_id(body, &r->tape, NULL, &r->id,
                         why); /* another name of it, or the content */
    TRY(err);
    return import_id_from_text(text, &r->id, why);
}

static bool grow_seen(struct import_record *r)
{
    size_t room = r->seen_room == 0 ? 1024 : r->seen_room * 2;
    struct seen *seen = calloc(room, sizeof(*seen));
    if (seen == NULL)
        return false;
    for (size_t i = 0; i < r->seen_room; i++) {
        if (r->seen[i].row == 0)
            continue;
        size_t at = (size_t)r->seen[i].id & (room - 1);
        while (seen[at].row != 0)
            at = (at + 1) & (room - 1);
        seen[at] = r->seen[i];
    }
    free(r->seen);
    r->seen = seen;
    r->seen_room = room;
    return true;
}

static uint64_t short_hash(struct span text)
{
    struct hash hash = sha256(text);
    uint64_t out;
    memcpy(&out, hash.bytes, sizeof(out));
    return out;
}

static uint64_t said(const struct taking *t)
{
    return short_hash(buf_span(&t->r->body)) + (uint64_t)(t->type - t->r->types->items);
}

/* What the row that had this id before stood for; row 0: none had, and now this one has. */
static enum err seen_before(struct taking *t, struct seen *before_out)
{
    struct import_record *r = t->r;
    if (r->seen_count * 2 >= r->seen_room && !grow_seen(r))
        return ERR_NO_MEMORY;
    uint64_t id = short_hash(buf_span(&r->id));
    size_t at = (size_t)id & (r->seen_room - 1);
    while (r->seen[at].row != 0 && r->seen[at].id != id)
        at = (at + 1) & (r->seen_room - 1);
    *before_out = r->seen[at];
    if (before_out->row == 0) {
        r->seen[at] = (struct seen){id, said(t), t->place->number};
        r->seen_count++;
    }
    return OK;
}

/* Refuses what has an earlier row's id and says something else; the same again changes nothing. */
static enum err check_first(struct taking *t, bool *first_out)
{
    struct seen before;
    TRY(seen_before(t, &before));
    *first_out = before.row == 0;
    if (!*first_out && before.body == said(t)) {
        t->r->report->unchanged++;
    } else if (!*first_out) {
        char number[32];
        (void)snprintf(number, sizeof(number), "%llu", (unsigned long long)before.row);
        refuse_saying(t, ERR_CONFLICT, SAME_ID, number);
    }
    return OK;
}

/* ---- identifiers and dates ---- */

struct dating {
    struct taking *t;
    const struct pack_date *date;
    struct date_format format;
};

static void doubt(struct taking *t, struct span field, const char *reason)
{
    publish_tally_add(&t->r->report->doubtful,
                      &(struct publish_tally_row){field, reason, reason, t->place->number, 1});
}

static bool check_identifier(void *ctx, const struct identifier_found *found)
{
    if (found->fault != NULL)
        doubt(ctx, found->declared->from, found->fault);
    return true;
}

static struct tree *check_date(void *ctx, struct tree *value, struct span pointer)
{
    struct dating *d = ctx;
    struct buf *text = &d->t->r->text;
    int64_t ms;
    bool has_time;
    (void)pointer;
    buf_reset(text);
    if (value->type == TREE_NUMBER)
        jcs_append_number(text, value->number);
    struct span written = value->type == TREE_STRING ? value->text : buf_span(text);
    if (tree_is_blank(value) || date_read(&d->format, written, &ms, &has_time))
        return value;
    char reason[200];
    (void)snprintf(reason, sizeof(reason), "%s%.*s",
                   d->t->r->lang == LANG_FR ? "la date n'est pas de la forme "
                                            : "the date is not of the form ",
                   (int)d->date->format.len, (const char *)d->date->format.data);
    doubt(d->t, d->date->path, reason);
    return value;
}

static enum err check_fields(struct taking *t, struct tree *value)
{
    const struct pack_type *declared = t->type->declared;
    struct pointer path;
    TRY(identifiers_each(declared, value, check_identifier, t));
    for (size_t i = 0; i < declared->date_count; i++) {
        struct dating d = {.t = t, .date = &declared->dates[i]};
        TRY(pointer_read(lens_work_arena(t->r->work), d.date->path, &path));
        if (date_format_compile(d.date->format, &d.format))
            TRY(places_edit(value, &path, check_date, &d));
    }
    return OK;
}

/* ---- lines ---- */

/* value -> r->body and its tape. */
static enum err write_body(struct taking *t, const struct tree *value, struct why *why)
{
    static const struct tape_limits limits = {.bytes_max = IMPORT_ITEM_BYTES_MAX,
                                              .depth_max = JSON_DEPTH_MAX - 1};
    struct import_record *r = t->r;
    buf_reset(&r->body);
    tree_append_canonical(&r->body, value);
    if (buf_check(&r->body) == ERR_LIMIT)
        return why_set(why, ERR_LIMIT, "DESIGN, 4: a record is a line of at most 256 KiB", 0, NULL,
                       NULL);
    TRY(buf_check(&r->body));
    return tape_scan(&r->tape, buf_span(&r->body), &limits, why);
}

static enum err add_line(struct taking *t, const char *audience, const struct publish_mark *mark,
                         struct why *why)
{
    struct import_record *r = t->r;
    const struct publish_draft draft = {.id = buf_span(&r->id),
                                        .body = buf_span(&r->body),
                                        .schema = t->type->name,
                                        .license = t->type->license,
                                        .audience = audience};
    struct why fault = {.rule = NULL};
    buf_reset(&r->line);
    enum err err = publish_line_write(&r->line, &draft, &fault);
    if (err == ERR_LIMIT) {
        refuse_why(t, err, &fault);
        return OK;
    }
    TRY(err);
    return publish_outbox_add(r->outbox, buf_span(&r->line), mark, why);
}

/* "<id>/for-AUDIENCE": the circle's colon is no character of an id. */
static bool name_rendering(struct taking *t)
{
    struct buf *id = &t->r->id;
    buf_append_cstr(id, "/for-");
    for (const char *at = t->r->types->wishes->project; *at != '\0'; at++)
        buf_append_byte(id, *at == ':' ? '-' : (uint8_t)*at);
    return buf_check(id) == OK && record_id_is_valid(buf_span(id));
}

static enum err add_rendering(struct taking *t, struct tree *value,
                              const struct publish_mark *whole, struct why *why)
{
    struct import_record *r = t->r;
    struct publish_mark mark = *whole;
    struct import_judgement judgement;
    mark.is_rendering = true;
    struct arena *arena = lens_work_arena(r->work);
    (void)alias_apply(t->type->alias, arena, value);
    TRY(projection_apply(t->type->projection, arena, value));
    TRY(write_body(t, value, why));
    TRY(import_judge(r->judge, t->type->type, &r->tape, buf_span(&r->body), &judgement));
    if (!judgement.holds) {
        refuse_judged(t, &judgement, true);
        return OK;
    }
    if (!name_rendering(t)) {
        refuse_saying(t, ERR_BAD_ID, LONG_ID, "");
        return OK;
    }
    return add_line(t, r->types->wishes->project, &mark, why);
}

/* Everything that may be wrong with the record: then it is refused, and *sound_out false; so it is
 * where an earlier row said the same. */
static enum err prepare(struct taking *t, struct tree *value, bool *sound_out)
{
    struct import_record *r = t->r;
    struct why fault = {.rule = NULL};
    struct import_judgement judgement;
    *sound_out = false;
    enum err err = write_body(t, value, &fault);
    if (err == OK)
        err = make_id(t, value, &fault);
    if (err == ERR_NO_MEMORY)
        return err;
    if (err != OK) {
        refuse_why(t, err, &fault);
        return OK;
    }
    TRY(import_judge(r->judge, t->type->type, &r->tape, buf_span(&r->body), &judgement));
    if (!judgement.holds) {
        refuse_judged(t, &judgement, false);
        return OK;
    }
    if (t->type->license == NULL && t->type->declared->license_required) {
        refuse_saying(t, ERR_BAD_RECORD, NO_LICENSE, "");
        return OK;
    }
    if (r->types->wishes->project != NULL && t->type->projection == NULL) {
        refuse_saying(t, ERR_BAD_RECORD, NO_PROJECTION, "");
        return OK;
    }
    return check_first(t, sound_out);
}

enum err import_record_take(struct import_record *record, size_t type, struct tree *source,
                            bool is_renamed, const struct import_place *place, struct why *why)
{
    struct taking t = {.r = record, .type = &record->types->items[type], .place = place};
    struct tree *value = source;
    bool sound;
    buf_reset(&record->id);
    if (!is_renamed)
        record->report->aliases += alias_apply(t.type->alias, lens_work_arena(record->work), value);
    enum err err = through_lenses(&t, &value);
    if (err == OK)
        err = arena_check(lens_work_arena(record->work));
    if (err == ERR_LIMIT) {
        refuse_why(&t, err, &(struct why){.rule = "the lens makes too much of this record"});
        return OK;
    }
    TRY(err);
    TRY(prepare(&t, value, &sound));
    if (!sound)
        return OK;
    TRY(check_fields(&t, value));
    const struct publish_mark mark = {.place = *place,
                                      .is_personal = personal_is_present(t.type->declared, value),
                                      .is_exposed =
                                          t.type->declared->personal_whole &&
                                          publish_is_public(record->types->wishes->audience)};
    TRY(add_line(&t, record->types->wishes->audience, &mark, why));
    return record->types->wishes->project == NULL ? OK : add_rendering(&t, value, &mark, why);
}

/* ---- life ---- */

struct import_record *import_record_new(const struct import_types *types,
                                        struct publish_report *report,
                                        struct publish_outbox *outbox, enum lang lang)
{
    struct import_record *r = calloc(1, sizeof(*r));
    if (r == NULL)
        return NULL;
    r->types = types;
    r->report = report;
    r->outbox = outbox;
    r->lang = lang;
    tape_init(&r->tape);
    buf_init(&r->body, IMPORT_ITEM_BYTES_MAX);
    buf_init(&r->id, ID_BYTES_MAX);
    buf_init(&r->line, IMPORT_ITEM_BYTES_MAX + LINE_BYTES_MAX);
    buf_init(&r->text, IMPORT_ITEM_BYTES_MAX);
    r->work = lens_work_new();
    r->judge = import_judge_new(lang);
    if (r->work == NULL || r->judge == NULL) {
        import_record_free(r);
        return NULL;
    }
    return r;
}

void import_record_free(struct import_record *record)
{
    if (record == NULL)
        return;
    tape_clear(&record->tape);
    buf_clear(&record->body);
    buf_clear(&record->id);
    buf_clear(&record->line);
    buf_clear(&record->text);
    lens_work_free(record->work);
    import_judge_free(record->judge);
    free(record->seen);
    free(record);
}

struct arena *import_record_arena(struct import_record *record)
{
    return lens_work_arena(record->work);
}

void import_record_reset(struct import_record *record)
{
    lens_work_reset(record->work);
}

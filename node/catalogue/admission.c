#include "node/catalogue/admission.h"

#include <stdlib.h>

#include "proto/json/jcs.h"

#define ERRORS_BYTES_MAX (64u * 1024u)

/* One publication's means of judging. */
struct session {
    struct packs *packs;
    struct packs_scratch *scratch;
    struct schema_report *report;
    enum lang lang;
};

static void end(void *ctx)
{
    struct session *session = ctx;
    schema_report_free(session->report);
    packs_scratch_free(session->scratch);
    packs_release(session->packs);
    free(session);
}

static void *begin(void *ctx, enum lang lang)
{
    struct session *session = calloc(1, sizeof(*session));
    if (session == NULL)
        return NULL;
    session->packs = packs_take(ctx);
    session->scratch = packs_scratch_new();
    session->report = schema_report_new();
    session->lang = lang;
    if (session->scratch != NULL && session->report != NULL)
        return session;
    end(session);
    return NULL;
}

static void append_member(struct buf *out, const char *name, struct span text)
{
    buf_append_byte(out, '"');
    buf_append_cstr(out, name);
    buf_append_cstr(out, "\":");
    jcs_append_string(out, text);
}

static void append_error(const struct schema_unit *unit, enum lang lang, struct buf *out)
{
    struct buf sentence;
    buf_init(&sentence, 4096);
    schema_error_sentence(unit, lang, &sentence);
    append_member(out, "absoluteKeywordLocation", unit->absolute_location);
    buf_append_byte(out, ',');
    append_member(out, "error", buf_span(&sentence));
    buf_append_byte(out, ',');
    append_member(out, "instanceLocation", unit->instance_location);
    buf_append_byte(out, ',');
    append_member(out, "keyword", unit->keyword);
    buf_append_byte(out, ',');
    append_member(out, "keywordLocation", unit->keyword_location);
    buf_clear(&sentence);
}

void admission_append_errors(const struct schema_report *report, uint32_t errors_max,
                             enum lang lang, struct buf *out)
{
    uint32_t count = schema_report_count(report);
    buf_append_byte(out, '[');
    for (uint32_t i = 0; i < count && i < errors_max; i++) {
        struct schema_unit unit = schema_report_unit(report, i);
        buf_append_cstr(out, i == 0 ? "{" : ",{");
        append_error(&unit, lang, out);
        buf_append_byte(out, '}');
    }
    buf_append_byte(out, ']');
}

static enum err refuse_body(const struct session *session, struct publish_item *item,
                            struct why *why)
{
    struct buf errors;
    buf_init(&errors, ERRORS_BYTES_MAX);
    admission_append_errors(session->report, ADMISSION_ERRORS_MAX, session->lang, &errors);
    buf_append_byte(&errors, '\0');
    if (buf_check(&errors) == OK)
        item->errors = strdup((const char *)errors.data);
    buf_clear(&errors);
    return why_set(why, ERR_INVALID_BODY, "the body fits the schema of its type", 0, NULL, NULL);
}

/* A member record needs no licence; whatever is shared does. */
static enum err check_license(const struct session *session, const struct record *record,
                              struct why *why)
{
    const struct packs_type *type = packs_find_type(session->packs, record->schema, NULL);
    if (type == NULL || record->license.len > 0 || !packs_type_declared(type)->license_required)
        return OK;
    return why_set(why, ERR_BAD_RECORD, "license: this type asks for one", 0,
                   "an SPDX expression, or a LicenseRef- that a pack declares", NULL);
}

static enum err put(void *ctx, const struct tape *tape, const struct record *record,
                    struct publish_item *item, struct why *why)
{
    struct session *session = ctx;
    TRY(check_license(session, record, why));
    switch (packs_fit(session->packs, session->scratch, record->schema, tape, record->line,
                      record->body_token, session->report)) {
    case FIT_VALID:
        return OK;
    case FIT_INVALID:
        return refuse_body(session, item, why);
    case FIT_LIMIT:
        return why_set(why, ERR_LIMIT, "the body can be judged within the limits of validation", 0,
                       NULL, NULL);
    case FIT_UNKNOWN_TYPE:
        return why_set(why, ERR_UNKNOWN_TYPE, "schema: a type of this pack", 0,
                       "one that `maillon schema list` shows", NULL);
    case FIT_UNKNOWN_PACK:
        item->waits = true;
        return OK;
    }
    BUG("a fit that there is not");
}

struct publish_check admission_check(struct packs_registry *registry)
{
    return (struct publish_check){.ctx = registry, .begin = begin, .put = put, .end = end};
}

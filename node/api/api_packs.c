/* What the schema packs decide: records that are kept out of the catalogue, and the packs' renewal.
 */
#include <stdlib.h>

#include "node/api/router.h"
#include "node/catalogue/admission.h"
#include "node/catalogue/judge.h"
#include "proto/json/jcs.h"

/* ---- what is kept out, and why ---- */

#define LISTED_MAX 100u
#define LISTED_ERRORS_MAX 5u /* of each record */
#define ANSWER_BYTES_MAX (4u * 1024u * 1024u)

struct listing {
    struct buf origin;
    enum judgement wanted;
    enum lang lang;
    uint64_t from; /* entries of the log before this one are passed over */
    struct store_log *log;
    struct buf answer;
    struct packs *packs;
    struct packs_scratch *scratch;
    struct tape tape;
    struct schema_report *report;
    enum err err;
};

static void append_reasons(struct listing *l, const struct record *record)
{
    enum fit fit = packs_fit(l->packs, l->scratch, record->schema, &l->tape, record->line,
                             record->body_token, l->report);
    buf_append_cstr(&l->answer, ",\"errors\":");
    if (fit == FIT_INVALID)
        admission_append_errors(l->report, LISTED_ERRORS_MAX, l->lang, &l->answer);
    else
        buf_append_cstr(&l->answer, "[]");
}

/* false: the caller may not see this one, or it is gone. */
static bool append_one(struct call *call, struct listing *l, uint64_t index, bool is_first)
{
    struct log_reader reader = store_log_reader(l->log);
    struct log_entry entry;
    struct record record;
    if (reader.entry(reader.ctx, index, &entry) != OK || !call_may_read(call, l->log, &entry) ||
        record_read(entry.line, &l->tape, &record, NULL) != OK)
        return false;
    if (!is_first)
        buf_append_byte(&l->answer, ',');
    buf_append_cstr(&l->answer, "{\"id\":");
    jcs_append_string(&l->answer, record.id);
    buf_append_cstr(&l->answer, ",\"index\":");
    buf_append_u64(&l->answer, index);
    buf_append_cstr(&l->answer, ",\"schema\":");
    jcs_append_string(&l->answer, record.schema);
    if (l->wanted == JUDGED_QUARANTINED)
        append_reasons(l, &record);
    buf_append_byte(&l->answer, '}');
    return true;
}

static void list(struct call *call)
{
    struct listing *l = call->own;
    struct judge *judge = call->node->judge;
    if (call->node->mode != NODE_SERVE)
        judge_await(judge);
    l->packs = packs_take(call->node->packs);
    l->scratch = packs_scratch_new();
    l->report = schema_report_new();
    if (l->scratch == NULL || l->report == NULL) {
        l->err = ERR_NO_MEMORY;
        return;
    }
    struct judge_counts counts = judge_counts(judge, l->log);
    buf_append_cstr(&l->answer, "{\"judged\":");
    buf_append_u64(&l->answer, counts.judged);
    buf_append_cstr(&l->answer, ",\"items\":[");
    unsigned listed = 0;
    uint64_t index = l->from;
    bool more;
    while ((more = judge_next(judge, l->log, l->wanted, &index)) && listed < LISTED_MAX) {
        if (append_one(call, l, index, listed == 0))
            listed++;
        index++;
    }
    buf_append_cstr(&l->answer, "],\"next\":");
    if (more)
        buf_append_u64(&l->answer, index);
    else
        buf_append_cstr(&l->answer, "null");
    buf_append_cstr(&l->answer, ",\"origin\":");
    jcs_append_string(&l->answer, store_log_origin(l->log));
    buf_append_byte(&l->answer, '}');
    l->err = buf_check(&l->answer);
}

static void answer_list(struct call *call)
{
    struct listing *l = call->own;
    if (l->err != OK)
        call_problem(call, l->err, NULL);
    else
        exchange_reply(call->exchange, 200, "application/json", NULL, buf_span(&l->answer));
}

static void dispose_list(struct call *call)
{
    struct listing *l = call->own;
    schema_report_free(l->report);
    tape_clear(&l->tape);
    packs_scratch_free(l->scratch);
    packs_release(l->packs);
    buf_clear(&l->answer);
    buf_clear(&l->origin);
    free(l);
}

static enum err read_listing(const struct call *call, struct listing *l, struct why *why)
{
    struct buf value;
    buf_init(&value, 32);
    enum err err = OK;
    l->wanted = JUDGED_QUARANTINED;
    if (call_query(call, "state", &value) && !span_is(buf_span(&value), "quarantined")) {
        l->wanted = JUDGED_WAITING;
        if (!span_is(buf_span(&value), "waiting"))
            err = why_set(why, ERR_BAD_REQUEST, "state: quarantined or waiting", 0, NULL, NULL);
    }
    buf_reset(&value);
    if (err == OK && call_query(call, "from", &value)) {
        struct cursor cursor = cursor_of(buf_span(&value));
        l->from = cursor_u64(&cursor);
        if (cursor.failed || !cursor_at_end(&cursor))
            err = why_set(why, ERR_BAD_REQUEST, "from: `next` of the answer before", 0, "a number",
                          NULL);
    }
    buf_clear(&value);
    if (err != OK)
        return err;
    if (!call_query(call, "origin", &l->origin))
        buf_append_cstr(&l->origin, call->node->origin);
    l->log = store_log_find(call->node->store, buf_span(&l->origin));
    return l->log != NULL ? OK
                          : why_set(why, ERR_NOT_FOUND, "origin: a log held here", 0,
                                    "its DID, as /v1/logs lists it", NULL);
}

void api_quarantine(struct call *call)
{
    struct why why = {0};
    struct listing *l = calloc(1, sizeof(*l));
    if (l == NULL) {
        call_problem(call, ERR_NO_MEMORY, NULL);
        return;
    }
    buf_init(&l->origin, DID_BYTES_MAX);
    buf_init(&l->answer, ANSWER_BYTES_MAX);
    tape_init(&l->tape);
    l->lang = exchange_language(call->exchange);
    call->own = l;
    call->dispose = dispose_list;
    enum err err = read_listing(call, l, &why);
    if (err != OK)
        call_problem(call, err, &why);
    else
        call_in_pool(call, list, answer_list);
}

/* ---- the packs anew ---- */

static void reload(struct call *call)
{
    enum err *err = call->own;
    *err = packs_reload(call->node->packs, NULL);
    if (*err == OK)
        judge_wake(call->node->judge);
}

static void answer_reload(struct call *call)
{
    const enum err *err = call->own;
    if (*err != OK) {
        call_problem(call, *err, NULL);
        return;
    }
    struct packs *packs = packs_take(call->node->packs);
    json_t *json = json_pack("{s:I, s:I}", "packs", (json_int_t)packs_count(packs), "types",
                             (json_int_t)packs_type_count(packs));
    packs_release(packs);
    call_reply_json(call, 200, json);
}

static void dispose_reload(struct call *call)
{
    free(call->own);
}

void api_packs_reload(struct call *call)
{
    call->own = calloc(1, sizeof(enum err));
    call->dispose = dispose_reload;
    if (call->own == NULL)
        call_problem(call, ERR_NO_MEMORY, NULL);
    else
        call_in_pool(call, reload, answer_reload);
}

/* Records: the platform publishes, changes and withdraws its own; anyone reads the newest version
 * of one. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "node/api/render.h"
#include "node/net/os.h"
#include "node/identity/identities.h"
#include "node/peer/faults.h"
#include "node/peer/witnesses.h"
#include "node/store/proof.h"
#include "proto/identity/did.h"
#include "proto/base/base64.h"
#include "proto/json/jcs.h"

/* ---- publishing ---- */

struct publishing {
    struct publication publication;
    struct publication_options options;
    enum record_op op;
    bool at_address;
    bool many;
    struct buf key; /* Idempotency-Key, or empty */
    int status;
    struct buf answer;
    const char *content_type;
    enum err err; /* the whole is refused with a problem document */
    struct why why;
};

#define ANSWER_BYTES_MAX (64u * 1024u * 1024u)
#define IDEMPOTENCY_KEY_BYTES_MAX 255u

static void append_text_member(struct buf *out, const char *name, const char *text)
{
    buf_append_byte(out, ',');
    jcs_append_string(out, span_cstr(name));
    buf_append_byte(out, ':');
    jcs_append_string(out, span_cstr(text));
}

static void append_error(struct buf *out, const struct publish_item *item, enum lang lang)
{
    enum err err = item->err;
    const struct why *why = &item->why;
    buf_append_byte(out, '{');
    if (item->errors != NULL) {
        buf_append_cstr(out, "\"errors\":");
        buf_append_cstr(out, item->errors);
        buf_append_byte(out, ',');
    }
    buf_append_cstr(out, "\"status\":");
    buf_append_u64(out, (uint64_t)err_http_status(err));
    append_text_member(out, "title", err_sentence(err, lang));
    append_text_member(out, "type", err_slug(err));
    if (why->rule != NULL) {
        append_text_member(out, "rule", why->rule);
        if (why->expected[0] != '\0')
            append_text_member(out, "expected", why->expected);
        if (why->found[0] != '\0')
            append_text_member(out, "found", why->found);
        buf_append_cstr(out, ",\"position\":");
        buf_append_u64(out, why->position);
    }
    buf_append_byte(out, '}');
}

static void append_item(struct buf *out, const struct publish_item *item, const char *origin,
                        const struct publication_options *options)
{
    bool dry_run = options->dry_run;
    if (item->err != OK) {
        buf_append_cstr(out, "{\"error\":");
        append_error(out, item, options->lang);
    } else if (item->unchanged) {
        buf_append_cstr(out, "{\"unchanged\":true,\"origin\":");
        jcs_append_string(out, span_cstr(origin));
    } else {
        buf_append_cstr(out, "{\"origin\":");
        jcs_append_string(out, span_cstr(origin));
    }
    if (item->id[0] != '\0')
        append_text_member(out, "id", item->id);
    if (item->err == OK && (!dry_run || item->unchanged)) {
        buf_append_cstr(out, ",\"index\":");
        buf_append_u64(out, item->index);
    }
    if (item->err == OK && !dry_run && !item->unchanged) {
        buf_append_cstr(out, ",\"leaf\":\"");
        base64_append(out, span_of(item->leaf.bytes, sizeof(item->leaf.bytes)));
        buf_append_byte(out, '"');
    }
    buf_append_cstr(out, ",\"line\":");
    buf_append_u64(out, item->line);
    if (item->err == OK && item->waits)
        buf_append_cstr(out, ",\"waits\":true");
    buf_append_cstr(out, "}");
}

static size_t count_unchanged(const struct publication *done)
{
    size_t unchanged = 0;
    for (size_t i = 0; i < done->count; i++)
        unchanged += done->items[i].unchanged;
    return unchanged;
}

/* What the caller is told, as bytes: an idempotent repeat gets the same. */
static void render(struct call *call, struct publishing *p)
{
    const struct publication *done = &p->publication;
    if (done->err != OK && done->refused == 0) {
        p->err = done->err;
        p->why = done->why;
        return;
    }
    if (!p->many && done->count == 1 && done->items[0].err != OK) {
        p->err = done->items[0].err;
        p->why = done->items[0].why;
        return;
    }
    bool nothing_stored = done->refused == done->count || p->options.all_or_nothing;
    p->status =
        p->options.dry_run || (done->count > 0 && count_unchanged(done) == done->count) ? 200 : 201;
    if (done->refused > 0)
        p->status = nothing_stored ? 422 : 207;
    p->content_type = p->many ? "application/x-ndjson" : "application/json";
    for (size_t i = 0; i < done->count; i++) {
        const struct publish_item *item = &done->items[i];
        bool shelved = p->options.all_or_nothing && done->refused > 0;
        if (shelved && item->err == OK)
            continue; /* nothing was stored: only the refusals are worth a line */
        append_item(&p->answer, item, call->node->origin, &p->options);
        if (p->many)
            buf_append_byte(&p->answer, '\n');
    }
    p->err = buf_check(&p->answer);
}

static void publish(struct call *call)
{
    struct publishing *p = call->own;
    struct publisher *publisher = call->node->publisher;
    if (p->at_address)
        publish_at(publisher, buf_span(&call->params[0]), p->op, buf_span(&call->body),
                   p->options.lang, &p->publication);
    else
        publish_text(publisher, buf_span(&call->body), &p->options, &p->publication);
    render(call, p);
}

/* On the pool: an idempotency key is looked up and kept in SQLite, which fsyncs. */
static void publish_once(struct call *call)
{
    struct publishing *p = call->own;
    if (p->key.len == 0) {
        publish(call);
        return;
    }
    struct state *state = call->node->state;
    struct hash body = sha256(buf_span(&call->body));
    p->err = state_idempotency_begin(state, buf_span(&p->key), body.bytes, os_wall_ms(), &p->status,
                                     &p->answer);
    p->content_type = p->many ? "application/x-ndjson" : "application/json";
    if (p->err != OK) {
        why_set(&p->why, p->err, "Idempotency-Key: one key, one request", 0, NULL, NULL);
        return;
    }
    if (p->status != 0)
        return; /* answered before */
    publish(call);
    if (p->err != OK ||
        state_idempotency_end(state, buf_span(&p->key), p->status, buf_span(&p->answer)) != OK)
        state_idempotency_cancel(state, buf_span(&p->key));
}

static void publish_answer(struct call *call)
{
    struct publishing *p = call->own;
    const struct publication *done = &p->publication;
    if (p->err != OK)
        exchange_problem_errors(call->exchange, p->err, p->why.rule == NULL ? NULL : &p->why,
                                done->count == 1 ? done->items[0].errors : NULL);
    else
        exchange_reply(call->exchange, p->status, p->content_type, NULL, buf_span(&p->answer));
}

static void publish_dispose(struct call *call)
{
    struct publishing *p = call->own;
    publication_clear(&p->publication);
    buf_clear(&p->key);
    buf_clear(&p->answer);
    free(p);
}

static struct publishing *publishing_new(struct call *call)
{
    struct publishing *p = calloc(1, sizeof(*p));
    if (p == NULL) {
        call_problem(call, ERR_NO_MEMORY, NULL);
        return NULL;
    }
    buf_init(&p->key, IDEMPOTENCY_KEY_BYTES_MAX);
    buf_init(&p->answer, ANSWER_BYTES_MAX);
    buf_append_span(&p->key, http_field(&exchange_head(call->exchange)->fields, "idempotency-key"));
    p->options.lang = exchange_language(call->exchange);
    call->own = p;
    call->dispose = publish_dispose;
    return p;
}

static bool type_is(struct span value, const char *type)
{
    struct span want = span_cstr(type);
    return span_starts_with(value, want) &&
           (value.len == want.len || value.data[want.len] == ';' || value.data[want.len] == ' ');
}

void api_publish(struct call *call)
{
    struct span type = http_field(&exchange_head(call->exchange)->fields, "content-type");
    bool many = type_is(type, "application/x-ndjson") || type_is(type, "application/jsonl");
    struct why why = {0};
    if (!many && type.len > 0 && !type_is(type, "application/json")) {
        call_problem(call, why_set(&why, ERR_UNSUPPORTED_TYPE, "Content-Type", 0, NULL, NULL),
                     &why);
        return;
    }
    struct publishing *p = publishing_new(call);
    if (p == NULL)
        return;
    if (buf_check(&p->key) != OK) {
        call_problem(call,
                     why_set(&why, ERR_LIMIT, "Idempotency-Key: at most 255 bytes", 0, NULL, NULL),
                     &why);
        return;
    }
    p->many = many;
    p->options =
        (struct publication_options){.lang = p->options.lang,
                                     .all_or_nothing = call_query_flag(call, "all-or-nothing"),
                                     .dry_run = call_query_flag(call, "dry-run"),
                                     .unless_unchanged = call_query_flag(call, "unless-unchanged"),
                                     .one_value = !many};
    call_in_pool(call, publish_once, publish_answer);
}

static void publish_here(struct call *call, enum record_op op)
{
    struct publishing *p = publishing_new(call);
    if (p == NULL)
        return;
    p->at_address = true;
    p->op = op;
    call_in_pool(call, publish_once, publish_answer);
}

void api_put(struct call *call)
{
    publish_here(call, RECORD_PUT);
}

void api_delete(struct call *call)
{
    publish_here(call, call_query_flag(call, "erase") ? RECORD_ERASE : RECORD_DELETE);
}

/* ---- reading ---- */

static enum err prove(struct node *node, struct store_log *log, uint64_t index,
                      const struct log_entry *entry, struct buf *out, struct why *why)
{
    struct buf note;
    buf_init(&note, NOTE_BYTES_MAX);
    struct proof_place place = {.log = log, .index = index, .entry = entry};
    place.head = witnesses_checkpoint(node->witnesses, log, &note, NULL);
    place.note = buf_span(&note);
    struct buf history; /* a did:key has none, and needs none */
    buf_init(&history, WEBVH_BYTES_MAX);
    if (identities_history(node->identities, did_scid(store_log_origin(log)), &history) == OK)
        place.history = buf_span(&history);
    uint64_t common;
    struct proof_standing standing = {
        .cosignatures = witnesses_count(node->witnesses, log, index + 1),
        .counts = node->config.witness.quorum > 0,
        .confirmed = witnesses_confirmed(node->witnesses, log) > index,
        .frozen = faults_frozen(node->faults, log, &common)};
    enum err err = buf_check(&note);
    if (err == OK)
        err = proof_append(&place, &standing, out, why);
    buf_clear(&history);
    buf_clear(&note);
    return err;
}

void api_get(struct call *call)
{
    struct why why = {0};
    struct store_log *log = store_log_find(call->node->store, buf_span(&call->params[0]));
    struct span id = buf_span(&call->params[1]);
    uint64_t index;
    struct log_entry entry = {0};
    if (log != NULL && store_log_newest(log, id, &index)) {
        struct log_reader reader = store_log_reader(log);
        if (reader.entry(reader.ctx, index, &entry) != OK)
            entry = (struct log_entry){0};
    }
    if (entry.line.len == 0 || !call_may_read(call, log, &entry)) {
        call_problem(
            call,
            why_set(&why, ERR_NOT_FOUND, "no such record that this caller may read", 0, NULL, NULL),
            &why);
        return;
    }
    if (entry.op != RECORD_PUT) {
        call_problem(call, why_set(&why, ERR_GONE, "its publisher withdrew it", 0, NULL, NULL),
                     &why);
        return;
    }
    if (call_query_flag(call, "as")) {
        render_as(call, entry.line);
        return;
    }
    if (!call_query_flag(call, "proof")) {
        exchange_reply(call->exchange, 200, "application/json", NULL, entry.line);
        return;
    }
    struct buf out;
    buf_init(&out, LINE_BYTES_MAX + NOTE_BYTES_MAX + 2 * PROOF_HISTORY_BYTES_MAX);
    enum err err = prove(call->node, log, index, &entry, &out, &why);
    if (err != OK)
        call_problem(call, err, &why);
    else
        exchange_reply(call->exchange, 200, "application/json", NULL, buf_span(&out));
    buf_clear(&out);
}

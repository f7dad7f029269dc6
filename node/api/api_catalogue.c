/* GET /v1/catalogue: records of every log held whose text has the words asked for, and how complete
 * the answer is. */
#include <stdlib.h>

#include "node/api/router.h"
#include "node/catalogue/search.h"
#include "node/catalogue/title.h"
#include "node/peer/faults.h"
#include "node/peer/peers.h"
#include "node/peer/witnesses.h"
#include "proto/base/base64.h"
#include "proto/json/jcs.h"

#define LIMIT_DEFAULT 20u
#define ANSWER_BYTES_MAX (SEARCH_LIMIT_MAX * (LINE_BYTES_MAX + 1024u))

struct searching {
    struct buf words;
    struct buf origin;
    struct buf schema;
    unsigned limit;
    enum lang lang;
    struct search_result result;
    struct buf answer;
    enum err err;
    struct why why;
};

/* Of a log that is proven to have forked, what both its histories have. */
static uint64_t size_of(void *ctx, struct store_log *log)
{
    const struct call *call = ctx;
    uint64_t common;
    return faults_frozen(call->node->faults, log, &common) ? common : UINT64_MAX;
}

/* What is known of the log of the hits at hand: they come log by log. */
struct standing {
    const struct store_log *log;
    uint64_t confirmed;
    bool frozen;
};

static void look_up(struct node *node, struct store_log *log, struct standing *standing)
{
    uint64_t common;
    if (standing->log == log)
        return;
    standing->log = log;
    standing->confirmed = witnesses_confirmed(node->witnesses, log);
    standing->frozen = faults_frozen(node->faults, log, &common);
}

static void append_hit(struct node *node, struct buf *out, struct titles *titles,
                       const struct search_hit *hit, struct standing *standing)
{
    struct log_reader reader = store_log_reader(hit->log);
    struct log_entry entry;
    if (reader.entry(reader.ctx, hit->index, &entry) != OK || entry.line.len == 0)
        return; /* erased since */
    if (out->data[out->len - 1] == '}')
        buf_append_byte(out, ',');
    look_up(node, hit->log, standing);
    buf_append_byte(out, '{');
    if (node->config.witness.quorum > 0)
        buf_append_cstr(out, standing->confirmed > hit->index ? "\"confirmed\":true,"
                                                              : "\"confirmed\":false,");
    if (standing->frozen)
        buf_append_cstr(out, "\"frozen\":true,");
    buf_append_cstr(out, "\"index\":");
    buf_append_u64(out, hit->index);
    buf_append_cstr(out, ",\"origin\":");
    jcs_append_string(out, store_log_origin(hit->log));
    buf_append_cstr(out, ",\"record\":");
    buf_append_span(out, entry.line);
    struct span title = titles_of(titles, entry.line);
    if (title.len > 0) {
        buf_append_cstr(out, ",\"title\":");
        jcs_append_string(out, title);
    }
    buf_append_byte(out, '}');
}

/* Per origin: up to which entry this answer looked, and how many more its newest known checkpoint
 * has. */
static void append_completeness(struct call *call, struct buf *out)
{
    struct store_log *log;
    for (size_t i = 0; (log = store_log_at(call->node->store, i)) != NULL; i++) {
        struct merkle_head head = store_log_committed(log);
        uint64_t common;
        if (i > 0)
            buf_append_byte(out, ',');
        buf_append_cstr(out, "{\"behind\":");
        buf_append_u64(out, peers_behind(call->node->peers, log));
        if (faults_frozen(call->node->faults, log, &common)) {
            buf_append_cstr(out, ",\"frozen\":true");
            head.size = common < head.size ? common : head.size;
        }
        buf_append_cstr(out, ",\"origin\":");
        jcs_append_string(out, store_log_origin(log));
        buf_append_cstr(out, ",\"size\":");
        buf_append_u64(out, head.size);
        buf_append_byte(out, '}');
    }
}

static bool may_read(void *ctx, const struct store_log *log, const struct log_entry *entry)
{
    return call_may_read(ctx, log, entry);
}

static void work(struct call *call)
{
    struct searching *s = call->own;
    struct search_query query = {.words = buf_span(&s->words),
                                 .origin = buf_span(&s->origin),
                                 .schema = buf_span(&s->schema),
                                 .judge = call->node->judge,
                                 .limit = s->limit,
                                 .may_read = may_read,
                                 .size_of = size_of,
                                 .ctx = call};
    s->err = search_run(call->node->store, &query, &s->result, &s->why);
    if (s->err != OK)
        return;
    buf_append_cstr(&s->answer, "{\"completeness\":[");
    append_completeness(call, &s->answer);
    buf_append_cstr(&s->answer, "],\"left_out\":");
    buf_append_u64(&s->answer, s->result.left_out);
    buf_append_cstr(&s->answer, ",\"results\":[");
    struct titles *titles = titles_new(call->node->packs, s->lang);
    struct standing standing = {.log = NULL};
    for (unsigned i = 0; titles != NULL && i < s->result.count; i++)
        append_hit(call->node, &s->answer, titles, &s->result.hits[i], &standing);
    titles_free(titles);
    buf_append_cstr(&s->answer, "],\"total\":");
    buf_append_u64(&s->answer, s->result.total);
    buf_append_byte(&s->answer, '}');
    s->err = titles == NULL ? ERR_NO_MEMORY : buf_check(&s->answer);
}

static void finish(struct call *call)
{
    struct searching *s = call->own;
    if (s->err != OK)
        call_problem(call, s->err, s->why.rule == NULL ? NULL : &s->why);
    else
        exchange_reply(call->exchange, 200, "application/json",
                       call->local ? NULL : "Access-Control-Allow-Origin: *\r\n",
                       buf_span(&s->answer));
}

static void dispose(struct call *call)
{
    struct searching *s = call->own;
    buf_clear(&s->words);
    buf_clear(&s->origin);
    buf_clear(&s->schema);
    buf_clear(&s->answer);
    free(s);
}

static bool read_limit(const struct call *call, unsigned *out)
{
    struct buf value;
    buf_init(&value, 16);
    *out = LIMIT_DEFAULT;
    bool fine = true;
    if (call_query(call, "limit", &value)) {
        struct cursor cursor = cursor_of(buf_span(&value));
        uint64_t limit = cursor_u64(&cursor);
        fine = !cursor.failed && cursor_at_end(&cursor) && limit >= 1 && limit <= SEARCH_LIMIT_MAX;
        *out = (unsigned)limit;
    }
    buf_clear(&value);
    return fine;
}

void api_catalogue(struct call *call)
{
    struct why why = {0};
    struct searching *s = calloc(1, sizeof(*s));
    if (s == NULL) {
        call_problem(call, ERR_NO_MEMORY, NULL);
        return;
    }
    buf_init(&s->words, HTTP_HEAD_BYTES_MAX);
    buf_init(&s->origin, DID_BYTES_MAX);
    buf_init(&s->schema, SCHEMA_NAME_BYTES_MAX);
    buf_init(&s->answer, ANSWER_BYTES_MAX);
    s->lang = exchange_language(call->exchange);
    call->own = s;
    call->dispose = dispose;
    if (!read_limit(call, &s->limit)) {
        call_problem(
            call, why_set(&why, ERR_BAD_REQUEST, "limit: a number from 1 to 1000", 0, NULL, NULL),
            &why);
        return;
    }
    call_query(call, "q", &s->words);
    call_query(call, "origin", &s->origin);
    call_query(call, "type", &s->schema);
    call_in_pool(call, work, finish);
}

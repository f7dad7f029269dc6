/* The sending end of a sync stream. One log speaks at a time, for one batch and its proof; then it
 * is the next one's turn, so that back-filling a large log does not hold up what is new in the
 * others. A log that resumes is announced again, with its newest checkpoint. */
#include "proto/sync/serve.h"

#include <stdlib.h>

#include "proto/json/jcs.h"
#include "proto/sync/lines.h"

/* What the caller holds of one log. Origins lie in serve.origins. */
struct wanted {
    size_t origin_offset;
    size_t origin_len;
    uint64_t size;
};

/* Entries [begin, end) of one log that the caller holds as leaves alone. */
struct range {
    size_t log; /* its place in serve.wanted */
    uint64_t begin;
    uint64_t end;
};

struct item {
    struct serve_log log; /* note is note.data */
    struct buf note;
    uint64_t position;  /* entries below it are sent, or held by the caller */
    uint64_t announced; /* size of the checkpoint announced last */
    bool is_announced;
    bool is_cosigned; /* the note has changed since, and its head has not */
    bool queued;
    size_t fill; /* the range being filled in, and the last one of this log */
    size_t fill_end;
    uint64_t fill_at;  /* the next entry of it to look at */
    struct item *next; /* in the queue */
};

struct serve {
    serve_may_read_fn may_read;
    void *ctx;
    bool follows;
    struct buf origins;
    struct wanted *wanted; /* sorted by origin: canonical JSON sorts its keys, and ASCII sorts alike
                              by bytes */
    size_t wanted_count;
    struct range *ranges; /* sorted by log, then by entry */
    size_t range_count;
    struct item **items; /* sorted by origin's bytes */
    size_t item_count;
    size_t item_cap;
    struct item *queue_first;
    struct item *queue_last;
    struct item *active; /* announced; its entries are under way */
    struct merkle_head target;
    uint32_t batch_entries;
    size_t batch_bytes;
    uint32_t filled; /* lines since the last filled line */
    uint32_t open_withheld;
    uint64_t last_line_ms;
};

/* ---- the request ---- */

static const struct tape_limits request_limits = {.bytes_max = SYNC_REQUEST_BYTES_MAX,
                                                  .depth_max = JSON_DEPTH_MAX};

static enum err refuse(struct why *why, uint64_t position, const char *expected)
{
    return why_set(why, ERR_BAD_REQUEST, "body of POST /v1/sync (docs/protocol.md)", position,
                   expected, NULL);
}

struct request {
    struct tape tape;
    struct buf text;
};

static enum err read_size(const struct request *request, uint32_t token, uint64_t *out,
                          struct why *why)
{
    const struct tape_token *number = &request->tape.tokens[token];
    if (number->type != TAPE_NUMBER)
        return refuse(why, number->offset, "a number of entries for each log");
    struct cursor cursor = cursor_of(tape_text(&request->tape, buf_span(&request->text), token));
    uint64_t size = cursor_u64(&cursor);
    if (cursor.failed || !cursor_at_end(&cursor) || size > LINES_SIZE_MAX)
        return refuse(why, number->offset, "a whole number below 2^53");
    *out = size;
    return OK;
}

static bool is_plain_ascii(struct span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] <= 0x20 || text.data[i] >= 0x7f || text.data[i] == '\\')
            return false;
    return true;
}

static enum err read_logs(struct serve *serve, const struct request *request, uint32_t logs,
                          struct why *why)
{
    const struct tape_token *object = &request->tape.tokens[logs];
    if (object->type != TAPE_OBJECT)
        return refuse(why, object->offset, "logs: an object");
    if (object->count > SYNC_LOGS_MAX)
        return why_set(why, ERR_LIMIT, "at most SYNC_LOGS_MAX logs in a request", object->offset,
                       "10000 logs", NULL);
    serve->wanted = calloc((size_t)object->count + 1, sizeof(*serve->wanted));
    if (serve->wanted == NULL)
        return ERR_NO_MEMORY;
    uint32_t key = logs + 1;
    for (uint32_t i = 0; i < object->count; i++) {
        struct span origin = tape_text(&request->tape, buf_span(&request->text), key);
        if (origin.len == 0 || origin.len > DID_BYTES_MAX || !is_plain_ascii(origin))
            return refuse(why, request->tape.tokens[key].offset, "a DID for each log");
        struct wanted *wanted = &serve->wanted[i];
        wanted->origin_offset = serve->origins.len;
        wanted->origin_len = origin.len;
        TRY(read_size(request, key + 1, &wanted->size, why));
        buf_append_span(&serve->origins, origin);
        serve->wanted_count++;
        key = request->tape.tokens[key + 1].next;
    }
    return buf_check(&serve->origins);
}

static size_t place_of_wanted(const struct serve *serve, struct span origin);

/* [begin,end,begin,end,...], each behind the one before. */
static enum err read_ranges(struct serve *serve, const struct request *request, uint32_t list,
                            size_t log, struct why *why)
{
    const struct tape_token *array = &request->tape.tokens[list];
    if (array->type != TAPE_ARRAY || array->count % 2 != 0 ||
        array->count / 2 > SYNC_WANTED_RANGES_MAX - serve->range_count)
        return refuse(why, array->offset, "want: pairs of begin and end, 10000 in all");
    uint64_t last = 0;
    uint32_t token = list + 1;
    for (uint32_t i = 0; i < array->count / 2; i++) {
        struct range *range = &serve->ranges[serve->range_count++];
        range->log = log;
        TRY(read_size(request, token, &range->begin, why));
        TRY(read_size(request, token + 1, &range->end, why));
        if (range->begin < last || range->end <= range->begin)
            return refuse(why, array->offset, "want: ranges in order");
        last = range->end;
        token += 2;
    }
    return OK;
}

static enum err read_wanted(struct serve *serve, const struct request *request, uint32_t want,
                            struct why *why)
{
    const struct tape_token *object = &request->tape.tokens[want];
    if (object->type != TAPE_OBJECT)
        return refuse(why, object->offset, "want: an object");
    serve->ranges = calloc(SYNC_WANTED_RANGES_MAX, sizeof(*serve->ranges));
    if (serve->ranges == NULL)
        return ERR_NO_MEMORY;
    uint32_t key = want + 1;
    for (uint32_t i = 0; i < object->count; i++) {
        struct span origin = tape_text(&request->tape, buf_span(&request->text), key);
        size_t log = place_of_wanted(serve, origin);
        if (log == serve->wanted_count)
            return refuse(why, request->tape.tokens[key].offset, "want: logs that are in logs");
        TRY(read_ranges(serve, request, key + 1, log, why));
        key = request->tape.tokens[key + 1].next;
    }
    return OK;
}

static enum err read_request(struct serve *serve, const struct request *request, struct why *why)
{
    struct span text = buf_span(&request->text);
    if (request->tape.tokens[0].type != TAPE_OBJECT)
        return refuse(why, 0, "an object");
    uint32_t follow = tape_member(&request->tape, text, 0, SPAN_LITERAL("follow"));
    if (follow != TAPE_NONE) {
        enum tape_type type = (enum tape_type)request->tape.tokens[follow].type;
        if (type != TAPE_TRUE && type != TAPE_FALSE)
            return refuse(why, request->tape.tokens[follow].offset, "follow: true or false");
        serve->follows = type == TAPE_TRUE;
    }
    uint32_t logs = tape_member(&request->tape, text, 0, SPAN_LITERAL("logs"));
    if (logs == TAPE_NONE)
        return refuse(why, 0, "logs: the state vector");
    TRY(read_logs(serve, request, logs, why));
    uint32_t want = tape_member(&request->tape, text, 0, SPAN_LITERAL("want"));
    return want == TAPE_NONE ? OK : read_wanted(serve, request, want, why);
}

static enum err scan_request(struct span body, struct request *out, struct why *why)
{
    if (body.len > SYNC_REQUEST_BYTES_MAX)
        return why_set(why, ERR_LIMIT, "a request of at most SYNC_REQUEST_BYTES_MAX", 0, NULL,
                       NULL);
    struct jcs *jcs = jcs_new();
    if (jcs == NULL)
        return ERR_NO_MEMORY;
    enum err err = jcs_canonicalise(jcs, body, &request_limits, &out->text, why);
    jcs_free(jcs);
    TRY(err);
    return tape_scan(&out->tape, buf_span(&out->text), &request_limits, why);
}

enum err serve_new(struct span request_body, uint64_t now_ms, serve_may_read_fn may_read, void *ctx,
                   struct serve **out, struct why *why)
{
    struct serve *serve = calloc(1, sizeof(*serve));
    if (serve == NULL)
        return ERR_NO_MEMORY;
    serve->may_read = may_read;
    serve->ctx = ctx;
    serve->last_line_ms = now_ms;
    buf_init(&serve->origins, SYNC_REQUEST_BYTES_MAX);
    struct request request;
    tape_init(&request.tape);
    buf_init(&request.text, SYNC_REQUEST_BYTES_MAX);
    enum err err = scan_request(request_body, &request, why);
    if (err == OK)
        err = read_request(serve, &request, why);
    tape_clear(&request.tape);
    buf_clear(&request.text);
    if (err != OK) {
        serve_free(serve);
        return err;
    }
    *out = serve;
    return OK;
}

void serve_free(struct serve *serve)
{
    if (serve == NULL)
        return;
    for (size_t i = 0; i < serve->item_count; i++) {
        buf_clear(&serve->items[i]->note);
        free(serve->items[i]);
    }
    free(serve->items);
    free(serve->wanted);
    free(serve->ranges);
    buf_clear(&serve->origins);
    free(serve);
}

bool serve_follows(const struct serve *serve)
{
    return serve->follows;
}

/* ---- offers ---- */

static int compare(struct span a, struct span b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common == 0 ? 0 : memcmp(a.data, b.data, common);
    if (order != 0)
        return order;
    return a.len < b.len ? -1 : a.len > b.len;
}

/* wanted_count: it is not among them. */
static size_t place_of_wanted(const struct serve *serve, struct span origin)
{
    size_t low = 0;
    size_t high = serve->wanted_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct wanted *wanted = &serve->wanted[middle];
        int order = compare(
            span_of(serve->origins.data + wanted->origin_offset, wanted->origin_len), origin);
        if (order == 0)
            return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return serve->wanted_count;
}

/* Which ranges of the log are looked at, and from which entry on. */
static void begin_filling(const struct serve *serve, struct item *item, size_t wanted)
{
    size_t first = 0;
    while (first < serve->range_count && serve->ranges[first].log != wanted)
        first++;
    item->fill = first;
    item->fill_end = first;
    while (item->fill_end < serve->range_count && serve->ranges[item->fill_end].log == wanted)
        item->fill_end++;
    if (item->fill < item->fill_end)
        item->fill_at = serve->ranges[first].begin;
}

static size_t place_of(const struct serve *serve, struct span origin, bool *found_out)
{
    size_t low = 0;
    size_t high = serve->item_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(serve->items[middle]->log.origin, origin);
        if (order == 0) {
            *found_out = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *found_out = false;
    return low;
}

static enum err add_item(struct serve *serve, const struct serve_log *log, size_t place)
{
    if (serve->item_count == SYNC_LOGS_MAX)
        return ERR_LIMIT;
    if (serve->item_count == serve->item_cap) {
        size_t cap = serve->item_cap == 0 ? 8 : serve->item_cap * 2;
        struct item **items = realloc(serve->items, cap * sizeof(struct item *));
        if (items == NULL)
            return ERR_NO_MEMORY;
        serve->items = items;
        serve->item_cap = cap;
    }
    struct item *item = calloc(1, sizeof(*item));
    if (item == NULL)
        return ERR_NO_MEMORY;
    item->log.origin = log->origin;
    size_t wanted = place_of_wanted(serve, log->origin);
    item->position = wanted == serve->wanted_count ? 0 : serve->wanted[wanted].size;
    if (log->fills && wanted < serve->wanted_count)
        begin_filling(serve, item, wanted);
    buf_init(&item->note, NOTE_BYTES_MAX);
    memmove(serve->items + place + 1, serve->items + place,
            (serve->item_count - place) * sizeof(struct item *));
    serve->items[place] = item;
    serve->item_count++;
    return OK;
}

static void enqueue(struct serve *serve, struct item *item)
{
    if (item->queued)
        return;
    item->queued = true;
    item->next = NULL;
    if (serve->queue_last != NULL)
        serve->queue_last->next = item;
    else
        serve->queue_first = item;
    serve->queue_last = item;
}

static struct item *dequeue(struct serve *serve)
{
    struct item *item = serve->queue_first;
    serve->queue_first = item->next;
    if (serve->queue_first == NULL)
        serve->queue_last = NULL;
    item->queued = false;
    return item;
}

static bool has_news(const struct item *item)
{
    return !item->is_announced || item->announced < item->log.head.size || item->is_cosigned;
}

enum err serve_offer(struct serve *serve, const struct serve_log *log)
{
    if (log->note.len > NOTE_BYTES_MAX || log->head.size > LINES_SIZE_MAX)
        return ERR_LIMIT;
    bool found;
    size_t place = place_of(serve, log->origin, &found);
    if (!found)
        TRY(add_item(serve, log, place));
    struct item *item = serve->items[place];
    /* Offers may overtake each other on their way here. */
    if (found && log->head.size < item->log.head.size)
        return OK;
    struct buf note;
    buf_init(&note, NOTE_BYTES_MAX);
    buf_append_span(&note, log->note);
    TRY(buf_check(&note));
    item->is_cosigned = item->is_announced && item->announced == log->head.size &&
                        !span_equal(buf_span(&item->note), buf_span(&note));
    buf_clear(&item->note);
    item->note = note;
    struct span origin = item->log.origin;
    item->log = *log;
    item->log.origin = origin;
    item->log.note = buf_span(&item->note);
    if (has_news(item))
        enqueue(serve, item);
    return OK;
}

/* ---- the stream ---- */

static void announce(struct serve *serve, struct item *item, struct buf *out)
{
    serve->target = item->log.head;
    item->announced = item->log.head.size;
    item->is_announced = true;
    item->is_cosigned = false;
    lines_append_log(out, item->log.origin, item->position);
    lines_append_checkpoint(out, item->log.note);
    bool fills = item->fill < item->fill_end;
    serve->active = fills || item->position < serve->target.size ? item : NULL;
}

static bool may_read(const struct serve *serve, const struct item *item,
                     const struct log_entry *entry)
{
    if (entry->line.len == 0 || entry->audience == AUDIENCE_PRIVATE)
        return false;
    if (serve->may_read == NULL)
        return entry->audience == AUDIENCE_PUBLIC;
    return serve->may_read(serve->ctx, item->log.log, entry);
}

static enum err send_entry(struct serve *serve, struct buf *out)
{
    struct item *item = serve->active;
    struct log_entry entry;
    TRY(item->log.reader.entry(item->log.reader.ctx, item->position, &entry));
    size_t before = out->len;
    if (may_read(serve, item, &entry)) {
        lines_close_withheld(out, &serve->open_withheld);
        buf_append_span(out, entry.line);
        buf_append_byte(out, '\n');
    } else {
        lines_append_withheld(out, &serve->open_withheld, &entry.leaf);
    }
    item->position++;
    serve->batch_entries++;
    serve->batch_bytes += out->len - before;
    return buf_check(out);
}

static void end_filling(struct serve *serve, struct buf *out)
{
    if (serve->filled > 0)
        lines_append_filled(out, serve->filled);
    serve->filled = 0;
    serve->batch_bytes = 0;
}

/* The next entry that the caller holds as a leaf: its line, if it may read it now. Public entries
 * are withheld from nobody: what is missing of them was erased. */
static enum err send_fill(struct serve *serve, struct buf *out)
{
    struct item *item = serve->active;
    const struct range *range = &serve->ranges[item->fill];
    uint64_t end = range->end < item->position ? range->end : item->position;
    end = end < serve->target.size ? end : serve->target.size;
    if (item->fill_at >= end) {
        item->fill++;
        if (item->fill < item->fill_end) {
            item->fill_at = serve->ranges[item->fill].begin;
            return OK;
        }
        end_filling(serve, out);
        if (item->position >= serve->target.size)
            serve->active = NULL;
        return buf_check(out);
    }
    struct log_entry entry;
    TRY(item->log.reader.entry(item->log.reader.ctx, item->fill_at, &entry));
    if (entry.line.len > 0 && entry.audience != AUDIENCE_PUBLIC && may_read(serve, item, &entry)) {
        lines_append_fill(out, item->fill_at);
        buf_append_span(out, entry.line);
        buf_append_byte(out, '\n');
        serve->filled++;
        serve->batch_bytes += entry.line.len;
    }
    item->fill_at++;
    if (serve->filled == SYNC_BATCH_ENTRIES_MAX || serve->batch_bytes >= SYNC_BATCH_BYTES_SOFT)
        end_filling(serve, out);
    return buf_check(out);
}

static bool batch_is_full(const struct serve *serve)
{
    return serve->batch_entries == SYNC_BATCH_ENTRIES_MAX ||
           serve->batch_bytes >= SYNC_BATCH_BYTES_SOFT ||
           serve->active->position == serve->target.size;
}

static enum err send_proof(struct serve *serve, struct buf *out)
{
    struct item *item = serve->active;
    struct merkle_source source = {.ctx = item->log.reader.ctx, .node = item->log.reader.node};
    struct merkle_proof proof;
    TRY(merkle_prove_consistency(&source, item->position, serve->target.size, &proof));
    lines_close_withheld(out, &serve->open_withheld);
    lines_append_proof(out, item->position, &proof);
    serve->batch_entries = 0;
    serve->batch_bytes = 0;
    bool is_done = item->position == serve->target.size;
    if (is_done || serve->queue_first != NULL) {
        serve->active = NULL;
        if (!is_done)
            enqueue(serve, item);
    }
    return buf_check(out);
}

static enum err send_some(struct serve *serve, struct buf *out)
{
    if (serve->active == NULL) {
        announce(serve, dequeue(serve), out);
        return buf_check(out);
    }
    if (serve->active->fill < serve->active->fill_end)
        return send_fill(serve, out);
    TRY(send_entry(serve, out));
    return batch_is_full(serve) ? send_proof(serve, out) : OK;
}

enum err serve_pull(struct serve *serve, uint64_t now_ms, size_t bytes_soft, struct buf *out,
                    bool *idle_out)
{
    size_t start = out->len;
    while ((serve->active != NULL || serve->queue_first != NULL) && out->len - start < bytes_soft)
        TRY(send_some(serve, out));
    lines_close_withheld(out, &serve->open_withheld);
    *idle_out = serve->active == NULL && serve->queue_first == NULL;
    if (out->len == start && *idle_out && now_ms - serve->last_line_ms >= SYNC_PING_MS)
        lines_append_ping(out);
    if (out->len > start)
        serve->last_line_ms = now_ms;
    return buf_check(out);
}

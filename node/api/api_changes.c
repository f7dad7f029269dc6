/* GET /v1/changes: the entries of every log held, in log order, as Server-Sent Events (WHATWG
 * HTML, 9.2). Each event carries the cursor behind it, so that a platform that comes back misses
 * nothing and gets nothing twice. */
#include <stdlib.h>

#include "node/api/cursor.h"
#include "node/api/hub.h"
#include "node/api/router.h"
#include "node/net/os.h"

#define UNSENT_BYTES_HIGH (256u * 1024u)
#define EVENTS_PER_TURN 256u
#define LOGS_WITH_CURSOR_PER_EVENT                                                                 \
    16u /* beyond it the cursor, 22 bytes per log, comes once per turn */

struct change_stream {
    struct cursor_positions positions;
    struct buf out;
    uint64_t last_write_ms;
};

static void append_cursor(struct call *call, struct change_stream *stream)
{
    buf_append_cstr(&stream->out, "id: ");
    enum err err = cursor_write(&stream->positions, call->node->store, &stream->out);
    if (err != OK && stream->out.failed == OK)
        stream->out.failed = err;
    buf_append_byte(&stream->out, '\n');
}

/* An erased or unreadable entry has nothing to tell but its place. */
static void append_event(struct call *call, struct change_stream *stream, struct store_log *log,
                         uint64_t index, const struct log_entry *entry)
{
    bool held = entry->line.len > 0;
    buf_append_cstr(&stream->out, held ? "event: record\n" : "event: withheld\n");
    if (stream->positions.count <= LOGS_WITH_CURSOR_PER_EVENT)
        append_cursor(call, stream);
    buf_append_cstr(&stream->out, "data: {\"index\":");
    buf_append_u64(&stream->out, index);
    buf_append_cstr(&stream->out, ",\"origin\":\"");
    buf_append_span(&stream->out, store_log_origin(log));
    buf_append_byte(&stream->out, '"');
    if (held) {
        buf_append_cstr(&stream->out, ",\"record\":");
        buf_append_span(&stream->out, entry->line);
    }
    buf_append_cstr(&stream->out, "}\n\n");
}

/* Appends up to EVENTS_PER_TURN events. *more_out: there are others. */
static enum err gather(struct call *call, struct change_stream *stream, bool *more_out)
{
    unsigned told = 0;
    *more_out = false;
    struct store_log *log;
    for (size_t i = 0; (log = store_log_at(call->node->store, i)) != NULL; i++) {
        TRY(cursor_positions_grow(&stream->positions, i + 1));
        struct log_reader reader = store_log_reader(log);
        uint64_t size = store_log_committed(log).size;
        while (stream->positions.next[i] < size) {
            if (told == EVENTS_PER_TURN) {
                *more_out = true;
                return OK;
            }
            struct log_entry entry;
            uint64_t index = stream->positions.next[i];
            TRY(reader.entry(reader.ctx, index, &entry));
            stream->positions.next[i]++;
            append_event(call, stream, log, index, &entry);
            told++;
        }
    }
    return OK;
}

static void pump(struct call *call)
{
    struct change_stream *stream = call->own;
    uint64_t now = os_mono_ms();
    bool more = true;
    enum err err = OK;
    while (more && err == OK && exchange_unsent(call->exchange) < UNSENT_BYTES_HIGH) {
        buf_reset(&stream->out);
        err = gather(call, stream, &more);
        if (err == OK && stream->out.len > 0 &&
            stream->positions.count > LOGS_WITH_CURSOR_PER_EVENT) {
            buf_append_cstr(&stream->out, "event: cursor\n");
            append_cursor(call, stream);
            buf_append_cstr(&stream->out, "data:\n\n");
        }
        if (stream->out.len == 0 && now - stream->last_write_ms >= SYNC_PING_MS)
            buf_append_cstr(&stream->out, ": ping\n\n");
        if (err == OK)
            err = buf_check(&stream->out);
        if (err == OK && stream->out.len > 0) {
            exchange_write(call->exchange, buf_span(&stream->out));
            stream->last_write_ms = now;
        }
    }
    if (err != OK)
        exchange_abort(call->exchange);
    else
        exchange_flush(call->exchange);
}

static void dispose(struct call *call)
{
    struct change_stream *stream = call->own;
    cursor_positions_clear(&stream->positions);
    buf_clear(&stream->out);
    free(stream);
}

static struct span start_of(const struct call *call, struct buf *query_value)
{
    struct span last = http_field(&exchange_head(call->exchange)->fields, "last-event-id");
    if (last.len > 0)
        return last; /* a browser's EventSource that reconnects repeats the address and adds this */
    bool given = call_query(call, "since", query_value);
    return given ? buf_span(query_value) : span_of(NULL, 0);
}

void api_changes(struct call *call)
{
    struct change_stream *stream = calloc(1, sizeof(*stream));
    if (stream == NULL) {
        call_problem(call, ERR_NO_MEMORY, NULL);
        return;
    }
    call->own = stream;
    call->dispose = dispose;
    buf_init(&stream->out, EVENTS_PER_TURN * (LINE_BYTES_MAX + 4096u));
    stream->last_write_ms = os_mono_ms();
    struct buf since;
    buf_init(&since, HTTP_HEAD_BYTES_MAX);
    enum err err = cursor_read(start_of(call, &since), call->node->store, &stream->positions);
    buf_clear(&since);
    if (err != OK) {
        struct why why = {0};
        call_problem(
            call,
            why_set(&why, err, "since: a cursor as an event's id gave it, or now", 0, NULL, NULL),
            &why);
        return;
    }
    exchange_start(call->exchange, 200, "text/event-stream", "Cache-Control: no-store\r\n", false);
    exchange_write(call->exchange, SPAN_LITERAL(": maillon\n\n"));
    call_stream(call, pump);
    pump(call);
}

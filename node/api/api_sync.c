/* POST /v1/sync: drives proto/sync/serve at the caller's pace. */
#include <stdlib.h>

#include "node/api/hub.h"
#include "node/api/router.h"
#include "node/net/os.h"
#include "node/peer/witnesses.h"
#include "node/store/guard.h"
#include "proto/sync/serve.h"

#define UNSENT_BYTES_HIGH                                                                          \
    (512u * 1024u) /* per stream: what a slow reader costs at most, with one pull */
#define PULL_BYTES (256u * 1024u)

/* What was last offered of a log. */
struct offered {
    uint64_t size;    /* of its checkpoint */
    uint64_t version; /* of the cosignatures on it */
};

struct sync_stream {
    struct serve *serve;
    struct buf lines;
    struct buf note;
    struct offered *offered; /* by the log's place in the store */
    size_t log_count;
    uint64_t filled; /* entries that had got their lines when it began */
};

static bool may_read(void *ctx, void *log, const struct log_entry *entry)
{
    return call_may_read(ctx, log, entry);
}

static enum err offer_log(struct call *call, struct sync_stream *stream, struct store_log *log,
                          struct offered *offered)
{
    struct witnesses *witnesses = call->node->witnesses;
    uint64_t version;
    /* The beginning of a log whose rest is being recovered would look like a history cut short. */
    if (log == call->node->own && guard_check(call->node->guard, NULL) != OK)
        return OK;
    uint64_t size = witnesses_checkpoint(witnesses, log, NULL, &version).size;
    if (size == 0 || (size <= offered->size && version == offered->version))
        return OK;
    buf_reset(&stream->note);
    struct serve_log serve_log = {.origin = store_log_origin(log),
                                  .reader = store_log_reader(log),
                                  .head =
                                      witnesses_checkpoint(witnesses, log, &stream->note, &version),
                                  .log = log,
                                  .fills = call->caller.proven};
    TRY(buf_check(&stream->note));
    serve_log.note = buf_span(&stream->note);
    *offered = (struct offered){.size = serve_log.head.size, .version = version};
    return serve_offer(stream->serve, &serve_log);
}

static enum err offer_what_is_new(struct call *call, struct sync_stream *stream)
{
    for (size_t i = 0;; i++) {
        struct store_log *log = store_log_at(call->node->store, i);
        if (log == NULL)
            return OK;
        if (i == stream->log_count) {
            size_t count = stream->log_count == 0 ? 16 : stream->log_count * 2;
            struct offered *offered = realloc(stream->offered, count * sizeof(*offered));
            if (offered == NULL)
                return ERR_NO_MEMORY;
            memset(offered + stream->log_count, 0, (count - stream->log_count) * sizeof(*offered));
            stream->offered = offered;
            stream->log_count = count;
        }
        TRY(offer_log(call, stream, log, &stream->offered[i]));
    }
}

/* Another number whenever this node has got lines itself for entries that it held as leaves. */
static uint64_t entries_filled(struct node *node)
{
    uint64_t filled = 0;
    const struct store_log *log;
    for (size_t i = 0; (log = store_log_at(node->store, i)) != NULL; i++)
        filled += store_log_filled(log);
    return filled;
}

static void pump(struct call *call)
{
    struct sync_stream *stream = call->own;
    /* Its audiences are others now, or there is more for them: it comes back at once, and then asks
     * for what it may read of the entries that were withheld. */
    bool has_more = call->caller.proven && entries_filled(call->node) != stream->filled;
    if (has_more || caller_has_changed(call->node, &call->caller)) {
        exchange_finish(call->exchange);
        return;
    }
    enum err err = offer_what_is_new(call, stream);
    bool idle = false;
    while (err == OK && !idle && exchange_unsent(call->exchange) < UNSENT_BYTES_HIGH) {
        buf_reset(&stream->lines);
        err = serve_pull(stream->serve, os_mono_ms(), PULL_BYTES, &stream->lines, &idle);
        if (err == OK && stream->lines.len > 0)
            exchange_write(call->exchange, buf_span(&stream->lines));
    }
    if (err != OK)
        exchange_abort(call->exchange);
    else if (idle && !serve_follows(stream->serve))
        exchange_finish(call->exchange);
    else if (idle)
        exchange_flush(call->exchange);
}

static void dispose(struct call *call)
{
    struct sync_stream *stream = call->own;
    serve_free(stream->serve);
    buf_clear(&stream->lines);
    buf_clear(&stream->note);
    free(stream->offered);
    free(stream);
}

void api_sync(struct call *call)
{
    struct sync_stream *stream = calloc(1, sizeof(*stream));
    if (stream == NULL) {
        call_problem(call, ERR_NO_MEMORY, NULL);
        return;
    }
    struct why why = {0};
    enum err err =
        serve_new(buf_span(&call->body), os_mono_ms(), may_read, call, &stream->serve, &why);
    if (err != OK) {
        free(stream);
        call_problem(call, err, &why);
        return;
    }
    stream->filled = entries_filled(call->node);
    buf_init(&stream->lines, SYNC_BATCH_BYTES_MAX);
    buf_init(&stream->note, NOTE_BYTES_MAX);
    buf_clear(&call->body); /* it may be large, and the stream may stay for months */
    call->own = stream;
    call->dispose = dispose;
    exchange_start(call->exchange, 200, "application/x-ndjson", NULL, true);
    call_stream(call, pump);
    pump(call);
}

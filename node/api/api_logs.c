/* The logs held: their sizes, their newest checkpoints, their hashes as tiles. */
#include "node/api/router.h"
#include "node/peer/witnesses.h"
#include "proto/identity/did.h"
#include "proto/log/tile.h"

#define IMMUTABLE "Cache-Control: public, max-age=31536000, immutable\r\n"

struct store_log *api_find_log(struct call *call)
{
    struct span scid = buf_span(&call->params[0]);
    struct store_log *log;
    for (size_t i = 0; (log = store_log_at(call->node->store, i)) != NULL; i++)
        if (span_equal(did_scid(store_log_origin(log)), scid))
            return log;
    struct why why;
    call_problem(
        call,
        why_set(&why, ERR_NOT_FOUND, "no log of this name is held; see /v1/logs", 0, NULL, NULL),
        &why);
    return NULL;
}

void api_logs(struct call *call)
{
    json_t *logs = json_array();
    struct store_log *log;
    for (size_t i = 0; (log = store_log_at(call->node->store, i)) != NULL; i++)
        (void)json_array_append_new(logs, api_log_json(call->node, log));
    call_reply_json(call, 200, json_pack("{s:o}", "logs", logs));
}

void api_checkpoint(struct call *call)
{
    struct store_log *log = api_find_log(call);
    if (log == NULL)
        return;
    struct buf note;
    buf_init(&note, NOTE_BYTES_MAX);
    struct why why = {.rule = NULL};
    (void)witnesses_checkpoint(call->node->witnesses, log, &note, NULL);
    enum err err = buf_check(&note);
    if (err == OK && note.len == 0)
        err = why_set(&why, ERR_NOT_FOUND, "nothing is signed in this log yet", 0, NULL, NULL);
    if (err != OK)
        call_problem(call, err, why.rule == NULL ? NULL : &why);
    else
        exchange_reply(call->exchange, 200, "text/plain; charset=utf-8",
                       "Cache-Control: no-cache\r\n", buf_span(&note));
    buf_clear(&note);
}

static enum err append_tile(struct store_log *log, const struct tile *tile, struct buf *out)
{
    struct log_reader reader = store_log_reader(log);
    unsigned level = tile->level * TILE_HEIGHT;
    uint64_t held = level < 64 ? store_log_checkpoint(log, NULL).size >> level : 0;
    if (tile->index >= held / TILE_WIDTH + 1 || tile->index * TILE_WIDTH + tile->width > held)
        return ERR_NOT_FOUND;
    for (uint64_t i = 0; i < tile->width; i++) {
        struct hash hash;
        TRY(reader.node(reader.ctx, level, tile->index * TILE_WIDTH + i, &hash));
        buf_append(out, hash.bytes, sizeof(hash.bytes));
    }
    return buf_check(out);
}

void api_tile(struct call *call)
{
    struct store_log *log = api_find_log(call);
    if (log == NULL)
        return;
    struct tile tile;
    struct why why = {.rule = NULL};
    struct buf out;
    buf_init(&out, TILE_WIDTH * sizeof(struct hash));
    enum err err = tile_read(buf_span(&call->params[1]), &tile, &why);
    if (err == OK)
        err = append_tile(log, &tile, &out);
    if (err != OK)
        call_problem(call, err, why.rule == NULL ? NULL : &why);
    else
        exchange_reply(call->exchange, 200, "application/octet-stream", IMMUTABLE, buf_span(&out));
    buf_clear(&out);
}

/* Any stream, whole and in pieces: the same batches, the same refusal. The first byte chooses the
 * pieces. */
#include "proto/sync/follow.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err open_log(void *ctx, struct span origin, struct merkle_range *range_out,
                         bool *own_out)
{
    (void)ctx;
    *range_out = (struct merkle_range){.size = 0};
    *own_out = origin.len % 8 == 7;
    return origin.len % 8 == 6 ? ERR_FORBIDDEN : OK;
}

struct outcome {
    enum err err;
    uint64_t batches;
    uint64_t entries;
    struct hash lines;
};

static void take(struct outcome *outcome, const struct batch *batch)
{
    CHECK(batch->open_withheld == 0 && batch->count <= SYNC_BATCH_ENTRIES_MAX);
    CHECK(batch->head.size == batch->first + batch->count);
    CHECK(batch->lines.len == 0 || batch->lines.data[batch->lines.len - 1] == '\n');
    outcome->batches++;
    outcome->entries += batch->count;
    outcome->lines = sha256_prefixed(0, span_of(outcome->lines.bytes, 32), buf_span(&batch->lines));
}

static struct outcome run(struct span stream, size_t piece)
{
    struct outcome outcome = {.err = OK};
    struct follow_options options = {.open_log = open_log};
    struct follow *follow = follow_new(&options);
    CHECK(follow != NULL);
    size_t at = 0;
    while (at < stream.len && outcome.err == OK) {
        struct follow_effects effects;
        struct why why;
        size_t used;
        outcome.err = follow_feed(follow, span_part(stream, at, piece), 0, &used, &effects, &why);
        CHECK(used <= piece);
        at += used;
        if (effects.batch != NULL) {
            take(&outcome, effects.batch);
            follow_persisted(follow, effects.batch, 0, &effects);
        }
        CHECK(!effects.pause);
    }
    follow_free(follow);
    return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct span stream = span_of(data + 1, size - 1);
    struct outcome whole = run(stream, size);
    struct outcome pieces = run(stream, data[0] % 64u + 1);
    CHECK(whole.err == pieces.err && whole.batches == pieces.batches);
    CHECK(whole.entries == pieces.entries && hash_equal(&whole.lines, &pieces.lines));
    return 0;
}

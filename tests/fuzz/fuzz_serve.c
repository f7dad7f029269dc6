/* Any request: refused, or a stream that ends at once, as there is no log to send. */
#include "proto/sync/serve.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err no_entry(void *ctx, uint64_t index, struct log_entry *out)
{
    (void)ctx;
    *out = (struct log_entry){.leaf = {{(uint8_t)index}}};
    return OK;
}

static enum err no_node(void *ctx, unsigned level, uint64_t index, struct hash *out)
{
    (void)ctx;
    *out = (struct hash){{(uint8_t)level, (uint8_t)index}};
    return OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct serve *serve;
    struct why why;
    if (serve_new(span_of(data, size), 0, NULL, NULL, &serve, &why) != OK)
        return 0;
    /* A log of twenty withheld entries: however much the caller says it holds. */
    struct serve_log log = {.origin = SPAN_LITERAL("did:key:za"),
                            .reader = {.entry = no_entry, .node = no_node},
                            .head = {.size = 20},
                            .note = SPAN_LITERAL("note")};
    struct buf out;
    bool idle = false;
    buf_init(&out, 1u << 20);
    CHECK(serve_offer(serve, &log) == OK);
    while (!idle)
        CHECK(serve_pull(serve, 0, 100, &out, &idle) == OK);
    CHECK(out.len > 0 && out.data[out.len - 1] == '\n');
    buf_clear(&out);
    serve_free(serve);
    return 0;
}

/* Any bytes as a request, an answer, a chunked body: read whole, and cut in two places, with the
 * same result. */
#include <stdint.h>
#include <stdlib.h>

#include "proto/http/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t decode(struct span input, size_t step, bool *end_out, struct buf *out)
{
    struct http_chunks chunks = {0};
    size_t at = 0;
    *end_out = false;
    while (at < input.len && !*end_out) {
        size_t used;
        struct span part;
        if (http_chunks_read(&chunks, span_part(input, at, step), &used, &part, end_out, NULL) !=
            OK)
            return SIZE_MAX;
        if (used == 0 && !*end_out)
            break;
        buf_append_span(out, part);
        at += used;
    }
    return at;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span input = span_of(data, size);
    struct http_head head;
    struct http_answer answer;
    struct why why;
    size_t used;
    if (http_read_request(input, &head, &used, &why) == OK && used > 0) {
        struct http_head again;
        size_t used_again;
        if (used > size ||
            http_read_request(span_part(input, 0, used), &again, &used_again, NULL) != OK ||
            used_again != used || again.body != head.body)
            abort();
        struct buf value;
        buf_init(&value, 4096);
        if (http_query_value(head.query, "q", &value) == OK && value.len > head.query.len)
            abort();
        buf_reset(&value);
        if (http_percent_decode(head.path, false, &value) == OK && value.len > head.path.len)
            abort();
        buf_clear(&value);
    }
    if (http_read_answer(input, SPAN_LITERAL("GET"), &answer, &used, &why) == OK && used > size)
        abort();
    struct buf whole;
    struct buf parts;
    buf_init(&whole, 1 << 20);
    buf_init(&parts, 1 << 20);
    bool end_whole;
    bool end_parts;
    size_t at_whole = decode(input, SIZE_MAX, &end_whole, &whole);
    size_t at_parts = decode(input, 1, &end_parts, &parts);
    if (at_whole != at_parts ||
        (at_whole != SIZE_MAX && !span_equal(buf_span(&whole), buf_span(&parts))))
        abort();
    buf_clear(&whole);
    buf_clear(&parts);
    return 0;
}

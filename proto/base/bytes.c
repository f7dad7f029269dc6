/* Spans, owned buffers with a maximum, and the cursor that every small parser reads with. */
#include "proto/base/bytes.h"

#include <stdlib.h>

struct span span_part(struct span a, size_t offset, size_t len)
{
    if (offset >= a.len)
        return span_of(NULL, 0);
    size_t left = a.len - offset;
    return span_of(a.data + offset, len < left ? len : left);
}

void buf_init(struct buf *buf, size_t max_bytes)
{
    *buf = (struct buf){.max = max_bytes};
}

void buf_clear(struct buf *buf)
{
    if (buf == NULL)
        return;
    free(buf->data);
    buf_init(buf, buf->max);
}

void buf_reset(struct buf *buf)
{
    buf->len = 0;
    buf->failed = OK;
}

static size_t grown(const struct buf *buf, size_t needed)
{
    size_t cap = buf->cap < 64 ? 64 : buf->cap + buf->cap / 2;
    if (cap < needed)
        cap = needed;
    return cap > buf->max ? buf->max : cap;
}

uint8_t *buf_reserve(struct buf *buf, size_t n)
{
    if (buf->failed != OK)
        return NULL;
    if (n > buf->max || buf->len > buf->max - n) {
        buf->failed = ERR_LIMIT;
        return NULL;
    }
    if (buf->data == NULL || buf->cap - buf->len < n) {
        size_t cap = grown(buf, buf->len + n);
        uint8_t *data = realloc(buf->data, cap == 0 ? 1 : cap);
        if (data == NULL) {
            buf->failed = ERR_NO_MEMORY;
            return NULL;
        }
        buf->data = data;
        buf->cap = cap;
    }
    return buf->data + buf->len;
}

void buf_commit(struct buf *buf, size_t n)
{
    CHECK(n <= buf->cap - buf->len);
    buf->len += n;
}

void buf_append(struct buf *buf, const void *data, size_t len)
{
    if (len == 0)
        return;
    uint8_t *room = buf_reserve(buf, len);
    if (room == NULL)
        return;
    memcpy(room, data, len);
    buf->len += len;
}

void buf_append_span(struct buf *buf, struct span span)
{
    buf_append(buf, span.data, span.len);
}

void buf_append_cstr(struct buf *buf, const char *text)
{
    buf_append(buf, text, strlen(text));
}

void buf_append_byte(struct buf *buf, uint8_t byte)
{
    buf_append(buf, &byte, 1);
}

void buf_append_u64(struct buf *buf, uint64_t value)
{
    uint8_t digits[20];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (uint8_t)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    buf_append(buf, digits + at, sizeof(digits) - at);
}

enum err buf_check(const struct buf *buf)
{
    return buf->failed;
}

void cursor_expect(struct cursor *cursor, const char *text)
{
    struct span expected = span_cstr(text);
    if (!span_equal(cursor_take(cursor, expected.len), expected))
        cursor->failed = true;
}

struct span cursor_take(struct cursor *cursor, size_t n)
{
    if (cursor->failed || cursor->input.len - cursor->position < n) {
        cursor->failed = true;
        return span_of(NULL, 0);
    }
    struct span taken = span_of(cursor->input.data + cursor->position, n);
    cursor->position += n;
    return taken;
}

struct span cursor_until(struct cursor *cursor, uint8_t delimiter)
{
    if (cursor->failed || cursor_at_end(cursor)) {
        cursor->failed = true;
        return span_of(NULL, 0);
    }
    const uint8_t *from = cursor->input.data + cursor->position;
    const uint8_t *end = memchr(from, delimiter, cursor->input.len - cursor->position);
    if (end == NULL) {
        cursor->failed = true;
        return span_of(NULL, 0);
    }
    struct span taken = span_of(from, (size_t)(end - from));
    cursor->position += taken.len + 1;
    return taken;
}

struct span cursor_rest(struct cursor *cursor)
{
    return cursor_take(cursor, cursor->failed ? 0 : cursor->input.len - cursor->position);
}

uint64_t cursor_u64(struct cursor *cursor)
{
    uint64_t value = 0;
    size_t start = cursor->position;
    while (!cursor->failed && !cursor_at_end(cursor)) {
        unsigned digit = cursor->input.data[cursor->position] - (unsigned)'0';
        if (digit > 9)
            break;
        if (value > (UINT64_MAX - digit) / 10)
            cursor->failed = true;
        value = value * 10 + digit;
        cursor->position++;
    }
    size_t count = cursor->position - start;
    if (count == 0 || (count > 1 && cursor->input.data[start] == '0'))
        cursor->failed = true;
    return cursor->failed ? 0 : value;
}

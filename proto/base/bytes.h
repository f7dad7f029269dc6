/* Borrowed bytes (span), owned bytes with a maximum (buf), and a reader with a sticky error
 * (cursor). */
#ifndef MAILLON_PROTO_BASE_BYTES_H
#define MAILLON_PROTO_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "proto/err.h"

/* Borrowed: never freed through a span. data may be NULL only when len is 0. */
struct span {
    const uint8_t *data;
    size_t len;
};

static inline struct span span_of(const void *data, size_t len)
{
    return (struct span){.data = data, .len = len};
}

static inline struct span span_cstr(const char *text)
{
    return span_of(text, strlen(text));
}

#define SPAN_LITERAL(text) ((struct span){.data = (const uint8_t *)(text), .len = sizeof(text) - 1})

static inline bool span_equal(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static inline bool span_is(struct span a, const char *text)
{
    return span_equal(a, span_cstr(text));
}

static inline bool span_starts_with(struct span a, struct span prefix)
{
    return a.len >= prefix.len && (prefix.len == 0 || memcmp(a.data, prefix.data, prefix.len) == 0);
}

/* The part from offset, at most len bytes; clipped to what there is. */
struct span span_part(struct span a, size_t offset, size_t len);

/* Owned, growing, never beyond max bytes. The error is sticky: after a failed append (no memory, or
 * beyond max) every later append does nothing, so that a writer checks once, with buf_check. */
struct buf {
    uint8_t *data;
    size_t len;
    size_t cap;
    size_t max;
    enum err failed; /* OK, ERR_NO_MEMORY or ERR_LIMIT */
};

void buf_init(struct buf *buf, size_t max_bytes);
/* Frees the bytes; the buf is as after buf_init with the same max. NULL is fine. */
void buf_clear(struct buf *buf);
/* Forgets content and error, keeps the memory. */
void buf_reset(struct buf *buf);
/* Room for n more bytes: a pointer to them, or NULL (and the error sticks). Follow with buf_commit.
 */
uint8_t *buf_reserve(struct buf *buf, size_t n);
void buf_commit(struct buf *buf, size_t n);
void buf_append(struct buf *buf, const void *data, size_t len);
void buf_append_span(struct buf *buf, struct span span);
void buf_append_cstr(struct buf *buf, const char *text);
void buf_append_byte(struct buf *buf, uint8_t byte);
/* Decimal, no sign, no leading zeros. */
void buf_append_u64(struct buf *buf, uint64_t value);
MUST_USE enum err buf_check(const struct buf *buf);

static inline struct span buf_span(const struct buf *buf)
{
    return span_of(buf->data, buf->len);
}

/* Reads forward through a span. The first failed read sets `failed` and every later one returns
 * nothing, so that a parser reads all its fields and asks once. */
struct cursor {
    struct span input;
    size_t position;
    bool failed;
};

static inline struct cursor cursor_of(struct span input)
{
    return (struct cursor){.input = input};
}

static inline bool cursor_at_end(const struct cursor *cursor)
{
    return cursor->position == cursor->input.len;
}

/* Takes this exact text, or fails. */
void cursor_expect(struct cursor *cursor, const char *text);
/* All bytes up to the delimiter, which is consumed and not returned; fails where there is none. */
struct span cursor_until(struct cursor *cursor, uint8_t delimiter);
/* The next n bytes. */
struct span cursor_take(struct cursor *cursor, size_t n);
/* What is left, consumed. */
struct span cursor_rest(struct cursor *cursor);
/* A decimal number without sign or leading zeros, as the standards of the log write it; fails on
 * overflow of 64 bits and on an empty one. */
uint64_t cursor_u64(struct cursor *cursor);

#endif

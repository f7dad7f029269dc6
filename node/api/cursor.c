/* The cursor of the change stream: one (log, position) pair for each log. */
#include "node/api/cursor.h"

#include <stdlib.h>

#include "proto/base/base64.h"
#include "proto/base/hash.h"

#define NAME_BYTES 8u
#define PAIR_BYTES (NAME_BYTES + 8u)

void cursor_positions_clear(struct cursor_positions *positions)
{
    free(positions->next);
    *positions = (struct cursor_positions){0};
}

enum err cursor_positions_grow(struct cursor_positions *positions, size_t count)
{
    if (count <= positions->count)
        return OK;
    if (count > positions->cap) {
        size_t cap = count < 16 ? 16 : count * 2;
        uint64_t *next = realloc(positions->next, cap * sizeof(*next));
        if (next == NULL)
            return ERR_NO_MEMORY;
        positions->next = next;
        positions->cap = cap;
    }
    while (positions->count < count)
        positions->next[positions->count++] = 0;
    return OK;
}

static struct hash name_of(const struct store_log *log)
{
    return sha256(store_log_origin(log));
}

enum err cursor_write(const struct cursor_positions *positions, struct store *store,
                      struct buf *out)
{
    struct buf pairs;
    buf_init(&pairs, SYNC_LOGS_MAX * PAIR_BYTES);
    for (size_t i = 0; i < positions->count; i++) {
        if (positions->next[i] == 0)
            continue;
        struct hash name = name_of(store_log_at(store, i));
        buf_append(&pairs, name.bytes, NAME_BYTES);
        for (int shift = 56; shift >= 0; shift -= 8)
            buf_append_byte(&pairs, (uint8_t)(positions->next[i] >> shift));
    }
    base64url_append(out, buf_span(&pairs));
    enum err err = buf_check(&pairs);
    buf_clear(&pairs);
    return err != OK ? err : buf_check(out);
}

static void take_pair(const uint8_t *pair, struct store *store, struct cursor_positions *out)
{
    uint64_t position = 0;
    for (unsigned i = NAME_BYTES; i < PAIR_BYTES; i++)
        position = position << 8 | pair[i];
    for (size_t i = 0; i < out->count; i++) {
        struct store_log *log = store_log_at(store, i);
        struct hash name = name_of(log);
        if (memcmp(name.bytes, pair, NAME_BYTES) != 0)
            continue;
        uint64_t size = store_log_committed(log).size;
        out->next[i] = position < size ? position : size;
    }
}

enum err cursor_read(struct span text, struct store *store, struct cursor_positions *out)
{
    size_t count = 0;
    while (store_log_at(store, count) != NULL)
        count++;
    TRY(cursor_positions_grow(out, count));
    if (span_is(text, "now")) {
        for (size_t i = 0; i < count; i++)
            out->next[i] = store_log_committed(store_log_at(store, i)).size;
        return OK;
    }
    struct buf pairs;
    buf_init(&pairs, SYNC_LOGS_MAX * PAIR_BYTES);
    enum err err = base64url_decode(text, &pairs);
    if (err != OK || pairs.len % PAIR_BYTES != 0)
        err = err == ERR_NO_MEMORY ? err : ERR_BAD_REQUEST;
    for (size_t at = 0; err == OK && at < pairs.len; at += PAIR_BYTES)
        take_pair(pairs.data + at, store, out);
    buf_clear(&pairs);
    return err;
}

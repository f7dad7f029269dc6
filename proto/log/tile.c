/* Coordinates of tiles and their one spelling. */
#include "proto/log/tile.h"

struct tile tile_of_node(unsigned node_level, uint64_t node_index, uint64_t size)
{
    uint64_t index = node_index / TILE_WIDTH;
    uint64_t held = (size >> node_level) - index * TILE_WIDTH;
    return (struct tile){.level = node_level / TILE_HEIGHT,
                         .index = index,
                         .width = held < TILE_WIDTH ? (unsigned)held : TILE_WIDTH};
}

static void append_group(struct buf *out, unsigned group)
{
    buf_append_byte(out, (uint8_t)('0' + group / 100));
    buf_append_byte(out, (uint8_t)('0' + group / 10 % 10));
    buf_append_byte(out, (uint8_t)('0' + group % 10));
}

void tile_append_path(struct buf *out, const struct tile *tile)
{
    unsigned groups[7];
    unsigned count = 0;
    uint64_t index = tile->index;
    do {
        groups[count++] = (unsigned)(index % 1000);
        index /= 1000;
    } while (index > 0);
    buf_append_u64(out, tile->level);
    while (count > 0) {
        buf_append_cstr(out, --count > 0 ? "/x" : "/");
        append_group(out, groups[count]);
    }
    if (tile->width < TILE_WIDTH) {
        buf_append_cstr(out, ".p/");
        buf_append_u64(out, tile->width);
    }
}

static bool read_group(struct cursor *cursor, uint64_t *index)
{
    struct span digits = cursor_take(cursor, 3);
    if (cursor->failed)
        return false;
    uint64_t group = 0;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '9')
            return false;
        group = group * 10 + (uint64_t)(digits.data[i] - '0');
    }
    return !__builtin_mul_overflow(*index, 1000, index) &&
           !__builtin_add_overflow(*index, group, index);
}

static bool peek(const struct cursor *cursor, uint8_t byte)
{
    return !cursor_at_end(cursor) && cursor->input.data[cursor->position] == byte;
}

static bool read(struct span path, struct tile *out)
{
    struct cursor cursor = cursor_of(path);
    uint64_t level = cursor_u64(&cursor);
    cursor_expect(&cursor, "/");
    if (cursor.failed || level > TILE_LEVEL_MAX)
        return false;
    *out = (struct tile){.level = (unsigned)level, .width = TILE_WIDTH};
    while (peek(&cursor, 'x')) {
        cursor_expect(&cursor, "x");
        bool leads = out->index == 0;
        if (!read_group(&cursor, &out->index) || (leads && out->index == 0))
            return false; /* a group of zeros in front is another spelling */
        cursor_expect(&cursor, "/");
    }
    if (!read_group(&cursor, &out->index))
        return false;
    if (!cursor_at_end(&cursor)) {
        cursor_expect(&cursor, ".p/");
        uint64_t width = cursor_u64(&cursor);
        if (width == 0 || width >= TILE_WIDTH)
            return false;
        out->width = (unsigned)width;
    }
    return !cursor.failed && cursor_at_end(&cursor);
}

enum err tile_read(struct span path, struct tile *out, struct why *why)
{
    struct tile tile;
    if (read(path, &tile)) {
        *out = tile;
        return OK;
    }
    return why_set(why, ERR_NOT_FOUND, "C2SP tlog-tiles: <level>/<index>[.p/<width>]", 0,
                   "0/x001/234.p/17", NULL);
}

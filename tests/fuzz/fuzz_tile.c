/* Any bytes as the path of a tile: refused, or the one spelling of its tile. */
#include <stdlib.h>

#include "proto/log/tile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span path = span_of(data, size);
    struct why why;
    struct tile tile;
    if (tile_read(path, &tile, &why) != OK)
        return 0;
    CHECK(tile.level <= TILE_LEVEL_MAX && tile.width >= 1 && tile.width <= TILE_WIDTH);
    struct buf back;
    buf_init(&back, 100);
    tile_append_path(&back, &tile);
    CHECK(span_equal(buf_span(&back), path));
    buf_clear(&back);
    return 0;
}

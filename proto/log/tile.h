/* Coordinates of hash tiles (C2SP tlog-tiles.md): tile/<level>/<index>[.p/<width>], where the index
 * is written in groups of three digits, all but the last with an x: 1234067 is x001/x234/067. */
#ifndef MAILLON_PROTO_LOG_TILE_H
#define MAILLON_PROTO_LOG_TILE_H

#include "proto/base/bytes.h"

#define TILE_HEIGHT 8u
#define TILE_WIDTH 256u
#define TILE_LEVEL_MAX 7u /* 8 levels of 8: every tree of 64 bits */

struct tile {
    unsigned level; /* of tiles: its hashes are nodes of level 8 x level */
    uint64_t index;
    unsigned width; /* hashes, 1 to 256; fewer than 256 make a partial tile */
};

/* The tile that holds the node; its place in the tile is node_index % 256. node_level is a multiple
 * of 8. size: of the tree, at which the tile may be partial. */
struct tile tile_of_node(unsigned node_level, uint64_t node_index, uint64_t size);

/* Appends "<level>/<index>[.p/<width>]". */
void tile_append_path(struct buf *out, const struct tile *tile);
/* Reads exactly that spelling. ERR_NOT_FOUND, as a path that names no tile. */
MUST_USE enum err tile_read(struct span path, struct tile *out, struct why *why);

#endif

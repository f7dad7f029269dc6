/* The segment files of one log: NDJSON, appended by the writer, mapped for readers. No file stays
 * open, so that thousands of logs cost no descriptors. */
#ifndef MAILLON_NODE_STORE_SEGMENTS_H
#define MAILLON_NODE_STORE_SEGMENTS_H

#include "node/store/growing.h"
#include "proto/base/bytes.h"
#include "proto/limits.h"

#define SEGMENT_BYTES_DEFAULT (256u * 1024u * 1024u)
/* A segment is closed when it has reached its size; what one group of commits may add beyond that.
 */
#define SEGMENT_GROUP_BYTES_MAX (64u * 1024u * 1024u)

struct segment {
    uint64_t first; /* index of the first entry: the file's name */
    uint8_t *map;   /* the whole file and the room that it may grow into, read-only */
    size_t map_bytes;
    uint64_t bytes; /* written; writer only once the store is open */
};

struct segments {
    char *dir; /* of the log */
    uint64_t segment_bytes;
    struct growing parts;
    uint32_t count; /* writer only once the store is open */
};

/* Finds and maps the files. dir is taken. ERR_IO, ERR_NO_MEMORY, ERR_DAMAGED (a name that is no
 * number). */
MUST_USE enum err segments_open(struct segments *segments, char *dir, uint64_t segment_bytes,
                                struct why *why);
void segments_clear(struct segments *segments);
/* ordinal < count, or a place that was published. */
struct segment *segments_at(const struct segments *segments, uint32_t ordinal);
/* What was read need not stay in memory: pages come back when they are asked for. Any thread. */
void segments_release(const struct segments *segments, uint32_t count);
/* Bytes of all. */
uint64_t segments_bytes(const struct segments *segments);

/* The rest is the writer's. */

/* A new last segment, its file made and its name durable. ERR_IO, ERR_DISK_FULL, ERR_NO_MEMORY. */
MUST_USE enum err segments_add(struct segments *segments, uint64_t first, struct why *why);
/* The parts of a group, written at the end of the last segment and then made durable. On failure
 * the file is as long as before, or ERR_DAMAGED: nothing may be written to this log until it is
 * opened again. ERR_DISK_FULL, ERR_IO. */
MUST_USE enum err segments_append(struct segments *segments, const struct span *parts, size_t count,
                                  struct why *why);
/* Overwrites bytes with as many, durably. ERR_IO. */
MUST_USE enum err segments_overwrite(struct segments *segments, uint32_t ordinal, uint64_t offset,
                                     struct span bytes, struct why *why);
/* Cuts the last segment to this length, durably. */
MUST_USE enum err segments_cut(struct segments *segments, uint64_t bytes, struct why *why);

#endif

/* JSON Pointer (RFC 6901) over trees; in lists of paths a segment `*` means every item of an array
 * or member of an object. */
#ifndef MAILLON_PROTO_JSON_POINTER_H
#define MAILLON_PROTO_JSON_POINTER_H

#include "proto/json/tree.h"

#define POINTER_SEGMENTS_MAX 64u /* as deep as a record may be */
#define POINTER_INDEX_MAX 4095u  /* an item that is written where there is none yet */

/* In an arena. */
struct pointer {
    struct span text;      /* as written */
    struct span *segments; /* decoded */
    uint32_t count;
};

/* Reads a pointer into the arena (text is borrowed): "" is the whole, "/a/0" an item. ERR_SYNTAX
 * (no leading slash, a `~` that is neither ~0 nor ~1), ERR_LIMIT, ERR_NO_MEMORY. */
MUST_USE enum err pointer_read(struct arena *arena, struct span text, struct pointer *out);
bool pointer_has_star(const struct pointer *pointer);

/* The value there, or NULL. A `*` is a key like any other. */
struct tree *pointer_get(struct tree *root, const struct pointer *pointer);

/* Puts a value there and makes what lacks on the way: an array where the next segment is 0 or `-`,
 * an object otherwise; an index beyond the end is filled up with nulls. What stands in the way and
 * is no object or array is replaced. *root may be NULL. An absent value changes nothing. False
 * where a segment is no index of an array that is there, or beyond POINTER_INDEX_MAX. */
bool pointer_set(struct arena *arena, struct tree **root, const struct pointer *pointer,
                 struct tree *value);

/* The decimal index of an array, without leading zeros. False for anything else. */
bool pointer_index(struct span segment, uint32_t *out);

/* Does the path with stars cover this one: the same, or something that it is in? */
bool pointer_covers(const struct pointer *pattern, const struct pointer *path);

/* Appends "/" and the segment, encoded. */
void pointer_append_segment(struct buf *out, struct span segment);

/* Calls visit with each value that the path with stars means; stops when it returns false. Returns
 * false when it was stopped. */
typedef bool (*pointer_visit)(void *ctx, struct tree *value);
bool pointer_each(struct tree *root, const struct pointer *pattern, pointer_visit visit, void *ctx);

#endif

/* jansson values -> canonical bytes, for the side of configuration and API. */
#ifndef MAILLON_PROTO_JSON_VALUE_H
#define MAILLON_PROTO_JSON_VALUE_H

#include <jansson.h>

#include "proto/base/bytes.h"

/* Appends the canonical form (RFC 8785) of any value; integers become the nearest double. ERR_LIMIT
 * (deeper than depth_max, or the buf is full), ERR_NO_MEMORY; out is as before then. */
MUST_USE enum err value_append(struct buf *out, const json_t *value, unsigned depth_max);

#endif

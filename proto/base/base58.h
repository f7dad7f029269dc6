/* base58btc (draft-msporny-base58), for identifiers: short ones, since the work grows with the
 * square. */
#ifndef MAILLON_PROTO_BASE_BASE58_H
#define MAILLON_PROTO_BASE_BASE58_H

#include "proto/base/bytes.h"

#define BASE58_BYTES_MAX 64u

/* At most BASE58_BYTES_MAX bytes (CHECKed). */
void base58_append(struct buf *out, struct span data);
/* Appends the bytes, at most BASE58_BYTES_MAX of them. ERR_SYNTAX, ERR_LIMIT, ERR_NO_MEMORY; out is
 * as before then. */
MUST_USE enum err base58_decode(struct span text, struct buf *out);

#endif

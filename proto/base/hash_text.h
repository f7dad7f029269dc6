/* Hashes as sync lines and segment files write them: base64 (RFC 4648, 4) of 32 bytes, 44
 * characters. Apart from the general codec because its fixed size lets a withheld run cost next to
 * nothing. */
#ifndef MAILLON_PROTO_BASE_HASH_TEXT_H
#define MAILLON_PROTO_BASE_HASH_TEXT_H

#include "proto/base/hash.h"

#define HASH_TEXT_BYTES 44u

/* Writes exactly HASH_TEXT_BYTES, no terminator. */
void hash_text_write(const struct hash *hash, uint8_t out[HASH_TEXT_BYTES]);
/* Appends it in quotes, as a JSON string. */
void hash_text_append_json(struct buf *out, const struct hash *hash);
/* false: not 44 characters, a foreign one, or bits left over that are not zero. */
MUST_USE bool hash_text_read(struct span text, struct hash *out);

#endif

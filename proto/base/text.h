/* UTF-8 (RFC 3629): checked, decoded, encoded. */
#ifndef MAILLON_PROTO_BASE_TEXT_H
#define MAILLON_PROTO_BASE_TEXT_H

#include "proto/base/bytes.h"

/* Bytes of the well-formed sequence at the start of text (1 to 4), or 0: overlong, a surrogate,
 * beyond U+10FFFF, cut short, or empty. */
size_t text_sequence(struct span text);

/* Whole text is well-formed UTF-8. */
MUST_USE bool text_is_utf8(struct span text);

/* The code point of a well-formed sequence of `bytes` bytes. */
uint32_t text_code_point(const uint8_t *sequence, size_t bytes);

/* Writes a code point (at most U+10FFFF, no surrogate) and returns its bytes, 1 to 4. */
size_t text_encode(uint32_t code_point, uint8_t out[4]);

#endif

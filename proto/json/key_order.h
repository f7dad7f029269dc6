/* The order of object keys: UTF-16 code units of the decoded key (RFC 8785, 3.2.3), found without
 * decoding. */
#ifndef MAILLON_PROTO_JSON_KEY_ORDER_H
#define MAILLON_PROTO_JSON_KEY_ORDER_H

#include "proto/base/bytes.h"

/* Both in canonical (escaped) form, without quotes: <0, 0, >0. */
int key_order_escaped(struct span a, struct span b);

/* The same for keys that hold no backslash, in which case the bytes are the text. */
int key_order_plain(struct span a, struct span b);

/* The byte that an escape of the canonical form stands for; *at is at the backslash and moves
 * behind the escape. */
uint8_t key_order_unescape(struct span text, size_t *at);

#endif

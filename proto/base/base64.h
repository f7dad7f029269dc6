/* Base64 (RFC 4648, 4 with padding; base64url: 5 without). Decoding takes the one spelling that
 * encoding gives, so that equal bytes have equal text. */
#ifndef MAILLON_PROTO_BASE_BASE64_H
#define MAILLON_PROTO_BASE_BASE64_H

#include "proto/base/bytes.h"

/* Append; the buf's sticky error says whether it fitted. */
void base64_append(struct buf *out, struct span data);
void base64url_append(struct buf *out, struct span data);

/* Appends the bytes. ERR_SYNTAX (foreign character, wrong padding, bits left over), ERR_LIMIT or
 * ERR_NO_MEMORY of the buf; out is as before then. */
MUST_USE enum err base64_decode(struct span text, struct buf *out);
MUST_USE enum err base64url_decode(struct span text, struct buf *out);

/* Exactly len bytes, without working memory of their own: for keys. false: not that many, or not in
 * their one spelling; out is undefined then. */
MUST_USE bool base64_decode_exact(struct span text, void *out, size_t len);
MUST_USE bool base64url_decode_exact(struct span text, void *out, size_t len);

#endif

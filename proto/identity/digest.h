/* Content-Digest (RFC 9530): made with sha-256, accepted with sha-256 and sha-512. */
#ifndef MAILLON_PROTO_IDENTITY_DIGEST_H
#define MAILLON_PROTO_IDENTITY_DIGEST_H

#include "proto/base/hash.h"

struct content_digest {
    bool has_sha256;
    bool has_sha512;
    struct hash sha256;
    struct hash512 sha512;
};

/* Appends "sha-256=:...:". */
void content_digest_append(struct buf *out, struct span body);
/* Reads the field. At least one of the two algorithms is there; others are ignored, as RFC 9530, 2
 * has it. ERR_BAD_DIGEST, ERR_BAD_REQUEST, ERR_LIMIT. */
MUST_USE enum err content_digest_read(struct span field, struct content_digest *out,
                                      struct why *why);
/* OK when every digest that was read is that of the body, else ERR_BAD_DIGEST. */
MUST_USE enum err content_digest_check(const struct content_digest *digest, struct span body,
                                       struct why *why);

#endif

/* Multikeys (W3C Controlled Identifiers, 2.2.2): multibase z, then base58btc of a multicodec prefix
 * and the key. One algorithm is taken: Ed25519 (prefix 0xed 0x01), 48 characters, z6Mk... */
#ifndef MAILLON_PROTO_IDENTITY_MULTIKEY_H
#define MAILLON_PROTO_IDENTITY_MULTIKEY_H

#include "proto/base/ed25519.h"

void multikey_append(struct buf *out, const struct public_key *key);
/* The key that the text names. ERR_BAD_KEY for one of another algorithm or another encoding. */
MUST_USE enum err multikey_read(struct span text, struct public_key *out, struct why *why);

/* Appends multibase base58btc (z...) of at most BASE58_BYTES_MAX bytes (CHECKed). */
void multibase_append(struct buf *out, struct span bytes);
/* Exactly len bytes, at most BASE58_BYTES_MAX. false: another base, another length, no base58. */
MUST_USE bool multibase_read_exact(struct span text, void *out, size_t len);

#endif

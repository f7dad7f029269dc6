/* Decentralised identifiers (W3C DID 1.0): syntax, DID URLs of records, and did:key with Ed25519.
 */
#ifndef MAILLON_PROTO_IDENTITY_DID_H
#define MAILLON_PROTO_IDENTITY_DID_H

#include "proto/base/ed25519.h"
#include "proto/limits.h"

/* did:key:z6Mk... (multibase base58btc of 0xed 0x01 and the key), 56 characters for Ed25519. */
void did_key_append(struct buf *out, const struct public_key *key);
/* The key that a did:key names. ERR_BAD_DID for anything else, or for a key not in its one
 * encoding. */
MUST_USE enum err did_key_read(struct span did, struct public_key *out, struct why *why);

/* The same for the URL of its one verification method, did:key:z6Mk...#z6Mk...: body and fragment
 * are equal. ERR_BAD_DID. */
MUST_USE enum err did_key_url_read(struct span url, struct public_key *out, struct why *why);

/* The short name of a log in paths: the method-specific id up to the first colon (of did:key the
 * multibase key, of did:webvh the SCID). Into did. */
struct span did_scid(struct span did);

/* Splits "<origin>/<id>". ERR_BAD_DID or ERR_BAD_ID. Spans into url. */
MUST_USE enum err did_url_split(struct span url, struct span *origin_out, struct span *id_out,
                                struct why *why);

#endif

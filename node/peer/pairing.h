/* The pairing string: all that one node must know of another to follow it, in one line that can be
 * read over the telephone's camera or pasted: who it is, where it is, and which TLS key it shows.
 *   did:webvh:<scid>:coop-a.example
 *   did:webvh:<scid>:coop-a.example?url=https://192.0.2.7:8443&cert=<base64url SHA-256 of the SPKI>
 *   did:key:z6Mk...?url=https://coop-a.example:8443&cert=...&request=<Multikey of its request key>
 * Of a did:webvh the SCID alone is enough: it certifies the history, which names the rest; url says
 * where the node is reached instead, cert which TLS key it shows until its history is known. A
 * did:key has nothing to name its request key but this line.
 * It holds no secret, but who changes it on the way becomes the peer: hand it over a channel that
 * one trusts. */
#ifndef MAILLON_NODE_PEER_PAIRING_H
#define MAILLON_NODE_PEER_PAIRING_H

#include "proto/base/bytes.h"
#include "proto/limits.h"

#define PAIRING_URL_BYTES_MAX 511u
#define PAIRING_CERT_BYTES 43u
#define PAIRING_REQUEST_BYTES_MAX 63u
#define PAIRING_BYTES_MAX (DID_BYTES_MAX + PAIRING_URL_BYTES_MAX + 160u)

struct pairing {
    char did[DID_BYTES_MAX + 1];
    char url[PAIRING_URL_BYTES_MAX + 1]; /* "https://host[:port]"; "" (did:webvh): by its history */
    char cert[PAIRING_CERT_BYTES + 1];   /* "": public certificate authorities judge */
    char request[PAIRING_REQUEST_BYTES_MAX + 1]; /* "": not told; of a did:key alone */
};

/* Is this an address that a pairing string can carry: https, a host name, IPv4 or [IPv6] address, a
 * port or none, and nothing behind it? */
bool pairing_url_is_valid(struct span url);

/* Appends the string. ERR_BAD_DID or ERR_BAD_REQUEST when a field is not valid, ERR_LIMIT,
 * ERR_NO_MEMORY. */
MUST_USE enum err pairing_write(const struct pairing *pairing, struct buf *out, struct why *why);
/* Takes exactly what pairing_write makes, without a newline. ERR_BAD_DID, ERR_BAD_REQUEST. Any
 * thread. */
MUST_USE enum err pairing_read(struct span text, struct pairing *out, struct why *why);

#endif

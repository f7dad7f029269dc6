/* URI references as schemas use them (RFC 3986): cut, resolved, decoded. Nothing is ever fetched.
 */
#ifndef MAILLON_PROTO_SCHEMA_URI_H
#define MAILLON_PROTO_SCHEMA_URI_H

#include "proto/base/bytes.h"

/* The part before the first '#', and the part behind it (empty where there is none). */
struct span uri_without_fragment(struct span uri);
struct span uri_fragment(struct span uri);
/* Has a scheme (RFC 3986, 4.3). */
bool uri_is_absolute(struct span uri);

/* Appends the target of a reference seen from base (RFC 3986, 5.2), dot segments removed. The
 * buf's sticky error says whether it fitted. */
void uri_resolve(struct span base, struct span reference, struct buf *out);

/* Appends text with %xx decoded (RFC 3986, 2.1). false: a percent sign without two hexadecimal
 * digits, or what comes out is not UTF-8. */
MUST_USE bool uri_decode(struct span text, struct buf *out);

/* Appends text as part of a fragment: what may not stand there (RFC 3986, 3.5) as %XX. */
void uri_append_fragment(struct buf *out, struct span text);

#endif

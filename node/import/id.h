/* The id of a record that comes from a file: stable from import to import, so that an import made
 * again replaces what it made before. */
#ifndef MAILLON_NODE_IMPORT_ID_H
#define MAILLON_NODE_IMPORT_ID_H

#include "proto/json/tape.h"

/* Turns the value of an id field into an id, appended to out.
 * A valid id is taken as it is. An IRI (RFC 3987: a scheme and a colon) loses "http://" or
 * "https://",
 * '?' and '#' become '/', other foreign bytes '-', empty and dot segments go; it is cut to 190
 * bytes, and gets "~" and the first 8 hexadecimal digits of the SHA-256 of the IRI:
 * "https://ex.org/a/b?c" -> "ex.org/a/b/c~" and 8 digits. Anything else is ERR_BAD_ID. */
MUST_USE enum err import_id_from_text(struct span text, struct buf *out, struct why *why);

/* Appends the id of a body. body is canonical, tape holds its scan.
 * id_from: a top-level key, or a JSON Pointer (RFC 6901, begins with '/'), to a string or an
 * integer. ERR_BAD_ID when there is none or it cannot be one. id_from NULL: "@id" or "id" where
 * import_id_from_text takes it and it is not a blank node's; else "c/" and the base64url of the
 * first 12 bytes of the SHA-256 of the body. */
MUST_USE enum err import_id(struct span body, const struct tape *tape, const char *id_from,
                            struct buf *out, struct why *why);

/* Appends the id that is made of the content, whatever the body is called. */
MUST_USE enum err import_id_of_content(struct span body, struct buf *out);

#endif

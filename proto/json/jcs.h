/* Any JSON text -> its canonical bytes (RFC 8785), and the pieces for writing canonical JSON. */
#ifndef MAILLON_PROTO_JSON_JCS_H
#define MAILLON_PROTO_JSON_JCS_H

#include "proto/base/bytes.h"
#include "proto/json/tape.h"

/* Working memory of the canonicaliser, reused from call to call by one thread. */
struct jcs;

struct jcs *jcs_new(void); /* NULL: no memory */
void jcs_free(struct jcs *jcs);

/* Reads one JSON value (RFC 8259: any white space, key order, escapes, number spelling) and appends
 * its canonical bytes to out. Numbers become the nearest IEEE double, as ECMAScript does.
 * ERR_SYNTAX, ERR_LIMIT, ERR_DUPLICATE_KEY (same key after decoding), ERR_BAD_TEXT (not UTF-8, lone
 * surrogate), ERR_BAD_NUMBER (beyond a double), ERR_NO_MEMORY; out is as before then. */
MUST_USE enum err jcs_canonicalise(struct jcs *jcs, struct span text,
                                   const struct tape_limits *limits, struct buf *out,
                                   struct why *why);

/* Appends a JSON string with its quotes and minimal escapes. utf8 must be valid UTF-8 (CHECKed). */
void jcs_append_string(struct buf *out, struct span utf8);

/* Appends a number as ECMAScript's Number::toString. value must be finite (CHECKed). */
void jcs_append_number(struct buf *out, double value);

/* Orders two decoded UTF-8 keys by UTF-16 code units (RFC 8785, 3.2.3): <0, 0, >0. */
int jcs_compare_keys(struct span a, struct span b);

#endif

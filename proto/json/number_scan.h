/* Numbers as ECMAScript's Number::toString writes them, checked without conversion where the digits
 * alone tell. */
#ifndef MAILLON_PROTO_JSON_NUMBER_SCAN_H
#define MAILLON_PROTO_JSON_NUMBER_SCAN_H

#include "proto/base/bytes.h"

enum number_verdict {
    NUMBER_CANONICAL,
    NUMBER_NOT_CANONICAL,
    NUMBER_NOT_JSON,
    NUMBER_TOO_GREAT /* beyond an IEEE double */
};

/* The shape of a number in JSON's grammar (RFC 8259, 6). */
struct number_shape {
    size_t len;      /* bytes of the text; 0: it is not a number */
    bool is_integer; /* no fraction and no exponent */
};

/* The longest number at the start of text. */
struct number_shape number_shape(struct span text);

/* The number at the start of text; *shape as above unless it is NUMBER_NOT_JSON. */
enum number_verdict number_scan(struct span text, struct number_shape *shape);

#endif

/* IEEE doubles and their decimal text, as ECMAScript has them. No locale, no printf. */
#ifndef MAILLON_PROTO_BASE_NUMBER_H
#define MAILLON_PROTO_BASE_NUMBER_H

#include "proto/base/bytes.h"

#define NUMBER_TEXT_BYTES_MAX 25u /* -0.0000012345678901234567 */

/* Number::toString (ECMA-262, 6.1.6.1.20): the shortest text that reads back as this double, the
 * nearest one of those. value must be finite (CHECKed); minus zero is "0". Returns the length; no
 * terminator. */
size_t number_write(double value, uint8_t out[NUMBER_TEXT_BYTES_MAX]);

/* The nearest double (ties to even) of a number in JSON's grammar (CHECKed by the caller; leading
 * zeros do no harm): infinity when it is beyond the greatest, zero when it is under the smallest.
 */
double number_read(struct span text);

#endif

/* Numbers of canonical JSON as the keywords see them: exact. */
#ifndef MAILLON_PROTO_SCHEMA_NUMBER_H
#define MAILLON_PROTO_SCHEMA_NUMBER_H

#include "proto/json/tape.h"

/* No fraction: the canonical form has an exponent with + only from 1e21 on, where a double has
 * none. text is the token's. */
static inline bool number_is_integer(const struct tape_token *token, struct span text)
{
    return (token->flags & TAPE_INTEGER) != 0 || memchr(text.data, '+', text.len) != NULL;
}

/* digits x 10^exponent: what a canonical number says, without sign. */
struct decimal {
    uint64_t digits; /* at most 17, no trailing zeros */
    int32_t exponent;
};

struct decimal number_decimal(struct span text);

/* value is a whole multiple of divisor (not zero), computed in decimal, without rounding. */
bool number_is_multiple(struct decimal value, struct decimal divisor);

/* The value of a number token; short integers without the general reader. */
double number_value(const struct tape_token *token, struct span text);

#endif

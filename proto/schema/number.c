#include "proto/schema/number.h"

#include "proto/base/number.h"

struct decimal number_decimal(struct span text)
{
    struct decimal decimal = {.digits = 0};
    bool fraction = false;
    size_t at = 0;
    int zeros = 0; /* read but not yet taken: trailing ones never are */
    for (; at < text.len && text.data[at] != 'e'; at++) {
        uint8_t c = text.data[at];
        if (c == '.')
            fraction = true;
        if (c < '0' || c > '9')
            continue;
        if (fraction)
            decimal.exponent--;
        zeros++;
        if (c == '0')
            continue;
        for (; zeros > 0; zeros--)
            decimal.digits *= 10;
        decimal.digits += (uint64_t)(c - '0');
    }
    decimal.exponent += zeros;
    if (at < text.len) {
        bool negative = text.data[at + 1] == '-';
        int32_t exponent = 0;
        for (at += 2; at < text.len; at++)
            exponent = exponent * 10 + (text.data[at] - '0');
        decimal.exponent += negative ? -exponent : exponent;
    }
    return decimal;
}

__extension__ typedef unsigned __int128 wide; /* ISO C has no such type */

static uint64_t power_modulo(uint64_t base, uint32_t exponent, uint64_t modulus)
{
    uint64_t result = 1 % modulus;
    uint64_t square = base % modulus;
    for (; exponent > 0; exponent >>= 1) {
        if ((exponent & 1) != 0)
            result = (uint64_t)((wide)result * square % modulus);
        square = (uint64_t)((wide)square * square % modulus);
    }
    return result;
}

bool number_is_multiple(struct decimal value, struct decimal divisor)
{
    if (value.digits == 0)
        return true;
    int32_t shift = value.exponent - divisor.exponent;
    if (shift >= 0) {
        uint64_t scale = power_modulo(10, (uint32_t)shift, divisor.digits);
        return (wide)(value.digits % divisor.digits) * scale % divisor.digits == 0;
    }
    /* The divisor has fewer decimals: value must be a multiple of divisor x 10^-shift. */
    wide scaled = divisor.digits;
    for (; shift < 0 && scaled <= value.digits; shift++)
        scaled *= 10;
    return shift == 0 && scaled <= value.digits && value.digits % (uint64_t)scaled == 0;
}

double number_value(const struct tape_token *token, struct span text)
{
    if ((token->flags & TAPE_INTEGER) == 0 || text.len > 15)
        return number_read(text);
    bool negative = text.data[0] == '-';
    int64_t value = 0;
    for (size_t i = negative; i < text.len; i++)
        value = value * 10 + (text.data[i] - '0');
    return (double)(negative ? -value : value);
}

#include "proto/json/number_scan.h"

#include <math.h>

#include "proto/base/number.h"

/* Decimals of at most 15 digits map to doubles one to one (DBL_DIG), so that the shortest spelling
 * of the double is the decimal itself. */
#define DIGITS_SURE 15u

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static size_t digits_from(struct span text, size_t at)
{
    size_t start = at;
    while (at < text.len && is_digit(text.data[at]))
        at++;
    return at - start;
}

/* The parts of a number's text. */
struct parts {
    bool negative;
    struct span integer;
    struct span fraction; /* empty: none */
    bool has_exponent;
    uint8_t exponent_sign; /* '+', '-' or 0 */
    struct span exponent;
    size_t len;
};

static bool split(struct span text, struct parts *out)
{
    *out = (struct parts){.negative = text.len > 0 && text.data[0] == '-'};
    size_t at = out->negative;
    out->integer = span_part(text, at, digits_from(text, at));
    at += out->integer.len;
    if (out->integer.len == 0 || (out->integer.data[0] == '0' && out->integer.len > 1))
        return false;
    if (at < text.len && text.data[at] == '.') {
        out->fraction = span_part(text, at + 1, digits_from(text, at + 1));
        if (out->fraction.len == 0)
            return false;
        at += 1 + out->fraction.len;
    }
    if (at < text.len && (text.data[at] | 0x20) == 'e') {
        out->has_exponent = true;
        at++;
        if (at < text.len && (text.data[at] == '+' || text.data[at] == '-'))
            out->exponent_sign = text.data[at++];
        out->exponent = span_part(text, at, digits_from(text, at));
        if (out->exponent.len == 0)
            return false;
        at += out->exponent.len;
    }
    out->len = at;
    return true;
}

struct number_shape number_shape(struct span text)
{
    struct parts parts;
    if (!split(text, &parts))
        return (struct number_shape){.len = 0};
    return (struct number_shape){.len = parts.len,
                                 .is_integer = parts.fraction.len == 0 && !parts.has_exponent};
}

/* Shapes that are canonical by their few digits. Anything else is settled by conversion. */
static bool surely_canonical(const struct parts *parts)
{
    const struct span *fraction = &parts->fraction;
    if (parts->has_exponent || parts->integer.len + fraction->len > DIGITS_SURE)
        return false;
    if (fraction->len == 0)
        return !(parts->negative && parts->integer.data[0] == '0');
    if (fraction->data[fraction->len - 1] == '0')
        return false;
    /* From 0.000001 on there is no exponent. */
    return parts->integer.data[0] != '0' || fraction->len < 6 ||
           memcmp(fraction->data, "000000", 6) != 0;
}

enum number_verdict number_scan(struct span text, struct number_shape *shape)
{
    struct parts parts;
    if (!split(text, &parts))
        return NUMBER_NOT_JSON;
    *shape = (struct number_shape){.len = parts.len,
                                   .is_integer = parts.fraction.len == 0 && !parts.has_exponent};
    if (surely_canonical(&parts))
        return NUMBER_CANONICAL;
    struct span own = span_part(text, 0, parts.len);
    double value = number_read(own);
    if (!isfinite(value))
        return NUMBER_TOO_GREAT;
    uint8_t canonical[NUMBER_TEXT_BYTES_MAX];
    size_t len = number_write(value, canonical);
    return span_equal(own, span_of(canonical, len)) ? NUMBER_CANONICAL : NUMBER_NOT_CANONICAL;
}

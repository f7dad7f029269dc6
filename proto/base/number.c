#include "proto/base/number.h"

#include <math.h>
#include <stdlib.h>

#define SIGNIFICAND_BITS 52
#define EXPONENT_BIAS 1075 /* of the significand read as an integer */
#define POWER_MIN (-292)

struct power {
    uint64_t high;
    uint64_t low;
};

static const struct power powers_of_ten[] = {
#define POWER_OF_TEN(high, low) {high, low},
#include "proto/base/powers_of_ten.def"
#undef POWER_OF_TEN
};

/* digits x 10^exponent */
struct decimal {
    uint64_t digits;
    int exponent;
};

/* floor(value / 2^bits), for negative values too. */
static int floor_shift(int value, unsigned bits)
{
    return value >= 0 ? value >> bits : -((-value + (1 << bits) - 1) >> bits);
}

/* The upper 64 bits of the product of a power of ten and an integer; the lowest bit tells whether
 * anything below them was not zero. */
static uint64_t round_to_odd(const struct power *power, uint64_t factor)
{
    __extension__ typedef unsigned __int128 wide;
    wide low = (wide)power->low * factor;
    wide high = (wide)power->high * factor + (uint64_t)(low >> 64);
    return (uint64_t)(high >> 64) | ((uint64_t)high > 1);
}

/* The shortest decimal within the interval that rounds to significand x 2^exponent, by R.
 * Giulietti, "The Schubfach way to render doubles" (2020), section 9. */
static struct decimal shortest(uint64_t significand, int exponent, bool lower_is_closer)
{
    uint64_t odd = significand & 1; /* an even double owns the ends of its interval */
    uint64_t left = 4 * significand - 2 + lower_is_closer;
    uint64_t right = 4 * significand + 2;
    int k = floor_shift(exponent * 1262611 - (lower_is_closer ? 524031 : 0), 22);
    int shift = exponent + floor_shift(-k * 1741647, 19) + 1;
    const struct power *power = &powers_of_ten[-k - POWER_MIN];
    uint64_t lower = round_to_odd(power, left << shift) + odd;
    uint64_t value = round_to_odd(power, 4 * significand << shift);
    uint64_t upper = round_to_odd(power, right << shift) - odd;

    uint64_t s = value / 4;
    if (s >= 10) {
        uint64_t tens = s / 10;
        bool down = lower <= 40 * tens;
        bool up = 40 * tens + 40 <= upper;
        if (down != up)
            return (struct decimal){tens + up, k + 1};
    }
    bool down = lower <= 4 * s;
    bool up = 4 * s + 4 <= upper;
    if (down != up)
        return (struct decimal){s + up, k};
    uint64_t middle = 4 * s + 2;
    return (struct decimal){s + (value > middle || (value == middle && (s & 1))), k};
}

static struct decimal to_decimal(uint64_t bits)
{
    uint64_t fraction = bits & ((UINT64_C(1) << SIGNIFICAND_BITS) - 1);
    int biased = (int)(bits >> SIGNIFICAND_BITS & 0x7FF);
    struct decimal decimal;
    if (biased != 0) {
        uint64_t significand = fraction | UINT64_C(1) << SIGNIFICAND_BITS;
        int exponent = biased - EXPONENT_BIAS;
        bool is_integer = exponent <= 0 && exponent > -SIGNIFICAND_BITS - 1 &&
                          (significand & ((UINT64_C(1) << -exponent) - 1)) == 0;
        decimal = is_integer ? (struct decimal){significand >> -exponent, 0}
                             : shortest(significand, exponent, fraction == 0 && biased > 1);
    } else {
        decimal = shortest(fraction, 1 - EXPONENT_BIAS, false);
    }
    while (decimal.digits % 10 == 0) {
        decimal.digits /= 10;
        decimal.exponent++;
    }
    return decimal;
}

static size_t put_digits(uint64_t digits, uint8_t out[20])
{
    uint8_t reversed[20];
    size_t len = 0;
    do {
        reversed[len++] = (uint8_t)('0' + digits % 10);
        digits /= 10;
    } while (digits != 0);
    for (size_t i = 0; i < len; i++)
        out[i] = reversed[len - 1 - i];
    return len;
}

static size_t put(uint8_t *out, const void *bytes, size_t len)
{
    memcpy(out, bytes, len);
    return len;
}

static size_t put_zeros(uint8_t *out, int count)
{
    memset(out, '0', (size_t)count);
    return (size_t)count;
}

/* The cases of Number::toString, in its words: the k digits s, and n with value = s x 10^(n-k). */
static size_t put_decimal(const uint8_t *s, int k, int n, uint8_t *out)
{
    size_t at = 0;
    if (k <= n && n <= 21) {
        at += put(out, s, (size_t)k);
        at += put_zeros(out + at, n - k);
        return at;
    }
    if (n > 0 && n <= 21) {
        at += put(out, s, (size_t)n);
        out[at++] = '.';
        at += put(out + at, s + n, (size_t)(k - n));
        return at;
    }
    if (n > -6 && n <= 0) {
        at += put(out, "0.", 2);
        at += put_zeros(out + at, -n);
        at += put(out + at, s, (size_t)k);
        return at;
    }
    out[at++] = s[0];
    if (k > 1) {
        out[at++] = '.';
        at += put(out + at, s + 1, (size_t)(k - 1));
    }
    out[at++] = 'e';
    out[at++] = n > 0 ? '+' : '-';
    at += put_digits((uint64_t)(n > 0 ? n - 1 : 1 - n), out + at);
    return at;
}

size_t number_write(double value, uint8_t out[NUMBER_TEXT_BYTES_MAX])
{
    CHECK(isfinite(value));
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    size_t at = 0;
    if (bits << 1 == 0) {
        out[at++] = '0';
        return at;
    }
    if (bits >> 63)
        out[at++] = '-';
    struct decimal decimal = to_decimal(bits & ~(UINT64_C(1) << 63));
    uint8_t s[20];
    int k = (int)put_digits(decimal.digits, s);
    return at + put_decimal(s, k, k + decimal.exponent, out + at);
}

/* The digits of a number without its point: 770 of them decide any double exactly, a 1 behind them
 * stands for all the rest (a double's exact value, and half of one, have at most 768). */
#define DIGITS_MAX 770u
#define EXPONENT_CAP 100000 /* far beyond any double, far from overflow */

struct reading {
    uint8_t digits[DIGITS_MAX + 16];
    size_t count;
    int64_t exponent;
    bool negative;
};

static int64_t read_exponent(struct span text)
{
    bool negative = text.len > 0 && text.data[0] == '-';
    int64_t value = 0;
    for (size_t i = text.len > 0 && (negative || text.data[0] == '+'); i < text.len; i++) {
        value = value * 10 + (text.data[i] - '0');
        if (value > EXPONENT_CAP * INT64_C(1000))
            break;
    }
    return negative ? -value : value;
}

static void read_digits(struct span text, struct reading *out)
{
    bool point = false;
    bool rest = false;
    size_t i = 0;
    out->negative = text.len > 0 && text.data[0] == '-';
    for (i = out->negative; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (c == '.') {
            point = true;
            continue;
        }
        if (c == 'e' || c == 'E')
            break;
        out->exponent -= point;
        if (out->count == 0 && c == '0')
            continue;
        if (out->count < DIGITS_MAX) {
            out->digits[out->count++] = c;
        } else {
            out->exponent++;
            rest = rest || c != '0';
        }
    }
    if (i < text.len)
        out->exponent += read_exponent(span_part(text, i + 1, text.len));
    if (rest) {
        out->digits[out->count++] = '1';
        out->exponent--;
    }
}

static bool read_exactly(const struct reading *reading, double *out)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (reading->count > 15 || reading->exponent < -22 || reading->exponent > 22)
        return false;
    uint64_t integer = 0;
    for (size_t i = 0; i < reading->count; i++)
        integer = integer * 10 + (uint64_t)(reading->digits[i] - '0');
    /* Both are exact doubles, so the one rounding is that of the result (W. Clinger, 1990). */
    *out = reading->exponent < 0 ? (double)integer / powers[-reading->exponent]
                                 : (double)integer * powers[reading->exponent];
    return true;
}

double number_read(struct span text)
{
    struct reading reading = {.count = 0};
    read_digits(text, &reading);
    double value = 0;
    if (!read_exactly(&reading, &value)) {
        /* strtod on digits and exponent alone: without a point it knows no locale. */
        int64_t exponent = reading.exponent;
        if (exponent > EXPONENT_CAP)
            exponent = EXPONENT_CAP;
        if (exponent < -EXPONENT_CAP - (int64_t)DIGITS_MAX)
            exponent = -EXPONENT_CAP - (int64_t)DIGITS_MAX;
        size_t at = reading.count;
        reading.digits[at++] = 'e';
        if (exponent < 0)
            reading.digits[at++] = '-';
        at += put_digits((uint64_t)(exponent < 0 ? -exponent : exponent), reading.digits + at);
        reading.digits[at] = 0;
        value = strtod((const char *)reading.digits, NULL);
    }
    return reading.negative ? -value : value;
}

/* Calendar arithmetic on the proleptic Gregorian calendar, without locale or clock. */
#include "proto/base/time_text.h"

/* Days from 1970-01-01 in the proleptic Gregorian calendar; year is 1970 to 9999. */
static uint64_t days_from_civil(unsigned year, unsigned month, unsigned day)
{
    /* Years begin in March, so that the leap day is the last one. */
    unsigned y = month <= 2 ? year - 1 : year;
    unsigned day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    uint64_t era = y / 400;
    uint64_t year_of_era = y % 400;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

static bool is_leap(unsigned year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static bool read_digits(const uint8_t *at, unsigned count, unsigned *out)
{
    unsigned value = 0;
    for (unsigned i = 0; i < count; i++) {
        unsigned digit = at[i] - (unsigned)'0';
        if (digit > 9)
            return false;
        value = value * 10 + digit;
    }
    *out = value;
    return true;
}

#define TIME_BYTES 20u /* 2026-11-23T18:00:00Z */
#define FRACTION_DIGITS_MAX 9u

bool time_text_read(struct span text, uint64_t *ms_out)
{
    static const uint8_t month_days[13] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const uint8_t *at = text.data;
    unsigned year, month, day, hour, minute, second;
    if (text.len < TIME_BYTES || text.len > TIME_BYTES + 1 + FRACTION_DIGITS_MAX)
        return false;
    if (at[4] != '-' || at[7] != '-' || at[10] != 'T' || at[13] != ':' || at[16] != ':' ||
        at[text.len - 1] != 'Z')
        return false;
    if (!read_digits(at, 4, &year) || !read_digits(at + 5, 2, &month) ||
        !read_digits(at + 8, 2, &day) || !read_digits(at + 11, 2, &hour) ||
        !read_digits(at + 14, 2, &minute) || !read_digits(at + 17, 2, &second))
        return false;
    if (year < 1970 || month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 ||
        second > 60)
        return false;
    if (day > month_days[month] + (month == 2 && is_leap(year) ? 1u : 0u))
        return false;
    if (second == 60 && (hour != 23 || minute != 59))
        return false;
    unsigned fraction_ms = 0;
    if (text.len > TIME_BYTES) {
        unsigned digits = (unsigned)(text.len - TIME_BYTES - 1);
        if (at[19] != '.' || digits == 0)
            return false;
        unsigned nanos = 0;
        if (!read_digits(at + 20, digits, &nanos))
            return false;
        for (; digits < FRACTION_DIGITS_MAX; digits++)
            nanos *= 10;
        fraction_ms = nanos / 1000000;
    }
    uint64_t seconds =
        days_from_civil(year, month, day) * 86400 + hour * 3600u + minute * 60u + second;
    *ms_out = seconds * 1000 + fraction_ms;
    return true;
}

#define OFFSET_BYTES 6u /* +00:00 */

bool time_text_read_zoned(struct span text, uint64_t *ms_out)
{
    uint8_t utc[TIME_TEXT_BYTES_MAX];
    unsigned hours, minutes;
    if (text.len < TIME_BYTES + OFFSET_BYTES - 1 || text.data[text.len - 1] == 'Z')
        return time_text_read(text, ms_out);
    size_t len = text.len - OFFSET_BYTES;
    const uint8_t *offset = text.data + len;
    if (len >= sizeof(utc) || (offset[0] != '+' && offset[0] != '-') || offset[3] != ':' ||
        !read_digits(offset + 1, 2, &hours) || !read_digits(offset + 4, 2, &minutes) ||
        hours > 23 || minutes > 59)
        return false;
    memcpy(utc, text.data, len);
    utc[len] = 'Z';
    uint64_t local_ms;
    if (!time_text_read(span_of(utc, len + 1), &local_ms))
        return false;
    uint64_t offset_ms = (hours * 60u + minutes) * UINT64_C(60000);
    if (offset[0] == '+' && local_ms < offset_ms)
        return false;
    *ms_out = offset[0] == '+' ? local_ms - offset_ms : local_ms + offset_ms;
    return true;
}

static void append_padded(struct buf *out, uint64_t value, unsigned width)
{
    uint8_t digits[8];
    for (unsigned i = width; i > 0; i--) {
        digits[i - 1] = (uint8_t)('0' + value % 10);
        value /= 10;
    }
    buf_append(out, digits, width);
}

void time_text_append(struct buf *out, uint64_t time_ms)
{
    CHECK(time_ms < TIME_TEXT_MS_END);
    uint64_t days = time_ms / 86400000 + 719468;
    uint64_t era = days / 146097;
    uint64_t day_of_era = days % 146097;
    uint64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    uint64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint64_t month_from_march = (5 * day_of_year + 2) / 153;
    uint64_t day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    uint64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    uint64_t year = era * 400 + year_of_era + (month <= 2 ? 1 : 0);
    uint64_t in_day = time_ms % 86400000;
    append_padded(out, year, 4);
    buf_append_byte(out, '-');
    append_padded(out, month, 2);
    buf_append_byte(out, '-');
    append_padded(out, day, 2);
    buf_append_byte(out, 'T');
    append_padded(out, in_day / 3600000, 2);
    buf_append_byte(out, ':');
    append_padded(out, in_day / 60000 % 60, 2);
    buf_append_byte(out, ':');
    append_padded(out, in_day / 1000 % 60, 2);
    if (in_day % 1000 != 0) {
        buf_append_byte(out, '.');
        append_padded(out, in_day % 1000, 3);
    }
    buf_append_byte(out, 'Z');
}

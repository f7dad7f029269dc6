/* Dates, times and durations of RFC 3339. */
#include "proto/schema/format_parts.h"

/* Exactly `digits` digits at a place, as a number; -1 otherwise. */
static int number_at(struct span text, size_t at, size_t digits)
{
    int value = 0;
    for (size_t i = 0; i < digits; i++) {
        uint8_t c = byte_at(text, at + i);
        if (!is_digit(c))
            return -1;
        value = value * 10 + (c - '0');
    }
    return value;
}

bool format_date(struct span text)
{
    static const int days_of[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year = number_at(text, 0, 4);
    int month = number_at(text, 5, 2);
    int day = number_at(text, 8, 2);
    if (text.len != 10 || byte_at(text, 4) != '-' || byte_at(text, 7) != '-')
        return false;
    if (year < 0 || month < 1 || month > 12 || day < 1)
        return false;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    int days = days_of[month - 1] + (month == 2 && leap ? 1 : 0);
    return day <= days;
}

/* Z or +HH:MM, to the end. *minutes_out is what local time is ahead of UTC. */
static bool is_offset(struct span text, int *minutes_out)
{
    uint8_t sign = byte_at(text, 0);
    if (text.len == 1 && (sign == 'Z' || sign == 'z')) {
        *minutes_out = 0;
        return true;
    }
    int hour = number_at(text, 1, 2);
    int minute = number_at(text, 4, 2);
    if (text.len != 6 || (sign != '+' && sign != '-') || byte_at(text, 3) != ':')
        return false;
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59)
        return false;
    *minutes_out = (sign == '-' ? -1 : 1) * (hour * 60 + minute);
    return true;
}

bool format_time(struct span text)
{
    int hour = number_at(text, 0, 2);
    int minute = number_at(text, 3, 2);
    int second = number_at(text, 6, 2);
    if (byte_at(text, 2) != ':' || byte_at(text, 5) != ':')
        return false;
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
        return false;
    size_t at = 8;
    if (byte_at(text, at) == '.') {
        at++;
        if (!is_digit(byte_at(text, at)))
            return false;
        while (is_digit(byte_at(text, at)))
            at++;
    }
    int offset_minutes = 0;
    if (!is_offset(span_part(text, at, text.len), &offset_minutes))
        return false;
    /* A leap second is the last of a day of UTC (5.7); which days have one is not for a format. */
    int utc_minutes = (hour * 60 + minute - offset_minutes + 2 * 24 * 60) % (24 * 60);
    return second < 60 || utc_minutes == 23 * 60 + 59;
}

bool format_date_time(struct span text)
{
    uint8_t separator = byte_at(text, 10);
    return (separator == 'T' || separator == 't') && format_date(span_part(text, 0, 10)) &&
           format_time(span_part(text, 11, text.len));
}

/* Numbers, each with its unit out of `units`, which follow one another without a gap. At least one.
 * Returns how far it went, 0 where there is none. */
static size_t take_units(struct span text, size_t at, const char *units)
{
    size_t taken = at;
    const char *next = NULL;
    while (is_digit(byte_at(text, at))) {
        while (is_digit(byte_at(text, at)))
            at++;
        uint8_t unit = byte_at(text, at);
        if (next == NULL ? !is_among(unit, units) : unit == 0 || unit != (uint8_t)*next)
            return 0;
        next = strchr(units, unit) + 1;
        at++;
        taken = at;
    }
    return next == NULL ? 0 : taken;
}

bool format_duration(struct span text)
{
    if (byte_at(text, 0) != 'P')
        return false;
    size_t at = take_units(text, 1, "W");
    if (at > 0)
        return at == text.len;
    at = 1;
    if (byte_at(text, at) != 'T') {
        at = take_units(text, at, "YMD");
        if (at == 0)
            return false;
    }
    if (byte_at(text, at) == 'T')
        at = take_units(text, at + 1, "HMS");
    return at > 0 && at == text.len;
}

/* Dates as packs write them: a named format, or a pattern such as `DD/MM/YYYY hh:mm`. UTC, the
 * proleptic Gregorian calendar, years 0000 to 9999. */
#ifndef MAILLON_PROTO_SCHEMA_DATE_H
#define MAILLON_PROTO_SCHEMA_DATE_H

#include "proto/base/bytes.h"

#define DATE_PATTERN_BYTES_MAX 64u

enum date_format_kind {
    DATE_DAY,     /* "date": YYYY-MM-DD */
    DATE_TIME,    /* "date-time": RFC 3339 */
    DATE_UNIX_S,  /* "unix-s": seconds since 1970, a number or its text */
    DATE_UNIX_MS, /* "unix-ms" */
    DATE_PATTERN  /* YYYY YY MM M DD D hh h mm ss SSS and literal characters */
};

struct date_format {
    enum date_format_kind kind;
    bool has_time;
    uint8_t pattern_len;
    uint8_t pattern[DATE_PATTERN_BYTES_MAX];
};

/* False when the text is no named format and no pattern with a year; a day needs a month, an hour a
 * day; a letter of Y M D h m s S that belongs to no field is a mistake, as is a field that comes
 * twice. What a pattern has not is the first month, the first day, midnight. */
MUST_USE bool date_format_compile(struct span text, struct date_format *out);

/* Reads text (or the text of a number, for unix-s and unix-ms). The whole text must fit, and the
 * day must exist. YY is 1970 to 2069. M, D and h take one or two digits. *has_time_out: the format
 * has an hour. False when it does not fit; outputs are untouched then. */
MUST_USE bool date_read(const struct date_format *format, struct span text, int64_t *unix_ms_out,
                        bool *has_time_out);

/* Appends the date; date-time as YYYY-MM-DDThh:mm:ssZ, with milliseconds where there are some.
 * False (nothing appended) for what the format cannot hold: a year outside 0000 to 9999 (YY: 1970
 * to 2069). */
MUST_USE bool date_write(const struct date_format *format, int64_t unix_ms, struct buf *out);

#endif

/* Reading and writing dates, field by field. */
#include "proto/schema/date.h"

#define MS_PER_DAY (INT64_C(24) * 60 * 60 * 1000)
#define UNIX_MS_MIN INT64_C(-62167219200000) /* 0000-01-01 */
#define UNIX_MS_MAX INT64_C(253402300799999) /* 9999-12-31T23:59:59.999 */
#define SHORT_YEAR_FIRST 1970

struct moment {
    int64_t year;
    int64_t month;
    int64_t day;
    int64_t hour;
    int64_t minute;
    int64_t second;
    int64_t ms;
};

/* Fields of a pattern, the longest first. */
enum field { FIELD_YEAR, FIELD_MONTH, FIELD_DAY, FIELD_HOUR, FIELD_MINUTE, FIELD_SECOND, FIELD_MS };
static const struct {
    const char *text;
    enum field field;
    uint8_t digits_min;
    uint8_t digits_max;
} fields[] = {
    {"YYYY", FIELD_YEAR, 4, 4}, {"YY", FIELD_YEAR, 2, 2}, {"MM", FIELD_MONTH, 2, 2},
    {"M", FIELD_MONTH, 1, 2},   {"DD", FIELD_DAY, 2, 2},  {"D", FIELD_DAY, 1, 2},
    {"hh", FIELD_HOUR, 2, 2},   {"h", FIELD_HOUR, 1, 2},  {"mm", FIELD_MINUTE, 2, 2},
    {"ss", FIELD_SECOND, 2, 2}, {"SSS", FIELD_MS, 3, 3},
};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

/* The field that a pattern has at its start, or FIELDS. */
static size_t field_at(struct span pattern)
{
    for (size_t i = 0; i < FIELDS; i++) {
        if (span_starts_with(pattern, span_cstr(fields[i].text)))
            return i;
    }
    return FIELDS;
}

static bool check_pattern(struct date_format *format)
{
    unsigned seen = 0;
    for (size_t at = 0; at < format->pattern_len;) {
        struct span rest = span_of(format->pattern + at, format->pattern_len - at);
        size_t i = field_at(rest);
        if (i == FIELDS) {
            if (rest.data[0] < 0x20 || rest.data[0] > 0x7e || memchr("YMDhmsS", rest.data[0], 7))
                return false;
            at++;
            continue;
        }
        if ((seen & 1u << fields[i].field) != 0)
            return false;
        seen |= 1u << fields[i].field;
        at += strlen(fields[i].text);
    }
    format->has_time = (seen & 1u << FIELD_HOUR) != 0;
    bool has_month = (seen & 1u << FIELD_MONTH) != 0;
    bool has_day = (seen & 1u << FIELD_DAY) != 0;
    return (seen & 1u << FIELD_YEAR) != 0 && (has_month || !has_day) &&
           (has_day || !format->has_time);
}

bool date_format_compile(struct span text, struct date_format *out)
{
    static const struct {
        const char *name;
        enum date_format_kind kind;
        bool has_time;
    } named[] = {{"date", DATE_DAY, false},
                 {"date-time", DATE_TIME, true},
                 {"unix-s", DATE_UNIX_S, true},
                 {"unix-ms", DATE_UNIX_MS, true}};
    struct date_format format = {.kind = DATE_PATTERN};
    for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
        if (span_is(text, named[i].name)) {
            *out = (struct date_format){.kind = named[i].kind, .has_time = named[i].has_time};
            return true;
        }
    }
    if (text.len == 0 || text.len > DATE_PATTERN_BYTES_MAX)
        return false;
    memcpy(format.pattern, text.data, text.len);
    format.pattern_len = (uint8_t)text.len;
    if (!check_pattern(&format))
        return false;
    *out = format;
    return true;
}

static bool is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int64_t days_of_month(int64_t year, int64_t month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year));
}

/* Days since 1970-01-01, counted from March, so that the leap day is the last of its year. */
static int64_t days_from_civil(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static void civil_from_days(int64_t days, struct moment *out)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t from_march = (5 * day_of_year + 2) / 153;
    out->day = day_of_year - (153 * from_march + 2) / 5 + 1;
    out->month = from_march < 10 ? from_march + 3 : from_march - 9;
    out->year = year_of_era + era * 400 + (out->month <= 2);
}

static bool to_unix_ms(const struct moment *moment, int64_t *out)
{
    if (moment->month < 1 || moment->month > 12 || moment->day < 1 ||
        moment->day > days_of_month(moment->year, moment->month))
        return false;
    if (moment->hour > 23 || moment->minute > 59 || moment->second > 60)
        return false;
    int64_t days = days_from_civil(moment->year, moment->month, moment->day);
    int64_t seconds = (moment->hour * 60 + moment->minute) * 60 + moment->second;
    *out = days * MS_PER_DAY + seconds * 1000 + moment->ms;
    return true;
}

static struct moment from_unix_ms(int64_t unix_ms)
{
    struct moment moment = {.year = 0};
    int64_t days = unix_ms / MS_PER_DAY;
    int64_t rest = unix_ms % MS_PER_DAY;
    if (rest < 0) {
        rest += MS_PER_DAY;
        days--;
    }
    civil_from_days(days, &moment);
    moment.ms = rest % 1000;
    moment.second = rest / 1000 % 60;
    moment.minute = rest / 60000 % 60;
    moment.hour = rest / 3600000;
    return moment;
}

/* Between min and max digits at the cursor. */
static bool take_digits(struct cursor *in, unsigned min, unsigned max, int64_t *out)
{
    int64_t value = 0;
    unsigned digits = 0;
    while (digits < max && in->position < in->input.len) {
        uint8_t c = in->input.data[in->position];
        if (c < '0' || c > '9')
            break;
        value = value * 10 + (c - '0');
        digits++;
        in->position++;
    }
    *out = value;
    return digits >= min;
}

static bool take_byte(struct cursor *in, uint8_t byte)
{
    if (in->position >= in->input.len || in->input.data[in->position] != byte)
        return false;
    in->position++;
    return true;
}

static int64_t *field_of(struct moment *moment, enum field field)
{
    switch (field) {
    case FIELD_YEAR:
        return &moment->year;
    case FIELD_MONTH:
        return &moment->month;
    case FIELD_DAY:
        return &moment->day;
    case FIELD_HOUR:
        return &moment->hour;
    case FIELD_MINUTE:
        return &moment->minute;
    case FIELD_SECOND:
        return &moment->second;
    case FIELD_MS:
        return &moment->ms;
    }
    BUG("a field of a date that is none");
}

static bool read_pattern(const struct date_format *format, struct span text, int64_t *out)
{
    struct moment moment = {.year = 0, .month = 1, .day = 1};
    struct cursor in = cursor_of(text);
    for (size_t at = 0; at < format->pattern_len;) {
        struct span rest = span_of(format->pattern + at, format->pattern_len - at);
        size_t i = field_at(rest);
        if (i == FIELDS) {
            if (!take_byte(&in, rest.data[0]))
                return false;
            at++;
            continue;
        }
        int64_t *value = field_of(&moment, fields[i].field);
        if (!take_digits(&in, fields[i].digits_min, fields[i].digits_max, value))
            return false;
        if (fields[i].field == FIELD_YEAR && fields[i].digits_max == 2)
            *value += *value >= SHORT_YEAR_FIRST % 100 ? 1900 : 2000;
        at += strlen(fields[i].text);
    }
    return cursor_at_end(&in) && moment.second < 60 && to_unix_ms(&moment, out);
}

static bool read_day(struct cursor *in, struct moment *moment)
{
    return take_digits(in, 4, 4, &moment->year) && take_byte(in, '-') &&
           take_digits(in, 2, 2, &moment->month) && take_byte(in, '-') &&
           take_digits(in, 2, 2, &moment->day);
}

/* A fraction of a second of any length, cut to milliseconds (RFC 3339, 5.6). */
static bool read_fraction(struct cursor *in, int64_t *ms)
{
    int64_t digit;
    int64_t scale = 100;
    unsigned digits = 0;
    for (; take_digits(in, 1, 1, &digit); digits++) {
        *ms += digit * scale;
        scale /= 10;
    }
    return digits > 0;
}

static bool read_offset(struct cursor *in, int64_t *offset_ms)
{
    int64_t hours;
    int64_t minutes;
    *offset_ms = 0;
    if (take_byte(in, 'Z') || take_byte(in, 'z'))
        return true;
    bool behind = take_byte(in, '-');
    if (!behind && !take_byte(in, '+'))
        return false;
    if (!take_digits(in, 2, 2, &hours) || !take_byte(in, ':') || !take_digits(in, 2, 2, &minutes))
        return false;
    *offset_ms = (hours * 60 + minutes) * 60000 * (behind ? -1 : 1);
    return hours <= 23 && minutes <= 59;
}

static bool read_date_time(struct span text, int64_t *out)
{
    struct moment moment = {.year = 0};
    struct cursor in = cursor_of(text);
    int64_t offset_ms;
    int64_t local_ms;
    if (!read_day(&in, &moment) ||
        !(take_byte(&in, 'T') || take_byte(&in, 't') || take_byte(&in, ' ')))
        return false;
    if (!take_digits(&in, 2, 2, &moment.hour) || !take_byte(&in, ':') ||
        !take_digits(&in, 2, 2, &moment.minute) || !take_byte(&in, ':') ||
        !take_digits(&in, 2, 2, &moment.second))
        return false;
    if (take_byte(&in, '.') && !read_fraction(&in, &moment.ms))
        return false;
    if (!read_offset(&in, &offset_ms) || !cursor_at_end(&in) || !to_unix_ms(&moment, &local_ms))
        return false;
    *out = local_ms - offset_ms;
    return true;
}

static bool read_unix(struct span text, int64_t scale, int64_t *out)
{
    struct cursor in = cursor_of(text);
    int64_t value;
    bool negative = take_byte(&in, '-');
    if (!take_digits(&in, 1, 15, &value))
        return false;
    /* What is finer than the unit is cut. */
    int64_t fraction = 0;
    int64_t digit;
    if (take_byte(&in, '.')) {
        if (!read_fraction(&in, &fraction))
            return false;
        while (take_digits(&in, 1, 1, &digit))
            continue;
    }
    if (!cursor_at_end(&in) || value > UNIX_MS_MAX / scale)
        return false;
    value = value * scale + (scale == 1000 ? fraction : 0);
    *out = negative ? -value : value;
    return true;
}

bool date_read(const struct date_format *format, struct span text, int64_t *unix_ms_out,
               bool *has_time_out)
{
    int64_t unix_ms = 0;
    bool is_read = false;
    struct moment moment = {.year = 0};
    struct cursor in = cursor_of(text);
    switch (format->kind) {
    case DATE_DAY:
        is_read = read_day(&in, &moment) && cursor_at_end(&in) && to_unix_ms(&moment, &unix_ms);
        break;
    case DATE_TIME:
        is_read = read_date_time(text, &unix_ms);
        break;
    case DATE_UNIX_S:
        is_read = read_unix(text, 1000, &unix_ms);
        break;
    case DATE_UNIX_MS:
        is_read = read_unix(text, 1, &unix_ms);
        break;
    case DATE_PATTERN:
        is_read = read_pattern(format, text, &unix_ms);
        break;
    }
    if (!is_read)
        return false;
    *unix_ms_out = unix_ms;
    *has_time_out = format->has_time;
    return true;
}

static void append_padded(struct buf *out, int64_t value, unsigned digits)
{
    int64_t scale = 1;
    for (unsigned i = 1; i < digits; i++)
        scale *= 10;
    for (; scale > 0; scale /= 10)
        buf_append_byte(out, (uint8_t)('0' + value / scale % 10));
}

static void append_day(struct buf *out, const struct moment *moment)
{
    append_padded(out, moment->year, 4);
    buf_append_byte(out, '-');
    append_padded(out, moment->month, 2);
    buf_append_byte(out, '-');
    append_padded(out, moment->day, 2);
}

static void append_date_time(struct buf *out, const struct moment *moment)
{
    append_day(out, moment);
    buf_append_byte(out, 'T');
    append_padded(out, moment->hour, 2);
    buf_append_byte(out, ':');
    append_padded(out, moment->minute, 2);
    buf_append_byte(out, ':');
    append_padded(out, moment->second, 2);
    if (moment->ms != 0) {
        buf_append_byte(out, '.');
        append_padded(out, moment->ms, 3);
    }
    buf_append_byte(out, 'Z');
}

static void append_unix(struct buf *out, int64_t unix_ms, int64_t scale)
{
    bool negative = unix_ms < 0;
    uint64_t value = negative ? (uint64_t)-unix_ms : (uint64_t)unix_ms;
    uint64_t whole = value / (uint64_t)scale;
    if (negative && value > 0)
        buf_append_byte(out, '-');
    buf_append_u64(out, whole);
    if (scale == 1000 && value % 1000 != 0) {
        buf_append_byte(out, '.');
        append_padded(out, (int64_t)(value % 1000), 3);
    }
}

static bool short_year_fits(const struct date_format *format, int64_t year)
{
    struct span pattern = span_of(format->pattern, format->pattern_len);
    bool is_short = memmem(pattern.data, pattern.len, "YYYY", 4) == NULL;
    return !is_short || (year >= SHORT_YEAR_FIRST && year < SHORT_YEAR_FIRST + 100);
}

static void append_field(struct buf *out, struct moment *moment, size_t i)
{
    int64_t value = *field_of(moment, fields[i].field);
    unsigned digits = fields[i].digits_min;
    if (fields[i].digits_max > digits && value >= 10)
        digits = fields[i].digits_max;
    append_padded(out, value, digits);
}

static void append_pattern(const struct date_format *format, struct moment *moment, struct buf *out)
{
    for (size_t at = 0; at < format->pattern_len;) {
        struct span rest = span_of(format->pattern + at, format->pattern_len - at);
        size_t i = field_at(rest);
        if (i == FIELDS)
            buf_append_byte(out, rest.data[0]);
        else
            append_field(out, moment, i);
        at += i == FIELDS ? 1 : strlen(fields[i].text);
    }
}

bool date_write(const struct date_format *format, int64_t unix_ms, struct buf *out)
{
    if (unix_ms < UNIX_MS_MIN || unix_ms > UNIX_MS_MAX)
        return false;
    struct moment moment = from_unix_ms(unix_ms);
    switch (format->kind) {
    case DATE_DAY:
        append_day(out, &moment);
        return true;
    case DATE_TIME:
        append_date_time(out, &moment);
        return true;
    case DATE_UNIX_S:
        append_unix(out, unix_ms, 1000);
        return true;
    case DATE_UNIX_MS:
        append_unix(out, unix_ms, 1);
        return true;
    case DATE_PATTERN:
        break;
    }
    if (!short_year_fits(format, moment.year))
        return false;
    append_pattern(format, &moment, out);
    return true;
}

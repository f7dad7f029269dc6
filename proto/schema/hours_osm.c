/* OpenStreetMap's opening hours: written from a week, and recognised. */
#include "proto/schema/hours.h"

static const char day_codes[HOURS_DAYS][3] = {"Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"};
static const char month_codes[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

bool hours_day_of_code(struct span code, unsigned *day_out)
{
    for (unsigned day = 0; day < HOURS_DAYS; day++) {
        if (span_is(code, day_codes[day])) {
            *day_out = day;
            return true;
        }
    }
    return false;
}

static bool same_hours(const struct hours_day *a, const struct hours_day *b)
{
    return a->count == b->count && a->is_closed == b->is_closed &&
           memcmp(a->spans, b->spans, a->count * sizeof(a->spans[0])) == 0;
}

static void append_minutes(struct buf *out, unsigned minutes)
{
    unsigned hour = minutes / 60;
    unsigned minute = minutes % 60;
    const uint8_t text[] = {(uint8_t)('0' + hour / 10), (uint8_t)('0' + hour % 10), ':',
                            (uint8_t)('0' + minute / 10), (uint8_t)('0' + minute % 10)};
    buf_append(out, text, sizeof(text));
}

static void append_hours(struct buf *out, const struct hours_day *day)
{
    if (day->count == 0)
        buf_append_cstr(out, "off");
    for (unsigned i = 0; i < day->count; i++) {
        if (i > 0)
            buf_append_byte(out, ',');
        append_minutes(out, day->spans[i].first);
        buf_append_byte(out, '-');
        append_minutes(out, day->spans[i].last);
    }
}

/* The days from `day` on that keep the same hours: runs of three or more as ranges. */
static void append_days(struct buf *out, const struct hours_week *week, unsigned day, bool *done)
{
    const struct hours_day *model = &week->days[day];
    bool is_first = true;
    while (day < HOURS_DAYS) {
        if (done[day] || !same_hours(model, &week->days[day])) {
            day++;
            continue;
        }
        unsigned end = day;
        while (end < HOURS_DAYS && same_hours(model, &week->days[end]))
            done[end++] = true;
        if (!is_first)
            buf_append_byte(out, ',');
        is_first = false;
        buf_append_cstr(out, day_codes[day]);
        if (end - day > 1) {
            buf_append_byte(out, end - day == 2 ? ',' : '-');
            buf_append_cstr(out, day_codes[end - 1]);
        }
        day = end;
    }
}

void hours_append_osm(struct buf *out, const struct hours_week *week)
{
    bool done[HOURS_DAYS];
    bool is_first = true;
    for (unsigned day = 0; day < HOURS_DAYS; day++)
        done[day] = week->days[day].count == 0 && !week->days[day].is_closed;
    for (unsigned day = 0; day < HOURS_DAYS; day++) {
        if (done[day])
            continue;
        if (!is_first)
            buf_append_cstr(out, "; ");
        is_first = false;
        append_days(out, week, day, done);
        buf_append_byte(out, ' ');
        append_hours(out, &week->days[day]);
    }
    if (week->holidays_off && !is_first)
        buf_append_cstr(out, "; PH off");
}

/* --- Recognising --- */

static void skip_spaces(struct cursor *in)
{
    while (!cursor_at_end(in) && in->input.data[in->position] == ' ')
        in->position++;
}

static bool take(struct cursor *in, const char *text)
{
    struct span rest = span_part(in->input, in->position, in->input.len);
    if (!span_starts_with(rest, span_cstr(text)))
        return false;
    in->position += strlen(text);
    return true;
}

static bool take_number(struct cursor *in, unsigned digits_min, unsigned digits_max, unsigned *out)
{
    unsigned value = 0;
    unsigned digits = 0;
    while (digits < digits_max && !cursor_at_end(in)) {
        uint8_t c = in->input.data[in->position];
        if (c < '0' || c > '9')
            break;
        value = value * 10 + (c - '0');
        digits++;
        in->position++;
    }
    *out = value;
    return digits >= digits_min;
}

static bool take_time(struct cursor *in)
{
    unsigned hour;
    unsigned minute;
    return take_number(in, 2, 2, &hour) && take(in, ":") && take_number(in, 2, 2, &minute) &&
           hour * 60 + minute <= 26 * 60 && minute < 60;
}

/* What is taken by one of several words, or not at all. */
static bool take_day(struct cursor *in)
{
    for (unsigned day = 0; day < HOURS_DAYS; day++) {
        if (take(in, day_codes[day]))
            return true;
    }
    return take(in, "PH") || take(in, "SH");
}

static bool take_month(struct cursor *in)
{
    unsigned number;
    for (unsigned month = 0; month < 12; month++) {
        if (!take(in, month_codes[month]))
            continue;
        size_t before = in->position;
        if (!take(in, " ") || !take_number(in, 2, 2, &number) || number > 31 || number == 0 ||
            (!cursor_at_end(in) && in->input.data[in->position] == ':'))
            in->position = before;
        return true;
    }
    return false;
}

static bool take_week(struct cursor *in)
{
    unsigned week;
    return take_number(in, 1, 2, &week) && week >= 1 && week <= 53;
}

/* A list of single ones or ranges. Nothing taken: true, *found false. */
static bool take_list(struct cursor *in, bool (*one)(struct cursor *), bool *found)
{
    size_t before = in->position;
    *found = false;
    while (one(in)) {
        *found = true;
        if (take(in, "-") && !one(in))
            return false;
        unsigned step;
        if (take(in, "/") && !take_number(in, 1, 2, &step))
            return false;
        before = in->position;
        if (!take(in, ","))
            break;
        skip_spaces(in);
    }
    in->position = before;
    return true;
}

static bool take_comment(struct cursor *in)
{
    if (!take(in, "\""))
        return true;
    (void)cursor_until(in, '"');
    return !in->failed;
}

static bool take_times(struct cursor *in, bool *found)
{
    size_t before;
    *found = false;
    do {
        before = in->position;
        skip_spaces(in);
        if (!take_time(in))
            break;
        if (take(in, "+")) {
            *found = true;
            before = in->position;
            continue;
        }
        if (!take(in, "-") || !take_time(in))
            return false;
        *found = true;
        before = in->position;
    } while (take(in, ","));
    in->position = before;
    return true;
}

static bool take_state(struct cursor *in)
{
    return take(in, "off") || take(in, "closed") || take(in, "unknown");
}

static bool take_rule(struct cursor *in)
{
    bool found = false;
    bool has_times = false;
    if (take(in, "24/7"))
        return true;
    if (take(in, "week ") && (!take_list(in, take_week, &found) || !found))
        return false;
    skip_spaces(in);
    if (!take_list(in, take_month, &found))
        return false;
    skip_spaces(in);
    if (!take_list(in, take_day, &found))
        return false;
    if (!take_times(in, &has_times))
        return false;
    skip_spaces(in);
    bool has_state = take_state(in);
    skip_spaces(in);
    return (has_times || has_state) && take_comment(in);
}

bool hours_is_osm(struct span utf8)
{
    struct cursor in = cursor_of(utf8);
    if (utf8.len == 0 || utf8.len > HOURS_TEXT_BYTES_MAX)
        return false;
    do {
        skip_spaces(&in);
        if (!take_rule(&in))
            return false;
        skip_spaces(&in);
    } while (take(&in, ";"));
    return cursor_at_end(&in);
}

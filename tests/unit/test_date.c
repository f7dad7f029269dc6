/* Dates in the formats of packs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "proto/schema/date.h"

static struct date_format format_of(const char *text)
{
    struct date_format format;
    if (!date_format_compile(span_cstr(text), &format))
        fail_msg("no format: %s", text);
    return format;
}

static void formats_are_known_or_refused(void **state)
{
    (void)state;
    static const char *const valid[] = {
        "date", "date-time", "unix-s", "unix-ms",  "DD/MM/YYYY",
        "YYYY", "YYYY-MM",   "D.M.YY", "YYYYMMDD", "YYYY/MM/DD hh:mm:ss.SSS"};
    static const char *const invalid[] = {"",
                                          "DD/MM",
                                          "DD/YYYY",
                                          "YYYY hh",
                                          "YYYY-MM-DD-YYYY",
                                          "YYY-M-D",
                                          "DD/MM/YYYYY",
                                          "YYYY-MM-DD s",
                                          "datetime",
                                          "YYYY-MM-DD\n",
                                          "YYYY-MM-DDéé"};
    struct date_format format;
    for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++)
        assert_true(date_format_compile(span_cstr(valid[i]), &format));
    for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++) {
        if (date_format_compile(span_cstr(invalid[i]), &format))
            fail_msg("taken: %s", invalid[i]);
    }
    char longest[DATE_PATTERN_BYTES_MAX + 1];
    memset(longest, '-', sizeof(longest));
    memcpy(longest, "YYYY", 4);
    assert_true(date_format_compile(span_of(longest, DATE_PATTERN_BYTES_MAX), &format));
    assert_false(date_format_compile(span_of(longest, sizeof(longest)), &format));
}

static void dates_are_read_to_the_millisecond(void **state)
{
    (void)state;
    static const struct {
        const char *format;
        const char *text;
        int64_t unix_ms;
    } cases[] = {
        {"date", "1970-01-01", 0},
        {"date", "2000-02-29", INT64_C(951782400000)},
        {"date", "0000-01-01", INT64_C(-62167219200000)},
        {"date", "9999-12-31", INT64_C(253402214400000)},
        {"date-time", "1970-01-01T00:00:00Z", 0},
        {"date-time", "1970-01-01T01:00:00.1239+01:00", 123},
        {"date-time", "1969-12-31 23:59:59.9z", -100},
        {"date-time", "2016-12-31T23:59:60Z", INT64_C(1483228800000)},
        {"unix-s", "1.5", 1500},
        {"unix-s", "-1", -1000},
        {"unix-ms", "1700000000123", INT64_C(1700000000123)},
        {"DD/MM/YYYY", "07/12/2021", INT64_C(1638835200000)},
        {"D/M/YY", "7/12/21", INT64_C(1638835200000)},
        {"D/M/YY", "07/12/21", INT64_C(1638835200000)},
        {"D/M/YY", "1/1/70", 0},
        {"YYYY/MM/DD hh:mm:ss.SSS", "2020/06/30 14:16:50.898", INT64_C(1593526610898)},
        {"YYYY", "1971", INT64_C(31536000000)},
        {"YYYY-MM", "1970-02", INT64_C(2678400000)},
        {"YYYYMMDD", "19700102", INT64_C(86400000)},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct date_format format = format_of(cases[i].format);
        int64_t unix_ms = -1;
        bool has_time;
        if (!date_read(&format, span_cstr(cases[i].text), &unix_ms, &has_time))
            fail_msg("%s does not read %s", cases[i].format, cases[i].text);
        assert_int_equal(unix_ms, cases[i].unix_ms);
    }
}

static void what_does_not_fit_is_not_read(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"date", "2021-02-29"},
        {"date", "2021-13-01"},
        {"date", "2021-00-01"},
        {"date", "2021-01-00"},
        {"date", "1900-02-29"},
        {"date", "2021-1-1"},
        {"date", "2021-01-01 "},
        {"date", "+2021-01-01"},
        {"date", ""},
        {"date-time", "2021-01-01"},
        {"date-time", "2021-01-01T00:00:00"},
        {"date-time", "2021-01-01T24:00:00Z"},
        {"date-time", "2021-01-01T00:60:00Z"},
        {"date-time", "2021-01-01T00:00:61Z"},
        {"date-time", "2021-01-01T00:00:00.Z"},
        {"date-time", "2021-01-01T00:00:00+24:00"},
        {"date-time", "2021-01-01T00:00:00+0100"},
        {"unix-s", ""},
        {"unix-s", "1e9"},
        {"unix-s", "9999999999999"},
        {"unix-ms", "99999999999999999999"},
        {"DD/MM/YYYY", "09/0102023"},
        {"DD/MM/YYYY", "7/12/2021"},
        {"DD/MM/YYYY", "07-12-2021"},
        {"DD/MM/YYYY", "07/12/20211"},
        {"YYYY/MM/DD hh:mm:ss", "2020/06/30 14:16:60"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct date_format format = format_of(cases[i][0]);
        int64_t unix_ms = 7;
        bool has_time;
        if (date_read(&format, span_cstr(cases[i][1]), &unix_ms, &has_time))
            fail_msg("%s reads %s", cases[i][0], cases[i][1]);
        assert_int_equal(unix_ms, 7);
    }
}

/* Every day of four centuries, which is the calendar's whole period. */
static void every_day_is_written_as_it_is_read(void **state)
{
    (void)state;
    struct date_format formats[] = {format_of("date"), format_of("date-time"), format_of("unix-s"),
                                    format_of("unix-ms"), format_of("D.M.YYYY hh:mm:ss.SSS")};
    struct buf text;
    buf_init(&text, 100);
    for (int64_t day = -80000; day < 70000; day++) {
        int64_t unix_ms = day * 86400000;
        int64_t back = 0;
        bool has_time;
        for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
            buf_reset(&text);
            assert_true(date_write(&formats[i], unix_ms, &text));
            assert_true(date_read(&formats[i], buf_span(&text), &back, &has_time));
            assert_int_equal(back, unix_ms);
        }
    }
    buf_clear(&text);
}

static void moments_are_written(void **state)
{
    (void)state;
    static const struct {
        const char *format;
        int64_t unix_ms;
        const char *text; /* NULL: cannot be */
    } cases[] = {
        {"date-time", 1500, "1970-01-01T00:00:01.500Z"},
        {"date-time", -1, "1969-12-31T23:59:59.999Z"},
        {"unix-s", -1500, "-1.500"},
        {"unix-s", 2000, "2"},
        {"D/M/YY h:mm", INT64_C(1638835260000), "7/12/21 0:01"},
        {"D/M/YY", INT64_C(-86400000), NULL},
        {"date", INT64_C(253402300800000), NULL},
        {"date", INT64_C(-62167219200001), NULL},
        {"unix-ms", INT64_MIN, NULL},
    };
    struct buf text;
    buf_init(&text, 100);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct date_format format = format_of(cases[i].format);
        buf_reset(&text);
        assert_int_equal(date_write(&format, cases[i].unix_ms, &text), cases[i].text != NULL);
        buf_append_byte(&text, '\0');
        assert_string_equal((const char *)text.data, cases[i].text == NULL ? "" : cases[i].text);
    }
    buf_clear(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_are_known_or_refused),
        cmocka_unit_test(dates_are_read_to_the_millisecond),
        cmocka_unit_test(what_does_not_fit_is_not_read),
        cmocka_unit_test(every_day_is_written_as_it_is_read),
        cmocka_unit_test(moments_are_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

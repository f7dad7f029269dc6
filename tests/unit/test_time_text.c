/* Instants as text: read as they are written, with zones, and nothing that is no instant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "proto/base/time_text.h"

static void a_time_written_is_the_time_read(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, 100);
    for (uint64_t ms = 0; ms < TIME_TEXT_MS_END; ms += UINT64_C(86399999) * 31) {
        uint64_t back;
        buf_reset(&text);
        time_text_append(&text, ms);
        assert_true(time_text_read(buf_span(&text), &back) && back == ms);
        assert_true(time_text_read_zoned(buf_span(&text), &back) && back == ms);
    }
    buf_clear(&text);
}

static void an_offset_is_taken_off(void **state)
{
    (void)state;
    uint64_t utc;
    uint64_t ms;
    assert_true(time_text_read(SPAN_LITERAL("2026-11-23T18:00:00Z"), &utc));
    assert_true(time_text_read_zoned(SPAN_LITERAL("2026-11-23T20:30:00+02:30"), &ms));
    assert_true(ms == utc);
    assert_true(time_text_read_zoned(SPAN_LITERAL("2026-11-23T10:00:00.000-08:00"), &ms));
    assert_true(ms == utc);
    assert_false(time_text_read(SPAN_LITERAL("2026-11-23T18:00:00+00:00"), &ms));
    static const char *const bad[] = {"2026-11-23T18:00:00",
                                      "2026-11-23T18:00:00+0000",
                                      "2026-11-23T18:00:00+24:00",
                                      "2026-11-23T18:00:00+00:60",
                                      "2026-11-23T18:00:00 00:00",
                                      "1970-01-01T00:00:00+00:01",
                                      "2026-02-29T18:00:00Z",
                                      "2026-11-23T18:00:00.1234567890Z",
                                      "2026-11-23 18:00:00Z",
                                      "2026-11-23T18:00:00z",
                                      "+00:00",
                                      ""};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (time_text_read_zoned(span_cstr(bad[i]), &ms))
            fail_msg("%s is read", bad[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_time_written_is_the_time_read),
        cmocka_unit_test(an_offset_is_taken_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

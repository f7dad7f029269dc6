/* Writer against scanner: the scanner accepts a text if and only if the writer gives it back
 * unchanged. Random values, and every kind of damage to them, from fixed seeds. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <jansson.h>

#include "proto/base/number.h"
#include "proto/json/jcs.h"
#include "proto/json/value.h"

static uint64_t random_state;

static uint64_t random_next(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static unsigned below(unsigned limit)
{
    return (unsigned)(random_next() % limit);
}

static double random_number(void)
{
    double value = 0;
    uint64_t bits = random_next();
    switch (below(5)) {
    case 0:
        return (double)below(1000);
    case 1:
        return -(double)below(100000) / 100;
    case 2:
        return (double)(bits >> 11) * (below(2) ? 1e6 : 1e-12);
    case 3: /* powers of two: the interval is uneven */
        bits = (uint64_t)below(2046) + 1;
        bits <<= 52;
        break;
    default:
        break;
    }
    memcpy(&value, &bits, sizeof(value));
    return isfinite(value) ? value : 1;
}

static json_t *random_string(void)
{
    static const char *const pieces[] = {"a",
                                         "b",
                                         "\"",
                                         "\\",
                                         "\n",
                                         "\x01",
                                         "\x1f",
                                         "\x7f",
                                         "é",
                                         "\xee\x80\x80",
                                         "\xef\xbf\xbf",
                                         "\xf0\x90\x80\x80",
                                         "\t",
                                         "\xf4\x8f\xbf\xbf",
                                         "zz",
                                         "/",
                                         "\b",
                                         "\f",
                                         "\r",
                                         "long enough to fill a block of sixteen bytes"};
    char text[256] = "";
    for (unsigned i = below(5); i > 0; i--)
        strcat(text, pieces[below(sizeof(pieces) / sizeof(pieces[0]))]);
    return json_string(text);
}

static json_t *random_value(unsigned depth)
{
    json_t *value;
    switch (below(depth == 0 ? 5 : 8)) {
    case 0:
        return json_null();
    case 1:
        return json_boolean(below(2));
    case 2:
        return json_real(random_number());
    case 3:
    case 4:
        return random_string();
    case 5:
        value = json_array();
        for (unsigned i = below(5); i > 0; i--)
            json_array_append_new(value, random_value(depth - 1));
        return value;
    default:
        value = json_object();
        for (unsigned i = below(8); i > 0; i--) {
            json_t *key = random_string();
            json_object_set_new(value, json_string_value(key), random_value(depth - 1));
            json_decref(key);
        }
        return value;
    }
}

/* The property itself. Returns whether the text was accepted. */
static bool agree(struct jcs *jcs, struct tape *tape, struct span text)
{
    struct buf out;
    buf_init(&out, 4 << 20);
    struct why why = {.rule = ""};
    bool scanned = tape_scan(tape, text, &tape_record_limits, &why) == OK;
    bool written = jcs_canonicalise(jcs, text, &tape_record_limits, &out, NULL) == OK;
    bool same = written && span_equal(buf_span(&out), text);
    if (scanned != same)
        fail_msg("scanner says %d (%s at %llu), writer says %d: %.*s", scanned, why.rule,
                 (unsigned long long)why.position, same, (int)text.len, (const char *)text.data);
    if (written) { /* what is canonical once stays so */
        struct tape again;
        tape_init(&again);
        assert_int_equal(tape_scan(&again, buf_span(&out), &tape_record_limits, &why), OK);
        tape_clear(&again);
    }
    buf_clear(&out);
    return scanned;
}

static void the_scanner_accepts_what_the_writers_write_and_nothing_else(void **state)
{
    (void)state;
    struct jcs *jcs = jcs_new();
    struct tape tape;
    tape_init(&tape);
    random_state = 0x9E3779B97F4A7C15;
    unsigned refused = 0;
    for (unsigned round = 0; round < 4000; round++) {
        json_t *value = random_value(4);
        struct buf text;
        buf_init(&text, 1 << 20);
        assert_int_equal(value_append(&text, value, 64), OK);
        assert_true(agree(jcs, &tape, buf_span(&text)));
        char *spaced =
            json_dumps(value, JSON_INDENT(2) | JSON_ENCODE_ANY | JSON_REAL_PRECISION(17));
        struct buf canonical;
        buf_init(&canonical, 1 << 20);
        assert_int_equal(
            jcs_canonicalise(jcs, span_cstr(spaced), &tape_record_limits, &canonical, NULL), OK);
        assert_true(span_equal(buf_span(&canonical), buf_span(&text)));
        buf_clear(&canonical);
        free(spaced);
        for (unsigned i = 0; i < 30; i++) {
            static const char damage[] =
                "\"\\{}[]:,0123456789.eE+-untrfals /\x80\xc3\xed\xf0 \n\x01";
            size_t at = below((unsigned)text.len);
            uint8_t before = text.data[at];
            text.data[at] = (uint8_t)damage[below(sizeof(damage) - 1)];
            refused += !agree(jcs, &tape, buf_span(&text));
            text.data[at] = before;
            (void)agree(jcs, &tape, span_part(buf_span(&text), 0, at));
        }
        buf_clear(&text);
        json_decref(value);
    }
    assert_true(refused > 50000);
    tape_clear(&tape);
    jcs_free(jcs);
}

static void numbers_survive_the_way_out_and_back(void **state)
{
    (void)state;
    random_state = 0xD1B54A32D192ED03;
    for (unsigned i = 0; i < 300000; i++) {
        double value = random_number();
        uint8_t text[NUMBER_TEXT_BYTES_MAX + 1];
        size_t len = number_write(value, text);
        double back = number_read(span_of(text, len));
        if (memcmp(&value, &back, sizeof(value)) != 0 && value != 0)
            fail_msg("%.17g comes back as %.17g by %.*s", value, back, (int)len,
                     (const char *)text);
        /* No shorter spelling reads back: the C library's own rounding to fifteen digits. */
        unsigned digits = 0;
        unsigned zeros = 0;
        for (size_t j = 0; j < len && text[j] != 'e'; j++) {
            if (text[j] == '0' && digits > 0)
                zeros++;
            if (text[j] >= '1' && text[j] <= '9') {
                digits += zeros + 1;
                zeros = 0;
            }
        }
        if (digits > 15) {
            char shorter[40];
            (void)snprintf(shorter, sizeof(shorter), "%.14e", value);
            assert_true(strtod(shorter, NULL) != value);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_scanner_accepts_what_the_writers_write_and_nothing_else),
        cmocka_unit_test(numbers_survive_the_way_out_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

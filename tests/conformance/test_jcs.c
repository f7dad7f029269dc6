/* RFC 8785 against its authors' vectors and 29,002 numbers written by a JavaScript engine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <jansson.h>

#include "proto/base/number.h"
#include "proto/json/jcs.h"
#include "proto/json/value.h"
#include "tests/lib/vectors.h"

static const char *const names[] = {"arrays", "french", "structures", "unicode", "values", "weird"};

static void read_vector(const char *kind, const char *name, struct buf *out)
{
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/%s.json", kind, name);
    vectors_read("tests/vectors/jcs", path, out);
}

static void canonicalises_every_published_input(void **state)
{
    (void)state;
    struct jcs *jcs = jcs_new();
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct buf input;
        struct buf expected;
        struct buf out;
        buf_init(&input, 1 << 20);
        buf_init(&expected, 1 << 20);
        buf_init(&out, 1 << 20);
        read_vector("input", names[i], &input);
        read_vector("output", names[i], &expected);
        assert_int_equal(jcs_canonicalise(jcs, buf_span(&input), &tape_record_limits, &out, NULL),
                         OK);
        assert_true(span_equal(buf_span(&out), buf_span(&expected)));

        struct tape tape;
        tape_init(&tape);
        assert_int_equal(tape_scan(&tape, buf_span(&expected), &tape_record_limits, NULL), OK);
        if (!span_equal(buf_span(&input), buf_span(&expected)))
            assert_int_not_equal(tape_scan(&tape, buf_span(&input), &tape_record_limits, NULL), OK);
        tape_clear(&tape);

        json_t *value = json_loadb((const char *)input.data, input.len, JSON_DECODE_ANY, NULL);
        assert_non_null(value);
        buf_reset(&out);
        assert_int_equal(value_append(&out, value, 64), OK);
        assert_true(span_equal(buf_span(&out), buf_span(&expected)));
        json_decref(value);
        buf_clear(&input);
        buf_clear(&expected);
        buf_clear(&out);
    }
    jcs_free(jcs);
}

static void check_number(uint64_t bits, struct span text)
{
    double value;
    memcpy(&value, &bits, sizeof(value));
    uint8_t written[NUMBER_TEXT_BYTES_MAX];
    size_t len = number_write(value, written);
    if (!span_equal(span_of(written, len), text))
        fail_msg("%016llx: %.*s is not %.*s", (unsigned long long)bits, (int)len,
                 (const char *)written, (int)text.len, (const char *)text.data);
    double back = number_read(text);
    uint64_t back_bits;
    memcpy(&back_bits, &back, sizeof(back_bits));
    if (back_bits != bits && bits << 1 != 0)
        fail_msg("%.*s reads as %016llx", (int)text.len, (const char *)text.data,
                 (unsigned long long)back_bits);
    struct tape tape;
    tape_init(&tape);
    assert_int_equal(tape_scan(&tape, text, &tape_record_limits, NULL), OK);
    tape_clear(&tape);
}

static void writes_and_reads_numbers_as_a_javascript_engine_does(void **state)
{
    (void)state;
    const char *shared = vectors_shared();
    if (shared == NULL)
        skip();
    struct buf file;
    buf_init(&file, 16 << 20);
    vectors_read(shared, "vectors/jcs/numbers.csv", &file);
    struct cursor cursor = cursor_of(buf_span(&file));
    unsigned count = 0;
    while (!cursor_at_end(&cursor)) {
        struct span hex = cursor_until(&cursor, ',');
        struct span text = cursor_until(&cursor, '\n');
        assert_false(cursor.failed);
        char digits[32] = {0};
        memcpy(digits, hex.data, hex.len < 16 ? hex.len : 16);
        check_number(strtoull(digits, NULL, 16), text);
        count++;
    }
    assert_int_equal(count, 29002);
    buf_clear(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(canonicalises_every_published_input),
        cmocka_unit_test(writes_and_reads_numbers_as_a_javascript_engine_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

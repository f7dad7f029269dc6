/* Base64 in its one spelling: every byte in every place, every length. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "proto/base/base64.h"

typedef enum err (*decode_fn)(struct span text, struct buf *out);

static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* Found by fuzzing notes: "A\xc5\xbe" "AAAA=" was read, each byte from 0x80 on standing for '/'. */
static void check_every_byte(decode_fn decode, const char *alphabet)
{
    for (unsigned place = 0; place < 4; place++)
        for (unsigned byte = 0; byte < 256; byte++) {
            if (byte == '=' && place == 3)
                continue; /* two bytes and padding, where there is padding */
            uint8_t text[4] = {'A', 'A', 'A', 'A'};
            text[place] = (uint8_t)byte;
            const char *at = byte == 0 ? NULL : strchr(alphabet, (int)byte);
            struct buf out;
            buf_init(&out, 16);
            enum err err = decode(span_of(text, sizeof(text)), &out);
            if (err != (at == NULL ? ERR_SYNTAX : OK))
                fail_msg("byte %02x in place %u: %s", byte, place, err_slug(err));
            if (at != NULL) {
                assert_int_equal(out.len, 3);
                uint32_t group =
                    (uint32_t)out.data[0] << 16 | (uint32_t)out.data[1] << 8 | out.data[2];
                assert_int_equal(group, (uint32_t)(at - alphabet) << 6 * (3 - place));
            } else {
                assert_int_equal(out.len, 0);
            }
            buf_clear(&out);
        }
}

static void takes_the_bytes_of_its_alphabet_and_no_other(void **state)
{
    (void)state;
    check_every_byte(base64_decode, plain);
    check_every_byte(base64url_decode, url);
}

static void reads_as_it_writes_at_every_length(void **state)
{
    (void)state;
    uint8_t bytes[70];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 37 + 200);
    for (size_t len = 0; len <= sizeof(bytes); len++) {
        struct buf text;
        struct buf back;
        buf_init(&text, 200);
        buf_init(&back, 200);
        base64_append(&text, span_of(bytes, len));
        assert_int_equal(text.len, (len + 2) / 3 * 4);
        assert_int_equal(base64_decode(buf_span(&text), &back), OK);
        assert_true(span_equal(buf_span(&back), span_of(bytes, len)));
        buf_reset(&text);
        buf_reset(&back);
        base64url_append(&text, span_of(bytes, len));
        assert_int_equal(text.len, (len * 4 + 2) / 3);
        assert_int_equal(base64url_decode(buf_span(&text), &back), OK);
        assert_true(span_equal(buf_span(&back), span_of(bytes, len)));
        buf_clear(&text);
        buf_clear(&back);
    }
}

static void refuses_other_spellings_of_the_same_bytes(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "A",    "AA", "AAA",  "AA=",  "AB==",  "AAB=",   "AAAA=",  "AA==A",  "AAAA\n", " AAAA",
        "A A=", "=",  "====", "AA=A", "AAA==", "AAAA==", "AAA=\n", "AA A==", "-_-_"};
    static const char *const bad_url[] = {
        "A", "AB", "AAB", "AA==", "AAA=", "AAAAA", "AA\n", "+/+/"};
    struct buf out;
    buf_init(&out, 100);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (base64_decode(span_cstr(bad[i]), &out) != ERR_SYNTAX)
            fail_msg("%s is read", bad[i]);
    for (size_t i = 0; i < sizeof(bad_url) / sizeof(bad_url[0]); i++)
        if (base64url_decode(span_cstr(bad_url[i]), &out) != ERR_SYNTAX)
            fail_msg("%s is read as base64url", bad_url[i]);
    assert_int_equal(out.len, 0);
    buf_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_the_bytes_of_its_alphabet_and_no_other),
        cmocka_unit_test(reads_as_it_writes_at_every_length),
        cmocka_unit_test(refuses_other_spellings_of_the_same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

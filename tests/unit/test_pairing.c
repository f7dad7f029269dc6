/* node/peer/pairing: the string that operators hand to each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "node/peer/pairing.h"

/* The did:key of the W3C did:key specification's Ed25519 examples. */
#define DID "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"
#define WEBVH "did:webvh:QmfGEUAcMpzo25kF2Rhn8L5FAXysfGnkzjwdKoNPi615XQ:coop.example%3A8443"
#define CERT "n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg"

#define REQUEST "z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH"

static void what_is_written_is_read(void **state)
{
    (void)state;
    static const struct pairing cases[] = {
        {DID, "https://localhost:8443", CERT, ""},
        {DID, "https://coop-a.example", "", ""},
        {DID, "https://coop-a.example", "", REQUEST},
        {DID, "https://coop-a.example", CERT, REQUEST},
        {DID, "https://192.0.2.7:1", CERT, ""},
        {DID, "https://[2001:db8::1]:65535", CERT, ""},
        {WEBVH, "", "", ""},
        {WEBVH, "https://192.0.2.7:1", "", ""},
        {WEBVH, "https://192.0.2.7:1", CERT, ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf text;
        struct pairing read;
        buf_init(&text, PAIRING_BYTES_MAX);
        assert_int_equal(pairing_write(&cases[i], &text, NULL), OK);
        assert_int_equal(pairing_read(buf_span(&text), &read, NULL), OK);
        assert_string_equal(read.did, cases[i].did);
        assert_string_equal(read.url, cases[i].url);
        assert_string_equal(read.cert, cases[i].cert);
        assert_string_equal(read.request, cases[i].request);
        buf_clear(&text);
    }
}

static void it_reads_as_documented(void **state)
{
    (void)state;
    struct pairing pairing = {DID, "https://localhost:8443", CERT, ""};
    struct buf text;
    buf_init(&text, PAIRING_BYTES_MAX);
    assert_int_equal(pairing_write(&pairing, &text, NULL), OK);
    assert_true(span_is(buf_span(&text), DID "?url=https://localhost:8443&cert=" CERT));
    buf_clear(&text);
}

static void refuses_what_is_broken_in_one_place(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        DID,
        DID "?",
        DID "?url=",
        DID "?url=http://localhost:8443",
        DID "?url=https://",
        DID "?url=https://:8443",
        DID "?url=https://localhost:",
        DID "?url=https://localhost:0",
        DID "?url=https://localhost:65536",
        DID "?url=https://localhost:08443",
        DID "?url=https://localhost:8443/",
        DID "?url=https://localhost:8443/v1",
        DID "?url=https://user@localhost:8443",
        DID "?url=https://a..b",
        DID "?url=https://-a",
        DID "?url=https://[::1",
        DID "?url=https://[1]",
        DID "?url=https://[::g]",
        DID "?url=https://localhost:8443\n",
        DID "?url=https://localhost:8443 ",
        DID "?url=https://localhost:8443&cert=",
        DID "?url=https://localhost:8443&request=",
        DID "?url=https://localhost:8443&cert=&request=" REQUEST,
        DID "?url=https://localhost:8443&request=" REQUEST "&cert=" CERT,
        DID "?url=https://localhost:8443&request=" REQUEST "&request=" REQUEST,
        DID "?url=https://localhost:8443&request=z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktI",
        DID "?url=https://localhost:8443&request=" REQUEST "&",
        DID "?url=https://localhost:8443&cert=" CERT "A",
        DID "?url=https://localhost:8443&cert=" CERT "=",
        DID "?url=https://localhost:8443&cert=n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCg",
        DID "?url=https://localhost:8443&cert=n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg",
        /* The last character has bits to spare: one spelling only. */
        DID "?url=https://localhost:8443&cert=n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgh",
        DID "?url=https://localhost:8443&cert=" CERT "&x=1",
        DID "?cert=" CERT "&url=https://localhost:8443",
        DID "X?url=https://localhost:8443",
        "did:web:example.org?url=https://localhost:8443",
        WEBVH "?",
        WEBVH "?url=",
        WEBVH "?cert=" CERT,
        WEBVH "?url=https://localhost:8443&request=" REQUEST, /* its history names that key */
        "did:webvh:QmfGEUAcMpzo25kF2Rhn8L5FAXysfGnkzjwdKoNPi615XQ",
        "did:webvh:Qm0:coop.example",
        "did:key:z6Mk?url=https://localhost:8443",
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct pairing out = {.did = "untouched"};
        enum err err = pairing_read(span_cstr(cases[i]), &out, NULL);
        if (err != ERR_BAD_REQUEST && err != ERR_BAD_DID)
            fail_msg("taken: %s", cases[i]);
        assert_string_equal(out.did, "untouched");
    }
}

static void refuses_a_nul_byte(void **state)
{
    (void)state;
    static const char text[] = DID "?url=https://local\0host";
    struct pairing out;
    assert_int_equal(pairing_read(span_of(text, sizeof(text) - 1), &out, NULL), ERR_BAD_REQUEST);
}

static void refuses_an_address_too_long(void **state)
{
    (void)state;
    char text[PAIRING_BYTES_MAX + 200];
    (void)snprintf(text, sizeof(text), DID "?url=https://%0*d", (int)PAIRING_URL_BYTES_MAX, 1);
    struct pairing out;
    assert_int_equal(pairing_read(span_cstr(text), &out, NULL), ERR_BAD_REQUEST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(it_reads_as_documented),
        cmocka_unit_test(refuses_what_is_broken_in_one_place),
        cmocka_unit_test(refuses_a_nul_byte),
        cmocka_unit_test(refuses_an_address_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

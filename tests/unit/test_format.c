/* Formats where the official suite is not at hand, and what it does not ask. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "proto/schema/format.h"

static void check(const char *name, const char *const *texts, bool expected)
{
    enum format format = format_find(span_cstr(name));
    assert_int_not_equal(format, FORMAT_UNKNOWN);
    for (size_t i = 0; texts[i] != NULL; i++)
        if (format_holds(format, span_cstr(texts[i])) != expected)
            fail_msg("%s: \"%s\" should%s hold", name, texts[i], expected ? "" : " not");
}

#define HOLDS(name, ...) check(name, (const char *const[]){__VA_ARGS__, NULL}, true)
#define REFUSES(name, ...) check(name, (const char *const[]){__VA_ARGS__, NULL}, false)

static void an_unknown_format_always_holds(void **state)
{
    (void)state;
    assert_int_equal(format_find(SPAN_LITERAL("Date")), FORMAT_UNKNOWN);
    assert_int_equal(format_find(SPAN_LITERAL("")), FORMAT_UNKNOWN);
    assert_true(format_holds(FORMAT_UNKNOWN, SPAN_LITERAL("\xff")));
    for (enum format format = FORMAT_UNKNOWN + 1; format < FORMAT_COUNT; format++) {
        assert_int_equal(format_find(span_cstr(format_name(format))), format);
        assert_false(format_holds(format, SPAN_LITERAL("\xff")));
    }
}

static void no_format_holds_a_nul_where_it_has_a_form(void **state)
{
    (void)state;
    assert_false(format_holds(FORMAT_DATE, SPAN_LITERAL("2020-01-01\0")));
    assert_false(format_holds(FORMAT_HOSTNAME, SPAN_LITERAL("a\0b")));
    assert_false(format_holds(FORMAT_IDN_HOSTNAME, SPAN_LITERAL("\u00e9\0b")));
    assert_false(format_holds(FORMAT_EMAIL, SPAN_LITERAL("a\0@b")));
    assert_false(format_holds(FORMAT_URI, SPAN_LITERAL("a:\0")));
    assert_false(format_holds(FORMAT_IPV4, SPAN_LITERAL("1.2.3.4\0")));
    assert_false(format_holds(FORMAT_IPV6, SPAN_LITERAL("::\0")));
    assert_false(format_holds(FORMAT_URI_TEMPLATE, SPAN_LITERAL("a\0")));
    assert_false(format_holds(FORMAT_RELATIVE_JSON_POINTER, SPAN_LITERAL("1\0")));
}

static void times_are_those_of_rfc_3339(void **state)
{
    (void)state;
    HOLDS("date", "2000-02-29", "2024-02-29", "2023-12-31");
    REFUSES("date", "", "1900-02-29", "2023-02-29", "2023-04-31", "2023-00-01", "2023-01-00",
            "2023-1-01", "2023-01-010", "2023/01/01");
    HOLDS("time", "00:00:00Z", "23:59:59.1234567890123+23:59", "15:59:60-08:00");
    REFUSES("time", "", "00:00:00", "00:00:00.Z", "00:00:60Z", "00:00Z", "00:00:00+0000");
    HOLDS("date-time", "1985-04-12t23:20:50.52z", "1990-12-31T23:59:60Z");
    REFUSES("date-time", "1985-04-12 23:20:50Z", "1985-04-12", "1985-04-31T23:20:50Z");
    HOLDS("duration", "P3Y6M4DT12H30M5S", "P2W", "PT0S");
    REFUSES("duration", "", "P", "PT", "P1DT", "P1Y1D", "PT1S1M", "P1M1M", "P1W1D", "P1.5D");
}

static void mailboxes_are_those_of_rfc_5321(void **state)
{
    (void)state;
    HOLDS("email", "a@b", "a.b+c@d-e.fr", "\"a\\\"b\"@c", "a@[1.2.3.4]", "a@[ipv6:::1]");
    REFUSES("email", "", "a", "@b", "a@", "a@-b", "a@b-", "a@b..c", "a@b.", "a..b@c", "\"a@b",
            "a@[1.2.3]", "a@[IPv6:1]", "a@[::1]", "a@[", "\u00e9@b", "a@b\n");
    HOLDS("idn-email", "\u00e9@\u00e9.fr");
    REFUSES("idn-email", "\u00e9", "\u00e9@", "\u00e9 e@b");
}

static void hosts_are_those_of_rfc_1123_and_5890(void **state)
{
    (void)state;
    HOLDS("hostname", "a", "a-b.1c", "xn--bcher-kva.ch", "XN--BCHER-KVA.ch", "1.2.3.4");
    REFUSES("hostname", "", ".", "a.", "-a", "a-", "a_b", "b\u00fccher", "xn--", "xn--a",
            "xn--\u00fc");
    HOLDS("idn-hostname", "b\u00fccher.ch", "l\u00b7l", "\u3042\u30fb", "a\u3002b");
    REFUSES("idn-hostname", "B\u00fccher", "u\u0308ber", "ab--c", "\u00b7", "a.\u05d0.1b",
            "\u05d0"
            "1\u0660",
            "1b.xn--4db");
    HOLDS("ipv4", "0.0.0.0", "255.255.255.255");
    REFUSES("ipv4", "", "1.2.3", "1.2.3.4.", "1.2.3.04", "256.1.1.1", "1.2.3.4.5", "0x1.2.3.4");
    HOLDS("ipv6", "::", "::1", "1::", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:1.2.3.4", "::ffff:1.2.3.4",
          "1:2:3:4:5:6:7::");
    REFUSES("ipv6", "", ":", ":::", "1:", ":1", "1::2::3", "12345::", "1:2:3:4:5:6:7:8:9",
            "1:2:3:4:5:6:7:8::", "::1.2.3", "1.2.3.4", "::1.2.3.4:5", "::1%eth0",
            "1:2:3:4:5:6:7:", "1:2:3:4:5:6:7:1.2.3.4", "g::");
}

static void references_are_those_of_rfc_3986_and_3987(void **state)
{
    (void)state;
    HOLDS("uri", "a:", "a:b", "a+-.1://[::1]:80/p?q#f", "a:?", "urn:a:b", "file:///x", "a://:@:/");
    REFUSES("uri", "", "a", ":a", "1a:b", "a:b c", "a:%4", "a:#b#c", "a://[::1", "a://[::1]x",
            "a://b:c", "a://b@c@d", "a:\u00e9", "a:[", "a://[v1.]", "a:\\");
    HOLDS("uri-reference", "", "a", "/a:b", "./a:b", "?a:b", "#a", "//a", "//a:1/b");
    REFUSES("uri-reference", "1:b", "a b", "//a:b", "##", "\\a");
    HOLDS("iri", "a:\u00e9", "a://\u00e9/\u00e9?\ue000");
    REFUSES("iri", "\u00e9", "a:\ue000", "a:#\ue000", "a:\ufffe");
    HOLDS("iri-reference", "\u00e9", "//\u00e9?\U000f0000");
    REFUSES("iri-reference", "a\u00e9:b", "\u2028\n");
    HOLDS("uri-template", "", "{a}", "x{+a.b,c:10,d*}{?e}", "{%41}", "it's", "\u00e9");
    REFUSES("uri-template", "{", "}", "{}", "{a", "{a,}", "{a:0}", "{a:10000}", "{.}", "{a b}",
            "{a..b}", "%4", "<", "{{a}}");
}

static void pointers_uuids_and_expressions(void **state)
{
    (void)state;
    HOLDS("json-pointer", "", "/", "/a~0~1/b//", "/\u00e9");
    REFUSES("json-pointer", "a", "#", "/~", "/~2", "#/a");
    HOLDS("relative-json-pointer", "0", "12#", "1/a~0");
    REFUSES("relative-json-pointer", "", "01", "-1", "+1", "1a", "1##", "/a", "1/~");
    HOLDS("uuid", "2eb8aa08-aa98-11ea-b4aa-73b441d16380", "2EB8AA08-AA98-11EA-B4AA-73B441D16380");
    REFUSES("uuid", "", "2eb8aa08aa9811eab4aa73b441d16380", "{2eb8aa08-aa98-11ea-b4aa-73b441d1638}",
            "2eb8aa08-aa98-11ea-b4aa-73b441d1638g");
    HOLDS("regex", "", "(?<=a+)b", "[]", "\\p{Lu}");
    REFUSES("regex", "\\a", "(", "(?i)a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_format_always_holds),
        cmocka_unit_test(no_format_holds_a_nul_where_it_has_a_form),
        cmocka_unit_test(times_are_those_of_rfc_3339),
        cmocka_unit_test(mailboxes_are_those_of_rfc_5321),
        cmocka_unit_test(hosts_are_those_of_rfc_1123_and_5890),
        cmocka_unit_test(references_are_those_of_rfc_3986_and_3987),
        cmocka_unit_test(pointers_uuids_and_expressions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

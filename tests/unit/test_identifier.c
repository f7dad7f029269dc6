/* proto/schema/identifier: one form for what is written in many, and the rules of the schemes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "proto/schema/identifier_find.h"
#include "tests/lib/json_case.h"

static void has_form(enum normaliser normaliser, const char *value, const char *form)
{
    struct buf out;
    buf_init(&out, 256);
    identifier_normalise(normaliser, span_cstr(value), &out);
    buf_append_byte(&out, 0);
    assert_int_equal(buf_check(&out), OK);
    assert_string_equal((const char *)out.data, form);
    buf_clear(&out);
}

static void brings_each_value_to_one_form(void **state)
{
    (void)state;
    has_form(NORMALISE_DIGITS,
             " 552 081 317\xc2\xa0"
             "66522 ",
             "55208131766522");
    has_form(NORMALISE_TRIM, "\xc2\xa0 a b \t\xe2\x80\xaf", "a b");
    has_form(NORMALISE_TRIM, "  \t ", "");
    has_form(NORMALISE_UPPER, " w751234567", "W751234567");
    has_form(NORMALISE_LOWER, "Ab\xc3\x89", "ab\xc3\x89");
    has_form(NORMALISE_COMPACT, "fr 40.303-265/045", "FR40303265045");
    has_form(NORMALISE_EMAIL, "MailTo:Contact@Coop.EXAMPLE ", "contact@coop.example");
    has_form(NORMALISE_PHONE, "+33 (0)1 23.45.67.89", "+33123456789");
    has_form(NORMALISE_PHONE, "tel:0033-123456789", "+33123456789");
    has_form(NORMALISE_PHONE, "01 23 45 67 89", "0123456789");
    has_form(NORMALISE_DIGITS, "", "");
}

static void compares_websites_without_scheme_www_and_trailing_slash(void **state)
{
    (void)state;
    const char *same[] = {
        "https://www.Coop.example/",     "http://coop.example", "coop.example/",
        "HTTPS://COOP.EXAMPLE:443/#top", "//www.coop.example.", "http://coop.example:80"};
    for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++)
        has_form(NORMALISE_WEBSITE, same[i], "coop.example");
    has_form(NORMALISE_WEBSITE, "https://coop.example/Boutique/?a=B", "coop.example/Boutique/?a=B");
    has_form(NORMALISE_WEBSITE, "http://coop.example:443", "coop.example:443");
    has_form(NORMALISE_WEBSITE, "https://", "");
}

static void holds(const char *scheme, const char *value)
{
    struct why why = {0};
    if (identifier_check(span_cstr(scheme), span_cstr(value), &why) != OK)
        fail_msg("%s %s is refused: %s", scheme, value, why.rule);
}

static void fails(const char *scheme, const char *value)
{
    struct why why = {0};
    if (identifier_check(span_cstr(scheme), span_cstr(value), &why) == OK)
        fail_msg("%s takes %s", scheme, value);
    assert_non_null(why.rule);
    assert_string_equal(why.found, "");
}

static void takes_french_numbers_whose_sum_holds(void **state)
{
    (void)state;
    holds("FR-SIREN", "552081317");
    fails("FR-SIREN", "552081318");
    fails("FR-SIREN", "55208131");
    fails("FR-SIREN", "5520813170");
    holds("FR-SIRET", "55208131766522");
    fails("FR-SIRET", "55208131766523");
    fails("FR-SIRET", "552081317665");
    fails("FR-SIRET", "5520813176652A");
    holds("FR-RNA", "W751234567");
    holds("FR-RNA", "W9R1234567");
    fails("FR-RNA", "751234567");
    fails("FR-RNA", "W75123456");
    holds("FR-INSEE", "2A004");
    holds("FR-INSEE", "01004");
    fails("FR-INSEE", "1004");
    fails("FR-INSEE", "2C004");
}

/* La Poste's head office holds by Luhn, its other establishments by the sum of their digits. */
static void takes_the_post_offices_that_luhn_refuses(void **state)
{
    (void)state;
    holds("FR-SIRET", "35600000000048");
    holds("FR-SIRET", "35600000049837");
    fails("FR-SIRET", "35600000049838");
    fails("FR-SIRET", "35600100049838");
}

/* Every single wrong digit of a number with a check digit is found. */
static void finds_every_wrong_digit(void **state)
{
    (void)state;
    const struct {
        const char *scheme;
        const char *value;
    } rows[] = {{"FR-SIREN", "552081317"}, {"FR-SIRET", "55208131766522"},
                {"GTIN", "3017620422003"}, {"LEI", "5493001KJTIIGC8Y1R12"},
                {"VAT", "FR40303265045"},  {"VAT", "BE0428759497"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        holds(rows[i].scheme, rows[i].value);
        char broken[32];
        for (size_t at = 0; rows[i].value[at] != '\0'; at++)
            for (char digit = '0'; digit <= '9'; digit++) {
                if (rows[i].value[at] < '0' || rows[i].value[at] > '9' ||
                    rows[i].value[at] == digit)
                    continue;
                memcpy(broken, rows[i].value, strlen(rows[i].value) + 1);
                broken[at] = digit;
                fails(rows[i].scheme, broken);
            }
    }
}

static void takes_other_registers_by_their_shape(void **state)
{
    (void)state;
    holds("GB-COH", "07444723");
    holds("GB-COH", "SC668231");
    holds("GB-COH", "IP27938R");
    fails("GB-COH", "7444723");
    fails("GB-COH", "07444723X");
    holds("GB-MPR", "19025R");
    holds("GB-MPR", "2455RS");
    fails("GB-MPR", "R");
    fails("GB-MPR", "1234567");
    holds("VAT", "DE123456789");
    holds("VAT", "NL123456789B01");
    fails("VAT", "DE12345678");
    fails("VAT", "ZZ123456789");
    fails("VAT", "");
    holds("ISIL", "FR-751131015");
    fails("ISIL", "FRANCE-1");
    fails("ISIL", "FR-");
    fails("GTIN", "301762042");
    holds("WEBSITE", "coop.example/boutique");
    fails("WEBSITE", "coop");
    fails("WEBSITE", "coop..example");
    fails("WEBSITE", "a coop.example");
    fails("WEBSITE", "/path.html");
    holds("EMAIL", "contact@coop.example");
    fails("EMAIL", "contact@coop");
    fails("EMAIL", "@coop.example");
    fails("EMAIL", "a@b@coop.example");
    holds("PHONE", "+33123456789");
    fails("PHONE", "+");
}

static void takes_any_value_of_a_scheme_it_does_not_know(void **state)
{
    (void)state;
    assert_true(identifier_scheme_is_valid(SPAN_LITERAL("XX-MEMBER-2")));
    assert_false(identifier_scheme_is_valid(SPAN_LITERAL("fr-siret")));
    assert_false(identifier_scheme_is_valid(SPAN_LITERAL("X")));
    assert_false(identifier_scheme_is_valid(SPAN_LITERAL("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456")));
    assert_true(identifier_scheme_is_known(SPAN_LITERAL("FR-SIRET")));
    assert_false(identifier_scheme_is_known(SPAN_LITERAL("XX-MEMBER")));
    holds("XX-MEMBER", "anything");
    fails("XX-MEMBER", "");
}

static void reads_normalisers_by_name(void **state)
{
    (void)state;
    enum normaliser normaliser = NORMALISE_TRIM;
    assert_true(normaliser_read(SPAN_LITERAL("website"), &normaliser));
    assert_int_equal(normaliser, NORMALISE_WEBSITE);
    assert_false(normaliser_read(SPAN_LITERAL("shout"), &normaliser));
    assert_int_equal(identifier_normaliser(SPAN_LITERAL("FR-SIRET")), NORMALISE_DIGITS);
    assert_int_equal(identifier_normaliser(SPAN_LITERAL("XX")), NORMALISE_TRIM);
}

struct told {
    struct buf text;
    size_t most;
};

static bool tell(void *ctx, const struct identifier_found *found)
{
    struct told *told = ctx;
    buf_append_span(&told->text, found->scheme);
    buf_append_cstr(&told->text, found->fault == NULL ? "=" : "?");
    buf_append_span(&told->text, found->value);
    buf_append_byte(&told->text, ' ');
    return --told->most > 0;
}

static void a_body_gives_its_identifiers_where_its_type_declares_them(void **state)
{
    (void)state;
    const struct pack_identifier declared[] = {
        {.scheme = SPAN_LITERAL("FR-SIRET"),
         .from = SPAN_LITERAL("/siret"),
         .normalise = SPAN_LITERAL("digits")},
        {.scheme = SPAN_LITERAL("WEBSITE"), .from = SPAN_LITERAL("/sites/*")},
        {.scheme = SPAN_LITERAL("XX-ID"), .from = SPAN_LITERAL("/ids")}};
    const struct pack_type type = {.identifiers = declared, .identifier_count = 3};
    struct json_case json;
    struct told told = {.most = 100};
    json_case_init(&json);
    buf_init(&told.text, 4096);
    struct tree *body = json_case_tree(
        &json,
        "{'siret':'552 081 317 66523','sites':'https://www.X.example/','ids':['a',7,' ',null,{}]}");
    assert_int_equal(identifiers_each(&type, body, tell, &told), OK);
    assert_true(span_is(buf_span(&told.text),
                        "FR-SIRET?55208131766523 WEBSITE=x.example XX-ID=a XX-ID=7 "));
    buf_reset(&told.text);
    told.most = 1;
    body = json_case_tree(&json, "{'siret':55208131766522,'ids':'b'}");
    assert_int_equal(identifiers_each(&type, body, tell, &told), OK);
    assert_true(span_is(buf_span(&told.text), "FR-SIRET=55208131766522 "));
    buf_clear(&told.text);
    json_case_clear(&json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(brings_each_value_to_one_form),
        cmocka_unit_test(compares_websites_without_scheme_www_and_trailing_slash),
        cmocka_unit_test(takes_french_numbers_whose_sum_holds),
        cmocka_unit_test(takes_the_post_offices_that_luhn_refuses),
        cmocka_unit_test(finds_every_wrong_digit),
        cmocka_unit_test(takes_other_registers_by_their_shape),
        cmocka_unit_test(takes_any_value_of_a_scheme_it_does_not_know),
        cmocka_unit_test(reads_normalisers_by_name),
        cmocka_unit_test(a_body_gives_its_identifiers_where_its_type_declares_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

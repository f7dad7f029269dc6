/* Licences: expressions, and a table of questions with the answers that people of the field give.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "proto/record/license.h"

/* A span that a static table may hold. */
#define TEXT(text)                                                                                 \
    {                                                                                              \
        .data = (const uint8_t *)(text), .len = sizeof(text) - 1                                   \
    }

/* As the commons pack declares them. */
static const struct license_grant coopyright_grants[] = {
    {.to = 1u << LICENSE_READER_CONTRIBUTOR,
     .allows = LICENSE_SHARE | LICENSE_ADAPT | LICENSE_TRADE,
     .conditions = LICENSE_CREDIT | LICENSE_ALIKE,
     .as = TEXT("CC-BY-SA-4.0")},
    {.to = 1u << LICENSE_READER_EVERYONE,
     .allows = LICENSE_SHARE,
     .conditions = LICENSE_CREDIT,
     .as = TEXT("CC-BY-NC-ND-4.0")},
};
static const struct license_grant peer_grants[] = {
    {.to = 1u << LICENSE_READER_WORKER_COOPERATIVE,
     .allows = LICENSE_SHARE | LICENSE_ADAPT | LICENSE_TRADE,
     .conditions = LICENSE_CREDIT | LICENSE_ALIKE},
    {.to = 1u << LICENSE_READER_EVERYONE,
     .allows = LICENSE_SHARE | LICENSE_ADAPT,
     .conditions = LICENSE_CREDIT | LICENSE_ALIKE},
};
static const struct license_grant contributive_grants[] = {
    {.to = 1u << LICENSE_READER_EVERYONE,
     .allows = LICENSE_SHARE | LICENSE_ADAPT | LICENSE_TRADE,
     .conditions = LICENSE_CREDIT | LICENSE_RETURN,
     .as = TEXT("CC-BY-4.0")},
};
static const struct license_grant member_grants[] = {
    {.to = 1u << LICENSE_READER_COMMONS_MEMBER, .allows = LICENSE_SHARE},
};
static const struct license_declared declared_items[] = {
    {.id = TEXT("LicenseRef-Coopyright-1.1"), .grants = coopyright_grants, .grant_count = 2},
    {.id = TEXT("LicenseRef-Peer-Production-License"), .grants = peer_grants, .grant_count = 2},
    {.id = TEXT("LicenseRef-Contributive-Commons-BY"),
     .grants = contributive_grants,
     .grant_count = 1},
    {.id = TEXT("LicenseRef-Members-Only"), .grants = member_grants, .grant_count = 1},
};
static const struct license_set declared = {.items = declared_items, .count = 4};

static struct license parsed(const char *text)
{
    struct license license;
    struct why why;
    if (license_parse(span_cstr(text), &license, &why) != OK)
        fail_msg("%s is refused at %u: %s expected, %s found", text, (unsigned)why.position,
                 why.expected, why.found);
    return license;
}

/* ---- Expressions. */

static void binds_with_before_and_before_or(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"MIT", "MIT"},
        {"  MIT  ", "MIT"},
        {"(MIT)", "MIT"},
        {"((MIT))", "MIT"},
        {"GPL-2.0-or-later WITH Classpath-exception-2.0",
         "GPL-2.0-or-later WITH Classpath-exception-2.0"},
        {"MIT OR Apache-2.0 AND ISC", "MIT OR Apache-2.0 AND ISC"},
        {"(MIT OR Apache-2.0) AND ISC", "(MIT OR Apache-2.0) AND ISC"},
        {"MIT AND (ISC OR (0BSD))", "MIT AND (ISC OR 0BSD)"},
        {"(MIT AND ISC) OR 0BSD", "MIT AND ISC OR 0BSD"},
        {"(MIT OR(ISC))", "MIT OR ISC"},
        {"DocumentRef-a:LicenseRef-b.1", "DocumentRef-a:LicenseRef-b.1"},
        {"EUPL-1.1+", "EUPL-1.1+"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct license license = parsed(rows[i][0]);
        struct buf out;
        buf_init(&out, 1024);
        license_append(&license, &out);
        assert_int_equal(buf_check(&out), OK);
        if (!span_is(buf_span(&out), rows[i][1]))
            fail_msg("%s is written %.*s", rows[i][0], (int)out.len, (const char *)out.data);
        buf_clear(&out);
    }
}

static void refuses_what_is_no_expression_and_says_where(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned position;
    } rows[] = {
        {"", 0},
        {"   ", 3},
        {"OR", 0},
        {"MIT OR", 6},
        {"MIT ISC", 4},
        {"MIT and ISC", 4},
        {"(MIT", 4},
        {"MIT)", 3},
        {"()", 1},
        {"MIT WITH", 8},
        {"MIT WITH OR", 9},
        {"AND MIT", 0},
        {"MIT,ISC", 3},
        {"libre de droits", 6},
        {"+MIT", 0},
        {":x", 0},
        {"MIT OR OR ISC", 7},
        {"MIT\tOR ISC", 3},
        {"\xc3\xa9", 0},
        {"WITH x", 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct license license;
        struct why why = {.rule = NULL};
        enum err err = license_parse(span_cstr(rows[i].text), &license, &why);
        if (err != ERR_SYNTAX || why.position != rows[i].position || why.expected[0] == '\0')
            fail_msg("\"%s\": %s at %u", rows[i].text, err_slug(err), (unsigned)why.position);
    }
}

static void bounds_length_and_brackets(void **state)
{
    (void)state;
    char text[LICENSE_BYTES_MAX + 1];
    struct license license;
    memset(text, 'a', sizeof(text));
    assert_int_equal(license_parse(span_of(text, LICENSE_BYTES_MAX), &license, NULL), OK);
    assert_int_equal(license_parse(span_of(text, sizeof(text)), &license, NULL), ERR_LIMIT);
    for (unsigned depth = LICENSE_DEPTH_MAX; depth <= LICENSE_DEPTH_MAX + 1; depth++) {
        memset(text, '(', depth);
        text[depth] = 'a';
        memset(text + depth + 1, ')', depth);
        assert_int_equal(license_parse(span_of(text, 2 * (size_t)depth + 1), &license, NULL),
                         depth <= LICENSE_DEPTH_MAX ? OK : ERR_LIMIT);
    }
    size_t len = 0;
    for (; len + 5 < LICENSE_BYTES_MAX; len += 5)
        memcpy(text + len, "a OR ", 5);
    text[len++] = 'a';
    assert_int_equal(license_parse(span_of(text, len), &license, NULL), OK);
    struct license_terms terms;
    license_terms(&license, LICENSE_READER_EVERYONE, 0, declared, &terms);
    assert_int_equal(terms.count, 1);
    assert_int_equal(terms.answer, LICENSE_UNKNOWN);
}

/* ---- May this reader do that. */

#define YES LICENSE_YES
#define NO LICENSE_NO
#define UNKNOWN LICENSE_UNKNOWN

static void answers_what_a_reader_may_do(void **state)
{
    (void)state;
    static const struct {
        const char *license;
        enum license_reader reader;
        unsigned uses;
        enum license_answer answer;
        const char *as; /* the first part's licence in force */
    } rows[] = {
        {"CC-BY-4.0", LICENSE_READER_EVERYONE, LICENSE_TRADE, YES, "CC-BY-4.0"},
        {"cc-by-4.0", LICENSE_READER_EVERYONE, LICENSE_ADAPT, YES, "cc-by-4.0"},
        {"CC-BY-NC-4.0", LICENSE_READER_NON_PROFIT, LICENSE_ADAPT, YES, "CC-BY-NC-4.0"},
        {"CC-BY-NC-4.0", LICENSE_READER_COMPANY, LICENSE_TRADE, NO, "CC-BY-NC-4.0"},
        {"CC-BY-ND-4.0", LICENSE_READER_COMPANY, LICENSE_TRADE, YES, "CC-BY-ND-4.0"},
        {"CC-BY-ND-4.0", LICENSE_READER_COMPANY, LICENSE_TRADE | LICENSE_ADAPT, NO, "CC-BY-ND-4.0"},
        {"ODbL-1.0", LICENSE_READER_PUBLIC_BODY, LICENSE_SHARE | LICENSE_TRADE, YES, "ODbL-1.0"},
        {"etalab-2.0", LICENSE_READER_COMPANY, LICENSE_TRADE, YES, "etalab-2.0"},
        {"EUPL-1.2+", LICENSE_READER_COMPANY, LICENSE_TRADE, YES, "EUPL-1.2+"},
        {"GPL-3.0+", LICENSE_READER_COMPANY, LICENSE_TRADE, YES, "GPL-3.0+"},
        {"NONE", LICENSE_READER_EVERYONE, LICENSE_SHARE, NO, "NONE"},
        {"NOASSERTION", LICENSE_READER_EVERYONE, LICENSE_SHARE, UNKNOWN, "NOASSERTION"},
        {"LicenseRef-Of-Nobody", LICENSE_READER_EVERYONE, LICENSE_SHARE, UNKNOWN,
         "LicenseRef-Of-Nobody"},
        {"CC-BY-NC-4.0 OR CC-BY-ND-4.0", LICENSE_READER_COMPANY, LICENSE_TRADE, YES,
         "CC-BY-ND-4.0"},
        {"CC-BY-NC-4.0 OR CC-BY-ND-4.0", LICENSE_READER_COMPANY, LICENSE_ADAPT, YES,
         "CC-BY-NC-4.0"},
        {"CC-BY-NC-4.0 AND ODbL-1.0", LICENSE_READER_COMPANY, LICENSE_TRADE, NO, "CC-BY-NC-4.0"},
        {"LicenseRef-Of-Nobody OR MIT", LICENSE_READER_COMPANY, LICENSE_TRADE, YES, "MIT"},
        {"LicenseRef-Of-Nobody AND MIT", LICENSE_READER_COMPANY, LICENSE_TRADE, UNKNOWN,
         "LicenseRef-Of-Nobody"},
        {"LicenseRef-Coopyright-1.1", LICENSE_READER_EVERYONE, LICENSE_SHARE, YES,
         "CC-BY-NC-ND-4.0"},
        {"LicenseRef-Coopyright-1.1", LICENSE_READER_EVERYONE, LICENSE_ADAPT, NO,
         "CC-BY-NC-ND-4.0"},
        {"LicenseRef-Coopyright-1.1", LICENSE_READER_COMMONS_MEMBER, LICENSE_ADAPT, NO,
         "CC-BY-NC-ND-4.0"},
        {"LicenseRef-Coopyright-1.1", LICENSE_READER_CONTRIBUTOR, LICENSE_TRADE, YES,
         "CC-BY-SA-4.0"},
        {"licenseref-coopyright-1.1", LICENSE_READER_CONTRIBUTOR, LICENSE_TRADE, YES,
         "CC-BY-SA-4.0"},
        {"LicenseRef-Peer-Production-License", LICENSE_READER_WORKER_COOPERATIVE, LICENSE_TRADE,
         YES, "LicenseRef-Peer-Production-License"},
        {"LicenseRef-Peer-Production-License", LICENSE_READER_COOPERATIVE, LICENSE_TRADE, NO,
         "LicenseRef-Peer-Production-License"},
        {"LicenseRef-Peer-Production-License", LICENSE_READER_COMPANY, LICENSE_ADAPT, YES,
         "LicenseRef-Peer-Production-License"},
        {"LicenseRef-Members-Only", LICENSE_READER_CONTRIBUTOR, LICENSE_SHARE, YES,
         "LicenseRef-Members-Only"},
        {"LicenseRef-Members-Only", LICENSE_READER_INDIVIDUAL, LICENSE_SHARE, NO,
         "LicenseRef-Members-Only"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct license license = parsed(rows[i].license);
        struct license_terms terms;
        license_terms(&license, rows[i].reader, rows[i].uses, declared, &terms);
        if (terms.answer != rows[i].answer || !span_is(terms.parts[0].as, rows[i].as))
            fail_msg("row %zu, %s: answer %d under %.*s", i, rows[i].license, (int)terms.answer,
                     (int)terms.parts[0].as.len, (const char *)terms.parts[0].as.data);
    }
}

static void adds_up_what_is_owed(void **state)
{
    (void)state;
    struct license_terms terms;
    struct license license = parsed("ODbL-1.0 AND AGPL-3.0-or-later");
    license_terms(&license, LICENSE_READER_EVERYONE, 0, declared, &terms);
    assert_int_equal(terms.count, 2);
    assert_int_equal(terms.conditions, LICENSE_CREDIT | LICENSE_ALIKE | LICENSE_DATABASE |
                                           LICENSE_SOURCE | LICENSE_NETWORK);
    license = parsed("MIT OR CC0-1.0");
    license_terms(&license, LICENSE_READER_EVERYONE, 0, declared, &terms);
    assert_int_equal(terms.conditions, 0);
    assert_true(span_is(terms.parts[0].id, "CC0-1.0"));
    license = parsed("LicenseRef-Contributive-Commons-BY");
    license_terms(&license, LICENSE_READER_EVERYONE, 0, declared, &terms);
    assert_int_equal(terms.conditions, LICENSE_CREDIT | LICENSE_RETURN);
    assert_ptr_equal(terms.parts[0].declared, &declared_items[2]);
}

/* ---- May this go into that. */

static void answers_what_may_go_into_what(void **state)
{
    (void)state;
    static const struct {
        const char *from;
        const char *into;
        enum license_reader reader;
        enum license_answer answer;
        enum license_reason reason;
    } rows[] = {
        /* Two maps: Karte von morgen under ODbL, others under something else. */
        {"CC0-1.0", "ODbL-1.0", LICENSE_READER_EVERYONE, YES, LICENSE_REASON_FREE},
        {"ODbL-1.0", "CC0-1.0", LICENSE_READER_EVERYONE, NO, LICENSE_REASON_STAYS},
        {"ODbL-1.0", "ODbL-1.0", LICENSE_READER_EVERYONE, YES, LICENSE_REASON_SAME},
        {"ODbL-1.0", "CC-BY-SA-4.0", LICENSE_READER_EVERYONE, NO, LICENSE_REASON_STAYS},
        {"CC-BY-SA-4.0", "ODbL-1.0", LICENSE_READER_EVERYONE, NO, LICENSE_REASON_STAYS},
        {"etalab-2.0", "ODbL-1.0", LICENSE_READER_EVERYONE, YES, LICENSE_REASON_FREE},
        {"etalab-2.0", "CC-BY-4.0", LICENSE_READER_EVERYONE, YES, LICENSE_REASON_FREE},
        {"OGL-UK-3.0", "ODbL-1.0", LICENSE_READER_EVERYONE, YES, LICENSE_REASON_FREE},
        {"ODC-By-1.0", "ODbL-1.0", LICENSE_READER_EVERYONE, YES, LICENSE_REASON_FREE},
        {"CC-BY-4.0", "ODbL-1.0", LICENSE_READER_EVERYONE, NO, LICENSE_REASON_PAIR},
        {"CC-BY-4.0", "CC0-1.0", LICENSE_READER_EVERYONE, NO, LICENSE_REASON_CREDIT},
        {"PDDL-1.0", "CC0-1.0", LICENSE_READER_EVERYONE, YES, LICENSE_REASON_FREE},
        {"CC-BY-4.0", "CC-BY-SA-4.0", LICENSE_READER_EVERYONE, YES, LICENSE_REASON_FREE},
        {"CC-BY-4.0", "CC-BY-NC-4.0", LICENSE_READER_EVERYONE, YES, LICENSE_REASON_FREE},
        {"CC-BY-NC-4.0", "CC-BY-4.0", LICENSE_READER_NON_PROFIT, NO, LICENSE_REASON_TRADE},
        {"CC-BY-NC-4.0", "CC-BY-NC-SA-4.0", LICENSE_READER_EVERYONE, YES, LICENSE_REASON_FREE},
        {"CC-BY-SA-4.0", "CC-BY-NC-SA-4.0", LICENSE_READER_EVERYONE, NO, LICENSE_REASON_STAYS},
        {"CC-BY-SA-3.0", "CC-BY-SA-4.0", LICENSE_READER_EVERYONE, YES, LICENSE_REASON_ONE_WAY},
        {"CC-BY-SA-4.0", "CC-BY-SA-3.0", LICENSE_READER_EVERYONE, NO, LICENSE_REASON_STAYS},
        {"CC-BY-ND-4.0", "CC-BY-ND-4.0", LICENSE_READER_EVERYONE, NO, LICENSE_REASON_NO_CHANGE},
        {"NONE", "CC0-1.0", LICENSE_READER_EVERYONE, NO, LICENSE_REASON_NO_CHANGE},
        {"NOASSERTION", "CC0-1.0", LICENSE_READER_EVERYONE, UNKNOWN, LICENSE_REASON_UNKNOWN_FROM},
        {"MIT", "LicenseRef-Of-Nobody", LICENSE_READER_EVERYONE, UNKNOWN,
         LICENSE_REASON_UNKNOWN_INTO},
        /* Programs. */
        {"MIT", "AGPL-3.0-or-later", LICENSE_READER_EVERYONE, YES, LICENSE_REASON_FREE},
        {"AGPL-3.0-or-later", "MIT", LICENSE_READER_EVERYONE, NO, LICENSE_REASON_STAYS},
        {"Apache-2.0", "GPL-3.0-or-later", LICENSE_READER_EVERYONE, YES, LICENSE_REASON_FREE},
        {"Apache-2.0", "GPL-2.0-only", LICENSE_READER_EVERYONE, NO, LICENSE_REASON_PAIR},
        {"GPL-2.0-only", "GPL-3.0-only", LICENSE_READER_EVERYONE, NO, LICENSE_REASON_STAYS},
        {"GPL-2.0-or-later", "AGPL-3.0-only", LICENSE_READER_EVERYONE, YES, LICENSE_REASON_ONE_WAY},
        {"GPL-3.0", "AGPL-3.0", LICENSE_READER_EVERYONE, YES, LICENSE_REASON_ONE_WAY},
        {"gpl-3.0+", "GPL-3.0-or-later", LICENSE_READER_EVERYONE, YES, LICENSE_REASON_SAME},
        {"LGPL-2.1-or-later", "GPL-3.0-only", LICENSE_READER_EVERYONE, YES, LICENSE_REASON_ONE_WAY},
        {"MPL-2.0", "GPL-2.0-only", LICENSE_READER_EVERYONE, YES, LICENSE_REASON_ONE_WAY},
        {"CECILL-2.1", "AGPL-3.0-or-later", LICENSE_READER_EVERYONE, YES, LICENSE_REASON_ONE_WAY},
        {"EUPL-1.2", "AGPL-3.0-only", LICENSE_READER_EVERYONE, YES, LICENSE_REASON_ONE_WAY},
        {"AGPL-3.0-only", "EUPL-1.2", LICENSE_READER_EVERYONE, NO, LICENSE_REASON_STAYS},
        {"GPL-2.0-or-later WITH Classpath-exception-2.0", "GPL-3.0-only", LICENSE_READER_EVERYONE,
         YES, LICENSE_REASON_ONE_WAY},
        /* Joined. */
        {"GPL-2.0-only OR MIT", "GPL-3.0-only", LICENSE_READER_EVERYONE, YES, LICENSE_REASON_FREE},
        {"GPL-2.0-only AND MIT", "GPL-3.0-only", LICENSE_READER_EVERYONE, NO, LICENSE_REASON_STAYS},
        {"MIT", "AGPL-3.0-only OR CC0-1.0", LICENSE_READER_EVERYONE, NO, LICENSE_REASON_CREDIT},
        {"CC0-1.0", "MIT AND CC-BY-SA-4.0", LICENSE_READER_EVERYONE, YES, LICENSE_REASON_FREE},
        /* Reciprocity: the answer changes with who asks. */
        {"LicenseRef-Coopyright-1.1", "CC-BY-SA-4.0", LICENSE_READER_CONTRIBUTOR, YES,
         LICENSE_REASON_SAME},
        {"LicenseRef-Coopyright-1.1", "CC-BY-SA-4.0", LICENSE_READER_COMPANY, NO,
         LICENSE_REASON_NO_CHANGE},
        {"LicenseRef-Coopyright-1.1", "GPL-3.0-only", LICENSE_READER_CONTRIBUTOR, YES,
         LICENSE_REASON_ONE_WAY},
        {"LicenseRef-Peer-Production-License", "CC-BY-SA-4.0", LICENSE_READER_WORKER_COOPERATIVE,
         NO, LICENSE_REASON_STAYS},
        {"LicenseRef-Peer-Production-License", "LicenseRef-Peer-Production-License",
         LICENSE_READER_COMPANY, YES, LICENSE_REASON_SAME},
        {"LicenseRef-Contributive-Commons-BY", "CC-BY-4.0", LICENSE_READER_EVERYONE, UNKNOWN,
         LICENSE_REASON_RETURN},
        {"LicenseRef-Contributive-Commons-BY", "LicenseRef-Contributive-Commons-BY",
         LICENSE_READER_EVERYONE, YES, LICENSE_REASON_SAME},
        {"LicenseRef-Contributive-Commons-BY", "CC-BY-SA-4.0", LICENSE_READER_EVERYONE, UNKNOWN,
         LICENSE_REASON_RETURN},
        {"CC-BY-4.0", "LicenseRef-Coopyright-1.1", LICENSE_READER_EVERYONE, YES,
         LICENSE_REASON_FREE},
        {"CC-BY-SA-4.0", "LicenseRef-Coopyright-1.1", LICENSE_READER_CONTRIBUTOR, NO,
         LICENSE_REASON_STAYS},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct license from = parsed(rows[i].from);
        struct license into = parsed(rows[i].into);
        struct license_mix mix;
        license_mix(&from, &into, rows[i].reader, declared, &mix);
        if (mix.answer != rows[i].answer || mix.reason != rows[i].reason)
            fail_msg("row %zu, %s into %s: answer %d, reason %d", i, rows[i].from, rows[i].into,
                     (int)mix.answer, (int)mix.reason);
    }
}

static void tells_the_reason_in_both_languages(void **state)
{
    (void)state;
    struct license from = parsed("ODbL-1.0");
    struct license into = parsed("CC-BY-SA-4.0");
    struct license_mix mix;
    struct buf out;
    buf_init(&out, 1024);
    license_mix(&from, &into, LICENSE_READER_EVERYONE, declared, &mix);
    license_reason_append(&mix, LANG_EN, &out);
    assert_true(span_is(buf_span(&out), "a mixture with ODbL-1.0 has to stay under ODbL-1.0, and "
                                        "this would be under CC-BY-SA-4.0"));
    buf_reset(&out);
    from = parsed("Apache-2.0");
    into = parsed("GPL-2.0-only");
    license_mix(&from, &into, LICENSE_READER_EVERYONE, declared, &mix);
    license_reason_append(&mix, LANG_FR, &out);
    assert_true(span_starts_with(buf_span(&out), SPAN_LITERAL("la clause sur les brevets")));
    buf_clear(&out);
}

/* ---- The table itself. */

static bool is_row(struct span id)
{
    for (size_t i = 0; i < license_row_count(); i++) {
        if (license_same(id, span_cstr(license_row_at(i)->id)))
            return true;
    }
    return false;
}

static void names_only_licences_that_it_has(void **state)
{
    (void)state;
    for (size_t i = 0; i < license_row_count(); i++) {
        const struct license_row *row = license_row_at(i);
        for (size_t j = 0; j < i; j++)
            assert_false(license_same(span_cstr(row->id), span_cstr(license_row_at(j)->id)));
        if (row->into[0] == '\0')
            continue;
        assert_true((row->conditions & LICENSE_ALIKE) != 0);
        for (const char *at = row->into; *at != '\0';) {
            size_t len = strcspn(at, " ");
            if (!is_row(span_of(at, len)))
                fail_msg("%s goes into %.*s, which has no row", row->id, (int)len, at);
            at += len;
            at += strspn(at, " ");
        }
    }
}

static void mixes_every_licence_with_itself_if_it_may_be_changed(void **state)
{
    (void)state;
    for (size_t i = 0; i < license_row_count(); i++) {
        const struct license_row *row = license_row_at(i);
        struct license license = parsed(row->id);
        struct license_mix mix;
        license_mix(&license, &license, LICENSE_READER_EVERYONE, declared, &mix);
        assert_int_equal(mix.answer, (row->allows & LICENSE_ADAPT) != 0 ? YES : NO);
    }
}

static void reads_its_own_words(void **state)
{
    (void)state;
    for (unsigned i = 0; i < LICENSE_READER_COUNT; i++) {
        enum license_reader reader;
        assert_true(
            license_reader_read(span_cstr(license_reader_slug((enum license_reader)i)), &reader));
        assert_int_equal(reader, i);
        assert_true(license_reader_is(reader, LICENSE_READER_EVERYONE));
        assert_true(license_reader_text(reader, LANG_FR)[0] != '\0');
    }
    enum license_use use;
    enum license_condition condition;
    assert_true(license_use_read(span_cstr("commercial"), &use));
    assert_int_equal(1u << use, LICENSE_TRADE);
    assert_true(license_condition_read(span_cstr("reciprocity"), &condition));
    assert_int_equal(1u << condition, LICENSE_RETURN);
    assert_false(license_use_read(span_cstr("sell"), &use));
    assert_true(license_reader_is(LICENSE_READER_WORKER_COOPERATIVE, LICENSE_READER_COMPANY));
    assert_false(license_reader_is(LICENSE_READER_EVERYONE, LICENSE_READER_COMPANY));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(binds_with_before_and_before_or),
        cmocka_unit_test(refuses_what_is_no_expression_and_says_where),
        cmocka_unit_test(bounds_length_and_brackets),
        cmocka_unit_test(answers_what_a_reader_may_do),
        cmocka_unit_test(adds_up_what_is_owed),
        cmocka_unit_test(answers_what_may_go_into_what),
        cmocka_unit_test(tells_the_reason_in_both_languages),
        cmocka_unit_test(names_only_licences_that_it_has),
        cmocka_unit_test(mixes_every_licence_with_itself_if_it_may_be_changed),
        cmocka_unit_test(reads_its_own_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

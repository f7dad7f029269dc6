/* Expressions: what is taken, what is refused and where, what matches, and that it ends. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "proto/limits.h"
#include "proto/schema/pattern.h"
#include "proto/schema/pattern_capture.h"
#include "proto/schema/pattern_ecma.h"

static struct pattern *compiled(const char *source)
{
    struct pattern *pattern = NULL;
    struct why why = {0};
    if (pattern_compile(span_cstr(source), &pattern, &why) != OK)
        fail_msg("%s: %s (byte %u)", source, why.rule, (unsigned)why.position);
    return pattern;
}

static void expect(const char *source, struct span subject, enum pattern_verdict verdict)
{
    struct pattern_scratch *scratch = pattern_scratch_new();
    struct pattern *pattern = compiled(source);
    struct pattern *general = NULL;
    assert_int_equal(pattern_compile_general(span_cstr(source), &general, NULL), OK);
    if (pattern_match(pattern, scratch, subject) != verdict ||
        pattern_match(general, scratch, subject) != verdict)
        fail_msg("%s on \"%.*s\" is not %d", source, (int)subject.len, (const char *)subject.data,
                 (int)verdict);
    pattern_free(pattern);
    pattern_free(general);
    pattern_scratch_free(scratch);
}

static void yes(const char *source, const char *subject)
{
    expect(source, span_cstr(subject), PATTERN_YES);
}

static void no(const char *source, const char *subject)
{
    expect(source, span_cstr(subject), PATTERN_NO);
}

static void refused(const char *source, enum err err, unsigned position)
{
    struct pattern *pattern = NULL;
    struct why why = {0};
    enum err found = pattern_compile(span_cstr(source), &pattern, &why);
    if (found != err || why.position != position)
        fail_msg("%s: %s at %u, not %s at %u", source, err_slug(found), (unsigned)why.position,
                 err_slug(err), position);
    assert_non_null(why.rule);
    assert_null(pattern);
}

static void matches_anywhere_unless_anchored(void **state)
{
    (void)state;
    yes("a+", "xxaayy");
    yes("", "");
    yes("", "x");
    yes("^", "x");
    yes("$", "x");
    yes("^$", "");
    no("^$", "x");
    yes("^x-", "x-a");
    no("^x-", "ax-");
    yes("bc$", "abc");
    no("bc$", "abcd");
    yes("abc", "xabcx");
    no("abc", "ab");
    yes("a|bc", "xbc");
    no("^(?:a|bc)$", "abc");
    yes("^(a|bc)$", "bc");
    yes("^(a|bc)", "bcd");
    no("(a|bc)$", "bcd");
    yes("a$|^b", "bx");
    yes("default|^[0-9]+$", "x default");
    no("default|^[0-9]+$", "1x");
}

static void dollar_is_the_end_and_dot_no_line_end(void **state)
{
    (void)state;
    no("^abc$", "abc\n");
    no("^.$", "\n");
    no("^.$", "\r");
    no("^.$", "\u2028");
    no("^.$", "\u2029");
    yes("^.$", "\xc2\x85");
    yes("^.$", "\U0001F432");
    no("^.+$", "a\nb");
    yes("^[^]$", "\n");
    no("[]", "a");
    yes("a[]*b", "ab");
    expect("^.$", span_of("\0", 1), PATTERN_YES);
    expect("^\\0$", span_of("\0", 1), PATTERN_YES);
    expect("^[\\0-\\x1f]+$", span_of("\0\x1f", 2), PATTERN_YES);
}

static void classes_are_those_of_ecma(void **state)
{
    (void)state;
    yes("^\\s+$", "\t\n\v\f\r \u00a0\u1680\u2000\u200a\u2028\u2029\u202f\u205f\u3000\ufeff");
    no("\\s", "\u180e\u200b\xc2\x85");
    no("\\S", "\u3000\ufeff");
    no("\\d", "\u0660");
    no("\\w", "\u00e9");
    yes("^\\W$", "\u00e9");
    yes("^[\\W\\d]+$", "\u00e9"
                       "1");
    no("^[^\\W]$", "-");
    yes("\\bcole\\b", "\u00e9cole");
    no("\\Bcole", "\u00e9cole");
    yes("^[\\b]$", "\b");
    yes("^[-a]$", "-");
    yes("^[a-]$", "-");
    yes("^[--/]$", ".");
    yes("^[0-9a-z-_.]+$", "a-_.9");
    yes("^[\\]\\\\^]+$", "]\\^");
    yes("^\\p{Letter}\\p{Lu}\\P{L}$", "\u00e9\u00c91");
    yes("^[\\p{L}\\d ]+$", "\u00e9 1");
    no("^[^\\p{L}]$", "\u00e9");
    yes("^\\p{digit}$", "\u0669");
    yes("^\\p{Script=Greek}\\p{sc=Latin}$", "\u03b1a");
    yes("^\\p{Script_Extensions=Hiragana}$", "\u3042");
    yes("^\\p{Assigned}\\P{Assigned}$", "a\u0378");
    yes("^[^\\P{Assigned}]$", "a");
}

static void escapes_are_those_of_ecma(void **state)
{
    (void)state;
    yes("^\\cC\\cj$", "\x03\n");
    yes("^\\x41\\u0042\\u{43}\\u{00044}$", "ABCD");
    yes("^\\uD83D\\uDC32$", "\U0001F432");
    yes("^[\\uD83D\\uDC30-\\uD83D\\uDC32]+$", "\U0001F431\U0001F432");
    yes("^\\u{1F432}*$", "\U0001F432\U0001F432");
    no("^\U0001F432*$", "\U0001F409");
    no("\\uD83D", "\U0001F432");
    no("^[\\uD800-\\uDFFF]$", "\U0001F432");
    yes("^[\\uD7FF-\\uE000]+$", "\uD7FF\uE000");
    yes("^\\/\\%\\&\\-\\\"\\'\\#\\@$", "/%&-\"'#@");
    yes("^\\$\\{\\}\\[\\]\\|\\.$", "${}[]|.");
    yes("^a#b c$", "a#b c");
}

static void groups_references_and_look_around(void **state)
{
    (void)state;
    yes("^(?<n>a|b)\\k<n>$", "bb");
    no("^(?<n>a|b)\\k<n>$", "ab");
    yes("^\\k<n>(?<n>a)$", "a");
    yes("^(a)?\\1b$", "b");
    yes("^(a)(b)\\2\\1$", "abba");
    yes("a(?=b)", "ab");
    no("a(?!b)", "ab");
    yes("(?<=a)b", "ab");
    no("(?<!a)b", "ab");
    yes("(?<=a|bc)d", "bcd");
    yes("^a{2}?$", "aa");
    yes("^(?:ab){2,3}$", "ababab");
    no("^(?:ab){2,3}$", "abababab");
    yes("^(?:a|b|ab)*c$", "ababc");
    yes("^(?:(?:){3}|a)*b$", "aab");
    yes("^(?:a{0,2}){2}$", "aaaa");
    no("^(?:a{0,2}){2}$", "aaaaa");
    yes("^(?:^a|\\bb)$", "b");
}

static void refuses_what_is_another_dialects(void **state)
{
    (void)state;
    refused("x\\a", ERR_BAD_PATTERN, 1);
    refused("\\Z", ERR_BAD_PATTERN, 0);
    refused("\\z", ERR_BAD_PATTERN, 0);
    refused("\\A", ERR_BAD_PATTERN, 0);
    refused("\\Qa\\E", ERR_BAD_PATTERN, 0);
    refused("\\h", ERR_BAD_PATTERN, 0);
    refused("a(?P<n>x)", ERR_BAD_PATTERN, 1);
    refused("(?#c)a", ERR_BAD_PATTERN, 0);
    refused("(?i)a", ERR_BAD_PATTERN, 0);
    refused("(?>a)", ERR_BAD_PATTERN, 0);
    refused("(?|a)", ERR_BAD_PATTERN, 0);
    refused("(?R)", ERR_BAD_PATTERN, 0);
    refused("(*UCP)a", ERR_BAD_PATTERN, 1);
    refused("a++", ERR_BAD_PATTERN, 2);
    refused("a*+", ERR_BAD_PATTERN, 2);
    refused("\\pL", ERR_BAD_PATTERN, 1);
    refused("\\p{letter}", ERR_BAD_PATTERN, 1);
    refused("\\p{Greek}", ERR_BAD_PATTERN, 1);
    refused("a\\p{Script=Klingon}", ERR_BAD_PATTERN, 1);
}

static void refuses_what_is_malformed_and_says_where(void **state)
{
    (void)state;
    refused("(a", ERR_BAD_PATTERN, 2);
    refused("a)", ERR_BAD_PATTERN, 1);
    refused("^(abc]", ERR_BAD_PATTERN, 5);
    refused("a[b", ERR_BAD_PATTERN, 1);
    refused("[b-a]", ERR_BAD_PATTERN, 1);
    refused("[\\w-.]", ERR_BAD_PATTERN, 1);
    refused("*a", ERR_BAD_PATTERN, 0);
    refused("a**", ERR_BAD_PATTERN, 2);
    refused("^*", ERR_BAD_PATTERN, 1);
    refused("(?=a)*", ERR_BAD_PATTERN, 5);
    refused("a{2,1}", ERR_BAD_PATTERN, 1);
    refused("a{,2}", ERR_BAD_PATTERN, 1);
    refused("a{", ERR_BAD_PATTERN, 1);
    refused("a}", ERR_BAD_PATTERN, 1);
    refused("a\\", ERR_BAD_PATTERN, 1);
    refused("\\c1", ERR_BAD_PATTERN, 0);
    refused("\\x4", ERR_BAD_PATTERN, 0);
    refused("\\u{110000}", ERR_BAD_PATTERN, 0);
    refused("\\u{}", ERR_BAD_PATTERN, 0);
    refused("\\01", ERR_BAD_PATTERN, 0);
    refused("(a)\\2", ERR_BAD_PATTERN, 3);
    refused("\\k<n>", ERR_BAD_PATTERN, 0);
    refused("\\k", ERR_BAD_PATTERN, 0);
    refused("(?<1>a)", ERR_BAD_PATTERN, 3);
    refused("(?<n>a)(?<n>b)", ERR_BAD_PATTERN, 0);
    refused("\xff", ERR_BAD_TEXT, 0);
    refused("x(?<=a+)b", ERR_BAD_PATTERN, 1);
    assert_int_equal(pattern_check(span_cstr("x(?<=a+)b"), NULL), OK);
    assert_int_equal(pattern_check(span_cstr("x(?<=a+b"), NULL), ERR_BAD_PATTERN);
}

static void repeated(char *out, const char *part, unsigned count)
{
    *out = 0;
    for (unsigned i = 0; i < count; i++)
        out = stpcpy(out, part);
}

static void refuses_what_is_too_large(void **state)
{
    (void)state;
    static char source[4 * PATTERN_BYTES_MAX];
    repeated(source, "a", PATTERN_BYTES_MAX);
    pattern_free(compiled(source));
    repeated(source, "a", PATTERN_BYTES_MAX + 1);
    refused(source, ERR_LIMIT, PATTERN_BYTES_MAX);
    repeated(source, "(?:", PATTERN_DEPTH_MAX + 1);
    refused(source, ERR_LIMIT, 3 * PATTERN_DEPTH_MAX);
    repeated(source, "()", PATTERN_GROUPS_MAX + 1);
    refused(source, ERR_LIMIT, 2 * PATTERN_GROUPS_MAX);
    refused("a{65536}", ERR_LIMIT, 1);
    refused("a{0,99999999999999999999}", ERR_LIMIT, 1);
    refused("(?:(?:(?:ab|c){1000}){1000}){1000}", ERR_LIMIT, 0);
    refused("(?:(?:(?:(?:){65535}){65535}){65535}){65535}", ERR_LIMIT, 0);
    pattern_free(compiled("(?:(?:(?:){9}){9}){9}"));
    pattern_free(compiled("(?:(?:(?:a?){0,500})?)*"));
}

static void knows_what_is_simple(void **state)
{
    (void)state;
    static const char *const simple[] = {
        "",
        "^",
        "$",
        "^$",
        ".*",
        "(.*)",
        ".+",
        "^.+$",
        "^.*$",
        "^\\S*$",
        "^abc",
        "abc$",
        "^abc$",
        "abc",
        "^(a|bc)$",
        "^(?:a|b)",
        "(a|b)$",
        "a|b",
        "^[a-z]+$",
        "^[a-z]{2}$",
        "^x-",
        "[0-9]",
        "^[0-9]{5}$",
        "^\\d{4}-\\d{2}$",
        "^[@$_#]",
        "^a[0-9]",
        "^:[0-9]+$",
        "^\\/",
        "^3\\.1\\.\\d+$",
        "^[a-z]+(_[a-z]+)$",
        "^[Bb][Ee]$",
        "^a?b?c$",
        "^(?:0[xX])[0-9a-f]{1,8}$",
        "^a*",
        "\\w+",
    };
    for (size_t i = 0; i < sizeof(simple) / sizeof(simple[0]); i++) {
        struct pattern *pattern = compiled(simple[i]);
        if (!pattern_is_simple(pattern))
            fail_msg("%s is not simple", simple[i]);
        pattern_free(pattern);
    }
    static const char *const others[] = {
        ":[0-9]", "^[a-z]+(-[a-z]+)?$", "^.*b", "^a*a$", "(a)\\1", "^(a|b)+$", "^a|b$", "a\\b",
        "\\p{L}", "^a?[ab]$",
    };
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct pattern *pattern = compiled(others[i]);
        assert_false(pattern_is_simple(pattern));
        pattern_free(pattern);
    }
}

/* The verdict on as many a and an exclamation mark. */
static enum pattern_verdict on_long(const char *source, size_t bytes)
{
    char *text = malloc(bytes);
    assert_non_null(text);
    memset(text, 'a', bytes);
    text[bytes - 1] = '!';
    struct pattern *pattern = compiled(source);
    struct pattern_scratch *scratch = pattern_scratch_new();
    enum pattern_verdict verdict = pattern_match(pattern, scratch, span_of(text, bytes));
    pattern_scratch_free(scratch);
    pattern_free(pattern);
    free(text);
    return verdict;
}

static void decides_hostile_expressions_that_can_be_linear(void **state)
{
    (void)state;
    static const char *const sources[] = {
        "^(a+)+$", "^(a|aa)+$", "(?:a*)*[bc]",           "^(?:(?:(?:a*)*)*)*[bc]",
        "a+[bc]",  ".*.*=.*",   "^a*?a*?a*?a*?a*?[bc]$", "(.*)(.*)(.*)(.*)(.*)(.*)[xy]",
    };
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        assert_int_equal(on_long(sources[i], 33), PATTERN_NO);
        assert_int_equal(on_long(sources[i], PATTERN_SUBJECT_BYTES_MAX), PATTERN_NO);
    }
    assert_int_equal(on_long("a(?:a|aa)+!", PATTERN_SUBJECT_BYTES_MAX), PATTERN_YES);
}

static void gives_up_on_others_and_never_calls_it_a_match(void **state)
{
    (void)state;
    assert_int_equal(on_long("^(a+)+\\1[bc]$", 40), PATTERN_LIMIT);
    assert_int_equal(on_long("(?:\\p{L}*)*\\p{M}", 40), PATTERN_LIMIT);
    assert_int_equal(on_long("(?=(a+))\\1+[bc]", PATTERN_SUBJECT_BYTES_MAX), PATTERN_LIMIT);
    assert_int_equal(on_long("^(?:(?!a*[bc])a)*$", PATTERN_SUBJECT_BYTES_MAX), PATTERN_LIMIT);
    assert_int_equal(on_long("^a", PATTERN_SUBJECT_BYTES_MAX), PATTERN_YES);
    assert_int_equal(on_long("^a", PATTERN_SUBJECT_BYTES_MAX + 1), PATTERN_LIMIT);
}

static void every_property_of_ecma_is_known(void **state)
{
    (void)state;
    static const char *const names[] = {
#define CATEGORY(short_name, long_name, alias, pcre) short_name, long_name, alias,
#define BINARY(long_name, alias, pcre) long_name, alias,
#include "proto/schema/properties.def"
#undef CATEGORY
#undef BINARY
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char source[80];
        if (*names[i] == 0)
            continue;
        (void)snprintf(source, sizeof(source), "^[^\\p{%s}]|\\P{%s}$", names[i], names[i]);
        pattern_free(compiled(source));
    }
    pattern_free(compiled("\\p{General_Category=Lu}\\p{gc=Letter}"));
    refused("\\p{gc=Alphabetic}", ERR_BAD_PATTERN, 1);
    pattern_free(compiled("\\p{Script=Phags_Pa}\\p{sc=Nko}\\p{Script=Old_North_Arabian}"));
}

static void patterns_of_real_schemas_compile(void **state)
{
    (void)state;
    static const char *const sources[] = {
        "^(!?[-\\w_\\s]+)|(\\*)$",
        "^(?=!+[^!*,;{}[\\]~\\n]+$)(?=(.*\\w)).+$",
        "^(?:@[0-9a-z-_.]+\\/)?[a-z][0-9a-z-_.]*$",
        "^\\/[^\\*\\?\\&\\%]*(\\/\\*)?$",
        "^[0-9]+(ns|ms|us|\u00b5s|s|m|h)$",
        "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(?:\\.\\d+)?Z$",
        "^(0|[1-9]\\d*)\\.(0|[1-9]\\d*)(?:-((?:0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)))?$",
    };
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
        pattern_free(compiled(sources[i]));
}

static void captures_the_groups_of_a_general_pattern(void **state)
{
    (void)state;
    struct pattern *pattern = NULL;
    struct pattern_scratch *scratch = pattern_scratch_new();
    assert_int_equal(
        pattern_compile_general(SPAN_LITERAL("(?<year>\\d+)-(\\d+)(x)?"), &pattern, NULL), OK);
    assert_int_equal(pattern_groups(pattern), 3);
    struct pattern_group groups[PATTERN_CAPTURES_MAX];
    assert_int_equal(
        pattern_capture(pattern, scratch, SPAN_LITERAL("in 2024-05 and 2025-06"), 5, groups),
        PATTERN_YES);
    assert_int_equal(groups[0].first, 5);
    assert_int_equal(groups[1].last, 7);
    assert_int_equal(groups[2].first, 8);
    assert_true(groups[3].first > groups[3].last);
    pattern_free(pattern);
    pattern_scratch_free(scratch);
}

static void *match_often(void *shared)
{
    struct pattern_scratch *scratch = pattern_scratch_new();
    uintptr_t right = 1;
    for (unsigned i = 0; i < 500; i++)
        for (unsigned k = 0; k < 3; k++) {
            struct pattern *const *patterns = shared;
            right &= pattern_match(patterns[k], scratch, SPAN_LITERAL("ab ab!")) == PATTERN_YES;
            right &= pattern_match(patterns[k], scratch, SPAN_LITERAL("zz")) == PATTERN_NO;
        }
    pattern_scratch_free(scratch);
    return (void *)right;
}

static void one_pattern_serves_many_threads(void **state)
{
    (void)state;
    struct pattern *patterns[] = {compiled("^[ab !]+$"), compiled("(ab) \\1"),
                                  compiled("(?:a|ab)(?:b?) a")};
    pthread_t threads[4];
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, match_often, patterns), 0);
    for (unsigned i = 0; i < 4; i++) {
        void *right = NULL;
        assert_int_equal(pthread_join(threads[i], &right), 0);
        assert_non_null(right);
    }
    for (unsigned i = 0; i < 3; i++)
        pattern_free(patterns[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_anywhere_unless_anchored),
        cmocka_unit_test(dollar_is_the_end_and_dot_no_line_end),
        cmocka_unit_test(classes_are_those_of_ecma),
        cmocka_unit_test(escapes_are_those_of_ecma),
        cmocka_unit_test(groups_references_and_look_around),
        cmocka_unit_test(refuses_what_is_another_dialects),
        cmocka_unit_test(refuses_what_is_malformed_and_says_where),
        cmocka_unit_test(refuses_what_is_too_large),
        cmocka_unit_test(knows_what_is_simple),
        cmocka_unit_test(decides_hostile_expressions_that_can_be_linear),
        cmocka_unit_test(gives_up_on_others_and_never_calls_it_a_match),
        cmocka_unit_test(every_property_of_ecma_is_known),
        cmocka_unit_test(patterns_of_real_schemas_compile),
        cmocka_unit_test(captures_the_groups_of_a_general_pattern),
        cmocka_unit_test(one_pattern_serves_many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

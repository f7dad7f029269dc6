/* What one change of a schema does, and that the answer errs on the safe side. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "proto/json/jcs.h"
#include "proto/schema/diff.h"

static const struct tape_limits limits = {.bytes_max = 1u << 20, .depth_max = 64};

struct change {
    const char *before;
    const char *after;
    enum diff_verdict verdict;
    const char *place; /* of the first finding; NULL: there is none */
    enum diff_rule rule;
};

static void canonical(const char *text, struct buf *out)
{
    struct jcs *jcs = jcs_new();
    assert_non_null(jcs);
    assert_int_equal(jcs_canonicalise(jcs, span_cstr(text), &limits, out, NULL), OK);
    jcs_free(jcs);
}

static void compare(const char *before, const char *after, struct diff *out)
{
    struct buf a;
    struct buf b;
    buf_init(&a, limits.bytes_max);
    buf_init(&b, limits.bytes_max);
    canonical(before, &a);
    canonical(after, &b);
    assert_int_equal(schema_diff(buf_span(&a), buf_span(&b), out, NULL), OK);
    buf_clear(&b);
    buf_clear(&a);
}

static enum diff_verdict mirrored(enum diff_verdict verdict)
{
    return verdict == DIFF_BACKWARD  ? DIFF_FORWARD
           : verdict == DIFF_FORWARD ? DIFF_BACKWARD
                                     : verdict;
}

static void holds(const struct change *changes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct change *c = &changes[i];
        struct diff diff;
        compare(c->before, c->after, &diff);
        if (diff_verdict(&diff) != c->verdict)
            fail_msg("%s -> %s: %s, not %s", c->before, c->after,
                     diff_verdict_name(diff_verdict(&diff)), diff_verdict_name(c->verdict));
        assert_int_equal(diff.count > 0, c->place != NULL);
        if (c->place != NULL) {
            assert_string_equal(diff.findings[0].place, c->place);
            assert_int_equal(diff.findings[0].rule, c->rule);
        }
        diff_clear(&diff);
        compare(c->after, c->before, &diff);
        assert_int_equal(diff_verdict(&diff), mirrored(c->verdict));
        diff_clear(&diff);
    }
}
#define HOLDS(changes) holds(changes, sizeof(changes) / sizeof(changes[0]))

static void words_alone_change_nothing(void **state)
{
    (void)state;
    const struct change changes[] = {
        {"{\"type\":\"string\"}", "{\"type\":\"string\",\"title\":\"Nom\",\"examples\":[1]}",
         DIFF_FULL, NULL, 0},
        {"true", "{}", DIFF_FULL, NULL, 0},
        {"{\"minLength\":0}", "{}", DIFF_FULL, NULL, 0},
        {"{\"type\":[\"string\",\"null\"]}", "{\"type\":[\"null\",\"string\"]}", DIFF_FULL, NULL,
         0},
        {"{\"type\":[\"number\",\"integer\"]}", "{\"type\":\"number\"}", DIFF_FULL, NULL, 0},
        {"{\"properties\":{\"a\":{\"$ref\":\"#/$defs/"
         "x\"}},\"$defs\":{\"x\":{\"type\":\"string\"}}}",
         "{\"properties\":{\"a\":{\"type\":\"string\"}}}", DIFF_FULL, NULL, 0},
    };
    HOLDS(changes);
}

static void what_takes_more_is_backward_compatible(void **state)
{
    (void)state;
    const struct change changes[] = {
        {"{\"type\":\"integer\"}", "{\"type\":\"number\"}", DIFF_BACKWARD, "", DIFF_TYPES_MORE},
        {"{\"required\":[\"a\",\"b\"]}", "{\"required\":[\"a\"]}", DIFF_BACKWARD, "/b",
         DIFF_REQUIRED_NO_MORE},
        {"{\"enum\":[1]}", "{\"enum\":[1,\"x\"]}", DIFF_BACKWARD, "", DIFF_VALUES_MORE},
        {"{\"maximum\":3}", "{\"maximum\":4}", DIFF_BACKWARD, "", DIFF_BOUND_LOOSER},
        {"{\"minLength\":3}", "{}", DIFF_BACKWARD, "", DIFF_RULE_REMOVED},
        {"{\"pattern\":\"^a\"}", "{}", DIFF_BACKWARD, "", DIFF_RULE_REMOVED},
        {"{\"anyOf\":[{\"type\":\"string\"}]}",
         "{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"null\"}]}", DIFF_BACKWARD, "",
         DIFF_BRANCH_ADDED},
        {"{\"properties\":{\"a\":{\"type\":\"string\"}},\"additionalProperties\":false}",
         "{\"properties\":{\"a\":{\"type\":\"string\"},\"b\":{\"type\":\"string\"}},"
         "\"additionalProperties\":false}",
         DIFF_BACKWARD, "/b", DIFF_SOMETHING_ALLOWED},
        {"{\"items\":{\"type\":\"string\"}}", "{\"items\":{}}", DIFF_BACKWARD, "/*",
         DIFF_RULE_REMOVED},
        {"{\"$ref\":\"#/$defs/x\",\"$defs\":{\"x\":{\"minimum\":2}}}",
         "{\"$ref\":\"#/$defs/x\",\"$defs\":{\"x\":{\"minimum\":1}}}", DIFF_BACKWARD, "",
         DIFF_BOUND_LOOSER},
    };
    HOLDS(changes);
}

static void a_place_is_named_down_to_the_leaf(void **state)
{
    (void)state;
    const struct change changes[] = {
        {"{\"properties\":{\"adresse\":{\"properties\":{\"code/postal\":{}}}}}",
         "{\"properties\":{\"adresse\":{\"properties\":{\"code/postal\":{\"maxLength\":5}}}}}",
         DIFF_FORWARD, "/adresse/code~1postal", DIFF_RULE_ADDED},
        {"{\"properties\":{\"tags\":{\"items\":{\"enum\":[\"a\",\"b\"]}}}}",
         "{\"properties\":{\"tags\":{\"items\":{\"enum\":[\"a\"]}}}}", DIFF_FORWARD, "/tags/*",
         DIFF_VALUES_FEWER},
        {"{\"prefixItems\":[{},{}]}", "{\"prefixItems\":[{},{\"type\":\"null\"}]}", DIFF_FORWARD,
         "/1", DIFF_RULE_ADDED},
    };
    for (size_t i = 0; i < 3; i++) {
        struct diff diff;
        compare(changes[i].before, changes[i].after, &diff);
        assert_int_equal(diff_verdict(&diff), changes[i].verdict);
        assert_string_equal(diff.findings[0].place, changes[i].place);
        assert_int_equal(diff.findings[0].rule, changes[i].rule);
        diff_clear(&diff);
    }
}

static void what_cannot_be_told_counts_as_both(void **state)
{
    (void)state;
    const struct change changes[] = {
        {"{\"pattern\":\"^a\"}", "{\"pattern\":\"^b\"}", DIFF_BREAKING, "", DIFF_RULE_CHANGED},
        {"{\"not\":{\"type\":\"null\"}}", "{\"not\":{\"type\":\"string\"}}", DIFF_BREAKING, "",
         DIFF_RULE_CHANGED},
        {"{\"contains\":{},\"minContains\":0}", "{\"contains\":{}}", DIFF_BREAKING, "",
         DIFF_RULE_CHANGED},
        {"{\"oneOf\":[{\"type\":\"string\"}]}",
         "{\"oneOf\":[{\"type\":\"string\"},{\"minLength\":2}]}", DIFF_BREAKING, "",
         DIFF_BRANCH_ADDED},
        {"{\"not\":{\"$ref\":\"#/$defs/x\"},\"$defs\":{\"x\":{\"minimum\":2}}}",
         "{\"not\":{\"$ref\":\"#/$defs/x\"},\"$defs\":{\"x\":{\"minimum\":1}}}", DIFF_BREAKING, "",
         DIFF_RULE_CHANGED},
        {"{\"oneOf\":[{\"$ref\":\"#/$defs/x\"}],\"$defs\":{\"x\":{\"minimum\":2}}}",
         "{\"oneOf\":[{\"$ref\":\"#/$defs/x\"}],\"$defs\":{\"x\":{\"minimum\":1}}}", DIFF_BREAKING,
         "", DIFF_RULE_CHANGED},
        {"{\"patternProperties\":{\"^x\":{}},\"additionalProperties\":false}",
         "{\"properties\":{\"xa\":{\"type\":\"null\"}},\"patternProperties\":{\"^x\":{}},"
         "\"additionalProperties\":false}",
         DIFF_BREAKING, "/xa", DIFF_RULE_CHANGED},
        {"{\"$ref\":\"#n\",\"$defs\":{\"x\":{\"$anchor\":\"n\",\"minimum\":2}}}",
         "{\"$ref\":\"#n\",\"$defs\":{\"x\":{\"$anchor\":\"n\",\"minimum\":1}}}", DIFF_BREAKING, "",
         DIFF_RULE_CHANGED},
    };
    HOLDS(changes);
    struct diff diff;
    compare("{\"allOf\":[{\"properties\":{\"a\":{}}}],\"unevaluatedProperties\":false}",
            "{\"allOf\":[{\"properties\":{\"a\":{},\"b\":{\"type\":\"null\"}}}],"
            "\"unevaluatedProperties\":false}",
            &diff);
    assert_int_equal(diff_verdict(&diff), DIFF_BREAKING);
    diff_clear(&diff);
}

static void recursion_ends_and_doubling_is_given_up(void **state)
{
    (void)state;
    struct diff diff;
    compare("{\"properties\":{\"next\":{\"$ref\":\"#\"}}}",
            "{\"properties\":{\"next\":{\"$ref\":\"#\"},\"n\":{\"type\":\"null\"}}}", &diff);
    assert_int_equal(diff_verdict(&diff), DIFF_FORWARD);
    assert_int_equal(diff.count, 1);
    diff_clear(&diff);

    struct buf texts[2];
    for (int side = 0; side < 2; side++) {
        buf_init(&texts[side], 1u << 20);
        buf_append_cstr(&texts[side], "{\"$ref\":\"#/$defs/a\",\"$defs\":{");
        for (char c = 'a'; c < 'z'; c++) {
            char level[96];
            (void)snprintf(
                level, sizeof(level),
                "\"%c\":{\"allOf\":[{\"$ref\":\"#/$defs/%c\"},{\"$ref\":\"#/$defs/%c\"}]},", c,
                c + 1, c + 1);
            buf_append_cstr(&texts[side], level);
        }
        buf_append_cstr(&texts[side],
                        side == 0 ? "\"z\":{\"minimum\":1}}}" : "\"z\":{\"minimum\":2}}}");
        buf_append_byte(&texts[side], 0);
    }
    compare((const char *)texts[0].data, (const char *)texts[1].data, &diff);
    assert_true(diff_verdict(&diff) == DIFF_BREAKING || diff_verdict(&diff) == DIFF_FORWARD);
    assert_true(diff.count <= DIFF_FINDINGS_MAX);
    diff_clear(&diff);
    buf_clear(&texts[0]);
    buf_clear(&texts[1]);
}

static void every_rule_speaks_both_languages(void **state)
{
    (void)state;
    for (int rule = 0; rule < DIFF_RULE_COUNT; rule++) {
        struct diff_finding finding = {.rule = (enum diff_rule)rule, .detail = "x"};
        struct buf text[2];
        for (int lang = 0; lang < 2; lang++) {
            buf_init(&text[lang], 1024);
            diff_sentence(&finding, (enum lang)lang, &text[lang]);
            assert_true(text[lang].len > 10);
            assert_null(memchr(text[lang].data, '%', text[lang].len));
        }
        assert_false(span_equal(buf_span(&text[0]), buf_span(&text[1])));
        buf_clear(&text[0]);
        buf_clear(&text[1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_alone_change_nothing),
        cmocka_unit_test(what_takes_more_is_backward_compatible),
        cmocka_unit_test(a_place_is_named_down_to_the_leaf),
        cmocka_unit_test(what_cannot_be_told_counts_as_both),
        cmocka_unit_test(recursion_ends_and_doubling_is_given_up),
        cmocka_unit_test(every_rule_speaks_both_languages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

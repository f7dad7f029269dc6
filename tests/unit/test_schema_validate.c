/* What a validator says of a value: errors with their places, in both languages, limits as verdicts
 * of their own, on any part of a tape. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "proto/json/jcs.h"
#include "proto/schema/explain.h"

struct judge {
    struct schema *schema;
    struct validator *validator;
    struct schema_report *report;
    struct schema_options options;
    struct buf text;
    struct buf sentence;
    struct tape tape;
};

static int set_up(void **state)
{
    struct judge *j = calloc(1, sizeof(*j));
    j->validator = validator_new();
    j->report = schema_report_new();
    buf_init(&j->text, 1u << 24);
    buf_init(&j->sentence, 1u << 16);
    tape_init(&j->tape);
    *state = j;
    return 0;
}

static int tear_down(void **state)
{
    struct judge *j = *state;
    schema_free(j->schema);
    validator_free(j->validator);
    schema_report_free(j->report);
    buf_clear(&j->text);
    buf_clear(&j->sentence);
    tape_clear(&j->tape);
    free(j);
    return 0;
}

static void use(struct judge *j, const char *schema)
{
    struct schema_refusal refusal;
    schema_free(j->schema);
    j->schema = NULL;
    if (schema_compile_text(NULL, SPAN_LITERAL("https://example.org/s"), span_cstr(schema),
                            &j->options, &j->schema, &refusal) != OK)
        fail_msg("%s: %s at %s", schema, refusal.rule, refusal.pointer);
}

static void scan(struct judge *j, struct span json)
{
    static const struct tape_limits limits = {.bytes_max = 1u << 24, .depth_max = 1000};
    struct jcs *jcs = jcs_new();
    buf_reset(&j->text);
    assert_int_equal(jcs_canonicalise(jcs, json, &limits, &j->text, NULL), OK);
    assert_int_equal(tape_scan(&j->tape, buf_span(&j->text), &limits, NULL), OK);
    jcs_free(jcs);
}

static enum verdict explain(struct judge *j, const char *json)
{
    scan(j, span_cstr(json));
    enum verdict fast = schema_holds(j->schema, j->validator, &j->tape, buf_span(&j->text), 0);
    enum verdict verdict =
        schema_explain(j->schema, j->validator, &j->tape, buf_span(&j->text), 0, NULL, j->report);
    assert_int_equal(fast, verdict);
    return verdict;
}

static void assert_span(struct span found, const char *expected)
{
    if (!span_is(found, expected))
        fail_msg("%.*s is not %s", (int)found.len, (const char *)found.data, expected);
}

static void assert_unit(struct judge *j, uint32_t index, const char *instance, const char *keyword)
{
    assert_true(index < schema_report_count(j->report));
    struct schema_unit unit = schema_report_unit(j->report, index);
    assert_span(unit.instance_location, instance);
    assert_span(unit.keyword_location, keyword);
}

static void assert_sentence(struct judge *j, uint32_t index, enum lang lang, const char *expected)
{
    struct schema_unit unit = schema_report_unit(j->report, index);
    buf_reset(&j->sentence);
    schema_error_sentence(&unit, lang, &j->sentence);
    assert_span(buf_span(&j->sentence), expected);
}

static void errors_name_both_places(void **state)
{
    struct judge *j = *state;
    use(j, "{\"properties\":{\"a/b~\":{\"$ref\":\"#/$defs/short\"}},\"required\":[\"x\",\"y\"],"
           "\"$defs\":{\"short\":{\"maxLength\":2}}}");
    assert_int_equal(explain(j, "{\"a/b~\":\"long\",\"x\":1}"), SCHEMA_INVALID);
    assert_int_equal(schema_report_count(j->report), 2);
    assert_unit(j, 0, "", "/required");
    assert_unit(j, 1, "/a~1b~0", "/properties/a~1b~0/$ref/maxLength");
    struct schema_unit unit = schema_report_unit(j->report, 1);
    assert_span(unit.absolute_location, "https://example.org/s#/$defs/short/maxLength");
    assert_span(unit.keyword, "maxLength");
    assert_span(unit.expected, "2");
    assert_span(unit.actual, "4");
}

static void every_error_has_a_sentence_in_both_languages(void **state)
{
    struct judge *j = *state;
    static const struct {
        const char *schema;
        const char *value;
        const char *english;
        const char *french;
    } cases[] = {
        {"{\"properties\":{\"p\":{\"type\":[\"number\",\"null\"]}}}", "{\"p\":\"secret\"}",
         "/p must be a number or null, and is a string.",
         "/p doit être un nombre ou null, et est une chaîne."},
        {"{\"required\":[\"nom\"]}", "{}", "The value must have the field nom.",
         "La valeur doit avoir le champ nom."},
        {"false", "1", "The value is not allowed here.", "La valeur n'est pas permis ici."},
        {"{\"additionalProperties\":false}", "{\"x\":1}", "/x is not allowed here.",
         "/x n'est pas permis ici."},
        {"{\"enum\":[\"a\",1]}", "\"secret\"", "The value must be one of [\"a\",1].",
         "La valeur doit être l'une des valeurs [\"a\",1]."},
        {"{\"multipleOf\":0.01}", "0.015", "The value must be a multiple of 0.01.",
         "La valeur doit être un multiple de 0.01."},
        {"{\"exclusiveMaximum\":10}", "10", "The value must be less than 10.",
         "La valeur doit être inférieur à 10."},
        {"{\"pattern\":\"^a\"}", "\"secret\"", "The value must match the pattern \"^a\".",
         "La valeur doit correspondre au motif \"^a\"."},
        {"{\"uniqueItems\":true}", "[1,\"secret\",2,\"secret\"]",
         "The value must not have the same item twice: see items 1, 3.",
         "La valeur ne doit pas avoir deux fois le même élément : voir les éléments 1, 3."},
        {"{\"oneOf\":[true,{\"type\":\"string\"}]}", "\"secret\"",
         "The value must have exactly one of the 2 forms that the schema names, and has 2.",
         "La valeur doit avoir exactement une des 2 formes que le schéma indique, et en a 2."},
        {"{\"dependentRequired\":{\"a\":[\"b\"]}}", "{\"a\":1}",
         "The value must have the field b, since it has a.",
         "La valeur doit avoir le champ b, puisqu'il a a."},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        use(j, cases[i].schema);
        assert_int_equal(explain(j, cases[i].value), SCHEMA_INVALID);
        assert_sentence(j, 0, LANG_EN, cases[i].english);
        assert_sentence(j, 0, LANG_FR, cases[i].french);
    }
}

static void nothing_of_the_value_is_repeated(void **state)
{
    struct judge *j = *state;
    struct buf out;
    buf_init(&out, 1u << 20);
    use(j, "{\"items\":{\"type\":\"integer\",\"enum\":[1],\"minLength\":99,\"pattern\":\"^a\","
           "\"const\":2,\"anyOf\":[{\"minLength\":50},{\"format\":\"date\"}],\"not\":{\"type\":"
           "\"string\"}},\"uniqueItems\":true}");
    assert_int_equal(explain(j, "[\"sesame\",\"sesame\"]"), SCHEMA_INVALID);
    schema_report_write(j->report, SCHEMA_INVALID, LANG_FR, &out);
    buf_append_byte(&out, 0);
    assert_null(strstr((const char *)out.data, "sesame"));
    assert_true(schema_report_count(j->report) > 10);
    buf_clear(&out);
}

static void a_choice_is_told_before_what_its_branches_lack(void **state)
{
    struct judge *j = *state;
    use(j, "{\"anyOf\":[{\"type\":\"string\"},{\"required\":[\"a\"]}]}");
    assert_int_equal(explain(j, "{}"), SCHEMA_INVALID);
    assert_unit(j, 0, "", "/anyOf");
    assert_unit(j, 1, "", "/anyOf/0/type");
    assert_unit(j, 2, "", "/anyOf/1/required");
    struct explain_options first = {.errors_max = 1};
    assert_int_equal(
        schema_explain(j->schema, j->validator, &j->tape, buf_span(&j->text), 0, &first, j->report),
        SCHEMA_INVALID);
    assert_int_equal(schema_report_count(j->report), 1);
    assert_unit(j, 0, "", "/anyOf");
    assert_true(schema_report_is_cut(j->report));
}

static void what_passing_branches_complained_of_is_dropped(void **state)
{
    struct judge *j = *state;
    use(j, "{\"anyOf\":[{\"type\":\"string\"},true],\"if\":{\"type\":\"string\"},\"else\":{"
           "\"required\":[\"a\"]}}");
    assert_int_equal(explain(j, "{}"), SCHEMA_INVALID);
    assert_int_equal(schema_report_count(j->report), 1);
    assert_unit(j, 0, "", "/else/required");
}

static void annotations_of_a_valid_value_are_those_that_apply(void **state)
{
    struct judge *j = *state;
    struct explain_options options = {.annotations = true};
    use(j, "{\"title\":\"t\",\"anyOf\":[{\"type\":\"string\",\"default\":1},{\"readOnly\":true}]}");
    scan(j, SPAN_LITERAL("{}"));
    assert_int_equal(schema_explain(j->schema, j->validator, &j->tape, buf_span(&j->text), 0,
                                    &options, j->report),
                     SCHEMA_VALID);
    assert_int_equal(schema_report_count(j->report), 2);
    struct buf out;
    buf_init(&out, 1u << 16);
    schema_report_write(j->report, SCHEMA_VALID, LANG_EN, &out);
    struct tape tape;
    tape_init(&tape);
    assert_int_equal(tape_scan(&tape, buf_span(&out), &tape_record_limits, NULL), OK);
    buf_append_byte(&out, 0);
    assert_non_null(strstr((const char *)out.data, "\"annotation\":\"t\""));
    assert_non_null(strstr((const char *)out.data, "/anyOf/1/readOnly"));
    assert_null(strstr((const char *)out.data, "default"));
    tape_clear(&tape);
    buf_clear(&out);
}

static void runs_on_a_part_of_a_line(void **state)
{
    struct judge *j = *state;
    use(j, "{\"type\":\"object\",\"properties\":{\"n\":{\"type\":\"integer\"}},"
           "\"unevaluatedProperties\":false}");
    scan(j, SPAN_LITERAL("{\"audience\":\"public\",\"body\":{\"n\":1},\"other\":{\"n\":\"x\"}}"));
    struct span text = buf_span(&j->text);
    uint32_t body = tape_member(&j->tape, text, 0, SPAN_LITERAL("body"));
    uint32_t other = tape_member(&j->tape, text, 0, SPAN_LITERAL("other"));
    assert_int_equal(schema_holds(j->schema, j->validator, &j->tape, text, body), SCHEMA_VALID);
    assert_int_equal(schema_holds(j->schema, j->validator, &j->tape, text, 0), SCHEMA_INVALID);
    assert_int_equal(
        schema_explain(j->schema, j->validator, &j->tape, text, other, NULL, j->report),
        SCHEMA_INVALID);
    assert_unit(j, 0, "/n", "/properties/n/type");
}

static void numbers_are_exact(void **state)
{
    struct judge *j = *state;
    static const struct {
        const char *schema;
        const char *value;
        enum verdict verdict;
    } cases[] = {
        {"{\"multipleOf\":0.01}", "19.99", SCHEMA_VALID},
        {"{\"multipleOf\":0.01}", "4.35", SCHEMA_VALID},
        {"{\"multipleOf\":0.1}", "0.35", SCHEMA_INVALID},
        {"{\"multipleOf\":0.123456789}", "1e308", SCHEMA_INVALID},
        {"{\"multipleOf\":1e-8}", "12391239123", SCHEMA_VALID},
        {"{\"multipleOf\":7}", "1e21", SCHEMA_INVALID},
        {"{\"multipleOf\":8}", "1e21", SCHEMA_VALID},
        {"{\"multipleOf\":1e300}", "5", SCHEMA_INVALID},
        {"{\"multipleOf\":1e300}", "0", SCHEMA_VALID},
        {"{\"type\":\"integer\"}", "1e21", SCHEMA_VALID},
        {"{\"type\":\"integer\"}", "1.0", SCHEMA_VALID},
        {"{\"type\":\"integer\"}", "1e-7", SCHEMA_INVALID},
        {"{\"not\":{\"type\":\"integer\"}}", "1e21", SCHEMA_INVALID},
        {"{\"const\":1.0}", "1", SCHEMA_VALID},
        {"{\"enum\":[true]}", "1", SCHEMA_INVALID},
        {"{\"enum\":[\"1\",2,3,4,5,6,7,8,9,10,11]}", "1", SCHEMA_INVALID},
        {"{\"minimum\":9007199254740993}", "9007199254740992", SCHEMA_VALID},
        {"{\"uniqueItems\":true}", "[1,true,0,false,\"1\",null,[],{},[1],1.5,\"\"]", SCHEMA_VALID},
        {"{\"uniqueItems\":true}", "[1,2,3,4,5,6,7,8,9,1.0]", SCHEMA_INVALID},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        use(j, cases[i].schema);
        if (explain(j, cases[i].value) != cases[i].verdict)
            fail_msg("%s with %s", cases[i].schema, cases[i].value);
    }
}

static void keys_are_found_however_they_are_written(void **state)
{
    struct judge *j = *state;
    /* Escapes, characters beyond the BMP, long common beginnings: both kinds of table. */
    use(j, "{\"properties\":{\"a\\\"b\":false,\"\\n\":false,\"\\u00e9t\\u00e9\":false,"
           "\"\\ud83d\\ude00\":false,\"\\ufb33\":false},\"required\":[\"ok\"]}");
    assert_int_equal(explain(j, "{\"ok\":1}"), SCHEMA_VALID);
    assert_int_equal(explain(j, "{\"ok\":1,\"a\\\"b\":1}"), SCHEMA_INVALID);
    assert_int_equal(explain(j, "{\"ok\":1,\"\\n\":1}"), SCHEMA_INVALID);
    assert_int_equal(explain(j, "{\"ok\":1,\"\xc3\xa9t\xc3\xa9\":1}"), SCHEMA_INVALID);
    assert_int_equal(explain(j, "{\"ok\":1,\"\\ud83d\\ude00\":1}"), SCHEMA_INVALID);
    assert_int_equal(explain(j, "{\"ok\":1,\"\\ufb33\":1}"), SCHEMA_INVALID);
    use(j, "{\"properties\":{\"description\":{\"type\":\"string\"},\"descriptions\":{\"type\":"
           "\"array\"},\"descript\":{\"type\":\"null\"},\"b\":{\"type\":\"integer\"}},"
           "\"required\":[\"b\",\"descriptions\"],\"additionalProperties\":false}");
    assert_int_equal(
        explain(j, "{\"b\":1,\"descript\":null,\"description\":\"\",\"descriptions\":[]}"),
        SCHEMA_VALID);
    assert_int_equal(explain(j, "{\"b\":1,\"descriptions\":[]}"), SCHEMA_VALID);
    assert_int_equal(explain(j, "{\"b\":1,\"description\":\"\"}"), SCHEMA_INVALID);
    assert_int_equal(explain(j, "{\"\\n\":1,\"b\":1,\"descriptions\":[]}"), SCHEMA_INVALID);
    assert_int_equal(explain(j, "{\"b\":1,\"descriptiom\":[],\"descriptions\":[]}"),
                     SCHEMA_INVALID);
    assert_int_equal(explain(j, "{\"b\":1,\"descriptions\":[],\"zz\":1}"), SCHEMA_INVALID);
}

static void tagged_unions_are_decided_by_their_tag_alone_when_it_is_there(void **state)
{
    struct judge *j = *state;
    use(j, "{\"oneOf\":[{\"type\":\"object\",\"required\":[\"k\"],\"properties\":{\"k\":{\"const\":"
           "\"a\"},\"v\":{\"type\":\"array\"}}},{\"type\":\"object\",\"required\":[\"k\"],"
           "\"properties\":{\"k\":{\"enum\":[\"b\",\"a\"]},\"v\":{\"type\":\"string\"}}},{\"type\":"
           "\"object\",\"required\":[\"k\"],\"properties\":{\"k\":{\"type\":\"string\",\"not\":{"
           "\"enum\":[\"a\",\"b\"]}}}},{\"type\":\"integer\"},{\"type\":\"object\",\"required\":["
           "\"z\"]}]}");
    assert_int_equal(explain(j, "{\"k\":\"a\",\"v\":[]}"), SCHEMA_VALID);
    assert_int_equal(explain(j, "{\"k\":\"a\",\"v\":\"\"}"), SCHEMA_VALID);
    assert_int_equal(explain(j, "{\"k\":\"a\"}"), SCHEMA_INVALID);
    assert_int_equal(explain(j, "{\"k\":\"b\"}"), SCHEMA_VALID);
    assert_int_equal(explain(j, "{\"k\":\"b\",\"v\":[]}"), SCHEMA_INVALID);
    assert_int_equal(explain(j, "{\"k\":\"c\"}"), SCHEMA_VALID);
    assert_int_equal(explain(j, "{\"k\":\"c\",\"z\":1}"), SCHEMA_INVALID);
    assert_int_equal(explain(j, "{\"k\":7,\"z\":1}"), SCHEMA_VALID);
    assert_int_equal(explain(j, "{\"k\":7}"), SCHEMA_INVALID);
    assert_int_equal(explain(j, "{\"z\":7}"), SCHEMA_VALID);
    assert_int_equal(explain(j, "3"), SCHEMA_VALID);
    assert_int_equal(explain(j, "{}"), SCHEMA_INVALID);
}

static void formats_decide_only_when_asked(void **state)
{
    struct judge *j = *state;
    use(j, "{\"format\":\"date\"}");
    assert_int_equal(explain(j, "\"2026-02-30\""), SCHEMA_VALID);
    j->options.assert_formats = true;
    use(j, "{\"format\":\"date\"}");
    assert_int_equal(explain(j, "\"2026-02-30\""), SCHEMA_INVALID);
    assert_int_equal(explain(j, "\"2026-02-28\""), SCHEMA_VALID);
}

/* ---- limits ---- */

static void assert_limit(struct judge *j, const char *limit)
{
    assert_int_equal(schema_holds(j->schema, j->validator, &j->tape, buf_span(&j->text), 0),
                     SCHEMA_LIMIT);
    assert_string_equal(validator_limit(j->validator), limit);
    assert_int_equal(
        schema_explain(j->schema, j->validator, &j->tape, buf_span(&j->text), 0, NULL, j->report),
        SCHEMA_LIMIT);
    assert_string_equal(validator_limit(j->validator), limit);
}

static void steps_are_bounded_whatever_the_schema(void **state)
{
    struct judge *j = *state;
    char schema[4096];
    size_t len = 0;
    len += (size_t)snprintf(schema, sizeof(schema), "{\"$ref\":\"#/$defs/l0\",\"$defs\":{");
    for (int i = 0; i < 24; i++)
        len += (size_t)snprintf(schema + len, sizeof(schema) - len,
                                "\"l%d\":{\"oneOf\":[{\"$ref\":\"#/$defs/l%d\"},{\"$ref\":\"#/"
                                "$defs/l%d\"}]},",
                                i, i + 1, i + 1);
    (void)snprintf(schema + len, sizeof(schema) - len, "\"l24\":{\"minLength\":9}}}");
    use(j, schema);
    scan(j, SPAN_LITERAL("\"x\""));
    assert_limit(j, "SCHEMA_RUN_STEPS_MAX");
    j->options.limits.run_steps_max = 10;
    use(j, "{\"items\":{\"minLength\":1}}");
    scan(j, SPAN_LITERAL("[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\",\"i\",\"j\",\"k\",\"l\","
                         "\"m\"]"));
    assert_limit(j, "SCHEMA_RUN_STEPS_MAX");
}

static void depth_is_bounded_whatever_the_value(void **state)
{
    struct judge *j = *state;
    struct buf deep;
    buf_init(&deep, 4096);
    for (int i = 0; i < 900; i++)
        buf_append_byte(&deep, '[');
    for (int i = 0; i < 900; i++)
        buf_append_byte(&deep, ']');
    use(j, "{\"items\":{\"$ref\":\"#\"},\"maxItems\":1}");
    scan(j, buf_span(&deep));
    assert_limit(j, "SCHEMA_RUN_DEPTH_MAX");
    buf_clear(&deep);
}

static void hostile_patterns_end_in_a_limit_or_a_verdict(void **state)
{
    struct judge *j = *state;
    struct buf subject;
    buf_init(&subject, 1u << 20);
    buf_append_byte(&subject, '"');
    for (int i = 0; i < 20000; i++)
        buf_append_byte(&subject, 'a');
    buf_append_cstr(&subject, "!\"");
    use(j, "{\"pattern\":\"^(a+)+\\\\1$\"}");
    scan(j, buf_span(&subject));
    assert_int_not_equal(schema_holds(j->schema, j->validator, &j->tape, buf_span(&j->text), 0),
                         SCHEMA_VALID);
    buf_clear(&subject);
}

static void marks_are_bounded(void **state)
{
    struct judge *j = *state;
    j->options.limits.run_marks_bytes_max = 16;
    use(j, "{\"anyOf\":[{\"properties\":{\"a\":true}},{\"properties\":{\"b\":true}}],"
           "\"unevaluatedProperties\":{\"type\":\"integer\"}}");
    struct buf text;
    buf_init(&text, 1u << 20);
    buf_append_byte(&text, '{');
    for (unsigned i = 0; i < 200; i++) {
        buf_append_cstr(&text, i == 0 ? "\"k" : ",\"k");
        buf_append_u64(&text, i);
        buf_append_cstr(&text, "\":1");
    }
    buf_append_byte(&text, '}');
    scan(j, buf_span(&text));
    assert_limit(j, "SCHEMA_RUN_MARKS_BYTES_MAX");
    buf_clear(&text);
}

static void a_limit_is_not_invalid_even_under_not(void **state)
{
    struct judge *j = *state;
    j->options.limits.run_depth_max = 3;
    use(j, "{\"not\":{\"items\":{\"items\":{\"items\":{\"items\":{\"minLength\":2}}}}}}");
    scan(j, SPAN_LITERAL("[[[[\"a\"]]]]"));
    assert_limit(j, "SCHEMA_RUN_DEPTH_MAX");
}

#define JUDGE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        JUDGE_TEST(errors_name_both_places),
        JUDGE_TEST(every_error_has_a_sentence_in_both_languages),
        JUDGE_TEST(nothing_of_the_value_is_repeated),
        JUDGE_TEST(a_choice_is_told_before_what_its_branches_lack),
        JUDGE_TEST(what_passing_branches_complained_of_is_dropped),
        JUDGE_TEST(annotations_of_a_valid_value_are_those_that_apply),
        JUDGE_TEST(runs_on_a_part_of_a_line),
        JUDGE_TEST(numbers_are_exact),
        JUDGE_TEST(keys_are_found_however_they_are_written),
        JUDGE_TEST(tagged_unions_are_decided_by_their_tag_alone_when_it_is_there),
        JUDGE_TEST(formats_decide_only_when_asked),
        JUDGE_TEST(steps_are_bounded_whatever_the_schema),
        JUDGE_TEST(depth_is_bounded_whatever_the_value),
        JUDGE_TEST(hostile_patterns_end_in_a_limit_or_a_verdict),
        JUDGE_TEST(marks_are_bounded),
        JUDGE_TEST(a_limit_is_not_invalid_even_under_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

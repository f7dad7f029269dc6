/* Formats and patterns against the official JSON Schema suite, draft 2020-12: all of it, without an
 * exception. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>

#include "proto/schema/format.h"
#include "proto/schema/pattern.h"
#include "tests/lib/vectors.h"

#define SUITE "vectors/json-schema/tests/draft2020-12"

static const char *const format_files[] = {
    "date-time",
    "date",
    "duration",
    "ecmascript-regex",
    "email",
    "hostname",
    "idn-email",
    "idn-hostname",
    "ipv4",
    "ipv6",
    "iri-reference",
    "iri",
    "json-pointer",
    "regex",
    "relative-json-pointer",
    "time",
    "unknown",
    "uri-reference",
    "uri-template",
    "uri",
    "uuid",
};

struct tally {
    unsigned judged;
    unsigned other_types;
    unsigned wrong;
};

static json_t *load(const char *file)
{
    char path[160];
    (void)snprintf(path, sizeof(path), "%s/%s.json", SUITE, file);
    struct buf text;
    buf_init(&text, 1 << 22);
    vectors_read(vectors_shared(), path, &text);
    json_t *value = json_loadb((const char *)text.data, text.len, JSON_ALLOW_NUL, NULL);
    assert_non_null(value);
    buf_clear(&text);
    return value;
}

static void judge(struct tally *tally, const char *file, const json_t *test, bool holds)
{
    const char *description = json_string_value(json_object_get(test, "description"));
    bool agrees = holds == json_is_true(json_object_get(test, "valid"));
    tally->judged++;
    if (!agrees) {
        tally->wrong++;
        print_message("%s: \"%s\" should%s hold\n", file, description, holds ? " not" : "");
    }
}

static void run_format(struct tally *tally, const char *name)
{
    char file[64];
    (void)snprintf(file, sizeof(file), "optional/format/%s", name);
    json_t *groups = load(file);
    size_t i;
    const json_t *group;
    json_array_foreach(groups, i, group)
    {
        const json_t *schema = json_object_get(group, "schema");
        const json_t *format_value = json_object_get(schema, "format");
        enum format format = format_find(span_cstr(json_string_value(format_value)));
        assert_int_equal(format == FORMAT_UNKNOWN, strcmp(name, "unknown") == 0);
        size_t k;
        const json_t *test;
        json_array_foreach(json_object_get(group, "tests"), k, test)
        {
            const json_t *data = json_object_get(test, "data");
            if (!json_is_string(data)) {
                assert_true(json_is_true(json_object_get(test, "valid")));
                tally->other_types++;
                continue;
            }
            struct span text = span_of(json_string_value(data), json_string_length(data));
            judge(tally, name, test, format_holds(format, text));
        }
    }
    json_decref(groups);
}

static void judges_every_format_as_the_suite_does(void **state)
{
    (void)state;
    if (vectors_shared() == NULL)
        skip();
    struct tally tally = {0};
    for (size_t i = 0; i < sizeof(format_files) / sizeof(format_files[0]); i++)
        run_format(&tally, format_files[i]);
    assert_int_equal(tally.wrong, 0);
    assert_int_equal(tally.judged + tally.other_types, 764);
}

/* As a validator would, by the pattern itself or, for an object, by one of its keys. */
static bool pattern_holds(const struct pattern *pattern, struct pattern_scratch *scratch,
                          const json_t *data)
{
    struct span text = span_of(json_string_value(data), json_string_length(data));
    return pattern_match(pattern, scratch, text) == PATTERN_YES;
}

static bool properties_hold(const struct pattern *pattern, struct pattern_scratch *scratch,
                            const json_t *schema, const json_t *data)
{
    bool holds = true;
    const json_t *value;
    const char *key;
    json_t *object = json_copy(json_object_get(schema, "patternProperties"));
    const json_t *inner = json_object_iter_value(json_object_iter(object));
    bool closed = json_is_false(json_object_get(schema, "additionalProperties"));
    bool wants_integer = json_object_get(inner, "type") != NULL;
    void *iter = json_object_iter((json_t *)(uintptr_t)data);
    for (; iter != NULL; iter = json_object_iter_next((json_t *)(uintptr_t)data, iter)) {
        key = json_object_iter_key(iter);
        value = json_object_iter_value(iter);
        bool matches = pattern_match(pattern, scratch, span_cstr(key)) == PATTERN_YES;
        holds &= matches ? !wants_integer || json_is_integer(value) : !closed;
    }
    json_decref(object);
    return holds;
}

static void run_patterns(struct tally *tally, const char *file,
                         enum err (*compile)(struct span, struct pattern **, struct why *))
{
    struct pattern_scratch *scratch = pattern_scratch_new();
    json_t *groups = load(file);
    size_t i;
    const json_t *group;
    json_array_foreach(groups, i, group)
    {
        const json_t *schema = json_object_get(group, "schema");
        json_t *properties = json_object_get(schema, "patternProperties");
        const char *source = json_string_value(json_object_get(schema, "pattern"));
        if (properties != NULL)
            source = json_object_iter_key(json_object_iter(properties));
        struct pattern *pattern;
        struct why why = {0};
        if (compile(span_cstr(source), &pattern, &why) != OK)
            fail_msg("%s: %s: %s", file, source, why.rule);
        size_t k;
        const json_t *test;
        json_array_foreach(json_object_get(group, "tests"), k, test)
        {
            const json_t *data = json_object_get(test, "data");
            if (properties != NULL && json_is_object(data))
                judge(tally, file, test, properties_hold(pattern, scratch, schema, data));
            else if (properties == NULL && json_is_string(data))
                judge(tally, file, test, pattern_holds(pattern, scratch, data));
            else
                tally->other_types++;
        }
        pattern_free(pattern);
    }
    json_decref(groups);
    pattern_scratch_free(scratch);
}

static void judges_every_pattern_as_the_suite_does(void **state)
{
    (void)state;
    if (vectors_shared() == NULL)
        skip();
    struct tally tally = {0};
    run_patterns(&tally, "pattern", pattern_compile);
    run_patterns(&tally, "optional/ecmascript-regex", pattern_compile);
    run_patterns(&tally, "optional/non-bmp-regex", pattern_compile);
    run_patterns(&tally, "optional/ecmascript-regex", pattern_compile_general);
    run_patterns(&tally, "optional/non-bmp-regex", pattern_compile_general);
    assert_int_equal(tally.wrong, 0);
    assert_int_equal(tally.judged + tally.other_types, 12 + 2 * (74 + 12));
    assert_true(tally.judged >= 5 + 2 * 80);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_every_format_as_the_suite_does),
        cmocka_unit_test(judges_every_pattern_as_the_suite_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

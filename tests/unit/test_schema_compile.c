/* What the compiler of schemas refuses, and how it says so; what it survives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "proto/limits.h"
#include "proto/schema/validate.h"

struct world {
    struct library *library;
    struct schema_refusal refusal;
    struct schema_options options;
    struct buf text;
};

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    w->library = library_new();
    buf_init(&w->text, 16u << 20);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    library_free(w->library);
    buf_clear(&w->text);
    free(w);
    return 0;
}

static enum err compile(struct world *w, const char *text)
{
    struct schema *schema = NULL;
    enum err err = schema_compile_text(w->library, SPAN_LITERAL("https://example.org/s"),
                                       span_cstr(text), &w->options, &schema, &w->refusal);
    assert_int_equal(err == OK, schema != NULL);
    schema_free(schema);
    return err;
}

static void assert_refused(struct world *w, const char *text, enum err err, const char *pointer)
{
    if (compile(w, text) != err)
        fail_msg("%s: %s", text, err_slug(w->refusal.err));
    assert_int_equal(w->refusal.err, err);
    assert_string_equal(w->refusal.pointer, pointer);
    assert_string_equal(w->refusal.document, "https://example.org/s");
    assert_non_null(w->refusal.rule);
}

static void assert_limit(struct world *w, const char *text, const char *limit)
{
    if (compile(w, text) != ERR_LIMIT)
        fail_msg("no limit: %s", limit);
    assert_non_null(w->refusal.limit);
    assert_string_equal(w->refusal.limit, limit);
}

static const char *built(struct world *w)
{
    buf_append_byte(&w->text, 0);
    assert_int_equal(buf_check(&w->text), OK);
    return (const char *)w->text.data;
}

/* Appends head, `count` times a piece with {n} replaced by its number, then tail. */
static const char *repeat(struct world *w, const char *head, const char *piece, unsigned count,
                          const char *tail)
{
    buf_reset(&w->text);
    buf_append_cstr(&w->text, head);
    for (unsigned i = 0; i < count; i++) {
        if (i > 0)
            buf_append_byte(&w->text, ',');
        for (const char *at = piece; *at != 0; at++) {
            bool is_number = at[0] == '{' && (at[1] == 'n' || at[1] == 'm') && at[2] == '}';
            if (is_number)
                buf_append_u64(&w->text, i + (at[1] == 'm'));
            else
                buf_append_byte(&w->text, (uint8_t)*at);
            at += is_number ? 2 : 0;
        }
    }
    buf_append_cstr(&w->text, tail);
    return built(w);
}

static void refuses_what_is_no_schema_and_names_the_place(void **state)
{
    struct world *w = *state;
    assert_refused(w, "12", ERR_BAD_SCHEMA, "");
    assert_refused(w, "{\"items\":[]}", ERR_BAD_SCHEMA, "/items");
    assert_refused(w, "{\"properties\":{\"a/b\":{\"not\":null}}}", ERR_BAD_SCHEMA,
                   "/properties/a~1b/not");
    assert_refused(w, "{\"properties\":[]}", ERR_BAD_SCHEMA, "/properties");
    assert_refused(w, "{\"allOf\":[]}", ERR_BAD_SCHEMA, "/allOf");
    assert_refused(w, "{\"anyOf\":[true,3]}", ERR_BAD_SCHEMA, "/anyOf/1");
}

static void refuses_keywords_of_a_wrong_shape(void **state)
{
    struct world *w = *state;
    static const char *const wrong[][2] = {
        {"{\"type\":\"text\"}", "/type"},
        {"{\"type\":[\"string\",7]}", "/type/1"},
        {"{\"type\":[]}", "/type"},
        {"{\"enum\":\"a\"}", "/enum"},
        {"{\"minimum\":\"1\"}", "/minimum"},
        {"{\"multipleOf\":0}", "/multipleOf"},
        {"{\"multipleOf\":-2}", "/multipleOf"},
        {"{\"minLength\":-1}", "/minLength"},
        {"{\"maxItems\":1.5}", "/maxItems"},
        {"{\"required\":\"a\"}", "/required"},
        {"{\"required\":[\"a\",1]}", "/required/1"},
        {"{\"dependentRequired\":{\"a\":[1]}}", "/dependentRequired/a/0"},
        {"{\"uniqueItems\":1}", "/uniqueItems"},
        {"{\"$id\":\"#part\"}", "/$id"},
        {"{\"$id\":3}", "/$id"},
        {"{\"$anchor\":\"1a\"}", "/$anchor"},
        {"{\"$ref\":3}", "/$ref"},
        {"{\"title\":3}", "/title"},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_refused(w, wrong[i][0], ERR_BAD_SCHEMA, wrong[i][1]);
}

static void refuses_patterns_that_are_none_of_ecma_262(void **state)
{
    struct world *w = *state;
    assert_refused(w, "{\"pattern\":\"(\"}", ERR_BAD_SCHEMA, "/pattern");
    assert_refused(w, "{\"pattern\":\"(?i)a\"}", ERR_BAD_SCHEMA, "/pattern");
}

static void refuses_references_that_lead_nowhere(void **state)
{
    struct world *w = *state;
    assert_refused(w, "{\"$ref\":\"#/$defs/a\"}", ERR_BAD_SCHEMA, "/$ref");
    assert_refused(w, "{\"items\":{\"$ref\":\"#name\"}}", ERR_BAD_SCHEMA, "/items/$ref");
    assert_refused(w, "{\"$dynamicRef\":\"#name\"}", ERR_BAD_SCHEMA, "/$dynamicRef");
    assert_refused(w, "{\"$ref\":\"https://example.org/other\"}", ERR_BAD_SCHEMA, "/$ref");
    assert_refused(w, "{\"$ref\":\"#/%zz\"}", ERR_BAD_SCHEMA, "/$ref");
    assert_refused(w, "{\"$ref\":\"#/title\",\"title\":\"no schema\"}", ERR_BAD_SCHEMA, "/title");
}

static void refuses_schemas_that_apply_themselves_without_end(void **state)
{
    struct world *w = *state;
    static const char *const loops[] = {
        "{\"$ref\":\"#\"}",
        "{\"allOf\":[{\"$ref\":\"#\"}]}",
        "{\"anyOf\":[{\"type\":\"string\"},{\"$ref\":\"#\"}]}",
        "{\"not\":{\"$ref\":\"#\"}}",
        "{\"if\":true,\"then\":{\"$ref\":\"#\"}}",
        "{\"dependentSchemas\":{\"a\":{\"$ref\":\"#\"}}}",
        "{\"$ref\":\"#/$defs/a\",\"$defs\":{\"a\":{\"$ref\":\"#/$defs/b\"},\"b\":{\"$ref\":\"#/"
        "$defs/a\"}}}",
        "{\"$dynamicAnchor\":\"a\",\"allOf\":[{\"$dynamicRef\":\"#a\"}]}",
        "{\"unevaluatedProperties\":false,\"anyOf\":[{\"properties\":{\"a\":true}},{\"$ref\":\"#\"}"
        "]}",
    };
    for (size_t i = 0; i < sizeof(loops) / sizeof(loops[0]); i++) {
        if (compile(w, loops[i]) != ERR_BAD_SCHEMA)
            fail_msg("taken: %s", loops[i]);
        assert_non_null(strstr(w->refusal.rule, "9.4.1"));
    }
    assert_int_equal(compile(w, "{\"properties\":{\"a\":{\"$ref\":\"#\"}}}"), OK);
    assert_int_equal(compile(w, "{\"items\":{\"anyOf\":[{\"$ref\":\"#\"},true]}}"), OK);
}

static void refuses_two_schemas_of_one_name(void **state)
{
    struct world *w = *state;
    assert_refused(w, "{\"$defs\":{\"a\":{\"$id\":\"x\"},\"b\":{\"$id\":\"x\"}}}", ERR_BAD_SCHEMA,
                   "/$defs/b/$id");
    assert_refused(w, "{\"$defs\":{\"a\":{\"$anchor\":\"x\"},\"b\":{\"$anchor\":\"x\"}}}",
                   ERR_BAD_SCHEMA, "/$defs/b/$anchor");
    assert_int_equal(
        library_add(w->library, SPAN_LITERAL("https://example.org/a"), SPAN_LITERAL("true"), NULL),
        OK);
    assert_int_equal(library_add(w->library, SPAN_LITERAL("https://example.org/a#"),
                                 SPAN_LITERAL("false"), NULL),
                     ERR_CONFLICT);
    assert_int_equal(library_add(w->library, SPAN_LITERAL("relative"), SPAN_LITERAL("true"), NULL),
                     ERR_BAD_SCHEMA);
}

static void refuses_dialects_and_vocabularies_that_it_does_not_know(void **state)
{
    struct world *w = *state;
    assert_refused(w, "{\"$schema\":\"http://json-schema.org/draft-07/schema#\"}", ERR_BAD_SCHEMA,
                   "/$schema");
    assert_int_equal(
        library_add(w->library, SPAN_LITERAL("https://example.org/meta"),
                    SPAN_LITERAL("{\"$vocabulary\":{\"https://example.org/units\":true}}"), NULL),
        OK);
    assert_refused(w, "{\"$schema\":\"https://example.org/meta\"}", ERR_BAD_SCHEMA, "/$schema");
}

static void data_that_looks_like_a_schema_is_data(void **state)
{
    struct world *w = *state;
    assert_int_equal(compile(w, "{\"enum\":[{\"$id\":\"#x\"}],\"const\":{\"$ref\":\"nowhere\"},"
                                "\"default\":{\"type\":7},\"x-own\":{\"minimum\":\"a\"}}"),
                     OK);
}

static void a_refusal_in_another_document_names_that_one(void **state)
{
    struct world *w = *state;
    assert_int_equal(library_add(w->library, SPAN_LITERAL("https://example.org/b"),
                                 SPAN_LITERAL("{\"$defs\":{\"x\":{\"type\":1}}}"), NULL),
                     OK);
    assert_int_equal(compile(w, "{\"$ref\":\"b#/$defs/x\"}"), ERR_BAD_SCHEMA);
    assert_string_equal(w->refusal.document, "https://example.org/b");
    assert_string_equal(w->refusal.pointer, "/$defs/x/type");
    assert_string_equal(w->refusal.found, "a number");
}

static void bad_json_keeps_its_own_code(void **state)
{
    struct world *w = *state;
    assert_int_equal(compile(w, "{\"type\":"), ERR_SYNTAX);
    assert_int_equal(compile(w, "{\"a\":1,\"a\":2}"), ERR_DUPLICATE_KEY);
    assert_int_equal(compile(w, "{\"minimum\":1e999}"), ERR_BAD_NUMBER);
}

static void an_unknown_address_is_not_found(void **state)
{
    struct world *w = *state;
    struct schema *schema = NULL;
    assert_int_equal(schema_compile(w->library, SPAN_LITERAL("https://example.org/none"), NULL,
                                    &schema, &w->refusal),
                     ERR_NOT_FOUND);
    assert_string_equal(w->refusal.document, "https://example.org/none");
    assert_int_equal(
        schema_compile(w->library,
                       SPAN_LITERAL("https://json-schema.org/draft/2020-12/schema#/nothing"), NULL,
                       &schema, &w->refusal),
        ERR_NOT_FOUND);
    assert_null(schema);
}

static void compiles_a_part_of_a_document(void **state)
{
    struct world *w = *state;
    struct schema *schema = NULL;
    assert_int_equal(
        schema_compile(w->library,
                       SPAN_LITERAL("https://json-schema.org/draft/2020-12/meta/validation"
                                    "#/$defs/simpleTypes"),
                       NULL, &schema, &w->refusal),
        OK);
    schema_free(schema);
}

static void the_check_finds_what_the_metaschema_forbids(void **state)
{
    struct world *w = *state;
    assert_int_equal(
        library_add(w->library, SPAN_LITERAL("https://example.org/twice"),
                    SPAN_LITERAL("{\"properties\":{\"a\":{\"required\":[\"x\",\"x\"]}}}"), NULL),
        OK);
    assert_int_equal(
        schema_check(w->library, SPAN_LITERAL("https://example.org/twice"), NULL, &w->refusal),
        ERR_BAD_SCHEMA);
    assert_string_equal(w->refusal.pointer, "/properties/a/required");
    assert_string_equal(w->refusal.document, "https://example.org/twice");
    assert_int_equal(library_add(w->library, SPAN_LITERAL("https://example.org/lost"),
                                 SPAN_LITERAL("{\"$ref\":\"#/nowhere\"}"), NULL),
                     OK);
    assert_int_equal(
        schema_check(w->library, SPAN_LITERAL("https://example.org/lost"), NULL, &w->refusal),
        ERR_BAD_SCHEMA);
    assert_string_equal(w->refusal.pointer, "/$ref");
    assert_int_equal(schema_check(w->library,
                                  SPAN_LITERAL("https://json-schema.org/draft/2020-12/schema"),
                                  NULL, &w->refusal),
                     OK);
}

/* ---- limits ---- */

static void bounds_bytes_and_depth(void **state)
{
    struct world *w = *state;
    assert_int_equal(compile(w, repeat(w, "{\"enum\":[", "\"value number {n}\"", 60000, "]}")),
                     ERR_LIMIT);
    buf_reset(&w->text);
    for (unsigned i = 0; i < SCHEMA_DEPTH_MAX; i++)
        buf_append_cstr(&w->text, "{\"not\":");
    buf_append_cstr(&w->text, "{}");
    for (unsigned i = 0; i < SCHEMA_DEPTH_MAX; i++)
        buf_append_byte(&w->text, '}');
    assert_int_equal(compile(w, built(w)), ERR_LIMIT);
    assert_non_null(w->refusal.limit);
}

static void bounds_what_is_counted(void **state)
{
    struct world *w = *state;
    assert_limit(w, repeat(w, "{\"enum\":[", "{n}", SCHEMA_ENUM_MAX + 1, "]}"), "SCHEMA_ENUM_MAX");
    assert_limit(w, repeat(w, "{\"anyOf\":[", "{}", SCHEMA_NODES_MAX, "]}"), "SCHEMA_NODES_MAX");
    assert_limit(w,
                 repeat(w, "{\"$defs\":{\"a\":true},\"anyOf\":[", "{\"$ref\":\"#/$defs/a\"}",
                        SCHEMA_REFERENCES_MAX + 1, "]}"),
                 "SCHEMA_REFERENCES_MAX");
    assert_limit(
        w, repeat(w, "{\"anyOf\":[", "{\"pattern\":\"^a{n}$\"}", SCHEMA_PATTERNS_MAX + 1, "]}"),
        "SCHEMA_PATTERNS_MAX");
    assert_limit(w,
                 repeat(w, "{\"$defs\":{",
                        "\"a{n}\":{\"$dynamicAnchor\":\"a{n}\",\"items\":{\"$dynamicRef\":\"#a{n}"
                        "\"}}",
                        SCHEMA_DYNAMIC_ANCHORS_MAX + 1, "}}"),
                 "SCHEMA_DYNAMIC_ANCHORS_MAX");
    assert_int_equal(compile(w, repeat(w, "{\"enum\":[", "{n}", SCHEMA_ENUM_MAX, "]}")), OK);
}

static void the_caller_can_ask_for_less(void **state)
{
    struct world *w = *state;
    w->options.limits.nodes_max = 3;
    assert_limit(w, "{\"anyOf\":[{},{},{}]}", "SCHEMA_NODES_MAX");
    assert_int_equal(compile(w, "{\"anyOf\":[{},{}]}"), OK);
    w->options.limits = (struct schema_limits){.instructions_max = 8};
    assert_limit(w, repeat(w, "{\"properties\":{", "\"p{n}\":{\"minLength\":{n}}", 50, "}}"),
                 "SCHEMA_INSTRUCTIONS_MAX");
}

/* Each level applies the next one twice: 2^20 paths, which a compiler that copies would follow. */
static void doubling_all_of_costs_no_more_than_its_size(void **state)
{
    struct world *w = *state;
    struct schema *schema = NULL;
    struct validator *validator = validator_new();
    struct tape tape;
    tape_init(&tape);
    const char *text =
        repeat(w, "{\"$ref\":\"#/$defs/l0\",\"$defs\":{",
               "\"l{n}\":{\"allOf\":[{\"$ref\":\"#/$defs/l{m}\"},{\"$ref\":\"#/$defs/l{m}\"}]}", 20,
               ",\"l20\":{\"type\":\"integer\"}}}");
    assert_int_equal(schema_compile_text(w->library, SPAN_LITERAL(""), span_cstr(text), NULL,
                                         &schema, &w->refusal),
                     OK);
    assert_true(schema_size(schema).instructions < 200);
    assert_int_equal(tape_scan(&tape, SPAN_LITERAL("7"), &tape_record_limits, NULL), OK);
    assert_int_equal(schema_holds(schema, validator, &tape, SPAN_LITERAL("7"), 0), SCHEMA_VALID);
    assert_int_equal(tape_scan(&tape, SPAN_LITERAL("7.5"), &tape_record_limits, NULL), OK);
    assert_int_equal(schema_holds(schema, validator, &tape, SPAN_LITERAL("7.5"), 0),
                     SCHEMA_INVALID);
    tape_clear(&tape);
    validator_free(validator);
    schema_free(schema);
}

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(refuses_what_is_no_schema_and_names_the_place),
        WORLD_TEST(refuses_keywords_of_a_wrong_shape),
        WORLD_TEST(refuses_patterns_that_are_none_of_ecma_262),
        WORLD_TEST(refuses_references_that_lead_nowhere),
        WORLD_TEST(refuses_schemas_that_apply_themselves_without_end),
        WORLD_TEST(refuses_two_schemas_of_one_name),
        WORLD_TEST(refuses_dialects_and_vocabularies_that_it_does_not_know),
        WORLD_TEST(data_that_looks_like_a_schema_is_data),
        WORLD_TEST(a_refusal_in_another_document_names_that_one),
        WORLD_TEST(bad_json_keeps_its_own_code),
        WORLD_TEST(an_unknown_address_is_not_found),
        WORLD_TEST(compiles_a_part_of_a_document),
        WORLD_TEST(the_check_finds_what_the_metaschema_forbids),
        WORLD_TEST(bounds_bytes_and_depth),
        WORLD_TEST(bounds_what_is_counted),
        WORLD_TEST(the_caller_can_ask_for_less),
        WORLD_TEST(doubling_all_of_costs_no_more_than_its_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

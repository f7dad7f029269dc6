/* Real schemas and documents: all that are valid are found so, and the mutated ones get the
 * verdicts on which independent validators agree. The schemas hold against their meta-schema, too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "proto/json/jcs.h"
#include "proto/limits.h"
#include "proto/schema/explain.h"
#include "tests/lib/vectors.h"

static const char *const sets[] = {"ansible-meta", "cql2",   "cspell", "krakend",
                                   "openapi31",    "pulumi", "ui5"};

struct set {
    struct schema *schema;
    struct validator *validator;
    struct jcs *jcs;
    struct schema_report *report;
    const char *name;
};

static void read_file(const char *set, const char *name, struct buf *out)
{
    char path[200];
    (void)snprintf(path, sizeof(path), "bench-jsonschema/%s/%s", set, name);
    buf_init(out, JSON_TEXT_BYTES_MAX);
    vectors_read(vectors_shared(), path, out);
}

static bool open_set(const char *name, struct set *out)
{
    const char *shared = vectors_shared();
    struct buf text;
    struct schema_refusal refusal;
    if (shared == NULL)
        return false;
    *out = (struct set){.validator = validator_new(), .jcs = jcs_new(), .name = name};
    out->report = schema_report_new();
    read_file(name, "schema.json", &text);
    if (schema_compile_text(NULL, SPAN_LITERAL("https://example.org/schema"), buf_span(&text), NULL,
                            &out->schema, &refusal) != OK)
        fail_msg("%s: %s at %s: %s", name, refusal.rule, refusal.pointer, refusal.found);
    buf_clear(&text);
    return true;
}

static void close_set(struct set *set)
{
    schema_free(set->schema);
    validator_free(set->validator);
    jcs_free(set->jcs);
    schema_report_free(set->report);
}

static enum verdict judge(struct set *set, struct span line)
{
    static const struct tape_limits limits = {.bytes_max = 1u << 24, .depth_max = 200};
    struct buf canonical;
    struct tape tape;
    buf_init(&canonical, 1u << 24);
    tape_init(&tape);
    assert_int_equal(jcs_canonicalise(set->jcs, line, &limits, &canonical, NULL), OK);
    assert_int_equal(tape_scan(&tape, buf_span(&canonical), &limits, NULL), OK);
    enum verdict verdict =
        schema_holds(set->schema, set->validator, &tape, buf_span(&canonical), 0);
    if (schema_explain(set->schema, set->validator, &tape, buf_span(&canonical), 0, NULL,
                       set->report) != verdict)
        fail_msg("%s: the explanation disagrees with the verdict: %s", set->name,
                 validator_limit(set->validator));
    assert_int_equal(schema_report_count(set->report) > 0, verdict == SCHEMA_INVALID);
    tape_clear(&tape);
    buf_clear(&canonical);
    return verdict;
}

static void finds_every_real_document_valid(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
        struct set set;
        struct buf lines;
        if (!open_set(sets[i], &set))
            skip();
        read_file(sets[i], "instances.jsonl", &lines);
        struct cursor cursor = cursor_of(buf_span(&lines));
        for (unsigned line = 1; !cursor_at_end(&cursor); line++) {
            if (judge(&set, cursor_until(&cursor, '\n')) != SCHEMA_VALID)
                fail_msg("%s: line %u is not valid", sets[i], line);
        }
        buf_clear(&lines);
        close_set(&set);
    }
}

static void agrees_with_other_validators_on_mutated_documents(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
        struct set set;
        struct buf lines;
        struct buf verdicts;
        if (!open_set(sets[i], &set))
            skip();
        read_file(sets[i], "mutated.jsonl", &lines);
        read_file(sets[i], "mutated.verdicts", &verdicts);
        struct cursor cursor = cursor_of(buf_span(&lines));
        for (size_t line = 0; !cursor_at_end(&cursor); line++) {
            enum verdict verdict = judge(&set, cursor_until(&cursor, '\n'));
            assert_true(line < verdicts.len);
            if (verdict != (verdicts.data[line] == '1' ? SCHEMA_VALID : SCHEMA_INVALID))
                fail_msg("%s: line %zu is %c to others", sets[i], line + 1, verdicts.data[line]);
        }
        buf_clear(&verdicts);
        buf_clear(&lines);
        close_set(&set);
    }
}

static void finds_every_real_schema_valid_against_its_metaschema(void **state)
{
    (void)state;
    if (vectors_shared() == NULL)
        skip();
    for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
        struct library *library = library_new();
        struct buf text;
        struct schema_refusal refusal;
        read_file(sets[i], "schema.json", &text);
        assert_int_equal(
            library_add(library, SPAN_LITERAL("https://example.org/schema"), buf_span(&text), NULL),
            OK);
        if (schema_check(library, SPAN_LITERAL("https://example.org/schema"), NULL, &refusal) != OK)
            fail_msg("%s: %s at %s: %s, %s", sets[i], refusal.rule, refusal.pointer,
                     refusal.expected, refusal.found);
        buf_clear(&text);
        library_free(library);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_every_real_document_valid),
        cmocka_unit_test(finds_every_real_schema_valid_against_its_metaschema),
        cmocka_unit_test(agrees_with_other_validators_on_mutated_documents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The official JSON Schema 2020-12 suite: every required test, every optional one and every format
 * but those listed here with their reasons. A listed test that passes is a failure, too: the list
 * stays true. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "proto/schema/explain.h"
#include "tests/lib/schema_suite.h"
#include "tests/lib/vectors.h"

struct exception {
    const char *file;
    const char *group;
    const char *test;
    const char *reason;
};

static const struct exception exceptions[] = {
    {"optional/cross-draft.json", "refs to historic drafts are processed as historic drafts",
     "first item not a string is valid",
     "a document of another dialect (2019-09) is refused, not guessed at: packs are 2020-12"},
};

struct run {
    struct library *library;
    struct validator *validator;
    struct schema_report *report;
    bool assert_formats;
    unsigned passed;
    unsigned total;
    unsigned unexpected;
};

static const struct exception *find_exception(const char *file, struct span group, struct span test)
{
    for (size_t i = 0; i < sizeof(exceptions) / sizeof(exceptions[0]); i++) {
        const struct exception *e = &exceptions[i];
        if (strcmp(e->file, file) == 0 && span_is(group, e->group) && span_is(test, e->test))
            return e;
    }
    return NULL;
}

static void judge(struct run *run, const char *file, struct span group, struct span test,
                  bool passes, const char *why)
{
    const struct exception *e = suite_is_shared() ? find_exception(file, group, test) : NULL;
    run->passed += passes;
    run->total++;
    if (passes == (e == NULL))
        return;
    run->unexpected++;
    print_message("# %s: %.*s: %.*s: %s\n", file, (int)group.len, (const char *)group.data,
                  (int)test.len, (const char *)test.data,
                  passes ? "passes, and is listed as an exception" : why);
}

static void run_group(struct run *run, const char *name, const struct suite_file *file,
                      uint32_t group)
{
    struct schema *schema = NULL;
    struct schema_refusal refusal = {.rule = NULL};
    struct schema_options options = {.assert_formats = run->assert_formats};
    struct span text = buf_span(&file->text);
    struct span group_name = tape_text(&file->tape, text, suite_member(file, group, "description"));
    enum err err = schema_compile_text(run->library, SPAN_LITERAL(""),
                                       suite_span(file, suite_member(file, group, "schema")),
                                       &options, &schema, &refusal);
    char why[1400];
    (void)snprintf(why, sizeof(why), "refused: %s at %s (%s)", refusal.rule, refusal.pointer,
                   refusal.expected);
    uint32_t tests = suite_member(file, group, "tests");
    uint32_t test = tests + 1;
    for (uint32_t i = 0; i < file->tape.tokens[tests].count; i++) {
        bool expected = file->tape.tokens[suite_member(file, test, "valid")].type == TAPE_TRUE;
        uint32_t data = suite_member(file, test, "data");
        enum verdict verdict = SCHEMA_LIMIT;
        if (err == OK)
            verdict = schema_holds(schema, run->validator, &file->tape, text, data);
        if (err == OK && schema_explain(schema, run->validator, &file->tape, text, data, NULL,
                                        run->report) != verdict)
            fail_msg("%s: the explanation disagrees with the verdict", name);
        bool passes = verdict == (expected ? SCHEMA_VALID : SCHEMA_INVALID);
        judge(run, name, group_name,
              tape_text(&file->tape, text, suite_member(file, test, "description")), passes,
              err != OK  ? why
              : expected ? "is valid"
                         : "is invalid");
        test = file->tape.tokens[test].next;
    }
    schema_free(schema);
}

static void run_file(struct run *run, const char *folder, const char *below, const char *name)
{
    char path[1024];
    char shown[300];
    struct suite_file file;
    unsigned passed = run->passed;
    unsigned total = run->total;
    (void)snprintf(path, sizeof(path), "%s/tests/draft2020-12/%s%s", folder, below, name);
    (void)snprintf(shown, sizeof(shown), "%s%s", below, name);
    suite_read(path, &file);
    uint32_t group = 1;
    for (uint32_t i = 0; i < file.tape.tokens[0].count; i++) {
        run_group(run, shown, &file, group);
        group = file.tape.tokens[group].next;
    }
    suite_clear(&file);
    print_message("# %s: %u of %u\n", shown, run->passed - passed, run->total - total);
}

static struct run run_folder(const char *below, bool assert_formats)
{
    struct run run = {.assert_formats = assert_formats};
    char path[1024];
    const char *folder = suite_folder();
    if (folder == NULL)
        return run;
    run.library = suite_library();
    run.validator = validator_new();
    run.report = schema_report_new();
    (void)snprintf(path, sizeof(path), "%s/tests/draft2020-12/%s", folder, below);
    char **names = suite_names(path);
    for (char **name = names; *name != NULL; name++)
        run_file(&run, folder, below, *name);
    suite_names_free(names);
    validator_free(run.validator);
    schema_report_free(run.report);
    library_free(run.library);
    print_message("# %s: %u of %u\n", below[0] ? below : "required", run.passed, run.total);
    return run;
}

static void passes_every_required_test(void **state)
{
    (void)state;
    struct run run = run_folder("", false);
    if (run.total == 0)
        skip();
    assert_int_equal(run.passed, run.total);
    if (suite_is_shared())
        assert_int_equal(run.total, 1299);
}

static void passes_the_optional_tests_but_those_listed(void **state)
{
    (void)state;
    struct run run = run_folder("optional/", false);
    if (run.total == 0)
        skip();
    if (suite_is_shared()) {
        assert_int_equal(run.unexpected, 0);
        assert_int_equal(run.total, 162);
    }
}

static void passes_the_format_tests_but_those_listed(void **state)
{
    (void)state;
    struct run run = run_folder("optional/format/", true);
    if (run.total == 0)
        skip();
    if (suite_is_shared()) {
        assert_int_equal(run.unexpected, 0);
        assert_int_equal(run.total, 764);
    }
}

/* ---- output ---- */

static void add_output_schema(struct library *library)
{
    char path[700];
    struct buf text;
    buf_init(&text, 1u << 20);
    (void)snprintf(path, sizeof(path), "%s/output-tests/draft2020-12/output-schema.json",
                   suite_folder());
    vectors_read("", path, &text);
    assert_int_equal(
        library_add(library, SPAN_LITERAL("https://json-schema.org/draft/2020-12/output/schema"),
                    buf_span(&text), NULL),
        OK);
    buf_clear(&text);
}

/* Writes what the schema says of the data, and judges that by the schema of the test. */
static bool output_holds(struct library *library, const struct suite_file *file, uint32_t group,
                         uint32_t test)
{
    struct schema *schema = NULL;
    struct schema *judge_of_output = NULL;
    struct validator *validator = validator_new();
    struct schema_report *report = schema_report_new();
    struct explain_options options = {.annotations = true};
    struct buf output;
    struct tape tape;
    buf_init(&output, 1u << 20);
    tape_init(&tape);
    uint32_t basic = suite_member(file, suite_member(file, test, "output"), "basic");
    assert_int_equal(schema_compile_text(library, SPAN_LITERAL(""),
                                         suite_span(file, suite_member(file, group, "schema")),
                                         NULL, &schema, NULL),
                     OK);
    assert_int_equal(schema_compile_text(library, SPAN_LITERAL(""), suite_span(file, basic), NULL,
                                         &judge_of_output, NULL),
                     OK);
    enum verdict verdict = schema_explain(schema, validator, &file->tape, buf_span(&file->text),
                                          suite_member(file, test, "data"), &options, report);
    schema_report_write(report, verdict, LANG_EN, &output);
    assert_int_equal(tape_scan(&tape, buf_span(&output), &tape_record_limits, NULL), OK);
    bool holds =
        schema_holds(judge_of_output, validator, &tape, buf_span(&output), 0) == SCHEMA_VALID;
    if (!holds)
        print_message("# %.*s\n", (int)output.len, (const char *)output.data);
    tape_clear(&tape);
    buf_clear(&output);
    schema_report_free(report);
    validator_free(validator);
    schema_free(judge_of_output);
    schema_free(schema);
    return holds;
}

static void writes_output_that_the_output_tests_accept(void **state)
{
    (void)state;
    if (suite_folder() == NULL)
        skip();
    char folder[700];
    char path[1024];
    unsigned passed = 0;
    unsigned total = 0;
    struct library *library = library_new();
    add_output_schema(library);
    (void)snprintf(folder, sizeof(folder), "%s/output-tests/draft2020-12/content", suite_folder());
    char **names = suite_names(folder);
    for (char **name = names; *name != NULL; name++) {
        struct suite_file file;
        (void)snprintf(path, sizeof(path), "%s/%s", folder, *name);
        suite_read(path, &file);
        uint32_t group = 1;
        for (uint32_t i = 0; i < file.tape.tokens[0].count; i++) {
            uint32_t tests = suite_member(&file, group, "tests");
            uint32_t test = tests + 1;
            for (uint32_t n = 0; n < file.tape.tokens[tests].count; n++) {
                passed += output_holds(library, &file, group, test);
                total++;
                test = file.tape.tokens[test].next;
            }
            group = file.tape.tokens[group].next;
        }
        suite_clear(&file);
    }
    suite_names_free(names);
    library_free(library);
    print_message("# output: %u of %u\n", passed, total);
    assert_true(total >= 4);
    assert_int_equal(passed, total);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes_every_required_test),
        cmocka_unit_test(passes_the_optional_tests_but_those_listed),
        cmocka_unit_test(passes_the_format_tests_but_those_listed),
        cmocka_unit_test(writes_output_that_the_output_tests_accept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

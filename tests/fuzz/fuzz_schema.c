/* First line a schema, the rest an instance: both are any bytes. What compiles runs within its
 * bounds, and both ways of running it agree. */
#include <stdint.h>
#include <stdlib.h>

#include "proto/json/jcs.h"
#include "proto/schema/explain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge(const struct schema *schema, struct span json)
{
    struct validator *validator = validator_new();
    struct schema_report *report = schema_report_new();
    struct jcs *jcs = jcs_new();
    struct explain_options options = {.annotations = json.len % 2 == 0};
    struct buf text;
    struct buf out;
    struct tape tape;
    buf_init(&text, 1u << 20);
    buf_init(&out, 8u << 20);
    tape_init(&tape);
    if (jcs_canonicalise(jcs, json, &tape_record_limits, &text, NULL) == OK &&
        tape_scan(&tape, buf_span(&text), &tape_record_limits, NULL) == OK) {
        enum verdict fast = schema_holds(schema, validator, &tape, buf_span(&text), 0);
        enum verdict slow =
            schema_explain(schema, validator, &tape, buf_span(&text), 0, &options, report);
        if (fast != slow && fast != SCHEMA_LIMIT && slow != SCHEMA_LIMIT)
            abort();
        if (slow == SCHEMA_INVALID && schema_report_count(report) == 0)
            abort();
        schema_report_write(report, slow, LANG_FR, &out);
        if (buf_check(&out) == OK &&
            tape_scan(&tape, buf_span(&out), &(struct tape_limits){8u << 20, 64}, NULL) != OK)
            abort();
    }
    tape_clear(&tape);
    buf_clear(&text);
    buf_clear(&out);
    jcs_free(jcs);
    schema_report_free(report);
    validator_free(validator);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor cursor = cursor_of(span_of(data, size));
    struct span first = cursor_until(&cursor, '\n');
    struct schema_options options = {.assert_formats = size % 2 == 0};
    struct schema_refusal refusal;
    struct schema *schema = NULL;
    static struct library *library; /* the same for all inputs: making it is most of the work */
    if (library == NULL)
        library = library_new();
    if (cursor.failed)
        return 0;
    if (schema_compile_text(library, SPAN_LITERAL("https://example.org/s"), first, &options,
                            &schema, &refusal) == OK)
        judge(schema, cursor_rest(&cursor));
    else if (refusal.err == OK || refusal.rule == NULL)
        abort();
    schema_free(schema);
    return 0;
}

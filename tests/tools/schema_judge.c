/* For tests that compare validators: reads lines {"data":[values...],"schema":schema} and answers
 * each with a line of one letter per value: 1 valid, 0 invalid, L limit, X where the explanation
 * disagrees with the verdict; or "refused" with the place and the rule. */
#include <stdio.h>
#include <stdlib.h>

#include "proto/json/jcs.h"
#include "proto/limits.h"
#include "proto/schema/explain.h"

static const struct tape_limits limits = {.bytes_max = JSON_TEXT_BYTES_MAX, .depth_max = 500};

struct judge {
    struct library *library;
    struct validator *validator;
    struct schema_report *report;
    struct jcs *jcs;
    struct buf text;
    struct tape tape;
};

static char letter(struct judge *j, const struct schema *schema, uint32_t token)
{
    struct span text = buf_span(&j->text);
    enum verdict fast = schema_holds(schema, j->validator, &j->tape, text, token);
    enum verdict slow =
        schema_explain(schema, j->validator, &j->tape, text, token, NULL, j->report);
    if (fast != slow && fast != SCHEMA_LIMIT && slow != SCHEMA_LIMIT)
        return 'X';
    return fast == SCHEMA_VALID ? '1' : fast == SCHEMA_INVALID ? '0' : 'L';
}

static void answer(struct judge *j, struct span line)
{
    struct schema_options options = {.assert_formats = true};
    struct schema_refusal refusal;
    struct schema *schema = NULL;
    buf_reset(&j->text);
    if (jcs_canonicalise(j->jcs, line, &limits, &j->text, NULL) != OK ||
        tape_scan(&j->tape, buf_span(&j->text), &limits, NULL) != OK) {
        (void)puts("refused: no JSON");
        return;
    }
    struct span text = buf_span(&j->text);
    uint32_t data = tape_member(&j->tape, text, 0, SPAN_LITERAL("data"));
    uint32_t source = tape_member(&j->tape, text, 0, SPAN_LITERAL("schema"));
    CHECK(data != TAPE_NONE && source != TAPE_NONE);
    if (schema_compile_text(j->library, SPAN_LITERAL("https://example.org/schema"),
                            tape_text(&j->tape, text, source), &options, &schema, &refusal) != OK) {
        (void)printf("refused: %s: %s\n", refusal.pointer, refusal.rule);
        return;
    }
    uint32_t value = data + 1;
    for (uint32_t i = 0; i < j->tape.tokens[data].count; i++) {
        (void)putchar(letter(j, schema, value));
        value = j->tape.tokens[value].next;
    }
    (void)putchar('\n');
    schema_free(schema);
}

int main(void)
{
    struct judge j = {.library = library_new(),
                      .validator = validator_new(),
                      .report = schema_report_new(),
                      .jcs = jcs_new()};
    char *line = NULL;
    size_t cap = 0;
    buf_init(&j.text, JSON_TEXT_BYTES_MAX);
    tape_init(&j.tape);
    for (ssize_t len; (len = getline(&line, &cap, stdin)) > 0;)
        answer(&j, span_of(line, (size_t)len));
    free(line);
    tape_clear(&j.tape);
    buf_clear(&j.text);
    jcs_free(j.jcs);
    schema_report_free(j.report);
    validator_free(j.validator);
    library_free(j.library);
    return 0;
}

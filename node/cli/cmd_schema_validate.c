/* maillon schema validate: documents judged by any schema, or by the type of a pack. Ends with 0
 * when all hold, 1 when one does not, 2 when something cannot be told. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/cli/schema_cli.h"
#include "node/cli/schema_input.h"
#include "proto/limits.h"
#include "proto/schema/compile.h"
#include "proto/schema/explain.h"

struct validation {
    const struct cli *cli;
    struct schema *schema; /* of --schema */
    struct validator *validator;
    struct schema_report *report;
    struct packs_registry *registry;
    struct packs *packs;
    struct packs_scratch *scratch;
    int code;   /* the gravest so far */
    bool lines; /* --json: one answer to a line */
};

static void grow_code(struct validation *validation, int code)
{
    validation->code = code > validation->code ? code : validation->code;
}

/* ---- Answers. */

static void print_answer(const struct validation *validation, json_t *taken)
{
    if (!validation->lines) {
        cli_print_json(taken);
        return;
    }
    (void)json_dumpf(taken, stdout, JSON_COMPACT | JSON_SORT_KEYS);
    (void)fputc('\n', stdout);
    json_decref(taken);
}

/* place: what comes before a sentence ("file:3"); NULL for one document. */
static void tell_cannot(struct validation *validation, const char *place, const char *key,
                        const char *value, const char *sentence)
{
    grow_code(validation, SCHEMA_CANNOT_TELL);
    if (validation->cli->json)
        print_answer(validation,
                     json_pack("{s:n, s:s, s:s}", "valid", key, value, "sentence", sentence));
    if (!validation->cli->json || !validation->lines)
        (void)fprintf(stderr, "maillon: %s%s%s\n", place == NULL ? "" : place,
                      place == NULL ? "" : ": ", sentence);
}

/* The sentence, and in brackets the rule that was broken and where, as far as they are known. */
static void tell_why(struct validation *validation, const char *place, enum err err,
                     const struct why *why)
{
    const struct cli *cli = validation->cli;
    struct buf text;
    buf_init(&text, 4096);
    buf_append_cstr(&text, err_sentence(err, cli->lang));
    if (why->rule != NULL) {
        buf_append_cstr(&text, " (");
        buf_append_cstr(&text, why->rule);
        if (why->expected[0] != '\0') {
            buf_append_cstr(&text, cli_text(cli, ": expected ", " : attendu "));
            buf_append_cstr(&text, why->expected);
        }
        if (why->found[0] != '\0') {
            buf_append_cstr(&text, cli_text(cli, ", found ", ", trouvé "));
            buf_append_cstr(&text, why->found);
        }
        buf_append_cstr(&text, cli_text(cli, ", byte ", ", octet "));
        buf_append_u64(&text, why->position);
        buf_append_byte(&text, ')');
    }
    buf_append_byte(&text, '\0');
    tell_cannot(validation, place, "problem", err_slug(err),
                buf_check(&text) == OK ? (const char *)text.data : err_sentence(err, cli->lang));
    buf_clear(&text);
}

static void tell_problem(struct validation *validation, const char *place, enum err err)
{
    tell_why(validation, place, err, &(struct why){.rule = NULL});
}

static void tell_limit(struct validation *validation, const char *place, const char *limit)
{
    char sentence[256];
    (void)snprintf(sentence, sizeof(sentence),
                   cli_text(validation->cli, "It cannot be told within the bound %s.",
                            "On ne peut pas le dire dans la limite %s."),
                   limit);
    tell_cannot(validation, place, "limit", limit, sentence);
}

static void tell_valid(struct validation *validation, bool quiet)
{
    if (validation->cli->json)
        print_answer(validation, json_pack("{s:b, s:[]}", "valid", 1, "errors"));
    else if (!quiet)
        (void)puts(cli_text(validation->cli, "valid", "valide"));
}

static void tell_invalid(struct validation *validation, const char *place)
{
    const struct schema_report *report = validation->report;
    struct buf text;
    grow_code(validation, CLI_FAILED);
    buf_init(&text, JSON_TEXT_BYTES_MAX);
    if (validation->cli->json) {
        schema_report_write(report, SCHEMA_INVALID, validation->cli->lang, &text);
        print_answer(validation, schema_cli_json(buf_span(&text)));
    }
    /* Listing what is wrong may cost more than finding that something is. */
    if (!validation->cli->json && schema_report_count(report) == 0)
        (void)printf("%s%s%s\n", place == NULL ? "" : place, place == NULL ? "" : ": ",
                     cli_text(validation->cli, "invalid", "non valide"));
    for (uint32_t i = 0; !validation->cli->json && i < schema_report_count(report); i++) {
        struct schema_unit unit = schema_report_unit(report, i);
        buf_reset(&text);
        schema_error_sentence(&unit, validation->cli->lang, &text);
        (void)printf("%s%s%.*s\n", place == NULL ? "" : place, place == NULL ? "" : ": ",
                     (int)text.len, (const char *)text.data);
    }
    if (!validation->cli->json && schema_report_is_cut(report) && cli_flag(validation->cli, "all"))
        (void)puts(cli_text(validation->cli, "...and more", "... et d'autres"));
    buf_clear(&text);
}

/* ---- By any schema. */

/* Working memory for documents that may be any JSON value. */
struct document {
    struct jcs *jcs;
    struct buf text;
    struct tape tape;
};

static const struct tape_limits document_limits = {.bytes_max = JSON_TEXT_BYTES_MAX,
                                                   .depth_max = JSON_DEPTH_MAX};

/* false: it was told why not. */
static bool compile(struct validation *validation, struct document *document, const char *name)
{
    const struct cli *cli = validation->cli;
    const struct schema_options options = {.assert_formats = cli_flag(cli, "formats")};
    struct schema_refusal refusal = {.err = OK};
    struct why why = {.rule = NULL};
    struct buf text;
    char sentence[2048];
    buf_init(&text, JSON_TEXT_BYTES_MAX);
    enum err err = schema_cli_read(name, &text);
    /* The compiler knows places by pointers; a text that is no JSON has its bytes alone. */
    enum err shape = err != OK ? err
                               : jcs_canonicalise(document->jcs, buf_span(&text), &document_limits,
                                                  &document->text, &why);
    if (err != OK || (shape != OK && shape != ERR_LIMIT)) {
        buf_clear(&text);
        tell_why(validation, name, shape, &why);
        return false;
    }
    err = schema_compile_text(NULL, span_of(NULL, 0), buf_span(&text), &options,
                              &validation->schema, &refusal);
    buf_clear(&text);
    if (err == OK)
        return true;
    const char *rule = refusal.rule == NULL ? "" : refusal.rule;
    (void)snprintf(sentence, sizeof(sentence), "%s#%s%s%s (%s%s%s%s%s)", name, refusal.pointer,
                   cli_text(cli, ": ", " : "), err_sentence(err, cli->lang), rule,
                   refusal.expected[0] == '\0' ? "" : cli_text(cli, ": expected ", " : attendu "),
                   refusal.expected,
                   refusal.found[0] == '\0' ? "" : cli_text(cli, ", found ", ", trouvé "),
                   refusal.found);
    if (refusal.limit != NULL)
        tell_cannot(validation, NULL, "limit", refusal.limit, sentence);
    else
        tell_cannot(validation, NULL, "problem", err_slug(err), sentence);
    return false;
}

static void judge_by_schema(struct validation *validation, const struct tape *tape,
                            struct span text, const char *place)
{
    const struct explain_options options = {.errors_max = cli_flag(validation->cli, "all") ? 0 : 1};
    enum verdict verdict = schema_holds(validation->schema, validation->validator, tape, text, 0);
    if (verdict == SCHEMA_INVALID)
        (void)schema_explain(validation->schema, validation->validator, tape, text, 0, &options,
                             validation->report);
    switch (verdict) {
    case SCHEMA_VALID:
        tell_valid(validation, place != NULL);
        return;
    case SCHEMA_INVALID:
        tell_invalid(validation, place);
        return;
    case SCHEMA_LIMIT:
        tell_limit(validation, place, validator_limit(validation->validator));
        return;
    }
}

static void judge_text(struct validation *validation, struct document *document, struct span text,
                       const char *place)
{
    struct why why = {.rule = NULL};
    buf_reset(&document->text);
    enum err err = jcs_canonicalise(document->jcs, text, &document_limits, &document->text, &why);
    if (err == OK)
        err = tape_scan(&document->tape, buf_span(&document->text), &document_limits, &why);
    if (err == ERR_LIMIT)
        tell_limit(validation, place, why.rule == NULL ? "JSON_TEXT_BYTES_MAX" : why.rule);
    else if (err != OK)
        tell_why(validation, place, err, &why);
    else
        judge_by_schema(validation, &document->tape, buf_span(&document->text),
                        validation->lines ? place : NULL);
}

static void judge_instance(struct validation *validation, struct document *document,
                           const char *name)
{
    struct buf text;
    buf_init(&text, JSON_TEXT_BYTES_MAX);
    enum err err = schema_cli_read(name, &text);
    if (err == OK)
        judge_text(validation, document, buf_span(&text), name);
    else
        tell_problem(validation, name, err);
    buf_clear(&text);
}

/* An empty line is no document. */
static void judge_lines(struct validation *validation, struct document *document, const char *name)
{
    bool is_stdin = strcmp(name, "-") == 0;
    FILE *file = is_stdin ? stdin : fopen(name, "re");
    char *line = NULL;
    size_t room = 0;
    ssize_t len;
    char place[512];
    if (file == NULL) {
        tell_problem(validation, name, ERR_NOT_FOUND);
        return;
    }
    for (unsigned long long number = 1; (len = getline(&line, &room, file)) >= 0; number++) {
        struct span text = span_of(line, (size_t)len);
        while (text.len > 0 && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == '\r'))
            text.len--;
        if (text.len == 0)
            continue;
        (void)snprintf(place, sizeof(place), "%s:%llu", name, number);
        judge_text(validation, document, text, place);
    }
    if (ferror(file) != 0)
        tell_problem(validation, name, ERR_IO);
    free(line);
    if (!is_stdin)
        (void)fclose(file);
}

static void validate_by_schema(struct validation *validation, const char *schema)
{
    const char *instance = cli_value(validation->cli, "instance");
    const char *lines = cli_value(validation->cli, "ndjson");
    struct document document = {.jcs = jcs_new()};
    buf_init(&document.text, JSON_TEXT_BYTES_MAX);
    tape_init(&document.tape);
    validation->lines = lines != NULL;
    if (document.jcs == NULL)
        tell_problem(validation, NULL, ERR_NO_MEMORY);
    else if (compile(validation, &document, schema)) {
        if (lines != NULL)
            judge_lines(validation, &document, lines);
        else
            judge_instance(validation, &document, instance);
    }
    jcs_free(document.jcs);
    buf_clear(&document.text);
    tape_clear(&document.tape);
}

/* ---- By the type of a pack. */

/* The type and the body: of a record line, or of --pack and the whole document. */
static bool find_body(const struct schema_input *input, const char *pack, struct span *type_out,
                      uint32_t *body_out)
{
    struct span text = buf_span(&input->text);
    *type_out = span_cstr(pack == NULL ? "" : pack);
    *body_out = 0;
    if (pack != NULL)
        return true;
    if (input->tape.tokens[0].type != TAPE_OBJECT)
        return false;
    uint32_t schema = tape_member(&input->tape, text, 0, SPAN_LITERAL("schema"));
    *body_out = tape_member(&input->tape, text, 0, SPAN_LITERAL("body"));
    if (schema == TAPE_NONE || *body_out == TAPE_NONE ||
        input->tape.tokens[schema].type != TAPE_STRING)
        return false;
    *type_out = tape_text(&input->tape, text, schema);
    return true;
}

static void tell_unknown_type(struct validation *validation, const char *place, struct span type)
{
    char sentence[256];
    (void)snprintf(sentence, sizeof(sentence),
                   cli_text(validation->cli,
                            "No pack here has the type %.*s; `maillon schema list` shows those "
                            "there are.",
                            "Aucun pack d'ici n'a le type %.*s ; `maillon schema list` montre ceux "
                            "qu'il y a."),
                   (int)(type.len < 140 ? type.len : 140), (const char *)type.data);
    tell_cannot(validation, place, "problem", "not-found", sentence);
}

static void judge_by_type(struct validation *validation, const struct schema_input *input,
                          const char *pack, const char *place)
{
    struct span type;
    uint32_t body;
    if (!find_body(input, pack, &type, &body)) {
        tell_cannot(validation, place, "problem", "bad-record",
                    cli_text(validation->cli,
                             "This is no record with schema and body; give --pack PACK/TYPE@N.",
                             "Ce n'est pas une fiche avec schema et body ; donnez --pack "
                             "PACK/TYPE@N."));
        return;
    }
    switch (packs_fit(validation->packs, validation->scratch, type, &input->tape,
                      buf_span(&input->text), body, validation->report)) {
    case FIT_VALID:
        tell_valid(validation, validation->lines || place != NULL);
        return;
    case FIT_INVALID:
        tell_invalid(validation, place);
        return;
    case FIT_LIMIT:
        tell_limit(validation, place, "SCHEMA_RUN_STEPS_MAX");
        return;
    case FIT_UNKNOWN_TYPE:
    case FIT_UNKNOWN_PACK:
        tell_unknown_type(validation, place, type);
        return;
    }
}

static void judge_file(struct validation *validation, const char *name, enum import_format format)
{
    struct schema_input input;
    struct why why = {.rule = NULL};
    char place[512];
    enum err err = schema_input_open(&input, name, format, &why);
    if (err != OK) {
        tell_why(validation, name, err, &why);
        schema_input_close(&input);
        return;
    }
    validation->lines = input.is_lines || input.is_array;
    for (;;) {
        why = (struct why){.rule = NULL};
        err = schema_input_next(&input, &why);
        if (err == ERR_NOT_FOUND)
            break;
        (void)snprintf(place, sizeof(place), "%s:%llu", name,
                       (unsigned long long)input.place.number);
        const char *here = validation->lines ? place : NULL;
        if (err != OK)
            tell_why(validation, place, err, &why);
        else
            judge_by_type(validation, &input, cli_value(validation->cli, "pack"), here);
    }
    if (schema_input_lacks_document(&input))
        tell_why(validation, name, ERR_SYNTAX, &schema_input_no_document);
    schema_input_close(&input);
}

static void validate_by_type(struct validation *validation)
{
    const char *pack = cli_value(validation->cli, "pack");
    const char *lines = cli_value(validation->cli, "ndjson");
    const char *instance = cli_value(validation->cli, "instance");
    const char *name = lines != NULL      ? lines
                       : instance != NULL ? instance
                                          : validation->cli->arguments[1];

    validation->registry = schema_cli_open(validation->cli);
    if (validation->registry == NULL) {
        grow_code(validation, SCHEMA_CANNOT_TELL);
        return;
    }
    validation->packs = packs_take(validation->registry);
    validation->scratch = packs_scratch_new();
    if (validation->scratch == NULL)
        tell_problem(validation, NULL, ERR_NO_MEMORY);
    else if (pack != NULL && packs_find_type(validation->packs, span_cstr(pack), NULL) == NULL)
        tell_unknown_type(validation, NULL, span_cstr(pack));
    else
        judge_file(validation, name, lines != NULL ? IMPORT_NDJSON : IMPORT_AUTO);
    packs_scratch_free(validation->scratch);
    packs_release(validation->packs);
    packs_close(validation->registry);
}

int schema_validate(struct cli *cli)
{
    const char *schema = cli_value(cli, "schema");
    int files =
        cli->count - 1 + (cli_value(cli, "instance") != NULL) + (cli_value(cli, "ndjson") != NULL);
    if (files != 1 || (schema != NULL && (cli->count != 1 || cli_value(cli, "pack") != NULL)))
        return cli_usage(cli,
                         "One of --instance, --ndjson or a file is needed; with --schema, "
                         "--instance or --ndjson, and no --pack.",
                         "Il faut soit --instance, soit --ndjson, soit un fichier ; avec --schema, "
                         "--instance ou --ndjson, et pas de --pack.");
    struct validation validation = {
        .cli = cli, .validator = validator_new(), .report = schema_report_new()};
    if (validation.validator == NULL || validation.report == NULL)
        tell_problem(&validation, NULL, ERR_NO_MEMORY);
    else if (schema != NULL)
        validate_by_schema(&validation, schema);
    else
        validate_by_type(&validation);
    schema_free(validation.schema);
    schema_report_free(validation.report);
    validator_free(validation.validator);
    return validation.code;
}

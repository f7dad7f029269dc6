/* maillon schema convert: documents through the shortest chain of lenses, or one lens file. What is
 * lost and what was not understood is told beside the result. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/cli/schema_cli.h"
#include "node/cli/schema_input.h"
#include "proto/limits.h"
#include "proto/schema/core.h"

struct conversion {
    const struct cli *cli;
    struct packs_registry *registry;
    struct packs *packs;
    struct packs_chain chain;
    struct lens *own;              /* of --lens */
    const struct packs_type *core; /* --to core: the type that is read into it; else NULL */
    struct lens_work *work;
    uint64_t number; /* of the document at hand */
    json_t *losses;
    json_t *faults;
    bool failed;
};

/* ---- What is told of a step. */

static json_t *why_json(const struct tree *why)
{
    json_t *out = json_null();
    struct buf text;
    if (why == NULL)
        return out;
    buf_init(&text, LENS_BYTES_MAX);
    tree_append_canonical(&text, why);
    if (buf_check(&text) == OK)
        out = schema_cli_json(buf_span(&text));
    buf_clear(&text);
    return out;
}

static void tell_loss(struct conversion *conversion, const struct lens_loss *loss)
{
    if (conversion->losses == NULL) {
        (void)fprintf(
            stderr, cli_text(conversion->cli, "%llu: lost%s: %.*s\n", "%llu : perdu%s : %.*s\n"),
            (unsigned long long)conversion->number,
            loss->is_declared ? cli_text(conversion->cli, " (declared)", " (déclaré)") : "",
            (int)loss->path.len, (const char *)loss->path.data);
        return;
    }
    json_t *row = json_object();
    (void)json_object_set_new(row, "path", schema_cli_text(loss->path));
    (void)json_object_set_new(row, "kind",
                              json_string(loss->kind == LENS_LOSS_UNREAD ? "unread" : "dropped"));
    (void)json_object_set_new(row, "declared", json_boolean(loss->is_declared));
    if (loss->why != NULL)
        (void)json_object_set_new(row, "why", why_json(loss->why));
    (void)json_array_append_new(conversion->losses, row);
}

static void tell_fault(struct conversion *conversion, const struct lens_fault *fault)
{
    struct buf sentence;
    buf_init(&sentence, 4096);
    lens_fault_append(&sentence, fault, conversion->cli->lang);
    if (conversion->faults == NULL) {
        (void)fprintf(stderr, "%llu: %.*s: %.*s\n", (unsigned long long)conversion->number,
                      (int)fault->from.len, (const char *)fault->from.data, (int)sentence.len,
                      (const char *)sentence.data);
    } else {
        json_t *row = json_object();
        (void)json_object_set_new(row, "from", schema_cli_text(fault->from));
        (void)json_object_set_new(row, "to", schema_cli_text(fault->to));
        (void)json_object_set_new(row, "sentence", schema_cli_text(buf_span(&sentence)));
        (void)json_array_append_new(conversion->faults, row);
    }
    buf_clear(&sentence);
}

static void tell_step(void *ctx, const struct packs_step *step, const struct lens_result *result)
{
    struct conversion *conversion = ctx;
    (void)step;
    for (uint32_t i = 0; i < result->loss_count; i++)
        tell_loss(conversion, &result->losses[i]);
    for (uint32_t i = 0; i < result->fault_count; i++)
        tell_fault(conversion, &result->faults[i]);
}

/* ---- The lens or the chain. */

static int open_own(struct conversion *conversion, const char *name)
{
    const struct cli *cli = conversion->cli;
    struct lens_refusal refusal = {.pointer = ""};
    struct buf text;
    buf_init(&text, LENS_BYTES_MAX + 1u);
    enum err err = schema_cli_read(name, &text);
    if (err == OK)
        err = lens_compile(buf_span(&text), NULL, &conversion->own, &refusal);
    buf_clear(&text);
    if (err == ERR_BAD_LENS) {
        (void)fprintf(
            stderr,
            cli_text(cli, "maillon: %s#%s: %s%s%s; %s\n", "maillon : %s#%s : %s%s%s ; %s\n"), name,
            refusal.pointer, lens_refusal_reason(refusal.rule, cli->lang),
            refusal.found[0] == '\0' ? "" : ": ", refusal.found,
            lens_refusal_remedy(refusal.rule, cli->lang));
        return CLI_FAILED;
    }
    if (err != OK)
        return cli_fail(cli, name, err, NULL);
    bool back = cli_flag(cli, "back");
    if (back && !lens_is_both(conversion->own))
        return cli_usage(cli, "This lens has no way back.", "Cette lentille n'a pas de retour.");
    conversion->chain.count = 1;
    conversion->chain.steps[0] = (struct packs_step){.lens = conversion->own, .backwards = back};
    return CLI_OK;
}

static int open_chain(struct conversion *conversion, const char *from, const char *to)
{
    struct why why = {.rule = NULL};
    conversion->registry = schema_cli_open(conversion->cli);
    if (conversion->registry == NULL)
        return CLI_FAILED;
    conversion->packs = packs_take(conversion->registry);
    if (strcmp(to, "core") == 0) {
        conversion->core = packs_find_type(conversion->packs, span_cstr(from), NULL);
        return conversion->core != NULL ? CLI_OK
                                        : cli_fail(conversion->cli, from, ERR_NOT_FOUND, NULL);
    }
    enum err err = packs_find_chain(conversion->packs, span_cstr(from), span_cstr(to),
                                    &conversion->chain, &why);
    if (err != ERR_NOT_FOUND)
        return err == OK ? CLI_OK : cli_fail(conversion->cli, from, err, &why);
    const struct cli *cli = conversion->cli;
    (void)fprintf(stderr,
                  cli_text(cli, "maillon: No chain of lenses leads from %s to %s. ",
                           "maillon: Aucune suite de lentilles ne mène de %s à %s. "),
                  from, to);
    if (why.expected[0] == '\0')
        (void)fprintf(stderr,
                      cli_text(cli, "No lens begins at %s.\n", "Aucune lentille ne part de %s.\n"),
                      from);
    else
        (void)fprintf(
            stderr,
            cli_text(cli, "From there they lead to: %s.\n", "De là, elles mènent à : %s.\n"),
            why.expected);
    return CLI_FAILED;
}

/* ---- Documents. */

static void print_value(struct conversion *conversion, const struct tree *value)
{
    struct buf text;
    buf_init(&text, JSON_TEXT_BYTES_MAX);
    if (conversion->losses != NULL)
        buf_append_cstr(&text, "{\"value\":");
    tree_append_canonical(&text, value);
    (void)fwrite(text.data, 1, text.len, stdout);
    if (buf_check(&text) != OK)
        conversion->failed = true;
    buf_clear(&text);
    if (conversion->losses == NULL)
        return;
    (void)fputs(",\"losses\":", stdout);
    (void)json_dumpf(conversion->losses, stdout, JSON_COMPACT | JSON_SORT_KEYS);
    (void)fputs(",\"faults\":", stdout);
    (void)json_dumpf(conversion->faults, stdout, JSON_COMPACT | JSON_SORT_KEYS);
    (void)fputc('}', stdout);
}

static enum err apply(struct conversion *conversion, struct tree *source, struct tree **out)
{
    if (conversion->core == NULL)
        return packs_chain_apply(&conversion->chain, conversion->work, source, tell_step,
                                 conversion, out);
    struct core core;
    struct span language = span_cstr(cli_text(conversion->cli, "en", "fr"));
    TRY(packs_type_core_apply(conversion->core, conversion->work, source, &language, 1, &core));
    for (uint32_t i = 0; i < core.fault_count; i++)
        tell_fault(conversion, &core.faults[i]);
    *out = core.value;
    return OK;
}

static enum err convert_one(struct conversion *conversion, struct schema_input *input)
{
    struct tree *value;
    lens_work_reset(conversion->work);
    struct tree *source =
        tree_from_tape(lens_work_arena(conversion->work), &input->tape, buf_span(&input->text), 0);
    TRY(arena_check(lens_work_arena(conversion->work)));
    if (conversion->cli->json) {
        conversion->losses = json_array();
        conversion->faults = json_array();
    }
    enum err err = apply(conversion, source, &value);
    if (err == OK)
        print_value(conversion, value);
    json_decref(conversion->losses);
    json_decref(conversion->faults);
    conversion->losses = NULL;
    conversion->faults = NULL;
    return err;
}

static void tell_refused(struct conversion *conversion, const char *name,
                         const struct schema_input *input, enum err err, const struct why *why)
{
    char subject[512];
    (void)snprintf(subject, sizeof(subject), "%s:%llu", name,
                   (unsigned long long)input->place.number);
    (void)cli_fail(conversion->cli, subject, err, why);
    conversion->failed = true;
}

static int convert(struct conversion *conversion, const char *name)
{
    struct schema_input input;
    struct why why = {.rule = NULL};
    enum err err = schema_input_open(&input, name, IMPORT_AUTO, &why);
    if (err != OK) {
        schema_input_close(&input);
        return cli_fail(conversion->cli, name, err, &why);
    }
    bool first = true;
    for (;;) {
        why = (struct why){.rule = NULL};
        err = schema_input_next(&input, &why);
        if (err == ERR_NOT_FOUND)
            break;
        conversion->number = input.place.number;
        if (err == OK) {
            (void)fputs(!input.is_array ? "" : first ? "[" : ",\n", stdout);
            err = convert_one(conversion, &input);
            if (!input.is_array)
                (void)fputc('\n', stdout);
            first = false;
        }
        if (err != OK)
            tell_refused(conversion, name, &input, err, &why);
    }
    if (input.is_array)
        (void)puts(first ? "[]" : "]");
    if (import_is_cut_short(input.source))
        conversion->failed = true;
    if (schema_input_lacks_document(&input)) {
        (void)cli_fail(conversion->cli, name, ERR_SYNTAX, &schema_input_no_document);
        conversion->failed = true;
    }
    schema_input_close(&input);
    return conversion->failed ? CLI_FAILED : CLI_OK;
}

int schema_convert(struct cli *cli)
{
    const char *lens = cli_value(cli, "lens");
    const char *from = cli_value(cli, "from");
    const char *to = cli_value(cli, "to");
    if (cli->count != 2)
        return cli_usage(cli, "One file is needed (- is standard input).",
                         "Il faut un fichier (- est l'entrée standard).");
    if (lens == NULL && (from == NULL || to == NULL))
        return cli_usage(cli, "Either --from and --to, or --lens is needed.",
                         "Il faut --from et --to, ou --lens.");
    struct conversion conversion = {.cli = cli, .work = lens_work_new()};
    if (conversion.work == NULL)
        return cli_fail(cli, NULL, ERR_NO_MEMORY, NULL);
    lens_work_want_losses(conversion.work, true);
    int code = lens != NULL ? open_own(&conversion, lens) : open_chain(&conversion, from, to);
    if (code == CLI_OK)
        code = convert(&conversion, cli->arguments[1]);
    lens_work_free(conversion.work);
    lens_free(conversion.own);
    packs_release(conversion.packs);
    packs_close(conversion.registry);
    return code;
}

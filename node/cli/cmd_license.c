/* maillon license: what a licence allows, to whom, what is owed for it, and what may be mixed with
 * what, in sentences. The tables and rules are proto/record/license.h; the packs in use add theirs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/cli/declared_licenses.h"
#include "node/cli/schema_cli.h"
#include "proto/record/license.h"

int cmd_license(struct cli *cli);

#define SENTENCE_BYTES_MAX 8192u

/* What was asked. */
struct inquiry {
    const char *text; /* the licence */
    struct license license;
    enum license_reader reader;
    bool use_given;
    enum license_use use;
    const char *into_text; /* NULL: not asked */
    struct license into;
};

/* What was found. */
struct finding {
    struct license_terms terms;
    struct license_mix mix;
    enum license_answer answer; /* to everything asked */
};

static int refuse_license(const struct cli *cli, const char *text, enum err err,
                          const struct why *why)
{
    (void)cli_fail(cli, text, err, why);
    return CLI_USAGE;
}

static int read_inquiry(struct cli *cli, struct inquiry *inquiry)
{
    struct why why = {.rule = NULL};
    if (cli->count != 2)
        return cli_usage(cli, "Which licence? For example: maillon license check ODbL-1.0",
                         "Quelle licence ? Par exemple : maillon license check ODbL-1.0");
    inquiry->text = cli->arguments[1];
    enum err err = license_parse(span_cstr(inquiry->text), &inquiry->license, &why);
    if (err != OK)
        return refuse_license(cli, inquiry->text, err, &why);
    const char *reader = cli_value(cli, "as");
    inquiry->reader = LICENSE_READER_EVERYONE;
    if (reader != NULL && !license_reader_read(span_cstr(reader), &inquiry->reader))
        return cli_usage(cli,
                         "--as is everyone, individual, non-profit, public-body, company, "
                         "cooperative, worker-cooperative, commons-member or contributor.",
                         "--as est everyone, individual, non-profit, public-body, company, "
                         "cooperative, worker-cooperative, commons-member ou contributor.");
    const char *use = cli_value(cli, "use");
    inquiry->use_given = use != NULL;
    inquiry->use = LICENSE_USE_SHARE_AT;
    if (use != NULL && !license_use_read(span_cstr(use), &inquiry->use))
        return cli_usage(cli, "--use is share, adapt or commercial.",
                         "--use est share, adapt ou commercial.");
    inquiry->into_text = cli_value(cli, "into");
    if (inquiry->into_text == NULL)
        return CLI_OK;
    err = license_parse(span_cstr(inquiry->into_text), &inquiry->into, &why);
    return err == OK ? CLI_OK : refuse_license(cli, inquiry->into_text, err, &why);
}

static void find(const struct inquiry *inquiry, struct license_set declared,
                 struct finding *finding)
{
    license_terms(&inquiry->license, inquiry->reader, 1u << inquiry->use, declared,
                  &finding->terms);
    finding->answer = finding->terms.answer;
    if (inquiry->into_text == NULL)
        return;
    license_mix(&inquiry->license, &inquiry->into, inquiry->reader, declared, &finding->mix);
    if (!inquiry->use_given || finding->mix.answer < finding->answer)
        finding->answer = finding->mix.answer;
}

static int exit_code(enum license_answer answer)
{
    if (answer == LICENSE_UNKNOWN)
        return CLI_USAGE;
    return answer == LICENSE_YES ? CLI_OK : CLI_FAILED;
}

static const char *answer_slug(enum license_answer answer)
{
    static const char *const slugs[] = {"no", "unknown", "yes"};
    return slugs[answer];
}

/* ---- As JSON. */

static json_t *slugs_of(unsigned bits, unsigned count, const char *(*slug)(unsigned))
{
    json_t *out = json_array();
    for (unsigned i = 0; i < count; i++) {
        if ((bits & (1u << i)) != 0)
            (void)json_array_append_new(out, json_string(slug(i)));
    }
    return out;
}

static const char *use_slug(unsigned at)
{
    return license_use_slug((enum license_use)at);
}

static const char *condition_slug(unsigned at)
{
    return license_condition_slug((enum license_condition)at);
}

static json_t *part_json(const struct license_part *part)
{
    json_t *out = json_pack("{s:o, s:o, s:b, s:o, s:o}", "license", schema_cli_text(part->id), "as",
                            schema_cli_text(part->as), "known", part->known, "allows",
                            slugs_of(part->allows, LICENSE_USE_COUNT, use_slug), "owed",
                            slugs_of(part->conditions, LICENSE_CONDITION_COUNT, condition_slug));
    if (part->exception.len > 0)
        (void)json_object_set_new(out, "exception", schema_cli_text(part->exception));
    if (part->declared == NULL)
        return out;
    const struct pack_license *license = part->declared->of;
    (void)json_object_set_new(out, "url", schema_cli_text(license->url));
    (void)json_object_set_new(out, "title", schema_cli_words(&license->title));
    (void)json_object_set_new(out, "in_return", schema_cli_words(&license->owed));
    return out;
}

static json_t *reason_json(const struct license_mix *mix)
{
    json_t *out = json_object();
    static const char *const names[] = {"en", "fr"};
    for (unsigned lang = 0; lang < 2; lang++) {
        struct buf text;
        buf_init(&text, SENTENCE_BYTES_MAX);
        license_reason_append(mix, (enum lang)lang, &text);
        (void)json_object_set_new(out, names[lang], schema_cli_text(buf_span(&text)));
        buf_clear(&text);
    }
    return out;
}

static void print_json(const struct inquiry *inquiry, const struct finding *finding)
{
    const struct license_terms *terms = &finding->terms;
    json_t *parts = json_array();
    for (size_t i = 0; i < terms->count; i++)
        (void)json_array_append_new(parts, part_json(&terms->parts[i]));
    json_t *out = json_pack(
        "{s:s, s:s, s:s, s:o, s:o, s:o}", "license", inquiry->text, "reader",
        license_reader_slug(inquiry->reader), "answer", answer_slug(finding->answer), "allows",
        slugs_of(terms->allows, LICENSE_USE_COUNT, use_slug), "owed",
        slugs_of(terms->conditions, LICENSE_CONDITION_COUNT, condition_slug), "terms", parts);
    if (inquiry->use_given)
        (void)json_object_set_new(out, "use",
                                  json_pack("{s:s, s:s}", "asked", license_use_slug(inquiry->use),
                                            "answer", answer_slug(terms->answer)));
    if (inquiry->into_text != NULL)
        (void)json_object_set_new(out, "into",
                                  json_pack("{s:s, s:s, s:o}", "license", inquiry->into_text,
                                            "answer", answer_slug(finding->mix.answer), "reason",
                                            reason_json(&finding->mix)));
    cli_print_json(out);
}

/* ---- In sentences. */

static void append_list(struct buf *out, unsigned bits, unsigned count, enum lang lang,
                        const char *(*text)(unsigned, enum lang))
{
    bool first = true;
    for (unsigned i = 0; i < count; i++) {
        if ((bits & (1u << i)) == 0)
            continue;
        buf_append_cstr(out, first ? "" : lang == LANG_FR ? " ; " : "; ");
        buf_append_cstr(out, text(i, lang));
        first = false;
    }
}

static const char *use_text(unsigned at, enum lang lang)
{
    return license_use_text((enum license_use)at, lang);
}

static const char *condition_text(unsigned at, enum lang lang)
{
    return license_condition_text((enum license_condition)at, lang);
}

static void say_part(const struct cli *cli, const struct inquiry *inquiry,
                     const struct license_part *part, struct buf *out)
{
    buf_append_span(out, part->id);
    if (!part->known) {
        buf_append_cstr(out, cli_text(cli, ": its terms are not known here.\n",
                                      " : ses termes ne sont pas connus ici.\n"));
        return;
    }
    buf_append_cstr(out, cli_text(cli, ": ", " : "));
    buf_append_cstr(out, license_reader_text(inquiry->reader, cli->lang));
    if (part->allows == 0) {
        buf_append_cstr(out,
                        cli_text(cli, " may do nothing with it.\n", " ne peut rien en faire.\n"));
        return;
    }
    buf_append_cstr(out, cli_text(cli, " may ", " peut "));
    append_list(out, part->allows, LICENSE_USE_COUNT, cli->lang, use_text);
    buf_append_cstr(out, ".\n");
    if (!license_same(part->id, part->as)) {
        buf_append_cstr(out, cli_text(cli, "  For this reader it is ", "  Pour ce lecteur c'est "));
        buf_append_span(out, part->as);
        buf_append_cstr(out, ".\n");
    }
    if (part->conditions != 0) {
        buf_append_cstr(out, cli_text(cli, "  Owed: ", "  Dû : "));
        append_list(out, part->conditions, LICENSE_CONDITION_COUNT, cli->lang, condition_text);
        buf_append_cstr(out, ".\n");
    }
    if (part->declared != NULL) {
        const struct pack_license *license = part->declared->of;
        if (license->owed.text[cli->lang].len > 0) {
            buf_append_cstr(out, cli_text(cli, "  Asked in return: ", "  Demandé en retour : "));
            buf_append_span(out, license->owed.text[cli->lang]);
            buf_append_cstr(out, "\n");
        }
    }
}

static const char *answer_text(const struct cli *cli, enum license_answer answer)
{
    switch (answer) {
    case LICENSE_YES:
        return cli_text(cli, "Yes", "Oui");
    case LICENSE_NO:
        return cli_text(cli, "No", "Non");
    case LICENSE_UNKNOWN:
        break;
    }
    return cli_text(cli, "Cannot tell", "On ne peut pas dire");
}

static void print_sentences(const struct cli *cli, const struct inquiry *inquiry,
                            const struct finding *finding)
{
    struct buf out;
    buf_init(&out, 64u * SENTENCE_BYTES_MAX);
    for (size_t i = 0; i < finding->terms.count; i++)
        say_part(cli, inquiry, &finding->terms.parts[i], &out);
    if (inquiry->use_given) {
        buf_append_cstr(&out, license_use_text(inquiry->use, cli->lang));
        buf_append_cstr(&out, cli_text(cli, ": ", " : "));
        buf_append_cstr(&out, answer_text(cli, finding->terms.answer));
        buf_append_cstr(&out, ".\n");
    }
    if (inquiry->into_text != NULL) {
        buf_append_cstr(&out,
                        cli_text(cli, "Into a collection under ", "Dans une collection sous "));
        buf_append_cstr(&out, inquiry->into_text);
        buf_append_cstr(&out, cli_text(cli, ": ", " : "));
        buf_append_cstr(&out, answer_text(cli, finding->mix.answer));
        buf_append_cstr(&out, cli_text(cli, ", because ", ", car "));
        license_reason_append(&finding->mix, cli->lang, &out);
        buf_append_cstr(&out, ".\n");
    }
    (void)fwrite(out.data, 1, out.len, stdout);
    buf_clear(&out);
}

static int license_check(struct cli *cli)
{
    struct inquiry inquiry;
    int code = read_inquiry(cli, &inquiry);
    if (code != CLI_OK)
        return code;
    struct declared_licenses declared;
    if (!declared_licenses_open(cli, &declared))
        return CLI_USAGE;
    struct finding finding;
    find(&inquiry, declared.set, &finding);
    if (cli->json)
        print_json(&inquiry, &finding);
    else
        print_sentences(cli, &inquiry, &finding);
    declared_licenses_close(&declared);
    return exit_code(finding.answer);
}

/* ---- The list. */

static json_t *row_json(struct span id, unsigned allows, unsigned conditions, const char *from)
{
    return json_pack("{s:o, s:o, s:o, s:s}", "license", schema_cli_text(id), "allows",
                     slugs_of(allows, LICENSE_USE_COUNT, use_slug), "owed",
                     slugs_of(conditions, LICENSE_CONDITION_COUNT, condition_slug), "from", from);
}

static char *joined(json_t *words)
{
    char *text = NULL;
    size_t len = 0;
    FILE *stream = open_memstream(&text, &len);
    if (stream == NULL)
        BUG("no memory for a line of text");
    size_t at;
    json_t *word;
    json_array_foreach(words, at, word)(void)
        fprintf(stream, "%s%s", at == 0 ? "" : ", ", json_string_value(word));
    (void)fclose(stream);
    return text;
}

static void print_rows(json_t *rows)
{
    struct cli_table *table = cli_table_new(4);
    size_t at;
    json_t *row;
    json_array_foreach(rows, at, row)
    {
        char *allows = joined(json_object_get(row, "allows"));
        char *owed = joined(json_object_get(row, "owed"));
        cli_table_add(table, json_string_value(json_object_get(row, "license")));
        cli_table_add(table, allows);
        cli_table_add(table, owed);
        cli_table_add(table, json_string_value(json_object_get(row, "from")));
        free(allows);
        free(owed);
    }
    cli_table_print(table);
}

/* Declared ones as everyone gets them. */
static int license_list(struct cli *cli)
{
    struct declared_licenses declared;
    if (!declared_licenses_open(cli, &declared))
        return CLI_FAILED;
    json_t *rows = json_array();
    for (size_t i = 0; i < license_row_count(); i++) {
        const struct license_row *row = license_row_at(i);
        (void)json_array_append_new(
            rows, row_json(span_cstr(row->id), row->allows, row->conditions, "SPDX"));
    }
    for (size_t i = 0; i < declared.set.count; i++) {
        struct license license = {.nodes = {{.id = declared.set.items[i].id}}, .count = 1};
        struct license_terms terms;
        license_terms(&license, LICENSE_READER_EVERYONE, LICENSE_SHARE, declared.set, &terms);
        (void)json_array_append_new(rows, row_json(declared.set.items[i].id, terms.allows,
                                                   terms.conditions, declared.packs[i]));
    }
    if (cli->json) {
        cli_print_json(rows);
    } else {
        print_rows(rows);
        json_decref(rows);
    }
    declared_licenses_close(&declared);
    return CLI_OK;
}

int cmd_license(struct cli *cli)
{
    if (cli->count > 0 && strcmp(cli->arguments[0], "check") == 0)
        return license_check(cli);
    if (cli->count == 1 && strcmp(cli->arguments[0], "list") == 0)
        return license_list(cli);
    return cli_usage(cli, "What to do is needed: check LICENSE, or list.",
                     "Il faut dire quoi faire : check LICENCE, ou list.");
}

/* maillon schema: the subcommands, and what they share. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "node/cli/schema_cli.h"

int cmd_schema(struct cli *cli);

static const struct {
    const char *name;
    int (*run)(struct cli *cli);
} subcommands[] = {
    {"list", schema_list},         {"show", schema_show},       {"check", schema_check_folder},
    {"add", schema_add},           {"remove", schema_remove},   {"test", schema_test},
    {"validate", schema_validate}, {"convert", schema_convert}, {"diff", schema_diff_command},
};

int cmd_schema(struct cli *cli)
{
    for (size_t i = 0; cli->count > 0 && i < sizeof(subcommands) / sizeof(subcommands[0]); i++)
        if (strcmp(cli->arguments[0], subcommands[i].name) == 0)
            return subcommands[i].run(cli);
    return cli_usage(
        cli,
        "What to do is needed: list, show, check, add, remove, test, validate, convert or diff.",
        "Il faut dire quoi faire : list, show, check, add, remove, test, validate, convert ou "
        "diff.");
}

struct packs_registry *schema_cli_open(const struct cli *cli)
{
    struct packs_registry *registry = NULL;
    struct pack_findings findings;
    pack_findings_init(&findings);
    enum err err = packs_open(cli->dir, &findings, &registry);
    if (err != OK)
        (void)cli_fail(cli, NULL, err, NULL);
    for (size_t i = 0; err == OK && i < findings.count; i++) {
        if (findings.items[i].rule == PACK_RULE_LEFT_OUT) {
            schema_cli_print_findings(cli, &findings);
            break;
        }
    }
    pack_findings_clear(&findings);
    return registry;
}

json_t *schema_cli_text(struct span span)
{
    return span.len == 0 ? json_string("") : json_stringn((const char *)span.data, span.len);
}

json_t *schema_cli_words(const struct pack_words *words)
{
    if (words->text[LANG_EN].len == 0)
        return json_null();
    json_t *out = json_object();
    (void)json_object_set_new(out, "en", schema_cli_text(words->text[LANG_EN]));
    (void)json_object_set_new(out, "fr", schema_cli_text(words->text[LANG_FR]));
    return out;
}

json_t *schema_cli_list(const struct pack_list *list)
{
    json_t *out = json_array();
    for (size_t i = 0; i < list->count; i++)
        (void)json_array_append_new(out, schema_cli_text(list->items[i]));
    return out;
}

json_t *schema_cli_json(struct span json)
{
    if (json.len == 0)
        return json_null();
    return json_loadb((const char *)json.data, json.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
}

static json_t *both_languages(const struct pack_finding *finding,
                              void (*append)(const struct pack_finding *, enum lang, struct buf *))
{
    json_t *out = json_object();
    struct buf text;
    buf_init(&text, 8192);
    append(finding, LANG_EN, &text);
    (void)json_object_set_new(out, "en", schema_cli_text(buf_span(&text)));
    buf_reset(&text);
    append(finding, LANG_FR, &text);
    (void)json_object_set_new(out, "fr", schema_cli_text(buf_span(&text)));
    buf_clear(&text);
    return out;
}

json_t *schema_cli_findings(const struct pack_findings *findings)
{
    json_t *out = json_array();
    for (size_t i = 0; i < findings->count; i++) {
        const struct pack_finding *finding = &findings->items[i];
        bool refusal = pack_rule_kind(finding->rule) == PACK_REFUSAL;
        json_t *row = json_pack("{s:s, s:s, s:s, s:s}", "severity", refusal ? "refusal" : "warning",
                                "rule", pack_rule_slug(finding->rule), "file", finding->file,
                                "pointer", finding->pointer);
        (void)json_object_set_new(row, "reason", both_languages(finding, pack_finding_reason));
        (void)json_object_set_new(row, "remedy", both_languages(finding, pack_finding_remedy));
        (void)json_array_append_new(out, row);
    }
    return out;
}

static void print_finding(const struct cli *cli, const struct pack_finding *finding)
{
    struct buf text;
    buf_init(&text, 8192);
    bool refusal = pack_rule_kind(finding->rule) == PACK_REFUSAL;
    if (refusal)
        buf_append_cstr(&text, cli_text(cli, "refused: ", "refusé : "));
    else
        buf_append_cstr(&text, cli_text(cli, "warning: ", "attention : "));
    buf_append_cstr(&text, finding->file);
    if (finding->pointer[0] != '\0') {
        buf_append_byte(&text, '#');
        buf_append_cstr(&text, finding->pointer);
    }
    if (text.len > 0 && finding->file[0] != '\0')
        buf_append_cstr(&text, cli_text(cli, ": ", " : "));
    pack_finding_reason(finding, cli->lang, &text);
    buf_append_byte(&text, ' ');
    pack_finding_remedy(finding, cli->lang, &text);
    buf_append_byte(&text, '\n');
    (void)fwrite(text.data, 1, text.len, stderr);
    buf_clear(&text);
}

void schema_cli_print_findings(const struct cli *cli, const struct pack_findings *findings)
{
    for (size_t i = 0; i < findings->count; i++)
        print_finding(cli, &findings->items[i]);
    size_t more = findings->refusals + findings->warnings - findings->count;
    if (more > 0)
        (void)fprintf(stderr, cli_text(cli, "and %zu more\n", "et %zu de plus\n"), more);
}

enum err schema_cli_read(const char *name, struct buf *out)
{
    bool is_stdin = strcmp(name, "-") == 0;
    FILE *file = is_stdin ? stdin : fopen(name, "rbe");
    if (file == NULL)
        return ERR_NOT_FOUND;
    enum err err = OK;
    for (;;) {
        uint8_t *room = buf_reserve(out, 65536);
        if (room == NULL) {
            err = out->failed;
            break;
        }
        size_t got = fread(room, 1, 65536, file);
        buf_commit(out, got);
        if (got > 0)
            continue;
        if (ferror(file) != 0)
            err = ERR_IO;
        break;
    }
    if (!is_stdin)
        (void)fclose(file);
    return err;
}

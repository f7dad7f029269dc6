/* maillon import: rows, features and nodes of a file become records of the own log, by a pack
 * (--pack), or as they are (--schema). */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "node/cli/import_judge.h"
#include "node/cli/import_pack.h"
#include "node/cli/publish_file.h"
#include "node/cli/publish_node.h"
#include "node/cli/publish_source.h"
#include "node/net/os.h"

int cmd_import(struct cli *cli);

/* What the two ways have in common. */
struct way {
    struct cli *cli;
    const struct publish_file *file;
    enum import_format format; /* as asked for */
    struct publish_lines_options lines;
};

static bool write_report(struct way *way, const char *pack, const struct publish_report *report)
{
    const char *path = cli_value(way->cli, "report");
    if (path == NULL)
        return true;
    json_t *json = publish_report_whole(report, way->file->name, pack);
    FILE *file = fopen(path, "we");
    bool written = file != NULL && json_dumpf(json, file, JSON_INDENT(2) | JSON_SORT_KEYS) == 0 &&
                   fputc('\n', file) != EOF;
    json_decref(json);
    struct why why = {.rule = NULL};
    enum err err = written ? OK : os_fail(&why, "writing the report", errno);
    if (file != NULL && fclose(file) != 0 && err == OK)
        err = os_fail(&why, "writing the report", errno);
    if (err != OK)
        (void)cli_fail(way->cli, path, err, &why);
    return err == OK;
}

static struct publish_node *open_node(const struct way *way)
{
    const struct publish_node_options how = {.all_or_nothing = way->lines.all_or_nothing,
                                             .unless_unchanged = true,
                                             .dry_run = cli_flag(way->cli, "dry-run")};
    return publish_node_open(way->cli, &how);
}

static int finish(struct way *way, const char *pack, enum err err, const struct why *why,
                  struct publish_report *report)
{
    bool written = write_report(way, pack, report);
    int code = publish_node_report(way->cli, way->file->name, err, why, report);
    return written ? code : CLI_FAILED;
}

/* ---- by a pack ---- */

static int import_by_pack(struct way *way, const struct import_types *types, const char *pack)
{
    struct publish_node *node = open_node(way);
    if (node == NULL)
        return CLI_FAILED;
    struct publish_transport transport = publish_node_transport(node);
    const struct import_pack_options options = {types, &transport, way->lines, way->format};
    struct publish_report report;
    struct why why = {.rule = NULL};
    enum err err = import_pack(way->file->source, &options, &report, &why);
    publish_node_close(node);
    return finish(way, pack, err, &why, &report);
}

static int by_pack(struct way *way)
{
    struct cli *cli = way->cli;
    const struct import_wishes wishes = {.pack = cli_value(cli, "pack"),
                                         .lens = cli_value(cli, "lens"),
                                         .license = cli_value(cli, "license"),
                                         .audience = cli_value(cli, "audience"),
                                         .project = cli_value(cli, "project"),
                                         .id_from = cli_value(cli, "id-from")};
    struct import_types types;
    struct why why = {.rule = NULL};
    enum err err = import_types_open(cli->dir, &wishes, &types, &why);
    int code = err == OK ? import_by_pack(way, &types, wishes.pack)
                         : cli_fail(cli, wishes.pack, err, &why);
    import_types_clear(&types);
    return code;
}

/* ---- as it is ---- */

/* Judges each body by the type of --schema, when a pack of this node has it. */
struct judging {
    const struct packs_type *type;
    struct import_judge *judge;
};

static enum err judge_body(void *ctx, struct span body, const struct tape *tape,
                           struct publish_fault *fault, bool *holds_out)
{
    struct judging *judging = ctx;
    struct import_judgement judgement;
    TRY(import_judge(judging->judge, judging->type, tape, body, &judgement));
    *holds_out = judgement.holds;
    if (!judgement.holds) {
        (void)snprintf(fault->slug, sizeof(fault->slug), "%s", err_slug(ERR_BAD_RECORD));
        (void)snprintf(fault->field, sizeof(fault->field), "%s", judgement.field);
        (void)snprintf(fault->keyword, sizeof(fault->keyword), "%s", judgement.keyword);
        (void)snprintf(fault->reason, sizeof(fault->reason), "%s", judgement.reason);
    }
    return OK;
}

static int import_as_it_is(struct way *way, struct judging *judging)
{
    struct cli *cli = way->cli;
    const struct publish_options options = {
        .schema = cli_value(cli, "schema"),
        .license = cli_value(cli, "license"),
        .audience = cli_value(cli, "audience"),
        .id_from = cli_value(cli, "id-from"),
        .judge = judging->type == NULL ? NULL : judge_body,
        .judge_ctx = judging,
        .is_waiting = judging->type == NULL,
        .is_personal = judging->type != NULL && packs_type_declared(judging->type)->personal_whole,
        .lines = way->lines};
    struct publish_node *node = open_node(way);
    if (node == NULL)
        return CLI_FAILED;
    struct publish_transport transport = publish_node_transport(node);
    struct publish_report report;
    struct why why = {.rule = NULL};
    enum err err = publish_source(way->file->source, &options, &transport, &report, &why);
    publish_node_close(node);
    return finish(way, options.schema, err, &why, &report);
}

static int as_it_is(struct way *way)
{
    struct cli *cli = way->cli;
    struct packs_registry *registry = NULL;
    enum err err = packs_open(cli->dir, NULL, &registry);
    if (err != OK)
        return cli_fail(cli, NULL, err, NULL);
    struct packs *packs = packs_take(registry);
    struct judging judging = {.type =
                                  packs_find_type(packs, span_cstr(cli_value(cli, "schema")), NULL),
                              .judge = import_judge_new(cli->lang)};
    int code = judging.judge == NULL ? cli_fail(cli, NULL, ERR_NO_MEMORY, NULL)
                                     : import_as_it_is(way, &judging);
    import_judge_free(judging.judge);
    packs_release(packs);
    packs_close(registry);
    return code;
}

/* ---- the command ---- */

/* CLI_OK, or the exit code after a message. */
static int check_options(const struct cli *cli)
{
    const char *pack = cli_value(cli, "pack");
    const char *project = cli_value(cli, "project");
    const char *audience = cli_value(cli, "audience");
    if ((pack == NULL) == (cli_value(cli, "schema") == NULL))
        return cli_usage(cli,
                         "What kind of records these are is needed: --pack (food, or "
                         "food/product@1), or --schema.",
                         "Il faut dire de quelle sorte sont ces fiches : --pack (food, ou "
                         "food/product@1), ou --schema.");
    if (pack == NULL && (cli_value(cli, "lens") != NULL || project != NULL))
        return cli_usage(cli, "--lens and --project need --pack.",
                         "--lens et --project demandent --pack.");
    if (project != NULL && (strcmp(project, audience == NULL ? "public" : audience) == 0 ||
                            audience == NULL || strcmp(audience, "public") == 0))
        return cli_usage(
            cli,
            "--project makes a rendering beside the whole record, which needs a smaller "
            "--audience of its own: commons, circle:NAME or private.",
            "--project fait une version à côté de la fiche entière, à qui il faut une "
            "--audience plus petite : commons, circle:NOM ou private.");
    return CLI_OK;
}

static int read_format(const struct cli *cli, struct import_options *options)
{
    const char *format = cli_value(cli, "format");
    if (format != NULL && !import_format_read(format, &options->format))
        return cli_usage(cli, "--format is json, ndjson, csv, geojson or jsonld.",
                         "--format vaut json, ndjson, csv, geojson ou jsonld.");
    const char *encoding = cli_value(cli, "encoding");
    if (encoding != NULL && strcmp(encoding, "latin1") != 0 && strcmp(encoding, "utf-8") != 0)
        return cli_usage(cli, "--encoding is utf-8 or latin1.", "--encoding vaut utf-8 ou latin1.");
    options->latin1 = encoding != NULL && strcmp(encoding, "latin1") == 0;
    return CLI_OK;
}

int cmd_import(struct cli *cli)
{
    struct import_options options = {.containers = true};
    struct publish_file file;
    int code = check_options(cli);
    if (code == CLI_OK)
        code = read_format(cli, &options);
    if (code == CLI_OK)
        code = publish_file_open(cli, &options, &file);
    if (code != CLI_OK)
        return code;
    struct way way = {
        .cli = cli,
        .file = &file,
        .format = options.format,
        .lines = {.lang = cli->lang, .all_or_nothing = cli_flag(cli, "all-or-nothing")}};
    code = cli_value(cli, "pack") != NULL ? by_pack(&way) : as_it_is(&way);
    publish_file_close(&file);
    return code;
}

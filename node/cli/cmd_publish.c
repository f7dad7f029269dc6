/* maillon publish: a file's objects become records of the own log. */
#include "conf/packs.h"
#include "node/cli/publish_file.h"
#include "node/cli/publish_node.h"
#include "node/cli/publish_source.h"

int cmd_publish(struct cli *cli);

/* Is all of a record of this type personal? Of what no pack here knows nothing is said. */
static enum err is_personal(const struct cli *cli, const char *schema, bool *personal_out)
{
    struct packs_registry *registry = NULL;
    *personal_out = false;
    TRY(packs_open(cli->dir, NULL, &registry));
    struct packs *packs = packs_take(registry);
    const struct packs_type *type = packs_find_type(packs, span_cstr(schema), NULL);
    *personal_out = type != NULL && packs_type_declared(type)->personal_whole;
    packs_release(packs);
    packs_close(registry);
    return OK;
}

static int publish(struct cli *cli, const struct publish_file *file)
{
    bool personal;
    enum err opened = is_personal(cli, cli_value(cli, "schema"), &personal);
    if (opened != OK)
        return cli_fail(cli, NULL, opened, NULL);
    const struct publish_options options = {
        .schema = cli_value(cli, "schema"),
        .license = cli_value(cli, "license"),
        .audience = cli_value(cli, "audience"),
        .id_from = cli_value(cli, "id-from"),
        .is_personal = personal,
        .lines = {.lang = cli->lang, .all_or_nothing = cli_flag(cli, "all-or-nothing")}};
    const struct publish_node_options how = {.all_or_nothing = options.lines.all_or_nothing};
    struct publish_node *node = publish_node_open(cli, &how);
    if (node == NULL)
        return CLI_FAILED;
    struct publish_transport transport = publish_node_transport(node);
    struct publish_report report;
    struct why why = {.rule = NULL};
    enum err err = publish_source(file->source, &options, &transport, &report, &why);
    publish_node_close(node);
    return publish_node_report(cli, file->name, err, &why, &report);
}

int cmd_publish(struct cli *cli)
{
    if (cli_value(cli, "schema") == NULL)
        return cli_usage(
            cli, "--schema is needed: what kind of records these are, for example food/product@1.",
            "Il faut --schema : de quelle sorte sont ces fiches, par exemple food/product@1.");
    struct import_options options = {.containers = false};
    struct publish_file file;
    int code = publish_file_open(cli, &options, &file);
    if (code != CLI_OK)
        return code;
    code = publish(cli, &file);
    publish_file_close(&file);
    return code;
}

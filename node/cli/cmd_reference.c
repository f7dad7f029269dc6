/* maillon reference: the tables that the program is built from, for people and for the
 * documentation. */
#include <stdio.h>
#include <string.h>

#include "conf/config.h"
#include "node/cli/cli.h"

int cmd_reference(struct cli *cli);

static json_t *both(const char *const sentence[2])
{
    return json_pack("{s:s, s:s}", "en", sentence[LANG_EN], "fr", sentence[LANG_FR]);
}

static json_t *commands_json(void)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < cli_command_count; i++) {
        const struct cli_command *row = &cli_commands[i];
        (void)json_array_append_new(rows, json_pack("{s:s, s:s, s:o, s:s}", "name", row->name,
                                                    "arguments", row->arguments, "sentence",
                                                    both(row->sentence), "example", row->example));
    }
    return rows;
}

static void commands_text(const struct cli *cli)
{
    struct cli_table *table = cli_table_new(3);
    for (size_t i = 0; i < cli_command_count; i++) {
        cli_table_add(table, cli_commands[i].name);
        cli_table_add(table, cli_commands[i].arguments);
        cli_table_add(table, cli_commands[i].sentence[cli->lang]);
    }
    cli_table_print(table);
}

static json_t *options_json(void)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < cli_option_count; i++) {
        const struct cli_option *row = &cli_options[i];
        (void)json_array_append_new(rows, json_pack("{s:s, s:s, s:s?, s:o}", "command",
                                                    row->command, "name", row->name, "value",
                                                    row->value, "sentence", both(row->sentence)));
    }
    return rows;
}

static void options_text(const struct cli *cli)
{
    struct cli_table *table = cli_table_new(3);
    for (size_t i = 0; i < cli_option_count; i++) {
        const struct cli_option *row = &cli_options[i];
        char name[64];
        (void)snprintf(name, sizeof(name), "--%s %s", row->name,
                       row->value == NULL ? "" : row->value);
        cli_table_add(table, row->command[0] == '\0' ? "*" : row->command);
        cli_table_add(table, name);
        cli_table_add(table, row->sentence[cli->lang]);
    }
    cli_table_print(table);
}

static json_t *problems_json(void)
{
    json_t *rows = json_array();
    for (int i = 1; i < ERR_COUNT; i++) {
        enum err err = (enum err)i;
        const char *sentence[2] = {err_sentence(err, LANG_EN), err_sentence(err, LANG_FR)};
        (void)json_array_append_new(rows,
                                    json_pack("{s:s, s:i, s:o}", "slug", err_slug(err), "status",
                                              err_http_status(err), "sentence", both(sentence)));
    }
    return rows;
}

static void problems_text(const struct cli *cli)
{
    struct cli_table *table = cli_table_new(3);
    for (int i = 1; i < ERR_COUNT; i++) {
        char status[16];
        (void)snprintf(status, sizeof(status), "%d", err_http_status((enum err)i));
        cli_table_add(table, err_slug((enum err)i));
        cli_table_add(table, status);
        cli_table_add(table, err_sentence((enum err)i, cli->lang));
    }
    cli_table_print(table);
}

static void settings_text(const struct cli *cli)
{
    (void)cli;
    config_print_reference(stdout);
}

struct reference {
    const char *name;
    json_t *(*json)(void); /* NULL: text only */
    void (*text)(const struct cli *cli);
};

static const struct reference references[] = {
    {"commands", commands_json, commands_text},
    {"options", options_json, options_text},
    {"problems", problems_json, problems_text},
    {"settings", NULL, settings_text},
};

#define REFERENCE_COUNT (sizeof(references) / sizeof(references[0]))

int cmd_reference(struct cli *cli)
{
    if (cli->count == 0) {
        for (size_t i = 0; i < REFERENCE_COUNT; i++)
            (void)puts(references[i].name);
        return CLI_OK;
    }
    for (size_t i = 0; i < REFERENCE_COUNT; i++) {
        if (strcmp(cli->arguments[0], references[i].name) != 0)
            continue;
        if (cli->json && references[i].json != NULL)
            cli_print_json(references[i].json());
        else
            references[i].text(cli);
        return CLI_OK;
    }
    return cli_usage(cli, "There is no such table.", "Il n'y a pas de telle table.");
}

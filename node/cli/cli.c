/* From argv to a command: tables, options, the folder, the language. */
#include "node/cli/cli.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMMAND(name, arguments, english, french, example) int cmd_##name(struct cli *cli);
#include "node/cli/commands.def"
#undef COMMAND

const struct cli_command cli_commands[] = {
#define COMMAND(name, arguments, english, french, example)                                         \
    {#name, arguments, {english, french}, example, cmd_##name},
#include "node/cli/commands.def"
#undef COMMAND
};
const size_t cli_command_count = sizeof(cli_commands) / sizeof(cli_commands[0]);

const struct cli_option cli_options[] = {
#define OPTION(command, name, value, english, french) {command, name, value, {english, french}},
#include "node/cli/options.def"
#undef OPTION
};
const size_t cli_option_count = sizeof(cli_options) / sizeof(cli_options[0]);

enum lang cli_language(void)
{
    static const char *const variables[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < 3; i++) {
        const char *value = getenv(variables[i]);
        if (value != NULL && value[0] != '\0')
            return strncmp(value, "fr", 2) == 0 ? LANG_FR : LANG_EN;
    }
    return LANG_EN;
}

const char *cli_text(const struct cli *cli, const char *english, const char *french)
{
    return cli->lang == LANG_FR ? french : english;
}

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

#define NAME_MAX_COMPARED 32u

/* Levenshtein distance of short names. */
static size_t distance(const char *a, const char *b)
{
    size_t a_len = strlen(a);
    size_t b_len = strlen(b);
    if (a_len > NAME_MAX_COMPARED || b_len > NAME_MAX_COMPARED)
        return SIZE_MAX;
    size_t row[NAME_MAX_COMPARED + 1];
    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t above = row[j];
            row[j] = smallest(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[b_len];
}

static void keep_nearest(const char *typed, const char *name, size_t *best, const char **nearest)
{
    size_t here = distance(typed, name);
    if (here < *best && here * 2 <= strlen(name)) {
        *best = here;
        *nearest = name;
    }
}

static bool option_belongs(const struct cli_option *option, const struct cli_command *command)
{
    return option->command[0] == '\0' || strcmp(option->command, command->name) == 0;
}

static int unknown_command(const struct cli *cli, const char *typed)
{
    size_t best = SIZE_MAX;
    const char *nearest = NULL;
    for (size_t i = 0; i < cli_command_count; i++)
        keep_nearest(typed, cli_commands[i].name, &best, &nearest);
    (void)fprintf(stderr,
                  cli_text(cli, "maillon: There is no command “%s”.",
                           "maillon: Il n'y a pas de commande « %s »."),
                  typed);
    if (nearest != NULL)
        (void)fprintf(stderr, cli_text(cli, " Did you mean “%s”?", " Vouliez-vous dire « %s » ?"),
                      nearest);
    (void)fputs(cli_text(cli, " See `maillon help`.\n", " Voir `maillon help`.\n"), stderr);
    return CLI_USAGE;
}

static int unknown_option(const struct cli *cli, const char *typed)
{
    size_t best = SIZE_MAX;
    const char *nearest = NULL;
    for (size_t i = 0; i < cli_option_count; i++)
        if (option_belongs(&cli_options[i], cli->command))
            keep_nearest(typed, cli_options[i].name, &best, &nearest);
    (void)fprintf(
        stderr,
        cli_text(cli, "maillon: `%s` has no option --%s.", "maillon: `%s` n'a pas d'option --%s."),
        cli->command->name, typed);
    if (nearest != NULL)
        (void)fprintf(stderr, cli_text(cli, " Did you mean --%s?", " Vouliez-vous dire --%s ?"),
                      nearest);
    (void)fprintf(stderr,
                  cli_text(cli, " See `maillon %s --help`.\n", " Voir `maillon %s --help`.\n"),
                  cli->command->name);
    return CLI_USAGE;
}

static void print_options(const struct cli *cli, const char *command)
{
    for (size_t i = 0; i < cli_option_count; i++) {
        const struct cli_option *option = &cli_options[i];
        if (strcmp(option->command, command) != 0)
            continue;
        int width = printf("  --%s %s", option->name, option->value == NULL ? "" : option->value);
        (void)printf("%*s%s\n", width < 26 ? 26 - width : 1, "", option->sentence[cli->lang]);
    }
}

static int print_help(const struct cli *cli)
{
    const struct cli_command *command = cli->command;
    (void)printf("%s\n\n", command->sentence[cli->lang]);
    (void)printf("  maillon %s%s%s [--%s]\n\n", command->name,
                 command->arguments[0] == '\0' ? "" : " ", command->arguments,
                 cli_text(cli, "options", "options"));
    print_options(cli, command->name);
    print_options(cli, "");
    (void)printf(cli_text(cli, "\nExample:\n  %s\n", "\nExemple :\n  %s\n"), command->example);
    return CLI_OK;
}

static int print_overview(const struct cli *cli, FILE *out, int code)
{
    (void)fputs(cli_text(cli, "maillon COMMAND [--options]: a node of the commons.\n\n",
                         "maillon COMMANDE [--options] : un noeud du commun.\n\n"),
                out);
    for (size_t i = 0; i < cli_command_count; i++)
        (void)fprintf(out, "  %-11s%s\n", cli_commands[i].name,
                      cli_commands[i].sentence[cli->lang]);
    (void)fputs(cli_text(cli, "\n`maillon COMMAND --help` explains one, with an example.\n",
                         "\n`maillon COMMANDE --help` en explique une, avec un exemple.\n"),
                out);
    return code;
}

static const struct cli_option *find_option(const struct cli *cli, const char *name, size_t len)
{
    for (size_t i = 0; i < cli_option_count; i++) {
        const struct cli_option *option = &cli_options[i];
        if (option_belongs(option, cli->command) && strlen(option->name) == len &&
            strncmp(option->name, name, len) == 0)
            return option;
    }
    return NULL;
}

static int option_misused(const struct cli *cli, const struct cli_option *option)
{
    if (option->value != NULL)
        (void)fprintf(stderr,
                      cli_text(cli, "maillon: --%s needs a value: --%s %s.\n",
                               "maillon: --%s demande une valeur : --%s %s.\n"),
                      option->name, option->name, option->value);
    else
        (void)fprintf(stderr,
                      cli_text(cli, "maillon: --%s takes no value.\n",
                               "maillon: --%s ne prend pas de valeur.\n"),
                      option->name);
    return CLI_USAGE;
}

/* Reads the option at argv[*at]; *at is left on the last word that belongs to it. */
static int read_option(struct cli *cli, int argc, char **argv, int *at)
{
    const char *name = strcmp(argv[*at], "-h") == 0 ? "help" : argv[*at] + 2;
    const char *equals = strchr(name, '=');
    size_t len = equals == NULL ? strlen(name) : (size_t)(equals - name);
    const struct cli_option *option = find_option(cli, name, len);
    if (option == NULL) {
        char typed[64];
        (void)snprintf(typed, sizeof(typed), "%.*s", (int)(len < 60 ? len : 60), name);
        return unknown_option(cli, typed);
    }
    const char *value = "";
    if (option->value == NULL && equals != NULL)
        return option_misused(cli, option);
    if (option->value != NULL) {
        if (equals == NULL && *at + 1 >= argc)
            return option_misused(cli, option);
        value = equals != NULL ? equals + 1 : argv[++*at];
    }
    if (cli->given_count == CLI_OPTIONS_MAX)
        return cli_usage(cli, "too many options", "trop d'options");
    cli->given[cli->given_count].option = option;
    cli->given[cli->given_count++].value = value;
    return CLI_OK;
}

/* Options may stand anywhere; "--" ends them; "-" alone is an argument (standard input). */
static int read_arguments(struct cli *cli, int argc, char **argv)
{
    bool options = true;
    for (int i = 0; i < argc; i++) {
        const char *word = argv[i];
        bool is_option = options && (strncmp(word, "--", 2) == 0 || strcmp(word, "-h") == 0);
        if (!is_option) {
            cli->arguments[cli->count++] = argv[i];
            continue;
        }
        if (word[2] == '\0' && word[1] == '-') {
            options = false;
            continue;
        }
        int code = read_option(cli, argc, argv, &i);
        if (code != CLI_OK)
            return code;
    }
    return CLI_OK;
}

static char *join(const char *a, const char *b)
{
    char *out = NULL;
    if (asprintf(&out, "%s%s", a, b) < 0)
        BUG("no memory for a path");
    return out;
}

static char *choose_dir(const struct cli *cli)
{
    const char *given = cli_value(cli, "dir");
    const char *set = getenv("MAILLON_DIR");
    const char *home = getenv("HOME");
    if (given != NULL)
        return join(given, "");
    if (set != NULL && set[0] != '\0')
        return join(set, "");
    return join(home == NULL ? "" : home, "/.local/share/maillon");
}

static int run_command(struct cli *cli, int argc, char **argv)
{
    cli->arguments = calloc((size_t)argc + 1, sizeof(*cli->arguments));
    if (cli->arguments == NULL)
        return cli_fail(cli, NULL, ERR_NO_MEMORY, NULL);
    int code = read_arguments(cli, argc, argv);
    if (code == CLI_OK) {
        cli->json = cli_flag(cli, "json");
        cli->dir = choose_dir(cli);
        code = cli_flag(cli, "help") ? print_help(cli) : cli->command->run(cli);
    }
    if (fflush(stdout) != 0 && code == CLI_OK)
        code = cli_fail(cli, "stdout", ERR_IO, NULL);
    free(cli->dir);
    free(cli->arguments);
    return code;
}

int cli_main(int argc, char **argv)
{
    struct cli cli = {.self = argc > 0 ? argv[0] : "maillon", .lang = cli_language()};
    if (sodium_init() < 0)
        BUG("no randomness");
    if (argc < 2)
        return print_overview(&cli, stderr, CLI_USAGE);
    const char *name = argv[1];
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        if (argc == 2)
            return print_overview(&cli, stdout, CLI_OK);
        name = argv[2];
    }
    if (strcmp(name, "--version") == 0)
        name = "version";
    for (size_t i = 0; i < cli_command_count; i++) {
        if (strcmp(cli_commands[i].name, name) != 0)
            continue;
        cli.command = &cli_commands[i];
        if (name == argv[1] || strcmp(argv[1], "--version") == 0)
            return run_command(&cli, argc - 2, argv + 2);
        return print_help(&cli);
    }
    return unknown_command(&cli, name);
}

const char *cli_value(const struct cli *cli, const char *name)
{
    CHECK(find_option(cli, name, strlen(name)) != NULL);
    for (size_t i = cli->given_count; i > 0; i--)
        if (strcmp(cli->given[i - 1].option->name, name) == 0)
            return cli->given[i - 1].value;
    return NULL;
}

bool cli_flag(const struct cli *cli, const char *name)
{
    return cli_value(cli, name) != NULL;
}

char *cli_path(const struct cli *cli, const char *name)
{
    char *out = NULL;
    if (asprintf(&out, "%s/%s", cli->dir, name) < 0)
        BUG("no memory for a path");
    return out;
}

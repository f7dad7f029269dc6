/* The command line: what was asked, read by the tables commands.def and options.def, and the ways
 * in which every command answers. Exit codes: 0 done, 1 refused or failed, 2 asked wrongly. */
#ifndef MAILLON_NODE_CLI_CLI_H
#define MAILLON_NODE_CLI_CLI_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/err.h"

#define CLI_OK 0
#define CLI_FAILED 1
#define CLI_USAGE 2

struct cli;

struct cli_command {
    const char *name;
    const char *arguments;   /* as shown in its usage */
    const char *sentence[2]; /* by enum lang */
    const char *example;
    int (*run)(struct cli *cli);
};

struct cli_option {
    const char *command; /* "": every command has it */
    const char *name;
    const char *value; /* NULL: a switch */
    const char *sentence[2];
};

extern const struct cli_command cli_commands[];
extern const size_t cli_command_count;
extern const struct cli_option cli_options[];
extern const size_t cli_option_count;

#define CLI_OPTIONS_MAX 32u

/* One command line, read. Strings are argv's. */
struct cli {
    const struct cli_command *command;
    const char *self; /* argv[0] */
    char *dir;        /* the node's folder; owned */
    enum lang lang;
    bool json;
    int count; /* arguments that are no options */
    char **arguments;
    struct {
        const struct cli_option *option;
        const char *value;
    } given[CLI_OPTIONS_MAX];
    size_t given_count;
};

/* Dispatches. */
int cli_main(int argc, char **argv);
/* French where LC_ALL, LC_MESSAGES or LANG (the first that is set) begins with "fr". */
enum lang cli_language(void);

/* The option's value, "" for a switch that is given, NULL for what is not. A later one wins. The
 * name must be in options.def (a BUG otherwise). */
const char *cli_value(const struct cli *cli, const char *name);
bool cli_flag(const struct cli *cli, const char *name);
/* Of two sentences (or two formats of the same values) the one in the caller's language. */
__attribute__((format_arg(2), format_arg(3))) const char *
cli_text(const struct cli *cli, const char *english, const char *french);
/* "DIR/name", owned by the caller; stops the program without memory. */
char *cli_path(const struct cli *cli, const char *name);

/* "maillon: <sentence> (<rule>: expected ..., found ...)" on stderr. Returns CLI_FAILED. subject (a
 * file, an address) comes first, may be NULL; why may be NULL. */
int cli_fail(const struct cli *cli, const char *subject, enum err err, const struct why *why);
/* "maillon: <text>" and how to get help, on stderr. Returns CLI_USAGE. */
int cli_usage(const struct cli *cli, const char *english, const char *french);
/* Prints the document on stdout, sorted, indented, with a newline; releases it. */
void cli_print_json(json_t *taken);

/* A table whose columns are as wide as their widest cell (counted in characters). */
struct cli_table;
struct cli_table *cli_table_new(size_t columns); /* stops the program without memory */
/* The next cell, row by row; copied. */
void cli_table_add(struct cli_table *table, const char *cell);
/* Prints on stdout and frees. */
void cli_table_print(struct cli_table *taken);

/* A bar on stderr, when that is a terminal and the work takes longer than a second. */
struct cli_progress {
    uint64_t started_ms;
    uint64_t shown_ms;
    bool enabled;
    bool shown;
};
struct cli_progress cli_progress_start(void);
/* all 0: not known. Cheap enough for every item. */
void cli_progress_show(struct cli_progress *progress, const char *word, uint64_t done,
                       uint64_t all);
void cli_progress_end(struct cli_progress *progress);

#endif

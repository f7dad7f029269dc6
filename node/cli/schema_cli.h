/* What the subcommands of `maillon schema` share. */
#ifndef MAILLON_NODE_CLI_SCHEMA_CLI_H
#define MAILLON_NODE_CLI_SCHEMA_CLI_H

#include "conf/packs.h"
#include "node/cli/cli.h"

/* Exit code of validate where nothing can be said: a limit, a schema that does not compile, a type
 * that is not known. Asking wrongly gives the same. */
#define SCHEMA_CANNOT_TELL 2

int schema_list(struct cli *cli);
int schema_show(struct cli *cli);
int schema_check_folder(struct cli *cli);
int schema_add(struct cli *cli);
int schema_remove(struct cli *cli);
int schema_test(struct cli *cli);
int schema_validate(struct cli *cli);
int schema_convert(struct cli *cli);
int schema_diff_command(struct cli *cli);

/* The packs built in and those of the node's folder, if there is one. NULL after a message. What is
 * left out of them is told on stderr. */
struct packs_registry *schema_cli_open(const struct cli *cli);

json_t *schema_cli_text(struct span span);
json_t *schema_cli_words(const struct pack_words *words);
json_t *schema_cli_list(const struct pack_list *list);
/* Any canonical JSON. */
json_t *schema_cli_json(struct span json);
json_t *schema_cli_findings(const struct pack_findings *findings);
/* One line each on stderr. */
void schema_cli_print_findings(const struct cli *cli, const struct pack_findings *findings);

/* A whole file, or standard input for "-". ERR_NOT_FOUND, ERR_IO, ERR_LIMIT, ERR_NO_MEMORY. */
MUST_USE enum err schema_cli_read(const char *name, struct buf *out);

#endif

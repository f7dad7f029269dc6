/* The passphrase of a sealed key, from the file that --passphrase-file names. */
#ifndef MAILLON_NODE_CLI_PASSPHRASE_H
#define MAILLON_NODE_CLI_PASSPHRASE_H

#include "node/cli/cli.h"

/* *out: the file's first line, in vault memory (vault_free it), or NULL when the option is not
 * given. false: refused, and said so; exit with CLI_FAILED. */
MUST_USE bool cli_passphrase(const struct cli *cli, char **out);
/* The same of another option. */
MUST_USE bool cli_passphrase_of(const struct cli *cli, const char *option, char **out);

#endif

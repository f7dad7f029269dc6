/* What commands about identities share. */
#ifndef MAILLON_NODE_CLI_KEYS_CLI_H
#define MAILLON_NODE_CLI_KEYS_CLI_H

#include "conf/config.h"
#include "node/cli/cli.h"
#include "node/identity/identities.h"

/* maillon keys recover DID. Returns the exit code. */
int keys_recover(struct cli *cli, const char *did);

/* Fetches a history for a command, waiting for it. node_url: a node that holds it, or NULL: the
 * DID's own host, which must be public unless allow_private. What comes is in identities then.
 * Errors of resolver_fetch. */
MUST_USE enum err cli_fetch_history(struct identities *identities, const char *did,
                                    const char *node_url, bool allow_private, struct why *why);
/* What the folder's settings say; false where there are none. */
bool cli_allows_private(const struct cli *cli);

/* What --name, --url, --listen and --local say (cmd_init.c). */
MUST_USE enum err init_read_settings(const struct cli *cli, struct config *config, struct why *why);
/* The folder of a node with all but its keys: settings, token, certificate. ERR_CONFLICT: there is
 * a node. */
MUST_USE enum err init_make_folder(const struct cli *cli, const struct config *config,
                                   struct why *why);

#endif

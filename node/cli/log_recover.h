/* maillon log recover. */
#ifndef MAILLON_NODE_CLI_LOG_RECOVER_H
#define MAILLON_NODE_CLI_LOG_RECOVER_H

#include "node/cli/cli.h"

/* Returns the exit code: 0 when the own log is whole. */
int log_recover(struct cli *cli);

#endif

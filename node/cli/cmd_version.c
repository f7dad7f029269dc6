/* maillon version */
#include <stdio.h>

#include "node/cli/cli.h"

int cmd_version(struct cli *cli);

int cmd_version(struct cli *cli)
{
    if (cli->json)
        cli_print_json(json_pack("{s:s}", "version", MAILLON_VERSION));
    else
        (void)puts("maillon " MAILLON_VERSION);
    return CLI_OK;
}

/* The program: a command for people, or the warden that `maillon run` starts beside the node, for
 * it to fork the keeper. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/warden.h"
#include "node/cli/cli.h"

/* maillon keeper --fd N --dir D: an agreement between two processes of one build, not for people.
 */
static int run_keeper(char **argv)
{
    char *end = NULL;
    long fd = strtol(argv[3], &end, 10);
    if (end == argv[3] || *end != '\0' || fd < 0 || fd > 1023) {
        (void)fputs("maillon: keeper is started by `maillon run`.\n", stderr);
        return CLI_USAGE;
    }
    return warden_main((int)fd, argv[5]);
}

int main(int argc, char **argv)
{
    if (argc == 6 && strcmp(argv[1], "keeper") == 0 && strcmp(argv[2], "--fd") == 0 &&
        strcmp(argv[4], "--dir") == 0)
        return run_keeper(argv);
    return cli_main(argc, argv);
}

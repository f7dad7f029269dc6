/* The file that publish and import are given. */
#ifndef MAILLON_NODE_CLI_PUBLISH_FILE_H
#define MAILLON_NODE_CLI_PUBLISH_FILE_H

#include "node/cli/cli.h"
#include "node/import/source.h"

struct publish_file {
    const char *name; /* as messages have it: "-" for standard input */
    int fd;
    struct import_source *source;
};

/* Opens the one file that the arguments name (none, or -: standard input). options.name is filled
 * in. OK, or after a message the exit code. */
int publish_file_open(const struct cli *cli, struct import_options *options,
                      struct publish_file *out);
void publish_file_close(struct publish_file *file);

#endif

/* A path or standard input, as a source of items. */
#include "node/cli/publish_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "node/net/os.h"

int publish_file_open(const struct cli *cli, struct import_options *options,
                      struct publish_file *out)
{
    if (cli->count > 1)
        return cli_usage(cli, "One file at a time (- or none is standard input).",
                         "Un fichier à la fois (- ou rien : l'entrée standard).");
    bool is_stdin = cli->count == 0 || strcmp(cli->arguments[0], "-") == 0;
    struct why why = {.rule = NULL};
    *out = (struct publish_file){.name = is_stdin ? "-" : cli->arguments[0]};
    options->name = is_stdin ? NULL : out->name;
    out->fd = is_stdin ? STDIN_FILENO : open(out->name, O_RDONLY | O_CLOEXEC);
    if (out->fd < 0)
        return cli_fail(cli, out->name, os_fail(&why, "opening the file", errno), &why);
    enum err err = import_open(out->fd, options, &out->source, &why);
    if (err == OK)
        return CLI_OK;
    publish_file_close(out);
    return cli_fail(cli, out->name, err, &why);
}

void publish_file_close(struct publish_file *file)
{
    if (file->source != NULL)
        import_close(file->source);
    if (file->fd != STDIN_FILENO)
        (void)close(file->fd);
}

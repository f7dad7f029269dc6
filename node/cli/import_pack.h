/* maillon import --pack: a file's rows, features and nodes become records of a pack's types. */
#ifndef MAILLON_NODE_CLI_IMPORT_PACK_H
#define MAILLON_NODE_CLI_IMPORT_PACK_H

#include "node/cli/import_types.h"
#include "node/cli/publish_lines.h"

struct import_pack_options {
    const struct import_types *types;
    const struct publish_transport *transport;
    struct publish_lines_options lines;
    enum import_format format; /* that was asked for: of JSON and NDJSON items stay as they are */
};

/* Imports all of the source. OK when it was read to its end (or to where it cannot be read on) and
 * every line was answered: the report says what was refused. ERR_BAD_REQUEST (rows, and several
 * types that could take them), ERR_LIMIT (a graph larger than memory should hold), and what
 * publish_outbox_add says. report is filled in every case; clear it. */
MUST_USE enum err import_pack(struct import_source *source,
                              const struct import_pack_options *options,
                              struct publish_report *report, struct why *why);

#endif

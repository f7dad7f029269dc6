/* From an import to requests: each item becomes the line that the local API takes
 *   {"audience":...,"body":{...},"id":...,"license":...,"schema":...}
 * (canonical, absent options left out); lines are gathered into chunks and handed to a transport;
 * what was refused, here or by the node, is reported with its place in the file. */
#ifndef MAILLON_NODE_CLI_PUBLISH_SOURCE_H
#define MAILLON_NODE_CLI_PUBLISH_SOURCE_H

#include "node/cli/publish_lines.h"
#include "proto/json/tape.h"

struct publish_options {
    const char *schema;
    const char *license;  /* NULL: left out */
    const char *audience; /* NULL: left out, which means public */
    const char *id_from;  /* as import_id has it */
    /* Judges a body; may be NULL. Fills the fault (all but its place and id) where it does not
     * hold. An error ends the publication. */
    enum err (*judge)(void *ctx, struct span body, const struct tape *tape,
                      struct publish_fault *fault, bool *holds_out);
    void *judge_ctx;
    bool is_waiting;  /* the schema is not known here */
    bool is_personal; /* all of a record of this schema is */
    struct publish_lines_options lines;
};

/* Publishes all of the source. OK when the input was read to its end (or to where it cannot be read
 * on) and every chunk was answered: see the report for what was refused. ERR_NO_MEMORY, ERR_IO (the
 * temporary file), ERR_CONFLICT (all_or_nothing, and there were faults: nothing was sent), or the
 * transport's error. report is filled in every case; clear it. */
MUST_USE enum err publish_source(struct import_source *source,
                                 const struct publish_options *options,
                                 const struct publish_transport *transport,
                                 struct publish_report *report, struct why *why);

#endif

/* The transport of a publication: the node of the command's folder. */
#ifndef MAILLON_NODE_CLI_PUBLISH_NODE_H
#define MAILLON_NODE_CLI_PUBLISH_NODE_H

#include "node/cli/publish_lines.h"

struct publish_node;

/* How lines are posted: ?all-or-nothing, ?unless-unchanged, ?dry-run. */
struct publish_node_options {
    bool all_or_nothing;
    bool unless_unchanged;
    bool dry_run;
};

/* Opens the node; on failure says why and returns NULL. cli is borrowed. */
struct publish_node *publish_node_open(const struct cli *cli,
                                       const struct publish_node_options *options);
void publish_node_close(struct publish_node *node); /* NULL is fine */
struct publish_transport publish_node_transport(struct publish_node *node);

/* Says what became of a publication, in the way that was asked for (--json), and clears the report.
 * Returns the exit code. */
int publish_node_report(struct cli *cli, const char *name, enum err err, const struct why *why,
                        struct publish_report *report);

#endif

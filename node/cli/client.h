/* How a command talks to the node of its folder: to the running one over its Unix socket, or, when
 * none runs, to one that is opened inside the command for as long as it takes. The calls are the
 * same. */
#ifndef MAILLON_NODE_CLI_CLIENT_H
#define MAILLON_NODE_CLI_CLIENT_H

#include "node/cli/cli.h"
#include "node/node.h"

struct cli_client;

/* Does a node run on the folder? */
bool cli_node_runs(const struct cli *cli);
/* mode: what is opened when no node runs (NODE_READ or NODE_WRITE). On failure says why and returns
 * NULL. */
struct cli_client *cli_client_open(const struct cli *cli, enum node_mode mode);
/* The same for a node that runs already; NULL, and nothing is said, when none does. */
struct cli_client *cli_client_open_running(const struct cli *cli);
void cli_client_close(struct cli_client *client); /* NULL is fine */

struct cli_answer {
    int status;
    struct buf body;
};
void cli_answer_init(struct cli_answer *answer);
void cli_answer_clear(struct cli_answer *answer);

/* One request, waited for. content_type may be NULL without a body. ERR_NETWORK, ERR_TIMEOUT,
 * ERR_NO_MEMORY, ERR_LIMIT. */
MUST_USE enum err cli_client_call(struct cli_client *client, const char *method, const char *path,
                                  const char *content_type, struct span body,
                                  struct cli_answer *answer, struct why *why);
/* A GET whose answer must be 200: its body, or a message and false. */
MUST_USE bool cli_client_get(struct cli_client *client, const char *path,
                             struct cli_answer *answer);
/* Says what a problem document (RFC 9457) says. subject may be NULL. Returns CLI_FAILED. */
int cli_problem(const struct cli *cli, const char *subject, const struct cli_answer *answer);
/* The body as jansson has it, or NULL after a message. */
json_t *cli_answer_json(const struct cli *cli, const struct cli_answer *answer);

#endif

/* maillon run: the node, until it is told to stop. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>

#include "keys/vault.h"
#include "node/cli/cli.h"
#include "node/cli/passphrase.h"
#include "node/confinement.h"
#include "node/net/server.h"
#include "node/node.h"

int cmd_run(struct cli *cli);

static void print_ready(const struct node *node)
{
    (void)printf("ready %s %s public=%u local=%u socket=%s/%s\n", node->origin, node->url,
                 (unsigned)server_port(node->public_server),
                 (unsigned)server_port(node->local_server), node->dir, NODE_SOCKET);
    (void)fflush(stdout);
}

static void warn_of_root(const struct cli *cli)
{
    (void)fprintf(
        stderr, "%s",
        cli_text(
            cli,
            "maillon: started by root in a folder of root, so it stays root, without root's "
            "rights. Better: give the folder to a user of its own (chown -R) and start again.\n",
            "maillon: lancé par root dans un dossier de root, il reste root, sans les droits "
            "de root. Mieux : donnez le dossier à un utilisateur à lui (chown -R) et relancez.\n"));
}

struct taking_over {
    struct node *node;
    const struct config *fresh;
    unsigned held; /* loops that wait for it */
    const char *waits;
};

/* On each loop in turn, which then waits for the next: the settings change while no loop reads
 * them. */
static void take_over(void *ctx)
{
    struct taking_over *taking = ctx;
    struct node *node = taking->node;
    if (taking->held == node->loop_count)
        taking->waits = config_reload(&node->config, taking->fresh);
    else
        loop_call(node->loops[taking->held++], take_over, taking);
}

/* SIGHUP: the settings that may change while the node runs. */
static void reload(const struct cli *cli, struct node *node)
{
    struct config fresh;
    struct why why = {.rule = NULL};
    enum err err = confinement_load_config(node->signer, &fresh, &why);
    if (err != OK) {
        (void)cli_fail(cli, cli->dir, err, &why);
        return;
    }
    struct taking_over taking = {.node = node, .fresh = &fresh};
    take_over(&taking);
    if (taking.waits != NULL)
        (void)fprintf(stderr,
                      cli_text(cli, "maillon: %s changes when the node is started again.\n",
                               "maillon: %s changera au prochain démarrage du noeud.\n"),
                      taking.waits);
}

static void wait_for_end(const struct cli *cli, struct node *node, const sigset_t *signals)
{
    int signal = 0;
    while (sigwait(signals, &signal) == 0) {
        if (signal != SIGHUP)
            return;
        reload(cli, node);
    }
}

int cmd_run(struct cli *cli)
{
    if (cli->count != 0)
        return cli_usage(cli, "run takes options only.", "run ne prend que des options.");
    char *passphrase;
    if (!cli_passphrase(cli, &passphrase))
        return CLI_FAILED;
    /* Blocked before the first thread, so that every thread inherits it and sigwait gets them all.
     */
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
    struct node *node;
    struct why why = {.rule = NULL};
    struct node_options options = {
        .dir = cli->dir, .self = "/proc/self/exe", .passphrase = passphrase, .mode = NODE_SERVE};
    enum err err = node_start(&options, &node, &why);
    vault_free(passphrase);
    if (err != OK)
        return cli_fail(cli, cli->dir, err, &why);
    print_ready(node);
    if (node->is_root)
        warn_of_root(cli);
    wait_for_end(cli, node, &signals);
    node_stop(node);
    return CLI_OK;
}

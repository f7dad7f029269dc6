/* maillon keys recover: a node whose folder is lost, brought back with the recovery key alone. */
#include <stdio.h>
#include <stdlib.h>

#include "keys/vault.h"
#include "node/cli/keys_cli.h"
#include "node/cli/passphrase.h"
#include "node/identity/own.h"
#include "node/identity/resolver.h"
#include "node/net/os.h"
#include "proto/identity/did.h"

/* ---- fetching, waited for ---- */

struct waiting {
    struct loop *loop;
    struct resolver *resolver;
    const struct fetch_source *source;
    enum err err;
    struct why *why;
};

static void on_fetched(void *ctx, enum err err, const struct why *why, bool news)
{
    struct waiting *waiting = ctx;
    (void)news;
    waiting->err = err;
    if (err != OK && waiting->why != NULL)
        *waiting->why = *why;
    loop_stop(waiting->loop);
}

static void begin(void *ctx)
{
    struct waiting *waiting = ctx;
    if (resolver_fetch(waiting->resolver, waiting->loop, waiting->source, on_fetched, waiting) !=
        NULL)
        return;
    waiting->err = ERR_NO_MEMORY;
    loop_stop(waiting->loop);
}

enum err cli_fetch_history(struct identities *identities, const char *did, const char *node_url,
                           bool allow_private, struct why *why)
{
    static const struct tls_trust any = {.any = true};
    /* Of a node that somebody has named nothing is expected but the history, which proves itself.
     */
    const struct fetch_source source = {
        .did = did, .node_url = node_url, .trust = node_url == NULL ? NULL : &any};
    struct waiting waiting = {.source = &source, .err = ERR_NO_MEMORY, .why = why};
    os_init();
    waiting.loop = loop_new();
    waiting.resolver = resolver_new(identities, allow_private);
    if (waiting.loop != NULL && waiting.resolver != NULL) {
        loop_post(waiting.loop, begin, &waiting);
        loop_run(waiting.loop);
    }
    resolver_free(waiting.resolver);
    if (waiting.loop != NULL)
        loop_free(waiting.loop);
    return waiting.err;
}

bool cli_allows_private(const struct cli *cli)
{
    struct config config;
    return config_load(cli->dir, &config, NULL) == OK && config.resolver.allow_private != 0;
}

/* ---- recover ---- */

static enum err get_history(const struct cli *cli, const char *did, struct buf *out,
                            struct why *why)
{
    const char *file = cli_value(cli, "history");
    struct identities *identities;
    if (file != NULL)
        return os_read_file(file, WEBVH_BYTES_MAX, out, why);
    TRY(identities_open(NULL, &identities, why));
    /* The operator himself names the identity: its host may be anywhere. */
    enum err err = cli_fetch_history(identities, did, cli_value(cli, "from"), true, why);
    if (err == OK)
        err = identities_history(identities, did_scid(span_cstr(did)), out);
    identities_free(identities);
    return err;
}

/* Without --url the address is the one that the history names. */
static enum err set_url(const struct cli *cli, const char *did, struct span history,
                        struct config *config, struct why *why)
{
    struct identities *identities;
    struct identity_node node;
    bool news;
    if (cli_value(cli, "url") != NULL)
        return OK;
    TRY(identities_open(NULL, &identities, why));
    enum err err = identities_take(identities, span_cstr(did), history, true, &news, why);
    if (err == OK)
        err = identities_node(identities, span_cstr(did), &node);
    identities_free(identities);
    return err == OK ? config_set(config, "node", "url", node.url, why) : err;
}

static enum err recover(struct cli *cli, const char *did, const struct own_change *change,
                        struct buf *history, struct why *why)
{
    struct config config;
    TRY(get_history(cli, did, history, why));
    TRY(init_read_settings(cli, &config, why));
    TRY(set_url(cli, did, buf_span(history), &config, why));
    TRY(init_make_folder(cli, &config, why));
    return own_recover(cli->dir, span_cstr(did), buf_span(history), change, why);
}

int keys_recover(struct cli *cli, const char *did)
{
    struct own_change change = {.recovery_file = cli_value(cli, "recovery-file"),
                                .new_recovery_file = cli_value(cli, "new-recovery-file"),
                                .url = cli_value(cli, "url")};
    struct why why = {.rule = NULL};
    struct buf history;
    char *passphrase;
    if (change.recovery_file == NULL || change.new_recovery_file == NULL)
        return cli_usage(cli, "--recovery-file and --new-recovery-file are needed.",
                         "Il faut --recovery-file et --new-recovery-file.");
    if (!cli_passphrase(cli, &passphrase))
        return CLI_FAILED;
    change.passphrase = passphrase;
    buf_init(&history, WEBVH_BYTES_MAX);
    enum err err = recover(cli, did, &change, &history, &why);
    buf_clear(&history);
    vault_free(passphrase);
    if (err != OK)
        return cli_fail(cli, did, err, &why);
    if (cli->json)
        cli_print_json(json_pack("{s:s, s:s, s:s}", "dir", cli->dir, "origin", did, "recovery_file",
                                 change.new_recovery_file));
    else
        (void)printf(
            cli_text(
                cli,
                "%s has new keys in %s; the old ones are void, and your peers follow by "
                "themselves.\nThe next recovery key is in %s: move it off this machine. Now "
                "bring back the log:\n  maillon log recover --dir %s\n",
                "%s a de nouvelles clés dans %s ; les anciennes sont nulles, vos pairs suivent "
                "d'eux-mêmes.\nLa clé de secours suivante est dans %s : mettez-la ailleurs. "
                "Retrouvez maintenant le journal :\n  maillon log recover --dir %s\n"),
            did, cli->dir, change.new_recovery_file, cli->dir);
    return CLI_OK;
}

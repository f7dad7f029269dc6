/* maillon status: logs, peers, signing, addresses. */
#include <stdio.h>
#include <time.h>

#include "node/cli/client.h"
#include "proto/identity/did.h"

int cmd_status(struct cli *cli);

static const char *text(json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value == NULL ? "" : value;
}

static long long number(json_t *object, const char *key)
{
    return (long long)json_integer_value(json_object_get(object, key));
}

static void add_number(struct cli_table *table, long long value)
{
    char cell[32];
    (void)snprintf(cell, sizeof(cell), "%lld", value);
    cli_table_add(table, cell);
}

static void print_logs(const struct cli *cli, json_t *logs)
{
    size_t i;
    json_t *log;
    bool quorum = json_object_get(json_array_get(logs, 0), "confirmed") != NULL;
    struct cli_table *table = cli_table_new(quorum ? 8 : 7);
    cli_table_add(table, cli_text(cli, "log", "journal"));
    cli_table_add(table, cli_text(cli, "entries", "entrées"));
    cli_table_add(table, cli_text(cli, "signed", "signées"));
    if (quorum)
        cli_table_add(table, cli_text(cli, "confirmed", "confirmées"));
    cli_table_add(table, cli_text(cli, "records", "fiches"));
    cli_table_add(table, cli_text(cli, "behind", "retard"));
    cli_table_add(table, cli_text(cli, "quarantined", "en quarantaine"));
    cli_table_add(table, cli_text(cli, "waiting", "en attente"));
    json_array_foreach(logs, i, log)
    {
        cli_table_add(table, text(log, "origin"));
        add_number(table, number(log, "size"));
        add_number(table, number(log, "checkpoint"));
        if (quorum)
            add_number(table, number(log, "confirmed"));
        add_number(table, number(log, "records"));
        add_number(table, number(log, "behind"));
        add_number(table, number(log, "quarantined"));
        add_number(table, number(log, "waiting"));
    }
    cli_table_print(table);
}

/* What a peer's packs have against our records. */
static void print_quarantined(const struct cli *cli, json_t *peer)
{
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(peer, "quarantined"), i, item)
    {
        json_t *first = json_array_get(json_object_get(item, "errors"), 0);
        (void)printf(
            cli_text(cli, "%s quarantines %s: %s %s\n", "%s met en quarantaine %s : %s %s\n"),
            text(peer, "url"), text(item, "id"), text(first, "instanceLocation"),
            text(first, "error"));
    }
}

/* Nobody should have to look for this. */
static void print_forks(const struct cli *cli, json_t *status)
{
    size_t i;
    json_t *log;
    json_array_foreach(json_object_get(status, "logs"), i, log)
    {
        json_t *frozen = json_object_get(log, "frozen");
        if (frozen == NULL)
            continue;
        struct span scid = did_scid(span_cstr(text(log, "origin")));
        (void)printf(
            cli_text(cli,
                     "FORKED: %s has signed two histories of its log; the catalogue shows "
                     "the %lld entries that both have\n"
                     "  the proof: %s/evidence/%.*s.fork.json (check it with `maillon "
                     "verify`)\n\n",
                     "DIVERGENCE : %s a signé deux histoires de son journal ; le catalogue "
                     "montre les %lld entrées communes\n"
                     "  la preuve : %s/evidence/%.*s.fork.json (à vérifier par `maillon "
                     "verify`)\n\n"),
            text(log, "origin"), number(frozen, "common"), text(status, "dir"), (int)scid.len,
            (const char *)scid.data);
    }
}

static void print_peers(const struct cli *cli, json_t *peers)
{
    size_t i;
    json_t *peer;
    if (json_array_size(peers) == 0) {
        (void)puts(cli_text(cli, "no peers yet: see `maillon peer add --help`",
                            "pas encore de pairs : voir `maillon peer add --help`"));
        return;
    }
    struct cli_table *table = cli_table_new(4);
    cli_table_add(table, cli_text(cli, "peer", "pair"));
    cli_table_add(table, cli_text(cli, "state", "état"));
    cli_table_add(table, cli_text(cli, "since", "depuis"));
    cli_table_add(table, cli_text(cli, "address", "adresse"));
    json_array_foreach(peers, i, peer)
    {
        char since[32] = "";
        time_t seconds = (time_t)(number(peer, "since_ms") / 1000);
        struct tm utc;
        if (gmtime_r(&seconds, &utc) != NULL)
            (void)strftime(since, sizeof(since), "%Y-%m-%dT%H:%M:%SZ", &utc);
        cli_table_add(table, text(peer, "did"));
        cli_table_add(table, text(peer, "state"));
        cli_table_add(table, since);
        cli_table_add(table, text(peer, "url"));
    }
    cli_table_print(table);
    json_array_foreach(peers, i, peer)
    {
        if (json_object_get(peer, "detail") != NULL)
            (void)printf("%s: %s %s\n", text(peer, "url"), text(peer, "detail"),
                         text(peer, "rule"));
        print_quarantined(cli, peer);
    }
}

static void print_status(const struct cli *cli, json_t *status)
{
    json_t *listen = json_object_get(status, "listen");
    json_t *signing = json_object_get(status, "signing");
    (void)printf("%s (%s)\n", text(status, "name"), text(status, "origin"));
    if (json_is_true(json_object_get(status, "running")))
        (void)printf(cli_text(cli, "running at %s (public %s, local %s)\n\n",
                              "en marche : %s (public %s, local %s)\n\n"),
                     text(status, "url"), text(listen, "public"), text(listen, "local"));
    else
        (void)puts(cli_text(cli, "not running: start it with `maillon run`\n",
                            "arrêté : lancez-le par `maillon run`\n"));
    if (json_object_get(signing, "detail") != NULL)
        (void)printf(cli_text(cli, "NOT SIGNING: %s (%s: %s, found %s)\n\n",
                              "NE SIGNE PAS : %s (%s : %s, trouvé %s)\n\n"),
                     text(signing, "detail"), text(signing, "rule"), text(signing, "expected"),
                     text(signing, "found"));
    if (json_is_true(json_object_get(signing, "asking")))
        (void)puts(cli_text(cli, "asking peers how far its own log had gone\n",
                            "demande aux pairs jusqu'où allait son propre journal\n"));
    print_forks(cli, status);
    print_logs(cli, json_object_get(status, "logs"));
    (void)putchar('\n');
    print_peers(cli, json_object_get(status, "peers"));
}

int cmd_status(struct cli *cli)
{
    if (cli->count != 0)
        return cli_usage(cli, "status takes options only.", "status ne prend que des options.");
    struct cli_client *client = cli_client_open(cli, NODE_READ);
    if (client == NULL)
        return CLI_FAILED;
    struct cli_answer answer;
    cli_answer_init(&answer);
    json_t *status =
        cli_client_get(client, "/admin/status", &answer) ? cli_answer_json(cli, &answer) : NULL;
    int code = status == NULL ? CLI_FAILED : CLI_OK;
    if (status != NULL && !cli->json)
        print_status(cli, status);
    if (status != NULL && cli->json)
        cli_print_json(status);
    else
        json_decref(status);
    cli_answer_clear(&answer);
    cli_client_close(client);
    return code;
}

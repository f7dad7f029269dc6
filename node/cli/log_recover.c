/* maillon log recover: the own log's missing entries, and the keeper's lost state, from peers. */
#include "node/cli/log_recover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/cli/client.h"

static long long number(json_t *object, const char *key)
{
    return (long long)json_integer_value(json_object_get(object, key));
}

static const char *text(json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value == NULL ? "" : value;
}

static void print_peers(const struct cli *cli, json_t *peers)
{
    size_t i;
    json_t *peer;
    if (json_array_size(peers) == 0)
        (void)puts(cli_text(cli, "no peers to ask: name one with --from PAIRING",
                            "aucun pair à interroger : nommez-en un par --from CHAINE"));
    json_array_foreach(peers, i, peer)
    {
        if (json_object_get(peer, "error") == NULL)
            (void)printf(cli_text(cli, "%s holds %lld entries of this log\n",
                                  "%s détient %lld entrées de ce journal\n"),
                         text(peer, "url"), number(peer, "size"));
        else
            (void)printf(
                cli_text(cli, "%s did not answer: %s %s\n", "%s n'a pas répondu : %s %s\n"),
                text(peer, "url"), text(peer, "error"), text(peer, "rule"));
    }
}

static void print_keeper(const struct cli *cli, const char *keeper)
{
    if (strcmp(keeper, "rebuilt") == 0)
        (void)puts(cli_text(cli, "keys/keeper.state was lost and is rebuilt",
                            "keys/keeper.state était perdu et est reconstruit"));
    else if (strcmp(keeper, "raised") == 0)
        (void)puts(cli_text(cli, "keys/keeper.state was old and is brought up to the log",
                            "keys/keeper.state était ancien et est remis au niveau du journal"));
}

static int print_recovery(const struct cli *cli, json_t *done)
{
    bool complete = json_is_true(json_object_get(done, "complete"));
    print_peers(cli, json_object_get(done, "peers"));
    (void)printf(
        cli_text(cli, "%lld entries fetched (%lld of them as hashes alone): %lld held, were %lld\n",
                 "%lld entrées reprises (dont %lld par leur seule empreinte) : %lld détenues, "
                 "contre %lld\n"),
        number(done, "fetched"), number(done, "withheld"), number(done, "size"),
        number(done, "size_before"));
    print_keeper(cli, text(done, "keeper"));
    if (complete) {
        (void)puts(cli_text(cli, "complete: the log may be extended",
                            "complet : le journal peut être prolongé"));
        return CLI_OK;
    }
    const char *sentence = text(done, "detail");
    for (int err = OK + 1; cli->lang == LANG_FR && err < ERR_COUNT; err++)
        if (strcmp(err_slug((enum err)err), text(done, "error")) == 0)
            sentence = err_sentence((enum err)err, LANG_FR);
    (void)fprintf(stderr, "maillon: %s (%s: %s, %s)\n", sentence, text(done, "rule"),
                  text(done, "expected"), text(done, "found"));
    return CLI_FAILED;
}

static char *write_body(const struct cli *cli)
{
    const char *from = cli_value(cli, "from");
    json_t *body = from == NULL ? json_object() : json_pack("{s:s}", "from", from);
    char *dumped = body == NULL ? NULL : json_dumps(body, 0);
    json_decref(body);
    return dumped;
}

static int recover(struct cli *cli, struct cli_client *client, struct cli_answer *answer)
{
    struct why why = {.rule = NULL};
    char *body = write_body(cli);
    if (body == NULL)
        return cli_fail(cli, "--from", ERR_BAD_TEXT, NULL);
    enum err err = cli_client_call(client, "POST", "/admin/recover", "application/json",
                                   span_cstr(body), answer, &why);
    free(body);
    if (err != OK)
        return cli_fail(cli, NULL, err, &why);
    if (answer->status != 200)
        return cli_problem(cli, NULL, answer);
    json_t *done = cli_answer_json(cli, answer);
    int code = CLI_FAILED;
    if (done != NULL && cli->json) {
        code = json_is_true(json_object_get(done, "complete")) ? CLI_OK : CLI_FAILED;
        cli_print_json(done);
    } else if (done != NULL) {
        code = print_recovery(cli, done);
        json_decref(done);
    }
    return code;
}

int log_recover(struct cli *cli)
{
    struct cli_client *client = cli_client_open(cli, NODE_READ);
    if (client == NULL)
        return CLI_FAILED;
    struct cli_answer answer;
    cli_answer_init(&answer);
    int code = recover(cli, client, &answer);
    cli_answer_clear(&answer);
    cli_client_close(client);
    return code;
}

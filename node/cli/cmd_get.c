/* maillon get: the newest version of one record, alone or with its proof. */
#include <stdio.h>
#include <time.h>

#include "node/cli/client.h"
#include "proto/http/message.h"
#include "proto/identity/did.h"

int cmd_get(struct cli *cli);

#define SIGNING_WAIT_MS 5000

/* A record that was acknowledged a moment ago is signed a moment later: wait for that. */
static enum err ask(struct cli_client *client, const char *path, struct cli_answer *answer,
                    struct why *why)
{
    const struct timespec pause = {.tv_nsec = 50000000};
    enum err err = OK;
    for (int waited = 0; waited < SIGNING_WAIT_MS; waited += 50) {
        err = cli_client_call(client, "GET", path, NULL, span_of(NULL, 0), answer, why);
        if (err != OK || answer->status != 503)
            return err;
        (void)nanosleep(&pause, NULL);
    }
    return err;
}

int cmd_get(struct cli *cli)
{
    if (cli->count != 1)
        return cli_usage(cli, "One record is needed: 'DID/ID'.", "Il faut une fiche : 'DID/ID'.");
    struct span origin;
    struct span id;
    struct why bad = {.rule = NULL};
    enum err split = did_url_split(span_cstr(cli->arguments[0]), &origin, &id, &bad);
    if (split != OK)
        return cli_fail(cli, cli->arguments[0], split, &bad);
    struct buf path;
    buf_init(&path, 8192);
    buf_append_cstr(&path, "/v1/records/");
    http_percent_encode(span_cstr(cli->arguments[0]), &path);
    const char *as = cli_value(cli, "as");
    if (as != NULL && cli_flag(cli, "proof")) {
        buf_clear(&path);
        return cli_usage(cli, "The proof is of the record as it was signed: --as or --proof.",
                         "La preuve est celle de la fiche telle que signée : --as ou --proof.");
    }
    if (as != NULL) {
        buf_append_cstr(&path, "?as=");
        http_percent_encode(span_cstr(as), &path);
    } else if (cli_flag(cli, "proof")) {
        buf_append_cstr(&path, "?proof");
    }
    buf_append_byte(&path, '\0');
    if (buf_check(&path) != OK) {
        buf_clear(&path);
        return cli_fail(cli, NULL, ERR_LIMIT, NULL);
    }
    /* To be proven, the log's end must be signed, also when no node runs. */
    struct cli_client *client =
        cli_client_open(cli, cli_flag(cli, "proof") ? NODE_WRITE : NODE_READ);
    if (client == NULL) {
        buf_clear(&path);
        return CLI_FAILED;
    }
    struct cli_answer answer;
    struct why why = {.rule = NULL};
    cli_answer_init(&answer);
    enum err err = ask(client, (const char *)path.data, &answer, &why);
    int code = CLI_OK;
    if (err != OK)
        code = cli_fail(cli, NULL, err, &why);
    else if (answer.status != 200)
        code = cli_problem(cli, cli->arguments[0], &answer);
    else
        (void)printf("%.*s\n", (int)answer.body.len, (const char *)answer.body.data);
    cli_answer_clear(&answer);
    cli_client_close(client);
    buf_clear(&path);
    return code;
}

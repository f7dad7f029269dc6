/* maillon log checkpoint|check|recover: what is signed, whether all that is stored still holds, and
 * what is missing. */
#include <stdio.h>
#include <string.h>

#include "node/cli/client.h"
#include "node/cli/log_recover.h"
#include "proto/identity/did.h"

int cmd_log(struct cli *cli);

static void make_path(struct buf *out, const char *before, struct span origin, const char *after)
{
    buf_reset(out);
    buf_append_cstr(out, before);
    buf_append_span(out, did_scid(origin));
    buf_append_cstr(out, after);
    buf_append_byte(out, '\0');
}

/* The logs to look at: the one named, or every one (checkpoint: the own one). NULL after a message.
 */
static json_t *choose(struct cli *cli, struct cli_client *client, bool all,
                      struct cli_answer *answer)
{
    if (!cli_client_get(client, "/v1/logs", answer))
        return NULL;
    json_t *json = cli_answer_json(cli, answer);
    json_t *chosen = json_array();
    const char *named = cli->count == 2 ? cli->arguments[1] : NULL;
    size_t i;
    json_t *log;
    json_array_foreach(json_object_get(json, "logs"), i, log)
    {
        const char *origin = json_string_value(json_object_get(log, "origin"));
        bool own = json_is_true(json_object_get(log, "own"));
        if (named == NULL ? all || own : strcmp(named, origin) == 0)
            (void)json_array_append(chosen, log);
    }
    json_decref(json);
    if (json_array_size(chosen) > 0)
        return chosen;
    json_decref(chosen);
    (void)cli_fail(cli, named, ERR_NOT_FOUND, NULL);
    return NULL;
}

static int checkpoint(struct cli *cli, struct cli_client *client, json_t *log, struct buf *path,
                      struct cli_answer *answer)
{
    struct span origin = span_cstr(json_string_value(json_object_get(log, "origin")));
    make_path(path, "/v1/logs/", origin, "/checkpoint");
    if (!cli_client_get(client, (const char *)path->data, answer))
        return CLI_FAILED;
    if (cli->json)
        cli_print_json(json_pack("{s:s%, s:s%}", "origin", (const char *)origin.data, origin.len,
                                 "checkpoint", (const char *)answer->body.data, answer->body.len));
    else
        (void)fwrite(answer->body.data, 1, answer->body.len, stdout);
    return CLI_OK;
}

static void print_check(const struct cli *cli, const char *origin, json_t *report)
{
    long long entries = (long long)json_integer_value(json_object_get(report, "entries"));
    long long checkpoints = (long long)json_integer_value(json_object_get(report, "checkpoints"));
    if (json_is_true(json_object_get(report, "sound"))) {
        (void)printf(cli_text(cli, "sound: %s (%lld entries, %lld checkpoints)\n",
                              "sain : %s (%lld entrées, %lld points de contrôle)\n"),
                     origin, entries, checkpoints);
        return;
    }
    const char *rule = json_string_value(json_object_get(report, "rule"));
    (void)printf(cli_text(cli, "DAMAGED: %s, first bad entry %lld (%s). %s\n",
                          "ABÎMÉ : %s, première entrée fausse %lld (%s). %s\n"),
                 origin, (long long)json_integer_value(json_object_get(report, "bad_index")),
                 rule == NULL ? "" : rule, err_sentence(ERR_DAMAGED, cli->lang));
}

/* Adds the report to `reports`; returns whether the log is sound. */
static bool check(struct cli *cli, struct cli_client *client, json_t *log, struct buf *path,
                  struct cli_answer *answer, json_t *reports)
{
    const char *origin = json_string_value(json_object_get(log, "origin"));
    make_path(path, "/admin/check/", span_cstr(origin), "");
    json_t *report = cli_client_get(client, (const char *)path->data, answer)
                         ? cli_answer_json(cli, answer)
                         : NULL;
    if (report == NULL)
        return false;
    bool sound = json_is_true(json_object_get(report, "sound"));
    if (!cli->json)
        print_check(cli, origin, report);
    (void)json_object_set_new(report, "origin", json_string(origin));
    (void)json_array_append_new(reports, report);
    return sound;
}

static int each_log(struct cli *cli, struct cli_client *client, bool checks)
{
    struct cli_answer answer;
    struct buf path;
    cli_answer_init(&answer);
    buf_init(&path, 2048);
    int code = CLI_OK;
    size_t i;
    json_t *log;
    json_t *reports = json_array();
    json_t *logs = choose(cli, client, checks, &answer);
    if (logs == NULL)
        code = CLI_FAILED;
    json_array_foreach(logs, i, log)
    {
        bool fine = checks ? check(cli, client, log, &path, &answer, reports)
                           : checkpoint(cli, client, log, &path, &answer) == CLI_OK;
        code = fine ? code : CLI_FAILED;
    }
    if (cli->json && checks && logs != NULL)
        cli_print_json(json_pack("{s:b, s:O}", "sound", code == CLI_OK, "logs", reports));
    json_decref(reports);
    json_decref(logs);
    buf_clear(&path);
    cli_answer_clear(&answer);
    return code;
}

int cmd_log(struct cli *cli)
{
    const char *what = cli->count > 0 ? cli->arguments[0] : "";
    bool checks = strcmp(what, "check") == 0;
    if (cli->count == 1 && strcmp(what, "recover") == 0)
        return log_recover(cli);
    if (cli->count > 2 || (!checks && strcmp(what, "checkpoint") != 0))
        return cli_usage(cli, "log checkpoint [DID], log check [DID] or log recover.",
                         "log checkpoint [DID], log check [DID] ou log recover.");
    struct cli_client *client = cli_client_open(cli, NODE_READ);
    if (client == NULL)
        return CLI_FAILED;
    int code = each_log(cli, client, checks);
    cli_client_close(client);
    return code;
}

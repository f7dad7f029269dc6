/* maillon circle add|list|remove: to whom this author's records of a circle go. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/cli/client.h"
#include "proto/http/message.h"

int cmd_circle(struct cli *cli);

static int call(struct cli *cli, const char *method, const char *path, const char *body,
                struct cli_answer *answer)
{
    struct cli_client *client = cli_client_open(cli, NODE_READ);
    if (client == NULL)
        return CLI_FAILED;
    struct why why = {.rule = NULL};
    enum err err = cli_client_call(client, method, path, body == NULL ? NULL : "application/json",
                                   body == NULL ? span_of(NULL, 0) : span_cstr(body), answer, &why);
    cli_client_close(client);
    if (err != OK)
        return cli_fail(cli, NULL, err, &why);
    return answer->status == 200 ? CLI_OK : cli_problem(cli, NULL, answer);
}

static int tell(const struct cli *cli, const struct cli_answer *answer, const char *english,
                const char *french)
{
    if (!cli->json) {
        (void)printf("%s\n", cli_text(cli, english, french));
        return CLI_OK;
    }
    json_t *json = cli_answer_json(cli, answer);
    if (json == NULL)
        return CLI_FAILED;
    (void)json_object_del(json, "member");
    cli_print_json(json);
    return CLI_OK;
}

static int add(struct cli *cli, struct cli_answer *answer)
{
    json_t *body = json_pack("{s:s, s:s}", "name", cli->arguments[1], "did", cli->arguments[2]);
    char *text = body == NULL ? NULL : json_dumps(body, 0);
    json_decref(body);
    if (text == NULL)
        return cli_fail(cli, "circle", ERR_BAD_TEXT, NULL);
    int code = call(cli, "POST", "/admin/circles", text, answer);
    free(text);
    return code == CLI_OK
               ? tell(cli, answer, "Added: it gets what is published to this circle, and what was.",
                      "Ajouté : il reçoit ce qui est publié à ce cercle, et l'a été.")
               : code;
}

static int remove_from(struct cli *cli, struct cli_answer *answer)
{
    struct buf path;
    buf_init(&path, 4096);
    buf_append_cstr(&path, "/admin/circles/");
    http_percent_encode(span_cstr(cli->arguments[1]), &path);
    if (cli->count == 3) {
        buf_append_byte(&path, '/');
        http_percent_encode(span_cstr(cli->arguments[2]), &path);
    }
    buf_append_byte(&path, '\0');
    int code = buf_check(&path) == OK ? call(cli, "DELETE", (const char *)path.data, NULL, answer)
                                      : cli_fail(cli, NULL, ERR_LIMIT, NULL);
    buf_clear(&path);
    return code == CLI_OK ? tell(cli, answer, "Removed: what was sent already stays where it is.",
                                 "Retiré : ce qui a déjà été envoyé reste où il est.")
                          : code;
}

static int list(struct cli *cli, struct cli_answer *answer)
{
    int code = call(cli, "GET", "/admin/circles", NULL, answer);
    json_t *circles = code == CLI_OK ? cli_answer_json(cli, answer) : NULL;
    if (circles == NULL)
        return CLI_FAILED;
    if (cli->json) {
        cli_print_json(circles);
        return CLI_OK;
    }
    const char *name;
    json_t *members;
    struct cli_table *table = cli_table_new(2);
    json_object_foreach(circles, name, members)
    {
        size_t i;
        json_t *did;
        json_array_foreach(members, i, did)
        {
            cli_table_add(table, name);
            cli_table_add(table, json_string_value(did));
        }
    }
    cli_table_print(table);
    json_decref(circles);
    return CLI_OK;
}

int cmd_circle(struct cli *cli)
{
    const char *what = cli->count > 0 ? cli->arguments[0] : "";
    struct cli_answer answer;
    cli_answer_init(&answer);
    int code;
    if (strcmp(what, "add") == 0 && cli->count == 3)
        code = add(cli, &answer);
    else if (strcmp(what, "remove") == 0 && (cli->count == 2 || cli->count == 3))
        code = remove_from(cli, &answer);
    else if (strcmp(what, "list") == 0 && cli->count == 1)
        code = list(cli, &answer);
    else
        code = cli_usage(cli, "circle add NAME DID, circle list, or circle remove NAME [DID].",
                         "circle add NOM DID, circle list ou circle remove NOM [DID].");
    cli_answer_clear(&answer);
    return code;
}

/* maillon peer add|list|member|remove: whom this node follows, and who of them is a member. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/cli/client.h"
#include "proto/http/message.h"

int cmd_peer(struct cli *cli);

static int tell(const struct cli *cli, const struct cli_answer *answer, const char *english,
                const char *french)
{
    json_t *json = cli_answer_json(cli, answer);
    if (json == NULL)
        return CLI_FAILED;
    if (cli->json) {
        cli_print_json(json);
        return CLI_OK;
    }
    (void)printf("%s %s\n", cli_text(cli, english, french),
                 json_string_value(json_object_get(json, "did")));
    json_decref(json);
    return CLI_OK;
}

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

static int add(struct cli *cli, struct cli_answer *answer)
{
    json_t *body =
        json_pack("{s:s, s:b}", "pairing", cli->arguments[1], "member", cli_flag(cli, "member"));
    char *text = body == NULL ? NULL : json_dumps(body, 0);
    json_decref(body);
    if (text == NULL)
        return cli_fail(cli, "pairing", ERR_BAD_TEXT, NULL);
    int code = call(cli, "POST", "/admin/peers", text, answer);
    free(text);
    return code == CLI_OK ? tell(cli, answer, "Following", "Suivi :") : code;
}

static int set_member(struct cli *cli, struct cli_answer *answer)
{
    bool on = strcmp(cli->arguments[2], "on") == 0;
    json_t *body = json_pack("{s:s, s:b}", "did", cli->arguments[1], "member", on);
    char *text = body == NULL ? NULL : json_dumps(body, 0);
    json_decref(body);
    if (text == NULL)
        return cli_fail(cli, "did", ERR_BAD_TEXT, NULL);
    int code = call(cli, "POST", "/admin/members", text, answer);
    free(text);
    if (code != CLI_OK)
        return code;
    return on ? tell(cli, answer, "A member of the commons:", "Membre des communs :")
              : tell(cli, answer,
                     "No longer a member of the commons:", "N'est plus membre des communs :");
}

static bool is_switch(const char *text)
{
    return strcmp(text, "on") == 0 || strcmp(text, "off") == 0;
}

static int remove_peer(struct cli *cli, struct cli_answer *answer)
{
    struct buf path;
    buf_init(&path, 4096);
    buf_append_cstr(&path, "/admin/peers/");
    http_percent_encode(span_cstr(cli->arguments[1]), &path);
    buf_append_byte(&path, '\0');
    int code = buf_check(&path) == OK ? call(cli, "DELETE", (const char *)path.data, NULL, answer)
                                      : cli_fail(cli, NULL, ERR_LIMIT, NULL);
    buf_clear(&path);
    return code == CLI_OK ? tell(cli, answer, "No longer following", "N'est plus suivi :") : code;
}

static int list(struct cli *cli, struct cli_answer *answer)
{
    int code = call(cli, "GET", "/admin/status", NULL, answer);
    json_t *status = code == CLI_OK ? cli_answer_json(cli, answer) : NULL;
    json_t *peers = json_object_get(status, "peers");
    if (status == NULL)
        return CLI_FAILED;
    if (cli->json) {
        cli_print_json(json_incref(peers));
    } else {
        size_t i;
        json_t *peer;
        struct cli_table *table = cli_table_new(4);
        json_array_foreach(peers, i, peer)
        {
            cli_table_add(table, json_string_value(json_object_get(peer, "did")));
            cli_table_add(table, json_string_value(json_object_get(peer, "state")));
            bool member = json_is_true(json_object_get(peer, "member"));
            cli_table_add(table, member ? cli_text(cli, "member", "membre") : "-");
            cli_table_add(table, json_string_value(json_object_get(peer, "url")));
        }
        cli_table_print(table);
    }
    json_decref(status);
    return CLI_OK;
}

/* What is trusted of this peer, and why, in sentences. */
static void explain(const struct cli *cli, json_t *peer)
{
    json_t *trust = json_object_get(peer, "trust");
    const char *did = json_string_value(json_object_get(peer, "did"));
    const char *by = json_string_value(json_object_get(trust, "by"));
    const char *url = json_string_value(json_object_get(trust, "url"));
    int pins = (int)json_integer_value(json_object_get(trust, "pins"));
    int versions = (int)json_integer_value(json_object_get(trust, "versions"));
    (void)printf("%s\n", did);
    if (versions > 0)
        (void)printf(
            cli_text(cli,
                     "Who it is: its history of %d entries is held here and was verified from the "
                     "first, whose hash is in\nthe name. A change of keys must continue it, so "
                     "nobody but the holder of the recovery key can make one.\n",
                     "Qui il est : son historique de %d entrées est tenu ici et vérifié depuis la "
                     "première, dont l'empreinte\nest dans le nom. Un changement de clés doit le "
                     "continuer : seul le détenteur de la clé de secours peut en faire.\n"),
            versions);
    else if (strncmp(did, "did:key:", 8) == 0)
        (void)puts(cli_text(cli, "Who it is: its name is its key. It can never be changed.",
                            "Qui il est : son nom est sa clé. Elle ne peut jamais changer."));
    else
        (void)puts(cli_text(cli,
                            "Who it is: not known yet. Its history has not come; its name says how "
                            "it must begin.",
                            "Qui il est : pas encore connu. Son historique n'est pas arrivé ; son "
                            "nom dit comment il doit commencer."));
    if (strcmp(by, "document") == 0)
        (void)printf(cli_text(cli,
                              "Connection: to %s, which must show one of the %d TLS keys that its "
                              "history names.\n",
                              "Connexion : à %s, qui doit montrer l'une des %d clés TLS que nomme "
                              "son historique.\n"),
                     url, pins);
    else if (strcmp(by, "pairing") == 0)
        (void)printf(cli_text(cli,
                              "Connection: to %s, which must show the TLS key of the pairing "
                              "string.\n",
                              "Connexion : à %s, qui doit montrer la clé TLS de la chaîne "
                              "d'appairage.\n"),
                     url);
    else if (strcmp(by, "public") == 0)
        (void)printf(cli_text(cli,
                              "Connection: to %s, for which a public certificate authority must "
                              "vouch.\n",
                              "Connexion : à %s, dont une autorité de certification publique doit "
                              "répondre.\n"),
                     url);
    else
        (void)puts(cli_text(cli, "Connection: its host is asked for its history first.",
                            "Connexion : son historique est d'abord demandé à son hôte."));
    (void)puts(cli_text(cli,
                        "Its log: each checkpoint must be signed by a log key that is valid now "
                        "and extend the one before.\nState of the connection:",
                        "Son journal : chaque point de contrôle doit être signé par une clé de "
                        "journal valide à présent et prolonger\nle précédent. État de la "
                        "connexion :"));
    (void)printf("  %s\n", json_string_value(json_object_get(peer, "state")));
    const char *detail = json_string_value(json_object_get(peer, "detail"));
    const char *rule = json_string_value(json_object_get(peer, "rule"));
    if (detail != NULL)
        (void)printf("  %s%s%s\n", detail, rule == NULL ? "" : " ", rule == NULL ? "" : rule);
}

static int show(struct cli *cli, struct cli_answer *answer)
{
    int code = call(cli, "GET", "/admin/status", NULL, answer);
    json_t *status = code == CLI_OK ? cli_answer_json(cli, answer) : NULL;
    if (status == NULL)
        return CLI_FAILED;
    size_t i;
    json_t *peer;
    json_t *found = NULL;
    json_array_foreach(json_object_get(status, "peers"), i, peer)
    {
        if (strcmp(json_string_value(json_object_get(peer, "did")), cli->arguments[1]) == 0)
            found = peer;
    }
    if (found == NULL)
        code = cli_fail(cli, cli->arguments[1], ERR_NOT_FOUND, NULL);
    else if (cli->json)
        cli_print_json(json_incref(found));
    else
        explain(cli, found);
    json_decref(status);
    return code;
}

int cmd_peer(struct cli *cli)
{
    const char *what = cli->count > 0 ? cli->arguments[0] : "";
    struct cli_answer answer;
    cli_answer_init(&answer);
    int code;
    if (strcmp(what, "add") == 0 && cli->count == 2)
        code = add(cli, &answer);
    else if (strcmp(what, "remove") == 0 && cli->count == 2)
        code = remove_peer(cli, &answer);
    else if (strcmp(what, "show") == 0 && cli->count == 2)
        code = show(cli, &answer);
    else if (strcmp(what, "member") == 0 && cli->count == 3 && is_switch(cli->arguments[2]))
        code = set_member(cli, &answer);
    else if (strcmp(what, "list") == 0 && cli->count == 1)
        code = list(cli, &answer);
    else
        code = cli_usage(cli,
                         "peer add PAIRING, peer list, peer show DID, peer member DID on|off, "
                         "or peer remove DID.",
                         "peer add CHAINE, peer list, peer show DID, peer member DID on|off "
                         "ou peer remove DID.");
    cli_answer_clear(&answer);
    return code;
}

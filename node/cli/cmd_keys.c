/* maillon keys: what they are, and their changes. The work is done in node/identity/own.h; here it
 * is asked for, told to the running node, and explained. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keys/keyfile.h"
#include "keys/keys.h"
#include "keys/vault.h"
#include "node/cli/client.h"
#include "node/cli/keys_cli.h"
#include "node/cli/passphrase.h"
#include "node/identity/identities.h"
#include "node/identity/own.h"
#include "node/net/certificate.h"
#include "proto/base/base64.h"
#include "proto/base/time_text.h"
#include "proto/identity/did.h"
#include "proto/identity/multikey.h"

int cmd_keys(struct cli *cli);

/* ---- show ---- */

static json_t *key_json(const struct cli *cli, const char *name)
{
    struct public_key key;
    bool sealed;
    struct buf text;
    char *path = cli_path(cli, name);
    enum err err = keyfile_read_public(path, &key, &sealed, NULL);
    free(path);
    if (err != OK)
        return json_null();
    buf_init(&text, 64);
    multikey_append(&text, &key);
    json_t *json =
        json_pack("{s:s%, s:b}", "key", (const char *)text.data, text.len, "sealed", sealed);
    buf_clear(&text);
    return json;
}

static json_t *pin_json(const struct cli *cli, bool next)
{
    uint8_t pin[CERTIFICATE_PIN_BYTES];
    struct buf text;
    if ((next ? certificate_pin_next(cli->dir, pin, NULL) : certificate_pin(cli->dir, pin, NULL)) !=
        OK)
        return json_null();
    buf_init(&text, 64);
    base64url_append(&text, span_of(pin, sizeof(pin)));
    json_t *json = json_stringn((const char *)text.data, text.len);
    buf_clear(&text);
    return json;
}

static json_t *versions_json(const struct webvh_history *history)
{
    json_t *list = json_array();
    for (unsigned number = 1; number <= webvh_count(history); number++) {
        struct webvh_version version = webvh_version(history, number);
        struct buf time;
        buf_init(&time, 64);
        time_text_append(&time, version.time_ms);
        (void)json_array_append_new(list, json_pack("{s:s%, s:s%, s:b}", "version",
                                                    (const char *)version.id.data, version.id.len,
                                                    "time", (const char *)time.data, time.len,
                                                    "deactivated", version.deactivated));
        buf_clear(&time);
    }
    return list;
}

static void print_key(const struct cli *cli, const char *label, json_t *key)
{
    if (!json_is_object(key))
        return;
    (void)printf("  %s %s%s\n", label, json_string_value(json_object_get(key, "key")),
                 json_is_true(json_object_get(key, "sealed"))
                     ? cli_text(cli, " (sealed)", " (scellée)")
                     : "");
}

static void print_shown(const struct cli *cli, json_t *shown)
{
    size_t count = json_array_size(json_object_get(shown, "history"));
    (void)printf("%s\n", json_string_value(json_object_get(shown, "origin")));
    if (count > 0)
        (void)printf(cli_text(cli, "  history      %zu entries, the last of %s\n",
                              "  historique   %zu entrées, la dernière du %s\n"),
                     count,
                     json_string_value(json_object_get(
                         json_array_get(json_object_get(shown, "history"), count - 1), "time")));
    print_key(cli, cli_text(cli, "log key     ", "journal     "), json_object_get(shown, "log"));
    print_key(cli, cli_text(cli, "request key ", "requêtes    "),
              json_object_get(shown, "request"));
    print_key(cli, cli_text(cli, "document key", "documents   "), json_object_get(shown, "assert"));
    print_key(cli, cli_text(cli, "witness key ", "témoin      "),
              json_object_get(shown, "witness"));
    (void)printf("  %s %s\n", cli_text(cli, "TLS key     ", "clé TLS     "),
                 json_string_value(json_object_get(shown, "tls")));
    const char *next = json_string_value(json_object_get(shown, "tls_next"));
    if (next != NULL)
        (void)printf("  %s %s\n", cli_text(cli, "next TLS key", "prochaine   "), next);
    if (count == 0)
        (void)puts(cli_text(cli, "A did:key is its key: it cannot be changed, nor recovered.",
                            "Un did:key est sa clé : elle ne se change ni ne se retrouve."));
    else if (json_is_true(json_object_get(shown, "recovery_in_folder")))
        (void)puts(cli_text(
            cli, "The recovery key still lies in this folder: maillon keys export-recovery FILE",
            "La clé de secours est encore dans ce dossier : maillon keys export-recovery FICHIER"));
}

static int show(struct cli *cli)
{
    struct why why = {.rule = NULL};
    struct buf did;
    struct buf text;
    struct webvh_history *history = webvh_history_new();
    buf_init(&did, DID_BYTES_MAX);
    buf_init(&text, WEBVH_BYTES_MAX);
    enum err err = history == NULL ? ERR_NO_MEMORY : own_did(cli->dir, &did, &why);
    if (err == OK) {
        enum err loaded = own_load(cli->dir, history, &text, &why);
        err = loaded == ERR_NOT_FOUND ? OK : loaded;
    }
    int code = CLI_OK;
    if (err != OK) {
        code = cli_fail(cli, cli->dir, err, &why);
    } else {
        char *recovery = cli_path(cli, OWN_RECOVERY_FILE);
        json_t *shown = json_pack(
            "{s:s%, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "origin", (const char *)did.data,
            did.len, "log", key_json(cli, KEYS_LOG_KEY), "request", key_json(cli, KEYS_REQUEST_KEY),
            "assert", key_json(cli, KEYS_ASSERT_KEY), "witness", key_json(cli, KEYS_WITNESS_KEY),
            "tls", pin_json(cli, false), "tls_next", pin_json(cli, true), "history",
            versions_json(history), "recovery_in_folder", access(recovery, F_OK) == 0);
        free(recovery);
        if (cli->json) {
            cli_print_json(shown);
        } else {
            print_shown(cli, shown);
            json_decref(shown);
        }
    }
    buf_clear(&text);
    buf_clear(&did);
    webvh_history_free(history);
    return code;
}

/* ---- the running node ---- */

/* Puts in place what was published, with the keeper of a running node asleep meanwhile. */
static int take_into_use(struct cli *cli, bool *runs_out)
{
    struct why why = {.rule = NULL};
    struct cli_answer answer;
    int code = CLI_OK;
    bool runs = cli_node_runs(cli);
    struct cli_client *client = runs ? cli_client_open(cli, NODE_READ) : NULL;
    *runs_out = runs;
    if (runs && client == NULL)
        return CLI_FAILED;
    cli_answer_init(&answer);
    if (runs && own_log_key_waits(cli->dir)) {
        enum err err = cli_client_call(client, "POST", "/admin/keys/release", NULL,
                                       span_of(NULL, 0), &answer, &why);
        if (err != OK || answer.status != 200)
            code = err != OK ? cli_fail(cli, NULL, err, &why) : cli_problem(cli, NULL, &answer);
    }
    enum err settled = code == CLI_OK ? own_settle(cli->dir, &why) : OK;
    if (settled != OK)
        code = cli_fail(cli, cli->dir, settled, &why);
    if (runs) {
        cli_answer_clear(&answer);
        cli_answer_init(&answer);
        enum err err = cli_client_call(client, "POST", "/admin/keys/reload", NULL, span_of(NULL, 0),
                                       &answer, &why);
        if (err != OK || answer.status != 200)
            code = err != OK ? cli_fail(cli, NULL, err, &why) : cli_problem(cli, NULL, &answer);
    }
    cli_answer_clear(&answer);
    cli_client_close(client);
    return code;
}

static bool log_key_is_sealed(const struct cli *cli)
{
    struct public_key key;
    bool sealed;
    return keys_read_public(cli->dir, &key, &sealed, NULL) == OK && sealed;
}

/* ---- rotate, deactivate ---- */

static void tell_change(const struct cli *cli, const struct own_change *change, bool runs)
{
    char *next = cli_path(cli, CERTIFICATE_FILE CERTIFICATE_NEXT);
    bool tls_waits = access(next, F_OK) == 0;
    free(next);
    if (cli->json) {
        cli_print_json(json_pack("{s:s?, s:b, s:b}", "recovery_file", change->new_recovery_file,
                                 "running", runs, "tls_waits", tls_waits));
        return;
    }
    if (change->deactivate) {
        (void)puts(cli_text(cli,
                            "This identity is given up, for good. Peers take nothing more of it.",
                            "Cette identité est abandonnée, pour toujours. Les pairs n'en prennent "
                            "plus rien."));
        return;
    }
    (void)printf(cli_text(cli,
                          "Changed. The old recovery key is spent; the new one is in %s: move it "
                          "off this machine.\n",
                          "Changé. L'ancienne clé de secours est consommée ; la nouvelle est dans "
                          "%s : mettez-la ailleurs.\n"),
                 change->new_recovery_file);
    if (change->tls && tls_waits)
        (void)puts(
            cli_text(cli,
                     "The new TLS key is published beside the old one, which is still shown. "
                     "When your peers have\nseen it (a day is enough): the same command once "
                     "more, with the new recovery key.",
                     "La nouvelle clé TLS est publiée à côté de l'ancienne, encore montrée. "
                     "Quand vos pairs\nl'auront vue (un jour suffit) : la même commande "
                     "encore une fois, avec la nouvelle clé de secours."));
    else if (change->tls && runs)
        (void)puts(cli_text(cli, "Start the node again: it shows the new TLS key from then on.",
                            "Relancez le noeud : il montrera la nouvelle clé TLS."));
}

static int rotate(struct cli *cli, bool deactivate)
{
    struct own_change change = {.recovery_file = cli_value(cli, "recovery-file"),
                                .new_recovery_file = cli_value(cli, "new-recovery-file"),
                                .log = cli_flag(cli, "log"),
                                .request = cli_flag(cli, "request"),
                                .assertion = cli_flag(cli, "assert"),
                                .witness = cli_flag(cli, "witness"),
                                .tls = cli_flag(cli, "tls"),
                                .public_ca = cli_flag(cli, "public-ca"),
                                .url = cli_value(cli, "url"),
                                .deactivate = deactivate};
    struct why why = {.rule = NULL};
    char *passphrase;
    bool runs;
    if (change.recovery_file == NULL || (!deactivate && change.new_recovery_file == NULL))
        return cli_usage(cli, "--recovery-file and --new-recovery-file are needed.",
                         "Il faut --recovery-file et --new-recovery-file.");
    if (!cli_passphrase(cli, &passphrase))
        return CLI_FAILED;
    change.passphrase = passphrase;
    bool sealed = passphrase != NULL || log_key_is_sealed(cli);
    enum err err = OK;
    if (sealed && (change.log || change.request) && cli_node_runs(cli))
        err = why_set(&why, ERR_LOCKED,
                      "a running node cannot open a sealed key: stop it, rotate, start it again", 0,
                      NULL, NULL);
    if (err == OK && passphrase == NULL && sealed &&
        (change.log || change.request || change.assertion))
        err = why_set(&why, ERR_SEALED, "the new keys are sealed as the old ones are", 0,
                      "--passphrase-file", NULL);
    if (err == OK)
        err = own_change(cli->dir, &change, &why);
    vault_free(passphrase);
    if (err != OK)
        return cli_fail(cli, cli->dir, err, &why);
    char *in_folder = cli_path(cli, OWN_RECOVERY_FILE);
    if (strcmp(change.recovery_file, in_folder) == 0)
        (void)unlink(in_folder); /* spent */
    free(in_folder);
    int code = take_into_use(cli, &runs);
    if (code == CLI_OK)
        tell_change(cli, &change, runs);
    return code;
}

/* ---- the recovery file, sealing ---- */

static int export_recovery(struct cli *cli)
{
    struct secret_key *secret;
    struct why why = {.rule = NULL};
    char *path = cli_path(cli, OWN_RECOVERY_FILE);
    enum err err = keyfile_load(path, NULL, &secret, &why);
    if (err == OK) {
        err = keyfile_write(cli->arguments[1], secret, NULL, &why);
        vault_free(secret);
    }
    if (err == OK)
        (void)unlink(path);
    free(path);
    if (err != OK)
        return cli_fail(cli, err == ERR_CONFLICT ? cli->arguments[1] : cli->dir, err, &why);
    if (cli->json)
        cli_print_json(json_pack("{s:s}", "recovery_file", cli->arguments[1]));
    else
        (void)printf(cli_text(cli, "The recovery key is in %s and no longer in the folder.\n",
                              "La clé de secours est dans %s et n'est plus dans le dossier.\n"),
                     cli->arguments[1]);
    return CLI_OK;
}

static int reseal(struct cli *cli, bool seal)
{
    static const char *const names[] = {KEYS_LOG_KEY, KEYS_REQUEST_KEY, KEYS_ASSERT_KEY};
    char *passphrase;
    char *fresh = NULL;
    struct why why = {.rule = NULL};
    enum err err = OK;
    if (seal && cli_value(cli, "new-passphrase-file") == NULL)
        return cli_usage(cli, "--new-passphrase-file is needed.", "Il faut --new-passphrase-file.");
    if (!cli_passphrase(cli, &passphrase))
        return CLI_FAILED;
    if (seal && !cli_passphrase_of(cli, "new-passphrase-file", &fresh)) {
        vault_free(passphrase);
        return CLI_FAILED;
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && err == OK; i++) {
        char *path = cli_path(cli, names[i]);
        if (i == 0 || access(path, F_OK) == 0)
            err = keys_reseal(cli->dir, names[i], passphrase, fresh, &why);
        free(path);
    }
    vault_free(passphrase);
    vault_free(fresh);
    if (err != OK)
        return cli_fail(cli, cli->dir, err, &why);
    if (cli->json)
        cli_print_json(json_pack("{s:b}", "sealed", seal));
    else
        (void)puts(seal ? cli_text(cli,
                                   "The keys are sealed. The node needs the passphrase to start.",
                                   "Les clés sont scellées. Le noeud a besoin de la phrase secrète "
                                   "pour démarrer.")
                        : cli_text(cli, "The keys are no longer sealed.",
                                   "Les clés ne sont plus scellées."));
    return CLI_OK;
}

int cmd_keys(struct cli *cli)
{
    const char *what = cli->count > 0 ? cli->arguments[0] : "";
    if (strcmp(what, "show") == 0 && cli->count == 1)
        return show(cli);
    if (strcmp(what, "rotate") == 0 && cli->count == 1)
        return rotate(cli, false);
    if (strcmp(what, "deactivate") == 0 && cli->count == 1)
        return rotate(cli, true);
    if (strcmp(what, "recover") == 0 && cli->count == 2)
        return keys_recover(cli, cli->arguments[1]);
    if (strcmp(what, "export-recovery") == 0 && cli->count == 2)
        return export_recovery(cli);
    if (strcmp(what, "seal") == 0 && cli->count == 1)
        return reseal(cli, true);
    if (strcmp(what, "unseal") == 0 && cli->count == 1)
        return reseal(cli, false);
    return cli_usage(
        cli, "keys show, rotate, recover DID, export-recovery FILE, seal, unseal or deactivate.",
        "keys show, rotate, recover DID, export-recovery FICHIER, seal, unseal ou deactivate.");
}

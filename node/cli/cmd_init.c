/* maillon init: everything that a node needs before it runs, in a folder that only its owner reads.
 * The signing key is made last: a folder with a key is complete, and one where an init broke off is
 * begun anew by the next. */
#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/config.h"
#include "keys/file.h"
#include "keys/keys.h"
#include "keys/vault.h"
#include "node/cli/keys_cli.h"
#include "node/cli/passphrase.h"
#include "node/identity/own.h"
#include "node/net/certificate.h"
#include "node/peer/pairing_own.h"

int cmd_init(struct cli *cli);

#define TOKEN_BYTES 32u /* 43 characters */

static enum err failed(struct why *why, const char *what)
{
    return why_set(why, errno == ENOSPC ? ERR_DISK_FULL : ERR_IO, what, 0, NULL, strerror(errno));
}

/* Makes the folders on the way that are missing, as mkdir -p. */
static enum err make_parents(const char *dir, struct why *why)
{
    char *path = strdup(dir);
    if (path == NULL)
        return ERR_NO_MEMORY;
    enum err err = OK;
    for (char *slash = strchr(path + 1, '/'); slash != NULL && err == OK;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, 0755) != 0 && errno != EEXIST)
            err = failed(why, "init: making the folder");
        *slash = '/';
    }
    free(path);
    return err;
}

static bool is_empty(const char *dir)
{
    DIR *entries = opendir(dir);
    if (entries == NULL)
        return false;
    size_t count = 0;
    while (readdir(entries) != NULL)
        count++;
    (void)closedir(entries);
    return count <= 2; /* itself and its parent */
}

static enum err make_folder(const char *dir, struct why *why)
{
    TRY(make_parents(dir, why));
    if (mkdir(dir, 0700) == 0)
        return OK;
    if (errno != EEXIST)
        return failed(why, "init: making the folder");
    if (is_empty(dir) && chmod(dir, 0700) != 0)
        return failed(why, "init: making the folder private");
    return file_check_folder(dir, why);
}

static bool exists(const struct cli *cli, const char *name)
{
    struct stat status;
    char *path = cli_path(cli, name);
    bool there = lstat(path, &status) == 0;
    free(path);
    return there;
}

static enum err refuse_existing(const struct cli *cli, struct why *why)
{
    if (!exists(cli, KEYS_LOG_KEY) && !exists(cli, "logs"))
        return OK;
    return why_set(why, ERR_CONFLICT, "init: a folder holds one node", 0, "an empty folder",
                   "a node");
}

/* A settings file without a key: an init that broke off, or one written by hand. It is kept. */
static enum err move_settings_away(const struct cli *cli, struct why *why)
{
    char *old = cli_path(cli, CONFIG_FILE);
    char *kept = cli_path(cli, CONFIG_FILE ".old");
    enum err err = OK;
    if (rename(old, kept) != 0 && errno != ENOENT)
        err = failed(why, "init: moving an old maillon.ini away");
    free(old);
    free(kept);
    return err;
}

static enum err write_token(const struct cli *cli, struct why *why)
{
    uint8_t bytes[TOKEN_BYTES];
    char text[sodium_base64_ENCODED_LEN(TOKEN_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING)];
    randombytes_buf(bytes, sizeof(bytes));
    (void)sodium_bin2base64(text, sizeof(text), bytes, sizeof(bytes),
                            sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    char *path = cli_path(cli, "local.token");
    enum err err = file_write_private(path, span_cstr(text), true, why);
    free(path);
    sodium_memzero(bytes, sizeof(bytes));
    sodium_memzero(text, sizeof(text));
    return err;
}

/* Without --listen the port is that of the address. */
static enum err set_listen(struct config *config, struct why *why)
{
    const char *port = strrchr(config->node.url, ':');
    const char *bracket = strrchr(config->node.url, ']');
    bool has_port =
        port != NULL && strncmp(port, "://", 3) != 0 && (bracket == NULL || bracket < port);
    if (!has_port)
        return OK;
    char listen[64];
    (void)snprintf(listen, sizeof(listen), "[::]%s", port);
    return config_set(config, "listen", "public", listen, why);
}

static enum err take(struct config *config, const struct cli *cli, const char *option,
                     const char *section, const char *key, struct why *why)
{
    const char *value = cli_value(cli, option);
    return value == NULL ? OK : config_set(config, section, key, value, why);
}

/* Before anything is made: can there be a did:webvh for this address? */
static enum err check_identity(const struct cli *cli, const struct config *config, struct why *why)
{
    if (cli_flag(cli, "did-key") && cli_value(cli, "recovery-file") != NULL)
        return why_set(why, ERR_BAD_SETTING, "--recovery-file: a did:key has no recovery key", 0,
                       "one of the two", "--did-key");
    if (cli_flag(cli, "did-key"))
        return OK;
    struct buf domain;
    buf_init(&domain, DID_BYTES_MAX);
    enum err err = own_append_domain(&domain, config->node.url, why);
    buf_clear(&domain);
    return err;
}

enum err init_read_settings(const struct cli *cli, struct config *config, struct why *why)
{
    config_default(config);
    TRY(take(config, cli, "name", "node", "name", why));
    TRY(take(config, cli, "url", "node", "url", why));
    /* Port 0 is picked when the node starts. */
    struct span url = span_cstr(config->node.url);
    bool is_open = url.len > 2 && span_is(span_part(url, url.len - 2, 2), ":0");
    if (!pairing_url_is_valid(is_open ? span_part(url, 0, url.len - 2) : url))
        return why_set(why, ERR_BAD_SETTING, "--url", 0, "https://host:port", config->node.url);
    TRY(set_listen(config, why));
    TRY(take(config, cli, "listen", "listen", "public", why));
    return take(config, cli, "local", "listen", "local", why);
}

static char *recovery_path(const struct cli *cli)
{
    const char *file = cli_value(cli, "recovery-file");
    return file == NULL ? cli_path(cli, OWN_RECOVERY_FILE) : strdup(file);
}

static enum err make_identity(const struct cli *cli, const struct config *config,
                              const char *passphrase, struct why *why)
{
    struct public_key key;
    if (cli_flag(cli, "did-key"))
        return keys_init(cli->dir, passphrase, &key, why);
    char *file = recovery_path(cli);
    enum err err = file == NULL ? ERR_NO_MEMORY
                                : own_create(cli->dir, config->node.url, file, passphrase, why);
    free(file);
    return err;
}

/* The one thing that an operator must not put off. */
static void print_recovery(const struct cli *cli, const char *did)
{
    char *file = recovery_path(cli);
    if (file == NULL || cli_flag(cli, "did-key")) {
        free(file);
        return;
    }
    (void)printf(
        cli_text(cli,
                 "\nRECOVERY KEY: %s\n"
                 "  Move this file off this machine now (a USB stick in a safe, a print-out). It "
                 "alone changes the node's keys and\n  brings the node back after a loss or a "
                 "theft; who has it becomes the node. Keep with it: %s\n\n",
                 "\nCLÉ DE SECOURS : %s\n"
                 "  Sortez ce fichier de cette machine maintenant (clé USB au coffre, papier). Lui "
                 "seul change les clés du noeud et\n  le fait revenir après une perte ou un vol ; "
                 "qui l'a devient le noeud. Gardez avec lui : %s\n\n"),
        file, did);
    free(file);
}

enum err init_make_folder(const struct cli *cli, const struct config *config, struct why *why)
{
    TRY(make_folder(cli->dir, why));
    TRY(refuse_existing(cli, why));
    TRY(move_settings_away(cli, why));
    TRY(write_token(cli, why));
    TRY(certificate_make(cli->dir, config->node.url, why));
    return config_write_default(cli->dir, config, why);
}

static int print_made(const struct cli *cli, const struct config *config)
{
    struct pairing pairing;
    struct why why = {.rule = NULL};
    struct buf text;
    buf_init(&text, PAIRING_BYTES_MAX);
    enum err err = pairing_of(cli->dir, config->node.url, &pairing, &why);
    bool is_open =
        err == OK && pairing_write(&pairing, &text, &why) == ERR_BAD_REQUEST; /* port 0 */
    int code = CLI_OK;
    if (err != OK) {
        code = cli_fail(cli, cli->dir, err, &why);
    } else if (cli->json) {
        char *file = cli_flag(cli, "did-key") ? NULL : recovery_path(cli);
        cli_print_json(json_pack(
            "{s:s, s:s, s:s, s:s%, s:s, s:s, s:s?}", "dir", cli->dir, "origin", pairing.did, "url",
            pairing.url, "pairing", text.len == 0 ? "" : (const char *)text.data, text.len,
            "listen", config->listen.public, "local", config->listen.local, "recovery_file", file));
        free(file);
    } else {
        (void)printf(
            cli_text(cli, "“%s” is ready in %s. Start it:\n  maillon run --dir %s\n",
                     "« %s » est prêt dans %s. Pour le lancer :\n  maillon run --dir %s\n"),
            config->node.name, cli->dir, cli->dir);
        print_recovery(cli, pairing.did);
        if (is_open)
            (void)puts(cli_text(
                cli, "Then `maillon pairing` prints the line for those who are to follow it.",
                "Ensuite `maillon pairing` affiche la ligne pour ceux qui doivent le suivre."));
        else
            (void)printf(cli_text(cli, "Give this line to those who are to follow it:\n  %.*s\n",
                                  "Donnez cette ligne à ceux qui doivent le suivre :\n  %.*s\n"),
                         (int)text.len, (const char *)text.data);
    }
    buf_clear(&text);
    return code;
}

int cmd_init(struct cli *cli)
{
    if (cli->count != 0)
        return cli_usage(cli, "init takes options only.", "init ne prend que des options.");
    struct config config;
    struct why why = {.rule = NULL};
    char *passphrase;
    if (!cli_passphrase(cli, &passphrase))
        return CLI_FAILED;
    enum err err = init_read_settings(cli, &config, &why);
    if (err == OK)
        err = check_identity(cli, &config, &why);
    if (err == OK)
        err = init_make_folder(cli, &config, &why);
    if (err == OK)
        err = make_identity(cli, &config, passphrase, &why);
    vault_free(passphrase);
    return err == OK ? print_made(cli, &config) : cli_fail(cli, cli->dir, err, &why);
}

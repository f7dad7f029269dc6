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
#include "node/cli/cli.h"
#include "node/cli/passphrase.h"
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

static enum err read_settings(const struct cli *cli, struct config *config, struct why *why)
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

static enum err make_node(const struct cli *cli, const struct config *config,
                          const char *passphrase, struct why *why)
{
    struct public_key key;
    TRY(make_folder(cli->dir, why));
    TRY(refuse_existing(cli, why));
    TRY(move_settings_away(cli, why));
    TRY(write_token(cli, why));
    TRY(certificate_make(cli->dir, config->node.url, why));
    TRY(config_write_default(cli->dir, config, why));
    return keys_init(cli->dir, passphrase, &key, why);
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
        cli_print_json(json_pack("{s:s, s:s, s:s, s:s%, s:s, s:s}", "dir", cli->dir, "origin",
                                 pairing.did, "url", pairing.url, "pairing",
                                 (const char *)text.data, text.len, "listen", config->listen.public,
                                 "local", config->listen.local));
    } else {
        (void)printf(
            cli_text(cli, "“%s” is ready in %s. Start it:\n  maillon run --dir %s\n",
                     "« %s » est prêt dans %s. Pour le lancer :\n  maillon run --dir %s\n"),
            config->node.name, cli->dir, cli->dir);
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
    enum err err = read_settings(cli, &config, &why);
    if (err == OK)
        err = make_node(cli, &config, passphrase, &why);
    vault_free(passphrase);
    return err == OK ? print_made(cli, &config) : cli_fail(cli, cli->dir, err, &why);
}

/* maillon sign FILE: a JSON document signed by this node's key for documents. The log key has no
 * part in this: the keeper signs checkpoints and nothing else. */
#include <stdio.h>
#include <stdlib.h>

#include "keys/keyfile.h"
#include "keys/keys.h"
#include "keys/vault.h"
#include "node/cli/documents.h"
#include "node/cli/passphrase.h"
#include "node/identity/own.h"
#include "node/net/os.h"

int cmd_sign(struct cli *cli);

static enum err load_key(const struct cli *cli, const char *passphrase, struct secret_key **out,
                         struct why *why)
{
    char *path = cli_path(cli, KEYS_ASSERT_KEY);
    enum err err = keyfile_load(path, passphrase, out, why);
    free(path);
    if (err != ERR_NOT_FOUND)
        return err;
    return why_set(why, err, "a did:webvh has a key for documents, a did:key has none", 0,
                   KEYS_ASSERT_KEY, NULL);
}

static enum err sign(const struct cli *cli, struct span document, const struct secret_key *secret,
                     struct buf *out, struct why *why)
{
    const struct ed25519_signer signer = keyfile_signer(secret);
    struct buf method;
    struct buf canonical;
    buf_init(&method, METHOD_URL_BYTES_MAX);
    buf_init(&canonical, INTEGRITY_BYTES_MAX);
    enum err err = own_did(cli->dir, &method, why);
    buf_append_cstr(&method, "#assert");
    if (err == OK)
        err = buf_check(&method);
    if (err == OK)
        err = cli_canonicalise(document, INTEGRITY_BYTES_MAX, &canonical, why);
    struct integrity *integrity = err == OK ? integrity_new() : NULL;
    if (err == OK && integrity == NULL)
        err = ERR_NO_MEMORY;
    if (err == OK) {
        const struct integrity_options options = {.method = buf_span(&method),
                                                  .purpose = SPAN_LITERAL("assertionMethod"),
                                                  .created_ms = os_wall_ms() / 1000 * 1000};
        err = integrity_sign(integrity, buf_span(&canonical), &options, &signer, out, why);
    }
    integrity_free(integrity);
    buf_clear(&canonical);
    buf_clear(&method);
    return err;
}

int cmd_sign(struct cli *cli)
{
    if (cli->count != 1)
        return cli_usage(cli, "One JSON file is needed (- is standard input).",
                         "Il faut un fichier JSON (- est l'entrée standard).");
    struct why why = {.rule = NULL};
    struct secret_key *secret = NULL;
    char *passphrase;
    if (!cli_passphrase(cli, &passphrase))
        return CLI_FAILED;
    struct buf document;
    struct buf out;
    buf_init(&document, INTEGRITY_BYTES_MAX);
    buf_init(&out, 2 * INTEGRITY_BYTES_MAX);
    enum err err = load_key(cli, passphrase, &secret, &why);
    vault_free(passphrase);
    if (err == OK)
        err = cli_read_input(cli->arguments[0], &document, &why);
    if (err == OK)
        err = sign(cli, buf_span(&document), secret, &out, &why);
    vault_free(secret);
    int code = CLI_OK;
    if (err == OK)
        (void)printf("%.*s\n", (int)out.len, (const char *)out.data);
    else
        code = cli_fail(cli, cli->arguments[0], err, &why);
    buf_clear(&document);
    buf_clear(&out);
    return code;
}

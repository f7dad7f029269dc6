/* Documents read and made canonical, and the identities behind their signatures. */
#include "node/cli/documents.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "node/cli/keys_cli.h"
#include "node/net/os.h"
#include "proto/identity/did.h"
#include "proto/json/jcs.h"

#define FETCHES_MAX 4u

enum err cli_read_input(const char *name, struct buf *out, struct why *why)
{
    bool is_stdin = strcmp(name, "-") == 0;
    FILE *file = is_stdin ? stdin : fopen(name, "rbe");
    if (file == NULL)
        return why_set(why, ERR_NOT_FOUND, "the file can be read", 0, NULL, name);
    bool failed = false;
    for (;;) {
        uint8_t *room = buf_reserve(out, 16384);
        size_t got = room == NULL ? 0 : fread(room, 1, 16384, file);
        if (got == 0)
            break;
        buf_commit(out, got);
    }
    failed = ferror(file) != 0;
    if (!is_stdin)
        (void)fclose(file);
    return failed ? ERR_IO : buf_check(out);
}

enum err cli_canonicalise(struct span text, size_t bytes_max, struct buf *out, struct why *why)
{
    const struct tape_limits limits = {.bytes_max = bytes_max, .depth_max = JSON_DEPTH_MAX + 1};
    struct jcs *jcs = jcs_new();
    if (jcs == NULL)
        return ERR_NO_MEMORY;
    enum err err = jcs_canonicalise(jcs, text, &limits, out, why);
    jcs_free(jcs);
    return err;
}

/* ---- identities ---- */

enum err verify_identities_open(const struct cli *cli, struct verify_identities *out,
                                struct why *why)
{
    *out = (struct verify_identities){.cli = cli, .offline = cli_flag(cli, "offline")};
    return identities_open_copy(cli->dir, &out->held, why);
}

void verify_identities_close(struct verify_identities *known)
{
    identities_free(known->held);
}

static enum err fetch(struct verify_identities *known, struct span did, struct why *why)
{
    char text[DID_BYTES_MAX + 1];
    struct webvh_did parts;
    if (did.len > DID_BYTES_MAX || webvh_did_read(did, &parts, why) != OK)
        return ERR_BAD_DID;
    if (known->offline || known->fetches == FETCHES_MAX)
        return why_set(why, ERR_NOT_FOUND, "the history of the signer is held here", 0,
                       "the history, or no --offline", NULL);
    known->fetches++;
    memcpy(text, did.data, did.len);
    text[did.len] = '\0';
    return cli_fetch_history(known->held, text, NULL, cli_allows_private(known->cli), why);
}

enum err verify_find_log_keys(void *ctx, struct span origin, struct span history,
                              struct log_keys *out, struct why *why)
{
    struct verify_identities *known = ctx;
    bool news;
    if (span_starts_with(origin, SPAN_LITERAL("did:key:")))
        return log_keys_of_did_key(origin, out, why);
    if (history.len > 0) {
        enum err err = identities_take(known->held, origin, history, false, &news, why);
        if (err != OK && err != ERR_SHRUNKEN && err != ERR_CONFLICT)
            return err; /* a fork of what is held, or no history of this origin */
    }
    enum err err = identities_log_keys(known->held, origin, 0, out);
    if (err != ERR_NOT_FOUND)
        return err;
    TRY(fetch(known, origin, why));
    return identities_log_keys(known->held, origin, 0, out);
}

static struct span did_of(struct span url)
{
    const uint8_t *mark = url.len == 0 ? NULL : memchr(url.data, '#', url.len);
    return mark == NULL ? url : span_part(url, 0, (size_t)(mark - url.data));
}

enum err verify_find_key(void *keys, const struct integrity_proof *proof, struct public_key *out,
                         struct why *why)
{
    struct verify_identities *known = keys;
    uint64_t time_ms = proof->created_ms > 0 ? proof->created_ms : os_wall_ms();
    enum err err =
        identities_find_key(known->held, proof->method, DOCUMENT_LOG_KEY, time_ms, out, why);
    if (err != ERR_NOT_FOUND || span_starts_with(proof->method, SPAN_LITERAL("did:key:")))
        return err;
    TRY(fetch(known, did_of(proof->method), why));
    return identities_find_key(known->held, proof->method, DOCUMENT_LOG_KEY, time_ms, out, why);
}

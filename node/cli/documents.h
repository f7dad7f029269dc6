/* What `maillon sign` and `maillon verify` share: reading a document, and whose keys to believe. */
#ifndef MAILLON_NODE_CLI_DOCUMENTS_H
#define MAILLON_NODE_CLI_DOCUMENTS_H

#include "node/cli/cli.h"
#include "node/identity/identities.h"
#include "proto/identity/integrity.h"

/* Appends the file, or standard input for "-". ERR_NOT_FOUND, ERR_IO, ERR_LIMIT. */
MUST_USE enum err cli_read_input(const char *name, struct buf *out, struct why *why);
/* Appends the canonical form of any JSON. Errors of jcs_canonicalise. */
MUST_USE enum err cli_canonicalise(struct span text, size_t bytes_max, struct buf *out,
                                   struct why *why);

/* The histories that a verifier may ask: those of the node's folder, where there is one, those that
 * a document brings along, and, unless --offline, those that hosts give. Nothing is written. */
struct verify_identities {
    const struct cli *cli;
    struct identities *held;
    bool offline;
    unsigned fetches; /* a document must not have this command ask the whole world */
};

MUST_USE enum err verify_identities_open(const struct cli *cli, struct verify_identities *out,
                                         struct why *why);
void verify_identities_close(struct verify_identities *known);
/* As proof_keys.find; ctx is the struct. */
enum err verify_find_log_keys(void *ctx, struct span origin, struct span history,
                              struct log_keys *out, struct why *why);
/* As integrity_policy.find_key; keys is the struct. */
enum err verify_find_key(void *keys, const struct integrity_proof *proof, struct public_key *out,
                         struct why *why);

#endif

/* maillon verify of a proof that a log forked. */
#ifndef MAILLON_NODE_CLI_FAULT_FILE_H
#define MAILLON_NODE_CLI_FAULT_FILE_H

#include "node/cli/documents.h"

/* Does the file look like a proof of a fork (and not like one of a record)? Any bytes. */
bool fault_file_is_one(struct span bytes);
/* Checks it, and says what it proves. name: of the file; canonical: its canonical form. CLI_OK: it
 * proves that the origin forked; CLI_FAILED: it does not. */
int fault_file_verify(struct verify_identities *known, const char *name, struct span canonical);

#endif

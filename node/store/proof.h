/* A record with all that anyone needs to verify it offline: what `maillon get --proof` prints and
 * `maillon verify` reads. */
#ifndef MAILLON_NODE_STORE_PROOF_H
#define MAILLON_NODE_STORE_PROOF_H

#include "node/store/store.h"

/* Appends {"checkpoint","index","leaf","origin","proof":[..],"record","size"}, canonical, against
 * the log's newest checkpoint. ERR_BUSY when the entry is not under a checkpoint yet (it will be,
 * within moments). */
MUST_USE enum err proof_append(struct store_log *log, uint64_t index, const struct log_entry *entry,
                               struct buf *out, struct why *why);

#endif

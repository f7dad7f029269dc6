/* A record with all that anyone needs to verify it offline: what `maillon get --proof` prints and
 * `maillon verify` reads. */
#ifndef MAILLON_NODE_STORE_PROOF_H
#define MAILLON_NODE_STORE_PROOF_H

#include "node/store/store.h"

#define PROOF_HISTORY_BYTES_MAX                                                                    \
    (256u * 1024u) /* decades of changes; a proof file has a megabyte                              \
                    */

/* What its holder knows besides, and nobody can check: written, and ignored by `maillon verify`. */
struct proof_standing {
    unsigned cosignatures; /* witnesses trusted here that stand by the entry */
    bool counts;           /* there is a quorum to reach */
    bool confirmed;        /* and it is */
    bool frozen;           /* the log is proven to have forked */
};

/* Appends {"checkpoint","history","index","leaf","origin","proof":[..],"record","size"}, canonical,
 * against the log's newest checkpoint, head and note, with what standing says in between. ERR_BUSY
 * when the entry is not under a checkpoint yet (it will be, within moments). */
struct proof_place {
    struct store_log *log;
    uint64_t index;
    const struct log_entry *entry;
    struct merkle_head head; /* of the note; size 0: none yet */
    struct span note;
    /* The did.jsonl of the log's origin, so that the file can be verified offline; left out when it
     * is empty, or long (PROOF_HISTORY_BYTES_MAX). */
    struct span history;
};
MUST_USE enum err proof_append(const struct proof_place *place,
                               const struct proof_standing *standing, struct buf *out,
                               struct why *why);

#endif

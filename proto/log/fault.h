/* Evidence that a log forked: two checkpoints that its own key signed and that cannot both be true.
 * One canonical JSON object that anyone can check offline, alone.
 *
 * What is provable:
 *  - one size and two roots: the two checkpoints say it themselves;
 *  - two sizes, m < n: the tree of the larger head has some root at size m. A consistency proof
 * from that root to the larger head (RFC 9162, 2.1.4.2) shows which, since the larger head commits
 * to all nodes of the proof; and it is not the root that was signed for m. So the evidence holds
 *    both checkpoints, the other root, and that proof.
 * What is not: that a log does not give a proof that it owes (it may be cut off), and that it shows
 * an older head (that is a replay, which anyone can make). For two sizes one needs what the log
 * itself or an honest follower of the larger tree gives; the entries are not needed.
 *
 *   {"first":"<note of the smaller>","key":"z6Mk...","proof":["<b64>",...],"root":"<b64>",
 *    "second":"<note of the larger>","type":"maillon/fork@1"}
 * proof and root are there when the sizes differ. Of each note the log's own signature is kept. */
#ifndef MAILLON_PROTO_LOG_FAULT_H
#define MAILLON_PROTO_LOG_FAULT_H

#include "proto/json/tape.h"
#include "proto/log/checkpoint.h"

/* What was shown: the holder of the key signed both heads for origin. Whether the key is the
 * origin's is for the caller to ask: see
 * proto/identity/log_keys.h. */
struct fault {
    struct span
        origin; /* into bytes given, or into memory of the caller's buf: see each function */
    struct public_key key;
    struct merkle_head first; /* the smaller, or either */
    struct merkle_head second;
    bool has_other_root;    /* the sizes differ */
    struct hash other_root; /* of the larger tree at the smaller size */
};

/* For two sizes: what the larger tree was at the smaller size, and the proof from there. */
struct fault_link {
    struct hash other_root;
    struct merkle_proof proof;
};

/* Appends the evidence, when it is one. The notes in either order; link NULL where the sizes are
 * the same. ERR_BAD_FAULT: they do not contradict each other, or the link does not hold;
 * ERR_BAD_SIGNATURE, ERR_BAD_NOTE, ERR_LIMIT, ERR_NO_MEMORY; out is as before then. */
MUST_USE enum err fault_append(struct buf *out, struct span a, struct span b,
                               const struct public_key *key, const struct fault_link *link,
                               struct why *why);

/* Reads and verifies evidence. notes is working memory and holds the two notes afterwards:
 * out->origin points into it. OK: it is proven that the holder of out->key forked. ERR_BAD_FAULT,
 * ERR_BAD_SIGNATURE, ERR_BAD_NOTE, ERR_BAD_KEY, ERR_LIMIT, ERR_NO_MEMORY, those of tape_scan. */
MUST_USE enum err fault_read(struct span bytes, struct buf *notes, struct fault *out,
                             struct why *why);

#endif

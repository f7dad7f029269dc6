/* Cosignatures of checkpoints (C2SP tlog-cosignature.md, cosignature/v1 with Ed25519, type 0x04): a
 * witness says that at a time this was the largest consistent head that it had seen of the log.
 *
 * A witness never cosigns under two heads of one size; that is its keeper's business. Here are the
 * bytes: made, verified, collected, counted. Pure. Any thread. */
#ifndef MAILLON_PROTO_LOG_COSIGNATURE_H
#define MAILLON_PROTO_LOG_COSIGNATURE_H

#include "proto/log/note.h"

#define COSIGNATURE_TIME_S_MAX INT64_MAX

/* A witness whom one trusts: the name that it signs under (its DID) and its key. */
struct cosigner {
    struct span name;
    struct public_key key;
};

/* SHA-256(name || "\n" || 0x04 || key)[:4]. The name is not empty. */
void cosignature_key_id(struct span name, const struct public_key *key, uint8_t out[4]);
/* Appends what is signed: "cosignature/v1\ntime N\n" and the note's text. */
void cosignature_append_message(struct buf *out, struct span text, uint64_t time_s);

/* Appends the signature line of a cosignature. text: of the note, as its log signed it, with its
 * final newline; name is valid (note_name_is_valid), time_s at most COSIGNATURE_TIME_S_MAX (both
 * CHECKed). Errors of the signer, ERR_LIMIT, ERR_NO_MEMORY; out is as before then. */
MUST_USE enum err cosignature_append(struct buf *out, struct span text, struct span name,
                                     const struct ed25519_signer *signer, uint64_t time_s);

/* The newest valid cosignature of this witness on the note. ERR_BAD_SIGNATURE: it has none, or one
 * under its name and key that does not hold; ERR_CLOCK_SKEW: it is later than latest_s;
 * ERR_NO_MEMORY. */
MUST_USE enum err cosignature_verify(const struct note *note, const struct cosigner *cosigner,
                                     uint64_t latest_s, uint64_t *time_s_out, struct why *why);

/* What a set of witnesses says of a note. */
struct cosignature_tally {
    unsigned valid;    /* different keys that cosigned */
    uint64_t oldest_s; /* of the newest of each: the head was seen by all of them since */
    uint64_t newest_s; /* 0 where there is none */
};

/* Counts the witnesses that stand by a note; a key counts once, whatever its names. OK when there
 * are at least `threshold`, else ERR_NO_QUORUM with *out filled all the same; ERR_NO_MEMORY. A
 * wrong cosignature counts as none. count is at most NOTE_SIGNATURES_MAX (CHECKed). */
MUST_USE enum err cosignature_count(const struct note *note, const struct cosigner *cosigners,
                                    unsigned count, unsigned threshold, uint64_t latest_s,
                                    struct cosignature_tally *out, struct why *why);

/* Appends a whole note: text and the log's signature of `base`, then of each witness its newest
 * valid cosignature on either note. Anything else is left out. Both notes have the same text, and
 * base is signed by the log. ERR_BAD_NOTE (two texts), ERR_BAD_SIGNATURE (not the log's),
 * ERR_LIMIT, ERR_NO_MEMORY; out is as before then. */
MUST_USE enum err cosignature_merge(const struct note *base, const struct note *other,
                                    const struct cosigner *log, const struct cosigner *cosigners,
                                    unsigned count, uint64_t latest_s, struct buf *out,
                                    struct why *why);

#endif

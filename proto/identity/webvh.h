/* did:webvh 1.0 (Decentralized Identity Foundation): identifiers that carry the hash of their own
 * beginning, and the history of an identity as a chain of signed entries (did.jsonl).
 *
 * A history is verified as a whole or refused as a whole, and after that answers which document and
 * which keys held when. Pure: text and time are handed in. A history is used by one thread at a
 * time while it is read or extended, by any number afterwards.
 *
 * Narrower than the standard: internationalised host names are taken in their ASCII form (xn--)
 * only, and a history with one invalid entry is no history, also not up to there. */
#ifndef MAILLON_PROTO_IDENTITY_WEBVH_H
#define MAILLON_PROTO_IDENTITY_WEBVH_H

#include "proto/base/ed25519.h"
#include "proto/identity/document.h"
#include "proto/limits.h"

#define WEBVH_SCID_BYTES 46u /* base58btc of a SHA-256 multihash */
#define WEBVH_SCID_PLACEHOLDER                                                                     \
    "{SCID}" /* where the SCID will stand, in what webvh_create is given */

/* ---- the identifier ---- */

struct webvh_did {
    struct span scid;
    struct span domain; /* as it stands in the DID, without port */
    struct span path;   /* "a:b" as it stands in the DID, or empty */
    unsigned port;      /* 0: none */
};

/* Checks the whole syntax: no IP address in any spelling, no path trick, no fragment or query.
 * ERR_BAD_DID with the rule. Spans into did. */
MUST_USE enum err webvh_did_read(struct span did, struct webvh_did *out, struct why *why);
/* Appends the HTTPS URL of a file of this DID: "did.jsonl", "did-witness.json", "did.json" (the
 * parallel did:web). "" gives the base of DID URL paths, with a slash at the end. */
void webvh_did_append_url(struct buf *out, const struct webvh_did *did, const char *file);

/* ---- the history ---- */

struct webvh_history;

struct webvh_clock {
    uint64_t now_ms;
    uint64_t tolerance_ms; /* how far an entry may be in the future; the standard says 5 minutes */
};

struct webvh_version {
    unsigned number; /* from 1 */
    struct span id;  /* "3-Qm..." */
    uint64_t time_ms;
    struct span did;
    struct span document; /* canonical JSON */
    bool deactivated;     /* from this version on */
};

struct webvh_history *webvh_history_new(void); /* NULL: no memory */
void webvh_history_free(struct webvh_history *history);

/* Reads and verifies a did.jsonl. did: the identifier that was asked for, which one entry at least
 * must have; empty: any (then the SCID is what the caller knows). witnesses: the did-witness.json,
 * or a span with NULL data when there is none; it is needed where entries name witnesses.
 * ERR_BAD_HISTORY, ERR_BAD_DID, ERR_BAD_KEY, ERR_CLOCK_SKEW (an entry from the future),
 * ERR_NO_QUORUM (witnesses), those of integrity_verify and jcs_canonicalise, ERR_LIMIT,
 * ERR_NO_MEMORY; why->position is the number of the entry where it is about one. The history is
 * empty then: no version. */
MUST_USE enum err webvh_history_read(struct webvh_history *history, struct span did,
                                     struct span log, struct span witnesses,
                                     const struct webvh_clock *clock, struct why *why);

/* Does `new` go on where `old` was? Both are read. ERR_SHRUNKEN: it is shorter; ERR_FORK: another
 * entry stands at the same number; both logs are evidence then. ERR_BAD_HISTORY: another SCID. */
MUST_USE enum err webvh_history_check_extends(const struct webvh_history *old_history,
                                              const struct webvh_history *new_history,
                                              struct why *why);

/* Spans below live as long as the history is neither read again, extended nor freed. */
unsigned webvh_count(const struct webvh_history *history); /* versions; 0: nothing was read */
struct webvh_version webvh_version(const struct webvh_history *history,
                                   unsigned number); /* CHECKed */
struct webvh_version
webvh_current(const struct webvh_history *history); /* count is not 0 (CHECKed) */
/* The number of the version that held at that time, or 0: before the first. */
unsigned webvh_number_at(const struct webvh_history *history, uint64_t time_ms);
struct span webvh_scid(const struct webvh_history *history);
bool webvh_is_deactivated(const struct webvh_history *history);
bool webvh_is_portable(const struct webvh_history *history);
uint32_t webvh_ttl_s(const struct webvh_history *history);
/* The keys of the latest updateKeys. */
const struct public_key *webvh_update_keys(const struct webvh_history *history,
                                           unsigned *count_out);
/* The next entry must name keys of which nextKeyHashes has the hash, and be signed by one of them.
 */
bool webvh_is_prerotated(const struct webvh_history *history);

/* The key that this DID URL ("did:webvh:...#log", or "#log" alone) names in the document that held
 * at time_ms, if it has the role there. ERR_NOT_FOUND (no such method, or not in this role, or
 * before the first version), ERR_BAD_KEY (of another algorithm), ERR_DEACTIVATED, ERR_NO_MEMORY. */
MUST_USE enum err webvh_find_key(const struct webvh_history *history, struct span url,
                                 enum document_role role, uint64_t time_ms, struct public_key *out,
                                 struct why *why);

/* ---- writing ---- */

/* SHA-256 multihash of a key's Multikey text, as nextKeyHashes has it. */
void webvh_append_key_hash(struct buf *out, const struct public_key *key);

/* What the writer changes; what is left out stays as it is. */
struct webvh_change {
    struct span document; /* canonical; of a first entry with the placeholder. Empty: as before */
    const struct public_key *update_keys;
    unsigned update_key_count; /* 0: as before */
    /* The keys that may sign the next entry: only their hashes are published. */
    const struct public_key *next_keys;
    unsigned next_key_count;
    bool ends_prerotation; /* nextKeyHashes becomes empty */
    bool portable;         /* of a first entry alone */
    bool deactivates;
    uint64_t time_ms; /* of the entry; later than that of the last one */
};

/* Both append a line (with newline) to the log text in out, signed by signer, and take it up in the
 * history, exactly as a reader would: what a reader refuses is not written. The history must not be
 * one with witnesses.
 * Errors of webvh_history_read and of the signer; then history and out are as before. */
MUST_USE enum err webvh_create(struct webvh_history *history, const struct webvh_change *first,
                               const struct ed25519_signer *signer, struct buf *out,
                               struct why *why);
MUST_USE enum err webvh_update(struct webvh_history *history, const struct webvh_change *change,
                               const struct ed25519_signer *signer, struct buf *out,
                               struct why *why);

/* Appends the document of the parallel did:web (its did.json) of the current version. ERR_LIMIT,
 * ERR_NO_MEMORY; ERR_DEACTIVATED. */
MUST_USE enum err webvh_append_did_web(const struct webvh_history *history, struct buf *out,
                                       struct why *why);

#endif

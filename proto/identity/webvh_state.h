/* What the parts of did:webvh share: a history as it is kept, and the parameters in force. For
 * proto/identity/webvh_*.c alone. */
#ifndef MAILLON_PROTO_IDENTITY_WEBVH_STATE_H
#define MAILLON_PROTO_IDENTITY_WEBVH_STATE_H

#include "proto/identity/integrity.h"
#include "proto/identity/webvh.h"
#include "proto/json/jcs.h"

#define WEBVH_METHOD "did:webvh:1.0"
#define WEBVH_TTL_S 3600u /* where none is said */
#define WEBVH_NO_WITNESSES UINT32_MAX

/* Those who must approve an entry, and how many of them. */
struct webvh_witnesses {
    unsigned threshold;
    unsigned count;
    struct public_key keys[WEBVH_WITNESSES_MAX];
    unsigned approved[WEBVH_WITNESSES_MAX]; /* the last version that each stands by; 0: none */
};

/* "did:webvh DID Method Parameters" of the standard, as they are in force after an entry. */
struct webvh_parameters {
    unsigned update_key_count;
    unsigned next_key_count; /* nextKeyHashes, also those that are no hash: more than 0 is active */
    unsigned next_hash_count;
    uint32_t witnesses; /* index of the set in force, or WEBVH_NO_WITNESSES */
    uint32_t ttl_s;
    bool portable;
    bool deactivated;
    struct public_key update_keys[WEBVH_KEYS_MAX];
    struct hash next_hashes[WEBVH_NEXT_KEYS_MAX];
};

/* Offsets into the history's bytes, which move as it grows. */
struct webvh_slice {
    uint32_t offset;
    uint32_t len;
};

struct webvh_entry {
    struct webvh_slice id;
    struct webvh_slice did;
    struct webvh_slice document;
    uint64_t time_ms;
    uint32_t witnesses; /* the set that must have approved it, or WEBVH_NO_WITNESSES */
    bool deactivated;
};

struct webvh_history {
    struct buf bytes; /* all entries, canonical, one behind the other */
    struct webvh_entry *entries;
    unsigned count;
    unsigned cap;
    bool did_was_met; /* an entry has the DID that was asked for */
    uint8_t scid[WEBVH_SCID_BYTES];
    struct webvh_parameters parameters;
    unsigned set_count;
    struct webvh_witnesses sets[WEBVH_WITNESS_SETS_MAX];
    /* Working memory. */
    struct jcs *jcs;
    struct tape tape;
    struct integrity *integrity;
    struct buf scratch;
    struct buf other;
};

/* An entry at hand: canonical text on the history's tape. */
struct webvh_reading {
    struct webvh_history *history;
    struct span text;
    unsigned number;
    uint32_t parameters; /* tokens */
    uint32_t state;
    struct span version_id;
    struct span version_time;
    struct why *why;
};

/* The text of a string token without escapes; data NULL: it is none. */
struct span webvh_plain(const struct webvh_reading *reading, uint32_t token);
/* ERR_BAD_HISTORY with the rule and the number of the entry. */
MUST_USE enum err webvh_refuse(const struct webvh_reading *reading, const char *rule);

/* Applies the parameters of an entry to those in force before (*parameters). *explicit_out: which
 * of updateKeys and nextKeyHashes stand in the entry. A new set of witnesses is put at the end of
 * history->sets. ERR_BAD_HISTORY, ERR_BAD_KEY, ERR_BAD_DID, ERR_LIMIT. */
struct webvh_explicit {
    bool update_keys;
    bool next_key_hashes;
};
MUST_USE enum err webvh_apply_parameters(struct webvh_reading *reading,
                                         struct webvh_parameters *parameters,
                                         struct webvh_explicit *explicit_out);

/* Checks one line and takes it up as the next entry; on failure the history is as before. */
MUST_USE enum err webvh_add(struct webvh_history *history, struct span did, struct span line,
                            const struct webvh_clock *clock, struct why *why);
/* Are all entries that need it approved by their witnesses? ERR_NO_QUORUM, ... */
MUST_USE enum err webvh_check_witnesses(struct webvh_history *history, struct span file,
                                        const struct webvh_clock *clock, struct why *why);

/* Appends text with every `from` in it as `to`. */
void webvh_append_replaced(struct buf *out, struct span text, struct span from, struct span to);
/* Appends base58btc of the SHA-256 multihash of data: an SCID, an entry hash, a key hash. */
void webvh_append_multihash(struct buf *out, struct span data);

static inline struct span webvh_slice_text(const struct webvh_history *history,
                                           struct webvh_slice slice)
{
    return span_of(history->bytes.data + slice.offset, slice.len);
}

#endif

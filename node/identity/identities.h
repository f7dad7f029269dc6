/* Who the others are: the did:webvh histories that this node has verified and holds, its own among
 * them, in DIR/identities/<scid>.jsonl (its own in DIR/did.jsonl). What is held only ever grows: a
 * history that is shorter, or goes another way, is refused and kept as evidence. Any thread. */
#ifndef MAILLON_NODE_IDENTITY_IDENTITIES_H
#define MAILLON_NODE_IDENTITY_IDENTITIES_H

#include "node/net/tls.h"
#include "proto/identity/log_keys.h"

#define IDENTITIES_FOLDER "identities"
#define IDENTITIES_OWN_FILE "did.jsonl"

struct identities;

/* Loads what is held in dir, each verified anew; one that does not hold is passed over (it will be
 * fetched again). dir NULL: nothing is read or written. ERR_DAMAGED: the own history does not hold;
 * ERR_IO, ERR_NO_MEMORY. */
MUST_USE enum err identities_open(const char *dir, struct identities **out, struct why *why);
/* The same, loaded from dir (which may not be there) and from then on in memory alone. */
MUST_USE enum err identities_open_copy(const char *dir, struct identities **out, struct why *why);
void identities_free(struct identities *identities); /* NULL is fine */

/* Takes up a history of did, after it was verified and found to go on where the one held was.
 * by_owner: it comes from the identity's own host, so that less than is held is no mere delay.
 * *news_out: there was something new in it. Errors of webvh_history_read; ERR_SHRUNKEN, ERR_FORK;
 * ERR_CONFLICT: it is longer than this node's own, whose folder is an old copy then; ERR_LIMIT,
 * ERR_IO. */
MUST_USE enum err identities_take(struct identities *identities, struct span did, struct span text,
                                  bool by_owner, bool *news_out, struct why *why);
/* The own history after a change; not written anywhere. Same errors. */
MUST_USE enum err identities_take_own(struct identities *identities, struct span text,
                                      struct why *why);

/* As follow_options.find_keys: of did:key too. ERR_NOT_FOUND. */
MUST_USE enum err identities_log_keys(struct identities *identities, struct span did,
                                      unsigned known_version, struct log_keys *out);
/* Reads a checkpoint that any key has signed which the origin ever had; *by_out (may be NULL): that
 * key. ERR_NOT_FOUND; errors of log_keys_open. */
MUST_USE enum err identities_open_checkpoint(struct identities *identities, struct span origin,
                                             struct span bytes, struct checkpoint *out,
                                             struct public_key *by_out, struct why *why);
/* Does the origin sign its log with this key; ever: or did it at any time? */
bool identities_is_log_key(struct identities *identities, struct span origin,
                           const struct public_key *key, bool ever);
/* The key of this role that the URL ("<did>#request") named at that time. ERR_NOT_FOUND (also: no
 * history is held), ERR_BAD_KEY, ERR_DEACTIVATED, ERR_BAD_DID, ERR_NO_MEMORY. */
MUST_USE enum err identities_find_key(struct identities *identities, struct span url,
                                      enum document_role role, uint64_t time_ms,
                                      struct public_key *out, struct why *why);

/* With which keys a did:webvh cosigns the logs of others: those of its newest document, the first
 * ones first; ever: of all its documents. At most max. 0: no history is held, or it names none. */
unsigned identities_witness_keys(struct identities *identities, struct span did, bool ever,
                                 struct public_key *out, unsigned max);
/* How many versions of this DID's history are held; 0: none, or a did:key. */
unsigned identities_version(struct identities *identities, struct span did);

/* Where a node is and what it shows, by its newest document. */
struct identity_node {
    unsigned version; /* of the history */
    uint64_t changed_ms;
    bool deactivated; /* the rest is not set then */
    char url[URL_BYTES_MAX + 1];
    struct tls_trust trust; /* count 0: public authorities */
    unsigned log_keys;      /* at present */
};
/* ERR_NOT_FOUND (no history is held, or did:key), ERR_BAD_DOCUMENT, ERR_LIMIT, ERR_NO_MEMORY. */
MUST_USE enum err identities_node(struct identities *identities, struct span did,
                                  struct identity_node *out);

/* Appends the newest DID of the history with this SCID. ERR_NOT_FOUND, ERR_NO_MEMORY. */
MUST_USE enum err identities_did(struct identities *identities, struct span scid, struct buf *out);
/* Appends the did.jsonl with this SCID. ERR_NOT_FOUND, ERR_NO_MEMORY. */
MUST_USE enum err identities_history(struct identities *identities, struct span scid,
                                     struct buf *out);
/* Appends the did.json of the parallel did:web of this node's own. ERR_NOT_FOUND, ERR_DEACTIVATED.
 */
MUST_USE enum err identities_own_web(struct identities *identities, struct buf *out,
                                     struct why *why);

#endif

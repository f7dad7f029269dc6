/* Who calls: the signature of a request (RFC 9421) becomes a DID, and a DID may read what its
 * audiences have. */
#ifndef MAILLON_NODE_IDENTITY_CALLER_H
#define MAILLON_NODE_IDENTITY_CALLER_H

#include "node/store/store.h"
#include "proto/http/message.h"
#include "proto/base/ed25519.h"
#include "proto/identity/digest.h"

struct node;
struct callers;

/* Of a request. Zeroed: nobody is named. */
struct caller {
    char did[DID_BYTES_MAX + 1]; /* that the request names; "" : it is not signed */
    bool proven;                 /* the signature holds under a key that this node knows */
    bool has_digest;             /* of the body, to be checked before anything is done */
    struct content_digest digest;
    uint64_t version; /* of what was known of the DID then */
};

/* After the public address is known, before the loops run. ERR_NO_MEMORY. */
MUST_USE enum err callers_start(struct node *node, struct callers **out);
void callers_free(struct callers *callers); /* NULL is fine */

/* Reads who signed. A request without a signature names nobody; one by a DID of which no key is
 * known here proves nothing, and its caller is as good as nobody; the history of one that is in a
 * list here is fetched then. A signature that is for this node
 * and does not hold is refused: errors of httpsig_verify, nonce_cache_add, ERR_TOO_MANY. Any
 * thread. */
MUST_USE enum err caller_read(struct node *node, const struct http_head *head, struct caller *out,
                              struct why *why);
/* The body is the one that was signed. ERR_BAD_DIGEST. */
MUST_USE enum err caller_check_body(const struct caller *caller, struct span body, struct why *why);

/* The request key that keyid ("<did>#request") named at that time: of a did:webvh by its history,
 * of a did:key the one that came with its pairing string. ERR_NOT_FOUND: not known here; errors of
 * identities_find_key. Any thread. */
MUST_USE enum err caller_find_key(struct node *node, struct span keyid, uint64_t created_s,
                                  struct public_key *out, struct why *why);

/* May this caller read the entry's bytes? Public ones: all. Of the commons: members, from any log.
 * Of a circle: those whom its author put there, from the author alone. Private ones: nobody. */
bool caller_may_read(struct node *node, const struct caller *caller, const struct store_log *log,
                     const struct log_entry *entry);
/* What is known of the caller is not what it was when the request came. */
bool caller_has_changed(struct node *node, const struct caller *caller);

#endif

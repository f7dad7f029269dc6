/* This node's own identity on disk: made, changed, taken into use. For commands and for the start
 * of a node; one process at a time (a lock on keys/origin).
 *
 * A change is published before it is used: new keys are made beside the old ones (NAME.next), the
 * entry that names them is appended to did.jsonl, written as a whole: that is the moment of the
 * change; and own_settle puts the new keys in place. Whatever breaks off between is finished, or
 * undone, by the next own_settle. */
#ifndef MAILLON_NODE_IDENTITY_OWN_H
#define MAILLON_NODE_IDENTITY_OWN_H

#include "proto/identity/webvh.h"

#define OWN_RECOVERY_FILE "recovery.key"
#define OWN_WAIT_MS 10000u /* for another process that changes the same identity */

/* The domain part of a did:webvh for this address: "host" or "host%3A8443" for https://host:8443;
 * localhost is written node.localhost, for a did:webvh has two labels; port 0 is left out.
 * ERR_BAD_DID: an IP address, or a name of one label. */
MUST_USE enum err own_append_domain(struct buf *out, const char *url, struct why *why);

/* Makes recovery key, request, assertion, witness and log key, the keeper's state, did.jsonl and
 * keys/origin in dir, which has its TLS certificate; the log key comes last. passphrase NULL: not
 * sealed; recovery and witness key never are. ERR_CONFLICT (recovery_file exists); errors of
 * own_append_domain, keys and files. */
MUST_USE enum err own_create(const char *dir, const char *url, const char *recovery_file,
                             const char *passphrase, struct why *why);

struct own_change {
    const char *recovery_file;     /* holds the key to which the last entry commits */
    const char *new_recovery_file; /* is made; NULL only when it deactivates */
    const char *passphrase;        /* of the node's new keys, or NULL */
    bool log;
    bool request;
    bool assertion;
    bool witness;
    bool tls;        /* first call: a new key beside the old; second: the new one alone */
    bool public_ca;  /* no pins any more: public authorities vouch for the host */
    const char *url; /* moves the node (the DID stays), or NULL */
    bool deactivate;
};

/* Makes the keys and appends the entry. ERR_BAD_HISTORY (the recovery key is not the one committed
 * to), ERR_CONFLICT, ERR_NOT_FOUND (a did:key), ERR_DEACTIVATED, errors of keys and files; on
 * failure the identity is as before. */
MUST_USE enum err own_change(const char *dir, const struct own_change *change, struct why *why);

/* Puts in place what did.jsonl names, removes what it does not. The keeper must not run when
 * own_log_key_waits. ERR_LOCKED, ERR_DAMAGED, ERR_IO. OK where there is nothing to do. */
MUST_USE enum err own_settle(const char *dir, struct why *why);
/* Is there a new log key that was published and is not in place? */
bool own_log_key_waits(const char *dir);

/* A folder anew (settings and certificate are there) from a history and the recovery key: new keys
 * of all kinds, the entry appended. There is no keeper's state then: `maillon log recover` makes
 * it from what the peers remember. Errors of own_change; ERR_CONFLICT: there is a node already. */
MUST_USE enum err own_recover(const char *dir, struct span did, struct span history,
                              const struct own_change *change, struct why *why);

/* Appends the DID of the node in dir: of did.jsonl, or the did:key. ERR_NOT_FOUND. */
MUST_USE enum err own_did(const char *dir, struct buf *out, struct why *why);
/* Appends did.jsonl and, when history is not NULL, reads it. ERR_NOT_FOUND: a did:key. */
MUST_USE enum err own_load(const char *dir, struct webvh_history *history, struct buf *text,
                           struct why *why);

#endif

/* With which keys an origin signs its log, now and before: the one that a did:key names, or those
 * of every version of a did:webvh history. Checkpoints carry no time, so a key is judged by its
 * place: see docs/identity.md, "Which key may sign a checkpoint". */
#ifndef MAILLON_PROTO_IDENTITY_LOG_KEYS_H
#define MAILLON_PROTO_IDENTITY_LOG_KEYS_H

#include "proto/identity/webvh.h"
#include "proto/log/checkpoint.h"

/* A key and the versions of the history in which it is a log key, without a gap. */
struct log_key {
    struct public_key key;
    unsigned first;
    unsigned last;
};

struct log_keys {
    unsigned version; /* of the history that was read, from 1; 0: nothing was read */
    bool ended;       /* deactivated: no key may sign any more */
    unsigned count;
    unsigned cap;
    struct log_key *list;
};

void log_keys_init(struct log_keys *keys);
void log_keys_clear(struct log_keys *keys);

/* Fill *out, which is initialised and emptied first. ERR_BAD_DID (no did:key with Ed25519),
 * ERR_NO_MEMORY; on failure it is empty. */
MUST_USE enum err log_keys_of_did_key(struct span did, struct log_keys *out, struct why *why);
/* Of a history that was read; a version whose document is not that of a node has none. */
MUST_USE enum err log_keys_of_history(const struct webvh_history *history, struct log_keys *out);
/* The same of the keys with which a node cosigns the logs of others. */
MUST_USE enum err log_keys_of_witness(const struct webvh_history *history, struct log_keys *out);
MUST_USE enum err log_keys_copy(const struct log_keys *keys, struct log_keys *out);

/* May this key sign what extends the log? */
bool log_key_is_current(const struct log_keys *keys, const struct log_key *key);

/* Reads a signed checkpoint of origin and finds who signed it: *by_out is the youngest of the keys
 * that did. ERR_BAD_NOTE, ERR_LIMIT; ERR_BAD_SIGNATURE: none of them. bytes must outlive out. */
MUST_USE enum err log_keys_open(const struct log_keys *keys, struct span origin, struct span bytes,
                                struct checkpoint *out, const struct log_key **by_out,
                                struct why *why);

#endif

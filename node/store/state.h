/* Small mutable state in SQLite (DIR/state.db, WAL, synchronous=FULL): peers, idempotency keys,
 * and what witnesses have cosigned.
 * Thread-safe (one mutex inside); each call is a short transaction, milliseconds: not for a loop's
 * hot path. */
#ifndef MAILLON_NODE_STORE_STATE_H
#define MAILLON_NODE_STORE_STATE_H

#include "proto/base/ed25519.h"
#include "proto/limits.h"

struct state;

struct state_peer {
    char did[DID_BYTES_MAX + 1];
    char url[512]; /* "https://host:port" */
    char cert[48]; /* base64url SHA-256 of the TLS key (SPKI), or "" : public CAs judge */
    uint64_t added_ms;
};

MUST_USE enum err state_open(const char *dir, struct state **out, struct why *why);
void state_close(struct state *state);

/* Adds or replaces by DID. */
MUST_USE enum err state_peer_put(struct state *state, const struct state_peer *peer);
/* ERR_NOT_FOUND. */
MUST_USE enum err state_peer_remove(struct state *state, const char *did);
/* Calls each in order of adding. */
MUST_USE enum err state_peers(struct state *state,
                              void (*each)(void *ctx, const struct state_peer *peer), void *ctx);

/* A request that carried an Idempotency-Key: what it was (hash of the body) and what it was
 * answered. Kept 24 h. begin: OK and *answer_out untouched: new, go on; OK and answer appended
 * (status_out != 0): answer this again; ERR_CONFLICT: the same key with another body; ERR_BUSY: the
 * first is still under way. */
MUST_USE enum err state_idempotency_begin(struct state *state, struct span key,
                                          const uint8_t body_hash[32], uint64_t now_ms,
                                          int *status_out, struct buf *answer_out);
MUST_USE enum err state_idempotency_end(struct state *state, struct span key, int status,
                                        struct span answer);
/* The request failed before anything was written: forget it. */
void state_idempotency_cancel(struct state *state, struct span key);

/* The cosignature key of a witness, by its DID. */
typedef void (*state_witness_fn)(void *ctx, const char *did, const struct public_key *key);
MUST_USE enum err state_witness_put(struct state *state, const char *did,
                                    const struct public_key *key);
MUST_USE enum err state_witnesses(struct state *state, state_witness_fn each, void *ctx);

/* The newest checkpoint of a log that a witness cosigned: one row for each log and witness. */
struct state_cosigned {
    const char *origin;
    const char *witness;
    struct span note; /* signed by the log and by the witness */
};
typedef void (*state_cosigned_fn)(void *ctx, const struct state_cosigned *row);
/* All rows in one transaction. */
MUST_USE enum err state_cosigned_put(struct state *state, const struct state_cosigned *rows,
                                     size_t count);
MUST_USE enum err state_cosigned(struct state *state, state_cosigned_fn each, void *ctx);

#endif

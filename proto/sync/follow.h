/* Receiving a sync stream (DESIGN 5): lines in, verified batches out. Pure; one thread at a time.
 *
 * The driver feeds lines, hands each finished batch to the store, and reports back what became
 * durable; nothing counts as held because it was asked for. Time comes with each event. */
#ifndef MAILLON_PROTO_SYNC_FOLLOW_H
#define MAILLON_PROTO_SYNC_FOLLOW_H

#include "proto/identity/log_keys.h"
#include "proto/log/reader.h"
#include "proto/record/batch.h"

struct follow;

/* A log that the caller holds already: what is durable. */
struct follow_log {
    struct span origin;
    struct merkle_range range;      /* of the committed entries */
    const struct log_range *wanted; /* those held as leaves alone, in order; may be NULL */
    size_t wanted_count;
    bool own; /* the caller writes it: the peer must not send entries of it (ERR_BAD_STREAM) */
};

/* A stream may begin a log below what is held (another peer was faster): entries held already are
 * passed over, the rest is verified from the range held on. It may never begin beyond it. */

struct follow_options {
    bool follow;     /* ask the stream to stay open */
    uint64_t now_ms; /* monotonic */
    struct span
        origin_peer; /* the peer's own DID, copied: of its own log it must not hold less than it was
                        told that the caller holds (ERR_SHRUNKEN). Empty: not known */
    /* Asked when the stream opens a log: OK takes it (the log's durable range, size 0 for a new
     * one, into range_out); ERR_LIMIT or ERR_FORBIDDEN refuses it: its lines are skipped and
     * counted. */
    enum err (*open_log)(void *ctx, struct span origin, struct merkle_range *range_out,
                         bool *own_out);
    /* Told of each checkpoint that a key of the origin has signed which is not retired, whatever
     * becomes of it, before anything is done with it: for those who compare what different peers
     * show. May be NULL. */
    void (*checkpoint)(void *ctx, struct span origin, const struct merkle_head *head,
                       struct span note);
    /* Asked for an origin that is no did:key, when the stream opens its log and again at each
     * checkpoint: OK and, unless known_version is that of the history held, its keys into *out.
     * ERR_NOT_FOUND: no history of it is held; its lines are skipped and counted. Asked before
     * open_log. NULL: only did:key is known. */
    enum err (*find_keys)(void *ctx, struct span origin, unsigned known_version,
                          struct log_keys *out);
    bool takes_retired; /* by retired keys, too: a log is brought back to who wrote it */
    void *ctx;
};

/* A key that the origin's history has retired may sign what is held already and nothing beyond it
 * (docs/identity.md): from the origin itself that is ERR_BAD_SIGNATURE; from another peer, which
 * may not know better yet, the lines up to the next log line are skipped and counted. */

/* What the driver does next, in this order. */
struct follow_effects {
    struct batch
        *batch; /* hand to the store for `origin`, then follow_persisted; NULL: none. Given away.
                   One that fills was not verified: the store compares it with the leaves. */
    struct span origin; /* of the batch; valid until the next call */
    bool pause;       /* enough is in flight: stop reading until follow_persisted says otherwise */
    uint64_t wake_ms; /* call follow_tick at this monotonic time at the latest */
};

struct follow *follow_new(const struct follow_options *options); /* NULL: no memory */
void follow_free(struct follow *follow);

/* Appends the body of POST /v1/sync for the logs given, in all at most SYNC_WANTED_RANGES_MAX
 * ranges (CHECKed). Own logs are asked for with the greatest size: the peer then sends its
 * checkpoint of them and no entries. */
MUST_USE enum err follow_write_request(const struct follow_log *logs, size_t count, bool follow,
                                       struct buf *out);

/* Bytes of the stream, in any cut. Consumes up to one batch: call again with the rest (*used_out)
 * until all is used or effects->pause. An error is final: the driver closes, keeps why for the
 * operator, and begins anew later. ERR_BAD_STREAM, ERR_LIMIT, ERR_BAD_PROOF, ERR_BAD_SIGNATURE,
 * ERR_FORK, ERR_SHRUNKEN, those of record_read. */
MUST_USE enum err follow_feed(struct follow *follow, struct span bytes, uint64_t now_ms,
                              size_t *used_out, struct follow_effects *effects, struct why *why);
/* A batch given out is durable (the batch object comes back for reuse, or is freed by follow). */
void follow_persisted(struct follow *follow, struct batch *taken, uint64_t now_ms,
                      struct follow_effects *effects);
/* ERR_STALLED after SYNC_SILENCE_MS without a line (time paused does not count). */
MUST_USE enum err follow_tick(struct follow *follow, uint64_t now_ms,
                              struct follow_effects *effects);
/* Two contradicting checkpoints after ERR_FORK or ERR_SHRUNKEN, or empty spans. */
struct follow_evidence {
    struct span origin;
    struct merkle_head held;
    struct span note; /* the signed note that contradicts it */
};
struct follow_evidence follow_evidence(const struct follow *follow);
/* The log of the line at hand, or an empty span: where an error of follow_feed was met. */
struct span follow_origin(const struct follow *follow);
/* Lines of logs that open_log refused, or whose origin this version cannot verify. */
uint64_t follow_skipped(const struct follow *follow);
/* For status: the newest checkpoint, its signature verified, that the stream announced for an
 * origin. false: none. */
bool follow_announced(const struct follow *follow, struct span origin, struct merkle_head *out);

#endif

/* Sending a sync stream (DESIGN 5): a state vector in, lines out, pulled at the reader's pace.
 * Pure; one thread at a time. */
#ifndef MAILLON_PROTO_SYNC_SERVE_H
#define MAILLON_PROTO_SYNC_SERVE_H

#include "proto/log/reader.h"

struct serve;

/* A log that may be served up to its newest checkpoint. */
struct serve_log {
    struct span origin; /* must outlive the serve */
    struct log_reader reader;
    struct merkle_head head; /* of the newest checkpoint wholly held */
    struct span note;        /* its signed note; copied */
    void *log;               /* the driver's own, passed back */
    bool fills; /* the caller is of some audience: what it wants of entries that it holds as leaves
                   alone is looked for, before what is new. Told once, with the first offer. */
};

/* May this caller read this entry's bytes? Otherwise its leaf is sent withheld. */
typedef bool (*serve_may_read_fn)(void *ctx, void *log, const struct log_entry *entry);

/* Reads a request body (any JSON text is canonicalised). ERR_SYNTAX, ERR_LIMIT, ERR_BAD_REQUEST. */
MUST_USE enum err serve_new(struct span request, uint64_t now_ms, serve_may_read_fn may_read,
                            void *ctx, struct serve **out, struct why *why);
void serve_free(struct serve *serve);
bool serve_follows(const struct serve *serve);

/* Offers a log, or a newer checkpoint of one offered before (found by origin), or the same one with
 * other cosignatures, which is announced once more. Logs of which the
 * caller holds as much or more send only their checkpoint. The caller's own unknown logs are
 * ignored. */
MUST_USE enum err serve_offer(struct serve *serve, const struct serve_log *log);

/* Appends lines to out until about bytes_soft are in it or nothing is left to say. *idle_out:
 * nothing is left for now: the stream ends here unless it follows. Pings when SYNC_PING_MS have
 * passed without a line. Errors are the reader's. */
MUST_USE enum err serve_pull(struct serve *serve, uint64_t now_ms, size_t bytes_soft,
                             struct buf *out, bool *idle_out);

#endif

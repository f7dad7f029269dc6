/* Logs held in memory, with a key of their own made from a seed, and a node that follows such logs:
 * what the tests of sync stand on. No memory is a stop: these are tests. */
#ifndef MAILLON_TESTS_LIB_MEMLOG_H
#define MAILLON_TESTS_LIB_MEMLOG_H

#include "proto/record/batch.h"
#include "proto/sync/follow.h"
#include "proto/sync/serve.h"

struct memlog;

/* A log that can be written and signed; seed chooses its key, and so its origin. */
struct memlog *memlog_new(unsigned seed);
/* A copy of somebody's log, empty at first. */
struct memlog *memlog_replica(struct span origin);
void memlog_free(struct memlog *log);

struct span memlog_origin(const struct memlog *log);
struct merkle_head memlog_head(const struct memlog *log);
struct merkle_range memlog_range(const struct memlog *log);
struct log_reader memlog_reader(struct memlog *log);
struct span memlog_line(const struct memlog *log, uint64_t index); /* empty: withheld */

/* Appends a record made from these (audience NULL: public), or a line as it stands. */
void memlog_put(struct memlog *log, const char *id, const char *audience, const char *body);
void memlog_append(struct memlog *log, struct span line);
/* Forgets the bytes of an entry, keeps its leaf. */
void memlog_drop(struct memlog *log, uint64_t index);

/* Signs the head as it is and keeps the note; the offer is of the note kept. */
struct span memlog_sign(struct memlog *log);
struct serve_log memlog_offer(struct memlog *log);
/* Appends a signed note of any head, true or not. */
void memlog_sign_head(const struct memlog *log, const struct merkle_head *head, struct buf *out);

/* The first `size` entries of both are the same. */
bool memlog_has_prefix(const struct memlog *log, const struct memlog *prefix);

/* A node that holds replicas and takes batches as a store would: overlap skipped when equal, a gap
 * refused. */
struct memnode {
    struct memlog *logs[8];
    size_t count;
    bool refuse_new; /* open_log answers ERR_FORBIDDEN for logs not held */
    bool hold_back;  /* batches are taken when memnode_persist says so, not at once */
    struct batch *waiting[SYNC_BATCHES_IN_FLIGHT_MAX];
    struct span waiting_origins[SYNC_BATCHES_IN_FLIGHT_MAX];
    size_t waiting_count;
    size_t batches;
    size_t notes;
    struct follow_effects effects; /* the last */
};

void memnode_clear(struct memnode *node);
struct memlog *memnode_log(struct memnode *node, struct span origin); /* NULL: not held */
struct follow *memnode_follow(struct memnode *node, struct span origin_peer);
void memnode_request(struct memnode *node, bool follow, struct buf *out);
/* Feeds bytes until all are used, an error, or a pause; *used_out may be NULL. */
enum err memnode_feed(struct memnode *node, struct follow *follow, struct span bytes,
                      size_t *used_out, struct why *why);
/* Takes the oldest batch that waits. */
void memnode_persist(struct memnode *node, struct follow *follow, uint64_t now_ms);

/* A serve for this request, with these logs offered. */
struct serve *memserve_new(struct span request, struct memlog *const *logs, size_t count);
/* Pulls until idle. */
void memserve_pull_all(struct serve *serve, size_t bytes_soft, struct buf *out);

#endif

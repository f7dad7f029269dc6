/* The forks that are proven: kept in DIR/evidence, handed on to peers, and frozen in the catalogue.
 *
 * Nothing but a proof that was verified here freezes a log. One proof of each log is enough; one
 * that shows a longer common part takes its place. Only logs held here have a place, so that a
 * stranger's own forks fill no disk. */
#ifndef MAILLON_NODE_PEER_FAULTS_H
#define MAILLON_NODE_PEER_FAULTS_H

#include "node/node.h"

struct faults;

/* Reads DIR/evidence; a file that does not hold is left alone. ERR_NO_MEMORY, ERR_IO. */
MUST_USE enum err faults_open(struct node *node, struct faults **out, struct why *why);
void faults_close(struct faults *faults); /* NULL is fine */

/* Verifies a bundle (proto/log/fault_bundle.h), any spelling of its JSON, and keeps it, durably.
 * *news_out: it was not known. *origin_out (may be NULL): the log's origin, valid while the store
 * is open. ERR_BAD_FAULT and what else fault_bundle_read says, ERR_NOT_FOUND (the log is not held
 * here), ERR_FORBIDDEN (signed by a key that is not that log's), ERR_IO, ERR_DISK_FULL. Not on a
 * loop. */
enum err faults_add(struct faults *faults, struct span bundle, bool *news_out,
                    struct span *origin_out, struct why *why);
/* The same by the clerk, when there is time; a copy is made. Any thread. */
void faults_add_later(struct faults *faults, struct span bundle);

/* May a stranger hand in one more now? A few each second, and some at once: each costs
 * signature checks. Any thread. */
bool faults_admit(struct faults *faults);

/* Is the log proven to have forked? Entries below *common_out are in both histories, as far as that
 * is proven. Any thread. */
bool faults_frozen(struct faults *faults, const struct store_log *log, uint64_t *common_out);
/* Changes with every proof that is added. Any thread. */
uint64_t faults_version(struct faults *faults);
unsigned faults_count(struct faults *faults);
/* Appends {"faults":[...],"next":N}: the bundles added after `after`, up to about a MiB of them. */
MUST_USE enum err faults_append_list(struct faults *faults, uint64_t after, struct buf *out);
/* Appends the oldest bundle added after `after`; returns its number, 0 and nothing appended when
 * there is none. */
uint64_t faults_append_next(struct faults *faults, uint64_t after, struct buf *out);

#endif

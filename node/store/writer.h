/* The one thread that writes: it takes all that waits, writes it log by log with one commit mark
 * and one fdatasync for each, and only then publishes and answers. */
#ifndef MAILLON_NODE_STORE_WRITER_H
#define MAILLON_NODE_STORE_WRITER_H

#include "node/store/log.h"

struct writer;

MUST_USE enum err writer_start(struct writer **out, struct why *why);
/* Finishes what is queued. NULL is fine. */
void writer_stop(struct writer *writer);
void writer_watch(struct writer *writer, store_watch_fn fn, void *ctx);
/* As store_submit. wait: instead of ERR_BUSY, until there is room. */
MUST_USE enum err writer_submit(struct writer *writer, struct store_log *log, struct batch *taken,
                                store_done_fn done, void *ctx, bool wait);

#endif

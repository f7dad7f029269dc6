/* The one thread that writes: it takes all that waits, writes it log by log with one commit mark
 * and one fdatasync for each, and only then publishes and answers. */
#ifndef MAILLON_NODE_STORE_WRITER_H
#define MAILLON_NODE_STORE_WRITER_H

#include "node/store/log.h"

struct writer;

/* Its thread begins with the first write, so that a process can confine itself before it has
 * threads. ERR_NO_MEMORY. */
MUST_USE enum err writer_new(struct writer **out);
/* Finishes what is queued. NULL is fine. */
void writer_stop(struct writer *writer);
void writer_watch(struct writer *writer, store_watch_fn fn, void *ctx);
/* As store_submit. wait: until there is room; ERR_BUSY then only when the thread cannot begin. */
MUST_USE enum err writer_submit(struct writer *writer, struct store_log *log, struct batch *taken,
                                store_done_fn done, void *ctx, bool wait);

#endif

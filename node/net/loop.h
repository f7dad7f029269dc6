/* One libevent loop per thread, and the only way from one thread to another: post a function to a
 * loop, or to the pool. */
#ifndef MAILLON_NODE_NET_LOOP_H
#define MAILLON_NODE_NET_LOOP_H

#include <event2/event.h>
#include <stdbool.h>

#include "proto/err.h"

struct loop;
struct pool;
typedef void (*loop_fn)(void *ctx);

/* A loop on its own thread (loop_start), or run by the caller (loop_run). NULL: no memory. */
struct loop *loop_new(void);
void loop_free(struct loop *loop); /* after it has stopped */
MUST_USE enum err loop_start(struct loop *loop);
void loop_run(struct loop *loop);  /* until loop_stop */
void loop_stop(struct loop *loop); /* any thread; loop_join waits for a started one */
void loop_join(struct loop *loop);
struct event_base *loop_base(struct loop *loop);
/* Runs fn(ctx) on the loop's thread, in order of posting. Any thread; never fails (aborts without
 * memory). */
void loop_post(struct loop *loop, loop_fn fn, void *ctx);
/* Runs fn(ctx) on the loop's thread and waits for it; at once when this is that thread, or when the
 * loop is not running (nobody else may touch it then). */
void loop_call(struct loop *loop, loop_fn fn, void *ctx);
/* This is the loop's own thread, or the loop is not running. */
bool loop_is_here(struct loop *loop);
/* One thing that is kept with the loop (the TLS contexts of its clients): NULL until loop_keep,
 * freed with the loop by dispose. Loop thread only. */
void *loop_kept(const struct loop *loop);
void loop_keep(struct loop *loop, void *taken, void (*dispose)(void *));
/* Runs fn(ctx) on the loop after delay_ms, once; returns a handle that loop_timer_cancel takes.
 * Loop thread only. */
struct loop_timer;
struct loop_timer *loop_after(struct loop *loop, uint64_t delay_ms, loop_fn fn, void *ctx);
void loop_timer_cancel(
    struct loop_timer *timer); /* NULL or fired: do not call; the callback forgets it */

/* A few threads for what takes more than a millisecond (searches, canonicalising bulk). */
struct pool *pool_new(unsigned threads);
void pool_free(struct pool *pool); /* finishes what is queued */
/* ERR_BUSY when 1,024 jobs wait. */
MUST_USE enum err pool_post(struct pool *pool, loop_fn fn, void *ctx);

#endif

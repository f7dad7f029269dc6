/* May the own log be extended? Not while somebody remembers more of it than this folder holds: the
 * keeper (its state is newer than the log) or a peer (log, state and keys came from an old
 * backup). What is signed then would be a second history. Any thread. */
#ifndef MAILLON_NODE_STORE_GUARD_H
#define MAILLON_NODE_STORE_GUARD_H

#include "node/store/store.h"

struct guard;

#define GUARD_KEEPER "keeper"       /* who remembers, beside the DIDs of peers */
#define GUARD_PROOF "proof of fork" /* a proof that names both heads */

/* own is borrowed. Asks nobody, remembers nothing: everything is allowed. NULL: no memory. */
struct guard *guard_new(struct store_log *own);
void guard_free(struct guard *guard);
/* Called after each change, by the thread that made it: return at once. Before other threads. */
void guard_watch(struct guard *guard, void (*fn)(void *ctx), void *ctx);

/* From here until guard_settle those who may remember are asked, and nothing is decided. */
void guard_ask(struct guard *guard);
void guard_settle(struct guard *guard);
/* The node stops: what is not decided yet is not decided any more, and nobody waits for it
 * (ERR_CLOSED). What is decided stays so: what was accepted is still signed. */
void guard_close(struct guard *guard);
bool guard_is_closed(struct guard *guard);

/* Somebody shows a head that the own key has signed. The largest one counts; one that contradicts
 * the log stays for good. */
void guard_remember(struct guard *guard, const struct merkle_head *head, const char *who);
/* The log has grown: is what was remembered held now? */
void guard_recheck(struct guard *guard);

/* OK; ERR_BUSY while it is asked; ERR_LOG_INCOMPLETE (why: sizes, who remembers) until the log is
 * recovered; ERR_FORK; ERR_CLOSED. */
MUST_USE enum err guard_check(struct guard *guard, struct why *why);
/* The same, waiting until it is decided. Never on a loop. */
MUST_USE enum err guard_wait(struct guard *guard, struct why *why);

#endif

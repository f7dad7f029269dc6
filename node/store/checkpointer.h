/* Signs the own log's committed head, soon after each commit, by the keeper. One thread, which
 * waits for commits, coalesces them, and blocks on the keeper and the disk so that nobody else has
 * to. */
#ifndef MAILLON_NODE_STORE_CHECKPOINTER_H
#define MAILLON_NODE_STORE_CHECKPOINTER_H

#include "keys/signer.h"
#include "node/store/guard.h"
#include "node/store/store.h"

struct checkpointer;

struct checkpointer_options {
    struct store *store;
    struct store_log *own;
    struct signer *signer;
    struct guard *guard; /* nothing is signed before it allows it; a change there needs a wake */
};

/* What the options name is borrowed and must outlive it. What was committed and not signed (a crash
 * between the two) is signed at once, and a keeper that remembers less than the log's newest
 * checkpoint (its state is of a backup) is brought up to it. */
MUST_USE enum err checkpointer_start(const struct checkpointer_options *options,
                                     struct checkpointer **out, struct why *why);
/* There is something new to sign. Any thread; returns at once. */
void checkpointer_wake(struct checkpointer *checkpointer);
/* Why the last signature was refused: OK when it was not. Any thread. */
enum err checkpointer_trouble(struct checkpointer *checkpointer, struct why *why_out);
/* Signs what is left, stops the thread. NULL is fine. */
void checkpointer_stop(struct checkpointer *checkpointer);

#endif

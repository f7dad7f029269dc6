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
/* Ends the keeper, so that its files can be changed, and waits until it has ended. What is
 * committed meanwhile is signed later. Without checkpointer_reopen it comes back by itself in a
 * minute. Not the checkpointer's own thread. */
void checkpointer_release(struct checkpointer *checkpointer);
/* Starts the keeper again, with what its files hold now, and signs the newest head anew, also when
 * nothing was added: by the key of now. ERR_SEALED: it waits for the next start of the node; errors
 * of signer_revive and signer_sign. */
MUST_USE enum err checkpointer_reopen(struct checkpointer *checkpointer, struct why *why);
/* Signs what is left, stops the thread. NULL is fine. */
void checkpointer_stop(struct checkpointer *checkpointer);

#endif

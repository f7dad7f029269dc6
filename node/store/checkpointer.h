/* Signs the own log's committed head, soon after each commit, by the keeper. One thread, which
 * waits for commits, coalesces them, and blocks on the keeper and the disk so that nobody else has
 * to. */
#ifndef MAILLON_NODE_STORE_CHECKPOINTER_H
#define MAILLON_NODE_STORE_CHECKPOINTER_H

#include "keys/signer.h"
#include "node/store/store.h"

struct checkpointer;

/* The log, the store and the signer are borrowed and must outlive it. What was committed and not
 * signed (a crash between the two) is signed at once. */
MUST_USE enum err checkpointer_start(struct store *store, struct store_log *own,
                                     struct signer *signer, struct checkpointer **out,
                                     struct why *why);
/* There is something new to sign. Any thread; returns at once. */
void checkpointer_wake(struct checkpointer *checkpointer);
/* Why the last signature was refused: OK when it was not. Any thread. */
enum err checkpointer_trouble(struct checkpointer *checkpointer, struct why *why_out);
/* Signs what is left, stops the thread. NULL is fine. */
void checkpointer_stop(struct checkpointer *checkpointer);

#endif

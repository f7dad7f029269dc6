/* What peers remember of the own log: its checkpoint as each of them holds it, judged by the own
 * key. */
#ifndef MAILLON_NODE_PEER_ASK_H
#define MAILLON_NODE_PEER_ASK_H

#include "node/node.h"
#include "node/store/state.h"

struct ask;

/* One peer's answer. */
struct ask_answer {
    struct state_peer peer;
    bool answered;           /* it has said what it holds, be it nothing */
    struct merkle_head head; /* size 0: nothing */
    enum err err;            /* the last failure, when it has not answered */
    struct why why;
};

/* All peers of the state, and `also` (may be NULL). ERR_NO_MEMORY, ERR_IO. */
MUST_USE enum err ask_new(struct node *node, const struct state_peer *also, struct ask **out);
void ask_free(struct ask *ask); /* NULL is fine */
size_t ask_count(const struct ask *ask);
/* Asks all at once, and those who cannot be reached again, until all have answered, one has and the
 * others had a second more, wait_ms have passed, or ask_cancel. What is heard is given to the
 * node's guard at once. Blocks: never on a loop. Once. */
void ask_run(struct ask *ask, uint64_t wait_ms);
void ask_cancel(struct ask *ask); /* any thread */
/* Afterwards: the i-th answer, in order of adding. */
const struct ask_answer *ask_answer(const struct ask *ask, size_t i);

/* The node's question at its start, which its guard waits for: a thread that asks for as long as
 * keys.ask_peers says, and then settles the guard. Without peers that is done at once, and *out
 * stays NULL. */
struct recall;
MUST_USE enum err recall_start(struct node *node, struct recall **out, struct why *why);
void recall_stop(struct recall *recall); /* NULL is fine */

#endif

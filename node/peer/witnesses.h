/* What witnesses say of the logs held here: whose cosignatures are known, what each has cosigned
 * last, and from when a record counts as confirmed.
 *
 * A witness that cosigned the head of size n stands by every entry below n, whatever heads the
 * others cosigned. So one note for each log and witness is kept, the newest, and a record is
 * confirmed when witness.quorum witnesses have cosigned beyond it. Kept in state.db: what is shown
 * is durable. Only peers of the book count, each once, and never the author of the log nor this
 * node. */
#ifndef MAILLON_NODE_PEER_WITNESSES_H
#define MAILLON_NODE_PEER_WITNESSES_H

#include "node/node.h"

struct witnesses;

/* Loads the own witness key (NODE_SERVE makes it where there is none; else it may be absent) and
 * what is kept. Errors of witness_key_open and the state. */
MUST_USE enum err witnesses_open(struct node *node, struct witnesses **out, struct why *why);
/* After the last flush. NULL is fine. */
void witnesses_close(struct witnesses *witnesses);

/* The key under which this node cosigns; false: it has none. Any thread. */
bool witnesses_own_key(struct witnesses *witnesses, struct public_key *out);
/* Takes the key that this descriptor reads in its place; closes it. Errors of keyfile_read. */
MUST_USE enum err witnesses_replace_key(struct witnesses *witnesses, int fd, struct why *why);
/* The peer of this DID says, over its TLS connection, that this is its key: so it is, unless its
 * history names another. Writes state: not on a loop. */
enum err witnesses_learn_key(struct witnesses *witnesses, const char *did,
                             const struct public_key *key);

/* Appends the log's newest checkpoint with the own cosignature, for its author. size 0, and nothing
 * appended: there is none, the log is frozen, or its author has the own cosignature already. Any
 * thread. */
struct merkle_head witnesses_cosign(struct witnesses *witnesses, struct store_log *log,
                                    struct buf *out);

/* Takes the cosignatures of known witnesses from a checkpoint of the log, which must agree with the
 * entries held. *news_out: there was one that says more than was known; it counts after
 * witnesses_flush. ERR_BAD_NOTE, ERR_LIMIT, ERR_BAD_SIGNATURE (the log's, or none by a known
 * witness that holds), ERR_CLOCK_SKEW, ERR_NOT_FOUND (a size beyond what is held), ERR_FORK (it is
 * not the head that is held). Any thread. */
MUST_USE enum err witnesses_take(struct witnesses *witnesses, struct store_log *log,
                                 struct span note, bool *news_out, struct why *why);
/* Makes what was taken durable, and visible. In one transaction, whatever there is. Not on a loop.
 */
enum err witnesses_flush(struct witnesses *witnesses);
/* Has it flushed soon, by the clerk. Any thread. */
void witnesses_flush_soon(struct witnesses *witnesses);

/* How many trusted witnesses have cosigned the log at `size` or beyond. Any thread. */
unsigned witnesses_count(struct witnesses *witnesses, struct store_log *log, uint64_t size);
/* Entries below it are confirmed: 0 also when witness.quorum is. Any thread. */
uint64_t witnesses_confirmed(struct witnesses *witnesses, struct store_log *log);

/* The log's newest checkpoint, as store_log_checkpoint gives it, signed by its author and by all
 * known witnesses that cosigned that very head; nothing else stays on it. *version_out (may be
 * NULL) changes when that does. Any thread. */
struct merkle_head witnesses_checkpoint(struct witnesses *witnesses, struct store_log *log,
                                        struct buf *note_out, uint64_t *version_out);

#endif

/* What each record held is worth against the schema packs. A record that fits is in the catalogue;
 * one that breaks its schema is quarantined, one whose schema no pack here knows waits: both stay
 * in the log, are synced and proven like any other, and are out of the catalogue.
 *
 * Judging is done by a thread of its own behind the writer, which it never holds up. What it found
 * is derived from the logs and the packs and kept in memory (two bits an entry): it starts anew
 * with the node and after every change of the packs, when the old findings serve until the new are
 * there. Whoever looks at an entry that was not judged yet judges it on the spot (judge_look), so
 * that nobody sees a record that should not be seen, and a record just published is found at once.
 */
#ifndef MAILLON_NODE_CATALOGUE_JUDGE_H
#define MAILLON_NODE_CATALOGUE_JUDGE_H

#include "conf/packs.h"
#include "node/store/store.h"

struct judge;

enum judgement {
    JUDGED_NOT_YET,
    JUDGED_FIT, /* or nothing to judge: withheld, erased, a delete */
    JUDGED_QUARANTINED,
    JUDGED_WAITING
};

/* store and registry are borrowed. Starts the thread. ERR_NO_MEMORY. */
MUST_USE enum err judge_start(struct store *store, struct packs_registry *registry,
                              struct judge **out, struct why *why);
void judge_stop(struct judge *judge); /* NULL is fine */
/* A log has grown, or the packs have changed. Any thread, returns at once. */
void judge_wake(struct judge *judge);
/* Waits until every entry that was committed before the call is judged by the packs of now. For
 * commands that open a folder of their own, and tests; never on a loop. */
void judge_await(struct judge *judge);

/* A reader's own means of judging; one for each thread that looks. NULL: no memory. */
struct judge_look *judge_look_new(struct judge *judge);
void judge_look_free(struct judge_look *look); /* NULL is fine */
/* The judgement on an entry whose record was read (tape and record are of its line). */
enum judgement judge_look(struct judge_look *look, struct store_log *log, uint64_t index,
                          const struct tape *tape, const struct record *record);

/* Of the entries judged so far; superseded versions count until the next start. Any thread. */
struct judge_counts {
    uint64_t judged;
    uint64_t quarantined;
    uint64_t waiting;
};
struct judge_counts judge_counts(struct judge *judge, const struct store_log *log);
/* The next entry at or after *index with this judgement that is the newest of its id; false: none.
 * Any thread. */
bool judge_next(struct judge *judge, struct store_log *log, enum judgement judgement,
                uint64_t *index);

#endif

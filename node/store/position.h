/* The position file of a log: up to where index and level 8 are known to be on disk, so that a
 * start reads only what came later. Derived, like those: when it is missing or does not fit,
 * everything is read anew. */
#ifndef MAILLON_NODE_STORE_POSITION_H
#define MAILLON_NODE_STORE_POSITION_H

#include "node/store/log.h"

/* Puts index and level 8 on disk, then the position that says so. Failing costs the next start some
 * time, nothing else. */
void position_write(struct store_log *log);
/* Restores nodes, range, committed head, checkpoint, key and the end of the committed bytes. false:
 * nothing fits, and the log is as if new but for its segments. */
bool position_read(struct store_log *log);

#endif

/* Lines for entries that were held as leaves: a batch of them against the log, written behind what
 * is there, and put into the index. The writer's; within the store room only. */
#ifndef MAILLON_NODE_STORE_FILL_H
#define MAILLON_NODE_STORE_FILL_H

#include "node/store/log.h"

/* Leaves in the batch only what can be filled in. ERR_BAD_PROOF, ERR_CONFLICT, ERR_NO_MEMORY. */
MUST_USE enum err fill_prepare(struct store_log *log, struct batch *batch, struct why *why);
/* The batch's lines stand at this offset of the segment, durably. ids_make_room was called. ERR_IO:
 * opening the log anew finishes it. */
MUST_USE enum err fill_publish(struct store_log *log, const struct batch *batch, uint32_t segment,
                               uint64_t offset);

#endif

/* Two contradicting checkpoints of one log are proof of a fault: kept as files, for the operator
 * and for others. */
#ifndef MAILLON_NODE_PEER_EVIDENCE_H
#define MAILLON_NODE_PEER_EVIDENCE_H

#include "proto/sync/follow.h"

/* Writes DIR/evidence/<scid>-<size>.note (the signed note that contradicts what is held) and,
 * beside it, .held (the size and root held). Evidence that cannot be written is lost quietly: the
 * peer's state says what happened all the same. */
void evidence_keep(const char *dir, struct follow_evidence evidence);

#endif

/* Evidence of a fork as it is kept and handed on: the fault, and how far the two histories are
 * known to be one. That part is proven, too, by two consistency proofs (RFC 9162, 2.1.4.2) from one
 * head to the two signed ones, so that a stranger can make it smaller than it is and never larger.
 *
 *   {"common":{"first":["<b64>",...],"root":"<b64>","second":["<b64>",...],"size":N},"fault":{...}}
 * common may be absent: nothing is known to be common. The fault alone is a bundle as well. */
#ifndef MAILLON_PROTO_LOG_FAULT_BUNDLE_H
#define MAILLON_PROTO_LOG_FAULT_BUNDLE_H

#include "proto/log/fault.h"

/* A head that both of a fault's heads extend. size 0: none is known. */
struct fault_common {
    struct merkle_head head;
    struct merkle_proof to_first;
    struct merkle_proof to_second;
};

/* Appends the bundle. fault: as fault_append wrote it; common NULL or of size 0: left out. Nothing
 * is checked here. ERR_LIMIT, ERR_NO_MEMORY: the buf's. */
MUST_USE enum err fault_bundle_append(struct buf *out, struct span fault,
                                      const struct fault_common *common);

/* Reads and verifies a bundle or a fault alone, in canonical JSON. notes is working memory, as for
 * fault_read; *text_out is the fault's own text, into bytes. Errors of fault_read; ERR_BAD_FAULT
 * also when common does not hold. */
MUST_USE enum err fault_bundle_read(struct span bytes, struct buf *notes, struct fault *fault_out,
                                    struct fault_common *common_out, struct span *text_out,
                                    struct why *why);

#endif

/* Checkpoints (C2SP tlog-checkpoint.md): a note that names a log, its size and its root. */
#ifndef MAILLON_PROTO_LOG_CHECKPOINT_H
#define MAILLON_PROTO_LOG_CHECKPOINT_H

#include "proto/log/merkle.h"
#include "proto/log/note.h"

struct checkpoint {
    struct span origin; /* into the text read */
    struct merkle_head head;
};

/* Appends the text to be signed: origin, size, base64 root, one line each. */
void checkpoint_append_text(struct buf *out, struct span origin, const struct merkle_head *head);
/* Reads such a text. Extension lines are allowed and ignored. ERR_BAD_NOTE. */
MUST_USE enum err checkpoint_read(struct span text, struct checkpoint *out, struct why *why);

/* Reads a signed checkpoint, and verifies that `origin` signed it with `key` under its own name and
 * that it is about origin. ERR_BAD_NOTE, ERR_LIMIT, ERR_BAD_SIGNATURE. bytes must outlive out. */
MUST_USE enum err checkpoint_open(struct span bytes, struct span origin,
                                  const struct public_key *key, struct checkpoint *out,
                                  struct why *why);

#endif

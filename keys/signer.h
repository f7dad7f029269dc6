/* The node's end of the keeper: starts it, asks it, notices when it is gone. */
#ifndef MAILLON_KEYS_SIGNER_H
#define MAILLON_KEYS_SIGNER_H

#include "proto/base/ed25519.h"
#include "proto/log/merkle.h"

struct signer;

/* Starts `self_exe keeper --fd 3 --dir dir` and has it open the key. passphrase NULL: none. Call
 * from a thread that lives as long as the signer: the keeper dies with the thread that started it.
 * ERR_NOT_FOUND, ERR_PERMISSIONS, ERR_SEALED, ERR_DAMAGED, ERR_LOCKED, ERR_IO, ERR_NO_MEMORY,
 * ERR_CLOSED. */
MUST_USE enum err signer_start(const char *self_exe, const char *dir, const char *passphrase,
                               struct signer **out, struct why *why);
/* Starts a new keeper after ERR_CLOSED. The thread rule and the errors are those of signer_start.
 */
MUST_USE enum err signer_revive(struct signer *signer, const char *passphrase, struct why *why);
/* Closes the socket and waits for the keeper's end. NULL is fine. */
void signer_stop(struct signer *signer);

/* Any thread. */
const struct public_key *signer_public_key(const struct signer *signer);
const char *signer_origin(const struct signer *signer); /* the DID that it signs for */

/* The two below block until the keeper has answered (its answer is durable), and are called by one
 * thread at a time. ERR_CLOSED: the keeper is gone, see signer_revive; ERR_TIMEOUT: its disk hangs.
 */

/* The last head signed: the next proof starts there. */
MUST_USE enum err signer_last(struct signer *signer, struct merkle_head *out, struct why *why);
/* Appends the signed checkpoint. proof shows that head extends signer_last; the same head again is
 * signed again. ERR_REFUSED_BY_KEEPER with the rule, ERR_IO, ERR_DISK_FULL; then note_out is as it
 * was. */
MUST_USE enum err signer_sign(struct signer *signer, const struct merkle_head *head,
                              const struct merkle_proof *proof, struct buf *note_out,
                              struct why *why);

#endif

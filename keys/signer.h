/* The node's end of the keeper: starts it, asks it, notices when it is gone. */
#ifndef MAILLON_KEYS_SIGNER_H
#define MAILLON_KEYS_SIGNER_H

#include "proto/base/ed25519.h"
#include "proto/log/merkle.h"

struct signer;

/* Starts `self_exe keeper --fd 3 --dir dir`, the warden, has it fork a keeper, and has that open
 * the key. passphrase NULL: none. Call from a thread that lives as long as the signer: the warden,
 * and with it the keeper, dies with the thread that started it; and before the process is confined.
 * ERR_NOT_FOUND, ERR_PERMISSIONS, ERR_SEALED, ERR_DAMAGED, ERR_LOCKED, ERR_IO, ERR_NO_MEMORY,
 * ERR_CLOSED. */
MUST_USE enum err signer_start(const char *self_exe, const char *dir, const char *passphrase,
                               struct signer **out, struct why *why);
/* Has the warden fork a new keeper after ERR_CLOSED; also when confined. The errors are those of
 * signer_start; ERR_CLOSED when the warden is gone. One thread at a time. */
MUST_USE enum err signer_revive(struct signer *signer, const char *passphrase, struct why *why);
/* Ends the keeper alone, so that its files can be changed; signer_revive starts the next. One
 * thread at a time. */
void signer_release(struct signer *signer);
/* Closes the sockets and waits for the end of both processes. NULL is fine. */
void signer_stop(struct signer *signer);
/* A confined node reads one of the files of its folder that an operator may replace (the table is
 * in warden.c): a descriptor for reading, or -1 with errno set. Any thread. */
int signer_open_file(struct signer *signer, const char *name);

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

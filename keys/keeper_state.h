/* What the keeper last signed, on disk: known to be durable before the signature leaves. Two slots
 * in one file, synced in turn and each with its checksum, so that a torn write leaves the other one
 * whole. */
#ifndef MAILLON_KEYS_KEEPER_STATE_H
#define MAILLON_KEYS_KEEPER_STATE_H

#include "proto/base/ed25519.h"
#include "proto/log/merkle.h"

struct keeper_state;

#define KEEPER_STATE_SLOT_BYTES 128u   /* below a sector: most disks write it whole */
#define KEEPER_STATE_SLOT_STRIDE 4096u /* a slot shares no page with the other */
#define KEEPER_STATE_FILE_BYTES (KEEPER_STATE_SLOT_STRIDE + KEEPER_STATE_SLOT_BYTES)

/* Makes the file of a key that has signed nothing (replacing one that a broken-off init left).
 * ERR_IO, ERR_DISK_FULL, ERR_NO_MEMORY. */
MUST_USE enum err keeper_state_create(const char *path, const struct public_key *key,
                                      struct why *why);
/* Opens and locks it, and writes what it read once more: what an earlier process failed to sync
 * must not count as durable. Waits up to wait_ms for a keeper that is just ending. ERR_DAMAGED
 * (missing, both slots torn, another key's: nothing may be signed), ERR_LOCKED, ERR_PERMISSIONS,
 * ERR_IO. */
MUST_USE enum err keeper_state_open(const char *path, const struct public_key *key,
                                    unsigned wait_ms, struct keeper_state **out, struct why *why);
/* Makes the file anew, saying that this head was signed last: only after all have been asked who
 * may know. Errors of keeper_state_create. */
MUST_USE enum err keeper_state_rebuild(const char *path, const struct public_key *key,
                                       const struct merkle_head *head, struct why *why);
/* What the file says, without locking or writing: for who only wants to know. ERR_DAMAGED,
 * ERR_PERMISSIONS, ERR_IO. */
MUST_USE enum err keeper_state_read(const char *path, const struct public_key *key,
                                    struct merkle_head *out, struct why *why);
/* What was signed by `old` is from now on what `fresh` goes on from: same file, same head, durable
 * in both slots. Also when it is done already. Errors of keeper_state_open. */
MUST_USE enum err keeper_state_rekey(const char *path, const struct public_key *old,
                                     const struct public_key *fresh, unsigned wait_ms,
                                     struct why *why);
struct merkle_head keeper_state_last(const struct keeper_state *state);
/* OK: the head is durable. ERR_IO, ERR_DISK_FULL: it may or may not be; every later call fails
 * then. */
MUST_USE enum err keeper_state_store(struct keeper_state *state, const struct merkle_head *head,
                                     struct why *why);
void keeper_state_close(struct keeper_state *state); /* NULL is fine */

#endif

/* The folder D/keys: what is in it, and how it is made. */
#ifndef MAILLON_KEYS_KEYS_H
#define MAILLON_KEYS_KEYS_H

#include "proto/base/ed25519.h"
#include "proto/log/merkle.h"
#include "proto/limits.h"

#define KEYS_FOLDER "keys" /* below the node's folder, mode 700 */
#define KEYS_LOG_KEY "keys/log.key"
#define KEYS_STATE "keys/keeper.state"
#define KEYS_REQUEST_KEY "keys/request.key" /* signs HTTP requests; held by the node's process */
#define KEYS_ASSERT_KEY "keys/assert.key"   /* signs documents; the same */
#define KEYS_WITNESS_KEY "keys/witness.key" /* cosigns the logs of others: witness.h */
#define KEYS_ORIGIN "keys/origin"           /* the DID for which the log key signs */
#define KEYS_NEXT ".next"                   /* behind a name: made, and not in use yet */

/* Makes the log key and the state of a keeper that has signed nothing. dir exists. passphrase NULL:
 * not sealed. The key comes last: a folder with a key is complete, one without is begun anew by
 * another call. ERR_CONFLICT (there is a key), ERR_LIMIT (passphrase), ERR_PERMISSIONS, ERR_IO,
 * ERR_DISK_FULL, ERR_NO_MEMORY. */
MUST_USE enum err keys_init(const char *dir, const char *passphrase, struct public_key *out,
                            struct why *why);
/* Writes keys/origin, replacing it. Errors of file_write_private. */
MUST_USE enum err keys_write_origin(const char *dir, struct span origin, struct why *why);
/* Appends the DID for which the log key signs: that of keys/origin, or, where there is no such
 * file, the did:key of the key itself. ERR_DAMAGED; errors of file_read_private. */
MUST_USE enum err keys_read_origin(const char *dir, const struct public_key *key, struct buf *out,
                                   struct why *why);
/* Makes a key file below dir, durable. Errors of keyfile_write. */
MUST_USE enum err keys_make(const char *dir, const char *name, const char *passphrase,
                            struct public_key *out, struct why *why);
/* keys/log.key.next becomes keys/log.key, and what the keeper remembers goes over to it: nothing
 * that was signed before is forgotten. No keeper may run. May be called again after it broke off.
 * ERR_NOT_FOUND (there is no next key), ERR_LOCKED, ERR_DAMAGED, ERR_IO. */
MUST_USE enum err keys_adopt_log_key(const char *dir, struct why *why);
/* name + ".next" takes the place of name, durable. ERR_NOT_FOUND, ERR_IO. */
MUST_USE enum err keys_adopt(const char *dir, const char *name, struct why *why);

/* The public log key, for commands that sign nothing. Errors of keyfile_read_public. */
MUST_USE enum err keys_read_public(const char *dir, struct public_key *out, bool *sealed_out,
                                   struct why *why);
/* Seals the key of that name anew, or unseals it when fresh is NULL. Errors of keyfile_reseal. */
MUST_USE enum err keys_reseal(const char *dir, const char *name, const char *passphrase,
                              const char *fresh, struct why *why);

/* For recovery, where no keeper runs; why is needed. What the keeper has signed last: errors of
 * keeper_state_read, but ERR_DAMAGED is only for what keys_rebuild_state may replace; another key's
 * state is ERR_CONFLICT. */
MUST_USE enum err keys_read_state(const char *dir, const struct public_key *key,
                                  struct merkle_head *out, struct why *why);
/* Makes the state of a lost one: head is the largest that anybody has proven. Never replaces one
 * that can be read (ERR_CONFLICT). ERR_PERMISSIONS, ERR_LOCKED, ERR_IO, ERR_DISK_FULL. */
MUST_USE enum err keys_rebuild_state(const char *dir, const struct public_key *key,
                                     const struct merkle_head *head, struct why *why);
/* Brings the state up to a head that the caller has shown to extend it. Never down:
 * ERR_REFUSED_BY_KEEPER. Errors of keeper_state_open and keeper_state_store. */
MUST_USE enum err keys_raise_state(const char *dir, const struct public_key *key,
                                   const struct merkle_head *head, struct why *why);

#endif

/* What making and changing the own identity share. For node/identity/own*.c alone. */
#ifndef MAILLON_NODE_IDENTITY_OWN_PARTS_H
#define MAILLON_NODE_IDENTITY_OWN_PARTS_H

#include "keys/keyfile.h"
#include "node/identity/own.h"

/* The exclusive right to change keys and history of dir; close it with close(2). ERR_LOCKED. */
MUST_USE enum err own_lock(const char *dir, int *fd_out, struct why *why);
bool own_exists(const char *dir, const char *name);
void own_remove(const char *dir, const char *name);
/* Writes did.jsonl as a whole. */
MUST_USE enum err own_store(const char *dir, struct span text, struct why *why);
/* Makes a recovery key and its file, which must not exist; the caller frees the key. */
MUST_USE enum err own_make_recovery(const char *file, struct secret_key **out, struct why *why);

#endif

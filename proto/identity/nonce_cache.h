/* Which requests were received already: (key, nonce) pairs, remembered for as long as their
 * signature could be accepted again. Bounded; pure, time is handed in. One thread at a time.
 *
 * Two generations of fixed size: entries go into the younger, lookups into both, and when the
 * younger is one lifetime old the elder is forgotten. Pairs are kept as keyed hashes, so that
 * nobody outside can aim at a slot or make one pair look like another. */
#ifndef MAILLON_PROTO_IDENTITY_NONCE_CACHE_H
#define MAILLON_PROTO_IDENTITY_NONCE_CACHE_H

#include "proto/env.h"
#include "proto/err.h"
#include "proto/base/bytes.h"

struct nonce_cache;

/* capacity: pairs within one lifetime, 1 to 2^24 (CHECKed); memory is 64 bytes each. lifetime_s: at
 * least twice the skew that is accepted, as a signature dated in the future lives that long. The
 * seed is drawn from env. NULL: no memory. */
struct nonce_cache *nonce_cache_new(unsigned capacity, uint64_t lifetime_s, const struct env *env);
void nonce_cache_free(struct nonce_cache *cache);

/* Remembers a request whose signature was verified. OK; ERR_REPLAYED: it was remembered already;
 * ERR_BUSY: full, the request must be refused (a caller's rate is limited before, so that one does
 * not fill it for all); ERR_CLOCK_SKEW: so old that it could have been forgotten, which happens
 * only where the clock was set back. */
MUST_USE enum err nonce_cache_add(struct nonce_cache *cache, struct span keyid, struct span nonce,
                                  uint64_t created_s, uint64_t now_s);

#endif

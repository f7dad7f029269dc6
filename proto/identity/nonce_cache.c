/* Two open-addressing tables of 128-bit keyed hashes. */
#include "proto/identity/nonce_cache.h"

#include <sodium.h>
#include <stdlib.h>

#define CAPACITY_MAX (1u << 24)

struct tag {
    uint8_t bytes[16];
};

struct generation {
    struct tag *slots; /* all zero: free */
    unsigned count;
    uint64_t begun_s;
    uint64_t created_max_s;
};

struct nonce_cache {
    uint8_t seed[crypto_generichash_KEYBYTES];
    unsigned capacity;
    unsigned mask;
    uint64_t lifetime_s;
    uint64_t forgotten_s; /* what was created up to then may have been forgotten */
    struct generation young;
    struct generation old;
};

struct nonce_cache *nonce_cache_new(unsigned capacity, uint64_t lifetime_s, const struct env *env)
{
    CHECK(capacity > 0 && capacity <= CAPACITY_MAX && lifetime_s > 0);
    unsigned slots = 2; /* at most half full, so that a search is short and ends */
    while (slots < 2 * capacity)
        slots *= 2;
    struct nonce_cache *cache = calloc(1, sizeof(*cache));
    if (cache == NULL)
        return NULL;
    cache->capacity = capacity;
    cache->mask = slots - 1;
    cache->lifetime_s = lifetime_s;
    cache->young.slots = calloc(slots, sizeof(struct tag));
    cache->old.slots = calloc(slots, sizeof(struct tag));
    if (cache->young.slots == NULL || cache->old.slots == NULL) {
        nonce_cache_free(cache);
        return NULL;
    }
    env->random(env->ctx, cache->seed, sizeof(cache->seed));
    return cache;
}

void nonce_cache_free(struct nonce_cache *cache)
{
    if (cache == NULL)
        return;
    free(cache->young.slots);
    free(cache->old.slots);
    free(cache);
}

static struct tag tag_of(const struct nonce_cache *cache, struct span keyid, struct span nonce)
{
    struct tag tag;
    crypto_generichash_state state;
    uint64_t keyid_len = keyid.len; /* so that no two pairs run together */
    (void)crypto_generichash_init(&state, cache->seed, sizeof(cache->seed), sizeof(tag.bytes));
    (void)crypto_generichash_update(&state, (const uint8_t *)&keyid_len, sizeof(keyid_len));
    (void)crypto_generichash_update(&state, keyid.data, keyid.len);
    (void)crypto_generichash_update(&state, nonce.data, nonce.len);
    (void)crypto_generichash_final(&state, tag.bytes, sizeof(tag.bytes));
    if (sodium_is_zero(tag.bytes, sizeof(tag.bytes)))
        tag.bytes[0] = 1;
    return tag;
}

/* The slot that holds the tag, or the free one where it belongs. */
static struct tag *slot_of(const struct nonce_cache *cache, const struct generation *generation,
                           const struct tag *tag)
{
    uint32_t at;
    memcpy(&at, tag->bytes, sizeof(at));
    for (;; at++) {
        struct tag *slot = &generation->slots[at & cache->mask];
        if (memcmp(slot, tag, sizeof(*tag)) == 0 ||
            sodium_is_zero(slot->bytes, sizeof(slot->bytes)))
            return slot;
    }
}

static bool holds(const struct nonce_cache *cache, const struct generation *generation,
                  const struct tag *tag)
{
    return memcmp(slot_of(cache, generation, tag), tag, sizeof(*tag)) == 0;
}

/* The young one becomes the old one, whose entries are over. */
static void turn(struct nonce_cache *cache, uint64_t now_s)
{
    struct generation forgotten = cache->old;
    if (forgotten.count > 0 && forgotten.created_max_s > cache->forgotten_s)
        cache->forgotten_s = forgotten.created_max_s;
    memset(forgotten.slots, 0, (size_t)(cache->mask + 1) * sizeof(struct tag));
    cache->old = cache->young;
    cache->young = (struct generation){.slots = forgotten.slots, .begun_s = now_s};
}

/* One step at a time: what was young a moment ago stays for a lifetime more, even where nothing
 * came for long. */
static void grow_old(struct nonce_cache *cache, uint64_t now_s)
{
    if (now_s >= cache->young.begun_s && now_s - cache->young.begun_s >= cache->lifetime_s)
        turn(cache, now_s);
}

enum err nonce_cache_add(struct nonce_cache *cache, struct span keyid, struct span nonce,
                         uint64_t created_s, uint64_t now_s)
{
    grow_old(cache, now_s);
    if (created_s <= cache->forgotten_s)
        return ERR_CLOCK_SKEW;
    struct tag tag = tag_of(cache, keyid, nonce);
    if (holds(cache, &cache->old, &tag) || holds(cache, &cache->young, &tag))
        return ERR_REPLAYED;
    if (cache->young.count == cache->capacity)
        return ERR_BUSY;
    *slot_of(cache, &cache->young, &tag) = tag;
    cache->young.count++;
    if (created_s > cache->young.created_max_s)
        cache->young.created_max_s = created_s;
    return OK;
}

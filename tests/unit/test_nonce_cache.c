/* What was received once is not received again, for as long as it could be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "proto/identity/nonce_cache.h"

#define START 1790000000u
#define SKEW 60u

static void fill(void *ctx, uint8_t *out, size_t len)
{
    memset(out, *(uint8_t *)ctx, len);
}

static struct nonce_cache *make(unsigned capacity)
{
    uint8_t byte = 5;
    const struct env env = {.ctx = &byte, .random = fill};
    struct nonce_cache *cache = nonce_cache_new(capacity, 2 * SKEW, &env);
    assert_non_null(cache);
    return cache;
}

static enum err add(struct nonce_cache *cache, const char *keyid, uint64_t nonce, uint64_t created,
                    uint64_t now)
{
    return nonce_cache_add(cache, span_cstr(keyid), span_of(&nonce, sizeof(nonce)), created, now);
}

static void a_replayed_request_is_refused_while_its_date_would_pass(void **state)
{
    (void)state;
    /* Whatever the moment within a generation, and dated early or late. */
    for (uint64_t at = 0; at < 4 * SKEW; at++) {
        for (int64_t dated = -(int64_t)SKEW; dated <= (int64_t)SKEW; dated += SKEW) {
            struct nonce_cache *cache = make(16);
            uint64_t now = START + at;
            uint64_t created = now + (uint64_t)dated;
            assert_int_equal(add(cache, "other", 1, START, START), OK);
            assert_int_equal(add(cache, "k", 7, created, now), OK);
            for (uint64_t later = now; later <= created + SKEW; later += 7) {
                enum err err = add(cache, "k", 7, created, later);
                if (err != ERR_REPLAYED)
                    fail_msg("at %d, dated %d, after %d s", (int)at, (int)dated,
                             (int)(later - now));
            }
            nonce_cache_free(cache);
        }
    }
}

static void another_key_or_nonce_is_another_request(void **state)
{
    (void)state;
    struct nonce_cache *cache = make(16);
    assert_int_equal(add(cache, "a", 1, START, START), OK);
    assert_int_equal(add(cache, "b", 1, START, START), OK);
    assert_int_equal(add(cache, "a", 2, START, START), OK);
    assert_int_equal(add(cache, "a", 1, START, START), ERR_REPLAYED);
    /* The pair is not the text run together. */
    assert_int_equal(nonce_cache_add(cache, SPAN_LITERAL("xy"), SPAN_LITERAL("z"), START, START),
                     OK);
    assert_int_equal(nonce_cache_add(cache, SPAN_LITERAL("x"), SPAN_LITERAL("yz"), START, START),
                     OK);
    nonce_cache_free(cache);
}

static void a_full_cache_refuses_instead_of_forgetting(void **state)
{
    (void)state;
    struct nonce_cache *cache = make(1000);
    for (uint64_t i = 0; i < 1000; i++)
        assert_int_equal(add(cache, "a", i, START, START), OK);
    assert_int_equal(add(cache, "a", 1000, START, START), ERR_BUSY);
    for (uint64_t i = 0; i < 1000; i++)
        assert_int_equal(add(cache, "a", i, START, START), ERR_REPLAYED);
    /* A lifetime later there is room again, and what was there is still known. */
    uint64_t later = START + 2 * SKEW;
    assert_int_equal(add(cache, "a", 1000, later, later), OK);
    assert_int_equal(add(cache, "a", 5, START, later), ERR_REPLAYED);
    nonce_cache_free(cache);
}

static void a_clock_set_back_brings_nothing_back(void **state)
{
    (void)state;
    struct nonce_cache *cache = make(16);
    assert_int_equal(add(cache, "a", 1, START, START), OK);
    uint64_t now = START;
    for (uint64_t i = 2; i < 8; i++) {
        now += 2 * SKEW;
        assert_int_equal(add(cache, "a", i, now, now), OK);
    }
    /* The first is forgotten by now; the clock goes back to when it was fresh. */
    assert_int_equal(add(cache, "a", 1, START, START), ERR_CLOCK_SKEW);
    assert_int_equal(add(cache, "a", 9, now, START), OK);
    nonce_cache_free(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_replayed_request_is_refused_while_its_date_would_pass),
        cmocka_unit_test(another_key_or_nonce_is_another_request),
        cmocka_unit_test(a_full_cache_refuses_instead_of_forgetting),
        cmocka_unit_test(a_clock_set_back_brings_nothing_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Who remembers more of the own log than is held, and what that allows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <pthread.h>

#include "node/store/guard.h"
#include "tests/lib/folder.h"

#define ORIGIN "did:key:z6MkOwn"

struct place {
    char *folder;
    struct store *store;
    struct store_log *own;
    struct guard *guard;
    unsigned told;
};

static void on_change(void *ctx)
{
    struct place *place = ctx;
    place->told++;
}

static int setup(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    assert_non_null(place);
    place->folder = folder_make();
    struct store_options options = {.dir = place->folder};
    assert_int_equal(store_open(&options, &place->store, NULL), OK);
    assert_int_equal(store_log_open(place->store, span_cstr(ORIGIN), &place->own, NULL), OK);
    place->guard = guard_new(place->own);
    assert_non_null(place->guard);
    guard_watch(place->guard, on_change, place);
    *state = place;
    return 0;
}

static int teardown(void **state)
{
    struct place *place = *state;
    guard_free(place->guard);
    store_close(place->store);
    folder_remove(place->folder);
    free(place);
    return 0;
}

/* The i-th leaf of the history that everybody knows. */
static struct hash leaf_of(uint64_t i)
{
    uint8_t text[8];
    for (unsigned k = 0; k < sizeof(text); k++)
        text[k] = (uint8_t)(i >> (8 * k));
    return merkle_leaf_hash(span_of(text, sizeof(text)));
}

static struct merkle_head head_of(uint64_t size)
{
    struct merkle_range range = {.size = 0};
    for (uint64_t i = 0; i < size; i++) {
        struct hash leaf = leaf_of(i);
        merkle_range_append(&range, &leaf);
    }
    return merkle_range_head(&range);
}

static void grow(struct place *place, uint64_t size)
{
    struct batch *batch = batch_new();
    assert_non_null(batch);
    batch->first = store_log_committed(place->own).size;
    for (uint64_t i = batch->first; i < size; i++) {
        struct hash leaf = leaf_of(i);
        assert_int_equal(batch_append_withheld(batch, &leaf), OK);
    }
    assert_int_equal(batch_seal(batch), OK);
    struct store_result result;
    store_write(place->store, place->own, batch, &result);
    assert_int_equal(result.err, OK);
    batch_free(batch);
}

static void hear(struct place *place, uint64_t size, const char *who)
{
    struct merkle_head head = head_of(size);
    guard_remember(place->guard, &head, who);
}

static void allows_what_nobody_remembers_more_of(void **state)
{
    struct place *place = *state;
    assert_int_equal(guard_check(place->guard, NULL), OK);
    grow(place, 9);
    for (uint64_t size = 0; size <= 9; size++) {
        hear(place, size, "did:key:z6MkPeer");
        assert_int_equal(guard_check(place->guard, NULL), OK);
    }
}

static void refuses_until_the_log_has_grown_to_the_largest_memory(void **state)
{
    struct place *place = *state;
    struct why why = {0};
    grow(place, 5);
    hear(place, 8, GUARD_KEEPER);
    hear(place, 12, "did:key:z6MkPeer");
    hear(place, 10, "did:key:z6MkOther");
    assert_int_equal(guard_check(place->guard, &why), ERR_LOG_INCOMPLETE);
    assert_string_equal(why.expected, "12 entries, as did:key:z6MkPeer remembers");
    assert_string_equal(why.found, "5 entries");
    grow(place, 11);
    guard_recheck(place->guard);
    assert_int_equal(guard_check(place->guard, NULL), ERR_LOG_INCOMPLETE);
    grow(place, 12);
    assert_int_equal(guard_check(place->guard, NULL), ERR_LOG_INCOMPLETE);
    guard_recheck(place->guard);
    assert_int_equal(guard_check(place->guard, NULL), OK);
}

static void a_contradiction_stays(void **state)
{
    struct place *place = *state;
    grow(place, 6);
    struct merkle_head other = head_of(4);
    other.root.bytes[0] ^= 1;
    guard_remember(place->guard, &other, "did:key:z6MkPeer");
    assert_int_equal(guard_check(place->guard, NULL), ERR_FORK);
    hear(place, 20, "did:key:z6MkOther");
    guard_recheck(place->guard);
    assert_int_equal(guard_check(place->guard, NULL), ERR_FORK);
}

static void a_memory_that_the_grown_log_contradicts_is_a_fork(void **state)
{
    struct place *place = *state;
    grow(place, 3);
    struct merkle_head other = head_of(5);
    other.root.bytes[0] ^= 1;
    guard_remember(place->guard, &other, "did:key:z6MkPeer");
    assert_int_equal(guard_check(place->guard, NULL), ERR_LOG_INCOMPLETE);
    grow(place, 7);
    guard_recheck(place->guard);
    assert_int_equal(guard_check(place->guard, NULL), ERR_FORK);
}

static void decides_nothing_while_it_asks_and_tells_each_change(void **state)
{
    struct place *place = *state;
    guard_ask(place->guard);
    assert_int_equal(guard_check(place->guard, NULL), ERR_BUSY);
    assert_int_equal(place->told, 1);
    hear(place, 2, "did:key:z6MkPeer");
    assert_int_equal(place->told, 2);
    assert_int_equal(guard_check(place->guard, NULL), ERR_LOG_INCOMPLETE);
    guard_settle(place->guard);
    assert_int_equal(place->told, 3);
    assert_int_equal(guard_check(place->guard, NULL), ERR_LOG_INCOMPLETE);
}

static void *wait_for_it(void *ctx)
{
    struct place *place = ctx;
    return guard_wait(place->guard, NULL) == OK ? place : NULL;
}

static void waiters_go_on_when_it_settles(void **state)
{
    struct place *place = *state;
    pthread_t threads[4];
    guard_watch(place->guard, NULL, NULL);
    guard_ask(place->guard);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, wait_for_it, place), 0);
    guard_settle(place->guard);
    for (size_t i = 0; i < 4; i++) {
        void *allowed = NULL;
        assert_int_equal(pthread_join(threads[i], &allowed), 0);
        assert_ptr_equal(allowed, place);
    }
}

static void nobody_waits_for_a_node_that_stops(void **state)
{
    struct place *place = *state;
    pthread_t thread;
    void *allowed = place;
    guard_watch(place->guard, NULL, NULL);
    guard_ask(place->guard);
    assert_int_equal(pthread_create(&thread, NULL, wait_for_it, place), 0);
    guard_close(place->guard);
    assert_int_equal(pthread_join(thread, &allowed), 0);
    assert_null(allowed);
    assert_int_equal(guard_check(place->guard, NULL), ERR_CLOSED);
    assert_true(guard_is_closed(place->guard));
}

static void what_is_decided_stays_so_when_the_node_stops(void **state)
{
    struct place *place = *state;
    guard_close(place->guard);
    assert_int_equal(guard_check(place->guard, NULL), OK);
    hear(place, 3, "did:key:z6MkPeer");
    assert_int_equal(guard_wait(place->guard, NULL), ERR_LOG_INCOMPLETE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(allows_what_nobody_remembers_more_of),
        TEST(refuses_until_the_log_has_grown_to_the_largest_memory),
        TEST(a_contradiction_stays),
        TEST(a_memory_that_the_grown_log_contradicts_is_a_fork),
        TEST(decides_nothing_while_it_asks_and_tells_each_change),
        TEST(waiters_go_on_when_it_settles),
        TEST(nobody_waits_for_a_node_that_stops),
        TEST(what_is_decided_stays_so_when_the_node_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The keeper's decision, and what it answers to every kind of frame. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "keys/keeper.h"
#include "keys/refusal.h"
#include "keys/vault.h"
#include "proto/log/checkpoint.h"
#include "tests/lib/smalltree.h"

#define ORIGIN "did:key:z6MkTest"
#define SIZES 20u

static const struct smalltree honest = {.fork_at = SMALLTREE_FORK_NEVER};

static void signs_every_head_that_extends_the_last(void **state)
{
    (void)state;
    for (uint64_t old = 0; old < SIZES; old++)
        for (uint64_t new = old; new < SIZES; new ++) {
            struct merkle_head last = smalltree_head(&honest, old);
            struct merkle_head head = smalltree_head(&honest, new);
            struct merkle_proof proof = smalltree_proof(&honest, old, new);
            assert_int_equal(keeper_check(&last, &head, &proof, NULL), OK);
        }
}

static enum refusal why_refused(const struct merkle_head *last, const struct merkle_head *head,
                                const struct merkle_proof *proof)
{
    struct why why = {0};
    assert_int_equal(keeper_check(last, head, proof, &why), ERR_REFUSED_BY_KEEPER);
    return refusal_of(&why);
}

static void refuses_every_smaller_head_even_with_a_proof(void **state)
{
    (void)state;
    for (uint64_t old = 1; old < SIZES; old++)
        for (uint64_t new = 0; new < old; new ++) {
            struct merkle_head last = smalltree_head(&honest, old);
            struct merkle_head head = smalltree_head(&honest, new);
            struct merkle_proof proof = smalltree_proof(&honest, new, old);
            assert_int_equal(why_refused(&last, &head, &proof), REFUSAL_HEAD_SMALLER);
        }
}

static void refuses_another_root_for_a_size_that_was_signed(void **state)
{
    (void)state;
    for (uint64_t size = 0; size < SIZES; size++) {
        struct merkle_head last = smalltree_head(&honest, size);
        struct merkle_head head = last;
        head.root.bytes[31] ^= 1;
        struct merkle_proof none = {0};
        assert_int_equal(why_refused(&last, &head, &none), REFUSAL_HEAD_FORKED);
    }
}

static void refuses_every_fork_below_the_last_head(void **state)
{
    (void)state;
    for (uint64_t old = 1; old < SIZES; old++)
        for (uint64_t fork_at = 0; fork_at < old; fork_at++)
            for (uint64_t new = old + 1; new < SIZES; new ++) {
                struct smalltree forked = {.fork_at = fork_at};
                struct merkle_head last = smalltree_head(&honest, old);
                struct merkle_head head = smalltree_head(&forked, new);
                struct merkle_proof proof = smalltree_proof(&forked, old, new);
                assert_int_equal(why_refused(&last, &head, &proof), REFUSAL_HEAD_UNPROVEN);
            }
}

static void refuses_a_proof_with_a_hash_altered_missing_or_too_many(void **state)
{
    (void)state;
    for (uint64_t old = 1; old < SIZES; old++)
        for (uint64_t new = old + 1; new < SIZES; new ++) {
            struct merkle_head last = smalltree_head(&honest, old);
            struct merkle_head head = smalltree_head(&honest, new);
            struct merkle_proof proof = smalltree_proof(&honest, old, new);
            for (unsigned i = 0; i < proof.count; i++) {
                proof.hashes[i].bytes[0] ^= 1;
                assert_int_equal(why_refused(&last, &head, &proof), REFUSAL_HEAD_UNPROVEN);
                proof.hashes[i].bytes[0] ^= 1;
            }
            proof.count++;
            assert_int_equal(why_refused(&last, &head, &proof), REFUSAL_HEAD_UNPROVEN);
            proof.count -= 2;
            assert_int_equal(why_refused(&last, &head, &proof), REFUSAL_HEAD_UNPROVEN);
        }
}

/* What an intruder in the node process may send: every head of three histories that differ from the
 * third leaf on, each with the proof from each size, in many orders. Whatever is signed is one
 * history. */
static void no_order_of_requests_makes_the_keeper_sign_two_histories(void **state)
{
    (void)state;
    const struct smalltree histories[] = {honest, {.fork_at = 2}, {.fork_at = 5}};
    uint64_t random = 1;
    for (unsigned run = 0; run < 2000; run++) {
        struct merkle_head last = smalltree_head(&honest, 0);
        bool possible[] = {true, true, true}; /* histories that all signed heads belong to */
        for (unsigned i = 0; i < 40; i++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            const struct smalltree *claimed = &histories[(random >> 33) % 3];
            const struct smalltree *proven = &histories[(random >> 40) % 3];
            uint64_t size = (random >> 48) % SIZES;
            uint64_t from = (random >> 56) % (size + 1);
            struct merkle_head head = smalltree_head(claimed, size);
            struct merkle_proof proof = smalltree_proof(proven, from, size);
            if (keeper_check(&last, &head, &proof, NULL) != OK)
                continue;
            assert_true(head.size >= last.size);
            last = head;
            for (unsigned k = 0; k < 3; k++) {
                struct merkle_head same = smalltree_head(&histories[k], head.size);
                possible[k] = possible[k] && hash_equal(&same.root, &head.root);
            }
            assert_true(possible[0] || possible[1] || possible[2]);
        }
    }
}

static void a_refusal_says_which_sizes(void **state)
{
    (void)state;
    struct merkle_head last = smalltree_head(&honest, 12);
    struct merkle_head head = smalltree_head(&honest, 7);
    struct merkle_proof none = {0};
    struct why why = {0};
    assert_int_equal(keeper_check(&last, &head, &none, &why), ERR_REFUSED_BY_KEEPER);
    assert_string_equal(why.expected, "12");
    assert_string_equal(why.found, "7");
}

/* A keeper whose disk is these fields. */
struct world {
    struct keeper keeper;
    struct secret_key *secret;
    struct buf answer;
    struct buf request;
    struct merkle_head durable;
    unsigned remembered;
    enum err open_fails;
    bool disk_fails;
    char passphrase[32];
};

static enum err world_open(void *ctx, const char *passphrase, struct keeper_key *out,
                           struct why *why)
{
    struct world *world = ctx;
    memset(world->passphrase, 0, sizeof(world->passphrase));
    if (passphrase != NULL)
        memcpy(world->passphrase, passphrase, strlen(passphrase));
    if (world->open_fails != OK)
        return refuse(why, REFUSAL_PASSPHRASE_WRONG, NULL, NULL);
    out->secret = world->secret;
    out->key = keyfile_public(world->secret);
    out->last = world->durable;
    memcpy(out->origin, ORIGIN, sizeof(ORIGIN));
    return OK;
}

static enum err world_remember(void *ctx, const struct merkle_head *head, struct why *why)
{
    struct world *world = ctx;
    if (world->disk_fails)
        return refuse(why, REFUSAL_FILE_DISK_FULL, NULL, NULL);
    world->durable = *head;
    world->remembered++;
    return OK;
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    assert_non_null(world);
    world->secret = keyfile_make();
    world->keeper.host = (struct keeper_host){world, world_open, world_remember};
    world->durable = smalltree_head(&honest, 0);
    buf_init(&world->answer, KEEPER_ANSWER_BYTES_MAX);
    buf_init(&world->request, KEEPER_REQUEST_BYTES_MAX + 100);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    buf_clear(&world->answer);
    buf_clear(&world->request);
    vault_free(world->secret);
    free(world);
    return 0;
}

/* Sends world->request; the refusal in the answer, whose body is left in *body_out. */
static enum refusal ask(struct world *world, struct span *body_out)
{
    keeper_answer(&world->keeper, buf_span(&world->request), &world->answer);
    assert_int_equal(buf_check(&world->answer), OK);
    assert_true(world->answer.len >= KEEPER_ANSWER_HEAD_BYTES);
    if (world->request.len >= KEEPER_REQUEST_HEAD_BYTES)
        assert_memory_equal(world->answer.data, world->request.data, KEEPER_REQUEST_HEAD_BYTES);
    *body_out = span_part(buf_span(&world->answer), KEEPER_ANSWER_HEAD_BYTES, SIZE_MAX);
    enum refusal refusal = (enum refusal)world->answer.data[KEEPER_REQUEST_HEAD_BYTES];
    if (refusal != REFUSAL_NONE)
        assert_int_equal(body_out->len, KEEPER_REFUSAL_BYTES);
    return refusal;
}

static void begin(struct world *world, unsigned type)
{
    buf_reset(&world->request);
    keeper_append_request(&world->request, (enum keeper_request)type, 0x01020304);
}

static enum refusal ask_open(struct world *world, const char *passphrase)
{
    struct span body;
    begin(world, KEEPER_OPEN);
    buf_append_cstr(&world->request, passphrase);
    return ask(world, &body);
}

static enum refusal ask_sign(struct world *world, const struct smalltree *tree, uint64_t from,
                             uint64_t size, struct span *note_out)
{
    struct merkle_head head = smalltree_head(tree, size);
    struct merkle_proof proof = {0};
    if (from <= size)
        proof = smalltree_proof(tree, from, size);
    begin(world, KEEPER_SIGN_CHECKPOINT);
    keeper_append_head(&world->request, &head);
    keeper_append_proof(&world->request, &proof);
    return ask(world, note_out);
}

static void a_signature_is_a_checkpoint_that_verifies(void **state)
{
    struct world *world = *state;
    struct span note;
    assert_int_equal(ask_open(world, ""), REFUSAL_NONE);
    assert_int_equal(ask_sign(world, &honest, 0, 7, &note), REFUSAL_NONE);
    struct public_key key = keyfile_public(world->secret);
    struct checkpoint checkpoint;
    assert_int_equal(checkpoint_open(note, SPAN_LITERAL(ORIGIN), &key, &checkpoint, NULL), OK);
    struct merkle_head head = smalltree_head(&honest, 7);
    assert_int_equal(checkpoint.head.size, 7);
    assert_true(hash_equal(&checkpoint.head.root, &head.root));
    key.bytes[0] ^= 1;
    assert_int_not_equal(checkpoint_open(note, SPAN_LITERAL(ORIGIN), &key, &checkpoint, NULL), OK);
}

static void a_head_is_durable_before_its_signature(void **state)
{
    struct world *world = *state;
    struct span note;
    assert_int_equal(ask_open(world, ""), REFUSAL_NONE);
    world->disk_fails = true;
    assert_int_equal(ask_sign(world, &honest, 0, 7, &note), REFUSAL_FILE_DISK_FULL);
    assert_int_equal(world->keeper.key.last.size, 0);
    world->disk_fails = false;
    assert_int_equal(ask_sign(world, &honest, 0, 7, &note), REFUSAL_NONE);
    assert_int_equal(world->durable.size, 7);
    assert_int_equal(world->remembered, 1);
}

static void the_same_head_is_signed_again_without_writing(void **state)
{
    struct world *world = *state;
    struct span note;
    assert_int_equal(ask_open(world, ""), REFUSAL_NONE);
    assert_int_equal(ask_sign(world, &honest, 0, 7, &note), REFUSAL_NONE);
    world->disk_fails = true;
    assert_int_equal(ask_sign(world, &honest, 7, 7, &note), REFUSAL_NONE);
    assert_true(note.len > 0);
    assert_int_equal(world->remembered, 1);
}

static void a_refused_head_changes_nothing(void **state)
{
    struct world *world = *state;
    struct span note;
    struct smalltree forked = {.fork_at = 3};
    assert_int_equal(ask_open(world, ""), REFUSAL_NONE);
    assert_int_equal(ask_sign(world, &honest, 0, 7, &note), REFUSAL_NONE);
    assert_int_equal(ask_sign(world, &forked, 7, 9, &note), REFUSAL_HEAD_UNPROVEN);
    assert_int_equal(ask_sign(world, &honest, 7, 5, &note), REFUSAL_HEAD_SMALLER);
    assert_int_equal(ask_sign(world, &forked, 7, 7, &note), REFUSAL_HEAD_FORKED);
    assert_int_equal(world->durable.size, 7);
    assert_int_equal(ask_sign(world, &honest, 7, 9, &note), REFUSAL_NONE);
}

static void nothing_is_answered_before_the_key_is_open_and_opening_once(void **state)
{
    struct world *world = *state;
    struct span body;
    assert_int_equal(ask_sign(world, &honest, 0, 7, &body), REFUSAL_NOT_OPEN);
    begin(world, KEEPER_LAST_HEAD);
    assert_int_equal(ask(world, &body), REFUSAL_NOT_OPEN);
    world->open_fails = ERR_SEALED;
    assert_int_equal(ask_open(world, "faux"), REFUSAL_PASSPHRASE_WRONG);
    assert_string_equal(world->passphrase, "faux");
    world->open_fails = OK;
    assert_int_equal(ask_open(world, "juste"), REFUSAL_NONE);
    assert_string_equal(world->passphrase, "juste");
    assert_int_equal(ask_open(world, "juste"), REFUSAL_ASKED_TWICE);
}

static void tells_the_last_head(void **state)
{
    struct world *world = *state;
    world->durable = smalltree_head(&honest, 11);
    assert_int_equal(ask_open(world, ""), REFUSAL_NONE);
    struct span body;
    begin(world, KEEPER_LAST_HEAD);
    assert_int_equal(ask(world, &body), REFUSAL_NONE);
    struct cursor cursor = cursor_of(body);
    struct merkle_head head = keeper_read_head(&cursor);
    assert_false(cursor.failed);
    assert_true(cursor_at_end(&cursor));
    assert_int_equal(head.size, 11);
    assert_true(hash_equal(&head.root, &world->durable.root));
}

static void refuses_frames_of_every_other_length_and_type(void **state)
{
    struct world *world = *state;
    struct span body;
    assert_int_equal(ask_open(world, ""), REFUSAL_NONE);
    struct merkle_head head = smalltree_head(&honest, 5);
    struct merkle_proof proof = {.count = 2};
    begin(world, KEEPER_SIGN_CHECKPOINT);
    keeper_append_head(&world->request, &head);
    keeper_append_proof(&world->request, &proof);
    size_t whole = world->request.len;
    for (size_t len = 0; len < whole; len++) {
        world->request.len = len;
        assert_int_equal(ask(world, &body), REFUSAL_FRAME);
    }
    world->request.len = whole;
    buf_append_byte(&world->request, 0);
    assert_int_equal(ask(world, &body), REFUSAL_FRAME);
    for (unsigned type = 0; type < 256; type++) {
        if (type == KEEPER_OPEN || type == KEEPER_LAST_HEAD || type == KEEPER_SIGN_CHECKPOINT)
            continue;
        begin(world, type);
        assert_int_equal(ask(world, &body), REFUSAL_FRAME);
    }
    assert_int_equal(world->remembered, 0);
}

static void refuses_a_proof_of_more_hashes_than_any_tree_has(void **state)
{
    struct world *world = *state;
    struct span body;
    assert_int_equal(ask_open(world, ""), REFUSAL_NONE);
    struct merkle_head head = smalltree_head(&honest, 5);
    begin(world, KEEPER_SIGN_CHECKPOINT);
    keeper_append_head(&world->request, &head);
    buf_append_byte(&world->request, MERKLE_PROOF_HASHES_MAX + 1);
    assert_int_equal(ask(world, &body), REFUSAL_FRAME);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs_every_head_that_extends_the_last),
        cmocka_unit_test(refuses_every_smaller_head_even_with_a_proof),
        cmocka_unit_test(refuses_another_root_for_a_size_that_was_signed),
        cmocka_unit_test(refuses_every_fork_below_the_last_head),
        cmocka_unit_test(refuses_a_proof_with_a_hash_altered_missing_or_too_many),
        cmocka_unit_test(no_order_of_requests_makes_the_keeper_sign_two_histories),
        cmocka_unit_test(a_refusal_says_which_sizes),
        TEST(a_signature_is_a_checkpoint_that_verifies),
        TEST(a_head_is_durable_before_its_signature),
        TEST(the_same_head_is_signed_again_without_writing),
        TEST(a_refused_head_changes_nothing),
        TEST(nothing_is_answered_before_the_key_is_open_and_opening_once),
        TEST(tells_the_last_head),
        TEST(refuses_frames_of_every_other_length_and_type),
        TEST(refuses_a_proof_of_more_hashes_than_any_tree_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Evidence of a fork: it convicts who forked and nobody else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "proto/identity/did.h"
#include "proto/log/cosignature.h"
#include "proto/log/fault_bundle.h"
#include "tests/lib/smalltree.h"
#include "tests/lib/testkey.h"

static const struct smalltree honest = {.fork_at = SMALLTREE_FORK_NEVER};

struct bench {
    struct testkey key;
    struct buf origin;
    struct buf first;
    struct buf second;
    struct buf fault;
    struct buf notes;
    struct fault read;
};

static int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));
    assert_non_null(bench);
    bench->key = testkey_of(5);
    buf_init(&bench->origin, 100);
    did_key_append(&bench->origin, &bench->key.key);
    buf_init(&bench->first, NOTE_BYTES_MAX);
    buf_init(&bench->second, NOTE_BYTES_MAX);
    buf_init(&bench->fault, FAULT_BYTES_MAX);
    buf_init(&bench->notes, FAULT_BYTES_MAX);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;
    buf_clear(&bench->origin);
    buf_clear(&bench->first);
    buf_clear(&bench->second);
    buf_clear(&bench->fault);
    buf_clear(&bench->notes);
    free(bench);
    return 0;
}

static void sign(struct bench *bench, struct buf *out, struct testkey *by, struct span origin,
                 struct merkle_head head)
{
    struct ed25519_signer signer = testkey_signer(by);
    struct signature signature;
    (void)bench;
    buf_reset(out);
    checkpoint_append_text(out, origin, &head);
    assert_int_equal(signer.sign(signer.ctx, buf_span(out), &signature), OK);
    buf_append_byte(out, '\n');
    note_append_signature(out, origin, &by->key, &signature);
}

/* Two signed heads: of the tree that everyone knows, and of the one that differs from fork_at on.
 */
static void sign_both(struct bench *bench, uint64_t old_size, uint64_t new_size, uint64_t fork_at)
{
    const struct smalltree forked = {.fork_at = fork_at};
    struct span origin = buf_span(&bench->origin);
    sign(bench, &bench->first, &bench->key, origin, smalltree_head(&honest, old_size));
    sign(bench, &bench->second, &bench->key, origin, smalltree_head(&forked, new_size));
}

static struct fault_link link_of(uint64_t old_size, uint64_t new_size, uint64_t fork_at)
{
    const struct smalltree forked = {.fork_at = fork_at};
    return (struct fault_link){.other_root = smalltree_head(&forked, old_size).root,
                               .proof = smalltree_proof(&forked, old_size, new_size)};
}

static enum err make(struct bench *bench, const struct fault_link *link)
{
    buf_reset(&bench->fault);
    return fault_append(&bench->fault, buf_span(&bench->first), buf_span(&bench->second),
                        &bench->key.key, link, NULL);
}

static enum err read_fault(struct bench *bench)
{
    return fault_read(buf_span(&bench->fault), &bench->notes, &bench->read, NULL);
}

static void two_roots_of_one_size_convict(void **state)
{
    struct bench *bench = *state;
    sign_both(bench, 9, 9, 4);
    assert_int_equal(make(bench, NULL), OK);
    assert_int_equal(read_fault(bench), OK);
    assert_true(span_equal(bench->read.origin, buf_span(&bench->origin)));
    assert_memory_equal(&bench->read.key, &bench->key.key, sizeof(bench->read.key));
    assert_true(bench->read.first.size == 9 && bench->read.second.size == 9);
    assert_false(bench->read.has_other_root);
    /* The empty tree has one root, too. */
    struct merkle_head empty = {.size = 0, .root = {{1}}};
    sign(bench, &bench->first, &bench->key, buf_span(&bench->origin), empty);
    sign(bench, &bench->second, &bench->key, buf_span(&bench->origin), smalltree_head(&honest, 0));
    assert_int_equal(make(bench, NULL), OK);
    assert_int_equal(read_fault(bench), OK);
}

/* Every pair of sizes up to 20, and every place of the fork. */
static void a_larger_tree_with_another_beginning_convicts_and_a_grown_one_does_not(void **state)
{
    struct bench *bench = *state;
    for (uint64_t old_size = 1; old_size < 20; old_size++)
        for (uint64_t new_size = old_size + 1; new_size <= 20; new_size++)
            for (uint64_t fork_at = 0; fork_at <= old_size; fork_at++) {
                struct fault_link link = link_of(old_size, new_size, fork_at);
                sign_both(bench, old_size, new_size, fork_at);
                enum err want = fork_at < old_size ? OK : ERR_BAD_FAULT;
                if (make(bench, &link) != want || (want == OK && read_fault(bench) != OK))
                    fail_msg("%d to %d, forked at %d", (int)old_size, (int)new_size, (int)fork_at);
            }
    assert_true(bench->read.has_other_root);
}

static void the_order_of_the_notes_does_not_matter(void **state)
{
    struct bench *bench = *state;
    struct fault_link link = link_of(5, 8, 2);
    struct buf other;
    buf_init(&other, FAULT_BYTES_MAX);
    sign_both(bench, 5, 8, 2);
    assert_int_equal(make(bench, &link), OK);
    assert_int_equal(fault_append(&other, buf_span(&bench->second), buf_span(&bench->first),
                                  &bench->key.key, &link, NULL),
                     OK);
    assert_true(span_equal(buf_span(&other), buf_span(&bench->fault)));
    buf_clear(&other);
}

static void an_honest_log_is_not_convicted(void **state)
{
    struct bench *bench = *state;
    sign_both(bench, 5, 8, SMALLTREE_FORK_NEVER);
    /* A smaller head shown again is a replay; a proof that is not given is no proof. */
    assert_int_equal(make(bench, NULL), ERR_BAD_FAULT);
    struct fault_link link = link_of(5, 8, SMALLTREE_FORK_NEVER);
    assert_int_equal(make(bench, &link), ERR_BAD_FAULT);
    link.other_root.bytes[0] ^= 1;
    assert_int_equal(make(bench, &link), ERR_BAD_FAULT);
    link = link_of(5, 8, 2); /* that of another tree */
    assert_int_equal(make(bench, &link), ERR_BAD_FAULT);
    link.proof.count = 0;
    assert_int_equal(make(bench, &link), ERR_BAD_FAULT);
    sign_both(bench, 8, 8, SMALLTREE_FORK_NEVER);
    assert_int_equal(make(bench, NULL), ERR_BAD_FAULT);
    sign_both(bench, 0, 8, 0);
    assert_int_equal(make(bench, NULL), ERR_BAD_FAULT);
    link = (struct fault_link){.other_root = merkle_empty_root()};
    assert_int_equal(make(bench, &link), ERR_BAD_FAULT);
    assert_int_equal(bench->fault.len, 0);
}

static void heads_signed_by_another_key_or_for_another_log_convict_nobody(void **state)
{
    struct bench *bench = *state;
    struct testkey other = testkey_of(6);
    const struct smalltree forked = {.fork_at = 0};
    sign_both(bench, 9, 9, 0);
    sign(bench, &bench->second, &other, buf_span(&bench->origin), smalltree_head(&forked, 9));
    assert_int_equal(make(bench, NULL), ERR_BAD_SIGNATURE);
    sign(bench, &bench->second, &bench->key, SPAN_LITERAL("did:web:b"), smalltree_head(&forked, 9));
    assert_int_equal(make(bench, NULL), ERR_BAD_NOTE);
    /* A key that signs under somebody else's DID convicts itself, not that somebody. */
    sign(bench, &bench->first, &other, buf_span(&bench->origin), smalltree_head(&honest, 9));
    sign(bench, &bench->second, &other, buf_span(&bench->origin), smalltree_head(&forked, 9));
    assert_int_equal(fault_append(&bench->fault, buf_span(&bench->first), buf_span(&bench->second),
                                  &other.key, NULL, NULL),
                     OK);
    assert_int_equal(read_fault(bench), OK);
    assert_memory_equal(&bench->read.key, &other.key, sizeof(bench->read.key));
}

static void other_signatures_and_extensions_are_no_contradiction(void **state)
{
    struct bench *bench = *state;
    struct testkey witness = testkey_of(9);
    struct ed25519_signer signer = testkey_signer(&witness);
    sign_both(bench, 9, 9, 4);
    size_t text_len =
        (size_t)((const uint8_t *)memmem(bench->first.data, bench->first.len, "\n\n", 2) -
                 bench->first.data) +
        1;
    assert_int_equal(make(bench, NULL), OK);
    struct buf before;
    buf_init(&before, FAULT_BYTES_MAX);
    buf_append_span(&before, buf_span(&bench->fault));
    assert_int_equal(cosignature_append(&bench->first,
                                        span_part(buf_span(&bench->first), 0, text_len),
                                        SPAN_LITERAL("w"), &signer, 5),
                     OK);
    assert_int_equal(make(bench, NULL), OK);
    assert_true(span_equal(buf_span(&bench->fault), buf_span(&before))); /* left out */
    buf_clear(&before);
}

static void no_byte_of_evidence_may_change(void **state)
{
    struct bench *bench = *state;
    struct fault_link link = link_of(5, 8, 2);
    sign_both(bench, 5, 8, 2);
    assert_int_equal(make(bench, &link), OK);
    for (size_t i = 0; i < bench->fault.len; i++) {
        for (unsigned bit = 0; bit < 7; bit += 3) {
            bench->fault.data[i] ^= (uint8_t)(1 << bit);
            if (read_fault(bench) == OK)
                fail_msg("byte %zu may change", i);
            bench->fault.data[i] ^= (uint8_t)(1 << bit);
        }
    }
    for (size_t len = 0; len < bench->fault.len; len++)
        assert_int_not_equal(fault_read(span_part(buf_span(&bench->fault), 0, len), &bench->notes,
                                        &bench->read, NULL),
                             OK);
    assert_int_equal(read_fault(bench), OK);
}

static void what_is_no_evidence_is_refused(void **state)
{
    struct bench *bench = *state;
    static const char *const bad[] = {
        "{}",
        "[]",
        "1",
        "{\"type\":\"maillon/fork@1\"}",
        "{\"first\":\"\",\"key\":\"\",\"second\":\"\",\"type\":\"maillon/fork@2\"}",
        "{\"first\":\"\",\"key\":1,\"second\":\"\",\"type\":\"maillon/fork@1\"}",
        "{\"first\":\"\",\"key\":\"\",\"other\":1,\"second\":\"\",\"type\":\"maillon/fork@1\"}"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (fault_read(span_cstr(bad[i]), &bench->notes, &bench->read, NULL) != ERR_BAD_FAULT)
            fail_msg("%s is read", bad[i]);
}

static struct fault_common common_of(uint64_t size, uint64_t old_size, uint64_t new_size,
                                     uint64_t fork_at)
{
    const struct smalltree forked = {.fork_at = fork_at};
    return (struct fault_common){.head = smalltree_head(&honest, size),
                                 .to_first = smalltree_proof(&honest, size, old_size),
                                 .to_second = smalltree_proof(&forked, size, new_size)};
}

static enum err read_bundle(struct bench *bench, struct span bundle, struct fault_common *common)
{
    struct span text;
    enum err err = fault_bundle_read(bundle, &bench->notes, &bench->read, common, &text, NULL);
    if (err == OK)
        assert_true(span_equal(text, buf_span(&bench->fault)));
    return err;
}

static void the_common_part_of_two_histories_is_proven_and_never_overstated(void **state)
{
    struct bench *bench = *state;
    struct buf bundle;
    struct fault_common common;
    buf_init(&bundle, FAULT_BUNDLE_BYTES_MAX);
    for (uint64_t old_size = 2; old_size <= 9; old_size++) {
        for (uint64_t new_size = old_size; new_size <= 12; new_size++) {
            struct fault_link link = link_of(old_size, new_size, old_size - 1);
            sign_both(bench, old_size, new_size, old_size - 1);
            assert_int_equal(make(bench, old_size == new_size ? NULL : &link), OK);
            for (uint64_t size = 1; size <= old_size; size++) {
                struct fault_common said = common_of(size, old_size, new_size, old_size - 1);
                buf_reset(&bundle);
                assert_int_equal(fault_bundle_append(&bundle, buf_span(&bench->fault), &said), OK);
                enum err err = read_bundle(bench, buf_span(&bundle), &common);
                assert_int_equal(err, size < old_size ? OK : ERR_BAD_FAULT);
                if (err == OK)
                    assert_true(common.head.size == size);
            }
        }
    }
    buf_clear(&bundle);
}

static void a_fault_alone_is_a_bundle_and_no_other_object_is(void **state)
{
    struct bench *bench = *state;
    struct fault_common common;
    struct buf bundle;
    buf_init(&bundle, FAULT_BUNDLE_BYTES_MAX);
    sign_both(bench, 9, 9, 4);
    assert_int_equal(make(bench, NULL), OK);
    assert_int_equal(read_bundle(bench, buf_span(&bench->fault), &common), OK);
    assert_true(common.head.size == 0);
    assert_int_equal(fault_bundle_append(&bundle, buf_span(&bench->fault), NULL), OK);
    assert_int_equal(read_bundle(bench, buf_span(&bundle), &common), OK);
    assert_true(common.head.size == 0);
    struct fault_common said = common_of(4, 9, 9, 4);
    buf_reset(&bundle);
    assert_int_equal(fault_bundle_append(&bundle, buf_span(&bench->fault), &said), OK);
    for (size_t i = 0; i < bundle.len; i++) {
        bundle.data[i] ^= 1;
        if (read_bundle(bench, buf_span(&bundle), &common) == OK)
            fail_msg("byte %zu may change", i);
        bundle.data[i] ^= 1;
    }
    static const char *const bad[] = {"{\"fault\":{}}", "{\"common\":{},\"fault\":{}}",
                                      "{\"fault\":1}", "{\"common\":{}}", "[]"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(fault_bundle_read(span_cstr(bad[i]), &bench->notes, &bench->read, &common,
                                           &(struct span){.len = 0}, NULL),
                         ERR_BAD_FAULT);
    buf_clear(&bundle);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(two_roots_of_one_size_convict),
        TEST(a_larger_tree_with_another_beginning_convicts_and_a_grown_one_does_not),
        TEST(the_order_of_the_notes_does_not_matter),
        TEST(an_honest_log_is_not_convicted),
        TEST(heads_signed_by_another_key_or_for_another_log_convict_nobody),
        TEST(other_signatures_and_extensions_are_no_contradiction),
        TEST(no_byte_of_evidence_may_change),
        TEST(what_is_no_evidence_is_refused),
        TEST(the_common_part_of_two_histories_is_proven_and_never_overstated),
        TEST(a_fault_alone_is_a_bundle_and_no_other_object_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

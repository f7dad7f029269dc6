/* Every tree up to 70 entries against the definition itself, and every proof bent in every place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "proto/log/merkle.h"
#include "proto/log/tile.h"

#define SIZES 70u

static struct hash leaf_of(uint64_t i)
{
    uint8_t text[2] = {(uint8_t)i, (uint8_t)(i >> 8)};
    return merkle_leaf_hash(span_of(text, sizeof(text)));
}

/* RFC 6962, 2.1, word for word. */
static struct hash tree_hash(uint64_t begin, uint64_t end)
{
    uint64_t n = end - begin;
    if (n == 0)
        return sha256(span_of("", 0));
    if (n == 1)
        return leaf_of(begin);
    uint64_t k = 1;
    while (k * 2 < n)
        k *= 2;
    struct hash left = tree_hash(begin, begin + k);
    struct hash right = tree_hash(begin + k, end);
    return merkle_node_hash(&left, &right);
}

static enum err node(void *ctx, unsigned level, uint64_t index, struct hash *out)
{
    (void)ctx;
    *out = tree_hash(index << level, (index + 1) << level);
    return OK;
}

static const struct merkle_source source = {.node = node};

static struct merkle_head head_of(uint64_t size)
{
    return (struct merkle_head){.size = size, .root = tree_hash(0, size)};
}

static void the_compact_range_has_the_root_of_the_definition(void **state)
{
    (void)state;
    struct merkle_range range = {.size = 0};
    for (uint64_t size = 0; size < SIZES; size++) {
        struct hash want = tree_hash(0, size);
        struct hash root = merkle_range_root(&range);
        assert_true(hash_equal(&root, &want));
        struct merkle_range loaded;
        assert_int_equal(merkle_range_load(&source, size, &loaded), OK);
        root = merkle_range_root(&loaded);
        assert_true(hash_equal(&root, &want));
        struct hash leaf = leaf_of(size);
        merkle_range_append(&range, &leaf);
    }
}

static void every_inclusion_proof_holds_and_no_bent_one(void **state)
{
    (void)state;
    for (uint64_t size = 1; size < SIZES; size++) {
        struct merkle_head head = head_of(size);
        for (uint64_t index = 0; index < size; index++) {
            struct merkle_proof proof;
            struct hash leaf = leaf_of(index);
            assert_int_equal(merkle_prove_inclusion(&source, index, size, &proof), OK);
            assert_int_equal(merkle_check_inclusion(&leaf, index, &head, &proof), OK);
            struct hash other = leaf_of(index + 1);
            assert_int_equal(merkle_check_inclusion(&other, index, &head, &proof), ERR_BAD_PROOF);
            assert_int_equal(merkle_check_inclusion(&leaf, index + size, &head, &proof),
                             ERR_BAD_PROOF);
            if (size > 1)
                assert_int_equal(merkle_check_inclusion(&leaf, (index + 1) % size, &head, &proof),
                                 ERR_BAD_PROOF);
            for (unsigned i = 0; i < proof.count; i++) {
                proof.hashes[i].bytes[i % 32] ^= 1;
                assert_int_equal(merkle_check_inclusion(&leaf, index, &head, &proof),
                                 ERR_BAD_PROOF);
                proof.hashes[i].bytes[i % 32] ^= 1;
            }
            proof.hashes[proof.count] = leaf;
            proof.count++;
            assert_int_equal(merkle_check_inclusion(&leaf, index, &head, &proof), ERR_BAD_PROOF);
            if (proof.count > 1) {
                proof.count -= 2;
                assert_int_equal(merkle_check_inclusion(&leaf, index, &head, &proof),
                                 ERR_BAD_PROOF);
            }
        }
    }
}

static void bend_consistency(const struct merkle_head *before, const struct merkle_head *after,
                             struct merkle_proof *proof)
{
    for (unsigned i = 0; i < proof->count; i++) {
        proof->hashes[i].bytes[(i * 7) % 32] ^= 0x80;
        assert_int_equal(merkle_check_consistency(before, after, proof), ERR_BAD_PROOF);
        proof->hashes[i].bytes[(i * 7) % 32] ^= 0x80;
    }
    struct merkle_head other = *before;
    other.root.bytes[0] ^= 1;
    assert_int_not_equal(merkle_check_consistency(&other, after, proof), OK);
    other = *after;
    other.root.bytes[31] ^= 1;
    if (before->size > 0)
        assert_int_not_equal(merkle_check_consistency(before, &other, proof), OK);
    proof->hashes[proof->count++] = before->root;
    assert_int_equal(merkle_check_consistency(before, after, proof), ERR_BAD_PROOF);
    proof->count--;
    if (proof->count > 0) {
        proof->count--;
        assert_int_equal(merkle_check_consistency(before, after, proof), ERR_BAD_PROOF);
    }
}

static void every_consistency_proof_holds_and_no_bent_one(void **state)
{
    (void)state;
    for (uint64_t new_size = 0; new_size < SIZES; new_size++) {
        struct merkle_head after = head_of(new_size);
        for (uint64_t old_size = 0; old_size <= new_size; old_size++) {
            struct merkle_head before = head_of(old_size);
            struct merkle_proof proof;
            assert_int_equal(merkle_prove_consistency(&source, old_size, new_size, &proof), OK);
            assert_int_equal(merkle_check_consistency(&before, &after, &proof), OK);
            bend_consistency(&before, &after, &proof);
        }
    }
}

static void tells_a_shrunken_log_from_a_forked_one(void **state)
{
    (void)state;
    struct merkle_proof none = {.count = 0};
    struct merkle_head small = head_of(5);
    struct merkle_head large = head_of(9);
    struct merkle_head fork = head_of(5);
    fork.root.bytes[3] ^= 1;
    assert_int_equal(merkle_check_consistency(&large, &small, &none), ERR_SHRUNKEN);
    assert_int_equal(merkle_check_consistency(&small, &fork, &none), ERR_FORK);
}

struct named_tile {
    const char *path;
    struct tile tile;
};

/* The examples of C2SP tlog-tiles.md, and the edges. */
static const struct named_tile tiles[] = {
    {"0/000", {0, 0, 256}},
    {"0/x001/x234/067", {0, 1234067, 256}},
    {"0/x001/x234/067.p/8", {0, 1234067, 8}},
    {"3/999.p/255", {3, 999, 255}},
    {"7/x001/000", {7, 1000, 256}},
};

static void tiles_have_one_path_each(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(tiles) / sizeof(tiles[0]); i++) {
        struct buf path;
        struct tile read;
        buf_init(&path, 100);
        tile_append_path(&path, &tiles[i].tile);
        assert_true(span_is(buf_span(&path), tiles[i].path));
        assert_int_equal(tile_read(buf_span(&path), &read, NULL), OK);
        assert_int_equal(read.level, tiles[i].tile.level);
        assert_int_equal(read.index, tiles[i].tile.index);
        assert_int_equal(read.width, tiles[i].tile.width);
        buf_clear(&path);
    }
    static const char *const bad[] = {"",
                                      "0",
                                      "0/",
                                      "8/000",
                                      "64/000",
                                      "00/000",
                                      "0/0",
                                      "0/0000",
                                      "0/x000/001",
                                      "0/001/002",
                                      "0/000.p/0",
                                      "0/000.p/256",
                                      "0/000.p/",
                                      "0/000.p/01",
                                      "0/x001",
                                      "0/000/",
                                      "0/000.p/8/",
                                      "-1/000",
                                      "0/x018/x446/x744/x073/x709/x551/616"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct tile read;
        if (tile_read(span_cstr(bad[i]), &read, NULL) != ERR_NOT_FOUND)
            fail_msg("%s is read", bad[i]);
    }
    struct tile partial = tile_of_node(8, 3, 256 * 5 + 9);
    assert_int_equal(partial.level, 1);
    assert_int_equal(partial.index, 0);
    assert_int_equal(partial.width, 5);
    struct tile whole = tile_of_node(0, 300, 256 * 5 + 9);
    assert_int_equal(whole.index, 1);
    assert_int_equal(whole.width, 256);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_compact_range_has_the_root_of_the_definition),
        cmocka_unit_test(every_inclusion_proof_holds_and_no_bent_one),
        cmocka_unit_test(every_consistency_proof_holds_and_no_bent_one),
        cmocka_unit_test(tells_a_shrunken_log_from_a_forked_one),
        cmocka_unit_test(tiles_have_one_path_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Trees of any size up to 64 bits, notes and tiles drawn from fixed seeds: what is made is
 * accepted, what is bent in one place is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <sodium.h>

#include "proto/base/base58.h"
#include "proto/log/checkpoint.h"
#include "proto/log/tile.h"

static uint64_t random_state;

static uint64_t random_next(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/* As many small ones as large ones. */
static uint64_t random_number(void)
{
    return random_next() >> random_next() % 64;
}

static void random_bytes(uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(random_next() >> 24);
}

/* ---- a tree whose leaves are all the same but one: any size, and a place that matters ---- */

struct tree {
    struct hash plain[64]; /* complete subtrees without the odd leaf, by level */
    uint64_t odd;
    struct hash odd_leaf;
};

static enum err node(void *ctx, unsigned level, uint64_t index, struct hash *out)
{
    const struct tree *tree = ctx;
    *out = tree->plain[level];
    if (tree->odd >> level != index)
        return OK;
    *out = tree->odd_leaf;
    for (unsigned below = 0; below < level; below++)
        *out = (tree->odd >> below & 1) != 0 ? merkle_node_hash(&tree->plain[below], out)
                                             : merkle_node_hash(out, &tree->plain[below]);
    return OK;
}

static struct tree tree_of(uint64_t odd)
{
    struct tree tree = {.odd = odd, .odd_leaf = merkle_leaf_hash(SPAN_LITERAL("odd"))};
    tree.plain[0] = merkle_leaf_hash(SPAN_LITERAL("plain"));
    for (unsigned level = 1; level < 64; level++)
        tree.plain[level] = merkle_node_hash(&tree.plain[level - 1], &tree.plain[level - 1]);
    return tree;
}

static struct merkle_head head_of(struct tree *tree, uint64_t size)
{
    struct merkle_source source = {.ctx = tree, .node = node};
    struct merkle_range range;
    assert_int_equal(merkle_range_load(&source, size, &range), OK);
    return merkle_range_head(&range);
}

/* One place changed: a bit, two hashes swapped, one left out, one put in. false: nothing to do. */
static bool bend(const struct merkle_proof *proof, struct merkle_proof *out)
{
    *out = *proof;
    unsigned at = (unsigned)(random_next() % (proof->count + 1));
    switch (random_next() % 4) {
    case 0:
        if (at == proof->count)
            return false;
        out->hashes[at].bytes[random_next() % 32] ^= (uint8_t)(1u << random_next() % 8);
        return true;
    case 1:
        if (at + 1 >= proof->count || hash_equal(&proof->hashes[at], &proof->hashes[at + 1]))
            return false;
        out->hashes[at] = proof->hashes[at + 1];
        out->hashes[at + 1] = proof->hashes[at];
        return true;
    case 2:
        if (at == proof->count)
            return false;
        for (unsigned i = at; i + 1 < proof->count; i++)
            out->hashes[i] = proof->hashes[i + 1];
        out->count--;
        return true;
    default:
        for (unsigned i = proof->count; i > at; i--)
            out->hashes[i] = proof->hashes[i - 1];
        random_bytes(out->hashes[at].bytes, sizeof(out->hashes[at].bytes));
        out->count++;
        return true;
    }
}

static void inclusion_holds_at_one_place_in_trees_of_any_size(void **state)
{
    (void)state;
    random_state = 1;
    unsigned bent = 0;
    for (unsigned round = 0; round < 3000; round++) {
        uint64_t size = round == 0 ? UINT64_MAX : random_number();
        if (size == 0)
            continue;
        uint64_t index = round == 0 ? size - 1 : random_next() % size;
        struct tree tree = tree_of(index);
        struct merkle_source source = {.ctx = &tree, .node = node};
        struct merkle_head head = head_of(&tree, size);
        struct merkle_proof proof;
        struct merkle_proof other;
        assert_int_equal(merkle_prove_inclusion(&source, index, size, &proof), OK);
        assert_true(proof.count <= 64);
        assert_int_equal(merkle_check_inclusion(&tree.odd_leaf, index, &head, &proof), OK);
        assert_int_equal(merkle_check_inclusion(&tree.plain[0], index, &head, &proof),
                         ERR_BAD_PROOF);
        uint64_t elsewhere = random_next() % size;
        if (elsewhere != index)
            assert_int_equal(merkle_check_inclusion(&tree.odd_leaf, elsewhere, &head, &proof),
                             ERR_BAD_PROOF);
        for (unsigned i = 0; i < 4; i++) {
            if (!bend(&proof, &other))
                continue;
            assert_int_equal(merkle_check_inclusion(&tree.odd_leaf, index, &head, &other),
                             ERR_BAD_PROOF);
            bent++;
        }
    }
    assert_true(bent > 5000);
}

static void consistency_holds_between_sizes_of_64_bits(void **state)
{
    (void)state;
    random_state = 2;
    unsigned bent = 0;
    for (unsigned round = 0; round < 3000; round++) {
        uint64_t new_size = round == 0 ? UINT64_MAX : random_number();
        if (new_size < 2)
            continue;
        uint64_t old_size = round == 0 ? UINT64_MAX - 1 : 1 + random_next() % (new_size - 1);
        struct tree tree = tree_of(random_next() % new_size);
        struct merkle_source source = {.ctx = &tree, .node = node};
        struct merkle_head before = head_of(&tree, old_size);
        struct merkle_head after = head_of(&tree, new_size);
        struct merkle_proof proof;
        struct merkle_proof other;
        assert_int_equal(merkle_prove_consistency(&source, old_size, new_size, &proof), OK);
        assert_true(proof.count <= 65);
        assert_int_equal(merkle_check_consistency(&before, &after, &proof), OK);
        assert_int_equal(merkle_check_consistency(&after, &before, &proof), ERR_SHRUNKEN);
        for (unsigned i = 0; i < 4; i++) {
            if (!bend(&proof, &other))
                continue;
            assert_int_equal(merkle_check_consistency(&before, &after, &other), ERR_BAD_PROOF);
            bent++;
        }
        /* A history that differs before old_size is no extension, whatever its own proof says. */
        struct tree forked = tree_of(random_next() % old_size);
        if (forked.odd == tree.odd)
            continue;
        struct merkle_head fork = head_of(&forked, new_size);
        struct merkle_source fork_source = {.ctx = &forked, .node = node};
        assert_int_equal(merkle_prove_consistency(&fork_source, old_size, new_size, &other), OK);
        assert_int_equal(merkle_check_consistency(&before, &fork, &other), ERR_BAD_PROOF);
        assert_int_equal(merkle_check_consistency(&before, &fork, &proof), ERR_BAD_PROOF);
    }
    assert_true(bent > 5000);
}

static void a_range_loaded_goes_on_as_the_one_that_grew(void **state)
{
    (void)state;
    random_state = 3;
    for (unsigned round = 0; round < 200; round++) {
        uint64_t size = random_number() >> 1;
        struct tree tree = tree_of(random_next());
        struct merkle_source source = {.ctx = &tree, .node = node};
        struct merkle_range range;
        assert_int_equal(merkle_range_load(&source, size, &range), OK);
        for (unsigned i = 0; i < 20; i++) {
            struct hash leaf;
            (void)node(&tree, 0, size + i, &leaf);
            merkle_range_append(&range, &leaf);
        }
        struct merkle_head grown = merkle_range_head(&range);
        struct merkle_head loaded = head_of(&tree, size + 20);
        assert_true(grown.size == loaded.size);
        assert_true(hash_equal(&grown.root, &loaded.root));
    }
}

static enum err no_node(void *ctx, unsigned level, uint64_t index, struct hash *out)
{
    (void)level;
    (void)index;
    unsigned *left = ctx;
    *out = (struct hash){{0}};
    return (*left)-- == 0 ? ERR_IO : OK;
}

static void a_failure_of_the_source_is_passed_on(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 3; n++) {
        unsigned left = n;
        struct merkle_source source = {.ctx = &left, .node = no_node};
        struct merkle_range range = {.size = 99};
        struct merkle_proof proof;
        assert_int_equal(merkle_range_load(&source, 15, &range), ERR_IO);
        assert_int_equal(range.size, 99);
        left = n;
        assert_int_equal(merkle_prove_inclusion(&source, 6, 15, &proof), ERR_IO);
        left = n;
        assert_int_equal(merkle_prove_consistency(&source, 6, 15, &proof), ERR_IO);
    }
}

/* ---- texts ---- */

static void a_tile_reads_as_it_is_written(void **state)
{
    (void)state;
    random_state = 4;
    for (unsigned round = 0; round < 20000; round++) {
        struct tile tile = {.level = (unsigned)(random_next() % (TILE_LEVEL_MAX + 1)),
                            .index = round == 0 ? UINT64_MAX : random_number(),
                            .width = 1 + (unsigned)(random_next() % TILE_WIDTH)};
        struct tile read;
        struct buf path;
        buf_init(&path, 100);
        tile_append_path(&path, &tile);
        assert_int_equal(tile_read(buf_span(&path), &read, NULL), OK);
        assert_int_equal(read.level, tile.level);
        assert_true(read.index == tile.index);
        assert_int_equal(read.width, tile.width);
        /* Any byte changed is another tile or none, never this one. */
        path.data[random_next() % path.len] ^= (uint8_t)(1 + random_next() % 255);
        struct tile other = {.level = 99};
        if (tile_read(buf_span(&path), &other, NULL) == OK)
            assert_true(other.level != tile.level || other.index != tile.index ||
                        other.width != tile.width);
        else
            assert_int_equal(other.level, 99);
        buf_clear(&path);
    }
}

static void a_node_is_in_its_tile(void **state)
{
    (void)state;
    random_state = 5;
    for (unsigned round = 0; round < 20000; round++) {
        unsigned tile_level = (unsigned)(random_next() % (TILE_LEVEL_MAX + 1));
        uint64_t size = random_number();
        uint64_t held = size >> tile_level * TILE_HEIGHT;
        if (held == 0)
            continue;
        uint64_t index = random_next() % held;
        struct tile tile = tile_of_node(tile_level * TILE_HEIGHT, index, size);
        assert_int_equal(tile.level, tile_level);
        assert_true(tile.index == index / TILE_WIDTH);
        assert_true(tile.width > index % TILE_WIDTH && tile.width <= TILE_WIDTH);
        bool is_last = tile.index == held / TILE_WIDTH;
        assert_int_equal(tile.width, is_last ? held % TILE_WIDTH : TILE_WIDTH);
    }
}

static void base58_reads_as_it_is_written(void **state)
{
    (void)state;
    random_state = 6;
    for (unsigned round = 0; round < 5000; round++) {
        uint8_t bytes[BASE58_BYTES_MAX] = {0};
        size_t len = random_next() % (sizeof(bytes) + 1);
        size_t zeros = random_next() % 4;
        if (zeros < len)
            random_bytes(bytes + zeros, len - zeros);
        struct buf text;
        struct buf back;
        buf_init(&text, 200);
        buf_init(&back, 200);
        base58_append(&text, span_of(bytes, len));
        assert_int_equal(base58_decode(buf_span(&text), &back), OK);
        assert_true(span_equal(buf_span(&back), span_of(bytes, len)));
        buf_clear(&text);
        buf_clear(&back);
    }
}

static void a_checkpoint_opens_as_signed_and_not_when_bent(void **state)
{
    (void)state;
    random_state = 7;
    uint8_t seed[32] = {42};
    uint8_t secret[64];
    struct public_key key;
    assert_int_equal(crypto_sign_seed_keypair(key.bytes, secret, seed), 0);
    struct span origin = SPAN_LITERAL("did:example:log");
    for (unsigned round = 0; round < 300; round++) {
        struct merkle_head head = {.size = random_number()};
        random_bytes(head.root.bytes, sizeof(head.root.bytes));
        struct buf bytes;
        buf_init(&bytes, 2000);
        checkpoint_append_text(&bytes, origin, &head);
        struct signature signature;
        assert_int_equal(crypto_sign_detached(signature.bytes, NULL, bytes.data, bytes.len, secret),
                         0);
        buf_append_byte(&bytes, '\n');
        note_append_signature(&bytes, origin, &key, &signature);
        struct checkpoint read;
        assert_int_equal(checkpoint_open(buf_span(&bytes), origin, &key, &read, NULL), OK);
        assert_true(read.head.size == head.size && hash_equal(&read.head.root, &head.root));
        for (unsigned i = 0; i < 20; i++) {
            size_t at = random_next() % bytes.len;
            uint8_t bits = (uint8_t)(1 + random_next() % 255);
            bytes.data[at] ^= bits;
            struct checkpoint none = {.head.size = 7};
            assert_int_not_equal(checkpoint_open(buf_span(&bytes), origin, &key, &none, NULL), OK);
            assert_int_equal(none.head.size, 7);
            assert_null(none.origin.data);
            bytes.data[at] ^= bits;
        }
        buf_clear(&bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inclusion_holds_at_one_place_in_trees_of_any_size),
        cmocka_unit_test(consistency_holds_between_sizes_of_64_bits),
        cmocka_unit_test(a_range_loaded_goes_on_as_the_one_that_grew),
        cmocka_unit_test(a_failure_of_the_source_is_passed_on),
        cmocka_unit_test(a_tile_reads_as_it_is_written),
        cmocka_unit_test(a_node_is_in_its_tile),
        cmocka_unit_test(base58_reads_as_it_is_written),
        cmocka_unit_test(a_checkpoint_opens_as_signed_and_not_when_bent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

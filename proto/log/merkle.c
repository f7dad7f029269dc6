/* Hashes, compact ranges and proofs. Every loop ends with the bits of a size: 64 steps at most. */
#include "proto/log/merkle.h"

static const uint8_t leaf_prefix = 0x00;
static const uint8_t node_prefix = 0x01;

struct hash merkle_leaf_hash(struct span line)
{
    return sha256_prefixed(leaf_prefix, line, span_of(NULL, 0));
}

struct hash merkle_node_hash(const struct hash *left, const struct hash *right)
{
    return sha256_prefixed(node_prefix, span_of(left->bytes, sizeof(left->bytes)),
                           span_of(right->bytes, sizeof(right->bytes)));
}

struct hash merkle_empty_root(void)
{
    return sha256(span_of("", 0));
}

static unsigned bits_set(uint64_t value)
{
    return (unsigned)__builtin_popcountll(value);
}

/* ---- the compact range ---- */

void merkle_range_append(struct merkle_range *range, const struct hash *leaf)
{
    unsigned count = bits_set(range->size);
    struct hash node = *leaf;
    for (uint64_t size = range->size; (size & 1) != 0; size >>= 1)
        node = merkle_node_hash(&range->nodes[--count], &node);
    range->nodes[count] = node;
    range->size++;
}

/* nodes are roots of subtrees that shrink from left to right; count is not 0. */
static struct hash fold(const struct hash *nodes, unsigned count)
{
    struct hash root = nodes[count - 1];
    for (unsigned i = count - 1; i > 0; i--)
        root = merkle_node_hash(&nodes[i - 1], &root);
    return root;
}

struct hash merkle_range_root(const struct merkle_range *range)
{
    return range->size == 0 ? merkle_empty_root() : fold(range->nodes, bits_set(range->size));
}

struct merkle_head merkle_range_head(const struct merkle_range *range)
{
    return (struct merkle_head){.size = range->size, .root = merkle_range_root(range)};
}

/* Writes the roots of the complete subtrees that make up [begin, begin + size), largest first;
 * begin is a multiple of the largest of them. */
static enum err load_nodes(const struct merkle_source *source, uint64_t begin, uint64_t size,
                           struct hash nodes[64], unsigned *count_out)
{
    *count_out = 0;
    for (unsigned level = 64; level-- > 0;) {
        if ((size >> level & 1) == 0)
            continue;
        TRY(source->node(source->ctx, level, begin >> level, &nodes[*count_out]));
        (*count_out)++;
        begin += UINT64_C(1) << level;
    }
    return OK;
}

enum err merkle_range_load(const struct merkle_source *source, uint64_t size,
                           struct merkle_range *out)
{
    struct merkle_range range = {.size = size};
    unsigned count;
    TRY(load_nodes(source, 0, size, range.nodes, &count));
    *out = range;
    return OK;
}

/* ---- proofs made ---- */

/* The root of [begin, end), which stands on the right edge of a larger tree. */
static enum err edge_root(const struct merkle_source *source, uint64_t begin, uint64_t end,
                          struct hash *out)
{
    struct hash nodes[64];
    unsigned count;
    TRY(load_nodes(source, begin, end - begin, nodes, &count));
    *out = fold(nodes, count);
    return OK;
}

/* The largest power of two below size; size is 2 or more. */
static uint64_t split_point(uint64_t size)
{
    return UINT64_C(1) << (63 - (unsigned)__builtin_clzll(size - 1));
}

static void reverse(struct merkle_proof *proof)
{
    for (unsigned i = 0; i < proof->count / 2; i++) {
        struct hash other = proof->hashes[i];
        proof->hashes[i] = proof->hashes[proof->count - 1 - i];
        proof->hashes[proof->count - 1 - i] = other;
    }
}

/* Both proofs walk from the root down and note the sibling of each step; the standard lists them
 * from the bottom up. */
enum err merkle_prove_inclusion(const struct merkle_source *source, uint64_t index, uint64_t size,
                                struct merkle_proof *out)
{
    CHECK(index < size);
    uint64_t begin = 0;
    uint64_t end = size;
    out->count = 0;
    while (end - begin > 1) {
        uint64_t middle = begin + split_point(end - begin);
        bool left = index < middle;
        TRY(edge_root(source, left ? middle : begin, left ? end : middle,
                      &out->hashes[out->count++]));
        if (left)
            end = middle;
        else
            begin = middle;
    }
    reverse(out);
    return OK;
}

enum err merkle_prove_consistency(const struct merkle_source *source, uint64_t old_size,
                                  uint64_t new_size, struct merkle_proof *out)
{
    CHECK(old_size <= new_size);
    out->count = 0;
    if (old_size == 0 || old_size == new_size)
        return OK;
    uint64_t begin = 0;
    uint64_t end = new_size;
    while (end != old_size) {
        uint64_t middle = begin + split_point(end - begin);
        bool left = old_size <= middle;
        TRY(edge_root(source, left ? middle : begin, left ? end : middle,
                      &out->hashes[out->count++]));
        if (left)
            end = middle;
        else
            begin = middle;
    }
    /* [begin, end) is the last subtree of the old tree; when it is all of it, the verifier has its
     * root. */
    if (begin != 0)
        TRY(edge_root(source, begin, end, &out->hashes[out->count++]));
    reverse(out);
    return OK;
}

/* ---- proofs verified ---- */

/* RFC 9162, 2.1.3.2 and 2.1.4.2: goes up by one hash of a proof; *left_out: it stands on the left.
 * false: the top is reached already. */
static bool climb(uint64_t *node, uint64_t *last, bool *left_out)
{
    if (*last == 0)
        return false;
    *left_out = (*node & 1) != 0 || *node == *last;
    while (*left_out && (*node & 1) == 0 && *node != 0) {
        *node >>= 1;
        *last >>= 1;
    }
    *node >>= 1;
    *last >>= 1;
    return true;
}

enum err merkle_check_inclusion(const struct hash *leaf, uint64_t index,
                                const struct merkle_head *head, const struct merkle_proof *proof)
{
    if (index >= head->size || proof->count > MERKLE_PROOF_HASHES_MAX)
        return ERR_BAD_PROOF;
    uint64_t node = index;
    uint64_t last = head->size - 1;
    struct hash root = *leaf;
    for (unsigned i = 0; i < proof->count; i++) {
        const struct hash *sibling = &proof->hashes[i];
        bool left;
        if (!climb(&node, &last, &left))
            return ERR_BAD_PROOF;
        root = left ? merkle_node_hash(sibling, &root) : merkle_node_hash(&root, sibling);
    }
    return last == 0 && hash_equal(&root, &head->root) ? OK : ERR_BAD_PROOF;
}

/* RFC 9162, 2.1.4.2, steps 3 to 6: walks both trees up at once. */
static enum err check_path(const struct merkle_head *old_head, const struct merkle_head *new_head,
                           const struct merkle_proof *proof)
{
    uint64_t node = old_head->size - 1;
    uint64_t last = new_head->size - 1;
    while ((node & 1) != 0) {
        node >>= 1;
        last >>= 1;
    }
    /* A whole old tree is its own first hash and is not sent. */
    bool is_whole = (old_head->size & (old_head->size - 1)) == 0;
    unsigned next = is_whole ? 0 : 1;
    struct hash old_root = is_whole ? old_head->root : proof->hashes[0];
    struct hash new_root = old_root;
    for (; next < proof->count; next++) {
        const struct hash *sibling = &proof->hashes[next];
        bool left;
        if (!climb(&node, &last, &left))
            return ERR_BAD_PROOF;
        if (left)
            old_root = merkle_node_hash(sibling, &old_root);
        new_root =
            left ? merkle_node_hash(sibling, &new_root) : merkle_node_hash(&new_root, sibling);
    }
    bool holds = last == 0 && hash_equal(&old_root, &old_head->root) &&
                 hash_equal(&new_root, &new_head->root);
    return holds ? OK : ERR_BAD_PROOF;
}

enum err merkle_check_consistency(const struct merkle_head *old_head,
                                  const struct merkle_head *new_head,
                                  const struct merkle_proof *proof)
{
    if (new_head->size < old_head->size)
        return ERR_SHRUNKEN;
    if (new_head->size == old_head->size && !hash_equal(&new_head->root, &old_head->root))
        return ERR_FORK;
    if (old_head->size == 0) {
        struct hash empty = merkle_empty_root();
        return proof->count == 0 && hash_equal(&old_head->root, &empty) ? OK : ERR_BAD_PROOF;
    }
    if (new_head->size == old_head->size)
        return proof->count == 0 ? OK : ERR_BAD_PROOF;
    if (proof->count == 0 || proof->count > MERKLE_PROOF_HASHES_MAX)
        return ERR_BAD_PROOF;
    return check_path(old_head, new_head, proof);
}

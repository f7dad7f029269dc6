/* Recognises simple expressions and matches them in one pass.
 *
 * An anchored sequence is matched by taking as much as each item can. That is exact when an item of
 * variable count shares no code point with whatever may follow it: stopping earlier would leave a
 * code point that nothing else takes, and stopping at the maximum leaves one that only this item
 * takes. */
#include "proto/schema/pattern_simple.h"

#include <stdlib.h>

#include "proto/base/text.h"
#include "proto/schema/pattern_set.h"

enum { ITEMS_MAX = 256 };

enum simple_kind {
    SIMPLE_ALWAYS,
    SIMPLE_CHOICE,   /* one of the literals, at the start, the end, both or anywhere */
    SIMPLE_SEQUENCE, /* the items one after another, from the start */
    SIMPLE_SOME,     /* a code point of the first item's set, anywhere */
};

struct item {
    uint32_t min;
    uint32_t max;
    struct point_set set;
    uint32_t byte_first; /* of a literal */
    uint32_t byte_count; /* 0 for a set */
};

struct simple {
    enum simple_kind kind;
    bool start;
    bool end;
    uint32_t item_count;
    uint32_t range_count;
    uint32_t byte_count;
    struct item *items;
    struct ecma_range *ranges;
    uint8_t *bytes;
};

static bool add_set(struct simple *simple, const struct ecma_tree *tree,
                    const struct ecma_node *node)
{
    if (node->property_count > 0 || simple->item_count == ITEMS_MAX)
        return false;
    struct item item = {
        .min = node->min,
        .max = node->max,
        .set = point_set_of(tree, node, simple->ranges, simple->range_count),
    };
    const struct ecma_range *first = simple->ranges + simple->range_count;
    if (item.set.range_count == 1 && first->first == first->last && item.min == 1 &&
        item.max == 1) {
        item.byte_first = simple->byte_count;
        item.byte_count = (uint32_t)text_encode(first->first, simple->bytes + simple->byte_count);
        simple->byte_count += item.byte_count;
    }
    simple->range_count += item.set.range_count;
    simple->items[simple->item_count++] = item;
    return true;
}

static const struct ecma_node *node_at(const struct ecma_tree *tree, uint32_t at)
{
    return at == ECMA_NONE ? NULL : &tree->nodes[at];
}

static bool is_single(const struct ecma_tree *tree, const struct ecma_node *alternatives)
{
    return tree->nodes[alternatives->child].next == ECMA_NONE;
}

static bool is_plain_group(const struct ecma_node *node)
{
    return node->kind == ECMA_GROUP && node->min == 1 && node->max == 1;
}

/* The terms of a sequence, groups without a choice opened; anchors only where top says they are.
 * As deep as the expression. */
static bool add_terms(struct simple *simple, const struct ecma_tree *tree,
                      const struct ecma_node *sequence, bool top)
{
    const struct ecma_node *node = node_at(tree, sequence->child);
    bool first = true;
    for (; node != NULL; node = node_at(tree, node->next)) {
        bool last = node->next == ECMA_NONE;
        if (node->kind == ECMA_START && top && first) {
            simple->start = true;
        } else if (node->kind == ECMA_END && top && last) {
            simple->end = true;
        } else if (node->kind == ECMA_SET) {
            if (!add_set(simple, tree, node))
                return false;
        } else if (is_plain_group(node) && is_single(tree, &tree->nodes[node->child])) {
            const struct ecma_node *inner = &tree->nodes[tree->nodes[node->child].child];
            if (!add_terms(simple, tree, inner, false))
                return false;
        } else {
            return false;
        }
        first = false;
    }
    return true;
}

/* Joins the literals from item `from` on into one, which stands for an alternative. */
static bool join_all(struct simple *simple, uint32_t from)
{
    for (uint32_t i = from; i < simple->item_count; i++)
        if (simple->items[i].byte_count == 0)
            return false;
    if (simple->item_count == from)
        return false;
    struct item *first = &simple->items[from];
    first->byte_count = simple->byte_count - first->byte_first;
    simple->item_count = from + 1;
    return true;
}

/* Joins neighbouring literals of a sequence. */
static void join_neighbours(struct simple *simple)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < simple->item_count; i++) {
        struct item item = simple->items[i];
        if (kept > 0 && item.byte_count > 0 && simple->items[kept - 1].byte_count > 0)
            simple->items[kept - 1].byte_count += item.byte_count;
        else
            simple->items[kept++] = item;
    }
    simple->item_count = kept;
}

static bool recognise_choice(struct simple *simple, const struct ecma_tree *tree,
                             const struct ecma_node *alternatives)
{
    const struct ecma_node *sequence = node_at(tree, alternatives->child);
    for (; sequence != NULL; sequence = node_at(tree, sequence->next)) {
        uint32_t from = simple->item_count;
        if (!add_terms(simple, tree, sequence, false) || !join_all(simple, from))
            return false;
    }
    simple->kind = SIMPLE_CHOICE;
    return true;
}

/* [^] (a|b) [$] and a|b. */
static bool recognise_group(struct simple *simple, const struct ecma_tree *tree)
{
    const struct ecma_node *root = &tree->nodes[tree->root];
    if (!is_single(tree, root))
        return recognise_choice(simple, tree, root);
    const struct ecma_node *node = node_at(tree, tree->nodes[root->child].child);
    if (node != NULL && node->kind == ECMA_START) {
        simple->start = true;
        node = node_at(tree, node->next);
    }
    if (node == NULL || !is_plain_group(node))
        return false;
    const struct ecma_node *after = node_at(tree, node->next);
    if (after != NULL && (after->kind != ECMA_END || after->next != ECMA_NONE))
        return false;
    simple->end = after != NULL;
    return recognise_choice(simple, tree, &tree->nodes[node->child]);
}

static bool is_one_way(const struct simple *simple)
{
    for (uint32_t i = 0; i < simple->item_count; i++) {
        if (simple->items[i].min == simple->items[i].max)
            continue;
        for (uint32_t k = i + 1; k < simple->item_count; k++) {
            if (point_sets_meet(&simple->items[i].set, &simple->items[k].set, simple->ranges))
                return false;
            if (simple->items[k].min > 0)
                break;
        }
    }
    return true;
}

/* Where the end is open, what may be absent at the end says nothing. */
static void cut_open_end(struct simple *simple)
{
    while (simple->item_count > 0 && simple->items[simple->item_count - 1].min == 0)
        simple->item_count--;
    if (simple->item_count > 0)
        simple->items[simple->item_count - 1].max = simple->items[simple->item_count - 1].min;
}

static bool recognise_sequence(struct simple *simple, const struct ecma_tree *tree)
{
    const struct ecma_node *root = &tree->nodes[tree->root];
    if (!is_single(tree, root) || !add_terms(simple, tree, &tree->nodes[root->child], true))
        return false;
    bool has_items = simple->item_count > 0;
    if (has_items && join_all(simple, 0)) {
        simple->kind = SIMPLE_CHOICE;
        return true;
    }
    if (!simple->end)
        cut_open_end(simple);
    if (simple->item_count == 0 && !(simple->start && simple->end)) {
        simple->kind = SIMPLE_ALWAYS;
        return true;
    }
    if (simple->start) {
        simple->kind = SIMPLE_SEQUENCE;
        if (!is_one_way(simple))
            return false;
        join_neighbours(simple);
        return true;
    }
    simple->kind = SIMPLE_SOME;
    return !simple->end && simple->item_count == 1 && simple->items[0].min == 1;
}

static struct simple *simple_new(const struct ecma_tree *tree)
{
    struct simple *simple = calloc(1, sizeof(*simple));
    if (simple == NULL)
        return NULL;
    simple->items = malloc(ITEMS_MAX * sizeof(*simple->items));
    simple->ranges = malloc(point_set_ranges_max(tree) * sizeof(*simple->ranges));
    simple->bytes = malloc((size_t)tree->node_count * 4); /* a literal is a node */
    if (simple->items != NULL && simple->ranges != NULL && simple->bytes != NULL)
        return simple;
    simple_free(simple);
    return NULL;
}

static void forget(struct simple *simple)
{
    simple->start = false;
    simple->end = false;
    simple->item_count = 0;
    simple->range_count = 0;
    simple->byte_count = 0;
}

/* Gives back what recognising needed beyond what was found. */
static void shrink(struct simple *simple)
{
    size_t items = simple->item_count > 0 ? simple->item_count : 1;
    size_t ranges = simple->range_count > 0 ? simple->range_count : 1;
    struct item *fewer_items = realloc(simple->items, items * sizeof(*simple->items));
    if (fewer_items != NULL)
        simple->items = fewer_items;
    uint8_t *fewer_bytes = realloc(simple->bytes, simple->byte_count + 1);
    if (fewer_bytes != NULL)
        simple->bytes = fewer_bytes;
    struct ecma_range *fewer_ranges = realloc(simple->ranges, ranges * sizeof(*simple->ranges));
    if (fewer_ranges != NULL)
        simple->ranges = fewer_ranges;
}

enum err simple_recognise(const struct ecma_tree *tree, struct simple **out)
{
    struct simple *simple = simple_new(tree);
    if (simple == NULL)
        return ERR_NO_MEMORY;
    bool found = !tree->has_back && recognise_sequence(simple, tree);
    if (!found && !tree->has_back) {
        forget(simple);
        found = recognise_group(simple, tree);
    }
    if (found) {
        shrink(simple);
        *out = simple;
    } else {
        simple_free(simple);
        *out = NULL;
    }
    return OK;
}

void simple_free(struct simple *simple)
{
    if (simple == NULL)
        return;
    free(simple->items);
    free(simple->ranges);
    free(simple->bytes);
    free(simple);
}

/* Bytes of the code point at the start of text if it is in the set, else 0. */
static size_t set_takes(const struct simple *simple, const struct item *item, const uint8_t *text)
{
    uint8_t c = *text;
    if (c < 0x80)
        return item->set.ascii[c / 64] >> c % 64 & 1;
    size_t bytes = c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
    return point_set_has(&item->set, simple->ranges, text_code_point(text, bytes)) ? bytes : 0;
}

/* How many code points of ASCII in the set text begins with, at most `most`. */
static size_t ascii_run(const struct point_set *set, const uint8_t *text, size_t most)
{
    const uint64_t low = set->ascii[0];
    const uint64_t high = set->ascii[1];
    size_t count = 0;
    for (; count < most; count++) {
        uint8_t c = text[count];
        if (c >= 0x80 || ((c < 64 ? low : high) >> (c & 63) & 1) == 0)
            break;
    }
    return count;
}

/* Takes as many of the item's set as it may; false where they are too few. */
static bool take_set(const struct simple *simple, const struct item *item, struct span subject,
                     size_t *position)
{
    size_t at = *position;
    uint32_t count = 0;
    while (count < item->max && at < subject.len) {
        size_t left = subject.len - at;
        size_t most = item->max - count;
        size_t run = ascii_run(&item->set, subject.data + at, left < most ? left : most);
        count += (uint32_t)run;
        at += run;
        if (run > 0)
            continue;
        size_t taken = set_takes(simple, item, subject.data + at);
        if (taken == 0)
            break;
        at += taken;
        count++;
    }
    *position = at;
    return count >= item->min;
}

static bool match_sequence(const struct simple *simple, struct span subject)
{
    size_t position = 0;
    for (uint32_t i = 0; i < simple->item_count; i++) {
        const struct item *item = &simple->items[i];
        if (item->byte_count > 0) {
            if (subject.len - position < item->byte_count ||
                memcmp(subject.data + position, simple->bytes + item->byte_first,
                       item->byte_count) != 0)
                return false;
            position += item->byte_count;
            continue;
        }
        if (!take_set(simple, item, subject, &position))
            return false;
    }
    return !simple->end || position == subject.len;
}

static bool match_literal(const struct simple *simple, const struct item *item, struct span subject)
{
    const uint8_t *bytes = simple->bytes + item->byte_first;
    if (subject.len < item->byte_count)
        return false;
    if (simple->start)
        return (!simple->end || subject.len == item->byte_count) &&
               memcmp(subject.data, bytes, item->byte_count) == 0;
    if (simple->end)
        return memcmp(subject.data + subject.len - item->byte_count, bytes, item->byte_count) == 0;
    return memmem(subject.data, subject.len, bytes, item->byte_count) != NULL;
}

static bool match_choice(const struct simple *simple, struct span subject)
{
    for (uint32_t i = 0; i < simple->item_count; i++)
        if (match_literal(simple, &simple->items[i], subject))
            return true;
    return false;
}

static bool match_some(const struct simple *simple, struct span subject)
{
    for (size_t i = 0; i < subject.len; i++) {
        bool continues = (subject.data[i] & 0xC0) == 0x80;
        if (!continues && set_takes(simple, &simple->items[0], subject.data + i) > 0)
            return true;
    }
    return false;
}

bool simple_match(const struct simple *simple, struct span subject)
{
    switch (simple->kind) {
    case SIMPLE_ALWAYS:
        return true;
    case SIMPLE_CHOICE:
        return match_choice(simple, subject);
    case SIMPLE_SEQUENCE:
        return match_sequence(simple, subject);
    case SIMPLE_SOME:
        return match_some(simple, subject);
    }
    BUG("a kind of matcher that there is not");
}

/* Building the body of one record, and the shapes that put strewn values in order. */
#include <stdlib.h>

#include "proto/json/pointer.h"
#include "proto/limits.h"
#include "proto/schema/graph_parts.h"

/* ---- shapes ---- */

struct shaping {
    struct graph *graph;
    uint32_t budget;
};

static struct hash shape(struct shaping *s, const struct tree *value, unsigned depth);

static int compare_hashes(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct hash));
}

/* A hash of a set of hashes: in order, each once. */
static struct hash shape_of_set(struct buf *hashes)
{
    size_t count = hashes->len / sizeof(struct hash);
    if (count > 0)
        qsort(hashes->data, count, sizeof(struct hash), compare_hashes);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *hash = hashes->data + i * sizeof(struct hash);
        if (kept > 0 &&
            memcmp(hashes->data + (kept - 1) * sizeof(struct hash), hash, sizeof(struct hash)) == 0)
            continue;
        memmove(hashes->data + kept++ * sizeof(struct hash), hash, sizeof(struct hash));
    }
    return sha256(span_of(hashes->data, kept * sizeof(struct hash)));
}

static void add_member(struct shaping *s, struct span key, const struct tree *value, unsigned depth,
                       struct buf *hashes)
{
    if (value->type == TREE_ARRAY) {
        for (uint32_t i = 0; i < value->count; i++)
            add_member(s, key, value->items[i], depth, hashes);
        return;
    }
    struct hash key_hash = sha256(key);
    struct hash value_hash = shape(s, value, depth);
    struct hash both = sha256_prefixed(':', span_of(key_hash.bytes, sizeof(key_hash.bytes)),
                                       span_of(value_hash.bytes, sizeof(value_hash.bytes)));
    buf_append(hashes, both.bytes, sizeof(both.bytes));
}

/* What an object says, without its label; lists as sets. */
static void add_members(struct shaping *s, const struct tree *object, unsigned depth,
                        struct buf *hashes)
{
    for (uint32_t i = 0; i < object->count && s->budget > 0; i++) {
        const struct tree_member *member = &object->members[i];
        bool is_label = span_is(member->key, "@id") && tree_is_text(member->value) &&
                        graph_is_blank(member->value->text);
        s->budget--;
        if (!is_label && !span_is(member->key, "@context"))
            add_member(s, member->key, member->value, depth, hashes);
    }
}

static struct hash shape_of_node(struct shaping *s, uint32_t node, unsigned depth)
{
    struct buf hashes;
    buf_init(&hashes, JSON_TEXT_BYTES_MAX);
    const struct graph_part *part = depth == 0 ? NULL : s->graph->nodes[node].parts;
    for (; part != NULL; part = part->next)
        add_members(s, part->object, depth - 1, &hashes);
    struct hash hash = shape_of_set(&hashes);
    buf_clear(&hashes);
    return hash;
}

static struct hash shape(struct shaping *s, const struct tree *value, unsigned depth)
{
    uint32_t node = graph_named_by(s->graph, value);
    const struct tree *id = tree_get(value, "@id");
    s->graph->work++;
    if (s->budget == 0)
        return (struct hash){{0}};
    s->budget--;
    if (node == GRAPH_NONE)
        node = graph_named_by(s->graph, id);
    if (node != GRAPH_NONE)
        return shape_of_node(s, node, depth);
    struct buf out;
    buf_init(&out, JSON_TEXT_BYTES_MAX);
    struct hash hash;
    bool is_literal = value->type == TREE_OBJECT && graph_is_literal(value);
    if (value->type == TREE_ARRAY || (value->type == TREE_OBJECT && !is_literal)) {
        if (value->type == TREE_OBJECT)
            add_members(s, value, depth, &out);
        else
            add_member(s, SPAN_LITERAL("[]"), value, depth, &out);
        hash = shape_of_set(&out);
    } else {
        tree_append_canonical(&out, value);
        hash = sha256(buf_span(&out));
    }
    buf_clear(&out);
    return hash;
}

struct hash graph_shape(struct graph *graph, const struct tree *value)
{
    struct shaping s = {.graph = graph, .budget = GRAPH_SHAPE_VALUES};
    return shape(&s, value, GRAPH_SHAPE_DEPTH);
}

/* ---- the members of a node ---- */

struct shaped {
    struct hash shape;
    struct tree *value;
};

static int compare_shaped(const void *a, const void *b)
{
    return memcmp(((const struct shaped *)a)->shape.bytes, ((const struct shaped *)b)->shape.bytes,
                  sizeof(struct hash));
}

/* Sorts a list by shape and leaves out what comes twice; one value alone needs no list. */
static struct tree *settle(struct graph *graph, struct arena *arena, struct tree *list)
{
    struct shaped *shaped = arena_alloc_array(arena, list->count, sizeof(*shaped));
    struct tree *out = tree_array(arena);
    if (shaped == NULL || out == NULL)
        return NULL;
    for (uint32_t i = 0; i < list->count; i++)
        shaped[i] = (struct shaped){graph_shape(graph, list->items[i]), list->items[i]};
    qsort(shaped, list->count, sizeof(*shaped), compare_shaped);
    for (uint32_t i = 0; i < list->count; i++)
        if (out->count == 0 || !tree_equal(out->items[out->count - 1], shaped[i].value))
            tree_append(arena, out, shaped[i].value);
    return out->count == 1 ? out->items[0] : out;
}

static void gather(struct arena *arena, struct tree *list, struct tree *value)
{
    for (uint32_t i = 0; value->type == TREE_ARRAY && i < value->count; i++)
        tree_append(arena, list, value->items[i]);
    if (value->type != TREE_ARRAY)
        tree_append(arena, list, value);
}

/* Adds what one object says of a node. A member that it alone has stays as it is written there. */
static void describe_more(struct arena *arena, const struct tree *object, struct tree *out,
                          struct tree *lists)
{
    for (uint32_t i = 0; i < object->count; i++) {
        struct span key = object->members[i].key;
        struct tree *value = object->members[i].value;
        struct tree *before = tree_member(out, key);
        struct tree *list = tree_member(lists, key);
        if (span_is(key, "@id") || span_is(key, "@context"))
            continue;
        if (before == NULL) {
            tree_put(arena, out, key, value);
            continue;
        }
        if (list == NULL) {
            list = tree_array(arena);
            if (list == NULL)
                return;
            gather(arena, list, before);
            tree_put(arena, lists, key, list);
        }
        gather(arena, list, value);
    }
}

/* The object that describes a node; where there are several, what they say together. */
static struct tree *description(struct graph *graph, struct arena *arena,
                                const struct graph_node *node)
{
    if (node->parts->next == NULL)
        return node->parts->object;
    struct tree *lists = tree_object(arena);
    struct tree *out = tree_object(arena);
    if (lists == NULL || out == NULL)
        return NULL;
    for (const struct graph_part *part = node->parts; part != NULL; part = part->next)
        describe_more(arena, part->object, out, lists);
    for (uint32_t i = 0; i < lists->count; i++)
        tree_put(arena, out, lists->members[i].key, settle(graph, arena, lists->members[i].value));
    return out;
}

/* ---- building ---- */

struct building {
    struct graph *graph;
    const struct alias *alias;
    struct arena *arena;
    struct buf path;
    uint32_t root;
    uint32_t values;
    const char *refused; /* the rule that the body breaks, or NULL */
};

static bool is_keyword(struct span key)
{
    return span_is(key, "@id") || span_is(key, "@type") || span_is(key, "@context");
}

/* Counts how often each node is referred to in the body of the root. */
static void count_uses(struct building *b, struct tree *value)
{
    struct graph *graph = b->graph;
    uint32_t index;
    graph->work++;
    enum graph_place place = graph_place_of(graph, value, &index);
    if (place == GRAPH_REFERENCE)
        return;
    if (place == GRAPH_NODE) {
        struct graph_node *node = &graph->nodes[index];
        if (node->uses++ == 0 && index != b->root) {
            graph->touched[graph->touched_count++] = index;
            graph->queue[graph->queue_count++] = index;
        }
        return;
    }
    for (uint32_t i = 0; value->type == TREE_ARRAY && i < value->count; i++)
        count_uses(b, value->items[i]);
    if (value->type != TREE_OBJECT || graph_is_literal(value))
        return;
    for (uint32_t i = 0; i < value->count; i++)
        if (!is_keyword(value->members[i].key))
            count_uses(b, value->members[i].value);
}

static void count_all_uses(struct building *b)
{
    struct graph *graph = b->graph;
    graph->queue_count = 0;
    graph->queue[graph->queue_count++] = b->root;
    while (graph->queue_count > 0) {
        uint32_t at = graph->queue[--graph->queue_count];
        for (const struct graph_part *part = graph->nodes[at].parts; part != NULL;
             part = part->next)
            for (uint32_t i = 0; i < part->object->count; i++)
                if (!is_keyword(part->object->members[i].key))
                    count_uses(b, part->object->members[i].value);
    }
}

static struct tree *build(struct building *b, struct tree *value, unsigned depth);

/* The addresses of a context that are known; NULL: none is. */
static struct tree *known_context(const struct building *b, const struct tree *context)
{
    if (b->alias == NULL || context == NULL)
        return NULL;
    if (context->type == TREE_STRING) {
        struct span address = alias_context(b->alias, context->text);
        return address.len == 0 ? NULL : tree_text(b->arena, address);
    }
    struct tree *list = context->type == TREE_ARRAY ? tree_array(b->arena) : NULL;
    for (uint32_t i = 0; list != NULL && i < context->count; i++) {
        struct tree *known = known_context(b, context->items[i]);
        if (known != NULL)
            tree_append(b->arena, list, known);
    }
    if (list == NULL || list->count == 0)
        return NULL;
    return list->count == 1 ? list->items[0] : list;
}

static void build_members(struct building *b, const struct tree *from, struct tree *to,
                          unsigned depth)
{
    size_t len = b->path.len;
    for (uint32_t i = 0; i < from->count && b->refused == NULL; i++) {
        struct span key = from->members[i].key;
        if (span_is(key, "@id") || span_is(key, "@context"))
            continue;
        if (span_is(key, "@graph") || span_is(key, "@included"))
            continue; /* nodes of their own */
        pointer_append_segment(&b->path, key);
        struct tree *value = span_is(key, "@type") ? from->members[i].value
                                                   : build(b, from->members[i].value, depth);
        tree_put(b->arena, to, key, value);
        b->path.len = len;
    }
}

static struct span path_label(struct building *b)
{
    size_t len = b->path.len == 0 ? 4 : b->path.len;
    uint8_t *label = arena_alloc(b->arena, len + 2);
    if (label == NULL)
        return span_of(NULL, 0);
    memcpy(label, "_:", 2);
    memcpy(label + 2, b->path.len == 0 ? (const uint8_t *)"root" : b->path.data, len);
    return span_of(label, len + 2);
}

static struct tree *named(struct building *b, struct span name)
{
    struct tree *object = tree_object(b->arena);
    if (object != NULL)
        tree_put(b->arena, object, SPAN_LITERAL("@id"), tree_text(b->arena, name));
    return object;
}

/* The node, here if this is its first place. reference: what stands here in the document. */
static struct tree *place_node(struct building *b, uint32_t index, struct tree *reference,
                               unsigned depth)
{
    struct graph_node *node = &b->graph->nodes[index];
    if (node->is_placed) {
        struct span name = node->is_blank ? node->name : node->id;
        return tree_is_text(reference) ? tree_text(b->arena, name) : named(b, name);
    }
    if (node->parts == NULL)
        return node->is_blank ? tree_object(b->arena) : reference;
    node->is_placed = true;
    bool is_root = index == b->root;
    bool needs_label = node->uses > (is_root ? 0 : 1);
    if (node->is_blank && needs_label)
        node->name = path_label(b);
    struct span name = node->is_blank ? node->name : node->id;
    struct tree *object = name.len > 0 ? named(b, name) : tree_object(b->arena);
    struct tree *content = description(b->graph, b->arena, node);
    if (object != NULL && content != NULL)
        build_members(b, content, object, depth + 1);
    return object;
}

static struct tree *build_object(struct building *b, struct tree *value, unsigned depth)
{
    struct tree *object = tree_object(b->arena);
    if (object == NULL)
        return NULL;
    tree_put(b->arena, object, SPAN_LITERAL("@id"), tree_get(value, "@id"));
    tree_put(b->arena, object, SPAN_LITERAL("@context"),
             known_context(b, tree_get(value, "@context")));
    build_members(b, value, object, depth + 1);
    return object;
}

static struct tree *build(struct building *b, struct tree *value, unsigned depth)
{
    b->graph->work++;
    if (depth >= JSON_DEPTH_MAX - 1)
        b->refused = "split: with its blank nodes a record is nested at most 62 deep";
    if (++b->values > GRAPH_VALUES_MAX)
        b->refused = "split: a record holds at most 131072 values";
    if (b->graph->work > GRAPH_WORK_MAX)
        b->refused = "split: all records of a document hold at most 50 million values together";
    if (b->refused != NULL)
        return NULL;
    uint32_t index;
    switch (graph_place_of(b->graph, value, &index)) {
    case GRAPH_REFERENCE:
        return graph_is_reference(value) ? value : named(b, b->graph->nodes[index].id);
    case GRAPH_NODE:
        return place_node(b, index, value, depth);
    case GRAPH_PLAIN:
        break;
    }
    if (value->type == TREE_OBJECT && !graph_is_literal(value))
        return build_object(b, value, depth);
    if (value->type != TREE_ARRAY)
        return value;
    struct tree *array = tree_array(b->arena);
    size_t len = b->path.len;
    for (uint32_t i = 0; array != NULL && i < value->count && b->refused == NULL; i++) {
        buf_append_byte(&b->path, '/');
        buf_append_u64(&b->path, i);
        tree_append(b->arena, array, build(b, value->items[i], depth + 1));
        b->path.len = len;
    }
    return array;
}

enum err graph_body(struct graph *graph, size_t index, const struct alias *alias,
                    struct arena *arena, struct tree **out, struct why *why)
{
    struct building b = {.graph = graph, .alias = alias, .arena = arena};
    b.root = graph->records[index];
    graph->touched_count = 0;
    buf_init(&b.path, LINE_BYTES_MAX);
    graph_set_body(graph, graph->nodes[b.root].claim);
    count_all_uses(&b);
    struct graph_node *root = &graph->nodes[b.root];
    struct tree *body = place_node(&b, b.root, NULL, 0);
    if (body != NULL)
        tree_put(arena, body, SPAN_LITERAL("@context"), known_context(&b, root->context));
    graph->touched[graph->touched_count++] = b.root;
    for (uint32_t i = 0; i < graph->touched_count; i++) {
        struct graph_node *node = &graph->nodes[graph->touched[i]];
        node->uses = 0;
        node->is_placed = false;
        node->name = span_of(NULL, 0);
    }
    enum err path = buf_check(&b.path);
    buf_clear(&b.path);
    if (b.refused != NULL)
        return why_set(why, ERR_LIMIT, b.refused, 0, NULL, NULL);
    TRY(arena_check(arena));
    TRY(path);
    *out = body;
    return OK;
}

/* Collecting nodes, and finding which of them are records. */
#include <stdlib.h>

#include "proto/limits.h"
#include "proto/schema/graph_parts.h"

struct graph *graph_new(void)
{
    struct graph *graph = calloc(1, sizeof(*graph));
    if (graph != NULL)
        arena_init(&graph->arena, GRAPH_BYTES_MAX);
    return graph;
}

void graph_free(struct graph *graph)
{
    if (graph == NULL)
        return;
    arena_clear(&graph->arena);
    free(graph->nodes);
    free(graph->slots);
    free(graph->queue);
    free(graph->touched);
    free(graph->records);
    free(graph);
}

/* ---- nodes by name ---- */

bool graph_is_blank(struct span id)
{
    return span_starts_with(id, SPAN_LITERAL("_:"));
}

/* Names come from outside: a hash that nobody can make collide. */
static uint32_t slot_of(const struct graph *graph, struct span id)
{
    struct hash hash = sha256(id);
    uint32_t slot;
    memcpy(&slot, hash.bytes, sizeof(slot));
    slot &= graph->slot_count - 1;
    while (graph->slots[slot] != 0 && !span_equal(graph->nodes[graph->slots[slot] - 1].id, id))
        slot = (slot + 1) & (graph->slot_count - 1);
    return slot;
}

uint32_t graph_find(const struct graph *graph, struct span id)
{
    if (graph->slot_count == 0)
        return GRAPH_NONE;
    uint32_t found = graph->slots[slot_of(graph, id)];
    return found == 0 ? GRAPH_NONE : found - 1;
}

static enum err grow_slots(struct graph *graph)
{
    uint32_t count = graph->slot_count == 0 ? 256 : graph->slot_count * 2;
    uint32_t *slots = calloc(count, sizeof(*slots));
    if (slots == NULL)
        return ERR_NO_MEMORY;
    free(graph->slots);
    graph->slots = slots;
    graph->slot_count = count;
    for (uint32_t i = 0; i < graph->count; i++)
        graph->slots[slot_of(graph, graph->nodes[i].id)] = i + 1;
    return OK;
}

static enum err add_node(struct graph *graph, struct span id, uint32_t *out)
{
    if (graph->count == GRAPH_NODES_MAX)
        return ERR_LIMIT;
    if (graph->count == graph->cap) {
        uint32_t cap = graph->cap == 0 ? 64 : graph->cap * 2;
        struct graph_node *nodes = realloc(graph->nodes, cap * sizeof(*nodes));
        if (nodes == NULL)
            return ERR_NO_MEMORY;
        graph->nodes = nodes;
        graph->cap = cap;
    }
    if (graph->count * 2 >= graph->slot_count)
        TRY(grow_slots(graph));
    *out = graph->count++;
    graph->nodes[*out] =
        (struct graph_node){.id = id, .claim = GRAPH_NONE, .is_blank = graph_is_blank(id)};
    graph->slots[slot_of(graph, id)] = *out + 1;
    return OK;
}

uint32_t graph_named_by(const struct graph *graph, const struct tree *text)
{
    if (!tree_is_text(text) || !graph_is_blank(text->text))
        return GRAPH_NONE;
    uint32_t node = graph_find(graph, text->text);
    return node != GRAPH_NONE && graph->nodes[node].parts != NULL ? node : GRAPH_NONE;
}

/* ---- collecting ---- */

bool graph_is_literal(const struct tree *object)
{
    return tree_get(object, "@value") != NULL;
}

static bool has_content(const struct tree *object)
{
    for (uint32_t i = 0; i < object->count; i++) {
        struct span key = object->members[i].key;
        if (!span_is(key, "@id") && !span_is(key, "@context") && !span_is(key, "@graph") &&
            !span_is(key, "@included"))
            return true;
    }
    return false;
}

bool graph_is_reference(const struct tree *object)
{
    return tree_is_text(tree_get(object, "@id")) && !has_content(object);
}

struct collecting {
    struct graph *graph;
    uint64_t row;
    struct tree *context;
};

static enum err collect(struct collecting c, struct tree *value, bool is_top);

static enum err describe(const struct collecting *c, struct tree *object, struct span id)
{
    struct graph *graph = c->graph;
    uint32_t index = graph_find(graph, id);
    if (index == GRAPH_NONE)
        TRY(add_node(graph, id, &index));
    struct graph_part *part = arena_alloc(&graph->arena, sizeof(*part));
    if (part == NULL)
        return arena_check(&graph->arena);
    part->object = object;
    struct graph_node *node = &graph->nodes[index];
    if (node->parts == NULL) {
        node->row = c->row;
        node->context = c->context;
        node->parts = part;
    } else {
        node->last->next = part;
    }
    node->last = part;
    for (uint32_t i = 0; i < object->count && !node->says_something; i++)
        node->says_something =
            object->members[i].key.len > 0 && object->members[i].key.data[0] != '@';
    return OK;
}

/* A label that no exporter writes, for an object that may become a record and has no name. */
static enum err give_label(struct graph *graph, struct tree *object)
{
    struct buf label;
    buf_init(&label, 32);
    do {
        buf_reset(&label);
        buf_append_cstr(&label, "_:\x7f");
        buf_append_u64(&label, ++graph->labels);
    } while (graph_find(graph, buf_span(&label)) != GRAPH_NONE);
    struct span text = arena_dup(&graph->arena, buf_span(&label));
    buf_clear(&label);
    tree_put(&graph->arena, object, SPAN_LITERAL("@id"), tree_text(&graph->arena, text));
    return arena_check(&graph->arena);
}

static enum err collect_object(struct collecting c, struct tree *object, bool is_top)
{
    if (graph_is_literal(object))
        return OK;
    struct tree *context = tree_get(object, "@context");
    c.context = context == NULL ? c.context : context;
    /* What has no name may become a record where it stands in a list of nodes, or says what it is.
     */
    bool may_be = is_top || tree_get(object, "@type") != NULL;
    if (may_be && has_content(object) && !tree_is_text(tree_get(object, "@id")))
        TRY(give_label(c.graph, object));
    struct tree *id = tree_get(object, "@id");
    if (tree_is_text(id) && has_content(object))
        TRY(describe(&c, object, id->text));
    for (uint32_t i = 0; i < object->count; i++) {
        struct span key = object->members[i].key;
        bool is_list = span_is(key, "@graph") || span_is(key, "@included");
        if (!span_is(key, "@context"))
            TRY(collect(c, object->members[i].value, is_list));
    }
    return OK;
}

static enum err collect(struct collecting c, struct tree *value, bool is_top)
{
    if (value->type == TREE_OBJECT)
        return collect_object(c, value, is_top);
    for (uint32_t i = 0; value->type == TREE_ARRAY && i < value->count; i++)
        TRY(collect(c, value->items[i], is_top));
    return OK;
}

enum err graph_add(struct graph *graph, struct tree *item, uint64_t row)
{
    return collect((struct collecting){.graph = graph, .row = row}, item, true);
}

/* ---- which are records ---- */

static bool has_type(const struct tree *object, struct span type)
{
    const struct tree *types = tree_get(object, "@type");
    if (tree_is_text(types))
        return span_equal(types->text, type);
    for (uint32_t i = 0; tree_is(types, TREE_ARRAY) && i < types->count; i++)
        if (tree_is_text(types->items[i]) && span_equal(types->items[i]->text, type))
            return true;
    return false;
}

static uint64_t claim_bit(uint32_t claim)
{
    return claim < GRAPH_EMBEDDING_CLAIMS_MAX ? UINT64_C(1) << claim : 0;
}

void graph_set_body(struct graph *graph, uint32_t claim)
{
    graph->body = claim_bit(claim);
}

/* A name with nothing but its type is a reference to what is described elsewhere. */
static void claim_node(struct graph *graph, struct graph_node *node)
{
    for (size_t i = 0; node->says_something && i < graph->kind_count; i++)
        for (const struct graph_part *part = node->parts; part != NULL; part = part->next) {
            if (!has_type(part->object, graph->kinds[i].type))
                continue;
            if (graph->kinds[i].embed) {
                node->embedded_in |= claim_bit(graph->kinds[i].claim);
                graph->has_embedded = true;
                break;
            }
            if (node->claim == GRAPH_NONE)
                node->claim = graph->kinds[i].claim;
            break;
        }
}

/* What has a type of its own is no part of another record. */
static bool is_embedded(const struct graph *graph, uint32_t node)
{
    return graph->nodes[node].claim == GRAPH_NONE &&
           (graph->nodes[node].embedded_in & graph->body) != 0;
}

enum graph_place graph_place_of(const struct graph *graph, const struct tree *value,
                                uint32_t *node_out)
{
    *node_out = graph_named_by(graph, value);
    if (*node_out != GRAPH_NONE)
        return GRAPH_NODE;
    const struct tree *id = tree_get(value, "@id");
    if (!tree_is_text(id)) {
        /* A named node that is embedded may be referred to by its bare name. */
        bool may_be = graph->has_embedded && tree_is_text(value);
        *node_out = may_be ? graph_find(graph, value->text) : GRAPH_NONE;
        bool embed = *node_out != GRAPH_NONE && is_embedded(graph, *node_out);
        return embed ? GRAPH_NODE : GRAPH_PLAIN;
    }
    *node_out = graph_find(graph, id->text);
    if (*node_out == GRAPH_NONE)
        return GRAPH_PLAIN;
    const struct graph_node *node = &graph->nodes[*node_out];
    if (node->is_blank)
        return GRAPH_NODE;
    if (node->claim != GRAPH_NONE)
        return GRAPH_REFERENCE;
    return is_embedded(graph, *node_out) ? GRAPH_NODE : GRAPH_PLAIN;
}

/* What a walk through nodes does at each that it meets. */
typedef bool (*meet_fn)(const struct graph *graph,
                        struct graph_node *node); /* false: it has been here */

static bool meet_inside(const struct graph *graph, struct graph_node *node)
{
    /* Met again in the body of another claim, it may lead to what is embedded there alone. */
    bool is_known = node->is_inside && (node->inside_of & graph->body) == graph->body;
    node->is_inside = true;
    node->inside_of |= graph->body;
    return !is_known && !node->is_record;
}

static bool meet_below(const struct graph *graph, struct graph_node *node)
{
    (void)graph;
    bool is_new = !node->is_below;
    node->is_below = true;
    return is_new;
}

static bool meet_once(const struct graph *graph, struct graph_node *node)
{
    bool is_new = node->stamp != graph->stamp;
    node->stamp = graph->stamp;
    return is_new;
}

static void walk_value(struct graph *graph, struct tree *value, meet_fn meet);

static void walk_members(struct graph *graph, struct tree *object, meet_fn meet)
{
    for (uint32_t i = 0; i < object->count; i++) {
        struct span key = object->members[i].key;
        if (!span_is(key, "@id") && !span_is(key, "@context") && !span_is(key, "@type"))
            walk_value(graph, object->members[i].value, meet);
    }
}

static void walk_value(struct graph *graph, struct tree *value, meet_fn meet)
{
    uint32_t node;
    graph->work++;
    switch (graph_place_of(graph, value, &node)) {
    case GRAPH_REFERENCE:
        return;
    case GRAPH_NODE:
        if (meet(graph, &graph->nodes[node]))
            graph->queue[graph->queue_count++] = node;
        return;
    case GRAPH_PLAIN:
        break;
    }
    for (uint32_t i = 0; value->type == TREE_ARRAY && i < value->count; i++)
        walk_value(graph, value->items[i], meet);
    if (value->type != TREE_OBJECT || graph_is_literal(value))
        return;
    if (meet == meet_inside)
        value->is_read = true;
    walk_members(graph, value, meet);
}

/* Meets all that a node leads to in a body, but not the node itself. */
static void walk(struct graph *graph, uint32_t start, meet_fn meet)
{
    graph_set_body(graph, graph->nodes[start].claim);
    graph->queue_count = 0;
    graph->queue[graph->queue_count++] = start;
    while (graph->queue_count > 0) {
        const struct graph_node *node = &graph->nodes[graph->queue[--graph->queue_count]];
        for (const struct graph_part *part = node->parts; part != NULL; part = part->next) {
            if (meet == meet_inside)
                part->object->is_read = true;
            walk_members(graph, part->object, meet);
        }
    }
}

static void make_record(struct graph *graph, uint32_t node)
{
    graph->nodes[node].is_record = true;
    graph->nodes[node].is_inside = true;
    walk(graph, node, meet_inside);
}

bool graph_stands_inside(const struct graph_node *node)
{
    return node->is_inside || (node->parts != NULL && node->parts->object->is_read);
}

/* Could this one, which has no name, become a record? */
static bool is_candidate(const struct graph_node *node)
{
    return node->is_blank && node->claim != GRAPH_NONE && node->parts != NULL &&
           !graph_stands_inside(node);
}

struct ring {
    struct hash shape;
    uint32_t node;
};

static int compare_rings(const void *a, const void *b)
{
    return memcmp(((const struct ring *)a)->shape.bytes, ((const struct ring *)b)->shape.bytes,
                  sizeof(struct hash));
}

/* Does the node lead to itself? */
static bool is_in_ring(struct graph *graph, uint32_t node)
{
    graph->stamp++;
    walk(graph, node, meet_once);
    return graph->nodes[node].stamp == graph->stamp;
}

/* Nodes without a name that lead to each other: the one whose shape comes first is the record. */
static enum err open_rings(struct graph *graph)
{
    struct ring *rings = calloc((size_t)graph->count + 1, sizeof(*rings));
    if (rings == NULL)
        return ERR_NO_MEMORY;
    size_t count = 0;
    for (uint32_t i = 0; i < graph->count && graph->work <= GRAPH_WORK_MAX; i++)
        if (is_candidate(&graph->nodes[i]) && is_in_ring(graph, i))
            rings[count++] = (struct ring){graph_shape(graph, graph->nodes[i].parts->object), i};
    qsort(rings, count, sizeof(*rings), compare_rings);
    for (size_t i = 0; i < count; i++)
        if (is_candidate(&graph->nodes[rings[i].node]))
            make_record(graph, rings[i].node);
    free(rings);
    return graph->work > GRAPH_WORK_MAX ? ERR_LIMIT : OK;
}

/* Nodes that have no name and that no record holds: the uppermost are records. */
static enum err find_blank_records(struct graph *graph)
{
    for (uint32_t i = 0; i < graph->count; i++)
        if (is_candidate(&graph->nodes[i]))
            walk(graph, i, meet_below);
    for (uint32_t i = 0; i < graph->count; i++)
        if (is_candidate(&graph->nodes[i]) && !graph->nodes[i].is_below)
            make_record(graph, i);
    return open_rings(graph);
}

enum err graph_close(struct graph *graph, const struct graph_kind *kinds, size_t count)
{
    graph->kinds = kinds;
    graph->kind_count = count;
    graph->queue = calloc((size_t)graph->count + 1, sizeof(*graph->queue));
    graph->touched = calloc((size_t)graph->count + 1, sizeof(*graph->touched));
    graph->records = calloc((size_t)graph->count + 1, sizeof(*graph->records));
    if (graph->queue == NULL || graph->touched == NULL || graph->records == NULL)
        return ERR_NO_MEMORY;
    for (uint32_t i = 0; i < graph->count; i++)
        claim_node(graph, &graph->nodes[i]);
    for (uint32_t i = 0; i < graph->count; i++)
        if (!graph->nodes[i].is_blank && graph->nodes[i].claim != GRAPH_NONE)
            make_record(graph, i);
    TRY(find_blank_records(graph));
    for (uint32_t i = 0; i < graph->count; i++)
        if (graph->nodes[i].is_record)
            graph->records[graph->record_count++] = i;
    return OK;
}

size_t graph_count(const struct graph *graph)
{
    return graph->record_count;
}

struct graph_record graph_record(const struct graph *graph, size_t index)
{
    const struct graph_node *node = &graph->nodes[graph->records[index]];
    struct span none = span_of(NULL, 0);
    return (struct graph_record){
        .id = node->is_blank ? none : node->id, .row = node->row, .claim = node->claim};
}

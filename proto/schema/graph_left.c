/* What of a graph is in no record. */
#include <stdlib.h>

#include "proto/limits.h"
#include "proto/schema/graph_parts.h"

/* What the nodes without a name that stand in records say. */
struct told {
    struct hash *shapes; /* sorted */
    size_t count;
};

static int compare_shapes(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct hash));
}

/* Was it written, without a name, for itself alone? */
static bool has_no_name(const struct graph_node *node)
{
    return node->is_blank && node->parts != NULL && node->parts->next == NULL;
}

static enum err gather_told(struct graph *graph, struct told *told)
{
    told->shapes = calloc((size_t)graph->count + 1, sizeof(*told->shapes));
    if (told->shapes == NULL)
        return ERR_NO_MEMORY;
    for (uint32_t i = 0; i < graph->count && graph->work <= GRAPH_WORK_MAX; i++)
        if (has_no_name(&graph->nodes[i]) && graph_stands_inside(&graph->nodes[i]))
            told->shapes[told->count++] = graph_shape(graph, graph->nodes[i].parts->object);
    qsort(told->shapes, told->count, sizeof(*told->shapes), compare_shapes);
    return OK;
}

static bool is_told(struct graph *graph, const struct graph_node *node, const struct told *told)
{
    if (!has_no_name(node) || graph->work > GRAPH_WORK_MAX)
        return false;
    struct hash shape = graph_shape(graph, node->parts->object);
    return bsearch(&shape, told->shapes, told->count, sizeof(shape), compare_shapes) != NULL;
}

static struct span first_type(const struct graph_node *node)
{
    const struct tree *types = tree_get(node->parts->object, "@type");
    if (tree_is(types, TREE_ARRAY) && types->count > 0)
        types = types->items[0];
    return tree_is_text(types) ? types->text : span_of(NULL, 0);
}

/* One more of its kind in a list that stays sorted. Returns how many kinds there are. */
static size_t count_kind(struct graph_left *out, size_t kinds, size_t max, struct span type)
{
    size_t at = 0;
    while (at < kinds && !span_equal(out[at].type, type))
        at++;
    if (at == kinds && kinds < max)
        out[kinds++] = (struct graph_left){.type = type};
    if (at < kinds)
        out[at].count++;
    for (; at > 0 && at < kinds && out[at].count > out[at - 1].count; at--) {
        struct graph_left swap = out[at];
        out[at] = out[at - 1];
        out[at - 1] = swap;
    }
    return kinds;
}

enum err graph_left_out(struct graph *graph, struct graph_left *out, size_t max, size_t *kinds_out,
                        uint64_t *total_out)
{
    struct told told = {.count = 0};
    *kinds_out = 0;
    *total_out = 0;
    TRY(gather_told(graph, &told));
    for (uint32_t i = 0; i < graph->count; i++) {
        const struct graph_node *node = &graph->nodes[i];
        if (node->parts == NULL || graph_stands_inside(node) || is_told(graph, node, &told))
            continue;
        ++*total_out;
        *kinds_out = count_kind(out, *kinds_out, max, first_type(node));
    }
    free(told.shapes);
    return OK;
}

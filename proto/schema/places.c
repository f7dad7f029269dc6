/* One recursion, as deep as the path and the lists in its way. */
#include "proto/schema/places.h"

#include "proto/limits.h"

struct walk {
    const struct pointer *pattern;
    places_edit_fn edit;
    void *ctx;
    struct buf path; /* of the value at hand */
};

static struct tree *visit(struct walk *w, struct tree *value, uint32_t at, unsigned depth);

static void push_index(struct walk *w, uint32_t index)
{
    buf_append_byte(&w->path, '/');
    buf_append_u64(&w->path, index);
}

static void edit_items(struct walk *w, struct tree *array, uint32_t at, unsigned depth)
{
    size_t len = w->path.len;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < array->count; i++) {
        push_index(w, i);
        struct tree *item = visit(w, array->items[i], at, depth);
        w->path.len = len;
        if (item != NULL)
            array->items[kept++] = item;
    }
    array->count = kept;
}

static void edit_members(struct walk *w, struct tree *object, uint32_t at, unsigned depth)
{
    size_t len = w->path.len;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < object->count; i++) {
        pointer_append_segment(&w->path, object->members[i].key);
        struct tree *value = visit(w, object->members[i].value, at, depth);
        w->path.len = len;
        if (value != NULL)
            object->members[kept++] = (struct tree_member){object->members[i].key, value};
    }
    object->count = kept;
}

static void edit_member(struct walk *w, struct tree *object, struct span key, uint32_t at,
                        unsigned depth)
{
    size_t len = w->path.len;
    for (uint32_t i = 0; i < object->count; i++) {
        if (!span_equal(object->members[i].key, key))
            continue;
        pointer_append_segment(&w->path, key);
        struct tree *value = visit(w, object->members[i].value, at, depth);
        w->path.len = len;
        if (value != NULL) {
            object->members[i].value = value;
            return;
        }
        object->count--;
        memmove(&object->members[i], &object->members[i + 1],
                (object->count - i) * sizeof(*object->members));
        return;
    }
}

/* A star where one value stands for a list of it. */
static struct tree *star_of_one(struct walk *w, struct tree *value, uint32_t at, unsigned depth)
{
    if (value->type != TREE_OBJECT)
        return visit(w, value, at + 1, depth);
    bool is_last = at + 1 == w->pattern->count;
    if (!is_last && tree_member(value, w->pattern->segments[at + 1]) != NULL)
        return visit(w, value, at + 1, depth);
    edit_members(w, value, at + 1, depth);
    return value;
}

/* The value, with what the segments from `at` on mean in it edited. */
static struct tree *visit(struct walk *w, struct tree *value, uint32_t at, unsigned depth)
{
    if (at == w->pattern->count)
        return w->edit(w->ctx, value, buf_span(&w->path));
    if (depth == 2 * JSON_DEPTH_MAX)
        return value;
    struct span segment = w->pattern->segments[at];
    bool is_star = span_is(segment, "*");
    uint32_t index;
    if (is_star && value->type != TREE_ARRAY)
        return star_of_one(w, value, at, depth + 1);
    if (value->type == TREE_OBJECT) {
        edit_member(w, value, segment, at + 1, depth + 1);
    } else if (value->type == TREE_ARRAY && !is_star && pointer_index(segment, &index)) {
        size_t len = w->path.len;
        if (index >= value->count)
            return value;
        push_index(w, index);
        struct tree *item = visit(w, value->items[index], at + 1, depth + 1);
        w->path.len = len;
        if (item != NULL) {
            value->items[index] = item;
            return value;
        }
        value->count--;
        memmove(&value->items[index], &value->items[index + 1],
                (value->count - index) * sizeof(*value->items));
    } else if (value->type == TREE_ARRAY) {
        edit_items(w, value, is_star ? at + 1 : at, depth + 1);
    }
    return value;
}

enum err places_edit(struct tree *root, const struct pointer *pattern, places_edit_fn edit,
                     void *ctx)
{
    struct walk w = {.pattern = pattern, .edit = edit, .ctx = ctx};
    buf_init(&w.path, LINE_BYTES_MAX);
    if (root != NULL)
        (void)visit(&w, root, 0, 0);
    enum err err = buf_check(&w.path);
    buf_clear(&w.path);
    return err;
}

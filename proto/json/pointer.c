/* Pointers, read once and followed often. */
#include "proto/json/pointer.h"

static uint32_t slashes(struct span text)
{
    uint32_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += text.data[i] == '/';
    return count;
}

/* ~1 is a slash, ~0 a tilde, anything else after a tilde an error (RFC 6901, 3). */
static enum err read_segment(struct arena *arena, struct span raw, struct span *out)
{
    if (memchr(raw.len > 0 ? (const void *)raw.data : "", '~', raw.len) == NULL) {
        *out = raw;
        return OK;
    }
    uint8_t *text = arena_alloc(arena, raw.len);
    if (text == NULL)
        return arena_check(arena);
    size_t len = 0;
    for (size_t i = 0; i < raw.len; i++) {
        uint8_t c = raw.data[i];
        if (c == '~') {
            if (++i == raw.len || (raw.data[i] != '0' && raw.data[i] != '1'))
                return ERR_SYNTAX;
            c = raw.data[i] == '0' ? '~' : '/';
        }
        text[len++] = c;
    }
    *out = span_of(text, len);
    return OK;
}

enum err pointer_read(struct arena *arena, struct span text, struct pointer *out)
{
    struct pointer pointer = {.text = text, .count = slashes(text)};
    if (text.len > 0 && text.data[0] != '/')
        return ERR_SYNTAX;
    if (pointer.count > POINTER_SEGMENTS_MAX)
        return ERR_LIMIT;
    pointer.segments = arena_alloc_array(arena, pointer.count, sizeof(struct span));
    if (pointer.segments == NULL)
        return arena_check(arena);
    size_t at = 0;
    for (uint32_t i = 0; i < pointer.count; i++) {
        size_t end = ++at;
        while (end < text.len && text.data[end] != '/')
            end++;
        TRY(read_segment(arena, span_of(text.data + at, end - at), &pointer.segments[i]));
        at = end;
    }
    *out = pointer;
    return OK;
}

bool pointer_has_star(const struct pointer *pointer)
{
    for (uint32_t i = 0; i < pointer->count; i++) {
        if (span_is(pointer->segments[i], "*"))
            return true;
    }
    return false;
}

bool pointer_index(struct span segment, uint32_t *out)
{
    if (segment.len == 0 || segment.len > 9 || (segment.data[0] == '0' && segment.len > 1))
        return false;
    uint32_t value = 0;
    for (size_t i = 0; i < segment.len; i++) {
        if (segment.data[i] < '0' || segment.data[i] > '9')
            return false;
        value = value * 10 + (uint32_t)(segment.data[i] - '0');
    }
    *out = value;
    return true;
}

static struct tree *step(const struct tree *value, struct span segment)
{
    if (tree_is(value, TREE_OBJECT))
        return tree_member(value, segment);
    uint32_t index;
    if (tree_is(value, TREE_ARRAY) && pointer_index(segment, &index) && index < value->count)
        return value->items[index];
    return NULL;
}

struct tree *pointer_get(struct tree *root, const struct pointer *pointer)
{
    struct tree *value = root;
    for (uint32_t i = 0; i < pointer->count && value != NULL; i++)
        value = step(value, pointer->segments[i]);
    return value;
}

static bool is_container(const struct tree *value)
{
    return tree_is(value, TREE_OBJECT) || tree_is(value, TREE_ARRAY);
}

static struct tree *container_for(struct arena *arena, struct span segment)
{
    bool is_first = span_is(segment, "0") || span_is(segment, "-");
    return is_first ? tree_array(arena) : tree_object(arena);
}

static bool put_item(struct arena *arena, struct tree *array, struct span segment,
                     struct tree *value)
{
    uint32_t index = array->count;
    if (!span_is(segment, "-") && !pointer_index(segment, &index))
        return false;
    if (index > array->count && index > POINTER_INDEX_MAX)
        return false;
    while (array->count < index && arena_check(arena) == OK)
        tree_append(arena, array, tree_null(arena));
    if (index < array->count)
        array->items[index] = value;
    else
        tree_append(arena, array, value);
    return true;
}

static bool put(struct arena *arena, struct tree *container, struct span segment,
                struct tree *value)
{
    if (container->type == TREE_ARRAY)
        return put_item(arena, container, segment, value);
    tree_put(arena, container, segment, value);
    return true;
}

bool pointer_set(struct arena *arena, struct tree **root, const struct pointer *pointer,
                 struct tree *value)
{
    if (value == NULL)
        return true;
    if (pointer->count == 0) {
        *root = value;
        return true;
    }
    if (!is_container(*root))
        *root = container_for(arena, pointer->segments[0]);
    struct tree *at = *root;
    for (uint32_t i = 0; i + 1 < pointer->count && at != NULL; i++) {
        struct tree *next = step(at, pointer->segments[i]);
        if (!is_container(next)) {
            next = container_for(arena, pointer->segments[i + 1]);
            if (next == NULL || !put(arena, at, pointer->segments[i], next))
                return next == NULL;
        }
        at = next;
    }
    return at == NULL || put(arena, at, pointer->segments[pointer->count - 1], value);
}

bool pointer_covers(const struct pointer *pattern, const struct pointer *path)
{
    if (pattern->count > path->count)
        return false;
    for (uint32_t i = 0; i < pattern->count; i++) {
        if (!span_is(pattern->segments[i], "*") &&
            !span_equal(pattern->segments[i], path->segments[i]))
            return false;
    }
    return true;
}

void pointer_append_segment(struct buf *out, struct span segment)
{
    buf_append_byte(out, '/');
    for (size_t i = 0; i < segment.len; i++) {
        if (segment.data[i] == '~')
            buf_append_cstr(out, "~0");
        else if (segment.data[i] == '/')
            buf_append_cstr(out, "~1");
        else
            buf_append_byte(out, segment.data[i]);
    }
}

static bool each_from(struct tree *value, const struct pointer *pattern, uint32_t depth,
                      pointer_visit visit, void *ctx)
{
    if (value == NULL)
        return true;
    if (depth == pattern->count)
        return visit(ctx, value);
    if (!span_is(pattern->segments[depth], "*"))
        return each_from(step(value, pattern->segments[depth]), pattern, depth + 1, visit, ctx);
    for (uint32_t i = 0; is_container(value) && i < value->count; i++) {
        struct tree *child = value->type == TREE_ARRAY ? value->items[i] : value->members[i].value;
        if (!each_from(child, pattern, depth + 1, visit, ctx))
            return false;
    }
    return true;
}

bool pointer_each(struct tree *root, const struct pointer *pattern, pointer_visit visit, void *ctx)
{
    return each_from(root, pattern, 0, visit, ctx);
}

/* Values in an arena, and what is done with them as a whole. */
#include "proto/json/tree.h"

#include <math.h>

#include "proto/json/jcs.h"

static struct tree *tree_new(struct arena *arena, enum tree_type type)
{
    struct tree *value = arena_alloc(arena, sizeof(*value));
    if (value != NULL)
        value->type = type;
    return value;
}

struct tree *tree_null(struct arena *arena)
{
    return tree_new(arena, TREE_NULL);
}

struct tree *tree_boolean(struct arena *arena, bool value)
{
    return tree_new(arena, value ? TREE_TRUE : TREE_FALSE);
}

struct tree *tree_number(struct arena *arena, double value)
{
    CHECK(isfinite(value));
    struct tree *number = tree_new(arena, TREE_NUMBER);
    if (number != NULL)
        number->number = value;
    return number;
}

struct tree *tree_text(struct arena *arena, struct span utf8)
{
    struct tree *text = tree_new(arena, TREE_STRING);
    if (text != NULL)
        text->text = utf8;
    return text;
}

struct tree *tree_literal(struct arena *arena, const char *utf8)
{
    return tree_text(arena, span_cstr(utf8));
}

struct tree *tree_array(struct arena *arena)
{
    return tree_new(arena, TREE_ARRAY);
}

struct tree *tree_object(struct arena *arena)
{
    return tree_new(arena, TREE_OBJECT);
}

/* Room for one more; false when there is no memory. */
static bool grow(struct arena *arena, struct tree *value, size_t bytes_each)
{
    if (value->count < value->room)
        return true;
    uint32_t room = value->room == 0 ? 4 : value->room * 2;
    void *memory = arena_alloc_array(arena, room, bytes_each);
    if (memory == NULL)
        return false;
    if (value->count > 0)
        memcpy(memory,
               value->type == TREE_ARRAY ? (const void *)value->items
                                         : (const void *)value->members,
               value->count * bytes_each);
    value->room = room;
    if (value->type == TREE_ARRAY)
        value->items = memory;
    else
        value->members = memory;
    return true;
}

void tree_append(struct arena *arena, struct tree *array, struct tree *item)
{
    if (item == NULL || !tree_is(array, TREE_ARRAY) || !grow(arena, array, sizeof(struct tree *)))
        return;
    array->items[array->count++] = item;
}

/* Where the key is, or would be; *found says which. */
static uint32_t place(const struct tree *object, struct span key, bool *found)
{
    uint32_t low = 0;
    uint32_t high = object->count;
    *found = false;
    /* Members mostly come in order: the place is behind the last one. */
    if (high > 0 && jcs_compare_keys(object->members[high - 1].key, key) < 0)
        return high;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = jcs_compare_keys(object->members[middle].key, key);
        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void tree_put(struct arena *arena, struct tree *object, struct span key, struct tree *value)
{
    if (!tree_is(object, TREE_OBJECT))
        return;
    bool found;
    uint32_t at = place(object, key, &found);
    if (value == NULL) {
        if (!found)
            return;
        object->count--;
        memmove(object->members + at, object->members + at + 1,
                (object->count - at) * sizeof(struct tree_member));
        return;
    }
    if (found) {
        object->members[at].value = value;
        return;
    }
    if (!grow(arena, object, sizeof(struct tree_member)))
        return;
    memmove(object->members + at + 1, object->members + at,
            (object->count - at) * sizeof(struct tree_member));
    object->members[at] = (struct tree_member){.key = key, .value = value};
    object->count++;
}

/* Few members are found fastest by comparing bytes, many by their order. */
struct tree *tree_member(const struct tree *object, struct span key)
{
    if (!tree_is(object, TREE_OBJECT))
        return NULL;
    if (object->count <= 16) {
        for (uint32_t i = 0; i < object->count; i++)
            if (span_equal(object->members[i].key, key))
                return object->members[i].value;
        return NULL;
    }
    bool found;
    uint32_t at = place(object, key, &found);
    return found ? object->members[at].value : NULL;
}

static struct span decoded(struct arena *arena, const struct tape *tape, struct span text,
                           uint32_t index)
{
    struct span raw = tape_text(tape, text, index);
    if ((tape->tokens[index].flags & TAPE_ESCAPED) == 0)
        return raw;
    struct buf out;
    buf_init(&out, raw.len); /* decoding never grows: an escape is longer than what it means */
    tape_append_decoded(tape, text, index, &out);
    struct span copy = arena_dup(arena, buf_span(&out));
    if (buf_check(&out) != OK)
        arena->failed = buf_check(&out);
    buf_clear(&out);
    return copy;
}

static struct tree *array_from_tape(struct arena *arena, const struct tape *tape, struct span text,
                                    uint32_t index)
{
    struct tree *array = tree_array(arena);
    uint32_t count = tape->tokens[index].count;
    struct tree **items = arena_alloc_array(arena, count, sizeof(struct tree *));
    if (array == NULL || items == NULL)
        return NULL;
    uint32_t at = index + 1;
    for (uint32_t i = 0; i < count; i++, at = tape->tokens[at].next)
        items[i] = tree_from_tape(arena, tape, text, at);
    array->items = items;
    array->count = count;
    array->room = count;
    return array;
}

static struct tree *object_from_tape(struct arena *arena, const struct tape *tape, struct span text,
                                     uint32_t index)
{
    struct tree *object = tree_object(arena);
    uint32_t count = tape->tokens[index].count;
    struct tree_member *members = arena_alloc_array(arena, count, sizeof(struct tree_member));
    if (object == NULL || members == NULL)
        return NULL;
    uint32_t at = index + 1;
    for (uint32_t i = 0; i < count; i++, at = tape->tokens[at + 1].next)
        members[i] = (struct tree_member){.key = decoded(arena, tape, text, at),
                                          .value = tree_from_tape(arena, tape, text, at + 1)};
    object->members = members;
    object->count = count;
    object->room = count;
    return object;
}

struct tree *tree_from_tape(struct arena *arena, const struct tape *tape, struct span text,
                            uint32_t index)
{
    if (arena->failed != OK)
        return NULL;
    switch ((enum tape_type)tape->tokens[index].type) {
    case TAPE_NULL:
        return tree_null(arena);
    case TAPE_FALSE:
        return tree_boolean(arena, false);
    case TAPE_TRUE:
        return tree_boolean(arena, true);
    case TAPE_NUMBER:
        return tree_number(arena, tape_number(tape, text, index));
    case TAPE_STRING:
        return tree_text(arena, decoded(arena, tape, text, index));
    case TAPE_ARRAY:
        return array_from_tape(arena, tape, text, index);
    case TAPE_OBJECT:
        return object_from_tape(arena, tape, text, index);
    }
    return NULL;
}

static struct tree *copy_array(struct arena *arena, const struct tree *value)
{
    struct tree *copy = tree_array(arena);
    struct tree **items = arena_alloc_array(arena, value->count, sizeof(struct tree *));
    if (copy == NULL || items == NULL)
        return NULL;
    for (uint32_t i = 0; i < value->count; i++)
        items[i] = tree_copy(arena, value->items[i]);
    copy->items = items;
    copy->count = value->count;
    copy->room = value->count;
    return copy;
}

static struct tree *copy_object(struct arena *arena, const struct tree *value)
{
    struct tree *copy = tree_object(arena);
    struct tree_member *members =
        arena_alloc_array(arena, value->count, sizeof(struct tree_member));
    if (copy == NULL || members == NULL)
        return NULL;
    for (uint32_t i = 0; i < value->count; i++)
        members[i] = (struct tree_member){.key = value->members[i].key,
                                          .value = tree_copy(arena, value->members[i].value)};
    copy->members = members;
    copy->count = value->count;
    copy->room = value->count;
    return copy;
}

struct tree *tree_copy(struct arena *arena, const struct tree *value)
{
    if (value == NULL || arena->failed != OK)
        return NULL;
    if (value->type == TREE_ARRAY)
        return copy_array(arena, value);
    if (value->type == TREE_OBJECT)
        return copy_object(arena, value);
    struct tree *copy = tree_new(arena, value->type);
    if (copy == NULL)
        return NULL;
    *copy = *value;
    copy->is_read = false;
    copy->is_looked_at = false;
    return copy;
}

static bool equal_members(const struct tree *a, const struct tree *b)
{
    for (uint32_t i = 0; i < a->count; i++) {
        if (!span_equal(a->members[i].key, b->members[i].key) ||
            !tree_equal(a->members[i].value, b->members[i].value))
            return false;
    }
    return true;
}

static bool equal_items(const struct tree *a, const struct tree *b)
{
    for (uint32_t i = 0; i < a->count; i++) {
        if (!tree_equal(a->items[i], b->items[i]))
            return false;
    }
    return true;
}

bool tree_equal(const struct tree *a, const struct tree *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    if (a->type != b->type || a->count != b->count)
        return false;
    switch (a->type) {
    case TREE_NULL:
    case TREE_FALSE:
    case TREE_TRUE:
        return true;
    case TREE_NUMBER:
        return a->number == b->number;
    case TREE_STRING:
        return span_equal(a->text, b->text);
    case TREE_ARRAY:
        return equal_items(a, b);
    case TREE_OBJECT:
        return equal_members(a, b);
    }
    return false;
}

bool tree_is_deeper(const struct tree *value, unsigned depth_max)
{
    bool is_array = tree_is(value, TREE_ARRAY);
    if (!is_array && !tree_is(value, TREE_OBJECT))
        return false;
    if (depth_max == 0)
        return true;
    for (uint32_t i = 0; i < value->count; i++) {
        if (tree_is_deeper(is_array ? value->items[i] : value->members[i].value, depth_max - 1))
            return true;
    }
    return false;
}

static void append_array(struct buf *out, const struct tree *value)
{
    buf_append_byte(out, '[');
    for (uint32_t i = 0; i < value->count; i++) {
        if (i > 0)
            buf_append_byte(out, ',');
        tree_append_canonical(out, value->items[i]);
    }
    buf_append_byte(out, ']');
}

static void append_object(struct buf *out, const struct tree *value)
{
    buf_append_byte(out, '{');
    for (uint32_t i = 0; i < value->count; i++) {
        if (i > 0)
            buf_append_byte(out, ',');
        jcs_append_string(out, value->members[i].key);
        buf_append_byte(out, ':');
        tree_append_canonical(out, value->members[i].value);
    }
    buf_append_byte(out, '}');
}

void tree_append_canonical(struct buf *out, const struct tree *value)
{
    switch (value == NULL ? TREE_NULL : value->type) {
    case TREE_NULL:
        buf_append_cstr(out, "null");
        break;
    case TREE_FALSE:
        buf_append_cstr(out, "false");
        break;
    case TREE_TRUE:
        buf_append_cstr(out, "true");
        break;
    case TREE_NUMBER:
        jcs_append_number(out, value->number);
        break;
    case TREE_STRING:
        jcs_append_string(out, value->text);
        break;
    case TREE_ARRAY:
        append_array(out, value);
        break;
    case TREE_OBJECT:
        append_object(out, value);
        break;
    }
}

/* Bytes of the white space at `at`, or 0. */
static size_t space_bytes(struct span text, size_t at)
{
    uint8_t c = text.data[at];
    if (c == ' ' || (c >= '\t' && c <= '\r'))
        return 1;
    struct span rest = span_part(text, at, 3);
    if (span_starts_with(rest, SPAN_LITERAL("\xc2\xa0")))
        return 2;
    if (span_starts_with(rest, SPAN_LITERAL("\xe2\x80\xaf")))
        return 3;
    return 0;
}

bool tree_is_blank(const struct tree *value)
{
    if (value == NULL || value->type == TREE_NULL)
        return true;
    if (value->type != TREE_STRING)
        return false;
    for (size_t at = 0; at < value->text.len;) {
        size_t bytes = space_bytes(value->text, at);
        if (bytes == 0)
            return false;
        at += bytes;
    }
    return true;
}

#include "proto/json/value.h"

#include <stdlib.h>

#include "proto/json/jcs.h"

struct entry {
    struct span key;
    json_t *value;
};

static int by_key(const void *a, const void *b)
{
    const struct entry *x = a;
    const struct entry *y = b;
    return jcs_compare_keys(x->key, y->key);
}

static enum err append(struct buf *out, const json_t *value, unsigned depth_left);

static enum err append_array(struct buf *out, const json_t *array, unsigned depth_left)
{
    size_t i;
    json_t *item;
    buf_append_byte(out, '[');
    json_array_foreach(array, i, item)
    {
        if (i > 0)
            buf_append_byte(out, ',');
        TRY(append(out, item, depth_left));
    }
    buf_append_byte(out, ']');
    return OK;
}

static enum err append_entries(struct buf *out, const struct entry *entries, size_t count,
                               unsigned depth_left)
{
    buf_append_byte(out, '{');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buf_append_byte(out, ',');
        jcs_append_string(out, entries[i].key);
        buf_append_byte(out, ':');
        TRY(append(out, entries[i].value, depth_left));
    }
    buf_append_byte(out, '}');
    return OK;
}

static enum err append_object(struct buf *out, const json_t *value, unsigned depth_left)
{
    json_t *object =
        json_incref((json_t *)(uintptr_t)value); /* jansson iterates over non-const only */
    size_t count = 0;
    struct entry *entries = calloc(json_object_size(object) + 1, sizeof(*entries));
    enum err err = ERR_NO_MEMORY;
    if (entries != NULL) {
        for (void *i = json_object_iter(object); i != NULL; i = json_object_iter_next(object, i))
            entries[count++] =
                (struct entry){.key = span_of(json_object_iter_key(i), json_object_iter_key_len(i)),
                               .value = json_object_iter_value(i)};
        qsort(entries, count, sizeof(*entries), by_key);
        err = append_entries(out, entries, count, depth_left);
    }
    free(entries);
    json_decref(object);
    return err;
}

static enum err append(struct buf *out, const json_t *value, unsigned depth_left)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
    case JSON_ARRAY:
        if (depth_left == 0)
            return ERR_LIMIT;
        return json_is_object(value) ? append_object(out, value, depth_left - 1)
                                     : append_array(out, value, depth_left - 1);
    case JSON_STRING:
        jcs_append_string(out, span_of(json_string_value(value), json_string_length(value)));
        break;
    case JSON_INTEGER:
        jcs_append_number(out, (double)json_integer_value(value));
        break;
    case JSON_REAL:
        jcs_append_number(out, json_real_value(value));
        break;
    case JSON_TRUE:
        buf_append_cstr(out, "true");
        break;
    case JSON_FALSE:
        buf_append_cstr(out, "false");
        break;
    case JSON_NULL:
        buf_append_cstr(out, "null");
        break;
    }
    return buf_check(out);
}

enum err value_append(struct buf *out, const json_t *value, unsigned depth_max)
{
    TRY(buf_check(out));
    size_t start = out->len;
    enum err err = append(out, value, depth_max);
    if (err == OK)
        err = buf_check(out);
    if (err != OK) {
        out->len = start;
        out->failed = OK;
    }
    return err;
}

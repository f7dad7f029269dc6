/* The declaration, and ids by paths. */
#include "proto/schema/split.h"

#include <math.h>

#include "proto/base/number.h"
#include "proto/limits.h"

static enum err refuse(struct why *why, const char *rule)
{
    return why_set(why, ERR_BAD_PACK, rule, 0, NULL, NULL);
}

/* A text, or a list of texts. */
static enum err read_texts(struct arena *arena, const struct tree *value, struct span **out,
                           uint32_t *count_out, struct why *why)
{
    if (value == NULL)
        return OK;
    bool is_list = value->type == TREE_ARRAY;
    uint32_t count = is_list ? value->count : 1;
    struct span *texts = arena_alloc_array(arena, count + 1u, sizeof(*texts));
    if (texts == NULL)
        return arena_check(arena);
    for (uint32_t i = 0; i < count; i++) {
        const struct tree *item = is_list ? value->items[i] : value;
        if (!tree_is_text(item) || item->text.len == 0)
            return refuse(why, "split: jsonld has lists of types");
        texts[i] = item->text;
    }
    *out = texts;
    *count_out = count;
    return OK;
}

static enum err read_flag(const struct tree *value, bool *out, struct why *why)
{
    if (value != NULL && value->type != TREE_TRUE && value->type != TREE_FALSE)
        return refuse(why, "split: geojson and table are true or false");
    *out = tree_is(value, TREE_TRUE);
    return OK;
}

static enum err read_id(struct arena *arena, struct tree *value, struct split *out, struct why *why)
{
    if (value == NULL)
        return OK;
    if (value->type == TREE_OBJECT) {
        out->id_expression = value;
        return OK;
    }
    struct span *paths;
    uint32_t count = 0;
    if (value->type != TREE_ARRAY)
        return refuse(why, "split: id is an expression or a list of paths");
    out->id_by_content = value->count == 0;
    if (out->id_by_content)
        return OK;
    TRY(read_texts(arena, value, &paths, &count, why));
    out->ids = arena_alloc_array(arena, count, sizeof(*out->ids));
    if (out->ids == NULL)
        return arena_check(arena);
    for (uint32_t i = 0; i < count; i++) {
        enum err err = pointer_read(arena, paths[i], &out->ids[i]);
        if (err == ERR_SYNTAX)
            return refuse(why, "split: a path of id is a JSON Pointer (RFC 6901)");
        TRY(err);
    }
    out->id_count = count;
    return OK;
}

enum err split_read(struct arena *arena, struct span json, struct split *out, struct why *why)
{
    static const struct tape_limits limits = {.bytes_max = PACK_FILE_BYTES_MAX,
                                              .depth_max = JSON_DEPTH_MAX};
    *out = (struct split){0};
    if (json.len == 0)
        return OK;
    struct tape tape;
    tape_init(&tape);
    enum err err = tape_scan(&tape, json, &limits, why);
    struct tree *root = err == OK ? tree_from_tape(arena, &tape, json, 0) : NULL;
    tape_clear(&tape);
    TRY(err);
    TRY(arena_check(arena));
    struct tree *graph = tree_get(root, "jsonld");
    if (root->type != TREE_OBJECT || (graph != NULL && graph->type != TREE_OBJECT))
        return refuse(why, "split: an object, and jsonld in it is one");
    TRY(read_texts(arena, tree_get(graph, "@type"), &out->types, &out->type_count, why));
    TRY(read_texts(arena, tree_get(graph, "embed"), &out->embedded, &out->embedded_count, why));
    TRY(read_flag(tree_get(root, "geojson"), &out->geojson, why));
    TRY(read_flag(tree_get(root, "table"), &out->table, why));
    return read_id(arena, tree_get(root, "id"), out, why);
}

/* Appends text, or a whole number in its decimal form. */
static bool append_part(const struct tree *value, struct buf *out)
{
    if (tree_is_text(value) && value->text.len > 0) {
        buf_append_span(out, value->text);
        return true;
    }
    if (!tree_is(value, TREE_NUMBER) || value->number != trunc(value->number) ||
        fabs(value->number) > 9007199254740992.0)
        return false;
    uint8_t text[NUMBER_TEXT_BYTES_MAX];
    buf_append(out, text, number_write(value->number, text));
    return true;
}

static enum err bad_part(struct why *why, struct span path)
{
    char expected[96];
    size_t len = path.len < sizeof(expected) - 1 ? path.len : sizeof(expected) - 1;
    memcpy(expected, path.data, len);
    expected[len] = '\0';
    return why_set(why, ERR_BAD_ID, "split: the id is made of text or whole numbers", 0, expected,
                   NULL);
}

/* ERR_NOT_FOUND: one of them is missing. */
static enum err id_by_paths(const struct split *split, struct tree *body, struct buf *out,
                            struct why *why)
{
    for (uint32_t i = 0; i < split->id_count; i++)
        if (tree_is_blank(pointer_get(body, &split->ids[i])))
            return ERR_NOT_FOUND;
    for (uint32_t i = 0; i < split->id_count; i++) {
        if (i > 0)
            buf_append_byte(out, '/');
        if (!append_part(pointer_get(body, &split->ids[i]), out))
            return bad_part(why, split->ids[i].text);
    }
    return OK;
}

enum err split_id(const struct split *split, struct tree *body, const struct tree *made,
                  struct buf *out, struct why *why)
{
    enum err err = ERR_NOT_FOUND;
    if (split->id_by_content)
        return err;
    if (split->id_expression != NULL && !tree_is_blank(made))
        err = append_part(made, out) ? OK : bad_part(why, SPAN_LITERAL("an expression"));
    if (split->id_count > 0)
        err = id_by_paths(split, body, out, why);
    if (err != ERR_NOT_FOUND)
        return err;
    struct tree *own = tree_get(body, "@id");
    return append_part(own == NULL ? tree_get(body, "id") : own, out) ? OK : ERR_NOT_FOUND;
}

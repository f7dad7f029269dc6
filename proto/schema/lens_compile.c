/* What every part of the compiler uses: where it is, how it refuses, and the small kinds of value.
 */
#include "proto/base/fold.h"
#include "proto/json/jcs.h"
#include "proto/limits.h"
#include "proto/schema/lens_parts.h"

/* The value as canonical JSON (a text without its quotes), cut and made printable. */
static void describe(char *out, size_t room, const struct tree *value)
{
    struct buf text;
    buf_init(&text, LENS_BYTES_MAX);
    if (tree_is_text(value))
        buf_append_span(&text, value->text);
    else if (value != NULL)
        tree_append_canonical(&text, value);
    size_t len = text.len < room ? text.len : room - 1;
    while (len < text.len && len > 0 && (text.data[len] & 0xc0) == 0x80)
        len--;
    for (size_t i = 0; i < len; i++)
        out[i] = text.data[i] < 0x20 || text.data[i] == 0x7f ? ' ' : (char)text.data[i];
    out[len] = '\0';
    buf_clear(&text);
}

enum err compile_refuse(struct lens_compiler *c, enum lens_rule_broken rule,
                        const struct tree *found)
{
    if (c->refusal == NULL)
        return ERR_BAD_LENS;
    c->refusal->rule = rule;
    memcpy(c->refusal->pointer, c->path, c->path_len);
    c->refusal->pointer[c->path_len] = '\0';
    describe(c->refusal->found, sizeof(c->refusal->found), found);
    return ERR_BAD_LENS;
}

size_t compile_enter(struct lens_compiler *c, struct span key)
{
    size_t before = c->path_len;
    struct buf segment;
    buf_init(&segment, 2 * (size_t)LENS_BYTES_MAX);
    pointer_append_segment(&segment, key);
    if (segment.len < sizeof(c->path) - c->path_len) {
        memcpy(c->path + c->path_len, segment.data, segment.len);
        c->path_len += segment.len;
    }
    buf_clear(&segment);
    return before;
}

size_t compile_enter_name(struct lens_compiler *c, const char *key)
{
    return compile_enter(c, span_cstr(key));
}

size_t compile_enter_item(struct lens_compiler *c, uint32_t index)
{
    struct buf number;
    buf_init(&number, 16);
    buf_append_u64(&number, index);
    size_t before = compile_enter(c, buf_span(&number));
    buf_clear(&number);
    return before;
}

void *compile_room(struct lens_compiler *c, uint32_t count, size_t bytes_each)
{
    if (count > LENS_PARTS_MAX - c->parts) {
        c->arena->failed = ERR_LIMIT;
        return NULL;
    }
    c->parts += count;
    return arena_alloc_array(c->arena, count, bytes_each);
}

enum err compile_out_of_room(struct lens_compiler *c)
{
    if (arena_check(c->arena) == ERR_NO_MEMORY)
        return ERR_NO_MEMORY;
    return compile_refuse(c, LENS_REFUSED_LIMIT, NULL);
}

enum err compile_members(struct lens_compiler *c, const struct tree *object,
                         const char *const *names)
{
    if (!tree_is(object, TREE_OBJECT))
        return compile_refuse(c, LENS_REFUSED_WRONG_TYPE, object);
    for (uint32_t i = 0; i < object->count; i++) {
        const char *const *name = names;
        while (*name != NULL && !span_is(object->members[i].key, *name))
            name++;
        if (*name == NULL) {
            (void)compile_enter(c, object->members[i].key);
            return compile_refuse(c, LENS_REFUSED_UNKNOWN_MEMBER, NULL);
        }
    }
    return OK;
}

enum err compile_text(struct lens_compiler *c, const struct tree *value, struct span *out)
{
    if (value == NULL)
        return compile_refuse(c, LENS_REFUSED_MISSING, NULL);
    if (value->type != TREE_STRING)
        return compile_refuse(c, LENS_REFUSED_WRONG_TYPE, value);
    if (value->text.len == 0)
        return compile_refuse(c, LENS_REFUSED_EMPTY_TEXT, NULL);
    *out = value->text;
    return OK;
}

enum err compile_pointer(struct lens_compiler *c, const struct tree *value, struct pointer *out)
{
    if (value == NULL)
        return compile_refuse(c, LENS_REFUSED_MISSING, NULL);
    if (value->type != TREE_STRING)
        return compile_refuse(c, LENS_REFUSED_WRONG_TYPE, value);
    if (compile_room(c, 1, 0) == NULL)
        return compile_out_of_room(c);
    switch (pointer_read(c->arena, value->text, out)) {
    case OK:
        return OK;
    case ERR_SYNTAX:
        return compile_refuse(c, LENS_REFUSED_POINTER, value);
    default:
        return compile_out_of_room(c);
    }
}

static enum err fold_word(struct lens_compiler *c, struct span *word)
{
    struct buf folded;
    buf_init(&folded, 2 * (size_t)LENS_BYTES_MAX);
    fold_append_text(&folded, *word);
    *word = arena_dup(c->arena, buf_span(&folded));
    enum err err = buf_check(&folded);
    buf_clear(&folded);
    if (err != OK || arena_check(c->arena) != OK)
        return compile_out_of_room(c);
    return word->len > 0 ? OK : compile_refuse(c, LENS_REFUSED_EMPTY_TEXT, NULL);
}

enum err compile_words(struct lens_compiler *c, const struct tree *value, bool is_folded,
                       struct span **words_out, uint32_t *count_out)
{
    struct tree *const *items = NULL;
    uint32_t count = 1;
    if (value == NULL)
        return compile_refuse(c, LENS_REFUSED_MISSING, NULL);
    if (value->type == TREE_ARRAY) {
        items = value->items;
        count = value->count;
    }
    struct span *words = compile_room(c, count, sizeof(*words));
    if (words == NULL)
        return compile_out_of_room(c);
    for (uint32_t i = 0; i < count; i++) {
        size_t before = c->path_len;
        if (items != NULL)
            (void)compile_enter_item(c, i);
        TRY(compile_text(c, items == NULL ? value : items[i], &words[i]));
        if (is_folded)
            TRY(fold_word(c, &words[i]));
        compile_leave(c, before);
    }
    *words_out = words;
    *count_out = count;
    return OK;
}

static enum err parse(struct lens_compiler *c, struct jcs *jcs, struct span text, struct buf *bytes,
                      struct tape *tape, struct tree **out)
{
    static const struct tape_limits limits = {.bytes_max = LENS_BYTES_MAX,
                                              .depth_max = JSON_DEPTH_MAX};
    struct why why = {.rule = NULL};
    enum err err = jcs_canonicalise(jcs, text, &limits, bytes, &why);
    if (err == OK)
        err = tape_scan(tape, buf_span(bytes), &limits, &why);
    if (err == ERR_NO_MEMORY)
        return err;
    if (err == ERR_LIMIT)
        return compile_refuse(c, LENS_REFUSED_LIMIT, NULL);
    if (err != OK)
        return compile_refuse(c, LENS_REFUSED_JSON, NULL);
    struct span kept = arena_dup(c->arena, buf_span(bytes));
    *out = kept.data == NULL ? NULL : tree_from_tape(c->arena, tape, kept, 0);
    if (*out == NULL || arena_check(c->arena) != OK)
        return compile_out_of_room(c);
    if ((*out)->type != TREE_OBJECT)
        return compile_refuse(c, LENS_REFUSED_JSON, NULL);
    return OK;
}

enum err compile_parse(struct lens_compiler *c, struct span text, struct tree **out)
{
    struct buf bytes;
    struct tape tape;
    struct jcs *jcs = jcs_new();
    if (jcs == NULL)
        return ERR_NO_MEMORY;
    buf_init(&bytes, LENS_BYTES_MAX);
    tape_init(&tape);
    enum err err = parse(c, jcs, text, &bytes, &tape, out);
    tape_clear(&tape);
    buf_clear(&bytes);
    jcs_free(jcs);
    return err;
}

/* Any JSON -> canonical bytes and trees, for tests. */
#include "tests/lib/json_case.h"

#include "proto/json/jcs.h"

#define CASE_BYTES (64u * 1024u * 1024u)

void json_case_init(struct json_case *c)
{
    arena_init(&c->arena, CASE_BYTES);
    buf_init(&c->shown, CASE_BYTES);
}

void json_case_clear(struct json_case *c)
{
    arena_clear(&c->arena);
    buf_clear(&c->shown);
}

struct span json_case_canonical(struct json_case *c, const char *text)
{
    static const struct tape_limits limits = {.bytes_max = CASE_BYTES, .depth_max = 1000};
    size_t len = strlen(text);
    uint8_t *quoted = arena_alloc(&c->arena, len + 1);
    CHECK(quoted != NULL);
    for (size_t i = 0; i < len; i++)
        quoted[i] = (uint8_t)(text[i] == '\'' ? '"' : text[i]);
    struct jcs *jcs = jcs_new();
    struct buf out;
    buf_init(&out, CASE_BYTES);
    CHECK(jcs != NULL && jcs_canonicalise(jcs, span_of(quoted, len), &limits, &out, NULL) == OK);
    size_t bytes = out.len;
    buf_append_byte(&out, 0);
    struct span canonical = arena_dup(&c->arena, buf_span(&out));
    buf_clear(&out);
    jcs_free(jcs);
    return span_of(canonical.data, bytes);
}

struct tree *json_case_tree(struct json_case *c, const char *text)
{
    static const struct tape_limits limits = {.bytes_max = CASE_BYTES, .depth_max = 1000};
    struct span canonical = json_case_canonical(c, text);
    struct tape tape;
    tape_init(&tape);
    CHECK(tape_scan(&tape, canonical, &limits, NULL) == OK);
    struct tree *tree = tree_from_tape(&c->arena, &tape, canonical, 0);
    tape_clear(&tape);
    CHECK(tree != NULL);
    return tree;
}

const char *json_case_show(struct json_case *c, const struct tree *value)
{
    buf_reset(&c->shown);
    tree_append_canonical(&c->shown, value);
    buf_append_byte(&c->shown, 0);
    CHECK(buf_check(&c->shown) == OK);
    return (const char *)c->shown.data;
}

const char *json_case_text(struct json_case *c, const char *text)
{
    return (const char *)json_case_canonical(c, text).data;
}

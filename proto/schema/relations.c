/* Pairs of terms, and the members of a body that name something else. */
#include "proto/schema/relations.h"

#include <stdlib.h>

#include "proto/limits.h"

struct pair {
    struct span term;
    struct span other;
    bool is_first;
};

struct inverses {
    struct arena arena;
    struct buf json;
    struct pair *pairs; /* both directions, sorted by term */
    size_t count;
};

static int compare(struct span a, struct span b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len == 0 ? 0 : memcmp(a.data, b.data, len);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_pairs(const void *a, const void *b)
{
    return compare(((const struct pair *)a)->term, ((const struct pair *)b)->term);
}

static const struct pair *find(const struct inverses *inverses, struct span term)
{
    const struct pair key = {.term = term};
    if (inverses == NULL || inverses->count == 0)
        return NULL;
    return bsearch(&key, inverses->pairs, inverses->count, sizeof(key), compare_pairs);
}

static enum err refuse(struct why *why, const char *rule)
{
    return why_set(why, ERR_BAD_PACK, rule, 0, NULL, NULL);
}

static enum err read_pairs(struct inverses *inverses, const struct tree *list, struct why *why)
{
    if (!tree_is(list, TREE_ARRAY))
        return refuse(why, "inverses: a list of pairs of names");
    inverses->pairs =
        arena_alloc_array(&inverses->arena, 2u * list->count + 1u, sizeof(*inverses->pairs));
    TRY(arena_check(&inverses->arena));
    for (uint32_t i = 0; i < list->count; i++) {
        const struct tree *pair = list->items[i];
        if (pair->type != TREE_ARRAY || pair->count != 2 || !tree_is_text(pair->items[0]) ||
            !tree_is_text(pair->items[1]))
            return refuse(why, "inverses: a list of pairs of names");
        struct span a = pair->items[0]->text;
        struct span b = pair->items[1]->text;
        inverses->pairs[inverses->count++] = (struct pair){a, b, true};
        if (!span_equal(a, b))
            inverses->pairs[inverses->count++] = (struct pair){b, a, false};
    }
    qsort(inverses->pairs, inverses->count, sizeof(*inverses->pairs), compare_pairs);
    for (size_t i = 1; i < inverses->count; i++)
        if (span_equal(inverses->pairs[i - 1].term, inverses->pairs[i].term))
            return refuse(why, "inverses: a name stands in one pair");
    return OK;
}

static enum err compile(struct inverses *inverses, struct span json, struct why *why)
{
    static const struct tape_limits limits = {.bytes_max = PACK_FILE_BYTES_MAX,
                                              .depth_max = JSON_DEPTH_MAX};
    buf_append_span(&inverses->json, json);
    TRY(buf_check(&inverses->json));
    if (json.len == 0)
        return OK;
    struct tape tape;
    tape_init(&tape);
    enum err err = tape_scan(&tape, buf_span(&inverses->json), &limits, why);
    struct tree *root =
        err == OK ? tree_from_tape(&inverses->arena, &tape, buf_span(&inverses->json), 0) : NULL;
    tape_clear(&tape);
    TRY(err);
    TRY(arena_check(&inverses->arena));
    return read_pairs(inverses, root, why);
}

enum err inverses_compile(struct span json, struct inverses **out, struct why *why)
{
    struct inverses *inverses = calloc(1, sizeof(*inverses));
    if (inverses == NULL)
        return ERR_NO_MEMORY;
    arena_init(&inverses->arena, ALIAS_BYTES_MAX);
    buf_init(&inverses->json, PACK_FILE_BYTES_MAX);
    enum err err = compile(inverses, json, why);
    if (err != OK) {
        inverses_free(inverses);
        return err;
    }
    *out = inverses;
    return OK;
}

void inverses_free(struct inverses *inverses)
{
    if (inverses == NULL)
        return;
    arena_clear(&inverses->arena);
    buf_clear(&inverses->json);
    free(inverses);
}

struct span inverses_of(const struct inverses *inverses, struct span predicate)
{
    const struct pair *pair = find(inverses, predicate);
    return pair == NULL ? span_of(NULL, 0) : pair->other;
}

struct relation relation_inverse(const struct inverses *inverses, struct relation stated)
{
    return (struct relation){stated.object, inverses_of(inverses, stated.predicate),
                             stated.subject};
}

struct relation relation_canonical(const struct inverses *inverses, struct relation stated)
{
    const struct pair *pair = find(inverses, stated.predicate);
    if (pair == NULL)
        return stated;
    bool is_symmetric = span_equal(pair->term, pair->other);
    bool turn = is_symmetric ? compare(stated.subject, stated.object) > 0 : !pair->is_first;
    return turn ? relation_inverse(inverses, stated) : stated;
}

/* ---- in a body ---- */

struct stating {
    const struct inverses *inverses;
    struct span subject;
    relation_visit visit;
    void *ctx;
    bool stopped;
};

static void state(struct stating *s, struct span predicate, struct span object)
{
    bool is_label = span_starts_with(object, SPAN_LITERAL("_:"));
    if (s->stopped || object.len == 0 || predicate.len == 0 || is_label)
        return;
    struct relation relation =
        relation_canonical(s->inverses, (struct relation){s->subject, predicate, object});
    s->stopped = !s->visit(s->ctx, &relation);
}

/* scheme ":" and something without white space (RFC 3987, 2.2). */
static bool is_absolute(struct span text)
{
    size_t scheme = 0;
    while (scheme < text.len &&
           ((text.data[scheme] | 0x20) >= 'a' && (text.data[scheme] | 0x20) <= 'z'))
        scheme++;
    if (scheme < 3 || text.len < scheme + 2 || text.data[scheme] != ':')
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] <= ' ' || text.data[i] == '<' || text.data[i] == '>' ||
            text.data[i] == '"')
            return false;
    bool is_mail = span_starts_with(text, SPAN_LITERAL("mailto:"));
    return !is_mail && !span_starts_with(text, SPAN_LITERAL("data:"));
}

static void state_value(struct stating *s, struct span key, const struct tree *value)
{
    bool is_paired = find(s->inverses, key) != NULL;
    bool is_term = key.len > 0 && memchr(key.data, ':', key.len) != NULL;
    if (value->type == TREE_STRING && (is_paired || (is_term && is_absolute(value->text))))
        state(s, key, value->text);
    const struct tree *id = tree_get(value, "@id");
    if (tree_is_text(id) && (is_paired || is_term))
        state(s, key, id->text);
    const struct tree *predicate = tree_get(value, "predicate_url");
    const struct tree *object = tree_get(value, "object_url");
    if (tree_is_text(predicate) && tree_is_text(object))
        state(s, predicate->text, object->text);
    for (uint32_t i = 0; value->type == TREE_ARRAY && i < value->count; i++)
        state_value(s, key, value->items[i]);
}

void relations_each(const struct inverses *inverses, struct span subject, const struct tree *body,
                    relation_visit visit, void *ctx)
{
    struct stating s = {.inverses = inverses, .subject = subject, .visit = visit, .ctx = ctx};
    for (uint32_t i = 0; tree_is(body, TREE_OBJECT) && i < body->count; i++) {
        struct span key = body->members[i].key;
        if (key.len > 0 && key.data[0] != '@')
            state_value(&s, key, body->members[i].value);
    }
}

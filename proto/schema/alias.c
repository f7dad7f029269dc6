/* Tables of old names, and a walk that writes the current ones. */
#include "proto/schema/alias.h"

#include <stdlib.h>

#include "proto/limits.h"

#define ALIAS_STEPS_MAX 8u /* from the oldest name to the current one */

struct pair {
    struct span from;
    struct span to;
};

struct table {
    struct pair *pairs; /* sorted by from, bytewise */
    size_t count;
};

struct alias {
    struct arena arena;
    struct buf json; /* a copy: text points into it */
    struct table prefixes;
    struct table terms;
    struct table contexts; /* address -> canonical address */
    struct table files;    /* address -> file */
};

/* ---- tables ---- */

static int compare(struct span a, struct span b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len == 0 ? 0 : memcmp(a.data, b.data, len);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_pairs(const void *a, const void *b)
{
    return compare(((const struct pair *)a)->from, ((const struct pair *)b)->from);
}

static const struct pair *find(const struct table *table, struct span from)
{
    const struct pair key = {.from = from};
    return table->count == 0
               ? NULL
               : bsearch(&key, table->pairs, table->count, sizeof(key), compare_pairs);
}

/* The longest prefix of text that the table has, shorter than text itself. */
static const struct pair *find_prefix(const struct table *table, struct span text)
{
    const struct pair *best = NULL;
    for (size_t i = 0; i < table->count; i++) {
        const struct pair *pair = &table->pairs[i];
        if (text.len > pair->from.len && span_starts_with(text, pair->from) &&
            (best == NULL || pair->from.len > best->from.len))
            best = pair;
    }
    return best;
}

static struct span joined(struct arena *arena, struct span a, struct span b)
{
    uint8_t *text = arena_alloc(arena, a.len + b.len);
    if (text == NULL)
        return span_of(NULL, 0);
    if (a.len > 0)
        memcpy(text, a.data, a.len);
    if (b.len > 0)
        memcpy(text + a.len, b.data, b.len);
    return span_of(text, a.len + b.len);
}

/* One step towards the current name; false when text is current. */
static bool step(const struct alias *alias, struct arena *arena, struct span *text)
{
    const struct pair *term = find(&alias->terms, *text);
    if (term != NULL) {
        *text = term->to;
        return true;
    }
    const struct pair *prefix = find_prefix(&alias->prefixes, *text);
    if (prefix == NULL)
        return false;
    struct span longer = joined(arena, prefix->to, span_part(*text, prefix->from.len, text->len));
    if (longer.data == NULL)
        return false;
    *text = longer;
    return true;
}

struct span alias_term(const struct alias *alias, struct arena *arena, struct span text)
{
    struct span current = text;
    for (unsigned i = 0; i < ALIAS_STEPS_MAX && step(alias, arena, &current); i++)
        continue;
    return current;
}

struct span alias_context(const struct alias *alias, struct span address)
{
    const struct pair *pair = find(&alias->contexts, address);
    return pair == NULL ? span_of(NULL, 0) : pair->to;
}

struct span alias_context_file(const struct alias *alias, struct span address)
{
    const struct pair *pair = find(&alias->files, address);
    return pair == NULL ? span_of(NULL, 0) : pair->to;
}

/* ---- compiling ---- */

static enum err refuse(struct why *why, const char *rule)
{
    return why_set(why, ERR_BAD_PACK, rule, 0, NULL, NULL);
}

static enum err read_table(struct arena *arena, const struct tree *object, struct table *out,
                           struct why *why)
{
    if (object == NULL)
        return OK;
    if (object->type != TREE_OBJECT)
        return refuse(why, "aliases: prefixes, terms and contexts are objects of text");
    out->pairs = arena_alloc_array(arena, object->count + 1, sizeof(*out->pairs));
    if (out->pairs == NULL)
        return arena_check(arena);
    for (uint32_t i = 0; i < object->count; i++) {
        const struct tree_member *member = &object->members[i];
        if (!tree_is_text(member->value))
            return refuse(why, "aliases: every alias is a text");
        if (member->key.len == 0)
            return refuse(why, "aliases: an empty name stands for nothing");
        if (!span_equal(member->key, member->value->text))
            out->pairs[out->count++] = (struct pair){member->key, member->value->text};
    }
    qsort(out->pairs, out->count, sizeof(*out->pairs), compare_pairs);
    return OK;
}

static bool is_shorter(struct span a, struct span b)
{
    return a.len != b.len ? a.len < b.len : compare(a, b) < 0;
}

/* The file that an address leads to, through other addresses; empty: none. */
static struct span file_of(const struct table *raw, struct span address)
{
    for (size_t i = 0; i <= raw->count; i++) {
        const struct pair *pair = find(raw, address);
        if (pair == NULL)
            return i == 0 ? span_of(NULL, 0) : address;
        address = pair->to;
    }
    return span_of(NULL, 0);
}

static enum err read_contexts(struct alias *alias, const struct tree *object, struct why *why)
{
    struct table raw = {0};
    TRY(read_table(&alias->arena, object, &raw, why));
    alias->contexts.pairs = arena_alloc_array(&alias->arena, raw.count + 1, sizeof(struct pair));
    alias->files.pairs = arena_alloc_array(&alias->arena, raw.count + 1, sizeof(struct pair));
    TRY(arena_check(&alias->arena));
    for (size_t i = 0; i < raw.count; i++) {
        struct span address = raw.pairs[i].from;
        struct span file = file_of(&raw, address);
        if (file.len == 0 || find(&raw, file) != NULL)
            return refuse(why, "aliases: a context address leads to a file of the pack");
        struct span canonical = address;
        for (size_t j = 0; j < raw.count; j++)
            if (span_equal(file_of(&raw, raw.pairs[j].from), file) &&
                is_shorter(raw.pairs[j].from, canonical))
                canonical = raw.pairs[j].from;
        alias->contexts.pairs[alias->contexts.count++] = (struct pair){address, canonical};
        alias->files.pairs[alias->files.count++] = (struct pair){address, file};
    }
    return OK;
}

/* Every name must become current in a few steps. */
static enum err check_loops(struct alias *alias, const struct table *table, const char *rest,
                            struct why *why)
{
    for (size_t i = 0; i < table->count; i++) {
        struct span name = joined(&alias->arena, table->pairs[i].from, span_cstr(rest));
        unsigned steps = 0;
        while (steps < ALIAS_STEPS_MAX && step(alias, &alias->arena, &name))
            steps++;
        TRY(arena_check(&alias->arena));
        if (steps == ALIAS_STEPS_MAX)
            return refuse(why,
                          "aliases: a name leads to its current form in at most 7 steps, never "
                          "back to itself");
    }
    return OK;
}

static enum err compile(struct alias *alias, struct span json, struct why *why)
{
    static const struct tape_limits limits = {.bytes_max = PACK_FILE_BYTES_MAX,
                                              .depth_max = JSON_DEPTH_MAX};
    buf_append_span(&alias->json, json);
    TRY(buf_check(&alias->json));
    struct tape tape;
    tape_init(&tape);
    enum err err = tape_scan(&tape, buf_span(&alias->json), &limits, why);
    struct tree *root =
        err == OK ? tree_from_tape(&alias->arena, &tape, buf_span(&alias->json), 0) : NULL;
    tape_clear(&tape);
    TRY(err);
    TRY(arena_check(&alias->arena));
    if (root->type != TREE_OBJECT)
        return refuse(why, "aliases: an object of prefixes, terms and contexts");
    TRY(read_table(&alias->arena, tree_get(root, "prefixes"), &alias->prefixes, why));
    TRY(read_table(&alias->arena, tree_get(root, "terms"), &alias->terms, why));
    TRY(read_contexts(alias, tree_get(root, "contexts"), why));
    TRY(check_loops(alias, &alias->terms, "", why));
    return check_loops(alias, &alias->prefixes, "x", why);
}

enum err alias_compile(struct span json, struct alias **out, struct why *why)
{
    struct alias *alias = calloc(1, sizeof(*alias));
    if (alias == NULL)
        return ERR_NO_MEMORY;
    arena_init(&alias->arena, ALIAS_BYTES_MAX);
    buf_init(&alias->json, PACK_FILE_BYTES_MAX);
    enum err err = compile(alias, json, why);
    if (err != OK) {
        alias_free(alias);
        return err;
    }
    *out = alias;
    return OK;
}

void alias_free(struct alias *alias)
{
    if (alias == NULL)
        return;
    arena_clear(&alias->arena);
    buf_clear(&alias->json);
    free(alias);
}

/* ---- applying ---- */

/* What an inline @context defines: names -> IRIs. Inner contexts add to outer ones. */
struct scope {
    const struct scope *outer;
    const struct tree *context; /* an object */
};

struct applying {
    const struct alias *alias;
    struct arena *arena;
    size_t changed;
};

static bool has_colon(struct span text)
{
    return text.len > 0 && memchr(text.data, ':', text.len) != NULL;
}

/* The IRI that an inline context gives to a name; empty: none. */
static struct span defined(const struct scope *scope, struct span name)
{
    for (; scope != NULL; scope = scope->outer) {
        const struct tree *value = tree_member(scope->context, name);
        if (tree_is(value, TREE_OBJECT))
            value = tree_get(value, "@id");
        if (tree_is_text(value))
            return value->text;
    }
    return span_of(NULL, 0);
}

/* A prefixed or bare name through the inline contexts: one step of JSON-LD's IRI expansion. */
static struct span expand(struct applying *a, const struct scope *scope, struct span name,
                          bool is_term)
{
    if (scope == NULL || name.len == 0 || name.data[0] == '@')
        return span_of(NULL, 0);
    struct span whole = is_term ? defined(scope, name) : span_of(NULL, 0);
    if (whole.len > 0 && !span_equal(whole, name)) {
        struct span further = has_colon(whole) ? expand(a, scope, whole, false) : span_of(NULL, 0);
        return further.len > 0 ? further : whole;
    }
    const uint8_t *colon = memchr(name.data, ':', name.len);
    if (colon != NULL) {
        size_t len = (size_t)(colon - name.data);
        struct span iri = defined(scope, span_of(name.data, len));
        return has_colon(iri) ? joined(a->arena, iri, span_part(name, len + 1, name.len))
                              : span_of(NULL, 0);
    }
    struct span vocabulary = is_term ? defined(scope, SPAN_LITERAL("@vocab")) : span_of(NULL, 0);
    return vocabulary.len > 0 ? joined(a->arena, vocabulary, name) : span_of(NULL, 0);
}

/* The current form of a name; the name itself (same pointer) when it is that already. */
static struct span rename_one(struct applying *a, const struct scope *scope, struct span name,
                              bool is_term)
{
    struct span current = alias_term(a->alias, a->arena, name);
    if (current.data == name.data) {
        struct span iri = expand(a, scope, name, is_term);
        struct span known = iri.len == 0 ? iri : alias_term(a->alias, a->arena, iri);
        if (known.len > 0 && known.data != iri.data)
            current = known;
    }
    if (span_equal(current, name))
        return name;
    a->changed++;
    return current;
}

static void rename_texts(struct applying *a, const struct scope *scope, struct tree *value,
                         bool is_term)
{
    if (tree_is_text(value))
        value->text = rename_one(a, scope, value->text, is_term);
    for (uint32_t i = 0; tree_is(value, TREE_ARRAY) && i < value->count; i++)
        if (tree_is_text(value->items[i]))
            value->items[i]->text = rename_one(a, scope, value->items[i]->text, is_term);
}

static void rename_contexts(struct applying *a, struct tree *value)
{
    if (tree_is_text(value)) {
        struct span canonical = alias_context(a->alias, value->text);
        if (canonical.len > 0 && !span_equal(canonical, value->text)) {
            value->text = canonical;
            a->changed++;
        }
    }
    for (uint32_t i = 0; tree_is(value, TREE_ARRAY) && i < value->count; i++)
        if (tree_is_text(value->items[i]))
            rename_contexts(a, value->items[i]);
}

static void append_unlike(struct arena *arena, struct tree *list, struct tree *item)
{
    for (uint32_t i = 0; i < list->count; i++)
        if (tree_equal(list->items[i], item))
            return;
    tree_append(arena, list, item);
}

/* Both values in one list, each once: JSON-LD's members are sets. */
static struct tree *both(struct arena *arena, struct tree *a, struct tree *b)
{
    if (tree_equal(a, b))
        return a;
    struct tree *list = tree_array(arena);
    struct tree *const values[] = {a, b};
    for (size_t i = 0; list != NULL && i < 2; i++) {
        if (values[i]->type != TREE_ARRAY)
            append_unlike(arena, list, values[i]);
        for (uint32_t j = 0; values[i]->type == TREE_ARRAY && j < values[i]->count; j++)
            append_unlike(arena, list, values[i]->items[j]);
    }
    return list;
}

static void rename_keys(struct applying *a, const struct scope *scope, struct tree *object)
{
    struct tree *renamed = NULL;
    for (uint32_t i = 0; i < object->count; i++) {
        struct span key = object->members[i].key;
        struct span now = rename_one(a, scope, key, true);
        if (now.data == key.data)
            continue;
        struct tree *there = tree_member(object, now);
        if (there != NULL && !has_colon(now)) {
            a->changed--;
            continue;
        }
        if (renamed == NULL)
            renamed = tree_object(a->arena);
        struct tree *also = there == NULL ? tree_member(renamed, now) : there;
        struct tree *value = object->members[i].value;
        value = also == NULL ? value : both(a->arena, also, value);
        if (there == NULL) {
            tree_put(a->arena, renamed, now, value);
        } else {
            for (uint32_t j = 0; j < object->count; j++)
                if (object->members[j].value == there)
                    object->members[j].value = value;
        }
        object->members[i].value = NULL; /* moved */
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; renamed != NULL && i < object->count; i++)
        if (object->members[i].value != NULL)
            object->members[kept++] = object->members[i];
    object->count = renamed != NULL ? kept : object->count;
    for (uint32_t i = 0; renamed != NULL && i < renamed->count; i++)
        tree_put(a->arena, object, renamed->members[i].key, renamed->members[i].value);
}

static void apply(struct applying *a, const struct scope *scope, struct tree *value)
{
    for (uint32_t i = 0; value->type == TREE_ARRAY && i < value->count; i++)
        apply(a, scope, value->items[i]);
    if (value->type != TREE_OBJECT || tree_get(value, "@value") != NULL) {
        if (value->type == TREE_OBJECT)
            rename_texts(a, scope, tree_get(value, "@type"), true);
        return;
    }
    struct tree *context = tree_get(value, "@context");
    rename_contexts(a, context);
    struct scope scopes[4]; /* as many inline contexts of one object as are understood */
    size_t scope_count = 0;
    bool is_list = tree_is(context, TREE_ARRAY);
    for (uint32_t i = 0; context != NULL && i < (is_list ? context->count : 1); i++) {
        struct tree *one = is_list ? context->items[i] : context;
        if (one->type == TREE_OBJECT && scope_count < 4) {
            scopes[scope_count] = (struct scope){scope, one};
            scope = &scopes[scope_count++];
        }
    }
    rename_keys(a, scope, value);
    for (uint32_t i = 0; i < value->count; i++) {
        struct span key = value->members[i].key;
        struct tree *inside = value->members[i].value;
        if (span_is(key, "@context"))
            continue;
        bool is_type = span_is(key, "@type");
        if (is_type || span_is(key, "@id") || has_colon(key))
            rename_texts(a, scope, inside, is_type);
        apply(a, scope, inside);
    }
}

size_t alias_apply(const struct alias *alias, struct arena *arena, struct tree *root)
{
    struct applying a = {.alias = alias, .arena = arena};
    if (alias != NULL && root != NULL)
        apply(&a, NULL, root);
    return a.changed;
}

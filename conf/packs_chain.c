/* The way from one vocabulary to another over the lenses of all packs. */
#include <stdio.h>
#include <stdlib.h>

#include <assert.h>

#include "conf/packs_parts.h"
#include "proto/limits.h"
#include "proto/schema/alias.h"
#include "proto/schema/core.h"

static_assert(PACKS_CHAIN_MAX == LENS_CHAIN_MAX, "a chain holds what the search finds");

/* The lenses of a snapshot as the search takes them. */
struct graph {
    struct lens_edge *edges;
    struct packs_lens **lenses;
    uint32_t count;
};

static void graph_clear(struct graph *graph)
{
    free(graph->edges);
    free(graph->lenses);
}

static enum err graph_make(const struct packs *packs, struct graph *out)
{
    size_t all = 0;
    for (size_t i = 0; i < packs->loaded_count; i++)
        all += packs->loaded[i]->lens_count;
    *out = (struct graph){.edges = calloc(all + 1, sizeof(*out->edges)),
                          .lenses = calloc(all + 1, sizeof(struct packs_lens *))};
    if (out->edges == NULL || out->lenses == NULL) {
        graph_clear(out);
        return ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < packs->loaded_count; i++) {
        for (size_t j = 0; j < packs->loaded[i]->lens_count; j++) {
            struct packs_lens *lens = &packs->loaded[i]->lenses[j];
            if (lens->from.len == 0 || lens->to.len == 0)
                continue;
            out->lenses[out->count] = lens;
            out->edges[out->count++] =
                (struct lens_edge){.from = lens->from, .to = lens->to, .both = lens->both};
        }
    }
    return OK;
}

/* "schema.org" is asked for as "schema.org/": whatever begins so. */
static struct span as_prefix(struct span to, char *out, size_t size)
{
    if (memchr(to.data, '/', to.len) != NULL || to.len + 1 >= size || span_is(to, "core"))
        return to;
    memcpy(out, to.data, to.len);
    out[to.len] = '/';
    return span_of(out, to.len + 1);
}

static bool is_there(struct span from, struct span to)
{
    return span_equal(from, to) ||
           (to.len > 0 && to.data[to.len - 1] == '/' && span_starts_with(from, to));
}

static enum err fill(const struct graph *graph, const struct lens_step *steps, unsigned count,
                     struct packs_chain *out, struct why *why)
{
    struct packs_chain chain = {.count = count};
    for (unsigned i = 0; i < count; i++) {
        struct packs_lens *lens = graph->lenses[steps[i].lens];
        bool back = steps[i].direction == LENS_BACK;
        chain.steps[i] = (struct packs_step){.backwards = back,
                                             .from = back ? lens->to : lens->from,
                                             .to = back ? lens->from : lens->to,
                                             .pack = lens->loaded->pack,
                                             .file = lens->content->path,
                                             .owner = lens->loaded};
        TRY(packs_lens_compiled(lens, &chain.steps[i].lens, why));
    }
    *out = chain;
    return OK;
}

/* What can be reached, in the room of an `expected`. */
static enum err say_nothing_leads(const struct packs *packs, struct span from, struct span to,
                                  struct why *why)
{
    struct span names[8];
    char known[96] = "";
    char wanted[96];
    size_t at = 0;
    size_t count = packs_reach(packs, from, names, 8);
    for (size_t i = 0; i < count && at + names[i].len + 3 < sizeof(known); i++)
        at += (size_t)snprintf(known + at, sizeof(known) - at, "%s%.*s", i == 0 ? "" : ", ",
                               (int)names[i].len, (const char *)names[i].data);
    (void)snprintf(wanted, sizeof(wanted), "%.*s", (int)(to.len < 90 ? to.len : 90),
                   (const char *)to.data);
    return why_set(why, ERR_NOT_FOUND, "lenses, at most 4 in a row", 0, known, wanted);
}

enum err packs_find_chain(const struct packs *packs, struct span from, struct span to,
                          struct packs_chain *out, struct why *why)
{
    struct graph graph;
    struct lens_step steps[LENS_CHAIN_MAX];
    char prefix[256];
    struct span target = as_prefix(to, prefix, sizeof(prefix));
    const struct alias *alias = NULL;
    const struct packs_type *type = packs_find_type(packs, from, NULL);
    if (type != NULL)
        TRY(packs_type_aliases(type, &alias, why));
    if (is_there(from, target)) {
        *out = (struct packs_chain){.alias = alias};
        return OK;
    }
    TRY(graph_make(packs, &graph));
    unsigned count = lens_chain(graph.edges, graph.count, from, target, steps);
    enum err err =
        count == 0 ? say_nothing_leads(packs, from, to, why) : fill(&graph, steps, count, out, why);
    graph_clear(&graph);
    if (err == OK)
        out->alias = alias;
    return err;
}

static size_t add_name(struct span *names, size_t count, size_t max, struct span from,
                       struct span name)
{
    for (size_t i = 0; i < count; i++)
        if (span_equal(names[i], name))
            return count;
    if (count == max || span_equal(name, from))
        return count;
    names[count] = name;
    return count + 1;
}

size_t packs_reach(const struct packs *packs, struct span from, struct span *out, size_t max)
{
    struct graph graph;
    size_t count = 0;
    size_t level = 0;
    if (graph_make(packs, &graph) != OK)
        return 0;
    for (unsigned step = 0; step < PACKS_CHAIN_MAX; step++) {
        size_t end = count;
        for (size_t i = step == 0 ? 0 : level; step == 0 ? i == 0 : i < end; i++) {
            struct span here = step == 0 ? from : out[i];
            for (uint32_t e = 0; e < graph.count; e++) {
                if (span_equal(graph.edges[e].from, here))
                    count = add_name(out, count, max, from, graph.edges[e].to);
                if (graph.edges[e].both && span_equal(graph.edges[e].to, here))
                    count = add_name(out, count, max, from, graph.edges[e].from);
            }
        }
        level = end;
    }
    graph_clear(&graph);
    return count;
}

/* ---- Labels for lenses: the vocabularies of the pack that a lens is of. */

static bool label_of(void *ctx, struct span name, struct span concept, struct span language,
                     struct span *label_out)
{
    const struct vocabulary *vocabulary;
    if (packs_loaded_vocabulary(ctx, name, &vocabulary, NULL) != OK ||
        !vocabulary_has(vocabulary, concept))
        return false;
    *label_out = vocabulary_label(vocabulary, concept, &language, 1, NULL);
    return true;
}

static bool concept_of(void *ctx, struct span name, struct span label, struct span language,
                       struct span *concept_out)
{
    const struct vocabulary *vocabulary;
    (void)language;
    if (packs_loaded_vocabulary(ctx, name, &vocabulary, NULL) != OK)
        return false;
    *concept_out = vocabulary_find(vocabulary, label);
    return concept_out->len > 0;
}

struct lens_vocabularies packs_vocabularies_of(struct packs_loaded *loaded)
{
    return (struct lens_vocabularies){
        .ctx = loaded, .label_of = label_of, .concept_of = concept_of};
}

enum err packs_json_open(struct packs_json *out, struct arena *arena, struct span json)
{
    static const struct tape_limits limits = {.bytes_max = JSON_TEXT_BYTES_MAX,
                                              .depth_max = JSON_DEPTH_MAX};
    tape_init(&out->tape);
    enum err err = tape_scan(&out->tape, json, &limits, NULL);
    if (err == OK) {
        out->root = tree_from_tape(arena, &out->tape, json, 0);
        err = arena_check(arena);
    }
    if (err != OK)
        tape_clear(&out->tape);
    return err;
}

void packs_json_close(struct packs_json *json)
{
    tape_clear(&json->tape);
}

enum err packs_chain_apply(const struct packs_chain *chain, struct lens_work *work,
                           struct tree *source, packs_step_seen *seen, void *ctx, struct tree **out)
{
    struct tree *value = source;
    if (alias_apply(chain->alias, lens_work_arena(work), source) > 0)
        TRY(arena_check(lens_work_arena(work)));
    for (size_t i = 0; i < chain->count; i++) {
        const struct packs_step *step = &chain->steps[i];
        struct lens_vocabularies known = packs_vocabularies_of(step->owner);
        struct lens_result result;
        lens_work_set_vocabularies(work, step->owner == NULL ? NULL : &known);
        enum err err =
            lens_apply(step->lens, step->backwards ? LENS_BACK : LENS_THERE, work, value, &result);
        lens_work_set_vocabularies(work, NULL);
        if (err != OK)
            return err;
        if (seen != NULL)
            seen(ctx, step, &result);
        value = result.value;
    }
    *out = value;
    return OK;
}

enum err packs_type_core_apply(const struct packs_type *type, struct lens_work *work,
                               struct tree *body, const struct span *languages,
                               uint32_t language_count, struct core *out)
{
    const struct alias *alias;
    const struct core_map *map;
    TRY(packs_type_aliases(type, &alias, NULL));
    TRY(packs_type_core(type, &map, NULL));
    if (map == NULL)
        return ERR_NOT_FOUND;
    if (alias_apply(alias, lens_work_arena(work), body) > 0)
        TRY(arena_check(lens_work_arena(work)));
    struct lens_vocabularies known = packs_vocabularies_of(type->loaded);
    lens_work_set_vocabularies(work, &known);
    enum err err = core_map_apply(map, work, body, languages, language_count, out);
    lens_work_set_vocabularies(work, NULL);
    return err;
}

/* Any JSON as a document of nodes, and as what a pack declares: aliases, split, inverses,
 * projections, a vocabulary. Bodies are canonical and hold no label that depends on the document's.
 */
#include <stdlib.h>

#include "proto/json/jcs.h"
#include "proto/limits.h"
#include "proto/schema/concept.h"
#include "proto/schema/graph.h"
#include "proto/schema/identifier.h"
#include "proto/schema/projection.h"
#include "proto/schema/relations.h"
#include "proto/schema/split.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool keep_on(void *ctx, const struct relation *relation)
{
    size_t *count = ctx;
    return relation->subject.len < JSON_TEXT_BYTES_MAX && ++*count < 1000;
}

static bool look_on(void *ctx, struct span pointer, const struct tree *value)
{
    size_t *count = ctx;
    return value != NULL && pointer.len < JSON_TEXT_BYTES_MAX && ++*count < 1000;
}

/* The text as each of the things that a pack declares. */
static void as_declaration(struct span json, struct tree *body, struct arena *arena)
{
    struct alias *alias = NULL;
    struct inverses *inverses = NULL;
    struct vocabulary *vocabulary = NULL;
    struct projection *projection = NULL;
    struct split split;
    struct span closure[16];
    struct pack_type type = {.projections_json = json, .personal_whole = true};
    size_t count = 0;
    if (alias_compile(json, &alias, NULL) == OK) {
        (void)alias_apply(alias, arena, body);
    }
    if (inverses_compile(json, &inverses, NULL) == OK)
        relations_each(inverses, SPAN_LITERAL("s"), body, keep_on, &count);
    if (vocabulary_read(json, &vocabulary, NULL) == OK)
        for (size_t i = 0; i < vocabulary_count(vocabulary); i++) {
            struct span code = vocabulary_code(vocabulary, i);
            CHECK(vocabulary_has(vocabulary, code));
            CHECK(vocabulary_broader(vocabulary, code, closure, 16) <= 16);
            (void)vocabulary_current(vocabulary, code);
            (void)vocabulary_find(vocabulary, vocabulary_label(vocabulary, code, NULL, 0, NULL));
        }
    if (split_read(arena, json, &split, NULL) == OK) {
        struct buf id;
        buf_init(&id, 1u << 20);
        if (split_id(&split, body, tree_get(body, "made"), &id, NULL) == OK)
            CHECK(id.len > 0);
        buf_clear(&id);
    }
    (void)!personal_each(&type, body, look_on, &count);
    if (projection_compile(&type, SPAN_LITERAL("public"), &projection, NULL) == OK)
        (void)!projection_apply(projection, arena, body);
    alias_free(alias);
    inverses_free(inverses);
    vocabulary_free(vocabulary);
    projection_free(projection);
}

static void as_graph(struct tree *item, struct arena *arena)
{
    static const struct graph_kind kinds[] = {
        {.type = {.data = (const uint8_t *)"P", .len = 1}},
        {.type = {.data = (const uint8_t *)"E", .len = 1}, .embed = true}};
    struct graph *graph = graph_new();
    struct graph_left left[4];
    size_t left_kinds;
    uint64_t total;
    if (graph_add(graph, item, 1) == OK && graph_close(graph, kinds, 2) == OK) {
        for (size_t i = 0; i < graph_count(graph) && i < 64; i++) {
            struct tree *body;
            struct buf first;
            struct buf again;
            buf_init(&first, 8u << 20);
            buf_init(&again, 8u << 20);
            if (graph_body(graph, i, NULL, arena, &body, NULL) == OK) {
                tree_append_canonical(&first, body);
                CHECK(body->type == TREE_OBJECT);
            }
            if (graph_body(graph, i, NULL, arena, &body, NULL) == OK) {
                tree_append_canonical(&again, body);
                CHECK(span_equal(buf_span(&first), buf_span(&again)));
            }
            buf_clear(&first);
            buf_clear(&again);
        }
        CHECK(graph_left_out(graph, left, 4, &left_kinds, &total) == OK && left_kinds <= 4);
    }
    graph_free(graph);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct tape_limits limits = {.bytes_max = 1u << 20, .depth_max = 64};
    struct jcs *jcs = jcs_new();
    struct tape tape;
    struct arena arena;
    struct buf json;
    struct buf form;
    tape_init(&tape);
    arena_init(&arena, 64u << 20);
    buf_init(&json, 1u << 20);
    buf_init(&form, 1u << 20);
    if (jcs_canonicalise(jcs, span_of(data, size), &limits, &json, NULL) == OK &&
        tape_scan(&tape, buf_span(&json), &limits, NULL) == OK) {
        as_graph(tree_from_tape(&arena, &tape, buf_span(&json), 0), &arena);
        as_declaration(buf_span(&json), tree_from_tape(&arena, &tape, buf_span(&json), 0), &arena);
    }
    for (int i = NORMALISE_TRIM; i <= NORMALISE_PHONE && size > 0; i++) {
        struct span text = span_of(data + 1, size - 1);
        buf_reset(&form);
        identifier_normalise((enum normaliser)i, text, &form);
        (void)!identifier_check(SPAN_LITERAL("VAT"), buf_span(&form), NULL);
        (void)!identifier_check(SPAN_LITERAL("WEBSITE"), buf_span(&form), NULL);
        (void)!identifier_check(SPAN_LITERAL("FR-SIRET"), buf_span(&form), NULL);
    }
    buf_clear(&form);
    buf_clear(&json);
    arena_clear(&arena);
    tape_clear(&tape);
    jcs_free(jcs);
    return 0;
}

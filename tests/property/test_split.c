/* A graph is the same however it is written: its nodes in another order, its blank nodes under
 * other labels, nested or flat, one description torn in two. The records' bytes do not change.
 * Random graphs from fixed seeds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "proto/schema/graph.h"
#include "tests/lib/json_case.h"

#define NODES 24u
#define LINKS 3u
#define ROUNDS 400u

static uint64_t random_state;

static unsigned below(unsigned limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)(random_state % limit);
}

/* What a graph says, apart from how it is written. */
struct meaning {
    unsigned count;
    struct {
        bool is_blank;
        unsigned type; /* 0 none, 1 claimed, 2 not, 3 to be embedded */
        unsigned links[LINKS];
        unsigned link_count;
        bool as_text[LINKS];
        unsigned many; /* values of one list */
    } nodes[NODES];
};

/* How it is written. */
struct writing {
    unsigned order[NODES];
    unsigned label[NODES];
    bool torn;
    bool nested; /* a blank node that is referred to once is written where that is */
    bool written[NODES];
};

static struct meaning random_meaning(void)
{
    struct meaning m = {.count = 1 + below(NODES)};
    for (unsigned i = 0; i < m.count; i++) {
        m.nodes[i].is_blank = below(3) > 0;
        m.nodes[i].type = below(4);
        m.nodes[i].link_count = below(LINKS + 1);
        m.nodes[i].many = below(3);
        for (unsigned j = 0; j < m.nodes[i].link_count; j++) {
            m.nodes[i].links[j] = below(m.count);
            m.nodes[i].as_text[j] = below(2) > 0;
        }
    }
    return m;
}

static struct writing random_writing(const struct meaning *m)
{
    struct writing w = {.torn = below(2) > 0, .nested = below(2) > 0};
    for (unsigned i = 0; i < m->count; i++) {
        unsigned at = below(i + 1);
        w.order[i] = w.order[at];
        w.order[at] = i;
    }
    unsigned shift = below(1000);
    for (unsigned i = 0; i < m->count; i++)
        w.label[i] = shift + (i * 7) % 31 + 100 * i;
    return w;
}

static unsigned uses(const struct meaning *m, unsigned node)
{
    unsigned count = 0;
    for (unsigned i = 0; i < m->count; i++)
        for (unsigned j = 0; j < m->nodes[i].link_count; j++)
            count += m->nodes[i].links[j] == node;
    return count;
}

static void put(struct buf *out, const char *text)
{
    buf_append_cstr(out, text);
}

static void put_name(struct buf *out, const struct meaning *m, const struct writing *w,
                     unsigned node)
{
    put(out, m->nodes[node].is_blank ? "'_:b" : "'http://n/");
    buf_append_u64(out, m->nodes[node].is_blank ? w->label[node] : node);
    put(out, "'");
}

static void put_node(struct buf *out, const struct meaning *m, struct writing *w, unsigned node,
                     unsigned part, unsigned depth);

static void put_link(struct buf *out, const struct meaning *m, struct writing *w, unsigned node,
                     unsigned link, unsigned depth)
{
    unsigned to = m->nodes[node].links[link];
    bool is_alone = m->nodes[to].is_blank && uses(m, to) == 1;
    if (w->nested && is_alone && !w->written[to] && depth < 20) {
        w->written[to] = true;
        put_node(out, m, w, to, 2, depth + 1);
        return;
    }
    /* The two ways of referring stay as they are: they are part of what is said. One that may be
     * written in place is an object in both. */
    bool as_text = m->nodes[node].as_text[link] && !is_alone;
    put(out, as_text ? "" : "{'@id':");
    put_name(out, m, w, to);
    put(out, as_text ? "" : "}");
}

/* part 0: the first half of its members, 1: the second, 2: all. */
static void put_node(struct buf *out, const struct meaning *m, struct writing *w, unsigned node,
                     unsigned part, unsigned depth)
{
    static const char *const types[] = {"", ",'@type':'P'", ",'@type':['X','Y']", ",'@type':'E'"};
    put(out, "{'@id':");
    put_name(out, m, w, node);
    if (part != 1) {
        put(out, types[m->nodes[node].type]);
        put(out, ",'v':");
        buf_append_u64(out, node);
    }
    for (unsigned j = 0; j < m->nodes[node].link_count; j++) {
        if (part != 2 && j % 2 != part)
            continue;
        put(out, ",'l");
        buf_append_u64(out, j);
        put(out, "':");
        put_link(out, m, w, node, j, depth);
    }
    if (part != 0 && m->nodes[node].many > 0)
        put(out, m->nodes[node].many == 1 ? ",'m':[3,'a',{'k':[]}]" : ",'m':{'@value':'_:b1'}");
    put(out, "}");
}

static const char *write_graph(struct buf *out, const struct meaning *m, struct writing *w)
{
    buf_reset(out);
    put(out, "{'@graph':[");
    const char *comma = "";
    for (unsigned i = 0; i < m->count; i++) {
        unsigned node = w->order[i];
        bool is_alone = m->nodes[node].is_blank && uses(m, node) == 1;
        if (w->nested && (w->written[node] || is_alone))
            continue;
        w->written[node] = true;
        put(out, comma);
        comma = ",";
        put_node(out, m, w, node, w->torn ? 0 : 2, 0);
        if (w->torn) {
            put(out, ",");
            put_node(out, m, w, node, 1, 0);
        }
    }
    for (unsigned i = 0; i < m->count; i++) { /* rings that nothing else leads to */
        if (w->written[i])
            continue;
        w->written[i] = true;
        put(out, comma);
        comma = ",";
        put_node(out, m, w, i, 2, 0);
    }
    put(out, "]}");
    buf_append_byte(out, 0);
    assert_int_equal(buf_check(out), OK);
    return (const char *)out->data;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The bodies of a document, sorted, a line each. */
static void split(const char *document, struct buf *out)
{
    static const struct graph_kind kinds[] = {
        {.type = {.data = (const uint8_t *)"P", .len = 1}},
        {.type = {.data = (const uint8_t *)"E", .len = 1}, .embed = true}};
    struct json_case json;
    json_case_init(&json);
    struct graph *graph = graph_new();
    const char *bodies[NODES];
    assert_int_equal(graph_add(graph, json_case_tree(&json, document), 1), OK);
    assert_int_equal(graph_close(graph, kinds, 2), OK);
    size_t count = graph_count(graph);
    assert_true(count <= NODES);
    for (size_t i = 0; i < count; i++) {
        struct tree *body;
        assert_int_equal(graph_body(graph, i, NULL, &json.arena, &body, NULL), OK);
        const char *text = json_case_show(&json, body);
        struct span copy = arena_dup(&json.arena, span_of(text, strlen(text) + 1));
        bodies[i] = (const char *)copy.data;
    }
    qsort(bodies, count, sizeof(*bodies), compare_texts);
    buf_reset(out);
    for (size_t i = 0; i < count; i++) {
        put(out, bodies[i]);
        put(out, "\n");
    }
    buf_append_byte(out, 0);
    assert_int_equal(buf_check(out), OK);
    graph_free(graph);
    json_case_clear(&json);
}

static void the_same_graph_gives_the_same_records_however_it_is_written(void **state)
{
    (void)state;
    struct buf document;
    struct buf first;
    struct buf other;
    buf_init(&document, 1u << 20);
    buf_init(&first, 1u << 20);
    buf_init(&other, 1u << 20);
    unsigned with_records = 0;
    for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
        random_state = seed * UINT64_C(0x9e3779b97f4a7c15);
        struct meaning m = random_meaning();
        struct writing w = {.torn = false};
        for (unsigned i = 0; i < m.count; i++) {
            w.order[i] = i;
            w.label[i] = i;
        }
        split(write_graph(&document, &m, &w), &first);
        with_records += first.len > 1;
        for (unsigned again = 0; again < 4; again++) {
            w = random_writing(&m);
            split(write_graph(&document, &m, &w), &other);
            if (strcmp((const char *)first.data, (const char *)other.data) != 0)
                fail_msg("seed %llu, writing %u: %s\ngives\n%sin place of\n%s",
                         (unsigned long long)seed, again, (const char *)document.data,
                         (const char *)other.data, (const char *)first.data);
        }
    }
    assert_true(with_records > ROUNDS / 2);
    buf_clear(&document);
    buf_clear(&first);
    buf_clear(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_graph_gives_the_same_records_however_it_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

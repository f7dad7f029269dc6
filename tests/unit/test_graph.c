/* proto/schema/graph, split: a document of many nodes becomes records that stay the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "proto/limits.h"
#include "proto/schema/graph.h"
#include "proto/schema/split.h"
#include "tests/lib/json_case.h"

static const struct graph_kind kinds[] = {
    {.type = {.data = (const uint8_t *)"P", .len = 1}, .claim = 0},
    {.type = {.data = (const uint8_t *)"Q", .len = 1}, .claim = 1},
    {.type = {.data = (const uint8_t *)"E", .len = 1}, .embed = true}};

struct at {
    struct json_case json;
    struct graph *graph;
};

static int setup(void **state)
{
    static struct at at;
    json_case_init(&at.json);
    at.graph = graph_new();
    assert_non_null(at.graph);
    *state = &at;
    return 0;
}

static int teardown(void **state)
{
    struct at *at = *state;
    graph_free(at->graph);
    json_case_clear(&at->json);
    return 0;
}

/* Splits a document and compares its bodies, written one after the other in a list. */
static void gives(struct at *at, const char *document, const char *bodies)
{
    graph_free(at->graph);
    at->graph = graph_new();
    assert_int_equal(graph_add(at->graph, json_case_tree(&at->json, document), 1), OK);
    assert_int_equal(graph_close(at->graph, kinds, 3), OK);
    struct tree *list = tree_array(&at->json.arena);
    for (size_t i = 0; i < graph_count(at->graph); i++) {
        struct tree *body;
        struct why why = {0};
        enum err err = graph_body(at->graph, i, NULL, &at->json.arena, &body, &why);
        if (err != OK)
            fail_msg("%s: %s", err_slug(err), why.rule);
        tree_append(&at->json.arena, list, body);
    }
    assert_string_equal(json_case_show(&at->json, list), json_case_text(&at->json, bodies));
}

static void a_blank_node_stands_where_it_is_referred_to_without_its_label(void **state)
{
    const char *bodies = "[{'@id':'http://p','@type':'P','price':{'@type':'Price','value':2}}]";
    gives(*state,
          "{'@graph':[{'@id':'_:b7','@type':'Price','value':2},{'@id':'http://"
          "p','@type':'P','price':'_:b7'}]}",
          bodies);
    gives(*state,
          "[{'@id':'http://"
          "p','@type':'P','price':{'@id':'_:x'}},{'@id':'_:x','@type':'Price','value':2}]",
          bodies);
    gives(*state, "{'@id':'http://p','@type':'P','price':{'@type':'Price','value':2}}", bodies);
    gives(*state, "{'@id':'http://p','@type':'P','price':{'@id':'_:y','@type':'Price','value':2}}",
          bodies);
}

static void one_that_is_referred_to_twice_is_named_by_its_path(void **state)
{
    gives(*state,
          "[{'@id':'http://"
          "p','@type':'P','b':['_:1','x'],'a':{'c':{'@id':'_:1'}}},{'@id':'_:1','v':1}]",
          "[{'@id':'http://p','@type':'P','a':{'c':{'@id':'_:/a/c','v':1}},'b':['_:/a/c','x']}]");
}

static void a_ring_of_blank_nodes_ends(void **state)
{
    gives(*state,
          "[{'@id':'http://"
          "p','@type':'P','a':'_:1'},{'@id':'_:1','next':'_:2'},{'@id':'_:2','next':['_:1']}]",
          "[{'@id':'http://p','@type':'P','a':{'@id':'_:/a','next':{'next':['_:/a']}}}]");
    gives(*state, "[{'@id':'_:1','@type':'P','self':{'@id':'_:1'}}]",
          "[{'@id':'_:root','@type':'P','self':{'@id':'_:root'}}]");
    gives(*state,
          "[{'@id':'_:1','@type':'P','n':'_:2','v':1},{'@id':'_:2','@type':'P','n':'_:1','v':2}]",
          "[{'@id':'_:root','@type':'P','n':{'@type':'P','n':'_:root','v':2},'v':1}]");
}

static void named_nodes_that_are_claimed_stay_references(void **state)
{
    gives(*state,
          "{'@id':'http://p','@type':'P','offer':{'@id':'http://q','@type':['Q','X'],'of':'http://"
          "p'},'r':{'@id':'http://r'}}",
          "[{'@id':'http://p','@type':'P','offer':{'@id':'http://q'},'r':{'@id':'http://r'}},"
          "{'@id':'http://q','@type':['Q','X'],'of':'http://p'}]");
    assert_int_equal(graph_record(((struct at *)*state)->graph, 1).claim, 1);
    gives(
        *state,
        "{'@id':'http://p','@type':'P','at':{'@id':'http://a','@type':'Address','city':'Lyon'}}",
        "[{'@id':'http://p','@type':'P','at':{'@id':'http://a','@type':'Address','city':'Lyon'}}]");
}

static void named_nodes_of_a_kind_to_embed_stand_where_they_are_referred_to(void **state)
{
    gives(*state,
          "[{'@id':'http://p','@type':'P','at':'http://e','too':{'@id':'http://e'},'n':'http://"
          "none'},"
          "{'@id':'http://e','@type':'E','city':'Lyon'}]",
          "[{'@id':'http://p','@type':'P','at':{'@id':'http://e','@type':'E','city':'Lyon'},"
          "'too':{'@id':'http://e'},'n':'http://none'}]");
}

static void what_one_claim_embeds_another_refers_to(void **state)
{
    gives(*state,
          "[{'@id':'http://p','@type':'P','at':'http://e'},{'@id':'http://"
          "q','@type':'Q','at':'http://e'},"
          "{'@id':'http://e','@type':'E','city':'Lyon'}]",
          "[{'@id':'http://p','@type':'P','at':{'@id':'http://e','@type':'E','city':'Lyon'}},"
          "{'@id':'http://q','@type':'Q','at':'http://e'}]");
}

static void a_blank_node_that_nobody_holds_is_a_record(void **state)
{
    gives(*state, "[{'@type':'P','v':1},{'@id':'_:z','@type':'P','v':2}]",
          "[{'@type':'P','v':1},{'@type':'P','v':2}]");
    assert_int_equal(graph_record(((struct at *)*state)->graph, 1).id.len, 0);
    gives(*state,
          "{'@id':'http://"
          "c','@type':'Catalogue','lists':[{'@type':'P','of':{'@type':'Q','v':1}},'_:2']}",
          "[{'@type':'P','of':{'@type':'Q','v':1}}]");
    gives(*state,
          "[{'@id':'http://"
          "c','@type':'Catalogue','lists':['_:2','_:3']},{'@id':'_:3','@type':'Q','v':3},"
          "{'@id':'_:2','@type':'P','of':'_:3'}]",
          "[{'@type':'P','of':{'@type':'Q','v':3}}]");
}

static void what_is_strewn_over_the_document_is_put_together(void **state)
{
    const char *bodies = "[{'@id':'http://p','@type':'P','a':['y','x'],'b':1,'c':[3,3]}]";
    struct tree *body;
    gives(*state,
          "[{'@id':'http://p','@type':'P','a':'x','b':1},{'x':{'@id':'http://"
          "p','a':['y','x'],'c':[3,3]}}]",
          bodies);
    gives(
        *state,
        "[{'@id':'http://p','a':['y','x'],'c':[3,3]},{'@id':'http://p','@type':'P','a':'x','b':1}]",
        bodies);
    assert_int_equal(graph_body(((struct at *)*state)->graph, 0, NULL,
                                &((struct at *)*state)->json.arena, &body, NULL),
                     OK);
}

static void a_name_with_its_type_alone_is_no_record(void **state)
{
    gives(*state, "[{'@id':'http://p','@type':'P','of':{'@id':'http://q','@type':'Q'}}]",
          "[{'@id':'http://p','@type':'P','of':{'@id':'http://q','@type':'Q'}}]");
    gives(*state, "[{'@id':'http://q','@type':'Q'}]", "[]");
}

static void literals_and_lists_are_left_as_they_are(void **state)
{
    const char *body =
        "[{'@id':'http://"
        "p','@type':'P','n':{'@value':'_:1','@language':'fr'},'l':{'@list':[2,1,{'a':[]}]},"
        "'t':'_:unknown','u':[null,true,1.5,{}]}]";
    gives(*state, body, body);
}

static void only_known_contexts_are_kept(void **state)
{
    struct at *at = *state;
    struct alias *alias;
    assert_int_equal(
        alias_compile(json_case_canonical(&at->json, "{'contexts':{'http://c':'contexts/c.json'}}"),
                      &alias, NULL),
        OK);
    const char *documents[] = {"{'@context':'http://c','@id':'http://p','@type':'P','v':1}",
                               "{'@context':['http://d',{'v':'http://v'},'http://"
                               "c'],'@graph':[{'@id':'http://p','@type':'P','v':1}]}",
                               "{'@context':'http://d','@id':'http://p','@type':'P','v':1}"};
    for (size_t i = 0; i < 3; i++) {
        graph_free(at->graph);
        at->graph = graph_new();
        struct tree *body;
        assert_int_equal(graph_add(at->graph, json_case_tree(&at->json, documents[i]), 1), OK);
        assert_int_equal(graph_close(at->graph, kinds, 3), OK);
        assert_int_equal(graph_body(at->graph, 0, alias, &at->json.arena, &body, NULL), OK);
        assert_string_equal(
            json_case_show(&at->json, body),
            json_case_text(&at->json,
                           i < 2 ? "{'@context':'http://c','@id':'http://p','@type':'P','v':1}"
                                 : "{'@id':'http://p','@type':'P','v':1}"));
    }
    alias_free(alias);
}

static void what_no_type_takes_is_counted(void **state)
{
    struct at *at = *state;
    gives(at,
          "[{'@id':'http://p','@type':'P','a':'_:1'},{'@id':'_:1','@type':'In'},{'@id':'http://"
          "x','@type':'X','v':1},"
          "{'@id':'http://y','@type':['X'],'v':1},{'@id':'http://z','v':1}]",
          "[{'@id':'http://p','@type':'P','a':{'@type':'In'}}]");
    struct graph_left left[4];
    size_t found;
    uint64_t total;
    assert_int_equal(graph_left_out(at->graph, left, 4, &found, &total), OK);
    assert_int_equal(found, 2);
    assert_int_equal(total, 3);
    assert_true(span_is(left[0].type, "X") && left[0].count == 2);
    assert_true(left[1].type.len == 0 && left[1].count == 1);
}

static void
what_stands_inside_an_embedded_node_is_not_left_out_nor_is_its_copy_at_the_top(void **state)
{
    struct at *at = *state;
    gives(at,
          "[{'@id':'http://p','@type':'P','a':'http://e'},"
          "{'@id':'http://e','@type':'E','in':{'@type':'X','v':[1,2],'w':{'@type':'Y'}}},"
          "{'@type':'X','v':[1,2],'w':{'@type':'Y'}},{'@type':'X','v':[1,3],'w':{'@type':'Y'}}]",
          "[{'@id':'http://p','@type':'P','a':{'@id':'http://e','@type':'E',"
          "'in':{'@type':'X','v':[1,2],'w':{'@type':'Y'}}}}]");
    struct graph_left left[4];
    size_t found;
    uint64_t total;
    assert_int_equal(graph_left_out(at->graph, left, 4, &found, &total), OK);
    assert_int_equal(total, 1);
    assert_int_equal(found, 1);
    assert_true(span_is(left[0].type, "X"));
}

/* E is met first in the body of a claim that leaves what E leads to where it is. */
static void what_one_body_holds_through_an_embedded_node_of_another_is_not_left_out(void **state)
{
    static const struct graph_kind both[] = {
        {.type = {.data = (const uint8_t *)"P", .len = 1}, .claim = 0},
        {.type = {.data = (const uint8_t *)"Q", .len = 1}, .claim = 1},
        {.type = {.data = (const uint8_t *)"E", .len = 1}, .claim = 0, .embed = true},
        {.type = {.data = (const uint8_t *)"E", .len = 1}, .claim = 1, .embed = true},
        {.type = {.data = (const uint8_t *)"F", .len = 1}, .claim = 1, .embed = true}};
    struct at *at = *state;
    const char *document = "[{'@id':'http://p','@type':'P','a':{'@id':'http://e'}},"
                           "{'@id':'http://q','@type':'Q','a':{'@id':'http://e'}},"
                           "{'@id':'http://e','@type':'E','f':{'@id':'http://f'}},"
                           "{'@id':'http://f','@type':'F','v':1}]";
    assert_int_equal(graph_add(at->graph, json_case_tree(&at->json, document), 1), OK);
    assert_int_equal(graph_close(at->graph, both, 5), OK);
    struct graph_left left[4];
    size_t found;
    uint64_t total;
    assert_int_equal(graph_left_out(at->graph, left, 4, &found, &total), OK);
    assert_int_equal(total, 0);
}

/* A chain of blank nodes, and a fan of a shared one. */
static void depth_and_size_of_a_body_are_bounded(void **state)
{
    struct at *at = *state;
    struct buf text;
    buf_init(&text, 1u << 20);
    buf_append_cstr(&text, "[{'@id':'http://p','@type':'P','n':'_:0'}");
    for (unsigned i = 0; i < 100; i++) {
        buf_append_cstr(&text, ",{'@id':'_:");
        buf_append_u64(&text, i);
        buf_append_cstr(&text, "','n':'_:");
        buf_append_u64(&text, i + 1);
        buf_append_cstr(&text, "'}");
    }
    buf_append_cstr(&text, "]");
    buf_append_byte(&text, 0);
    assert_int_equal(graph_add(at->graph, json_case_tree(&at->json, (const char *)text.data), 1),
                     OK);
    assert_int_equal(graph_close(at->graph, kinds, 3), OK);
    struct tree *body;
    struct why why = {0};
    assert_int_equal(graph_count(at->graph), 1);
    assert_int_equal(graph_body(at->graph, 0, NULL, &at->json.arena, &body, &why), ERR_LIMIT);
    assert_non_null(strstr(why.rule, "62 deep"));
    buf_clear(&text);
}

static void ids_are_made_of_paths(void **state)
{
    struct at *at = *state;
    struct split split;
    struct why why = {0};
    struct buf id;
    buf_init(&id, 200);
    assert_int_equal(
        split_read(&at->json.arena,
                   json_case_canonical(&at->json, "{'id':['/insee','/n'],'table':true}"), &split,
                   &why),
        OK);
    assert_true(split.table && !split.geojson);
    assert_int_equal(
        split_id(&split, json_case_tree(&at->json, "{'insee':'2A004','n':7}"), NULL, &id, &why),
        OK);
    assert_true(span_is(buf_span(&id), "2A004/7"));
    buf_reset(&id);
    assert_int_equal(
        split_id(&split, json_case_tree(&at->json, "{'insee':'2A004','n':{}}"), NULL, &id, &why),
        ERR_BAD_ID);
    assert_string_equal(why.expected, "/n");
    buf_reset(&id);
    assert_int_equal(split_read(&at->json.arena, span_of(NULL, 0), &split, &why), OK);
    assert_int_equal(
        split_id(&split, json_case_tree(&at->json, "{'id':12,'@id':'http://p'}"), NULL, &id, &why),
        OK);
    assert_true(span_is(buf_span(&id), "http://p"));
    assert_int_equal(split_id(&split, json_case_tree(&at->json, "{}"), NULL, &id, &why),
                     ERR_NOT_FOUND);
    buf_clear(&id);
}

static void where_the_declared_id_is_missing_the_records_own_name_is_taken(void **state)
{
    struct at *at = *state;
    struct why why = {0};
    const char *declared[] = {"{'id':['/insee','/n']}", "{'id':{'first':['/n']}}"};
    for (size_t i = 0; i < 2; i++) {
        struct split split;
        struct buf id;
        buf_init(&id, 200);
        struct span json = json_case_canonical(&at->json, declared[i]);
        assert_int_equal(split_read(&at->json.arena, json, &split, &why), OK);
        struct tree *blank = json_case_tree(&at->json, "{'insee':'2A004','n':' ','id':'own'}");
        assert_int_equal(split_id(&split, blank, tree_get(blank, "n"), &id, &why), OK);
        assert_true(span_is(buf_span(&id), "own"));
        struct tree *bare = json_case_tree(&at->json, "{'insee':'2A004'}");
        assert_int_equal(split_id(&split, bare, NULL, &id, &why), ERR_NOT_FOUND);
        struct tree *odd = json_case_tree(&at->json, "{'insee':'2A004','n':[1],'id':'own'}");
        assert_int_equal(split_id(&split, odd, tree_get(odd, "n"), &id, &why), ERR_BAD_ID);
        buf_clear(&id);
    }
}

static void an_empty_list_of_paths_means_that_no_name_is_taken(void **state)
{
    struct at *at = *state;
    struct split split;
    struct why why = {0};
    struct buf id;
    buf_init(&id, 200);
    assert_int_equal(
        split_read(&at->json.arena, json_case_canonical(&at->json, "{'id':[]}"), &split, &why), OK);
    assert_int_equal(
        split_id(&split, json_case_tree(&at->json, "{'id':'a','@id':'b'}"), NULL, &id, &why),
        ERR_NOT_FOUND);
    assert_int_equal(id.len, 0);
    buf_clear(&id);
}

static void refuses_what_is_no_split(void **state)
{
    struct at *at = *state;
    const char *bad[] = {"[]",
                         "{'jsonld':true}",
                         "{'jsonld':{'@type':[1]}}",
                         "{'geojson':1}",
                         "{'id':'/a'}",
                         "{'id':['a']}",
                         "{'id':[1]}",
                         "{'jsonld':{'embed':['']}}"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct split split;
        struct why why = {0};
        assert_int_equal(
            split_read(&at->json.arena, json_case_canonical(&at->json, bad[i]), &split, &why),
            ERR_BAD_PACK);
        assert_non_null(why.rule);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_blank_node_stands_where_it_is_referred_to_without_its_label),
        CASE(one_that_is_referred_to_twice_is_named_by_its_path),
        CASE(a_ring_of_blank_nodes_ends),
        CASE(named_nodes_that_are_claimed_stay_references),
        CASE(named_nodes_of_a_kind_to_embed_stand_where_they_are_referred_to),
        CASE(what_one_claim_embeds_another_refers_to),
        CASE(a_blank_node_that_nobody_holds_is_a_record),
        CASE(what_is_strewn_over_the_document_is_put_together),
        CASE(a_name_with_its_type_alone_is_no_record),
        CASE(literals_and_lists_are_left_as_they_are),
        CASE(only_known_contexts_are_kept),
        CASE(what_no_type_takes_is_counted),
        CASE(what_stands_inside_an_embedded_node_is_not_left_out_nor_is_its_copy_at_the_top),
        CASE(what_one_body_holds_through_an_embedded_node_of_another_is_not_left_out),
        CASE(depth_and_size_of_a_body_are_bounded),
        CASE(ids_are_made_of_paths),
        CASE(where_the_declared_id_is_missing_the_records_own_name_is_taken),
        CASE(an_empty_list_of_paths_means_that_no_name_is_taken),
        CASE(refuses_what_is_no_split),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

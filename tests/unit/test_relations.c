/* proto/schema/relations: stated in either direction, one relation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "proto/schema/relations.h"
#include "tests/lib/json_case.h"

struct at {
    struct json_case json;
    struct inverses *inverses;
    struct buf told;
    size_t stop_after;
};

static int setup(void **state)
{
    static struct at at;
    json_case_init(&at.json);
    buf_init(&at.told, 65536);
    at.stop_after = 1000;
    assert_int_equal(
        inverses_compile(
            json_case_canonical(
                &at.json,
                "[['b:references','b:referencedBy'],['partOf','hasPart'],['knows','knows']]"),
            &at.inverses, NULL),
        OK);
    *state = &at;
    return 0;
}

static int teardown(void **state)
{
    struct at *at = *state;
    inverses_free(at->inverses);
    buf_clear(&at->told);
    json_case_clear(&at->json);
    return 0;
}

static bool tell(void *ctx, const struct relation *relation)
{
    struct at *at = ctx;
    buf_append_span(&at->told, relation->subject);
    buf_append_cstr(&at->told, " ");
    buf_append_span(&at->told, relation->predicate);
    buf_append_cstr(&at->told, " ");
    buf_append_span(&at->told, relation->object);
    buf_append_cstr(&at->told, ". ");
    return --at->stop_after > 0;
}

static void states(struct at *at, const char *subject, const char *body, const char *relations)
{
    buf_reset(&at->told);
    relations_each(at->inverses, span_cstr(subject), json_case_tree(&at->json, body), tell, at);
    buf_append_byte(&at->told, 0);
    assert_string_equal((const char *)at->told.data, relations);
}

static void a_pair_stated_in_either_direction_is_one_relation(void **state)
{
    const char *relation = "http://item b:references http://product. ";
    states(*state, "http://item", "{'b:references':{'@id':'http://product'}}", relation);
    states(*state, "http://item", "{'b:references':'http://product'}", relation);
    states(*state, "http://product", "{'b:referencedBy':['http://item']}", relation);
    states(*state, "http://product", "{'b:referencedBy':[{'@id':'http://item','x':1}]}", relation);
}

static void a_relation_is_answered_both_ways(void **state)
{
    struct at *at = *state;
    struct relation stated = {SPAN_LITERAL("item"), SPAN_LITERAL("b:references"),
                              SPAN_LITERAL("product")};
    struct relation inverse = relation_inverse(at->inverses, stated);
    assert_true(span_is(inverse.subject, "product") &&
                span_is(inverse.predicate, "b:referencedBy"));
    struct relation again = relation_canonical(at->inverses, inverse);
    assert_true(span_is(again.subject, "item") && span_is(again.predicate, "b:references") &&
                span_is(again.object, "product"));
    stated.predicate = SPAN_LITERAL("b:other");
    assert_int_equal(relation_inverse(at->inverses, stated).predicate.len, 0);
    assert_true(span_is(relation_canonical(at->inverses, stated).subject, "item"));
    assert_int_equal(inverses_of(NULL, stated.predicate).len, 0);
}

static void a_symmetric_relation_has_one_form(void **state)
{
    states(*state, "b", "{'knows':'a'}", "a knows b. ");
    states(*state, "a", "{'knows':'b'}", "a knows b. ");
}

static void only_names_are_objects(void **state)
{
    states(*state, "s",
           "{'@id':'http://s','@type':'b:T','b:name':'no "
           "name','b:site':'https://x.example','b:mail':'mailto:a@b.c','name':'http://plain',"
           "'hasPart':['p1',3,null,{'x':1},{'@id':'_:b'}],'b:x':'_:y','b:title':'note: "
           "this','b:when':'12:30'}",
           "s b:site https://x.example. p1 partOf s. ");
}

static void murmurations_relationships_are_told(void **state)
{
    states(*state, "s",
           "{'relationships':[{'predicate_url':'https://schema.example/"
           "memberOf','object_url':'https://o.example'},{'predicate_url':1}]}",
           "s https://schema.example/memberOf https://o.example. ");
}

static void stops_when_asked(void **state)
{
    struct at *at = *state;
    at->stop_after = 1;
    states(at, "s", "{'knows':['t','u','v']}", "s knows t. ");
}

static void refuses_pairs_that_are_none(void **state)
{
    struct at *at = *state;
    const char *bad[] = {"{}",
                         "[['a']]",
                         "[['a','b','c']]",
                         "[['a',1]]",
                         "['a','b']",
                         "[['a','b'],['c','a']]",
                         "[['a','b'],['a','b']]"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct inverses *inverses = NULL;
        struct why why = {0};
        assert_int_equal(inverses_compile(json_case_canonical(&at->json, bad[i]), &inverses, &why),
                         ERR_BAD_PACK);
        assert_non_null(why.rule);
    }
    struct inverses *none;
    assert_int_equal(inverses_compile(span_of(NULL, 0), &none, NULL), OK);
    assert_int_equal(inverses_of(none, SPAN_LITERAL("a")).len, 0);
    inverses_free(none);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_pair_stated_in_either_direction_is_one_relation),
        CASE(a_relation_is_answered_both_ways),
        CASE(a_symmetric_relation_has_one_form),
        CASE(only_names_are_objects),
        CASE(murmurations_relationships_are_told),
        CASE(stops_when_asked),
        CASE(refuses_pairs_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

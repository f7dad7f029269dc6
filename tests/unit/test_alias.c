/* proto/schema/alias: old addresses, prefixes and misspelt terms become the pack's own names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "proto/schema/alias.h"
#include "tests/lib/json_case.h"

static const char aliases[] =
    "{'prefixes':{'http://static.example/onto#':'dfc-b:','https://git.example/onto.owl#':'dfc-b:',"
    "  'http://static.example/onto#PT_':'dfc-pt:','old-b:':'dfc-b:'},"
    " 'terms':{'dfc-b:Certfication':'dfc-b:Certification','dfc-b:hasCertif':'dfc-b:Certfication',"
    "  'nom_complet':'nom','dfc-b:QuantitiveValue':'dfc-b:QuantitativeValue'},"
    " 'contexts':{'https://www.dfc.example':'contexts/dfc.json',"
    "  'https://w3id.example/dfc/1.16.0.json':'contexts/dfc.json',"
    "  'http://static.example/context.json':'https://w3id.example/dfc/1.16.0.json'}}";

struct at {
    struct json_case json;
    struct alias *alias;
};

static int setup(void **state)
{
    static struct at at;
    json_case_init(&at.json);
    struct why why = {0};
    if (alias_compile(json_case_canonical(&at.json, aliases), &at.alias, &why) != OK)
        fail_msg("%s", why.rule);
    *state = &at;
    return 0;
}

static int teardown(void **state)
{
    struct at *at = *state;
    alias_free(at->alias);
    json_case_clear(&at->json);
    return 0;
}

static void becomes(struct at *at, const char *before, const char *after, size_t changed)
{
    struct tree *tree = json_case_tree(&at->json, before);
    size_t found = alias_apply(at->alias, &at->json.arena, tree);
    assert_string_equal(json_case_show(&at->json, tree), json_case_text(&at->json, after));
    assert_int_equal(found, changed);
    assert_int_equal(alias_apply(at->alias, &at->json.arena, tree), 0);
}

static void full_addresses_become_the_preferred_prefix(void **state)
{
    becomes(*state, "{'http://static.example/onto#name':'x','https://git.example/onto.owl#sku':1}",
            "{'dfc-b:name':'x','dfc-b:sku':1}", 2);
    becomes(*state, "{'@type':['old-b:Offer','http://static.example/onto#PT_leek']}",
            "{'@type':['dfc-b:Offer','dfc-pt:leek']}", 2);
    becomes(*state, "{'dfc-b:hasType':{'@id':'http://static.example/onto#PT_leek'}}",
            "{'dfc-b:hasType':{'@id':'dfc-pt:leek'}}", 1);
    becomes(*state, "{'dfc-b:hasType':['http://static.example/onto#PT_leek','dfc-pt:x']}",
            "{'dfc-b:hasType':['dfc-pt:leek','dfc-pt:x']}", 1);
}

static void old_and_misspelt_terms_become_current_step_by_step(void **state)
{
    becomes(*state, "{'http://static.example/onto#hasCertif':1,'nom_complet':'x'}",
            "{'dfc-b:Certification':1,'nom':'x'}", 2);
    becomes(*state, "[{'a':{'@type':'dfc-b:QuantitiveValue'}}]",
            "[{'a':{'@type':'dfc-b:QuantitativeValue'}}]", 1);
}

static void text_that_is_not_a_name_is_left_alone(void **state)
{
    const char *same[] = {"{'nom':'nom_complet','b':'http://static.example/onto#name'}",
                          "{'dfc-b:name':{'@value':'old-b:x','@language':'fr'}}",
                          "{'dfc-b:description':'see old-b:x','@id':'http://static.example/onto#'}",
                          "{'@id':'_:b1','dfc-b:x':['_:b2',1,null,true,[]]}",
                          "{}",
                          "'old-b:x'"};
    for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++)
        becomes(*state, same[i], same[i], 0);
}

static void a_renamed_member_joins_the_current_one(void **state)
{
    becomes(*state,
            "{'dfc-b:sku':'a','old-b:sku':['a','b'],'https://git.example/onto.owl#sku':'c'}",
            "{'dfc-b:sku':['a','c','b']}", 2);
    becomes(*state, "{'dfc-b:sku':'a','old-b:sku':'a'}", "{'dfc-b:sku':'a'}", 1);
    becomes(*state, "{'nom':'a','nom_complet':'b'}", "{'nom':'a','nom_complet':'b'}", 0);
}

static void addresses_of_a_context_become_the_shortest(void **state)
{
    struct at *at = *state;
    becomes(at, "{'@context':'http://static.example/context.json'}",
            "{'@context':'https://www.dfc.example'}", 1);
    becomes(
        at,
        "{'@context':['https://w3id.example/dfc/1.16.0.json','https://unknown.example',{'a':'b'}]}",
        "{'@context':['https://www.dfc.example','https://unknown.example',{'a':'b'}]}", 1);
    assert_true(
        span_is(alias_context_file(at->alias, SPAN_LITERAL("http://static.example/context.json")),
                "contexts/dfc.json"));
    assert_int_equal(alias_context(at->alias, SPAN_LITERAL("https://unknown.example")).len, 0);
}

static void names_of_an_inline_context_are_understood(void **state)
{
    becomes(
        *state,
        "{'@context':{'d':'http://static.example/onto#','prix':{'@id':'d:price','@type':'@id'}},"
        " '@type':'d:Offer','d:name':'x','prix':{'d:value':2},'d':'z'}",
        "{'@context':{'d':'http://static.example/onto#','prix':{'@id':'d:price','@type':'@id'}},"
        " '@type':'dfc-b:Offer','dfc-b:name':'x','dfc-b:price':{'dfc-b:value':2},'d':'z'}",
        4);
    becomes(*state,
            "{'@context':[{'@vocab':'https://git.example/"
            "onto.owl#'}],'name':1,'@graph':[{'@type':'Offer'}]}",
            "{'@context':[{'@vocab':'https://git.example/"
            "onto.owl#'}],'dfc-b:name':1,'@graph':[{'@type':'dfc-b:Offer'}]}",
            2);
    becomes(*state, "{'@context':{'schema':'http://schema.example/'},'schema:name':1}",
            "{'@context':{'schema':'http://schema.example/'},'schema:name':1}", 0);
}

static void refuses_aliases_that_lead_nowhere(void **state)
{
    struct at *at = *state;
    const char *bad[] = {"[]",
                         "{'terms':[]}",
                         "{'terms':{'a':1}}",
                         "{'terms':{'':'a'}}",
                         "{'terms':{'a':'b','b':'a'}}",
                         "{'prefixes':{'a:':'a:a:'}}",
                         "{'prefixes':{'a:':'b:','b:':'a:'}}",
                         "{'contexts':{'a':'b','b':'a'}}"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct alias *alias = NULL;
        struct why why = {0};
        assert_int_equal(alias_compile(json_case_canonical(&at->json, bad[i]), &alias, &why),
                         ERR_BAD_PACK);
        assert_non_null(why.rule);
    }
    assert_int_equal(alias_apply(NULL, &at->json.arena, json_case_tree(&at->json, "{}")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(full_addresses_become_the_preferred_prefix, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(old_and_misspelt_terms_become_current_step_by_step, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(text_that_is_not_a_name_is_left_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(a_renamed_member_joins_the_current_one, setup, teardown),
        cmocka_unit_test_setup_teardown(addresses_of_a_context_become_the_shortest, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(names_of_an_inline_context_are_understood, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses_aliases_that_lead_nowhere, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

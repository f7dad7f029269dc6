/* proto/schema/projection, places: what an audience is shown, and what is personal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "proto/schema/projection.h"
#include "tests/lib/json_case.h"

static void renders(const char *rules, const struct pack_date *date, const char *body,
                    const char *rendering)
{
    struct json_case json;
    json_case_init(&json);
    struct pack_type type = {.projections_json = json_case_canonical(&json, rules),
                             .dates = date,
                             .date_count = date == NULL ? 0 : 1};
    struct projection *projection;
    struct why why = {0};
    if (projection_compile(&type, SPAN_LITERAL("public"), &projection, &why) != OK)
        fail_msg("%s: %s", rules, why.rule);
    for (int i = 0; i < 2; i++) { /* and the same again */
        struct tree *tree = json_case_tree(&json, body);
        assert_int_equal(projection_apply(projection, &json.arena, tree), OK);
        assert_string_equal(json_case_show(&json, tree), json_case_text(&json, rendering));
    }
    projection_free(projection);
    json_case_clear(&json);
}

static void drops_what_a_path_means(void **state)
{
    (void)state;
    renders("{'public':[{'drop':'/driver'},{'drop':'/steps/*/id'}]}", NULL,
            "{'driver':{'name':'x'},'steps':[{'id':1,'at':2},{'id':3}],'kept':true}",
            "{'kept':true,'steps':[{'at':2},{}]}");
    renders("{'public':[{'drop':'/list/*'},{'drop':'/other/1'}]}", NULL,
            "{'list':[1,2,3],'other':[1,2,3]}", "{'list':[],'other':[1,3]}");
    renders("{'public':[{'drop':'/map/*'},{'drop':'/a~1b'}]}", NULL,
            "{'map':{'a':1,'b':{'c':2}},'a/b':1}", "{'map':{}}");
    renders("{'public':[{'drop':'/no/where'}]}", NULL, "{'no':1}", "{'no':1}");
    renders("{'public':[]}", NULL, "{'a':1}", "{'a':1}");
}

/* One value where a list was foreseen, or the other way, must not keep what should go. */
static void finds_values_in_other_shapes_than_foreseen(void **state)
{
    (void)state;
    renders("{'public':[{'drop':'/phones/*/number'},{'drop':'/mails/*'},{'drop':'/contact/name'}]}",
            NULL,
            "{'phones':{'number':'1','of':'x'},'mails':'a@b.c','contact':[{'name':'n','k':1},[{'"
            "name':'m'}]]}",
            "{'contact':[{'k':1},[{}]],'phones':{'of':'x'}}");
}

static void rounds_numbers_and_their_text(void **state)
{
    (void)state;
    renders("{'public':[{'round':'/lat','decimals':3},{'round':'/lon','decimals':2},{'round':'/"
            "at','decimals':1}]}",
            NULL, "{'lat':48.85661,'lon':'2,35222','at':[2.35222,'48.85',null]}",
            "{'at':[2.4,'48.9',null],'lat':48.857,'lon':'2,35'}");
    renders("{'public':[{'round':'/n','decimals':0}]}", NULL, "{'n':-0.4}", "{'n':0}");
    renders("{'public':[{'round':'/n','decimals':10}]}", NULL, "{'n':1e300}", "{'n':1e300}");
}

static void what_cannot_be_made_coarse_is_dropped(void **state)
{
    (void)state;
    renders("{'public':[{'round':'/*','decimals':1}]}", NULL,
            "{'a':'48.85 N','b':{'lat':48.8566},'c':'1.2.3','d':'','e':true,'f':['x'],'g':'.5'}",
            "{}");
    renders("{'public':[{'bin':'/*','minutes':10}]}", NULL,
            "{'a':'yesterday','b':'2026-13-01','c':{},'d':[1],'e':true}", "{}");
}

static void bins_times_in_the_format_they_have(void **state)
{
    (void)state;
    const char *rules = "{'public':[{'bin':'/t','minutes':10}]}";
    struct pack_date date = {.path = SPAN_LITERAL("/t"),
                             .format = SPAN_LITERAL("YYYY/MM/DD hh:mm:ss.SSS")};
    renders(rules, NULL, "{'t':1606223999}", "{'t':1606223400}");
    renders(rules, NULL, "{'t':1606223999000}", "{'t':1606223400000}");
    renders(rules, NULL, "{'t':'2020-11-24T13:19:59Z'}", "{'t':'2020-11-24T13:10:00Z'}");
    renders(rules, NULL, "{'t':-1}", "{'t':-600}");
    renders(rules, NULL, "{'t':null}", "{'t':null}");
    renders(rules, &date, "{'t':'2020/06/30 14:16:50.898'}", "{'t':'2020/06/30 14:10:00.000'}");
    renders(rules, &date, "{'t':'2020-06-30T14:16:50Z'}", "{}");
    renders("{'public':[{'bin':'/t','minutes':1440}]}", NULL, "{'t':'2020-06-30'}",
            "{'t':'2020-06-30'}");
}

static void refuses_rules_that_it_does_not_know(void **state)
{
    (void)state;
    const char *bad[] = {"{'public':{}}",
                         "{'public':[1]}",
                         "{'public':[{}]}",
                         "{'public':[{'drop':''}]}",
                         "{'public':[{'drop':'x'}]}",
                         "{'public':[{'drop':'/x','round':'/x'}]}",
                         "{'public':[{'drop':'/x','decimals':1}]}",
                         "{'public':[{'round':'/x'}]}",
                         "{'public':[{'round':'/x','decimals':-1}]}",
                         "{'public':[{'round':'/x','decimals':1.5}]}",
                         "{'public':[{'round':'/x','minutes':3}]}",
                         "{'public':[{'bin':'/x','minutes':0}]}",
                         "{'public':[{'hash':'/x'}]}"};
    struct json_case json;
    json_case_init(&json);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct pack_type type = {.projections_json = json_case_canonical(&json, bad[i])};
        struct projection *projection = NULL;
        struct why why = {0};
        assert_int_equal(projection_compile(&type, SPAN_LITERAL("public"), &projection, &why),
                         ERR_BAD_PACK);
        assert_non_null(why.rule);
    }
    json_case_clear(&json);
}

static void a_circle_has_its_own_rules_or_those_of_all_circles(void **state)
{
    (void)state;
    struct json_case json;
    json_case_init(&json);
    struct pack_type type = {
        .projections_json = json_case_canonical(&json, "{'circle':[],'circle:x':[{'drop':'/a'}]}")};
    struct projection *projection;
    assert_int_equal(projection_compile(&type, SPAN_LITERAL("circle:y"), &projection, NULL), OK);
    projection_free(projection);
    assert_int_equal(projection_compile(&type, SPAN_LITERAL("public"), &projection, NULL),
                     ERR_NOT_FOUND);
    type.projections_json = span_of(NULL, 0);
    assert_int_equal(projection_compile(&type, SPAN_LITERAL("circle:y"), &projection, NULL),
                     ERR_NOT_FOUND);
    json_case_clear(&json);
}

struct found {
    struct buf text;
};

static bool note(void *ctx, struct span pointer, const struct tree *value)
{
    struct found *found = ctx;
    assert_non_null(value);
    buf_append_span(&found->text, pointer);
    buf_append_byte(&found->text, ' ');
    return true;
}

static void personal_values_are_listed_by_their_place(void **state)
{
    (void)state;
    struct json_case json;
    struct found found;
    struct span paths[] = {SPAN_LITERAL("/contact/name"), SPAN_LITERAL("/phones/*/number"),
                           SPAN_LITERAL("/none")};
    struct pack_type type = {.personal = {paths, 3}};
    json_case_init(&json);
    buf_init(&found.text, 4096);
    struct tree *body = json_case_tree(
        &json,
        "{'contact':[{'name':'a'},{'name':' '}],'phones':[{'number':1},{}],'none':null,'x':1}");
    assert_int_equal(personal_each(&type, body, note, &found), OK);
    assert_true(span_is(buf_span(&found.text), "/contact/0/name /phones/0/number "));
    assert_true(personal_is_present(&type, body));
    assert_false(personal_is_present(&type, json_case_tree(&json, "{'x':1,'none':[]}")));
    type.personal_whole = true;
    buf_reset(&found.text);
    assert_int_equal(personal_each(&type, body, note, &found), OK);
    assert_true(span_is(buf_span(&found.text), "/contact /phones /x "));
    assert_false(personal_is_present(&type, json_case_tree(&json, "{}")));
    buf_clear(&found.text);
    json_case_clear(&json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drops_what_a_path_means),
        cmocka_unit_test(finds_values_in_other_shapes_than_foreseen),
        cmocka_unit_test(rounds_numbers_and_their_text),
        cmocka_unit_test(what_cannot_be_made_coarse_is_dropped),
        cmocka_unit_test(bins_times_in_the_format_they_have),
        cmocka_unit_test(refuses_rules_that_it_does_not_know),
        cmocka_unit_test(a_circle_has_its_own_rules_or_those_of_all_circles),
        cmocka_unit_test(personal_values_are_listed_by_their_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

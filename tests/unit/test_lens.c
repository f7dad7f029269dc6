/* Lenses as a whole: refusals with their place, faults, losses, the way back, neighbours, chains.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "proto/limits.h"
#include "tests/lib/lens_text.h"

#define LENS(rules) "{\"from\":\"a\",\"to\":\"b\",\"rules\":[" rules "]}"
#define BOTH(rules) "{\"from\":\"a\",\"to\":\"b\",\"both\":true,\"rules\":[" rules "]}"

struct refused {
    const char *lens;
    enum lens_rule_broken rule;
    const char *pointer;
};

static void a_lens_is_refused_with_rule_and_place(void **state)
{
    (void)state;
    static const struct refused refusals[] = {
        {"", LENS_REFUSED_JSON, ""},
        {"[]", LENS_REFUSED_JSON, ""},
        {"{\"a\":1,\"a\":2}", LENS_REFUSED_JSON, ""},
        {"{\"to\":\"b\",\"rules\":[]}", LENS_REFUSED_MISSING, "/from"},
        {"{\"from\":\"a\",\"to\":\"\",\"rules\":[]}", LENS_REFUSED_EMPTY_TEXT, "/to"},
        {"{\"from\":\"a\",\"to\":\"b\"}", LENS_REFUSED_MISSING, "/rules"},
        {"{\"from\":\"a\",\"to\":\"b\",\"rules\":{}}", LENS_REFUSED_WRONG_TYPE, "/rules"},
        {"{\"from\":\"a\",\"to\":\"b\",\"both\":1,\"rules\":[]}", LENS_REFUSED_WRONG_TYPE, "/both"},
        {"{\"from\":\"a\",\"to\":\"b\",\"rulez\":[],\"rules\":[]}", LENS_REFUSED_UNKNOWN_MEMBER,
         "/rulez"},
        {"{\"from\":\"a\",\"to\":\"b\",\"blank\":\"gone\",\"rules\":[]}", LENS_REFUSED_WRONG_TYPE,
         "/blank"},
        {"{\"from\":\"a\",\"to\":\"b\",\"use\":[\"x\"],\"rules\":[]}", LENS_REFUSED_UNKNOWN_LENS,
         "/use/0"},
        {LENS("1"), LENS_REFUSED_WRONG_TYPE, "/rules/0"},
        {LENS("{\"from\":\"/a\"}"), LENS_REFUSED_MISSING, "/rules/0/to"},
        {LENS("{\"to\":\"a\",\"from\":\"/a\"}"), LENS_REFUSED_POINTER, "/rules/0/to"},
        {LENS("{\"to\":\"/a\",\"from\":\"/a~2\"}"), LENS_REFUSED_POINTER, "/rules/0/from"},
        {LENS("{\"to\":\"/a\"}"), LENS_REFUSED_NO_SOURCE, "/rules/0"},
        {LENS("{\"to\":\"/a\",\"constant\":1,\"from\":\"/a\"}"), LENS_REFUSED_TWO_SOURCES,
         "/rules/0/constant"},
        {LENS("{\"to\":\"/a\",\"from\":\"/a\",\"many\":true}"), LENS_REFUSED_UNKNOWN_MEMBER,
         "/rules/0/many"},
        {LENS("{\"to\":\"/a\",\"first\":\"/a\"}"), LENS_REFUSED_WRONG_TYPE, "/rules/0/first"},
        {LENS("{\"to\":\"/a\",\"first\":[\"/a\",{\"from\":\"b\"}]}"), LENS_REFUSED_POINTER,
         "/rules/0/first/1/from"},
        {LENS("{\"to\":\"/a\",\"codes\":[{\"in\":\"/a\"}]}"), LENS_REFUSED_MISSING,
         "/rules/0/codes/0/code"},
        {LENS("{\"to\":\"/a\",\"codes\":[{\"code\":1,\"words\":[\"\"]}]}"), LENS_REFUSED_EMPTY_TEXT,
         "/rules/0/codes/0/words/0"},
        {LENS("{\"to\":\"/a\",\"hours\":{\"Lu\":\"/a\"}}"), LENS_REFUSED_UNKNOWN_DAY,
         "/rules/0/hours/Lu"},
        {LENS("{\"to\":\"/a\",\"point\":{\"lat\":\"/a\"}}"), LENS_REFUSED_MISSING,
         "/rules/0/point/lon"},
        {LENS("{\"to\":\"/a\",\"point\":{\"lat\":\"/a\",\"lon\":\"/a\",\"within\":[[1]]}}"),
         LENS_REFUSED_WRONG_TYPE, "/rules/0/point/within/0"},
        {LENS("{\"to\":\"/a\",\"each\":\"/a\"}"), LENS_REFUSED_MISSING, "/rules/0/rules"},
        {LENS("{\"to\":\"/a\",\"each\":\"/a\",\"rules\":[{\"to\":\"/x\"}]}"),
         LENS_REFUSED_NO_SOURCE, "/rules/0/rules/0"},
        {LENS("{\"to\":\"/a\",\"from\":\"/a\",\"through\":{}}"), LENS_REFUSED_WRONG_TYPE,
         "/rules/0/through"},
        {LENS("{\"to\":\"/a\",\"from\":\"/a\",\"through\":[{\"spilt\":\";\"}]}"),
         LENS_REFUSED_UNKNOWN_OP, "/rules/0/through/0"},
        {LENS("{\"to\":\"/a\",\"from\":\"/a\",\"through\":[{\"split\":\"\"}]}"),
         LENS_REFUSED_EMPTY_TEXT, "/rules/0/through/0/split"},
        {LENS("{\"to\":\"/a\",\"from\":\"/a\",\"through\":[{\"split\":\";\",\"trim\":true}]}"),
         LENS_REFUSED_UNKNOWN_MEMBER, "/rules/0/through/0/trim"},
        {LENS("{\"to\":\"/a\",\"from\":\"/a\",\"through\":[{\"trim\":1}]}"),
         LENS_REFUSED_WRONG_TYPE, "/rules/0/through/0/trim"},
        {LENS("{\"to\":\"/a\",\"from\":\"/a\",\"through\":[{\"pad\":65}]}"),
         LENS_REFUSED_WRONG_TYPE, "/rules/0/through/0/pad"},
        {LENS("{\"to\":\"/a\",\"from\":\"/a\",\"through\":[{\"date\":{\"read\":\"DD/QQ\","
              "\"write\":\"date\"}}]}"),
         LENS_REFUSED_DATE_FORMAT, "/rules/0/through/0/date/read"},
        {LENS("{\"to\":\"/a\",\"from\":\"/a\",\"through\":[{\"extract\":\"a+\"}]}"),
         LENS_REFUSED_PATTERN, "/rules/0/through/0/extract"},
        {LENS("{\"to\":\"/a\",\"from\":\"/a\",\"through\":[{\"replace\":[\"(\",\"\"]}]}"),
         LENS_REFUSED_PATTERN, "/rules/0/through/0/replace"},
        {LENS("{\"to\":\"/a\",\"from\":\"/a\",\"through\":[{\"table\":{},\"otherwise\":\"?\"}]}"),
         LENS_REFUSED_WRONG_TYPE, "/rules/0/through/0/table"},
        {LENS("{\"to\":\"/a\",\"from\":\"/a\",\"through\":[{\"boolean\":{\"true\":[],"
              "\"false\":[\"x\"]}}]}"),
         LENS_REFUSED_MISSING, "/rules/0/through/0/boolean/true"},
        {BOTH("{\"to\":\"/a\",\"join\":[\"/a\"]}"), LENS_REFUSED_NOT_INVERTIBLE, "/rules/0"},
        {BOTH("{\"to\":\"/a\",\"from\":\"/a\",\"through\":[{\"html\":\"text\"}]}"),
         LENS_REFUSED_NOT_INVERTIBLE, "/rules/0"},
        {BOTH("{\"to\":\"/a\",\"from\":\"/a\",\"through\":[{\"pad\":5}]}"),
         LENS_REFUSED_NOT_INVERTIBLE, "/rules/0"},
        {BOTH("{\"to\":\"/a\",\"object\":[{\"to\":\"/x\",\"all\":[\"/a\"]}]}"),
         LENS_REFUSED_NOT_INVERTIBLE, "/rules/0/object/0"},
        {BOTH("{\"to\":\"/a\",\"from\":\"/a\",\"through\":[{\"table\":{\"x\":1,\"y\":1}}]}"),
         LENS_REFUSED_NOT_ONE_TO_ONE, "/rules/0"},
        {BOTH("{\"to\":\"/a\",\"from\":\"/a\",\"back\":{\"from\":\"/a\"}}"), LENS_REFUSED_MISSING,
         "/rules/0/back/to"},
        {BOTH("{\"to\":\"/a\",\"from\":\"/a\",\"back\":true}"), LENS_REFUSED_WRONG_TYPE,
         "/rules/0/back"},
    };
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        struct lens_refusal refusal = lens_text_refusal(refusals[i].lens);
        if (refusal.rule != refusals[i].rule || strcmp(refusal.pointer, refusals[i].pointer) != 0)
            fail_msg("%s: at %s: %s", refusals[i].lens, refusal.pointer,
                     lens_refusal_reason(refusal.rule, LANG_EN));
    }
}

static void what_says_its_own_way_back_needs_no_inverse(void **state)
{
    (void)state;
    struct lens_text text;
    lens_text_init(
        &text, BOTH("{\"to\":\"/a\",\"join\":[\"/x\",\"/y\"],\"separator\":\"-\",\"back\":{"
                    "\"to\":\"/x\",\"from\":\"/a\",\"through\":[{\"extract\":\"^([^-]*)\"}]}},"
                    "{\"to\":\"/b\",\"all\":[\"/z\"],\"back\":false},"
                    "{\"to\":\"/c\",\"object\":[{\"to\":\"/d\",\"all\":[\"/w\"]}],"
                    "\"back\":{\"to\":\"/w\",\"object\":[{\"to\":\"/e\",\"all\":[\"/c/d\"]}]}}"));
    assert_true(lens_is_both(text.lens));
    assert_string_equal(
        lens_text_apply(&text, LENS_THERE, "{\"x\":\"1\",\"y\":\"2\",\"z\":3,\"w\":4}"),
        "{\"a\":\"1-2\",\"b\":[3],\"c\":{\"d\":[4]}}");
    assert_string_equal(
        lens_text_apply(&text, LENS_BACK, "{\"a\":\"1-2\",\"b\":[3],\"c\":{\"d\":[4]}}"),
        "{\"w\":{\"e\":[4]},\"x\":\"1\"}");
    lens_text_clear(&text);
}

static void the_way_back_undoes_each_operation(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"{\"to\":\"/v\",\"from\":\"/a\",\"through\":[{\"split\":\";\"}]}", "{\"a\":\"x;y\"}",
         "{\"v\":[\"x\",\"y\"]}"},
        {"{\"to\":\"/v\",\"from\":\"/a\",\"through\":[{\"table\":{\"x\":1,\"y\":true}}]}",
         "{\"a\":[\"x\",\"y\"]}", "{\"v\":[1,true]}"},
        {"{\"to\":\"/v\",\"from\":\"/a\",\"through\":[{\"number\":{\"decimal\":\",\"}}]}",
         "{\"a\":\"1,5\"}", "{\"v\":1.5}"},
        {"{\"to\":\"/v\",\"from\":\"/a\",\"through\":[{\"text\":true}]}", "{\"a\":[1,true]}",
         "{\"v\":[\"1\",\"true\"]}"},
        {"{\"to\":\"/v\",\"from\":\"/a\",\"through\":[{\"pad\":5,\"number\":true}]}",
         "{\"a\":1400}", "{\"v\":\"01400\"}"},
        {"{\"to\":\"/v\",\"from\":\"/a\",\"through\":[{\"boolean\":{\"true\":[\"Oui\",\"x\"],"
         "\"false\":\"Non\"}}]}",
         "{\"a\":[\"Oui\",\"Non\"]}", "{\"v\":[true,false]}"},
        {"{\"to\":\"/v\",\"from\":\"/a\",\"through\":[{\"date\":{\"read\":\"DD/MM/YYYY\","
         "\"write\":\"date\"}}]}",
         "{\"a\":\"29/02/2024\"}", "{\"v\":\"2024-02-29\"}"},
        {"{\"to\":\"/v\",\"from\":\"/a\",\"through\":[{\"wrap\":\"array\"},{\"wrap\":\"/0/@id\"}]}",
         "{\"a\":\"x\"}", "{\"v\":[{\"@id\":[\"x\"]}]}"},
        {"{\"to\":\"/v\",\"from\":\"/a\",\"through\":[{\"unwrap\":\"/"
         "@value\"},{\"prefix\":\"p:\"}]}",
         "{\"a\":{\"@value\":\"x\"}}", "{\"v\":\"p:x\"}"},
        {"{\"to\":\"/v\",\"from\":\"/a\",\"through\":[{\"strip\":\"p:\"}]}", "{\"a\":\"p:x\"}",
         "{\"v\":\"x\"}"},
        {"{\"to\":\"/v\",\"from\":\"/a\",\"through\":[{\"language\":[\"fr\"]}]}",
         "{\"a\":{\"fr\":\"x\"}}", "{\"v\":\"x\"}"},
        {"{\"to\":\"/v\",\"from\":\"/a\",\"through\":[{\"coordinates\":\"lon,lat\"}]}",
         "{\"a\":[2,48]}", "{\"v\":{\"lat\":48,\"lon\":2}}"},
        {"{\"to\":\"/v\",\"point\":{\"lat\":\"/y\",\"lon\":{\"from\":\"/x\",\"through\":[{"
         "\"number\":{\"decimal\":\",\"}}]}}}",
         "{\"x\":\"2,5\",\"y\":48}", "{\"v\":{\"lat\":48,\"lon\":2.5}}"},
        {"{\"to\":\"/v\",\"object\":[{\"to\":\"/x\",\"from\":\"/a/b\"},{\"to\":\"/y\",\"object\":["
         "{\"to\":\"/z\",\"from\":\"/c\"}]}],\"through\":[{\"wrap\":\"array\"}]}",
         "{\"a\":{\"b\":1},\"c\":2}", "{\"v\":[{\"x\":1,\"y\":{\"z\":2}}]}"},
        {"{\"to\":\"/v\",\"each\":\"/a\",\"rules\":[{\"to\":\"/x\",\"from\":\"/y\"},{\"to\":\"/k\","
         "\"constant\":1}]}",
         "{\"a\":[{\"y\":1},{\"y\":2}]}", "{\"v\":[{\"k\":1,\"x\":1},{\"k\":1,\"x\":2}]}"},
        {"{\"to\":\"/v\",\"first\":[{\"from\":\"/a\",\"through\":[{\"strip\":\"p:\"}]},\"/b\"],"
         "\"default\":\"none\"}",
         "{\"a\":\"p:x\"}", "{\"v\":\"x\"}"},
        {"{\"to\":\"/v\",\"from\":\"/a\",\"default\":\"none\"}", "{}", "{\"v\":\"none\"}"},
        {"{\"to\":\"/v\",\"from\":\"/a\",\"through\":[{\"trim\":true},{\"lower\":true},"
         "{\"unique\":true},{\"drop\":[\"-\"]},{\"web\":true}]}",
         "{\"a\":[\"http://a.example\"]}", "{\"v\":[\"http://a.example\"]}"},
        {"{\"to\":\"/v\",\"from\":\"/a\"}", "{\"a\":null}", "{\"v\":null}"},
        {"{\"to\":\"/v\",\"from\":\"/a\"}", "{\"a\":\" \"}", "{\"v\":\" \"}"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char lens[2048];
        struct lens_text text;
        (void)snprintf(lens, sizeof(lens), BOTH("%s"), cases[i][0]);
        lens_text_init(&text, lens);
        assert_string_equal(lens_text_apply(&text, LENS_THERE, cases[i][1]), cases[i][2]);
        assert_string_equal(lens_text_apply(&text, LENS_BACK, cases[i][2]), cases[i][1]);
        lens_text_clear(&text);
    }
}

static void a_fault_names_both_places_and_the_value(void **state)
{
    (void)state;
    struct lens_text text;
    struct buf sentence;
    buf_init(&sentence, 1000);
    lens_text_init(&text, LENS("{\"to\":\"/out\",\"each\":\"/in\",\"rules\":[{\"to\":\"/d\","
                               "\"from\":\"/date\",\"through\":[{\"date\":{\"read\":"
                               "\"DD/MM/YYYY\",\"write\":\"date\"}}]}]}"));
    assert_string_equal(
        lens_text_apply(&text, LENS_THERE,
                        "{\"in\":[{\"date\":\"01/02/2024\"},{\"date\":\"31/02/2024\"}]}"),
        "{\"out\":[{\"d\":\"2024-02-01\"}]}");
    assert_int_equal(text.last.fault_count, 1);
    const struct lens_fault *fault = &text.last.faults[0];
    assert_true(span_is(fault->from, "/in/1/date"));
    assert_true(span_is(fault->to, "/out/1/d"));
    lens_fault_append(&sentence, fault, LANG_EN);
    assert_true(span_is(buf_span(&sentence), "the date `31/02/2024` is not DD/MM/YYYY"));
    buf_reset(&sentence);
    lens_fault_append(&sentence, fault, LANG_FR);
    assert_true(span_is(buf_span(&sentence), "la date `31/02/2024` n'est pas DD/MM/YYYY"));
    buf_clear(&sentence);
    lens_text_clear(&text);
}

static void faults_beyond_those_listed_are_counted(void **state)
{
    (void)state;
    struct lens_text text;
    struct buf json;
    buf_init(&json, 1 << 20);
    buf_append_cstr(&json, "{\"a\":[");
    for (unsigned i = 0; i < 1000; i++)
        buf_append_cstr(&json, i == 0 ? "\"?\"" : ",\"?\"");
    buf_append(&json, "]}", 3);
    lens_text_init(&text, LENS("{\"to\":\"/v\",\"from\":\"/a\",\"through\":[{\"number\":true}]}"));
    assert_string_equal(lens_text_apply(&text, LENS_THERE, (const char *)json.data), "{}");
    assert_int_equal(text.last.fault_count, LENS_FAULTS_MAX);
    assert_int_equal(text.last.fault_total, 1000);
    buf_clear(&json);
    lens_text_clear(&text);
}

static bool has_loss(const struct lens_result *result, const char *path, enum lens_loss_kind kind,
                     bool is_declared)
{
    for (uint32_t i = 0; i < result->loss_count; i++) {
        if (span_is(result->losses[i].path, path) && result->losses[i].kind == kind &&
            result->losses[i].is_declared == is_declared)
            return true;
    }
    return false;
}

static void what_is_not_carried_over_is_a_loss(void **state)
{
    (void)state;
    struct lens_text text;
    lens_text_init(
        &text,
        "{\"from\":\"a\",\"to\":\"b\",\"loses\":{\"there\":[{\"path\":\"/list/*/note\",\"why\":"
        "{\"en\":\"no notes there\"}}]},\"rules\":[{\"to\":\"/n\",\"from\":\"/n\"},"
        "{\"to\":\"/l\",\"each\":\"/list\",\"rules\":[{\"to\":\"/x\",\"from\":\"/x\"}]},"
        "{\"to\":\"/at\",\"from\":\"/many\",\"through\":[{\"at\":0}]},"
        "{\"to\":\"/d\",\"from\":\"/d\",\"through\":[{\"drop\":[\"-\"]}]},"
        "{\"to\":\"/t\",\"from\":\"/t\",\"through\":[{\"language\":[\"fr\"]}]}]}");
    const char *document = "{\"n\":1,\"list\":[{\"x\":1,\"note\":\"a\"},{\"y/z\":[2,\"\"]}],"
                           "\"many\":[1,2],\"d\":\"-\",\"t\":{\"en\":\"a\",\"fr\":\"b\"},"
                           "\"empty\":{},\"blank\":\" \"}";
    (void)lens_text_apply(&text, LENS_THERE, document);
    assert_int_equal(text.last.loss_total, 0);
    lens_work_want_losses(text.work, true);
    (void)lens_text_apply(&text, LENS_THERE, document);
    assert_int_equal(text.last.loss_total, 6);
    assert_true(has_loss(&text.last, "/list/0/note", LENS_LOSS_UNREAD, true));
    assert_true(has_loss(&text.last, "/list/1/y~1z/0", LENS_LOSS_UNREAD, false));
    assert_true(has_loss(&text.last, "/empty", LENS_LOSS_UNREAD, false));
    assert_true(has_loss(&text.last, "/many", LENS_LOSS_DROPPED, false));
    assert_true(has_loss(&text.last, "/d", LENS_LOSS_DROPPED, false));
    assert_true(has_loss(&text.last, "/t", LENS_LOSS_DROPPED, false));
    lens_text_clear(&text);
}

static void what_was_only_looked_at_is_lost_where_the_lens_says_so(void **state)
{
    (void)state;
    struct lens_text text;
    lens_text_init(&text,
                   "{\"from\":\"a\",\"to\":\"b\",\"loses\":{\"there\":[{\"path\":\"/region\"},{"
                   "\"path\":\"/town\"}]},\"rules\":[{\"to\":\"/kind\",\"codes\":[{\"in\":["
                   "\"/region\",\"/town\",\"/yes\"],\"code\":\"place\"}]},"
                   "{\"to\":\"/town\",\"from\":\"/town\"}]}");
    lens_work_want_losses(text.work, true);
    (void)lens_text_apply(&text, LENS_THERE, "{\"region\":\"r\",\"town\":\"t\",\"yes\":[1]}");
    assert_int_equal(text.last.loss_total, 1);
    assert_true(has_loss(&text.last, "/region", LENS_LOSS_UNREAD, true));
    lens_text_clear(&text);
}

struct file {
    const char *name;
    const char *text;
};

static bool text_of(void *ctx, struct span name, struct span *out)
{
    for (const struct file *file = ctx; file->name != NULL; file++) {
        if (span_is(name, file->name)) {
            *out = span_cstr(file->text);
            return true;
        }
    }
    return false;
}

static void a_lens_takes_over_the_rules_of_those_it_uses(void **state)
{
    (void)state;
    struct file files[] = {
        {"base", LENS("{\"to\":\"/a\",\"constant\":1},{\"to\":\"/b\",\"constant\":1}")},
        {"middle", "{\"from\":\"a\",\"to\":\"b\",\"use\":[\"base\"],\"rules\":[{\"to\":\"/b\","
                   "\"constant\":2}]}"},
        {NULL, NULL}};
    struct lens_neighbours near = {.ctx = files, .text_of = text_of};
    struct lens_text text;
    lens_text_init(&text, NULL);
    assert_int_equal(
        lens_compile(span_cstr("{\"from\":\"a\",\"to\":\"b\",\"use\":[\"middle\"],\"rules\":[{"
                               "\"to\":\"/c\",\"constant\":3}]}"),
                     &near, &text.lens, NULL),
        OK);
    assert_string_equal(lens_text_apply(&text, LENS_THERE, "{}"), "{\"a\":1,\"b\":2,\"c\":3}");
    lens_text_clear(&text);
}

static void lenses_that_use_each_other_are_refused(void **state)
{
    (void)state;
    struct file files[] = {{"one", "{\"from\":\"a\",\"to\":\"b\",\"use\":[\"two\"],\"rules\":[]}"},
                           {"two", "{\"from\":\"a\",\"to\":\"b\",\"use\":[\"one\"],\"rules\":[]}"},
                           {NULL, NULL}};
    struct lens_neighbours near = {.ctx = files, .text_of = text_of};
    struct lens_refusal refusal;
    struct lens *lens;
    assert_int_equal(lens_compile(span_cstr(files[0].text), &near, &lens, &refusal), ERR_BAD_LENS);
    assert_int_equal(refusal.rule, LENS_REFUSED_USE_LOOP);
    assert_string_equal(refusal.found, "two");
}

static void a_lens_that_is_too_large_is_refused(void **state)
{
    (void)state;
    struct buf json;
    buf_init(&json, 4 << 20);
    buf_append_cstr(&json, "{\"from\":\"a\",\"to\":\"b\",\"rules\":[");
    for (unsigned i = 0; i < 12000; i++)
        buf_append_cstr(&json, i == 0 ? "{\"to\":\"/a\",\"from\":\"/b\"}"
                                      : ",{\"to\":\"/a\",\"from\":\"/b\"}");
    buf_append(&json, "]}", 3);
    assert_int_equal(lens_text_refusal((const char *)json.data).rule, LENS_REFUSED_LIMIT);
    buf_reset(&json);
    buf_append_cstr(&json, "{\"from\":\"a\",\"to\":\"b\",\"rules\":[{\"to\":\"/a\",");
    for (unsigned i = 0; i < 20; i++)
        buf_append_cstr(&json, "\"first\":[{");
    buf_append_cstr(&json, "\"from\":\"/b\"");
    for (unsigned i = 0; i < 20; i++)
        buf_append_cstr(&json, "}]");
    buf_append(&json, "}]}", 4);
    assert_int_equal(lens_text_refusal((const char *)json.data).rule, LENS_REFUSED_LIMIT);
    buf_clear(&json);
}

static void a_result_beyond_the_limit_is_an_error(void **state)
{
    (void)state;
    struct buf json;
    struct lens_text text;
    struct lens_result result;
    buf_init(&json, 4 << 20);
    buf_append_cstr(&json, "{\"from\":\"a\",\"to\":\"b\",\"rules\":[{\"to\":\"/0\",\"from\":\"\"}");
    for (unsigned i = 0; i < 1500; i++) {
        buf_append_cstr(&json, ",{\"to\":\"/");
        buf_append_u64(&json, i);
        buf_append_cstr(&json, "\",\"from\":\"\"}");
    }
    buf_append(&json, "]}", 3);
    lens_text_init(&text, (const char *)json.data);
    buf_reset(&json);
    for (unsigned i = 0; i < 20000; i++)
        buf_append_cstr(&json, i == 0 ? "[1" : ",1");
    buf_append_cstr(&json, "]");
    struct tree *source = lens_text_read(&text, buf_span(&json));
    assert_int_equal(lens_apply(text.lens, LENS_THERE, text.work, source, &result), ERR_LIMIT);
    /* And the work is good for the next. */
    assert_int_equal(lens_text_apply(&text, LENS_THERE, "1")[0], '[');
    buf_clear(&json);
    lens_text_clear(&text);
}

static void a_result_deeper_than_a_record_is_an_error(void **state)
{
    (void)state;
    struct lens_text text;
    struct lens_result result;
    struct buf json;
    buf_init(&json, 1 << 16);
    buf_append_cstr(&json, "{\"from\":\"a\",\"to\":\"b\",\"rules\":[{\"to\":\"/v\",\"from\":\"\","
                           "\"through\":[{\"wrap\":\"/a/b/c/d\"}");
    for (unsigned i = 1; i < 16; i++)
        buf_append_cstr(&json, ",{\"wrap\":\"/a/b/c/d\"}");
    buf_append(&json, "]}]}", 5);
    lens_text_init(&text, (const char *)json.data);
    struct tree *source = lens_text_read(&text, SPAN_LITERAL("1"));
    assert_int_equal(lens_apply(text.lens, LENS_THERE, text.work, source, &result), ERR_LIMIT);
    buf_clear(&json);
    lens_text_clear(&text);
    assert_int_equal(lens_text_refusal(LENS("{\"to\":\"/a\",\"from\":\"/a\",\"through\":[{"
                                            "\"wrap\":\"/a/b/c/d/e\"}]}"))
                         .rule,
                     LENS_REFUSED_LIMIT);
}

static void the_shortest_chain_is_found(void **state)
{
    (void)state;
#define EDGE(a, b, is_both)                                                                        \
    {                                                                                              \
        SPAN_LITERAL(a), SPAN_LITERAL(b), is_both                                                  \
    }
    const struct lens_edge edges[] = {
        EDGE("a", "b", false), EDGE("b", "c", false),
        EDGE("d", "c", true),  EDGE("d", "e", false),
        EDGE("e", "f", false), EDGE("b", "d", false),
        EDGE("f", "g", false), EDGE("e", "schema.org/X", false),
        EDGE("x", "a", false),
    };
    static const struct {
        const char *from;
        const char *to;
        const char *chain;
    } cases[] = {
        {"a", "b", "0"},         {"a", "d", "05"}, {"c", "e", "-23"}, {"a", "f", "0534"},
        {"a", "g", ""},          {"a", "x", ""},   {"a", "a", ""},    {"a", "schema.org/", "0537"},
        {"a", "schema.org", ""}, {"c", "d", "-2"}, {"d", "c", "2"},   {"zz", "a", ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct lens_step steps[LENS_CHAIN_MAX];
        char chain[16] = "";
        size_t at = 0;
        unsigned count = lens_chain(edges, sizeof(edges) / sizeof(edges[0]),
                                    span_cstr(cases[i].from), span_cstr(cases[i].to), steps);
        for (unsigned k = 0; k < count; k++) {
            if (steps[k].direction == LENS_BACK)
                chain[at++] = '-';
            chain[at++] = (char)('0' + steps[k].lens);
        }
        chain[at] = '\0';
        assert_string_equal(chain, cases[i].chain);
    }
}

static void every_sentence_is_there_in_both_languages(void **state)
{
    (void)state;
    for (unsigned rule = 0; rule < LENS_REFUSED_COUNT; rule++) {
        for (unsigned lang = LANG_EN; lang <= LANG_FR; lang++) {
            assert_true(lens_refusal_reason(rule, lang)[0] != '\0');
            assert_true(lens_refusal_remedy(rule, lang)[0] != '\0');
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lens_is_refused_with_rule_and_place),
        cmocka_unit_test(what_says_its_own_way_back_needs_no_inverse),
        cmocka_unit_test(the_way_back_undoes_each_operation),
        cmocka_unit_test(a_fault_names_both_places_and_the_value),
        cmocka_unit_test(faults_beyond_those_listed_are_counted),
        cmocka_unit_test(what_is_not_carried_over_is_a_loss),
        cmocka_unit_test(what_was_only_looked_at_is_lost_where_the_lens_says_so),
        cmocka_unit_test(a_lens_takes_over_the_rules_of_those_it_uses),
        cmocka_unit_test(lenses_that_use_each_other_are_refused),
        cmocka_unit_test(a_lens_that_is_too_large_is_refused),
        cmocka_unit_test(a_result_beyond_the_limit_is_an_error),
        cmocka_unit_test(a_result_deeper_than_a_record_is_an_error),
        cmocka_unit_test(the_shortest_chain_is_found),
        cmocka_unit_test(every_sentence_is_there_in_both_languages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

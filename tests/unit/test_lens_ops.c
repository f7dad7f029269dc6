/* Every source and operation, with what it is for and what it does not understand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "tests/lib/lens_text.h"

#define NO_FAULT LENS_FAULT_COUNT

struct row {
    const char *expression; /* members of a rule to /v */
    const char *document;
    const char *value; /* canonical; NULL: absent */
    enum lens_fault_kind fault;
};

static void check(const struct row *row)
{
    char lens[4096];
    char expected[4096];
    struct lens_text text;
    (void)snprintf(lens, sizeof(lens),
                   "{\"from\":\"a\",\"to\":\"b\",\"rules\":[{\"to\":\"/v\",%s}]}", row->expression);
    (void)snprintf(expected, sizeof(expected), row->value == NULL ? "{}" : "{\"v\":%s}",
                   row->value);
    lens_text_init(&text, lens);
    const char *result = lens_text_apply(&text, LENS_THERE, row->document);
    if (strcmp(result, expected) != 0)
        fail_msg("%s of %s: %s, expected %s", row->expression, row->document, result, expected);
    if ((row->fault == NO_FAULT) != (text.last.fault_count == 0))
        fail_msg("%s of %s: %u faults", row->expression, row->document, text.last.fault_count);
    if (row->fault != NO_FAULT)
        assert_int_equal(text.last.faults[0].kind, row->fault);
    lens_text_clear(&text);
}

#define CHECK_ROWS(rows)                                                                           \
    do {                                                                                           \
        for (size_t i_ = 0; i_ < sizeof(rows) / sizeof((rows)[0]); i_++)                           \
            check(&(rows)[i_]);                                                                    \
    } while (0)

static void sources_take_what_is_there(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"\"from\":\"/a/b~1c\"", "{\"a\":{\"b/c\":[1]}}", "[1]", NO_FAULT},
        {"\"from\":\"\"", "{\"a\":1}", "{\"a\":1}", NO_FAULT},
        {"\"from\":\"/a/1\"", "{\"a\":[1,2]}", "2", NO_FAULT},
        {"\"from\":\"/a/01\"", "{\"a\":[1,2]}", NULL, NO_FAULT},
        {"\"from\":\"/a/x\"", "{\"a\":\"text\"}", NULL, NO_FAULT},
        {"\"from\":\"/a\"", "[1]", NULL, NO_FAULT},
        {"\"from\":\"/a\"", "{\"a\":\" \\u00a0\"}", NULL, NO_FAULT},
        {"\"from\":\"/a\"", "{\"a\":null}", NULL, NO_FAULT},
        {"\"from\":\"/a\",\"default\":7", "{\"a\":\"\"}", "7", NO_FAULT},
        {"\"first\":[\"/a\",{\"from\":\"/b\",\"through\":[{\"trim\":true}]}]",
         "{\"a\":\" \",\"b\":\" x \"}", "\"x\"", NO_FAULT},
        {"\"first\":[\"/a\",{\"constant\":false}]", "{}", "false", NO_FAULT},
        {"\"join\":[\"/a\",\"/b\",\"/c\"],\"separator\":\", \"",
         "{\"a\":\" 12 \",\"b\":null,\"c\":3}", "\"12, 3\"", NO_FAULT},
        {"\"join\":[\"/a\",\"/b\"]", "{\"a\":{},\"b\":\"x\"}", "\"x\"", LENS_FAULT_NOT_TEXT},
        {"\"all\":[\"/a\",\"/b\",\"/c\"]", "{\"a\":[1,\"\",[2]],\"b\":\"x\"}", "[1,[2],\"x\"]",
         NO_FAULT},
        {"\"all\":[\"/a\"]", "{\"a\":[]}", NULL, NO_FAULT},
        {"\"constant\":{\"a\":[1]}", "{}", "{\"a\":[1]}", NO_FAULT},
        {"\"point\":{\"lat\":\"/y\",\"lon\":\"/x\"}", "{\"y\":\"48,85\",\"x\":2}",
         "{\"lat\":48.85,\"lon\":2}", NO_FAULT},
        {"\"point\":{\"lat\":\"/y\",\"lon\":\"/x\"}", "{\"y\":91,\"x\":2}", NULL,
         LENS_FAULT_NOT_COORDINATES},
        {"\"point\":{\"lat\":\"/y\",\"lon\":\"/x\"}", "{\"y\":\"?\",\"x\":2}", NULL,
         LENS_FAULT_NOT_COORDINATES},
        {"\"point\":{\"lat\":\"/y\",\"lon\":\"/x\"}", "{\"y\":48}", NULL, NO_FAULT},
        {"\"point\":{\"lat\":\"/y\",\"lon\":\"/x\",\"within\":[[41,-6,52,10]]}",
         "{\"y\":2.35,\"x\":48.85}", NULL, LENS_FAULT_OUT_OF_AREA},
        {"\"object\":[{\"to\":\"/x\",\"from\":\"/a\"},{\"to\":\"/y/z\",\"from\":\"/b\"}]",
         "{\"a\":1,\"b\":2}", "{\"x\":1,\"y\":{\"z\":2}}", NO_FAULT},
        {"\"object\":[{\"to\":\"/x\",\"from\":\"/a\"}]", "{}", NULL, NO_FAULT},
        {"\"each\":\"/a\",\"rules\":[{\"to\":\"/x\",\"from\":\"/n\"}]",
         "{\"a\":[{\"n\":1},{},{\"n\":2}]}", "[{\"x\":1},{\"x\":2}]", NO_FAULT},
        {"\"each\":\"/a\",\"rules\":[{\"to\":\"/x\",\"from\":\"/n\"}]", "{\"a\":{\"n\":1}}",
         "[{\"x\":1}]", NO_FAULT},
        {"\"each\":\"/a\",\"rules\":[{\"to\":\"\",\"from\":\"\"}]", "{\"a\":\"x\"}", "[\"x\"]",
         NO_FAULT},
    };
    CHECK_ROWS(rows);
}

static void codes_are_found_by_words_without_case_or_accents(void **state)
{
    (void)state;
#define CODES                                                                                      \
    "\"codes\":[{\"in\":[\"/a\",\"/b\"],\"words\":[\"Démarches\",\"c’est gratuit\"],"           \
    "\"without\":[\"sous  condition\"],\"code\":\"A\"},"                                           \
    "{\"in\":\"/c\",\"code\":\"B\"},{\"in\":[\"/a\"],\"words\":[\"€\"],\"code\":\"A\"}]"
    static const struct row rows[] = {
        {CODES, "{\"a\":\"Aide aux DEMARCHES\"}", "\"A\"", NO_FAULT},
        {CODES, "{\"b\":\"c'est\\u00a0gratuit\"}", "\"A\"", NO_FAULT},
        {CODES, "{\"a\":\"démarches sous condition\"}", NULL, NO_FAULT},
        {CODES, "{\"a\":\"démarches sous condition\",\"b\":\"demarches\"}", "\"A\"", NO_FAULT},
        {CODES, "{\"a\":\"5 €\"}", "\"A\"", NO_FAULT},
        {CODES, "{\"a\":\"5 euros\",\"c\":\" \"}", NULL, NO_FAULT},
        {CODES, "{\"c\":0}", "\"B\"", NO_FAULT},
        {CODES ",\"many\":true", "{\"a\":\"démarches à 5 €\",\"c\":true}", "[\"A\",\"B\"]",
         NO_FAULT},
        {CODES ",\"many\":true", "{\"a\":[\"x\",\"Démarches\"]}", "[\"A\"]", NO_FAULT},
        {CODES ",\"many\":true", "{}", NULL, NO_FAULT},
        {"\"codes\":[{\"code\":\"always\"}]", "{}", "\"always\"", NO_FAULT},
    };
    CHECK_ROWS(rows);
}

static void hours_come_from_cells_and_from_sentences(void **state)
{
    (void)state;
#define CELLS "\"hours\":{\"Mo\":[\"/am\",\"/pm\"],\"Tu\":\"/tu\",\"Su\":[\"/su\"]}"
    static const struct row rows[] = {
        {CELLS, "{\"am\":\"9h-12h30\",\"pm\":\"14:00-18:00\",\"tu\":\"fermé\"}",
         "\"Mo 09:00-12:30,14:00-18:00; Tu off\"", NO_FAULT},
        {CELLS, "{\"am\":\"9h-12h\",\"tu\":\"9h à 12h\",\"su\":\"9-12h\"}",
         "\"Mo,Tu,Su 09:00-12:00\"", NO_FAULT},
        {CELLS, "{\"am\":\"sur rendez-vous\",\"tu\":\"9h-12h\"}", "\"Tu 09:00-12:00\"",
         LENS_FAULT_NOT_HOURS},
        {CELLS, "{\"am\":[]}", NULL, LENS_FAULT_NOT_HOURS},
        {CELLS, "{\"am\":\" \"}", NULL, NO_FAULT},
        {"\"hours_text\":\"/h\"", "{\"h\":\" Mo-Fr 09:00-12:00; PH off \"}",
         "\"Mo-Fr 09:00-12:00; PH off\"", NO_FAULT},
        {"\"hours_text\":\"/h\"", "{\"h\":\"Du lundi au vendredi : 9h - 12h30\"}",
         "\"Mo-Fr 09:00-12:30\"", NO_FAULT},
        {"\"hours_text\":\"/h\"", "{\"h\":\"sur rendez-vous\"}", NULL, LENS_FAULT_NOT_HOURS},
        {"\"hours_text\":\"/h\"", "{\"h\":12}", NULL, LENS_FAULT_NOT_HOURS},
    };
    CHECK_ROWS(rows);
}

#define THROUGH(ops) "\"from\":\"/a\",\"through\":[" ops "]"

static void lists_are_split_joined_and_cleared_of_repeats(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {THROUGH("{\"split\":\";\"}"), "{\"a\":\" x ; ;y\"}", "[\"x\",\"y\"]", NO_FAULT},
        {THROUGH("{\"split\":\";\"}"), "{\"a\":[\"x;y\",\"z\"]}", "[\"x\",\"y\",\"z\"]", NO_FAULT},
        {THROUGH("{\"split\":\"::\"}"), "{\"a\":12}", "[\"12\"]", NO_FAULT},
        {THROUGH("{\"split\":\";\"}"), "{\"a\":{}}", NULL, LENS_FAULT_NOT_TEXT},
        {THROUGH("{\"split\":\";\"}"), "{\"a\":\";;\"}", NULL, NO_FAULT},
        {THROUGH("{\"join\":\", \"}"), "{\"a\":[\"x\",1,true]}", "\"x, 1, true\"", NO_FAULT},
        {THROUGH("{\"join\":\", \"}"), "{\"a\":[[]]}", NULL, LENS_FAULT_NOT_TEXT},
        {THROUGH("{\"join\":\", \"}"), "{\"a\":\"x\"}", "\"x\"", NO_FAULT},
        {THROUGH("{\"unique\":true}"), "{\"a\":[1,\"1\",1,{\"x\":[]},{\"x\":[]},\"1\"]}",
         "[1,\"1\",{\"x\":[]}]", NO_FAULT},
        {THROUGH("{\"unique\":true}"), "{\"a\":\"x\"}", "\"x\"", NO_FAULT},
        {THROUGH("{\"wrap\":\"array\"}"), "{\"a\":1}", "[1]", NO_FAULT},
        {THROUGH("{\"wrap\":\"array\"}"), "{\"a\":[1]}", "[1]", NO_FAULT},
        {THROUGH("{\"unwrap\":\"array\"}"), "{\"a\":[1,2]}", "1", NO_FAULT},
        {THROUGH("{\"unwrap\":\"array\"}"), "{\"a\":[]}", NULL, NO_FAULT},
        {THROUGH("{\"wrap\":\"/@value\"}"), "{\"a\":1}", "{\"@value\":1}", NO_FAULT},
        {THROUGH("{\"unwrap\":\"/@value\"}"), "{\"a\":{\"@value\":1}}", "1", NO_FAULT},
        {THROUGH("{\"unwrap\":\"/@value\"}"), "{\"a\":2}", "2", NO_FAULT},
        {THROUGH("{\"unwrap\":\"/@value\"}"), "{\"a\":{\"x\":1}}", NULL, NO_FAULT},
        {THROUGH("{\"at\":1}"), "{\"a\":[1,2]}", "2", NO_FAULT},
        {THROUGH("{\"at\":2}"), "{\"a\":[1,2]}", NULL, NO_FAULT},
        {THROUGH("{\"at\":0}"), "{\"a\":\"x\"}", "\"x\"", NO_FAULT},
    };
    CHECK_ROWS(rows);
}

static void values_go_through_tables_numbers_and_booleans(void **state)
{
    (void)state;
#define TABLE "{\"table\":{\"a\":\"b\",\"1\":2,\"true\":\"T\"}"
    static const struct row rows[] = {
        {THROUGH(TABLE "}"), "{\"a\":\" a \"}", "\"b\"", NO_FAULT},
        {THROUGH(TABLE "}"), "{\"a\":[\"a\",1,true]}", "[\"b\",2,\"T\"]", NO_FAULT},
        {THROUGH(TABLE "}"), "{\"a\":[\"a\",\"z\"]}", "[\"b\"]", LENS_FAULT_NOT_IN_TABLE},
        {THROUGH(TABLE ",\"otherwise\":\"keep\"}"), "{\"a\":\"z\"}", "\"z\"", NO_FAULT},
        {THROUGH(TABLE ",\"otherwise\":\"drop\"}"), "{\"a\":\"z\"}", NULL, NO_FAULT},
        {THROUGH(TABLE ",\"otherwise\":{\"value\":[9]}}"), "{\"a\":{}}", "[9]", NO_FAULT},
        {THROUGH("{\"number\":{\"decimal\":\",\"}}"), "{\"a\":\"-1 234,50\"}", "-1234.5", NO_FAULT},
        {THROUGH("{\"number\":{\"decimal\":\",\"}}"), "{\"a\":\"1.5\"}", NULL,
         LENS_FAULT_NOT_NUMBER},
        {THROUGH("{\"number\":true}"), "{\"a\":\"007.25\"}", "7.25", NO_FAULT},
        {THROUGH("{\"number\":true}"), "{\"a\":\"1,5\"}", NULL, LENS_FAULT_NOT_NUMBER},
        {THROUGH("{\"number\":true}"), "{\"a\":\"1e999\"}", NULL, LENS_FAULT_NOT_NUMBER},
        {THROUGH("{\"number\":true}"), "{\"a\":\"--1\"}", NULL, LENS_FAULT_NOT_NUMBER},
        {THROUGH("{\"number\":{}}"), "{\"a\":3}", "3", NO_FAULT},
        {THROUGH("{\"number\":true}"), "{\"a\":true}", NULL, LENS_FAULT_NOT_NUMBER},
        {THROUGH("{\"text\":true}"), "{\"a\":1.5}", "\"1.5\"", NO_FAULT},
        {THROUGH("{\"text\":true}"), "{\"a\":false}", "\"false\"", NO_FAULT},
        {THROUGH("{\"text\":true}"), "{\"a\":{}}", NULL, LENS_FAULT_NOT_TEXT},
        {THROUGH("{\"pad\":5}"), "{\"a\":1400}", "\"01400\"", NO_FAULT},
        {THROUGH("{\"pad\":5}"), "{\"a\":\" 2A004 \"}", "\"2A004\"", NO_FAULT},
        {THROUGH("{\"pad\":5}"), "{\"a\":-1}", NULL, LENS_FAULT_NOT_TEXT},
        {THROUGH("{\"pad\":5}"), "{\"a\":true}", NULL, LENS_FAULT_NOT_TEXT},
        {THROUGH("{\"boolean\":{\"true\":[\"oui\",\"x\"],\"false\":[\"non\",\"0\"]}}"),
         "{\"a\":[\"OUI\",\"x \",0,true]}", "[true,true,false,true]", NO_FAULT},
        {THROUGH("{\"boolean\":{\"true\":[\"oui\"],\"false\":[\"non\"]}}"), "{\"a\":\"peut-être\"}",
         NULL, LENS_FAULT_NOT_BOOLEAN},
    };
    CHECK_ROWS(rows);
}

static void dates_are_read_in_one_of_several_formats(void **state)
{
    (void)state;
#define DATE "{\"date\":{\"read\":[\"DD/MM/YYYY\",\"date-time\"],\"write\":\"date\"}}"
    static const struct row rows[] = {
        {THROUGH(DATE), "{\"a\":\"07/12/2021\"}", "\"2021-12-07\"", NO_FAULT},
        {THROUGH(DATE), "{\"a\":\"2021-12-31T23:30:00-01:00\"}", "\"2022-01-01\"", NO_FAULT},
        {THROUGH(DATE), "{\"a\":\"31/02/2021\"}", NULL, LENS_FAULT_NOT_DATE},
        {THROUGH(DATE), "{\"a\":{}}", NULL, LENS_FAULT_NOT_DATE},
        {THROUGH("{\"date\":{\"read\":\"unix-s\",\"write\":\"date-time\"}}"), "{\"a\":1700000000}",
         "\"2023-11-14T22:13:20Z\"", NO_FAULT},
        {THROUGH("{\"date\":{\"read\":\"date\",\"write\":\"unix-ms\"}}"), "{\"a\":\"1970-01-02\"}",
         "86400000", NO_FAULT},
    };
    CHECK_ROWS(rows);
}

static void texts_are_cut_joined_and_cleaned(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {THROUGH("{\"prefix\":\"p:\"}"), "{\"a\":[\"x\",1]}", "[\"p:x\",\"p:1\"]", NO_FAULT},
        {THROUGH("{\"prefix\":\"p:\"}"), "{\"a\":{}}", NULL, LENS_FAULT_NOT_TEXT},
        {THROUGH("{\"strip\":\"p:\"}"), "{\"a\":[\"p:x\",\"y\"]}", "[\"x\",\"y\"]", NO_FAULT},
        {THROUGH("{\"extract\":\"(?:a|([0-9]+))b(c)?\"}"), "{\"a\":\"x12bc\"}", "\"12\"", NO_FAULT},
        {THROUGH("{\"extract\":\"([0-9]+)\"}"), "{\"a\":\"none\"}", NULL, NO_FAULT},
        {THROUGH("{\"replace\":[\"([a-z])([0-9])\",\"$2$1$$\"]}"), "{\"a\":\"é a1b2 c\"}",
         "\"é 1a$2b$ c\"", NO_FAULT},
        {THROUGH("{\"replace\":[\"x*\",\"-\"]}"), "{\"a\":\"éx\"}", "\"-é--\"", NO_FAULT},
        {THROUGH("{\"html\":\"text\"}"),
         "{\"a\":\"<p>Un <b>été</b> &amp; l&#39;an</p><script>x<y</script>\\n<br>3 < 4\"}",
         "\"Un été & l'an\\n3 < 4\"", NO_FAULT},
        {THROUGH("{\"html\":\"text\"}"), "{\"a\":\"a\\n b & c\"}", "\"a\\n b & c\"", NO_FAULT},
        {THROUGH("{\"trim\":true}"), "{\"a\":\"\\ufeff x\\u00a0\"}", "\"x\"", NO_FAULT},
        {THROUGH("{\"lower\":true}"), "{\"a\":\"ÉCOLE ŒUF Ÿ Ж\"}", "\"école œuf ÿ ж\"", NO_FAULT},
        {THROUGH("{\"drop\":[\"ND\",\"\"]}"), "{\"a\":[\"ND \",\"x\",\" \"]}", "[\"x\"]", NO_FAULT},
        {THROUGH("{\"drop\":[\"ND\"]}"), "{\"a\":\"ND\"}", NULL, NO_FAULT},
        {THROUGH("{\"web\":true}"), "{\"a\":\" www.été.example/x?y \"}",
         "\"https://www.été.example/x?y\"", NO_FAULT},
        {THROUGH("{\"web\":true}"), "{\"a\":\"HTTP://example.org:80/\"}",
         "\"HTTP://example.org:80/\"", NO_FAULT},
        {THROUGH("{\"web\":true}"), "{\"a\":\"someone@example.org\"}", NULL, LENS_FAULT_NOT_WEB},
        {THROUGH("{\"web\":true}"), "{\"a\":\"pas de site\"}", NULL, LENS_FAULT_NOT_WEB},
        {THROUGH("{\"web\":true}"), "{\"a\":\"1.2.3.4\"}", NULL, LENS_FAULT_NOT_WEB},
        {THROUGH("{\"slug\":true}"), "{\"a\":\" L’Été, à Œuf! \"}", "\"l-ete-a-oeuf\"", NO_FAULT},
        {THROUGH("{\"slug\":true}"), "{\"a\":\"!\"}", NULL, NO_FAULT},
    };
    CHECK_ROWS(rows);
}

static void one_language_is_taken_of_several(void **state)
{
    (void)state;
#define LANGUAGE THROUGH("{\"language\":[\"fr\",\"en\"]}")
    static const struct row rows[] = {
        {LANGUAGE, "{\"a\":{\"de\":\"c\",\"en\":\"b\",\"fr\":\"a\"}}", "\"a\"", NO_FAULT},
        {LANGUAGE, "{\"a\":{\"de\":\"c\",\"en-GB\":\"b\"}}", "\"b\"", NO_FAULT},
        {LANGUAGE, "{\"a\":{\"de\":[\"c\"]}}", "\"c\"", NO_FAULT},
        {LANGUAGE,
         "{\"a\":[{\"@language\":\"en\",\"@value\":\"b\"},{\"@language\":\"fr\",\"@value\":\"a\"}]"
         "}",
         "\"a\"", NO_FAULT},
        {LANGUAGE, "{\"a\":[{\"@language\":\"de\",\"@value\":\"c\"},\"plain\"]}", "\"plain\"",
         NO_FAULT},
        {LANGUAGE, "{\"a\":{\"@value\":\"a\",\"@language\":\"xx\"}}", "\"a\"", NO_FAULT},
        {LANGUAGE, "{\"a\":\"plain\"}", "\"plain\"", NO_FAULT},
        {LANGUAGE, "{\"a\":{\"fr\":1}}", "1", NO_FAULT},
        {LANGUAGE, "{\"a\":{\"fr\":{}}}", NULL, LENS_FAULT_NO_LANGUAGE},
    };
    CHECK_ROWS(rows);
}

static void positions_are_read_from_texts_and_lists(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {THROUGH("{\"coordinates\":\"lat,lon\"}"), "{\"a\":\"48.85, 2.35\"}",
         "{\"lat\":48.85,\"lon\":2.35}", NO_FAULT},
        {THROUGH("{\"coordinates\":\"lat,lon\"}"), "{\"a\":\"48,85 ; 2,35\"}",
         "{\"lat\":48.85,\"lon\":2.35}", NO_FAULT},
        {THROUGH("{\"coordinates\":\"lon,lat\"}"), "{\"a\":[2.35,48.85,30]}",
         "{\"lat\":48.85,\"lon\":2.35}", NO_FAULT},
        {THROUGH("{\"coordinates\":\"lon,lat\"}"), "{\"a\":[2.35,148.85]}", NULL,
         LENS_FAULT_NOT_COORDINATES},
        {THROUGH("{\"coordinates\":\"lat,lon\"}"), "{\"a\":\"48.85\"}", NULL,
         LENS_FAULT_NOT_COORDINATES},
        {THROUGH("{\"coordinates\":\"lat,lon\"}"), "{\"a\":[1]}", NULL, LENS_FAULT_NOT_COORDINATES},
    };
    CHECK_ROWS(rows);
}

static bool label_of(void *ctx, struct span vocabulary, struct span concept, struct span language,
                     struct span *out)
{
    (void)ctx;
    bool is_known =
        span_is(vocabulary, "themes") && span_is(concept, "t:1") && span_is(language, "fr");
    if (is_known)
        *out = SPAN_LITERAL("Numérique");
    return is_known;
}

static bool concept_of(void *ctx, struct span vocabulary, struct span label, struct span language,
                       struct span *out)
{
    (void)ctx;
    (void)language;
    bool is_known = span_is(vocabulary, "themes") && span_is(label, "Numérique");
    if (is_known)
        *out = SPAN_LITERAL("t:1");
    return is_known;
}

static void concepts_become_labels_and_back(void **state)
{
    (void)state;
    static const struct lens_vocabularies known = {.label_of = label_of, .concept_of = concept_of};
    struct lens_text text;
    lens_text_init(&text, "{\"from\":\"a\",\"to\":\"b\",\"both\":true,\"rules\":[{\"to\":\"/t\","
                          "\"from\":\"/c\",\"through\":[{\"vocabulary\":\"themes\","
                          "\"label\":\"fr\"}]}]}");
    lens_work_set_vocabularies(text.work, &known);
    assert_string_equal(lens_text_apply(&text, LENS_THERE, "{\"c\":[\"t:1\",\"t:2\"]}"),
                        "{\"t\":[\"Numérique\"]}");
    assert_int_equal(text.last.faults[0].kind, LENS_FAULT_NO_CONCEPT);
    assert_string_equal(lens_text_apply(&text, LENS_BACK, "{\"t\":\"Numérique\"}"),
                        "{\"c\":\"t:1\"}");
    lens_text_clear(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sources_take_what_is_there),
        cmocka_unit_test(codes_are_found_by_words_without_case_or_accents),
        cmocka_unit_test(hours_come_from_cells_and_from_sentences),
        cmocka_unit_test(lists_are_split_joined_and_cleared_of_repeats),
        cmocka_unit_test(values_go_through_tables_numbers_and_booleans),
        cmocka_unit_test(dates_are_read_in_one_of_several_formats),
        cmocka_unit_test(texts_are_cut_joined_and_cleaned),
        cmocka_unit_test(one_language_is_taken_of_several),
        cmocka_unit_test(positions_are_read_from_texts_and_lists),
        cmocka_unit_test(concepts_become_labels_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

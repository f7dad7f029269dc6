/* The core model of bodies, in its one form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "tests/lib/lens_text.h"

static const struct span languages[] = {{(const uint8_t *)"fr", 2}, {(const uint8_t *)"en", 2}};

struct fixture {
    struct lens_text text;
    struct core_map *map;
    struct core core;
};

static const char *read_core(struct fixture *f, const char *map, const char *body)
{
    struct lens_refusal refusal = {.pointer = ""};
    lens_text_init(&f->text, NULL);
    if (core_map_compile(span_cstr(map), NULL, &f->map, &refusal) != OK)
        fail_msg("%s: %s", refusal.pointer, lens_refusal_reason(refusal.rule, LANG_EN));
    struct tree *source = lens_text_read(&f->text, span_cstr(body));
    assert_int_equal(core_map_apply(f->map, f->text.work, source, languages, 2, &f->core), OK);
    tree_append_canonical(&f->text.result, f->core.value);
    buf_append_byte(&f->text.result, '\0');
    return (const char *)f->text.result.data;
}

static void clear(struct fixture *f)
{
    core_map_free(f->map);
    lens_text_clear(&f->text);
}

static void a_body_is_read_into_all_fields(void **state)
{
    (void)state;
    struct fixture f;
    const char *value = read_core(
        &f,
        "{\"title\":{\"from\":\"/name\"},\"summary\":{\"from\":\"/sum\"},"
        "\"text\":{\"join\":[\"/sum\",\"/html\"],\"separator\":\"\\n\"},"
        "\"language\":{\"from\":\"/lang\"},\"categories\":{\"all\":[\"/c\",\"/d\"]},"
        "\"identifiers\":{\"each\":\"/ids\",\"rules\":[{\"to\":\"/scheme\",\"from\":\"/s\"},"
        "{\"to\":\"/value\",\"from\":\"/v\"}]},"
        "\"place\":{\"object\":[{\"to\":\"\",\"point\":{\"lat\":\"/y\",\"lon\":\"/x\"}},"
        "{\"to\":\"/locality\",\"from\":\"/town\"},{\"to\":\"/postcode\",\"from\":\"/cp\"}]},"
        "\"time\":{\"object\":[{\"to\":\"/start\",\"from\":\"/from\"},"
        "{\"to\":\"/updated\",\"from\":\"/maj\"}]},"
        "\"who\":{\"from\":\"/who\"},\"image\":{\"from\":\"/img\"},"
        "\"license\":{\"constant\":\"CC0-1.0\"},\"url\":{\"from\":\"/url\"}}",
        "{\"name\":[{\"@language\":\"en\",\"@value\":\"Leek\"},"
        "{\"@language\":\"fr\",\"@value\":\" Poireau \"}],\"sum\":\"S\","
        "\"html\":\"<p>Un&nbsp;<i>texte</i></p>\",\"lang\":\"fr\",\"c\":[\"x\",{\"@id\":\"y\"}],"
        "\"d\":7,\"ids\":[{\"s\":\"FR-SIRET\",\"v\":12},{\"s\":\"FR-RNA\"}],\"y\":\"48,5\","
        "\"x\":2,\"town\":\"Redon\",\"cp\":35600,\"from\":\"2024-02-29\","
        "\"maj\":\"2024-02-29T12:00:00+02:00\",\"who\":[{\"name\":\"A\"},\"B\"],"
        "\"img\":\" \",\"url\":\"https://a.example/\"}");
    assert_string_equal(
        value, "{\"categories\":[\"x\",\"y\",\"7\"],\"identifiers\":[{\"scheme\":\"FR-SIRET\","
               "\"value\":\"12\"}],\"language\":[\"fr\"],\"license\":\"CC0-1.0\",\"place\":{"
               "\"lat\":48.5,\"locality\":\"Redon\",\"lon\":2,\"postcode\":\"35600\"},"
               "\"summary\":\"S\",\"text\":\"S\\nUn texte\",\"time\":{\"start\":\"2024-02-29\","
               "\"updated\":\"2024-02-29T12:00:00+02:00\"},\"title\":\"Poireau\","
               "\"url\":\"https://a.example/\",\"who\":[\"A\",\"B\"]}");
    assert_int_equal(f.core.fault_total, 0);
    assert_true(span_is(f.core.title, "Poireau"));
    assert_true(f.core.place.has_point && f.core.place.lat == 48.5 && f.core.place.lon == 2);
    assert_true(span_is(f.core.place.postcode, "35600"));
    assert_int_equal(f.core.start.unix_ms, INT64_C(1709164800000));
    assert_int_equal(f.core.updated.unix_ms, INT64_C(1709200800000));
    assert_false(f.core.end.is_set);
    assert_int_equal(f.core.image.len, 0);
    assert_int_equal(f.core.who->count, 2);
    clear(&f);
}

static void what_cannot_be_read_is_marked_and_left_out(void **state)
{
    (void)state;
    struct fixture f;
    static const char *const places[] = {"/title", "/identifiers", "/place", "/time", "/time"};
    const char *value = read_core(
        &f,
        "{\"title\":{\"from\":\"/name\"},\"identifiers\":{\"from\":\"/ids\"},"
        "\"place\":{\"from\":\"/place\"},\"time\":{\"from\":\"/time\"},"
        "\"summary\":{\"from\":\"/none\"}}",
        "{\"name\":{\"x\":{}},\"ids\":{\"value\":\"1\"},\"place\":{\"lat\":\"?\",\"lon\":3,"
        "\"region\":\"R\"},\"time\":{\"start\":\"tomorrow\",\"end\":5,"
        "\"updated\":\"2024-01-01\"}}");
    assert_string_equal(value,
                        "{\"place\":{\"region\":\"R\"},\"time\":{\"updated\":\"2024-01-01\"}}");
    assert_int_equal(f.core.fault_count, 5);
    for (unsigned i = 0; i < 5; i++)
        assert_true(span_is(f.core.faults[i].to, places[i]));
    clear(&f);
}

static void fields_of_the_wrong_kind_are_marked(void **state)
{
    (void)state;
    struct fixture f;
    const char *value = read_core(&f,
                                  "{\"title\":{\"from\":\"/a\"},\"place\":{\"from\":\"/a\"},"
                                  "\"time\":{\"from\":\"/a\"},\"who\":{\"from\":\"/b\"}}",
                                  "{\"a\":\"x\",\"b\":[[],{}]}");
    assert_string_equal(value, "{\"title\":\"x\"}");
    assert_int_equal(f.core.fault_count, 2);
    clear(&f);
}

static void a_map_is_refused_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *map;
        enum lens_rule_broken rule;
        const char *pointer;
    } cases[] = {
        {"{}", LENS_REFUSED_MISSING, "/title"},
        {"{\"title\":{\"from\":\"/a\"},\"colour\":{\"from\":\"/a\"}}", LENS_REFUSED_UNKNOWN_FIELD,
         "/colour"},
        {"{\"title\":{\"from\":\"a\"}}", LENS_REFUSED_POINTER, "/title/from"},
        {"{\"title\":\"/a\"}", LENS_REFUSED_WRONG_TYPE, "/title"},
        {"{\"title\":{\"from\":\"/a\",\"to\":\"/b\"}}", LENS_REFUSED_UNKNOWN_MEMBER, "/title/to"},
        {"[]", LENS_REFUSED_JSON, ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct lens_refusal refusal;
        struct core_map *map;
        assert_int_equal(core_map_compile(span_cstr(cases[i].map), NULL, &map, &refusal),
                         ERR_BAD_LENS);
        assert_int_equal(refusal.rule, cases[i].rule);
        assert_string_equal(refusal.pointer, cases[i].pointer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_is_read_into_all_fields),
        cmocka_unit_test(what_cannot_be_read_is_marked_and_left_out),
        cmocka_unit_test(fields_of_the_wrong_kind_are_marked),
        cmocka_unit_test(a_map_is_refused_with_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

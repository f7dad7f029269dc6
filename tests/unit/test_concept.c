/* proto/schema/concept: labels with a fallback, broader concepts, replacements. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "proto/json/jcs.h"
#include "proto/limits.h"
#include "proto/schema/concept.h"

static const char themes[] =
    "{\"id\":\"themes\",\"languages\":[\"fr\",\"en\"],\"concepts\":{"
    "\"z\":{\"labels\":{\"fr\":\"Z\\u00e8bre\"},\"broader\":[\"animal\"]},"
    "\"animal\":{\"labels\":{\"en\":\"Animal\",\"oc\":\"Animau\"},\"broader\":\"life\"},"
    "\"life\":{\"broader\":[\"z\",\"elsewhere\"]},"
    "\"mute\":{},"
    "\"oc\":{\"labels\":{\"oc\":\"Occitan\"}},"
    "\"old\":{\"labels\":{\"fr\":\"Nouveau\"},\"replaced_by\":\"older\"},"
    "\"older\":{\"replaced_by\":\"new\"},"
    "\"new\":{\"labels\":{\"fr\":\"Nouveau\"},\"alt\":{\"fr\":[\"Neuf\",\"zebre\"],\"en\":\"Brand "
    "new\"}},"
    "\"loop\":{\"replaced_by\":\"pool\"},\"pool\":{\"replaced_by\":\"loop\"}}}";

static enum err read_text(const char *text, struct vocabulary **out, struct why *why)
{
    static const struct tape_limits limits = {.bytes_max = PACK_FILE_BYTES_MAX, .depth_max = 64};
    struct buf json;
    buf_init(&json, PACK_FILE_BYTES_MAX);
    struct jcs *jcs = jcs_new();
    assert_int_equal(jcs_canonicalise(jcs, span_cstr(text), &limits, &json, NULL), OK);
    jcs_free(jcs);
    enum err err = vocabulary_read(buf_span(&json), out, why);
    buf_clear(&json);
    return err;
}

static int setup(void **state)
{
    struct vocabulary *vocabulary;
    assert_int_equal(read_text(themes, &vocabulary, NULL), OK);
    *state = vocabulary;
    return 0;
}

static int teardown(void **state)
{
    vocabulary_free(*state);
    return 0;
}

static void is_text(struct span found, const char *expected)
{
    if (!span_is(found, expected))
        fail_msg("found \"%.*s\", expected \"%s\"", (int)found.len, (const char *)found.data,
                 expected);
}

static void labels_fall_back_by_language(void **state)
{
    struct span french[] = {SPAN_LITERAL("fr")};
    struct span chosen[] = {SPAN_LITERAL("de"), SPAN_LITERAL("oc-FR")};
    struct span language;
    is_text(vocabulary_label(*state, SPAN_LITERAL("z"), french, 1, &language), "Z\xc3\xa8"
                                                                               "bre");
    is_text(language, "fr");
    is_text(vocabulary_label(*state, SPAN_LITERAL("animal"), french, 1, &language), "Animal");
    is_text(language, "en");
    is_text(vocabulary_label(*state, SPAN_LITERAL("animal"), chosen, 2, &language), "Animau");
    is_text(vocabulary_label(*state, SPAN_LITERAL("oc"), NULL, 0, &language), "Occitan");
    is_text(vocabulary_label(*state, SPAN_LITERAL("mute"), french, 1, &language), "mute");
    is_text(language, "");
    is_text(vocabulary_label(*state, SPAN_LITERAL("nowhere"), french, 1, NULL), "nowhere");
}

static void broader_concepts_come_nearest_first_and_once_even_in_a_loop(void **state)
{
    struct span out[8];
    size_t count = vocabulary_broader(*state, SPAN_LITERAL("z"), out, 8);
    assert_int_equal(count, 3);
    is_text(out[0], "animal");
    is_text(out[1], "life");
    is_text(out[2], "elsewhere");
    assert_int_equal(vocabulary_broader(*state, SPAN_LITERAL("z"), out, 1), 1);
    assert_int_equal(vocabulary_broader(*state, SPAN_LITERAL("z"), out, 0), 0);
    assert_int_equal(vocabulary_broader(*state, SPAN_LITERAL("nowhere"), out, 8), 0);
}

static void replacements_are_followed_to_their_end(void **state)
{
    is_text(vocabulary_current(*state, SPAN_LITERAL("old")), "new");
    is_text(vocabulary_current(*state, SPAN_LITERAL("new")), "new");
    is_text(vocabulary_current(*state, SPAN_LITERAL("loop")), "loop");
    is_text(vocabulary_current(*state, SPAN_LITERAL("nowhere")), "nowhere");
}

static void codes_are_found_by_label_in_use_first(void **state)
{
    is_text(vocabulary_find(*state, SPAN_LITERAL("Nouveau")), "new");
    is_text(vocabulary_find(*state, SPAN_LITERAL(" ANIMAL ")), "animal");
    is_text(vocabulary_find(*state, SPAN_LITERAL("brand new")), "new");
    is_text(vocabulary_find(*state, SPAN_LITERAL("zebre")), "new");
    assert_int_equal(vocabulary_find(*state, SPAN_LITERAL("unknown")).len, 0);
    assert_int_equal(vocabulary_find(*state, SPAN_LITERAL("")).len, 0);
}

static void count_name(void *ctx, struct span language, struct span name)
{
    assert_true(language.len > 0 && name.len > 0);
    ++*(int *)ctx;
}

static void names_of_a_concept_are_told(void **state)
{
    int count = 0;
    vocabulary_names(*state, SPAN_LITERAL("new"), count_name, &count);
    vocabulary_names(*state, SPAN_LITERAL("nowhere"), count_name, &count);
    assert_int_equal(count, 4);
    assert_int_equal(vocabulary_count(*state), 10);
    is_text(vocabulary_id(*state), "themes");
    assert_true(vocabulary_has(*state, SPAN_LITERAL("mute")));
    is_text(vocabulary_code(*state, 0), "animal");
}

static void refuses_what_is_no_vocabulary(void **state)
{
    (void)state;
    const char *const bad[] = {"[]",
                               "{\"id\":7,\"concepts\":{}}",
                               "{\"id\":\"a\"}",
                               "{\"id\":\"a\",\"concepts\":[]}",
                               "{\"id\":\"a\",\"concepts\":{\"x\":1}}",
                               "{\"id\":\"a\",\"languages\":\"fr\",\"concepts\":{}}",
                               "{\"id\":\"a\",\"languages\":[1],\"concepts\":{}}",
                               "{\"id\":\"a\",\"concepts\":{\"x\":{\"labels\":[]}}}",
                               "{\"id\":\"a\",\"concepts\":{\"x\":{\"labels\":{\"fr\":[\"a\"]}}}}",
                               "{\"id\":\"a\",\"concepts\":{\"x\":{\"alt\":{\"fr\":[1]}}}}",
                               "{\"id\":\"a\",\"concepts\":{\"x\":{\"broader\":{}}}}",
                               "{\"id\":\"a\",\"concepts\":{\"x\":{\"broader\":[1]}}}",
                               "{\"id\":\"a\",\"concepts\":{\"x\":{\"replaced_by\":[]}}}"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct vocabulary *vocabulary = NULL;
        struct why why = {0};
        assert_int_equal(read_text(bad[i], &vocabulary, &why), ERR_BAD_PACK);
        assert_non_null(why.rule);
        assert_null(vocabulary);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_fall_back_by_language),
        cmocka_unit_test(broader_concepts_come_nearest_first_and_once_even_in_a_loop),
        cmocka_unit_test(replacements_are_followed_to_their_end),
        cmocka_unit_test(codes_are_found_by_label_in_use_first),
        cmocka_unit_test(names_of_a_concept_are_told),
        cmocka_unit_test(refuses_what_is_no_vocabulary),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

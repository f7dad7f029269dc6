/* proto/schema/pack: a sound pack is read whole, and one that is broken in one place is refused
 * there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "proto/limits.h"
#include "proto/schema/pack_reach.h"
#include "tests/lib/small_pack.h"

static enum err read_pack(const struct small_pack *files, struct pack_findings *findings,
                          struct pack **out)
{
    pack_findings_init(findings);
    return pack_read(files->files, files->count, findings, out);
}

static void reads_what_the_manifest_says(void **state)
{
    (void)state;
    struct small_pack files = small_pack_make();
    struct pack_findings findings;
    struct pack *pack;
    assert_int_equal(read_pack(&files, &findings, &pack), OK);
    assert_int_equal(findings.count, 0);
    assert_true(span_is(pack_name(pack), "garden"));
    assert_true(span_is(pack_version(pack), "1.0.0"));
    assert_true(span_is(pack_title(pack).text[LANG_FR], "Jardin"));
    assert_true(pack_asserts_formats(pack));
    assert_int_equal(pack_type_count(pack), 1);
    const struct pack_type *type = pack_type_find(pack, SPAN_LITERAL("plant"));
    assert_non_null(type);
    assert_true(span_is(type->full, "garden/plant@1"));
    assert_true(type->license_required);
    assert_false(type->personal_whole);
    assert_true(span_is(type->default_license, "CC0-1.0"));
    assert_true(span_is(type->personal.items[0], "/owner/name"));
    assert_true(span_is(type->facets.items[0], "/kind"));
    assert_true(span_is(type->identifiers[0].scheme, "SEED"));
    assert_true(span_is(type->identifiers[0].normalise, "upper"));
    assert_true(span_is(type->dates[0].path, "/sown"));
    assert_true(span_is(type->concepts[0].vocabulary, "kinds"));
    assert_true(span_is(type->core_json, "{\"title\":{\"from\":\"/name\"}}"));
    assert_true(span_is(type->projections_json, "{\"public\":[{\"drop\":\"/owner\"}]}"));
    assert_true(span_is(pack_aliases_json(pack), "{\"terms\":{\"nmae\":\"name\"}}"));
    assert_non_null(pack_content_named(pack, PACK_LENSES, SPAN_LITERAL("to-schema-org")));
    assert_null(pack_content_find(pack, SPAN_LITERAL("types/tree.json")));
    pack_free(pack);
    pack_findings_clear(&findings);
}

static struct hash hash_of(const struct small_pack *files)
{
    struct pack_findings findings;
    struct pack *pack;
    assert_int_equal(read_pack(files, &findings, &pack), OK);
    struct hash hash = pack_hash(pack);
    pack_free(pack);
    pack_findings_clear(&findings);
    return hash;
}

static void identity_is_of_the_content_and_not_of_its_layout(void **state)
{
    (void)state;
    struct small_pack files = small_pack_make();
    struct hash before = hash_of(&files);
    char *spaced = small_pack_edit(&files, "core.json", "{\"plant\":", "  {  \"plant\" :\n");
    struct pack_file first = files.files[0];
    files.files[0] = files.files[files.count - 1];
    files.files[files.count - 1] = first;
    struct hash same = hash_of(&files);
    assert_true(hash_equal(&before, &same));
    char *other = small_pack_edit(&files, "core.json", "/name", "/code");
    struct hash different = hash_of(&files);
    assert_false(hash_equal(&before, &different));
    free(spaced);
    free(other);
}

/* Every refusal names file, pointer, reason and remedy, in both languages. */
static void assert_refused(const struct small_pack *files, enum pack_rule rule, const char *file,
                           const char *pointer)
{
    struct pack_findings findings;
    struct pack *pack = NULL;
    assert_int_equal(read_pack(files, &findings, &pack), ERR_BAD_PACK);
    assert_null(pack);
    size_t at = 0;
    while (at < findings.count && findings.items[at].rule != rule)
        at++;
    if (at == findings.count)
        fail_msg("%s is not among the findings; the first is %s", pack_rule_slug(rule),
                 findings.count == 0 ? "none" : pack_rule_slug(findings.items[0].rule));
    const struct pack_finding *found = &findings.items[at];
    assert_string_equal(found->file, file);
    assert_string_equal(found->pointer, pointer);
    struct buf text;
    buf_init(&text, 4096);
    for (unsigned lang = 0; lang < 2; lang++) {
        buf_reset(&text);
        pack_finding_reason(found, (enum lang)lang, &text);
        assert_true(text.len > 10);
        assert_null(memmem(text.data, text.len, "{}", 2));
        buf_reset(&text);
        pack_finding_remedy(found, (enum lang)lang, &text);
        assert_true(text.len > 5);
    }
    buf_clear(&text);
    pack_findings_clear(&findings);
}

static void refuses_a_manifest_that_is_wrong_in_one_place(void **state)
{
    (void)state;
    static const struct {
        const char *old;
        const char *with;
        enum pack_rule rule;
        const char *pointer;
    } cases[] = {
        {"\"name\":\"garden\"", "\"name\":\"Garden\"", PACK_RULE_NAME, "/name"},
        {"\"name\":\"garden\"", "\"name\":7", PACK_RULE_WRONG_VALUE, "/name"},
        {"\"name\":\"garden\",", "", PACK_RULE_MISSING_MEMBER, ""},
        {"\"version\":\"1.0.0\",", "", PACK_RULE_MISSING_MEMBER, ""},
        {"\"1.0.0\"", "\"1.0\"", PACK_RULE_VERSION, "/version"},
        {"\"1.0.0\"", "\"01.0.0\"", PACK_RULE_VERSION, "/version"},
        {"{\"en\":\"Garden\",\"fr\":\"Jardin\"}", "{\"de\":\"Garten\"}", PACK_RULE_NO_WORDS,
         "/title"},
        {"\"languages\":[\"fr\",\"en\"]", "\"languages\":\"fr\"", PACK_RULE_WRONG_VALUE,
         "/languages"},
        {"\"major\":1", "\"major\":0", PACK_RULE_MAJOR, "/types/plant/major"},
        {"\"major\":1", "\"major\":1.5", PACK_RULE_MAJOR, "/types/plant/major"},
        {"\"major\":1,", "", PACK_RULE_MISSING_MEMBER, "/types/plant"},
        {"\"plant\":{\"major\"", "\"Plant\":{\"major\"", PACK_RULE_NAME, "/types/Plant"},
        {"\"plant\":{\"major\"", "\"tree\":{\"major\"", PACK_RULE_MISSING_FILE, "/types/tree"},
        {"[\"/owner/name\"]", "[\"owner\"]", PACK_RULE_POINTER, "/types/plant/personal/0"},
        {"[\"/owner/name\"]", "[\"/a~2\"]", PACK_RULE_POINTER, "/types/plant/personal/0"},
        {"[\"/owner/name\"]", "\"/owner\"", PACK_RULE_WRONG_VALUE, "/types/plant/personal"},
        {"[\"/kind\"]", "[7]", PACK_RULE_WRONG_VALUE, "/types/plant/facets/0"},
        {"\"SEED\"", "\"seed\"", PACK_RULE_SCHEME, "/types/plant/identifiers/0/scheme"},
        {"\"upper\"", "\"uper\"", PACK_RULE_NORMALISER, "/types/plant/identifiers/0/normalise"},
        {"\"from\":\"/code\",", "", PACK_RULE_MISSING_MEMBER, "/types/plant/identifiers/0"},
        {"\"path\":\"/sown\"", "\"path\":\"sown\"", PACK_RULE_POINTER, "/types/plant/dates/0/path"},
        {"{\"/kind\":\"kinds\"}", "{\"/kind\":\"sorts\"}", PACK_RULE_MISSING_FILE,
         "/types/plant/vocabularies/~1kind"},
        {"{\"drop\":\"/owner\"}", "{\"drop\":\"/owner\",\"x\":1}", PACK_RULE_PROJECTION,
         "/types/plant/projections/public/0"},
        {"{\"drop\":\"/owner\"}", "{\"round\":\"/owner\"}", PACK_RULE_PROJECTION,
         "/types/plant/projections/public/0"},
        {"\"public\":", "\"everybody\":", PACK_RULE_PROJECTION,
         "/types/plant/projections/everybody"},
        {"\"table\":true", "\"table\":7", PACK_RULE_SPLIT, "/types/plant/split/table"},
        {"\"personal\":[\"/owner/name\"]", "\"license\":\"optional\"", PACK_RULE_LICENSE_OPTIONAL,
         "/types/plant"},
        {"\"CC0-1.0\"", "\"LicenseRef-Mine\"", PACK_RULE_LICENSE_UNKNOWN, "/types/plant"},
        {"\"CC0-1.0\"", "\"Free for all\"", PACK_RULE_LICENSE_EXPRESSION, "/types/plant"},
        {"\"aliases\":",
         "\"licenses\":[{\"id\":\"Mine\",\"grants\":[{\"to\":[\"everyone\"]}]}],"
         "\"aliases\":",
         PACK_RULE_LICENSE_ID, "/licenses/0/id"},
        {"\"aliases\":",
         "\"licenses\":[{\"id\":\"LicenseRef-A\",\"grants\":[{\"to\":[\"all\"]}]}],"
         "\"aliases\":",
         PACK_RULE_READER, "/licenses/0/grants/0/to/0"},
        {"\"terms\":{\"nmae\":\"name\"}", "\"terms\":{\"nmae\":7}", PACK_RULE_ALIASES,
         "/aliases/terms/nmae"},
        {"\"terms\":", "\"contexts\":{\"https://a.example\":\"contexts/a.json\"},\"terms\":",
         PACK_RULE_MISSING_FILE, "/aliases/contexts/https:~1~1a.example"},
        {"\"aliases\":", "\"inverses\":[[\"a\"]],\"aliases\":", PACK_RULE_WRONG_VALUE,
         "/inverses/0"},
        {"\"aliases\":", "\"formats\":1,\"aliases\":", PACK_RULE_WRONG_VALUE, "/formats"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct small_pack files = small_pack_make();
        char *text = small_pack_edit(&files, "pack.json", cases[i].old, cases[i].with);
        assert_refused(&files, cases[i].rule, "pack.json", cases[i].pointer);
        free(text);
    }
}

static void refuses_files_that_are_wrong_or_missing(void **state)
{
    (void)state;
    struct small_pack files = small_pack_make();
    small_pack_drop(&files, "pack.json");
    assert_refused(&files, PACK_RULE_NO_MANIFEST, "pack.json", "");
    files = small_pack_make();
    small_pack_drop(&files, "core.json");
    assert_refused(&files, PACK_RULE_MISSING_FILE, "core.json", "");
    files = small_pack_make();
    small_pack_drop(&files, "types/plant.json");
    assert_refused(&files, PACK_RULE_MISSING_FILE, "pack.json", "/types/plant");
    files = small_pack_make();
    small_pack_put(&files, "core.json", "{\"plant\":");
    assert_refused(&files, PACK_RULE_NO_JSON, "core.json", "");
    files = small_pack_make();
    small_pack_put(&files, "core.json", "{\"tree\":{}}");
    assert_refused(&files, PACK_RULE_CORE_TYPE, "core.json", "/tree");
    static const char *const paths[] = {"../x.json",        "/etc/x.json",     "types/Plant.json",
                                        "types//a.json",    "lenses/a b.json", "README.md",
                                        "examples/.x.json", "types/a/b.json"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        files = small_pack_make();
        small_pack_put(&files, paths[i], "{}");
        assert_refused(&files, PACK_RULE_PATH, paths[i], "");
    }
    files = small_pack_make();
    files.files[files.count++] = files.files[0];
    assert_refused(&files, PACK_RULE_PATH, "pack.json", "");
}

static void refuses_what_is_beyond_a_limit(void **state)
{
    (void)state;
    struct small_pack files = small_pack_make();
    char *large = malloc(PACK_FILE_BYTES_MAX + 2);
    assert_non_null(large);
    memset(large, ' ', PACK_FILE_BYTES_MAX + 1);
    large[PACK_FILE_BYTES_MAX + 1] = '\0';
    large[0] = '7';
    small_pack_put(&files, "contexts/large.json", large);
    assert_refused(&files, PACK_RULE_FILE_TOO_LARGE, "contexts/large.json", "");
    large[PACK_FILE_BYTES_MAX] = '\0';
    small_pack_put(&files, "contexts/large.json", large);
    struct pack_findings findings;
    struct pack *pack;
    assert_int_equal(read_pack(&files, &findings, &pack), OK);
    pack_free(pack);
    pack_findings_clear(&findings);
    struct pack_file many[PACK_FILES_MAX + 1];
    for (size_t i = 0; i <= PACK_FILES_MAX; i++)
        many[i] = (struct pack_file){SPAN_LITERAL("contexts/a.json"), span_cstr(large)};
    pack_findings_init(&findings);
    assert_int_equal(pack_read(many, PACK_FILES_MAX + 1, &findings, &pack), ERR_BAD_PACK);
    assert_int_equal(findings.items[0].rule, PACK_RULE_TOO_MANY_FILES);
    pack_findings_clear(&findings);
    pack_findings_init(&findings);
    assert_int_equal(pack_read(many, 17, &findings, &pack), ERR_BAD_PACK);
    assert_int_equal(findings.items[0].rule, PACK_RULE_PACK_TOO_LARGE);
    pack_findings_clear(&findings);
    free(large);
}

static void warns_of_what_it_does_not_know(void **state)
{
    (void)state;
    struct small_pack files = small_pack_make();
    char *text = small_pack_edit(&files, "pack.json", "\"aliases\":", "\"alias\":1,\"aliases\":");
    char *more = small_pack_edit(&files, "pack.json", "\"facets\":", "\"facet\":1,\"facets\":");
    small_pack_put(&files, "notes.json", "{}");
    struct pack_findings findings;
    struct pack *pack;
    assert_int_equal(read_pack(&files, &findings, &pack), OK);
    assert_int_equal(findings.warnings, 3);
    assert_string_equal(findings.items[0].pointer, "/alias");
    assert_string_equal(findings.items[1].pointer, "/types/plant/facet");
    assert_int_equal(findings.items[2].rule, PACK_RULE_UNUSED_FILE);
    pack_free(pack);
    pack_findings_clear(&findings);
    free(text);
    free(more);
}

static void reads_licences_with_what_they_grant_to_whom(void **state)
{
    (void)state;
    struct small_pack files = small_pack_make();
    char *text = small_pack_edit(
        &files, "pack.json", "\"aliases\":",
        "\"licenses\":[{\"id\":\"LicenseRef-Coop-1.1\",\"name\":\"Coop\",\"grants\":["
        "{\"to\":[\"cooperative\",\"contributor\"],\"allows\":[\"share\",\"commercial\"],"
        "\"conditions\":[\"attribution\"],\"as\":\"CC-BY-SA-4.0\"},"
        "{\"to\":[\"everyone\"],\"allows\":[\"share\"]}],"
        "\"owed\":{\"en\":\"A share\",\"fr\":\"Une part\"}}],\"aliases\":");
    struct pack_findings findings;
    struct pack *pack;
    assert_int_equal(read_pack(&files, &findings, &pack), OK);
    assert_int_equal(pack_license_count(pack), 1);
    const struct pack_license *license = pack_license_at(pack, 0);
    assert_int_equal(license->grant_count, 2);
    assert_int_equal(license->grants[0].to, (1u << PACK_COOPERATIVE) | (1u << PACK_CONTRIBUTOR));
    assert_true(span_is(license->grants[0].as, "CC-BY-SA-4.0"));
    assert_true(span_is(license->grants[0].allows.items[1], "commercial"));
    assert_int_equal(license->grants[1].to, 1u << PACK_EVERYONE);
    assert_true(span_is(license->owed.text[LANG_FR], "Une part"));
    assert_string_equal(pack_reader_name(PACK_WORKER_COOPERATIVE), "worker-cooperative");
    pack_free(pack);
    pack_findings_clear(&findings);
    free(text);
}

static void keeps_so_many_findings_and_counts_the_rest(void **state)
{
    (void)state;
    struct pack_findings findings;
    pack_findings_init(&findings);
    for (unsigned i = 0; i < PACK_FINDINGS_MAX + 7; i++)
        pack_find(&findings, PACK_RULE_NAME, SPAN_LITERAL("a"), SPAN_LITERAL("/b"),
                  SPAN_LITERAL("\x01\xff\xc3\xa9"));
    assert_int_equal(findings.count, PACK_FINDINGS_MAX);
    assert_int_equal(findings.refusals, PACK_FINDINGS_MAX + 7);
    assert_string_equal(findings.items[0].detail, "??\xc3\xa9");
    pack_findings_clear(&findings);
}

static void orders_versions_as_semver_does(void **state)
{
    (void)state;
    /* semver.org 2.0.0, 11: each is lower than the next. */
    static const char *const rising[] = {
        "0.9.9",      "1.0.0-alpha",  "1.0.0-alpha.1", "1.0.0-alpha.beta",
        "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1",
        "1.0.0",      "1.0.1",        "1.2.0",         "1.10.0",
        "2.0.0"};
    size_t count = sizeof(rising) / sizeof(rising[0]);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++) {
            int order = pack_version_compare(span_cstr(rising[i]), span_cstr(rising[j]));
            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
        }
    assert_int_equal(pack_version_compare(SPAN_LITERAL("1.0.0+a"), SPAN_LITERAL("1.0.0+b")), 0);
    static const char *const wrong[] = {"",       "1",      "1.0",    "1.0.0.0",  "1.0.00",
                                        "1.0.x",  "1.0.0-", "1.0.0+", "1.0.0-01", "1.0.0-a..b",
                                        "v1.0.0", "1.0.0 ", "-1.0.0"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        if (pack_version_is_valid(span_cstr(wrong[i])))
            fail_msg("%s is no version", wrong[i]);
}

static void splits_the_names_of_types(void **state)
{
    (void)state;
    struct span pack;
    struct span type;
    uint32_t major;
    assert_true(pack_type_split(SPAN_LITERAL("food/product@12"), &pack, &type, &major));
    assert_true(span_is(pack, "food") && span_is(type, "product"));
    assert_int_equal(major, 12);
    static const char *const wrong[] = {"food",           "food/product",      "food/product@",
                                        "food/product@0", "food/product@01",   "food/product@1x",
                                        "Food/product@1", "food/@1",           "/product@1",
                                        "a/b/c@1",        "food/product@10000"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(pack_type_split(span_cstr(wrong[i]), &pack, &type, &major));
}

static bool reaches(const char *schema, const char *pointer)
{
    struct small_pack files = small_pack_make();
    struct pack_findings findings;
    struct pack *pack;
    small_pack_put(&files, "types/plant.json", schema);
    small_pack_put(&files, "types/common.json",
                   "{\"$defs\":{\"closed\":{\"properties\":{\"x\":{\"type\":\"string\"}},"
                   "\"additionalProperties\":false}}}");
    assert_int_equal(read_pack(&files, &findings, &pack), OK);
    struct pack_reach *reach = pack_reach_new(pack);
    assert_non_null(reach);
    bool answer = pack_reach_possible(
        reach, pack_content_find(pack, SPAN_LITERAL("types/plant.json")), span_cstr(pointer));
    pack_reach_free(reach);
    pack_free(pack);
    pack_findings_clear(&findings);
    return answer;
}

static void a_path_is_impossible_only_where_the_schema_closes_it(void **state)
{
    (void)state;
    static const struct {
        const char *schema;
        const char *pointer;
        bool possible;
    } cases[] = {
        {"true", "/a/b", true},
        {"{}", "/a/b/*", true},
        {"{\"properties\":{\"a\":{}}}", "/b", true},
        {"{\"properties\":{\"a\":{}},\"additionalProperties\":false}", "/b", false},
        {"{\"properties\":{\"a\":{}},\"additionalProperties\":false}", "/a/c", true},
        {"{\"properties\":{\"a\":{}},\"additionalProperties\":{\"type\":\"string\"}}", "/b/c",
         false},
        {"{\"properties\":{\"a\":{\"type\":\"string\"}}}", "/a/0", false},
        {"{\"properties\":{\"a\":{\"type\":[\"string\",\"array\"]}}}", "/a/0", true},
        {"{\"properties\":{\"a\":{\"type\":[\"string\",\"array\"]}}}", "/a/b", false},
        {"{\"properties\":{\"a\":{\"type\":\"array\",\"items\":{\"properties\":{\"b\":{}},"
         "\"additionalProperties\":false}}}}",
         "/a/*/b", true},
        {"{\"properties\":{\"a\":{\"type\":\"array\",\"items\":{\"properties\":{\"b\":{}},"
         "\"additionalProperties\":false}}}}",
         "/a/*/c", false},
        {"{\"properties\":{\"a\":{\"type\":\"array\",\"prefixItems\":[{}],\"items\":false}}}",
         "/a/1", false},
        {"{\"properties\":{\"a\":{\"prefixItems\":[{}],\"items\":false}}}", "/a/0", true},
        {"{\"properties\":{\"a\":{\"$ref\":\"#/$defs/c\"}},\"$defs\":{\"c\":{\"properties\":{},"
         "\"additionalProperties\":false}}}",
         "/a/x", false},
        {"{\"properties\":{\"a\":{\"$ref\":\"common.json#/$defs/closed\"}}}", "/a/x", true},
        {"{\"properties\":{\"a\":{\"$ref\":\"common.json#/$defs/closed\"}}}", "/a/y", false},
        {"{\"properties\":{\"a\":{\"$ref\":\"https://elsewhere.example/x\"}}}", "/a/y", true},
        {"{\"anyOf\":[{\"properties\":{\"a\":{}},\"additionalProperties\":false},"
         "{\"properties\":{\"b\":{}},\"additionalProperties\":false}]}",
         "/b", true},
        {"{\"anyOf\":[{\"properties\":{\"a\":{}},\"additionalProperties\":false},"
         "{\"properties\":{\"b\":{}},\"additionalProperties\":false}]}",
         "/c", false},
        {"{\"allOf\":[{\"properties\":{\"a\":{}}}],\"unevaluatedProperties\":false}", "/a", true},
        {"{\"allOf\":[{\"properties\":{\"a\":{}}}],\"unevaluatedProperties\":false}", "/b", false},
        {"{\"patternProperties\":{\"^x\":{}},\"additionalProperties\":false}", "/x1", true},
        {"{\"properties\":{\"a/b\":{}},\"additionalProperties\":false}", "/a~1b", true},
        {"{\"properties\":{\"a~b\":{}},\"additionalProperties\":false}", "/a~0b", true},
        {"{\"properties\":{\"a\":false}}", "/a", false},
        {"{\"properties\":{\"a\":{\"const\":1}}}", "/a/b", false},
        {"{\"properties\":{\"a\":{\"$ref\":\"#\"}},\"additionalProperties\":false}", "/a/a/a/a",
         true},
        {"{\"properties\":{\"a\":{\"$ref\":\"#\"}},\"additionalProperties\":false}", "/a/a/a/b",
         false},
        {"{\"$ref\":\"#\"}", "/a", true},
        {"{\"type\":\"object\",\"additionalProperties\":false}", "/*", false},
        {"{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"}},"
         "\"additionalProperties\":false}",
         "/*/b", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (reaches(cases[i].schema, cases[i].pointer) != cases[i].possible)
            fail_msg("%s in %s", cases[i].pointer, cases[i].schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_the_manifest_says),
        cmocka_unit_test(identity_is_of_the_content_and_not_of_its_layout),
        cmocka_unit_test(refuses_a_manifest_that_is_wrong_in_one_place),
        cmocka_unit_test(refuses_files_that_are_wrong_or_missing),
        cmocka_unit_test(refuses_what_is_beyond_a_limit),
        cmocka_unit_test(warns_of_what_it_does_not_know),
        cmocka_unit_test(reads_licences_with_what_they_grant_to_whom),
        cmocka_unit_test(keeps_so_many_findings_and_counts_the_rest),
        cmocka_unit_test(orders_versions_as_semver_does),
        cmocka_unit_test(splits_the_names_of_types),
        cmocka_unit_test(a_path_is_impossible_only_where_the_schema_closes_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

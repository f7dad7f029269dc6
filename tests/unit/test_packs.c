/* conf/packs: packs are taken in whole or not at all, older majors stay, readers keep what they
 * took. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/packs.h"
#include "proto/json/tape.h"
#include "proto/schema/lens.h"
#include "tests/lib/folder.h"
#include "tests/lib/small_pack.h"

/* A node's folder with its registry, and a folder from which packs are added. */
struct fixture {
    char *dir;
    char *source;
    struct packs_registry *registry;
    struct pack_findings findings;
};

static struct fixture make(void)
{
    struct fixture fixture = {.dir = folder_make(), .source = folder_make()};
    pack_findings_init(&fixture.findings);
    assert_int_equal(packs_open(fixture.dir, &fixture.findings, &fixture.registry), OK);
    assert_int_equal(fixture.findings.count, 0);
    return fixture;
}

static void clear(struct fixture *fixture)
{
    packs_close(fixture->registry);
    pack_findings_clear(&fixture->findings);
    folder_remove(fixture->dir);
    folder_remove(fixture->source);
}

/* The pack written to a new folder below the source, and added. */
static enum err add(struct fixture *fixture, const struct small_pack *files)
{
    static unsigned number;
    char name[32];
    (void)snprintf(name, sizeof(name), "p%u", number++);
    char *folder = folder_path(fixture->source, name);
    small_pack_write(files, folder);
    pack_findings_clear(&fixture->findings);
    enum err err = packs_add(fixture->registry, folder, &fixture->findings);
    free(folder);
    return err;
}

static bool knows(struct fixture *fixture, const char *full, enum packs_state *state)
{
    struct packs *packs = packs_take(fixture->registry);
    bool found = packs_find_type(packs, span_cstr(full), state) != NULL;
    packs_release(packs);
    return found;
}

/* Every path below, with the hash of its content, in the order of names. */
static void list_folder(struct buf *out, const char *path)
{
    struct dirent **entries;
    int count = scandir(path, &entries, NULL, alphasort);
    assert_true(count >= 0);
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
            char *below = folder_path(path, name);
            struct stat about;
            assert_int_equal(lstat(below, &about), 0);
            buf_append_cstr(out, below);
            buf_append_byte(out, '\n');
            if (S_ISDIR(about.st_mode)) {
                list_folder(out, below);
            } else {
                size_t len;
                char *text = folder_read(below, &len);
                assert_non_null(text);
                struct hash hash = sha256(span_of(text, len));
                buf_append(out, hash.bytes, sizeof(hash.bytes));
                free(text);
            }
            free(below);
        }
        free(entries[i]);
    }
    free(entries);
}

static void a_pack_is_added_and_found_by_its_types(void **state)
{
    (void)state;
    struct fixture fixture = make();
    struct small_pack files = small_pack_make();
    enum packs_state known;
    assert_false(knows(&fixture, "garden/plant@1", &known));
    assert_int_equal(known, PACKS_PACK_UNKNOWN);
    assert_int_equal(add(&fixture, &files), OK);
    assert_true(knows(&fixture, "garden/plant@1", &known));
    assert_int_equal(known, PACKS_KNOWN);
    assert_false(knows(&fixture, "garden/plant@2", &known));
    assert_int_equal(known, PACKS_TYPE_UNKNOWN);
    assert_false(knows(&fixture, "garden/tree@1", &known));
    assert_int_equal(known, PACKS_TYPE_UNKNOWN);
    assert_false(knows(&fixture, "garden", &known));
    assert_int_equal(known, PACKS_NO_NAME);
    clear(&fixture);
}

static void what_was_added_is_there_after_a_restart(void **state)
{
    (void)state;
    struct fixture fixture = make();
    struct small_pack files = small_pack_make();
    assert_int_equal(add(&fixture, &files), OK);
    packs_close(fixture.registry);
    assert_int_equal(packs_open(fixture.dir, &fixture.findings, &fixture.registry), OK);
    assert_true(knows(&fixture, "garden/plant@1", NULL));
    clear(&fixture);
}

/* The disk and the registry are as before, and the finding says file, pointer, reason and remedy.
 */
static void assert_refused(struct fixture *fixture, const struct small_pack *files,
                           enum pack_rule rule, const char *file, const char *pointer)
{
    struct buf before;
    struct buf after;
    buf_init(&before, 1u << 20);
    buf_init(&after, 1u << 20);
    list_folder(&before, fixture->dir);
    struct packs *packs = packs_take(fixture->registry);
    size_t types = packs_type_count(packs);
    packs_release(packs);
    assert_int_equal(add(fixture, files), ERR_BAD_PACK);
    list_folder(&after, fixture->dir);
    assert_true(span_equal(buf_span(&before), buf_span(&after)));
    packs = packs_take(fixture->registry);
    assert_int_equal(packs_type_count(packs), types);
    packs_release(packs);
    size_t at = 0;
    while (at < fixture->findings.count && fixture->findings.items[at].rule != rule)
        at++;
    if (at == fixture->findings.count)
        fail_msg("%s is not among the %zu findings", pack_rule_slug(rule), at);
    const struct pack_finding *finding = &fixture->findings.items[at];
    assert_string_equal(finding->file, file);
    assert_string_equal(finding->pointer, pointer);
    buf_reset(&before);
    pack_finding_reason(finding, LANG_FR, &before);
    assert_true(before.len > 10);
    buf_reset(&before);
    pack_finding_remedy(finding, LANG_EN, &before);
    assert_true(before.len > 10);
    buf_clear(&before);
    buf_clear(&after);
}

static void a_pack_that_is_wrong_changes_nothing(void **state)
{
    (void)state;
    struct fixture fixture = make();
    struct small_pack files = small_pack_make();
    assert_int_equal(add(&fixture, &files), OK);

    files = small_pack_make();
    char *other = small_pack_edit(&files, "pack.json", "\"garden\"", "\"forest\"");
    struct small_pack sound = files;
    char *text = small_pack_edit(&files, "types/plant.json", "\"minLength\":1", "\"minLength\":-1");
    assert_refused(&fixture, &files, PACK_RULE_SCHEMA_BROKEN, "types/plant.json",
                   "/properties/name/minLength");
    free(text);

    files = sound;
    small_pack_drop(&files, "types/plant.json");
    assert_refused(&fixture, &files, PACK_RULE_MISSING_FILE, "pack.json", "/types/plant");

    files = sound;
    text = small_pack_edit(&files, "core.json", "/name", "/nom");
    assert_refused(&fixture, &files, PACK_RULE_POINTER_IMPOSSIBLE, "core.json",
                   "/plant/title/from");
    free(text);

    files = sound;
    text = small_pack_edit(&files, "pack.json", "\"/kind\":\"kinds\"", "\"/kinds\":\"kinds\"");
    assert_refused(&fixture, &files, PACK_RULE_POINTER_IMPOSSIBLE, "pack.json",
                   "/types/plant/vocabularies/~1kinds");
    free(text);

    files = sound;
    text = small_pack_edit(&files, "pack.json", "\"/owner/name\"", "\"/owner/nom\"");
    assert_refused(&fixture, &files, PACK_RULE_POINTER_IMPOSSIBLE, "pack.json",
                   "/types/plant/personal/0");
    free(text);

    files = sound;
    text = small_pack_edit(&files, "pack.json", "{\"drop\":\"/owner\"}", "{\"drop\":\"/own\"}");
    assert_refused(&fixture, &files, PACK_RULE_POINTER_IMPOSSIBLE, "pack.json",
                   "/types/plant/projections/public/0/drop");
    free(text);

    files = sound;
    text = small_pack_edit(&files, "lenses/to-schema-org.json", "garden/plant@1", "forest/plant@1");
    char *more = small_pack_edit(&files, "lenses/to-schema-org.json", "\"from\":\"/kind\"",
                                 "\"from\":\"/sort\"");
    assert_refused(&fixture, &files, PACK_RULE_POINTER_IMPOSSIBLE, "lenses/to-schema-org.json",
                   "/rules/1/from");
    free(text);
    free(more);

    files = sound;
    small_pack_put(&files, "lenses/a.json",
                   "{\"from\":\"x/A\",\"to\":\"x/B\",\"use\":[\"b\"],\"rules\":[]}");
    small_pack_put(&files, "lenses/b.json",
                   "{\"from\":\"x/A\",\"to\":\"x/B\",\"use\":[\"a\"],\"rules\":[]}");
    assert_refused(&fixture, &files, PACK_RULE_LENS_LOOP, "lenses/a.json", "/use/0");

    files = sound;
    text =
        small_pack_edit(&files, "pack.json",
                        "\"aliases\":", "\"inverses\":[[\"a\",\"b\"],[\"a\",\"c\"]],\"aliases\":");
    assert_refused(&fixture, &files, PACK_RULE_INVERSES, "pack.json", "/inverses");
    free(text);

    files = sound;
    small_pack_drop(&files, "examples/plant/valid/oak.json");
    assert_refused(&fixture, &files, PACK_RULE_NO_EXAMPLE, "pack.json", "");

    files = sound;
    small_pack_put(&files, "examples/plant/valid/oak.json", "{\"name\":7}");
    assert_refused(&fixture, &files, PACK_RULE_EXAMPLE_FAILS, "examples/plant/valid/oak.json",
                   "/name");

    files = sound;
    small_pack_put(&files, "examples/plant/invalid/nameless.json",
                   "{\"why\":\"x\",\"at\":\"/name\",\"keyword\":\"type\",\"body\":{}}");
    assert_refused(&fixture, &files, PACK_RULE_EXAMPLE_OTHERWISE,
                   "examples/plant/invalid/nameless.json", "/at");

    files = sound;
    small_pack_put(
        &files, "examples/plant/invalid/nameless.json",
        "{\"why\":\"x\",\"at\":\"\",\"keyword\":\"required\",\"body\":{\"name\":\"a\"}}");
    assert_refused(&fixture, &files, PACK_RULE_EXAMPLE_HOLDS,
                   "examples/plant/invalid/nameless.json", "");
    free(other);
    clear(&fixture);
}

static void the_name_of_a_built_in_pack_is_taken(void **state)
{
    (void)state;
    struct fixture fixture = make();
    struct packs *packs = packs_take(fixture.registry);
    if (packs_count(packs) == 0) {
        packs_release(packs);
        clear(&fixture);
        skip();
    }
    char name[80];
    struct span taken = pack_name(packs_at(packs, 0));
    assert_true(packs_is_built_in(packs, packs_at(packs, 0)));
    (void)snprintf(name, sizeof(name), "\"%.*s\"", (int)taken.len, (const char *)taken.data);
    struct small_pack files = small_pack_make();
    char *text = small_pack_edit(&files, "pack.json", "\"garden\"", name);
    assert_refused(&fixture, &files, PACK_RULE_BUILT_IN, "pack.json", "/name");
    assert_int_equal(packs_remove(fixture.registry, taken), ERR_FORBIDDEN);
    packs_release(packs);
    free(text);
    clear(&fixture);
}

static void a_new_version_is_higher_and_compatible_or_raises_the_major(void **state)
{
    (void)state;
    struct fixture fixture = make();
    struct small_pack files = small_pack_make();
    assert_int_equal(add(&fixture, &files), OK);
    assert_int_equal(add(&fixture, &files), OK); /* the same again changes nothing */

    char *wider = small_pack_edit(&files, "types/plant.json", "\"properties\":{",
                                  "\"properties\":{\"height\":{\"type\":\"number\"},");
    assert_refused(&fixture, &files, PACK_RULE_VERSION_NOT_HIGHER, "pack.json", "/version");
    char *higher = small_pack_edit(&files, "pack.json", "1.0.0", "1.1.0");
    assert_int_equal(add(&fixture, &files), OK);

    struct small_pack next = files;
    char *narrower =
        small_pack_edit(&next, "types/plant.json", "[\"name\"]", "[\"name\",\"height\"]");
    small_pack_put(&next, "examples/plant/valid/oak.json",
                   "{\"name\":\"Oak\",\"kind\":\"tree\",\"code\":\"q1\",\"height\":4}");
    char *second = small_pack_edit(&next, "pack.json", "1.1.0", "2.0.0");
    assert_refused(&fixture, &next, PACK_RULE_INCOMPATIBLE, "pack.json", "/types/plant/major");
    char *major = small_pack_edit(&next, "pack.json", "\"major\":1", "\"major\":2");
    char *lens = small_pack_edit(&next, "lenses/to-schema-org.json", "plant@1", "plant@2");
    assert_int_equal(add(&fixture, &next), OK);
    assert_true(knows(&fixture, "garden/plant@1", NULL)); /* by the version kept */
    assert_true(knows(&fixture, "garden/plant@2", NULL));

    char *third = small_pack_edit(&files, "pack.json", "1.1.0", "3.0.0");
    assert_refused(&fixture, &files, PACK_RULE_MAJOR_FELL, "pack.json", "/types/plant/major");
    free(wider);
    free(higher);
    free(narrower);
    free(second);
    free(major);
    free(lens);
    free(third);
    clear(&fixture);
}

static void what_is_removed_is_unknown_and_can_come_back(void **state)
{
    (void)state;
    struct fixture fixture = make();
    struct small_pack files = small_pack_make();
    enum packs_state known;
    assert_int_equal(packs_remove(fixture.registry, SPAN_LITERAL("garden")), ERR_NOT_FOUND);
    assert_int_equal(add(&fixture, &files), OK);
    assert_int_equal(packs_remove(fixture.registry, SPAN_LITERAL("garden")), OK);
    assert_false(knows(&fixture, "garden/plant@1", &known));
    assert_int_equal(known, PACKS_PACK_UNKNOWN);
    assert_int_equal(packs_remove(fixture.registry, SPAN_LITERAL("garden")), ERR_NOT_FOUND);
    assert_int_equal(packs_remove(fixture.registry, SPAN_LITERAL("../x")), ERR_NOT_FOUND);
    assert_int_equal(add(&fixture, &files), OK);
    assert_true(knows(&fixture, "garden/plant@1", NULL));
    clear(&fixture);
}

static void links_and_devices_are_no_files(void **state)
{
    (void)state;
    struct fixture fixture = make();
    struct small_pack files = small_pack_make();
    char *folder = folder_path(fixture.source, "linked");
    small_pack_write(&files, folder);
    char *link = folder_path(folder, "contexts");
    assert_int_equal(symlink("/etc", link), 0);
    assert_int_equal(packs_add(fixture.registry, folder, &fixture.findings), ERR_BAD_PACK);
    assert_int_equal(fixture.findings.items[0].rule, PACK_RULE_NO_REGULAR_FILE);
    assert_string_equal(fixture.findings.items[0].file, "contexts");
    assert_int_equal(unlink(link), 0);
    assert_int_equal(mkfifo(link, 0600), 0);
    pack_findings_clear(&fixture.findings);
    assert_int_equal(packs_add(fixture.registry, folder, &fixture.findings), ERR_BAD_PACK);
    assert_int_equal(fixture.findings.items[0].rule, PACK_RULE_NO_REGULAR_FILE);
    char *absent = folder_path(fixture.source, "absent");
    assert_int_equal(packs_add(fixture.registry, absent, NULL), ERR_NOT_FOUND);
    free(absent);
    free(link);
    free(folder);
    clear(&fixture);
}

static void a_pack_that_was_changed_on_disk_is_left_out_and_told(void **state)
{
    (void)state;
    struct fixture fixture = make();
    struct small_pack files = small_pack_make();
    assert_int_equal(add(&fixture, &files), OK);
    char *active = folder_path(fixture.dir, "packs/garden/active");
    size_t len;
    char *version = folder_read(active, &len);
    assert_non_null(version);
    version[strcspn(version, "\n")] = '\0';
    char name[256];
    (void)snprintf(name, sizeof(name), "packs/garden/%s/core.json", version);
    char *core = folder_path(fixture.dir, name);
    folder_write(core, "{}", 2, 0644);
    pack_findings_clear(&fixture.findings);
    assert_int_equal(packs_reload(fixture.registry, &fixture.findings), OK);
    assert_int_equal(fixture.findings.items[0].rule, PACK_RULE_LEFT_OUT);
    assert_false(knows(&fixture, "garden/plant@1", NULL));
    assert_int_equal(add(&fixture, &files), OK);
    assert_true(knows(&fixture, "garden/plant@1", NULL));
    free(core);
    free(version);
    free(active);
    clear(&fixture);
}

static void what_a_cut_off_addition_left_is_not_served(void **state)
{
    (void)state;
    struct fixture fixture = make();
    struct small_pack files = small_pack_make();
    assert_int_equal(add(&fixture, &files), OK);
    char *active = folder_path(fixture.dir, "packs/garden/active");
    size_t len;
    char *first = folder_read(active, &len);
    assert_non_null(first);
    char *higher = small_pack_edit(&files, "pack.json", "1.0.0", "2.0.0");
    char *major = small_pack_edit(&files, "pack.json", "\"major\":1", "\"major\":2");
    char *lens = small_pack_edit(&files, "lenses/to-schema-org.json", "plant@1", "plant@2");
    assert_int_equal(add(&fixture, &files), OK);
    assert_true(knows(&fixture, "garden/plant@2", NULL));
    folder_write(active, first, len, 0644); /* as if the second had ended before its last step */
    assert_int_equal(packs_reload(fixture.registry, NULL), OK);
    assert_true(knows(&fixture, "garden/plant@1", NULL));
    assert_false(knows(&fixture, "garden/plant@2", NULL));
    free(first);
    free(active);
    free(higher);
    free(major);
    free(lens);
    clear(&fixture);
}

static void a_reader_keeps_what_it_took(void **state)
{
    (void)state;
    struct fixture fixture = make();
    struct small_pack files = small_pack_make();
    assert_int_equal(add(&fixture, &files), OK);
    struct packs *packs = packs_take(fixture.registry);
    uint64_t generation = packs_generation(packs);
    assert_int_equal(packs_remove(fixture.registry, SPAN_LITERAL("garden")), OK);
    const struct packs_type *type = packs_find_type(packs, SPAN_LITERAL("garden/plant@1"), NULL);
    assert_non_null(type);
    const struct schema *schema;
    assert_int_equal(packs_type_schema(type, &schema, NULL), OK);
    assert_non_null(schema);
    struct packs *newer = packs_take(fixture.registry);
    assert_true(packs_generation(newer) > generation);
    packs_release(newer);
    packs_close(fixture.registry);
    fixture.registry = NULL;
    assert_int_equal(packs_type_schema(type, &schema, NULL), OK);
    packs_release(packs);
    clear(&fixture);
}

#define THREADS 8u

struct race {
    struct packs_registry *registry;
    const struct schema *schemas[THREADS];
    const struct packs_type *type;
};

struct racer {
    struct race *race;
    unsigned number;
};

static void *compile(void *ctx)
{
    struct racer *racer = ctx;
    for (unsigned i = 0; i < 200; i++) {
        struct packs *packs = packs_take(racer->race->registry);
        CHECK(packs_find_type(packs, SPAN_LITERAL("garden/plant@1"), NULL) != NULL);
        packs_release(packs);
    }
    CHECK(packs_type_schema(racer->race->type, &racer->race->schemas[racer->number], NULL) == OK);
    return NULL;
}

static void many_threads_compile_a_type_once(void **state)
{
    (void)state;
    struct fixture fixture = make();
    struct small_pack files = small_pack_make();
    assert_int_equal(add(&fixture, &files), OK);
    struct packs *packs = packs_take(fixture.registry);
    struct race race = {.registry = fixture.registry,
                        .type = packs_find_type(packs, SPAN_LITERAL("garden/plant@1"), NULL)};
    pthread_t threads[THREADS];
    struct racer racers[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        racers[i] = (struct racer){.race = &race, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, compile, &racers[i]), 0);
    }
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(packs_reload(fixture.registry, NULL), OK);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (unsigned i = 0; i < THREADS; i++)
        assert_ptr_equal(race.schemas[i], race.schemas[0]);
    packs_release(packs);
    clear(&fixture);
}

/* The canonical bytes of a document through the chain; owned. */
static char *convert(struct packs *packs, const char *from, const char *to, const char *json)
{
    struct packs_chain chain;
    struct why why;
    static const struct tape_limits limits = {.bytes_max = 65536, .depth_max = 64};
    struct tape tape;
    struct tree *value;
    struct buf out;
    assert_int_equal(packs_find_chain(packs, span_cstr(from), span_cstr(to), &chain, &why), OK);
    struct lens_work *work = lens_work_new();
    assert_non_null(work);
    tape_init(&tape);
    assert_int_equal(tape_scan(&tape, span_cstr(json), &limits, NULL), OK);
    struct tree *source = tree_from_tape(lens_work_arena(work), &tape, span_cstr(json), 0);
    assert_int_equal(packs_chain_apply(&chain, work, source, NULL, NULL, &value), OK);
    buf_init(&out, 65536);
    tree_append_canonical(&out, value);
    buf_append_byte(&out, '\0');
    tape_clear(&tape);
    lens_work_free(work);
    return (char *)out.data;
}

static void lenses_are_chained_across_packs_and_aliases_come_first(void **state)
{
    (void)state;
    struct fixture fixture = make();
    struct small_pack files = small_pack_make();
    assert_int_equal(add(&fixture, &files), OK);
    char *name = small_pack_edit(&files, "pack.json", "\"garden\"", "\"forest\"");
    small_pack_put(&files, "lenses/to-schema-org.json",
                   "{\"from\":\"schema.org/Thing\",\"to\":\"forest/plant@1\",\"rules\":["
                   "{\"to\":\"/name\",\"from\":\"/name\"}]}");
    assert_int_equal(add(&fixture, &files), OK);
    struct packs *packs = packs_take(fixture.registry);
    char *there =
        convert(packs, "garden/plant@1", "schema.org", "{\"code\":\"a\",\"nmae\":\"Oak\"}");
    assert_string_equal(there, "{\"name\":\"Oak\",\"sku\":\"a\"}");
    char *across = convert(packs, "garden/plant@1", "forest/plant@1", "{\"name\":\"Oak\"}");
    assert_string_equal(across, "{\"name\":\"Oak\"}");
    char *back = convert(packs, "schema.org/Thing", "garden", "{\"name\":\"Oak\",\"sku\":\"a\"}");
    assert_string_equal(back, "{\"code\":\"a\",\"name\":\"Oak\"}");
    struct packs_chain chain;
    struct why why = {.rule = NULL};
    assert_int_equal(packs_find_chain(packs, SPAN_LITERAL("garden/plant@1"),
                                      SPAN_LITERAL("nowhere"), &chain, &why),
                     ERR_NOT_FOUND);
    assert_non_null(strstr(why.expected, "schema.org/Thing"));
    struct span reached[8];
    assert_int_equal(packs_reach(packs, SPAN_LITERAL("garden/plant@1"), reached, 8), 2);
    assert_true(span_is(reached[0], "schema.org/Thing"));
    assert_true(span_is(reached[1], "forest/plant@1"));
    packs_release(packs);
    free(there);
    free(across);
    free(back);
    free(name);
    clear(&fixture);
}

static void bodies_are_judged_by_the_type_they_name(void **state)
{
    (void)state;
    static const struct {
        const char *schema;
        const char *body;
        enum fit fit;
    } cases[] = {
        {"garden/plant@1", "{\"name\":\"Oak\"}", FIT_VALID},
        {"garden/plant@1", "{\"nmae\":\"Oak\"}", FIT_VALID}, /* as its alias has it */
        {"garden/plant@1", "{\"name\":7}", FIT_INVALID},
        {"garden/plant@1", "{}", FIT_INVALID},
        {"garden/plant@1", "{\"name\":\"Oak\",\"sown\":\"31/12/2026\"}", FIT_INVALID},
        {"garden/plant@2", "{}", FIT_UNKNOWN_TYPE},
        {"forest/plant@1", "{}", FIT_UNKNOWN_PACK},
    };
    static const struct tape_limits limits = {.bytes_max = 65536, .depth_max = 64};
    struct fixture fixture = make();
    struct small_pack files = small_pack_make();
    assert_int_equal(add(&fixture, &files), OK);
    struct packs *packs = packs_take(fixture.registry);
    struct packs_scratch *scratch = packs_scratch_new();
    assert_non_null(scratch);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct tape tape;
        struct buf record; /* the body as it stands in a record */
        tape_init(&tape);
        buf_init(&record, 65536);
        buf_append_cstr(&record, "{\"body\":");
        buf_append_cstr(&record, cases[i].body);
        buf_append_byte(&record, '}');
        assert_int_equal(tape_scan(&tape, buf_span(&record), &limits, NULL), OK);
        enum fit fit = packs_fit(packs, scratch, span_cstr(cases[i].schema), &tape,
                                 buf_span(&record), 2, NULL);
        if (fit != cases[i].fit)
            fail_msg("%s of %s is judged %d", cases[i].body, cases[i].schema, (int)fit);
        buf_clear(&record);
        tape_clear(&tape);
    }
    packs_scratch_free(scratch);
    packs_release(packs);
    clear(&fixture);
}

static void every_built_in_pack_is_sound(void **state)
{
    (void)state;
    struct packs_registry *registry;
    struct pack_findings findings;
    pack_findings_init(&findings);
    assert_int_equal(packs_open(NULL, &findings, &registry), OK);
    struct packs *packs = packs_take(registry);
    for (size_t i = 0; i < packs_count(packs); i++) {
        const struct pack *pack = packs_at(packs, i);
        struct pack_file files[512];
        struct pack *copy;
        struct packs_trial_counts counts;
        for (size_t j = 0; j < pack_content_count(pack); j++)
            files[j] = (struct pack_file){.path = pack_content_at(pack, j)->path,
                                          .text = pack_content_at(pack, j)->json};
        assert_int_equal(pack_read(files, pack_content_count(pack), &findings, &copy), OK);
        struct hash one = pack_hash(pack);
        struct hash two = pack_hash(copy);
        assert_true(hash_equal(&one, &two));
        enum err err = packs_trial(copy, &findings, &counts);
        assert_true(err == OK || err == ERR_BAD_PACK); /* told below */
    }
    for (size_t i = 0; i < findings.count; i++) {
        struct buf text;
        buf_init(&text, 8192);
        pack_finding_reason(&findings.items[i], LANG_EN, &text);
        if (pack_rule_kind(findings.items[i].rule) == PACK_REFUSAL)
            print_error("%s#%s: %.*s\n", findings.items[i].file, findings.items[i].pointer,
                        (int)text.len, (const char *)text.data);
        buf_clear(&text);
    }
    assert_int_equal(findings.refusals, 0);
    packs_release(packs);
    packs_close(registry);
    pack_findings_clear(&findings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pack_is_added_and_found_by_its_types),
        cmocka_unit_test(what_was_added_is_there_after_a_restart),
        cmocka_unit_test(a_pack_that_is_wrong_changes_nothing),
        cmocka_unit_test(the_name_of_a_built_in_pack_is_taken),
        cmocka_unit_test(a_new_version_is_higher_and_compatible_or_raises_the_major),
        cmocka_unit_test(what_is_removed_is_unknown_and_can_come_back),
        cmocka_unit_test(links_and_devices_are_no_files),
        cmocka_unit_test(a_pack_that_was_changed_on_disk_is_left_out_and_told),
        cmocka_unit_test(what_a_cut_off_addition_left_is_not_served),
        cmocka_unit_test(a_reader_keeps_what_it_took),
        cmocka_unit_test(many_threads_compile_a_type_once),
        cmocka_unit_test(lenses_are_chained_across_packs_and_aliases_come_first),
        cmocka_unit_test(bodies_are_judged_by_the_type_they_name),
        cmocka_unit_test(every_built_in_pack_is_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Real files of real platforms: each goes through, or is refused with the place of the fault. The
 * files are not part of this project: MAILLON_SHARED names the folder that holds data/. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "node/cli/publish_source.h"
#include "proto/record/record.h"

static const char *shared(void)
{
    const char *path = getenv("MAILLON_SHARED");
    return path == NULL ? "../shared" : path;
}

/* Takes every line, after checking that it is what a node takes. */
static enum err take(void *ctx, struct publish_chunk *chunk, struct why *why)
{
    (void)why;
    struct tape *tape = ctx;
    struct cursor lines = cursor_of(chunk->lines);
    while (!cursor_at_end(&lines)) {
        struct span line = cursor_until(&lines, '\n');
        assert_int_equal(tape_scan(tape, line, &tape_record_limits, NULL), OK);
        uint32_t id = tape_member(tape, line, 0, SPAN_LITERAL("id"));
        assert_int_not_equal(id, TAPE_NONE);
        assert_true(record_id_is_valid(tape_text(tape, line, id)));
    }
    return OK;
}

/* Publishes one file; the report is the caller's to clear. */
static void publish_file(const char *path, struct publish_report *report)
{
    struct import_options import = {.name = path, .containers = true};
    struct publish_options options = {.schema = "test/thing@1"};
    struct import_source *source;
    struct why why = {.rule = NULL};
    struct tape tape;
    tape_init(&tape);
    struct publish_transport transport = {.ctx = &tape, .send = take};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    if (import_open(fd, &import, &source, &why) != OK)
        fail_msg("%s: %s", path, why.rule);
    assert_int_equal(publish_source(source, &options, &transport, report, &why), OK);
    import_close(source);
    (void)close(fd);
    tape_clear(&tape);
}

static char *data_path(const char *name)
{
    char *path = NULL;
    assert_true(asprintf(&path, "%s/data/%s", shared(), name) > 0);
    return path;
}

static void need_data(void)
{
    char *path = data_path("");
    bool there = access(path, R_OK) == 0;
    free(path);
    if (!there)
        skip();
}

/* What is known of the files, counted by other programs: items and refusals. */
static const struct {
    const char *name;
    uint64_t items;
    uint64_t refused;
    uint64_t line; /* of the first refusal */
} known[] = {
    {"food/dfc-catalogue-17-products.jsonld", 115, 0, 0},
    {"food/verso-orders-DFC.jsonld", 166, 0, 0},
    {"food/dfc-litefarm-enterprises-v1.jsonld", 7, 0, 0},
    {"food/dfc-taxonomy-productTypes.jsonld", 1, 0, 0},
    {"food/ofn-product-import-120.csv", 120, 0, 0},
    {"mobility/bnlc-lieux-covoiturage.csv", 1476, 0, 0},
    {"mobility/gbfs-systems.csv", 1520, 0, 0},
    {"directory/coops-uk-2017.csv", 5328, 0, 0},
    {"directory/workers-coop-2023.csv", 259, 0, 0},
    {"directory/transformap-import/budapest-source.csv", 32, 0, 0},
    {"food/legacy/exemple-API-Catalog-Producteur-1-LDP_flat.json", 2, 2, 13},
    {"food/legacy/exemple-API-OFF-create-product-RESPONSE.json", 1, 1, 4},
    {"directory/communecter-import-event.json", 1, 1, 31}, /* "url" twice */
};

static void known_files_give_what_other_programs_count(void **state)
{
    (void)state;
    need_data();
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        struct publish_report report;
        char *path = data_path(known[i].name);
        publish_file(path, &report);
        if (report.items != known[i].items || report.refused != known[i].refused)
            fail_msg("%s: %llu items, %llu refused: %s", path, (unsigned long long)report.items,
                     (unsigned long long)report.refused,
                     report.fault_count > 0 ? report.faults[0].reason : "");
        if (report.refused > 0)
            assert_int_equal(report.faults[0].place.line, known[i].line);
        publish_report_clear(&report);
        free(path);
    }
}

static bool is_data(const char *name)
{
    static const char *const endings[] = {".json", ".csv", ".geojson", ".jsonld"};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot != NULL && i < 4; i++)
        if (strcmp(dot, endings[i]) == 0)
            return true;
    return false;
}

static bool is_known_as_broken(const char *path)
{
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (known[i].refused > 0 && strstr(path, known[i].name) != NULL)
            return true;
    return false;
}

static void every_file_goes_through_or_is_refused_with_its_place(void **state)
{
    (void)state;
    need_data();
    char *roots[6] = {data_path("food"),    data_path("mobility"),  data_path("social"),
                      data_path("commons"), data_path("directory"), NULL};
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    assert_non_null(walk);
    size_t files = 0;
    for (FTSENT *entry = fts_read(walk); entry != NULL; entry = fts_read(walk)) {
        if (entry->fts_info != FTS_F || !is_data(entry->fts_name))
            continue;
        struct publish_report report;
        publish_file(entry->fts_path, &report);
        if (is_known_as_broken(entry->fts_path) != (report.refused > 0))
            fail_msg("%s: %llu of %llu refused: %s", entry->fts_path,
                     (unsigned long long)report.refused, (unsigned long long)report.items,
                     report.fault_count > 0 ? report.faults[0].reason : "");
        assert_int_equal(report.accepted + report.refused, report.items);
        assert_true(report.items > 0);
        for (size_t i = 0; i < report.fault_count; i++) {
            assert_true(report.faults[i].place.line > 0);
            assert_true(report.faults[i].reason[0] != '\0');
        }
        publish_report_clear(&report);
        files++;
    }
    (void)fts_close(walk);
    for (size_t i = 0; i < 5; i++)
        free(roots[i]);
    assert_true(files > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_files_give_what_other_programs_count),
        cmocka_unit_test(every_file_goes_through_or_is_refused_with_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

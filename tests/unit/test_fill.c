/* Lines for entries that were held as leaves: asked for, sent to whom they are for, compared with
 * the leaves, kept, and erased like others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "node/net/os.h"
#include "node/store/store.h"
#include "proto/identity/did.h"
#include "tests/lib/folder.h"
#include "tests/lib/memlog.h"

struct scene {
    struct memlog *author;
    char *dir;
    struct store *store;
    struct store_log *copy;
    struct buf said; /* by the serve, last */
    struct tape tape;
    bool member; /* the copy's owner is one */
};

static void open_store(struct scene *scene)
{
    struct store_options options = {.dir = scene->dir};
    assert_int_equal(store_open(&options, &scene->store, NULL), OK);
    assert_int_equal(store_log_open(scene->store, memlog_origin(scene->author), &scene->copy, NULL),
                     OK);
}

static void log_file(const struct scene *scene, const char *name, char out[512])
{
    struct span scid = did_scid(memlog_origin(scene->author));
    (void)snprintf(out, 512, "%s/logs/%.*s/%s", scene->dir, (int)scid.len, (const char *)scid.data,
                   name);
}

#define SEGMENT "00000000000000000000.seg"

/* anew: from the segments alone. */
static void reopen(struct scene *scene, bool anew)
{
    char path[512];
    store_close(scene->store);
    log_file(scene, "position", path);
    if (anew)
        (void)unlink(path);
    open_store(scene);
}

static int set_up(void **state)
{
    os_init();
    struct scene *scene = calloc(1, sizeof(*scene));
    scene->author = memlog_new(3);
    memlog_put(scene->author, "open", NULL, "\"a tous\"");
    memlog_put(scene->author, "x", "commons", "\"ancien secret\"");
    memlog_put(scene->author, "own", "private", "\"journal\"");
    memlog_put(scene->author, "near", "circle:voisins", "\"cercle\"");
    memlog_put(scene->author, "x", "commons", "\"nouveau secret\"");
    memlog_put(scene->author, "open", NULL, "\"a tous, encore\"");
    memlog_sign(scene->author);
    scene->dir = folder_make();
    buf_init(&scene->said, 1u << 24);
    tape_init(&scene->tape);
    open_store(scene);
    *state = scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;
    store_close(scene->store);
    folder_remove(scene->dir);
    memlog_free(scene->author);
    buf_clear(&scene->said);
    tape_clear(&scene->tape);
    free(scene);
    return 0;
}

static bool may_read(void *ctx, void *log, const struct log_entry *entry)
{
    (void)log;
    const struct scene *scene = ctx;
    return entry->audience == AUDIENCE_PUBLIC ||
           (scene->member && entry->audience == AUDIENCE_COMMONS);
}

static enum err open_log(void *ctx, struct span origin, struct merkle_range *range_out,
                         bool *own_out)
{
    const struct scene *scene = ctx;
    assert_true(span_equal(origin, memlog_origin(scene->author)));
    struct merkle_source source = store_log_source(scene->copy);
    *own_out = false;
    return merkle_range_load(&source, store_log_committed(scene->copy).size, range_out);
}

static void ask(struct scene *scene, struct buf *request)
{
    struct log_range wanted[8];
    struct follow_log log = {.origin = memlog_origin(scene->author), .wanted = wanted};
    struct merkle_source source = store_log_source(scene->copy);
    log.wanted_count = store_log_withheld(scene->copy, wanted, 8);
    assert_int_equal(merkle_range_load(&source, store_log_committed(scene->copy).size, &log.range),
                     OK);
    assert_int_equal(follow_write_request(&log, 1, false, request), OK);
}

static void answer(struct scene *scene, struct span request)
{
    struct serve *serve;
    assert_int_equal(serve_new(request, 0, may_read, scene, &serve, NULL), OK);
    struct serve_log offer = memlog_offer(scene->author);
    offer.fills = scene->member;
    assert_int_equal(serve_offer(serve, &offer), OK);
    buf_reset(&scene->said);
    memserve_pull_all(serve, 1u << 20, &scene->said);
    serve_free(serve);
}

static enum err take(struct scene *scene, struct span bytes)
{
    struct follow_options options = {.open_log = open_log, .ctx = scene};
    struct follow *follow = follow_new(&options);
    struct follow_effects effects;
    enum err err = OK;
    for (size_t at = 0, used = 0; at < bytes.len && err == OK; at += used) {
        err = follow_feed(follow, span_part(bytes, at, bytes.len), 0, &used, &effects, NULL);
        if (err != OK || effects.batch == NULL)
            continue;
        struct store_result result;
        store_write(scene->store, scene->copy, effects.batch, &result);
        err = result.err;
        follow_persisted(follow, result.batch, 0, &effects);
    }
    follow_free(follow);
    return err;
}

/* One sync, whole. */
static void copy(struct scene *scene)
{
    struct buf request;
    buf_init(&request, 1u << 16);
    ask(scene, &request);
    answer(scene, buf_span(&request));
    buf_clear(&request);
    assert_int_equal(take(scene, buf_span(&scene->said)), OK);
}

static bool said(const struct scene *scene, const char *text)
{
    return memmem(scene->said.data, scene->said.len, text, strlen(text)) != NULL;
}

static bool is_held(const struct scene *scene, uint64_t index)
{
    struct log_reader reader = store_log_reader(scene->copy);
    struct log_entry entry;
    assert_int_equal(reader.entry(reader.ctx, index, &entry), OK);
    return entry.line.len > 0;
}

static bool segment_holds(const struct scene *scene, const char *text)
{
    char path[512];
    size_t len;
    log_file(scene, SEGMENT, path);
    char *bytes = folder_read(path, &len);
    bool found = memmem(bytes, len, text, strlen(text)) != NULL;
    free(bytes);
    return found;
}

static void assert_sound(struct scene *scene)
{
    struct store_check_report report;
    struct log_keys keys;
    log_keys_init(&keys);
    assert_int_equal(log_keys_of_did_key(store_log_origin(scene->copy), &keys, NULL), OK);
    enum err err = store_log_check(scene->copy, &keys, NULL, NULL, &report);
    log_keys_clear(&keys);
    if (err != OK)
        fail_msg("entry %llu: %s", (unsigned long long)report.bad_index, report.why.rule);
    struct merkle_head copy = store_log_committed(scene->copy);
    struct merkle_head author = memlog_head(scene->author);
    assert_true(copy.size == author.size && hash_equal(&copy.root, &author.root));
}

static void a_new_member_gets_the_lines_of_the_leaves_that_it_holds(void **state)
{
    struct scene *scene = *state;
    copy(scene);
    assert_int_equal(store_log_records(scene->copy), 1);
    assert_false(is_held(scene, 1) || is_held(scene, 2) || is_held(scene, 3) || is_held(scene, 4));
    scene->member = true;
    copy(scene);
    for (int round = 0; round < 3; round++) {
        uint64_t newest;
        assert_int_equal(store_log_records(scene->copy), 2);
        assert_true(is_held(scene, 1) && is_held(scene, 4));
        assert_false(is_held(scene, 2) || is_held(scene, 3));
        assert_true(store_log_newest(scene->copy, SPAN_LITERAL("x"), &newest));
        assert_int_equal(newest, 4);
        assert_false(store_log_is_newest(scene->copy, 1));
        assert_sound(scene);
        reopen(scene, round == 1);
    }
    copy(scene);
    assert_false(said(scene, "fill") || said(scene, "secret")); /* nothing is sent twice */
}

static void a_line_of_another_leaf_is_refused(void **state)
{
    struct scene *scene = *state;
    copy(scene);
    for (uint64_t at = 2; at < 8; at += 5) {
        struct record record;
        struct store_result result;
        struct span line = memlog_line(scene->author, 1);
        struct hash leaf = merkle_leaf_hash(line);
        struct batch *batch = batch_new();
        assert_int_equal(record_read(line, &scene->tape, &record, NULL), OK);
        assert_int_equal(batch_append_fill(batch, at, &record, &leaf), OK);
        assert_int_equal(batch_seal(batch), OK);
        store_write(scene->store, scene->copy, batch, &result);
        assert_int_equal(result.err, at == 2 ? ERR_BAD_PROOF : ERR_CONFLICT);
        batch_free(result.batch);
    }
    assert_false(segment_holds(scene, "secret"));
    assert_sound(scene);
}

/* A relay that erased nothing cannot bring it back. */
static void what_was_erased_is_not_filled_in(void **state)
{
    struct scene *scene = *state;
    copy(scene);
    struct span old = memlog_line(scene->author, 1);
    struct buf line;
    struct os_random random;
    os_random_init(&random);
    struct env env = os_random_env(&random);
    buf_init(&line, LINE_BYTES_MAX);
    struct record_draft draft = {
        .id = SPAN_LITERAL("x"), .schema = SPAN_LITERAL("test/thing@1"), .op = RECORD_ERASE};
    assert_int_equal(record_write(&draft, &env, 1700000000000, &line, NULL), OK);
    memlog_append(scene->author, buf_span(&line));
    memlog_sign(scene->author);
    buf_clear(&line);
    copy(scene);
    scene->member = true;
    assert_true(old.len > 0);
    copy(scene);
    assert_true(said(scene, "ancien secret"));
    for (int round = 0; round < 2; round++) {
        assert_false(is_held(scene, 1) || is_held(scene, 4));
        assert_false(segment_holds(scene, "secret"));
        assert_sound(scene);
        reopen(scene, true);
    }
}

static void what_was_filled_in_is_erased_like_others(void **state)
{
    struct scene *scene = *state;
    copy(scene);
    scene->member = true;
    copy(scene);
    assert_true(segment_holds(scene, "secret"));
    struct os_random random;
    os_random_init(&random);
    struct env env = os_random_env(&random);
    struct buf line;
    buf_init(&line, LINE_BYTES_MAX);
    struct record_draft draft = {
        .id = SPAN_LITERAL("x"), .schema = SPAN_LITERAL("test/thing@1"), .op = RECORD_ERASE};
    assert_int_equal(record_write(&draft, &env, 1700000000000, &line, NULL), OK);
    memlog_append(scene->author, buf_span(&line));
    memlog_sign(scene->author);
    buf_clear(&line);
    copy(scene);
    for (int round = 0; round < 3; round++) {
        assert_false(segment_holds(scene, "secret"));
        assert_false(is_held(scene, 1) || is_held(scene, 4));
        assert_sound(scene);
        reopen(scene, round == 1);
    }
}

static void a_tail_torn_at_any_byte_leaves_leaves_or_lines(void **state)
{
    struct scene *scene = *state;
    char path[512];
    size_t before;
    size_t after;
    copy(scene);
    log_file(scene, SEGMENT, path);
    free(folder_read(path, &before));
    scene->member = true;
    copy(scene);
    char *whole = folder_read(path, &after);
    for (size_t cut = before; cut < after; cut++) {
        store_close(scene->store);
        char position[512];
        log_file(scene, "position", position);
        (void)unlink(position);
        folder_write(path, whole, cut, 0600);
        open_store(scene);
        assert_sound(scene);
        assert_false(is_held(scene, 1) && !is_held(scene, 4));
    }
    copy(scene); /* the rest comes again */
    assert_true(is_held(scene, 1) && is_held(scene, 4));
    assert_sound(scene);
    free(whole);
}

static void refuses_wishes_that_make_no_sense(void **state)
{
    (void)state;
    static const char *const cases[] = {"[]",
                                        "{\"did:key:zB\":[0,1]}",
                                        "{\"did:key:zA\":7}",
                                        "{\"did:key:zA\":[0]}",
                                        "{\"did:key:zA\":[1,1]}",
                                        "{\"did:key:zA\":[2,1]}",
                                        "{\"did:key:zA\":[0,2,1,3]}",
                                        "{\"did:key:zA\":[0,\"1\"]}",
                                        "{\"did:key:zA\":[0,1.5]}"};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char request[256];
        struct serve *serve = NULL;
        (void)snprintf(request, sizeof(request), "{\"logs\":{\"did:key:zA\":9},\"want\":%s}",
                       cases[i]);
        assert_int_equal(serve_new(span_cstr(request), 0, NULL, NULL, &serve, NULL),
                         ERR_BAD_REQUEST);
    }
}

/* The stream of a copy that is whole, with this text in place of the fills. */
static void refuses_lines_that_fill_in_what_nobody_asked_for(void **state)
{
    struct scene *scene = *state;
    static const char *const cases[] = {"[\"fill\",6]\n",
                                        "[\"fill\",1]\n[\"fill\",1]\n",
                                        "[\"fill\",1]\n[\"ping\"]\n",
                                        "[\"filled\",0]\n",
                                        "[\"filled\",1]\n",
                                        "[\"fill\",1]\n[\"filled\",0]\n"};
    copy(scene);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf request;
        buf_init(&request, 1u << 16);
        ask(scene, &request);
        answer(scene, buf_span(&request));
        buf_append_cstr(&scene->said, cases[i]);
        assert_int_equal(take(scene, buf_span(&scene->said)), ERR_BAD_STREAM);
        buf_clear(&request);
    }
}

#define FILL_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILL_TEST(a_new_member_gets_the_lines_of_the_leaves_that_it_holds),
        FILL_TEST(a_line_of_another_leaf_is_refused),
        FILL_TEST(what_was_erased_is_not_filled_in),
        FILL_TEST(what_was_filled_in_is_erased_like_others),
        FILL_TEST(a_tail_torn_at_any_byte_leaves_leaves_or_lines),
        FILL_TEST(refuses_wishes_that_make_no_sense),
        FILL_TEST(refuses_lines_that_fill_in_what_nobody_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

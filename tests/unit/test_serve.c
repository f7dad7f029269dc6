/* Sending a stream: what is said for which request, to whom, and in which order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "proto/sync/lines.h"
#include "tests/lib/memlog.h"

struct scene {
    struct memlog *log;
    struct buf out;
    struct serve *serve;
    struct tape tape;
};

static int set_up(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    CHECK(scene != NULL);
    scene->log = memlog_new(1);
    for (unsigned i = 0; i < 5; i++)
        memlog_put(scene->log, "r", NULL, "{\"nom\":\"Atelier v\xc3\xa9lo\"}");
    memlog_sign(scene->log);
    buf_init(&scene->out, 1u << 26);
    tape_init(&scene->tape);
    *state = scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;
    serve_free(scene->serve);
    memlog_free(scene->log);
    buf_clear(&scene->out);
    tape_clear(&scene->tape);
    free(scene);
    return 0;
}

/* A serve for a caller that holds `held` entries of the scene's log. */
static void begin(struct scene *scene, uint64_t held)
{
    struct buf request;
    buf_init(&request, 4096);
    buf_append_cstr(&request, "{\"logs\":{\"");
    buf_append_span(&request, memlog_origin(scene->log));
    buf_append_cstr(&request, "\":");
    buf_append_u64(&request, held);
    buf_append_cstr(&request, "},\"follow\":true}");
    serve_free(scene->serve);
    scene->serve = memserve_new(buf_span(&request), &scene->log, 1);
    buf_clear(&request);
}

/* The lines of out as one letter each: l, c, w, p, P(ing), or r for a record. */
static const char *shape(struct scene *scene)
{
    static const char letters[CONTROL_COUNT] = {[CONTROL_LOG] = 'l',
                                                [CONTROL_CHECKPOINT] = 'c',
                                                [CONTROL_WITHHELD] = 'w',
                                                [CONTROL_PROOF] = 'p',
                                                [CONTROL_PING] = 'P'};
    static char text[64];
    size_t count = 0;
    struct cursor cursor = cursor_of(buf_span(&scene->out));
    while (!cursor_at_end(&cursor)) {
        struct span line = cursor_until(&cursor, '\n');
        assert_false(cursor.failed);
        assert_true(count + 1 < sizeof(text));
        struct control control;
        if (line.data[0] == '{') {
            text[count++] = 'r';
            continue;
        }
        assert_int_equal(control_read(line, CONTROL_IN_STREAM, &scene->tape, &control, NULL), OK);
        text[count++] = letters[control.kind];
    }
    text[count] = '\0';
    return text;
}

static void pull_all(struct scene *scene)
{
    buf_reset(&scene->out);
    memserve_pull_all(scene->serve, 1u << 20, &scene->out);
}

static void sends_all_that_the_caller_lacks(void **state)
{
    struct scene *scene = *state;
    begin(scene, 0);
    pull_all(scene);
    assert_string_equal(shape(scene), "lcrrrrrp");
    begin(scene, 3);
    pull_all(scene);
    assert_string_equal(shape(scene), "lcrrp");
    assert_true(serve_follows(scene->serve));
}

static void sends_the_checkpoint_alone_to_a_caller_that_holds_as_much(void **state)
{
    struct scene *scene = *state;
    begin(scene, 5);
    pull_all(scene);
    assert_string_equal(shape(scene), "lc");
    begin(scene, LINES_SIZE_MAX);
    pull_all(scene);
    assert_string_equal(shape(scene), "lc");
    memlog_put(scene->log, "new", NULL, "1");
    memlog_sign(scene->log);
    struct serve_log offer = memlog_offer(scene->log);
    assert_int_equal(serve_offer(scene->serve, &offer), OK);
    pull_all(scene);
    assert_string_equal(shape(scene), "lc");
}

static void knows_no_difference_between_an_empty_request_and_zero(void **state)
{
    struct scene *scene = *state;
    scene->serve = memserve_new(SPAN_LITERAL(" { \"logs\" : { } } "), &scene->log, 1);
    assert_false(serve_follows(scene->serve));
    pull_all(scene);
    assert_string_equal(shape(scene), "lcrrrrrp");
}

static void ignores_logs_that_it_does_not_have(void **state)
{
    struct scene *scene = *state;
    scene->serve =
        memserve_new(SPAN_LITERAL("{\"logs\":{\"did:key:zX\":7,\"did:web:a\":1}}"), &scene->log, 1);
    pull_all(scene);
    assert_string_equal(shape(scene), "lcrrrrrp");
}

static void sends_only_what_is_new_when_a_newer_checkpoint_is_offered(void **state)
{
    struct scene *scene = *state;
    begin(scene, 0);
    pull_all(scene);
    struct serve_log offer = memlog_offer(scene->log);
    assert_int_equal(serve_offer(scene->serve, &offer), OK);
    pull_all(scene);
    assert_string_equal(shape(scene), ""); /* the same once more is no news */
    memlog_put(scene->log, "new", NULL, "1");
    memlog_sign(scene->log);
    offer = memlog_offer(scene->log);
    assert_int_equal(serve_offer(scene->serve, &offer), OK);
    pull_all(scene);
    assert_string_equal(shape(scene), "lcrp");
}

static void finishes_a_checkpoint_before_the_newer_one(void **state)
{
    struct scene *scene = *state;
    bool idle;
    begin(scene, 0);
    /* One line at a time: log and checkpoint, then an entry. */
    assert_int_equal(serve_pull(scene->serve, 0, 1, &scene->out, &idle), OK);
    assert_int_equal(serve_pull(scene->serve, 0, 1, &scene->out, &idle), OK);
    assert_string_equal(shape(scene), "lcr");
    assert_false(idle);
    memlog_put(scene->log, "new", NULL, "1");
    memlog_sign(scene->log);
    struct serve_log offer = memlog_offer(scene->log);
    assert_int_equal(serve_offer(scene->serve, &offer), OK);
    memserve_pull_all(scene->serve, 1, &scene->out);
    assert_string_equal(shape(scene), "lcrrrrrplcrp");
}

static void announces_the_newer_checkpoint_after_the_next_proof(void **state)
{
    struct scene *scene = *state;
    bool idle;
    for (unsigned i = 5; i < SYNC_BATCH_ENTRIES_MAX + 1; i++)
        memlog_put(scene->log, "a", "commons", "1");
    memlog_sign(scene->log);
    begin(scene, 5);
    assert_int_equal(serve_pull(scene->serve, 0, 1, &scene->out, &idle), OK);
    assert_int_equal(serve_pull(scene->serve, 0, 1u << 20, &scene->out, &idle), OK);
    assert_true(idle);
    assert_string_equal(shape(scene), "lcwwwwwp");
    begin(scene, 0);
    buf_reset(&scene->out);
    assert_int_equal(serve_pull(scene->serve, 0, 1, &scene->out, &idle), OK);
    memlog_put(scene->log, "new", NULL, "1");
    memlog_sign(scene->log);
    struct serve_log offer = memlog_offer(scene->log);
    assert_int_equal(serve_offer(scene->serve, &offer), OK);
    memserve_pull_all(scene->serve, 1u << 20, &scene->out);
    /* 4,096 entries, a proof, and then what is left of the old and the new at once. */
    assert_string_equal(shape(scene), "lcrrrrrwwwwwplcwrp");
}

static void keeps_the_newer_of_two_offers_that_cross(void **state)
{
    struct scene *scene = *state;
    struct serve_log old = memlog_offer(scene->log);
    struct buf note;
    buf_init(&note, NOTE_BYTES_MAX);
    buf_append_span(&note, old.note);
    old.note = buf_span(&note);
    memlog_put(scene->log, "new", NULL, "1");
    memlog_sign(scene->log);
    begin(scene, 0);
    assert_int_equal(serve_offer(scene->serve, &old), OK);
    pull_all(scene);
    assert_string_equal(shape(scene), "lcrrrrrrp");
    assert_int_equal(serve_offer(scene->serve, &old), OK);
    pull_all(scene);
    assert_string_equal(shape(scene), "");
    buf_clear(&note);
}

static void announces_a_head_again_when_its_cosignatures_have_changed(void **state)
{
    struct scene *scene = *state;
    begin(scene, 0);
    struct serve_log offer = memlog_offer(scene->log);
    pull_all(scene);
    assert_string_equal(shape(scene), "lcrrrrrp");
    struct buf note;
    buf_init(&note, NOTE_BYTES_MAX);
    buf_append_span(&note, offer.note);
    buf_append_cstr(&note, "\xe2\x80\x94 w AAAAAAAA\n");
    offer.note = buf_span(&note);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(serve_offer(scene->serve, &offer), OK);
        pull_all(scene);
        assert_string_equal(shape(scene), i == 0 ? "lc" : "");
    }
    buf_clear(&note);
}

static void withholds_what_is_not_public_or_not_held(void **state)
{
    struct scene *scene = *state;
    memlog_put(scene->log, "a", "commons", "1");
    memlog_put(scene->log, "b", "circle:voisins", "1");
    memlog_put(scene->log, "c", "private", "1");
    memlog_put(scene->log, "d", NULL, "1");
    memlog_sign(scene->log);
    memlog_drop(scene->log, 1);
    begin(scene, 0);
    pull_all(scene);
    assert_string_equal(shape(scene), "lcrwrrrwrp");
}

static bool reads_everything(void *ctx, void *log, const struct log_entry *entry)
{
    (void)entry;
    assert_non_null(log);
    (*(unsigned *)ctx)++;
    return true;
}

static void asks_who_may_read_but_never_sends_what_is_private(void **state)
{
    struct scene *scene = *state;
    unsigned asked = 0;
    memlog_put(scene->log, "a", "commons", "1");
    memlog_put(scene->log, "c", "private", "1");
    memlog_sign(scene->log);
    assert_int_equal(
        serve_new(SPAN_LITERAL("{\"logs\":{}}"), 0, reads_everything, &asked, &scene->serve, NULL),
        OK);
    struct serve_log offer = memlog_offer(scene->log);
    assert_int_equal(serve_offer(scene->serve, &offer), OK);
    pull_all(scene);
    assert_string_equal(shape(scene), "lcrrrrrrwp");
    assert_int_equal(asked, 6);
}

static void proves_after_so_many_entries(void **state)
{
    struct scene *scene = *state;
    for (unsigned i = 5; i < 2 * SYNC_BATCH_ENTRIES_MAX + 1; i++)
        memlog_put(scene->log, "a", "commons", "1");
    memlog_sign(scene->log);
    begin(scene, 5);
    pull_all(scene);
    /* 4,096 leaves make five lines at most 1,000 long. */
    assert_string_equal(shape(scene), "lcwwwwwpwwwwwp");
}

static void proves_after_so_many_bytes(void **state)
{
    struct scene *scene = *state;
    char *body = malloc(200003);
    assert_non_null(body);
    memset(body, 'x', 200002);
    body[0] = '"';
    body[200001] = '"';
    body[200002] = '\0';
    for (unsigned i = 0; i < 30; i++)
        memlog_put(scene->log, "big", NULL, body);
    free(body);
    memlog_sign(scene->log);
    begin(scene, 5);
    pull_all(scene);
    assert_string_equal(shape(scene), "lcrrrrrrrrrrrrrrrrrrrrrprrrrrrrrrp");
}

static void gives_each_log_its_turn_between_proofs(void **state)
{
    struct scene *scene = *state;
    struct memlog *small = memlog_new(2);
    struct memlog *large = memlog_new(3);
    for (unsigned i = 0; i < SYNC_BATCH_ENTRIES_MAX + 1; i++)
        memlog_put(large, "a", "commons", "1");
    memlog_put(small, "a", NULL, "1");
    memlog_sign(small);
    memlog_sign(large);
    struct memlog *logs[] = {large, small};
    scene->serve = memserve_new(SPAN_LITERAL("{\"logs\":{}}"), logs, 2);
    pull_all(scene);
    assert_string_equal(shape(scene), "lcwwwwwplcrplcwp");
    memlog_free(small);
    memlog_free(large);
}

static void pings_when_there_is_nothing_to_say(void **state)
{
    struct scene *scene = *state;
    bool idle;
    begin(scene, 5);
    pull_all(scene);
    buf_reset(&scene->out);
    assert_int_equal(serve_pull(scene->serve, SYNC_PING_MS - 1, 1000, &scene->out, &idle), OK);
    assert_int_equal(scene->out.len, 0);
    assert_int_equal(serve_pull(scene->serve, SYNC_PING_MS, 1000, &scene->out, &idle), OK);
    assert_true(span_is(buf_span(&scene->out), "[\"ping\"]\n"));
    assert_true(idle);
    assert_int_equal(serve_pull(scene->serve, 2 * SYNC_PING_MS - 1, 1000, &scene->out, &idle), OK);
    assert_string_equal(shape(scene), "P");
    assert_int_equal(serve_pull(scene->serve, 2 * SYNC_PING_MS, 1000, &scene->out, &idle), OK);
    assert_string_equal(shape(scene), "PP");
}

static void stops_near_the_bytes_asked_for(void **state)
{
    struct scene *scene = *state;
    for (unsigned i = 0; i < 500; i++)
        memlog_put(scene->log, "a", NULL, "1");
    memlog_sign(scene->log);
    begin(scene, 0);
    bool idle = false;
    while (!idle) {
        buf_reset(&scene->out);
        assert_int_equal(serve_pull(scene->serve, 0, 1000, &scene->out, &idle), OK);
        assert_true(scene->out.len <= 1000 + 1024);
        assert_true(scene->out.len > 0);
        assert_int_equal(scene->out.data[scene->out.len - 1], '\n');
    }
}

static void refuses_requests_that_are_none(void **state)
{
    struct scene *scene = *state;
    static const struct {
        const char *text;
        enum err err;
    } cases[] = {
        {"", ERR_SYNTAX},
        {"{", ERR_SYNTAX},
        {"{\"logs\":{}} x", ERR_SYNTAX},
        {"[]", ERR_BAD_REQUEST},
        {"{}", ERR_BAD_REQUEST},
        {"{\"logs\":[]}", ERR_BAD_REQUEST},
        {"{\"logs\":{\"\":0}}", ERR_BAD_REQUEST},
        {"{\"logs\":{\"a\":-1}}", ERR_BAD_REQUEST},
        {"{\"logs\":{\"a\":1.5}}", ERR_BAD_REQUEST},
        {"{\"logs\":{\"a\":\"1\"}}", ERR_BAD_REQUEST},
        {"{\"logs\":{\"a\":9007199254740992}}", ERR_BAD_REQUEST},
        {"{\"logs\":{\"a\\n\":1}}", ERR_BAD_REQUEST},
        {"{\"logs\":{\"\xc3\xa9\":1}}", ERR_BAD_REQUEST},
        {"{\"logs\":{},\"follow\":1}", ERR_BAD_REQUEST},
        {"{\"logs\":{\"a\":1,\"a\":2}}", ERR_DUPLICATE_KEY},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(serve_new(span_cstr(cases[i].text), 0, NULL, NULL, &scene->serve, NULL),
                         cases[i].err);
    assert_null(scene->serve);
}

static void refuses_a_state_vector_of_too_many_logs(void **state)
{
    struct scene *scene = *state;
    for (unsigned extra = 0; extra < 2; extra++) {
        buf_reset(&scene->out);
        buf_append_cstr(&scene->out, "{\"logs\":{");
        for (unsigned i = 0; i < SYNC_LOGS_MAX + extra; i++) {
            buf_append_cstr(&scene->out, i == 0 ? "\"a" : ",\"a");
            buf_append_u64(&scene->out, i);
            buf_append_cstr(&scene->out, "\":1");
        }
        buf_append_cstr(&scene->out, "}}");
        assert_int_equal(serve_new(buf_span(&scene->out), 0, NULL, NULL, &scene->serve, NULL),
                         extra == 0 ? OK : ERR_LIMIT);
    }
}

static enum err no_entry(void *ctx, uint64_t index, struct log_entry *out)
{
    (void)ctx;
    (void)index;
    (void)out;
    return ERR_IO;
}

static void passes_on_the_reader_s_error(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(serve_new(SPAN_LITERAL("{\"logs\":{}}"), 0, NULL, NULL, &scene->serve, NULL),
                     OK);
    struct serve_log offer = memlog_offer(scene->log);
    offer.reader.entry = no_entry;
    bool idle;
    assert_int_equal(serve_offer(scene->serve, &offer), OK);
    assert_int_equal(serve_pull(scene->serve, 0, 1u << 20, &scene->out, &idle), ERR_IO);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(sends_all_that_the_caller_lacks),
        TEST(sends_the_checkpoint_alone_to_a_caller_that_holds_as_much),
        TEST(knows_no_difference_between_an_empty_request_and_zero),
        TEST(ignores_logs_that_it_does_not_have),
        TEST(sends_only_what_is_new_when_a_newer_checkpoint_is_offered),
        TEST(finishes_a_checkpoint_before_the_newer_one),
        TEST(announces_the_newer_checkpoint_after_the_next_proof),
        TEST(keeps_the_newer_of_two_offers_that_cross),
        TEST(announces_a_head_again_when_its_cosignatures_have_changed),
        TEST(withholds_what_is_not_public_or_not_held),
        TEST(asks_who_may_read_but_never_sends_what_is_private),
        TEST(proves_after_so_many_entries),
        TEST(proves_after_so_many_bytes),
        TEST(gives_each_log_its_turn_between_proofs),
        TEST(pings_when_there_is_nothing_to_say),
        TEST(stops_near_the_bytes_asked_for),
        TEST(refuses_requests_that_are_none),
        TEST(refuses_a_state_vector_of_too_many_logs),
        TEST(passes_on_the_reader_s_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

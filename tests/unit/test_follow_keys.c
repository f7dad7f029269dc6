/* proto/sync/follow.c and keys that change: which of an origin's keys may say what of its log. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "proto/base/base64.h"
#include "proto/log/note.h"
#include "proto/sync/follow.h"
#include "proto/sync/lines.h"
#include "tests/lib/testkey.h"

#define ORIGIN "did:webvh:QmTestTestTestTestTestTestTestTestTestTestTest:node.example"
#define HELD 3u

struct scene {
    struct testkey keys[3]; /* the first retired, the second of now, the third not known */
    struct log_keys known;
    bool is_known;
    unsigned asked;
    uint64_t held;
    bool own;
    struct follow *follow;
    struct buf stream;
    struct why why;
    unsigned batches;
    unsigned notes;
    uint64_t size; /* that the last batch reached */
};

static struct hash leaf_of(uint64_t index)
{
    return merkle_leaf_hash(span_of(&index, sizeof(index)));
}

static struct merkle_range range_of(uint64_t size)
{
    struct merkle_range range = {.size = 0};
    for (uint64_t i = 0; i < size; i++) {
        struct hash leaf = leaf_of(i);
        merkle_range_append(&range, &leaf);
    }
    return range;
}

static enum err open_log(void *ctx, struct span origin, struct merkle_range *range_out,
                         bool *own_out)
{
    struct scene *scene = ctx;
    assert_true(span_is(origin, ORIGIN));
    *range_out = range_of(scene->held);
    *own_out = scene->own;
    return OK;
}

static enum err find_keys(void *ctx, struct span origin, unsigned known_version,
                          struct log_keys *out)
{
    struct scene *scene = ctx;
    (void)origin;
    scene->asked++;
    if (!scene->is_known)
        return ERR_NOT_FOUND;
    return known_version == scene->known.version ? OK : log_keys_copy(&scene->known, out);
}

static void begin(struct scene *scene, struct span origin_peer, bool takes_retired)
{
    struct follow_options options = {.origin_peer = origin_peer,
                                     .open_log = open_log,
                                     .find_keys = find_keys,
                                     .takes_retired = takes_retired,
                                     .ctx = scene};
    follow_free(scene->follow);
    scene->follow = follow_new(&options);
    assert_non_null(scene->follow);
    buf_reset(&scene->stream);
}

static int set_up(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    assert_non_null(scene);
    for (uint8_t i = 0; i < 3; i++)
        scene->keys[i] = testkey_of((uint8_t)(20 + i));
    struct log_key list[2] = {{.key = scene->keys[0].key, .first = 1, .last = 2},
                              {.key = scene->keys[1].key, .first = 3, .last = 3}};
    struct log_keys known = {.version = 3, .count = 2, .cap = 2, .list = list};
    log_keys_init(&scene->known);
    assert_int_equal(log_keys_copy(&known, &scene->known), OK);
    scene->is_known = true;
    scene->held = HELD;
    buf_init(&scene->stream, 1u << 20);
    begin(scene, span_of(NULL, 0), false);
    *state = scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;
    follow_free(scene->follow);
    log_keys_clear(&scene->known);
    buf_clear(&scene->stream);
    free(scene);
    return 0;
}

static void say_head(struct scene *scene, struct merkle_head head, unsigned key)
{
    struct buf note;
    struct signature signature;
    struct ed25519_signer signer = testkey_signer(&scene->keys[key]);
    buf_init(&note, NOTE_BYTES_MAX);
    checkpoint_append_text(&note, SPAN_LITERAL(ORIGIN), &head);
    assert_int_equal(signer.sign(signer.ctx, buf_span(&note), &signature), OK);
    buf_append_byte(&note, '\n');
    note_append_signature(&note, SPAN_LITERAL(ORIGIN), &scene->keys[key].key, &signature);
    lines_append_checkpoint(&scene->stream, buf_span(&note));
    buf_clear(&note);
}

/* A whole section: the log from `from`, its head of that size by that key, the entries. */
static void say(struct scene *scene, uint64_t from, uint64_t size, unsigned key)
{
    struct merkle_range range = range_of(size);
    lines_append_log(&scene->stream, SPAN_LITERAL(ORIGIN), from);
    say_head(scene, merkle_range_head(&range), key);
    if (from >= size)
        return;
    for (uint64_t i = from; i < size; i++) {
        struct hash leaf = leaf_of(i);
        buf_append_cstr(&scene->stream, "[\"withheld\",\"");
        base64_append(&scene->stream, span_of(leaf.bytes, sizeof(leaf.bytes)));
        buf_append_cstr(&scene->stream, "\"]\n");
    }
    struct merkle_proof none = {.count = 0};
    lines_append_proof(&scene->stream, size, &none);
}

static enum err feed(struct scene *scene)
{
    size_t at = 0;
    enum err err = OK;
    while (at < scene->stream.len && err == OK) {
        struct follow_effects effects;
        size_t used;
        err = follow_feed(scene->follow, span_part(buf_span(&scene->stream), at, scene->stream.len),
                          0, &used, &effects, &scene->why);
        at += used;
        if (effects.batch != NULL) {
            scene->batches++;
            scene->notes += effects.batch->note.len > 0;
            scene->size = effects.batch->head.size;
            follow_persisted(scene->follow, effects.batch, 0, &effects);
        }
    }
    buf_reset(&scene->stream);
    return err;
}

static void the_key_of_now_extends_the_log(void **state)
{
    struct scene *scene = *state;
    say(scene, HELD, HELD + 2, 1);
    assert_int_equal(feed(scene), OK);
    assert_int_equal(scene->size, HELD + 2);
}

static void a_retired_key_extends_nothing_for_its_own_node(void **state)
{
    struct scene *scene = *state;
    begin(scene, SPAN_LITERAL(ORIGIN), false);
    say(scene, HELD, HELD + 1, 0);
    assert_int_equal(feed(scene), ERR_BAD_SIGNATURE);
    assert_int_equal(scene->batches, 0);
}

static void a_retired_key_begins_no_log(void **state)
{
    struct scene *scene = *state;
    scene->held = 0;
    begin(scene, SPAN_LITERAL(ORIGIN), false);
    say(scene, 0, 1, 0);
    assert_int_equal(feed(scene), ERR_BAD_SIGNATURE);
    assert_int_equal(scene->batches, 0);
}

static void a_relay_that_is_behind_is_passed_over_and_heard_again(void **state)
{
    struct scene *scene = *state;
    say(scene, HELD, HELD + 1, 0);
    assert_int_equal(feed(scene), OK);
    assert_int_equal(scene->batches, 0);
    assert_true(follow_skipped(scene->follow) > 0);
    say(scene, HELD, HELD + 2, 1);
    assert_int_equal(feed(scene), OK);
    assert_int_equal(scene->size, HELD + 2);
}

static void a_retired_key_may_repeat_what_is_held_and_its_note_replaces_none(void **state)
{
    struct scene *scene = *state;
    say(scene, HELD, HELD, 0);
    say(scene, HELD - 1, HELD - 1, 0);
    assert_int_equal(feed(scene), OK);
    assert_int_equal(scene->notes, 0);
    say(scene, HELD, HELD, 1);
    assert_int_equal(feed(scene), OK);
    assert_int_equal(scene->notes, 1);
}

static void a_retired_key_makes_no_log_look_forked(void **state)
{
    struct scene *scene = *state;
    struct merkle_head other = {.size = HELD};
    lines_append_log(&scene->stream, SPAN_LITERAL(ORIGIN), HELD);
    say_head(scene, other, 0);
    assert_int_equal(feed(scene), ERR_BAD_SIGNATURE);
    assert_int_equal(follow_evidence(scene->follow).note.len, 0);
    begin(scene, span_of(NULL, 0), false);
    lines_append_log(&scene->stream, SPAN_LITERAL(ORIGIN), HELD);
    say_head(scene, other, 1);
    assert_int_equal(feed(scene), ERR_FORK);
}

static void a_key_that_no_history_has_is_refused_and_the_log_is_named(void **state)
{
    struct scene *scene = *state;
    say(scene, HELD, HELD + 1, 2);
    assert_int_equal(feed(scene), ERR_BAD_SIGNATURE);
    assert_true(span_is(follow_origin(scene->follow), ORIGIN));
}

static void a_change_that_comes_while_the_stream_runs_counts_from_the_next_checkpoint(void **state)
{
    struct scene *scene = *state;
    say(scene, HELD, HELD + 1, 1);
    assert_int_equal(feed(scene), OK);
    struct log_key list[3] = {{.key = scene->keys[0].key, .first = 1, .last = 2},
                              {.key = scene->keys[1].key, .first = 3, .last = 3},
                              {.key = scene->keys[2].key, .first = 4, .last = 4}};
    struct log_keys known = {.version = 4, .count = 3, .cap = 3, .list = list};
    assert_int_equal(log_keys_copy(&known, &scene->known), OK);
    say(scene, HELD + 1, HELD + 2, 1);
    assert_int_equal(feed(scene), OK);
    assert_int_equal(scene->size, HELD + 1);
    say(scene, HELD + 1, HELD + 2, 2);
    assert_int_equal(feed(scene), OK);
    assert_int_equal(scene->size, HELD + 2);
}

static void of_an_identity_that_ended_nothing_new_is_taken(void **state)
{
    struct scene *scene = *state;
    scene->known.ended = true;
    begin(scene, SPAN_LITERAL(ORIGIN), false);
    say(scene, HELD, HELD + 1, 1);
    assert_int_equal(feed(scene), ERR_BAD_SIGNATURE);
}

static void a_log_without_a_history_is_passed_over(void **state)
{
    struct scene *scene = *state;
    scene->is_known = false;
    say(scene, 0, 2, 1);
    assert_int_equal(feed(scene), OK);
    assert_int_equal(scene->batches, 0);
    assert_int_equal(scene->asked, 1);
    assert_true(follow_skipped(scene->follow) > 0);
}

static void who_wrote_a_log_takes_it_back_by_any_key_it_ever_had(void **state)
{
    struct scene *scene = *state;
    scene->held = 0;
    begin(scene, span_of(NULL, 0), true);
    say(scene, 0, 2, 0);
    assert_int_equal(feed(scene), OK);
    assert_int_equal(scene->size, 2);
    begin(scene, span_of(NULL, 0), true);
    say(scene, 0, 2, 2);
    assert_int_equal(feed(scene), ERR_BAD_SIGNATURE);
}

static void the_own_log_is_heard_of_by_any_key_it_ever_had(void **state)
{
    struct scene *scene = *state;
    struct merkle_head announced;
    scene->own = true;
    begin(scene, span_of(NULL, 0), false);
    say(scene, HELD + 4, HELD + 4, 0);
    assert_int_equal(feed(scene), OK);
    assert_true(follow_announced(scene->follow, SPAN_LITERAL(ORIGIN), &announced));
    assert_int_equal(announced.size, HELD + 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_key_of_now_extends_the_log),
        TEST(a_retired_key_extends_nothing_for_its_own_node),
        TEST(a_retired_key_begins_no_log),
        TEST(a_relay_that_is_behind_is_passed_over_and_heard_again),
        TEST(a_retired_key_may_repeat_what_is_held_and_its_note_replaces_none),
        TEST(a_retired_key_makes_no_log_look_forked),
        TEST(a_key_that_no_history_has_is_refused_and_the_log_is_named),
        TEST(a_change_that_comes_while_the_stream_runs_counts_from_the_next_checkpoint),
        TEST(of_an_identity_that_ended_nothing_new_is_taken),
        TEST(a_log_without_a_history_is_passed_over),
        TEST(who_wrote_a_log_takes_it_back_by_any_key_it_ever_had),
        TEST(the_own_log_is_heard_of_by_any_key_it_ever_had),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Identities as nodes write them, and under attack: stolen and rotated-out keys, other people's
 * histories, shrunken, forked and oversized ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "proto/identity/webvh.h"
#include "tests/lib/testkey.h"

#define START_MS UINT64_C(1780000000000)
#define DAY_MS UINT64_C(86400000)
#define TEMPLATE "did:webvh:{SCID}:node.example"

struct bench {
    struct webvh_history *history; /* the writer's */
    struct webvh_history *read;    /* a reader's */
    struct buf log;
    struct testkey
        update[4]; /* one behind the other; of the later ones first the hash alone is known */
    struct testkey log_key;
    struct testkey request_key;
};

static int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));
    assert_non_null(bench);
    bench->history = webvh_history_new();
    bench->read = webvh_history_new();
    buf_init(&bench->log, 8 << 20);
    for (uint8_t i = 0; i < 4; i++)
        bench->update[i] = testkey_of((uint8_t)(10 + i));
    bench->log_key = testkey_of(1);
    bench->request_key = testkey_of(2);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;
    webvh_history_free(bench->history);
    webvh_history_free(bench->read);
    buf_clear(&bench->log);
    free(bench);
    return 0;
}

static void append_document(struct buf *out, const struct bench *bench, struct span did)
{
    struct node_document node = {.did = did,
                                 .url = SPAN_LITERAL("https://node.example"),
                                 .log_key_count = 1,
                                 .request_key_count = 1,
                                 .pin_count = 1};
    node.log_keys[0] = bench->log_key.key;
    node.request_keys[0] = bench->request_key.key;
    node.pins[0].bytes[0] = 7;
    assert_int_equal(node_document_append(out, &node, NULL), OK);
}

/* The first entry, by update[0]; next: how many keys are committed to from update[1] on. */
static void create(struct bench *bench, unsigned next, bool portable)
{
    struct buf document;
    struct ed25519_signer signer = testkey_signer(&bench->update[0]);
    buf_init(&document, 1 << 16);
    append_document(&document, bench, SPAN_LITERAL(TEMPLATE));
    const struct webvh_change first = {.document = buf_span(&document),
                                       .update_keys = &bench->update[0].key,
                                       .update_key_count = 1,
                                       .next_keys = &bench->update[1].key,
                                       .next_key_count = next,
                                       .portable = portable,
                                       .time_ms = START_MS};
    struct why why = {.rule = ""};
    if (webvh_create(bench->history, &first, &signer, &bench->log, &why) != OK)
        fail_msg("%s", why.rule);
    buf_clear(&document);
}

static enum err update_by(struct bench *bench, struct testkey *by, struct webvh_change change)
{
    struct ed25519_signer signer = testkey_signer(by);
    struct webvh_version before = webvh_current(bench->history);
    if (change.time_ms == 0)
        change.time_ms = before.time_ms + DAY_MS;
    size_t len = bench->log.len;
    enum err err = webvh_update(bench->history, &change, &signer, &bench->log, NULL);
    if (err != OK) {
        assert_int_equal(bench->log.len, len);
        assert_int_equal(webvh_count(bench->history), before.number);
    }
    return err;
}

static enum err read_at(struct bench *bench, struct span log, uint64_t now_ms)
{
    const struct webvh_clock clock = {.now_ms = now_ms};
    return webvh_history_read(bench->read, span_of(NULL, 0), log, span_of(NULL, 0), &clock, NULL);
}

static enum err read_log(struct bench *bench)
{
    return read_at(bench, buf_span(&bench->log), START_MS + 10000 * DAY_MS);
}

static void an_identity_that_is_written_is_read(void **state)
{
    struct bench *bench = *state;
    struct tape tape;
    struct node_document node;
    create(bench, 0, false);
    assert_int_equal(read_log(bench), OK);
    struct webvh_version version = webvh_current(bench->read);
    assert_int_equal(version.number, 1);
    assert_true(version.time_ms == START_MS);
    assert_memory_equal(version.did.data + 10, webvh_scid(bench->read).data, WEBVH_SCID_BYTES);
    tape_init(&tape);
    assert_int_equal(node_document_read(version.document, version.did, &tape, &node, NULL), OK);
    assert_memory_equal(&node.log_keys[0], &bench->log_key.key, 32);
    assert_memory_equal(&node.request_keys[0], &bench->request_key.key, 32);
    assert_true(node.pin_count == 1 && node.pins[0].bytes[0] == 7);
    assert_true(span_is(node.url, "https://node.example"));
    tape_clear(&tape);
    unsigned count;
    assert_memory_equal(webvh_update_keys(bench->read, &count), &bench->update[0].key, 32);
    assert_int_equal(count, 1);
    assert_false(webvh_is_prerotated(bench->read) || webvh_is_deactivated(bench->read));
}

static void a_key_counts_in_its_role_and_its_time(void **state)
{
    struct bench *bench = *state;
    struct public_key key;
    struct buf document;
    create(bench, 0, false);
    struct testkey old = bench->log_key;
    bench->log_key = testkey_of(99);
    buf_init(&document, 1 << 16);
    append_document(&document, bench, webvh_current(bench->history).did);
    assert_int_equal(
        update_by(bench, &bench->update[0], (struct webvh_change){.document = buf_span(&document)}),
        OK);
    assert_int_equal(read_log(bench), OK);
    const struct webvh_history *read = bench->read;
    const struct span url = SPAN_LITERAL("#log");
    assert_int_equal(webvh_find_key(read, url, DOCUMENT_LOG_KEY, START_MS - 1, &key, NULL),
                     ERR_NOT_FOUND);
    assert_int_equal(webvh_find_key(read, url, DOCUMENT_LOG_KEY, START_MS, &key, NULL), OK);
    assert_memory_equal(&key, &old.key, 32);
    assert_int_equal(webvh_find_key(read, url, DOCUMENT_LOG_KEY, START_MS + DAY_MS - 1, &key, NULL),
                     OK);
    assert_memory_equal(&key, &old.key, 32);
    assert_int_equal(webvh_find_key(read, url, DOCUMENT_LOG_KEY, START_MS + DAY_MS, &key, NULL),
                     OK);
    assert_memory_equal(&key, &bench->log_key.key, 32);
    assert_int_equal(webvh_find_key(read, url, DOCUMENT_REQUEST_KEY, START_MS, &key, NULL),
                     ERR_NOT_FOUND);
    /* By its whole URL, and by that of another identity. */
    buf_reset(&document);
    buf_append_span(&document, webvh_current(read).did);
    buf_append_cstr(&document, "#request");
    assert_int_equal(
        webvh_find_key(read, buf_span(&document), DOCUMENT_REQUEST_KEY, START_MS, &key, NULL), OK);
    document.data[12] ^= 1;
    assert_int_equal(
        webvh_find_key(read, buf_span(&document), DOCUMENT_REQUEST_KEY, START_MS, &key, NULL),
        ERR_NOT_FOUND);
    buf_clear(&document);
}

static void a_key_that_was_rotated_out_signs_nothing_more(void **state)
{
    struct bench *bench = *state;
    create(bench, 0, false);
    const struct webvh_change rotate = {.update_keys = &bench->update[1].key,
                                        .update_key_count = 1};
    assert_int_equal(update_by(bench, &bench->update[1], rotate), ERR_BAD_SIGNATURE);
    assert_int_equal(update_by(bench, &bench->update[0], rotate), OK);
    assert_int_equal(update_by(bench, &bench->update[0], (struct webvh_change){.time_ms = 0}),
                     ERR_BAD_SIGNATURE);
    assert_int_equal(update_by(bench, &bench->update[1], (struct webvh_change){.time_ms = 0}), OK);
    assert_int_equal(read_log(bench), OK);
    assert_int_equal(webvh_count(bench->read), 3);
}

/* The recovery key: of it only the hash is public, and nobody goes on without it. */
static void with_prerotation_a_stolen_key_changes_nothing(void **state)
{
    struct bench *bench = *state;
    create(bench, 1, false);
    assert_true(webvh_is_prerotated(bench->history));
    struct testkey thief = testkey_of(66);
    struct webvh_change theft = {.update_keys = &thief.key,
                                 .update_key_count = 1,
                                 .next_keys = &thief.key,
                                 .next_key_count = 1};
    assert_int_equal(update_by(bench, &bench->update[0], theft), ERR_BAD_HISTORY);
    assert_int_equal(update_by(bench, &thief, theft), ERR_BAD_HISTORY);
    theft.update_keys = &bench->update[0].key;
    assert_int_equal(update_by(bench, &bench->update[0], theft), ERR_BAD_HISTORY);
    theft.update_key_count = 0; /* inherited */
    assert_int_equal(update_by(bench, &bench->update[0], theft), ERR_BAD_HISTORY);
    /* The hash is public; the key behind it, once named, is useless to who cannot sign with it. */
    theft.update_keys = &bench->update[1].key;
    theft.update_key_count = 1;
    assert_int_equal(update_by(bench, &bench->update[0], theft), ERR_BAD_SIGNATURE);
    const struct webvh_change rotate = {.update_keys = &bench->update[1].key,
                                        .update_key_count = 1,
                                        .next_keys = &bench->update[2].key,
                                        .next_key_count = 1};
    assert_int_equal(update_by(bench, &bench->update[1], rotate), OK);
    const struct webvh_change end = {
        .update_keys = &bench->update[2].key, .update_key_count = 1, .ends_prerotation = true};
    assert_int_equal(update_by(bench, &bench->update[2], end), OK);
    assert_false(webvh_is_prerotated(bench->history));
    assert_int_equal(update_by(bench, &bench->update[2], (struct webvh_change){.time_ms = 0}), OK);
    assert_int_equal(read_log(bench), OK);
    assert_int_equal(webvh_count(bench->read), 4);
}

static void nothing_comes_behind_deactivation(void **state)
{
    struct bench *bench = *state;
    struct public_key key;
    struct buf web;
    create(bench, 0, false);
    assert_int_equal(
        update_by(bench, &bench->update[0], (struct webvh_change){.deactivates = true}), OK);
    assert_int_equal(update_by(bench, &bench->update[0], (struct webvh_change){.time_ms = 0}),
                     ERR_BAD_HISTORY);
    assert_int_equal(read_log(bench), OK);
    assert_true(webvh_is_deactivated(bench->read));
    assert_int_equal(webvh_find_key(bench->read, SPAN_LITERAL("#log"), DOCUMENT_LOG_KEY,
                                    START_MS + DAY_MS, &key, NULL),
                     ERR_DEACTIVATED);
    assert_int_equal(
        webvh_find_key(bench->read, SPAN_LITERAL("#log"), DOCUMENT_LOG_KEY, START_MS, &key, NULL),
        OK);
    buf_init(&web, 1 << 16);
    assert_int_equal(webvh_append_did_web(bench->read, &web, NULL), ERR_DEACTIVATED);
    buf_clear(&web);
}

static void a_move_needs_portability_and_the_old_name(void **state)
{
    struct bench *bench = *state;
    for (int portable = 0; portable < 2; portable++) {
        struct buf document;
        struct buf with_name;
        webvh_history_free(bench->history);
        bench->history = webvh_history_new();
        buf_reset(&bench->log);
        create(bench, 0, portable != 0);
        struct span did = webvh_current(bench->history).did;
        buf_init(&document, 1 << 16);
        buf_init(&with_name, 1 << 16);
        buf_append_cstr(&document, "{\"id\":\"");
        buf_append(&document, did.data, did.len - 12);
        buf_append_cstr(&document, "moved.example\"}");
        buf_append_cstr(&with_name, "{\"alsoKnownAs\":[\"x\",\"");
        buf_append_span(&with_name, did);
        buf_append_cstr(&with_name, "\"],");
        buf_append_span(&with_name, span_part(buf_span(&document), 1, document.len));
        assert_int_equal(update_by(bench, &bench->update[0],
                                   (struct webvh_change){.document = buf_span(&document)}),
                         ERR_BAD_HISTORY);
        assert_int_equal(update_by(bench, &bench->update[0],
                                   (struct webvh_change){.document = buf_span(&with_name)}),
                         portable != 0 ? OK : ERR_BAD_HISTORY);
        buf_clear(&document);
        buf_clear(&with_name);
    }
    assert_int_equal(read_log(bench), OK);
    assert_non_null(memmem(webvh_current(bench->read).did.data, webvh_current(bench->read).did.len,
                           "moved.example", 13));
}

static void no_byte_of_a_history_may_change(void **state)
{
    struct bench *bench = *state;
    create(bench, 1, false);
    const struct webvh_change rotate = {.update_keys = &bench->update[1].key,
                                        .update_key_count = 1,
                                        .next_keys = &bench->update[2].key,
                                        .next_key_count = 1};
    assert_int_equal(update_by(bench, &bench->update[1], rotate), OK);
    for (size_t i = 0; i < bench->log.len; i++) {
        bench->log.data[i] ^= 1;
        if (read_log(bench) == OK)
            fail_msg("byte %zu may change", i);
        bench->log.data[i] ^= 1;
    }
    assert_int_equal(read_log(bench), OK);
}

static void entries_left_out_or_turned_round_are_refused(void **state)
{
    struct bench *bench = *state;
    create(bench, 0, false);
    size_t first = bench->log.len;
    assert_int_equal(update_by(bench, &bench->update[0], (struct webvh_change){.time_ms = 0}), OK);
    size_t second = bench->log.len;
    assert_int_equal(update_by(bench, &bench->update[0], (struct webvh_change){.time_ms = 0}), OK);
    struct span log = buf_span(&bench->log);
    struct buf bent;
    buf_init(&bent, 1 << 20);
    buf_append_span(&bent, span_part(log, first, log.len));
    assert_int_equal(read_at(bench, buf_span(&bent), START_MS + 9 * DAY_MS), ERR_BAD_HISTORY);
    buf_reset(&bent);
    buf_append_span(&bent, span_part(log, 0, first));
    buf_append_span(&bent, span_part(log, second, log.len));
    assert_int_equal(read_at(bench, buf_span(&bent), START_MS + 9 * DAY_MS), ERR_BAD_HISTORY);
    buf_reset(&bent);
    buf_append_span(&bent, span_part(log, 0, first));
    buf_append_span(&bent, span_part(log, 0, first));
    assert_int_equal(read_at(bench, buf_span(&bent), START_MS + 9 * DAY_MS), ERR_BAD_HISTORY);
    buf_clear(&bent);
    assert_int_equal(read_at(bench, span_of(NULL, 0), START_MS), ERR_BAD_HISTORY);
    /* An entry from the future, beyond the tolerance. */
    assert_int_equal(read_at(bench, log, START_MS + DAY_MS), ERR_CLOCK_SKEW);
}

static void a_shrunken_or_forked_history_does_not_extend(void **state)
{
    struct bench *bench = *state;
    struct webvh_history *other = webvh_history_new();
    const struct webvh_clock clock = {.now_ms = START_MS + 9 * DAY_MS};
    create(bench, 0, false);
    size_t first = bench->log.len;
    assert_int_equal(webvh_history_read(other, span_of(NULL, 0), buf_span(&bench->log),
                                        span_of(NULL, 0), &clock, NULL),
                     OK);
    assert_int_equal(update_by(bench, &bench->update[0], (struct webvh_change){.time_ms = 0}), OK);
    assert_int_equal(webvh_history_check_extends(other, bench->history, NULL), OK);
    assert_int_equal(webvh_history_check_extends(other, other, NULL), OK);
    assert_int_equal(webvh_history_check_extends(bench->history, other, NULL), ERR_SHRUNKEN);
    /* The owner signs a second entry 2. */
    struct buf fork;
    struct ed25519_signer signer = testkey_signer(&bench->update[0]);
    const struct webvh_change change = {.time_ms = START_MS + 2 * DAY_MS};
    buf_init(&fork, 1 << 20);
    buf_append_span(&fork, span_part(buf_span(&bench->log), 0, first));
    assert_int_equal(webvh_update(other, &change, &signer, &fork, NULL), OK);
    assert_int_equal(webvh_history_check_extends(bench->history, other, NULL), ERR_FORK);
    assert_int_equal(read_at(bench, buf_span(&fork), START_MS + 9 * DAY_MS), OK);
    /* The history of another identity. */
    buf_reset(&bench->log);
    webvh_history_free(bench->history);
    bench->history = webvh_history_new();
    bench->update[0] = testkey_of(77);
    create(bench, 0, false);
    assert_int_equal(webvh_history_check_extends(other, bench->history, NULL), ERR_BAD_HISTORY);
    buf_clear(&fork);
    webvh_history_free(other);
}

static void an_oversized_history_is_refused(void **state)
{
    struct bench *bench = *state;
    struct buf document;
    create(bench, 0, false);
    buf_init(&document, 1 << 20);
    buf_append_cstr(&document, "{\"id\":\"");
    buf_append_span(&document, webvh_current(bench->history).did);
    buf_append_cstr(&document, "\",\"x\":\"");
    for (unsigned i = 0; i < WEBVH_ENTRY_BYTES_MAX; i++)
        buf_append_byte(&document, 'x');
    buf_append_cstr(&document, "\"}");
    assert_int_equal(
        update_by(bench, &bench->update[0], (struct webvh_change){.document = buf_span(&document)}),
        ERR_LIMIT);
    buf_clear(&document);
    struct span one = webvh_current(bench->history).did;
    buf_init(&document, 1 << 16);
    buf_append_cstr(&document, "{\"id\":\"");
    buf_append_span(&document, one);
    buf_append_cstr(&document, "\"}");
    for (unsigned i = 1; i < WEBVH_ENTRIES_MAX; i++)
        assert_int_equal(update_by(bench, &bench->update[0],
                                   (struct webvh_change){.document = buf_span(&document)}),
                         OK);
    assert_int_equal(read_log(bench), OK);
    assert_int_equal(webvh_count(bench->read), WEBVH_ENTRIES_MAX);
    assert_int_equal(update_by(bench, &bench->update[0], (struct webvh_change){.time_ms = 0}),
                     ERR_LIMIT);
    while (bench->log.len <= WEBVH_BYTES_MAX)
        buf_append_byte(&bench->log, ' ');
    assert_int_equal(read_log(bench), ERR_LIMIT);
    buf_clear(&document);
}

/* "Publishing a Parallel did:web DID". */
static void the_parallel_document_is_that_of_did_web(void **state)
{
    struct bench *bench = *state;
    struct buf web;
    struct tape tape;
    struct node_document node;
    create(bench, 0, false);
    buf_init(&web, 1 << 16);
    tape_init(&tape);
    assert_int_equal(webvh_append_did_web(bench->history, &web, NULL), OK);
    struct span did = webvh_current(bench->history).did;
    assert_int_equal(node_document_read(buf_span(&web), SPAN_LITERAL("did:web:node.example"), &tape,
                                        &node, NULL),
                     OK);
    assert_memory_equal(&node.log_keys[0], &bench->log_key.key, 32);
    /* The old name once, and no other. */
    const uint8_t *at = memmem(web.data, web.len, did.data, did.len);
    assert_non_null(at);
    at += did.len;
    assert_null(memmem(at, (size_t)(web.data + web.len - at), "did:webvh", 9));
    assert_non_null(memmem(web.data, web.len, "did:web:node.example#files", 26));
    assert_non_null(memmem(web.data, web.len, "https://node.example/whois.vp", 29));
    tape_clear(&tape);
    buf_clear(&web);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_identity_that_is_written_is_read),
        TEST(a_key_counts_in_its_role_and_its_time),
        TEST(a_key_that_was_rotated_out_signs_nothing_more),
        TEST(with_prerotation_a_stolen_key_changes_nothing),
        TEST(nothing_comes_behind_deactivation),
        TEST(a_move_needs_portability_and_the_old_name),
        TEST(no_byte_of_a_history_may_change),
        TEST(entries_left_out_or_turned_round_are_refused),
        TEST(a_shrunken_or_forked_history_does_not_extend),
        TEST(an_oversized_history_is_refused),
        TEST(the_parallel_document_is_that_of_did_web),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

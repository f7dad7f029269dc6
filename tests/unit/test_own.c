/* node/identity: the own identity made and changed on disk, its log keys, and what peers take of
 * it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keys/keeper_state.h"
#include "keys/keyfile.h"
#include "keys/keys.h"
#include "keys/vault.h"
#include "node/identity/identities.h"
#include "node/identity/own.h"
#include "node/net/certificate.h"
#include "node/net/os.h"
#include "proto/identity/did.h"
#include "tests/lib/folder.h"

#define URL "https://coop.example:8443"

struct place {
    char *folder;
    char *recovery[4];
};

static int setup(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    assert_non_null(place);
    os_init();
    place->folder = folder_make();
    for (unsigned i = 0; i < 4; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "r%u.key", i);
        place->recovery[i] = folder_path(place->folder, name);
    }
    struct why why = {.rule = ""};
    assert_int_equal(certificate_make(place->folder, URL, NULL), OK);
    enum err err = own_create(place->folder, URL, place->recovery[0], NULL, &why);
    if (err != OK)
        fail_msg("%s: %s", err_slug(err), why.rule);
    *state = place;
    return 0;
}

static int teardown(void **state)
{
    struct place *place = *state;
    folder_remove(place->folder);
    for (unsigned i = 0; i < 4; i++)
        free(place->recovery[i]);
    free(place);
    return 0;
}

static struct own_change change_of(const struct place *place, unsigned number)
{
    return (struct own_change){.recovery_file = place->recovery[number],
                               .new_recovery_file = place->recovery[number + 1]};
}

static void change_log_key(struct place *place, unsigned number)
{
    struct own_change change = change_of(place, number);
    change.log = true;
    assert_int_equal(own_change(place->folder, &change, NULL), OK);
}

static struct public_key log_key(const struct place *place)
{
    struct public_key key;
    bool sealed;
    assert_int_equal(keys_read_public(place->folder, &key, &sealed, NULL), OK);
    return key;
}

static void read_history(const struct place *place, struct webvh_history **out, struct buf *text)
{
    *out = webvh_history_new();
    buf_init(text, WEBVH_BYTES_MAX);
    assert_int_equal(own_load(place->folder, *out, text, NULL), OK);
}

static struct log_keys keys_now(const struct place *place)
{
    struct webvh_history *history;
    struct buf text;
    struct log_keys keys;
    log_keys_init(&keys);
    read_history(place, &history, &text);
    assert_int_equal(log_keys_of_history(history, &keys), OK);
    webvh_history_free(history);
    buf_clear(&text);
    return keys;
}

static bool exists(const struct place *place, const char *name)
{
    char *path = folder_path(place->folder, name);
    bool there = access(path, F_OK) == 0;
    free(path);
    return there;
}

static void makes_an_identity_whose_history_commits_to_the_recovery_key_alone(void **state)
{
    struct place *place = *state;
    struct webvh_history *history;
    struct buf text;
    struct secret_key *recovery;
    read_history(place, &history, &text);
    assert_int_equal(webvh_count(history), 1);
    assert_true(webvh_is_prerotated(history));
    assert_int_equal(keyfile_load(place->recovery[0], NULL, &recovery, NULL), OK);
    const struct public_key key = keyfile_public(recovery);
    struct buf hash;
    buf_init(&hash, 100);
    webvh_append_key_hash(&hash, &key);
    assert_non_null(memmem(text.data, text.len, hash.data, hash.len));
    struct webvh_did parts;
    assert_int_equal(webvh_did_read(webvh_current(history).did, &parts, NULL), OK);
    assert_true(span_is(parts.domain, "coop.example"));
    assert_int_equal(parts.port, 8443);
    struct log_keys keys = keys_now(place);
    struct public_key own = log_key(place);
    assert_int_equal(keys.count, 1);
    assert_memory_equal(&keys.list[0].key, &own, sizeof(own));
    log_keys_clear(&keys);
    buf_clear(&hash);
    vault_free(recovery);
    webvh_history_free(history);
    buf_clear(&text);
}

static void names_hosts_as_did_webvh_has_them(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        const char *domain; /* NULL: refused */
    } cases[] = {{"https://coop.example", "coop.example"},
                 {"https://Coop.Example:443", "coop.example"},
                 {"https://coop.example:8443", "coop.example%3A8443"},
                 {"https://localhost:8443", "node.localhost%3A8443"},
                 {"https://localhost:0", "node.localhost"},
                 {"https://coop", NULL},
                 {"https://127.0.0.1:8443", NULL},
                 {"https://192.0.2.7", NULL},
                 {"https://[::1]:8443", NULL},
                 {"https://[2001:db8::1]", NULL}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf out;
        buf_init(&out, 512);
        enum err err = own_append_domain(&out, cases[i].url, NULL);
        assert_int_equal(err, cases[i].domain == NULL ? ERR_BAD_DID : OK);
        if (err == OK)
            assert_true(span_is(buf_span(&out), cases[i].domain));
        buf_clear(&out);
    }
}

static void a_change_waits_until_it_is_settled_and_keeps_what_was_signed(void **state)
{
    struct place *place = *state;
    struct public_key old = log_key(place);
    struct keeper_state *keeper;
    struct merkle_head head = {.size = 7};
    char *file = folder_path(place->folder, KEYS_STATE);
    assert_int_equal(keeper_state_open(file, &old, 0, &keeper, NULL), OK);
    assert_int_equal(keeper_state_store(keeper, &head, NULL), OK);
    keeper_state_close(keeper);
    change_log_key(place, 0);
    assert_true(own_log_key_waits(place->folder));
    struct public_key same = log_key(place);
    assert_memory_equal(&same, &old, sizeof(old));
    assert_int_equal(own_settle(place->folder, NULL), OK);
    assert_false(own_log_key_waits(place->folder));
    struct public_key fresh = log_key(place);
    assert_memory_not_equal(&fresh, &old, sizeof(old));
    assert_int_equal(keeper_state_open(file, &old, 0, &keeper, NULL), ERR_DAMAGED);
    assert_int_equal(keeper_state_open(file, &fresh, 0, &keeper, NULL), OK);
    assert_int_equal(keeper_state_last(keeper).size, 7);
    keeper_state_close(keeper);
    assert_int_equal(own_settle(place->folder, NULL), OK);
    free(file);
}

static void a_settling_that_breaks_off_in_the_middle_is_finished_by_the_next(void **state)
{
    struct place *place = *state;
    struct public_key old = log_key(place);
    change_log_key(place, 0);
    /* The state has gone over, the key file has not: power cut. */
    struct public_key fresh;
    char *next = folder_path(place->folder, KEYS_LOG_KEY KEYS_NEXT);
    char *file = folder_path(place->folder, KEYS_STATE);
    assert_int_equal(keyfile_read_public(next, &fresh, NULL, NULL), OK);
    assert_int_equal(keeper_state_rekey(file, &old, &fresh, 0, NULL), OK);
    assert_int_equal(own_settle(place->folder, NULL), OK);
    struct public_key now = log_key(place);
    assert_memory_equal(&now, &fresh, sizeof(fresh));
    free(next);
    free(file);
}

static void a_change_that_was_not_published_leaves_nothing(void **state)
{
    struct place *place = *state;
    struct public_key key;
    struct public_key old = log_key(place);
    /* Keys were made, and then the power went before the entry was written. */
    assert_int_equal(keys_make(place->folder, KEYS_LOG_KEY KEYS_NEXT, NULL, &key, NULL), OK);
    assert_int_equal(keys_make(place->folder, KEYS_REQUEST_KEY KEYS_NEXT, NULL, &key, NULL), OK);
    assert_false(own_log_key_waits(place->folder));
    assert_int_equal(own_settle(place->folder, NULL), OK);
    assert_false(exists(place, KEYS_LOG_KEY KEYS_NEXT));
    assert_false(exists(place, KEYS_REQUEST_KEY KEYS_NEXT));
    struct public_key now = log_key(place);
    assert_memory_equal(&now, &old, sizeof(old));
}

static void a_spent_or_foreign_recovery_key_changes_nothing(void **state)
{
    struct place *place = *state;
    struct secret_key *other = keyfile_make();
    change_log_key(place, 0);
    assert_int_equal(own_settle(place->folder, NULL), OK);
    struct own_change change = change_of(place, 1);
    change.log = true;
    change.recovery_file = place->recovery[0];
    change.new_recovery_file = place->recovery[2];
    assert_int_equal(own_change(place->folder, &change, NULL), ERR_BAD_HISTORY);
    assert_int_equal(keyfile_write(place->recovery[3], other, NULL, NULL), OK);
    change.recovery_file = place->recovery[3];
    assert_int_equal(own_change(place->folder, &change, NULL), ERR_BAD_HISTORY);
    assert_false(exists(place, "r2.key"));
    assert_false(exists(place, KEYS_LOG_KEY KEYS_NEXT));
    struct log_keys keys = keys_now(place);
    assert_int_equal(keys.version, 2);
    log_keys_clear(&keys);
    vault_free(other);
}

static void never_writes_over_a_recovery_file(void **state)
{
    struct place *place = *state;
    struct own_change change = change_of(place, 0);
    change.new_recovery_file = place->recovery[0];
    assert_int_equal(own_change(place->folder, &change, NULL), ERR_CONFLICT);
    struct secret_key *recovery;
    assert_int_equal(keyfile_load(place->recovery[0], NULL, &recovery, NULL), OK);
    vault_free(recovery);
}

static void a_log_key_is_current_as_long_as_the_newest_version_names_it(void **state)
{
    struct place *place = *state;
    struct public_key first = log_key(place);
    struct own_change change = change_of(place, 0);
    change.request = true;
    assert_int_equal(own_change(place->folder, &change, NULL), OK);
    struct log_keys keys = keys_now(place);
    assert_int_equal(keys.count, 1);
    assert_true(log_key_is_current(&keys, &keys.list[0]));
    assert_int_equal(keys.list[0].first, 1);
    assert_int_equal(keys.list[0].last, 2);
    log_keys_clear(&keys);
    change_log_key(place, 1);
    keys = keys_now(place);
    assert_int_equal(keys.count, 2);
    assert_memory_equal(&keys.list[0].key, &first, sizeof(first));
    assert_false(log_key_is_current(&keys, &keys.list[0]));
    assert_true(log_key_is_current(&keys, &keys.list[1]));
    log_keys_clear(&keys);
    struct own_change end = {.recovery_file = place->recovery[2], .deactivate = true};
    assert_int_equal(own_change(place->folder, &end, NULL), OK);
    keys = keys_now(place);
    for (unsigned i = 0; i < keys.count; i++)
        assert_false(log_key_is_current(&keys, &keys.list[i]));
    log_keys_clear(&keys);
    end.new_recovery_file = place->recovery[3];
    end.deactivate = false;
    assert_int_equal(own_change(place->folder, &end, NULL), ERR_DEACTIVATED);
}

static void a_new_tls_key_is_published_beside_the_old_one_before_it_is_shown(void **state)
{
    struct place *place = *state;
    uint8_t old[CERTIFICATE_PIN_BYTES];
    uint8_t next[CERTIFICATE_PIN_BYTES];
    uint8_t shown[CERTIFICATE_PIN_BYTES];
    struct own_change change = change_of(place, 0);
    change.tls = true;
    assert_int_equal(certificate_pin(place->folder, old, NULL), OK);
    assert_int_equal(own_change(place->folder, &change, NULL), OK);
    assert_int_equal(own_settle(place->folder, NULL), OK);
    assert_int_equal(certificate_pin(place->folder, shown, NULL), OK);
    assert_memory_equal(shown, old, sizeof(old));
    assert_int_equal(certificate_pin_next(place->folder, next, NULL), OK);
    change = change_of(place, 1);
    change.tls = true;
    assert_int_equal(own_change(place->folder, &change, NULL), OK);
    assert_int_equal(own_settle(place->folder, NULL), OK);
    assert_int_equal(certificate_pin(place->folder, shown, NULL), OK);
    assert_memory_equal(shown, next, sizeof(next));
    assert_false(exists(place, CERTIFICATE_FILE CERTIFICATE_NEXT));
    assert_false(exists(place, CERTIFICATE_KEY_FILE CERTIFICATE_NEXT));
}

/* ---- what others take of it ---- */

static struct span entries(const struct buf *text, unsigned count)
{
    size_t at = 0;
    for (; count > 0; count--)
        at = (size_t)((uint8_t *)memchr(text->data + at, '\n', text->len - at) - text->data) + 1;
    return span_part(buf_span(text), 0, at);
}

static void a_history_held_only_ever_grows(void **state)
{
    struct place *place = *state;
    struct identities *held;
    struct webvh_history *history;
    struct buf text;
    bool news;
    change_log_key(place, 0);
    change_log_key(place, 1);
    read_history(place, &history, &text);
    struct span did = webvh_current(history).did;
    char *dir = folder_make();
    assert_int_equal(identities_open(dir, &held, NULL), OK);
    assert_int_equal(identities_take(held, did, entries(&text, 2), true, &news, NULL), OK);
    assert_true(news);
    assert_int_equal(identities_take(held, did, entries(&text, 2), true, &news, NULL), OK);
    assert_false(news);
    assert_int_equal(identities_take(held, did, entries(&text, 1), false, &news, NULL),
                     ERR_SHRUNKEN);
    assert_int_equal(identities_take(held, did, entries(&text, 3), false, &news, NULL), OK);
    assert_true(news);
    identities_free(held);
    /* And it is there again after a start. */
    assert_int_equal(identities_open(dir, &held, NULL), OK);
    struct identity_node node;
    assert_int_equal(identities_node(held, did, &node), OK);
    assert_int_equal(node.version, 3);
    assert_string_equal(node.url, URL);
    assert_int_equal(node.trust.count, 1);
    struct log_keys keys;
    log_keys_init(&keys);
    assert_int_equal(identities_log_keys(held, did, 0, &keys), OK);
    assert_int_equal(keys.count, 3);
    log_keys_clear(&keys);
    identities_free(held);
    folder_remove(dir);
    webvh_history_free(history);
    buf_clear(&text);
}

static void the_scid_of_another_host_is_nobody(void **state)
{
    struct place *place = *state;
    struct identities *held;
    struct webvh_history *history;
    struct buf text;
    struct buf other;
    bool news;
    read_history(place, &history, &text);
    struct webvh_did parts;
    struct span did = webvh_current(history).did;
    assert_int_equal(webvh_did_read(did, &parts, NULL), OK);
    buf_init(&other, DID_BYTES_MAX);
    buf_append_cstr(&other, "did:webvh:");
    buf_append_span(&other, parts.scid);
    buf_append_cstr(&other, ":bank.example");
    assert_int_equal(identities_open(NULL, &held, NULL), OK);
    assert_int_equal(identities_take(held, buf_span(&other), buf_span(&text), true, &news, NULL),
                     ERR_BAD_HISTORY);
    assert_int_equal(identities_take(held, did, buf_span(&text), true, &news, NULL), OK);
    struct log_keys keys;
    log_keys_init(&keys);
    assert_int_equal(identities_log_keys(held, buf_span(&other), 0, &keys), ERR_NOT_FOUND);
    assert_int_equal(identities_log_keys(held, did, 0, &keys), OK);
    log_keys_clear(&keys);
    identities_free(held);
    webvh_history_free(history);
    buf_clear(&text);
    buf_clear(&other);
}

static void nobody_tells_a_node_its_own_history(void **state)
{
    struct place *place = *state;
    struct identities *held;
    struct webvh_history *history;
    struct buf text;
    bool news;
    assert_int_equal(identities_open(place->folder, &held, NULL), OK);
    change_log_key(place, 0);
    read_history(place, &history, &text);
    assert_int_equal(
        identities_take(held, webvh_current(history).did, buf_span(&text), true, &news, NULL),
        ERR_CONFLICT);
    assert_int_equal(identities_take_own(held, buf_span(&text), NULL), OK);
    identities_free(held);
    webvh_history_free(history);
    buf_clear(&text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(makes_an_identity_whose_history_commits_to_the_recovery_key_alone),
        TEST(names_hosts_as_did_webvh_has_them),
        TEST(a_change_waits_until_it_is_settled_and_keeps_what_was_signed),
        TEST(a_settling_that_breaks_off_in_the_middle_is_finished_by_the_next),
        TEST(a_change_that_was_not_published_leaves_nothing),
        TEST(a_spent_or_foreign_recovery_key_changes_nothing),
        TEST(never_writes_over_a_recovery_file),
        TEST(a_log_key_is_current_as_long_as_the_newest_version_names_it),
        TEST(a_new_tls_key_is_published_beside_the_old_one_before_it_is_shown),
        TEST(a_history_held_only_ever_grows),
        TEST(the_scid_of_another_host_is_nobody),
        TEST(nobody_tells_a_node_its_own_history),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

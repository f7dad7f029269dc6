/* did:webvh 1.0 against the histories of two independent writers, and against every history and
 * identifier of the suite that must be refused. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>
#include <jansson.h>

#include "proto/identity/webvh.h"
#include "tests/lib/vectors.h"

#define FOLDER "tests/vectors/didwebvh"
#define NOW_MS UINT64_C(1790000000000)

static const struct webvh_clock now = {.now_ms = NOW_MS, .tolerance_ms = 300000};

static struct buf read_file(const char *folder, const char *name)
{
    struct buf text;
    buf_init(&text, 1 << 20);
    vectors_read(folder, name, &text);
    return text;
}

static bool exists(const char *folder, const char *name)
{
    char path[600];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    return access(path, R_OK) == 0;
}

/* Reads the history of a folder; did: NULL for any. */
static enum err read_history(struct webvh_history *history, const char *folder, const char *did,
                             struct why *why)
{
    struct buf log = read_file(folder, "did.jsonl");
    struct buf witnesses;
    struct span file = span_of(NULL, 0);
    buf_init(&witnesses, 1 << 20);
    if (exists(folder, "did-witness.json")) {
        vectors_read(folder, "did-witness.json", &witnesses);
        file = buf_span(&witnesses);
    }
    enum err err = webvh_history_read(history, did == NULL ? span_of(NULL, 0) : span_cstr(did),
                                      buf_span(&log), file, &now, why);
    buf_clear(&log);
    buf_clear(&witnesses);
    return err;
}

/* Services that a resolver adds are no part of the document as it is signed. */
static void drop_implicit_services(json_t *document)
{
    json_t *services = json_object_get(document, "service");
    for (size_t i = json_array_size(services); i > 0; i--) {
        const char *id = json_string_value(json_object_get(json_array_get(services, i - 1), "id"));
        const char *fragment = id == NULL ? NULL : strchr(id, '#');
        if (fragment != NULL &&
            (strcmp(fragment, "#files") == 0 || strcmp(fragment, "#whois") == 0))
            (void)json_array_remove(services, i - 1);
    }
    if (services != NULL && json_array_size(services) == 0)
        (void)json_object_del(document, "service");
}

static const char *text(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    assert_non_null(value);
    return value;
}

/* A history and what a resolver is to say of it, at one version. */
static void check_result(const struct webvh_history *history, const char *folder, const char *name)
{
    char path[600];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    json_t *result = json_load_file(path, 0, NULL);
    assert_non_null(result);
    const json_t *metadata = json_object_get(result, "didDocumentMetadata");
    unsigned number = (unsigned)strtoul(text(metadata, "versionId"), NULL, 10);
    struct webvh_version version = webvh_version(history, number);
    assert_true(span_is(version.id, text(metadata, "versionId")));
    json_t *want = json_object_get(result, "didDocument");
    if (json_is_object(want)) {
        drop_implicit_services(want);
        json_t *own =
            json_loadb((const char *)version.document.data, version.document.len, 0, NULL);
        assert_non_null(own);
        drop_implicit_services(own);
        if (!json_equal(own, want))
            fail_msg("%s: another document", path);
        assert_true(span_is(version.did, text(want, "id")));
        json_decref(own);
    }
    assert_int_equal(version.deactivated, json_is_true(json_object_get(metadata, "deactivated")));
    json_decref(result);
}

static void check_folder(const char *folder)
{
    struct webvh_history *history = webvh_history_new();
    struct why why = {.rule = ""};
    enum err err = read_history(history, folder, NULL, &why);
    if (err != OK)
        fail_msg("%s: %s, entry %d", folder, why.rule, (int)why.position);
    static const char *const names[] = {"resolutionResult.json", "resolutionResult.1.json",
                                        "resolutionResult.2.json"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (exists(folder, names[i]))
            check_result(history, folder, names[i]);
    /* Asked for by its name, and by the name of another. */
    char did[600];
    struct span own = webvh_current(history).did;
    (void)snprintf(did, sizeof(did), "%.*s", (int)own.len, (const char *)own.data);
    assert_int_equal(read_history(history, folder, did, NULL), OK);
    memcpy(strstr(did, "example"), "examp1e", 7);
    assert_int_equal(read_history(history, folder, did, NULL), ERR_BAD_HISTORY);
    assert_int_equal(webvh_count(history), 0);
    webvh_history_free(history);
}

static void histories_of_two_writers_are_accepted_and_say_what_resolvers_say(void **state)
{
    (void)state;
    unsigned count = 0;
    DIR *folders = opendir(FOLDER);
    assert_non_null(folders);
    for (struct dirent *entry = readdir(folders); entry != NULL; entry = readdir(folders)) {
        static const char *const writers[] = {"ts", "python"};
        if (entry->d_name[0] == '.' || strncmp(entry->d_name, "negative", 8) == 0 ||
            strcmp(entry->d_name, "witness-update") == 0)
            continue;
        for (size_t i = 0; i < 2; i++) {
            char folder[512];
            (void)snprintf(folder, sizeof(folder), FOLDER "/%s/%s", entry->d_name, writers[i]);
            check_folder(folder);
            count++;
        }
    }
    closedir(folders);
    assert_int_equal(count, 24);
}

/* "that new list becomes active AFTER the new DID log entry has been published": the second entry
 * of witness-update lowers 2 of 2 to 1 of 1, and has but the approval of the one. Of the two
 * writers one expects this refusal, the other does not; the standard decides. */
static void witnesses_are_not_dropped_by_the_entry_that_needs_them(void **state)
{
    (void)state;
    static const char *const folders[] = {FOLDER "/witness-update/ts",
                                          FOLDER "/witness-update/python"};
    for (size_t i = 0; i < 2; i++) {
        struct why why;
        struct webvh_history *history = webvh_history_new();
        assert_int_equal(read_history(history, folders[i], NULL, &why), ERR_NO_QUORUM);
        assert_int_equal(why.position, 2);
        webvh_history_free(history);
    }
}

/* The history of witness-threshold with its file of proofs changed. */
static enum err read_witnessed(struct webvh_history *history, const char *from, const char *to)
{
    struct buf log = read_file(FOLDER "/witness-threshold/ts", "did.jsonl");
    struct buf file = read_file(FOLDER "/witness-threshold/ts", "did-witness.json");
    struct buf changed;
    uint8_t *at = memmem(file.data, file.len, from, strlen(from));
    assert_non_null(at);
    buf_init(&changed, 1 << 20);
    buf_append(&changed, file.data, (size_t)(at - file.data));
    buf_append_cstr(&changed, to);
    at += strlen(from);
    buf_append(&changed, at, (size_t)(file.data + file.len - at));
    enum err err = webvh_history_read(history, span_of(NULL, 0), buf_span(&log), buf_span(&changed),
                                      &now, NULL);
    buf_clear(&log);
    buf_clear(&file);
    buf_clear(&changed);
    return err;
}

static void a_proof_that_does_not_hold_or_is_by_others_approves_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *from;
        const char *to;
        enum err want;
    } rows[] = {
        {"assertionMethod", "assertionMethod", OK},
        {"zTsLwZHB", "zTsLwZHC", ERR_NO_QUORUM},
        {"eddsa-jcs-2022", "ecdsa-jcs-2019", ERR_NO_QUORUM},
        {"assertionMethod", "authentication", ERR_NO_QUORUM},
        {"#z6Mkrv5C", "#z6Mkrv5D", ERR_NO_QUORUM},
        {"1-QmW1kazg", "2-QmW1kazg", ERR_NO_QUORUM},
        {"1-QmW1kazg", "1-QmW1kazh", ERR_NO_QUORUM},
        {"2000-01-01T00", "2000-01-01T01", ERR_NO_QUORUM},
        {"\"proof\": [", "\"proof\": [1, null, {}, ", OK}, /* beside it, what is no proof */
        {"\"versionId\"", "\"versionID\"", ERR_BAD_HISTORY},
        {"[", "{\"x\":[", ERR_SYNTAX},
    };
    struct webvh_history *history = webvh_history_new();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum err err = read_witnessed(history, rows[i].from, rows[i].to);
        if (err != rows[i].want)
            fail_msg("%s: %s", rows[i].to, err_slug(err));
        assert_int_equal(webvh_count(history), err == OK ? 1 : 0);
    }
    /* No file at all. */
    struct buf log = read_file(FOLDER "/witness-threshold/ts", "did.jsonl");
    assert_int_equal(
        webvh_history_read(history, span_of(NULL, 0), buf_span(&log), span_of(NULL, 0), &now, NULL),
        ERR_NO_QUORUM);
    buf_clear(&log);
    webvh_history_free(history);
}

/* Every one with the error that shows that it was refused for its own fault. */
static void histories_that_break_a_rule_are_refused_for_it(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum err err;
        const char *rule;
    } rows[] = {
        {"cross-did-witness-replay", ERR_NO_QUORUM, "a threshold of witnesses"},
        {"did-key-body-fragment-mismatch", ERR_BAD_DID, "the fragment is the key"},
        {"duplicate-witness-ids", ERR_BAD_HISTORY, "a witness is named once"},
        {"portable-scid-swap", ERR_BAD_DID, "an SCID"},
        {"pre-rotation-omit-updatekeys", ERR_BAD_HISTORY, "each entry has updateKeys"},
        {"scid-mismatch-genesis", ERR_BAD_HISTORY, "scid is the hash"},
        {"unknown-method-version", ERR_BAD_HISTORY, "method is did:webvh:1.0"},
        {"versiontime-future", ERR_CLOCK_SKEW, "not in the future"},
        {"versiontime-non-monotonic", ERR_BAD_HISTORY, "later than that before"},
        {"wrong-cryptosuite", ERR_BAD_INTEGRITY, "cryptosuite is eddsa-jcs-2022"},
        {"zero-witness-threshold", ERR_BAD_HISTORY, "threshold is from 1"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char folder[512];
        struct why why = {.rule = "none"};
        struct webvh_history *history = webvh_history_new();
        (void)snprintf(folder, sizeof(folder), FOLDER "/negative-%s/ts", rows[i].name);
        enum err err = read_history(history, folder, NULL, &why);
        if (err != rows[i].err || strstr(why.rule, rows[i].rule) == NULL)
            fail_msg("%s: %s, %s", rows[i].name, err_slug(err), why.rule);
        assert_int_equal(webvh_count(history), 0);
        webvh_history_free(history);
    }
}

/* The dids of the five scripts that have no history; as they are, and with a real SCID, so that it
 * is not their SCID that they fail for. */
static void identifiers_that_hide_an_address_or_a_path_are_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"fragment-leaks-into-domain", "lowercase-pct-port-ip",
                                        "path-traversal-did", "pct-encoded-ip-host",
                                        "pct-encoded-traversal"};
    const char *const false_scid = "Qm0000000000000000000000000000000000000000000000";
    unsigned count = 0;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char folder[512];
        (void)snprintf(folder, sizeof(folder), FOLDER "/negative-%s", names[i]);
        struct buf script = read_file(folder, "script.yaml");
        buf_append_byte(&script, 0);
        char *at = (char *)script.data;
        while ((at = strstr(at, "did: \"")) != NULL) {
            char did[600];
            struct webvh_did read;
            at += 6;
            size_t len = strcspn(at, "\"");
            struct span given = span_of(at, len);
            assert_int_equal(webvh_did_read(given, &read, NULL), ERR_BAD_DID);
            assert_memory_equal(at + 10, false_scid, strlen(false_scid));
            (void)snprintf(did, sizeof(did), "did:webvh:%s%.*s",
                           "QmVPXTZAumzuRFXb7Squ63ah8h7Tdi9SuP58wQ65Y5Baje",
                           (int)(len - 10 - strlen(false_scid)), at + 10 + strlen(false_scid));
            if (webvh_did_read(span_cstr(did), &read, NULL) != ERR_BAD_DID)
                fail_msg("%s is read", did);
            count++;
        }
        buf_clear(&script);
    }
    assert_int_equal(count, 9);
}

/* The transformations of the standard's text. */
static void an_identifier_names_one_url(void **state)
{
    (void)state;
#define SCID "QmVPXTZAumzuRFXb7Squ63ah8h7Tdi9SuP58wQ65Y5Baje"
    static const char *const rows[][2] = {
        {"example.com", "https://example.com/.well-known/did.jsonl"},
        {"issuer.example.com", "https://issuer.example.com/.well-known/did.jsonl"},
        {"example.com:dids:issuer", "https://example.com/dids/issuer/did.jsonl"},
        {"example.com%3A3000:dids:issuer", "https://example.com:3000/dids/issuer/did.jsonl"},
        {"Example.com%3a3000", "https://example.com:3000/.well-known/did.jsonl"},
        {"xn--jp-cd2fp15c.xn--fsq.jp:%e7%94%a8%E6%88%B7",
         "https://xn--jp-cd2fp15c.xn--fsq.jp/%E7%94%A8%E6%88%B7/did.jsonl"},
        {"ex%61mple.com:a%20b", "https://example.com/a%20b/did.jsonl"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct webvh_did did;
        struct buf given;
        struct buf url;
        buf_init(&given, 1000);
        buf_init(&url, 1000);
        buf_append_cstr(&given, "did:webvh:" SCID ":");
        buf_append_cstr(&given, rows[i][0]);
        if (webvh_did_read(buf_span(&given), &did, NULL) != OK)
            fail_msg("%s is refused", rows[i][0]);
        webvh_did_append_url(&url, &did, "did.jsonl");
        if (!span_is(buf_span(&url), rows[i][1]))
            fail_msg("%s: %.*s", rows[i][0], (int)url.len, url.data);
        buf_clear(&given);
        buf_clear(&url);
    }
}

static void identifiers_outside_the_grammar_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "localhost",
        "a..b",
        ".example.com",
        "example.com.",
        "-a.com",
        "a-.com",
        "a_b.com",
        "127.0.0.1",
        "127.1",
        "0x7f.0x1",
        "a.0x7f",
        "1.2.3.04",
        "example.123",
        "%31%32%37.1",
        "[::1]",
        "%5B::1%5D",
        "a.com%3A",
        "a.com%3A0",
        "a.com%3A65536",
        "a.com%3A123456",
        "a.com%3A8a",
        "a.com%3A80%3A80",
        "a.com:",
        "a.com::b",
        "a.com:.",
        "a.com:..",
        "a.com:%2e",
        "a.com:%2E.",
        "a.com:a%2fb",
        "a.com:a%5Cb",
        "a.com:a%00",
        "a.com:%20a",
        "a.com:a%20",
        "a.com:a%2",
        "a.com:a%zz",
        "a.com:%ff",
        "a.com/b",
        "a.com?b",
        "a.com#b",
        "a.com:b#c",
        "a.com:b?c",
        "user@a.com",
        "a.com%40b",
        "a.com%2Fb",
        "a.com%23",
        "a.com%3F",
        "\xc3\xa9.com",
        "%C3%A9.com",
        "a b.com",
        "a.com\n",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.com"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct webvh_did did;
        struct buf given;
        buf_init(&given, 1000);
        buf_append_cstr(&given, "did:webvh:" SCID ":");
        buf_append_cstr(&given, bad[i]);
        if (webvh_did_read(buf_span(&given), &did, NULL) != ERR_BAD_DID)
            fail_msg("%s is read", bad[i]);
        buf_clear(&given);
    }
    static const char *const worse[] = {
        "did:webvh:" SCID,
        "did:web:" SCID ":a.com",
        "DID:webvh:" SCID ":a.com",
        "did:webvh:{SCID}:a.com",
        "did:webvh:a.com",
        "did:webvh:QmVPXTZAumzuRFXb7Squ63ah8h7Tdi9SuP58wQ65Y5Baj:a.com",
        "did:webvh:QmVPXTZAumzuRFXb7Squ63ah8h7Tdi9SuP58wQ65Y5BajeX:a.com",
        "did:webvh:8mVPXTZAumzuRFXb7Squ63ah8h7Tdi9SuP58wQ65Y5Baje:a.com"};
    for (size_t i = 0; i < sizeof(worse) / sizeof(worse[0]); i++) {
        struct webvh_did did;
        if (webvh_did_read(span_cstr(worse[i]), &did, NULL) != ERR_BAD_DID)
            fail_msg("%s is read", worse[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(histories_of_two_writers_are_accepted_and_say_what_resolvers_say),
        cmocka_unit_test(witnesses_are_not_dropped_by_the_entry_that_needs_them),
        cmocka_unit_test(a_proof_that_does_not_hold_or_is_by_others_approves_nothing),
        cmocka_unit_test(histories_that_break_a_rule_are_refused_for_it),
        cmocka_unit_test(identifiers_that_hide_an_address_or_a_path_are_refused),
        cmocka_unit_test(an_identifier_names_one_url),
        cmocka_unit_test(identifiers_outside_the_grammar_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Documents of nodes: written and read, and refused where a key could be taken for another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "proto/identity/document.h"
#include "tests/lib/testkey.h"

#define DID "did:web:a.example"
#define K1 "z6MkjchhfUsD6mmvni8mCdXHw216Xrm9bQe2mBH1P5RDjVJG"
#define K2 "z6MknGc3ocHs3zdPiJbnaaqDi58NGb4pk1Sp9WxWufuXSdxf"
#define P256 "zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169"
#define METHOD(controller, id, key)                                                                \
    "{\"controller\":\"" controller "\",\"id\":\"" id "\",\"publicKeyMultibase\":\"" key           \
    "\",\"type\":\"Multikey\"}"
#define NODE                                                                                       \
    "{\"id\":\"#node\",\"serviceEndpoint\":\"https://a.example:8443\",\"type\":\"MaillonNode\"}"
#define DOCUMENT(assertion, authentication, services, methods)                                     \
    "{\"assertionMethod\":[" assertion "],\"authentication\":[" authentication "],\"id\":\"" DID   \
    "\",\"service\":[" services "],\"verificationMethod\":[" methods "]}"
#define BOTH METHOD(DID, "#log", K1) "," METHOD(DID, DID "#request", K2)

static enum err read_node(const char *text, struct node_document *out)
{
    struct tape tape;
    tape_init(&tape);
    enum err err = node_document_read(span_cstr(text), SPAN_LITERAL(DID), &tape, out, NULL);
    tape_clear(&tape);
    return err;
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    struct node_document node = {.did = SPAN_LITERAL(DID),
                                 .url = SPAN_LITERAL("https://[2001:db8::1]:8443"),
                                 .log_key_count = DOCUMENT_KEYS_MAX,
                                 .request_key_count = DOCUMENT_KEYS_MAX,
                                 .witness_key_count = DOCUMENT_KEYS_MAX,
                                 .pin_count = DOCUMENT_PINS_MAX};
    struct node_document back;
    struct tape tape;
    struct buf text;
    for (uint8_t i = 0; i < DOCUMENT_KEYS_MAX; i++) {
        node.log_keys[i] = testkey_of(i).key;
        node.request_keys[i] = testkey_of((uint8_t)(100 + i)).key;
        node.witness_keys[i] = testkey_of((uint8_t)(200 + i)).key;
    }
    for (uint8_t i = 0; i < DOCUMENT_PINS_MAX; i++)
        node.pins[i].bytes[31] = i;
    buf_init(&text, 1 << 16);
    tape_init(&tape);
    assert_int_equal(node_document_append(&text, &node, NULL), OK);
    assert_int_equal(node_document_read(buf_span(&text), node.did, &tape, &back, NULL), OK);
    assert_memory_equal(back.log_keys, node.log_keys, sizeof(node.log_keys));
    assert_memory_equal(back.request_keys, node.request_keys, sizeof(node.request_keys));
    assert_memory_equal(back.witness_keys, node.witness_keys, sizeof(node.witness_keys));
    assert_int_equal(back.assert_key_count, 0);
    assert_memory_equal(back.pins, node.pins, sizeof(node.pins));
    assert_true(span_equal(back.url, node.url));
    struct document document;
    struct public_key key;
    assert_int_equal(document_read(buf_span(&text), node.did, &tape, &document, NULL), OK);
    assert_int_equal(
        document_find_key(&document, SPAN_LITERAL("#log-4"), DOCUMENT_LOG_KEY, &key, NULL), OK);
    assert_memory_equal(&key, &node.log_keys[3], 32);
    assert_int_equal(
        document_find_key(&document, SPAN_LITERAL("#log-4"), DOCUMENT_REQUEST_KEY, &key, NULL),
        ERR_NOT_FOUND);
    /* A witness key signs no document and no request. */
    assert_int_equal(
        document_find_key(&document, SPAN_LITERAL("#witness"), DOCUMENT_LOG_KEY, &key, NULL),
        ERR_NOT_FOUND);
    assert_int_equal(
        document_find_key(&document, SPAN_LITERAL("#witness"), DOCUMENT_REQUEST_KEY, &key, NULL),
        ERR_NOT_FOUND);
    /* The document of another host. */
    assert_int_equal(
        node_document_read(buf_span(&text), SPAN_LITERAL("did:web:b.example"), &tape, &back, NULL),
        ERR_BAD_DOCUMENT);
    tape_clear(&tape);
    buf_clear(&text);
}

static void a_node_without_keys_place_or_with_one_key_for_all_is_not_written(void **state)
{
    (void)state;
    struct node_document node = {.did = SPAN_LITERAL(DID),
                                 .url = SPAN_LITERAL("https://a.example"),
                                 .log_key_count = 1,
                                 .request_key_count = 1};
    struct buf text;
    buf_init(&text, 1 << 16);
    assert_int_equal(node_document_append(&text, &node, NULL), ERR_BAD_DOCUMENT); /* one key */
    node.log_keys[0].bytes[0] = 1;
    assert_int_equal(node_document_append(&text, &node, NULL), OK);
    static const char *const bad[] = {"",
                                      "https://",
                                      "http://a.example",
                                      "https://a.example/",
                                      "https://u@a.example",
                                      "https://a.example?x",
                                      "https://a.example#x",
                                      "https://a b.example",
                                      "https://a.example\"",
                                      "javascript:alert(1)"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        node.url = span_cstr(bad[i]);
        if (node_document_append(&text, &node, NULL) != ERR_BAD_DOCUMENT)
            fail_msg("%s is written", bad[i]);
    }
    node.url = SPAN_LITERAL("https://a.example");
    node.request_key_count = 0;
    assert_int_equal(node_document_append(&text, &node, NULL), ERR_BAD_DOCUMENT);
    buf_clear(&text);
}

static void documents_of_others_shape_are_read_where_they_are_clear(void **state)
{
    (void)state;
    struct node_document node;
    assert_int_equal(read_node(DOCUMENT("\"#log\"", "\"" DID "#request\"", NODE, BOTH), &node), OK);
    assert_int_equal(node.log_key_count, 1);
    assert_int_equal(node.pin_count, 0);
    /* A method inside its role; methods of other kinds and of other controllers beside ours. */
    assert_int_equal(read_node(DOCUMENT("\"#log\",\"did:web:b.example#x\"", METHOD(DID, "#in", K2),
                                        NODE ",{\"type\":\"Other\"}",
                                        METHOD(DID, "#log", K1) "," METHOD(DID, "#p", P256)),
                               &node),
                     OK);
    assert_int_equal(node.request_key_count, 1);
}

static void documents_in_which_a_key_may_be_taken_for_another_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "[]", "{}", "{\"id\":\"did:web:b.example\"}",
        /* No key in a role; one of another algorithm; of another controller. */
        DOCUMENT("", "\"#request\"", NODE, BOTH), DOCUMENT("\"#log\"", "", NODE, BOTH),
        DOCUMENT("\"#log\"", "\"#request\"", NODE,
                 METHOD(DID, "#log", P256) "," METHOD(DID, "#request", K2)),
        DOCUMENT("\"#log\"", "\"#request\"", NODE,
                 METHOD("did:web:b.example", "#log", K1) "," METHOD(DID, "#request", K2)),
        /* One key in two roles, by one name or two. */
        DOCUMENT("\"#log\"", "\"#log\",\"#request\"", NODE, BOTH),
        DOCUMENT("\"#log\"", "\"#request\"", NODE,
                 METHOD(DID, "#log", K1) "," METHOD(DID, "#request", K1)),
        DOCUMENT("\"#log\"", "\"#request\"", NODE, BOTH "," METHOD(DID, "#witness", K2)),
        /* A name twice; a role that names nothing; names outside the DID. */
        DOCUMENT("\"#log\"", "\"#request\"", NODE, BOTH "," METHOD(DID, DID "#log", K2)),
        DOCUMENT("\"#log\",\"#none\"", "\"#request\"", NODE, BOTH),
        DOCUMENT("\"#log\"", "\"#request\"", NODE, BOTH "," METHOD(DID, DID "x#y", K2)),
        DOCUMENT("\"#log\"", "\"#request\"", NODE, BOTH "," METHOD(DID, "#", K2)),
        DOCUMENT("\"#log\"", "1", NODE, BOTH),
        /* No place, two places, a place that is none; pins that are none. */
        DOCUMENT("\"#log\"", "\"#request\"", "", BOTH),
        DOCUMENT("\"#log\"", "\"#request\"", NODE "," NODE, BOTH),
        DOCUMENT("\"#log\"", "\"#request\"",
                 "{\"serviceEndpoint\":\"http://a.example\",\"type\":\"MaillonNode\"}", BOTH),
        DOCUMENT("\"#log\"", "\"#request\"", NODE ",{\"type\":\"MaillonTls\"}", BOTH),
        DOCUMENT("\"#log\"", "\"#request\"", NODE ",{\"spkiSha256\":[],\"type\":\"MaillonTls\"}",
                 BOTH),
        DOCUMENT("\"#log\"", "\"#request\"",
                 NODE ",{\"spkiSha256\":[\"AAAA\"],\"type\":\"MaillonTls\"}", BOTH),
        DOCUMENT("\"#log\"", "\"#request\"", "1", BOTH)};
    struct node_document node;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (read_node(bad[i], &node) != ERR_BAD_DOCUMENT)
            fail_msg("%s is read", bad[i]);
}

static void a_key_of_another_algorithm_is_named_as_such(void **state)
{
    (void)state;
    struct document document;
    struct public_key key;
    struct tape tape;
    tape_init(&tape);
    assert_int_equal(
        document_read(SPAN_LITERAL(DOCUMENT("\"#p\"", "", "", METHOD(DID, "#p", P256))),
                      SPAN_LITERAL(DID), &tape, &document, NULL),
        OK);
    assert_int_equal(document_find_key(&document, SPAN_LITERAL("#p"), DOCUMENT_LOG_KEY, &key, NULL),
                     ERR_BAD_KEY);
    assert_int_equal(document_find_key(&document, SPAN_LITERAL("did:web:b.example#p"),
                                       DOCUMENT_LOG_KEY, &key, NULL),
                     ERR_NOT_FOUND);
    tape_clear(&tape);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(a_node_without_keys_place_or_with_one_key_for_all_is_not_written),
        cmocka_unit_test(documents_of_others_shape_are_read_where_they_are_clear),
        cmocka_unit_test(documents_in_which_a_key_may_be_taken_for_another_are_refused),
        cmocka_unit_test(a_key_of_another_algorithm_is_named_as_such),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

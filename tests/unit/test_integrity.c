/* Data Integrity proofs under attack: another key, another algorithm, another purpose, another
 * time, other bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "proto/identity/did.h"
#include "proto/identity/integrity.h"
#include "proto/identity/multikey.h"
#include "tests/lib/testkey.h"

#define NOW_MS UINT64_C(1790000000000)
#define DOCUMENT "{\"@context\":[\"a\",\"b\"],\"name\":\"Tomates\",\"price\":3.5}"

/* A verifier that knows one key by one name. */
struct known {
    const char *method;
    struct public_key key;
    enum err answer;
};

static enum err find(void *keys, const struct integrity_proof *proof, struct public_key *out,
                     struct why *why)
{
    const struct known *known = keys;
    (void)why;
    if (!span_is(proof->method, known->method))
        return ERR_NOT_FOUND;
    *out = known->key;
    return known->answer;
}

struct bench {
    struct integrity *integrity;
    struct integrity_result result;
    struct testkey key;
    struct known known;
    struct integrity_policy policy;
    struct integrity_options options;
    struct buf signed_document;
};

static int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));
    assert_non_null(bench);
    bench->integrity = integrity_new();
    bench->key = testkey_of(7);
    bench->known = (struct known){.method = "did:web:example.org#log", .key = bench->key.key};
    bench->policy = (struct integrity_policy){.purpose = SPAN_LITERAL("assertionMethod"),
                                              .now_ms = NOW_MS,
                                              .tolerance_ms = 60000,
                                              .keys = &bench->known,
                                              .find_key = find};
    bench->options = (struct integrity_options){.method = SPAN_LITERAL("did:web:example.org#log"),
                                                .purpose = SPAN_LITERAL("assertionMethod"),
                                                .created_ms = NOW_MS - 1000};
    buf_init(&bench->signed_document, 1 << 20);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;
    integrity_free(bench->integrity);
    buf_clear(&bench->signed_document);
    free(bench);
    return 0;
}

static struct span sign(struct bench *bench, struct span document)
{
    struct ed25519_signer signer = testkey_signer(&bench->key);
    struct buf out;
    buf_init(&out, 1 << 20);
    assert_int_equal(
        integrity_sign(bench->integrity, document, &bench->options, &signer, &out, NULL), OK);
    buf_reset(&bench->signed_document);
    buf_append_span(&bench->signed_document, buf_span(&out));
    buf_clear(&out);
    return buf_span(&bench->signed_document);
}

static enum err verify(struct bench *bench, struct span document)
{
    return integrity_verify(bench->integrity, document, &bench->policy, &bench->result, NULL);
}

/* The signed document with one text in place of another. */
static enum err verify_changed(struct bench *bench, const char *from, const char *to)
{
    struct span document = buf_span(&bench->signed_document);
    const uint8_t *at = memmem(document.data, document.len, from, strlen(from));
    struct buf changed;
    assert_non_null(at);
    buf_init(&changed, 1 << 20);
    buf_append(&changed, document.data, (size_t)(at - document.data));
    buf_append_cstr(&changed, to);
    at += strlen(from);
    buf_append(&changed, at, (size_t)(document.data + document.len - at));
    enum err err = verify(bench, buf_span(&changed));
    buf_clear(&changed);
    return err;
}

static void what_was_signed_comes_back_without_its_proof(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(verify(bench, sign(bench, SPAN_LITERAL(DOCUMENT))), OK);
    assert_true(span_is(bench->result.document, DOCUMENT));
    assert_int_equal(bench->result.count, 1);
    assert_true(bench->result.proofs[0].created_ms == NOW_MS - 1000);
    assert_int_equal(verify(bench, sign(bench, SPAN_LITERAL("{}"))), OK);
    assert_true(span_is(bench->result.document, "{}"));
}

static void every_proof_of_a_set_must_hold(void **state)
{
    struct bench *bench = *state;
    struct buf first;
    buf_init(&first, 1 << 20);
    buf_append_span(&first, sign(bench, SPAN_LITERAL(DOCUMENT)));
    assert_int_equal(verify(bench, sign(bench, buf_span(&first))), OK);
    assert_int_equal(bench->result.count, 2);
    assert_true(span_is(bench->result.document, DOCUMENT));
    /* A second signer whom the verifier does not know by this name. */
    bench->key = testkey_of(8);
    assert_int_equal(verify(bench, sign(bench, buf_span(&first))), ERR_BAD_SIGNATURE);
    buf_clear(&first);
}

static void a_set_has_at_least_one_and_at_most_sixteen_proofs(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(verify(bench, SPAN_LITERAL("{\"proof\":[]}")), ERR_BAD_INTEGRITY);
    struct buf document;
    buf_init(&document, 1 << 20);
    buf_append_cstr(&document, DOCUMENT);
    for (unsigned i = 0; i <= INTEGRITY_PROOFS_MAX; i++) {
        struct span more = sign(bench, buf_span(&document));
        assert_int_equal(verify(bench, more), i < INTEGRITY_PROOFS_MAX ? OK : ERR_LIMIT);
        buf_reset(&document);
        buf_append_span(&document, more);
    }
    buf_clear(&document);
}

static void a_body_swapped_under_its_proof_is_refused(void **state)
{
    struct bench *bench = *state;
    (void)sign(bench, SPAN_LITERAL(DOCUMENT));
    assert_int_equal(verify_changed(bench, "3.5", "0.5"), ERR_BAD_SIGNATURE);
    assert_int_equal(verify_changed(bench, "Tomates", "Patates"), ERR_BAD_SIGNATURE);
    assert_int_equal(verify_changed(bench, "\"name\"", "\"nam\""), ERR_BAD_SIGNATURE);
}

static void bytes_that_two_readers_may_read_two_ways_are_refused(void **state)
{
    struct bench *bench = *state;
    (void)sign(bench, SPAN_LITERAL(DOCUMENT));
    assert_int_equal(verify_changed(bench, "\"price\":3.5", "\"price\":3.5,\"price\":1"),
                     ERR_DUPLICATE_KEY);
    assert_int_equal(verify_changed(bench, "\"name\":", "\"name\": "), ERR_NOT_CANONICAL);
    assert_int_equal(verify_changed(bench, "3.5", "3.50"), ERR_NOT_CANONICAL);
}

static void options_of_a_proof_are_covered(void **state)
{
    struct bench *bench = *state;
    bench->options.expires_ms = NOW_MS + 5000;
    (void)sign(bench, SPAN_LITERAL(DOCUMENT));
    assert_int_equal(verify(bench, buf_span(&bench->signed_document)), OK);
    assert_int_equal(verify_changed(bench, "\"created\"", "\"challenge\":\"x\",\"created\""),
                     ERR_BAD_SIGNATURE);
    bench->policy.now_ms = NOW_MS + 3600000;
    assert_int_equal(verify(bench, buf_span(&bench->signed_document)), ERR_EXPIRED);
    assert_int_equal(verify_changed(bench, "\"expires\":\"2026", "\"expires\":\"2126"),
                     ERR_BAD_SIGNATURE);
}

static void another_suite_type_or_purpose_is_refused_before_its_signature_counts(void **state)
{
    struct bench *bench = *state;
    (void)sign(bench, SPAN_LITERAL(DOCUMENT));
    assert_int_equal(verify_changed(bench, "eddsa-jcs-2022", "ecdsa-jcs-2019"), ERR_BAD_INTEGRITY);
    assert_int_equal(verify_changed(bench, "DataIntegrityProof", "Ed25519Signature2020"),
                     ERR_BAD_INTEGRITY);
    assert_int_equal(verify_changed(bench, "\"type\"", "\"typo\""), ERR_BAD_INTEGRITY);
    assert_int_equal(verify_changed(bench, "\"verificationMethod\"", "\"verificationMethods\""),
                     ERR_BAD_INTEGRITY);
    assert_int_equal(
        verify_changed(bench, "\"proofPurpose\"", "\"previousProof\":\"urn:x\",\"proofPurpose\""),
        ERR_BAD_INTEGRITY);
    bench->options.purpose = SPAN_LITERAL("authentication");
    assert_int_equal(verify(bench, sign(bench, SPAN_LITERAL(DOCUMENT))), ERR_BAD_INTEGRITY);
}

static void a_key_that_is_unknown_or_of_another_algorithm_is_refused(void **state)
{
    struct bench *bench = *state;
    (void)sign(bench, SPAN_LITERAL(DOCUMENT));
    assert_int_equal(verify_changed(bench, "#log", "#gol"), ERR_NOT_FOUND);
    bench->known.answer = ERR_BAD_KEY;
    assert_int_equal(verify(bench, buf_span(&bench->signed_document)), ERR_BAD_KEY);
    bench->known.answer = OK;
    bench->known.key = testkey_of(8).key;
    assert_int_equal(verify(bench, buf_span(&bench->signed_document)), ERR_BAD_SIGNATURE);
}

static void a_proof_from_the_future_is_refused_beyond_the_tolerance(void **state)
{
    struct bench *bench = *state;
    bench->options.created_ms = NOW_MS + 60000;
    assert_int_equal(verify(bench, sign(bench, SPAN_LITERAL(DOCUMENT))), OK);
    bench->options.created_ms = NOW_MS + 60001;
    assert_int_equal(verify(bench, sign(bench, SPAN_LITERAL(DOCUMENT))), ERR_CLOCK_SKEW);
    bench->options.created_ms = 0;
    assert_int_equal(verify(bench, sign(bench, SPAN_LITERAL(DOCUMENT))), OK);
}

/* EdDSA Cryptosuites 1.0, 3.3.2, step 4: contexts added behind the signed ones are no part of what
 * was signed, and the verified document does not have them. */
static void contexts_added_later_are_not_believed(void **state)
{
    struct bench *bench = *state;
    (void)sign(bench, SPAN_LITERAL(DOCUMENT));
    assert_int_equal(
        verify_changed(bench, "[\"a\",\"b\"],\"name\"", "[\"a\",\"b\",\"evil\"],\"name\""), OK);
    assert_true(span_is(bench->result.document, DOCUMENT));
    assert_int_equal(verify_changed(bench, "[\"a\",\"b\"],\"name\"", "[\"a\"],\"name\""),
                     ERR_BAD_INTEGRITY);
    assert_int_equal(verify_changed(bench, "[\"a\",\"b\"],\"name\"", "[\"b\",\"a\"],\"name\""),
                     ERR_BAD_INTEGRITY);
    assert_int_equal(verify_changed(bench, "\"@context\":[\"a\",\"b\"],\"name\"", "\"name\""),
                     ERR_BAD_INTEGRITY);
    assert_int_equal(verify(bench, sign(bench, SPAN_LITERAL("{\"@context\":\"one\"}"))), OK);
    assert_int_equal(verify_changed(bench, "{\"@context\":\"one\"", "{\"@context\":[\"one\",2]"),
                     OK);
    assert_true(span_is(bench->result.document, "{\"@context\":\"one\"}"));
}

static void what_is_no_signed_object_is_refused(void **state)
{
    struct bench *bench = *state;
    static const char *const bad[] = {"[]",
                                      "\"proof\"",
                                      "{}",
                                      "{\"proof\":null}",
                                      "{\"proof\":\"z\"}",
                                      "{\"proof\":{}}",
                                      "{\"proof\":[{}]}",
                                      "{\"proof\":[[]]}"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (verify(bench, span_cstr(bad[i])) != ERR_BAD_INTEGRITY)
            fail_msg("%s is verified", bad[i]);
    struct ed25519_signer signer = testkey_signer(&bench->key);
    struct buf out;
    buf_init(&out, 1000);
    buf_append_cstr(&out, "before");
    assert_int_equal(
        integrity_sign(bench->integrity, SPAN_LITERAL("[]"), &bench->options, &signer, &out, NULL),
        ERR_BAD_INTEGRITY);
    assert_int_equal(integrity_sign(bench->integrity, SPAN_LITERAL("{\"proof\":1}"),
                                    &bench->options, &signer, &out, NULL),
                     ERR_BAD_INTEGRITY);
    buf_clear(&out);
    buf_init(&out, 100);
    buf_append_cstr(&out, "before");
    assert_int_equal(integrity_sign(bench->integrity, SPAN_LITERAL(DOCUMENT), &bench->options,
                                    &signer, &out, NULL),
                     ERR_LIMIT);
    assert_true(span_is(buf_span(&out), "before"));
    buf_clear(&out);
}

/* One accept rule: the signature R = identity, S = 0 holds for a key of small order in a verifier
 * that lets such keys in. */
static void a_key_of_small_order_signs_nothing(void **state)
{
    struct bench *bench = *state;
    static const uint8_t identity[32] = {1};
    uint8_t signature[64] = {1};
    struct buf document;
    memcpy(bench->known.key.bytes, identity, sizeof(identity));
    buf_init(&document, 1 << 20);
    buf_append_cstr(&document, "{\"proof\":{\"cryptosuite\":\"eddsa-jcs-2022\",\"proofPurpose\":"
                               "\"assertionMethod\",\"proofValue\":\"");
    multibase_append(&document, span_of(signature, sizeof(signature)));
    buf_append_cstr(&document,
                    "\",\"type\":\"DataIntegrityProof\",\"verificationMethod\":\"did:web:"
                    "example.org#log\"}}");
    assert_int_equal(verify(bench, buf_span(&document)), ERR_BAD_SIGNATURE);
    buf_clear(&document);
}

static void a_multikey_has_one_spelling(void **state)
{
    (void)state;
    struct testkey key = testkey_of(3);
    struct public_key back;
    struct buf text;
    buf_init(&text, 200);
    multikey_append(&text, &key.key);
    assert_int_equal(text.len, 48);
    assert_int_equal(multikey_read(buf_span(&text), &back, NULL), OK);
    assert_memory_equal(back.bytes, key.key.bytes, 32);
    static const char *const bad[] = {
        "",
        "z",
        "6MkjchhfUsD6mmvni8mCdXHw216Xrm9bQe2mBH1P5RDjVJG",
        "u7QHtVqGaG-Vx2cYk4y0N9u1p1aVqv8N0rJ2oR5wJ3H4Q", /* base64url of the same kind */
        "z6MkjchhfUsD6mmvni8mCdXHw216Xrm9bQe2mBH1P5RDjVJ",
        "zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme",                       /* secp256k1 */
        "zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169",                       /* P-256 */
        "z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc",                        /* X25519 */
        "z82LkqR25TU88tztBEiFydNf4fUPn8oWBANckcmuqgonz9TAbK9a7WGQ5dm7jyqyRMpaRAe", /* P-384 */
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (multikey_read(span_cstr(bad[i]), &back, NULL) != ERR_BAD_KEY)
            fail_msg("%s is read", bad[i]);
    buf_clear(&text);
}

/* did:webvh 1.0, "Witness DIDs": body and fragment are equal. */
static void a_did_key_url_names_one_key(void **state)
{
    (void)state;
#define ONE "z6MkjchhfUsD6mmvni8mCdXHw216Xrm9bQe2mBH1P5RDjVJG"
#define TWO "z6MknGc3ocHs3zdPiJbnaaqDi58NGb4pk1Sp9WxWufuXSdxf"
    struct public_key key;
    assert_int_equal(did_key_url_read(SPAN_LITERAL("did:key:" ONE "#" ONE), &key, NULL), OK);
    static const char *const bad[] = {"did:key:" ONE,          "did:key:" ONE "#",
                                      "did:key:" ONE "#" TWO,  "did:key:" ONE "#" ONE "#" ONE,
                                      "did:key:" ONE "?#" ONE, "#",
                                      "did:web:" ONE "#" ONE,  ""};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (did_key_url_read(span_cstr(bad[i]), &key, NULL) != ERR_BAD_DID)
            fail_msg("%s is read", bad[i]);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_was_signed_comes_back_without_its_proof),
        TEST(every_proof_of_a_set_must_hold),
        TEST(a_set_has_at_least_one_and_at_most_sixteen_proofs),
        TEST(a_body_swapped_under_its_proof_is_refused),
        TEST(bytes_that_two_readers_may_read_two_ways_are_refused),
        TEST(options_of_a_proof_are_covered),
        TEST(another_suite_type_or_purpose_is_refused_before_its_signature_counts),
        TEST(a_key_that_is_unknown_or_of_another_algorithm_is_refused),
        TEST(a_proof_from_the_future_is_refused_beyond_the_tolerance),
        TEST(contexts_added_later_are_not_believed),
        TEST(what_is_no_signed_object_is_refused),
        TEST(a_key_of_small_order_signs_nothing),
        cmocka_unit_test(a_multikey_has_one_spelling),
        cmocka_unit_test(a_did_key_url_names_one_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

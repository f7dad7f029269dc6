/* eddsa-jcs-2022 against the published steps of W3C EdDSA Cryptosuites 1.0: canonical forms, and a
 * signed document that is accepted and made again to the byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <sodium.h>

#include "proto/base/base58.h"
#include "proto/identity/integrity.h"
#include "proto/json/jcs.h"
#include "tests/lib/testkey.h"
#include "tests/lib/vectors.h"

#define FOLDER "tests/vectors/eddsa-jcs-2022"
#define METHOD                                                                                     \
    "did:key:z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2#"                                    \
    "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"

static struct buf canonical(const char *name)
{
    struct buf text, out;
    struct jcs *jcs = jcs_new();
    const struct tape_limits limits = {1 << 20, 64};
    buf_init(&text, 1 << 20);
    buf_init(&out, 1 << 20);
    vectors_read(FOLDER, name, &text);
    assert_int_equal(jcs_canonicalise(jcs, buf_span(&text), &limits, &out, NULL), OK);
    jcs_free(jcs);
    buf_clear(&text);
    return out;
}

static struct buf plain(const char *name)
{
    struct buf text;
    buf_init(&text, 1 << 20);
    vectors_read(FOLDER, name, &text);
    while (text.len > 0 && text.data[text.len - 1] == '\n')
        text.len--;
    return text;
}

static struct testkey published_key(void)
{
    static const char secret[] = "3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq";
    struct testkey key;
    struct buf bytes;
    buf_init(&bytes, 64);
    assert_int_equal(base58_decode(span_cstr(secret), &bytes), OK);
    assert_int_equal(bytes.len, 34); /* 0x80 0x26 and the seed */
    assert_int_equal(crypto_sign_seed_keypair(key.key.bytes, key.secret, bytes.data + 2), 0);
    buf_clear(&bytes);
    return key;
}

static const struct integrity_policy policy = {
    .purpose = {(const uint8_t *)"assertionMethod", sizeof("assertionMethod") - 1},
    .now_ms = 1700000000000,
    .find_key = integrity_find_did_key};

static void accepts_the_published_document_and_gives_what_was_signed(void **state)
{
    (void)state;
    struct buf document = canonical("signedJCS.json");
    struct buf signed_part = plain("canonDocJCS.txt");
    struct integrity *integrity = integrity_new();
    struct integrity_result result;
    assert_int_equal(integrity_verify(integrity, buf_span(&document), &policy, &result, NULL), OK);
    assert_int_equal(result.count, 1);
    assert_true(span_equal(result.document, buf_span(&signed_part)));
    assert_true(span_is(result.proofs[0].method, METHOD));
    assert_true(result.proofs[0].created_ms == 1677281798000);
    struct testkey key = published_key();
    assert_memory_equal(result.proofs[0].key.bytes, key.key.bytes, 32);
    integrity_free(integrity);
    buf_clear(&document);
    buf_clear(&signed_part);
}

static void makes_the_published_document_to_the_byte(void **state)
{
    (void)state;
    struct buf want = canonical("signedJCS.json");
    struct buf unsecured = plain("canonDocJCS.txt");
    struct buf made;
    struct testkey key = published_key();
    struct ed25519_signer signer = testkey_signer(&key);
    struct integrity *integrity = integrity_new();
    const struct integrity_options options = {.method = SPAN_LITERAL(METHOD),
                                              .purpose = SPAN_LITERAL("assertionMethod"),
                                              .created_ms = 1677281798000};
    buf_init(&made, 1 << 20);
    assert_int_equal(
        integrity_sign(integrity, buf_span(&unsecured), &options, &signer, &made, NULL), OK);
    assert_true(span_equal(buf_span(&made), buf_span(&want)));
    integrity_free(integrity);
    buf_clear(&want);
    buf_clear(&unsecured);
    buf_clear(&made);
}

static void no_byte_of_the_published_document_may_change(void **state)
{
    (void)state;
    struct buf document = canonical("signedJCS.json");
    struct integrity *integrity = integrity_new();
    struct integrity_result result;
    for (size_t i = 0; i < document.len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            document.data[i] ^= (uint8_t)(1 << bit);
            if (integrity_verify(integrity, buf_span(&document), &policy, &result, NULL) == OK)
                fail_msg("bit %u of byte %zu may change", bit, i);
            document.data[i] ^= (uint8_t)(1 << bit);
        }
    }
    integrity_free(integrity);
    buf_clear(&document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_the_published_document_and_gives_what_was_signed),
        cmocka_unit_test(makes_the_published_document_to_the_byte),
        cmocka_unit_test(no_byte_of_the_published_document_may_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

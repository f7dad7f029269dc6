/* node/cli/proof_file: what is written verifies, and nothing that was touched does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sodium.h>
#include <stdlib.h>

#include "node/cli/proof_file.h"
#include "proto/identity/did.h"

static const char line[] =
    "{\"audience\":\"public\",\"body\":{\"n\":1,\"nom\":\"\xc3\xa9t\xc3\xa9\"},\"id\":\"produits/"
    "1\","
    "\"license\":\"CC-BY-SA-4.0\",\"nonce\":\"AAAAAAAAAAAAAAAAAAAAAA\",\"op\":\"put\","
    "\"schema\":\"food/product@1\",\"time\":\"2026-11-23T18:00:00Z\"}";

struct fixture {
    struct buf text; /* a sound proof file of the second of two entries */
    struct buf did;
};

static struct fixture make(void)
{
    static const uint8_t seed[32] = {7};
    struct fixture fixture;
    struct public_key key;
    uint8_t secret[64];
    struct buf note;
    struct merkle_range range = {.size = 0};
    struct hash first = merkle_leaf_hash(SPAN_LITERAL("another line"));
    struct hash second = merkle_leaf_hash(span_cstr(line));
    struct merkle_proof proof = {.count = 1, .hashes = {first}};
    struct signature signature;
    assert_int_equal(crypto_sign_seed_keypair(key.bytes, secret, seed), 0);
    buf_init(&fixture.did, DID_BYTES_MAX);
    did_key_append(&fixture.did, &key);
    merkle_range_append(&range, &first);
    merkle_range_append(&range, &second);
    struct merkle_head head = merkle_range_head(&range);
    buf_init(&note, NOTE_BYTES_MAX);
    checkpoint_append_text(&note, buf_span(&fixture.did), &head);
    assert_int_equal(crypto_sign_detached(signature.bytes, NULL, note.data, note.len, secret), 0);
    buf_append_byte(&note, '\n');
    note_append_signature(&note, buf_span(&fixture.did), &key, &signature);
    struct proof_parts parts = {.origin = buf_span(&fixture.did),
                                .line = span_cstr(line),
                                .note = buf_span(&note),
                                .index = 1,
                                .size = 2,
                                .proof = &proof};
    buf_init(&fixture.text, PROOF_FILE_BYTES_MAX);
    assert_int_equal(proof_file_write(&parts, &fixture.text), OK);
    buf_clear(&note);
    return fixture;
}

static void clear(struct fixture *fixture)
{
    buf_clear(&fixture->text);
    buf_clear(&fixture->did);
}

static enum err verify(struct span text)
{
    struct proof_file file;
    proof_file_init(&file);
    enum err err = proof_file_verify(&file, text, NULL, NULL);
    proof_file_clear(&file);
    return err;
}

static void what_is_written_verifies(void **state)
{
    (void)state;
    struct fixture fixture = make();
    struct proof_file file;
    proof_file_init(&file);
    assert_int_equal(proof_file_verify(&file, buf_span(&fixture.text), NULL, NULL), OK);
    assert_true(span_equal(file.origin, buf_span(&fixture.did)));
    assert_true(span_is(file.record.id, "produits/1"));
    assert_true(span_is(file.record.license, "CC-BY-SA-4.0"));
    assert_true(span_is(file.record.time_text, "2026-11-23T18:00:00Z"));
    assert_true(span_is(file.record.line, line));
    assert_int_equal(file.index, 1);
    assert_int_equal(file.head.size, 2);
    proof_file_clear(&file);
    clear(&fixture);
}

/* Replaces the first occurrence; both have one length. */
static enum err verify_with(const char *old, const char *new)
{
    struct fixture fixture = make();
    size_t len = strlen(old);
    assert_int_equal(len, strlen(new));
    uint8_t *at = memmem(fixture.text.data, fixture.text.len, old, len);
    assert_non_null(at);
    memcpy(at, new, len);
    enum err err = verify(buf_span(&fixture.text));
    clear(&fixture);
    return err;
}

static void white_space_and_order_do_not_matter(void **state)
{
    (void)state;
    assert_int_equal(verify_with(",\"size\":2}", ",\"size\":2}"), OK);
    struct fixture fixture = make();
    struct buf spaced;
    buf_init(&spaced, PROOF_FILE_BYTES_MAX);
    buf_append_cstr(&spaced, "{ \"size\" : 2 ,\n");
    buf_append(&spaced, fixture.text.data + 1, fixture.text.len - 1 - strlen(",\"size\":2}"));
    buf_append_cstr(&spaced, "\n}\n");
    assert_int_equal(verify(buf_span(&spaced)), OK);
    buf_clear(&spaced);
    clear(&fixture);
}

static void refuses_what_was_touched(void **state)
{
    (void)state;
    assert_int_equal(verify_with("\"n\":1,", "\"n\":2,"), ERR_BAD_PROOF);
    assert_int_equal(verify_with("produits/1", "produits/2"), ERR_BAD_PROOF);
    assert_int_equal(verify_with("\"index\":1", "\"index\":0"), ERR_BAD_PROOF);
    assert_int_equal(verify_with("\"index\":1", "\"index\":2"), ERR_BAD_PROOF);
    assert_int_equal(verify_with("\"size\":2", "\"size\":3"), ERR_BAD_PROOF);
    assert_int_equal(verify_with("\\n2\\n", "\\n3\\n"), ERR_BAD_SIGNATURE);
    assert_int_equal(verify_with("\"op\":\"put\"", "\"op\":\"pat\""), ERR_BAD_RECORD);
}

static void refuses_every_changed_byte(void **state)
{
    (void)state;
    struct fixture fixture = make();
    for (size_t i = 0; i < fixture.text.len; i++) {
        fixture.text.data[i] ^= 1;
        if (verify(buf_span(&fixture.text)) == OK)
            fail_msg("byte %zu does not count", i);
        fixture.text.data[i] ^= 1;
    }
    assert_int_equal(verify(buf_span(&fixture.text)), OK);
    clear(&fixture);
}

static void refuses_every_truncation(void **state)
{
    (void)state;
    struct fixture fixture = make();
    for (size_t len = 0; len < fixture.text.len; len++)
        assert_int_not_equal(verify(span_of(fixture.text.data, len)), OK);
    clear(&fixture);
}

static void refuses_what_is_no_proof_file(void **state)
{
    (void)state;
    assert_int_equal(verify(SPAN_LITERAL("[]")), ERR_SYNTAX);
    assert_int_equal(verify(SPAN_LITERAL("{}")), ERR_SYNTAX);
    assert_int_equal(verify(SPAN_LITERAL("7")), ERR_SYNTAX);
}

int main(void)
{
    if (sodium_init() < 0)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_verifies),
        cmocka_unit_test(white_space_and_order_do_not_matter),
        cmocka_unit_test(refuses_what_was_touched),
        cmocka_unit_test(refuses_every_changed_byte),
        cmocka_unit_test(refuses_every_truncation),
        cmocka_unit_test(refuses_what_is_no_proof_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

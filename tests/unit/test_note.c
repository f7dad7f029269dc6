/* Signed notes and checkpoints: the standard's own example, ours, and every way to be wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <sodium.h>

#include "proto/base/base58.h"
#include "proto/base/base64.h"
#include "proto/identity/did.h"
#include "proto/log/checkpoint.h"

/* The example of golang.org/x/mod/sumdb/note, which C2SP signed-note standardised. */
#define PETER "PeterNeumann"
static const char peter_key[] =
    "ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"; /* 0x01 and the key */
static const char peter_note[] =
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "\xe2\x80\x94 PeterNeumann "
    "x08go/ZJkuBS9UG/"
    "SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

static struct public_key read_peter(void)
{
    struct buf bytes;
    struct public_key key;
    buf_init(&bytes, 64);
    assert_int_equal(base64_decode(span_cstr(peter_key), &bytes), OK);
    assert_int_equal(bytes.len, 33);
    memcpy(key.bytes, bytes.data + 1, sizeof(key.bytes));
    buf_clear(&bytes);
    return key;
}

static void verifies_the_published_note(void **state)
{
    (void)state;
    struct public_key key = read_peter();
    struct note note;
    assert_int_equal(note_read(span_cstr(peter_note), &note, NULL), OK);
    assert_int_equal(note.count, 1);
    uint8_t id[4];
    note_key_id(SPAN_LITERAL(PETER), &key, id);
    assert_memory_equal(id, "\xc7\x4f\x20\xa3", 4);
    assert_int_equal(note_verify(&note, SPAN_LITERAL(PETER), &key, NULL), OK);
    assert_int_equal(note_verify(&note, SPAN_LITERAL("EnochRoot"), &key, NULL), ERR_BAD_SIGNATURE);
    key.bytes[3] ^= 1;
    assert_int_equal(note_verify(&note, SPAN_LITERAL(PETER), &key, NULL), ERR_BAD_SIGNATURE);
}

static void no_byte_of_a_note_may_change(void **state)
{
    (void)state;
    struct public_key key = read_peter();
    char bent[sizeof(peter_note)];
    for (size_t i = 0; i + 1 < sizeof(peter_note); i++) {
        memcpy(bent, peter_note, sizeof(bent));
        bent[i] ^= 1;
        struct note note;
        enum err err = note_read(span_of(bent, sizeof(bent) - 1), &note, NULL);
        if (err == OK)
            err = note_verify(&note, SPAN_LITERAL(PETER), &key, NULL);
        if (err == OK)
            fail_msg("byte %zu may change", i);
    }
    for (size_t len = 0; len + 1 < sizeof(peter_note); len++) {
        struct note note;
        assert_int_not_equal(note_read(span_of(peter_note, len), &note, NULL), OK);
    }
}

static void refuses_what_is_no_note(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "text\n",
        "text\n\n",
        "text\n\n\n",
        "text\n\n\xe2\x80\x94 name AAAAAAA=",
        "text\n\n- name AAAAAAA=\n",
        "text\n\n\xe2\x80\x94 AAAAAAA=\n",
        "text\n\n\xe2\x80\x94  AAAAAAA=\n",
        "text\n\n\xe2\x80\x94 na+me AAAAAAA=\n",
        "text\n\n\xe2\x80\x94 na\xc2\xa0me AAAAAAA=\n",
        "text\n\n\xe2\x80\x94 name AAAAAA==\n", /* a key id and nothing */
        "text\n\n\xe2\x80\x94 name AAAAAAB=\n", /* bits left over */
        "text\n\n\xe2\x80\x94 name AAAAAAA\n",
        "text\n\n\xe2\x80\x94 name !!!!\n",
        "te\x01xt\n\n\xe2\x80\x94 name AAAAAAA=\n",
        "te\xff\n\n\xe2\x80\x94 name AAAAAAA=\n",
        "text\r\n\n\xe2\x80\x94 name AAAAAAA=\n",
        "text\n\n\xe2\x80\x94 name AAAAAAA=\nmore\n",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct note note;
        if (note_read(span_cstr(bad[i]), &note, NULL) != ERR_BAD_NOTE)
            fail_msg("%zu is read", i);
    }
    struct note note;
    assert_int_equal(note_read(SPAN_LITERAL("text\n\n\xe2\x80\x94 name AAAAAAA=\n"), &note, NULL),
                     OK);
}

static void too_many_or_too_long_signatures_are_bounded(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, NOTE_BYTES_MAX + 100);
    buf_append_cstr(&text, "text\n\n");
    struct note note;
    for (unsigned i = 0; i < NOTE_SIGNATURES_MAX; i++)
        buf_append_cstr(&text, "\xe2\x80\x94 name AAAAAAA=\n");
    assert_int_equal(note_read(buf_span(&text), &note, NULL), OK);
    buf_append_cstr(&text, "\xe2\x80\x94 name AAAAAAA=\n");
    assert_int_equal(note_read(buf_span(&text), &note, NULL), ERR_LIMIT);
    /* A kind of signature that is longer than ours is passed over, not refused. */
    buf_reset(&text);
    buf_append_cstr(&text, "text\n\n\xe2\x80\x94 name ");
    for (unsigned i = 0; i < 1000; i++)
        buf_append_cstr(&text, "AAAA");
    buf_append_cstr(&text, "\n");
    assert_int_equal(note_read(buf_span(&text), &note, NULL), OK);
    assert_int_equal(note.signatures[0].blob.len, 0);
    buf_clear(&text);
}

/* C2SP signed-note: "Verifiers MUST ignore signatures from unknown keys, even if they share a name
 * or ID (but not both) with a known key"; one of a known key that fails is no note. */
static void signatures_of_others_do_no_harm_and_a_wrong_one_of_ours_does(void **state)
{
    (void)state;
    struct public_key key = read_peter();
    struct public_key stranger = key;
    struct signature zeros = {{0}};
    struct buf bytes;
    struct note note;
    stranger.bytes[0] ^= 1;
    buf_init(&bytes, NOTE_BYTES_MAX);
    buf_append_cstr(&bytes, peter_note);
    note_append_signature(&bytes, SPAN_LITERAL("EnochRoot"), &key, &zeros);
    note_append_signature(&bytes, SPAN_LITERAL(PETER), &stranger, &zeros); /* the name alone */
    buf_append_cstr(&bytes, "\xe2\x80\x94 Other x08gowAA\n");              /* the id alone */
    buf_append_cstr(&bytes, "\xe2\x80\x94 Lattice "); /* a kind of 2 kB that we do not know */
    for (unsigned i = 0; i < 700; i++)
        buf_append_cstr(&bytes, "AAAA");
    buf_append_cstr(&bytes, "\n");
    assert_int_equal(buf_check(&bytes), OK);
    assert_int_equal(note_read(buf_span(&bytes), &note, NULL), OK);
    assert_int_equal(note.count, 5);
    assert_memory_equal(note.signatures[3].key_id, "\xc7\x4f\x20\xa3", 4);
    assert_int_equal(note_verify(&note, SPAN_LITERAL(PETER), &key, NULL), OK);

    note_append_signature(&bytes, SPAN_LITERAL(PETER), &key, &zeros);
    assert_int_equal(note_read(buf_span(&bytes), &note, NULL), OK);
    assert_int_equal(note_verify(&note, SPAN_LITERAL(PETER), &key, NULL), ERR_BAD_SIGNATURE);

    /* Nor does a right one behind it make up for it. */
    buf_append_cstr(&bytes, strstr(peter_note, "\xe2\x80\x94"));
    assert_int_equal(note_read(buf_span(&bytes), &note, NULL), OK);
    assert_int_equal(note_verify(&note, SPAN_LITERAL(PETER), &key, NULL), ERR_BAD_SIGNATURE);

    /* Ours by name and id, but of a wrong length. */
    buf_reset(&bytes);
    buf_append_cstr(&bytes, "text\n\n\xe2\x80\x94 " PETER " x08gowAA\n");
    assert_int_equal(note_read(buf_span(&bytes), &note, NULL), OK);
    assert_int_equal(note_verify(&note, SPAN_LITERAL(PETER), &key, NULL), ERR_BAD_SIGNATURE);
    assert_int_equal(note_verify(&note, span_of(NULL, 0), &key, NULL), ERR_BAD_SIGNATURE);
    buf_clear(&bytes);
}

/* ---- checkpoints ---- */

struct signer_here {
    struct public_key key;
    uint8_t secret[64];
    struct buf origin;
};

static struct signer_here make_signer(uint8_t seed_byte)
{
    struct signer_here signer;
    uint8_t seed[32];
    memset(seed, seed_byte, sizeof(seed));
    assert_int_equal(crypto_sign_seed_keypair(signer.key.bytes, signer.secret, seed), 0);
    buf_init(&signer.origin, 100);
    did_key_append(&signer.origin, &signer.key);
    return signer;
}

static void sign(const struct signer_here *signer, struct span text, struct buf *out)
{
    struct signature signature;
    assert_int_equal(
        crypto_sign_detached(signature.bytes, NULL, text.data, text.len, signer->secret), 0);
    buf_append_span(out, text);
    buf_append_byte(out, '\n');
    note_append_signature(out, buf_span(&signer->origin), &signer->key, &signature);
}

static void a_checkpoint_is_opened_by_its_origin_alone(void **state)
{
    (void)state;
    struct signer_here own = make_signer(1);
    struct signer_here other = make_signer(2);
    struct merkle_head head = {.size = 1234567, .root = {{9, 8, 7}}};
    struct buf text;
    struct buf note;
    buf_init(&text, 1000);
    buf_init(&note, 2000);
    checkpoint_append_text(&text, buf_span(&own.origin), &head);
    sign(&own, buf_span(&text), &note);
    struct checkpoint read;
    struct span origin = buf_span(&own.origin);
    assert_int_equal(checkpoint_open(buf_span(&note), origin, &own.key, &read, NULL), OK);
    assert_int_equal(read.head.size, head.size);
    assert_true(hash_equal(&read.head.root, &head.root));
    assert_int_equal(
        checkpoint_open(buf_span(&note), buf_span(&other.origin), &other.key, &read, NULL),
        ERR_BAD_NOTE);
    assert_int_equal(checkpoint_open(buf_span(&note), origin, &other.key, &read, NULL),
                     ERR_BAD_SIGNATURE);
    /* Someone else's signature below does no harm, and none of ours is no checkpoint. */
    buf_reset(&note);
    sign(&other, buf_span(&text), &note);
    assert_int_equal(checkpoint_open(buf_span(&note), origin, &own.key, &read, NULL),
                     ERR_BAD_SIGNATURE);
    buf_clear(&text);
    buf_clear(&note);
    buf_clear(&own.origin);
    buf_clear(&other.origin);
}

static void refuses_what_is_no_checkpoint(void **state)
{
    (void)state;
#define ROOT "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
    static const char *const bad[] = {"",
                                      "\n1\n" ROOT,
                                      "log\n",
                                      "log\n\n" ROOT,
                                      "log\n01\n" ROOT,
                                      "log\n-1\n" ROOT,
                                      "log\n1 \n" ROOT,
                                      "log\n18446744073709551616\n" ROOT,
                                      "log\n1\nAAAA\n",
                                      "log\n1\n",
                                      "log\n1\n" ROOT "\n",
                                      "log\n1\n" ROOT "extension"};
    struct checkpoint read;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (checkpoint_read(span_cstr(bad[i]), &read, NULL) != ERR_BAD_NOTE)
            fail_msg("%zu is read", i);
    assert_int_equal(checkpoint_read(SPAN_LITERAL("log\n18446744073709551615\n" ROOT "extension\n"),
                                     &read, NULL),
                     OK);
    assert_true(read.head.size == UINT64_MAX);
}

/* ---- did:key ---- */

static void a_did_key_has_one_spelling(void **state)
{
    (void)state;
    /* W3C did:key, 4.1, example of an Ed25519 key. */
    struct span did = SPAN_LITERAL("did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK");
    struct public_key key;
    struct buf back;
    buf_init(&back, 100);
    assert_int_equal(did_key_read(did, &key, NULL), OK);
    did_key_append(&back, &key);
    assert_true(span_equal(buf_span(&back), did));
    assert_true(span_is(did_scid(did), "z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"));
    assert_true(span_is(did_scid(SPAN_LITERAL("did:webvh:QmScid:example.org")), "QmScid"));
    static const char *const bad[] = {
        "",
        "did:key:",
        "did:key:z",
        "did:web:example.org",
        "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2do",
        "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doKK",
        "did:key:z06MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
        "did:key:z16MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
        "did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme", /* secp256k1 */
        "DID:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (did_key_read(span_cstr(bad[i]), &key, NULL) != ERR_BAD_DID)
            fail_msg("%s is read", bad[i]);
    buf_clear(&back);
}

static void a_record_url_is_a_did_and_an_id(void **state)
{
    (void)state;
    struct span origin;
    struct span id;
    assert_int_equal(did_url_split(SPAN_LITERAL("did:key:z6Mk/products/1"), &origin, &id, NULL),
                     OK);
    assert_true(span_is(origin, "did:key:z6Mk"));
    assert_true(span_is(id, "products/1"));
    assert_int_equal(did_url_split(SPAN_LITERAL("did:key:z6Mk"), &origin, &id, NULL), ERR_BAD_DID);
    assert_int_equal(did_url_split(SPAN_LITERAL("key:z6Mk/1"), &origin, &id, NULL), ERR_BAD_DID);
    assert_int_equal(did_url_split(SPAN_LITERAL("did::z6Mk/1"), &origin, &id, NULL), ERR_BAD_DID);
    assert_int_equal(did_url_split(SPAN_LITERAL("did:key:z6Mk/../1"), &origin, &id, NULL),
                     ERR_BAD_ID);
    /* DID 1.0, 3.1: whole percent-encoded bytes, and no colon at the end. */
    assert_int_equal(did_url_split(SPAN_LITERAL("did:web:a.example%3A80/1"), &origin, &id, NULL),
                     OK);
    static const char *const bad[] = {"did:web:a%/1",  "did:web:a%3/1", "did:web:a%zz/1",
                                      "did:web:a:/1",  "did:web:/1",    "did:WEB:a/1",
                                      "did:web:a b/1", "did:web:a#b/1", "/1"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct span untouched = SPAN_LITERAL("x");
        if (did_url_split(span_cstr(bad[i]), &untouched, &id, NULL) != ERR_BAD_DID)
            fail_msg("%s is read", bad[i]);
        assert_true(span_is(untouched, "x"));
    }
}

/* draft-msporny-base58-03, 5. */
static void base58_has_the_published_spellings(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        const char *text;
    } rows[] = {{"Hello World!", 12, "2NEpo7TZRRrLZSi2U"},
                {"The quick brown fox jumps over the lazy dog.", 44,
                 "USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z"},
                {"\x00\x00\x28\x7f\xb4\xcd", 6, "11233QC4"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf out;
        buf_init(&out, 200);
        base58_append(&out, span_of(rows[i].bytes, rows[i].len));
        assert_true(span_is(buf_span(&out), rows[i].text));
        buf_reset(&out);
        assert_int_equal(base58_decode(span_cstr(rows[i].text), &out), OK);
        assert_true(span_equal(buf_span(&out), span_of(rows[i].bytes, rows[i].len)));
        buf_clear(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verifies_the_published_note),
        cmocka_unit_test(no_byte_of_a_note_may_change),
        cmocka_unit_test(refuses_what_is_no_note),
        cmocka_unit_test(too_many_or_too_long_signatures_are_bounded),
        cmocka_unit_test(signatures_of_others_do_no_harm_and_a_wrong_one_of_ours_does),
        cmocka_unit_test(a_checkpoint_is_opened_by_its_origin_alone),
        cmocka_unit_test(refuses_what_is_no_checkpoint),
        cmocka_unit_test(a_did_key_has_one_spelling),
        cmocka_unit_test(a_record_url_is_a_did_and_an_id),
        cmocka_unit_test(base58_has_the_published_spellings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

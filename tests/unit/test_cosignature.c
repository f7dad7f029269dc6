/* Cosignatures: who stood by a checkpoint, when, and how many of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "proto/base/base64.h"
#include "proto/base/hash.h"
#include "proto/log/cosignature.h"
#include "tests/lib/testkey.h"
#include "tests/lib/vectors.h"

#define NOW 1790000000u
#define TEXT "log.example\n7\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"

struct bench {
    struct testkey log;
    struct testkey keys[3];
    struct cosigner cosigners[3];
    struct cosigner log_name;
    struct buf bytes;
    struct note note;
    struct note other;
};

static int set_up(void **state)
{
    static const char *const names[] = {"did:web:one", "did:web:two", "did:web:three"};
    struct bench *bench = calloc(1, sizeof(*bench));
    struct signature signature;
    assert_non_null(bench);
    bench->log = testkey_of(1);
    bench->log_name = (struct cosigner){SPAN_LITERAL("log.example"), bench->log.key};
    for (uint8_t i = 0; i < 3; i++) {
        bench->keys[i] = testkey_of((uint8_t)(10 + i));
        bench->cosigners[i] = (struct cosigner){span_cstr(names[i]), bench->keys[i].key};
    }
    struct ed25519_signer signer = testkey_signer(&bench->log);
    assert_int_equal(signer.sign(signer.ctx, SPAN_LITERAL(TEXT), &signature), OK);
    buf_init(&bench->bytes, NOTE_BYTES_MAX);
    buf_append_cstr(&bench->bytes, TEXT "\n");
    note_append_signature(&bench->bytes, bench->log_name.name, &bench->log.key, &signature);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;
    buf_clear(&bench->bytes);
    free(bench);
    return 0;
}

static void cosign(struct bench *bench, unsigned index, uint64_t time_s)
{
    struct ed25519_signer signer = testkey_signer(&bench->keys[index]);
    assert_int_equal(cosignature_append(&bench->bytes, SPAN_LITERAL(TEXT),
                                        bench->cosigners[index].name, &signer, time_s),
                     OK);
}

static const struct note *read_note(struct bench *bench)
{
    assert_int_equal(note_read(buf_span(&bench->bytes), &bench->note, NULL), OK);
    return &bench->note;
}

static enum err verify(struct bench *bench, unsigned index, uint64_t *time_s_out)
{
    return cosignature_verify(read_note(bench), &bench->cosigners[index], NOW, time_s_out, NULL);
}

/* The text of tlog-cosignature.md: its message to the byte, its time and the length of its line. */
static void the_published_form_is_ours(void **state)
{
    (void)state;
    struct buf bytes;
    struct buf message;
    struct note note;
    buf_init(&bytes, 1 << 20);
    buf_init(&message, 10000);
    vectors_read("tests/vectors/note", "cosigned", &bytes);
    assert_int_equal(note_read(buf_span(&bytes), &note, NULL), OK);
    cosignature_append_message(&message, note.text, 1679315147);
    assert_true(span_is(buf_span(&message),
                        "cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n20852163\n"
                        "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"));
    assert_int_equal(note.signatures[1].blob.len, 72);
    assert_memory_equal(note.signatures[1].blob.data, "\0\0\0\0\x64\x18\x50\xcb", 8);
    buf_clear(&bytes);
    buf_clear(&message);
}

static void a_cosignature_holds_for_its_witness_alone(void **state)
{
    struct bench *bench = *state;
    uint64_t time_s = 0;
    cosign(bench, 0, NOW - 5);
    assert_int_equal(verify(bench, 0, &time_s), OK);
    assert_true(time_s == NOW - 5);
    assert_int_equal(verify(bench, 1, &time_s), ERR_BAD_SIGNATURE);
    /* By another key under its name, by its key under another name. */
    bench->cosigners[1].key = bench->cosigners[0].key;
    assert_int_equal(verify(bench, 1, &time_s), ERR_BAD_SIGNATURE);
    bench->cosigners[2].name = bench->cosigners[0].name;
    assert_int_equal(verify(bench, 2, &time_s), ERR_BAD_SIGNATURE);
    /* The log's signature is none, nor is a cosignature the log's: the kinds of key differ. */
    assert_int_equal(cosignature_verify(&bench->note, &bench->log_name, NOW, &time_s, NULL),
                     ERR_BAD_SIGNATURE);
    assert_int_equal(
        note_verify(&bench->note, bench->cosigners[0].name, &bench->cosigners[0].key, NULL),
        ERR_BAD_SIGNATURE);
    bench->cosigners[0].name = SPAN_LITERAL("a b");
    assert_int_equal(verify(bench, 0, &time_s), ERR_BAD_SIGNATURE);
}

static void no_bit_of_a_cosignature_may_change(void **state)
{
    struct bench *bench = *state;
    uint64_t time_s;
    cosign(bench, 0, NOW);
    struct note_signature *own = &bench->note.signatures[1];
    (void)read_note(bench);
    uint8_t *blob = bench->note.blobs + NOTE_BLOB_BYTES_MAX;
    assert_ptr_equal(own->blob.data, blob);
    for (unsigned bit = 0; bit < 8 * 72; bit++) {
        blob[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_not_equal(
            cosignature_verify(&bench->note, &bench->cosigners[0], UINT64_MAX, &time_s, NULL), OK);
        blob[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_int_equal(cosignature_verify(&bench->note, &bench->cosigners[0], NOW, &time_s, NULL),
                     OK);
}

static void a_cosignature_from_the_future_does_not_count(void **state)
{
    struct bench *bench = *state;
    uint64_t time_s;
    cosign(bench, 0, NOW + 1);
    assert_int_equal(verify(bench, 0, &time_s), ERR_CLOCK_SKEW);
    cosign(bench, 1, COSIGNATURE_TIME_S_MAX);
    assert_int_equal(cosignature_verify(read_note(bench), &bench->cosigners[1],
                                        COSIGNATURE_TIME_S_MAX, &time_s, NULL),
                     OK);
}

static void a_quorum_is_of_different_keys(void **state)
{
    struct bench *bench = *state;
    struct cosignature_tally tally;
    const struct cosigner *who = bench->cosigners;
    cosign(bench, 0, NOW - 9);
    cosign(bench, 0, NOW - 3); /* again: once, and the newest counts */
    cosign(bench, 1, NOW - 5);
    assert_int_equal(cosignature_count(read_note(bench), who, 3, 2, NOW, &tally, NULL), OK);
    assert_int_equal(tally.valid, 2);
    assert_true(tally.oldest_s == NOW - 5 && tally.newest_s == NOW - 3);
    assert_int_equal(cosignature_count(&bench->note, who, 3, 3, NOW, &tally, NULL), ERR_NO_QUORUM);
    assert_int_equal(tally.valid, 2);
    /* One key under two names is one witness. */
    bench->keys[2] = bench->keys[0];
    bench->cosigners[2].key = bench->cosigners[0].key;
    cosign(bench, 2, NOW);
    assert_int_equal(cosignature_count(read_note(bench), who, 3, 3, NOW, &tally, NULL),
                     ERR_NO_QUORUM);
    assert_int_equal(cosignature_count(&bench->note, who, 0, 0, NOW, &tally, NULL), OK);
    assert_int_equal(tally.valid, 0);
}

static void cosignatures_of_two_notes_come_together(void **state)
{
    struct bench *bench = *state;
    struct buf first;
    struct buf merged;
    uint64_t time_s;
    buf_init(&first, NOTE_BYTES_MAX);
    buf_init(&merged, NOTE_BYTES_MAX);
    size_t bare = bench->bytes.len;
    cosign(bench, 0, NOW - 9);
    cosign(bench, 1, NOW - 2);
    buf_append_span(&first, buf_span(&bench->bytes));
    buf_append_cstr(&first, "\xe2\x80\x94 stranger AAAAAAA=\n");
    bench->bytes.len = bare;
    cosign(bench, 0, NOW - 1);
    cosign(bench, 2, NOW - 4);
    assert_int_equal(note_read(buf_span(&first), &bench->other, NULL), OK);
    assert_int_equal(cosignature_merge(&bench->other, read_note(bench), &bench->log_name,
                                       bench->cosigners, 3, NOW, &merged, NULL),
                     OK);
    assert_int_equal(note_read(buf_span(&merged), &bench->note, NULL), OK);
    assert_int_equal(bench->note.count, 4);
    assert_int_equal(note_verify(&bench->note, bench->log_name.name, &bench->log.key, NULL), OK);
    assert_int_equal(cosignature_verify(&bench->note, &bench->cosigners[0], NOW, &time_s, NULL),
                     OK);
    assert_true(time_s == NOW - 1);
    /* Merging is idempotent, and needs one text and the log's signature. */
    struct buf again;
    buf_init(&again, NOTE_BYTES_MAX);
    assert_int_equal(cosignature_merge(&bench->note, &bench->other, &bench->log_name,
                                       bench->cosigners, 3, NOW, &again, NULL),
                     OK);
    assert_true(span_equal(buf_span(&again), buf_span(&merged)));
    buf_reset(&again);
    assert_int_equal(cosignature_merge(&bench->note, &bench->other, &bench->cosigners[0],
                                       bench->cosigners, 3, NOW, &again, NULL),
                     ERR_BAD_SIGNATURE);
    first.data[12] ^= 1;
    assert_int_equal(note_read(buf_span(&first), &bench->other, NULL), OK);
    assert_int_equal(cosignature_merge(&bench->note, &bench->other, &bench->log_name,
                                       bench->cosigners, 3, NOW, &again, NULL),
                     ERR_BAD_NOTE);
    assert_int_equal(again.len, 0);
    buf_clear(&first);
    buf_clear(&merged);
    buf_clear(&again);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_form_is_ours),
        TEST(a_cosignature_holds_for_its_witness_alone),
        TEST(no_bit_of_a_cosignature_may_change),
        TEST(a_cosignature_from_the_future_does_not_count),
        TEST(a_quorum_is_of_different_keys),
        TEST(cosignatures_of_two_notes_come_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

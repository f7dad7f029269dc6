/* Any bytes as evidence of a fork, alone and bundled, and as a cosigned note. Evidence that is
 * accepted can be written again from its parts; a note that is cosigned here counts its cosigner.
 */
#include <stdlib.h>

#include <sodium.h>

#include "proto/log/cosignature.h"
#include "proto/log/fault_bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t secret[crypto_sign_SECRETKEYBYTES];
static struct ed25519_signer signer;

static enum err sign(void *ctx, struct span message, struct signature *out)
{
    (void)ctx;
    CHECK(crypto_sign_detached(out->bytes, NULL, message.data, message.len, secret) == 0);
    return OK;
}

static void check_fault(struct span bytes)
{
    struct buf notes;
    struct fault fault;
    struct why why;
    buf_init(&notes, FAULT_BYTES_MAX);
    if (fault_read(bytes, &notes, &fault, &why) == OK) {
        CHECK(fault.origin.len > 0 && fault.first.size <= fault.second.size);
        CHECK(fault.has_other_root == (fault.first.size != fault.second.size));
        CHECK(fault.first.size != fault.second.size ||
              !hash_equal(&fault.first.root, &fault.second.root));
    }
    buf_clear(&notes);
}

/* What is read is written again as it was, from the fault's text and the common part. */
static void check_bundle(struct span bytes)
{
    struct buf notes;
    struct buf back;
    struct fault fault;
    struct fault_common common;
    struct span text;
    buf_init(&notes, FAULT_BYTES_MAX);
    buf_init(&back, FAULT_BUNDLE_BYTES_MAX);
    if (fault_bundle_read(bytes, &notes, &fault, &common, &text, NULL) == OK) {
        CHECK(common.head.size < fault.first.size || common.head.size == 0);
        CHECK(fault_bundle_append(&back, text, &common) == OK);
        CHECK(span_equal(text, bytes) || span_equal(buf_span(&back), bytes));
    }
    buf_clear(&back);
    buf_clear(&notes);
}

static void check_cosigned(struct span bytes)
{
    static struct note note;
    struct cosignature_tally tally;
    struct buf out;
    if (note_read(bytes, &note, NULL) != OK)
        return;
    const struct cosigner own = {SPAN_LITERAL("w"), signer.key};
    buf_init(&out, 2 * NOTE_BYTES_MAX);
    buf_append_span(&out, note.text);
    buf_append_byte(&out, '\n');
    CHECK(cosignature_append(&out, note.text, own.name, &signer, 7) == OK);
    if (out.len <= NOTE_BYTES_MAX) {
        CHECK(note_read(buf_span(&out), &note, NULL) == OK);
        CHECK(cosignature_count(&note, &own, 1, 1, 7, &tally, NULL) == OK && tally.newest_s == 7);
        CHECK(cosignature_count(&note, &own, 1, 1, 6, &tally, NULL) == ERR_NO_QUORUM);
    }
    buf_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t seed[crypto_sign_SEEDBYTES] = {7};
    CHECK(crypto_sign_seed_keypair(signer.key.bytes, secret, seed) == 0);
    signer.sign = sign;
    check_fault(span_of(data, size));
    check_bundle(span_of(data, size));
    check_cosigned(span_of(data, size));
    return 0;
}

/* Any bytes as a signed note and a checkpoint. What is read has one spelling: written again, it is
 * the same bytes. And any text that is signed opens exactly when it is a checkpoint of the origin.
 */
#include <stdlib.h>

#include <sodium.h>

#include "proto/base/base64.h"
#include "proto/log/checkpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void append_signature(struct buf *out, const struct note_signature *signature)
{
    uint8_t bytes[4 + NOTE_BLOB_BYTES_MAX];
    memcpy(bytes, signature->key_id, 4);
    memcpy(bytes + 4, signature->blob.data, signature->blob.len);
    buf_append_cstr(out, "\xe2\x80\x94 ");
    buf_append_span(out, signature->name);
    buf_append_byte(out, ' ');
    base64_append(out, span_of(bytes, 4 + signature->blob.len));
    buf_append_byte(out, '\n');
}

static void check_note(struct span bytes, const struct note *note)
{
    struct buf back;
    buf_init(&back, 2 * NOTE_BYTES_MAX);
    buf_append_span(&back, note->text);
    buf_append_byte(&back, '\n');
    bool is_whole = true;
    for (unsigned i = 0; i < note->count; i++) {
        CHECK(note_name_is_valid(note->signatures[i].name));
        CHECK(note->signatures[i].blob.len <= NOTE_BLOB_BYTES_MAX);
        is_whole = is_whole && note->signatures[i].blob.len > 0; /* else a kind that is not kept */
        append_signature(&back, &note->signatures[i]);
    }
    CHECK(note->count > 0);
    CHECK(!is_whole || span_equal(buf_span(&back), bytes));
    buf_clear(&back);
}

/* The text as the log that it names would sign it. */
static void check_signed(struct span text, const struct checkpoint *checkpoint)
{
    static const uint8_t seed[crypto_sign_SEEDBYTES] = {7};
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    struct public_key key;
    struct signature signature;
    struct checkpoint opened;
    struct buf note;
    buf_init(&note, 2 * NOTE_BYTES_MAX);
    CHECK(crypto_sign_seed_keypair(key.bytes, secret, seed) == 0);
    CHECK(crypto_sign_detached(signature.bytes, NULL, text.data, text.len, secret) == 0);
    buf_append_span(&note, text);
    buf_append_byte(&note, '\n');
    note_append_signature(&note, checkpoint->origin, &key, &signature);
    enum err err = checkpoint_open(buf_span(&note), checkpoint->origin, &key, &opened, NULL);
    if (note_name_is_valid(checkpoint->origin) && note.len <= NOTE_BYTES_MAX) {
        CHECK(err == OK && opened.head.size == checkpoint->head.size);
        note.data[text.len / 2] ^= 1;
        CHECK(checkpoint_open(buf_span(&note), checkpoint->origin, &key, &opened, NULL) != OK);
    } else {
        CHECK(err != OK);
    }
    buf_clear(&note);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span bytes = span_of(data, size);
    struct why why;
    struct note note;
    struct checkpoint checkpoint;
    if (note_read(bytes, &note, &why) != OK)
        return 0;
    check_note(bytes, &note);
    if (checkpoint_read(note.text, &checkpoint, &why) != OK)
        return 0;
    CHECK(checkpoint.origin.len > 0);
    struct buf text;
    buf_init(&text, NOTE_BYTES_MAX);
    checkpoint_append_text(&text, checkpoint.origin, &checkpoint.head);
    CHECK(span_starts_with(note.text, buf_span(&text)));
    buf_clear(&text);
    check_signed(note.text, &checkpoint);
    return 0;
}

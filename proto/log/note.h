/* Signed notes (C2SP signed-note.md), with Ed25519 signatures (type 0x01). */
#ifndef MAILLON_PROTO_LOG_NOTE_H
#define MAILLON_PROTO_LOG_NOTE_H

#include "proto/base/ed25519.h"
#include "proto/limits.h"

/* Bytes kept of a signature: Ed25519 has 64, a timestamped cosignature 72. */
#define NOTE_BLOB_BYTES_MAX 80u

struct note_signature {
    struct span name;
    uint8_t key_id[4];
    struct span
        blob; /* decoded bytes after the key id, in note.blobs; empty when they are too long */
};

/* A note that was read: spans point into the bytes it was read from, and into blobs. */
struct note {
    struct span text; /* with its final newline */
    unsigned count;
    struct note_signature signatures[NOTE_SIGNATURES_MAX];
    uint8_t blobs[NOTE_SIGNATURES_MAX * NOTE_BLOB_BYTES_MAX];
};

/* Key id of an Ed25519 key: SHA-256(name || "\n" || 0x01 || key)[:4]. The name is not empty. */
void note_key_id(struct span name, const struct public_key *key, uint8_t out[4]);
/* A key name is not empty and has no Unicode space and no plus. */
bool note_name_is_valid(struct span name);

/* Reads a note; does not verify. ERR_BAD_NOTE or ERR_LIMIT. bytes must outlive out. */
MUST_USE enum err note_read(struct span bytes, struct note *out, struct why *why);
/* OK when the note carries a valid signature by this name and key; ERR_BAD_SIGNATURE when it
 * carries none, or a wrong one. Signatures by other keys are ignored, as the standard has it. */
MUST_USE enum err note_verify(const struct note *note, struct span name,
                              const struct public_key *key, struct why *why);
/* Appends the signature line "— name base64(key id || signature)\n". The blank line between text
 * and signatures is the caller's. */
void note_append_signature(struct buf *out, struct span name, const struct public_key *key,
                           const struct signature *signature);

#endif

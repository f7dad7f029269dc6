/* The proof file: what `maillon get --proof` prints and `maillon verify` checks, offline, with
 * nothing but this file. One JSON object:
 *   {"checkpoint":"<signed note>","history":"<did.jsonl>","index":N,"leaf":"<base64 leaf hash>",
 *    "origin":"did:webvh:...","proof":["<base64 hash>",...],"record":{...},"size":N}
 * history is left out for a did:key, and where it is long.
 * The record's canonical bytes are the line that was hashed, so white space does not matter. */
#ifndef MAILLON_NODE_CLI_PROOF_FILE_H
#define MAILLON_NODE_CLI_PROOF_FILE_H

#include "proto/identity/log_keys.h"
#include "proto/json/tape.h"
#include "proto/log/checkpoint.h"
#include "proto/record/record.h"

/* A line, a checkpoint with its cosignatures, a proof, all with room to be indented. */
#define PROOF_FILE_BYTES_MAX (1024u * 1024u)

struct proof_file {
    struct buf text; /* the canonical form; spans point into it and into note */
    struct buf note;
    struct tape tape;        /* of text */
    struct tape record_tape; /* of the line */
    struct span origin;
    struct record record;
    struct hash leaf;
    struct merkle_head head;
    struct merkle_proof proof;
    uint64_t index;
    bool retired; /* signed by a key that the history known has retired since */
};

/* Where the keys of an origin come from. history: the file's own, or empty. Errors are passed on.
 */
struct proof_keys {
    void *ctx;
    enum err (*find)(void *ctx, struct span origin, struct span history, struct log_keys *out,
                     struct why *why);
};

void proof_file_init(struct proof_file *file);
void proof_file_clear(struct proof_file *file);

/* Appends the object, canonical. line must be a record's. The hashes are written as they are. */
struct proof_parts {
    struct span origin;
    struct span line;
    struct span note;
    uint64_t index;
    uint64_t size;
    const struct merkle_proof *proof;
};
MUST_USE enum err proof_file_write(const struct proof_parts *parts, struct buf *out);

/* Reads and verifies everything: record, leaf hash, the origin's signature on the checkpoint, and
 * that the leaf stands at its index. What holds is then in file. ERR_SYNTAX and its kin,
 * ERR_BAD_RECORD, ERR_BAD_ID, ERR_BAD_DID, ERR_BAD_NOTE, ERR_BAD_SIGNATURE, ERR_BAD_PROOF,
 * ERR_LIMIT, ERR_NO_MEMORY, those of keys->find; why->rule says which part. keys NULL: did:key
 * alone. */
MUST_USE enum err proof_file_verify(struct proof_file *file, struct span text,
                                    const struct proof_keys *keys, struct why *why);

#endif

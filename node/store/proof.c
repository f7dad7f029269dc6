/* Writes a record's offline proof. */
#include "node/store/proof.h"

#include "proto/base/base64.h"
#include "proto/json/jcs.h"

static void append_hash(struct buf *out, const struct hash *hash)
{
    buf_append_byte(out, '"');
    base64_append(out, span_of(hash->bytes, sizeof(hash->bytes)));
    buf_append_byte(out, '"');
}

static void append_proof(struct buf *out, const struct merkle_proof *proof)
{
    buf_append_byte(out, '[');
    for (unsigned i = 0; i < proof->count; i++) {
        if (i > 0)
            buf_append_byte(out, ',');
        append_hash(out, &proof->hashes[i]);
    }
    buf_append_byte(out, ']');
}

enum err proof_append(struct store_log *log, uint64_t index, const struct log_entry *entry,
                      struct buf *out, struct why *why)
{
    struct buf note;
    buf_init(&note, NOTE_BYTES_MAX);
    struct merkle_head head = store_log_checkpoint(log, &note);
    enum err err = buf_check(&note);
    if (err == OK && index >= head.size)
        err = why_set(why, ERR_BUSY, "the entry is stored and its checkpoint is being signed",
                      index, NULL, NULL);
    struct merkle_proof proof;
    struct merkle_source source = store_log_source(log);
    if (err == OK)
        err = merkle_prove_inclusion(&source, index, head.size, &proof);
    if (err == OK) {
        buf_append_cstr(out, "{\"checkpoint\":");
        jcs_append_string(out, buf_span(&note));
        buf_append_cstr(out, ",\"index\":");
        buf_append_u64(out, index);
        buf_append_cstr(out, ",\"leaf\":");
        append_hash(out, &entry->leaf);
        buf_append_cstr(out, ",\"origin\":");
        jcs_append_string(out, store_log_origin(log));
        buf_append_cstr(out, ",\"proof\":");
        append_proof(out, &proof);
        buf_append_cstr(out, ",\"record\":");
        buf_append_span(out, entry->line);
        buf_append_cstr(out, ",\"size\":");
        buf_append_u64(out, head.size);
        buf_append_byte(out, '}');
        err = buf_check(out);
    }
    buf_clear(&note);
    return err;
}

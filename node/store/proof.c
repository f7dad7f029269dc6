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

static void append_standing(struct buf *out, const struct proof_standing *standing)
{
    if (standing->counts)
        buf_append_cstr(out, standing->confirmed ? ",\"confirmed\":true" : ",\"confirmed\":false");
    buf_append_cstr(out, ",\"cosignatures\":");
    buf_append_u64(out, standing->cosignatures);
    if (standing->frozen)
        buf_append_cstr(out, ",\"frozen\":true");
}

enum err proof_append(const struct proof_place *place, const struct proof_standing *standing,
                      struct buf *out, struct why *why)
{
    struct merkle_proof proof;
    struct merkle_source source = store_log_source(place->log);
    if (place->index >= place->head.size)
        return why_set(why, ERR_BUSY, "the entry is stored and its checkpoint is being signed",
                       place->index, NULL, NULL);
    TRY(merkle_prove_inclusion(&source, place->index, place->head.size, &proof));
    buf_append_cstr(out, "{\"checkpoint\":");
    jcs_append_string(out, place->note);
    append_standing(out, standing);
    if (place->history.len > 0 && place->history.len <= PROOF_HISTORY_BYTES_MAX) {
        buf_append_cstr(out, ",\"history\":");
        jcs_append_string(out, place->history);
    }
    buf_append_cstr(out, ",\"index\":");
    buf_append_u64(out, place->index);
    buf_append_cstr(out, ",\"leaf\":");
    append_hash(out, &place->entry->leaf);
    buf_append_cstr(out, ",\"origin\":");
    jcs_append_string(out, store_log_origin(place->log));
    buf_append_cstr(out, ",\"proof\":");
    append_proof(out, &proof);
    buf_append_cstr(out, ",\"record\":");
    buf_append_span(out, place->entry->line);
    buf_append_cstr(out, ",\"size\":");
    buf_append_u64(out, place->head.size);
    buf_append_byte(out, '}');
    return buf_check(out);
}

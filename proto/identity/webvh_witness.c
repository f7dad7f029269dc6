/* Witnesses of an identity ("DID Witnesses" of the standard): did-witness.json, and whether enough
 * of those named stand by each entry. A proof of a version stands by all before it. */
#include "proto/identity/did.h"
#include "proto/identity/webvh_state.h"
#include "proto/json/edit.h"

static const struct tape_limits limits = {WEBVH_WITNESS_BYTES_MAX, JSON_DEPTH_MAX};

struct witnessing {
    struct webvh_history *history;
    struct tape tape;
    struct buf text; /* the file, canonical */
    const struct webvh_clock *clock;
    struct why *why;
    unsigned proofs;
};

static enum err refuse(const struct witnessing *at, const char *rule)
{
    return why_set(at->why, ERR_BAD_HISTORY, rule, 0, NULL, NULL);
}

static bool is_named(const struct webvh_history *history, const struct public_key *key)
{
    for (unsigned i = 0; i < history->set_count; i++)
        for (unsigned j = 0; j < history->sets[i].count; j++)
            if (memcmp(&history->sets[i].keys[j], key, sizeof(*key)) == 0)
                return true;
    return false;
}

static enum err find_witness(void *keys, const struct integrity_proof *proof,
                             struct public_key *out, struct why *why)
{
    TRY(did_key_url_read(proof->method, out, why));
    return is_named(keys, out) ? OK : ERR_NOT_FOUND;
}

static void approve(struct webvh_history *history, const struct public_key *key, unsigned number)
{
    for (unsigned i = 0; i < history->set_count; i++) {
        struct webvh_witnesses *set = &history->sets[i];
        for (unsigned j = 0; j < set->count; j++)
            if (memcmp(&set->keys[j], key, sizeof(*key)) == 0 && set->approved[j] < number)
                set->approved[j] = number;
    }
}

/* Number of the published entry with this versionId, or 0. */
static unsigned number_of(const struct webvh_history *history, struct span version_id)
{
    struct cursor cursor = cursor_of(version_id);
    uint64_t number = cursor_u64(&cursor);
    if (cursor.failed || number == 0 || number > history->count)
        return 0;
    struct span own = webvh_slice_text(history, history->entries[number - 1].id);
    return span_equal(own, version_id) ? (unsigned)number : 0;
}

/* A proof that does not hold, or by somebody else, is as if it were not there; only a lack of
 * memory is passed on. */
static enum err take_proof(struct witnessing *at, struct span signed_document, struct span proof,
                           unsigned number)
{
    struct integrity_proof found;
    const struct integrity_policy policy = {.purpose = SPAN_LITERAL("assertionMethod"),
                                            .now_ms = at->clock->now_ms,
                                            .tolerance_ms = at->clock->tolerance_ms,
                                            .keys = at->history,
                                            .find_key = find_witness};
    if (at->proofs++ == WEBVH_WITNESS_PROOFS_MAX)
        return why_set(at->why, ERR_LIMIT, "limits.h: proofs of witnesses", 0, NULL, NULL);
    enum err err = integrity_verify_detached(at->history->integrity, signed_document, proof,
                                             &policy, &found, NULL);
    if (err == OK)
        approve(at->history, &found.key, number);
    return err == ERR_NO_MEMORY ? err : OK;
}

/* An item of the file: {"proof":[...],"versionId":"2-Qm..."}. */
static enum err take_item(struct witnessing *at, uint32_t item)
{
    const struct tape *tape = &at->tape;
    struct span text = buf_span(&at->text);
    struct buf *signed_document = &at->history->scratch;
    if (tape->tokens[item].type != TAPE_OBJECT)
        return refuse(at, "did:webvh: did-witness.json is an array of objects");
    uint32_t id = tape_member(tape, text, item, SPAN_LITERAL("versionId"));
    uint32_t list = tape_member(tape, text, item, SPAN_LITERAL("proof"));
    if (id == TAPE_NONE || tape->tokens[id].type != TAPE_STRING || list == TAPE_NONE ||
        tape->tokens[list].type != TAPE_ARRAY)
        return refuse(at, "did:webvh: an item of did-witness.json has versionId and proof");
    unsigned number = number_of(at->history, tape_text(tape, text, id));
    if (number == 0)
        return OK; /* not published here */
    buf_reset(signed_document);
    buf_append_cstr(signed_document, "{\"versionId\":");
    buf_append_span(signed_document, edit_value_text(tape, text, id));
    buf_append_byte(signed_document, '}');
    TRY(buf_check(signed_document));
    uint32_t proof = list + 1;
    for (uint32_t left = tape->tokens[list].count; left > 0; left--) {
        TRY(take_proof(at, buf_span(signed_document), edit_value_text(tape, text, proof), number));
        proof = tape->tokens[proof].next;
    }
    return OK;
}

static enum err take_file(struct witnessing *at, struct span file)
{
    if (file.data == NULL)
        return OK;
    TRY(jcs_canonicalise(at->history->jcs, file, &limits, &at->text, at->why));
    TRY(tape_scan(&at->tape, buf_span(&at->text), &limits, at->why));
    if (at->tape.tokens[0].type != TAPE_ARRAY)
        return refuse(at, "did:webvh: did-witness.json is an array of objects");
    uint32_t item = 1;
    for (uint32_t left = at->tape.tokens[0].count; left > 0; left--) {
        TRY(take_item(at, item));
        item = at->tape.tokens[item].next;
    }
    return OK;
}

static enum err check_entry(const struct witnessing *at, unsigned number)
{
    const struct webvh_entry *entry = &at->history->entries[number - 1];
    if (entry->witnesses == WEBVH_NO_WITNESSES)
        return OK;
    const struct webvh_witnesses *set = &at->history->sets[entry->witnesses];
    unsigned approving = 0;
    for (unsigned i = 0; i < set->count; i++)
        approving += set->approved[i] >= number;
    return approving >= set->threshold
               ? OK
               : why_set(at->why, ERR_NO_QUORUM,
                         "did:webvh: a threshold of witnesses stands by each entry", number, NULL,
                         NULL);
}

enum err webvh_check_witnesses(struct webvh_history *history, struct span file,
                               const struct webvh_clock *clock, struct why *why)
{
    struct witnessing at = {.history = history, .clock = clock, .why = why};
    if (history->set_count == 0)
        return OK;
    tape_init(&at.tape);
    buf_init(&at.text, WEBVH_WITNESS_BYTES_MAX);
    enum err err = take_file(&at, file);
    for (unsigned number = 1; err == OK && number <= history->count; number++)
        err = check_entry(&at, number);
    tape_clear(&at.tape);
    buf_clear(&at.text);
    return err;
}

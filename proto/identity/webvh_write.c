/* Entries made ("Create" and "Update" of the standard), each taken up as a reader would before it
 * is handed out. */
#include "proto/base/time_text.h"
#include "proto/identity/did.h"
#include "proto/identity/multikey.h"
#include "proto/identity/webvh_state.h"
#include "proto/json/edit.h"

static const struct tape_limits limits = {WEBVH_ENTRY_BYTES_MAX, JSON_DEPTH_MAX};

/* An entry on its way: its text without proof. */
struct draft {
    struct webvh_history *history;
    const struct webvh_change *change;
    struct buf text;
    struct buf other;
    struct tape tape;
    struct why *why;
};

static enum err refuse(struct why *why, const char *rule)
{
    return why_set(why, ERR_BAD_HISTORY, rule, 0, NULL, NULL);
}

static void append_name(struct buf *out, const char *name)
{
    if (out->len > 0 && out->data[out->len - 1] != '{')
        buf_append_byte(out, ',');
    buf_append_byte(out, '"');
    buf_append_cstr(out, name);
    buf_append_cstr(out, "\":");
}

static void append_next_keys(struct buf *out, const struct webvh_change *change)
{
    if (change->next_key_count == 0 && !change->ends_prerotation)
        return;
    append_name(out, "nextKeyHashes");
    buf_append_byte(out, '[');
    for (unsigned i = 0; i < change->next_key_count; i++) {
        buf_append_cstr(out, i > 0 ? ",\"" : "\"");
        webvh_append_key_hash(out, &change->next_keys[i]);
        buf_append_byte(out, '"');
    }
    buf_append_byte(out, ']');
}

static void append_update_keys(struct buf *out, const struct webvh_change *change)
{
    if (change->update_key_count == 0)
        return;
    append_name(out, "updateKeys");
    buf_append_byte(out, '[');
    for (unsigned i = 0; i < change->update_key_count; i++) {
        buf_append_cstr(out, i > 0 ? ",\"" : "\"");
        multikey_append(out, &change->update_keys[i]);
        buf_append_byte(out, '"');
    }
    buf_append_byte(out, ']');
}

/* The preliminary entry, in canonical order. */
static enum err write_preliminary(struct draft *draft, bool is_first, struct span document,
                                  struct span version_id)
{
    const struct webvh_change *change = draft->change;
    struct buf *out = &draft->text;
    buf_append_cstr(out, "{\"parameters\":{");
    if (change->deactivates) {
        append_name(out, "deactivated");
        buf_append_cstr(out, "true");
    }
    if (is_first) {
        append_name(out, "method");
        buf_append_cstr(out, "\"" WEBVH_METHOD "\"");
    }
    append_next_keys(out, change);
    if (is_first) {
        append_name(out, "portable");
        buf_append_cstr(out, change->portable ? "true" : "false");
        append_name(out, "scid");
        buf_append_cstr(out, "\"" WEBVH_SCID_PLACEHOLDER "\"");
    }
    append_update_keys(out, change);
    buf_append_cstr(out, "},\"state\":");
    buf_append_span(out, document);
    buf_append_cstr(out, ",\"versionId\":\"");
    buf_append_span(out, version_id);
    buf_append_cstr(out, "\",\"versionTime\":\"");
    time_text_append(out, change->time_ms);
    buf_append_cstr(out, "\"}");
    return buf_check(out);
}

/* "Calculate the SCID" and "Replace the placeholder". */
static enum err put_scid(struct draft *draft)
{
    struct buf scid;
    buf_init(&scid, 100);
    webvh_append_multihash(&scid, buf_span(&draft->text));
    buf_reset(&draft->other);
    webvh_append_replaced(&draft->other, buf_span(&draft->text),
                          SPAN_LITERAL(WEBVH_SCID_PLACEHOLDER), buf_span(&scid));
    enum err err = buf_check(&scid);
    buf_clear(&scid);
    TRY(err);
    TRY(buf_check(&draft->other));
    buf_reset(&draft->text);
    return jcs_canonicalise(draft->history->jcs, buf_span(&draft->other), &limits, &draft->text,
                            draft->why);
}

/* The text has the versionId of the entry before: puts its own in. */
static enum err put_version_id(struct draft *draft)
{
    struct buf quoted;
    buf_init(&quoted, 100);
    TRY(tape_scan(&draft->tape, buf_span(&draft->text), &limits, draft->why));
    buf_append_byte(&quoted, '"');
    buf_append_u64(&quoted, draft->history->count + 1);
    buf_append_byte(&quoted, '-');
    webvh_append_multihash(&quoted, buf_span(&draft->text));
    buf_append_byte(&quoted, '"');
    const struct edit_member change = {.key = SPAN_LITERAL("versionId"),
                                       .value = buf_span(&quoted)};
    enum err err = buf_check(&quoted);
    buf_reset(&draft->other);
    if (err == OK)
        edit_append_object(&draft->other, &draft->tape, buf_span(&draft->text), 0, &change, 1);
    buf_clear(&quoted);
    return err == OK ? buf_check(&draft->other) : err;
}

/* Signs what stands in other; the line comes into text. */
static enum err put_proof(struct draft *draft, const struct ed25519_signer *signer)
{
    struct buf method;
    buf_init(&method, 200);
    did_key_append(&method, &signer->key);
    buf_append_byte(&method, '#');
    multikey_append(&method, &signer->key);
    const struct integrity_options options = {.method = buf_span(&method),
                                              .purpose = SPAN_LITERAL("assertionMethod"),
                                              .created_ms = draft->change->time_ms};
    enum err err = buf_check(&method);
    buf_reset(&draft->text);
    if (err == OK)
        err = integrity_sign(draft->history->integrity, buf_span(&draft->other), &options, signer,
                             &draft->text, draft->why);
    buf_clear(&method);
    return err;
}

static enum err write_line(struct draft *draft, bool is_first, const struct ed25519_signer *signer,
                           struct buf *out)
{
    struct webvh_history *history = draft->history;
    const struct webvh_clock clock = {.now_ms = draft->change->time_ms};
    struct span document = draft->change->document;
    if (draft->change->time_ms == 0 || draft->change->time_ms >= TIME_TEXT_MS_END)
        return refuse(draft->why, "did:webvh: versionTime is an instant in UTC");
    if (document.len == 0 && !is_first)
        document = webvh_current(history).document;
    TRY(tape_scan(&draft->tape, document, &limits, draft->why));
    TRY(write_preliminary(draft, is_first, document,
                          is_first ? SPAN_LITERAL(WEBVH_SCID_PLACEHOLDER)
                                   : webvh_current(history).id));
    if (is_first)
        TRY(put_scid(draft));
    TRY(put_version_id(draft));
    TRY(put_proof(draft, signer));
    buf_append_byte(&draft->text, '\n');
    TRY(buf_check(&draft->text));
    if (buf_reserve(out, draft->text.len) == NULL) {
        enum err err = buf_check(out);
        out->failed = OK;
        return err;
    }
    TRY(webvh_add(history, span_of(NULL, 0), buf_span(&draft->text), &clock, draft->why));
    buf_append_span(out, buf_span(&draft->text));
    return OK;
}

static enum err write_entry(struct webvh_history *history, const struct webvh_change *change,
                            const struct ed25519_signer *signer, struct buf *out, struct why *why)
{
    struct draft draft = {.history = history, .change = change, .why = why};
    TRY(buf_check(out));
    buf_init(&draft.text, 2 * WEBVH_ENTRY_BYTES_MAX);
    buf_init(&draft.other, 2 * WEBVH_ENTRY_BYTES_MAX);
    tape_init(&draft.tape);
    enum err err = write_line(&draft, history->count == 0, signer, out);
    buf_clear(&draft.text);
    buf_clear(&draft.other);
    tape_clear(&draft.tape);
    return err;
}

enum err webvh_create(struct webvh_history *history, const struct webvh_change *first,
                      const struct ed25519_signer *signer, struct buf *out, struct why *why)
{
    CHECK(history->count == 0);
    return write_entry(history, first, signer, out, why);
}

enum err webvh_update(struct webvh_history *history, const struct webvh_change *change,
                      const struct ed25519_signer *signer, struct buf *out, struct why *why)
{
    CHECK(history->count > 0);
    if (history->parameters.witnesses != WEBVH_NO_WITNESSES)
        return refuse(why, "entries that witnesses must approve are not written here");
    if (change->portable)
        return refuse(why, "did:webvh: portable becomes true in the first entry alone");
    return write_entry(history, change, signer, out, why);
}

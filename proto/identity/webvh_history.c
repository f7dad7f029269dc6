/* A history verified entry by entry ("Read (Resolve)" of the standard): each names its predecessor,
 * and is signed by who may go on from there. */
#include <stdlib.h>

#include "proto/base/base58.h"
#include "proto/base/time_text.h"
#include "proto/identity/did.h"
#include "proto/identity/multikey.h"
#include "proto/identity/webvh_state.h"
#include "proto/json/edit.h"

static const struct tape_limits limits = {WEBVH_ENTRY_BYTES_MAX, JSON_DEPTH_MAX};
static const struct webvh_parameters no_parameters = {.witnesses = WEBVH_NO_WITNESSES,
                                                      .ttl_s = WEBVH_TTL_S};

struct webvh_history *webvh_history_new(void)
{
    struct webvh_history *history = calloc(1, sizeof(*history));
    if (history == NULL)
        return NULL;
    buf_init(&history->bytes, WEBVH_BYTES_MAX);
    buf_init(&history->scratch, 2 * WEBVH_ENTRY_BYTES_MAX);
    buf_init(&history->other, 2 * WEBVH_ENTRY_BYTES_MAX);
    tape_init(&history->tape);
    history->parameters = no_parameters;
    history->jcs = jcs_new();
    history->integrity = integrity_new();
    if (history->jcs == NULL || history->integrity == NULL) {
        webvh_history_free(history);
        return NULL;
    }
    return history;
}

void webvh_history_free(struct webvh_history *history)
{
    if (history == NULL)
        return;
    buf_clear(&history->bytes);
    buf_clear(&history->scratch);
    buf_clear(&history->other);
    tape_clear(&history->tape);
    jcs_free(history->jcs);
    integrity_free(history->integrity);
    free(history->entries);
    free(history);
}

static void forget(struct webvh_history *history)
{
    buf_reset(&history->bytes);
    history->count = 0;
    history->did_was_met = false;
    history->parameters = no_parameters;
    history->set_count = 0;
}

struct span webvh_plain(const struct webvh_reading *reading, uint32_t token)
{
    const struct tape *tape = &reading->history->tape;
    if (tape->tokens[token].type != TAPE_STRING || tape->tokens[token].flags != 0)
        return span_of(NULL, 0);
    return tape_text(tape, reading->text, token);
}

enum err webvh_refuse(const struct webvh_reading *reading, const char *rule)
{
    return why_set(reading->why, ERR_BAD_HISTORY, rule, reading->number, NULL, NULL);
}

/* ---- hashes ---- */

void webvh_append_multihash(struct buf *out, struct span data)
{
    struct hash hash = sha256(data);
    uint8_t multihash[2 + sizeof(hash.bytes)] = {0x12, sizeof(hash.bytes)};
    memcpy(multihash + 2, hash.bytes, sizeof(hash.bytes));
    base58_append(out, span_of(multihash, sizeof(multihash)));
}

void webvh_append_key_hash(struct buf *out, const struct public_key *key)
{
    struct buf text;
    buf_init(&text, 100);
    multikey_append(&text, key);
    if (buf_check(&text) == OK)
        webvh_append_multihash(out, buf_span(&text));
    else
        out->failed = buf_check(&text);
    buf_clear(&text);
}

void webvh_append_replaced(struct buf *out, struct span text, struct span from, struct span to)
{
    while (text.len >= from.len) {
        const uint8_t *at = memmem(text.data, text.len, from.data, from.len);
        if (at == NULL)
            break;
        size_t before = (size_t)(at - text.data);
        buf_append(out, text.data, before);
        buf_append_span(out, to);
        text = span_of(at + from.len, text.len - before - from.len);
    }
    buf_append_span(out, text);
}

/* The entry as its hash has it: without proof, and with another versionId. Into scratch. */
static enum err write_hashed(const struct webvh_reading *reading, struct span version_id)
{
    struct webvh_history *history = reading->history;
    struct buf *quoted = &history->other;
    buf_reset(quoted);
    buf_append_byte(quoted, '"');
    buf_append_span(quoted, version_id);
    buf_append_byte(quoted, '"');
    const struct edit_member changes[2] = {
        {.key = SPAN_LITERAL("proof"), .value = span_of(NULL, 0)},
        {.key = SPAN_LITERAL("versionId"), .value = buf_span(quoted)},
    };
    TRY(buf_check(quoted));
    buf_reset(&history->scratch);
    edit_append_object(&history->scratch, &history->tape, reading->text, 0, changes, 2);
    return buf_check(&history->scratch);
}

/* "Verify The Entry Hash": versionId is the number, a dash, and the hash of what stands here behind
 * the entry before (the SCID before the first). */
static enum err check_entry_hash(const struct webvh_reading *reading)
{
    struct webvh_history *history = reading->history;
    struct span before = reading->number == 1
                             ? span_of(history->scid, sizeof(history->scid))
                             : webvh_slice_text(history, history->entries[history->count - 1].id);
    TRY(write_hashed(reading, before));
    struct buf *want = &history->other;
    buf_reset(want);
    buf_append_u64(want, reading->number);
    buf_append_byte(want, '-');
    webvh_append_multihash(want, buf_span(&history->scratch));
    TRY(buf_check(want));
    return span_equal(buf_span(want), reading->version_id)
               ? OK
               : webvh_refuse(reading,
                              "did:webvh: versionId is the next number and the entry's hash");
}

/* "Verify SCID": the hash of the first entry with the placeholder wherever the SCID stands. */
static enum err check_scid(const struct webvh_reading *reading)
{
    struct webvh_history *history = reading->history;
    const struct span placeholder = SPAN_LITERAL(WEBVH_SCID_PLACEHOLDER);
    const struct span scid = span_of(history->scid, sizeof(history->scid));
    struct buf *replaced = &history->other;
    TRY(write_hashed(reading, placeholder));
    buf_reset(replaced);
    webvh_append_replaced(replaced, buf_span(&history->scratch), scid, placeholder);
    TRY(buf_check(replaced));
    /* Keys may hold the SCID, and have another order with the placeholder. */
    buf_reset(&history->scratch);
    TRY(jcs_canonicalise(history->jcs, buf_span(replaced), &limits, &history->scratch,
                         reading->why));
    buf_reset(replaced);
    webvh_append_multihash(replaced, buf_span(&history->scratch));
    TRY(buf_check(replaced));
    return span_equal(buf_span(replaced), scid)
               ? OK
               : webvh_refuse(reading, "did:webvh: scid is the hash of the first entry");
}

/* ---- one entry ---- */

static enum err read_members(struct webvh_reading *reading)
{
    const struct tape *tape = &reading->history->tape;
    static const char *const names[] = {"parameters", "proof", "state", "versionId", "versionTime"};
    uint32_t values[5];
    if (tape->tokens[0].type != TAPE_OBJECT || tape->tokens[0].count != 5)
        return webvh_refuse(reading, "did:webvh: an entry has its five members");
    for (unsigned i = 0; i < 5; i++) {
        values[i] = tape_member(tape, reading->text, 0, span_cstr(names[i]));
        if (values[i] == TAPE_NONE)
            return webvh_refuse(reading, "did:webvh: an entry has its five members");
    }
    reading->parameters = values[0];
    reading->state = values[2];
    reading->version_id = webvh_plain(reading, values[3]);
    reading->version_time = webvh_plain(reading, values[4]);
    if (reading->version_id.data == NULL || reading->version_time.data == NULL)
        return webvh_refuse(reading, "did:webvh: versionId and versionTime are strings");
    return OK;
}

static enum err check_time(const struct webvh_reading *reading, const struct webvh_clock *clock,
                           uint64_t *out)
{
    const struct webvh_history *history = reading->history;
    struct span text = reading->version_time;
    const struct span zero = SPAN_LITERAL("+00:00");
    bool is_utc =
        text.len > 0 &&
        (text.data[text.len - 1] == 'Z' ||
         (text.len > zero.len && span_equal(span_part(text, text.len - zero.len, zero.len), zero)));
    if (!is_utc || !time_text_read_zoned(text, out))
        return webvh_refuse(reading, "did:webvh: versionTime is an instant in UTC");
    if (history->count > 0 && *out <= history->entries[history->count - 1].time_ms)
        return webvh_refuse(reading, "did:webvh: versionTime is later than that before");
    if (*out > clock->now_ms + clock->tolerance_ms)
        return why_set(reading->why, ERR_CLOCK_SKEW, "did:webvh: versionTime is not in the future",
                       reading->number, NULL, NULL);
    return OK;
}

/* "DID Portability": the document names the DID that it had before. */
static bool names_before(const struct webvh_reading *reading, struct span before)
{
    const struct tape *tape = &reading->history->tape;
    uint32_t list = tape_member(tape, reading->text, reading->state, SPAN_LITERAL("alsoKnownAs"));
    if (list == TAPE_NONE || tape->tokens[list].type != TAPE_ARRAY)
        return false;
    uint32_t item = list + 1;
    for (uint32_t left = tape->tokens[list].count; left > 0; left--) {
        if (span_equal(webvh_plain(reading, item), before))
            return true;
        item = tape->tokens[item].next;
    }
    return false;
}

static enum err check_state(const struct webvh_reading *reading, bool portable,
                            struct span *did_out)
{
    const struct webvh_history *history = reading->history;
    const struct tape *tape = &history->tape;
    struct webvh_did did;
    uint32_t id = tape->tokens[reading->state].type == TAPE_OBJECT
                      ? tape_member(tape, reading->text, reading->state, SPAN_LITERAL("id"))
                      : TAPE_NONE;
    if (id == TAPE_NONE)
        return webvh_refuse(reading, "did:webvh: state is a document with an id");
    *did_out = webvh_plain(reading, id);
    TRY(webvh_did_read(*did_out, &did, reading->why));
    if (!span_equal(did.scid, span_of(history->scid, sizeof(history->scid))))
        return webvh_refuse(reading, "did:webvh: the id of every document has the history's scid");
    if (history->count == 0)
        return OK;
    struct span before = webvh_slice_text(history, history->entries[history->count - 1].did);
    if (span_equal(before, *did_out))
        return OK;
    if (!portable)
        return webvh_refuse(reading, "did:webvh: the id changes only where portable is true");
    return names_before(reading, before)
               ? OK
               : webvh_refuse(reading, "did:webvh: alsoKnownAs has the id from before the move");
}

/* "Pre-Rotation Key Hash Generation and Verification". */
static enum err check_prerotation(const struct webvh_reading *reading,
                                  const struct webvh_parameters *before,
                                  const struct webvh_parameters *now,
                                  const struct webvh_explicit *given)
{
    if (before->next_key_count == 0)
        return OK;
    if (!given->update_keys || !given->next_key_hashes)
        return webvh_refuse(
            reading, "did:webvh: with pre-rotation each entry has updateKeys and nextKeyHashes");
    for (unsigned i = 0; i < now->update_key_count; i++) {
        struct buf text;
        bool found = false;
        buf_init(&text, 100);
        multikey_append(&text, &now->update_keys[i]);
        enum err err = buf_check(&text);
        struct hash hash = sha256(buf_span(&text));
        buf_clear(&text);
        TRY(err);
        for (unsigned j = 0; j < before->next_hash_count; j++)
            found = found || hash_equal(&before->next_hashes[j], &hash);
        if (!found)
            return webvh_refuse(
                reading, "did:webvh: nextKeyHashes before has the hash of every key of updateKeys");
    }
    return OK;
}

static enum err find_update_key(void *keys, const struct integrity_proof *proof,
                                struct public_key *out, struct why *why)
{
    const struct webvh_parameters *parameters = keys;
    struct public_key key;
    TRY(did_key_url_read(proof->method, &key, why));
    for (unsigned i = 0; i < parameters->update_key_count; i++)
        if (memcmp(&parameters->update_keys[i], &key, sizeof(key)) == 0) {
            *out = key;
            return OK;
        }
    return why_set(why, ERR_BAD_SIGNATURE, "did:webvh: a key of the active updateKeys signs", 0,
                   NULL, NULL);
}

/* "Authorized Keys": before the first and with pre-rotation the keys of this entry, else those of
 * the one before. */
static enum err check_proof(const struct webvh_reading *reading,
                            const struct webvh_parameters *before,
                            const struct webvh_parameters *now, const struct webvh_clock *clock)
{
    struct integrity_result result;
    struct webvh_parameters active =
        reading->number == 1 || before->next_key_count > 0 ? *now : *before;
    const struct integrity_policy policy = {.purpose = SPAN_LITERAL("assertionMethod"),
                                            .now_ms = clock->now_ms,
                                            .tolerance_ms = clock->tolerance_ms,
                                            .keys = &active,
                                            .find_key = find_update_key};
    enum err err = integrity_verify(reading->history->integrity, reading->text, &policy, &result,
                                    reading->why);
    if (err != OK && reading->why != NULL)
        reading->why->position = reading->number;
    return err;
}

static struct webvh_slice slice_of(const struct webvh_history *history, struct span text)
{
    return (struct webvh_slice){.offset = (uint32_t)(text.data - history->bytes.data),
                                .len = (uint32_t)text.len};
}

static enum err make_room(struct webvh_history *history)
{
    if (history->count < history->cap)
        return OK;
    unsigned cap = history->cap == 0 ? 8 : 2 * history->cap;
    struct webvh_entry *entries = realloc(history->entries, cap * sizeof(*entries));
    if (entries == NULL)
        return ERR_NO_MEMORY;
    history->entries = entries;
    history->cap = cap;
    return OK;
}

/* The entry whose canonical text stands at the end of the history's bytes. */
static enum err take_entry(struct webvh_reading *reading, struct span did,
                           const struct webvh_clock *clock)
{
    struct webvh_history *history = reading->history;
    struct webvh_parameters now = history->parameters;
    struct webvh_explicit given;
    struct webvh_entry entry;
    struct span own_did;
    TRY(tape_scan(&history->tape, reading->text, &limits, reading->why));
    TRY(read_members(reading));
    if (history->parameters.deactivated)
        return webvh_refuse(reading, "did:webvh: nothing comes behind deactivated");
    TRY(webvh_apply_parameters(reading, &now, &given));
    TRY(check_time(reading, clock, &entry.time_ms));
    if (reading->number == 1)
        TRY(check_scid(reading));
    TRY(check_entry_hash(reading));
    TRY(check_state(reading, now.portable, &own_did));
    TRY(check_prerotation(reading, &history->parameters, &now, &given));
    TRY(check_proof(reading, &history->parameters, &now, clock));
    TRY(make_room(history));
    /* "Witness Lists": a set takes effect behind its entry, but for the first one. */
    entry.witnesses = history->parameters.witnesses != WEBVH_NO_WITNESSES
                          ? history->parameters.witnesses
                          : now.witnesses;
    entry.id = slice_of(history, reading->version_id);
    entry.did = slice_of(history, own_did);
    entry.document = slice_of(history, tape_text(&history->tape, reading->text, reading->state));
    entry.deactivated = now.deactivated;
    history->did_was_met = history->did_was_met || did.len == 0 || span_equal(did, own_did);
    history->entries[history->count++] = entry;
    history->parameters = now;
    return OK;
}

enum err webvh_add(struct webvh_history *history, struct span did, struct span line,
                   const struct webvh_clock *clock, struct why *why)
{
    struct webvh_reading reading = {.history = history, .number = history->count + 1, .why = why};
    size_t start = history->bytes.len;
    unsigned set_count = history->set_count;
    if (history->count == WEBVH_ENTRIES_MAX)
        return why_set(why, ERR_LIMIT, "limits.h: entries of a history", history->count, NULL,
                       NULL);
    TRY(jcs_canonicalise(history->jcs, line, &limits, &history->bytes, why));
    reading.text = span_part(buf_span(&history->bytes), start, history->bytes.len);
    enum err err = take_entry(&reading, did, clock);
    if (err != OK) {
        history->bytes.len = start;
        history->set_count = set_count;
    }
    return err;
}

enum err webvh_history_read(struct webvh_history *history, struct span did, struct span log,
                            struct span witnesses, const struct webvh_clock *clock, struct why *why)
{
    struct webvh_did ignored;
    enum err err = OK;
    forget(history);
    if (log.len > WEBVH_BYTES_MAX)
        return why_set(why, ERR_LIMIT, "limits.h: bytes of a history", WEBVH_BYTES_MAX, NULL, NULL);
    if (did.len > 0)
        TRY(webvh_did_read(did, &ignored, why));
    for (size_t begin = 0, end; err == OK && begin < log.len; begin = end + 1) {
        const uint8_t *newline = memchr(log.data + begin, '\n', log.len - begin);
        end = newline == NULL ? log.len : (size_t)(newline - log.data);
        err = webvh_add(history, did, span_part(log, begin, end - begin), clock, why);
    }
    if (err == OK && history->count == 0)
        err = why_set(why, ERR_BAD_HISTORY, "did:webvh: at least one entry", 0, NULL, NULL);
    if (err == OK && !history->did_was_met)
        err = why_set(why, ERR_BAD_HISTORY, "did:webvh: the history is that of the DID asked for",
                      0, NULL, NULL);
    if (err == OK)
        err = webvh_check_witnesses(history, witnesses, clock, why);
    if (err != OK)
        forget(history);
    return err;
}

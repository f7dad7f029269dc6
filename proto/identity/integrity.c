/* Proofs verified and made: one hash of the proof's options, one of the document, one signature. */
#include "proto/identity/integrity.h"

#include <stdlib.h>

#include "proto/base/hash.h"
#include "proto/base/time_text.h"
#include "proto/identity/did.h"
#include "proto/identity/multikey.h"
#include "proto/json/edit.h"

struct integrity {
    struct tape tape;      /* of the document */
    struct tape proof;     /* of a proof that stands apart */
    struct buf unsecured;  /* the document without its proofs */
    struct buf options;    /* a proof without its value */
    struct buf other;      /* the document as a further proof of the set has it */
    struct buf proof_made; /* a proof being written */
};

static const struct tape_limits limits = {INTEGRITY_BYTES_MAX, JSON_DEPTH_MAX};
static const char suite[] = "eddsa-jcs-2022";

struct integrity *integrity_new(void)
{
    struct integrity *integrity = malloc(sizeof(*integrity));
    if (integrity == NULL)
        return NULL;
    tape_init(&integrity->tape);
    tape_init(&integrity->proof);
    buf_init(&integrity->unsecured, INTEGRITY_BYTES_MAX);
    buf_init(&integrity->options, INTEGRITY_BYTES_MAX);
    buf_init(&integrity->other, INTEGRITY_BYTES_MAX);
    buf_init(&integrity->proof_made, INTEGRITY_BYTES_MAX);
    return integrity;
}

void integrity_free(struct integrity *integrity)
{
    if (integrity == NULL)
        return;
    tape_clear(&integrity->tape);
    tape_clear(&integrity->proof);
    buf_clear(&integrity->unsecured);
    buf_clear(&integrity->options);
    buf_clear(&integrity->other);
    buf_clear(&integrity->proof_made);
    free(integrity);
}

/* EdDSA Cryptosuites 1.0, 3.3.4: hash of the proof's options, then hash of the document. */
static void hash_data(struct span options, struct span document, uint8_t out[64])
{
    struct hash first = sha256(options);
    struct hash second = sha256(document);
    memcpy(out, first.bytes, sizeof(first.bytes));
    memcpy(out + sizeof(first.bytes), second.bytes, sizeof(second.bytes));
}

/* ---- verifying ---- */

/* One proof at hand, and the tape and text that it stands on. */
struct proof_view {
    const struct tape *tape;
    struct span text;
    uint32_t token;
    struct why *why;
};

static enum err refuse(const struct proof_view *view, enum err err, const char *rule)
{
    return why_set(view->why, err, rule, view->tape->tokens[view->token].offset, NULL, NULL);
}

static uint32_t member(const struct proof_view *view, const char *key)
{
    return tape_member(view->tape, view->text, view->token, span_cstr(key));
}

/* A string without escapes, which a DID URL, a date and a name never need. */
static bool read_plain(const struct proof_view *view, const char *key, struct span *out)
{
    uint32_t value = member(view, key);
    if (value == TAPE_NONE || view->tape->tokens[value].type != TAPE_STRING ||
        view->tape->tokens[value].flags != 0)
        return false;
    *out = tape_text(view->tape, view->text, value);
    return true;
}

static bool read_time(const struct proof_view *view, const char *key, uint64_t *out)
{
    struct span text;
    *out = 0;
    if (member(view, key) == TAPE_NONE)
        return true;
    return read_plain(view, key, &text) && time_text_read_zoned(text, out) && *out != 0;
}

static enum err read_fields(const struct proof_view *view, const struct integrity_policy *policy,
                            struct integrity_proof *out, struct signature *signature)
{
    struct span type, cryptosuite, value;
    *out = (struct integrity_proof){.domain = span_of(NULL, 0)};
    if (!read_plain(view, "type", &type) || !span_is(type, "DataIntegrityProof"))
        return refuse(view, ERR_BAD_INTEGRITY, "Data Integrity: type is DataIntegrityProof");
    if (!read_plain(view, "cryptosuite", &cryptosuite) || !span_is(cryptosuite, suite))
        return refuse(view, ERR_BAD_INTEGRITY, "Data Integrity: cryptosuite is eddsa-jcs-2022");
    if (!read_plain(view, "proofPurpose", &out->purpose) ||
        !span_equal(out->purpose, policy->purpose))
        return refuse(view, ERR_BAD_INTEGRITY, "Data Integrity: proofPurpose is the one asked for");
    if (!read_plain(view, "verificationMethod", &out->method) || out->method.len == 0 ||
        out->method.len > METHOD_URL_BYTES_MAX)
        return refuse(view, ERR_BAD_INTEGRITY, "Data Integrity: verificationMethod is a DID URL");
    if (member(view, "previousProof") != TAPE_NONE)
        return refuse(view, ERR_BAD_INTEGRITY, "Data Integrity: proof chains are not taken");
    if (member(view, "domain") != TAPE_NONE && !read_plain(view, "domain", &out->domain))
        return refuse(view, ERR_BAD_INTEGRITY, "Data Integrity: domain is one string");
    if (!read_time(view, "created", &out->created_ms) ||
        !read_time(view, "expires", &out->expires_ms))
        return refuse(view, ERR_BAD_INTEGRITY, "Data Integrity: created and expires are instants");
    if (!read_plain(view, "proofValue", &value) ||
        !multibase_read_exact(value, signature->bytes, sizeof(signature->bytes)))
        return refuse(view, ERR_BAD_INTEGRITY,
                      "eddsa-jcs-2022: proofValue is base58btc of 64 bytes");
    return OK;
}

static enum err check_times(const struct proof_view *view, const struct integrity_policy *policy,
                            const struct integrity_proof *proof)
{
    if (proof->created_ms > policy->now_ms + policy->tolerance_ms)
        return refuse(view, ERR_CLOCK_SKEW, "Data Integrity: created is not in the future");
    if (proof->expires_ms == 0)
        return OK;
    if (proof->expires_ms <= proof->created_ms)
        return refuse(view, ERR_BAD_INTEGRITY, "Data Integrity: expires is later than created");
    if (proof->expires_ms + policy->tolerance_ms <= policy->now_ms)
        return refuse(view, ERR_EXPIRED, "Data Integrity: expires is not over");
    return OK;
}

static unsigned context_count(const struct tape *tape, uint32_t token)
{
    return tape->tokens[token].type == TAPE_ARRAY ? tape->tokens[token].count : 1;
}

/* EdDSA Cryptosuites 1.0, 3.3.2: the document's @context starts with all values of the proof's. A
 * single value is a list of one. */
static bool context_starts_with(const struct tape *tape, struct span text, uint32_t whole,
                                const struct proof_view *view, uint32_t start)
{
    unsigned count = context_count(view->tape, start);
    if (whole == TAPE_NONE || context_count(tape, whole) < count)
        return false;
    uint32_t a = tape->tokens[whole].type == TAPE_ARRAY ? whole + 1 : whole;
    uint32_t b = view->tape->tokens[start].type == TAPE_ARRAY ? start + 1 : start;
    for (unsigned i = 0; i < count; i++) {
        if (tape->tokens[a].type != view->tape->tokens[b].type ||
            !span_equal(tape_text(tape, text, a), tape_text(view->tape, view->text, b)))
            return false;
        a = tape->tokens[a].next;
        b = view->tape->tokens[b].next;
    }
    return true;
}

/* Writes the bytes that this proof is about: no `proof`, and the proof's own @context. */
static enum err write_unsecured(const struct tape *tape, struct span text,
                                const struct proof_view *view, struct buf *out)
{
    struct edit_member changes[2] = {
        {.key = SPAN_LITERAL("@context")},
        {.key = SPAN_LITERAL("proof"), .value = span_of(NULL, 0)},
    };
    uint32_t own = member(view, "@context");
    buf_reset(out);
    if (own == TAPE_NONE) {
        edit_append_object(out, tape, text, 0, &changes[1], 1);
        return buf_check(out);
    }
    uint32_t whole = tape_member(tape, text, 0, SPAN_LITERAL("@context"));
    if (!context_starts_with(tape, text, whole, view, own))
        return refuse(view, ERR_BAD_INTEGRITY,
                      "eddsa-jcs-2022: the document's @context starts with the proof's");
    changes[0].value = edit_value_text(view->tape, view->text, own);
    edit_append_object(out, tape, text, 0, changes, 2);
    return buf_check(out);
}

/* Everything about one proof but which bytes it is about: those are in unsecured. */
static enum err verify_proof(struct integrity *integrity, const struct proof_view *view,
                             struct span unsecured, const struct integrity_policy *policy,
                             struct integrity_proof *out)
{
    struct integrity_proof proof;
    struct signature signature;
    uint8_t message[64];
    const struct edit_member without_value = {.key = SPAN_LITERAL("proofValue"),
                                              .value = span_of(NULL, 0)};
    TRY(read_fields(view, policy, &proof, &signature));
    TRY(check_times(view, policy, &proof));
    TRY(policy->find_key(policy->keys, &proof, &proof.key, view->why));
    buf_reset(&integrity->options);
    edit_append_object(&integrity->options, view->tape, view->text, view->token, &without_value, 1);
    TRY(buf_check(&integrity->options));
    hash_data(buf_span(&integrity->options), unsecured, message);
    if (!ed25519_verify(&proof.key, span_of(message, sizeof(message)), &signature))
        return refuse(view, ERR_BAD_SIGNATURE, "eddsa-jcs-2022: Ed25519 over both hashes");
    *out = proof;
    return OK;
}

/* view is at the i-th proof of the set. */
static enum err verify_one(struct integrity *integrity, const struct proof_view *view, unsigned i,
                           const struct integrity_policy *policy, struct integrity_result *result)
{
    struct buf *unsecured = i == 0 ? &integrity->unsecured : &integrity->other;
    if (view->tape->tokens[view->token].type != TAPE_OBJECT)
        return refuse(view, ERR_BAD_INTEGRITY, "Data Integrity: a proof is an object");
    TRY(write_unsecured(&integrity->tape, view->text, view, unsecured));
    if (!span_equal(buf_span(unsecured), buf_span(&integrity->unsecured)))
        return refuse(view, ERR_BAD_INTEGRITY, "all proofs of a set are about the same bytes");
    return verify_proof(integrity, view, buf_span(unsecured), policy, &result->proofs[i]);
}

enum err integrity_verify(struct integrity *integrity, struct span document,
                          const struct integrity_policy *policy, struct integrity_result *out,
                          struct why *why)
{
    struct tape *tape = &integrity->tape;
    struct integrity_result result;
    TRY(tape_scan(tape, document, &limits, why));
    struct proof_view view = {.tape = tape, .text = document, .token = 0, .why = why};
    uint32_t proof = tape->tokens[0].type != TAPE_OBJECT ? TAPE_NONE : member(&view, "proof");
    if (proof == TAPE_NONE)
        return refuse(&view, ERR_BAD_INTEGRITY, "Data Integrity: an object with a proof");
    bool is_set = tape->tokens[proof].type == TAPE_ARRAY;
    result.count = is_set ? tape->tokens[proof].count : 1;
    view.token = proof;
    if (result.count == 0)
        return refuse(&view, ERR_BAD_INTEGRITY, "Data Integrity: at least one proof");
    if (result.count > INTEGRITY_PROOFS_MAX)
        return refuse(&view, ERR_LIMIT, "limits.h: proofs of one document");
    if (is_set)
        view.token = proof + 1;
    for (unsigned i = 0; i < result.count; i++) {
        TRY(verify_one(integrity, &view, i, policy, &result));
        view.token = tape->tokens[view.token].next;
    }
    result.document = buf_span(&integrity->unsecured);
    *out = result;
    return OK;
}

enum err integrity_verify_detached(struct integrity *integrity, struct span document,
                                   struct span proof, const struct integrity_policy *policy,
                                   struct integrity_proof *out, struct why *why)
{
    TRY(tape_scan(&integrity->tape, document, &limits, why));
    TRY(tape_scan(&integrity->proof, proof, &limits, why));
    struct proof_view view = {.tape = &integrity->proof, .text = proof, .why = why};
    if (integrity->tape.tokens[0].type != TAPE_OBJECT ||
        integrity->proof.tokens[0].type != TAPE_OBJECT)
        return refuse(&view, ERR_BAD_INTEGRITY, "Data Integrity: document and proof are objects");
    if (tape_member(&integrity->tape, document, 0, SPAN_LITERAL("proof")) != TAPE_NONE)
        return refuse(&view, ERR_BAD_INTEGRITY, "Data Integrity: the proof stands apart");
    TRY(write_unsecured(&integrity->tape, document, &view, &integrity->unsecured));
    return verify_proof(integrity, &view, buf_span(&integrity->unsecured), policy, out);
}

enum err integrity_find_did_key(void *keys, const struct integrity_proof *proof,
                                struct public_key *out, struct why *why)
{
    (void)keys;
    return did_key_url_read(proof->method, out, why);
}

/* ---- making ---- */

static void append_field(struct buf *out, const char *key, struct span value)
{
    for (size_t i = 0; i < value.len; i++)
        CHECK(value.data[i] >= 0x20 && value.data[i] < 0x7f && value.data[i] != '"' &&
              value.data[i] != '\\');
    if (out->data[out->len - 1] != '{')
        buf_append_byte(out, ',');
    buf_append_byte(out, '"');
    buf_append_cstr(out, key);
    buf_append_cstr(out, "\":\"");
    buf_append_span(out, value);
    buf_append_byte(out, '"');
}

static void append_time_field(struct buf *out, const char *key, uint64_t time_ms)
{
    struct buf text;
    if (time_ms == 0)
        return;
    buf_init(&text, TIME_TEXT_BYTES_MAX);
    time_text_append(&text, time_ms);
    if (buf_check(&text) == OK)
        append_field(out, key, buf_span(&text));
    else
        out->failed = buf_check(&text);
    buf_clear(&text);
}

/* The proof in its canonical order; signature NULL leaves proofValue out. */
static enum err write_proof(struct buf *out, const struct integrity_options *options,
                            struct span context, const struct signature *signature)
{
    struct buf value;
    buf_reset(out);
    buf_append_byte(out, '{');
    TRY(buf_check(out));
    if (context.len > 0) {
        buf_append_cstr(out, "\"@context\":");
        buf_append_span(out, context);
        TRY(buf_check(out));
    }
    append_time_field(out, "created", options->created_ms);
    append_field(out, "cryptosuite", SPAN_LITERAL("eddsa-jcs-2022"));
    append_time_field(out, "expires", options->expires_ms);
    append_field(out, "proofPurpose", options->purpose);
    if (signature != NULL) {
        buf_init(&value, 100);
        multibase_append(&value, span_of(signature->bytes, sizeof(signature->bytes)));
        append_field(out, "proofValue", buf_span(&value));
        enum err err = buf_check(&value);
        buf_clear(&value);
        TRY(err);
    }
    append_field(out, "type", SPAN_LITERAL("DataIntegrityProof"));
    append_field(out, "verificationMethod", options->method);
    buf_append_byte(out, '}');
    return buf_check(out);
}

/* The new value of `proof`: the one made, behind those that are there. */
static enum err join_proofs(struct integrity *integrity, struct span document, uint32_t before,
                            struct span *out)
{
    struct buf *set = &integrity->other;
    *out = buf_span(&integrity->proof_made);
    if (before == TAPE_NONE)
        return OK;
    const struct tape_token *token = &integrity->tape.tokens[before];
    struct span text = tape_text(&integrity->tape, document, before);
    bool is_array = token->type == TAPE_ARRAY;
    buf_reset(set);
    buf_append_byte(set, '[');
    buf_append_span(set, is_array ? span_part(text, 1, text.len - 2) : text);
    if (!is_array || token->count > 0)
        buf_append_byte(set, ',');
    buf_append_span(set, *out);
    buf_append_byte(set, ']');
    *out = buf_span(set);
    return buf_check(set);
}

enum err integrity_sign(struct integrity *integrity, struct span document,
                        const struct integrity_options *options,
                        const struct ed25519_signer *signer, struct buf *out, struct why *why)
{
    struct tape *tape = &integrity->tape;
    struct edit_member change = {.key = SPAN_LITERAL("proof"), .value = span_of(NULL, 0)};
    struct span context = span_of(NULL, 0);
    struct signature signature;
    uint8_t message[64];
    TRY(tape_scan(tape, document, &limits, why));
    if (tape->tokens[0].type != TAPE_OBJECT)
        return why_set(why, ERR_BAD_INTEGRITY, "Data Integrity: a document is an object", 0, NULL,
                       NULL);
    uint32_t before = tape_member(tape, document, 0, change.key);
    if (before != TAPE_NONE && tape->tokens[before].type != TAPE_ARRAY &&
        tape->tokens[before].type != TAPE_OBJECT)
        return why_set(why, ERR_BAD_INTEGRITY, "Data Integrity: proof is an object or an array",
                       tape->tokens[before].offset, NULL, NULL);
    uint32_t own_context = tape_member(tape, document, 0, SPAN_LITERAL("@context"));
    if (own_context != TAPE_NONE)
        context = edit_value_text(tape, document, own_context);
    TRY(write_proof(&integrity->proof_made, options, context, NULL));
    buf_reset(&integrity->unsecured);
    edit_append_object(&integrity->unsecured, tape, document, 0, &change, 1);
    TRY(buf_check(&integrity->unsecured));
    hash_data(buf_span(&integrity->proof_made), buf_span(&integrity->unsecured), message);
    TRY(signer->sign(signer->ctx, span_of(message, sizeof(message)), &signature));
    TRY(write_proof(&integrity->proof_made, options, context, &signature));
    TRY(join_proofs(integrity, document, before, &change.value));
    TRY(buf_check(out));
    size_t start = out->len;
    edit_append_object(out, tape, document, 0, &change, 1);
    enum err err = buf_check(out);
    if (err != OK) {
        out->len = start;
        out->failed = OK;
    }
    return err;
}

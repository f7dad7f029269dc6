/* The parameters of an entry: every one of its type and within its rules, none that is not known.
 */
#include "proto/identity/did.h"
#include "proto/identity/multikey.h"
#include "proto/identity/webvh_state.h"

#define TTL_S_MAX 2147483648.0 /* 2^31 */

/* "null": early writers had it for the default value; taken for that. */
static bool is_null(const struct webvh_reading *reading, uint32_t token)
{
    return reading->history->tape.tokens[token].type == TAPE_NULL;
}

static uint32_t member(const struct webvh_reading *reading, uint32_t object, const char *key)
{
    return tape_member(&reading->history->tape, reading->text, object, span_cstr(key));
}

static enum err limit(const struct webvh_reading *reading, const char *rule)
{
    return why_set(reading->why, ERR_LIMIT, rule, reading->number, NULL, NULL);
}

static enum err read_update_keys(struct webvh_reading *reading, uint32_t list,
                                 struct webvh_parameters *out)
{
    const struct tape *tape = &reading->history->tape;
    out->update_key_count = 0;
    if (is_null(reading, list))
        return OK;
    if (tape->tokens[list].type != TAPE_ARRAY)
        return webvh_refuse(reading, "did:webvh: updateKeys is an array of Multikeys");
    if (tape->tokens[list].count > WEBVH_KEYS_MAX)
        return limit(reading, "limits.h: updateKeys of an entry");
    uint32_t item = list + 1;
    for (uint32_t left = tape->tokens[list].count; left > 0; left--) {
        TRY(multikey_read(webvh_plain(reading, item), &out->update_keys[out->update_key_count++],
                          reading->why));
        item = tape->tokens[item].next;
    }
    return OK;
}

/* The standard allows random strings among the hashes: they count, and match nothing. */
static void take_hash(struct span text, struct webvh_parameters *out)
{
    uint8_t multibase[1 + WEBVH_SCID_BYTES] = {'z'};
    uint8_t multihash[2 + sizeof(struct hash)];
    out->next_key_count++;
    if (text.len != WEBVH_SCID_BYTES)
        return;
    memcpy(multibase + 1, text.data, text.len);
    if (!multibase_read_exact(span_of(multibase, sizeof(multibase)), multihash,
                              sizeof(multihash)) ||
        multihash[0] != 0x12 || multihash[1] != sizeof(struct hash))
        return;
    memcpy(out->next_hashes[out->next_hash_count++].bytes, multihash + 2, sizeof(struct hash));
}

static enum err read_next_keys(struct webvh_reading *reading, uint32_t list,
                               struct webvh_parameters *out)
{
    const struct tape *tape = &reading->history->tape;
    out->next_key_count = 0;
    out->next_hash_count = 0;
    if (is_null(reading, list))
        return OK;
    if (tape->tokens[list].type != TAPE_ARRAY)
        return webvh_refuse(reading, "did:webvh: nextKeyHashes is an array of hashes");
    if (tape->tokens[list].count > WEBVH_NEXT_KEYS_MAX)
        return limit(reading, "limits.h: nextKeyHashes of an entry");
    uint32_t item = list + 1;
    for (uint32_t left = tape->tokens[list].count; left > 0; left--) {
        if (tape->tokens[item].type != TAPE_STRING)
            return webvh_refuse(reading, "did:webvh: nextKeyHashes is an array of hashes");
        take_hash(tape_text(tape, reading->text, item), out);
        item = tape->tokens[item].next;
    }
    return OK;
}

/* "The witness Parameter": ids are did:key, each once. */
static enum err take_witness(struct webvh_reading *reading, uint32_t item,
                             struct webvh_witnesses *set)
{
    struct public_key key;
    uint32_t id = reading->history->tape.tokens[item].type == TAPE_OBJECT
                      ? member(reading, item, "id")
                      : TAPE_NONE;
    if (id == TAPE_NONE)
        return webvh_refuse(reading, "did:webvh: a witness is an object with an id");
    TRY(did_key_read(webvh_plain(reading, id), &key, reading->why));
    for (unsigned i = 0; i < set->count; i++)
        if (memcmp(&set->keys[i], &key, sizeof(key)) == 0)
            return webvh_refuse(reading, "did:webvh: a witness is named once");
    set->keys[set->count++] = key;
    return OK;
}

static bool same_set(const struct webvh_witnesses *a, const struct webvh_witnesses *b)
{
    return a->threshold == b->threshold && a->count == b->count &&
           memcmp(a->keys, b->keys, a->count * sizeof(a->keys[0])) == 0;
}

static enum err store_set(struct webvh_reading *reading, const struct webvh_witnesses *set,
                          struct webvh_parameters *out)
{
    struct webvh_history *history = reading->history;
    for (unsigned i = 0; i < history->set_count; i++)
        if (same_set(&history->sets[i], set)) {
            out->witnesses = i;
            return OK;
        }
    if (history->set_count == WEBVH_WITNESS_SETS_MAX)
        return limit(reading, "limits.h: sets of witnesses in a history");
    history->sets[history->set_count] = *set;
    out->witnesses = history->set_count++;
    return OK;
}

static enum err read_witness(struct webvh_reading *reading, uint32_t object,
                             struct webvh_parameters *out)
{
    const struct tape *tape = &reading->history->tape;
    const struct tape_token *token = &tape->tokens[object];
    struct webvh_witnesses set = {.count = 0};
    out->witnesses = WEBVH_NO_WITNESSES;
    if (is_null(reading, object) || (token->type == TAPE_OBJECT && token->count == 0))
        return OK;
    if (token->type != TAPE_OBJECT || token->count != 2)
        return webvh_refuse(reading, "did:webvh: witness is {} or has threshold and witnesses");
    uint32_t threshold = member(reading, object, "threshold");
    uint32_t list = member(reading, object, "witnesses");
    if (threshold == TAPE_NONE || list == TAPE_NONE || tape->tokens[list].type != TAPE_ARRAY)
        return webvh_refuse(reading, "did:webvh: witness is {} or has threshold and witnesses");
    if (tape->tokens[list].count > WEBVH_WITNESSES_MAX)
        return limit(reading, "limits.h: witnesses of an entry");
    uint32_t item = list + 1;
    for (uint32_t left = tape->tokens[list].count; left > 0; left--) {
        TRY(take_witness(reading, item, &set));
        item = tape->tokens[item].next;
    }
    bool is_integer = tape->tokens[threshold].type == TAPE_NUMBER &&
                      (tape->tokens[threshold].flags & TAPE_INTEGER) != 0;
    double value = is_integer ? tape_number(tape, reading->text, threshold) : 0;
    if (value < 1 || value > set.count)
        return webvh_refuse(reading, "did:webvh: threshold is from 1 to the number of witnesses");
    set.threshold = (unsigned)value;
    return store_set(reading, &set, out);
}

static enum err read_watchers(struct webvh_reading *reading, uint32_t list)
{
    const struct tape *tape = &reading->history->tape;
    if (is_null(reading, list))
        return OK;
    if (tape->tokens[list].type != TAPE_ARRAY)
        return webvh_refuse(reading, "did:webvh: watchers is an array of URLs");
    uint32_t item = list + 1;
    for (uint32_t left = tape->tokens[list].count; left > 0; left--) {
        if (tape->tokens[item].type != TAPE_STRING)
            return webvh_refuse(reading, "did:webvh: watchers is an array of URLs");
        item = tape->tokens[item].next;
    }
    return OK;
}

static enum err read_boolean(const struct webvh_reading *reading, uint32_t token, bool *out)
{
    unsigned type = reading->history->tape.tokens[token].type;
    if (type != TAPE_TRUE && type != TAPE_FALSE)
        return webvh_refuse(reading, "did:webvh: portable and deactivated are booleans");
    *out = type == TAPE_TRUE;
    return OK;
}

static enum err read_portable(const struct webvh_reading *reading, uint32_t token, bool *out)
{
    TRY(read_boolean(reading, token, out));
    return *out && reading->number > 1
               ? webvh_refuse(reading, "did:webvh: portable becomes true in the first entry alone")
               : OK;
}

static enum err read_ttl(const struct webvh_reading *reading, uint32_t token, uint32_t *out)
{
    const struct tape *tape = &reading->history->tape;
    *out = WEBVH_TTL_S;
    if (is_null(reading, token))
        return OK;
    if (tape->tokens[token].type != TAPE_NUMBER || (tape->tokens[token].flags & TAPE_INTEGER) == 0)
        return webvh_refuse(reading, "did:webvh: ttl is an unsigned integer");
    double value = tape_number(tape, reading->text, token);
    if (value < 0 || value > TTL_S_MAX)
        return webvh_refuse(reading, "did:webvh: ttl is from 0 to 2^31");
    *out = (uint32_t)value;
    return OK;
}

static enum err read_scid(struct webvh_reading *reading, uint32_t token)
{
    struct span scid = webvh_plain(reading, token);
    if (reading->number > 1 || scid.len != WEBVH_SCID_BYTES)
        return webvh_refuse(reading, "did:webvh: scid is in the first entry alone");
    memcpy(reading->history->scid, scid.data, scid.len);
    return OK;
}

static enum err read_one(struct webvh_reading *reading, struct span key, uint32_t value,
                         struct webvh_parameters *out, struct webvh_explicit *explicit_out)
{
    if (span_is(key, "method"))
        return span_is(webvh_plain(reading, value), WEBVH_METHOD)
                   ? OK
                   : webvh_refuse(reading, "did:webvh: method is did:webvh:1.0");
    if (span_is(key, "scid"))
        return read_scid(reading, value);
    if (span_is(key, "updateKeys")) {
        explicit_out->update_keys = true;
        return read_update_keys(reading, value, out);
    }
    if (span_is(key, "nextKeyHashes")) {
        explicit_out->next_key_hashes = true;
        return read_next_keys(reading, value, out);
    }
    if (span_is(key, "witness"))
        return read_witness(reading, value, out);
    if (span_is(key, "watchers"))
        return read_watchers(reading, value);
    if (span_is(key, "portable"))
        return read_portable(reading, value, &out->portable);
    if (span_is(key, "deactivated"))
        return read_boolean(reading, value, &out->deactivated);
    if (span_is(key, "ttl"))
        return read_ttl(reading, value, &out->ttl_s);
    return webvh_refuse(reading, "did:webvh: no parameter but those of the standard");
}

enum err webvh_apply_parameters(struct webvh_reading *reading, struct webvh_parameters *parameters,
                                struct webvh_explicit *explicit_out)
{
    const struct tape *tape = &reading->history->tape;
    uint32_t object = reading->parameters;
    *explicit_out = (struct webvh_explicit){.update_keys = false};
    if (tape->tokens[object].type != TAPE_OBJECT)
        return webvh_refuse(reading, "did:webvh: parameters is an object");
    if (reading->number == 1 && (member(reading, object, "method") == TAPE_NONE ||
                                 member(reading, object, "scid") == TAPE_NONE ||
                                 member(reading, object, "updateKeys") == TAPE_NONE))
        return webvh_refuse(reading, "did:webvh: the first entry has method, scid and updateKeys");
    uint32_t key = object + 1;
    for (uint32_t left = tape->tokens[object].count; left > 0; left--) {
        TRY(read_one(reading, tape_text(tape, reading->text, key), key + 1, parameters,
                     explicit_out));
        key = tape->tokens[key + 1].next;
    }
    return OK;
}

/* A timestamp of 8 bytes and a signature over it and the note's text. */
#include "proto/log/cosignature.h"

#include "proto/base/base64.h"
#include "proto/base/hash.h"

#define ALGORITHM_COSIGNATURE 0x04
#define KEY_ID_BYTES 4u
#define TIME_BYTES 8u
#define BLOB_BYTES (TIME_BYTES + sizeof(((struct signature *)NULL)->bytes))

void cosignature_key_id(struct span name, const struct public_key *key, uint8_t out[4])
{
    uint8_t tail[2 + sizeof(key->bytes)] = {'\n', ALGORITHM_COSIGNATURE};
    memcpy(tail + 2, key->bytes, sizeof(key->bytes));
    CHECK(name.len > 0);
    /* The name's first byte as the prefix: no copy. */
    struct hash hash =
        sha256_prefixed(name.data[0], span_part(name, 1, name.len), span_of(tail, sizeof(tail)));
    memcpy(out, hash.bytes, KEY_ID_BYTES);
}

void cosignature_append_message(struct buf *out, struct span text, uint64_t time_s)
{
    buf_append_cstr(out, "cosignature/v1\ntime ");
    buf_append_u64(out, time_s);
    buf_append_byte(out, '\n');
    buf_append_span(out, text);
}

static void append_line(struct buf *out, struct span name, const uint8_t key_id[KEY_ID_BYTES],
                        struct span blob)
{
    uint8_t bytes[KEY_ID_BYTES + NOTE_BLOB_BYTES_MAX];
    CHECK(blob.len <= NOTE_BLOB_BYTES_MAX);
    memcpy(bytes, key_id, KEY_ID_BYTES);
    memcpy(bytes + KEY_ID_BYTES, blob.data, blob.len);
    buf_append_cstr(out, "\xe2\x80\x94 ");
    buf_append_span(out, name);
    buf_append_byte(out, ' ');
    base64_append(out, span_of(bytes, KEY_ID_BYTES + blob.len));
    buf_append_byte(out, '\n');
}

static enum err rolled_back(struct buf *out, size_t start, enum err err)
{
    if (err == OK)
        err = buf_check(out);
    if (err != OK) {
        out->len = start;
        out->failed = OK;
    }
    return err;
}

enum err cosignature_append(struct buf *out, struct span text, struct span name,
                            const struct ed25519_signer *signer, uint64_t time_s)
{
    uint8_t key_id[KEY_ID_BYTES];
    uint8_t blob[BLOB_BYTES];
    struct signature signature;
    struct buf message;
    CHECK(note_name_is_valid(name) && time_s <= COSIGNATURE_TIME_S_MAX);
    TRY(buf_check(out));
    buf_init(&message, NOTE_BYTES_MAX + 100);
    cosignature_append_message(&message, text, time_s);
    enum err err = buf_check(&message);
    if (err == OK)
        err = signer->sign(signer->ctx, buf_span(&message), &signature);
    buf_clear(&message);
    TRY(err);
    for (unsigned i = 0; i < TIME_BYTES; i++)
        blob[i] = (uint8_t)(time_s >> (8 * (TIME_BYTES - 1 - i)));
    memcpy(blob + TIME_BYTES, signature.bytes, sizeof(signature.bytes));
    cosignature_key_id(name, &signer->key, key_id);
    size_t start = out->len;
    append_line(out, name, key_id, span_of(blob, sizeof(blob)));
    return rolled_back(out, start, OK);
}

/* The signature of a blob holds for the note; *time_s_out is set whenever it is well-formed. */
static enum err check_blob(const struct note *note, const struct public_key *key, struct span blob,
                           uint64_t *time_s_out)
{
    struct signature signature;
    struct buf message;
    uint64_t time_s = 0;
    if (blob.len != BLOB_BYTES)
        return ERR_BAD_SIGNATURE;
    for (unsigned i = 0; i < TIME_BYTES; i++)
        time_s = time_s << 8 | blob.data[i];
    if (time_s > COSIGNATURE_TIME_S_MAX)
        return ERR_BAD_SIGNATURE;
    memcpy(signature.bytes, blob.data + TIME_BYTES, sizeof(signature.bytes));
    buf_init(&message, NOTE_BYTES_MAX + 100);
    cosignature_append_message(&message, note->text, time_s);
    enum err err = buf_check(&message);
    if (err == OK && !ed25519_verify(key, buf_span(&message), &signature))
        err = ERR_BAD_SIGNATURE;
    buf_clear(&message);
    *time_s_out = time_s;
    return err;
}

/* Index of the newest valid cosignature. */
static enum err find_newest(const struct note *note, const struct cosigner *cosigner,
                            uint64_t latest_s, unsigned *index_out, uint64_t *time_s_out,
                            struct why *why)
{
    uint8_t key_id[KEY_ID_BYTES];
    uint64_t newest_s = 0;
    bool found = false;
    if (!note_name_is_valid(cosigner->name))
        return why_set(why, ERR_BAD_SIGNATURE, "C2SP signed-note: no key has such a name", 0, NULL,
                       NULL);
    cosignature_key_id(cosigner->name, &cosigner->key, key_id);
    for (unsigned i = 0; i < note->count; i++) {
        const struct note_signature *candidate = &note->signatures[i];
        uint64_t time_s;
        if (!span_equal(candidate->name, cosigner->name) ||
            memcmp(candidate->key_id, key_id, sizeof(key_id)) != 0)
            continue;
        enum err err = check_blob(note, &cosigner->key, candidate->blob, &time_s);
        if (err != OK)
            return why_set(why, err, "C2SP tlog-cosignature: Ed25519 over time and text", i, NULL,
                           NULL);
        if (time_s > latest_s)
            return why_set(why, ERR_CLOCK_SKEW,
                           "C2SP tlog-cosignature: the time is not in the future", i, NULL, NULL);
        if (found && time_s <= newest_s)
            continue;
        found = true;
        newest_s = time_s;
        *index_out = i;
    }
    *time_s_out = newest_s;
    return found ? OK
                 : why_set(why, ERR_BAD_SIGNATURE,
                           "C2SP tlog-cosignature: a cosignature by this name and key", 0, NULL,
                           NULL);
}

enum err cosignature_verify(const struct note *note, const struct cosigner *cosigner,
                            uint64_t latest_s, uint64_t *time_s_out, struct why *why)
{
    unsigned index;
    uint64_t time_s;
    TRY(find_newest(note, cosigner, latest_s, &index, &time_s, why));
    *time_s_out = time_s;
    return OK;
}

static bool key_comes_before(const struct cosigner *cosigners, unsigned index, const bool *valid)
{
    for (unsigned i = 0; i < index; i++)
        if (valid[i] &&
            memcmp(&cosigners[i].key, &cosigners[index].key, sizeof(struct public_key)) == 0)
            return true;
    return false;
}

enum err cosignature_count(const struct note *note, const struct cosigner *cosigners,
                           unsigned count, unsigned threshold, uint64_t latest_s,
                           struct cosignature_tally *out, struct why *why)
{
    bool valid[NOTE_SIGNATURES_MAX] = {false};
    struct cosignature_tally tally = {.valid = 0};
    CHECK(count <= NOTE_SIGNATURES_MAX);
    for (unsigned i = 0; i < count; i++) {
        uint64_t time_s;
        if (key_comes_before(cosigners, i, valid))
            continue;
        enum err err = cosignature_verify(note, &cosigners[i], latest_s, &time_s, NULL);
        if (err == ERR_NO_MEMORY)
            return err;
        if (err != OK)
            continue;
        valid[i] = true;
        if (tally.valid == 0 || time_s < tally.oldest_s)
            tally.oldest_s = time_s;
        if (time_s > tally.newest_s)
            tally.newest_s = time_s;
        tally.valid++;
    }
    *out = tally;
    return tally.valid >= threshold
               ? OK
               : why_set(why, ERR_NO_QUORUM, "a threshold of witnesses cosigned", tally.valid, NULL,
                         NULL);
}

/* The log's own signature, type 0x01, is copied as it stands. */
static void append_log_signature(struct buf *out, const struct note *base,
                                 const struct cosigner *log)
{
    uint8_t key_id[KEY_ID_BYTES];
    note_key_id(log->name, &log->key, key_id);
    for (unsigned i = 0; i < base->count; i++) {
        const struct note_signature *candidate = &base->signatures[i];
        if (span_equal(candidate->name, log->name) &&
            memcmp(candidate->key_id, key_id, sizeof(key_id)) == 0) {
            append_line(out, log->name, key_id, candidate->blob);
            return;
        }
    }
}

static enum err append_newest(struct buf *out, const struct note *base, const struct note *other,
                              const struct cosigner *cosigner, uint64_t latest_s)
{
    const struct note *const notes[2] = {base, other};
    const struct note_signature *newest = NULL;
    uint64_t newest_s = 0;
    for (unsigned i = 0; i < 2; i++) {
        unsigned index;
        uint64_t time_s;
        enum err err = find_newest(notes[i], cosigner, latest_s, &index, &time_s, NULL);
        if (err == ERR_NO_MEMORY)
            return err;
        if (err != OK || (newest != NULL && time_s <= newest_s))
            continue;
        newest = &notes[i]->signatures[index];
        newest_s = time_s;
    }
    if (newest != NULL)
        append_line(out, newest->name, newest->key_id, newest->blob);
    return OK;
}

enum err cosignature_merge(const struct note *base, const struct note *other,
                           const struct cosigner *log, const struct cosigner *cosigners,
                           unsigned count, uint64_t latest_s, struct buf *out, struct why *why)
{
    if (!span_equal(base->text, other->text))
        return why_set(why, ERR_BAD_NOTE, "cosignatures are on one text", 0, NULL, NULL);
    TRY(note_verify(base, log->name, &log->key, why));
    TRY(buf_check(out));
    size_t start = out->len;
    buf_append_span(out, base->text);
    buf_append_byte(out, '\n');
    append_log_signature(out, base, log);
    enum err err = OK;
    for (unsigned i = 0; err == OK && i < count; i++)
        err = append_newest(out, base, other, &cosigners[i], latest_s);
    return rolled_back(out, start, err);
}

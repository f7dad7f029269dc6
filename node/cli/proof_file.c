/* Writing and verifying proof files. */
#include "node/cli/proof_file.h"

#include "proto/base/hash_text.h"
#include "proto/json/jcs.h"

void proof_file_init(struct proof_file *file)
{
    *file = (struct proof_file){.index = 0};
    buf_init(&file->text, PROOF_FILE_BYTES_MAX);
    buf_init(&file->note, NOTE_BYTES_MAX);
    tape_init(&file->tape);
    tape_init(&file->record_tape);
}

void proof_file_clear(struct proof_file *file)
{
    buf_clear(&file->text);
    buf_clear(&file->note);
    tape_clear(&file->tape);
    tape_clear(&file->record_tape);
}

enum err proof_file_write(const struct proof_parts *parts, struct buf *out)
{
    struct hash leaf = merkle_leaf_hash(parts->line);
    buf_append_cstr(out, "{\"checkpoint\":");
    jcs_append_string(out, parts->note);
    buf_append_cstr(out, ",\"index\":");
    buf_append_u64(out, parts->index);
    buf_append_cstr(out, ",\"leaf\":");
    hash_text_append_json(out, &leaf);
    buf_append_cstr(out, ",\"origin\":");
    jcs_append_string(out, parts->origin);
    buf_append_cstr(out, ",\"proof\":[");
    for (unsigned i = 0; i < parts->proof->count; i++) {
        if (i > 0)
            buf_append_byte(out, ',');
        hash_text_append_json(out, &parts->proof->hashes[i]);
    }
    buf_append_cstr(out, "],\"record\":");
    buf_append_span(out, parts->line);
    buf_append_cstr(out, ",\"size\":");
    buf_append_u64(out, parts->size);
    buf_append_byte(out, '}');
    return buf_check(out);
}

/* The value of a member of the file that must have this type; TAPE_NONE after a refusal. */
static uint32_t member(const struct proof_file *file, const char *name, enum tape_type type,
                       struct why *why)
{
    uint32_t token = tape_member(&file->tape, buf_span(&file->text), 0, span_cstr(name));
    if (token != TAPE_NONE && file->tape.tokens[token].type == type)
        return token;
    (void)why_set(why, ERR_SYNTAX, "proof file: its seven members", 0, name,
                  token == TAPE_NONE ? "nothing" : "a value of another type");
    return TAPE_NONE;
}

static struct span text_of(const struct proof_file *file, uint32_t token)
{
    return tape_text(&file->tape, buf_span(&file->text), token);
}

static enum err read_number(const struct proof_file *file, const char *name, uint64_t *out,
                            struct why *why)
{
    uint32_t token = member(file, name, TAPE_NUMBER, why);
    if (token == TAPE_NONE)
        return ERR_SYNTAX;
    struct cursor cursor = cursor_of(text_of(file, token));
    *out = cursor_u64(&cursor);
    if (cursor.failed || !cursor_at_end(&cursor))
        return why_set(why, ERR_SYNTAX, "proof file: its seven members", 0, name,
                       "not a whole number");
    return OK;
}

static enum err read_hash(const struct proof_file *file, uint32_t token, const char *name,
                          struct hash *out, struct why *why)
{
    if (file->tape.tokens[token].type == TAPE_STRING && hash_text_read(text_of(file, token), out))
        return OK;
    return why_set(why, ERR_SYNTAX, "proof file: hashes are base64 of 32 bytes", 0, name,
                   "something else");
}

static enum err read_proof(struct proof_file *file, struct why *why)
{
    uint32_t array = member(file, "proof", TAPE_ARRAY, why);
    if (array == TAPE_NONE)
        return ERR_SYNTAX;
    uint32_t count = file->tape.tokens[array].count;
    if (count > MERKLE_PROOF_HASHES_MAX)
        return why_set(why, ERR_LIMIT, "proof file: hashes of the proof", 0, "at most 128", "more");
    for (uint32_t i = 0; i < count; i++)
        TRY(read_hash(file, array + 1 + i, "proof", &file->proof.hashes[i], why));
    file->proof.count = count;
    return OK;
}

/* The file's own history, decoded; empty when there is none. */
static enum err read_history(struct proof_file *file, struct buf *out, struct why *why)
{
    struct span text = buf_span(&file->text);
    uint32_t token = tape_member(&file->tape, text, 0, SPAN_LITERAL("history"));
    if (token == TAPE_NONE)
        return OK;
    if (file->tape.tokens[token].type != TAPE_STRING)
        return why_set(why, ERR_SYNTAX, "proof file: history is a did.jsonl", 0, "a string", NULL);
    tape_append_decoded(&file->tape, text, token, out);
    return buf_check(out);
}

static enum err find_keys(struct proof_file *file, const struct proof_keys *keys,
                          struct log_keys *out, struct why *why)
{
    struct buf history;
    if (keys == NULL)
        return log_keys_of_did_key(file->origin, out, why);
    buf_init(&history, PROOF_FILE_BYTES_MAX);
    enum err err = read_history(file, &history, why);
    if (err == OK)
        err = keys->find(keys->ctx, file->origin, buf_span(&history), out, why);
    buf_clear(&history);
    return err;
}

static enum err verify_checkpoint(struct proof_file *file, const struct proof_keys *keys,
                                  struct why *why)
{
    uint32_t origin = member(file, "origin", TAPE_STRING, why);
    uint32_t note = member(file, "checkpoint", TAPE_STRING, why);
    if (origin == TAPE_NONE || note == TAPE_NONE)
        return ERR_SYNTAX;
    struct checkpoint checkpoint;
    struct log_keys known;
    const struct log_key *by;
    uint64_t size;
    file->origin = text_of(file, origin);
    tape_append_decoded(&file->tape, buf_span(&file->text), note, &file->note);
    TRY(buf_check(&file->note));
    log_keys_init(&known);
    enum err err = find_keys(file, keys, &known, why);
    if (err == OK)
        err = log_keys_open(&known, file->origin, buf_span(&file->note), &checkpoint, &by, why);
    if (err == OK)
        file->retired = !log_key_is_current(&known, by);
    log_keys_clear(&known);
    TRY(err);
    TRY(read_number(file, "size", &size, why));
    if (size != checkpoint.head.size)
        return why_set(why, ERR_BAD_PROOF, "proof file: size is the checkpoint's", 0, NULL, NULL);
    file->head = checkpoint.head;
    return OK;
}

static enum err verify_record(struct proof_file *file, struct why *why)
{
    uint32_t record = member(file, "record", TAPE_OBJECT, why);
    uint32_t leaf = member(file, "leaf", TAPE_STRING, why);
    if (record == TAPE_NONE || leaf == TAPE_NONE)
        return ERR_SYNTAX;
    struct span line = text_of(file, record);
    struct hash said;
    TRY(record_read(line, &file->record_tape, &file->record, why));
    TRY(read_hash(file, leaf, "leaf", &said, why));
    file->leaf = merkle_leaf_hash(line);
    if (!hash_equal(&said, &file->leaf))
        return why_set(why, ERR_BAD_PROOF, "RFC 9162, 2.1.1: leaf is the hash of the record", 0,
                       NULL, "the record was changed");
    return OK;
}

static enum err canonicalise(struct proof_file *file, struct span text, struct why *why)
{
    static const struct tape_limits limits = {.bytes_max = PROOF_FILE_BYTES_MAX,
                                              .depth_max = JSON_DEPTH_MAX + 1};
    struct jcs *jcs = jcs_new();
    if (jcs == NULL)
        return ERR_NO_MEMORY;
    enum err err = jcs_canonicalise(jcs, text, &limits, &file->text, why);
    jcs_free(jcs);
    TRY(err);
    TRY(tape_scan(&file->tape, buf_span(&file->text), &limits, why));
    if (file->tape.tokens[0].type != TAPE_OBJECT)
        return why_set(why, ERR_SYNTAX, "proof file: its seven members", 0, "an object", NULL);
    return OK;
}

enum err proof_file_verify(struct proof_file *file, struct span text, const struct proof_keys *keys,
                           struct why *why)
{
    TRY(canonicalise(file, text, why));
    TRY(verify_record(file, why));
    TRY(verify_checkpoint(file, keys, why));
    TRY(read_number(file, "index", &file->index, why));
    TRY(read_proof(file, why));
    enum err err = file->index < file->head.size
                       ? merkle_check_inclusion(&file->leaf, file->index, &file->head, &file->proof)
                       : ERR_BAD_PROOF;
    return err == OK ? OK
                     : why_set(why, err, "RFC 9162, 2.1.3.2: the leaf stands at its index", 0, NULL,
                               NULL);
}

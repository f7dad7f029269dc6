/* A fault and the head that both histories share. */
#include "proto/log/fault_bundle.h"

#include "proto/base/hash_text.h"

static const struct tape_limits limits = {FAULT_BUNDLE_BYTES_MAX, 5};

static enum err refuse(struct why *why, const char *rule)
{
    return why_set(why, ERR_BAD_FAULT, rule, 0, NULL, NULL);
}

/* ---- written ---- */

static void append_hash(struct buf *out, const struct hash *hash)
{
    uint8_t text[HASH_TEXT_BYTES];
    hash_text_write(hash, text);
    buf_append_byte(out, '"');
    buf_append(out, text, sizeof(text));
    buf_append_byte(out, '"');
}

static void append_proof(struct buf *out, const char *name, const struct merkle_proof *proof)
{
    buf_append_cstr(out, name);
    for (unsigned i = 0; i < proof->count; i++) {
        if (i > 0)
            buf_append_byte(out, ',');
        append_hash(out, &proof->hashes[i]);
    }
    buf_append_byte(out, ']');
}

enum err fault_bundle_append(struct buf *out, struct span fault, const struct fault_common *common)
{
    buf_append_byte(out, '{');
    if (common != NULL && common->head.size > 0) {
        append_proof(out, "\"common\":{\"first\":[", &common->to_first);
        buf_append_cstr(out, ",\"root\":");
        append_hash(out, &common->head.root);
        append_proof(out, ",\"second\":[", &common->to_second);
        buf_append_cstr(out, ",\"size\":");
        buf_append_u64(out, common->head.size);
        buf_append_cstr(out, "},");
    }
    buf_append_cstr(out, "\"fault\":");
    buf_append_span(out, fault);
    buf_append_byte(out, '}');
    return buf_check(out);
}

/* ---- read ---- */

struct reader {
    struct tape tape;
    struct span text;
    struct why *why;
};

static uint32_t member(const struct reader *reader, uint32_t object, const char *key,
                       enum tape_type type)
{
    uint32_t value = tape_member(&reader->tape, reader->text, object, span_cstr(key));
    return value != TAPE_NONE && reader->tape.tokens[value].type == type ? value : TAPE_NONE;
}

static bool read_hash(const struct reader *reader, uint32_t token, struct hash *out)
{
    return reader->tape.tokens[token].type == TAPE_STRING &&
           hash_text_read(tape_text(&reader->tape, reader->text, token), out);
}

static bool read_proof(const struct reader *reader, uint32_t list, struct merkle_proof *out)
{
    if (list == TAPE_NONE || reader->tape.tokens[list].count > MERKLE_PROOF_HASHES_MAX)
        return false;
    out->count = reader->tape.tokens[list].count;
    for (unsigned i = 0; i < out->count; i++)
        if (!read_hash(reader, list + 1 + i, &out->hashes[i]))
            return false;
    return true;
}

static enum err read_common(const struct reader *reader, uint32_t object, struct fault_common *out)
{
    uint32_t root = member(reader, object, "root", TAPE_STRING);
    uint32_t size = member(reader, object, "size", TAPE_NUMBER);
    if (reader->tape.tokens[object].count != 4 || root == TAPE_NONE || size == TAPE_NONE ||
        !read_hash(reader, root, &out->head.root) ||
        !read_proof(reader, member(reader, object, "first", TAPE_ARRAY), &out->to_first) ||
        !read_proof(reader, member(reader, object, "second", TAPE_ARRAY), &out->to_second))
        return refuse(reader->why, "common has first, root, second and size");
    struct cursor cursor = cursor_of(tape_text(&reader->tape, reader->text, size));
    out->head.size = cursor_u64(&cursor);
    if (cursor.failed || !cursor_at_end(&cursor) || out->head.size == 0)
        return refuse(reader->why, "common has a size of 1 or more");
    return OK;
}

static enum err read_bundle(struct reader *reader, struct fault_common *common,
                            struct span *text_out)
{
    common->head.size = 0;
    *text_out = reader->text;
    TRY(tape_scan(&reader->tape, reader->text, &limits, reader->why));
    const struct tape_token *all = &reader->tape.tokens[0];
    if (all->type != TAPE_OBJECT || all->count == 0)
        return refuse(reader->why, "a fault, or an object with fault and common");
    uint32_t fault = member(reader, 0, "fault", TAPE_OBJECT);
    if (fault == TAPE_NONE)
        return OK; /* a fault alone, or nothing of the kind */
    *text_out = tape_text(&reader->tape, reader->text, fault);
    if (all->count == 1)
        return OK;
    uint32_t object = member(reader, 0, "common", TAPE_OBJECT);
    if (all->count != 2 || object == TAPE_NONE)
        return refuse(reader->why, "a bundle has fault and common alone");
    return read_common(reader, object, common);
}

static enum err check_common(const struct fault *fault, const struct fault_common *common,
                             struct why *why)
{
    if (common->head.size == 0)
        return OK;
    bool holds = merkle_check_consistency(&common->head, &fault->first, &common->to_first) == OK &&
                 merkle_check_consistency(&common->head, &fault->second, &common->to_second) == OK;
    return holds ? OK : refuse(why, "RFC 9162, 2.1.4.2: both heads extend the common one");
}

enum err fault_bundle_read(struct span bytes, struct buf *notes, struct fault *fault_out,
                           struct fault_common *common_out, struct span *text_out, struct why *why)
{
    struct reader reader = {.text = bytes, .why = why};
    struct fault_common common;
    struct span text;
    struct fault fault;
    tape_init(&reader.tape);
    enum err err = read_bundle(&reader, &common, &text);
    tape_clear(&reader.tape);
    TRY(err);
    TRY(fault_read(text, notes, &fault, why));
    TRY(check_common(&fault, &common, why));
    *fault_out = fault;
    *common_out = common;
    *text_out = text;
    return OK;
}

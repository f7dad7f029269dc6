/* Two heads and, between sizes, the link that shows that they exclude each other. */
#include "proto/log/fault.h"

#include "proto/base/base64.h"
#include "proto/base/hash_text.h"
#include "proto/identity/multikey.h"
#include "proto/json/jcs.h"

#define TYPE "maillon/fork@1"

static const struct tape_limits limits = {FAULT_BYTES_MAX, 4};

static enum err refuse(struct why *why, const char *rule)
{
    return why_set(why, ERR_BAD_FAULT, rule, 0, NULL, NULL);
}

/* Do two signed heads of one log exclude each other? */
static enum err check_heads(const struct merkle_head *first, const struct merkle_head *second,
                            const struct fault_link *link, struct why *why)
{
    if (first->size == second->size) {
        if (link != NULL)
            return refuse(why, "heads of one size need no root and proof");
        return hash_equal(&first->root, &second->root)
                   ? refuse(why, "two heads of one size have two roots")
                   : OK;
    }
    CHECK(first->size < second->size);
    if (link == NULL || first->size == 0)
        return refuse(why, "heads of two sizes, the smaller not empty, need a root and a proof");
    const struct merkle_head other = {.size = first->size, .root = link->other_root};
    if (merkle_check_consistency(&other, second, &link->proof) != OK)
        return refuse(why, "RFC 9162, 2.1.4.2: the larger head extends the other root");
    return hash_equal(&link->other_root, &first->root)
               ? refuse(why, "the larger tree had another root at the smaller size")
               : OK;
}

/* Both checkpoints are of one origin and signed by the key under its name. */
static enum err open_both(struct span a, struct span b, const struct public_key *key,
                          struct checkpoint *first, struct checkpoint *second, struct why *why)
{
    struct note note;
    TRY(note_read(a, &note, why));
    TRY(checkpoint_read(note.text, first, why));
    TRY(checkpoint_open(a, first->origin, key, first, why));
    return checkpoint_open(b, first->origin, key, second, why);
}

/* ---- written ---- */

/* The note with its text and the log's own signature alone. Not more than it was. */
static enum err append_reduced(struct buf *out, struct span bytes, struct span origin,
                               const struct public_key *key)
{
    struct note note;
    struct signature signature;
    uint8_t key_id[4];
    TRY(note_read(bytes, &note, NULL));
    note_key_id(origin, key, key_id);
    buf_append_span(out, note.text);
    buf_append_byte(out, '\n');
    for (unsigned i = 0; i < note.count; i++) {
        const struct note_signature *own = &note.signatures[i];
        if (!span_equal(own->name, origin) || memcmp(own->key_id, key_id, sizeof(key_id)) != 0)
            continue;
        memcpy(signature.bytes, own->blob.data, sizeof(signature.bytes)); /* it was verified */
        note_append_signature(out, origin, key, &signature);
        return buf_check(out);
    }
    BUG("a note that was verified has the signature");
}

static enum err append_note(struct buf *out, const char *name, struct span bytes,
                            struct span origin, const struct public_key *key)
{
    struct buf reduced;
    buf_init(&reduced, NOTE_BYTES_MAX + 200);
    enum err err = append_reduced(&reduced, bytes, origin, key);
    if (err == OK) {
        buf_append_cstr(out, name);
        jcs_append_string(out, buf_span(&reduced));
    }
    buf_clear(&reduced);
    return err;
}

static void append_link(struct buf *out, const struct fault_link *link)
{
    buf_append_cstr(out, ",\"proof\":[");
    for (unsigned i = 0; i < link->proof.count; i++) {
        if (i > 0)
            buf_append_byte(out, ',');
        hash_text_append_json(out, &link->proof.hashes[i]);
    }
    buf_append_cstr(out, "],\"root\":");
    hash_text_append_json(out, &link->other_root);
}

static enum err append_fault(struct buf *out, struct span first, struct span second,
                             struct span origin, const struct public_key *key,
                             const struct fault_link *link)
{
    TRY(append_note(out, "{\"first\":", first, origin, key));
    buf_append_cstr(out, ",\"key\":\"");
    multikey_append(out, key);
    buf_append_byte(out, '"');
    if (link != NULL)
        append_link(out, link);
    TRY(append_note(out, ",\"second\":", second, origin, key));
    buf_append_cstr(out, ",\"type\":\"" TYPE "\"}");
    return buf_check(out);
}

enum err fault_append(struct buf *out, struct span a, struct span b, const struct public_key *key,
                      const struct fault_link *link, struct why *why)
{
    struct checkpoint first;
    struct checkpoint second;
    TRY(open_both(a, b, key, &first, &second, why));
    bool swapped = first.head.size > second.head.size;
    TRY(swapped ? check_heads(&second.head, &first.head, link, why)
                : check_heads(&first.head, &second.head, link, why));
    TRY(buf_check(out));
    size_t start = out->len;
    enum err err = append_fault(out, swapped ? b : a, swapped ? a : b, first.origin, key, link);
    if (err != OK) {
        out->len = start;
        out->failed = OK;
    }
    return err;
}

/* ---- read ---- */

struct reader {
    struct tape tape;
    struct span text;
    struct why *why;
};

static uint32_t member(const struct reader *reader, const char *key, enum tape_type type)
{
    uint32_t value = tape_member(&reader->tape, reader->text, 0, span_cstr(key));
    return value != TAPE_NONE && reader->tape.tokens[value].type == type ? value : TAPE_NONE;
}

static bool read_hash(const struct reader *reader, uint32_t token, struct hash *out)
{
    return reader->tape.tokens[token].type == TAPE_STRING &&
           hash_text_read(tape_text(&reader->tape, reader->text, token), out);
}

static enum err read_link(const struct reader *reader, struct fault_link *out)
{
    uint32_t root = member(reader, "root", TAPE_STRING);
    uint32_t list = member(reader, "proof", TAPE_ARRAY);
    if (root == TAPE_NONE || list == TAPE_NONE || !read_hash(reader, root, &out->other_root))
        return refuse(reader->why, "root is a hash and proof an array of hashes");
    out->proof.count = reader->tape.tokens[list].count;
    if (out->proof.count > MERKLE_PROOF_HASHES_MAX)
        return refuse(reader->why, "RFC 6962: at most 128 hashes in a proof");
    for (unsigned i = 0; i < out->proof.count; i++)
        if (!read_hash(reader, list + 1 + i, &out->proof.hashes[i]))
            return refuse(reader->why, "root is a hash and proof an array of hashes");
    return OK;
}

/* Four members, or six with a link: nothing unknown can stand there. */
static enum err read_fault(struct reader *reader, struct buf *notes, struct fault *out)
{
    struct fault_link link;
    struct checkpoint first;
    struct checkpoint second;
    const struct tape *tape = &reader->tape;
    TRY(tape_scan(&reader->tape, reader->text, &limits, reader->why));
    unsigned count = tape->tokens[0].type == TAPE_OBJECT ? tape->tokens[0].count : 0;
    uint32_t first_note = count == 0 ? TAPE_NONE : member(reader, "first", TAPE_STRING);
    uint32_t second_note = count == 0 ? TAPE_NONE : member(reader, "second", TAPE_STRING);
    uint32_t key = count == 0 ? TAPE_NONE : member(reader, "key", TAPE_STRING);
    uint32_t type = count == 0 ? TAPE_NONE : member(reader, "type", TAPE_STRING);
    if (first_note == TAPE_NONE || second_note == TAPE_NONE || key == TAPE_NONE ||
        type == TAPE_NONE || !span_is(tape_text(tape, reader->text, type), TYPE))
        return refuse(reader->why, "an object with first, second, key and type " TYPE);
    bool has_link = count == 6;
    if (count != 4 && !has_link)
        return refuse(reader->why, "no member but those of a fork");
    if (has_link)
        TRY(read_link(reader, &link));
    TRY(multikey_read(tape_text(tape, reader->text, key), &out->key, reader->why));
    buf_reset(notes);
    tape_append_decoded(tape, reader->text, first_note, notes);
    size_t split = notes->len;
    tape_append_decoded(tape, reader->text, second_note, notes);
    TRY(buf_check(notes));
    struct span both = buf_span(notes);
    TRY(open_both(span_part(both, 0, split), span_part(both, split, both.len), &out->key, &first,
                  &second, reader->why));
    if (first.head.size > second.head.size)
        return refuse(reader->why, "first is the smaller");
    TRY(check_heads(&first.head, &second.head, has_link ? &link : NULL, reader->why));
    out->origin = first.origin;
    out->first = first.head;
    out->second = second.head;
    out->has_other_root = has_link;
    out->other_root = has_link ? link.other_root : first.head.root;
    return OK;
}

enum err fault_read(struct span bytes, struct buf *notes, struct fault *out, struct why *why)
{
    struct reader reader = {.text = bytes, .why = why};
    struct fault fault;
    tape_init(&reader.tape);
    enum err err = read_fault(&reader, notes, &fault);
    tape_clear(&reader.tape);
    if (err == OK)
        *out = fault;
    return err;
}

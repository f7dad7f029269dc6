#include "proto/log/checkpoint.h"

#include "proto/base/hash_text.h"

void checkpoint_append_text(struct buf *out, struct span origin, const struct merkle_head *head)
{
    uint8_t root[HASH_TEXT_BYTES];
    hash_text_write(&head->root, root);
    buf_append_span(out, origin);
    buf_append_byte(out, '\n');
    buf_append_u64(out, head->size);
    buf_append_byte(out, '\n');
    buf_append(out, root, sizeof(root));
    buf_append_byte(out, '\n');
}

enum err checkpoint_read(struct span text, struct checkpoint *out, struct why *why)
{
    struct cursor cursor = cursor_of(text);
    out->origin = cursor_until(&cursor, '\n');
    out->head.size = cursor_u64(&cursor);
    cursor_expect(&cursor, "\n");
    struct span root = cursor_until(&cursor, '\n');
    if (cursor.failed || out->origin.len == 0 || !hash_text_read(root, &out->head.root))
        return why_set(why, ERR_BAD_NOTE,
                       "C2SP tlog-checkpoint: origin, size and base64 root, a line each",
                       cursor.position, NULL, NULL);
    while (!cursor_at_end(&cursor)) {
        struct span extension = cursor_until(&cursor, '\n');
        if (cursor.failed || extension.len == 0)
            return why_set(why, ERR_BAD_NOTE, "C2SP tlog-checkpoint: extension lines are not empty",
                           cursor.position, NULL, NULL);
    }
    return OK;
}

enum err checkpoint_open(struct span bytes, struct span origin, const struct public_key *key,
                         struct checkpoint *out, struct why *why)
{
    struct note note;
    TRY(note_read(bytes, &note, why));
    TRY(checkpoint_read(note.text, out, why));
    if (!span_equal(out->origin, origin))
        return why_set(why, ERR_BAD_NOTE,
                       "C2SP tlog-checkpoint: the first line is the log's origin", 0, NULL, NULL);
    return note_verify(&note, origin, key, why);
}

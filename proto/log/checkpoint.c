/* Checkpoints: what the text of a note says about a log. */
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
    struct checkpoint read;
    struct cursor cursor = cursor_of(text);
    read.origin = cursor_until(&cursor, '\n');
    read.head.size = cursor_u64(&cursor);
    cursor_expect(&cursor, "\n");
    struct span root = cursor_until(&cursor, '\n');
    if (cursor.failed || read.origin.len == 0 || !hash_text_read(root, &read.head.root))
        return why_set(why, ERR_BAD_NOTE,
                       "C2SP tlog-checkpoint: origin, size and base64 root, a line each",
                       cursor.position, NULL, NULL);
    while (!cursor_at_end(&cursor)) {
        struct span extension = cursor_until(&cursor, '\n');
        if (cursor.failed || extension.len == 0)
            return why_set(why, ERR_BAD_NOTE, "C2SP tlog-checkpoint: extension lines are not empty",
                           cursor.position, NULL, NULL);
    }
    *out = read;
    return OK;
}

enum err checkpoint_open(struct span bytes, struct span origin, const struct public_key *key,
                         struct checkpoint *out, struct why *why)
{
    struct note note;
    struct checkpoint read;
    TRY(note_read(bytes, &note, why));
    TRY(checkpoint_read(note.text, &read, why));
    if (!span_equal(read.origin, origin))
        return why_set(why, ERR_BAD_NOTE,
                       "C2SP tlog-checkpoint: the first line is the log's origin", 0, NULL, NULL);
    TRY(note_verify(&note, origin, key, why));
    *out = read; /* not before it is known who says so */
    return OK;
}

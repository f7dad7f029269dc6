/* A merge of two sorted lists of members. */
#include "proto/json/edit.h"

#include "proto/json/key_order.h"

static void append_member(struct buf *out, bool *first, struct span key, struct span value)
{
    if (!*first)
        buf_append_byte(out, ',');
    *first = false;
    buf_append_byte(out, '"');
    buf_append_span(out, key);
    buf_append_cstr(out, "\":");
    buf_append_span(out, value);
}

struct span edit_value_text(const struct tape *tape, struct span text, uint32_t index)
{
    struct span inner = tape_text(tape, text, index);
    if (tape->tokens[index].type == TAPE_STRING)
        return span_of(inner.data - 1, inner.len + 2);
    return inner;
}

void edit_append_object(struct buf *out, const struct tape *tape, struct span text, uint32_t object,
                        const struct edit_member *changes, unsigned count)
{
    CHECK(tape->tokens[object].type == TAPE_OBJECT);
    for (unsigned i = 1; i < count; i++)
        CHECK(key_order_escaped(changes[i - 1].key, changes[i].key) < 0);
    bool first = true;
    unsigned change = 0;
    uint32_t at = object + 1;
    buf_append_byte(out, '{');
    for (uint32_t left = tape->tokens[object].count; left > 0 || change < count;) {
        int order = left == 0 ? 1
                    : change == count
                        ? -1
                        : key_order_escaped(tape_text(tape, text, at), changes[change].key);
        if (order < 0)
            append_member(out, &first, tape_text(tape, text, at),
                          edit_value_text(tape, text, at + 1));
        else if (changes[change].value.data != NULL)
            append_member(out, &first, changes[change].key, changes[change].value);
        if (order <= 0) {
            at = tape->tokens[at + 1].next;
            left--;
        }
        if (order >= 0)
            change++;
    }
    buf_append_byte(out, '}');
}

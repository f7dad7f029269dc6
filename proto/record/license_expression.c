/* SPDX expressions (SPDX 2.3, annex D): read, with WITH binding before AND and AND before OR, and
 * written back. */
#include "proto/record/license.h"

#define RULE "SPDX 2.3, annex D: licence expressions"

struct reader {
    struct span text;
    size_t position;
    unsigned depth;
    struct license *out;
    struct why *why;
};

static enum err refuse(const struct reader *reader, const char *expected)
{
    struct span rest = span_part(reader->text, reader->position, 32);
    char found[33];
    if (rest.len > 0)
        memcpy(found, rest.data, rest.len);
    found[rest.len] = '\0';
    return why_set(reader->why, ERR_SYNTAX, RULE, reader->position, expected,
                   rest.len == 0 ? "the end" : found);
}

static bool is_id_byte(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '+' || c == ':';
}

static void skip_spaces(struct reader *reader)
{
    while (reader->position < reader->text.len && reader->text.data[reader->position] == ' ')
        reader->position++;
}

/* The word at the position, not consumed; empty at a bracket or the end. */
static struct span peek_word(struct reader *reader)
{
    skip_spaces(reader);
    size_t end = reader->position;
    while (end < reader->text.len && is_id_byte(reader->text.data[end]))
        end++;
    return span_part(reader->text, reader->position, end - reader->position);
}

static bool is_operator(struct span word)
{
    return span_is(word, "AND") || span_is(word, "OR") || span_is(word, "WITH");
}

/* Takes the operator when it is there. */
static bool take_operator(struct reader *reader, const char *name)
{
    struct span word = peek_word(reader);
    if (!span_is(word, name))
        return false;
    reader->position += word.len;
    return true;
}

static bool take_byte(struct reader *reader, uint8_t byte)
{
    skip_spaces(reader);
    if (reader->position == reader->text.len || reader->text.data[reader->position] != byte)
        return false;
    reader->position++;
    return true;
}

static enum err take_id(struct reader *reader, const char *expected, struct span *out)
{
    struct span word = peek_word(reader);
    if (word.len == 0 || is_operator(word) || word.data[0] == '+' || word.data[0] == ':')
        return refuse(reader, expected);
    reader->position += word.len;
    *out = word;
    return OK;
}

static enum err add_node(struct reader *reader, struct license_node node, uint8_t *out)
{
    if (reader->out->count == LICENSE_NODES_MAX)
        return why_set(reader->why, ERR_LIMIT, RULE, reader->position, "fewer licences", NULL);
    *out = (uint8_t)reader->out->count;
    reader->out->nodes[reader->out->count++] = node;
    return OK;
}

static enum err read_or(struct reader *reader, uint8_t *out);

static enum err read_term(struct reader *reader, uint8_t *out)
{
    if (take_byte(reader, '(')) {
        if (++reader->depth > LICENSE_DEPTH_MAX)
            return why_set(reader->why, ERR_LIMIT, RULE, reader->position, "fewer brackets", NULL);
        TRY(read_or(reader, out));
        if (!take_byte(reader, ')'))
            return refuse(reader, "AND, OR or a closing bracket");
        reader->depth--;
        return OK;
    }
    struct license_node node = {.join = LICENSE_TERM};
    TRY(take_id(reader, "the id of a licence", &node.id));
    if (take_operator(reader, "WITH"))
        TRY(take_id(reader, "the id of an exception", &node.exception));
    return add_node(reader, node, out);
}

static enum err read_and(struct reader *reader, uint8_t *out)
{
    TRY(read_term(reader, out));
    while (take_operator(reader, "AND")) {
        struct license_node node = {.join = LICENSE_AND, .left = *out};
        TRY(read_term(reader, &node.right));
        TRY(add_node(reader, node, out));
    }
    return OK;
}

static enum err read_or(struct reader *reader, uint8_t *out)
{
    TRY(read_and(reader, out));
    while (take_operator(reader, "OR")) {
        struct license_node node = {.join = LICENSE_OR, .left = *out};
        TRY(read_and(reader, &node.right));
        TRY(add_node(reader, node, out));
    }
    return OK;
}

enum err license_parse(struct span text, struct license *out, struct why *why)
{
    struct license read;
    read.count = 0;
    struct reader reader = {.text = text, .out = &read, .why = why};
    if (text.len > LICENSE_BYTES_MAX)
        return why_set(why, ERR_LIMIT, RULE, LICENSE_BYTES_MAX, "at most 256 bytes", NULL);
    TRY(read_or(&reader, &read.root));
    skip_spaces(&reader);
    if (reader.position != text.len)
        return refuse(&reader, "AND, OR, WITH or the end");
    *out = read;
    return OK;
}

static void append_node(const struct license *license, uint8_t at, bool inside_and, struct buf *out)
{
    const struct license_node *node = &license->nodes[at];
    if (node->join == LICENSE_TERM) {
        buf_append_span(out, node->id);
        if (node->exception.len > 0) {
            buf_append_cstr(out, " WITH ");
            buf_append_span(out, node->exception);
        }
        return;
    }
    bool is_and = node->join == LICENSE_AND;
    bool brackets = inside_and && !is_and;
    buf_append_cstr(out, brackets ? "(" : "");
    append_node(license, node->left, is_and, out);
    buf_append_cstr(out, is_and ? " AND " : " OR ");
    append_node(license, node->right, is_and, out);
    buf_append_cstr(out, brackets ? ")" : "");
}

void license_append(const struct license *license, struct buf *out)
{
    append_node(license, license->root, false, out);
}

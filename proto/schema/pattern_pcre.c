/* Writes PCRE2's syntax. Every set is spelled out, so that nothing depends on PCRE2's tables of
 * characters but \b, which is ASCII without UCP, as ECMA-262 has it. */
#include "proto/schema/pattern_pcre.h"

#include "proto/base/text.h"

struct writer {
    struct buf *out;
    const struct ecma_tree *tree;
    bool keep_groups;
};

static void append_code_point(struct buf *out, uint32_t code_point)
{
    static const char hex[] = "0123456789abcdef";
    bool plain = (code_point >= '0' && code_point <= '9') ||
                 (code_point >= 'A' && code_point <= 'Z') ||
                 (code_point >= 'a' && code_point <= 'z');
    if (code_point >= 0x80) {
        uint8_t bytes[4];
        buf_append(out, bytes, text_encode(code_point, bytes));
    } else if (plain) {
        buf_append_byte(out, (uint8_t)code_point);
    } else {
        buf_append_cstr(out, "\\x");
        buf_append_byte(out, (uint8_t)hex[code_point >> 4]);
        buf_append_byte(out, (uint8_t)hex[code_point & 15]);
    }
}

static void append_property(struct buf *out, const struct ecma_property *property)
{
    buf_append_cstr(out, property->negated ? "\\P{" : "\\p{");
    buf_append_cstr(out, property->prefix);
    buf_append_span(out, property->name);
    buf_append_byte(out, '}');
}

static void append_set(struct buf *out, const struct ecma_tree *tree, const struct ecma_node *node)
{
    const struct ecma_range *ranges = tree->ranges + node->range_first;
    bool empty = node->range_count == 0 && node->property_count == 0;
    if (!node->negated && node->property_count == 0 && node->range_count == 1 &&
        ranges[0].first == ranges[0].last) {
        append_code_point(out, ranges[0].first);
        return;
    }
    if (empty) {
        buf_append_cstr(out, node->negated ? "." : "[^\\x{0}-\\x{10ffff}]");
        return;
    }
    buf_append_cstr(out, node->negated ? "[^" : "[");
    for (uint32_t i = 0; i < node->range_count; i++) {
        append_code_point(out, ranges[i].first);
        if (ranges[i].last != ranges[i].first) {
            buf_append_byte(out, '-');
            append_code_point(out, ranges[i].last);
        }
    }
    for (uint32_t i = 0; i < node->property_count; i++)
        append_property(out, &tree->properties[node->property_first + i]);
    buf_append_byte(out, ']');
}

static void append_quantifier(struct buf *out, const struct ecma_node *node)
{
    if (node->min == 1 && node->max == 1)
        return;
    buf_append_byte(out, '{');
    buf_append_u64(out, node->min);
    if (node->max != node->min) {
        buf_append_byte(out, ',');
        if (node->max != ECMA_UNBOUNDED)
            buf_append_u64(out, node->max);
    }
    buf_append_byte(out, '}');
    if (node->lazy)
        buf_append_byte(out, '?');
}

static void append_alternatives(const struct writer *writer, uint32_t at);

static void append_group(const struct writer *writer, const struct ecma_node *node)
{
    struct buf *out = writer->out;
    if (node->kind == ECMA_LOOK) {
        buf_append_cstr(out, node->behind ? "(?<" : "(?");
        buf_append_byte(out, node->negated ? '!' : '=');
    } else {
        buf_append_cstr(out, node->index != 0 && writer->keep_groups ? "(" : "(?:");
    }
    append_alternatives(writer, node->child);
    buf_append_byte(out, ')');
}

static void append_term(const struct writer *writer, const struct ecma_node *node)
{
    struct buf *out = writer->out;
    switch (node->kind) {
    case ECMA_SET:
        append_set(out, writer->tree, node);
        break;
    case ECMA_GROUP:
    case ECMA_LOOK:
        append_group(writer, node);
        break;
    case ECMA_BACK:
        buf_append_cstr(out, "\\g{");
        buf_append_u64(out, node->index);
        buf_append_byte(out, '}');
        break;
    case ECMA_START:
        buf_append_byte(out, '^');
        break;
    case ECMA_END:
        buf_append_byte(out, '$');
        break;
    case ECMA_BOUNDARY:
        buf_append_cstr(out, node->negated ? "\\B" : "\\b");
        break;
    case ECMA_ALTERNATIVES:
    case ECMA_SEQUENCE:
        BUG("no term");
    }
    append_quantifier(out, node);
}

/* As deep as the expression, which PATTERN_DEPTH_MAX bounds. */
static void append_alternatives(const struct writer *writer, uint32_t at)
{
    const struct ecma_tree *tree = writer->tree;
    uint32_t sequence = tree->nodes[at].child;
    for (; sequence != ECMA_NONE; sequence = tree->nodes[sequence].next) {
        if (sequence != tree->nodes[at].child)
            buf_append_byte(writer->out, '|');
        uint32_t term = tree->nodes[sequence].child;
        for (; term != ECMA_NONE; term = tree->nodes[term].next)
            append_term(writer, &tree->nodes[term]);
    }
}

void pattern_pcre_append(struct buf *out, const struct ecma_tree *tree, bool keep_groups)
{
    CHECK(keep_groups || !tree->has_back);
    const struct writer writer = {.out = out, .tree = tree, .keep_groups = keep_groups};
    append_alternatives(&writer, tree->root);
}

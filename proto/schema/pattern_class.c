/* Sets of code points in expressions: [...], '.', and the escapes. ECMA-262, 22.2.1 and 22.2.2.9.
 */
#include "proto/schema/pattern_read.h"

static const struct ecma_range digits[] = {{'0', '9'}};
static const struct ecma_range words[] = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
/* WhiteSpace and LineTerminator. */
static const struct ecma_range spaces[] = {
    {0x09, 0x0D},     {0x20, 0x20},     {0xA0, 0xA0},     {0x1680, 0x1680}, {0x2000, 0x200A},
    {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}, {0xFEFF, 0xFEFF},
};
static const struct ecma_range line_ends[] = {{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static void add_part(struct pattern_reader *reader, uint32_t node, uint32_t first, uint32_t last)
{
    struct ecma_tree *tree = reader->tree;
    if (first > last)
        return;
    CHECK(tree->range_count < 6 * tree->source.len + 8);
    tree->ranges[tree->range_count++] = (struct ecma_range){first, last};
    tree->nodes[node].range_count++;
}

/* Without the surrogates: a lone one is a legal literal that no subject holds. */
static void add_range(struct pattern_reader *reader, uint32_t node, uint32_t first, uint32_t last)
{
    add_part(reader, node, first, last < 0xD800 ? last : 0xD7FF);
    add_part(reader, node, first > 0xDFFF ? first : 0xE000, last);
}

static void add_table(struct pattern_reader *reader, uint32_t node, const struct ecma_range *table,
                      size_t count, bool negated)
{
    uint32_t next = 0;
    for (size_t i = 0; i < count; i++) {
        if (negated)
            add_range(reader, node, next, table[i].first - 1);
        else
            add_range(reader, node, table[i].first, table[i].last);
        next = table[i].last + 1;
    }
    if (negated)
        add_range(reader, node, next, ECMA_CODE_POINT_MAX);
}

uint32_t read_set_new(struct pattern_reader *reader, size_t position)
{
    return read_node_new(reader, ECMA_SET, position);
}

uint32_t read_literal(struct pattern_reader *reader, size_t position, uint32_t code_point)
{
    uint32_t node = read_set_new(reader, position);
    if (code_point != READ_END)
        add_range(reader, node, code_point, code_point);
    return node;
}

uint32_t read_any(struct pattern_reader *reader)
{
    uint32_t node = read_set_new(reader, reader->position);
    (void)read_accept(reader, ".");
    add_table(reader, node, line_ends, COUNT(line_ends), false);
    reader->tree->nodes[node].negated = true;
    return node;
}

/* \p{...} and \P{...}, at the letter. */
static void add_property(struct pattern_reader *reader, uint32_t node)
{
    size_t position = reader->position;
    bool negated = read_next(reader) == 'P';
    size_t start = reader->position + 1;
    size_t end = start;
    bool found = false;
    struct ecma_property property;
    if (read_accept(reader, "{")) {
        while (read_byte(reader, 0) != '}' && read_next(reader) != READ_END)
            ;
        end = reader->position;
        found = read_accept(reader, "}") &&
                ecma_property_find(span_part(reader->source, start, end - start), &property);
    }
    if (!found) {
        read_fail(reader, ERR_BAD_PATTERN, position,
                  "ECMA-262, 22.2.1.1: no such Unicode property, as it is spelled",
                  "p{L}, p{Letter}, p{Script=Latin}, p{Alphabetic}");
        return;
    }
    property.negated = property.negated != negated;
    struct ecma_tree *tree = reader->tree;
    if (property.prefix[0] != '\0' && tree->property_at == ECMA_NONE)
        tree->property_at = (uint32_t)position - 1;
    tree->properties[tree->property_count++] = property;
    tree->nodes[node].property_count++;
}

/* \d \D \w \W \s \S \p \P at the letter, added to the set. False where it is another escape. */
static bool add_set_escape(struct pattern_reader *reader, uint32_t node)
{
    uint8_t c = read_byte(reader, 0);
    switch (c) {
    case 'd':
    case 'D':
        add_table(reader, node, digits, COUNT(digits), c == 'D');
        break;
    case 'w':
    case 'W':
        add_table(reader, node, words, COUNT(words), c == 'W');
        break;
    case 's':
    case 'S':
        add_table(reader, node, spaces, COUNT(spaces), c == 'S');
        break;
    case 'p':
    case 'P':
        add_property(reader, node);
        return true;
    default:
        return false;
    }
    reader->position++;
    return true;
}

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Exactly so many hexadecimal digits; nothing is consumed and READ_END returned otherwise. */
static uint32_t read_hex(struct pattern_reader *reader, unsigned count)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < count; i++) {
        int digit = hex_value(read_byte(reader, i));
        if (digit < 0)
            return READ_END;
        value = value << 4 | (uint32_t)digit;
    }
    reader->position += count;
    return value;
}

/* After \u: {H...}, HHHH, or a pair of surrogates as two such escapes. */
static uint32_t read_unicode(struct pattern_reader *reader)
{
    if (read_accept(reader, "{")) {
        uint32_t value = 0;
        size_t start = reader->position;
        for (int digit = hex_value(read_byte(reader, 0)); digit >= 0;
             digit = hex_value(read_byte(reader, 0))) {
            if (value <= ECMA_CODE_POINT_MAX)
                value = value << 4 | (uint32_t)digit;
            reader->position++;
        }
        bool some = reader->position > start;
        if (!read_accept(reader, "}") || !some || value > ECMA_CODE_POINT_MAX)
            return READ_END;
        return value;
    }
    uint32_t high = read_hex(reader, 4);
    if (high < 0xD800 || high > 0xDBFF)
        return high;
    size_t after_high = reader->position;
    if (!read_accept(reader, "\\u"))
        return high;
    uint32_t low = read_hex(reader, 4);
    if (low >= 0xDC00 && low <= 0xDFFF)
        return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
    reader->position = after_high;
    return high;
}

static bool is_ascii_letter(uint32_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_ascii_punctuation(uint32_t c)
{
    return c > ' ' && c < 0x7F && !is_ascii_letter(c) && !(c >= '0' && c <= '9');
}

/* An escape that stands for one code point, at the byte after the backslash. */
static uint32_t read_character_escape(struct pattern_reader *reader)
{
    size_t position = reader->position;
    uint32_t c = read_next(reader);
    uint32_t value = READ_END;
    switch (c) {
    case 't':
        return '\t';
    case 'n':
        return '\n';
    case 'v':
        return '\v';
    case 'f':
        return '\f';
    case 'r':
        return '\r';
    case '0':
        if (read_byte(reader, 0) < '0' || read_byte(reader, 0) > '9')
            return 0;
        break;
    case 'c':
        if (is_ascii_letter(read_byte(reader, 0)))
            return read_next(reader) & 0x1F;
        break;
    case 'x':
        value = read_hex(reader, 2);
        break;
    case 'u':
        value = read_unicode(reader);
        break;
    default:
        if (is_ascii_punctuation(c))
            return c;
        break;
    }
    if (value == READ_END)
        read_fail(reader, ERR_BAD_PATTERN, position == 0 ? 0 : position - 1,
                  "ECMA-262, 22.2.1: this is no escape in Unicode mode",
                  "b B d D s S w W p{} P{} t n v f r 0 cX xHH uHHHH u{H} or punctuation");
    return value;
}

uint32_t read_set_escape(struct pattern_reader *reader)
{
    size_t position = reader->position - 1;
    uint32_t node = read_set_new(reader, position);
    if (add_set_escape(reader, node))
        return node;
    uint32_t code_point = read_character_escape(reader);
    if (code_point != READ_END)
        add_range(reader, node, code_point, code_point);
    return node;
}

/* One atom of a class: a code point, or READ_END where it was a set, added already. */
static uint32_t read_class_atom(struct pattern_reader *reader, uint32_t node)
{
    if (!read_accept(reader, "\\"))
        return read_next(reader);
    if (add_set_escape(reader, node))
        return READ_END;
    if (read_accept(reader, "b"))
        return '\b';
    return read_character_escape(reader);
}

static void read_class_range(struct pattern_reader *reader, uint32_t node)
{
    size_t position = reader->position;
    uint32_t first = read_class_atom(reader, node);
    bool is_range = read_byte(reader, 0) == '-' && read_byte(reader, 1) != ']';
    if (!is_range) {
        if (first != READ_END)
            add_range(reader, node, first, first);
        return;
    }
    (void)read_accept(reader, "-");
    uint32_t last = read_class_atom(reader, node);
    if (first == READ_END || last == READ_END)
        read_fail(reader, ERR_BAD_PATTERN, position,
                  "ECMA-262, 22.2.1.1: a set is no end of a range; a hyphen after it is escaped",
                  "\\-, or the hyphen last");
    else if (first > last)
        read_fail(reader, ERR_BAD_PATTERN, position,
                  "ECMA-262, 22.2.1.1: a range of a class is in order", NULL);
    else
        add_range(reader, node, first, last);
}

uint32_t read_class(struct pattern_reader *reader)
{
    size_t position = reader->position;
    uint32_t node = read_set_new(reader, position);
    (void)read_accept(reader, "[");
    reader->tree->nodes[node].negated = read_accept(reader, "^");
    while (read_peek(reader) != READ_END && read_peek(reader) != ']')
        read_class_range(reader, node);
    if (!read_accept(reader, "]"))
        read_fail(reader, ERR_BAD_PATTERN, position, "ECMA-262, 22.2.1: a class is closed", "]");
    return node;
}

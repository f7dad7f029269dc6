/* The parser of expressions: alternatives, groups, assertions, quantifiers, references. Sets and
 * the escapes that stand for them are in pattern_class.c. ECMA-262, 22.2.1, with +UnicodeMode and
 * +NamedCaptureGroups. */
#include "proto/schema/pattern_ecma.h"

#include <stdlib.h>

#include "proto/base/text.h"
#include "proto/limits.h"
#include "proto/schema/pattern_read.h"

uint32_t read_peek(const struct pattern_reader *reader)
{
    if (reader->err != OK || reader->position == reader->source.len)
        return READ_END;
    struct span rest = span_part(reader->source, reader->position, 4);
    return text_code_point(rest.data, text_sequence(rest));
}

uint8_t read_byte(const struct pattern_reader *reader, size_t ahead)
{
    if (reader->err != OK || reader->source.len - reader->position <= ahead)
        return 0;
    return reader->source.data[reader->position + ahead];
}

uint32_t read_next(struct pattern_reader *reader)
{
    uint32_t code_point = read_peek(reader);
    if (code_point != READ_END)
        reader->position += text_sequence(span_part(reader->source, reader->position, 4));
    return code_point;
}

bool read_accept(struct pattern_reader *reader, const char *text)
{
    struct span expected = span_cstr(text);
    if (reader->err != OK ||
        !span_starts_with(span_part(reader->source, reader->position, expected.len), expected))
        return false;
    reader->position += expected.len;
    return true;
}

void read_fail(struct pattern_reader *reader, enum err err, size_t position, const char *rule,
               const char *expected)
{
    if (reader->err != OK)
        return;
    char found[32] = {0};
    struct span rest = span_part(reader->source, position, sizeof(found) - 1);
    if (rest.len > 0)
        memcpy(found, rest.data, rest.len);
    reader->err = why_set(reader->why, err, rule, position, expected,
                          rest.len > 0 ? found : "the end of the expression");
}

static void refuse(struct pattern_reader *reader, size_t position, const char *rule,
                   const char *expected)
{
    read_fail(reader, ERR_BAD_PATTERN, position, rule, expected);
}

uint32_t read_node_new(struct pattern_reader *reader, enum ecma_kind kind, size_t position)
{
    struct ecma_tree *tree = reader->tree;
    CHECK(tree->node_count < 3 * tree->source.len + 8);
    tree->nodes[tree->node_count] = (struct ecma_node){
        .kind = kind,
        .min = 1,
        .max = 1,
        .position = (uint32_t)position,
        .child = ECMA_NONE,
        .next = ECMA_NONE,
        .range_first = tree->range_count,
        .property_first = tree->property_count,
    };
    return tree->node_count++;
}

static uint32_t read_alternatives(struct pattern_reader *reader);

/* What stands between '<' and '>'; the name's place is kept, references are resolved at the end. */
static void read_name(struct pattern_reader *reader, uint32_t node)
{
    size_t start = reader->position;
    for (;;) {
        uint32_t c = read_peek(reader);
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
        bool digit = c >= '0' && c <= '9' && reader->position > start;
        bool beyond_ascii = c >= 0x80 && c != READ_END;
        if (!letter && !digit && !beyond_ascii)
            break;
        (void)read_next(reader);
    }
    size_t end = reader->position;
    if (end == start || !read_accept(reader, ">"))
        refuse(reader, end, "ECMA-262, 22.2.1: a group's name is an identifier, written plainly",
               end == start ? "a letter" : ">");
    reader->tree->nodes[node].name_at = (uint32_t)start;
    reader->tree->nodes[node].name_len = (uint32_t)(end - start);
}

static void refuse_group(struct pattern_reader *reader, size_t position)
{
    const char *rule = "ECMA-262, 22.2.1: (?: (?= (?! (?<= (?<! (?<name> are all there is";
    uint8_t c = read_byte(reader, 2);
    if (c == 'P')
        rule = "ECMA-262: (?P is another dialect's; write (?<name>...) and \\k<name>";
    else if (c == '#')
        rule = "ECMA-262: there are no comments in expressions";
    else if (c == '>')
        rule = "ECMA-262: there are no atomic groups; write (?:...)";
    else if ((c >= 'a' && c <= 'z') || c == '-')
        rule = "ECMA-262: inline flags are not supported; write both cases in a class";
    refuse(reader, position, rule, "(?: (?= (?! (?<= (?<! or (?<name>");
}

static uint32_t read_group(struct pattern_reader *reader)
{
    size_t position = reader->position;
    struct ecma_tree *tree = reader->tree;
    uint32_t node = read_node_new(reader, ECMA_GROUP, position);
    bool captures = false;
    if (read_accept(reader, "(?:")) {
        tree->nodes[node].index = 0;
    } else if (read_accept(reader, "(?=") || read_accept(reader, "(?<=")) {
        tree->nodes[node].kind = ECMA_LOOK;
    } else if (read_accept(reader, "(?!") || read_accept(reader, "(?<!")) {
        tree->nodes[node].kind = ECMA_LOOK;
        tree->nodes[node].negated = true;
    } else if (read_accept(reader, "(?<")) {
        captures = true;
        read_name(reader, node);
    } else if (read_byte(reader, 1) == '?') {
        refuse_group(reader, position);
    } else {
        captures = true;
        (void)read_accept(reader, "(");
    }
    if (tree->nodes[node].kind == ECMA_LOOK && reader->source.data[position + 2] == '<') {
        tree->nodes[node].behind = true;
        if (tree->behind_at == ECMA_NONE)
            tree->behind_at = (uint32_t)position;
    }
    if (captures) {
        tree->nodes[node].index = ++tree->group_count;
        if (tree->group_count > PATTERN_GROUPS_MAX)
            read_fail(reader, ERR_LIMIT, position, "limits: capturing groups of one expression",
                      "(?:");
    }
    if (++reader->depth > PATTERN_DEPTH_MAX)
        read_fail(reader, ERR_LIMIT, position, "limits: nested groups of one expression", NULL);
    uint32_t inner = read_alternatives(reader);
    reader->depth--;
    tree->nodes[node].child = inner;
    if (!read_accept(reader, ")"))
        refuse(reader, reader->position, "ECMA-262, 22.2.1: a group is closed", ")");
    return node;
}

/* Digits as a number; what does not fit is far beyond any bound and stays there. */
static bool read_count(struct pattern_reader *reader, uint32_t *out)
{
    uint32_t value = 0;
    size_t start = reader->position;
    while (read_byte(reader, 0) >= '0' && read_byte(reader, 0) <= '9') {
        value = value > 1000000 ? value : value * 10 + (uint32_t)(read_byte(reader, 0) - '0');
        reader->position++;
    }
    *out = value;
    return reader->position > start;
}

static bool read_braces(struct pattern_reader *reader, uint32_t *min, uint32_t *max)
{
    if (!read_accept(reader, "{") || !read_count(reader, min))
        return false;
    *max = *min;
    if (read_accept(reader, ",") && !read_count(reader, max))
        *max = ECMA_UNBOUNDED;
    return read_accept(reader, "}");
}

static void read_quantifier(struct pattern_reader *reader, uint32_t node)
{
    size_t position = reader->position;
    uint32_t min = 1;
    uint32_t max = 1;
    if (read_accept(reader, "*")) {
        min = 0;
        max = ECMA_UNBOUNDED;
    } else if (read_accept(reader, "+")) {
        max = ECMA_UNBOUNDED;
    } else if (read_accept(reader, "?")) {
        min = 0;
    } else if (read_byte(reader, 0) == '{') {
        if (!read_braces(reader, &min, &max))
            refuse(reader, position, "ECMA-262, 22.2.1: a brace is a count, or is escaped: \\{",
                   "{n}, {n,} or {n,m}");
        if (max < min)
            refuse(reader, position, "ECMA-262, 22.2.1.1: a count's numbers are in order", NULL);
        if (min > PATTERN_COUNT_MAX || (max > PATTERN_COUNT_MAX && max != ECMA_UNBOUNDED))
            read_fail(reader, ERR_LIMIT, position, "limits: a count in an expression",
                      "at most 65535");
    } else {
        return;
    }
    struct ecma_node *n = &reader->tree->nodes[node];
    if (n->kind != ECMA_SET && n->kind != ECMA_GROUP && n->kind != ECMA_BACK)
        refuse(reader, position, "ECMA-262, 22.2.1: an assertion is not repeated", NULL);
    n->min = min;
    n->max = max;
    n->lazy = read_accept(reader, "?");
    if (read_byte(reader, 0) == '+')
        refuse(reader, reader->position, "ECMA-262: there are no possessive quantifiers", NULL);
}

static uint32_t read_escape(struct pattern_reader *reader)
{
    size_t position = reader->position;
    uint8_t c = read_byte(reader, 1);
    if (c == 'b' || c == 'B') {
        uint32_t node = read_node_new(reader, ECMA_BOUNDARY, position);
        reader->tree->nodes[node].negated = c == 'B';
        reader->position += 2;
        return node;
    }
    if (c >= '1' && c <= '9') {
        uint32_t node = read_node_new(reader, ECMA_BACK, position);
        reader->position++;
        (void)read_count(reader, &reader->tree->nodes[node].index);
        reader->tree->has_back = true;
        return node;
    }
    if (c == 'k') {
        uint32_t node = read_node_new(reader, ECMA_BACK, position);
        reader->tree->has_back = true;
        if (read_accept(reader, "\\k<"))
            read_name(reader, node);
        else
            refuse(reader, position, "ECMA-262, 22.2.1: \\k is followed by a name", "\\k<name>");
        return node;
    }
    reader->position++;
    return read_set_escape(reader);
}

static uint32_t read_term(struct pattern_reader *reader)
{
    size_t position = reader->position;
    switch (read_peek(reader)) {
    case '^':
        (void)read_next(reader);
        return read_node_new(reader, ECMA_START, position);
    case '$':
        (void)read_next(reader);
        return read_node_new(reader, ECMA_END, position);
    case '(':
        return read_group(reader);
    case '[':
        return read_class(reader);
    case '.':
        return read_any(reader);
    case '\\':
        return read_escape(reader);
    case '*':
    case '+':
    case '?':
        refuse(reader, position, "ECMA-262, 22.2.1: there is nothing to repeat",
               "a term before the quantifier, or a backslash");
        break;
    case '{':
    case '}':
    case ']':
        refuse(reader, position, "ECMA-262, 22.2.1: a lone bracket or brace is escaped",
               "a backslash before it");
        break;
    default:
        break;
    }
    return read_literal(reader, position, read_next(reader));
}

static uint32_t read_sequence(struct pattern_reader *reader)
{
    uint32_t sequence = read_node_new(reader, ECMA_SEQUENCE, reader->position);
    uint32_t last = ECMA_NONE;
    for (uint32_t c = read_peek(reader); c != READ_END && c != '|' && c != ')';
         c = read_peek(reader)) {
        uint32_t term = read_term(reader);
        read_quantifier(reader, term);
        struct ecma_node *nodes = reader->tree->nodes;
        if (last == ECMA_NONE)
            nodes[sequence].child = term;
        else
            nodes[last].next = term;
        last = term;
    }
    return sequence;
}

static uint32_t read_alternatives(struct pattern_reader *reader)
{
    uint32_t node = read_node_new(reader, ECMA_ALTERNATIVES, reader->position);
    uint32_t last = read_sequence(reader);
    reader->tree->nodes[node].child = last;
    while (read_accept(reader, "|")) {
        uint32_t sequence = read_sequence(reader);
        reader->tree->nodes[last].next = sequence;
        last = sequence;
    }
    return node;
}

static struct span name_of(const struct ecma_tree *tree, const struct ecma_node *node)
{
    return span_part(tree->source, node->name_at, node->name_len);
}

/* The number of the group of this name, 0 where there is none. Names are unique. */
static uint32_t find_group(const struct ecma_tree *tree, const struct ecma_node *asking)
{
    struct span name = name_of(tree, asking);
    for (uint32_t i = 0; i < tree->node_count; i++) {
        const struct ecma_node *node = &tree->nodes[i];
        if (node != asking && node->kind == ECMA_GROUP && node->name_len > 0 &&
            span_equal(name_of(tree, node), name))
            return node->index;
    }
    return 0;
}

static void resolve_names(struct pattern_reader *reader)
{
    struct ecma_tree *tree = reader->tree;
    uint32_t searches = 0;
    for (uint32_t i = 0; i < tree->node_count; i++) {
        struct ecma_node *node = &tree->nodes[i];
        uint32_t found = 0;
        if (node->name_len > 0) {
            found = find_group(tree, node);
            if (++searches > 2 * PATTERN_GROUPS_MAX)
                read_fail(reader, ERR_LIMIT, node->position, "limits: named references", NULL);
        }
        if (node->kind == ECMA_GROUP && found != 0)
            refuse(reader, node->position, "ECMA-262, 22.2.1.1: a group's name is given once",
                   NULL);
        if (node->kind != ECMA_BACK)
            continue;
        if (node->name_len > 0)
            node->index = found;
        if (node->index == 0 || node->index > tree->group_count)
            refuse(reader, node->position, "ECMA-262, 22.2.1.1: a reference is to a group",
                   "the number or name of a capturing group");
    }
}

static enum err parse(struct pattern_reader *reader)
{
    uint32_t root = read_alternatives(reader);
    reader->tree->root = root;
    if (reader->err == OK && reader->position < reader->source.len)
        refuse(reader, reader->position, "ECMA-262, 22.2.1: a closing parenthesis has no opening",
               "the end, or \\)");
    if (reader->err == OK)
        resolve_names(reader);
    return reader->err;
}

enum err ecma_parse(struct span source, struct ecma_tree *out, struct why *why)
{
    if (source.len > PATTERN_BYTES_MAX)
        return why_set(why, ERR_LIMIT, "limits: bytes of one expression", PATTERN_BYTES_MAX, NULL,
                       NULL);
    if (!text_is_utf8(source))
        return why_set(why, ERR_BAD_TEXT, "an expression is UTF-8", 0, NULL, NULL);
    /* A byte of source makes at most three nodes, six ranges (\s in a class) and one property. */
    struct ecma_tree tree = {
        .source = source,
        .nodes = malloc((3 * source.len + 8) * sizeof(struct ecma_node)),
        .ranges = malloc((6 * source.len + 8) * sizeof(struct ecma_range)),
        .properties = malloc((source.len + 1) * sizeof(struct ecma_property)),
        .behind_at = ECMA_NONE,
        .property_at = ECMA_NONE,
    };
    enum err err = ERR_NO_MEMORY;
    if (tree.nodes != NULL && tree.ranges != NULL && tree.properties != NULL) {
        struct pattern_reader reader = {.tree = &tree, .source = source, .why = why};
        err = parse(&reader);
    }
    if (err != OK) {
        ecma_clear(&tree);
        return err;
    }
    *out = tree;
    return OK;
}

void ecma_clear(struct ecma_tree *tree)
{
    free(tree->nodes);
    free(tree->ranges);
    free(tree->properties);
    *tree = (struct ecma_tree){.root = ECMA_NONE};
}

/* Semantic versions (semver.org 2.0.0): which are well-formed, which is higher. */
#include "proto/schema/pack.h"

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* Up to the next of these two bytes, or the end. */
static struct span until(struct cursor *cursor, uint8_t a, uint8_t b)
{
    size_t start = cursor->position;
    while (!cursor_at_end(cursor) && cursor->input.data[cursor->position] != a &&
           cursor->input.data[cursor->position] != b)
        cursor->position++;
    return span_part(cursor->input, start, cursor->position - start);
}

static bool is_number(struct span text)
{
    if (text.len == 0 || text.len > 9 || (text.len > 1 && text.data[0] == '0'))
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (!is_digit(text.data[i]))
            return false;
    return true;
}

static bool is_digits(struct span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!is_digit(text.data[i]))
            return false;
    return text.len > 0;
}

static bool identifier_is_valid(struct span text, bool numbers_are_plain)
{
    if (text.len == 0)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (!is_digit(c) && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && c != '-')
            return false;
    }
    return !numbers_are_plain || !is_digits(text) || is_number(text);
}

static bool identifiers_are_valid(struct span text, bool numbers_are_plain)
{
    struct cursor cursor = cursor_of(text);
    for (;;) {
        if (!identifier_is_valid(until(&cursor, '.', '.'), numbers_are_plain))
            return false;
        if (cursor_at_end(&cursor))
            return true;
        cursor.position++;
    }
}

struct version {
    struct span numbers[3];
    struct span pre;
};

static bool version_read(struct span text, struct version *out)
{
    if (text.len > 64)
        return false;
    struct cursor cursor = cursor_of(text);
    struct span core = until(&cursor, '-', '+');
    struct cursor numbers = cursor_of(core);
    for (unsigned i = 0; i < 3; i++) {
        out->numbers[i] = until(&numbers, '.', '.');
        if (!is_number(out->numbers[i]) || (cursor_at_end(&numbers) != (i == 2)))
            return false;
        numbers.position++;
    }
    out->pre = span_of(NULL, 0);
    if (!cursor_at_end(&cursor) && cursor.input.data[cursor.position] == '-') {
        cursor.position++;
        out->pre = until(&cursor, '+', '+');
        if (!identifiers_are_valid(out->pre, true))
            return false;
    }
    if (cursor_at_end(&cursor))
        return true;
    cursor.position++;
    return identifiers_are_valid(cursor_rest(&cursor), false);
}

bool pack_version_is_valid(struct span version)
{
    struct version ignored;
    return version_read(version, &ignored);
}

/* Both without leading zeros. */
static int compare_numbers(struct span a, struct span b)
{
    if (a.len != b.len)
        return a.len < b.len ? -1 : 1;
    return memcmp(a.data, b.data, a.len);
}

static int compare_identifiers(struct span a, struct span b)
{
    if (is_digits(a) && is_digits(b))
        return compare_numbers(a, b);
    if (is_digits(a) != is_digits(b))
        return is_digits(a) ? -1 : 1;
    int order = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_pre(struct span a, struct span b)
{
    if (a.len == 0 || b.len == 0)
        return (a.len == 0) - (b.len == 0);
    struct cursor left = cursor_of(a);
    struct cursor right = cursor_of(b);
    for (;;) {
        int order = compare_identifiers(until(&left, '.', '.'), until(&right, '.', '.'));
        if (order != 0)
            return order;
        if (cursor_at_end(&left) || cursor_at_end(&right))
            return cursor_at_end(&right) - cursor_at_end(&left);
        left.position++;
        right.position++;
    }
}

int pack_version_compare(struct span a, struct span b)
{
    struct version left;
    struct version right;
    CHECK(version_read(a, &left) && version_read(b, &right));
    for (unsigned i = 0; i < 3; i++) {
        int order = compare_numbers(left.numbers[i], right.numbers[i]);
        if (order != 0)
            return order;
    }
    return compare_pre(left.pre, right.pre);
}

/* Pointers into JSON. */
#include "proto/schema/format_parts.h"

bool format_json_pointer(struct span text)
{
    if (text.len == 0)
        return true;
    if (text.data[0] != '/')
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] == '~' && byte_at(text, i + 1) != '0' && byte_at(text, i + 1) != '1')
            return false;
    return true;
}

/* A number without leading zeros; the place after it, 0 where there is none. */
static size_t take_number(struct span text, size_t at)
{
    size_t start = at;
    while (is_digit(byte_at(text, at)))
        at++;
    bool leading_zero = at - start > 1 && text.data[start] == '0';
    return at == start || leading_zero ? 0 : at;
}

bool format_relative_json_pointer(struct span text)
{
    size_t at = take_number(text, 0);
    if (at == 0)
        return false;
    struct span rest = span_part(text, at, text.len);
    return span_is(rest, "#") || format_json_pointer(rest);
}

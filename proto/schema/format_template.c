/* URI templates, RFC 6570, section 2. */
#include "proto/schema/format_parts.h"

#include "proto/base/text.h"

/* Bytes of one literal at a place, 0 where there is none. Erratum 6937 gives the apostrophe back.
 */
static size_t take_literal(struct span text, size_t at)
{
    uint8_t c = text.data[at];
    if (format_is_percent(text, at))
        return 3;
    if (c < 0x80)
        return c > ' ' && c < 0x7F && !is_among(c, "\"%<>\\^`{|}") ? 1 : 0;
    size_t bytes = text_sequence(span_part(text, at, 4));
    uint32_t code_point = bytes == 0 ? 0 : text_code_point(text.data + at, bytes);
    return format_is_ucschar(code_point) || format_is_iprivate(code_point) ? bytes : 0;
}

static size_t take_varchar(struct span text, size_t at)
{
    uint8_t c = byte_at(text, at);
    if (format_is_percent(text, at))
        return 3;
    return is_letter(c) || is_digit(c) || c == '_' ? 1 : 0;
}

/* A name with its modifier; the place after it, 0 where there is none. */
static size_t take_varspec(struct span text, size_t at)
{
    size_t taken = take_varchar(text, at);
    if (taken == 0)
        return 0;
    while (taken > 0) {
        at += taken;
        size_t dot = byte_at(text, at) == '.' ? 1 : 0;
        taken = take_varchar(text, at + dot);
        taken += taken > 0 ? dot : 0;
    }
    if (byte_at(text, at) == '*')
        return at + 1;
    if (byte_at(text, at) != ':')
        return at;
    at++;
    size_t start = at;
    while (is_digit(byte_at(text, at)) && at - start < 4)
        at++;
    return at == start || text.data[start] == '0' ? 0 : at;
}

/* {...} at its brace; the place after it, 0 where there is none. */
static size_t take_expression(struct span text, size_t at)
{
    at++;
    if (is_among(byte_at(text, at), "+#./;?&=,!@|"))
        at++;
    for (;;) {
        at = take_varspec(text, at);
        if (at == 0)
            return 0;
        if (byte_at(text, at) == '}')
            return at + 1;
        if (byte_at(text, at++) != ',')
            return 0;
    }
}

bool format_uri_template(struct span utf8)
{
    size_t at = 0;
    while (at < utf8.len) {
        if (utf8.data[at] == '{') {
            at = take_expression(utf8, at);
            if (at == 0)
                return false;
            continue;
        }
        size_t taken = take_literal(utf8, at);
        if (taken == 0)
            return false;
        at += taken;
    }
    return true;
}

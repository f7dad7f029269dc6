#include "proto/json/string.h"

static const char rule_grammar[] = "RFC 8259, 7: strings";
static const char rule_minimal[] = "RFC 8785, 3.2.2.2: only what must be escaped is, in lower case";

static uint32_t hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return (uint32_t)(c - '0');
    uint8_t lower = c | 0x20;
    return lower >= 'a' && lower <= 'f' ? (uint32_t)(lower - 'a' + 10) : UINT32_MAX;
}

uint32_t string_hex4(const uint8_t *at, const uint8_t *end)
{
    if (end - at < 4)
        return UINT32_MAX;
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
        uint32_t digit = hex_value(at[i]);
        if (digit == UINT32_MAX)
            return UINT32_MAX;
        value = value << 4 | digit;
    }
    return value;
}

static bool is_surrogate(uint32_t unit)
{
    return (unit & 0xFFFFF800u) == 0xD800;
}

/* A surrogate escape is never canonical; alone it is not even text. */
static enum err surrogate_fault(uint32_t unit, const uint8_t *at, const uint8_t *end)
{
    uint32_t low = end - at >= 12 && at[6] == '\\' && at[7] == 'u' ? string_hex4(at + 8, end) : 0;
    bool pair = unit < 0xDC00 && low >= 0xDC00 && low <= 0xDFFF;
    return pair ? ERR_NOT_CANONICAL : ERR_BAD_TEXT;
}

static bool is_lower_hex(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static size_t unicode_escape(const uint8_t *at, const uint8_t *end, struct string_fault *fault)
{
    uint32_t unit = string_hex4(at + 2, end);
    if (unit == UINT32_MAX) {
        *fault = (struct string_fault){ERR_SYNTAX, at, rule_grammar, "four hexadecimal digits"};
        return 0;
    }
    if (is_surrogate(unit)) {
        enum err err = surrogate_fault(unit, at, end);
        *fault = (struct string_fault){
            err, at, err == ERR_BAD_TEXT ? "RFC 8785, 3.2.2.2: no lone surrogates" : rule_minimal,
            "the character itself in UTF-8"};
        return 0;
    }
    bool has_letter = unit == '\b' || unit == '\t' || unit == '\n' || unit == '\f' || unit == '\r';
    if (unit >= 0x20 || has_letter || !is_lower_hex(at[4]) || !is_lower_hex(at[5])) {
        *fault = (struct string_fault){ERR_NOT_CANONICAL, at, rule_minimal, "the shortest form"};
        return 0;
    }
    return 6;
}

size_t string_escape(const uint8_t *at, const uint8_t *end, struct string_fault *fault)
{
    if (at == end) {
        *fault = (struct string_fault){ERR_SYNTAX, at, rule_grammar, "a closing quote"};
        return 0;
    }
    if (*at != '\\') {
        *fault = (struct string_fault){ERR_SYNTAX, at,
                                       "RFC 8259, 7: control characters are escaped", "an escape"};
        return 0;
    }
    uint8_t letter = end - at >= 2 ? at[1] : 0;
    switch (letter) {
    case '"':
    case '\\':
    case 'b':
    case 't':
    case 'n':
    case 'f':
    case 'r':
        return 2;
    case 'u':
        return unicode_escape(at, end, fault);
    case '/':
        *fault =
            (struct string_fault){ERR_NOT_CANONICAL, at, rule_minimal, "/ without a backslash"};
        return 0;
    default:
        *fault = (struct string_fault){ERR_SYNTAX, at, rule_grammar, "an escape"};
        return 0;
    }
}

void string_append_escape(struct buf *out, uint8_t byte)
{
    static const char digits[] = "0123456789abcdef";
    char text[6] = {'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15]};
    size_t len = 2;
    switch (byte) {
    case '"':
    case '\\':
        text[1] = (char)byte;
        break;
    case '\b':
        text[1] = 'b';
        break;
    case '\t':
        text[1] = 't';
        break;
    case '\n':
        text[1] = 'n';
        break;
    case '\f':
        text[1] = 'f';
        break;
    case '\r':
        text[1] = 'r';
        break;
    default:
        len = sizeof(text);
    }
    buf_append(out, text, len);
}

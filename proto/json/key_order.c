#include "proto/json/key_order.h"

/* UTF-8 bytes are in the order of code points; so are UTF-16 units, but for the supplementary
 * planes (lead bytes F0 and above), whose surrogates come before U+E000 (lead bytes EE and EF). */
static int byte_order(uint8_t a, uint8_t b)
{
    bool apart = a >= 0xEE && b >= 0xEE && (a >= 0xF0) != (b >= 0xF0);
    return apart ? (int)b - (int)a : (int)a - (int)b;
}

int key_order_plain(struct span a, struct span b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    for (size_t i = 0; i < shorter; i++) {
        if (a.data[i] != b.data[i])
            return byte_order(a.data[i], b.data[i]);
    }
    return a.len < b.len ? -1 : a.len > b.len;
}

static uint8_t hex_digit(uint8_t c)
{
    return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

uint8_t key_order_unescape(struct span text, size_t *at)
{
    uint8_t letter = text.data[*at + 1];
    *at += 2;
    switch (letter) {
    case 'b':
        return '\b';
    case 't':
        return '\t';
    case 'n':
        return '\n';
    case 'f':
        return '\f';
    case 'r':
        return '\r';
    case 'u': { /* always \u00xx: the other characters stand for themselves */
        uint8_t value =
            (uint8_t)(hex_digit(text.data[*at + 2]) << 4 | hex_digit(text.data[*at + 3]));
        *at += 4;
        return value;
    }
    default:
        return letter;
    }
}

static uint8_t next_byte(struct span text, size_t *at)
{
    return text.data[*at] == '\\' ? key_order_unescape(text, at) : text.data[(*at)++];
}

int key_order_escaped(struct span a, struct span b)
{
    size_t i = 0;
    size_t j = 0;
    while (i < a.len && j < b.len) {
        uint8_t x = next_byte(a, &i);
        uint8_t y = next_byte(b, &j);
        if (x != y)
            return byte_order(x, y);
    }
    return i < a.len ? 1 : j < b.len ? -1 : 0;
}

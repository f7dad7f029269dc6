#include "proto/base/text.h"

static bool is_continuation(uint8_t byte)
{
    return (byte & 0xC0) == 0x80;
}

/* Unicode 15, table 3-7: the second byte has a narrower range after four of the lead bytes. */
size_t text_sequence(struct span text)
{
    if (text.len == 0)
        return 0;
    const uint8_t *p = text.data;
    uint8_t lead = p[0];
    if (lead < 0x80)
        return 1;
    if (lead < 0xC2 || lead > 0xF4 || text.len < 2)
        return 0;
    if (lead < 0xE0)
        return is_continuation(p[1]) ? 2 : 0;
    uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (text.len < 3 || p[1] < low || p[1] > high || !is_continuation(p[2]))
        return 0;
    if (lead < 0xF0)
        return 3;
    return text.len >= 4 && is_continuation(p[3]) ? 4 : 0;
}

bool text_is_utf8(struct span text)
{
    size_t at = 0;
    while (at < text.len) {
        size_t bytes = text_sequence(span_part(text, at, 4));
        if (bytes == 0)
            return false;
        at += bytes;
    }
    return true;
}

uint32_t text_code_point(const uint8_t *sequence, size_t bytes)
{
    if (bytes == 1)
        return sequence[0];
    uint32_t value = sequence[0] & (0x7Fu >> bytes);
    for (size_t i = 1; i < bytes; i++)
        value = value << 6 | (sequence[i] & 0x3Fu);
    return value;
}

size_t text_encode(uint32_t code_point, uint8_t out[4])
{
    CHECK(code_point <= 0x10FFFF && (code_point & 0xFFFFF800u) != 0xD800);
    if (code_point < 0x80) {
        out[0] = (uint8_t)code_point;
        return 1;
    }
    size_t bytes = code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    for (size_t i = bytes - 1; i > 0; i--) {
        out[i] = (uint8_t)(0x80 | (code_point & 0x3F));
        code_point >>= 6;
    }
    out[0] = (uint8_t)((0xF00u >> bytes & 0xFF) | code_point);
    return bytes;
}

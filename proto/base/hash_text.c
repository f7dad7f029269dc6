/* Base64 of exactly 32 bytes: ten groups of three, and two bytes with one padding sign. */
#include "proto/base/hash_text.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void hash_text_write(const struct hash *hash, uint8_t out[HASH_TEXT_BYTES])
{
    const uint8_t *in = hash->bytes;
    for (unsigned i = 0; i < 10; i++, in += 3, out += 4) {
        uint32_t group = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];
        out[0] = (uint8_t)alphabet[group >> 18];
        out[1] = (uint8_t)alphabet[group >> 12 & 63];
        out[2] = (uint8_t)alphabet[group >> 6 & 63];
        out[3] = (uint8_t)alphabet[group & 63];
    }
    uint32_t last = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8;
    out[0] = (uint8_t)alphabet[last >> 18];
    out[1] = (uint8_t)alphabet[last >> 12 & 63];
    out[2] = (uint8_t)alphabet[last >> 6 & 63];
    out[3] = '=';
}

/* 64 and more: not in the alphabet. */
static uint32_t value_of(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - (uint32_t)'A';
    if (c >= 'a' && c <= 'z')
        return c - (uint32_t)'a' + 26;
    if (c >= '0' && c <= '9')
        return c - (uint32_t)'0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : 64;
}

void hash_text_append_json(struct buf *out, const struct hash *hash)
{
    uint8_t text[HASH_TEXT_BYTES];
    hash_text_write(hash, text);
    buf_append_byte(out, '"');
    buf_append(out, text, sizeof(text));
    buf_append_byte(out, '"');
}

bool hash_text_read(struct span text, struct hash *out)
{
    if (text.len != HASH_TEXT_BYTES || text.data[HASH_TEXT_BYTES - 1] != '=')
        return false;
    struct hash hash;
    const uint8_t *in = text.data;
    uint8_t *to = hash.bytes;
    uint32_t seen = 0;
    for (unsigned i = 0; i < 10; i++, in += 4, to += 3) {
        uint32_t a = value_of(in[0]), b = value_of(in[1]), c = value_of(in[2]), d = value_of(in[3]);
        uint32_t group = a << 18 | b << 12 | c << 6 | d;
        seen |= a | b | c | d;
        to[0] = (uint8_t)(group >> 16);
        to[1] = (uint8_t)(group >> 8);
        to[2] = (uint8_t)group;
    }
    uint32_t a = value_of(in[0]), b = value_of(in[1]), c = value_of(in[2]);
    seen |= a | b | c;
    if (seen >= 64 || (c & 3) != 0)
        return false;
    to[0] = (uint8_t)(a << 2 | b >> 4);
    to[1] = (uint8_t)(b << 4 | c >> 2);
    *out = hash;
    return true;
}

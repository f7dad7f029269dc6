/* Numbers of up to 64 bytes, from base 256 to base 58 and back. */
#include "proto/base/base58.h"

static const char alphabet[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
#define DIGITS_MAX 90u /* 64 bytes are at most 88 digits */

void base58_append(struct buf *out, struct span data)
{
    CHECK(data.len <= BASE58_BYTES_MAX);
    uint8_t digits[DIGITS_MAX]; /* little-endian, base 58 */
    size_t count = 0;
    size_t zeros = 0;
    while (zeros < data.len && data.data[zeros] == 0)
        zeros++;
    for (size_t i = zeros; i < data.len; i++) {
        unsigned carry = data.data[i];
        for (size_t j = 0; j < count; j++) {
            carry += (unsigned)digits[j] << 8;
            digits[j] = (uint8_t)(carry % 58);
            carry /= 58;
        }
        for (; carry > 0; carry /= 58)
            digits[count++] = (uint8_t)(carry % 58);
    }
    while (zeros-- > 0)
        buf_append_byte(out, (uint8_t)alphabet[0]);
    while (count > 0)
        buf_append_byte(out, (uint8_t)alphabet[digits[--count]]);
}

enum err base58_decode(struct span text, struct buf *out)
{
    uint8_t bytes[BASE58_BYTES_MAX]; /* little-endian */
    size_t count = 0;
    size_t zeros = 0;
    TRY(buf_check(out));
    if (text.len > DIGITS_MAX)
        return ERR_LIMIT;
    while (zeros < text.len && text.data[zeros] == (uint8_t)alphabet[0])
        zeros++;
    for (size_t i = zeros; i < text.len; i++) {
        const char *digit = text.data[i] == 0 ? NULL : strchr(alphabet, text.data[i]);
        if (digit == NULL)
            return ERR_SYNTAX;
        unsigned carry = (unsigned)(digit - alphabet);
        for (size_t j = 0; j < count; j++) {
            carry += bytes[j] * 58u;
            bytes[j] = (uint8_t)carry;
            carry >>= 8;
        }
        for (; carry > 0; carry >>= 8) {
            if (count == sizeof(bytes))
                return ERR_LIMIT;
            bytes[count++] = (uint8_t)carry;
        }
    }
    if (zeros + count > BASE58_BYTES_MAX)
        return ERR_LIMIT;
    if (zeros + count == 0)
        return OK;
    uint8_t *room = buf_reserve(out, zeros + count);
    if (room == NULL)
        return buf_check(out);
    memset(room, 0, zeros);
    for (size_t i = 0; i < count; i++)
        room[zeros + i] = bytes[count - 1 - i];
    buf_commit(out, zeros + count);
    return OK;
}

/* Base64 by libsodium, held to one spelling. */
#include "proto/base/base64.h"

#include <sodium.h>

static void append(struct buf *out, struct span data, int variant)
{
    size_t room = sodium_base64_encoded_len(data.len, variant); /* with the terminator */
    uint8_t *text = buf_reserve(out, room);
    if (text == NULL)
        return;
    sodium_bin2base64((char *)text, room, data.data, data.len, variant);
    buf_commit(out, strlen((const char *)text));
}

/* libsodium 1.0.18 takes each byte from 0x80 on for a '/', where char is signed. */
static bool is_ascii(struct span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] >= 0x80)
            return false;
    return true;
}

static enum err decode(struct span text, struct buf *out, int variant)
{
    TRY(buf_check(out));
    if (text.len == 0)
        return OK;
    if (!is_ascii(text))
        return ERR_SYNTAX;
    size_t room = text.len / 4 * 3 + 3;
    uint8_t *bytes = buf_reserve(out, room);
    if (bytes == NULL)
        return buf_check(out);
    size_t len = 0;
    const char *end = NULL;
    if (sodium_base642bin(bytes, room, (const char *)text.data, text.len, NULL, &len, &end,
                          variant) != 0 ||
        end != (const char *)text.data + text.len)
        return ERR_SYNTAX;
    buf_commit(out, len);
    return OK;
}

void base64_append(struct buf *out, struct span data)
{
    append(out, data, sodium_base64_VARIANT_ORIGINAL);
}

void base64url_append(struct buf *out, struct span data)
{
    append(out, data, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

enum err base64_decode(struct span text, struct buf *out)
{
    return decode(text, out, sodium_base64_VARIANT_ORIGINAL);
}

enum err base64url_decode(struct span text, struct buf *out)
{
    return decode(text, out, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static bool decode_exact(struct span text, void *out, size_t len, int variant)
{
    size_t got = 0;
    const char *end = NULL;
    return text.len > 0 && is_ascii(text) &&
           sodium_base642bin(out, len, (const char *)text.data, text.len, NULL, &got, &end,
                             variant) == 0 &&
           got == len && end == (const char *)text.data + text.len;
}

bool base64_decode_exact(struct span text, void *out, size_t len)
{
    return decode_exact(text, out, len, sodium_base64_VARIANT_ORIGINAL);
}

bool base64url_decode_exact(struct span text, void *out, size_t len)
{
    return decode_exact(text, out, len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

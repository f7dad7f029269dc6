/* Keys and signatures as multibase text. */
#include "proto/identity/multikey.h"

#include "proto/base/base58.h"

static const uint8_t multicodec[2] = {0xED, 0x01}; /* ed25519-pub */
#define KEY_BYTES sizeof(((struct public_key *)NULL)->bytes)
#define MULTIKEY_BYTES (sizeof(multicodec) + KEY_BYTES)

void multibase_append(struct buf *out, struct span bytes)
{
    buf_append_byte(out, 'z');
    base58_append(out, bytes);
}

bool multibase_read_exact(struct span text, void *out, size_t len)
{
    if (text.len == 0 || text.data[0] != 'z')
        return false;
    struct buf bytes;
    buf_init(&bytes, BASE58_BYTES_MAX);
    bool holds = base58_decode(span_part(text, 1, text.len), &bytes) == OK && bytes.len == len;
    if (holds)
        memcpy(out, bytes.data, len);
    buf_clear(&bytes);
    return holds;
}

void multikey_append(struct buf *out, const struct public_key *key)
{
    uint8_t bytes[MULTIKEY_BYTES];
    memcpy(bytes, multicodec, sizeof(multicodec));
    memcpy(bytes + sizeof(multicodec), key->bytes, KEY_BYTES);
    multibase_append(out, span_of(bytes, sizeof(bytes)));
}

enum err multikey_read(struct span text, struct public_key *out, struct why *why)
{
    uint8_t bytes[MULTIKEY_BYTES];
    if (!multibase_read_exact(text, bytes, sizeof(bytes)) ||
        memcmp(bytes, multicodec, sizeof(multicodec)) != 0)
        return why_set(why, ERR_BAD_KEY, "Multikey: an Ed25519 public key (multicodec 0xed)", 0,
                       "z6Mk...", NULL);
    memcpy(out->bytes, bytes + sizeof(multicodec), KEY_BYTES);
    return OK;
}

/* Key files. Every byte that holds or leads to a secret stays in vault memory, file buffers
 * included. */
#include "keys/keyfile.h"

#include <errno.h>
#include <sodium.h>
#include <unistd.h>

#include "keys/file.h"
#include "keys/refusal.h"
#include "keys/vault.h"
#include "proto/base/base64.h"
#include "proto/identity/did.h"

/* RFC 9106, 4: the second recommended option, three passes over 64 MiB: runs on the smallest
 * server. */
#define SEAL_PASSES 3u
#define SEAL_MEMORY_KIB (64u * 1024u)
/* What a file may ask for, so that an altered one cannot hold the node for hours. */
#define PASSES_MAX 16u
#define MEMORY_KIB_MIN 8u
#define MEMORY_KIB_MAX (1024u * 1024u)

#define DID_KEY_PREFIX "did:key:"

static_assert(sizeof(((struct keyfile_text *)0)->salt) == crypto_pwhash_SALTBYTES, "salt");
static_assert(sizeof(((struct keyfile_text *)0)->nonce) ==
                  crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
              "nonce");
static_assert(sizeof(((struct keyfile_text *)0)->box) ==
                  32 + crypto_aead_xchacha20poly1305_ietf_ABYTES,
              "seed and tag");

/* Room for one text: read from the file, or on its way there. */
struct page {
    uint8_t bytes[PRIVATE_FILE_BYTES_MAX];
    size_t len;
};

static void put(struct page *page, const void *data, size_t len)
{
    CHECK(len < sizeof(page->bytes) - page->len);
    memcpy(page->bytes + page->len, data, len);
    page->len += len;
}

static void put_text(struct page *page, const char *text)
{
    put(page, text, strlen(text));
}

static void put_base64(struct page *page, const uint8_t *data, size_t len)
{
    size_t room = sodium_base64_encoded_len(len, sodium_base64_VARIANT_ORIGINAL);
    CHECK(room < sizeof(page->bytes) - page->len);
    (void)sodium_bin2base64((char *)page->bytes + page->len, room, data, len,
                            sodium_base64_VARIANT_ORIGINAL);
    page->len += room - 1;
}

static void put_number(struct page *page, uint64_t number)
{
    uint8_t digits[20];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (uint8_t)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    put(page, digits + at, sizeof(digits) - at);
}

static bool read_public(struct span multibase, struct public_key *out)
{
    char did[128] = DID_KEY_PREFIX;
    size_t prefix = sizeof(DID_KEY_PREFIX) - 1;
    if (multibase.len == 0 || multibase.len > sizeof(did) - prefix)
        return false;
    memcpy(did + prefix, multibase.data, multibase.len);
    return did_key_read(span_of(did, prefix + multibase.len), out, NULL) == OK;
}

/* A decimal number that ends at a space. */
static uint64_t read_number(struct cursor *cursor)
{
    uint64_t number = cursor_u64(cursor);
    cursor_expect(cursor, " ");
    return number;
}

static enum err parse_sealed(struct cursor *cursor, struct keyfile_text *out, struct why *why)
{
    cursor_expect(cursor, "argon2id ");
    uint64_t passes = read_number(cursor);
    uint64_t memory_kib = read_number(cursor);
    struct span salt = cursor_until(cursor, ' ');
    struct span nonce = cursor_until(cursor, ' ');
    size_t header_len = cursor->position;
    struct span box = cursor_until(cursor, '\n');
    if (cursor->failed || !cursor_at_end(cursor) ||
        !base64_decode_exact(salt, out->salt, sizeof(out->salt)) ||
        !base64_decode_exact(nonce, out->nonce, sizeof(out->nonce)) ||
        !base64_decode_exact(box, out->box, sizeof(out->box)))
        return refuse(why, REFUSAL_KEY_SYNTAX, "sealed argon2id ...", NULL);
    if (passes < 1 || passes > PASSES_MAX || memory_kib < MEMORY_KIB_MIN ||
        memory_kib > MEMORY_KIB_MAX)
        return refuse(why, REFUSAL_KEY_COSTS, "at most 16 passes over 1 GiB", NULL);
    out->sealed = true;
    out->passes = (uint32_t)passes;
    out->memory_kib = (uint32_t)memory_kib;
    out->header_len = header_len;
    return OK;
}

enum err keyfile_parse(struct span text, struct keyfile_text *out, struct why *why)
{
    struct cursor cursor = cursor_of(text);
    struct span version = cursor_until(&cursor, '\n');
    if (!cursor.failed && span_starts_with(version, SPAN_LITERAL("maillon-key ")) &&
        !span_is(version, "maillon-key 1"))
        return refuse(why, REFUSAL_KEY_NEWER, "maillon-key 1", NULL);
    if (cursor.failed || !span_is(version, "maillon-key 1"))
        return refuse(why, REFUSAL_KEY_SYNTAX, "maillon-key 1", NULL);
    cursor_expect(&cursor, "ed25519\n");
    struct span multibase = cursor_until(&cursor, '\n');
    struct span how = cursor_until(&cursor, ' ');
    if (cursor.failed || !read_public(multibase, &out->key))
        return refuse(why, REFUSAL_KEY_SYNTAX, "an Ed25519 key z6Mk...", NULL);
    if (span_is(how, "sealed"))
        return parse_sealed(&cursor, out, why);
    struct span seed = cursor_until(&cursor, '\n');
    if (!span_is(how, "secret") || cursor.failed || !cursor_at_end(&cursor) ||
        !base64_decode_exact(seed, out->seed, sizeof(out->seed)))
        return refuse(why, REFUSAL_KEY_SYNTAX, "secret or sealed", NULL);
    out->sealed = false;
    return OK;
}

/* The key of the box, from the passphrase: vault memory, or NULL without memory for Argon2id. */
static uint8_t *derive(const struct keyfile_text *text, const char *passphrase)
{
    uint8_t *key = vault_new(crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
    if (key == NULL)
        return NULL;
    if (crypto_pwhash(key, crypto_aead_xchacha20poly1305_ietf_KEYBYTES, passphrase,
                      strlen(passphrase), text->salt, text->passes, (size_t)text->memory_kib * 1024,
                      crypto_pwhash_ALG_ARGON2ID13) == 0)
        return key;
    vault_free(key);
    return NULL;
}

static bool passphrase_fits(const char *passphrase)
{
    size_t len = strnlen(passphrase, PASSPHRASE_BYTES_MAX + 1);
    return len >= 1 && len <= PASSPHRASE_BYTES_MAX;
}

static enum err open_box(struct keyfile_text *text, struct span header, const char *passphrase,
                         struct why *why)
{
    if (passphrase == NULL)
        return refuse(why, REFUSAL_PASSPHRASE_MISSING, NULL, NULL);
    if (!passphrase_fits(passphrase))
        return refuse(why, REFUSAL_PASSPHRASE_WRONG, NULL, NULL);
    uint8_t *key = derive(text, passphrase);
    if (key == NULL)
        return refuse(why, REFUSAL_NO_MEMORY, "memory for Argon2id", NULL);
    int failed = crypto_aead_xchacha20poly1305_ietf_decrypt(text->seed, NULL, NULL, text->box,
                                                            sizeof(text->box), header.data,
                                                            header.len, text->nonce, key);
    vault_free(key);
    return failed == 0 ? OK : refuse(why, REFUSAL_PASSPHRASE_WRONG, NULL, NULL);
}

static enum err expand(const struct keyfile_text *text, struct secret_key **out, struct why *why)
{
    struct secret_key *secret = vault_new(sizeof(*secret));
    if (secret == NULL)
        return refuse(why, REFUSAL_NO_MEMORY, NULL, NULL);
    struct public_key key;
    (void)crypto_sign_seed_keypair(key.bytes, secret->bytes, text->seed);
    if (memcmp(key.bytes, text->key.bytes, sizeof(key.bytes)) != 0) {
        vault_free(secret);
        return refuse(why, REFUSAL_KEY_MISMATCH, NULL, NULL);
    }
    vault_freeze(secret);
    *out = secret;
    return OK;
}

static enum err open_text(struct span bytes, const char *passphrase, struct keyfile_text *text,
                          struct secret_key **out, struct why *why)
{
    TRY(keyfile_parse(bytes, text, why));
    if (text->sealed)
        TRY(open_box(text, span_part(bytes, 0, text->header_len), passphrase, why));
    return expand(text, out, why);
}

enum err keyfile_open(struct span bytes, const char *passphrase, struct secret_key **out,
                      struct why *why)
{
    struct keyfile_text *text = vault_new(sizeof(*text));
    enum err err = text == NULL ? refuse(why, REFUSAL_NO_MEMORY, NULL, NULL)
                                : open_text(bytes, passphrase, text, out, why);
    vault_free(text);
    return err;
}

enum err keyfile_load(const char *path, const char *passphrase, struct secret_key **out,
                      struct why *why)
{
    struct page *page = vault_new(sizeof(*page));
    enum err err = page == NULL ? refuse(why, REFUSAL_NO_MEMORY, NULL, NULL)
                                : file_read_private(path, page->bytes, &page->len, why);
    if (err == OK)
        err = keyfile_open(span_of(page->bytes, page->len), passphrase, out, why);
    vault_free(page);
    return err;
}

enum err keyfile_read(int fd, struct secret_key **out, struct why *why)
{
    struct page *page = vault_new(sizeof(*page));
    ssize_t got = 1;
    size_t len = 0;
    while (page != NULL && got != 0 && len < sizeof(page->bytes)) {
        got = read(fd, page->bytes + len, sizeof(page->bytes) - len);
        if (got < 0 && errno != EINTR)
            break;
        len += got > 0 ? (size_t)got : 0;
    }
    enum err err = page == NULL ? refuse(why, REFUSAL_NO_MEMORY, NULL, NULL)
                   : got < 0    ? why_set(why, ERR_IO, "reading a key", 0, NULL, strerror(errno))
                                : keyfile_open(span_of(page->bytes, len), NULL, out, why);
    (void)close(fd);
    vault_free(page);
    return err;
}

static enum err sign_with(void *ctx, struct span message, struct signature *out)
{
    const struct secret_key *secret = ctx;
    (void)crypto_sign_detached(out->bytes, NULL, message.data, message.len, secret->bytes);
    return OK;
}

struct ed25519_signer keyfile_signer(const struct secret_key *secret)
{
    struct ed25519_signer signer = {.key = keyfile_public(secret), .sign = sign_with};
    memcpy(&signer.ctx, &secret, sizeof(secret)); /* it is read alone */
    return signer;
}

enum err keyfile_read_public(const char *path, struct public_key *out, bool *sealed_out,
                             struct why *why)
{
    struct page *page = vault_new(sizeof(*page));
    struct keyfile_text *text = vault_new(sizeof(*text));
    enum err err = OK;
    if (page == NULL || text == NULL)
        err = refuse(why, REFUSAL_NO_MEMORY, NULL, NULL);
    if (err == OK)
        err = file_read_private(path, page->bytes, &page->len, why);
    if (err == OK)
        err = keyfile_parse(span_of(page->bytes, page->len), text, why);
    if (err == OK) {
        *out = text->key;
        if (sealed_out != NULL)
            *sealed_out = text->sealed;
    }
    vault_free(text);
    vault_free(page);
    return err;
}

struct secret_key *keyfile_make(void)
{
    struct secret_key *secret = vault_new(sizeof(*secret));
    if (secret == NULL)
        return NULL;
    struct public_key key;
    (void)crypto_sign_keypair(key.bytes, secret->bytes);
    vault_freeze(secret);
    return secret;
}

struct public_key keyfile_public(const struct secret_key *secret)
{
    struct public_key key;
    memcpy(key.bytes, secret->bytes + 32, sizeof(key.bytes));
    return key;
}

static enum err put_sealed(struct page *page, const struct secret_key *secret,
                           const char *passphrase, struct keyfile_text *text, struct why *why)
{
    text->passes = SEAL_PASSES;
    text->memory_kib = SEAL_MEMORY_KIB;
    randombytes_buf(text->salt, sizeof(text->salt));
    randombytes_buf(text->nonce, sizeof(text->nonce));
    put_text(page, "sealed argon2id ");
    put_number(page, text->passes);
    put_text(page, " ");
    put_number(page, text->memory_kib);
    put_text(page, " ");
    put_base64(page, text->salt, sizeof(text->salt));
    put_text(page, " ");
    put_base64(page, text->nonce, sizeof(text->nonce));
    put_text(page, " ");
    uint8_t *key = derive(text, passphrase);
    if (key == NULL)
        return refuse(why, REFUSAL_NO_MEMORY, "64 MiB for Argon2id", NULL);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(
        text->box, NULL, secret->bytes, 32, page->bytes, page->len, NULL, text->nonce, key);
    vault_free(key);
    put_base64(page, text->box, sizeof(text->box));
    return OK;
}

static enum err put_keyfile(struct page *page, const struct secret_key *secret,
                            const char *passphrase, struct keyfile_text *text, struct why *why)
{
    struct public_key key = keyfile_public(secret);
    struct buf did;
    buf_init(&did, DID_BYTES_MAX);
    did_key_append(&did, &key);
    if (buf_check(&did) != OK) {
        buf_clear(&did);
        return refuse(why, REFUSAL_NO_MEMORY, NULL, NULL);
    }
    page->len = 0;
    put_text(page, "maillon-key 1\ned25519\n");
    struct span multibase = span_part(buf_span(&did), sizeof(DID_KEY_PREFIX) - 1, did.len);
    put(page, multibase.data, multibase.len);
    buf_clear(&did);
    put_text(page, "\n");
    if (passphrase != NULL) {
        TRY(put_sealed(page, secret, passphrase, text, why));
    } else {
        put_text(page, "secret ");
        put_base64(page, secret->bytes, 32);
    }
    put_text(page, "\n");
    return OK;
}

static enum err write_as(const char *path, const struct secret_key *secret, const char *passphrase,
                         bool replace, struct why *why)
{
    if (passphrase != NULL && !passphrase_fits(passphrase))
        return refuse(why, REFUSAL_PASSPHRASE_LENGTH, NULL, NULL);
    struct page *page = vault_new(sizeof(*page));
    struct keyfile_text *text = vault_new(sizeof(*text));
    enum err err = page == NULL || text == NULL ? refuse(why, REFUSAL_NO_MEMORY, NULL, NULL)
                                                : put_keyfile(page, secret, passphrase, text, why);
    if (err == OK)
        err = file_write_private(path, span_of(page->bytes, page->len), replace, why);
    vault_free(text);
    vault_free(page);
    return err;
}

enum err keyfile_write(const char *path, const struct secret_key *secret, const char *passphrase,
                       struct why *why)
{
    return write_as(path, secret, passphrase, false, why);
}

enum err keyfile_reseal(const char *path, const char *passphrase, const char *fresh,
                        struct why *why)
{
    struct secret_key *secret;
    TRY(keyfile_load(path, passphrase, &secret, why));
    enum err err = write_as(path, secret, fresh, true, why);
    vault_free(secret);
    return err;
}

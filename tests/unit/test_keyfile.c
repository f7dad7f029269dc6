/* Key files: made, sealed, loaded, and refused in every way that matters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keys/keyfile.h"
#include "keys/keys.h"
#include "keys/vault.h"
#include "proto/identity/did.h"
#include "tests/lib/folder.h"

struct place {
    char *folder;
    char *path;
};

static int setup(void **state)
{
    struct place *place = malloc(sizeof(*place));
    assert_non_null(place);
    place->folder = folder_make();
    place->path = folder_path(place->folder, "a.key");
    *state = place;
    return 0;
}

static int teardown(void **state)
{
    struct place *place = *state;
    folder_remove(place->folder);
    free(place->path);
    free(place);
    return 0;
}

static struct public_key write_new(const char *path, const char *passphrase)
{
    struct secret_key *secret = keyfile_make();
    assert_non_null(secret);
    struct public_key key = keyfile_public(secret);
    assert_int_equal(keyfile_write(path, secret, passphrase, NULL), OK);
    vault_free(secret);
    return key;
}

/* The error of loading; a key that loads must be this one. */
static enum err load(const char *path, const char *passphrase, const struct public_key *key)
{
    struct secret_key *secret = NULL;
    struct why why = {0};
    enum err err = keyfile_load(path, passphrase, &secret, &why);
    if (err != OK) {
        assert_non_null(why.rule);
        assert_null(secret);
        return err;
    }
    struct public_key loaded = keyfile_public(secret);
    assert_memory_equal(loaded.bytes, key->bytes, sizeof(key->bytes));
    struct signature signature;
    crypto_sign_detached(signature.bytes, NULL, (const uint8_t *)"m", 1, secret->bytes);
    assert_true(ed25519_verify(key, SPAN_LITERAL("m"), &signature));
    vault_free(secret);
    return OK;
}

static void gives_back_the_key_that_was_written(void **state)
{
    struct place *place = *state;
    struct public_key key = write_new(place->path, NULL);
    assert_int_equal(load(place->path, NULL, &key), OK);
    struct public_key read;
    bool sealed = true;
    assert_int_equal(keyfile_read_public(place->path, &read, &sealed, NULL), OK);
    assert_memory_equal(read.bytes, key.bytes, sizeof(key.bytes));
    assert_false(sealed);
}

static void writes_a_file_that_only_its_owner_reads_and_nothing_beside_it(void **state)
{
    struct place *place = *state;
    mode_t before = umask(0);
    (void)write_new(place->path, NULL);
    (void)umask(before);
    struct stat info;
    assert_int_equal(stat(place->path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_int_equal(info.st_nlink, 1);
    char *beside = folder_path(place->folder, "a.key.new");
    assert_int_not_equal(access(beside, F_OK), 0);
    free(beside);
}

static void never_replaces_a_key(void **state)
{
    struct place *place = *state;
    struct public_key key = write_new(place->path, NULL);
    struct secret_key *other = keyfile_make();
    assert_int_equal(keyfile_write(place->path, other, NULL, NULL), ERR_CONFLICT);
    vault_free(other);
    assert_int_equal(load(place->path, NULL, &key), OK);
}

static void refuses_a_file_that_others_can_read(void **state)
{
    struct place *place = *state;
    struct public_key key = write_new(place->path, NULL);
    static const mode_t wide[] = {0640, 0604, 0620, 0602, 0610, 0601, 0644, 0666};
    for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++) {
        assert_int_equal(chmod(place->path, wide[i]), 0);
        assert_int_equal(load(place->path, NULL, &key), ERR_PERMISSIONS);
    }
    assert_int_equal(chmod(place->path, 0400), 0);
    assert_int_equal(load(place->path, NULL, &key), OK);
}

static void refuses_a_link_a_folder_and_nothing_at_all(void **state)
{
    struct place *place = *state;
    struct public_key key = write_new(place->path, NULL);
    char *link_path = folder_path(place->folder, "link");
    assert_int_equal(symlink(place->path, link_path), 0);
    assert_int_equal(load(link_path, NULL, &key), ERR_PERMISSIONS);
    assert_int_equal(load(place->folder, NULL, &key), ERR_PERMISSIONS);
    assert_int_equal(unlink(link_path), 0);
    assert_int_equal(load(link_path, NULL, &key), ERR_NOT_FOUND);
    free(link_path);
}

static void opens_a_sealed_key_with_its_passphrase_alone(void **state)
{
    struct place *place = *state;
    struct public_key key = write_new(place->path, "trois pommes vertes");
    assert_int_equal(load(place->path, "trois pommes vertes", &key), OK);
    assert_int_equal(load(place->path, "trois pommes verte", &key), ERR_SEALED);
    assert_int_equal(load(place->path, "", &key), ERR_SEALED);
    assert_int_equal(load(place->path, NULL, &key), ERR_SEALED);
    bool sealed = false;
    struct public_key read;
    assert_int_equal(keyfile_read_public(place->path, &read, &sealed, NULL), OK);
    assert_true(sealed);
}

static void a_sealed_file_does_not_hold_the_seed(void **state)
{
    struct place *place = *state;
    (void)write_new(place->path, NULL);
    size_t len;
    char *open_text = folder_read(place->path, &len);
    char *secret = strstr(open_text, "secret ") + 7;
    secret[strcspn(secret, "\n")] = '\0';
    assert_int_equal(keyfile_reseal(place->path, NULL, "p", NULL), OK);
    char *sealed_text = folder_read(place->path, &len);
    assert_null(strstr(sealed_text, secret));
    free(open_text);
    free(sealed_text);
}

static void seals_and_unseals_in_place(void **state)
{
    struct place *place = *state;
    struct public_key key = write_new(place->path, NULL);
    assert_int_equal(keyfile_reseal(place->path, NULL, "un", NULL), OK);
    assert_int_equal(load(place->path, "un", &key), OK);
    assert_int_equal(keyfile_reseal(place->path, "deux", NULL, NULL), ERR_SEALED);
    assert_int_equal(load(place->path, NULL, &key), ERR_SEALED);
    assert_int_equal(keyfile_reseal(place->path, "un", NULL, NULL), OK);
    assert_int_equal(load(place->path, NULL, &key), OK);
}

static void refuses_a_passphrase_of_no_bytes_or_too_many(void **state)
{
    struct place *place = *state;
    char *long_one = malloc(PASSPHRASE_BYTES_MAX + 2);
    assert_non_null(long_one);
    memset(long_one, 'x', PASSPHRASE_BYTES_MAX + 1);
    long_one[PASSPHRASE_BYTES_MAX + 1] = '\0';
    struct secret_key *secret = keyfile_make();
    assert_int_equal(keyfile_write(place->path, secret, "", NULL), ERR_LIMIT);
    assert_int_equal(keyfile_write(place->path, secret, long_one, NULL), ERR_LIMIT);
    vault_free(secret);
    free(long_one);
}

static void every_byte_of_an_open_file_matters(void **state)
{
    struct place *place = *state;
    struct public_key key = write_new(place->path, NULL);
    size_t len;
    char *text = folder_read(place->path, &len);
    for (size_t i = 0; i < len; i++) {
        text[i] ^= 1;
        folder_write(place->path, text, len, 0600);
        assert_int_not_equal(load(place->path, NULL, &key), OK);
        text[i] ^= 1;
        folder_write(place->path, text, i, 0600);
        assert_int_not_equal(load(place->path, NULL, &key), OK);
    }
    text[len] = '\n';
    folder_write(place->path, text, len + 1, 0600);
    assert_int_equal(load(place->path, NULL, &key), ERR_DAMAGED);
    free(text);
}

static void append_base64(struct buf *out, const uint8_t *bytes, size_t len)
{
    char text[256];
    sodium_bin2base64(text, sizeof(text), bytes, len, sodium_base64_VARIANT_ORIGINAL);
    buf_append_cstr(out, text);
}

/* A sealed file written by hand, from the format alone, with the least work that is allowed. */
static struct public_key append_cheap_sealed(struct buf *out, const char *passphrase)
{
    uint8_t seed[32];
    uint8_t salt[16];
    uint8_t nonce[24];
    uint8_t secret[64];
    uint8_t box_key[32];
    uint8_t box[48];
    struct public_key key;
    memset(seed, 7, sizeof(seed));
    memset(salt, 8, sizeof(salt));
    memset(nonce, 9, sizeof(nonce));
    crypto_sign_seed_keypair(key.bytes, secret, seed);
    struct buf did;
    buf_init(&did, 256);
    did_key_append(&did, &key);
    buf_append_cstr(out, "maillon-key 1\ned25519\n");
    buf_append_span(out, span_part(buf_span(&did), 8, did.len));
    buf_clear(&did);
    buf_append_cstr(out, "\nsealed argon2id 1 8 ");
    append_base64(out, salt, sizeof(salt));
    buf_append_byte(out, ' ');
    append_base64(out, nonce, sizeof(nonce));
    buf_append_byte(out, ' ');
    assert_int_equal(crypto_pwhash(box_key, sizeof(box_key), passphrase, strlen(passphrase), salt,
                                   1, 8192, crypto_pwhash_ALG_ARGON2ID13),
                     0);
    crypto_aead_xchacha20poly1305_ietf_encrypt(box, NULL, seed, sizeof(seed), out->data, out->len,
                                               NULL, nonce, box_key);
    append_base64(out, box, sizeof(box));
    buf_append_byte(out, '\n');
    return key;
}

static void every_byte_of_a_sealed_file_matters(void **state)
{
    struct place *place = *state;
    struct buf text;
    buf_init(&text, 4096);
    struct public_key key = append_cheap_sealed(&text, "sel");
    assert_int_equal(buf_check(&text), OK);
    folder_write(place->path, text.data, text.len, 0600);
    assert_int_equal(load(place->path, "sel", &key), OK);
    for (size_t i = 0; i < text.len; i++) {
        text.data[i] ^= 1;
        folder_write(place->path, text.data, text.len, 0600);
        assert_int_not_equal(load(place->path, "sel", &key), OK);
        text.data[i] ^= 1;
    }
    buf_clear(&text);
}

static enum err parse(const char *text)
{
    struct keyfile_text *out = vault_new(sizeof(*out));
    enum err err = keyfile_parse(span_cstr(text), out, NULL);
    vault_free(out);
    return err;
}

static void names_a_newer_format_and_bounds_the_work_of_a_sealed_file(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, 4096);
    (void)append_cheap_sealed(&text, "sel");
    buf_append_byte(&text, '\0');
    char *copy = (char *)text.data;
    assert_int_equal(parse(copy), OK);
    copy[12] = '2';
    assert_int_equal(parse(copy), ERR_NEWER_FORMAT);
    copy[12] = '1';
    char *costs = strstr(copy, " 1 8 ");
    assert_non_null(costs);
    costs[3] = '7'; /* KiB, below Argon2id's least */
    assert_int_equal(parse(copy), ERR_DAMAGED);
    costs[3] = '8';
    costs[1] = '0';
    assert_int_equal(parse(copy), ERR_DAMAGED);
    assert_int_equal(parse("ssh-ed25519 AAAA\n"), ERR_DAMAGED);
    assert_int_equal(parse(""), ERR_DAMAGED);
    buf_clear(&text);
}

static void refuses_costs_beyond_the_bounds(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, 4096);
    (void)append_cheap_sealed(&text, "sel");
    buf_append_byte(&text, '\0');
    char *costs = strstr((char *)text.data, " 1 8 ");
    static const char *const beyond[] = {" 17 8 ", " 1 1048577 ", " 18446744073709551616 8 "};
    for (size_t i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++) {
        struct buf altered;
        buf_init(&altered, 4096);
        buf_append(&altered, text.data, (size_t)(costs - (char *)text.data));
        buf_append_cstr(&altered, beyond[i]);
        buf_append_cstr(&altered, costs + 5);
        buf_append_byte(&altered, '\0');
        assert_int_equal(parse((char *)altered.data), ERR_DAMAGED);
        buf_clear(&altered);
    }
    buf_clear(&text);
}

static void makes_a_folder_for_one_key_and_only_once(void **state)
{
    struct place *place = *state;
    struct public_key key;
    struct public_key read;
    assert_int_equal(keys_init(place->folder, NULL, &key, NULL), OK);
    assert_int_equal(keys_read_public(place->folder, &read, NULL, NULL), OK);
    assert_memory_equal(read.bytes, key.bytes, sizeof(key.bytes));
    char *keys = folder_path(place->folder, KEYS_FOLDER);
    struct stat info;
    assert_int_equal(stat(keys, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0700);
    assert_int_equal(keys_init(place->folder, NULL, &read, NULL), ERR_CONFLICT);
    free(keys);
}

static void goes_on_where_an_init_was_broken_off(void **state)
{
    struct place *place = *state;
    struct public_key key;
    assert_int_equal(keys_init(place->folder, NULL, &key, NULL), OK);
    char *file = folder_path(place->folder, KEYS_LOG_KEY);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(keys_init(place->folder, NULL, &key, NULL), OK);
    free(file);
}

static void refuses_a_keys_folder_that_others_can_enter(void **state)
{
    struct place *place = *state;
    char *keys = folder_path(place->folder, KEYS_FOLDER);
    assert_int_equal(mkdir(keys, 0700), 0);
    assert_int_equal(chmod(keys, 0755), 0);
    struct public_key key;
    assert_int_equal(keys_init(place->folder, NULL, &key, NULL), ERR_PERMISSIONS);
    free(keys);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(gives_back_the_key_that_was_written),
        TEST(writes_a_file_that_only_its_owner_reads_and_nothing_beside_it),
        TEST(never_replaces_a_key),
        TEST(refuses_a_file_that_others_can_read),
        TEST(refuses_a_link_a_folder_and_nothing_at_all),
        TEST(opens_a_sealed_key_with_its_passphrase_alone),
        TEST(a_sealed_file_does_not_hold_the_seed),
        TEST(seals_and_unseals_in_place),
        TEST(refuses_a_passphrase_of_no_bytes_or_too_many),
        TEST(every_byte_of_an_open_file_matters),
        TEST(every_byte_of_a_sealed_file_matters),
        TEST(names_a_newer_format_and_bounds_the_work_of_a_sealed_file),
        TEST(refuses_costs_beyond_the_bounds),
        TEST(makes_a_folder_for_one_key_and_only_once),
        TEST(goes_on_where_an_init_was_broken_off),
        TEST(refuses_a_keys_folder_that_others_can_enter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* One accept rule for signatures, against Wycheproof: what is valid there is valid here, and the
 * reverse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <jansson.h>
#include <sodium.h>

#include "proto/base/ed25519.h"
#include "tests/lib/vectors.h"

static struct buf from_hex(const char *text)
{
    struct buf out;
    size_t len = 0;
    buf_init(&out, 1 << 20);
    uint8_t *room = buf_reserve(&out, strlen(text) / 2 + 1);
    assert_int_equal(
        sodium_hex2bin(room, strlen(text) / 2 + 1, text, strlen(text), NULL, &len, NULL), 0);
    buf_commit(&out, len);
    return out;
}

static bool verify(const char *key_hex, const char *message_hex, const char *signature_hex)
{
    struct buf key = from_hex(key_hex);
    struct buf message = from_hex(message_hex);
    struct buf signature = from_hex(signature_hex);
    struct public_key public_key;
    struct signature made;
    bool valid = key.len == sizeof(public_key.bytes) && signature.len == sizeof(made.bytes);
    if (valid) {
        memcpy(public_key.bytes, key.data, key.len);
        memcpy(made.bytes, signature.data, signature.len);
        valid = ed25519_verify(&public_key, buf_span(&message), &made);
    }
    buf_clear(&key);
    buf_clear(&message);
    buf_clear(&signature);
    return valid;
}

static json_t *load(const char *name)
{
    const char *shared = vectors_shared();
    if (shared == NULL)
        skip();
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/vectors/ed25519/%s", shared, name);
    json_t *json = json_load_file(path, 0, NULL);
    assert_non_null(json);
    return json;
}

static const char *text(const json_t *json, const char *key)
{
    return json_string_value(json_object_get(json, key));
}

static void judges_as_wycheproof_does(void **state)
{
    (void)state;
    json_t *json = load("wycheproof_ed25519_test.json");
    size_t i;
    size_t j;
    json_t *group;
    json_t *test;
    unsigned count = 0;
    json_array_foreach(json_object_get(json, "testGroups"), i, group)
    {
        const char *key = text(json_object_get(group, "publicKey"), "pk");
        json_array_foreach(json_object_get(group, "tests"), j, test)
        {
            bool want = strcmp(text(test, "result"), "valid") == 0;
            if (verify(key, text(test, "msg"), text(test, "sig")) != want)
                fail_msg("test %d: %s", (int)json_integer_value(json_object_get(test, "tcId")),
                         text(test, "comment"));
            count++;
        }
    }
    assert_true(count > 100);
    json_decref(json);
}

static bool has_flag(const json_t *vector, const char *wanted)
{
    size_t i;
    json_t *flag;
    json_array_foreach(json_object_get(vector, "flags"), i, flag)
    {
        if (strcmp(json_string_value(flag), wanted) == 0)
            return true;
    }
    return false;
}

/* Signatures on which implementations differ: none of a small-order key or point is accepted. */
static void refuses_points_of_small_order_and_other_encodings(void **state)
{
    (void)state;
    json_t *json = load("ed25519vectors.json");
    size_t i;
    json_t *vector;
    unsigned refused = 0;
    json_array_foreach(json, i, vector)
    {
        char message_hex[256] = "";
        const char *message = text(vector, "msg");
        (void)sodium_bin2hex(message_hex, sizeof(message_hex), (const uint8_t *)message,
                             strlen(message));
        bool valid = verify(text(vector, "key"), message_hex, text(vector, "sig"));
        bool bad = has_flag(vector, "low_order_A") || has_flag(vector, "low_order_R") ||
                   has_flag(vector, "non_canonical_A") || has_flag(vector, "non_canonical_R");
        if (bad && valid)
            fail_msg("vector %zu is accepted", i);
        refused += bad;
    }
    assert_true(refused > 50);
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_as_wycheproof_does),
        cmocka_unit_test(refuses_points_of_small_order_and_other_encodings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Inclusion and consistency proofs that others made, right ones and wrong ones. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <jansson.h>

#include "proto/base/base64.h"
#include "proto/log/merkle.h"

#define FOLDER "tests/vectors/merkle/"

typedef enum err (*check_fn)(const json_t *vector);

static struct buf decode(const char *text)
{
    struct buf out;
    buf_init(&out, 1024);
    assert_int_equal(base64_decode(span_cstr(text == NULL ? "" : text), &out), OK);
    return out;
}

/* Some vectors have any text where a root stands that does not matter: its hash then, so that equal
 * stays equal. */
static bool read_hash(const json_t *json, struct hash *out)
{
    struct buf bytes = decode(json_string_value(json));
    if (bytes.len == sizeof(out->bytes))
        memcpy(out->bytes, bytes.data, bytes.len);
    else
        *out = sha256(buf_span(&bytes));
    bool is_there = bytes.len > 0;
    buf_clear(&bytes);
    return is_there;
}

static bool read_proof(const json_t *vector, struct merkle_proof *out)
{
    size_t i;
    json_t *item;
    out->count = 0;
    json_array_foreach(json_object_get(vector, "proof"), i, item)
    {
        if (out->count == MERKLE_PROOF_HASHES_MAX || !read_hash(item, &out->hashes[out->count]))
            return false;
        out->count++;
    }
    return true;
}

/* Read as reals, since some are beyond what jansson takes as an integer. */
static uint64_t number(const json_t *vector, const char *key)
{
    double value = json_number_value(json_object_get(vector, key));
    return value >= 18446744073709551615.0 ? UINT64_MAX : (uint64_t)value;
}

static enum err check_inclusion(const json_t *vector)
{
    struct merkle_head head = {.size = number(vector, "treeSize")};
    struct merkle_proof proof;
    struct hash leaf;
    if (!read_hash(json_object_get(vector, "leafHash"), &leaf) ||
        !read_hash(json_object_get(vector, "root"), &head.root) || !read_proof(vector, &proof))
        return ERR_BAD_PROOF;
    return merkle_check_inclusion(&leaf, number(vector, "leafIdx"), &head, &proof);
}

static enum err check_consistency(const json_t *vector)
{
    struct merkle_head before = {.size = number(vector, "size1")};
    struct merkle_head after = {.size = number(vector, "size2")};
    struct merkle_proof proof;
    bool has_first = read_hash(json_object_get(vector, "root1"), &before.root);
    bool has_second = read_hash(json_object_get(vector, "root2"), &after.root);
    if (!has_first || !has_second || !read_proof(vector, &proof))
        return ERR_BAD_PROOF;
    /* RFC 9162, 2.1.4 asks for 0 < m: the vectors refuse the question. Ours takes it, since every
     * tree extends the empty one (tests/unit/test_merkle.c). */
    if (before.size == 0 && after.size > 0)
        return ERR_BAD_PROOF;
    return merkle_check_consistency(&before, &after, &proof);
}

static unsigned wrong;
static unsigned right;

static void check_file(const char *path, check_fn check)
{
    json_t *vector = json_load_file(path, JSON_DECODE_INT_AS_REAL, NULL);
    assert_non_null(vector);
    bool want_error = json_is_true(json_object_get(vector, "wantErr"));
    enum err err = check(vector);
    if ((err != OK) != want_error)
        fail_msg("%s (%s): %s", path, json_string_value(json_object_get(vector, "desc")),
                 err_slug(err));
    wrong += want_error;
    right += !want_error;
    json_decref(vector);
}

static void check_folder(const char *path, check_fn check)
{
    DIR *dir = opendir(path);
    assert_non_null(dir);
    const struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        char inner[1024];
        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);
        if (strstr(entry->d_name, ".json") != NULL)
            check_file(inner, check);
        else
            check_folder(inner, check);
    }
    (void)closedir(dir);
}

static void judges_published_inclusion_proofs(void **state)
{
    (void)state;
    right = wrong = 0;
    check_folder(FOLDER "inclusion", check_inclusion);
    assert_true(right > 3 && wrong > 50);
}

static void judges_published_consistency_proofs(void **state)
{
    (void)state;
    right = wrong = 0;
    check_folder(FOLDER "consistency", check_consistency);
    assert_true(right > 3 && wrong > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_published_inclusion_proofs),
        cmocka_unit_test(judges_published_consistency_proofs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The example of RFC 9421, B.2.6: its signature base to the byte, and its signature. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <jansson.h>

#include "proto/base/base64.h"
#include "proto/identity/httpsig.h"
#include "tests/lib/vectors.h"

static struct span text(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    assert_non_null(value);
    return span_cstr(value);
}

static void the_published_example_holds(void **state)
{
    (void)state;
    json_t *vector = json_load_file("tests/vectors/httpsig/rfc9421-b26-ed25519.json", 0, NULL);
    assert_non_null(vector);
    const json_t *given = json_object_get(vector, "request");
    struct buf bytes;
    buf_init(&bytes, 10000);
    buf_append_span(&bytes, text(given, "method"));
    buf_append_cstr(&bytes, " ");
    buf_append_span(&bytes, text(given, "target"));
    buf_append_cstr(&bytes, " HTTP/1.1\r\n");
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(given, "headers"), name, value)
    {
        buf_append_cstr(&bytes, name);
        buf_append_cstr(&bytes, ": ");
        buf_append_cstr(&bytes, json_string_value(value));
        buf_append_cstr(&bytes, "\r\n");
    }
    buf_append_cstr(&bytes, "\r\n");
    struct http_head head;
    size_t used;
    assert_int_equal(http_read_request(buf_span(&bytes), &head, &used, NULL), OK);
    assert_int_equal(used, bytes.len);
    struct httpsig_request request = httpsig_request_of(&head, "https");
    assert_true(request.has_query && request.has_body);

    struct buf field;
    struct buf base;
    buf_init(&field, 10000);
    buf_init(&base, 10000);
    buf_append_span(&field, text(vector, "label"));
    buf_append_cstr(&field, "=");
    buf_append_span(&field, text(vector, "signature_input"));
    static struct structured_dictionary input;
    assert_int_equal(structured_read_dictionary(buf_span(&field), &input, NULL), OK);
    assert_int_equal(httpsig_append_base(&request, &input, &input.members[0], &base, NULL), OK);
    assert_true(span_equal(buf_span(&base), text(vector, "signature_base")));

    struct public_key key;
    struct signature signature;
    assert_true(base64url_decode_exact(text(json_object_get(vector, "key"), "x"), key.bytes, 32));
    assert_true(base64_decode_exact(text(vector, "signature"), signature.bytes, 64));
    assert_true(ed25519_verify(&key, buf_span(&base), &signature));

    /* RFC 9530: the same request carries the SHA-512 of its body. */
    struct content_digest digest;
    assert_int_equal(content_digest_read(http_field(&head.fields, "content-digest"), &digest, NULL),
                     OK);
    assert_true(digest.has_sha512 && !digest.has_sha256);
    assert_int_equal(content_digest_check(&digest, text(given, "body"), NULL), OK);
    assert_int_equal(content_digest_check(&digest, SPAN_LITERAL("{\"hello\": \"World\"}"), NULL),
                     ERR_BAD_DIGEST);
    buf_clear(&bytes);
    buf_clear(&field);
    buf_clear(&base);
    json_decref(vector);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_example_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

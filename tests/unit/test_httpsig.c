/* Signed requests under attack: relayed, replayed, with another body, by another key, at another
 * time, with less covered than is acted on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "proto/identity/httpsig.h"
#include "proto/identity/nonce_cache.h"
#include "tests/lib/testkey.h"

#define NOW 1790000000u
#define HOST "b.example:8443"
#define KEYID "did:web:a.example#request"
#define BODY "{\"logs\":{}}"

struct bench {
    struct testkey key;
    struct public_key known;
    enum err answer;
    struct httpsig_fields fields;
    struct httpsig_policy policy;
    struct httpsig_options options;
    struct buf request; /* as sent */
    struct http_head head;
    struct httpsig_covered covered;
    struct span authority;
};

static enum err find(void *keys, struct span keyid, uint64_t created_s, struct public_key *out,
                     struct why *why)
{
    const struct bench *bench = keys;
    (void)created_s;
    (void)why;
    if (!span_is(keyid, KEYID))
        return ERR_NOT_FOUND;
    *out = bench->known;
    return bench->answer;
}

static int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));
    assert_non_null(bench);
    bench->key = testkey_of(3);
    bench->known = bench->key.key;
    bench->authority = SPAN_LITERAL(HOST);
    bench->policy = (struct httpsig_policy){.authorities = &bench->authority,
                                            .authority_count = 1,
                                            .now_s = NOW,
                                            .skew_s = 60,
                                            .keys = bench,
                                            .find_key = find};
    bench->options = (struct httpsig_options){.keyid = SPAN_LITERAL(KEYID),
                                              .body = SPAN_LITERAL(BODY),
                                              .created_s = NOW,
                                              .nonce = {1, 2}};
    httpsig_fields_init(&bench->fields);
    buf_init(&bench->request, 100000);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;
    httpsig_fields_clear(&bench->fields);
    buf_clear(&bench->request);
    free(bench);
    return 0;
}

/* What one node sends to another, as bytes. */
static void send_request(struct bench *bench, const char *method, const char *host,
                         const char *target, bool has_body)
{
    struct span whole = span_cstr(target);
    const uint8_t *mark = memchr(whole.data, '?', whole.len);
    struct httpsig_request request = {.method = span_cstr(method),
                                      .scheme = SPAN_LITERAL("https"),
                                      .authority = span_cstr(host),
                                      .path = whole,
                                      .has_query = mark != NULL,
                                      .has_body = has_body};
    if (mark != NULL) {
        request.path.len = (size_t)(mark - whole.data);
        request.query = span_part(whole, request.path.len + 1, whole.len);
    }
    struct ed25519_signer signer = testkey_signer(&bench->key);
    assert_int_equal(httpsig_sign(&request, &bench->options, &signer, &bench->fields), OK);
    struct buf *out = &bench->request;
    buf_reset(out);
    buf_append_cstr(out, method);
    buf_append_cstr(out, " ");
    buf_append_cstr(out, target);
    buf_append_cstr(out, " HTTP/1.1\r\nHost: ");
    buf_append_cstr(out, host);
    if (has_body) {
        buf_append_cstr(out, "\r\nContent-Length: ");
        buf_append_u64(out, bench->options.body.len);
        buf_append_cstr(out, "\r\nContent-Digest: ");
        buf_append_span(out, buf_span(&bench->fields.content_digest));
    }
    buf_append_cstr(out, "\r\nSignature-Input: ");
    buf_append_span(out, buf_span(&bench->fields.signature_input));
    buf_append_cstr(out, "\r\nSignature: ");
    buf_append_span(out, buf_span(&bench->fields.signature));
    buf_append_cstr(out, "\r\n\r\n");
    assert_int_equal(buf_check(out), OK);
}

static enum err receive_bytes(struct bench *bench, struct span bytes)
{
    size_t used;
    struct why why;
    assert_int_equal(http_read_request(bytes, &bench->head, &used, NULL), OK);
    assert_true(used > 0);
    struct httpsig_request request = httpsig_request_of(&bench->head, "https");
    return httpsig_verify(&request, &bench->policy, &bench->covered, &why);
}

static enum err receive(struct bench *bench)
{
    return receive_bytes(bench, buf_span(&bench->request));
}

/* The request with one text in place of another. */
static enum err receive_changed(struct bench *bench, const char *from, const char *to)
{
    struct span sent = buf_span(&bench->request);
    const uint8_t *at = memmem(sent.data, sent.len, from, strlen(from));
    struct buf changed;
    assert_non_null(at);
    buf_init(&changed, 100000);
    buf_append(&changed, sent.data, (size_t)(at - sent.data));
    buf_append_cstr(&changed, to);
    at += strlen(from);
    buf_append(&changed, at, (size_t)(sent.data + sent.len - at));
    enum err err = receive_bytes(bench, buf_span(&changed));
    buf_clear(&changed);
    return err;
}

static void what_is_signed_is_verified_and_handed_back(void **state)
{
    struct bench *bench = *state;
    send_request(bench, "POST", HOST, "/v1/sync?follow=1", true);
    assert_int_equal(receive(bench), OK);
    const struct httpsig_covered *covered = &bench->covered;
    assert_true(span_is(covered->method, "POST"));
    assert_true(span_is(covered->path, "/v1/sync"));
    assert_true(covered->has_query && span_is(covered->query, "follow=1"));
    assert_true(span_is(covered->authority, HOST));
    assert_true(span_is(covered->keyid, KEYID));
    assert_int_equal(covered->nonce.len, 22);
    assert_true(covered->created_s == NOW && covered->has_digest);
    assert_int_equal(content_digest_check(&covered->digest, SPAN_LITERAL(BODY), NULL), OK);
    send_request(bench, "GET", HOST, "/", false);
    assert_int_equal(receive(bench), OK);
    assert_false(bench->covered.has_digest || bench->covered.has_query);
}

static void an_upper_case_host_with_the_default_port_is_the_same_host(void **state)
{
    struct bench *bench = *state;
    bench->authority = SPAN_LITERAL("b.example");
    send_request(bench, "GET", "b.example", "/v1/node", false);
    assert_int_equal(receive(bench), OK);
    assert_int_equal(receive_changed(bench, "Host: b.example", "Host: B.Example:443"), OK);
    assert_int_equal(receive_changed(bench, "Host: b.example", "Host: b.example:444"),
                     ERR_WRONG_HOST);
}

static void a_request_relayed_to_another_host_is_refused(void **state)
{
    struct bench *bench = *state;
    send_request(bench, "GET", "c.example", "/v1/node", false);
    assert_int_equal(receive(bench), ERR_WRONG_HOST);
    assert_int_equal(receive_changed(bench, "Host: c.example", "Host: " HOST), ERR_BAD_SIGNATURE);
}

static void a_body_swapped_under_its_digest_is_refused(void **state)
{
    struct bench *bench = *state;
    send_request(bench, "POST", HOST, "/v1/sync", true);
    assert_int_equal(receive(bench), OK);
    assert_int_equal(
        content_digest_check(&bench->covered.digest, SPAN_LITERAL("{\"logs\":[]}"), NULL),
        ERR_BAD_DIGEST);
    /* With the digest swapped, too. */
    struct buf digest;
    buf_init(&digest, 200);
    content_digest_append(&digest, SPAN_LITERAL("{\"logs\":[]}"));
    buf_append_byte(&digest, 0);
    buf_append_byte(&bench->fields.content_digest, 0);
    assert_int_equal(receive_changed(bench, (const char *)bench->fields.content_digest.data,
                                     (const char *)digest.data),
                     ERR_BAD_SIGNATURE);
    buf_clear(&digest);
}

static void a_body_put_under_a_request_without_one_is_refused(void **state)
{
    struct bench *bench = *state;
    send_request(bench, "POST", HOST, "/v1/sync", false);
    assert_int_equal(receive(bench), OK);
    assert_int_equal(
        receive_changed(bench, "Signature-Input", "Content-Length: 5\r\nSignature-Input"),
        ERR_BAD_REQUEST);
    assert_int_equal(
        receive_changed(bench, "Signature-Input", "Transfer-Encoding: chunked\r\nSignature-Input"),
        ERR_BAD_REQUEST);
}

static void another_method_path_or_query_is_refused(void **state)
{
    struct bench *bench = *state;
    send_request(bench, "GET", HOST, "/v1/records/a?proof", false);
    assert_int_equal(receive_changed(bench, "GET", "PUT"), ERR_BAD_SIGNATURE);
    assert_int_equal(receive_changed(bench, "records/a", "records/b"), ERR_BAD_SIGNATURE);
    assert_int_equal(receive_changed(bench, "?proof", "?"), ERR_BAD_SIGNATURE);
    assert_int_equal(receive_changed(bench, "?proof", ""), ERR_BAD_SIGNATURE);
    assert_int_equal(receive_changed(bench, "?proof", "%3Fproof"), ERR_BAD_SIGNATURE);
}

static void constant(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    memset(out, 9, len);
}

static void a_replayed_request_is_found_by_its_nonce(void **state)
{
    struct bench *bench = *state;
    const struct httpsig_covered *covered = &bench->covered;
    const struct env env = {.random = constant};
    struct nonce_cache *cache = nonce_cache_new(10, 120, &env);
    send_request(bench, "GET", HOST, "/v1/node", false);
    assert_int_equal(receive(bench), OK);
    assert_int_equal(
        nonce_cache_add(cache, covered->keyid, covered->nonce, covered->created_s, NOW), OK);
    assert_int_equal(receive(bench), OK);
    assert_int_equal(
        nonce_cache_add(cache, covered->keyid, covered->nonce, covered->created_s, NOW),
        ERR_REPLAYED);
    /* The nonce is covered: the same request with another one does not verify. */
    assert_int_equal(receive_changed(bench, "nonce=\"A", "nonce=\"B"), ERR_BAD_SIGNATURE);
    nonce_cache_free(cache);
}

static void a_date_too_early_or_late_is_refused(void **state)
{
    struct bench *bench = *state;
    static const struct {
        uint64_t created;
        enum err want;
    } rows[] = {{NOW - 60, OK},
                {NOW + 60, OK},
                {NOW - 61, ERR_CLOCK_SKEW},
                {NOW + 61, ERR_CLOCK_SKEW},
                {0, ERR_CLOCK_SKEW}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bench->options.created_s = rows[i].created;
        send_request(bench, "GET", HOST, "/", false);
        assert_int_equal(receive(bench), rows[i].want);
    }
    bench->options.created_s = NOW - 61;
    send_request(bench, "GET", HOST, "/", false);
    assert_int_equal(receive_changed(bench, "created=1789999939", "created=1790000000"),
                     ERR_BAD_SIGNATURE);
    assert_int_equal(receive_changed(bench, "created=1789999939", "created=-5"), ERR_BAD_REQUEST);
    assert_int_equal(
        receive_changed(bench, "created=1789999939", "created=1790000000;expires=1789999939"),
        ERR_EXPIRED);
}

static void a_key_that_is_unknown_wrong_or_of_another_algorithm_is_refused(void **state)
{
    struct bench *bench = *state;
    send_request(bench, "GET", HOST, "/", false);
    assert_int_equal(receive_changed(bench, "#request", "#log"), ERR_NOT_FOUND);
    bench->answer = ERR_BAD_KEY;
    assert_int_equal(receive(bench), ERR_BAD_KEY);
    bench->answer = OK;
    bench->known = testkey_of(4).key;
    assert_int_equal(receive(bench), ERR_BAD_SIGNATURE);
    bench->known = bench->key.key;
    assert_int_equal(receive_changed(bench, ";keyid", ";alg=\"rsa-pss-sha512\";keyid"),
                     ERR_BAD_KEY);
    assert_int_equal(receive_changed(bench, ";keyid", ";alg=ed25519;keyid"), ERR_BAD_KEY);
    /* Named rightly it is a part of what is signed. */
    assert_int_equal(receive_changed(bench, ";keyid", ";alg=\"ed25519\";keyid"), ERR_BAD_SIGNATURE);
}

static void less_covered_than_required_is_refused(void **state)
{
    struct bench *bench = *state;
    send_request(bench, "POST", HOST, "/", true);
    assert_int_equal(receive_changed(bench, "\"@method\" ", ""), ERR_BAD_REQUEST);
    assert_int_equal(receive_changed(bench, "\"@target-uri\" ", "\"@path\" "), ERR_BAD_REQUEST);
    assert_int_equal(receive_changed(bench, " \"content-digest\"", ""), ERR_BAD_REQUEST);
    assert_int_equal(receive_changed(bench, ";nonce=\"AQIAAAAAAAAAAAAAAAAAAA\"", ""),
                     ERR_BAD_REQUEST);
    assert_int_equal(receive_changed(bench, "AQIAAAAAAAAAAAAAAAAAAA", "AQ"), ERR_BAD_REQUEST);
    assert_int_equal(receive_changed(bench, "created=1790000000;", "x=1;"), ERR_BAD_REQUEST);
    assert_int_equal(receive_changed(bench, ";keyid=\"" KEYID "\"", ""), ERR_BAD_REQUEST);
    assert_int_equal(
        receive_changed(bench, "(\"@method\" \"@target-uri\" \"content-digest\")", "1"),
        ERR_BAD_REQUEST);
}

static void components_that_are_twice_absent_or_bent_are_refused(void **state)
{
    struct bench *bench = *state;
    send_request(bench, "GET", HOST, "/", false);
    static const char *const bad[] = {
        "\"@method\" \"@method\" ", "\"@method\" \"x-absent\" ",
        "\"@method\";req ",         "\"@method\" \"@status\" ",
        "\"@method\" host ",        "\"@method\" \"\" ",
        "\"@method\" \"Host\" ",    "\"@method\" \"@signature-params\" "};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (receive_changed(bench, "\"@method\" ", bad[i]) != ERR_BAD_REQUEST)
            fail_msg("%s is taken", bad[i]);
}

static void signatures_for_others_are_ignored_and_two_of_ours_refused(void **state)
{
    struct bench *bench = *state;
    send_request(bench, "GET", HOST, "/", false);
    assert_int_equal(receive_changed(bench, "Signature-Input: ",
                                     "Signature-Input: other=(\"@path\");tag=\"x\", "),
                     OK);
    assert_int_equal(receive_changed(bench, "tag=\"maillon\"", "tag=\"maillons\""), ERR_NOT_SIGNED);
    assert_int_equal(receive_changed(bench, "Signature-Input: ", "X-Input: "), ERR_NOT_SIGNED);
    assert_int_equal(receive_changed(bench, "Signature-Input: ",
                                     "Signature-Input: other=(\"@path\");tag=\"maillon\", "),
                     ERR_BAD_REQUEST);
    assert_int_equal(
        receive_changed(bench, "Signature-Input: ", "Signature-Input: a=()\r\nSignature-Input: "),
        ERR_BAD_REQUEST);
    assert_int_equal(receive_changed(bench, "Signature: maillon=", "Signature: other="),
                     ERR_BAD_SIGNATURE);
    assert_int_equal(receive_changed(bench, "Signature: ", "X-Signature: "), ERR_BAD_SIGNATURE);
}

static void no_byte_of_a_signed_head_may_change_unseen(void **state)
{
    struct bench *bench = *state;
    send_request(bench, "POST", HOST, "/v1/sync?a=b", true);
    struct buf bent;
    buf_init(&bent, 100000);
    for (size_t i = 0; i < bench->request.len; i++) {
        size_t used;
        buf_reset(&bent);
        buf_append_span(&bent, buf_span(&bench->request));
        bent.data[i] ^= 1;
        if (http_read_request(buf_span(&bent), &bench->head, &used, NULL) != OK || used == 0)
            continue;
        struct httpsig_request request = httpsig_request_of(&bench->head, "https");
        if (httpsig_verify(&request, &bench->policy, &bench->covered, NULL) != OK)
            continue;
        struct span body = span_part(SPAN_LITERAL(BODY), 0, bench->head.content_length);
        if (content_digest_check(&bench->covered.digest, body, NULL) != OK)
            continue;
        /* Not covered is the version of HTTP. */
        if (memmem(bent.data + i - 7, 7, "HTTP/1.", 7) == NULL)
            fail_msg("byte %zu may change", i);
    }
    buf_clear(&bent);
}

/* RFC 9530. */
static void a_digest_names_at_least_one_algorithm_that_we_know(void **state)
{
    (void)state;
    struct content_digest digest;
    struct buf field;
    buf_init(&field, 1000);
    content_digest_append(&field, SPAN_LITERAL(BODY));
    buf_append_cstr(&field, ", md5=:YQ==:");
    assert_int_equal(content_digest_read(buf_span(&field), &digest, NULL), OK);
    assert_int_equal(content_digest_check(&digest, SPAN_LITERAL(BODY), NULL), OK);
    /* Of two algorithms both must hold. */
    buf_append_cstr(&field,
                    ", sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7"
                    "BNNyealdVLvRwEmTHWXvJwew==:");
    assert_int_equal(content_digest_read(buf_span(&field), &digest, NULL), OK);
    assert_int_equal(content_digest_check(&digest, SPAN_LITERAL(BODY), NULL), ERR_BAD_DIGEST);
    static const char *const bad[] = {
        "",        "md5=:YQ==:", "sha-256=:YQ==:",
        "sha-256", "sha-256=x",  "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE:"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (content_digest_read(span_cstr(bad[i]), &digest, NULL) != ERR_BAD_DIGEST)
            fail_msg("%s is read", bad[i]);
    buf_clear(&field);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_is_signed_is_verified_and_handed_back),
        TEST(an_upper_case_host_with_the_default_port_is_the_same_host),
        TEST(a_request_relayed_to_another_host_is_refused),
        TEST(a_body_swapped_under_its_digest_is_refused),
        TEST(a_body_put_under_a_request_without_one_is_refused),
        TEST(another_method_path_or_query_is_refused),
        TEST(a_replayed_request_is_found_by_its_nonce),
        TEST(a_date_too_early_or_late_is_refused),
        TEST(a_key_that_is_unknown_wrong_or_of_another_algorithm_is_refused),
        TEST(less_covered_than_required_is_refused),
        TEST(components_that_are_twice_absent_or_bent_are_refused),
        TEST(signatures_for_others_are_ignored_and_two_of_ours_refused),
        TEST(no_byte_of_a_signed_head_may_change_unseen),
        TEST(a_digest_names_at_least_one_algorithm_that_we_know),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

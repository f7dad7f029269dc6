/* The signature base, then both ends of it. */
#include "proto/identity/httpsig.h"

#include "proto/base/base64.h"

#define TAG "maillon"
#define LABEL "maillon"

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

static enum err refuse(struct why *why, enum err err, const char *rule)
{
    return why_set(why, err, rule, 0, NULL, NULL);
}

struct httpsig_request httpsig_request_of(const struct http_head *head, const char *scheme)
{
    return (struct httpsig_request){
        .method = head->method,
        .scheme = span_cstr(scheme),
        .authority = head->host,
        .path = head->path,
        .query = head->query,
        .has_query =
            head->target.len > 0 && memchr(head->target.data, '?', head->target.len) != NULL,
        .has_body = head->body == HTTP_BODY_CHUNKED || head->content_length > 0,
        .fields = &head->fields};
}

/* ---- the signature base ---- */

static struct span without_default_port(struct span scheme, struct span authority)
{
    const struct span port = span_is(scheme, "https") ? SPAN_LITERAL(":443") : SPAN_LITERAL(":80");
    if (authority.len > port.len &&
        span_equal(span_part(authority, authority.len - port.len, port.len), port))
        authority.len -= port.len;
    return authority;
}

/* RFC 9421, 2.2.3: lower case, no default port. */
static void append_authority(struct buf *out, const struct httpsig_request *request)
{
    struct span authority = without_default_port(request->scheme, request->authority);
    for (size_t i = 0; i < authority.len; i++)
        buf_append_byte(out, lower(authority.data[i]));
}

/* RFC 9421, 2.2.6: an empty path is "/". */
static void append_path(struct buf *out, const struct httpsig_request *request)
{
    if (request->path.len == 0)
        buf_append_byte(out, '/');
    buf_append_span(out, request->path);
}

static void append_query(struct buf *out, const struct httpsig_request *request)
{
    if (!request->has_query)
        return;
    buf_append_byte(out, '?');
    buf_append_span(out, request->query);
}

/* RFC 9421, 2.2. false: no derived component of a request that we know. */
static bool append_derived(struct buf *out, const struct httpsig_request *request,
                           struct span component)
{
    if (span_is(component, "@method")) {
        buf_append_span(out, request->method);
    } else if (span_is(component, "@target-uri")) {
        buf_append_span(out, request->scheme);
        buf_append_cstr(out, "://");
        append_authority(out, request);
        append_path(out, request);
        append_query(out, request);
    } else if (span_is(component, "@authority")) {
        append_authority(out, request);
    } else if (span_is(component, "@scheme")) {
        buf_append_span(out, request->scheme);
    } else if (span_is(component, "@request-target")) {
        append_path(out, request);
        append_query(out, request);
    } else if (span_is(component, "@path")) {
        append_path(out, request);
    } else if (span_is(component, "@query")) {
        buf_append_byte(out, '?');
        buf_append_span(out, request->query);
    } else {
        return false;
    }
    return true;
}

static bool name_equals(struct span name, struct span lower_case)
{
    if (name.len != lower_case.len)
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (lower(name.data[i]) != lower_case.data[i])
            return false;
    return true;
}

/* RFC 9421, 2.1: the values of all fields of this name, with ", " between them. false: none. */
static bool append_field(struct buf *out, const struct httpsig_request *request,
                         struct span component)
{
    bool found = false;
    unsigned count = request->fields == NULL ? 0 : request->fields->count;
    for (unsigned i = 0; i < count; i++) {
        if (!name_equals(request->fields->list[i].name, component))
            continue;
        if (found)
            buf_append_cstr(out, ", ");
        buf_append_span(out, request->fields->list[i].value);
        found = true;
    }
    return found;
}

static bool comes_before(const struct structured_dictionary *input,
                         const struct structured_member *member, unsigned index)
{
    for (unsigned i = 0; i < index; i++)
        if (span_equal(input->items[member->items.first + i].value.text,
                       input->items[member->items.first + index].value.text))
            return true;
    return false;
}

static enum err append_component(const struct httpsig_request *request,
                                 const struct structured_dictionary *input,
                                 const struct structured_member *member, unsigned index,
                                 struct buf *out, struct why *why)
{
    const struct structured_item *item = &input->items[member->items.first + index];
    struct span name = item->value.text;
    if (item->value.type != STRUCTURED_STRING || item->value.escaped || name.len == 0)
        return refuse(why, ERR_BAD_REQUEST, "RFC 9421, 2: a component is named by a string");
    if (item->parameters.count > 0)
        return refuse(why, ERR_BAD_REQUEST, "RFC 9421, 2: no component with parameters here");
    if (comes_before(input, member, index))
        return refuse(why, ERR_BAD_REQUEST, "RFC 9421, 2: a component is covered once");
    structured_append_value(out, &item->value);
    buf_append_cstr(out, ": ");
    bool known =
        name.data[0] == '@' ? append_derived(out, request, name) : append_field(out, request, name);
    buf_append_byte(out, '\n');
    return known ? buf_check(out)
                 : refuse(why, ERR_BAD_REQUEST, "RFC 9421, 2.5: every component covered is there");
}

enum err httpsig_append_base(const struct httpsig_request *request,
                             const struct structured_dictionary *input,
                             const struct structured_member *member, struct buf *out,
                             struct why *why)
{
    if (member->value.type != STRUCTURED_LIST)
        return refuse(why, ERR_BAD_REQUEST, "RFC 9421, 4.1: a list of components");
    for (unsigned i = 0; i < member->items.count; i++)
        TRY(append_component(request, input, member, i, out, why));
    buf_append_cstr(out, "\"@signature-params\": ");
    structured_append_member(out, input, member);
    return buf_check(out);
}

/* ---- making ---- */

void httpsig_fields_init(struct httpsig_fields *fields)
{
    buf_init(&fields->signature_input, HTTPSIG_BASE_BYTES_MAX);
    buf_init(&fields->signature, 200);
    buf_init(&fields->content_digest, 200);
}

void httpsig_fields_clear(struct httpsig_fields *fields)
{
    buf_clear(&fields->signature_input);
    buf_clear(&fields->signature);
    buf_clear(&fields->content_digest);
}

static void append_input(struct buf *out, const struct httpsig_request *request,
                         const struct httpsig_options *options)
{
    for (size_t i = 0; i < options->keyid.len; i++)
        CHECK(options->keyid.data[i] >= 0x20 && options->keyid.data[i] < 0x7f &&
              options->keyid.data[i] != '"' && options->keyid.data[i] != '\\');
    buf_append_cstr(out, LABEL "=(\"@method\" \"@target-uri\"");
    if (request->has_body)
        buf_append_cstr(out, " \"content-digest\"");
    buf_append_cstr(out, ");created=");
    buf_append_u64(out, options->created_s);
    buf_append_cstr(out, ";keyid=\"");
    buf_append_span(out, options->keyid);
    buf_append_cstr(out, "\";nonce=\"");
    base64url_append(out, span_of(options->nonce, sizeof(options->nonce)));
    buf_append_cstr(out, "\";tag=\"" TAG "\"");
}

enum err httpsig_sign(const struct httpsig_request *request, const struct httpsig_options *options,
                      const struct ed25519_signer *signer, struct httpsig_fields *out)
{
    struct structured_dictionary input;
    struct signature signature;
    struct http_fields covered = {.count = request->has_body ? 1 : 0};
    struct httpsig_request signed_request = *request;
    struct buf base;
    buf_reset(&out->signature_input);
    buf_reset(&out->signature);
    buf_reset(&out->content_digest);
    append_input(&out->signature_input, request, options);
    TRY(buf_check(&out->signature_input));
    if (request->has_body)
        content_digest_append(&out->content_digest, options->body);
    TRY(buf_check(&out->content_digest));
    covered.list[0] = (struct http_field){.name = SPAN_LITERAL("content-digest"),
                                          .value = buf_span(&out->content_digest)};
    signed_request.fields = &covered;
    TRY(structured_read_dictionary(buf_span(&out->signature_input), &input, NULL));
    buf_init(&base, HTTPSIG_BASE_BYTES_MAX);
    enum err err = httpsig_append_base(&signed_request, &input, &input.members[0], &base, NULL);
    if (err == OK)
        err = signer->sign(signer->ctx, buf_span(&base), &signature);
    buf_clear(&base);
    TRY(err);
    buf_append_cstr(&out->signature, LABEL "=:");
    base64_append(&out->signature, span_of(signature.bytes, sizeof(signature.bytes)));
    buf_append_byte(&out->signature, ':');
    return buf_check(&out->signature);
}

/* ---- verifying ---- */

/* One field of this name and no second. data NULL: there is none. */
static enum err read_single(const struct httpsig_request *request, const char *name,
                            struct span *out, struct why *why)
{
    *out = span_of(NULL, 0);
    unsigned count = request->fields == NULL ? 0 : request->fields->count;
    for (unsigned i = 0; i < count; i++) {
        if (!http_name_is(request->fields->list[i].name, name))
            continue;
        if (out->data != NULL)
            return refuse(why, ERR_BAD_REQUEST,
                          "Signature, Signature-Input and Content-Digest are one line each");
        *out = request->fields->list[i].value;
        if (out->data == NULL)
            out->data = (const uint8_t *)"";
    }
    return OK;
}

static bool is_string(const struct structured_value *value, const char *text)
{
    return value != NULL && value->type == STRUCTURED_STRING && !value->escaped &&
           span_is(value->text, text);
}

/* The one signature that is meant for us; others are none of our business. */
static enum err find_ours(const struct structured_dictionary *input,
                          const struct structured_member **out, struct why *why)
{
    *out = NULL;
    for (unsigned i = 0; i < input->count; i++) {
        const struct structured_member *member = &input->members[i];
        if (!is_string(structured_parameter(input, member->parameters, "tag"), TAG))
            continue;
        if (*out != NULL)
            return refuse(why, ERR_BAD_REQUEST, "one signature with tag maillon");
        *out = member;
    }
    return *out != NULL ? OK
                        : refuse(why, ERR_NOT_SIGNED, "RFC 9421: a signature with tag maillon");
}

static bool covers(const struct structured_dictionary *input,
                   const struct structured_member *member, const char *component)
{
    for (unsigned i = 0; member->value.type == STRUCTURED_LIST && i < member->items.count; i++)
        if (is_string(&input->items[member->items.first + i].value, component))
            return true;
    return false;
}

static bool read_instant(const struct structured_value *value, uint64_t *out)
{
    if (value == NULL || value->type != STRUCTURED_INTEGER || value->integer < 0)
        return false;
    *out = (uint64_t)value->integer;
    return true;
}

static bool read_text(const struct structured_value *value, size_t bytes_max, struct span *out)
{
    if (value == NULL || value->type != STRUCTURED_STRING || value->escaped ||
        value->text.len == 0 || value->text.len > bytes_max)
        return false;
    *out = value->text;
    return true;
}

/* Says by how much, so that the caller's operator knows which clock to set. */
static enum err refuse_skew(const struct httpsig_policy *policy, uint64_t created_s,
                            struct why *why)
{
    bool ahead = created_s > policy->now_s;
    struct buf expected;
    struct buf found;
    buf_init(&expected, 64);
    buf_init(&found, 64);
    buf_append_cstr(&expected, "at most ");
    buf_append_u64(&expected, policy->skew_s);
    buf_append_cstr(&expected, " s apart");
    buf_append_byte(&expected, '\0');
    buf_append_u64(&found, ahead ? created_s - policy->now_s : policy->now_s - created_s);
    buf_append_cstr(&found,
                    ahead ? " s ahead of this node's clock" : " s behind this node's clock");
    buf_append_byte(&found, '\0');
    bool fits = buf_check(&expected) == OK && buf_check(&found) == OK;
    enum err err =
        why_set(why, ERR_CLOCK_SKEW, "RFC 9421, 2.3: created is near this node's time", 0,
                fits ? (const char *)expected.data : NULL, fits ? (const char *)found.data : NULL);
    buf_clear(&expected);
    buf_clear(&found);
    return err;
}

static enum err check_time(const struct structured_value *expires,
                           const struct httpsig_policy *policy, uint64_t created_s, struct why *why)
{
    uint64_t expires_s;
    CHECK(policy->skew_s <= HTTPSIG_SKEW_S_MAX);
    if (created_s > policy->now_s + policy->skew_s || created_s + policy->skew_s < policy->now_s)
        return refuse_skew(policy, created_s, why);
    if (expires == NULL)
        return OK;
    if (!read_instant(expires, &expires_s))
        return refuse(why, ERR_BAD_REQUEST, "RFC 9421, 2.3: expires is an integer");
    return expires_s + policy->skew_s >= policy->now_s
               ? OK
               : refuse(why, ERR_EXPIRED, "RFC 9421, 2.3: expires is not over");
}

static enum err read_parameters(const struct structured_dictionary *input,
                                const struct structured_member *member,
                                const struct httpsig_policy *policy, struct httpsig_covered *out,
                                struct why *why)
{
    const struct structured_run run = member->parameters;
    const struct structured_value *alg = structured_parameter(input, run, "alg");
    if (alg != NULL && !is_string(alg, "ed25519"))
        return refuse(why, ERR_BAD_KEY, "RFC 9421, 3.3.6: alg, where it is sent, is ed25519");
    if (!read_instant(structured_parameter(input, run, "created"), &out->created_s))
        return refuse(why, ERR_BAD_REQUEST, "RFC 9421, 2.3: created is covered");
    if (!read_text(structured_parameter(input, run, "nonce"), HTTPSIG_NONCE_BYTES_MAX,
                   &out->nonce) ||
        out->nonce.len < NONCE_TEXT_BYTES)
        return refuse(why, ERR_BAD_REQUEST, "RFC 9421, 2.3: a nonce of 22 to 64 characters");
    if (!read_text(structured_parameter(input, run, "keyid"), METHOD_URL_BYTES_MAX, &out->keyid))
        return refuse(why, ERR_BAD_REQUEST, "RFC 9421, 2.3: keyid is the DID URL of a key");
    return check_time(structured_parameter(input, run, "expires"), policy, out->created_s, why);
}

static enum err check_components(const struct httpsig_request *request,
                                 const struct structured_dictionary *input,
                                 const struct structured_member *member,
                                 struct httpsig_covered *out, struct why *why)
{
    struct span digest;
    if (!covers(input, member, "@method") || !covers(input, member, "@target-uri"))
        return refuse(why, ERR_BAD_REQUEST, "@method and @target-uri are covered");
    out->has_digest = covers(input, member, "content-digest");
    if (!out->has_digest)
        return !request->has_body ? OK
                                  : refuse(why, ERR_BAD_REQUEST,
                                           "content-digest is covered where there is a body");
    TRY(read_single(request, "content-digest", &digest, why));
    return content_digest_read(digest, &out->digest, why);
}

/* Our own name under which the request came; what is signed is compared with that. */
static enum err check_host(const struct httpsig_request *request,
                           const struct httpsig_policy *policy, struct httpsig_covered *out,
                           struct why *why)
{
    struct span authority = without_default_port(request->scheme, request->authority);
    for (unsigned i = 0; i < policy->authority_count; i++)
        if (name_equals(authority, policy->authorities[i])) {
            out->authority = policy->authorities[i];
            return OK;
        }
    return refuse(why, ERR_WRONG_HOST, "RFC 9421, 2.2.2: the target is this node");
}

static enum err check_signature(const struct httpsig_request *request,
                                const struct structured_dictionary *input,
                                const struct structured_member *member,
                                const struct public_key *key, struct why *why)
{
    struct structured_dictionary signatures;
    struct signature signature;
    struct span field;
    struct buf base;
    TRY(read_single(request, "signature", &field, why));
    TRY(structured_read_dictionary(field, &signatures, why));
    const struct structured_member *own = structured_member(&signatures, member->key);
    if (own == NULL || own->value.type != STRUCTURED_BYTES ||
        !base64_decode_exact(own->value.text, signature.bytes, sizeof(signature.bytes)))
        return refuse(why, ERR_BAD_SIGNATURE, "RFC 9421, 4.2: 64 bytes under the same label");
    buf_init(&base, HTTPSIG_BASE_BYTES_MAX);
    enum err err = httpsig_append_base(request, input, member, &base, why);
    if (err == OK && !ed25519_verify(key, buf_span(&base), &signature))
        err = refuse(why, ERR_BAD_SIGNATURE, "RFC 9421, 3.2: Ed25519 over the signature base");
    buf_clear(&base);
    return err;
}

enum err httpsig_verify(const struct httpsig_request *request, const struct httpsig_policy *policy,
                        struct httpsig_covered *out, struct why *why)
{
    struct structured_dictionary input;
    const struct structured_member *member;
    struct span field;
    struct httpsig_covered covered = {.method = request->method,
                                      .path = request->path,
                                      .query = request->query,
                                      .has_query = request->has_query};
    TRY(read_single(request, "signature-input", &field, why));
    TRY(structured_read_dictionary(field, &input, why));
    TRY(find_ours(&input, &member, why));
    TRY(check_host(request, policy, &covered, why));
    TRY(check_components(request, &input, member, &covered, why));
    TRY(read_parameters(&input, member, policy, &covered, why));
    TRY(policy->find_key(policy->keys, covered.keyid, covered.created_s, &covered.key, why));
    TRY(check_signature(request, &input, member, &covered.key, why));
    *out = covered;
    return OK;
}

/* The DID document of a node, written and read. */
#include "proto/base/base64.h"
#include "proto/identity/document.h"
#include "proto/identity/multikey.h"

#define PIN_TEXT_BYTES 43u /* base64url of 32 bytes */

static enum err refuse(struct why *why, const char *rule)
{
    return why_set(why, ERR_BAD_DOCUMENT, rule, 0, NULL, NULL);
}

/* https, a host and perhaps a port, and nothing behind: no path, user, query, fragment. */
static bool url_is_valid(struct span url)
{
    const struct span scheme = SPAN_LITERAL("https://");
    if (!span_starts_with(url, scheme) || url.len == scheme.len || url.len > URL_BYTES_MAX)
        return false;
    for (size_t i = scheme.len; i < url.len; i++) {
        uint8_t c = url.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '.' || c == '-' || c == ':' || c == '[' || c == ']'))
            return false;
    }
    return true;
}

struct role {
    const struct public_key *keys;
    unsigned count;
};

static bool share_a_key(struct role one, struct role other)
{
    for (unsigned i = 0; i < one.count; i++)
        for (unsigned j = 0; j < other.count; j++)
            if (memcmp(&one.keys[i], &other.keys[j], sizeof(struct public_key)) == 0)
                return true;
    return false;
}

/* Tiers of keys are worth nothing where one key has two roles. */
static bool roles_are_apart(const struct node_document *node)
{
    const struct role roles[] = {{node->log_keys, node->log_key_count},
                                 {node->assert_keys, node->assert_key_count},
                                 {node->request_keys, node->request_key_count},
                                 {node->witness_keys, node->witness_key_count}};
    for (size_t i = 1; i < sizeof(roles) / sizeof(roles[0]); i++)
        for (size_t j = 0; j < i; j++)
            if (share_a_key(roles[i], roles[j]))
                return false;
    return true;
}

static enum err check(const struct node_document *node, struct why *why)
{
    if (node->log_key_count == 0 || node->request_key_count == 0)
        return refuse(why, "a node has a log key (assertionMethod, #log) and a request key "
                           "(authentication)");
    if (!roles_are_apart(node))
        return refuse(why, "a key of a node has one role");
    if (!url_is_valid(node->url))
        return refuse(why, "the serviceEndpoint of a MaillonNode is https://host[:port]");
    return OK;
}

/* ---- writing ---- */

/* "<did>#log", "<did>#log-2", ... in quotes. */
static void append_key_url(struct buf *out, struct span did, const char *name, unsigned index)
{
    buf_append_byte(out, '"');
    buf_append_span(out, did);
    buf_append_byte(out, '#');
    buf_append_cstr(out, name);
    if (index > 0) {
        buf_append_byte(out, '-');
        buf_append_u64(out, index + 1);
    }
    buf_append_byte(out, '"');
}

static void append_role(struct buf *out, struct span did, const char *name, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (i > 0)
            buf_append_byte(out, ',');
        append_key_url(out, did, name, i);
    }
}

static void append_methods(struct buf *out, struct span did, const char *name,
                           const struct public_key *keys, unsigned count, bool first)
{
    for (unsigned i = 0; i < count; i++) {
        buf_append_cstr(out, first && i == 0 ? "{\"controller\":\"" : ",{\"controller\":\"");
        buf_append_span(out, did);
        buf_append_cstr(out, "\",\"id\":");
        append_key_url(out, did, name, i);
        buf_append_cstr(out, ",\"publicKeyMultibase\":\"");
        multikey_append(out, &keys[i]);
        buf_append_cstr(out, "\",\"type\":\"Multikey\"}");
    }
}

static void append_service(struct buf *out, const struct node_document *node, const char *fragment)
{
    buf_append_cstr(out, "{\"id\":\"");
    buf_append_span(out, node->did);
    buf_append_cstr(out, fragment);
    buf_append_cstr(out, "\",\"serviceEndpoint\":\"");
    buf_append_span(out, node->url);
    buf_append_byte(out, '"');
}

static void append_services(struct buf *out, const struct node_document *node)
{
    append_service(out, node, "#node");
    buf_append_cstr(out, ",\"type\":\"MaillonNode\"}");
    if (node->pin_count == 0)
        return;
    buf_append_byte(out, ',');
    append_service(out, node, "#tls");
    buf_append_cstr(out, ",\"spkiSha256\":[");
    for (unsigned i = 0; i < node->pin_count; i++) {
        buf_append_cstr(out, i > 0 ? ",\"" : "\"");
        base64url_append(out, span_of(node->pins[i].bytes, sizeof(node->pins[i].bytes)));
        buf_append_byte(out, '"');
    }
    buf_append_cstr(out, "],\"type\":\"MaillonTls\"}");
}

enum err node_document_append(struct buf *out, const struct node_document *node, struct why *why)
{
    CHECK(node->log_key_count <= DOCUMENT_KEYS_MAX && node->assert_key_count <= DOCUMENT_KEYS_MAX &&
          node->request_key_count <= DOCUMENT_KEYS_MAX &&
          node->witness_key_count <= DOCUMENT_KEYS_MAX && node->pin_count <= DOCUMENT_PINS_MAX);
    TRY(check(node, why));
    TRY(buf_check(out));
    size_t start = out->len;
    buf_append_cstr(out, "{\"@context\":[\"https://www.w3.org/ns/did/v1\","
                         "\"https://w3id.org/security/multikey/v1\"],\"assertionMethod\":[");
    append_role(out, node->did, "log", node->log_key_count);
    if (node->assert_key_count > 0)
        buf_append_byte(out, ',');
    append_role(out, node->did, "assert", node->assert_key_count);
    buf_append_cstr(out, "],\"authentication\":[");
    append_role(out, node->did, "request", node->request_key_count);
    buf_append_cstr(out, "],\"id\":\"");
    buf_append_span(out, node->did);
    buf_append_cstr(out, "\",\"service\":[");
    append_services(out, node);
    buf_append_cstr(out, "],\"verificationMethod\":[");
    append_methods(out, node->did, "log", node->log_keys, node->log_key_count, true);
    append_methods(out, node->did, "assert", node->assert_keys, node->assert_key_count, false);
    append_methods(out, node->did, "request", node->request_keys, node->request_key_count, false);
    append_methods(out, node->did, "witness", node->witness_keys, node->witness_key_count, false);
    buf_append_cstr(out, "]}");
    enum err err = buf_check(out);
    if (err != OK) {
        out->len = start;
        out->failed = OK;
    }
    return err;
}

/* ---- reading ---- */

static enum err take_key(struct public_key *keys, unsigned *count, const struct public_key *key,
                         struct why *why)
{
    if (*count == DOCUMENT_KEYS_MAX)
        return why_set(why, ERR_LIMIT, "limits.h: keys of a node in one role", 0, NULL, NULL);
    keys[(*count)++] = *key;
    return OK;
}

/* "name" or "name-N". */
static bool fragment_is(struct span fragment, const char *name)
{
    struct span start = span_cstr(name);
    if (!span_starts_with(fragment, start))
        return false;
    struct cursor cursor = cursor_of(span_part(fragment, start.len, fragment.len));
    if (cursor_at_end(&cursor))
        return true;
    cursor_expect(&cursor, "-");
    (void)cursor_u64(&cursor);
    return !cursor.failed && cursor_at_end(&cursor);
}

bool document_fragment_is_log(struct span fragment)
{
    return fragment_is(fragment, "log");
}

static enum err take_keys(const struct document *document, struct node_document *node,
                          struct why *why)
{
    for (unsigned i = 0; i < document->method_count; i++) {
        const struct document_method *method = &document->methods[i];
        if (method->is_foreign)
            continue;
        bool asserts = (method->roles & DOCUMENT_LOG_KEY) != 0;
        if (asserts && document_fragment_is_log(method->fragment))
            TRY(take_key(node->log_keys, &node->log_key_count, &method->key, why));
        else if (asserts)
            TRY(take_key(node->assert_keys, &node->assert_key_count, &method->key, why));
        if ((method->roles & DOCUMENT_REQUEST_KEY) != 0)
            TRY(take_key(node->request_keys, &node->request_key_count, &method->key, why));
        if (method->roles == 0 && fragment_is(method->fragment, "witness"))
            TRY(take_key(node->witness_keys, &node->witness_key_count, &method->key, why));
    }
    return OK;
}

static struct span plain(const struct tape *tape, struct span text, uint32_t token)
{
    bool is_plain = token != TAPE_NONE && tape->tokens[token].type == TAPE_STRING &&
                    tape->tokens[token].flags == 0;
    return is_plain ? tape_text(tape, text, token) : span_of(NULL, 0);
}

static enum err read_pins(const struct tape *tape, struct span text, uint32_t service,
                          struct node_document *node, struct why *why)
{
    uint32_t list = tape_member(tape, text, service, SPAN_LITERAL("spkiSha256"));
    if (node->pin_count > 0 || list == TAPE_NONE || tape->tokens[list].type != TAPE_ARRAY ||
        tape->tokens[list].count == 0)
        return refuse(why, "one MaillonTls, whose spkiSha256 has at least one hash");
    if (tape->tokens[list].count > DOCUMENT_PINS_MAX)
        return why_set(why, ERR_LIMIT, "limits.h: TLS keys of a node", 0, NULL, NULL);
    uint32_t item = list + 1;
    for (uint32_t left = tape->tokens[list].count; left > 0; left--) {
        struct hash *pin = &node->pins[node->pin_count++];
        struct span pin_text = plain(tape, text, item);
        if (pin_text.len != PIN_TEXT_BYTES ||
            !base64url_decode_exact(pin_text, pin->bytes, sizeof(pin->bytes)))
            return refuse(why, "spkiSha256 of a MaillonTls holds base64url of 32 bytes");
        item = tape->tokens[item].next;
    }
    return OK;
}

static enum err read_service(const struct tape *tape, struct span text, uint32_t service,
                             struct node_document *node, struct why *why)
{
    if (tape->tokens[service].type != TAPE_OBJECT)
        return refuse(why, "DID 1.0, 5.4: a service is an object");
    struct span type = plain(tape, text, tape_member(tape, text, service, SPAN_LITERAL("type")));
    if (span_is(type, "MaillonTls"))
        return read_pins(tape, text, service, node, why);
    if (!span_is(type, "MaillonNode"))
        return OK;
    if (node->url.data != NULL)
        return refuse(why, "a node has one MaillonNode");
    node->url =
        plain(tape, text, tape_member(tape, text, service, SPAN_LITERAL("serviceEndpoint")));
    return url_is_valid(node->url)
               ? OK
               : refuse(why, "the serviceEndpoint of a MaillonNode is https://host[:port]");
}

static enum err read_services(const struct tape *tape, struct span text, struct node_document *node,
                              struct why *why)
{
    uint32_t list = tape_member(tape, text, 0, SPAN_LITERAL("service"));
    if (list == TAPE_NONE || tape->tokens[list].type != TAPE_ARRAY)
        return refuse(why, "DID 1.0, 5.4: a node has services");
    uint32_t item = list + 1;
    for (uint32_t left = tape->tokens[list].count; left > 0; left--) {
        TRY(read_service(tape, text, item, node, why));
        item = tape->tokens[item].next;
    }
    return OK;
}

enum err node_document_read(struct span text, struct span did, struct tape *tape,
                            struct node_document *out, struct why *why)
{
    struct document document;
    struct node_document node = {.did = did, .url = span_of(NULL, 0)};
    TRY(document_read(text, did, tape, &document, why));
    TRY(take_keys(&document, &node, why));
    TRY(read_services(tape, text, &node, why));
    TRY(check(&node, why));
    *out = node;
    return OK;
}

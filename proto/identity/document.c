/* Keys and their roles, read from any DID document. */
#include "proto/identity/document.h"

#include "proto/identity/multikey.h"

static const struct tape_limits limits = {INTEGRITY_BYTES_MAX, JSON_DEPTH_MAX};

struct reader {
    const struct tape *tape;
    struct span text;
    struct document *out;
    struct why *why;
};

static enum err refuse(const struct reader *reader, uint32_t token, const char *rule)
{
    return why_set(reader->why, ERR_BAD_DOCUMENT, rule, reader->tape->tokens[token].offset, NULL,
                   NULL);
}

static uint32_t member(const struct reader *reader, uint32_t object, const char *key)
{
    return tape_member(reader->tape, reader->text, object, span_cstr(key));
}

/* The text of a string without escapes; data NULL: it is none. */
static struct span plain(const struct reader *reader, uint32_t token)
{
    if (token == TAPE_NONE || reader->tape->tokens[token].type != TAPE_STRING ||
        reader->tape->tokens[token].flags != 0)
        return span_of(NULL, 0);
    return tape_text(reader->tape, reader->text, token);
}

/* "<did>#x" and "#x" are x; anything else has NULL data. */
static struct span fragment_of(struct span did, struct span url)
{
    if (span_starts_with(url, did))
        url = span_part(url, did.len, url.len);
    if (url.len < 2 || url.data[0] != '#')
        return span_of(NULL, 0);
    return span_part(url, 1, url.len);
}

static struct document_method *find(struct document *document, struct span fragment)
{
    for (unsigned i = 0; i < document->method_count; i++)
        if (span_equal(document->methods[i].fragment, fragment))
            return &document->methods[i];
    return NULL;
}

/* A verification method as an object, in its own list or inside a role. */
static enum err read_method(const struct reader *reader, uint32_t token, unsigned roles)
{
    struct document *out = reader->out;
    struct document_method method = {.roles = roles};
    if (reader->tape->tokens[token].type != TAPE_OBJECT)
        return refuse(reader, token, "DID 1.0, 5.2: a verification method is an object");
    method.fragment = fragment_of(out->did, plain(reader, member(reader, token, "id")));
    if (method.fragment.data == NULL)
        return refuse(reader, token, "DID 1.0, 5.2: the id of a verification method is <did>#name");
    if (find(out, method.fragment) != NULL)
        return refuse(reader, token, "DID 1.0, 5.2: a verification method comes once");
    if (out->method_count == DOCUMENT_METHODS_MAX)
        return why_set(reader->why, ERR_LIMIT, "limits.h: verification methods of a document",
                       reader->tape->tokens[token].offset, NULL, NULL);
    method.is_foreign = !span_equal(plain(reader, member(reader, token, "controller")), out->did) ||
                        multikey_read(plain(reader, member(reader, token, "publicKeyMultibase")),
                                      &method.key, NULL) != OK;
    out->methods[out->method_count++] = method;
    return OK;
}

static enum err read_methods(const struct reader *reader)
{
    uint32_t list = member(reader, 0, "verificationMethod");
    if (list == TAPE_NONE)
        return OK;
    if (reader->tape->tokens[list].type != TAPE_ARRAY)
        return refuse(reader, list, "DID 1.0, 5.2: verificationMethod is an array");
    uint32_t item = list + 1;
    for (uint32_t left = reader->tape->tokens[list].count; left > 0; left--) {
        TRY(read_method(reader, item, 0));
        item = reader->tape->tokens[item].next;
    }
    return OK;
}

/* An item of a role: a method of the list by its URL, or one of its own. */
static enum err read_role_item(const struct reader *reader, uint32_t item, enum document_role role)
{
    if (reader->tape->tokens[item].type == TAPE_OBJECT)
        return read_method(reader, item, role);
    struct span url = plain(reader, item);
    struct span fragment = fragment_of(reader->out->did, url);
    if (url.data == NULL)
        return refuse(reader, item, "DID 1.0, 5.3: a role names a verification method");
    if (fragment.data == NULL)
        return OK; /* that of another DID: no key of this document */
    struct document_method *method = find(reader->out, fragment);
    if (method == NULL)
        return refuse(reader, item, "DID 1.0, 5.3: a role names a method of the document");
    method->roles |= role;
    return OK;
}

static enum err read_role(const struct reader *reader, const char *name, enum document_role role)
{
    uint32_t list = member(reader, 0, name);
    if (list == TAPE_NONE)
        return OK;
    if (reader->tape->tokens[list].type != TAPE_ARRAY)
        return refuse(reader, list, "DID 1.0, 5.3: a role is an array");
    uint32_t item = list + 1;
    for (uint32_t left = reader->tape->tokens[list].count; left > 0; left--) {
        TRY(read_role_item(reader, item, role));
        item = reader->tape->tokens[item].next;
    }
    return OK;
}

enum err document_read(struct span text, struct span did, struct tape *tape, struct document *out,
                       struct why *why)
{
    struct reader reader = {.tape = tape, .text = text, .out = out, .why = why};
    out->did = did;
    out->method_count = 0;
    TRY(tape_scan(tape, text, &limits, why));
    if (tape->tokens[0].type != TAPE_OBJECT)
        return refuse(&reader, 0, "DID 1.0, 5: a document is an object");
    struct span id = plain(&reader, member(&reader, 0, "id"));
    if (id.data == NULL || !span_equal(id, did))
        return refuse(&reader, 0, "DID 1.0, 5.1.1: the id is the DID asked for");
    TRY(read_methods(&reader));
    TRY(read_role(&reader, "assertionMethod", DOCUMENT_LOG_KEY));
    return read_role(&reader, "authentication", DOCUMENT_REQUEST_KEY);
}

enum err document_find_key(const struct document *document, struct span url,
                           enum document_role role, struct public_key *out, struct why *why)
{
    struct span fragment = fragment_of(document->did, url);
    for (unsigned i = 0; fragment.data != NULL && i < document->method_count; i++) {
        const struct document_method *method = &document->methods[i];
        if (!span_equal(method->fragment, fragment) || (method->roles & role) == 0)
            continue;
        if (method->is_foreign)
            return why_set(why, ERR_BAD_KEY, "Multikey: an Ed25519 key of the DID itself", 0, NULL,
                           NULL);
        *out = method->key;
        return OK;
    }
    return why_set(why, ERR_NOT_FOUND, "DID 1.0, 5.3: a verification method in this role", 0, NULL,
                   NULL);
}

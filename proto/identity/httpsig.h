/* HTTP message signatures (RFC 9421) with ed25519, and Content-Digest (RFC 9530): how a node proves
 * who it is to another.
 *
 * A signature of ours covers @method, @target-uri and, where there is a body, content-digest, with
 * created, nonce, keyid and tag="maillon". A verifier asks for exactly that much, finds the key by
 * keyid at the time of signing, and hands back only what was covered. Pure. Any thread. */
#ifndef MAILLON_PROTO_IDENTITY_HTTPSIG_H
#define MAILLON_PROTO_IDENTITY_HTTPSIG_H

#include "proto/base/ed25519.h"
#include "proto/http/message.h"
#include "proto/identity/digest.h"
#include "proto/identity/structured.h"

/* A request as signatures see it. */
struct httpsig_request {
    struct span method;
    struct span scheme;    /* "https" */
    struct span authority; /* as Host has it, or will */
    struct span path;      /* as sent, percent-encoded; without the query */
    struct span query;     /* behind the '?' */
    bool has_query;        /* there is a '?' */
    bool has_body;
    const struct http_fields *fields; /* NULL: none */
};

/* Of a head that was read. scheme: "https", or "http" where TLS ends in front of the node and the
 * public URL says http. */
struct httpsig_request httpsig_request_of(const struct http_head *head, const char *scheme);

/* Appends the signature base (RFC 9421, 2.5) for the member of a Signature-Input field: derived
 * components of requests (@method, @target-uri, @authority, @scheme, @request-target, @path,
 * @query) and fields, without parameters of their own. ERR_BAD_REQUEST (unknown, absent, with
 * parameters, or twice), ERR_LIMIT, ERR_NO_MEMORY. */
MUST_USE enum err httpsig_append_base(const struct httpsig_request *request,
                                      const struct structured_dictionary *input,
                                      const struct structured_member *member, struct buf *out,
                                      struct why *why);

/* ---- making ---- */

struct httpsig_options {
    struct span
        keyid; /* DID URL of the request key; printable ASCII without '"' and '\' (CHECKed) */
    struct span body; /* when request->has_body */
    uint64_t created_s;
    uint8_t nonce[16]; /* random */
};

/* Values of the three fields to be sent; content_digest is empty without a body. Owned. */
struct httpsig_fields {
    struct buf signature_input;
    struct buf signature;
    struct buf content_digest;
};

void httpsig_fields_init(struct httpsig_fields *fields);
void httpsig_fields_clear(struct httpsig_fields *fields);
/* Fills *out, which is initialised. Errors of the signer; ERR_LIMIT, ERR_NO_MEMORY. */
MUST_USE enum err httpsig_sign(const struct httpsig_request *request,
                               const struct httpsig_options *options,
                               const struct ed25519_signer *signer, struct httpsig_fields *out);

/* ---- verifying ---- */

struct httpsig_policy {
    const struct span *authorities; /* under which we are reached: lower case, no default port */
    unsigned authority_count;
    uint64_t now_s;
    uint64_t skew_s; /* how far created may be from now, either way */
    void *keys;      /* context of find_key */
    /* The request key that keyid names at the time that the signature says. Nothing is verified
     * yet. ERR_NOT_FOUND, ERR_BAD_KEY, ...: passed on. */
    enum err (*find_key)(void *keys, struct span keyid, uint64_t created_s, struct public_key *out,
                         struct why *why);
};

/* What the signature covers: a handler acts on this and on nothing else of the request. Spans point
 * into the request and the policy. */
struct httpsig_covered {
    struct span method;
    struct span authority; /* ours */
    struct span path;
    struct span query;
    bool has_query;
    bool has_digest; /* then content_digest_check must say OK to the body, be it empty, before it is
                        acted on; without it there is no body */
    struct content_digest digest;
    struct span keyid;
    struct span nonce; /* for nonce_cache_add, which comes next */
    uint64_t created_s;
    struct public_key key;
};

/* OK when the request carries one signature with tag "maillon" that holds. ERR_NOT_SIGNED (none),
 * ERR_WRONG_HOST, ERR_CLOCK_SKEW, ERR_EXPIRED, ERR_BAD_SIGNATURE, ERR_BAD_REQUEST (malformed, or a
 * required component or parameter is not covered), ERR_BAD_DIGEST, ERR_LIMIT, ERR_NO_MEMORY, and
 * those of find_key. */
MUST_USE enum err httpsig_verify(const struct httpsig_request *request,
                                 const struct httpsig_policy *policy, struct httpsig_covered *out,
                                 struct why *why);

#endif

/* DID documents (W3C DID 1.0): the keys in them with their roles; and the document of a node, which
 * says with which keys it signs its log and its requests, where it is, and with which TLS keys.
 *
 *   role            relationship       fragment    signs
 *   log key         assertionMethod    #log, ...   checkpoints, receipts
 *   assert key      assertionMethod    #assert     documents (Data Integrity), and no checkpoint
 *   request key     authentication     #request    HTTP requests
 *   witness key     none               #witness    cosignatures of others' checkpoints
 *
 * Both of the first have one relationship, so it is the fragment that tells them apart: a log key
 * has "log" or "log-N". A witness key has none, so that it signs no document that anybody would
 * take. A key of a node has one role. Its services are MaillonNode
 * (serviceEndpoint: the URL) and MaillonTls (spkiSha256: base64url SHA-256 of each
 * SubjectPublicKeyInfo that the node may show; several, so that certificates can be changed). */
#ifndef MAILLON_PROTO_IDENTITY_DOCUMENT_H
#define MAILLON_PROTO_IDENTITY_DOCUMENT_H

#include "proto/base/ed25519.h"
#include "proto/base/hash.h"
#include "proto/json/tape.h"
#include "proto/limits.h"

enum document_role {
    DOCUMENT_LOG_KEY = 1,    /* assertionMethod */
    DOCUMENT_REQUEST_KEY = 2 /* authentication */
};

/* One verification method. */
struct document_method {
    struct span fragment; /* behind the '#' */
    struct public_key key;
    bool is_foreign; /* of another algorithm or another controller: key is not set */
    unsigned roles;  /* of enum document_role */
};

struct document {
    struct span did;
    unsigned method_count;
    struct document_method methods[DOCUMENT_METHODS_MAX];
};

/* Reads the keys of a canonical document whose id is did. tape is working memory. Spans into text.
 * ERR_BAD_DOCUMENT (another id, a method twice, a role that names none), ERR_LIMIT, and those of
 * tape_scan. */
MUST_USE enum err document_read(struct span text, struct span did, struct tape *tape,
                                struct document *out, struct why *why);
/* The key of this URL ("<did>#log" or "#log") in this role. ERR_NOT_FOUND, ERR_BAD_KEY (foreign).
 */
MUST_USE enum err document_find_key(const struct document *document, struct span url,
                                    enum document_role role, struct public_key *out,
                                    struct why *why);

/* What the document of a node says. */
struct node_document {
    struct span did; /* to be written it may hold the placeholder of webvh.h */
    struct span url; /* https://host[:port] */
    unsigned log_key_count;
    unsigned assert_key_count; /* may be 0 */
    unsigned request_key_count;
    unsigned witness_key_count; /* may be 0 */
    unsigned pin_count;         /* 0: a public authority vouches for the host */
    struct public_key log_keys[DOCUMENT_KEYS_MAX];
    struct public_key assert_keys[DOCUMENT_KEYS_MAX];
    struct public_key request_keys[DOCUMENT_KEYS_MAX];
    struct public_key witness_keys[DOCUMENT_KEYS_MAX];
    struct hash pins[DOCUMENT_PINS_MAX];
};

/* Appends the canonical document: log keys #log, #log-2, ..., then #assert..., #request...,
 * #witness...
 * ERR_BAD_DOCUMENT (no key of a role, a key in two roles, a URL that is none), ERR_LIMIT,
 * ERR_NO_MEMORY; out is as before then. */
MUST_USE enum err node_document_append(struct buf *out, const struct node_document *node,
                                       struct why *why);
/* Is this the fragment of a log key: "log", or "log-" and a number? */
bool document_fragment_is_log(struct span fragment);
/* Reads it from a verified document: at least one log key and one request key, no key in both,
 * exactly one MaillonNode, at most one MaillonTls. Spans into text. Errors of document_read. */
MUST_USE enum err node_document_read(struct span text, struct span did, struct tape *tape,
                                     struct node_document *out, struct why *why);

#endif

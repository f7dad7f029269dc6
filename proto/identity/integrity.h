/* Data Integrity proofs (W3C VC Data Integrity 1.0) of the one suite eddsa-jcs-2022 (W3C EdDSA
 * Cryptosuites 1.0, 3.3), on canonical JSON objects of any kind. Pure: keys, signatures and time
 * are handed in. Any thread, one `struct integrity` each. */
#ifndef MAILLON_PROTO_IDENTITY_INTEGRITY_H
#define MAILLON_PROTO_IDENTITY_INTEGRITY_H

#include "proto/base/ed25519.h"
#include "proto/limits.h"

/* Working memory, reused from document to document. */
struct integrity;

struct integrity *integrity_new(void); /* NULL: no memory */
void integrity_free(struct integrity *integrity);

/* What a maker says of a proof. Spans are plain ASCII without quotes and backslashes (CHECKed). */
struct integrity_options {
    struct span method;  /* DID URL of the key */
    struct span purpose; /* "assertionMethod", "authentication" */
    uint64_t created_ms; /* 0: not said */
    uint64_t expires_ms; /* 0: does not expire */
};

/* Appends the document with a proof added: the only one as an object, a further one at the end of
 * an array. document: one canonical object; its other proofs are not verified.
 * Errors of tape_scan and of the signer; ERR_BAD_INTEGRITY (no object, `proof` of another type);
 * ERR_LIMIT, ERR_NO_MEMORY; out is as before then. */
MUST_USE enum err integrity_sign(struct integrity *integrity, struct span document,
                                 const struct integrity_options *options,
                                 const struct ed25519_signer *signer, struct buf *out,
                                 struct why *why);

/* A proof that holds. Spans point into the document verified. */
struct integrity_proof {
    struct span method;
    struct span purpose;
    struct span domain;  /* empty: not said. Covered, for the caller to compare. */
    uint64_t created_ms; /* 0: not said */
    uint64_t expires_ms; /* 0: does not expire */
    struct public_key key;
};

/* What the verifier asks for. */
struct integrity_policy {
    struct span purpose;   /* every proof is for this purpose */
    uint64_t now_ms;       /* compared with created and expires */
    uint64_t tolerance_ms; /* how far clocks may be apart */
    void *keys;            /* context of find_key */
    /* The key that this method names, if it may sign for the purpose asked for at the time that the
     * proof (whose signature is not checked yet) says: created_ms. ERR_NOT_FOUND for a method that
     * is unknown or not allowed, ERR_BAD_KEY for another algorithm: passed on, as any other. */
    enum err (*find_key)(void *keys, const struct integrity_proof *proof, struct public_key *out,
                         struct why *why);
};

struct integrity_result {
    /* Canonical, without `proof`, exactly the bytes that were signed; in working memory until the
     * next call. Nothing else of the document may be believed. */
    struct span document;
    unsigned count;
    struct integrity_proof proofs[INTEGRITY_PROOFS_MAX];
};

/* OK when the document has at least one proof and every proof of it (one object, or a set of up to
 * INTEGRITY_PROOFS_MAX) holds for the same bytes. A proof chain (previousProof) is refused, as is a
 * proof of another suite.
 * Errors of tape_scan and find_key; ERR_BAD_INTEGRITY, ERR_BAD_SIGNATURE, ERR_EXPIRED,
 * ERR_CLOCK_SKEW (created in the future), ERR_LIMIT, ERR_NO_MEMORY; why->position is the byte of
 * the document. */
MUST_USE enum err integrity_verify(struct integrity *integrity, struct span document,
                                   const struct integrity_policy *policy,
                                   struct integrity_result *out, struct why *why);

/* The same for one proof that stands apart from its document: proof and document are canonical
 * objects, document has no `proof`. Spans of *out point into proof. */
MUST_USE enum err integrity_verify_detached(struct integrity *integrity, struct span document,
                                            struct span proof,
                                            const struct integrity_policy *policy,
                                            struct integrity_proof *out, struct why *why);

/* A find_key for documents whose keys are did:key URLs, body and fragment equal; keys is unused. */
MUST_USE enum err integrity_find_did_key(void *keys, const struct integrity_proof *proof,
                                         struct public_key *out, struct why *why);

#endif

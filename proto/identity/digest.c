/* What a body hashes to, in a field of the head. */
#include "proto/identity/digest.h"

#include "proto/base/base64.h"
#include "proto/identity/structured.h"

void content_digest_append(struct buf *out, struct span body)
{
    struct hash hash = sha256(body);
    buf_append_cstr(out, "sha-256=:");
    base64_append(out, span_of(hash.bytes, sizeof(hash.bytes)));
    buf_append_byte(out, ':');
}

/* *has_out: the algorithm is there. false: but not with a digest of its size. */
static bool read_one(const struct structured_dictionary *dictionary, struct span algorithm,
                     void *out, size_t len, bool *has_out)
{
    const struct structured_member *member = structured_member(dictionary, algorithm);
    *has_out = member != NULL;
    return member == NULL || (member->value.type == STRUCTURED_BYTES &&
                              base64_decode_exact(member->value.text, out, len));
}

enum err content_digest_read(struct span field, struct content_digest *out, struct why *why)
{
    struct structured_dictionary dictionary;
    struct content_digest digest;
    TRY(structured_read_dictionary(field, &dictionary, why));
    if (!read_one(&dictionary, SPAN_LITERAL("sha-256"), digest.sha256.bytes,
                  sizeof(digest.sha256.bytes), &digest.has_sha256) ||
        !read_one(&dictionary, SPAN_LITERAL("sha-512"), digest.sha512.bytes,
                  sizeof(digest.sha512.bytes), &digest.has_sha512))
        return why_set(why, ERR_BAD_DIGEST, "RFC 9530, 2: the bytes of the digest between colons",
                       0, NULL, NULL);
    if (!digest.has_sha256 && !digest.has_sha512)
        return why_set(why, ERR_BAD_DIGEST, "RFC 9530, 5: sha-256 or sha-512", 0, NULL, NULL);
    *out = digest;
    return OK;
}

enum err content_digest_check(const struct content_digest *digest, struct span body,
                              struct why *why)
{
    CHECK(digest->has_sha256 || digest->has_sha512);
    bool holds = true;
    if (digest->has_sha256) {
        struct hash hash = sha256(body);
        holds = hash_equal(&hash, &digest->sha256);
    }
    if (digest->has_sha512) {
        struct hash512 hash = sha512(body);
        holds = holds && memcmp(hash.bytes, digest->sha512.bytes, sizeof(hash.bytes)) == 0;
    }
    return holds ? OK
                 : why_set(why, ERR_BAD_DIGEST, "RFC 9530, 2: the digest is that of the body", 0,
                           NULL, NULL);
}

/* One schema document: its address, canonical bytes and tape. */
#ifndef MAILLON_PROTO_SCHEMA_SCHEMA_DOCUMENT_H
#define MAILLON_PROTO_SCHEMA_SCHEMA_DOCUMENT_H

#include "proto/json/jcs.h"

struct schema_document {
    struct span uri; /* without fragment */
    struct span text;
    struct tape tape;
    uint8_t *owned; /* holds uri and text */
};

/* Canonicalises any JSON text. ERR_LIMIT and what jcs_canonicalise refuses; out is as before then.
 */
MUST_USE enum err schema_document_read(struct schema_document *out, struct span uri,
                                       struct span json, struct why *why);
/* A copy that shares nothing. ERR_NO_MEMORY. */
MUST_USE enum err schema_document_copy(struct schema_document *out,
                                       const struct schema_document *from);
void schema_document_clear(struct schema_document *document);

static inline const struct tape_token *schema_document_token(const struct schema_document *document,
                                                             uint32_t token)
{
    return &document->tape.tokens[token];
}

static inline struct span schema_document_span(const struct schema_document *document,
                                               uint32_t token)
{
    return tape_text(&document->tape, document->text, token);
}

/* Appends the JSON Pointer (RFC 6901) that leads from one token to another within it. */
void pointer_append(const struct tape *tape, struct span text, uint32_t from, uint32_t to,
                    struct buf *out);
/* Appends one reference token: ~ and / escaped, then the key's own text. */
void pointer_append_key(const struct tape *tape, struct span text, uint32_t key, struct buf *out);
/* The token that a decoded pointer (empty, or "/...") leads to, or TAPE_NONE. */
uint32_t pointer_find(const struct tape *tape, struct span text, uint32_t from,
                      struct span pointer);

#endif

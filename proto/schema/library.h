/* The schema documents that `$ref` may reach: those registered here and the meta-schemas of
 * JSON Schema 2020-12, which are built in. Nothing is ever fetched. */
#ifndef MAILLON_PROTO_SCHEMA_LIBRARY_H
#define MAILLON_PROTO_SCHEMA_LIBRARY_H

#include "proto/base/bytes.h"

struct library;
struct schema_document;

/* With the meta-schemas in it. NULL: no memory. */
struct library *library_new(void);
void library_free(struct library *library);

/* Registers any JSON text under an absolute URI (a fragment is cut off). Nothing of the arguments
 * is kept. ERR_CONFLICT: the URI is taken; ERR_BAD_SCHEMA: the URI is not absolute; ERR_LIMIT (
 * SCHEMA_BYTES_MAX, SCHEMA_DEPTH_MAX, SCHEMA_DOCUMENTS_MAX); ERR_SYNTAX, ERR_DUPLICATE_KEY,
 * ERR_BAD_TEXT, ERR_BAD_NUMBER of the text; ERR_NO_MEMORY. Whether it is a good schema is decided
 * when it is compiled. Not while another thread uses the library; compiled schemas do not use it.
 */
MUST_USE enum err library_add(struct library *library, struct span uri, struct span json,
                              struct why *why);

/* For the compiler: the document under this URI (no fragment), or NULL; and all, in order. */
const struct schema_document *library_find(const struct library *library, struct span uri);
uint32_t library_count(const struct library *library);
const struct schema_document *library_at(const struct library *library, uint32_t index);

#endif

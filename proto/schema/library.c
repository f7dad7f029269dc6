#include "proto/schema/library.h"

#include <stdlib.h>

#include "proto/limits.h"
#include "proto/schema/schema_document.h"
#include "proto/schema/list.h"
#include "proto/schema/uri.h"

struct library {
    LIST(struct schema_document) documents;
    struct names by_uri;
};

static const char *const metaschemas[] = {
#define METASCHEMA(text) text,
#include "proto/schema/metaschema.def"
#undef METASCHEMA
};

static enum err add(struct library *library, struct span uri, struct span json, struct why *why)
{
    struct schema_document document;
    TRY(schema_document_read(&document, uri, json, why));
    struct schema_document *slot = LIST_PUSH(&library->documents);
    if (slot == NULL) {
        schema_document_clear(&document);
        return ERR_NO_MEMORY;
    }
    *slot = document;
    enum err err = names_add(&library->by_uri, 0, document.uri, library->documents.count - 1);
    if (err != OK) {
        schema_document_clear(slot);
        library->documents.count--;
    }
    return err;
}

/* A meta-schema's URI is the $id that it begins with. */
static enum err add_metaschema(struct library *library, const char *text)
{
    const char *id = strstr(text, "\"$id\":\"") + strlen("\"$id\":\"");
    return add(library, span_of(id, strcspn(id, "\"")), span_cstr(text), NULL);
}

struct library *library_new(void)
{
    struct library *library = calloc(1, sizeof(*library));
    if (library == NULL)
        return NULL;
    for (size_t i = 0; i < sizeof(metaschemas) / sizeof(metaschemas[0]); i++) {
        enum err err = add_metaschema(library, metaschemas[i]);
        CHECK(err == OK || err == ERR_NO_MEMORY);
        if (err != OK) {
            library_free(library);
            return NULL;
        }
    }
    return library;
}

void library_free(struct library *library)
{
    if (library == NULL)
        return;
    for (uint32_t i = 0; i < library->documents.count; i++)
        schema_document_clear(&library->documents.items[i]);
    free(library->documents.items);
    names_clear(&library->by_uri);
    free(library);
}

enum err library_add(struct library *library, struct span uri, struct span json, struct why *why)
{
    struct span address = uri_without_fragment(uri);
    if (!uri_is_absolute(address))
        return why_set(why, ERR_BAD_SCHEMA, "RFC 3986, 4.3: a schema's address is an absolute URI",
                       0, "an absolute URI", NULL);
    if (address.len > SCHEMA_URI_BYTES_MAX)
        return why_set(why, ERR_LIMIT, "limits.h: SCHEMA_URI_BYTES_MAX", 0, NULL, NULL);
    if (library_find(library, address) != NULL)
        return why_set(why, ERR_CONFLICT,
                       "JSON Schema 2020-12, 8.2: an identifier names one schema", 0,
                       "a URI that is not taken", NULL);
    if (library->documents.count >= SCHEMA_DOCUMENTS_MAX)
        return why_set(why, ERR_LIMIT, "limits.h: SCHEMA_DOCUMENTS_MAX", 0, NULL, NULL);
    return add(library, address, json, why);
}

const struct schema_document *library_find(const struct library *library, struct span uri)
{
    uint32_t index = names_find(&library->by_uri, 0, uri);
    return index == NAMES_NONE ? NULL : &library->documents.items[index];
}

uint32_t library_count(const struct library *library)
{
    return library->documents.count;
}

const struct schema_document *library_at(const struct library *library, uint32_t index)
{
    CHECK(index < library->documents.count);
    return &library->documents.items[index];
}

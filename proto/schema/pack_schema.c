#include "proto/schema/pack_schema.h"

#include "proto/limits.h"

#define ADDRESS_BYTES_MAX (sizeof(PACK_SCHEMA_BASE) + PACK_NAME_BYTES_MAX + PACK_PATH_BYTES_MAX + 2)

static void append_address(struct buf *out, const struct pack *pack, struct span path)
{
    buf_reset(out);
    buf_append_cstr(out, PACK_SCHEMA_BASE);
    buf_append_span(out, pack_name(pack));
    buf_append_byte(out, '/');
    buf_append_span(out, path);
}

static enum err add_file(struct library *library, const struct pack *pack,
                         const struct pack_content *content, struct buf *address,
                         struct schema_refusal *refusal)
{
    struct why why = {.rule = NULL};
    append_address(address, pack, content->path);
    TRY(buf_check(address));
    enum err err = library_add(library, buf_span(address), content->json, &why);
    if (err == OK || refusal == NULL)
        return err;
    *refusal = (struct schema_refusal){.err = err, .rule = why.rule == NULL ? "" : why.rule};
    memcpy(refusal->document, address->data,
           address->len < sizeof(refusal->document) ? address->len : 0);
    memcpy(refusal->expected, why.expected, sizeof(refusal->expected));
    memcpy(refusal->found, why.found, sizeof(refusal->found));
    return err;
}

enum err pack_schema_library(const struct pack *pack, struct library **out,
                             struct schema_refusal *refusal)
{
    struct library *library = library_new();
    struct buf address;
    buf_init(&address, ADDRESS_BYTES_MAX);
    enum err err = library == NULL ? ERR_NO_MEMORY : OK;
    for (size_t i = 0; err == OK && i < pack_content_count(pack); i++) {
        const struct pack_content *content = pack_content_at(pack, i);
        if (pack_content_folder(content) == PACK_TYPES)
            err = add_file(library, pack, content, &address, refusal);
    }
    buf_clear(&address);
    if (err == OK)
        *out = library;
    else
        library_free(library);
    return err;
}

enum err pack_schema_compile(const struct pack_type *type, const struct library *library,
                             struct schema **out, struct schema_refusal *refusal)
{
    const struct schema_options options = {.assert_formats = pack_asserts_formats(type->pack)};
    struct buf address;
    buf_init(&address, ADDRESS_BYTES_MAX);
    append_address(&address, type->pack, type->schema_path);
    enum err err = buf_check(&address);
    if (err == OK)
        err = schema_compile(library, buf_span(&address), &options, out, refusal);
    buf_clear(&address);
    return err;
}

struct span pack_schema_file(const struct pack_type *type, const struct schema_refusal *refusal)
{
    struct span document = span_cstr(refusal->document);
    for (size_t i = 0; i < pack_content_count(type->pack); i++) {
        const struct pack_content *content = pack_content_at(type->pack, i);
        if (pack_content_folder(content) == PACK_TYPES && document.len > content->path.len &&
            span_equal(span_part(document, document.len - content->path.len, content->path.len),
                       content->path))
            return content->path;
    }
    return type->schema_path;
}

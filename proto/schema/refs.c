/* Finds where every $ref and $dynamicRef leads, once and for all: nothing is looked up when a
 * schema runs. */
#include "proto/schema/model.h"
#include "proto/schema/uri.h"

static enum err lost(struct framing *f, uint32_t node, uint32_t token)
{
    return frame_refuse(f, f->model->nodes.items[node].source, token,
                        "JSON Schema Core 2020-12, 8.2.3: a reference leads to a schema that is "
                        "registered",
                        "a schema of this document or of the library");
}

static enum err frame_copy(struct framing *f, const struct schema_document *from)
{
    struct schema_document copy;
    uint32_t root;
    TRY(schema_document_copy(&copy, from));
    return frame_document(f, &copy, &root);
}

static bool is_framed(const struct model *model, const struct schema_document *document)
{
    return names_find(&model->resource_of_uri, 0, document->uri) != NAMES_NONE;
}

static struct span last_part(struct span uri)
{
    size_t at = uri.len;
    while (at > 0 && uri.data[at - 1] != '/')
        at--;
    return span_part(uri, at, uri.len - at);
}

/* The resource with this URI: framed already, a document of the library, or embedded in one. */
static enum err find_resource(struct framing *f, struct span uri, uint32_t *out)
{
    struct model *model = f->model;
    *out = names_find(&model->resource_of_uri, 0, uri);
    if (*out != NAMES_NONE)
        return OK;
    const struct schema_document *document = library_find(f->library, uri);
    if (document != NULL)
        TRY(frame_copy(f, document));
    for (uint32_t i = 0; document == NULL && i < library_count(f->library); i++) {
        const struct schema_document *other = library_at(f->library, i);
        struct span last = last_part(uri); /* an embedded resource may be written relative */
        if (is_framed(model, other) || (last.len > 0 && memmem(other->text.data, other->text.len,
                                                               last.data, last.len) == NULL))
            continue;
        TRY(frame_copy(f, other));
        if (names_find(&model->resource_of_uri, 0, uri) != NAMES_NONE)
            break;
    }
    *out = names_find(&model->resource_of_uri, 0, uri);
    return OK;
}

/* The place that a pointer leads to within a resource; *resource becomes the one that it is in. */
static uint32_t find_place(const struct model *model, struct span pointer, uint32_t *resource)
{
    const struct resource *r = &model->resources.items[*resource];
    const struct source *source = &model->sources.items[r->source];
    uint32_t token = pointer_find(&source->document.tape, source->document.text, r->token, pointer);
    for (size_t cut = pointer.len; token != TAPE_NONE && cut > 0; cut--) {
        if (cut < pointer.len && pointer.data[cut] != '/')
            continue;
        uint32_t passed = pointer_find(&source->document.tape, source->document.text, r->token,
                                       span_of(pointer.data, cut));
        uint32_t node = passed == TAPE_NONE ? NONE : source->node_of[passed];
        if (node != NONE) {
            *resource = model->nodes.items[node].resource;
            break;
        }
    }
    return token;
}

enum err refs_find(struct framing *f, struct span uri, uint32_t blamed, uint32_t token,
                   uint32_t *node_out, uint32_t *anchor_out)
{
    struct model *model = f->model;
    uint32_t resource;
    *anchor_out = NONE;
    TRY(find_resource(f, uri_without_fragment(uri), &resource));
    if (resource == NAMES_NONE)
        return lost(f, blamed, token);
    struct buf fragment;
    buf_init(&fragment, SCHEMA_URI_BYTES_MAX);
    if (!uri_decode(uri_fragment(uri), &fragment)) {
        buf_clear(&fragment);
        return lost(f, blamed, token);
    }
    enum err err = OK;
    struct span place = buf_span(&fragment);
    *node_out = NONE;
    if (place.len == 0) {
        *node_out = model->resources.items[resource].node;
    } else if (place.data[0] == '/') {
        uint32_t target = find_place(model, place, &resource);
        uint32_t source = model->resources.items[resource].source;
        if (target != TAPE_NONE)
            *node_out = model->sources.items[source].node_of[target];
        if (target != TAPE_NONE && *node_out == NONE)
            err = frame_place(f, source, target, resource, node_out);
    } else {
        *anchor_out = names_find(&model->anchor_of_name, resource, place);
        if (*anchor_out != NAMES_NONE)
            *node_out = model->anchors.items[*anchor_out].node;
    }
    buf_clear(&fragment);
    return err != OK ? err : *node_out == NONE ? lost(f, blamed, token) : OK;
}

/* The number of a dynamic anchor's name; a new one when it is the first. */
static enum err dynamic_name(struct framing *f, const struct reference *reference, struct span name,
                             uint32_t *out)
{
    struct model *model = f->model;
    for (*out = 0; *out < model->dynamic_count; (*out)++) {
        if (span_equal(model->dynamic_names[*out], name))
            return OK;
    }
    if (model->dynamic_count == SCHEMA_DYNAMIC_ANCHORS_MAX)
        return frame_refuse_limit(f, model->nodes.items[reference->node].source, reference->token,
                                  "SCHEMA_DYNAMIC_ANCHORS_MAX");
    model->dynamic_names[model->dynamic_count++] = name;
    return OK;
}

static enum err resolve(struct framing *f, uint32_t index)
{
    struct model *model = f->model;
    struct reference reference = model->references.items[index];
    const struct schema_document *document = model_document(model, reference.node);
    struct span base = model->resources.items[model->nodes.items[reference.node].resource].uri;
    struct buf text;
    struct buf uri;
    buf_init(&text, SCHEMA_URI_BYTES_MAX);
    buf_init(&uri, 2 * SCHEMA_URI_BYTES_MAX);
    tape_append_decoded(&document->tape, document->text, reference.token, &text);
    uri_resolve(base, buf_span(&text), &uri);
    enum err err = buf_check(&text) != OK ? buf_check(&text) : buf_check(&uri);
    uint32_t anchor = NONE;
    if (err == OK)
        err = refs_find(f, buf_span(&uri), reference.node, reference.token, &reference.target,
                        &anchor);
    else if (err == ERR_LIMIT)
        err = frame_refuse_limit(f, model->nodes.items[reference.node].source, reference.token,
                                 "SCHEMA_URI_BYTES_MAX");
    buf_clear(&text);
    buf_clear(&uri);
    if (err == OK && reference.is_dynamic_ref && anchor != NONE &&
        model->anchors.items[anchor].is_dynamic)
        err = dynamic_name(f, &reference, model->anchors.items[anchor].name, &reference.dynamic);
    if (err == OK)
        model->references.items[index] = reference;
    return err;
}

enum err refs_resolve(struct framing *f)
{
    struct model *model = f->model;
    for (uint32_t i = 0; i < model->references.count; i++)
        TRY(resolve(f, i));
    for (uint32_t i = 0; i < model->anchors.count; i++) {
        const struct anchor *anchor = &model->anchors.items[i];
        for (uint32_t name = 0; anchor->is_dynamic && name < model->dynamic_count; name++) {
            if (span_equal(anchor->name, model->dynamic_names[name]))
                model->resources.items[anchor->resource].dynamic[name] = anchor->node;
        }
    }
    return OK;
}

#include "proto/schema/compile.h"

#include <stdlib.h>

#include "proto/schema/program.h"
#include "proto/schema/uri.h"

static struct schema_limits with_defaults(const struct schema_options *options)
{
    struct schema_limits limits = {.nodes_max = 0};
    if (options != NULL)
        limits = options->limits;
    if (limits.nodes_max == 0)
        limits.nodes_max = SCHEMA_NODES_MAX;
    if (limits.references_max == 0)
        limits.references_max = SCHEMA_REFERENCES_MAX;
    if (limits.patterns_max == 0)
        limits.patterns_max = SCHEMA_PATTERNS_MAX;
    if (limits.enum_max == 0)
        limits.enum_max = SCHEMA_ENUM_MAX;
    if (limits.instructions_max == 0 || limits.instructions_max > SCHEMA_INSTRUCTIONS_MAX)
        limits.instructions_max = SCHEMA_INSTRUCTIONS_MAX;
    if (limits.run_depth_max == 0 || limits.run_depth_max > SCHEMA_RUN_DEPTH_MAX)
        limits.run_depth_max = SCHEMA_RUN_DEPTH_MAX;
    if (limits.run_steps_max == 0)
        limits.run_steps_max = SCHEMA_RUN_STEPS_MAX;
    if (limits.run_marks_bytes_max == 0)
        limits.run_marks_bytes_max = SCHEMA_RUN_MARKS_BYTES_MAX;
    return limits;
}

/* Frees what was gathered unless it became a schema; a refusal without words gets its code. */
static enum err finish(struct schema *schema, enum err err, struct schema **out,
                       struct schema_refusal *refusal)
{
    if (err == OK) {
        *out = schema;
        return OK;
    }
    schema_free(schema);
    if (refusal->err != err)
        *refusal = (struct schema_refusal){.err = err, .rule = err_slug(err)};
    return err;
}

static struct framing framing_of(struct schema *schema, const struct library *library,
                                 const struct schema_options *options,
                                 struct schema_refusal *refusal)
{
    *refusal = (struct schema_refusal){.err = OK};
    schema->limits = with_defaults(options);
    return (struct framing){.model = &schema->model,
                            .library = library,
                            .assert_formats = options != NULL && options->assert_formats,
                            .limits = schema->limits,
                            .refusal = refusal};
}

static enum err finish_program(struct framing *framing, struct schema *schema)
{
    TRY(refs_resolve(framing));
    return lower(framing, schema->entry, &schema->program);
}

static enum err unknown(struct schema_refusal *refusal, struct span uri)
{
    *refusal = (struct schema_refusal){
        .err = ERR_NOT_FOUND,
        .rule = "JSON Schema Core 2020-12, 8.2.3: a schema is found under its URI"};
    size_t len = uri.len < SCHEMA_PLACE_BYTES - 1 ? uri.len : SCHEMA_PLACE_BYTES - 1;
    if (len > 0)
        memcpy(refusal->document, uri.data, len);
    return ERR_NOT_FOUND;
}

static enum err compile(struct framing *framing, struct schema *schema, struct span uri)
{
    const struct schema_document *document =
        library_find(framing->library, uri_without_fragment(uri));
    if (document == NULL)
        return unknown(framing->refusal, uri);
    struct schema_document copy;
    uint32_t root;
    uint32_t anchor;
    TRY(schema_document_copy(&copy, document));
    TRY(frame_document(framing, &copy, &root));
    enum err err = refs_find(framing, uri, root, 0, &schema->entry, &anchor);
    if (err == ERR_BAD_SCHEMA && framing->refusal->pointer[0] == 0)
        return unknown(framing->refusal, uri);
    TRY(err);
    return finish_program(framing, schema);
}

enum err schema_compile(const struct library *library, struct span uri,
                        const struct schema_options *options, struct schema **out,
                        struct schema_refusal *refusal)
{
    struct schema_refusal ignored;
    struct schema *schema = calloc(1, sizeof(*schema));
    if (refusal == NULL)
        refusal = &ignored;
    if (schema == NULL)
        return finish(NULL, ERR_NO_MEMORY, out, refusal);
    struct framing framing = framing_of(schema, library, options, refusal);
    return finish(schema, compile(&framing, schema, uri), out, refusal);
}

static enum err compile_text(struct framing *framing, struct schema *schema, struct span base,
                             struct span json)
{
    struct schema_document document;
    struct why why = {.rule = NULL};
    enum err err = schema_document_read(&document, uri_without_fragment(base), json, &why);
    if (err != OK) {
        *framing->refusal = (struct schema_refusal){.err = err, .rule = why.rule};
        memcpy(framing->refusal->expected, why.expected, sizeof(why.expected));
        memcpy(framing->refusal->found, why.found, sizeof(why.found));
        if (err == ERR_LIMIT)
            framing->refusal->limit = "SCHEMA_BYTES_MAX, SCHEMA_DEPTH_MAX";
        return err;
    }
    TRY(frame_document(framing, &document, &schema->entry));
    return finish_program(framing, schema);
}

enum err schema_compile_text(const struct library *library, struct span base, struct span json,
                             const struct schema_options *options, struct schema **out,
                             struct schema_refusal *refusal)
{
    struct schema_refusal ignored;
    struct schema *schema = calloc(1, sizeof(*schema));
    struct library *own = library == NULL ? library_new() : NULL;
    if (refusal == NULL)
        refusal = &ignored;
    if (schema == NULL || (library == NULL && own == NULL)) {
        library_free(own);
        return finish(schema, ERR_NO_MEMORY, out, refusal);
    }
    struct framing framing = framing_of(schema, library != NULL ? library : own, options, refusal);
    enum err err = compile_text(&framing, schema, base, json);
    library_free(own);
    return finish(schema, err, out, refusal);
}

void schema_free(struct schema *schema)
{
    if (schema == NULL)
        return;
    program_clear(&schema->program);
    model_clear(&schema->model);
    free(schema);
}

struct schema_size schema_size(const struct schema *schema)
{
    const struct model *m = &schema->model;
    const struct program *p = &schema->program;
    struct schema_size size = {.documents = m->sources.count,
                               .nodes = m->nodes.count,
                               .references = m->references.count,
                               .patterns = m->patterns.count,
                               .instructions = p->code.count,
                               .bytes = sizeof(*schema)};
    for (uint32_t i = 0; i < m->sources.count; i++) {
        const struct schema_document *document = &m->sources.items[i].document;
        size.bytes += document->text.len + document->uri.len;
        size.bytes += document->tape.count * (sizeof(struct tape_token) + sizeof(uint32_t));
    }
    size.bytes += m->nodes.cap * sizeof(*m->nodes.items);
    size.bytes += m->clauses.cap * sizeof(*m->clauses.items);
    size.bytes += m->children.cap * sizeof(*m->children.items);
    size.bytes += m->references.cap * sizeof(*m->references.items);
    size.bytes += p->code.cap * sizeof(*p->code.items) + p->edges.cap * sizeof(*p->edges.items);
    size.bytes += p->slots.cap * sizeof(*p->slots.items) + p->bytes.cap;
    size.bytes += p->table_slots.cap * sizeof(*p->table_slots.items);
    return size;
}

/* Reads documents into the model: which places are schemas, under which address and dialect.
 *
 * Only keywords of the dialect have subschemas: what stands in `enum`, `const` or an unknown
 * keyword is data, even where it looks like a schema. */
#include <stdlib.h>

#include "proto/schema/model.h"
#include "proto/schema/shape.h"
#include "proto/schema/uri.h"

#define VOCABULARY_PREFIX "https://json-schema.org/draft/2020-12/vocab/"
#define DIALECT "https://json-schema.org/draft/2020-12/schema"

void model_clear(struct model *model)
{
    for (uint32_t i = 0; i < model->sources.count; i++) {
        schema_document_clear(&model->sources.items[i].document);
        free(model->sources.items[i].node_of);
    }
    for (uint32_t i = 0; i < model->patterns.count; i++)
        pattern_free(model->patterns.items[i]);
    for (uint32_t i = 0; i < model->strings.count; i++)
        free(model->strings.items[i]);
    free(model->sources.items);
    free(model->resources.items);
    free(model->nodes.items);
    free(model->clauses.items);
    free(model->children.items);
    free(model->references.items);
    free(model->anchors.items);
    free(model->patterns.items);
    free(model->strings.items);
    names_clear(&model->resource_of_uri);
    names_clear(&model->anchor_of_name);
    names_clear(&model->pattern_of_text);
}

const struct clause *model_clause(const struct model *model, uint32_t node, enum keyword keyword)
{
    const struct node *n = &model->nodes.items[node];
    for (uint32_t i = 0; i < n->clause_count; i++) {
        if (model->clauses.items[n->clause_first + i].keyword == keyword)
            return &model->clauses.items[n->clause_first + i];
    }
    return NULL;
}

uint32_t model_count(const struct model *model, uint32_t node, const struct clause *clause)
{
    const struct schema_document *document = model_document(model, node);
    double value = tape_number(&document->tape, document->text, clause->token);
    return value < 4294967294.0 ? (uint32_t)value : UINT32_MAX - 1;
}

/* ---- refusals ---- */

static void copy_place(char *out, struct span text)
{
    size_t len = text.len < SCHEMA_PLACE_BYTES - 1 ? text.len : SCHEMA_PLACE_BYTES - 1;
    if (len > 0)
        memcpy(out, text.data, len);
    out[len] = 0;
}

static enum err refuse(struct framing *f, enum err err, uint32_t source, uint32_t token,
                       const char *rule, const char *expected)
{
    static const char *const types[] = {"null",     "false",    "true",     "a number",
                                        "a string", "an array", "an object"};
    const struct schema_document *document = &f->model->sources.items[source].document;
    struct why why = {.rule = NULL};
    struct buf pointer;
    buf_init(&pointer, 1u << 20);
    pointer_append(&document->tape, document->text, 0, token, &pointer);
    (void)why_set(&why, err, rule, 0, expected,
                  types[schema_document_token(document, token)->type]);
    *f->refusal = (struct schema_refusal){.err = err, .rule = rule};
    copy_place(f->refusal->document, document->uri);
    copy_place(f->refusal->pointer, buf_span(&pointer));
    memcpy(f->refusal->expected, why.expected, sizeof(why.expected));
    memcpy(f->refusal->found, why.found, sizeof(why.found));
    buf_clear(&pointer);
    return err;
}

enum err frame_refuse(struct framing *f, uint32_t source, uint32_t token, const char *rule,
                      const char *expected)
{
    return refuse(f, ERR_BAD_SCHEMA, source, token, rule, expected);
}

enum err frame_refuse_limit(struct framing *f, uint32_t source, uint32_t token, const char *limit)
{
    (void)refuse(f, ERR_LIMIT, source, token, "limits.h: bounds on a schema", NULL);
    f->refusal->found[0] = 0;
    f->refusal->limit = limit;
    return ERR_LIMIT;
}

/* ---- texts ---- */

/* Keeps bytes for the model's life. data NULL: no memory. */
static struct span keep(struct model *model, struct span text)
{
    uint8_t *bytes = malloc(text.len + 1);
    uint8_t **slot = bytes == NULL ? NULL : LIST_PUSH(&model->strings);
    if (slot == NULL) {
        free(bytes);
        return span_of(NULL, 0);
    }
    if (text.len > 0)
        memcpy(bytes, text.data, text.len);
    *slot = bytes;
    return span_of(bytes, text.len);
}

/* A string token's own text, kept. */
static enum err decode(struct framing *f, uint32_t source, uint32_t token, struct span *out)
{
    const struct schema_document *document = &f->model->sources.items[source].document;
    struct buf text;
    buf_init(&text, SCHEMA_BYTES_MAX);
    tape_append_decoded(&document->tape, document->text, token, &text);
    enum err err = buf_check(&text);
    if (err == OK) {
        *out = keep(f->model, buf_span(&text));
        err = out->data == NULL ? ERR_NO_MEMORY : OK;
    }
    buf_clear(&text);
    return err;
}

static uint32_t member(const struct schema_document *document, uint32_t object, const char *key)
{
    return tape_member(&document->tape, document->text, object, span_cstr(key));
}

/* ---- dialects ---- */

static unsigned vocabulary_bit(struct span name)
{
    static const struct {
        const char *name;
        unsigned bit;
    } known[] = {
        {"core", VOCABULARY_CORE},
        {"applicator", VOCABULARY_APPLICATOR},
        {"unevaluated", VOCABULARY_UNEVALUATED},
        {"validation", VOCABULARY_VALIDATION},
        {"meta-data", VOCABULARY_METADATA},
        {"format-annotation", VOCABULARY_FORMAT},
        {"format-assertion", VOCABULARY_FORMAT_ASSERTION},
        {"content", VOCABULARY_CONTENT},
    };
    struct span prefix = SPAN_LITERAL(VOCABULARY_PREFIX);
    if (!span_starts_with(name, prefix))
        return 0;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (span_is(span_part(name, prefix.len, name.len), known[i].name))
            return known[i].bit;
    }
    return 0;
}

/* Reads a meta-schema's $vocabulary. blamed: the `$schema` that chose it. */
static enum err read_vocabularies(struct framing *f, const struct schema_document *meta,
                                  uint32_t source, uint32_t blamed, unsigned *out)
{
    uint32_t list = schema_document_token(meta, 0)->type == TAPE_OBJECT
                        ? member(meta, 0, "$vocabulary")
                        : TAPE_NONE;
    *out = VOCABULARIES_STANDARD;
    if (list == TAPE_NONE || schema_document_token(meta, list)->type != TAPE_OBJECT)
        return OK;
    *out = VOCABULARY_CORE;
    uint32_t key = list + 1;
    for (uint32_t i = 0; i < schema_document_token(meta, list)->count; i++) {
        unsigned bit = vocabulary_bit(schema_document_span(meta, key));
        if (bit == 0 && schema_document_token(meta, key + 1)->type == TAPE_TRUE)
            return frame_refuse(f, source, blamed,
                                "JSON Schema Core 2020-12, 8.1.2: an unknown vocabulary that is "
                                "required makes the schema unusable",
                                "a dialect of known vocabularies");
        *out |= bit;
        key = schema_document_token(meta, key + 1)->next;
    }
    return OK;
}

static enum err read_dialect(struct framing *f, uint32_t source, uint32_t token, struct span own,
                             unsigned *out)
{
    struct span uri;
    TRY(decode(f, source, token, &uri));
    uri = uri_without_fragment(uri);
    const struct schema_document *meta = library_find(f->library, uri);
    if (span_is(uri, DIALECT)) {
        *out = VOCABULARIES_STANDARD;
        return OK;
    }
    if (meta == NULL && span_equal(uri, own))
        meta = &f->model->sources.items[source].document;
    if (meta == NULL)
        return frame_refuse(f, source, token,
                            "JSON Schema Core 2020-12, 8.1.1: $schema names a dialect that is "
                            "known",
                            DIALECT);
    return read_vocabularies(f, meta, source, token, out);
}

/* ---- resources and anchors ---- */

static enum err add_resource(struct framing *f, struct span uri, uint32_t source, uint32_t token,
                             unsigned vocabularies, uint32_t *out)
{
    struct resource *resource = LIST_PUSH(&f->model->resources);
    if (resource == NULL)
        return ERR_NO_MEMORY;
    *resource = (struct resource){
        .uri = uri, .source = source, .token = token, .vocabularies = vocabularies};
    memset(resource->dynamic, 0xFF, sizeof(resource->dynamic));
    *out = f->model->resources.count - 1;
    return OK;
}

static enum err name_resource(struct framing *f, uint32_t resource, uint32_t source, uint32_t token,
                              struct span uri)
{
    uint32_t holder = names_find(&f->model->resource_of_uri, 0, uri);
    if (holder == resource)
        return OK;
    if (holder != NAMES_NONE)
        return frame_refuse(f, source, token,
                            "JSON Schema Core 2020-12, 8.2.1: an $id names one schema",
                            "an identifier that is not taken");
    return names_add(&f->model->resource_of_uri, 0, uri, resource);
}

/* $id: a resource of its own begins, unless this is the root of a document, which has one. */
static enum err read_id(struct framing *f, uint32_t node, uint32_t token)
{
    struct model *model = f->model;
    struct node *n = &model->nodes.items[node];
    struct span id;
    TRY(decode(f, n->source, token, &id));
    if (uri_fragment(id).len > 0)
        return frame_refuse(f, n->source, token,
                            "JSON Schema Core 2020-12, 8.2.1: $id has no fragment",
                            "a URI reference without fragment");
    struct buf uri;
    buf_init(&uri, SCHEMA_URI_BYTES_MAX);
    uri_resolve(model->resources.items[n->resource].uri, uri_without_fragment(id), &uri);
    enum err err = buf_check(&uri);
    struct span kept = err == OK ? keep(model, buf_span(&uri)) : span_of(NULL, 0);
    buf_clear(&uri);
    if (err == ERR_LIMIT)
        return frame_refuse_limit(f, n->source, token, "SCHEMA_URI_BYTES_MAX");
    if (err != OK || kept.data == NULL)
        return ERR_NO_MEMORY;
    if (n->token != model->resources.items[n->resource].token) {
        unsigned vocabularies = model->resources.items[n->resource].vocabularies;
        TRY(add_resource(f, kept, n->source, n->token, vocabularies, &n->resource));
        model->resources.items[n->resource].node = node;
    } else {
        model->resources.items[n->resource].uri = kept;
    }
    return name_resource(f, n->resource, n->source, token, kept);
}

static bool is_anchor(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        uint8_t lower = c | 0x20;
        bool starts = (lower >= 'a' && lower <= 'z') || c == '_';
        bool follows = (c >= '0' && c <= '9') || c == '-' || c == '.';
        if (!starts && (i == 0 || !follows))
            return false;
    }
    return text.len > 0;
}

static enum err add_anchor(struct framing *f, uint32_t node, uint32_t token, bool is_dynamic)
{
    struct model *model = f->model;
    const struct node *n = &model->nodes.items[node];
    struct span name = schema_document_span(model_document(model, node), token);
    if (!is_anchor(name))
        return frame_refuse(f, n->source, token,
                            "JSON Schema Core 2020-12, 8.2.2: an anchor is a plain name",
                            "letters, digits, - _ . and no digit first");
    uint32_t holder = names_find(&model->anchor_of_name, n->resource, name);
    if (holder != NAMES_NONE) {
        struct anchor *anchor = &model->anchors.items[holder];
        if (anchor->node != node)
            return frame_refuse(f, n->source, token,
                                "JSON Schema Core 2020-12, 8.2.2: an anchor names one schema of "
                                "its resource",
                                "an anchor that is not taken");
        anchor->is_dynamic = anchor->is_dynamic || is_dynamic;
        return OK;
    }
    struct anchor *anchor = LIST_PUSH(&model->anchors);
    if (anchor == NULL)
        return ERR_NO_MEMORY;
    *anchor = (struct anchor){
        .name = name, .resource = n->resource, .node = node, .is_dynamic = is_dynamic};
    return names_add(&model->anchor_of_name, n->resource, name, model->anchors.count - 1);
}

/* ---- nodes ---- */

static enum err add_node(struct framing *f, uint32_t source, uint32_t token, uint32_t resource,
                         uint32_t *out)
{
    struct model *model = f->model;
    if (model->nodes.count >= f->limits.nodes_max)
        return frame_refuse_limit(f, source, token, "SCHEMA_NODES_MAX");
    struct node *node = LIST_PUSH(&model->nodes);
    if (node == NULL)
        return ERR_NO_MEMORY;
    *node = (struct node){.source = source, .token = token, .resource = resource};
    *out = model->nodes.count - 1;
    model->sources.items[source].node_of[token] = *out;
    return OK;
}

static enum err add_child(struct framing *f, uint32_t node, uint32_t clause, uint32_t key,
                          uint32_t token)
{
    struct model *model = f->model;
    const struct node *n = &model->nodes.items[node];
    uint32_t child_node = NONE;
    if (token != NONE)
        TRY(add_node(f, n->source, token, n->resource, &child_node));
    struct child *child = LIST_PUSH(&model->children);
    if (child == NULL)
        return ERR_NO_MEMORY;
    *child = (struct child){.key = key, .node = child_node, .pattern = NONE};
    model->clauses.items[clause].count++;
    return OK;
}

static enum err add_pattern(struct framing *f, uint32_t node, uint32_t token, uint32_t *out)
{
    struct model *model = f->model;
    uint32_t source = model->nodes.items[node].source;
    struct span raw = schema_document_span(&model->sources.items[source].document, token);
    *out = names_find(&model->pattern_of_text, 0, raw);
    if (*out != NAMES_NONE)
        return OK;
    if (model->patterns.count >= f->limits.patterns_max)
        return frame_refuse_limit(f, source, token, "SCHEMA_PATTERNS_MAX");
    struct span text;
    struct why why = {.rule = NULL};
    TRY(decode(f, source, token, &text));
    struct pattern **slot = LIST_PUSH(&model->patterns);
    if (slot == NULL)
        return ERR_NO_MEMORY;
    enum err err = pattern_compile(text, slot, &why);
    if (err != OK) {
        model->patterns.count--;
        if (err == ERR_NO_MEMORY)
            return err;
        (void)refuse(f, err == ERR_LIMIT ? ERR_LIMIT : ERR_BAD_SCHEMA, source, token,
                     why.rule != NULL ? why.rule
                                      : "JSON Schema Core 2020-12, 6.4: ECMA-262 expressions",
                     why.expected);
        memcpy(f->refusal->found, why.found, sizeof(why.found));
        if (err == ERR_LIMIT)
            f->refusal->limit = "PATTERN_BYTES_MAX";
        return f->refusal->err;
    }
    *out = model->patterns.count - 1;
    return names_add(&model->pattern_of_text, 0, raw, *out);
}

static enum err add_children(struct framing *f, uint32_t node, uint32_t clause, uint32_t token,
                             enum keyword_shape shape)
{
    struct model *model = f->model;
    const struct schema_document *document = model_document(model, node);
    uint32_t count = schema_document_token(document, token)->count;
    uint32_t at = token + 1;
    if (shape == SHAPE_SCHEMA)
        return add_child(f, node, clause, NONE, token);
    for (uint32_t i = 0; i < count; i++) {
        bool is_map = shape != SHAPE_SCHEMAS;
        uint32_t value = is_map ? at + 1 : at;
        bool is_names = shape == SHAPE_DEPENDENCIES &&
                        schema_document_token(document, value)->type == TAPE_ARRAY;
        TRY(add_child(f, node, clause, is_map ? at : NONE, is_names ? NONE : value));
        if (shape == SHAPE_PATTERN_MAP) {
            uint32_t pattern;
            TRY(add_pattern(f, node, at, &pattern));
            model->children.items[model->children.count - 1].pattern = pattern;
        }
        document = model_document(model, node);
        at = schema_document_token(document, value)->next;
    }
    return OK;
}

static enum err add_reference(struct framing *f, uint32_t node, struct clause *clause)
{
    struct model *model = f->model;
    if (model->references.count >= f->limits.references_max)
        return frame_refuse_limit(f, model->nodes.items[node].source, clause->token,
                                  "SCHEMA_REFERENCES_MAX");
    struct reference *reference = LIST_PUSH(&model->references);
    if (reference == NULL)
        return ERR_NO_MEMORY;
    *reference = (struct reference){.node = node,
                                    .token = clause->token,
                                    .target = NONE,
                                    .dynamic = NONE,
                                    .is_dynamic_ref = clause->keyword == KEYWORD_DYNAMIC_REF};
    clause->first = model->references.count - 1;
    return OK;
}

static enum err read_clause(struct framing *f, uint32_t node, uint32_t token, enum keyword keyword)
{
    struct model *model = f->model;
    const struct keyword_row *row = &keyword_rows[keyword];
    uint32_t source = model->nodes.items[node].source;
    const struct schema_document *document = &model->sources.items[source].document;
    struct shape_fault fault;
    if (!shape_holds(document, token, row->shape, &fault))
        return frame_refuse(f, source, fault.token, fault.rule, fault.expected);
    if (keyword == KEYWORD_ENUM &&
        schema_document_token(document, token)->count > f->limits.enum_max)
        return frame_refuse_limit(f, source, token, "SCHEMA_ENUM_MAX");
    struct clause *clause = LIST_PUSH(&model->clauses);
    if (clause == NULL)
        return ERR_NO_MEMORY;
    *clause = (struct clause){.token = token, .keyword = (uint8_t)keyword};
    model->nodes.items[node].clause_count++;
    clause->first = model->children.count;
    uint32_t index = model->clauses.count - 1;
    switch ((enum keyword_shape)row->shape) {
    case SHAPE_SCHEMA:
    case SHAPE_SCHEMAS:
    case SHAPE_SCHEMA_MAP:
    case SHAPE_PATTERN_MAP:
    case SHAPE_DEPENDENCIES:
        return add_children(f, node, index, token, row->shape);
    case SHAPE_REFERENCE:
        return add_reference(f, node, clause);
    case SHAPE_PATTERN:
        return add_pattern(f, node, token, &model->clauses.items[index].first);
    case SHAPE_ANCHOR:
        return add_anchor(f, node, token, keyword == KEYWORD_DYNAMIC_ANCHOR);
    case SHAPE_FORMAT: {
        unsigned vocabularies =
            model->resources.items[model->nodes.items[node].resource].vocabularies;
        clause->first = format_find(schema_document_span(document, token));
        clause->asserts = f->assert_formats || (vocabularies & VOCABULARY_FORMAT_ASSERTION) != 0;
        return OK;
    }
    case SHAPE_ANY:
    case SHAPE_ARRAY:
    case SHAPE_BOOLEAN:
    case SHAPE_COUNT:
    case SHAPE_NAMES:
    case SHAPE_NAMES_MAP:
    case SHAPE_NUMBER:
    case SHAPE_POSITIVE:
    case SHAPE_STRING:
    case SHAPE_TYPE:
        return OK;
    }
    return OK;
}

/* $id and $schema come first: they decide what the rest means. */
static enum err read_head(struct framing *f, uint32_t node)
{
    struct model *model = f->model;
    uint32_t source = model->nodes.items[node].source;
    uint32_t token = model->nodes.items[node].token;
    const struct schema_document *document = model_document(model, node);
    uint32_t id = member(document, token, "$id");
    uint32_t dialect = member(document, token, "$schema");
    if (id != TAPE_NONE && schema_document_token(document, id)->type == TAPE_STRING)
        TRY(read_id(f, node, id));
    struct resource *resource = &model->resources.items[model->nodes.items[node].resource];
    bool is_root = resource->token == token && resource->source == source;
    if (!is_root || dialect == TAPE_NONE ||
        schema_document_token(document, dialect)->type != TAPE_STRING)
        return OK;
    return read_dialect(f, source, dialect, resource->uri, &resource->vocabularies);
}

static enum err read_node(struct framing *f, uint32_t node)
{
    struct model *model = f->model;
    struct node *n = &model->nodes.items[node];
    const struct schema_document *document = model_document(model, node);
    const struct tape_token *token = schema_document_token(document, n->token);
    uint32_t count = token->count;
    n->clause_first = model->clauses.count;
    if (token->type != TAPE_OBJECT) {
        n->kind = token->type == TAPE_TRUE ? NODE_TRUE : NODE_FALSE;
        if (token->type == TAPE_TRUE || token->type == TAPE_FALSE)
            return OK;
        return frame_refuse(f, n->source, n->token,
                            "JSON Schema Core 2020-12, 4.3: a schema is an object or a boolean",
                            "an object, true or false");
    }
    n->kind = NODE_OBJECT;
    TRY(read_head(f, node));
    unsigned known = model->resources.items[model->nodes.items[node].resource].vocabularies;
    if ((known & VOCABULARY_FORMAT_ASSERTION) != 0)
        known |= VOCABULARY_FORMAT;
    uint32_t key = model->nodes.items[node].token + 1;
    for (uint32_t i = 0; i < count; i++) {
        document = model_document(model, node);
        enum keyword keyword = keyword_find(schema_document_span(document, key));
        if (keyword != KEYWORD_COUNT && (keyword_rows[keyword].vocabulary & known) != 0)
            TRY(read_clause(f, node, key + 1, keyword));
        document = model_document(model, node);
        key = schema_document_token(document, key + 1)->next;
    }
    return OK;
}

/* Nodes are read in the order in which they were found, so that nesting takes no stack. */
static enum err read_pending(struct framing *f)
{
    while (f->parsed < f->model->nodes.count)
        TRY(read_node(f, f->parsed++));
    return OK;
}

enum err frame_document(struct framing *f, struct schema_document *taken, uint32_t *root_out)
{
    struct model *model = f->model;
    uint32_t *node_of = malloc(taken->tape.count * sizeof(*node_of));
    struct source *source = node_of == NULL ? NULL : LIST_PUSH(&model->sources);
    if (source == NULL) {
        free(node_of);
        schema_document_clear(taken);
        return ERR_NO_MEMORY;
    }
    memset(node_of, 0xFF, taken->tape.count * sizeof(*node_of));
    *source = (struct source){.document = *taken, .node_of = node_of};
    uint32_t index = model->sources.count - 1;
    uint32_t resource;
    TRY(add_resource(f, taken->uri, index, 0, VOCABULARIES_STANDARD, &resource));
    TRY(name_resource(f, resource, index, 0, taken->uri));
    TRY(add_node(f, index, 0, resource, root_out));
    model->resources.items[resource].node = *root_out;
    model->sources.items[index].root = *root_out;
    return read_pending(f);
}

enum err frame_place(struct framing *f, uint32_t source, uint32_t token, uint32_t resource,
                     uint32_t *node_out)
{
    TRY(add_node(f, source, token, resource, node_out));
    return read_pending(f);
}

/* A schema held against its meta-schema: what the suite of keywords says of itself. */
#include "proto/schema/explain.h"
#include "proto/schema/program.h"
#include "proto/schema/uri.h"

static void copy_text(char *out, size_t size, struct span text)
{
    size_t len = text.len < size - 1 ? text.len : size - 1;
    if (len > 0)
        memcpy(out, text.data, len);
    out[len] = 0;
}

/* The meta-schema that the document names; that of 2020-12 otherwise. */
static void meta_uri(const struct schema_document *document, struct buf *out)
{
    uint32_t named = TAPE_NONE;
    if (schema_document_token(document, 0)->type == TAPE_OBJECT)
        named = tape_member(&document->tape, document->text, 0, SPAN_LITERAL("$schema"));
    if (named != TAPE_NONE && schema_document_token(document, named)->type == TAPE_STRING)
        tape_append_decoded(&document->tape, document->text, named, out);
    else
        buf_append_cstr(out, "https://json-schema.org/draft/2020-12/schema");
}

static void refuse(const struct schema_document *document, const struct schema_report *report,
                   struct schema_refusal *refusal)
{
    /* The deepest place says most. */
    struct schema_unit worst = schema_report_unit(report, 0);
    for (uint32_t i = 1; i < schema_report_count(report); i++) {
        struct schema_unit unit = schema_report_unit(report, i);
        if (unit.instance_location.len > worst.instance_location.len)
            worst = unit;
    }
    *refusal = (struct schema_refusal){
        .err = ERR_BAD_SCHEMA,
        .rule = "JSON Schema 2020-12: a schema is valid against its meta-schema"};
    copy_text(refusal->document, sizeof(refusal->document), document->uri);
    copy_text(refusal->pointer, sizeof(refusal->pointer), worst.instance_location);
    copy_text(refusal->expected, sizeof(refusal->expected), worst.expected);
    copy_text(refusal->found, sizeof(refusal->found), worst.actual);
}

static enum err judge(const struct schema *meta, const struct schema_document *document,
                      struct schema_refusal *refusal)
{
    struct validator *validator = validator_new();
    struct schema_report *report = schema_report_new();
    enum err err = validator == NULL || report == NULL ? ERR_NO_MEMORY : OK;
    if (err == OK &&
        schema_holds(meta, validator, &document->tape, document->text, 0) != SCHEMA_VALID) {
        enum verdict verdict =
            schema_explain(meta, validator, &document->tape, document->text, 0, NULL, report);
        err = ERR_BAD_SCHEMA;
        if (verdict == SCHEMA_INVALID && schema_report_count(report) > 0) {
            refuse(document, report, refusal);
        } else {
            err = ERR_LIMIT;
            *refusal = (struct schema_refusal){.err = ERR_LIMIT,
                                               .rule = "limits.h: bounds on a run",
                                               .limit = validator_limit(validator)};
        }
    }
    validator_free(validator);
    schema_report_free(report);
    return err;
}

enum err schema_check(const struct library *library, struct span uri,
                      const struct schema_options *options, struct schema_refusal *refusal)
{
    struct schema_refusal ignored;
    struct schema *schema = NULL;
    struct schema *meta = NULL;
    struct buf name;
    if (refusal == NULL)
        refusal = &ignored;
    const struct schema_document *document = library_find(library, uri_without_fragment(uri));
    if (document == NULL) /* the refusal says so */
        return schema_compile(library, uri, options, &schema, refusal);
    buf_init(&name, SCHEMA_URI_BYTES_MAX);
    meta_uri(document, &name);
    enum err err = schema_compile(library, buf_span(&name), NULL, &meta, refusal);
    if (err == OK)
        err = judge(meta, document, refusal);
    if (err == OK || meta == NULL)
        err = schema_compile(library, uri, options, &schema, refusal);
    buf_clear(&name);
    schema_free(meta);
    schema_free(schema);
    return err;
}

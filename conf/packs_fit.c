/* The judgement of a body by the type that it names, and of a type by the one before it. */
#include <stdlib.h>

#include "conf/packs_parts.h"
#include "proto/schema/diff.h"
#include "proto/limits.h"
#include "proto/schema/explain.h"
#include "proto/schema/pack_judge.h"
#include "proto/schema/pack_schema.h"

struct packs_scratch {
    struct pack_judge *judge;
};

struct packs_scratch *packs_scratch_new(void)
{
    struct packs_scratch *scratch = calloc(1, sizeof(*scratch));
    if (scratch == NULL)
        return NULL;
    scratch->judge = pack_judge_new();
    if (scratch->judge != NULL)
        return scratch;
    free(scratch);
    return NULL;
}

void packs_scratch_free(struct packs_scratch *scratch)
{
    if (scratch == NULL)
        return;
    pack_judge_free(scratch->judge);
    free(scratch);
}

enum fit packs_fit(const struct packs *packs, struct packs_scratch *scratch,
                   struct span schema_name, const struct tape *tape, struct span text,
                   uint32_t body, struct schema_report *report)
{
    enum packs_state state;
    const struct schema *schema;
    const struct alias *alias;
    const struct packs_type *type = packs_find_type(packs, schema_name, &state);
    if (type == NULL)
        return state == PACKS_TYPE_UNKNOWN ? FIT_UNKNOWN_TYPE : FIT_UNKNOWN_PACK;
    if (packs_type_schema(type, &schema, NULL) != OK ||
        packs_type_aliases(type, &alias, NULL) != OK)
        return FIT_LIMIT;
    switch (pack_judge_body(scratch->judge, schema, alias, tape, text, body)) {
    case PACK_HOLDS:
    case PACK_HOLDS_RENAMED:
        return FIT_VALID;
    case PACK_CANNOT_TELL:
        return FIT_LIMIT;
    case PACK_FAILS:
        break;
    }
    if (report != NULL)
        (void)schema_explain(schema, pack_judge_validator(scratch->judge), tape, text, body, NULL,
                             report);
    return FIT_INVALID;
}

/* A valid example of the old version that the new one refuses is a record that would be lost. */
static enum err compare_examples(const struct pack_type *old, const struct schema *schema,
                                 struct pack_judge *judge, bool *out, struct buf *detail)
{
    static const struct tape_limits limits = {.bytes_max = JSON_TEXT_BYTES_MAX,
                                              .depth_max = JSON_DEPTH_MAX};
    struct buf prefix;
    struct tape tape;
    tape_init(&tape);
    buf_init(&prefix, PACK_PATH_BYTES_MAX);
    buf_append_cstr(&prefix, "examples/");
    buf_append_span(&prefix, old->name);
    buf_append_cstr(&prefix, "/valid/");
    enum err err = buf_check(&prefix);
    for (size_t i = 0; err == OK && i < pack_content_count(old->pack); i++) {
        const struct pack_content *content = pack_content_at(old->pack, i);
        if (!span_starts_with(content->path, buf_span(&prefix)))
            continue;
        err = tape_scan(&tape, content->json, &limits, NULL);
        if (err != OK ||
            pack_judge_body(judge, schema, NULL, &tape, content->json, 0) == PACK_HOLDS)
            continue;
        *out = false;
        buf_append_cstr(detail, detail->len == 0 ? "" : ", ");
        buf_append_span(detail, content->path);
    }
    tape_clear(&tape);
    buf_clear(&prefix);
    return err;
}

/* What no example shows: the first place that has become narrower. */
static enum err compare_schemas(const struct pack_type *old, const struct pack_type *fresh,
                                bool *out, struct buf *detail)
{
    struct diff diff;
    TRY(schema_diff(old->schema_json, fresh->schema_json, &diff, NULL));
    for (size_t i = 0; i < diff.count && *out; i++) {
        if (!diff.findings[i].narrows)
            continue;
        *out = false;
        buf_append_cstr(detail, diff.findings[i].place[0] == '\0' ? "/" : diff.findings[i].place);
        buf_append_cstr(detail, ": ");
        diff_sentence(&diff.findings[i], LANG_EN, detail);
    }
    diff_clear(&diff);
    return OK;
}

enum err packs_compatible(const struct pack_type *old, const struct pack_type *fresh, bool *out,
                          struct buf *detail)
{
    struct library *library = NULL;
    struct schema *schema = NULL;
    struct pack_judge *judge = pack_judge_new();
    *out = true;
    enum err err = judge == NULL ? ERR_NO_MEMORY : pack_schema_library(fresh->pack, &library, NULL);
    if (err == OK)
        err = pack_schema_compile(fresh, library, &schema, NULL);
    if (err == OK)
        err = compare_examples(old, schema, judge, out, detail);
    if (err == OK && *out)
        err = compare_schemas(old, fresh, out, detail);
    schema_free(schema);
    library_free(library);
    pack_judge_free(judge);
    return err;
}

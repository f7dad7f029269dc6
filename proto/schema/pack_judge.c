#include "proto/schema/pack_judge.h"

#include <stdlib.h>

#include "proto/json/tree.h"
#include "proto/limits.h"
#include "proto/schema/explain.h"

struct pack_judge {
    struct validator *validator;
    struct arena arena; /* the body as a tree, while its names are replaced */
    struct buf renamed; /* its canonical bytes then */
    struct tape tape;
    struct schema_report *report;
};

static const struct tape_limits limits = {.bytes_max = JSON_TEXT_BYTES_MAX,
                                          .depth_max = JSON_DEPTH_MAX};

struct pack_judge *pack_judge_new(void)
{
    struct pack_judge *judge = calloc(1, sizeof(*judge));
    if (judge == NULL)
        return NULL;
    arena_init(&judge->arena, LENS_WORK_BYTES_MAX);
    buf_init(&judge->renamed, JSON_TEXT_BYTES_MAX);
    tape_init(&judge->tape);
    judge->validator = validator_new();
    judge->report = schema_report_new();
    if (judge->validator != NULL && judge->report != NULL)
        return judge;
    pack_judge_free(judge);
    return NULL;
}

void pack_judge_free(struct pack_judge *judge)
{
    if (judge == NULL)
        return;
    validator_free(judge->validator);
    schema_report_free(judge->report);
    arena_clear(&judge->arena);
    buf_clear(&judge->renamed);
    tape_clear(&judge->tape);
    free(judge);
}

struct validator *pack_judge_validator(struct pack_judge *judge)
{
    return judge->validator;
}

static enum pack_verdict judge_renamed(struct pack_judge *judge, const struct schema *schema,
                                       const struct alias *alias, const struct tape *tape,
                                       struct span text, uint32_t body)
{
    arena_reset(&judge->arena);
    buf_reset(&judge->renamed);
    struct tree *root = tree_from_tape(&judge->arena, tape, text, body);
    if (arena_check(&judge->arena) != OK)
        return PACK_CANNOT_TELL;
    size_t changed = alias_apply(alias, &judge->arena, root);
    if (arena_check(&judge->arena) != OK)
        return PACK_CANNOT_TELL;
    if (changed == 0)
        return PACK_FAILS;
    tree_append_canonical(&judge->renamed, root);
    if (buf_check(&judge->renamed) != OK ||
        tape_scan(&judge->tape, buf_span(&judge->renamed), &limits, NULL) != OK)
        return PACK_CANNOT_TELL;
    switch (schema_holds(schema, judge->validator, &judge->tape, buf_span(&judge->renamed), 0)) {
    case SCHEMA_VALID:
        return PACK_HOLDS_RENAMED;
    case SCHEMA_INVALID:
        return PACK_FAILS;
    case SCHEMA_LIMIT:
        return PACK_CANNOT_TELL;
    }
    BUG("a verdict beyond the enum");
}

enum pack_verdict pack_judge_body(struct pack_judge *judge, const struct schema *schema,
                                  const struct alias *alias, const struct tape *tape,
                                  struct span text, uint32_t body)
{
    switch (schema_holds(schema, judge->validator, tape, text, body)) {
    case SCHEMA_VALID:
        return PACK_HOLDS;
    case SCHEMA_INVALID:
        return alias == NULL ? PACK_FAILS : judge_renamed(judge, schema, alias, tape, text, body);
    case SCHEMA_LIMIT:
        return PACK_CANNOT_TELL;
    }
    BUG("a verdict beyond the enum");
}

static void copy_cut(char *out, size_t size, struct span text)
{
    size_t len = text.len < size ? text.len : size - 1;
    while (len < text.len && len > 0 && (text.data[len] & 0xc0) == 0x80)
        len--;
    if (len > 0)
        memcpy(out, text.data, len);
    out[len] = '\0';
}

void pack_first_error(struct pack_judge *judge, const struct schema *schema,
                      const struct tape *tape, struct span text, uint32_t body,
                      struct pack_first_error *out)
{
    const struct explain_options options = {.errors_max = 1};
    *out = (struct pack_first_error){.pointer = ""};
    (void)schema_explain(schema, judge->validator, tape, text, body, &options, judge->report);
    if (schema_report_count(judge->report) == 0)
        return;
    struct schema_unit unit = schema_report_unit(judge->report, 0);
    copy_cut(out->pointer, sizeof(out->pointer), unit.instance_location);
    copy_cut(out->keyword, sizeof(out->keyword), unit.keyword);
}

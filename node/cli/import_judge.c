/* The verdict of the pack's judge, and the first of the errors in words. */
#include "node/cli/import_judge.h"

#include <stdio.h>
#include <stdlib.h>

#include "proto/json/pointer.h"
#include "proto/limits.h"
#include "proto/schema/explain.h"
#include "proto/schema/pack_judge.h"

struct import_judge {
    enum lang lang;
    struct pack_judge *judge;
    struct schema_report *report;
    struct buf sentence;
};

struct import_judge *import_judge_new(enum lang lang)
{
    struct import_judge *judge = calloc(1, sizeof(*judge));
    if (judge == NULL)
        return NULL;
    judge->lang = lang;
    buf_init(&judge->sentence, LINE_BYTES_MAX);
    judge->judge = pack_judge_new();
    judge->report = schema_report_new();
    if (judge->judge == NULL || judge->report == NULL) {
        import_judge_free(judge);
        return NULL;
    }
    return judge;
}

void import_judge_free(struct import_judge *judge)
{
    if (judge == NULL)
        return;
    pack_judge_free(judge->judge);
    schema_report_free(judge->report);
    buf_clear(&judge->sentence);
    free(judge);
}

static void copy(char *out, size_t size, struct span text)
{
    (void)snprintf(out, size, "%.*s", (int)text.len, (const char *)text.data);
}

/* The field to mend: of what is missing, the place where it should stand. */
static void name_field(struct buf *out, const struct schema_unit *unit)
{
    buf_append_span(out, unit->instance_location);
    if (unit->complaint == COMPLAINT_REQUIRED)
        pointer_append_segment(out, unit->expected);
}

static void explain(struct import_judge *judge, const struct schema *schema,
                    const struct tape *tape, struct span body, struct import_judgement *out)
{
    const struct explain_options first = {.errors_max = 1};
    buf_reset(&judge->sentence);
    (void)schema_explain(schema, pack_judge_validator(judge->judge), tape, body, 0, &first,
                         judge->report);
    if (schema_report_count(judge->report) == 0)
        return;
    struct schema_unit unit = schema_report_unit(judge->report, 0);
    schema_error_sentence(&unit, judge->lang, &judge->sentence);
    copy(out->keyword, sizeof(out->keyword), unit.keyword);
    copy(out->reason, sizeof(out->reason), buf_span(&judge->sentence));
    buf_reset(&judge->sentence);
    name_field(&judge->sentence, &unit);
    copy(out->field, sizeof(out->field), buf_span(&judge->sentence));
}

enum err import_judge(struct import_judge *judge, const struct packs_type *type,
                      const struct tape *tape, struct span body, struct import_judgement *out)
{
    const struct schema *schema;
    const struct alias *alias;
    struct why why;
    TRY(packs_type_schema(type, &schema, &why));
    TRY(packs_type_aliases(type, &alias, &why));
    *out = (struct import_judgement){.holds = true};
    switch (pack_judge_body(judge->judge, schema, alias, tape, body, 0)) {
    case PACK_HOLDS:
    case PACK_HOLDS_RENAMED:
        return OK;
    case PACK_FAILS:
        explain(judge, schema, tape, body, out);
        break;
    case PACK_CANNOT_TELL:
        break;
    }
    out->holds = false;
    if (out->reason[0] == '\0')
        copy(out->reason, sizeof(out->reason), span_cstr(err_sentence(ERR_LIMIT, judge->lang)));
    return OK;
}

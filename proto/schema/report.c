#include "proto/schema/report.h"

#include <stdlib.h>

#include "proto/json/jcs.h"

#define REPORT_BYTES_MAX (4u << 20)
#define RECLAIM_UNITS_MAX 256u /* more are annotations: their texts stay until the end */

struct schema_report *schema_report_new(void)
{
    struct schema_report *report = calloc(1, sizeof(*report));
    if (report != NULL)
        buf_init(&report->texts, REPORT_BYTES_MAX);
    return report;
}

void schema_report_free(struct schema_report *report)
{
    if (report == NULL)
        return;
    free(report->units.items);
    buf_clear(&report->texts);
    free(report);
}

void report_reset(struct schema_report *report)
{
    report->units.count = 0;
    report->cut = false;
    buf_reset(&report->texts);
}

void report_drop(struct schema_report *report, uint32_t from, bool errors, bool annotations)
{
    uint32_t kept = from;
    for (uint32_t i = from; i < report->units.count; i++) {
        bool dropped = report->units.items[i].is_annotation ? annotations : errors;
        if (!dropped)
            report->units.items[kept++] = report->units.items[i];
    }
    report->units.count = kept;
    /* Their texts may go, too, where nothing that is kept stands behind. */
    size_t end = 0;
    for (uint32_t i = 0; i < kept && kept <= RECLAIM_UNITS_MAX; i++) {
        for (unsigned t = 0; t < TEXT_COUNT; t++) {
            size_t behind = (size_t)report->units.items[i].texts[t].offset +
                            report->units.items[i].texts[t].len;
            end = behind > end ? behind : end;
        }
    }
    if (kept <= RECLAIM_UNITS_MAX)
        report->texts.len = end;
}

void report_move_last(struct schema_report *report, uint32_t index)
{
    struct report_unit *units = report->units.items;
    uint32_t last = report->units.count - 1;
    struct report_unit moved = units[last];
    memmove(units + index + 1, units + index, (last - index) * sizeof(*units));
    units[index] = moved;
}

uint32_t report_errors(const struct schema_report *report)
{
    uint32_t errors = 0;
    for (uint32_t i = 0; i < report->units.count; i++)
        errors += !report->units.items[i].is_annotation;
    return errors;
}

uint32_t schema_report_count(const struct schema_report *report)
{
    return report->units.count;
}

bool schema_report_is_cut(const struct schema_report *report)
{
    return report->cut;
}

struct schema_unit schema_report_unit(const struct schema_report *report, uint32_t index)
{
    CHECK(index < report->units.count);
    const struct report_unit *unit = &report->units.items[index];
    struct span texts[TEXT_COUNT];
    for (unsigned i = 0; i < TEXT_COUNT; i++)
        texts[i] = span_of(report->texts.data + unit->texts[i].offset, unit->texts[i].len);
    return (struct schema_unit){.complaint = unit->complaint,
                                .keyword = span_cstr(unit->keyword),
                                .instance_location = texts[TEXT_INSTANCE],
                                .keyword_location = texts[TEXT_KEYWORD_LOCATION],
                                .absolute_location = texts[TEXT_ABSOLUTE],
                                .expected = texts[TEXT_EXPECTED],
                                .actual = texts[TEXT_ACTUAL],
                                .annotation = texts[TEXT_ANNOTATION]};
}

/* ---- sentences ---- */

static const struct {
    const char *sentence[2]; /* by enum lang */
} complaints[COMPLAINT_COUNT] = {
#define COMPLAINT(name, keyword, english, french) {{english, french}},
#include "proto/schema/complaint.def"
#undef COMPLAINT
};

/* The names of types, separated by a comma and a space, in the reader's language. */
static void append_types(struct buf *out, struct span names, enum lang lang)
{
    static const char *const words[][3] = {
        {"null", "null", "null"},
        {"boolean", "true or false", "vrai ou faux"},
        {"integer", "an integer", "un nombre entier"},
        {"number", "a number", "un nombre"},
        {"string", "a string", "une chaîne"},
        {"array", "an array", "un tableau"},
        {"object", "an object", "un objet"},
    };
    for (size_t at = 0; at < names.len;) {
        size_t end = at;
        while (end < names.len && names.data[end] != ',')
            end++;
        if (at > 0)
            buf_append_cstr(out, lang == LANG_FR ? " ou " : " or ");
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
            if (span_is(span_part(names, at, end - at), words[i][0]))
                buf_append_cstr(out, words[i][lang == LANG_FR ? 2 : 1]);
        }
        at = end + 2;
    }
}

void schema_error_sentence(const struct schema_unit *error, enum lang lang, struct buf *out)
{
    const char *at = complaints[error->complaint].sentence[lang == LANG_FR];
    if (error->instance_location.len > 0)
        buf_append_span(out, error->instance_location);
    else
        buf_append_cstr(out, lang == LANG_FR ? "La valeur" : "The value");
    buf_append_byte(out, ' ');
    for (; *at != 0; at++) {
        bool is_field = at[0] == '{' && at[2] == '}';
        if (!is_field) {
            buf_append_byte(out, (uint8_t)*at);
            continue;
        }
        struct span field = at[1] == 'e' || at[1] == 'E' ? error->expected : error->actual;
        if (at[1] == 'E' || at[1] == 'A')
            append_types(out, field, lang);
        else
            buf_append_span(out, field);
        at += 2;
    }
}

/* ---- JSON ---- */

static void member(struct buf *out, const char *key, struct span text)
{
    buf_append_cstr(out, key);
    jcs_append_string(out, text);
}

static void write_unit(const struct schema_unit *unit, bool is_annotation, enum lang lang,
                       struct buf *out)
{
    member(out, "{\"absoluteKeywordLocation\":", unit->absolute_location);
    if (is_annotation) {
        buf_append_cstr(out, ",\"annotation\":");
        buf_append_span(out, unit->annotation);
    } else {
        struct buf sentence;
        buf_init(&sentence, REPORT_BYTES_MAX);
        schema_error_sentence(unit, lang, &sentence);
        member(out, ",\"actual\":", unit->actual);
        member(out, ",\"error\":", buf_span(&sentence));
        member(out, ",\"expected\":", unit->expected);
        if (buf_check(&sentence) != OK && out->failed == OK)
            out->failed = buf_check(&sentence);
        buf_clear(&sentence);
    }
    member(out, ",\"instanceLocation\":", unit->instance_location);
    member(out, ",\"keyword\":", unit->keyword);
    member(out, ",\"keywordLocation\":", unit->keyword_location);
    buf_append_cstr(out, is_annotation ? ",\"valid\":true}" : ",\"valid\":false}");
}

void schema_report_write(const struct schema_report *report, enum verdict verdict, enum lang lang,
                         struct buf *out)
{
    bool valid = verdict == SCHEMA_VALID;
    buf_append_byte(out, '{');
    if (!valid || report->units.count > 0) {
        buf_append_cstr(out, valid ? "\"annotations\":[" : "\"errors\":[");
        for (uint32_t i = 0; i < report->units.count; i++) {
            struct schema_unit unit = schema_report_unit(report, i);
            if (i > 0)
                buf_append_byte(out, ',');
            write_unit(&unit, report->units.items[i].is_annotation, lang, out);
        }
        buf_append_cstr(out, "],");
    }
    buf_append_cstr(out, "\"instanceLocation\":\"\",\"keywordLocation\":\"\",");
    buf_append_cstr(out, valid ? "\"valid\":true}" : "\"valid\":false}");
}

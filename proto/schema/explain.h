/* All that is wrong with a value, with its places: the output format *basic* of JSON Schema 2020-12
 * (Core, 12.4.2), machine-readable fields, and sentences in French and English. Walks the schema as
 * written, apart from the program of schema_holds: slower, and meant for values that failed. */
#ifndef MAILLON_PROTO_SCHEMA_EXPLAIN_H
#define MAILLON_PROTO_SCHEMA_EXPLAIN_H

#include "proto/schema/validate.h"

enum complaint {
#define COMPLAINT(name, keyword, english, french) COMPLAINT_##name,
#include "proto/schema/complaint.def"
#undef COMPLAINT
    COMPLAINT_COUNT
};

/* One error, or one annotation. The spans are borrowed from the report. */
struct schema_unit {
    enum complaint complaint;
    struct span keyword;           /* "minLength"; "false" for the schema that nothing satisfies */
    struct span instance_location; /* JSON Pointer from the value that was judged */
    struct span keyword_location;  /* JSON Pointer through references */
    struct span absolute_location; /* URI of the keyword */
    struct span expected;          /* from the schema: a number, a name, names of types, JSON */
    struct span actual;            /* of the value: its type, a count, a name; never its content */
    struct span annotation;        /* canonical JSON; of annotations alone */
};

struct explain_options {
    uint32_t errors_max; /* 0: SCHEMA_ERRORS_MAX, which is also the most */
    bool annotations;    /* of a valid value: title, description, default, format... */
};

struct schema_report;
struct schema_report *schema_report_new(void); /* NULL: no memory; reused from value to value */
void schema_report_free(struct schema_report *report);

/* As schema_holds, but goes through everything. The report then holds the errors (up to the
 * maximum) or the annotations; what it held before is gone. options may be NULL. SCHEMA_LIMIT: what
 * was found up to there. */
enum verdict schema_explain(const struct schema *schema, struct validator *validator,
                            const struct tape *tape, struct span text, uint32_t token,
                            const struct explain_options *options, struct schema_report *report);

uint32_t schema_report_count(const struct schema_report *report);
struct schema_unit schema_report_unit(const struct schema_report *report, uint32_t index);
/* There were more errors than the maximum. */
bool schema_report_is_cut(const struct schema_report *report);

/* Appends what is wrong, for a person: "/price must be a number, and is a string." */
void schema_error_sentence(const struct schema_unit *error, enum lang lang, struct buf *out);
/* Appends the output unit of the whole as canonical JSON: valid, the two locations, and errors or
 * annotations. */
void schema_report_write(const struct schema_report *report, enum verdict verdict, enum lang lang,
                         struct buf *out);

#endif

/* How explanations are kept: units whose texts stand in one buffer. */
#ifndef MAILLON_PROTO_SCHEMA_REPORT_H
#define MAILLON_PROTO_SCHEMA_REPORT_H

#include "proto/schema/explain.h"
#include "proto/schema/list.h"

enum report_text {
    TEXT_INSTANCE,
    TEXT_KEYWORD_LOCATION,
    TEXT_ABSOLUTE,
    TEXT_EXPECTED,
    TEXT_ACTUAL,
    TEXT_ANNOTATION,
    TEXT_COUNT
};

struct report_unit {
    enum complaint complaint;
    const char *keyword;
    bool is_annotation;
    struct {
        uint32_t offset;
        uint32_t len;
    } texts[TEXT_COUNT];
};

struct schema_report {
    LIST(struct report_unit) units;
    struct buf texts;
    bool cut;
};

/* Forgets what there is. */
void report_reset(struct schema_report *report);
/* Drops every unit from index on, errors or annotations or both. */
void report_drop(struct schema_report *report, uint32_t from, bool errors, bool annotations);
/* Moves the last unit to the index. */
void report_move_last(struct schema_report *report, uint32_t index);
/* The errors that there are. */
uint32_t report_errors(const struct schema_report *report);

#endif

/* What the parts of an explanation share. */
#ifndef MAILLON_PROTO_SCHEMA_EXPLAIN_WALK_H
#define MAILLON_PROTO_SCHEMA_EXPLAIN_WALK_H

#include "proto/schema/report.h"
#include "proto/schema/validator.h"

struct walk {
    const struct model *model;
    const struct tape *tape;
    struct span text;
    uint32_t root; /* the value that is judged: pointers begin there */
    struct validator *validator;
    struct schema_report *report;
    struct buf path; /* keyword location */
    uint32_t errors_max;
    bool annotations;
    uint32_t quiet;   /* depth of parts whose errors are nobody's: not, contains */
    uint32_t choices; /* depth of anyOf, oneOf and if: one error of each branch is enough */
    uint64_t steps_left;
    uint32_t depth_left;
    uint32_t marks_used;
    uint32_t marks_max;
    uint32_t scope_count;
    uint32_t scope[SCHEMA_RUN_DEPTH_MAX + 1]; /* resources entered, outermost first */
};

/* A keyword applied to a value. */
struct place {
    uint32_t node;
    uint32_t token; /* the keyword's value */
    uint32_t at;
    uint32_t marks; /* bit set of members or items evaluated, or NONE */
};

/* Only the first failure is asked for, or no more can be taken in. What is exhaustive in nested
 * choices is exponential. */
static inline bool walk_is_brief(const struct walk *w)
{
    return w->quiet > 0 || w->choices > 0 || w->report->cut;
}

/* Records an error (if there is room) and is false. */
bool walk_complain(struct walk *w, const struct place *place, enum complaint complaint,
                   struct span expected, struct span actual);
void walk_annotate(struct walk *w, const struct place *place, enum keyword keyword);
/* A limit is reached; false. */
bool walk_out_of(struct walk *w, const char *limit);
void walk_mark(struct walk *w, uint32_t marks, uint32_t index);
bool walk_is_marked(const struct walk *w, uint32_t marks, uint32_t index);
/* Applies a schema to a value: the same one (with its marks) or another (NONE). */
bool walk_child(struct walk *w, uint32_t node, uint32_t at, uint32_t marks);
bool walk_reference(struct walk *w, const struct place *place, const struct clause *clause);

/* explain_keywords.c: one keyword, whichever it is. */
bool walk_clause(struct walk *w, const struct place *place, const struct clause *clause);
/* explain_values.c: those that look at the value itself, not into it. */
bool walk_value(struct walk *w, const struct place *place, const struct clause *clause);

#endif

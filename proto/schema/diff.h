/* Two versions of a schema -> what has become narrower, what has become wider, and so whether the
 * change is compatible. JSON Schema 2020-12.
 *
 * Narrower: some document that the old one takes may be refused by the new one; wider: the other
 * way round. Both are found keyword by keyword at the same place of the documents described. The
 * answer is on the safe side: `backward` is only said when no old document can fail, which the
 * rules below prove; where they cannot tell (a changed pattern, `not`, `if`), the place counts as
 * both. Only references within each document are followed; a reference to another document is
 * compared by its name. Annotations (title, description, examples, ...) never count. */
#ifndef MAILLON_PROTO_SCHEMA_DIFF_H
#define MAILLON_PROTO_SCHEMA_DIFF_H

#include "proto/json/tape.h"

enum diff_rule {
#define DIFF(name, slug, english, french) DIFF_##name,
#include "proto/schema/diff_rules.def"
#undef DIFF
    DIFF_RULE_COUNT
};

struct diff_finding {
    enum diff_rule rule;
    bool narrows;
    bool widens;
    char *place; /* of the documents described: "/adresse/code_postal", a segment * stands for every
                    item; "" is the whole */
    char *schema; /* JSON Pointer into the schema where the keyword stands: the new one's, or the
                     old one's when the new has none */
    char detail[64];
};

/* Compatibility, in the words of schema registries. */
enum diff_verdict {
    DIFF_FULL,     /* neither narrower nor wider */
    DIFF_BACKWARD, /* the new schema takes every old document */
    DIFF_FORWARD,  /* the old schema takes every new document */
    DIFF_BREAKING  /* neither */
};

struct diff {
    struct diff_finding *findings; /* in the order of the places; at most DIFF_FINDINGS_MAX */
    size_t count;
    size_t narrowing; /* all of them, also those not kept */
    size_t widening;
};

#define DIFF_FINDINGS_MAX 1000u
#define DIFF_DEPTH_MAX 64u     /* schemas within each other, references followed */
#define DIFF_STEPS_MAX 200000u /* pairs of schemas compared: doubling references end here */

/* Compares two schemas in canonical form. ERR_NO_MEMORY, or those of tape_scan with *why. Any
 * thread. */
MUST_USE enum err schema_diff(struct span old_schema, struct span new_schema, struct diff *out,
                              struct why *why);
void diff_clear(struct diff *diff);
enum diff_verdict diff_verdict(const struct diff *diff);
/* "full", "backward", "forward", "breaking"; static. */
const char *diff_verdict_name(enum diff_verdict verdict);
const char *diff_rule_slug(enum diff_rule rule); /* "required-now"; static */
/* Appends the finding's sentence. */
void diff_sentence(const struct diff_finding *finding, enum lang lang, struct buf *out);

#endif

/* JSON Schema 2020-12 -> an immutable program that any number of threads may run (validate.h).
 *
 * Compilation is where everything hostile or broken is refused: references that lead nowhere,
 * loops, keywords of a wrong shape, expressions that are none, and whatever is beyond a limit. What
 * compiles runs within the bounds of limits.h, whatever the instance. */
#ifndef MAILLON_PROTO_SCHEMA_COMPILE_H
#define MAILLON_PROTO_SCHEMA_COMPILE_H

#include "proto/schema/library.h"

struct schema;

/* Zero: the bound of limits.h. */
struct schema_limits {
    uint32_t nodes_max;
    uint32_t references_max;
    uint32_t patterns_max;
    uint32_t enum_max;
    uint32_t instructions_max;
    uint32_t run_depth_max;
    uint64_t run_steps_max;
    uint32_t run_marks_bytes_max;
};

struct schema_options {
    bool assert_formats; /* `format` decides; otherwise it is an annotation, as the standard has it
                          */
    struct schema_limits limits;
};

#define SCHEMA_PLACE_BYTES 512u

/* Why a schema was refused: where, and which rule of the standard or which bound. */
struct schema_refusal {
    enum err err; /* ERR_BAD_SCHEMA, ERR_LIMIT, ERR_NOT_FOUND, ERR_NO_MEMORY or the text's own */
    const char *rule;                  /* static; "JSON Schema Core 2020-12, 8.2.3.1: ..." */
    const char *limit;                 /* the name in limits.h, or NULL when it is no limit */
    char document[SCHEMA_PLACE_BYTES]; /* its URI, cut to fit */
    char pointer[SCHEMA_PLACE_BYTES];  /* JSON Pointer from the document's root, cut to fit */
    char expected[96];
    char found[96];
};

/* Compiles what the URI names: a document of the library, or a part of one (`#/pointer`,
 * `#anchor`). options and refusal may be NULL. The schema is independent of the library then.
 * ERR_NOT_FOUND: the URI leads nowhere. */
MUST_USE enum err schema_compile(const struct library *library, struct span uri,
                                 const struct schema_options *options, struct schema **out,
                                 struct schema_refusal *refusal);

/* Compiles one document's text; what it refers to is found in the library (NULL: in the
 * meta-schemas alone). base is its address where it has no $id (may be empty). */
MUST_USE enum err schema_compile_text(const struct library *library, struct span base,
                                      struct span json, const struct schema_options *options,
                                      struct schema **out, struct schema_refusal *refusal);

/* Decides whether the document is a schema as its meta-schema ($schema, else that of 2020-12) has
 * it, then whether it compiles. The refusal names the place in the document. */
MUST_USE enum err schema_check(const struct library *library, struct span uri,
                               const struct schema_options *options,
                               struct schema_refusal *refusal);

void schema_free(struct schema *schema);

/* What it has become, for reports. */
struct schema_size {
    uint32_t documents;
    uint32_t nodes; /* subschemas */
    uint32_t references;
    uint32_t patterns;
    uint32_t instructions;
    size_t bytes; /* memory held, without the patterns' own */
};
struct schema_size schema_size(const struct schema *schema);

#endif

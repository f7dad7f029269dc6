/* The form that a keyword's value must have (the validation meta-schemas, by hand). */
#ifndef MAILLON_PROTO_SCHEMA_SHAPE_H
#define MAILLON_PROTO_SCHEMA_SHAPE_H

#include "proto/schema/schema_document.h"
#include "proto/schema/keyword.h"

struct shape_fault {
    uint32_t token;
    const char *rule;
    const char *expected;
};

/* Schemas inside are not looked at; patterns, anchors and references only for being strings. */
bool shape_holds(const struct schema_document *document, uint32_t token, enum keyword_shape shape,
                 struct shape_fault *fault);

/* Bits of a type's name: null 1, boolean 2, integer 4, number 12, string 16, array 32, object 64;
 * 0: no type. */
unsigned shape_type_bits(struct span name);

#endif

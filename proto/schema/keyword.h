/* The keywords of the dialect, and how each is spelled. */
#ifndef MAILLON_PROTO_SCHEMA_KEYWORD_H
#define MAILLON_PROTO_SCHEMA_KEYWORD_H

#include "proto/base/bytes.h"

enum keyword {
#define KEYWORD(name, text, vocabulary, shape) KEYWORD_##name,
#include "proto/schema/keyword.def"
#undef KEYWORD
    KEYWORD_COUNT
};

/* Vocabularies as bits: those that a resource's dialect has. */
enum vocabulary {
    VOCABULARY_CORE = 1,
    VOCABULARY_APPLICATOR = 2,
    VOCABULARY_UNEVALUATED = 4,
    VOCABULARY_VALIDATION = 8,
    VOCABULARY_METADATA = 16,
    VOCABULARY_FORMAT = 32,
    VOCABULARY_CONTENT = 64,
    VOCABULARY_FORMAT_ASSERTION = 128
};
/* The standard dialect: all but the assertion of formats. */
#define VOCABULARIES_STANDARD 127u

enum keyword_shape {
    SHAPE_ANY,
    SHAPE_ANCHOR,
    SHAPE_ARRAY,
    SHAPE_BOOLEAN,
    SHAPE_COUNT,
    SHAPE_DEPENDENCIES,
    SHAPE_FORMAT,
    SHAPE_NAMES,
    SHAPE_NAMES_MAP,
    SHAPE_NUMBER,
    SHAPE_PATTERN,
    SHAPE_PATTERN_MAP,
    SHAPE_POSITIVE,
    SHAPE_REFERENCE,
    SHAPE_SCHEMA,
    SHAPE_SCHEMAS,
    SHAPE_SCHEMA_MAP,
    SHAPE_STRING,
    SHAPE_TYPE
};

struct keyword_row {
    const char *text;
    uint8_t vocabulary;
    uint8_t shape;
};

extern const struct keyword_row keyword_rows[KEYWORD_COUNT];

/* KEYWORD_COUNT: none of them. text is in canonical (escaped) form. */
enum keyword keyword_find(struct span text);

#endif

/* What the two halves of the parser of expressions share: the reader, and sets of code points. */
#ifndef MAILLON_PROTO_SCHEMA_PATTERN_READ_H
#define MAILLON_PROTO_SCHEMA_PATTERN_READ_H

#include "proto/schema/pattern_ecma.h"

#define READ_END UINT32_MAX /* where there is no further code point */

struct pattern_reader {
    struct ecma_tree *tree;
    struct span source; /* well-formed UTF-8 */
    size_t position;
    unsigned depth;
    enum err err; /* sticky: once set, reading is at its end */
    struct why *why;
};

/* The code point at the position, READ_END at the end or after a failure. */
uint32_t read_peek(const struct pattern_reader *reader);
/* The byte `ahead` bytes after the position, 0 beyond the end. */
uint8_t read_byte(const struct pattern_reader *reader, size_t ahead);
/* The code point at the position, consumed. */
uint32_t read_next(struct pattern_reader *reader);
/* Consumes this exact ASCII text if it comes next. */
bool read_accept(struct pattern_reader *reader, const char *text);
/* The first failure sticks; position is where it is found wrong. */
void read_fail(struct pattern_reader *reader, enum err err, size_t position, const char *rule,
               const char *expected);

/* A set node of no ranges yet; ranges are added to the last one made. */
uint32_t read_set_new(struct pattern_reader *reader, size_t position);
/* [...], at its bracket. */
uint32_t read_class(struct pattern_reader *reader);
/* '.', consumed. */
uint32_t read_any(struct pattern_reader *reader);
/* An escape outside brackets that stands for a code point or a set of them, at the byte after the
 * backslash. */
uint32_t read_set_escape(struct pattern_reader *reader);
/* A set of this code point. */
uint32_t read_literal(struct pattern_reader *reader, size_t position, uint32_t code_point);
/* A node of this kind; the reader's failure makes it harmless. */
uint32_t read_node_new(struct pattern_reader *reader, enum ecma_kind kind, size_t position);

#endif

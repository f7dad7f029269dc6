/* The documents of a file or of standard input, one after the other, each canonical and scanned. */
#ifndef MAILLON_NODE_CLI_SCHEMA_INPUT_H
#define MAILLON_NODE_CLI_SCHEMA_INPUT_H

#include <stdio.h>

#include "node/import/source.h"
#include "proto/json/jcs.h"

struct schema_input {
    FILE *file;
    enum import_format asked;
    bool is_array; /* one JSON array: answers go into one, too */
    bool is_lines; /* one document per line */
    struct import_source *source;
    struct jcs *jcs;
    struct buf item;
    struct buf text; /* canonical, of the document at hand */
    struct tape tape;
    struct import_place place;
};

/* name "-" is standard input. ERR_NOT_FOUND, ERR_IO, ERR_NO_MEMORY, ERR_BAD_TEXT, ERR_SYNTAX. */
MUST_USE enum err schema_input_open(struct schema_input *input, const char *name,
                                    enum import_format format, struct why *why);
void schema_input_close(struct schema_input *input);

/* The next document. ERR_NOT_FOUND at the end; any other refuses this one document, and the next
 * may be asked for. */
MUST_USE enum err schema_input_next(struct schema_input *input, struct why *why);

/* At the end: there was no document, and no list that may have none. What to say then: ERR_SYNTAX
 * and this. */
bool schema_input_lacks_document(const struct schema_input *input);
extern const struct why schema_input_no_document;

#endif

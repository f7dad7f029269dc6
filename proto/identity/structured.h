/* Structured field values (RFC 8941): dictionaries, as HTTP signatures and digests have them.
 *
 * Read strictly: a key that comes twice is refused instead of overridden, so that two readers never
 * take different members. Written in the one form of RFC 8941, 4.1. */
#ifndef MAILLON_PROTO_IDENTITY_STRUCTURED_H
#define MAILLON_PROTO_IDENTITY_STRUCTURED_H

#include "proto/base/bytes.h"
#include "proto/limits.h"

enum structured_type {
    STRUCTURED_INTEGER,
    STRUCTURED_DECIMAL,
    STRUCTURED_STRING,
    STRUCTURED_TOKEN,
    STRUCTURED_BYTES,
    STRUCTURED_BOOLEAN,
    STRUCTURED_LIST /* an inner list; of a member alone */
};

/* A bare item. text is what stands in the field, without the delimiters of a string or of bytes;
 * it is not decoded. */
struct structured_value {
    enum structured_type type;
    bool boolean;
    bool escaped;    /* a string with backslashes */
    int64_t integer; /* of STRUCTURED_INTEGER */
    struct span text;
};

struct structured_parameter {
    struct span key;
    struct structured_value value;
};

/* Parameters and items are runs in the arrays of the dictionary. */
struct structured_run {
    unsigned first;
    unsigned count;
};

struct structured_item {
    struct structured_value value;
    struct structured_run parameters;
};

struct structured_member {
    struct span key;
    struct structured_value value;
    struct structured_run items; /* of a list */
    struct structured_run parameters;
};

/* Spans point into the field that was read. */
struct structured_dictionary {
    unsigned count;
    unsigned item_count;
    unsigned parameter_count;
    struct structured_member members[STRUCTURED_MEMBERS_MAX];
    struct structured_item items[STRUCTURED_ITEMS_MAX];
    struct structured_parameter parameters[STRUCTURED_PARAMETERS_MAX];
};

/* Reads a dictionary. ERR_BAD_REQUEST (syntax, a key twice), ERR_LIMIT. An empty field is an empty
 * dictionary. */
MUST_USE enum err structured_read_dictionary(struct span field, struct structured_dictionary *out,
                                             struct why *why);

/* The member or parameter of this name, or NULL. */
const struct structured_member *structured_member(const struct structured_dictionary *dictionary,
                                                  struct span key);
const struct structured_value *structured_parameter(const struct structured_dictionary *dictionary,
                                                    struct structured_run parameters,
                                                    const char *key);

/* Append the serialised form (RFC 8941, 4.1). */
void structured_append_value(struct buf *out, const struct structured_value *value);
void structured_append_parameters(struct buf *out, const struct structured_dictionary *dictionary,
                                  struct structured_run parameters);
/* The value of a member and its parameters; an inner list in brackets. */
void structured_append_member(struct buf *out, const struct structured_dictionary *dictionary,
                              const struct structured_member *member);

#endif

/* The inside of a validator: scratch memory that both ways of running share. */
#ifndef MAILLON_PROTO_SCHEMA_VALIDATOR_H
#define MAILLON_PROTO_SCHEMA_VALIDATOR_H

#include "proto/schema/program.h"
#include "proto/schema/validate.h"

struct hashed {
    uint64_t hash;
    uint32_t token;
};

struct validator {
    struct pattern_scratch *patterns;
    struct buf decoded;
    const char *limit;
    uint64_t *marks; /* a stack of bit sets */
    uint32_t marks_cap;
    struct hashed *hashed; /* of uniqueItems */
    uint32_t hashed_cap;
};

/* The steps that a value of so many tokens may take. */
uint64_t validator_steps(const struct schema *schema, uint32_t tokens);

/* The decoded text of a string token: borrowed from text or from the validator's buffer. */
struct span validator_string(struct validator *v, const struct tape *tape, struct span text,
                             uint32_t token);
/* Code points of a string token as written, escapes counted as one. */
uint32_t validator_length(const struct tape_token *token, const uint8_t *bytes);

enum unique { UNIQUE_YES, UNIQUE_NO, UNIQUE_LIMIT };
/* Whether the items of an array all differ; *first and *second are two equal ones otherwise. */
enum unique validator_unique(struct validator *v, const struct tape *tape, struct span text,
                             uint32_t array, uint32_t *first, uint32_t *second);

#endif

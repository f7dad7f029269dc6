/* Runs a compiled schema (compile.h) over a value of a tape: a verdict at full speed, or all that
 * is wrong with its places. */
#ifndef MAILLON_PROTO_SCHEMA_VALIDATE_H
#define MAILLON_PROTO_SCHEMA_VALIDATE_H

#include "proto/json/tape.h"
#include "proto/schema/compile.h"

/* What one thread needs to validate, whatever the schema. Never used by two threads at a time. */
struct validator;

struct validator *validator_new(void); /* NULL: no memory */
void validator_free(struct validator *validator);

enum verdict {
    SCHEMA_VALID,
    SCHEMA_INVALID,
    SCHEMA_LIMIT /* undecided within the bounds; validator_limit names the one */
};

/* Decides whether the value at token (0: the whole) satisfies the schema; stops at the first
 * failure. text is what the tape was scanned from. */
enum verdict schema_holds(const struct schema *schema, struct validator *validator,
                          const struct tape *tape, struct span text, uint32_t token);

/* The bound that the last SCHEMA_LIMIT met, as named in limits.h ("SCHEMA_RUN_STEPS_MAX"); NULL
 * when the last verdict was another. "memory": there was none. */
const char *validator_limit(const struct validator *validator);

#endif

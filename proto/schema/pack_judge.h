/* Does a body hold by a type's schema: as it stands or, failing that, with the pack's aliases
 * applied? The one judgement for examples, publication, import and the command line. */
#ifndef MAILLON_PROTO_SCHEMA_PACK_JUDGE_H
#define MAILLON_PROTO_SCHEMA_PACK_JUDGE_H

#include "proto/schema/alias.h"
#include "proto/schema/validate.h"

enum pack_verdict {
    PACK_HOLDS,
    PACK_HOLDS_RENAMED, /* with the aliases applied */
    PACK_FAILS,
    PACK_CANNOT_TELL /* a limit of the run, or no memory */
};

/* Working memory of one thread. */
struct pack_judge;
struct pack_judge *pack_judge_new(void); /* NULL: no memory */
void pack_judge_free(struct pack_judge *judge);
/* The validator in it, for other calls of the same thread. */
struct validator *pack_judge_validator(struct pack_judge *judge);

/* body is a token of the canonical text. alias may be NULL. */
enum pack_verdict pack_judge_body(struct pack_judge *judge, const struct schema *schema,
                                  const struct alias *alias, const struct tape *tape,
                                  struct span text, uint32_t body);

/* Where and by which keyword a body fails first, in the order of the schema's run; texts are cut to
 * fit. Both empty when it holds. */
struct pack_first_error {
    char pointer[256];
    char keyword[64];
};
void pack_first_error(struct pack_judge *judge, const struct schema *schema,
                      const struct tape *tape, struct span text, uint32_t body,
                      struct pack_first_error *out);

#endif

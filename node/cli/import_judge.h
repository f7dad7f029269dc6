/* Does a body hold by its type? With the place and a sentence for people where it does not. */
#ifndef MAILLON_NODE_CLI_IMPORT_JUDGE_H
#define MAILLON_NODE_CLI_IMPORT_JUDGE_H

#include "conf/packs.h"
#include "proto/json/tape.h"

struct import_judgement {
    bool holds;
    char field[128];  /* JSON Pointer of the first error; "" for the whole body */
    char keyword[32]; /* of the schema that it breaks */
    char reason[400]; /* in the language asked for */
};

/* Working memory. NULL: no memory. */
struct import_judge;
struct import_judge *import_judge_new(enum lang lang);
void import_judge_free(struct import_judge *judge); /* NULL is fine */

/* Judges a scanned body as it stands and, failing that, with the pack's aliases applied. What
 * cannot be told (a limit of the judgement) does not hold. ERR_NO_MEMORY, ERR_BAD_PACK (the schema
 * does not compile). */
MUST_USE enum err import_judge(struct import_judge *judge, const struct packs_type *type,
                               const struct tape *tape, struct span body,
                               struct import_judgement *out);

#endif

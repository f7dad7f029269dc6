/* Which records the platform may publish: those that fit the type that they name. */
#ifndef MAILLON_NODE_CATALOGUE_ADMISSION_H
#define MAILLON_NODE_CATALOGUE_ADMISSION_H

#include "conf/packs.h"
#include "node/store/publish.h"
#include "proto/schema/explain.h"

#define ADMISSION_ERRORS_MAX 20u /* of one record: who mends these sees the rest */

/* The publisher's check. Refused: ERR_INVALID_BODY (item->errors lists what does not fit, in the
 * language of the publication), ERR_UNKNOWN_TYPE (the pack is here and has no such type),
 * ERR_BAD_RECORD (the type asks for a licence). A record of a pack that is not here is let
 * through and waits. registry is borrowed. */
struct publish_check admission_check(struct packs_registry *registry);

/* Appends the first errors as a JSON array of 2020-12 output units with a sentence and the keyword:
 * [{"instanceLocation","keywordLocation","absoluteKeywordLocation","keyword","error"},...]. */
void admission_append_errors(const struct schema_report *report, uint32_t errors_max,
                             enum lang lang, struct buf *out);

#endif

/* One record of an import with --pack: through aliases and lens, judged by its schema, its
 * identifiers and dates looked at, and written as a line; beside it its rendering. */
#ifndef MAILLON_NODE_CLI_IMPORT_RECORD_H
#define MAILLON_NODE_CLI_IMPORT_RECORD_H

#include "node/cli/import_types.h"
#include "node/cli/publish_lines.h"

struct import_record;

/* All are borrowed. NULL: no memory. */
struct import_record *import_record_new(const struct import_types *types,
                                        struct publish_report *report,
                                        struct publish_outbox *outbox, enum lang lang);
void import_record_free(struct import_record *record); /* NULL is fine */

/* The arena in which the next source is built. */
struct arena *import_record_arena(struct import_record *record);
/* Gives back what the last record took: before a source is built. */
void import_record_reset(struct import_record *record);

/* Takes a source of the arena as a record of this type. What is wrong with it goes into the report;
 * an error ends the import. is_renamed: its names are current (alias_apply was called). */
MUST_USE enum err import_record_take(struct import_record *record, size_t type, struct tree *source,
                                     bool is_renamed, const struct import_place *place,
                                     struct why *why);
/* Refuses an item that could not be read. */
void import_record_refuse(struct import_record *record, const struct import_place *place,
                          enum err err, const struct why *why);

#endif

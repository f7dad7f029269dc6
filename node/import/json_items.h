/* Finding where one JSON value ends in a stream, without holding more than that value. Only
 * brackets and strings are followed here; whether the value is JSON is for the canonicaliser to
 * say. */
#ifndef MAILLON_NODE_IMPORT_JSON_ITEMS_H
#define MAILLON_NODE_IMPORT_JSON_ITEMS_H

#include "node/import/reader.h"

/* Takes the value that begins at the next byte, appending it as written to out (NULL: it is only
 * stepped over). OK; ERR_LIMIT when it is larger than out->max: it has been stepped over whole, and
 * what follows it can be read; out holds nothing of it then.
 * ERR_SYNTAX (it ends too early, or its brackets do not match), ERR_IO, ERR_BAD_TEXT,
 * ERR_NO_MEMORY, or ERR_LIMIT with *lost_out (nested too deeply): the reader stands in the middle
 * of it and nothing after it can be told apart; *lost_out is true. why->position is the offset in
 * the stream. */
MUST_USE enum err json_item_take(struct reader *reader, struct buf *out, bool *lost_out,
                                 struct why *why);

/* In a whole object held in memory: the text of the value of the top-level member with this key (as
 * spelt there, between the quotes). false: it has none, or the object is malformed. */
bool json_item_member(struct span object, const char *key, struct span *value_out);

#endif

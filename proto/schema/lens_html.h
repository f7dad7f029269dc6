/* Markup -> text, for people to read and to search: no more of HTML than that. */
#ifndef MAILLON_PROTO_SCHEMA_LENS_HTML_H
#define MAILLON_PROTO_SCHEMA_LENS_HTML_H

#include "proto/base/bytes.h"

/* Is there a tag or an entity in it? Text without is left as it is. */
bool html_is_marked(struct span utf8);

/* Appends the text (valid UTF-8): tags, comments, scripts and styles removed, entities decoded,
 * white space one space, a new line where a block or a line ends. */
void html_append_text(struct buf *out, struct span utf8);

#endif

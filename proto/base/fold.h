/* Text as people compare it: lower case, without accents. */
#ifndef MAILLON_PROTO_BASE_FOLD_H
#define MAILLON_PROTO_BASE_FOLD_H

#include "proto/base/bytes.h"

/* Appends utf8 (valid) folded: Latin letters lower-cased and stripped of accents (oe, ae, ss
 * spelled out), everything that is no letter or digit of any script turned into one space. */
void fold_append(struct buf *out, struct span utf8);
/* Appends utf8 (valid) folded, its punctuation kept: letters as above, white space of any kind and
 * length one space (none at the start), the typographic apostrophe and dashes their ASCII ones. */
void fold_append_text(struct buf *out, struct span utf8);
/* Does folded text hold a word that begins with this folded word? */
bool fold_has_prefix(struct span folded, struct span word);

#endif

/* Canonical objects made from canonical objects: members put in, replaced or left out, the rest as
 * it stands. What comes out is canonical again. */
#ifndef MAILLON_PROTO_JSON_EDIT_H
#define MAILLON_PROTO_JSON_EDIT_H

#include "proto/json/tape.h"

struct edit_member {
    struct span key;   /* canonical (escaped) form, without quotes */
    struct span value; /* canonical JSON; data NULL leaves the member out */
};

/* The whole canonical text of a value: of a string with its quotes. Into text. */
struct span edit_value_text(const struct tape *tape, struct span text, uint32_t index);

/* Appends the object with its changes, which are sorted by key without doubles (CHECKed). object is
 * an object's token. The buf's sticky error says whether it fitted. */
void edit_append_object(struct buf *out, const struct tape *tape, struct span text, uint32_t object,
                        const struct edit_member *changes, unsigned count);

#endif

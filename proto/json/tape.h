/* A strict one-pass scanner over canonical JSON (RFC 8785), and the token tape it leaves.
 *
 * It accepts exactly the canonical form, so whatever it accepts has one reading, and equality of
 * values is equality of bytes. Tokens point into the scanned bytes; nothing is copied or decoded.
 */
#ifndef MAILLON_PROTO_JSON_TAPE_H
#define MAILLON_PROTO_JSON_TAPE_H

#include "proto/base/bytes.h"

enum tape_type {
    TAPE_NULL,
    TAPE_FALSE,
    TAPE_TRUE,
    TAPE_NUMBER,
    TAPE_STRING,
    TAPE_ARRAY,
    TAPE_OBJECT
};

#define TAPE_ESCAPED 1u /* a string with at least one backslash: its bytes are not its text */
#define TAPE_INTEGER 1u /* a number written without fraction and exponent */

/* One value, 16 bytes. For strings offset and length are those of the content between the quotes,
 * for all others of the whole text. An object is followed by key, value, key, value...; an array by
 * its items. */
struct tape_token {
    uint32_t offset;     /* bytes from the start of the scanned text */
    uint32_t length;     /* bytes */
    uint32_t next;       /* index of the token after this value and all that is in it */
    uint32_t type : 4;   /* enum tape_type */
    uint32_t flags : 4;  /* TAPE_ESCAPED, TAPE_INTEGER */
    uint32_t count : 24; /* members of an object, items of an array */
};

/* Owned; reused from scan to scan (the memory grows to the largest and stays until tape_clear). */
struct tape {
    struct tape_token *tokens;
    uint32_t count;
    uint32_t cap;
};

struct tape_limits {
    size_t bytes_max;
    unsigned depth_max; /* arrays and objects within each other; at most 1,024 */
};

/* A record's: LINE_BYTES_MAX and JSON_DEPTH_MAX. */
extern const struct tape_limits tape_record_limits;

#define TAPE_NONE UINT32_MAX

void tape_init(struct tape *tape);
void tape_clear(struct tape *tape);

/* Scans text, which must be one value and nothing else. tokens[0] is the value.
 * ERR_LIMIT, ERR_SYNTAX, ERR_NOT_CANONICAL, ERR_DUPLICATE_KEY, ERR_BAD_TEXT, ERR_BAD_NUMBER,
 * ERR_NO_MEMORY; why->position is the byte. The tape's content is undefined then. Any thread. */
MUST_USE enum err tape_scan(struct tape *tape, struct span text, const struct tape_limits *limits,
                            struct why *why);

/* The text of a token as it stands (of a string: between the quotes, still escaped). */
static inline struct span tape_text(const struct tape *tape, struct span text, uint32_t index)
{
    return span_of(text.data + tape->tokens[index].offset, tape->tokens[index].length);
}

/* The value of a member, or TAPE_NONE. object must be an object; key is in canonical (escaped)
 * form. Keys are sorted, so the search stops early. */
uint32_t tape_member(const struct tape *tape, struct span text, uint32_t object, struct span key);

/* Appends the decoded text of a string token. The buf's sticky error says whether it fitted. */
void tape_append_decoded(const struct tape *tape, struct span text, uint32_t index,
                         struct buf *out);

/* The value of a number token. */
double tape_number(const struct tape *tape, struct span text, uint32_t index);

#endif

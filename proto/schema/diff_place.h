/* A schema document as it is walked side by side with another (diff.c). */
#ifndef MAILLON_PROTO_SCHEMA_DIFF_PLACE_H
#define MAILLON_PROTO_SCHEMA_DIFF_PLACE_H

#include "proto/json/tape.h"

/* One side: a schema document, and a place in it. */
struct side {
    struct span text;
    struct tape tape;
};

/* A schema of one side; TAPE_NONE: no keyword speaks of this place, so everything is allowed. */
struct place {
    const struct side *side;
    uint32_t token;
};

static inline uint32_t type_of(struct place p)
{
    return p.side->tape.tokens[p.token].type;
}

static inline struct span text_of(struct place p)
{
    return tape_text(&p.side->tape, p.side->text, p.token);
}

static inline struct place at(struct place p, uint32_t token)
{
    return (struct place){p.side, token};
}

static inline struct place member(struct place p, const char *key)
{
    if (p.token == TAPE_NONE || type_of(p) != TAPE_OBJECT)
        return at(p, TAPE_NONE);
    return at(p, tape_member(&p.side->tape, p.side->text, p.token, span_cstr(key)));
}

static inline struct place member_span(struct place p, struct span key)
{
    if (p.token == TAPE_NONE || type_of(p) != TAPE_OBJECT)
        return at(p, TAPE_NONE);
    return at(p, tape_member(&p.side->tape, p.side->text, p.token, key));
}

static inline bool is_there(struct place p)
{
    return p.token != TAPE_NONE;
}

static inline uint32_t next_of(struct place p)
{
    return p.side->tape.tokens[p.token].next;
}

static inline bool is_same(struct place a, struct place b)
{
    return type_of(a) == type_of(b) && span_equal(text_of(a), text_of(b));
}

static inline bool allows_all(struct place p)
{
    return !is_there(p) || type_of(p) == TAPE_TRUE ||
           (type_of(p) == TAPE_OBJECT && p.side->tape.tokens[p.token].count == 0);
}

static inline bool allows_nothing(struct place p)
{
    return is_there(p) && type_of(p) == TAPE_FALSE;
}

#endif

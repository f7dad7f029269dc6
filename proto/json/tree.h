/* JSON values that can be changed, in an arena: what lenses read and build.
 *
 * The members of an object are always in the order of RFC 8785, so a tree's canonical bytes are one
 * walk. Text is decoded UTF-8 and is borrowed, from the scanned bytes where they held no escape:
 * those bytes, like the arena, outlive the tree. NULL stands for an absent value: every function
 * here takes it, and a builder that ran out of memory gets it (arena_check then says why). */
#ifndef MAILLON_PROTO_JSON_TREE_H
#define MAILLON_PROTO_JSON_TREE_H

#include "proto/base/arena.h"
#include "proto/json/tape.h"

enum tree_type {
    TREE_NULL,
    TREE_FALSE,
    TREE_TRUE,
    TREE_NUMBER,
    TREE_STRING,
    TREE_ARRAY,
    TREE_OBJECT
};

struct tree;

struct tree_member {
    struct span key;
    struct tree *value;
};

struct tree {
    enum tree_type type;
    uint32_t count; /* items of an array, members of an object */
    uint32_t room;  /* for how many there is memory */
    /* Marks of whoever walks the tree; copies have them cleared. */
    bool is_read;
    bool is_looked_at; /* asked whether it is there, no more */
    union {
        double number;
        struct span text;
        struct tree **items;
        struct tree_member *members;
    };
};

/* The value of a token and all that is in it. */
struct tree *tree_from_tape(struct arena *arena, const struct tape *tape, struct span text,
                            uint32_t index);

struct tree *tree_null(struct arena *arena);
struct tree *tree_boolean(struct arena *arena, bool value);
/* value must be finite (CHECKed). */
struct tree *tree_number(struct arena *arena, double value);
/* Borrows utf8, which must be valid. */
struct tree *tree_text(struct arena *arena, struct span utf8);
struct tree *tree_literal(struct arena *arena, const char *utf8);
struct tree *tree_array(struct arena *arena);
struct tree *tree_object(struct arena *arena);

/* Appends to an array; an absent item is left out. */
void tree_append(struct arena *arena, struct tree *array, struct tree *item);
/* Sets a member, or takes it away where value is absent. key is borrowed. */
void tree_put(struct arena *arena, struct tree *object, struct span key, struct tree *value);
/* The member of an object, or NULL; also for what is no object. */
struct tree *tree_member(const struct tree *object, struct span key);
static inline struct tree *tree_get(const struct tree *object, const char *key)
{
    return tree_member(object, span_cstr(key));
}

/* A copy of the values; the text is shared. */
struct tree *tree_copy(struct arena *arena, const struct tree *value);
/* Equal as JSON values: an object's order plays no part, 1 equals 1.0. */
bool tree_equal(const struct tree *a, const struct tree *b);
/* Are there more than depth_max arrays and objects within each other? */
bool tree_is_deeper(const struct tree *value, unsigned depth_max);
/* Appends the canonical bytes; an absent value is `null`. At most JSON_DEPTH_MAX deep when the tree
 * came from a record; the recursion is as deep as the value. */
void tree_append_canonical(struct buf *out, const struct tree *value);

static inline bool tree_is(const struct tree *value, enum tree_type type)
{
    return value != NULL && value->type == type;
}

static inline bool tree_is_text(const struct tree *value)
{
    return tree_is(value, TREE_STRING);
}

/* Absent, null, or text of white space alone (ASCII's and the no-break spaces). */
bool tree_is_blank(const struct tree *value);

#endif

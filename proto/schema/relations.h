/* Relations between records: what a body says of other things by their names, in one direction
 * whichever of the two it was stated in.
 *
 * A pack declares pairs of inverse terms: [["dfc-b:references","dfc-b:referencedBy"]]. Of each pair
 * the first is the canonical one: "B referencedBy A" is told as "A references B". */
#ifndef MAILLON_PROTO_SCHEMA_RELATIONS_H
#define MAILLON_PROTO_SCHEMA_RELATIONS_H

#include "proto/json/tree.h"

struct inverses;

/* json: the pack's `inverses`, canonical; len 0: none. Immutable. ERR_BAD_PACK (no list of pairs of
 * names, a name in two pairs), ERR_LIMIT, ERR_NO_MEMORY. */
MUST_USE enum err inverses_compile(struct span json, struct inverses **out, struct why *why);
void inverses_free(struct inverses *inverses); /* NULL is fine */

/* The other term of the pair (of a symmetric one itself); empty: it has none. */
struct span inverses_of(const struct inverses *inverses, struct span predicate);

/* subject predicate object. */
struct relation {
    struct span subject;
    struct span predicate;
    struct span object;
};

/* The one form of a relation and of its inverse: the predicate is the first of its pair; of a
 * symmetric one the lesser name in byte order is the subject. Both are the same relation when their
 * canonical forms are equal. */
struct relation relation_canonical(const struct inverses *inverses, struct relation stated);
/* The same told of its object: "B referencedBy A" for "A references B"; predicate is empty when the
 * pair has no inverse. */
struct relation relation_inverse(const struct inverses *inverses, struct relation stated);

/* Calls visit with each relation that the body states of the subject, in the order of the body, in
 * canonical form; stops when it returns false. Stated are: {"@id":NAME} and absolute IRIs as text
 * under a key with a colon; any text under a term of a pair; objects with predicate_url and
 * object_url. Labels of blank nodes are no names. inverses may be NULL. */
typedef bool (*relation_visit)(void *ctx, const struct relation *relation);
void relations_each(const struct inverses *inverses, struct span subject, const struct tree *body,
                    relation_visit visit, void *ctx);

#endif

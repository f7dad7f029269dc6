/* One vocabulary, many addresses: what a pack declares as `aliases` turned into the names that the
 * pack itself uses.
 *
 *   {"prefixes":{"http://old.example/onto#":"dfc-b:"},     a text that begins so is written so
 *    "terms":{"dfc-b:Certfication":"dfc-b:Certification"}, old and misspelt -> current
 *    "contexts":{"https://www.example":"contexts/dfc-1.json","https://w3id.example/c":"https://www.example"}}
 *
 * Addresses of one context file are one context: the shortest of them (of equals the first in byte
 * order) is its canonical address. */
#ifndef MAILLON_PROTO_SCHEMA_ALIAS_H
#define MAILLON_PROTO_SCHEMA_ALIAS_H

#include "proto/json/tree.h"

struct alias;

/* json: the canonical bytes of the pack's `aliases`. Immutable afterwards, any number of threads.
 * ERR_BAD_PACK (not of this form, a term that leads back to itself, a context that leads nowhere),
 * ERR_LIMIT, ERR_NO_MEMORY. */
MUST_USE enum err alias_compile(struct span json, struct alias **out, struct why *why);
void alias_free(struct alias *alias); /* NULL is fine */

/* The current name of a term: text itself when nothing is known of it, else in the arena. */
struct span alias_term(const struct alias *alias, struct arena *arena, struct span text);
/* The canonical address of a context; empty when it is not known. Lives as long as the alias. */
struct span alias_context(const struct alias *alias, struct span address);
/* The pack's file of a context address; empty when it is not known. */
struct span alias_context_file(const struct alias *alias, struct span address);

/* Rewrites the tree in place: keys; the values of @id and @type; text under a key with a colon that
 * is a term or begins with an old prefix as a whole; addresses in @context. Names that an inline
 * @context defines (prefixes, terms, @vocab) are understood where they lead to a known name. What
 * stands under @value is left alone. Where a renamed member meets one of the current name, their
 * values are put together in one list (names with a colon) or both stay (plain names). Returns how
 * many names it changed. New text is in the arena; see arena_check. alias may be NULL: 0. */
size_t alias_apply(const struct alias *alias, struct arena *arena, struct tree *root);

#endif

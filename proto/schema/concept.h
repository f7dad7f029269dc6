/* A vocabulary: concepts by their code, with labels in several languages, broader concepts and
 * replacements (a plain form of SKOS):
 *
 *   {"id":"thematiques","title":{...},"languages":["fr","en"],"concepts":{
 *      "famille--garde-denfants":{"labels":{"fr":"Garde d'enfants"},"alt":{"fr":["Crèche"]},
 *                                 "broader":["famille"],"replaced_by":"famille--accueil"}}}
 *
 * id, title and languages may be left out. Read once, then immutable: any number of threads. */
#ifndef MAILLON_PROTO_SCHEMA_CONCEPT_H
#define MAILLON_PROTO_SCHEMA_CONCEPT_H

#include "proto/base/bytes.h"

struct vocabulary;

/* json is canonical. Members that this version does not know are ignored; a broader concept or a
 * replacement that the vocabulary does not have is kept as a code. ERR_BAD_PACK (why->rule names
 * what is wrong), ERR_LIMIT, ERR_NO_MEMORY. */
MUST_USE enum err vocabulary_read(struct span json, struct vocabulary **out, struct why *why);
void vocabulary_free(struct vocabulary *vocabulary); /* NULL is fine */

/* Spans live as long as the vocabulary. */
struct span vocabulary_id(const struct vocabulary *vocabulary);
size_t vocabulary_count(const struct vocabulary *vocabulary);
/* The codes in their canonical order. */
struct span vocabulary_code(const struct vocabulary *vocabulary, size_t index);
bool vocabulary_has(const struct vocabulary *vocabulary, struct span code);

/* The code that is used now in place of this one: itself unless it was replaced; after a loop of
 * replacements itself. */
struct span vocabulary_current(const struct vocabulary *vocabulary, struct span code);

/* The label in the first of the languages asked for that has one ("fr-CA" also asks for "fr"), then
 * in those of the vocabulary in their order, then any; the code itself when there is none.
 * language_out (may be NULL) is the label's language, empty for the code. */
struct span vocabulary_label(const struct vocabulary *vocabulary, struct span code,
                             const struct span *languages, size_t count, struct span *language_out);

/* The code whose label or other name, in any language, is this text: exactly, else without regard
 * to the case of A-Z and white space around it. A label goes before other names, what is in use
 * before what was replaced. Empty: none. */
struct span vocabulary_find(const struct vocabulary *vocabulary, struct span label);

/* All labels and other names of a concept, for search. fn is called for each. */
void vocabulary_names(const struct vocabulary *vocabulary, struct span code,
                      void (*fn)(void *ctx, struct span language, struct span name), void *ctx);

/* The broader concepts of a code and theirs, nearest first, each once, without the code itself
 * (loops are no harm). At most max are written; returns how many. */
size_t vocabulary_broader(const struct vocabulary *vocabulary, struct span code, struct span *out,
                          size_t max);

#endif

/* What a licence allows, to whom, for what in return, and what may be mixed with what.
 *
 * A licence is an SPDX expression (SPDX 2.3, annex D): ids joined by AND, OR and WITH. What the ids
 * mean is a table in the program (license.def), not a file of a pack: an answer must not change
 * with the packs that happen to be there. Packs add LicenseRef-... of their own (struct
 * license_declared), whose grants depend on who reads.
 *
 * Answers are three: yes, no, and "cannot tell" where a licence is not in any table; nothing here
 * is legal advice. Where several are to be had (OR) the reader takes the best. Pure; any thread. */
#ifndef MAILLON_PROTO_RECORD_LICENSE_H
#define MAILLON_PROTO_RECORD_LICENSE_H

#include "proto/base/bytes.h"
#include "proto/limits.h"

enum license_use {
#define LICENSE_USE(name, slug, english, french) LICENSE_USE_##name##_AT,
#include "proto/record/license_words.def"
#undef LICENSE_USE
    LICENSE_USE_COUNT
};
#define LICENSE_SHARE (1u << LICENSE_USE_SHARE_AT)
#define LICENSE_ADAPT (1u << LICENSE_USE_ADAPT_AT)
#define LICENSE_TRADE (1u << LICENSE_USE_TRADE_AT)

enum license_condition {
#define LICENSE_CONDITION(name, slug, english, french) LICENSE_CONDITION_##name##_AT,
#include "proto/record/license_words.def"
#undef LICENSE_CONDITION
    LICENSE_CONDITION_COUNT
};
#define LICENSE_CREDIT (1u << LICENSE_CONDITION_CREDIT_AT)
#define LICENSE_ALIKE (1u << LICENSE_CONDITION_ALIKE_AT)
#define LICENSE_DATABASE (1u << LICENSE_CONDITION_DATABASE_AT)
#define LICENSE_SOURCE (1u << LICENSE_CONDITION_SOURCE_AT)
#define LICENSE_NETWORK (1u << LICENSE_CONDITION_NETWORK_AT)
#define LICENSE_RETURN (1u << LICENSE_CONDITION_RETURN_AT)

enum license_reader {
#define LICENSE_READER(name, slug, english, french) LICENSE_READER_##name,
#include "proto/record/license_words.def"
#undef LICENSE_READER
    LICENSE_READER_COUNT
};

enum license_answer { LICENSE_NO, LICENSE_UNKNOWN, LICENSE_YES };

/* ---- The expression. */

enum license_join { LICENSE_TERM, LICENSE_AND, LICENSE_OR };

struct license_node {
    enum license_join join;
    struct span id;        /* of a term, with its "+" */
    struct span exception; /* what follows WITH; may be empty */
    uint8_t left;          /* nodes[], of AND and OR */
    uint8_t right;
};

struct license {
    struct license_node nodes[LICENSE_NODES_MAX];
    size_t count;
    uint8_t root;
};

/* Reads an expression. text is borrowed by *out. ERR_SYNTAX (at why->position), ERR_LIMIT: longer
 * than LICENSE_BYTES_MAX or deeper than LICENSE_DEPTH_MAX. */
MUST_USE enum err license_parse(struct span text, struct license *out, struct why *why);
/* Writes it back: ids as given, one space around operators, brackets only where AND and OR would
 * otherwise be taken together wrongly. */
void license_append(const struct license *license, struct buf *out);

/* ---- Licences that packs declare. */

struct license_grant {
    unsigned to;         /* bits: 1u << enum license_reader */
    unsigned allows;     /* LICENSE_SHARE... */
    unsigned conditions; /* LICENSE_CREDIT... */
    struct span as;      /* the licence that such a reader is given; may be empty */
};

struct license_declared {
    struct span id; /* "LicenseRef-..." */
    const struct license_grant *grants;
    size_t grant_count; /* the first whose `to` fits the reader counts; none: nothing is allowed */
    const void *of;     /* the caller's own */
};

struct license_set {
    const struct license_declared *items;
    size_t count;
};

/* Whether somebody of this kind is also of that: everyone contains all, a worker cooperative is a
 * cooperative, a cooperative a company, a contributor a member of the commons. */
bool license_reader_is(enum license_reader who, enum license_reader kind);

/* ---- Answers. */

/* What one id gives to one reader. */
struct license_part {
    struct span id;        /* as in the expression */
    struct span exception; /* may be empty */
    struct span as;        /* the licence in force for this reader: id itself, or the grant's */
    bool known;
    unsigned allows;
    unsigned conditions;
    const struct license_declared *declared; /* NULL: of the table */
};

struct license_terms {
    enum license_answer answer; /* to all the uses that were asked for together */
    unsigned allows;
    unsigned conditions;
    struct license_part parts[LICENSE_TERMS_MAX]; /* those that hold together; of an OR one side */
    size_t count;
};

/* What the reader may do. uses: those wanted (of an OR the side that allows them is taken). */
void license_terms(const struct license *license, enum license_reader reader, unsigned uses,
                   struct license_set declared, struct license_terms *out);

enum license_reason {
#define LICENSE_REASON(name, english, french) LICENSE_REASON_##name,
#include "proto/record/license_words.def"
#undef LICENSE_REASON
    LICENSE_REASON_COUNT
};

struct license_mix {
    enum license_answer answer;
    enum license_reason reason; /* of the pair that decided */
    struct span from;
    struct span into;
    const char *note[2]; /* by enum lang; of LICENSE_REASON_PAIR */
};

/* Whether the reader may put something under `from` into a collection that is published, as a whole
 * and to everyone, under `into`. */
void license_mix(const struct license *from, const struct license *into, enum license_reader reader,
                 struct license_set declared, struct license_mix *out);

/* Two names of one licence: letter case, a name that SPDX gave up. */
bool license_same(struct span a, struct span b);

/* ---- Words. Static strings. */

const char *license_use_slug(enum license_use use);
const char *license_condition_slug(enum license_condition condition);
const char *license_reader_slug(enum license_reader reader);
const char *license_use_text(enum license_use use, enum lang lang);
const char *license_condition_text(enum license_condition condition, enum lang lang);
const char *license_reader_text(enum license_reader reader, enum lang lang);
bool license_use_read(struct span slug, enum license_use *out);
bool license_condition_read(struct span slug, enum license_condition *out);
bool license_reader_read(struct span slug, enum license_reader *out);
/* "a mixture with CC-BY-SA-4.0 has to stay under CC-BY-SA-4.0, ..." */
void license_reason_append(const struct license_mix *mix, enum lang lang, struct buf *out);

/* The rows of the table, for listing. */
struct license_row {
    const char *id;
    unsigned allows;
    unsigned conditions;
    const char *into; /* ids with a space between */
};
size_t license_row_count(void);
const struct license_row *license_row_at(size_t index);

#endif

/* Identifiers that organisations, products and places have outside of any log, in the manner of
 * org-id.guide: a scheme and a value ("FR-SIRET" "55208131766522"). What is written in many ways is
 * brought to one, and checked where the scheme has a rule. */
#ifndef MAILLON_PROTO_SCHEMA_IDENTIFIER_H
#define MAILLON_PROTO_SCHEMA_IDENTIFIER_H

#include "proto/base/bytes.h"

enum normaliser {
    NORMALISE_TRIM,    /* no white space around it */
    NORMALISE_DIGITS,  /* its digits alone */
    NORMALISE_UPPER,   /* A-Z for a-z, trimmed */
    NORMALISE_LOWER,   /* a-z for A-Z, trimmed */
    NORMALISE_COMPACT, /* no white space, dots, dashes and slashes; upper case */
    NORMALISE_WEBSITE, /* no scheme, "www.", port of the scheme, fragment, trailing slash; host in
                          lower case */
    NORMALISE_EMAIL,   /* no "mailto:", lower case */
    NORMALISE_PHONE    /* digits, a "+" before them for "00" or "+", no "(0)" */
};

/* By "digits", "website"... false: there is none of this name. */
MUST_USE bool normaliser_read(struct span name, enum normaliser *out);
/* What a scheme's values go through where nothing else is declared. */
enum normaliser identifier_normaliser(struct span scheme);
/* Appends the one form of the value; nothing when there is nothing in it. utf8 is valid UTF-8. */
void identifier_normalise(enum normaliser normaliser, struct span utf8, struct buf *out);

/* 2 to 32 of [A-Z0-9-]. */
bool identifier_scheme_is_valid(struct span scheme);
/* Has this scheme a rule of its own? */
bool identifier_scheme_is_known(struct span scheme);
/* Judges a value in its one form. OK for every non-empty value of a scheme that is not known.
 * ERR_BAD_RECORD; why->rule is the scheme's rule, what was found is not quoted (it may be
 * somebody's). */
MUST_USE enum err identifier_check(struct span scheme, struct span value, struct why *why);

#endif

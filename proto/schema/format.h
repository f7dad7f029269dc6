/* The formats of JSON Schema 2020-12 (Validation, section 7.3), asserted by hand-written parsers:
 * linear in the text, no regular expression, no memory but a fixed one (idn-hostname apart). */
#ifndef MAILLON_PROTO_SCHEMA_FORMAT_H
#define MAILLON_PROTO_SCHEMA_FORMAT_H

#include "proto/base/bytes.h"

enum format {
    FORMAT_UNKNOWN, /* of no meaning here: everything holds */
    FORMAT_DATE,
    FORMAT_TIME,
    FORMAT_DATE_TIME,
    FORMAT_DURATION,
    FORMAT_EMAIL,
    FORMAT_IDN_EMAIL,
    FORMAT_HOSTNAME,
    FORMAT_IDN_HOSTNAME,
    FORMAT_IPV4,
    FORMAT_IPV6,
    FORMAT_URI,
    FORMAT_URI_REFERENCE,
    FORMAT_IRI,
    FORMAT_IRI_REFERENCE,
    FORMAT_URI_TEMPLATE,
    FORMAT_JSON_POINTER,
    FORMAT_RELATIVE_JSON_POINTER,
    FORMAT_REGEX,
    FORMAT_UUID,
    FORMAT_COUNT
};

/* The format of this name ("date-time"), case as written; FORMAT_UNKNOWN for any other. */
enum format format_find(struct span name);
/* Its name; "" for FORMAT_UNKNOWN. Static. */
const char *format_name(enum format format);

/* Does a string (its content: no quotes, escapes resolved) hold this format? Any bytes are taken;
 * what is not UTF-8 holds none. Any thread. Without memory the answer is no, for idn-hostname,
 * idn-email and regex alone. */
bool format_holds(enum format format, struct span utf8);

#endif

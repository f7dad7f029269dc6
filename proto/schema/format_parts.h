/* One parser per format, and what they share. Each takes any bytes; none but the functions that say
 * so needs UTF-8 to be well-formed, all refuse what is not where it matters. */
#ifndef MAILLON_PROTO_SCHEMA_FORMAT_PARTS_H
#define MAILLON_PROTO_SCHEMA_FORMAT_PARTS_H

#include "proto/base/bytes.h"

static inline bool is_digit(uint32_t c)
{
    return c >= '0' && c <= '9';
}

static inline bool is_letter(uint32_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool is_hex(uint32_t c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* A byte at a place, 0 beyond the end; NUL is in no format, so the two need no telling apart. */
static inline uint8_t byte_at(struct span text, size_t at)
{
    return at < text.len ? text.data[at] : 0;
}

/* c is one of the ASCII characters listed; never for NUL. */
static inline bool is_among(uint32_t c, const char *list)
{
    return c > 0 && c < 0x80 && strchr(list, (int)c) != NULL;
}

/* RFC 3987, 2.2: what an IRI may hold beyond ASCII. */
bool format_is_ucschar(uint32_t code_point);
bool format_is_iprivate(uint32_t code_point);
/* %HH at a place. */
bool format_is_percent(struct span text, size_t at);

/* RFC 3339, 5.6 and appendix A. */
bool format_date(struct span text);
bool format_time(struct span text);
bool format_date_time(struct span text);
bool format_duration(struct span text);

/* RFC 5321, 4.1.2, and with non-ASCII RFC 6531, 3.3. */
bool format_email(struct span text);
bool format_idn_email(struct span utf8);

/* RFC 1123, 2.1, A-labels as RFC 5890 has them; RFC 5890, 2.3.2.3. */
bool format_hostname(struct span text);
bool format_idn_hostname(struct span utf8);

/* RFC 2673, 3.2; RFC 4291, 2.2. */
bool format_ipv4(struct span text);
bool format_ipv6(struct span text);

/* RFC 3986, appendix A; RFC 3987, 2.2; RFC 6570, 2. */
bool format_uri(struct span text);
bool format_uri_reference(struct span text);
bool format_iri(struct span utf8);
bool format_iri_reference(struct span utf8);
bool format_uri_template(struct span utf8);

/* RFC 6901; draft-bhutton-relative-json-pointer-00. */
bool format_json_pointer(struct span text);
bool format_relative_json_pointer(struct span text);

bool format_regex(struct span utf8);
/* RFC 4122, 3: the form alone. */
bool format_uuid(struct span text);

#endif

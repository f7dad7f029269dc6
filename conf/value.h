/* One value of the configuration as people write it: 256 MiB, 30 s, [::]:8443, fr, https://...
 * Pure. */
#ifndef MAILLON_CONF_VALUE_H
#define MAILLON_CONF_VALUE_H

#include "proto/base/bytes.h"

/* A scale of units, the largest first; the last has factor 1. */
struct value_unit {
    const char *name;
    uint64_t factor;
};
extern const struct value_unit value_bytes[]; /* TiB GiB MiB KiB, and bytes without a unit */
extern const struct value_unit
    value_duration[];                         /* h min s ms; a number without a unit is refused */
extern const struct value_unit value_count[]; /* a number alone */

/* "30 s", "30s", "1024". False when it is no number with one of the units, or beyond 64 bits. */
MUST_USE bool value_read_number(struct span text, const struct value_unit *units, uint64_t *out);
/* In the largest unit that divides it. */
void value_append_number(struct buf *out, uint64_t number, const struct value_unit *units);

/* "127.0.0.1:0", "[::1]:8443", "*:8443" is not: an address in numbers and a port. */
MUST_USE bool value_is_address(struct span text);
/* "https://" and a host, with a port and a path as one likes; no user, query or fragment. */
MUST_USE bool value_is_url(struct span text);
/* "fr, en": BCP 47 tags (letters, digits, hyphens), separated by commas. */
MUST_USE bool value_is_languages(struct span text);
/* UTF-8 without control characters that the file can hold: no ';', which begins a comment there. */
MUST_USE bool value_is_text(struct span text);

#endif

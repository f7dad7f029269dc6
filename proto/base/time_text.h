/* Instants as text (RFC 3339), from 1970 to 9999, in milliseconds. */
#ifndef MAILLON_PROTO_BASE_TIME_TEXT_H
#define MAILLON_PROTO_BASE_TIME_TEXT_H

#include "proto/base/bytes.h"

#define TIME_TEXT_MS_END 253402300800000u /* the year 10000, which RFC 3339 cannot write */
#define TIME_TEXT_BYTES_MAX 31u           /* 2026-11-23T18:00:00.123456789Z and one more */

/* RFC 3339, 5.6, in UTC written with upper-case T and Z; up to nine digits of a fraction, cut to
 * milliseconds. */
MUST_USE bool time_text_read(struct span text, uint64_t *ms_out);
/* The same, or with an offset (+02:00) in place of the Z. */
MUST_USE bool time_text_read_zoned(struct span text, uint64_t *ms_out);
/* In UTC; milliseconds are written where there are any, so that a time read is the time written.
 * time_ms is less than TIME_TEXT_MS_END (CHECKed). */
void time_text_append(struct buf *out, uint64_t time_ms);

#endif

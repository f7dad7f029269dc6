/* Opening hours: cells of a table and French sentences, read into a week, written as OpenStreetMap
 * has them (the `opening_hours` tag). What is not understood for certain is not read at all. */
#ifndef MAILLON_PROTO_SCHEMA_HOURS_H
#define MAILLON_PROTO_SCHEMA_HOURS_H

#include "proto/base/bytes.h"

#define HOURS_DAYS 7u
#define HOURS_SPANS_MAX 8u         /* of one day */
#define HOURS_TEXT_BYTES_MAX 2048u /* longer texts are no opening hours */

/* Minutes since midnight; first < last <= 1440. */
struct hours_span {
    uint16_t first;
    uint16_t last;
};

struct hours_day {
    struct hours_span spans[HOURS_SPANS_MAX]; /* sorted, apart from each other */
    uint8_t count;
    bool is_closed; /* said to be closed */
};

struct hours_week {
    struct hours_day days[HOURS_DAYS]; /* Monday first */
    bool holidays_off;
};

/* Monday is 0; "Mo" to "Su". False for anything else. */
bool hours_day_of_code(struct span code, unsigned *day_out);

/* Adds the hours of a cell (`9h-12h30 / 14h-18h`, `09:00-12:00`, `fermé`) to the day. False, and
 * the day as it was, when it is not understood. */
MUST_USE bool hours_add_cell(struct hours_day *day, struct span utf8);
/* Reads free French text of a week: days with hours, in either order. */
MUST_USE bool hours_read_text(struct span utf8, struct hours_week *out);
/* Is this already in OSM's form? A subset: weeks, months, days, PH and SH, times, off, comments. */
bool hours_is_osm(struct span utf8);
/* Appends `Mo-Fr 09:00-12:00,14:00-18:00; Sa off`; nothing for a week without any day. */
void hours_append_osm(struct buf *out, const struct hours_week *week);

#endif

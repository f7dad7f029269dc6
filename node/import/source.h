/* A file (or pipe) of some format -> one JSON object after the other, in bounded memory.
 *
 * json     one object, or an array of objects
 * ndjson   an object per line
 * csv      RFC 4180; , ; or tab; one object of strings per row
 * geojson  RFC 7946: each Feature of a FeatureCollection
 * jsonld   each member of a top-level @graph array, given the document's @context; else as json
 *
 * An item that is refused does not end the import where its end can be found: the next may be asked
 * for. Nothing but the item at hand is held, so the file may be larger than memory. */
#ifndef MAILLON_NODE_IMPORT_SOURCE_H
#define MAILLON_NODE_IMPORT_SOURCE_H

#include "proto/base/bytes.h"
#include "proto/limits.h"

enum import_format {
    IMPORT_AUTO, /* by the end of the name, then by the first bytes */
    IMPORT_JSON,
    IMPORT_NDJSON,
    IMPORT_CSV,
    IMPORT_GEOJSON,
    IMPORT_JSONLD
};

struct import_options {
    enum import_format format;
    const char *name; /* of the file, for the format and messages; NULL for a pipe */
    bool
        containers; /* IMPORT_AUTO takes documents of many items apart: FeatureCollection, @graph */
    bool latin1;    /* the file is in windows-1252; offsets count its UTF-8 form */
};

/* Where an item stands. */
struct import_place {
    enum import_format format;
    uint64_t number; /* of the item in the file, from 1; refused ones count */
    uint64_t line;   /* on which it begins, from 1 */
    uint64_t offset; /* of its first byte, from 0 */
};

struct import_source;

/* false: there is no such format. */
MUST_USE bool import_format_read(const char *text, enum import_format *out);
/* "json", "csv"...; static. */
const char *import_format_name(enum import_format format);
/* What an item of the format is called: "row", "line", "feature", "item"; static. */
const char *import_item_name(enum import_format format);

/* fd stays the caller's and must outlive the source. What cannot be rewound and must be read twice
 * (GeoJSON and JSON-LD from a pipe) goes through an unnamed temporary file.
 * ERR_NO_MEMORY, ERR_IO, ERR_BAD_TEXT (UTF-16), ERR_SYNTAX (CSV header). */
MUST_USE enum err import_open(int fd, const struct import_options *options,
                              struct import_source **out, struct why *why);
void import_close(struct import_source *source);

/* Appends the next item's JSON text, not yet checked and not canonical, to json_out (whose max
 * should be IMPORT_ITEM_BYTES_MAX or more). ERR_NOT_FOUND at the end of the input, and after a
 * fault that nothing can be read behind. Any other error refuses this item; *place_out is set then,
 * too. */
MUST_USE enum err import_next(struct import_source *source, struct buf *json_out,
                              struct import_place *place_out, struct why *why);

/* After ERR_NOT_FOUND: was the input left before its end, because of the last refusal? */
bool import_is_cut_short(const struct import_source *source);
/* After the first item: is it the whole document, one object that is no list or container? */
bool import_is_single(const struct import_source *source);
enum import_format import_source_format(const struct import_source *source);
/* For a progress bar: bytes read so far, and all of them (0: not known). */
void import_progress(const struct import_source *source, uint64_t *done_out, uint64_t *all_out);

#endif

/* CSV (RFC 4180, on libcsv) as JSON objects: one per row, its members named by the header row, all
 * values strings as they stand in the file. Streamed: one row is held. */
#ifndef MAILLON_NODE_IMPORT_CSV_ROWS_H
#define MAILLON_NODE_IMPORT_CSV_ROWS_H

#include "node/import/reader.h"

struct csv_rows;

/* delimiter: ',' ';' or tab; 0: the one that the first line has most of. reader is borrowed.
 * NULL: no memory. */
struct csv_rows *csv_rows_new(struct reader *reader, char delimiter);
void csv_rows_free(struct csv_rows *rows);

/* Reads the header row. A column without a name, or with one that an earlier column has, is called
 * by its number as well: "Type (column 7)". ERR_SYNTAX, ERR_BAD_TEXT, ERR_LIMIT, ERR_NOT_FOUND (an
 * empty file). */
MUST_USE enum err csv_rows_header(struct csv_rows *rows, struct why *why);

/* Appends the next row's object. ERR_NOT_FOUND at the end. ERR_SYNTAX (quotes, or another number of
 * fields than the header has), ERR_BAD_TEXT (not UTF-8), ERR_LIMIT: this row is refused, the next
 * may be read unless *lost_out. *line_out: the line on which the row begins; *offset_out: its first
 * byte; set always. */
MUST_USE enum err csv_rows_next(struct csv_rows *rows, struct buf *json_out, uint64_t *line_out,
                                uint64_t *offset_out, bool *lost_out, struct why *why);

#endif

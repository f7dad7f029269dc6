/* Rows of a CSV file. libcsv is handed one line at a time, so that a row is complete when its line
 * ends outside quotes, and each row's place in the file is known. */
#include "node/import/csv_rows.h"

#include <csv.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/json/jcs.h"
#include "proto/limits.h"

struct field {
    size_t offset; /* in text */
    size_t len;
};

struct row {
    struct buf text;
    struct field *fields;
    size_t count;
    bool complete;
    bool too_many;
};

struct csv_rows {
    struct reader *reader;
    struct csv_parser parser;
    bool parser_made;
    char delimiter;
    struct row row;
    struct buf names; /* each as a JSON string with its quotes */
    struct field *columns;
    size_t column_count;
};

#define RULE_SHAPE "RFC 4180, 2.4: every row has as many fields as the header"
#define RULE_QUOTES "RFC 4180, 2.5 to 2.7: quotes enclose a whole field and are doubled inside it"
#define RULE_TEXT "RFC 3629: text is UTF-8 (for older files: --encoding latin1)"

/* libcsv keeps one field in memory; this is what bounds it. */
static void *grow_bounded(void *memory, size_t size)
{
    return size > IMPORT_ITEM_BYTES_MAX ? NULL : realloc(memory, size);
}

static int never_space(unsigned char c)
{
    (void)c;
    return 0;
}

static void take_field(void *data, size_t len, void *ctx)
{
    struct row *row = ctx;
    if (row->count == IMPORT_COLUMNS_MAX) {
        row->too_many = true;
        return;
    }
    row->fields[row->count++] = (struct field){.offset = row->text.len, .len = len};
    buf_append(&row->text, data, len);
}

static void take_row_end(int terminator, void *ctx)
{
    (void)terminator;
    struct row *row = ctx;
    row->complete = true;
}

static bool make_parser(struct csv_rows *rows)
{
    if (rows->parser_made)
        csv_free(&rows->parser);
    rows->parser_made = csv_init(&rows->parser, CSV_STRICT | CSV_STRICT_FINI) == 0;
    if (!rows->parser_made)
        return false;
    csv_set_realloc_func(&rows->parser, grow_bounded);
    csv_set_delim(&rows->parser, (unsigned char)rows->delimiter);
    csv_set_space_func(&rows->parser, never_space);
    return true;
}

/* The delimiter that the first line has most of, outside quotes. */
static char guess_delimiter(struct reader *reader)
{
    if (reader_peek(reader) < 0)
        return ',';
    struct span held = reader_held(reader);
    size_t commas = 0;
    size_t semicolons = 0;
    size_t tabs = 0;
    bool quoted = false;
    for (size_t i = 0; i < held.len; i++) {
        uint8_t c = held.data[i];
        if (c == '"')
            quoted = !quoted;
        if (quoted)
            continue;
        if (c == '\n' || c == '\r')
            break;
        commas += c == ',';
        semicolons += c == ';';
        tabs += c == '\t';
    }
    if (tabs > commas && tabs >= semicolons)
        return '\t';
    return semicolons > commas ? ';' : ',';
}

struct csv_rows *csv_rows_new(struct reader *reader, char delimiter)
{
    struct csv_rows *rows = calloc(1, sizeof(*rows));
    if (rows == NULL)
        return NULL;
    rows->reader = reader;
    rows->delimiter = delimiter == 0 ? guess_delimiter(reader) : delimiter;
    buf_init(&rows->row.text, IMPORT_ITEM_BYTES_MAX);
    buf_init(&rows->names, IMPORT_ITEM_BYTES_MAX);
    rows->row.fields = malloc(IMPORT_COLUMNS_MAX * sizeof(*rows->row.fields));
    rows->columns = malloc(IMPORT_COLUMNS_MAX * sizeof(*rows->columns));
    if (rows->row.fields == NULL || rows->columns == NULL || !make_parser(rows)) {
        csv_rows_free(rows);
        return NULL;
    }
    return rows;
}

void csv_rows_free(struct csv_rows *rows)
{
    if (rows == NULL)
        return;
    if (rows->parser_made)
        csv_free(&rows->parser);
    buf_clear(&rows->row.text);
    buf_clear(&rows->names);
    free(rows->row.fields);
    free(rows->columns);
    free(rows);
}

/* The length of a UTF-8 sequence at text[at], 0 when it is not valid (RFC 3629, 4). */
static size_t utf8_length(struct span text, size_t at)
{
    uint8_t c = text.data[at];
    if (c < 0x80)
        return 1;
    size_t len = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    if (c < 0xc2 || c > 0xf4 || text.len - at < len)
        return 0;
    uint8_t second = text.data[at + 1];
    uint8_t lowest = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    uint8_t highest = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    if (second < lowest || second > highest)
        return 0;
    for (size_t i = 2; i < len; i++)
        if ((text.data[at + i] & 0xc0) != 0x80)
            return 0;
    return len;
}

static bool utf8_holds(struct span text, uint8_t *bad_out)
{
    for (size_t at = 0; at < text.len;) {
        size_t len = utf8_length(text, at);
        if (len == 0) {
            *bad_out = text.data[at];
            return false;
        }
        at += len;
    }
    return true;
}

/* After a row that broke off, reading goes on at the next line with a fresh parser. */
static enum err give_row_up(struct csv_rows *rows, bool *lost_out)
{
    int code = csv_error(&rows->parser);
    /* Inside quotes nobody can tell where the row ends. */
    *lost_out = code != CSV_EPARSE;
    reader_skip_line(rows->reader);
    if (!make_parser(rows))
        return ERR_NO_MEMORY;
    return code == CSV_EPARSE ? ERR_SYNTAX : ERR_LIMIT;
}

/* The part of what is held that ends with the first end of line, or all of it. */
static size_t line_part(struct span held)
{
    for (size_t i = 0; i < held.len; i++)
        if (held.data[i] == '\n' || held.data[i] == '\r')
            return i + 1;
    return held.len;
}

static void skip_empty_lines(struct reader *reader)
{
    while (reader_peek(reader) == '\n' || reader_peek(reader) == '\r')
        reader_advance(reader, 1);
}

static enum err end_of_file(struct csv_rows *rows, bool *lost_out, struct why *why)
{
    struct reader *reader = rows->reader;
    struct row *row = &rows->row;
    *lost_out = true;
    if (reader->failed == ERR_BAD_TEXT)
        return why_set(why, ERR_BAD_TEXT, RULE_TEXT, 0, "UTF-8", "UTF-16");
    if (reader->failed != OK)
        return why_set(why, reader->failed, "import: reading", reader->offset, NULL, NULL);
    if (csv_fini(&rows->parser, take_field, take_row_end, row) != 0)
        return why_set(why, ERR_SYNTAX, RULE_QUOTES, reader->offset, "the closing quote",
                       "the end of the file");
    *lost_out = false;
    return row->complete ? OK : ERR_NOT_FOUND;
}

/* Reads one row into rows->row. */
static enum err take_row(struct csv_rows *rows, bool *lost_out, struct why *why)
{
    struct row *row = &rows->row;
    struct reader *reader = rows->reader;
    buf_reset(&row->text);
    row->count = 0;
    row->complete = false;
    row->too_many = false;
    *lost_out = false;
    while (!row->complete) {
        if (reader_peek(reader) < 0) {
            TRY(end_of_file(rows, lost_out, why));
            break;
        }
        struct span held = reader_held(reader);
        size_t part = line_part(held);
        size_t used = csv_parse(&rows->parser, held.data, part, take_field, take_row_end, row);
        if (used == part) {
            reader_advance(reader, part);
            continue;
        }
        uint64_t place = reader->offset + used;
        enum err err = give_row_up(rows, lost_out);
        if (err == ERR_SYNTAX)
            return why_set(why, err, RULE_QUOTES, place, "a delimiter or a doubled quote",
                           "a quote inside a field");
        return why_set(why, err, "import: size of a field", place, "at most 1 MiB", "more");
    }
    if (row->too_many)
        return why_set(why, ERR_LIMIT, "import: columns", reader->offset, "at most 4096", "more");
    if (row->text.failed != OK)
        return why_set(why, row->text.failed, "import: size of a row", reader->offset,
                       "at most 1 MiB", "more");
    return OK;
}

static struct span field_text(const struct row *row, size_t i)
{
    return span_part(buf_span(&row->text), row->fields[i].offset, row->fields[i].len);
}

static enum err check_text(const struct csv_rows *rows, size_t i, uint64_t offset, struct why *why)
{
    uint8_t bad;
    if (utf8_holds(field_text(&rows->row, i), &bad))
        return OK;
    char found[64];
    (void)snprintf(found, sizeof(found), "byte 0x%02x in column %zu", (unsigned)bad, i + 1);
    return why_set(why, ERR_BAD_TEXT, RULE_TEXT, offset, "UTF-8", found);
}

static bool name_is_taken(const struct csv_rows *rows, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (span_equal(field_text(&rows->row, i), field_text(&rows->row, j)))
            return true;
    return false;
}

enum err csv_rows_header(struct csv_rows *rows, struct why *why)
{
    bool lost;
    struct row *row = &rows->row;
    skip_empty_lines(rows->reader);
    TRY(take_row(rows, &lost, why));
    struct buf name;
    buf_init(&name, IMPORT_ITEM_BYTES_MAX);
    enum err err = OK;
    for (size_t i = 0; i < row->count && err == OK; i++) {
        err = check_text(rows, i, 0, why);
        if (err != OK)
            break;
        struct span text = field_text(row, i);
        buf_reset(&name);
        buf_append_span(&name, text);
        if (text.len == 0 || name_is_taken(rows, i)) {
            buf_append_cstr(&name, text.len == 0 ? "(column " : " (column ");
            buf_append_u64(&name, i + 1);
            buf_append_byte(&name, ')');
        }
        size_t before = rows->names.len;
        err = buf_check(&name);
        if (err == OK)
            jcs_append_string(&rows->names, buf_span(&name));
        rows->columns[i] = (struct field){.offset = before, .len = rows->names.len - before};
    }
    rows->column_count = row->count;
    if (err == OK)
        err = buf_check(&rows->names);
    buf_clear(&name);
    return err;
}

static enum err check_shape(const struct csv_rows *rows, uint64_t offset, struct why *why)
{
    if (rows->row.count == rows->column_count)
        return OK;
    char expected[40];
    char found[40];
    (void)snprintf(expected, sizeof(expected), "%zu fields", rows->column_count);
    (void)snprintf(found, sizeof(found), "%zu", rows->row.count);
    return why_set(why, ERR_SYNTAX, RULE_SHAPE, offset, expected, found);
}

enum err csv_rows_next(struct csv_rows *rows, struct buf *json_out, uint64_t *line_out,
                       uint64_t *offset_out, bool *lost_out, struct why *why)
{
    skip_empty_lines(rows->reader);
    *line_out = rows->reader->line;
    *offset_out = rows->reader->offset;
    TRY(take_row(rows, lost_out, why));
    TRY(check_shape(rows, *offset_out, why));
    for (size_t i = 0; i < rows->row.count; i++)
        TRY(check_text(rows, i, *offset_out, why));
    size_t before = json_out->len;
    buf_append_byte(json_out, '{');
    for (size_t i = 0; i < rows->row.count; i++) {
        if (i > 0)
            buf_append_byte(json_out, ',');
        buf_append_span(json_out, span_part(buf_span(&rows->names), rows->columns[i].offset,
                                            rows->columns[i].len));
        buf_append_byte(json_out, ':');
        jcs_append_string(json_out, field_text(&rows->row, i));
    }
    buf_append_byte(json_out, '}');
    if (json_out->failed == OK)
        return OK;
    enum err err = json_out->failed;
    json_out->failed = OK;
    json_out->len = before;
    return why_set(why, err, "import: size of a row", *offset_out, "at most 1 MiB", "more");
}

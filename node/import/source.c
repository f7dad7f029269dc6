/* Which reader an import goes through, and the walk through JSON documents that hold many items. */
#include "node/import/source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node/import/csv_rows.h"
#include "node/import/json_items.h"
#include "node/import/reader.h"

enum stage {
    STAGE_START, /* before the document's value */
    STAGE_FIRST, /* behind '[': an item or ']' */
    STAGE_MORE,  /* behind an item: ',' or ']' */
    STAGE_END    /* nothing more to give */
};

struct import_source {
    struct reader reader;
    enum import_format format;
    enum stage stage;
    struct csv_rows *rows;
    FILE *spool;
    struct buf context;    /* the @context to attach, as written */
    const char *container; /* the top-level member whose array holds the items, or NULL */
    uint64_t number;
    uint64_t size; /* of the file; 0: not known */
    bool context_too_large;
    bool is_single; /* the document itself is the item */
    bool cut_short;
};

struct format_row {
    const char *name;
    const char *endings[3];
    const char *item;
};

static const struct format_row formats[] = {
    [IMPORT_AUTO] = {"auto", {NULL, NULL, NULL}, "item"},
    [IMPORT_JSON] = {"json", {NULL, NULL, NULL}, "item"},
    [IMPORT_NDJSON] = {"ndjson", {".ndjson", ".jsonl", NULL}, "line"},
    [IMPORT_CSV] = {"csv", {".csv", ".tsv", NULL}, "row"},
    [IMPORT_GEOJSON] = {"geojson", {".geojson", NULL, NULL}, "feature"},
    [IMPORT_JSONLD] = {"jsonld", {".jsonld", NULL, NULL}, "item"},
};

#define FORMAT_COUNT (sizeof(formats) / sizeof(formats[0]))

bool import_format_read(const char *text, enum import_format *out)
{
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        if (strcmp(text, formats[i].name) == 0) {
            *out = (enum import_format)i;
            return true;
        }
    }
    return false;
}

const char *import_format_name(enum import_format format)
{
    return formats[format].name;
}

const char *import_item_name(enum import_format format)
{
    return formats[format].item;
}

static bool name_ends(const char *name, const char *ending)
{
    size_t len = strlen(name);
    size_t ending_len = strlen(ending);
    return len > ending_len && strcasecmp(name + len - ending_len, ending) == 0;
}

static enum import_format format_by_name(const char *name, bool containers)
{
    for (size_t i = 0; name != NULL && i < FORMAT_COUNT; i++) {
        bool container = i == IMPORT_GEOJSON || i == IMPORT_JSONLD;
        for (const char *const *ending = formats[i].endings; *ending != NULL; ending++)
            if (name_ends(name, *ending) && (containers || !container))
                return (enum import_format)i;
    }
    return IMPORT_AUTO;
}

static bool holds(struct span text, const char *word)
{
    return text.len > 0 && memmem(text.data, text.len, word, strlen(word)) != NULL;
}

/* Is the first line an object by itself, with something behind it? */
static bool looks_like_lines(struct span held)
{
    const uint8_t *newline = memchr(held.data, '\n', held.len);
    if (newline == NULL)
        return false;
    const uint8_t *last = newline;
    while (last > held.data && (last[-1] == '\r' || last[-1] == ' '))
        last--;
    if (last == held.data || last[-1] != '}')
        return false;
    for (const uint8_t *p = newline; p < held.data + held.len; p++)
        if (*p != ' ' && *p != '\n' && *p != '\r' && *p != '\t')
            return *p == '{';
    return false;
}

static enum import_format format_by_content(struct reader *reader, bool containers)
{
    reader_skip_space(reader);
    if (reader_peek(reader) < 0)
        return IMPORT_JSON;
    struct span held = reader_held(reader);
    if (held.data[0] == '[')
        return IMPORT_JSON;
    if (held.data[0] != '{')
        return IMPORT_CSV;
    if (looks_like_lines(held))
        return IMPORT_NDJSON;
    if (containers && holds(span_part(held, 0, 1024), "\"FeatureCollection\""))
        return IMPORT_GEOJSON;
    return containers && holds(held, "\"@graph\"") ? IMPORT_JSONLD : IMPORT_JSON;
}

/* A reader that has stopped early for a reason of its own. */
static enum err reading_failed(const struct reader *reader, struct why *why)
{
    if (reader->failed == ERR_BAD_TEXT)
        return why_set(why, ERR_BAD_TEXT, "RFC 8259, 8.1: text is UTF-8", 0, "UTF-8", "UTF-16");
    return why_set(why, reader->failed, "import: reading the file", reader->offset, NULL, NULL);
}

static enum err syntax(struct reader *reader, struct why *why, const char *expected)
{
    int c = reader_peek(reader);
    if (reader->failed != OK)
        return reading_failed(reader, why);
    char found[2] = {(char)c, '\0'};
    return why_set(why, ERR_SYNTAX, "RFC 8259", reader->offset, expected,
                   c < 0 ? "the end of the file" : found);
}

static enum err expect(struct reader *reader, int c, const char *expected, struct why *why)
{
    reader_skip_space(reader);
    if (reader_peek(reader) != c)
        return syntax(reader, why, expected);
    reader_advance(reader, 1);
    return OK;
}

/* Takes a member's key, with its quotes, and the colon. A key larger than ours can be is just
 * another. */
static enum err take_key(struct reader *reader, struct buf *key, struct why *why)
{
    bool lost;
    buf_reset(key);
    reader_skip_space(reader);
    if (reader_peek(reader) != '"')
        return syntax(reader, why, "a key in quotes");
    enum err err = json_item_take(reader, key, &lost, why);
    if (err != OK && lost)
        return err;
    return expect(reader, ':', "a colon", why);
}

/* Takes one member in front of, or behind, the items. *items_out: the reader stands behind the '['
 * of the container. context may be NULL: it is known already. */
static enum err take_member(struct import_source *source, struct buf *key, struct buf *context,
                            bool *items_out, struct why *why)
{
    struct reader *reader = &source->reader;
    bool lost;
    *items_out = false;
    TRY(take_key(reader, key, why));
    reader_skip_space(reader);
    struct span name = key->len < 2 ? span_of(NULL, 0) : span_part(buf_span(key), 1, key->len - 2);
    if (source->container != NULL && span_is(name, source->container) &&
        reader_peek(reader) == '[') {
        reader_advance(reader, 1);
        *items_out = true;
        return OK;
    }
    if (context == NULL || !span_is(name, "@context"))
        return json_item_take(reader, NULL, &lost, why);
    buf_reset(context);
    enum err err = json_item_take(reader, context, &lost, why);
    if (err == ERR_LIMIT && !lost) {
        source->context_too_large = true;
        return OK;
    }
    return err;
}

/* Behind a member: true when another one follows. */
static enum err member_follows(struct reader *reader, bool *more_out, struct why *why)
{
    reader_skip_space(reader);
    int c = reader_peek(reader);
    if (c != ',' && c != '}')
        return syntax(reader, why, "a comma or a closing brace");
    reader_advance(reader, 1);
    *more_out = c == ',';
    return OK;
}

/* First pass: is there a container in the top-level object, and what is the @context? It may stand
 * behind the items. A fault here ends the pass only; the second pass meets it with its place. */
static void survey(struct import_source *source)
{
    struct reader *reader = &source->reader;
    struct buf key;
    bool has_items = false;
    bool more = true;
    bool lost;
    buf_init(&key, 64);
    reader_skip_space(reader);
    if (reader_peek(reader) == '{')
        reader_advance(reader, 1);
    else
        more = false;
    while (more) {
        bool items;
        if (take_member(source, &key, &source->context, &items, NULL) != OK)
            break;
        if (items) {
            has_items = true;
            /* Step over the array as one value whose bracket has been taken. */
            for (reader_skip_space(reader); reader_peek(reader) != ']'; reader_skip_space(reader)) {
                if (reader_peek(reader) == ',')
                    reader_advance(reader, 1);
                reader_skip_space(reader);
                if (json_item_take(reader, NULL, &lost, NULL) != OK)
                    goto out;
            }
            reader_advance(reader, 1);
        }
        if (member_follows(reader, &more, NULL) != OK)
            break;
    }
out:
    buf_clear(&key);
    if (!has_items)
        source->container = NULL;
}

static bool write_all(FILE *file, struct span bytes)
{
    return bytes.len == 0 || fwrite(bytes.data, 1, bytes.len, file) == bytes.len;
}

/* Copies what cannot be rewound, as UTF-8. */
static enum err spool(struct import_source *source, struct why *why)
{
    struct reader *reader = &source->reader;
    source->spool = tmpfile();
    if (source->spool == NULL)
        return why_set(why, ERR_IO, "import: a temporary file", 0, NULL, strerror(errno));
    while (reader_peek(reader) >= 0) {
        struct span held = reader_held(reader);
        if (!write_all(source->spool, held))
            return why_set(why, errno == ENOSPC ? ERR_DISK_FULL : ERR_IO,
                           "import: a temporary file", reader->offset, NULL, strerror(errno));
        reader_advance(reader, held.len);
    }
    if (reader->failed != OK)
        return reading_failed(reader, why);
    if (fflush(source->spool) != 0)
        return why_set(why, ERR_IO, "import: a temporary file", 0, NULL, strerror(errno));
    source->size = reader->offset;
    reader->latin1 = false;
    return OK;
}

static enum err rewind_to(struct import_source *source, int fd, off_t start, struct why *why)
{
    if (lseek(fd, start, SEEK_SET) < 0)
        return why_set(why, ERR_IO, "import: rewinding the file", 0, NULL, strerror(errno));
    reader_restart(&source->reader, fd);
    return OK;
}

static enum err open_document(struct import_source *source, int fd, off_t start, struct why *why)
{
    source->container = source->format == IMPORT_GEOJSON ? "features" : "@graph";
    if (start < 0) {
        TRY(spool(source, why));
        fd = fileno(source->spool);
        start = 0;
    }
    TRY(rewind_to(source, fd, start, why));
    survey(source);
    return rewind_to(source, fd, start, why);
}

static enum err open_by_format(struct import_source *source, int fd,
                               const struct import_options *options, struct why *why)
{
    struct stat status;
    bool regular = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
    off_t start = regular ? lseek(fd, 0, SEEK_CUR) : -1;
    if (regular && status.st_size > 0)
        source->size = (uint64_t)status.st_size;
    source->format = options->format;
    if (source->format == IMPORT_AUTO)
        source->format = format_by_name(options->name, options->containers);
    if (source->format == IMPORT_AUTO) {
        reader_gather(&source->reader);
        source->format = format_by_content(&source->reader, options->containers);
    }
    switch (source->format) {
    case IMPORT_GEOJSON:
    case IMPORT_JSONLD:
        return open_document(source, fd, start, why);
    case IMPORT_CSV:
        source->rows = csv_rows_new(&source->reader, 0);
        if (source->rows == NULL)
            return ERR_NO_MEMORY;
        enum err err = csv_rows_header(source->rows, why);
        if (err == ERR_NOT_FOUND)
            source->stage = STAGE_END;
        return err == ERR_NOT_FOUND ? OK : err;
    case IMPORT_AUTO:
    case IMPORT_JSON:
    case IMPORT_NDJSON:
        break;
    }
    return OK;
}

enum err import_open(int fd, const struct import_options *options, struct import_source **out,
                     struct why *why)
{
    struct import_source *source = calloc(1, sizeof(*source));
    if (source == NULL)
        return ERR_NO_MEMORY;
    buf_init(&source->context, IMPORT_CONTEXT_BYTES_MAX);
    enum err err = reader_init(&source->reader, fd, options->latin1);
    if (err == OK)
        err = open_by_format(source, fd, options, why);
    if (err != OK) {
        import_close(source);
        return err;
    }
    *out = source;
    return OK;
}

void import_close(struct import_source *source)
{
    if (source == NULL)
        return;
    csv_rows_free(source->rows);
    reader_clear(&source->reader);
    buf_clear(&source->context);
    if (source->spool != NULL)
        (void)fclose(source->spool);
    free(source);
}

/* Ends the import because nothing behind this fault can be read. */
static enum err stop(struct import_source *source, enum err err)
{
    source->stage = STAGE_END;
    source->cut_short = true;
    return err;
}

static void mark(struct import_source *source, struct import_place *place)
{
    *place = (struct import_place){.format = source->format,
                                   .number = ++source->number,
                                   .line = source->reader.line,
                                   .offset = source->reader.offset};
}

static enum err end_of_document(struct import_source *source, struct why *why)
{
    reader_skip_space(&source->reader);
    if (reader_peek(&source->reader) >= 0)
        return syntax(&source->reader, why,
                      "the end of the file (an object per line: --format ndjson)");
    if (source->reader.failed != OK)
        return reading_failed(&source->reader, why);
    source->stage = STAGE_END;
    return ERR_NOT_FOUND;
}

/* Behind the items of a container the rest of its object must be sound, too. */
static enum err end_of_items(struct import_source *source, struct why *why)
{
    bool more = true;
    enum err err = OK;
    struct buf key;
    buf_init(&key, 64);
    while (source->container != NULL && err == OK) {
        bool again;
        err = member_follows(&source->reader, &more, why);
        if (err != OK || !more)
            break;
        err = take_member(source, &key, NULL, &again, why);
        if (err == OK && again)
            err = syntax(&source->reader, why, "one array of items");
    }
    buf_clear(&key);
    return err == OK ? end_of_document(source, why) : err;
}

/* Up to the first item. *single_out: the document itself is the item. */
static enum err enter(struct import_source *source, bool *single_out, struct why *why)
{
    struct reader *reader = &source->reader;
    *single_out = false;
    reader_skip_space(reader);
    if (reader_peek(reader) == '[') {
        source->container = NULL;
        reader_advance(reader, 1);
        return OK;
    }
    if (source->container == NULL) {
        *single_out = true;
        return reader_peek(reader) < 0 ? end_of_document(source, why) : OK;
    }
    bool items = false;
    bool more = true;
    struct buf key;
    buf_init(&key, 64);
    enum err err = expect(reader, '{', "an opening brace", why);
    while (err == OK && more && !items) {
        err = take_member(source, &key, NULL, &items, why);
        if (err == OK && !items)
            err = member_follows(reader, &more, why);
    }
    buf_clear(&key);
    return err == OK && !items ? syntax(reader, why, source->container) : err;
}

/* Up to the next item of the array, or ERR_NOT_FOUND behind its end. */
static enum err advance_in_array(struct import_source *source, struct why *why)
{
    struct reader *reader = &source->reader;
    reader_skip_space(reader);
    int c = reader_peek(reader);
    if (c == ']') {
        reader_advance(reader, 1);
        return end_of_items(source, why);
    }
    if (source->stage == STAGE_FIRST)
        return OK;
    TRY(expect(reader, ',', "a comma or a closing bracket", why));
    reader_skip_space(reader);
    return reader_peek(reader) == ']' ? syntax(reader, why, "an item after the comma") : OK;
}

/* Puts the document's @context in front, unless the item has its own. */
static enum err attach_context(struct import_source *source, struct buf *json, size_t before,
                               struct why *why)
{
    struct span none;
    struct span item = span_part(buf_span(json), before, json->len - before);
    bool wanted = source->context_too_large || source->context.len > 0;
    if (!wanted || item.len < 2 || item.data[0] != '{' || json_item_member(item, "@context", &none))
        return OK;
    if (source->context_too_large) {
        json->len = before;
        return why_set(why, ERR_LIMIT, "import: a JSON-LD @context is repeated in each record",
                       source->reader.offset, "at most 16 KiB, or its address", "more");
    }
    struct buf copy;
    buf_init(&copy, json->max);
    buf_append_cstr(&copy, "{\"@context\":");
    buf_append_span(&copy, buf_span(&source->context));
    size_t rest = 1;
    while (rest < item.len && (item.data[rest] == ' ' || item.data[rest] == '\n' ||
                               item.data[rest] == '\r' || item.data[rest] == '\t'))
        rest++;
    if (rest < item.len && item.data[rest] != '}')
        buf_append_byte(&copy, ',');
    buf_append_span(&copy, span_part(item, rest, item.len - rest));
    json->len = before;
    buf_append_span(json, buf_span(&copy));
    enum err err = copy.failed != OK ? copy.failed : json->failed;
    buf_clear(&copy);
    if (err == OK)
        return OK;
    json->failed = OK;
    json->len = before;
    return why_set(why, err, "import: size of an item", source->reader.offset, "at most 1 MiB",
                   "more");
}

static enum err take_item(struct import_source *source, struct buf *json_out, struct why *why)
{
    bool lost;
    size_t before = json_out->len;
    enum err err = json_item_take(&source->reader, json_out, &lost, why);
    if (err != OK)
        return lost ? stop(source, err) : err;
    return source->format == IMPORT_JSONLD && source->container != NULL
               ? attach_context(source, json_out, before, why)
               : OK;
}

static enum err next_in_document(struct import_source *source, struct buf *json_out,
                                 struct import_place *place_out, struct why *why)
{
    bool single = false;
    enum err err = OK;
    size_t before = json_out->len;
    if (source->stage == STAGE_START) {
        err = enter(source, &single, why);
        source->is_single = single;
        source->stage = STAGE_FIRST;
    }
    if (err == OK && !single)
        err = advance_in_array(source, why);
    if (err == ERR_NOT_FOUND) {
        source->stage = STAGE_END;
        return err;
    }
    mark(source, place_out);
    if (err != OK)
        return stop(source, err);
    err = take_item(source, json_out, why);
    if (!single) {
        if (source->stage == STAGE_FIRST)
            source->stage = STAGE_MORE;
        return err;
    }
    source->stage = STAGE_END;
    if (err != OK)
        return err;
    err = end_of_document(source, why);
    if (err == ERR_NOT_FOUND)
        return OK;
    json_out->len = before;
    return stop(source, err);
}

/* Appends the line without its end; larger ones are stepped over. */
static enum err take_line(struct reader *reader, struct buf *out, struct why *why)
{
    size_t before = out->len;
    uint64_t start = reader->offset;
    while (reader_peek(reader) >= 0) {
        struct span held = reader_held(reader);
        const uint8_t *newline = memchr(held.data, '\n', held.len);
        size_t len = newline == NULL ? held.len : (size_t)(newline - held.data);
        buf_append(out, held.data, len);
        reader_advance(reader, newline == NULL ? len : len + 1);
        if (newline != NULL)
            break;
    }
    if (reader->failed != OK)
        return reading_failed(reader, why);
    if (out->failed == OK)
        return OK;
    enum err err = out->failed;
    out->failed = OK;
    out->len = before;
    return why_set(why, err, "import: size of a line", start, "at most 1 MiB", "more");
}

static enum err next_line(struct import_source *source, struct buf *json_out,
                          struct import_place *place_out, struct why *why)
{
    struct reader *reader = &source->reader;
    reader_skip_space(reader);
    if (reader_peek(reader) < 0 && reader->failed == OK) {
        source->stage = STAGE_END;
        return ERR_NOT_FOUND;
    }
    mark(source, place_out);
    enum err err = take_line(reader, json_out, why);
    return reader->failed != OK || err == ERR_NO_MEMORY ? stop(source, err) : err;
}

static enum err next_row(struct import_source *source, struct buf *json_out,
                         struct import_place *place_out, struct why *why)
{
    bool lost = false;
    uint64_t line;
    uint64_t offset;
    enum err err = csv_rows_next(source->rows, json_out, &line, &offset, &lost, why);
    if (err == ERR_NOT_FOUND) {
        source->stage = STAGE_END;
        return err;
    }
    mark(source, place_out);
    place_out->line = line;
    place_out->offset = offset;
    return lost || err == ERR_NO_MEMORY ? stop(source, err) : err;
}

/* A record's body is an object. */
static enum err check_object(struct buf *json, size_t before, const struct import_place *place,
                             struct why *why)
{
    size_t at = before;
    while (at < json->len && (json->data[at] == ' ' || json->data[at] == '\t'))
        at++;
    if (at < json->len && json->data[at] == '{')
        return OK;
    char found[2] = {at < json->len ? (char)json->data[at] : '\0', '\0'};
    json->len = before;
    return why_set(why, ERR_SYNTAX, "import: an item is a JSON object", place->offset,
                   "an opening brace", found);
}

enum err import_next(struct import_source *source, struct buf *json_out,
                     struct import_place *place_out, struct why *why)
{
    if (source->stage == STAGE_END)
        return ERR_NOT_FOUND;
    size_t before = json_out->len;
    enum err err = OK;
    switch (source->format) {
    case IMPORT_CSV:
        err = next_row(source, json_out, place_out, why);
        break;
    case IMPORT_NDJSON:
        err = next_line(source, json_out, place_out, why);
        break;
    case IMPORT_AUTO:
    case IMPORT_JSON:
    case IMPORT_GEOJSON:
    case IMPORT_JSONLD:
        err = next_in_document(source, json_out, place_out, why);
        break;
    }
    return err == OK ? check_object(json_out, before, place_out, why) : err;
}

bool import_is_cut_short(const struct import_source *source)
{
    return source->cut_short;
}

bool import_is_single(const struct import_source *source)
{
    return source->is_single;
}

enum import_format import_source_format(const struct import_source *source)
{
    return source->format;
}

void import_progress(const struct import_source *source, uint64_t *done_out, uint64_t *all_out)
{
    *done_out = source->reader.raw_read;
    *all_out = source->size;
}

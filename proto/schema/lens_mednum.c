/* Mapping files of the digital-mediation hubs, as they publish them: columns of their tables to the
 * national schema of places. Such a file is written anew as a lens and compiled like any other.
 *
 *     "nom":{"colonne":C} | {"joindre":{"colonnes":[C,...],"séparateur":" "}}
 *     "services":[{"colonnes":[C,...],"termes":[T,...],"sauf":[T,...],"cible":CODE},...]
 *     "horaires":{"osm":C} | {"semaine":C} | {"jours":[{"colonne":C,"osm":"Mo"},...]}
 *
 * A column whose name holds a dot may be a nested member; one without a name is not there. */
#include "proto/json/jcs.h"
#include "proto/limits.h"
#include "proto/schema/lens_parts.h"

#define DATES                                                                                      \
    "\"date\",\"DD/MM/YYYY\",\"DD/MM/YYYY hh:mm\",\"DD/MM/YYYY hh:mm:ss\",\"D/M/YYYY\","           \
    "\"DD-MM-YYYY\",\"DD.MM.YYYY\",\"YYYY/MM/DD\",\"YYYY/MM/DD hh:mm:ss.SSS\","                    \
    "\"YYYY/MM/DD hh:mm:ss\",\"YYYY-MM-DD hh:mm:ss\",\"date-time\""
#define SITES                                                                                      \
    "[{\"text\":true},{\"replace\":[\"\\\\s*(?:[;|\\\\n]|\\\\s(?:et|ou|-)\\\\s)\\\\s*\",\";\"]},"
#define MAILS "[{\"text\":true},{\"replace\":[\"[\\\\s,|/]+|;+\",\";\"]},{\"split\":\";\"},"

/* What goes with each field of the national schema; text without blanks round it for all others. */
static const struct {
    const char *field;
    const char *through;
} known_fields[] = {
    {"pivot", "[{\"text\":true},{\"replace\":[\"[\\\\s.\\\\-]\",\"\"]}]"},
    {"code_insee", "[{\"text\":true},{\"replace\":[\"\\\\s\",\"\"]},{\"pad\":5}]"},
    {"date_maj", "[{\"text\":true},{\"date\":{\"read\":[" DATES "],\"write\":\"date\"}}]"},
    {"site_web", SITES "{\"split\":\";\"},{\"web\":true},{\"unique\":true}]"},
    {"courriels",
     MAILS "{\"extract\":\"^([^\\\\s@<>:]+@[^\\\\s@<>:.]+(?:\\\\.[^\\\\s@<>:.]+)+)$\"},"
           "{\"unique\":true}]"},
};
#define TEXT "[{\"text\":true},{\"trim\":true}]"
#define POSTCODE "[{\"text\":true},{\"replace\":[\"\\\\s\",\"\"]},{\"pad\":5}]"
#define POSTCODE_IN_ADDRESS                                                                        \
    "[{\"text\":true},{\"extract\":\"(?:^|[^0-9])([0-9]{5})(?:\\\\s+[^0-9\\\\s]|\\\\s*$)\"}]"
#define WITHOUT_TOWN                                                                                 \
    "[{\"text\":true},{\"replace\":[\"(?:^|[\\\\s,–-]+)[0-9]{5}\\\\s+[^0-9]*$\",\"\"]},{\"trim\":" \
    "true}]"

/* France and its territories, south, west, north, east: a position outside has its axes swapped, or
 * is no longitude and latitude at all. */
#define BOXES                                                                                      \
    "[[41,-5.5,51.5,10],[14,-63.5,18.5,-60.5],[2,-55,6,-51],[-21.6,55,-20.7,56],"                  \
    "[-13.2,44.9,-12.5,45.5],[-23,163,-19,169],[-28,-155,-7.5,-134],[-14.5,-178.5,-13,-176],"      \
    "[46.5,-57,47.5,-56]]"

struct writer {
    struct lens_compiler *c;
    const struct tree *mapping;
    struct buf out;
    bool has_rule;
};

bool mednum_is_mapping(const struct tree *value)
{
    const struct tree *name = tree_get(value, "nom");
    return tree_get(value, "rules") == NULL &&
           (tree_get(name, "colonne") != NULL || tree_get(name, "joindre") != NULL);
}

static void append_pointer(struct buf *out, struct span column, bool is_nested)
{
    struct buf pointer;
    buf_init(&pointer, LENS_BYTES_MAX);
    struct cursor names = cursor_of(column);
    while (is_nested && !cursor_at_end(&names)) {
        struct span rest = span_part(column, names.position, column.len);
        bool is_last = memchr(rest.data, '.', rest.len) == NULL;
        struct span name = is_last ? cursor_rest(&names) : cursor_until(&names, '.');
        pointer_append_segment(&pointer, name);
    }
    if (!is_nested)
        pointer_append_segment(&pointer, column);
    jcs_append_string(out, buf_span(&pointer));
    if (buf_check(&pointer) != OK)
        out->failed = buf_check(&pointer);
    buf_clear(&pointer);
}

/* "/a.b","/a/b" */
static void append_pointers(struct buf *out, struct span column)
{
    append_pointer(out, column, false);
    if (memchr(column.data, '.', column.len) != NULL) {
        buf_append_byte(out, ',');
        append_pointer(out, column, true);
    }
}

static enum err read_column(struct lens_compiler *c, const struct tree *value, struct span *out)
{
    if (!tree_is_text(value))
        return value == NULL ? compile_refuse(c, LENS_REFUSED_MISSING, NULL)
                             : compile_refuse(c, LENS_REFUSED_WRONG_TYPE, value);
    *out = value->text;
    return OK;
}

/* "/a","/b" of all columns that have a name. */
static enum err append_columns(struct writer *writer, const struct tree *columns, bool are_parts)
{
    struct lens_compiler *c = writer->c;
    bool is_first = true;
    if (!tree_is(columns, TREE_ARRAY))
        return columns == NULL ? compile_refuse(c, LENS_REFUSED_MISSING, NULL)
                               : compile_refuse(c, LENS_REFUSED_WRONG_TYPE, columns);
    for (uint32_t i = 0; i < columns->count; i++) {
        struct span column;
        size_t before = compile_enter_item(c, i);
        TRY(read_column(c, columns->items[i], &column));
        compile_leave(c, before);
        if (column.len == 0)
            continue;
        if (!is_first)
            buf_append_byte(&writer->out, ',');
        is_first = false;
        if (are_parts)
            buf_append_cstr(&writer->out, "{\"first\":[");
        append_pointers(&writer->out, column);
        if (are_parts)
            buf_append_cstr(&writer->out, "]}");
    }
    return OK;
}

static enum err append_join(struct writer *writer, const struct tree *join)
{
    static const char *const members[] = {"colonnes", "séparateur", "separateur", NULL};
    struct lens_compiler *c = writer->c;
    struct span separator = SPAN_LITERAL(" ");
    size_t before = compile_enter_name(c, "joindre");
    TRY(compile_members(c, join, members));
    const struct tree *given = tree_get(join, "séparateur");
    if (given == NULL)
        given = tree_get(join, "separateur");
    if (given != NULL)
        TRY(read_column(c, given, &separator));
    (void)compile_enter_name(c, "colonnes");
    buf_append_cstr(&writer->out, "\"join\":[");
    TRY(append_columns(writer, tree_get(join, "colonnes"), true));
    buf_append_cstr(&writer->out, "],\"separator\":");
    jcs_append_string(&writer->out, separator);
    compile_leave(c, before);
    return OK;
}

/* The source of a field, as the members of an expression; *has_out is false where the file names no
 * column for it (then it is an empty list of sources). */
static enum err append_source(struct writer *writer, const char *field, bool *has_out)
{
    static const char *const members[] = {"colonne", "joindre", NULL};
    struct lens_compiler *c = writer->c;
    const struct tree *value = tree_get(writer->mapping, field);
    struct span column = span_of(NULL, 0);
    if (value != NULL) {
        size_t before = compile_enter_name(c, field);
        TRY(compile_members(c, value, members));
        if (tree_get(value, "joindre") != NULL) {
            *has_out = true;
            TRY(append_join(writer, tree_get(value, "joindre")));
            compile_leave(c, before);
            return OK;
        }
        (void)compile_enter_name(c, "colonne");
        TRY(read_column(c, tree_get(value, "colonne"), &column));
        compile_leave(c, before);
    }
    *has_out = column.len > 0;
    buf_append_cstr(&writer->out, "\"first\":[");
    if (column.len > 0)
        append_pointers(&writer->out, column);
    buf_append_byte(&writer->out, ']');
    return OK;
}

static void begin_rule(struct writer *writer, struct span field)
{
    buf_append_cstr(&writer->out, writer->has_rule ? ",{\"to\":" : "{\"to\":");
    writer->has_rule = true;
    append_pointer(&writer->out, field, false);
    buf_append_byte(&writer->out, ',');
}

/* One of the alternatives of a field that takes several. */
static enum err append_part(struct writer *writer, const char *field, const char *through)
{
    bool has_column;
    buf_append_byte(&writer->out, '{');
    TRY(append_source(writer, field, &has_column));
    buf_append_cstr(&writer->out, ",\"through\":");
    buf_append_cstr(&writer->out, through);
    buf_append_byte(&writer->out, '}');
    return OK;
}

static enum err append_plain(struct writer *writer, struct span field)
{
    char name[64];
    const char *through = TEXT;
    bool has_column;
    if (field.len >= sizeof(name))
        return compile_refuse(writer->c, LENS_REFUSED_LIMIT, NULL);
    memcpy(name, field.data, field.len);
    name[field.len] = '\0';
    for (size_t i = 0; i < sizeof(known_fields) / sizeof(known_fields[0]); i++) {
        if (span_is(field, known_fields[i].field))
            through = known_fields[i].through;
    }
    begin_rule(writer, field);
    TRY(append_source(writer, name, &has_column));
    buf_append_cstr(&writer->out, ",\"through\":");
    buf_append_cstr(&writer->out, through);
    buf_append_byte(&writer->out, '}');
    return OK;
}

static void append_texts(struct buf *out, const char *member, const struct tree *value)
{
    if (value == NULL)
        return;
    buf_append_cstr(out, ",\"");
    buf_append_cstr(out, member);
    buf_append_cstr(out, "\":");
    tree_append_canonical(out, value);
}

static enum err append_code(struct writer *writer, const struct tree *row)
{
    static const char *const members[] = {"colonnes", "termes", "sauf", "cible", NULL};
    struct lens_compiler *c = writer->c;
    TRY(compile_members(c, row, members));
    size_t before = compile_enter_name(c, "cible");
    if (!tree_is_text(tree_get(row, "cible")))
        return compile_refuse(c, LENS_REFUSED_MISSING, tree_get(row, "cible"));
    compile_leave(c, before);
    buf_append_cstr(&writer->out, "{\"code\":");
    tree_append_canonical(&writer->out, tree_get(row, "cible"));
    if (tree_get(row, "colonnes") != NULL) {
        (void)compile_enter_name(c, "colonnes");
        buf_append_cstr(&writer->out, ",\"in\":[");
        TRY(append_columns(writer, tree_get(row, "colonnes"), false));
        buf_append_byte(&writer->out, ']');
        compile_leave(c, before);
    }
    append_texts(&writer->out, "words", tree_get(row, "termes"));
    append_texts(&writer->out, "without", tree_get(row, "sauf"));
    buf_append_byte(&writer->out, '}');
    return OK;
}

/* A spelling of one of the hubs that the national schema does not know. */
#define SERVICE_SPELLING "\"Comprehension du monde numérique\":\"Compréhension du monde numérique\""

static enum err append_codes(struct writer *writer, struct span field, const struct tree *rows)
{
    begin_rule(writer, field);
    buf_append_cstr(&writer->out, "\"codes\":[");
    for (uint32_t i = 0; i < rows->count; i++) {
        size_t before = compile_enter_item(writer->c, i);
        if (i > 0)
            buf_append_byte(&writer->out, ',');
        TRY(append_code(writer, rows->items[i]));
        compile_leave(writer->c, before);
    }
    buf_append_cstr(&writer->out, "],\"many\":true");
    if (span_is(field, "services"))
        buf_append_cstr(&writer->out, ",\"through\":[{\"table\":{" SERVICE_SPELLING
                                      "},\"otherwise\":\"keep\"},{\"unique\":true}]");
    buf_append_byte(&writer->out, '}');
    return OK;
}

static enum err append_days(struct writer *writer, const struct tree *days)
{
    static const char *const members[] = {"colonne", "osm", NULL};
    struct lens_compiler *c = writer->c;
    bool is_first = true;
    if (!tree_is(days, TREE_ARRAY))
        return compile_refuse(c, LENS_REFUSED_WRONG_TYPE, days);
    buf_append_cstr(&writer->out, "\"hours\":{");
    for (uint32_t i = 0; i < days->count; i++) {
        struct span column;
        size_t before = compile_enter_item(c, i);
        TRY(compile_members(c, days->items[i], members));
        TRY(read_column(c, tree_get(days->items[i], "colonne"), &column));
        const struct tree *day = tree_get(days->items[i], "osm");
        if (!tree_is_text(day))
            return compile_refuse(c, LENS_REFUSED_MISSING, day);
        compile_leave(c, before);
        if (column.len == 0)
            continue;
        if (!is_first)
            buf_append_byte(&writer->out, ',');
        is_first = false;
        jcs_append_string(&writer->out, day->text);
        buf_append_cstr(&writer->out, ":[");
        append_pointers(&writer->out, column);
        buf_append_byte(&writer->out, ']');
    }
    buf_append_byte(&writer->out, '}');
    return OK;
}

static enum err append_hours(struct writer *writer, const struct tree *value)
{
    static const char *const members[] = {"osm", "semaine", "jours", NULL};
    static const struct span field = {.data = (const uint8_t *)"horaires", .len = 8};
    struct lens_compiler *c = writer->c;
    struct span column;
    TRY(compile_members(c, value, members));
    if (value->count != 1)
        return compile_refuse(c, LENS_REFUSED_TWO_SOURCES, value);
    (void)compile_enter(c, value->members[0].key);
    if (span_is(value->members[0].key, "jours")) {
        begin_rule(writer, field);
        TRY(append_days(writer, value->members[0].value));
        buf_append_byte(&writer->out, '}');
        return OK;
    }
    TRY(read_column(c, value->members[0].value, &column));
    if (column.len == 0)
        return OK;
    begin_rule(writer, field);
    buf_append_cstr(&writer->out, "\"hours_text\":");
    append_pointer(&writer->out, column, false);
    buf_append_byte(&writer->out, '}');
    return OK;
}

static enum err append_axis(struct writer *writer, const char *field, const char *axis)
{
    bool has_column;
    begin_rule(writer, span_cstr(field));
    buf_append_cstr(&writer->out, "\"point\":{\"within\":" BOXES ",\"lat\":{");
    TRY(append_source(writer, "latitude", &has_column));
    buf_append_cstr(&writer->out, "},\"lon\":{");
    TRY(append_source(writer, "longitude", &has_column));
    buf_append_cstr(&writer->out, "}},\"through\":[{\"unwrap\":\"/");
    buf_append_cstr(&writer->out, axis);
    buf_append_cstr(&writer->out, "\"}]}");
    return OK;
}

/* The id of the hub, or else one that stays as long as name, town and address do. */
static enum err append_id(struct writer *writer)
{
    bool has_column;
    begin_rule(writer, SPAN_LITERAL("id"));
    buf_append_cstr(&writer->out, "\"first\":[");
    TRY(append_part(writer, "id", TEXT));
    buf_append_cstr(&writer->out, ",{\"join\":[{");
    TRY(append_source(writer, "nom", &has_column));
    buf_append_cstr(&writer->out, "},{");
    TRY(append_source(writer, "commune", &has_column));
    buf_append_cstr(&writer->out, "},{");
    TRY(append_source(writer, "adresse", &has_column));
    buf_append_cstr(&writer->out, "}],\"through\":[{\"slug\":true}]}]}");
    return OK;
}

/* Where there is no column for the postcode, it stands in the address, and the town behind it. */
static enum err append_address(struct writer *writer)
{
    bool has_postcode;
    struct buf *out = &writer->out;
    begin_rule(writer, SPAN_LITERAL("code_postal"));
    buf_append_cstr(out, "\"first\":[{");
    TRY(append_source(writer, "code_postal", &has_postcode));
    buf_append_cstr(out, ",\"through\":" POSTCODE "},");
    TRY(append_part(writer, "adresse", POSTCODE_IN_ADDRESS));
    buf_append_cstr(out, "]}");
    begin_rule(writer, SPAN_LITERAL("adresse"));
    buf_append_cstr(out, "\"first\":[");
    if (!has_postcode) {
        TRY(append_part(writer, "adresse", WITHOUT_TOWN));
        buf_append_byte(out, ',');
    }
    TRY(append_part(writer, "adresse", TEXT));
    buf_append_cstr(out, "]}");
    return OK;
}

static bool is_handled_apart(struct span field)
{
    return span_is(field, "id") || span_is(field, "latitude") || span_is(field, "longitude") ||
           span_is(field, "adresse") || span_is(field, "code_postal");
}

static enum err write_lens(struct writer *writer)
{
    struct lens_compiler *c = writer->c;
    const struct tree *mapping = writer->mapping;
    buf_append_cstr(&writer->out,
                    "{\"from\":\"mednum/columns\",\"to\":\"mednum/lieu\",\"rules\":[");
    TRY(append_id(writer));
    TRY(append_address(writer));
    if (tree_get(mapping, "latitude") != NULL && tree_get(mapping, "longitude") != NULL) {
        TRY(append_axis(writer, "latitude", "lat"));
        TRY(append_axis(writer, "longitude", "lon"));
    }
    for (uint32_t i = 0; i < mapping->count; i++) {
        struct span field = mapping->members[i].key;
        const struct tree *value = mapping->members[i].value;
        if (is_handled_apart(field))
            continue;
        if (!tree_is(value, TREE_ARRAY) && !span_is(field, "horaires")) {
            TRY(append_plain(writer, field));
            continue;
        }
        size_t before = compile_enter(c, field);
        TRY(tree_is(value, TREE_ARRAY) ? append_codes(writer, field, value)
                                       : append_hours(writer, value));
        compile_leave(c, before);
    }
    buf_append_cstr(&writer->out, "]}");
    return OK;
}

enum err mednum_lens(struct lens_compiler *c, const struct tree *mapping, struct tree **out)
{
    struct writer writer = {.c = c, .mapping = mapping};
    buf_init(&writer.out, LENS_BYTES_MAX);
    enum err err = write_lens(&writer);
    if (err == OK && buf_check(&writer.out) != OK)
        err = buf_check(&writer.out) == ERR_NO_MEMORY ? ERR_NO_MEMORY
                                                      : compile_refuse(c, LENS_REFUSED_LIMIT, NULL);
    if (err == OK)
        err = compile_parse(c, buf_span(&writer.out), out);
    buf_clear(&writer.out);
    return err;
}

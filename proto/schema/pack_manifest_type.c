/* One member of "types" in pack.json. What is about paths is judged against the schema later, by
 * pack_check; here, by its shape. */
#include "proto/limits.h"
#include "proto/record/license.h"
#include "proto/schema/identifier.h"
#include "proto/schema/pack_parts.h"

struct type_reading {
    struct pack_type *type;
    bool major;
    bool title;
    struct pack_identifier *identifiers; /* one more than counted is there to write to */
    struct pack_date *dates;
    struct pack_concept_path *concepts;
};

static void take_major(struct pack_reading *reading, const struct pack_place *place, uint32_t value,
                       struct type_reading *type)
{
    struct span text = pack_take_json(reading, value);
    struct cursor cursor = cursor_of(text);
    uint64_t major = cursor_u64(&cursor);
    type->major = true;
    if (cursor.failed || !cursor_at_end(&cursor) || major == 0 || major > PACK_MAJOR_MAX)
        pack_report_span(reading, place, PACK_RULE_MAJOR, text);
    else
        type->type->major = (uint32_t)major;
}

static void take_path_into(struct pack_reading *reading, const struct pack_place *place,
                           struct span key, uint32_t value, void *more)
{
    struct pack_list *list = more;
    struct span path;
    (void)key;
    if (!pack_take_path(reading, place, value, &path))
        return;
    struct span *items = (struct span *)(uintptr_t)list->items;
    items[list->count++] = path;
}

static void take_paths(struct pack_reading *reading, const struct pack_place *place, uint32_t value,
                       struct pack_list *out)
{
    if (pack_token_type(reading, value) != TAPE_ARRAY) {
        pack_report(reading, place, PACK_RULE_WRONG_VALUE, "[\"/...\"]");
        return;
    }
    out->items =
        pack_allocate(reading->pack, pack_token_count(reading, value) + 1, sizeof(struct span));
    if (out->items != NULL)
        pack_each_item(reading, place, value, take_path_into, out);
}

static void take_license_rule(struct pack_reading *reading, const struct pack_place *place,
                              uint32_t value, struct pack_type *type)
{
    struct span text;
    if (!pack_take_text(reading, place, value, &text))
        return;
    if (span_is(text, "optional"))
        type->license_required = false;
    else if (!span_is(text, "required"))
        pack_report(reading, place, PACK_RULE_WRONG_VALUE, "\"required\", \"optional\"");
}

static void take_identifier_member(struct pack_reading *reading, const struct pack_place *place,
                                   struct span key, uint32_t value, void *more)
{
    struct pack_identifier *identifier = more;
    enum normaliser ignored;
    if (span_is(key, "scheme")) {
        if (pack_take_text(reading, place, value, &identifier->scheme) &&
            !identifier_scheme_is_valid(identifier->scheme))
            pack_report_span(reading, place, PACK_RULE_SCHEME, identifier->scheme);
    } else if (span_is(key, "from")) {
        (void)pack_take_path(reading, place, value, &identifier->from);
    } else if (span_is(key, "normalise")) {
        if (pack_take_text(reading, place, value, &identifier->normalise) &&
            !normaliser_read(identifier->normalise, &ignored))
            pack_report_span(reading, place, PACK_RULE_NORMALISER, identifier->normalise);
    } else {
        pack_report_span(reading, place, PACK_RULE_UNKNOWN_MEMBER, key);
    }
}

static void take_identifier(struct pack_reading *reading, const struct pack_place *place,
                            struct span key, uint32_t value, void *more)
{
    struct type_reading *type = more;
    struct pack_identifier *identifier = &type->identifiers[type->type->identifier_count++];
    (void)key;
    pack_each_member(reading, place, value, take_identifier_member, identifier);
    if (identifier->scheme.len == 0)
        pack_report(reading, place, PACK_RULE_MISSING_MEMBER, "scheme");
    if (identifier->from.len == 0)
        pack_report(reading, place, PACK_RULE_MISSING_MEMBER, "from");
}

static void take_date_member(struct pack_reading *reading, const struct pack_place *place,
                             struct span key, uint32_t value, void *more)
{
    struct pack_date *date = more;
    if (span_is(key, "path"))
        (void)pack_take_path(reading, place, value, &date->path);
    else if (span_is(key, "format"))
        (void)pack_take_text(reading, place, value, &date->format);
    else
        pack_report_span(reading, place, PACK_RULE_UNKNOWN_MEMBER, key);
}

static void take_date(struct pack_reading *reading, const struct pack_place *place, struct span key,
                      uint32_t value, void *more)
{
    struct type_reading *type = more;
    struct pack_date *date = &type->dates[type->type->date_count++];
    (void)key;
    pack_each_member(reading, place, value, take_date_member, date);
    if (date->path.len == 0)
        pack_report(reading, place, PACK_RULE_MISSING_MEMBER, "path");
    if (date->format.len == 0)
        pack_report(reading, place, PACK_RULE_MISSING_MEMBER, "format");
}

static void take_concept(struct pack_reading *reading, const struct pack_place *place,
                         struct span key, uint32_t value, void *more)
{
    struct type_reading *type = more;
    struct pack_concept_path *concept = &type->concepts[type->type->concept_count++];
    concept->path = pack_copy(reading->pack, key);
    if (key.len == 0 || !pack_pointer_is_valid(key))
        pack_report_span(reading, place, PACK_RULE_POINTER, key);
    if (!pack_take_text(reading, place, value, &concept->vocabulary) ||
        pack_content_named(reading->pack, PACK_VOCABULARIES, concept->vocabulary) != NULL)
        return;
    struct buf path;
    buf_init(&path, PACK_FILE_BYTES_MAX * 2u);
    buf_append_cstr(&path, "vocabularies/");
    buf_append_span(&path, concept->vocabulary);
    buf_append_cstr(&path, ".json");
    pack_report_span(reading, place, PACK_RULE_MISSING_FILE, buf_span(&path));
    buf_clear(&path);
}

static bool is_whole_number(const struct pack_reading *reading, uint32_t token)
{
    struct cursor cursor = cursor_of(pack_take_json(reading, token));
    uint64_t value = cursor_u64(&cursor);
    return !cursor.failed && cursor_at_end(&cursor) && value <= 1000000;
}

/* {"drop":PATH} | {"round":PATH,"decimals":N} | {"bin":PATH,"minutes":N} */
static void check_projection(struct pack_reading *reading, const struct pack_place *place,
                             struct span key, uint32_t value, void *more)
{
    static const struct {
        const char *verb;
        const char *number;
    } shapes[] = {{"drop", NULL}, {"round", "decimals"}, {"bin", "minutes"}};
    struct span path;
    (void)key;
    (void)more;
    if (pack_token_type(reading, value) != TAPE_OBJECT) {
        pack_report(reading, place, PACK_RULE_PROJECTION, "{...}");
        return;
    }
    for (unsigned i = 0; i < 3; i++) {
        uint32_t verb =
            tape_member(&reading->tape, reading->text, value, span_cstr(shapes[i].verb));
        if (verb == TAPE_NONE)
            continue;
        struct pack_place here = {.up = place, .key = verb - 1};
        (void)pack_take_path(reading, &here, verb, &path);
        uint32_t number =
            shapes[i].number == NULL
                ? TAPE_NONE
                : tape_member(&reading->tape, reading->text, value, span_cstr(shapes[i].number));
        bool whole =
            shapes[i].number == NULL || (number != TAPE_NONE && is_whole_number(reading, number));
        if (!whole || pack_token_count(reading, value) != (shapes[i].number == NULL ? 1u : 2u))
            pack_report(reading, place, PACK_RULE_PROJECTION, shapes[i].verb);
        return;
    }
    pack_report_span(reading, place, PACK_RULE_PROJECTION, pack_take_json(reading, value));
}

static void check_audience(struct pack_reading *reading, const struct pack_place *place,
                           struct span key, uint32_t value, void *more)
{
    bool known = span_is(key, "public") || span_is(key, "commons") || span_is(key, "private") ||
                 span_starts_with(key, SPAN_LITERAL("circle"));
    (void)more;
    if (!known)
        pack_report_span(reading, place, PACK_RULE_PROJECTION, key);
    pack_each_item(reading, place, value, check_projection, NULL);
}

static void check_split_member(struct pack_reading *reading, const struct pack_place *place,
                               struct span key, uint32_t value, void *more)
{
    enum tape_type type = pack_token_type(reading, value);
    (void)more;
    if (span_is(key, "jsonld")) {
        if (type != TAPE_OBJECT)
            pack_report(reading, place, PACK_RULE_SPLIT, "jsonld");
    } else if (span_is(key, "geojson") || span_is(key, "table")) {
        if (type != TAPE_TRUE && type != TAPE_FALSE)
            pack_report_span(reading, place, PACK_RULE_SPLIT, key);
    } else if (span_is(key, "id")) {
        if (type != TAPE_OBJECT && type != TAPE_ARRAY)
            pack_report(reading, place, PACK_RULE_SPLIT, "id");
    } else {
        pack_report_span(reading, place, PACK_RULE_UNKNOWN_MEMBER, key);
    }
}

static void take_personal(struct pack_reading *reading, const struct pack_place *place,
                          uint32_t value, struct pack_type *type)
{
    switch (pack_token_type(reading, value)) {
    case TAPE_TRUE:
        type->personal_whole = true;
        break;
    case TAPE_FALSE:
        break;
    case TAPE_ARRAY:
        take_paths(reading, place, value, &type->personal);
        break;
    case TAPE_NULL:
    case TAPE_NUMBER:
    case TAPE_STRING:
    case TAPE_OBJECT:
        pack_report(reading, place, PACK_RULE_WRONG_VALUE, "true, [\"/...\"]");
    }
}

/* Members that hold lists; false: it is another. */
static bool take_lists(struct pack_reading *reading, const struct pack_place *place,
                       struct span key, uint32_t value, struct type_reading *type)
{
    struct pack *pack = reading->pack;
    size_t room = pack_token_count(reading, value) + 1u;
    if (pack_token_type(reading, value) < TAPE_ARRAY)
        room = 1;
    if (span_is(key, "identifiers")) {
        type->identifiers = pack_allocate(pack, room, sizeof(*type->identifiers));
        type->type->identifiers = type->identifiers;
        if (type->identifiers != NULL)
            pack_each_item(reading, place, value, take_identifier, type);
    } else if (span_is(key, "dates")) {
        type->dates = pack_allocate(pack, room, sizeof(*type->dates));
        type->type->dates = type->dates;
        if (type->dates != NULL)
            pack_each_item(reading, place, value, take_date, type);
    } else if (span_is(key, "vocabularies")) {
        type->concepts = pack_allocate(pack, room, sizeof(*type->concepts));
        type->type->concepts = type->concepts;
        if (type->concepts != NULL)
            pack_each_member(reading, place, value, take_concept, type);
    } else if (span_is(key, "projections")) {
        pack_each_member(reading, place, value, check_audience, NULL);
        type->type->projections_json = pack_take_json(reading, value);
    } else if (span_is(key, "split")) {
        pack_each_member(reading, place, value, check_split_member, NULL);
        type->type->split_json = pack_take_json(reading, value);
    } else if (span_is(key, "facets")) {
        take_paths(reading, place, value, &type->type->facets);
    } else {
        return false;
    }
    return true;
}

static void take_type_member(struct pack_reading *reading, const struct pack_place *place,
                             struct span key, uint32_t value, void *more)
{
    struct type_reading *type = more;
    if (span_is(key, "major")) {
        take_major(reading, place, value, type);
    } else if (span_is(key, "title")) {
        type->title = true;
        pack_take_words(reading, place, value, &type->type->title);
    } else if (span_is(key, "description")) {
        pack_take_words(reading, place, value, &type->type->description);
    } else if (span_is(key, "license")) {
        take_license_rule(reading, place, value, type->type);
    } else if (span_is(key, "default_license")) {
        (void)pack_take_text(reading, place, value, &type->type->default_license);
    } else if (span_is(key, "personal")) {
        take_personal(reading, place, value, type->type);
    } else if (!take_lists(reading, place, key, value, type)) {
        pack_report_span(reading, place, PACK_RULE_UNKNOWN_MEMBER, key);
    }
}

static void name_whole(struct pack_reading *reading, const struct pack_place *place,
                       struct pack_type *type)
{
    struct buf full;
    buf_init(&full, SCHEMA_NAME_BYTES_MAX);
    buf_append_span(&full, reading->pack->name);
    buf_append_byte(&full, '/');
    buf_append_span(&full, type->name);
    buf_append_byte(&full, '@');
    buf_append_u64(&full, type->major);
    if (buf_check(&full) == OK)
        type->full = pack_copy(reading->pack, buf_span(&full));
    else if (full.failed == ERR_LIMIT)
        pack_report_span(reading, place, PACK_RULE_NAME, type->name);
    else
        reading->pack->no_memory = true;
    buf_clear(&full);
}

static void find_schema(struct pack_reading *reading, const struct pack_place *place,
                        struct pack_type *type)
{
    const struct pack_content *content = pack_content_named(reading->pack, PACK_TYPES, type->name);
    if (content != NULL) {
        type->schema_path = content->path;
        type->schema_json = content->json;
        type->schema_hash = content->hash;
        return;
    }
    struct buf path;
    buf_init(&path, PACK_PATH_BYTES_MAX);
    buf_append_cstr(&path, "types/");
    buf_append_span(&path, type->name);
    buf_append_cstr(&path, ".json");
    pack_report_span(reading, place, PACK_RULE_MISSING_FILE, buf_span(&path));
    buf_clear(&path);
}

/* An SPDX expression; a LicenseRef alone must be one of this pack's. */
static void check_default_license(struct pack_reading *reading, const struct pack_place *place,
                                  const struct pack_type *type)
{
    const struct pack *pack = reading->pack;
    struct license license;
    enum err err =
        type->default_license.len == 0 ? OK : license_parse(type->default_license, &license, NULL);
    if (err != OK)
        pack_report_span(reading, place, PACK_RULE_LICENSE_EXPRESSION, type->default_license);
    if (err != OK || !span_starts_with(type->default_license, SPAN_LITERAL("LicenseRef-")))
        return;
    for (size_t i = 0; i < pack->license_count; i++)
        if (span_equal(pack->licenses[i].id, type->default_license))
            return;
    pack_report_span(reading, place, PACK_RULE_LICENSE_UNKNOWN, type->default_license);
}

void pack_manifest_type(struct pack_reading *reading, const struct pack_place *place,
                        uint32_t value, struct pack_type *type)
{
    struct type_reading more = {.type = type};
    type->license_required = true;
    pack_each_member(reading, place, value, take_type_member, &more);
    if (!more.major)
        pack_report(reading, place, PACK_RULE_MISSING_MEMBER, "major");
    if (!more.title)
        pack_report(reading, place, PACK_RULE_MISSING_MEMBER, "title");
    if (!type->license_required && !type->personal_whole && type->personal.count == 0)
        pack_report(reading, place, PACK_RULE_LICENSE_OPTIONAL, NULL);
    if (type->default_license.len == 0)
        type->default_license = reading->pack->default_license;
    check_default_license(reading, place, type);
    name_whole(reading, place, type);
    find_schema(reading, place, type);
}

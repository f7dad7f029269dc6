/* The core model of a body: each field an expression, then brought into its one form. */
#include "proto/schema/core.h"

#include <stdlib.h>

#include "proto/schema/lens_parts.h"

enum core_field {
    CORE_TITLE,
    CORE_SUMMARY,
    CORE_TEXT,
    CORE_LANGUAGE,
    CORE_CATEGORIES,
    CORE_IDENTIFIERS,
    CORE_PLACE,
    CORE_TIME,
    CORE_WHO,
    CORE_IMAGE,
    CORE_LICENSE,
    CORE_URL,
    CORE_FIELDS
};

static const char *const field_names[CORE_FIELDS] = {
    "title", "summary", "text", "language", "categories", "identifiers",
    "place", "time",    "who",  "image",    "license",    "url",
};
static const char *const field_pointers[CORE_FIELDS] = {
    "/title", "/summary", "/text", "/language", "/categories", "/identifiers",
    "/place", "/time",    "/who",  "/image",    "/license",    "/url",
};

struct core_map {
    struct lens *lens; /* holds memory and patterns; has no rules */
    bool has[CORE_FIELDS];
    struct lens_expr fields[CORE_FIELDS];
};

/* --- Compiling --- */

static enum err compile_field(struct lens_compiler *c, struct core_map *map,
                              const struct tree_member *member)
{
    unsigned field = 0;
    size_t before = compile_enter(c, member->key);
    while (field < CORE_FIELDS && !span_is(member->key, field_names[field]))
        field++;
    if (field == CORE_FIELDS)
        return compile_refuse(c, LENS_REFUSED_UNKNOWN_FIELD, NULL);
    TRY(compile_expr(c, member->value, false, &map->fields[field]));
    map->has[field] = true;
    compile_leave(c, before);
    return OK;
}

static enum err compile_fields(struct lens_compiler *c, struct core_map *map, struct span json)
{
    struct tree *value;
    TRY(compile_parse(c, json, &value));
    for (uint32_t i = 0; i < value->count; i++)
        TRY(compile_field(c, map, &value->members[i]));
    if (!map->has[CORE_TITLE]) {
        (void)compile_enter_name(c, field_names[CORE_TITLE]);
        return compile_refuse(c, LENS_REFUSED_MISSING, NULL);
    }
    return arena_check(c->arena) == OK ? OK : compile_out_of_room(c);
}

enum err core_map_compile(struct span json, const struct lens_neighbours *neighbours,
                          struct core_map **out, struct lens_refusal *refusal)
{
    struct core_map *map = calloc(1, sizeof(*map));
    if (map == NULL)
        return ERR_NO_MEMORY;
    map->lens = lens_new();
    if (map->lens == NULL) {
        core_map_free(map);
        return ERR_NO_MEMORY;
    }
    struct lens_compiler c = {.lens = map->lens,
                              .arena = &map->lens->arena,
                              .neighbours = neighbours,
                              .refusal = refusal,
                              .one_way = 1};
    enum err err = compile_fields(&c, map, json);
    if (err == OK)
        *out = map;
    else
        core_map_free(map);
    return err;
}

void core_map_free(struct core_map *map)
{
    if (map == NULL)
        return;
    lens_free(map->lens);
    free(map);
}

/* --- Applying --- */

struct core_reader {
    struct lens_work *work;
    const struct span *languages;
    uint32_t language_count;
    struct core *core;
};

static struct tree *fault(struct core_reader *reader, enum lens_fault_kind kind,
                          const struct tree *value, const char *expected)
{
    report_fault(reader->work, kind, value, span_cstr(expected));
    return NULL;
}

/* The text of a value: of one language where it has several, without markup; NULL where it is none
 * or blank. */
static struct tree *as_text(struct core_reader *reader, struct tree *value)
{
    struct lens_work *work = reader->work;
    struct span text;
    if (tree_is_blank(value))
        return NULL;
    if (value->type == TREE_ARRAY || value->type == TREE_OBJECT) {
        if (value->count == 0)
            return NULL;
        value = run_language(work, reader->languages, reader->language_count, value);
        if (tree_is_blank(value))
            return NULL;
    }
    value = run_html(work, value);
    if (value == NULL || !run_text_of(work, value, &text))
        return value == NULL ? NULL : fault(reader, LENS_FAULT_NOT_TEXT, value, "");
    text = run_trimmed(text);
    return text.len == 0 ? NULL : tree_text(&work->arena, text);
}

static struct span put_text(struct core_reader *reader, struct tree *into, const char *name,
                            struct tree *value)
{
    struct tree *text = as_text(reader, value);
    if (text == NULL)
        return span_of(NULL, 0);
    tree_put(&reader->work->arena, into, span_cstr(name), text);
    return text->text;
}

/* What stands for a thing in a list: its text, or its id or name where it is an object. */
static struct tree *as_item(struct core_reader *reader, struct tree *value)
{
    static const char *const names[] = {"@id", "id", "name", "@value"};
    for (size_t i = 0; tree_is(value, TREE_OBJECT) && i < sizeof(names) / sizeof(names[0]); i++) {
        struct tree *inner = tree_get(value, names[i]);
        if (tree_is_text(inner))
            return as_text(reader, inner);
    }
    return as_text(reader, value);
}

static const struct tree *put_list(struct core_reader *reader, enum core_field field,
                                   struct tree *value)
{
    struct arena *arena = &reader->work->arena;
    struct tree *list = tree_array(arena);
    bool is_array = tree_is(value, TREE_ARRAY);
    for (uint32_t i = 0; i < (is_array ? value->count : 1); i++)
        tree_append(arena, list, as_item(reader, is_array ? value->items[i] : value));
    if (list == NULL || list->count == 0)
        return NULL;
    tree_put(arena, reader->core->value, span_cstr(field_names[field]), list);
    return list;
}

static struct tree *as_identifier(struct core_reader *reader, struct tree *value)
{
    struct arena *arena = &reader->work->arena;
    struct tree *scheme = as_text(reader, tree_get(value, "scheme"));
    struct tree *id = as_text(reader, tree_get(value, "value"));
    /* A scheme that is constant stands there also where there is no value. */
    if (id == NULL)
        return NULL;
    if (scheme == NULL)
        return fault(reader, LENS_FAULT_NO_SCHEME, id, "");
    struct tree *identifier = tree_object(arena);
    tree_put(arena, identifier, SPAN_LITERAL("scheme"), scheme);
    tree_put(arena, identifier, SPAN_LITERAL("value"), id);
    return identifier;
}

static const struct tree *put_identifiers(struct core_reader *reader, struct tree *value)
{
    struct arena *arena = &reader->work->arena;
    struct tree *list = tree_array(arena);
    bool is_array = tree_is(value, TREE_ARRAY);
    for (uint32_t i = 0; i < (is_array ? value->count : 1); i++)
        tree_append(arena, list, as_identifier(reader, is_array ? value->items[i] : value));
    if (list == NULL || list->count == 0)
        return NULL;
    tree_put(arena, reader->core->value, SPAN_LITERAL("identifiers"), list);
    return list;
}

static void put_point(struct core_reader *reader, struct tree *into, struct tree *value)
{
    struct lens_work *work = reader->work;
    struct tree *lat = tree_get(value, "lat");
    struct tree *lon = tree_get(value, "lon");
    if (tree_is_blank(lat) || tree_is_blank(lon))
        return;
    const struct tree *point = run_point_of(work, lat, work->from, lon, work->from);
    if (point == NULL || arena_check(&work->arena) != OK)
        return;
    reader->core->place.has_point = true;
    reader->core->place.lat = tree_get(point, "lat")->number;
    reader->core->place.lon = tree_get(point, "lon")->number;
    tree_put(&work->arena, into, SPAN_LITERAL("lat"), tree_get(point, "lat"));
    tree_put(&work->arena, into, SPAN_LITERAL("lon"), tree_get(point, "lon"));
}

static void put_place(struct core_reader *reader, struct tree *value)
{
    struct core_place *place = &reader->core->place;
    struct tree *into = tree_object(&reader->work->arena);
    if (!tree_is(value, TREE_OBJECT)) {
        (void)fault(reader, LENS_FAULT_NOT_COORDINATES, value, "lat, lon");
        return;
    }
    put_point(reader, into, value);
    place->address = put_text(reader, into, "address", tree_get(value, "address"));
    place->locality = put_text(reader, into, "locality", tree_get(value, "locality"));
    place->postcode = put_text(reader, into, "postcode", tree_get(value, "postcode"));
    place->region = put_text(reader, into, "region", tree_get(value, "region"));
    place->country = put_text(reader, into, "country", tree_get(value, "country"));
    if (into != NULL && into->count > 0)
        tree_put(&reader->work->arena, reader->core->value, SPAN_LITERAL("place"), into);
}

static struct core_moment put_moment(struct core_reader *reader, struct tree *into,
                                     const char *name, struct tree *value)
{
    static const struct date_format formats[] = {{.kind = DATE_TIME, .has_time = true},
                                                 {.kind = DATE_DAY}};
    struct core_moment moment = {.is_set = false};
    bool has_time;
    if (tree_is_blank(value))
        return moment;
    for (unsigned i = 0; i < 2 && tree_is_text(value) && !moment.is_set; i++)
        moment.is_set =
            date_read(&formats[i], run_trimmed(value->text), &moment.unix_ms, &has_time);
    if (moment.is_set)
        tree_put(&reader->work->arena, into, span_cstr(name),
                 tree_text(&reader->work->arena, run_trimmed(value->text)));
    else
        (void)fault(reader, LENS_FAULT_NOT_DATE, value, "RFC 3339");
    return moment;
}

static void put_time(struct core_reader *reader, struct tree *value)
{
    struct core *core = reader->core;
    struct tree *into = tree_object(&reader->work->arena);
    if (!tree_is(value, TREE_OBJECT)) {
        (void)fault(reader, LENS_FAULT_NOT_DATE, value, "start, end, updated");
        return;
    }
    core->start = put_moment(reader, into, "start", tree_get(value, "start"));
    core->end = put_moment(reader, into, "end", tree_get(value, "end"));
    core->updated = put_moment(reader, into, "updated", tree_get(value, "updated"));
    if (into != NULL && into->count > 0)
        tree_put(&reader->work->arena, core->value, SPAN_LITERAL("time"), into);
}

static void put_field(struct core_reader *reader, enum core_field field, struct tree *value)
{
    struct core *core = reader->core;
    const char *name = field_names[field];
    switch (field) {
    case CORE_TITLE:
        core->title = put_text(reader, core->value, name, value);
        break;
    case CORE_SUMMARY:
        core->summary = put_text(reader, core->value, name, value);
        break;
    case CORE_TEXT:
        core->text = put_text(reader, core->value, name, value);
        break;
    case CORE_IMAGE:
        core->image = put_text(reader, core->value, name, value);
        break;
    case CORE_LICENSE:
        core->license = put_text(reader, core->value, name, value);
        break;
    case CORE_URL:
        core->url = put_text(reader, core->value, name, value);
        break;
    case CORE_LANGUAGE:
        core->language = put_list(reader, field, value);
        break;
    case CORE_CATEGORIES:
        core->categories = put_list(reader, field, value);
        break;
    case CORE_WHO:
        core->who = put_list(reader, field, value);
        break;
    case CORE_IDENTIFIERS:
        core->identifiers = put_identifiers(reader, value);
        break;
    case CORE_PLACE:
        put_place(reader, value);
        break;
    case CORE_TIME:
        put_time(reader, value);
        break;
    case CORE_FIELDS:
        break;
    }
}

enum err core_map_apply(const struct core_map *map, struct lens_work *work, struct tree *body,
                        const struct span *languages, uint32_t language_count, struct core *out)
{
    struct core core = {.value = tree_object(&work->arena)};
    struct core_reader reader = {
        .work = work, .languages = languages, .language_count = language_count, .core = &core};
    run_begin(work, map->lens, body);
    for (unsigned field = 0; field < CORE_FIELDS; field++) {
        struct lens_place place = {.pointer = span_cstr(field_pointers[field]),
                                   .index = UINT32_MAX};
        if (!map->has[field])
            continue;
        work->target_place = &place;
        struct tree *value = run_expr(work, &map->fields[field], body);
        if (value != NULL)
            put_field(&reader, (enum core_field)field, value);
        work->target_place = NULL;
    }
    TRY(arena_check(&work->arena));
    core.faults = work->faults;
    core.fault_count = work->fault_count;
    core.fault_total = work->fault_total;
    *out = core;
    return OK;
}

/* pack.json and core.json -> the pack. */
#include "proto/limits.h"
#include "proto/schema/pack_parts.h"

/* What was seen of the members that must be there. */
struct seen {
    bool name, version, title, types;
};

static void take_name(struct pack_reading *reading, const struct pack_place *place, uint32_t value)
{
    struct span *name = &reading->pack->name;
    if (pack_take_text(reading, place, value, name) && !pack_name_is_valid(*name))
        pack_report_span(reading, place, PACK_RULE_NAME, *name);
}

static void take_version(struct pack_reading *reading, const struct pack_place *place,
                         uint32_t value)
{
    struct span *version = &reading->pack->version;
    if (pack_take_text(reading, place, value, version) && !pack_version_is_valid(*version))
        pack_report_span(reading, place, PACK_RULE_VERSION, *version);
}

static void take_type(struct pack_reading *reading, const struct pack_place *place, struct span key,
                      uint32_t value, void *more)
{
    struct pack *pack = reading->pack;
    (void)more;
    struct pack_type *type = &pack->types[pack->type_count];
    type->pack = pack;
    type->name = pack_copy(pack, key);
    if (!pack_name_is_valid(key)) {
        pack_report_span(reading, place, PACK_RULE_NAME, key);
        return;
    }
    pack->type_count++;
    pack_manifest_type(reading, place, value, type);
}

static void take_types(struct pack_reading *reading, const struct pack_place *place, uint32_t value)
{
    struct pack *pack = reading->pack;
    bool is_object = pack_token_type(reading, value) == TAPE_OBJECT;
    if (is_object && pack_token_count(reading, value) == 0) {
        pack_report(reading, place, PACK_RULE_NO_TYPES, NULL);
        return;
    }
    pack->types =
        pack_allocate(pack, is_object ? pack_token_count(reading, value) : 1, sizeof(*pack->types));
    if (pack->types != NULL)
        pack_each_member(reading, place, value, take_type, NULL);
}

static void check_text_pair(struct pack_reading *reading, const struct pack_place *place,
                            struct span key, uint32_t value, void *more)
{
    (void)key;
    (void)more;
    if (pack_token_type(reading, value) != TAPE_STRING)
        pack_report(reading, place, PACK_RULE_ALIASES, "\"...\":\"...\"");
}

static void check_context(struct pack_reading *reading, const struct pack_place *place,
                          struct span key, uint32_t value, void *more)
{
    struct span path;
    (void)key;
    (void)more;
    if (pack_take_text(reading, place, value, &path) &&
        span_starts_with(path, SPAN_LITERAL("contexts/")) &&
        pack_content_find(reading->pack, path) == NULL)
        pack_report_span(reading, place, PACK_RULE_MISSING_FILE, path);
}

static void check_aliases_member(struct pack_reading *reading, const struct pack_place *place,
                                 struct span key, uint32_t value, void *more)
{
    (void)more;
    if (span_is(key, "prefixes") || span_is(key, "terms"))
        pack_each_member(reading, place, value, check_text_pair, NULL);
    else if (span_is(key, "contexts"))
        pack_each_member(reading, place, value, check_context, NULL);
    else
        pack_report_span(reading, place, PACK_RULE_UNKNOWN_MEMBER, key);
}

static void check_inverse(struct pack_reading *reading, const struct pack_place *place,
                          struct span key, uint32_t value, void *more)
{
    struct pack_list pair;
    (void)key;
    (void)more;
    if (pack_take_list(reading, place, value, &pair) && pair.count != 2)
        pack_report(reading, place, PACK_RULE_WRONG_VALUE, "[\"a\",\"b\"]");
}

static bool take_words_member(struct pack_reading *reading, const struct pack_place *place,
                              struct span key, uint32_t value, struct seen *seen)
{
    struct pack *pack = reading->pack;
    if (span_is(key, "title")) {
        seen->title = true;
        pack_take_words(reading, place, value, &pack->title);
        return true;
    }
    if (!span_is(key, "description"))
        return false;
    pack_take_words(reading, place, value, &pack->description);
    return true;
}

static bool take_structure(struct pack_reading *reading, const struct pack_place *place,
                           struct span key, uint32_t value)
{
    struct pack *pack = reading->pack;
    if (span_is(key, "aliases")) {
        pack_each_member(reading, place, value, check_aliases_member, NULL);
        pack->aliases_json = pack_take_json(reading, value);
    } else if (span_is(key, "inverses")) {
        pack_each_item(reading, place, value, check_inverse, NULL);
        pack->inverses_json = pack_take_json(reading, value);
    } else if (span_is(key, "formats")) {
        enum tape_type type = pack_token_type(reading, value);
        if (type != TAPE_TRUE && type != TAPE_FALSE)
            pack_report(reading, place, PACK_RULE_WRONG_VALUE, "true, false");
        pack->formats = type != TAPE_FALSE;
    } else if (span_is(key, "licenses")) {
        pack_manifest_licenses(reading, place, value);
    } else {
        return false;
    }
    return true;
}

/* Types come after this: they look at the default licence. */
static void take_member(struct pack_reading *reading, const struct pack_place *place,
                        struct span key, uint32_t value, void *more)
{
    struct pack *pack = reading->pack;
    struct seen *seen = more;
    if (span_is(key, "name")) {
        seen->name = true;
        take_name(reading, place, value);
    } else if (span_is(key, "version")) {
        seen->version = true;
        take_version(reading, place, value);
    } else if (span_is(key, "license")) {
        (void)pack_take_text(reading, place, value, &pack->license);
    } else if (span_is(key, "default_license")) {
        (void)pack_take_text(reading, place, value, &pack->default_license);
    } else if (span_is(key, "languages")) {
        (void)pack_take_list(reading, place, value, &pack->languages);
    } else if (span_is(key, "sources")) {
        (void)pack_take_list(reading, place, value, &pack->sources);
    } else if (!span_is(key, "types") && !take_words_member(reading, place, key, value, seen) &&
               !take_structure(reading, place, key, value)) {
        pack_report_span(reading, place, PACK_RULE_UNKNOWN_MEMBER, key);
    }
}

static void take_types_member(struct pack_reading *reading, const struct pack_place *place,
                              struct span key, uint32_t value, void *more)
{
    struct seen *seen = more;
    if (!span_is(key, "types"))
        return;
    seen->types = true;
    take_types(reading, place, value);
}

static void need(struct pack_reading *reading, bool is_there, const char *name)
{
    if (!is_there)
        pack_report(reading, NULL, PACK_RULE_MISSING_MEMBER, name);
}

static void read_manifest(struct pack_reading *reading)
{
    struct seen seen = {.name = false};
    if (pack_token_type(reading, 0) != TAPE_OBJECT) {
        pack_report(reading, NULL, PACK_RULE_WRONG_VALUE, "{...}");
        return;
    }
    reading->pack->formats = true;
    pack_each_member(reading, NULL, 0, take_member, &seen);
    if (reading->pack->name.len > 0 && !reading->refused)
        pack_each_member(reading, NULL, 0, take_types_member, &seen);
    else
        seen.types = true;
    need(reading, seen.name, "name");
    need(reading, seen.version, "version");
    need(reading, seen.title, "title");
    need(reading, seen.types, "types");
}

static void take_core(struct pack_reading *reading, const struct pack_place *place, struct span key,
                      uint32_t value, void *more)
{
    struct pack *pack = reading->pack;
    (void)more;
    for (size_t i = 0; i < pack->type_count; i++) {
        if (!span_equal(pack->types[i].name, key))
            continue;
        if (pack_token_type(reading, value) != TAPE_OBJECT)
            pack_report(reading, place, PACK_RULE_WRONG_VALUE, "{...}");
        pack->types[i].core_json = pack_take_json(reading, value);
        return;
    }
    pack_report_span(reading, place, PACK_RULE_CORE_TYPE, key);
}

static void report_unused(struct pack *pack, struct pack_findings *findings)
{
    for (size_t i = 0; i < pack->content_count; i++)
        if (pack_content_folder(&pack->contents[i]) == PACK_OTHER)
            pack_find(findings, PACK_RULE_UNUSED_FILE, pack->contents[i].path, span_of(NULL, 0),
                      pack->contents[i].path);
}

static enum err read_file(struct pack *pack, const char *path, struct pack_findings *findings,
                          void (*read)(struct pack_reading *), bool *refused)
{
    const struct pack_content *content = pack_content_find(pack, span_cstr(path));
    struct pack_reading reading;
    if (content == NULL)
        return OK;
    TRY(pack_reading_init(&reading, pack, content, findings));
    read(&reading);
    *refused = *refused || reading.refused;
    pack_reading_clear(&reading);
    return pack->no_memory ? ERR_NO_MEMORY : OK;
}

static void read_core(struct pack_reading *reading)
{
    struct pack *pack = reading->pack;
    pack_each_member(reading, NULL, 0, take_core, NULL);
    for (size_t i = 0; i < pack->type_count; i++)
        if (pack->types[i].core_json.len == 0)
            pack_report_span(reading, NULL, PACK_RULE_CORE_MISSING, pack->types[i].name);
}

enum err pack_manifest_read(struct pack *pack, struct pack_findings *findings)
{
    bool refused = false;
    if (pack_content_find(pack, SPAN_LITERAL("pack.json")) == NULL) {
        pack_find(findings, PACK_RULE_NO_MANIFEST, SPAN_LITERAL("pack.json"), span_of(NULL, 0),
                  span_of(NULL, 0));
        return ERR_BAD_PACK;
    }
    TRY(read_file(pack, "pack.json", findings, read_manifest, &refused));
    if (!refused && pack_content_find(pack, SPAN_LITERAL("core.json")) == NULL) {
        pack_find(findings, PACK_RULE_MISSING_FILE, SPAN_LITERAL("core.json"), span_of(NULL, 0),
                  SPAN_LITERAL("core.json"));
        return ERR_BAD_PACK;
    }
    if (!refused)
        TRY(read_file(pack, "core.json", findings, read_core, &refused));
    report_unused(pack, findings);
    return refused ? ERR_BAD_PACK : OK;
}

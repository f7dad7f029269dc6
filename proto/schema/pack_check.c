/* Everything about a pack that needs a compiler: schemas, pointers against them, lenses,
 * vocabularies, aliases, dates. Examples are in pack_examples.c. */
#include <stdlib.h>

#include "proto/limits.h"
#include "proto/schema/alias.h"
#include "proto/schema/concept.h"
#include "proto/schema/date.h"
#include "proto/schema/core.h"
#include "proto/schema/pack_checks.h"
#include "proto/schema/pack_paths.h"
#include "proto/schema/pack_schema.h"
#include "proto/schema/relations.h"

/* ---- Schemas. */

static void append_part(struct buf *out, const char *before, const char *text)
{
    if (text[0] == '\0')
        return;
    buf_append_cstr(out, before);
    buf_append_cstr(out, text);
}

static void report_schema(struct pack_check *check, const struct pack_type *type,
                          const struct schema_refusal *refusal)
{
    struct buf detail;
    buf_init(&detail, 4096);
    buf_append_cstr(&detail, refusal->rule == NULL ? err_slug(refusal->err) : refusal->rule);
    if (refusal->limit != NULL)
        append_part(&detail, ", ", refusal->limit);
    append_part(&detail, "; expected ", refusal->expected);
    append_part(&detail, "; found ", refusal->found);
    pack_find(check->findings, PACK_RULE_SCHEMA_BROKEN, pack_schema_file(type, refusal),
              span_cstr(refusal->pointer), buf_span(&detail));
    buf_clear(&detail);
    check->refused = true;
}

static enum err check_schemas(struct pack_check *check)
{
    struct pack *pack = check->pack;
    struct schema_refusal refusal = {.err = OK};
    enum err err = pack_schema_library(pack, &check->library, &refusal);
    if (err == ERR_NO_MEMORY)
        return err;
    if (err != OK) {
        report_schema(check, &pack->types[0], &refusal);
        return OK;
    }
    for (size_t i = 0; i < pack->type_count; i++) {
        refusal = (struct schema_refusal){.err = OK};
        err = pack_schema_compile(&pack->types[i], check->library, &check->schemas[i], &refusal);
        if (err == ERR_NO_MEMORY)
            return err;
        if (err != OK)
            report_schema(check, &pack->types[i], &refusal);
    }
    return OK;
}

/* What the pointers of a type are held against; NULL where its schema does not compile: that was
 * told, and what follows from it is not. */
static const struct pack_content *schema_of(const struct pack_check *check,
                                            const struct pack_type *type)
{
    return check->schemas[type - check->pack->types] == NULL
               ? NULL
               : pack_content_find(check->pack, type->schema_path);
}

/* ---- The pointers of pack.json. */

struct type_place {
    struct pack_check *check;
    const struct pack_type *type;
    const struct pack_content *schema;
};

/* member: as in the manifest, with %zu for the index. */
static void check_path(const struct type_place *at, const char *member, size_t index,
                       const char *after, struct span path)
{
    bool possible = pack_reach_possible(at->check->reach, at->schema, path);
    if (possible && pack_reach_known(at->check->reach, at->schema, path))
        return;
    struct buf pointer;
    buf_init(&pointer, 1024);
    buf_append_cstr(&pointer, "/types/");
    buf_append_span(&pointer, at->type->name);
    buf_append_byte(&pointer, '/');
    buf_append_cstr(&pointer, member);
    buf_append_byte(&pointer, '/');
    buf_append_u64(&pointer, index);
    buf_append_cstr(&pointer, after);
    pack_find(at->check->findings,
              possible ? PACK_RULE_POINTER_UNKNOWN : PACK_RULE_POINTER_IMPOSSIBLE,
              SPAN_LITERAL("pack.json"), buf_span(&pointer), path);
    buf_clear(&pointer);
    at->check->refused = true;
}

static void check_date_format(const struct type_place *at, size_t index)
{
    struct date_format ignored;
    struct span format = at->type->dates[index].format;
    if (date_format_compile(format, &ignored))
        return;
    struct buf pointer;
    buf_init(&pointer, 1024);
    buf_append_cstr(&pointer, "/types/");
    buf_append_span(&pointer, at->type->name);
    buf_append_cstr(&pointer, "/dates/");
    buf_append_u64(&pointer, index);
    buf_append_cstr(&pointer, "/format");
    pack_find(at->check->findings, PACK_RULE_DATE_FORMAT, SPAN_LITERAL("pack.json"),
              buf_span(&pointer), format);
    buf_clear(&pointer);
    at->check->refused = true;
}

static void check_type_paths(struct pack_check *check, const struct pack_type *type)
{
    struct type_place at = {.check = check, .type = type, .schema = schema_of(check, type)};
    for (size_t i = 0; i < type->personal.count; i++)
        check_path(&at, "personal", i, "", type->personal.items[i]);
    for (size_t i = 0; i < type->facets.count; i++)
        check_path(&at, "facets", i, "", type->facets.items[i]);
    for (size_t i = 0; i < type->identifier_count; i++)
        check_path(&at, "identifiers", i, "/from", type->identifiers[i].from);
    for (size_t i = 0; i < type->date_count; i++) {
        check_path(&at, "dates", i, "/path", type->dates[i].path);
        check_date_format(&at, i);
    }
}

/* Projections stand in their own member, {"public":[{"drop":P},...]}. */
static void check_projection(struct pack_reading *reading, const struct pack_place *place,
                             struct span key, uint32_t value, void *more)
{
    static const char *const verbs[] = {"drop", "round", "bin"};
    const struct type_place *at = more;
    (void)key;
    for (unsigned i = 0; i < 3; i++) {
        uint32_t verb = tape_member(&reading->tape, reading->text, value, span_cstr(verbs[i]));
        struct span path;
        struct pack_place here = {.up = place, .key = verb - 1};
        if (verb != TAPE_NONE && pack_take_path(reading, &here, verb, &path))
            pack_paths_one(reading, at->check->reach, &here, at->schema, path);
    }
}

static void check_audience(struct pack_reading *reading, const struct pack_place *place,
                           struct span key, uint32_t value, void *more)
{
    (void)key;
    pack_each_item(reading, place, value, check_projection, more);
}

static void check_concept_path(struct pack_reading *reading, const struct pack_place *place,
                               struct span key, uint32_t value, void *more)
{
    const struct type_place *at = more;
    (void)value;
    pack_paths_one(reading, at->check->reach, place, at->schema, key);
}

static void check_type_member(struct pack_reading *reading, const struct pack_place *place,
                              struct span key, uint32_t value, void *more)
{
    if (span_is(key, "vocabularies"))
        pack_each_member(reading, place, value, check_concept_path, more);
    if (span_is(key, "projections"))
        pack_each_member(reading, place, value, check_audience, more);
}

static void check_type(struct pack_reading *reading, const struct pack_place *place,
                       struct span key, uint32_t value, void *more)
{
    struct pack_check *check = more;
    const struct pack_type *type = pack_type_find(check->pack, key);
    struct type_place at = {.check = check, .type = type, .schema = schema_of(check, type)};
    pack_each_member(reading, place, value, check_type_member, &at);
}

static void check_manifest_member(struct pack_reading *reading, const struct pack_place *place,
                                  struct span key, uint32_t value, void *more)
{
    if (span_is(key, "types"))
        pack_each_member(reading, place, value, check_type, more);
}

static enum err check_manifest(struct pack_check *check)
{
    struct pack_reading reading;
    for (size_t i = 0; i < check->pack->type_count; i++)
        check_type_paths(check, &check->pack->types[i]);
    TRY(pack_reading_init(&reading, check->pack,
                          pack_content_find(check->pack, SPAN_LITERAL("pack.json")),
                          check->findings));
    pack_each_member(&reading, NULL, 0, check_manifest_member, check);
    check->refused = check->refused || reading.refused;
    pack_reading_clear(&reading);
    return OK;
}

/* ---- Aliases and vocabularies. */

static void say_why(struct buf *out, enum err err, const struct why *why)
{
    buf_reset(out);
    buf_append_cstr(out, why->rule == NULL ? err_slug(err) : why->rule);
    append_part(out, "; expected ", why->expected);
    append_part(out, "; found ", why->found);
}

/* A member of the manifest as a whole was compiled: says why it is refused. */
static enum err settle(struct pack_check *check, enum err err, const struct why *why,
                       enum pack_rule rule, struct span pointer)
{
    struct buf detail;
    if (err == OK || err == ERR_NO_MEMORY)
        return err;
    buf_init(&detail, 1024);
    say_why(&detail, err, why);
    pack_find(check->findings, rule, SPAN_LITERAL("pack.json"), pointer, buf_span(&detail));
    buf_clear(&detail);
    check->refused = true;
    return OK;
}

static enum err check_aliases(struct pack_check *check)
{
    struct why why = {.rule = NULL};
    if (check->pack->aliases_json.len == 0)
        return OK;
    enum err err = alias_compile(check->pack->aliases_json, &check->alias, &why);
    return settle(check, err, &why, PACK_RULE_ALIASES, SPAN_LITERAL("/aliases"));
}

static enum err check_inverses(struct pack_check *check)
{
    struct why why = {.rule = NULL};
    struct inverses *inverses = NULL;
    enum err err = inverses_compile(check->pack->inverses_json, &inverses, &why);
    inverses_free(inverses);
    return settle(check, err, &why, PACK_RULE_INVERSES, SPAN_LITERAL("/inverses"));
}

static enum err check_vocabulary(struct pack_check *check, const struct pack_content *content)
{
    struct vocabulary *vocabulary = NULL;
    struct why why = {.rule = NULL};
    struct buf detail;
    enum err err = vocabulary_read(content->json, &vocabulary, &why);
    vocabulary_free(err == OK ? vocabulary : NULL);
    if (err == OK || err == ERR_NO_MEMORY)
        return err;
    buf_init(&detail, 1024);
    say_why(&detail, err, &why);
    pack_find(check->findings, PACK_RULE_VOCABULARY, content->path, span_of(NULL, 0),
              buf_span(&detail));
    buf_clear(&detail);
    check->refused = true;
    return OK;
}

/* ---- Lenses and core.json. */

static bool lens_text(void *ctx, struct span name, struct span *text_out)
{
    const struct pack *pack = ctx;
    const struct pack_content *content = pack_content_named(pack, PACK_LENSES, name);
    if (content != NULL)
        *text_out = content->json;
    return content != NULL;
}

static bool vocabulary_is_known(void *ctx, struct span name)
{
    const struct pack *pack = ctx;
    return pack_content_named(pack, PACK_VOCABULARIES, name) != NULL;
}

struct lens_neighbours pack_lens_neighbours(const struct pack *pack)
{
    return (struct lens_neighbours){.ctx = (void *)(uintptr_t)pack,
                                    .text_of = lens_text,
                                    .vocabulary_is_known = vocabulary_is_known};
}

/* One place is told of once. */
static bool is_found(const struct pack_findings *findings, struct span file, struct span pointer)
{
    for (size_t i = 0; findings != NULL && i < findings->count; i++)
        if (span_is(file, findings->items[i].file) && span_is(pointer, findings->items[i].pointer))
            return true;
    return false;
}

static void report_lens(struct pack_check *check, enum pack_rule rule, struct span file,
                        struct span pointer, const struct lens_refusal *refusal)
{
    size_t before = check->findings == NULL ? 0 : check->findings->count;
    check->refused = true;
    if (is_found(check->findings, file, pointer))
        return;
    pack_find(check->findings, rule, file, pointer, span_cstr(refusal->found));
    if (check->findings == NULL || check->findings->count == before)
        return;
    struct pack_finding *finding = &check->findings->items[before];
    for (unsigned lang = 0; lang < 2; lang++) {
        finding->reason[lang] = lens_refusal_reason(refusal->rule, (enum lang)lang);
        finding->remedy[lang] = lens_refusal_remedy(refusal->rule, (enum lang)lang);
    }
}

/* The schema of an end of a lens that is a type of this pack; a name of this pack that it has not
 * is refused. */
static const struct pack_content *end_schema(struct pack_check *check,
                                             const struct pack_content *lens, const char *pointer,
                                             struct span end)
{
    struct span pack;
    struct span name;
    uint32_t major;
    if (!pack_type_split(end, &pack, &name, &major) || !span_equal(pack, check->pack->name))
        return NULL;
    const struct pack_type *type = pack_type_find(check->pack, name);
    if (type != NULL && type->major == major)
        return schema_of(check, type);
    if (type == NULL || major > type->major) {
        pack_find(check->findings, PACK_RULE_LENS_TYPE, lens->path, span_cstr(pointer), end);
        check->refused = true;
    }
    return NULL;
}

/* The way round a loop is "/use/0/use/1/use/0": its beginning is the place in this file. */
static struct span place_here(const struct lens_refusal *refusal)
{
    struct span pointer = span_cstr(refusal->pointer);
    const char *next = refusal->rule != LENS_REFUSED_USE_LOOP || pointer.len == 0
                           ? NULL
                           : strstr(refusal->pointer + 1, "/use/");
    return next == NULL ? pointer : span_part(pointer, 0, (size_t)(next - refusal->pointer));
}

static enum err check_lens(struct pack_check *check, const struct pack_content *content)
{
    struct lens_neighbours neighbours = pack_lens_neighbours(check->pack);
    struct lens_refusal refusal = {.pointer = ""};
    struct lens *lens = NULL;
    struct pack_reading reading;
    enum err err = lens_compile(content->json, &neighbours, &lens, &refusal);
    if (err == ERR_NO_MEMORY)
        return err;
    if (err != OK) {
        enum pack_rule rule =
            refusal.rule == LENS_REFUSED_USE_LOOP ? PACK_RULE_LENS_LOOP : PACK_RULE_LENS_BROKEN;
        report_lens(check, rule, content->path, place_here(&refusal), &refusal);
        return OK;
    }
    const struct pack_content *from = end_schema(check, content, "/from", lens_from(lens));
    const struct pack_content *to = end_schema(check, content, "/to", lens_to(lens));
    err = pack_reading_init(&reading, check->pack, content, check->findings);
    if (err == OK) {
        pack_paths_lens(&reading, check->reach, from, to);
        check->refused = check->refused || reading.refused;
        pack_reading_clear(&reading);
    }
    lens_free(lens);
    return err;
}

static enum err check_core_map(struct pack_check *check, const struct pack_type *type)
{
    struct lens_neighbours neighbours = pack_lens_neighbours(check->pack);
    struct lens_refusal refusal = {.pointer = ""};
    struct core_map *map = NULL;
    struct buf pointer;
    if (type->core_json.len == 0)
        return OK;
    enum err err = core_map_compile(type->core_json, &neighbours, &map, &refusal);
    core_map_free(map);
    if (err == OK || err == ERR_NO_MEMORY)
        return err;
    buf_init(&pointer, 1024);
    buf_append_byte(&pointer, '/');
    buf_append_span(&pointer, type->name);
    buf_append_cstr(&pointer, refusal.pointer);
    report_lens(check, PACK_RULE_CORE_BROKEN, SPAN_LITERAL("core.json"), buf_span(&pointer),
                &refusal);
    buf_clear(&pointer);
    return OK;
}

static void check_core_type(struct pack_reading *reading, const struct pack_place *place,
                            struct span key, uint32_t value, void *more)
{
    struct pack_check *check = more;
    const struct pack_type *type = pack_type_find(check->pack, key);
    if (type != NULL)
        pack_paths_core(reading, check->reach, place, value, schema_of(check, type));
}

static enum err check_core(struct pack_check *check)
{
    struct pack_reading reading;
    TRY(pack_reading_init(&reading, check->pack,
                          pack_content_find(check->pack, SPAN_LITERAL("core.json")),
                          check->findings));
    pack_each_member(&reading, NULL, 0, check_core_type, check);
    check->refused = check->refused || reading.refused;
    pack_reading_clear(&reading);
    for (size_t i = 0; i < check->pack->type_count; i++)
        TRY(check_core_map(check, &check->pack->types[i]));
    return OK;
}

static enum err check_contents(struct pack_check *check)
{
    for (size_t i = 0; i < check->pack->content_count; i++) {
        const struct pack_content *content = &check->pack->contents[i];
        switch (pack_content_folder(content)) {
        case PACK_LENSES:
            TRY(check_lens(check, content));
            break;
        case PACK_VOCABULARIES:
            TRY(check_vocabulary(check, content));
            break;
        case PACK_MANIFEST:
        case PACK_TYPES:
        case PACK_CONTEXTS:
        case PACK_EXAMPLES:
        case PACK_OTHER:
            break;
        }
    }
    return OK;
}

enum err pack_check(struct pack *pack, struct pack_findings *findings)
{
    struct pack_check check = {.pack = pack, .findings = findings};
    check.reach = pack_reach_new(pack);
    check.schemas = calloc(pack->type_count + 1, sizeof(*check.schemas));
    enum err err = check.reach == NULL || check.schemas == NULL ? ERR_NO_MEMORY : OK;
    if (err == OK)
        err = check_schemas(&check);
    if (err == OK)
        err = check_manifest(&check);
    if (err == OK)
        err = check_aliases(&check);
    if (err == OK)
        err = check_inverses(&check);
    if (err == OK)
        err = check_core(&check);
    if (err == OK)
        err = check_contents(&check);
    if (err == OK)
        err = pack_check_examples(&check);
    for (size_t i = 0; check.schemas != NULL && i < pack->type_count; i++)
        schema_free(check.schemas[i]);
    free(check.schemas);
    library_free(check.library);
    alias_free(check.alias);
    pack_reach_free(check.reach);
    if (err == OK && pack->no_memory)
        err = ERR_NO_MEMORY;
    return err == OK && check.refused ? ERR_BAD_PACK : err;
}

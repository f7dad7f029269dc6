/* Following a path through a schema's text. */
#include "proto/schema/pack_reach.h"

#include "proto/schema/pack_checks.h"

#include <stdlib.h>

#include "proto/json/tape.h"
#include "proto/limits.h"

#define SEGMENTS_MAX 64u
#define STEPS_MAX 100000u /* of one question; beyond it the answer is yes */
#define NESTING_MAX 64u

struct scanned {
    bool done;
    struct tape tape;
};

struct pack_reach {
    const struct pack *pack;
    struct scanned *files; /* by index of content */
};

/* A subschema: a token of a file. */
struct place {
    const struct pack_content *content;
    const struct tape *tape;
    uint32_t token;
};

/* One question. */
struct question {
    struct pack_reach *reach;
    struct span segments[SEGMENTS_MAX]; /* as written: ~0, ~1 */
    unsigned count;
    unsigned steps;
};

struct pack_reach *pack_reach_new(const struct pack *pack)
{
    struct pack_reach *reach = calloc(1, sizeof(*reach));
    if (reach == NULL)
        return NULL;
    reach->pack = pack;
    reach->files = calloc(pack_content_count(pack) + 1, sizeof(*reach->files));
    if (reach->files != NULL)
        return reach;
    free(reach);
    return NULL;
}

void pack_reach_free(struct pack_reach *reach)
{
    if (reach == NULL)
        return;
    for (size_t i = 0; i < pack_content_count(reach->pack); i++)
        if (reach->files[i].done)
            tape_clear(&reach->files[i].tape);
    free(reach->files);
    free(reach);
}

/* The root of a file; false without memory. */
static bool open_file(struct pack_reach *reach, const struct pack_content *content,
                      struct place *out)
{
    static const struct tape_limits limits = {.bytes_max = JSON_TEXT_BYTES_MAX,
                                              .depth_max = JSON_DEPTH_MAX};
    struct scanned *file = &reach->files[content - pack_content_at(reach->pack, 0)];
    if (!file->done) {
        tape_init(&file->tape);
        if (tape_scan(&file->tape, content->json, &limits, NULL) != OK) {
            tape_clear(&file->tape);
            return false;
        }
        file->done = true;
    }
    *out = (struct place){.content = content, .tape = &file->tape, .token = 0};
    return true;
}

static struct place at(const struct place *place, uint32_t token)
{
    return (struct place){.content = place->content, .tape = place->tape, .token = token};
}

static enum tape_type type_of(const struct place *place)
{
    return (enum tape_type)place->tape->tokens[place->token].type;
}

/* The member of an object; its token is TAPE_NONE when there is none. */
static struct place member(const struct place *place, const char *key)
{
    if (place->token == TAPE_NONE || type_of(place) != TAPE_OBJECT)
        return at(place, TAPE_NONE);
    return at(place, tape_member(place->tape, place->content->json, place->token, span_cstr(key)));
}

static struct span text_of(const struct place *place)
{
    return tape_text(place->tape, place->content->json, place->token);
}

/* Does a key of the schema equal the segment of a pointer? Keys with a backslash count as equal to
 * anything: that errs on the side of yes. */
static bool key_is(const struct place *place, uint32_t key, struct span segment)
{
    struct span text = tape_text(place->tape, place->content->json, key);
    if ((place->tape->tokens[key].flags & TAPE_ESCAPED) != 0)
        return true;
    size_t at_segment = 0;
    for (size_t i = 0; i < text.len; i++, at_segment++) {
        if (at_segment >= segment.len)
            return false;
        uint8_t c = segment.data[at_segment];
        if (c == '~' && at_segment + 1 < segment.len)
            c = segment.data[++at_segment] == '0' ? '~' : '/';
        if (c != text.data[i])
            return false;
    }
    return at_segment == segment.len;
}

static bool is_star(struct span segment)
{
    return span_is(segment, "*");
}

static bool is_index(struct span segment, uint32_t *out)
{
    struct cursor cursor = cursor_of(segment);
    uint64_t value = cursor_u64(&cursor);
    *out = value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
    return !cursor.failed && cursor_at_end(&cursor);
}

static struct span last_segment(struct span path)
{
    size_t start = path.len;
    while (start > 0 && path.data[start - 1] != '/')
        start--;
    return span_part(path, start, path.len);
}

static bool follow_pointer(struct place *place, struct span pointer)
{
    struct cursor cursor = cursor_of(pointer);
    cursor_expect(&cursor, "/");
    while (!cursor.failed) {
        struct cursor rest = cursor;
        struct span segment = cursor_until(&rest, '/');
        if (rest.failed)
            segment = cursor_rest(&cursor);
        else
            cursor = rest;
        uint32_t found = TAPE_NONE;
        uint32_t wanted;
        uint32_t token = place->token + 1;
        bool indexed = type_of(place) == TAPE_ARRAY && is_index(segment, &wanted);
        for (uint32_t i = 0; i < place->tape->tokens[place->token].count; i++) {
            bool object = type_of(place) == TAPE_OBJECT;
            if (object ? key_is(place, token, segment) : (indexed && i == wanted))
                found = object ? token + 1 : token;
            token = place->tape->tokens[object ? token + 1 : token].next;
        }
        if (type_of(place) < TAPE_ARRAY || found == TAPE_NONE)
            return false;
        place->token = found;
        if (rest.failed)
            return true;
    }
    return false;
}

/* Where a $ref leads; false: not known from here. */
static bool follow_reference(struct pack_reach *reach, const struct place *from,
                             struct span reference, struct place *out)
{
    size_t hash = 0;
    while (hash < reference.len && reference.data[hash] != '#')
        hash++;
    struct span file = span_part(reference, 0, hash);
    struct span fragment = span_part(reference, hash + 1, reference.len);
    const struct pack_content *content = from->content;
    if (file.len > 0) {
        struct span name = last_segment(file);
        content = NULL;
        for (size_t i = 0; i < pack_content_count(reach->pack) && content == NULL; i++) {
            const struct pack_content *candidate = pack_content_at(reach->pack, i);
            if (pack_content_folder(candidate) == PACK_TYPES &&
                span_equal(last_segment(candidate->path), name))
                content = candidate;
        }
    }
    if (content == NULL || !open_file(reach, content, out))
        return false;
    return fragment.len == 0 || follow_pointer(out, fragment);
}

/* ---- The question. */

static bool possible(struct question *question, struct place place, unsigned at_segment,
                     unsigned nesting);

/* "type" allows this one; also when it says nothing. */
static bool type_allows(const struct place *schema, const char *name)
{
    struct place type = member(schema, "type");
    if (type.token == TAPE_NONE)
        return true;
    if (type_of(&type) == TAPE_STRING)
        return span_is(text_of(&type), name);
    if (type_of(&type) != TAPE_ARRAY)
        return true;
    uint32_t token = type.token + 1;
    for (uint32_t i = 0; i < type.tape->tokens[type.token].count; i++) {
        if (span_is(tape_text(type.tape, type.content->json, token), name))
            return true;
        token = type.tape->tokens[token].next;
    }
    return false;
}

static bool is_false(const struct place *place)
{
    return place->token != TAPE_NONE && type_of(place) == TAPE_FALSE;
}

/* Is the member spoken of in this schema or one beside it, so that unevaluatedProperties leaves it
 * alone? */
static bool evaluated(struct question *question, struct place schema, struct span segment,
                      unsigned nesting)
{
    static const char *const lists[] = {"allOf", "anyOf", "oneOf"};
    static const char *const ones[] = {"if", "then", "else"};
    struct place target;
    if (schema.token == TAPE_NONE || type_of(&schema) != TAPE_OBJECT)
        return false;
    if (++question->steps > STEPS_MAX || nesting > NESTING_MAX)
        return true;
    struct place properties = member(&schema, "properties");
    uint32_t count = properties.token == TAPE_NONE || type_of(&properties) != TAPE_OBJECT
                         ? 0
                         : properties.tape->tokens[properties.token].count;
    uint32_t token = properties.token + 1;
    for (uint32_t i = 0; i < count; i++) {
        if (is_star(segment) || key_is(&properties, token, segment))
            return true;
        token = properties.tape->tokens[token + 1].next;
    }
    struct place additional = member(&schema, "additionalProperties");
    struct place unevaluated = member(&schema, "unevaluatedProperties");
    if (member(&schema, "patternProperties").token != TAPE_NONE ||
        member(&schema, "dependentSchemas").token != TAPE_NONE ||
        member(&schema, "$dynamicRef").token != TAPE_NONE ||
        (additional.token != TAPE_NONE && !is_false(&additional)) ||
        (nesting > 0 && unevaluated.token != TAPE_NONE && !is_false(&unevaluated)))
        return true;
    struct place reference = member(&schema, "$ref");
    if (reference.token != TAPE_NONE &&
        (!follow_reference(question->reach, &schema, text_of(&reference), &target) ||
         evaluated(question, target, segment, nesting + 1)))
        return true;
    for (unsigned i = 0; i < 3; i++) {
        struct place list = member(&schema, lists[i]);
        struct place one = member(&schema, ones[i]);
        if (evaluated(question, one, segment, nesting + 1))
            return true;
        if (list.token == TAPE_NONE || type_of(&list) != TAPE_ARRAY)
            continue;
        uint32_t item = list.token + 1;
        for (uint32_t j = 0; j < list.tape->tokens[list.token].count; j++) {
            if (evaluated(question, at(&list, item), segment, nesting + 1))
                return true;
            item = list.tape->tokens[item].next;
        }
    }
    return false;
}

static bool possible_as_object(struct question *question, const struct place *schema,
                               unsigned at_segment, unsigned nesting)
{
    struct span segment = question->segments[at_segment];
    if (!type_allows(schema, "object"))
        return false;
    struct place properties = member(schema, "properties");
    bool listed = false;
    if (properties.token != TAPE_NONE && type_of(&properties) == TAPE_OBJECT) {
        uint32_t token = properties.token + 1;
        for (uint32_t i = 0; i < properties.tape->tokens[properties.token].count; i++) {
            if (is_star(segment) || key_is(&properties, token, segment)) {
                listed = true;
                if (possible(question, at(&properties, token + 1), at_segment + 1, nesting + 1))
                    return true;
            }
            token = properties.tape->tokens[token + 1].next;
        }
    }
    if (listed && !is_star(segment))
        return false;
    if (member(schema, "patternProperties").token != TAPE_NONE)
        return true;
    struct place additional = member(schema, "additionalProperties");
    if (additional.token != TAPE_NONE)
        return possible(question, additional, at_segment + 1, nesting + 1);
    struct place unevaluated = member(schema, "unevaluatedProperties");
    if (unevaluated.token == TAPE_NONE || evaluated(question, *schema, segment, 0))
        return true;
    return possible(question, unevaluated, at_segment + 1, nesting + 1);
}

static bool possible_as_array(struct question *question, const struct place *schema,
                              unsigned at_segment, unsigned nesting)
{
    struct span segment = question->segments[at_segment];
    uint32_t index = 0;
    bool star = is_star(segment);
    if (!type_allows(schema, "array") || (!star && !is_index(segment, &index)))
        return false;
    struct place prefix = member(schema, "prefixItems");
    uint32_t count = prefix.token == TAPE_NONE || type_of(&prefix) != TAPE_ARRAY
                         ? 0
                         : prefix.tape->tokens[prefix.token].count;
    uint32_t token = prefix.token + 1;
    for (uint32_t i = 0; i < count; i++) {
        if ((star || i == index) &&
            possible(question, at(&prefix, token), at_segment + 1, nesting + 1))
            return true;
        token = prefix.tape->tokens[token].next;
    }
    if (!star && index < count)
        return false;
    struct place items = member(schema, "items");
    return items.token == TAPE_NONE || possible(question, items, at_segment + 1, nesting + 1);
}

/* The branches of a list: at least one, or all of them. */
static bool possible_in_list(struct question *question, const struct place *schema,
                             const char *keyword, bool all, unsigned at_segment, unsigned nesting)
{
    struct place list = member(schema, keyword);
    if (list.token == TAPE_NONE || type_of(&list) != TAPE_ARRAY)
        return true;
    uint32_t token = list.token + 1;
    for (uint32_t i = 0; i < list.tape->tokens[list.token].count; i++) {
        bool here = possible(question, at(&list, token), at_segment, nesting + 1);
        if (here != all)
            return here;
        token = list.tape->tokens[token].next;
    }
    return all;
}

static bool possible(struct question *question, struct place place, unsigned at_segment,
                     unsigned nesting)
{
    struct place target;
    if (type_of(&place) == TAPE_FALSE)
        return false;
    if (type_of(&place) != TAPE_OBJECT || nesting > NESTING_MAX || ++question->steps > STEPS_MAX)
        return true;
    struct place reference = member(&place, "$ref");
    if (reference.token != TAPE_NONE && type_of(&reference) == TAPE_STRING &&
        follow_reference(question->reach, &place, text_of(&reference), &target) &&
        !possible(question, target, at_segment, nesting + 1))
        return false;
    if (!possible_in_list(question, &place, "allOf", true, at_segment, nesting) ||
        !possible_in_list(question, &place, "anyOf", false, at_segment, nesting) ||
        !possible_in_list(question, &place, "oneOf", false, at_segment, nesting))
        return false;
    if (at_segment == question->count)
        return true;
    struct place constant = member(&place, "const");
    if (constant.token != TAPE_NONE && type_of(&constant) < TAPE_ARRAY)
        return false;
    return possible_as_object(question, &place, at_segment, nesting) ||
           possible_as_array(question, &place, at_segment, nesting);
}

/* ---- Is it spoken of? */

/* What schemas say of a path, from least to most. */
enum speech {
    SPEECH_NONE,  /* nothing of the members or items here: all of them are left open */
    SPEECH_OTHER, /* they name some, and not this one */
    SPEECH_NAMED,
};

static enum speech louder(enum speech a, enum speech b)
{
    return a > b ? a : b;
}

static enum speech speech_of(struct question *question, struct place schema, unsigned at_segment,
                             unsigned nesting);

/* Of what is below a member or item that was found; what nobody describes any further is named. */
static enum speech speech_below(struct question *question, struct place schema, unsigned at_segment,
                                unsigned nesting)
{
    enum speech below = speech_of(question, schema, at_segment + 1, nesting + 1);
    return below == SPEECH_NONE ? SPEECH_NAMED : below;
}

static enum speech speech_of_members(struct question *question, const struct place *schema,
                                     unsigned at_segment, unsigned nesting)
{
    struct span segment = question->segments[at_segment];
    enum speech speech = SPEECH_NONE;
    struct place properties = member(schema, "properties");
    if (properties.token != TAPE_NONE && type_of(&properties) == TAPE_OBJECT) {
        uint32_t token = properties.token + 1;
        speech = SPEECH_OTHER;
        for (uint32_t i = 0; i < properties.tape->tokens[properties.token].count; i++) {
            if (is_star(segment) || key_is(&properties, token, segment))
                speech = louder(speech, speech_below(question, at(&properties, token + 1),
                                                     at_segment, nesting));
            token = properties.tape->tokens[token + 1].next;
        }
    }
    /* What patterns and rules for the rest allow, they speak of. */
    static const char *const others[] = {"patternProperties", "additionalProperties",
                                         "unevaluatedProperties", "propertyNames"};
    for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct place other = member(schema, others[i]);
        if (other.token != TAPE_NONE && !is_false(&other))
            return SPEECH_NAMED;
    }
    return speech;
}

static enum speech speech_of_items(struct question *question, const struct place *schema,
                                   unsigned at_segment, unsigned nesting)
{
    uint32_t index;
    struct place items = member(schema, "items");
    struct place prefix = member(schema, "prefixItems");
    if (items.token == TAPE_NONE && prefix.token == TAPE_NONE)
        return SPEECH_NONE;
    if (!is_star(question->segments[at_segment]) &&
        !is_index(question->segments[at_segment], &index))
        return SPEECH_OTHER;
    return prefix.token != TAPE_NONE ? SPEECH_NAMED
                                     : speech_below(question, items, at_segment, nesting);
}

static enum speech speech_of(struct question *question, struct place schema, unsigned at_segment,
                             unsigned nesting)
{
    static const char *const lists[] = {"allOf", "anyOf", "oneOf"};
    static const char *const ones[] = {"if", "then", "else"};
    struct place target;
    if (at_segment == question->count || nesting > NESTING_MAX || ++question->steps > STEPS_MAX)
        return SPEECH_NAMED;
    if (type_of(&schema) != TAPE_OBJECT)
        return SPEECH_NONE;
    if (member(&schema, "$dynamicRef").token != TAPE_NONE ||
        member(&schema, "dependentSchemas").token != TAPE_NONE)
        return SPEECH_NAMED;
    enum speech speech = louder(speech_of_members(question, &schema, at_segment, nesting),
                                speech_of_items(question, &schema, at_segment, nesting));
    struct place reference = member(&schema, "$ref");
    if (reference.token != TAPE_NONE)
        speech =
            louder(speech, follow_reference(question->reach, &schema, text_of(&reference), &target)
                               ? speech_of(question, target, at_segment, nesting + 1)
                               : SPEECH_NAMED);
    for (unsigned i = 0; i < 3; i++) {
        struct place list = member(&schema, lists[i]);
        struct place one = member(&schema, ones[i]);
        if (one.token != TAPE_NONE)
            speech = louder(speech, speech_of(question, one, at_segment, nesting + 1));
        if (list.token == TAPE_NONE || type_of(&list) != TAPE_ARRAY)
            continue;
        uint32_t item = list.token + 1;
        for (uint32_t j = 0; j < list.tape->tokens[list.token].count; j++) {
            speech = louder(speech, speech_of(question, at(&list, item), at_segment, nesting + 1));
            item = list.tape->tokens[item].next;
        }
    }
    return speech;
}

/* false: there are more segments than are looked at. */
static bool ask(struct question *question, struct span pointer)
{
    struct cursor cursor = cursor_of(pointer);
    cursor_expect(&cursor, "/");
    while (!cursor.failed) {
        if (question->count == SEGMENTS_MAX)
            return false;
        struct cursor rest = cursor;
        struct span segment = cursor_until(&rest, '/');
        if (rest.failed) {
            question->segments[question->count++] = cursor_rest(&cursor);
            break;
        }
        question->segments[question->count++] = segment;
        cursor = rest;
    }
    return true;
}

bool pack_reach_possible(struct pack_reach *reach, const struct pack_content *schema,
                         struct span pointer)
{
    struct question question = {.reach = reach};
    struct place root;
    return schema == NULL || !ask(&question, pointer) || !open_file(reach, schema, &root) ||
           possible(&question, root, 0, 0);
}

/* ---- Is it in an example? */

static bool is_in(const struct question *question, const struct place *value, unsigned at_segment)
{
    if (at_segment == question->count)
        return true;
    enum tape_type type = type_of(value);
    if (type < TAPE_ARRAY)
        return false;
    struct span segment = question->segments[at_segment];
    uint32_t index = 0;
    bool any = is_star(segment);
    bool indexed = type == TAPE_ARRAY && is_index(segment, &index);
    uint32_t token = value->token + 1;
    for (uint32_t i = 0; i < value->tape->tokens[value->token].count; i++) {
        bool object = type == TAPE_OBJECT;
        struct place child = at(value, object ? token + 1 : token);
        bool fits = any || (object ? key_is(value, token, segment) : indexed && i == index);
        if (fits && is_in(question, &child, at_segment + 1))
            return true;
        token = value->tape->tokens[child.token].next;
    }
    return false;
}

static bool is_example_of(const struct pack *pack, const struct pack_content *content,
                          const struct pack_content *schema)
{
    struct span name;
    bool valid;
    if (!pack_example_split(content->path, &name, &valid) || !valid)
        return false;
    const struct pack_type *type = pack_type_find(pack, name);
    return type != NULL && span_equal(type->schema_path, schema->path);
}

bool pack_reach_known(struct pack_reach *reach, const struct pack_content *schema,
                      struct span pointer)
{
    struct question question = {.reach = reach};
    struct place root;
    if (schema == NULL || !ask(&question, pointer) || !open_file(reach, schema, &root) ||
        speech_of(&question, root, 0, 0) != SPEECH_OTHER)
        return true;
    for (size_t i = 0; i < pack_content_count(reach->pack); i++) {
        const struct pack_content *content = pack_content_at(reach->pack, i);
        if (is_example_of(reach->pack, content, schema) &&
            (!open_file(reach, content, &root) || is_in(&question, &root, 0)))
            return true;
    }
    return false;
}

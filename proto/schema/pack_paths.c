/* Walking through expressions and rules for the pointers in them. Their shape is judged by the lens
 * compiler; what is of another shape is stepped over here. */
#include "proto/schema/pack_paths.h"

#include "proto/limits.h"

#define BASE_BYTES_MAX (16u * 1024u)

/* What paths are relative to: a schema (NULL: nothing is known), and a path within it. An item of
 * "each" may be the value itself where that is no array: both bases are tried. */
struct base {
    const struct pack_content *schema;
    struct span path;
    struct span other; /* the same without the star; len 0 where there is none */
};

struct walk {
    struct pack_reading *reading;
    struct pack_reach *reach;
    bool must_be_known; /* not only possible */
};

static bool join(struct buf *out, struct span base, struct span path)
{
    buf_reset(out);
    buf_append_span(out, base);
    buf_append_span(out, path);
    return buf_check(out) == OK;
}

static bool holds(const struct walk *walk, const struct base *base, struct span path,
                  bool (*asks)(struct pack_reach *, const struct pack_content *, struct span))
{
    struct buf whole;
    buf_init(&whole, BASE_BYTES_MAX);
    bool yes = !join(&whole, base->path, path) || asks(walk->reach, base->schema, buf_span(&whole));
    if (!yes && base->other.len > 0)
        yes = !join(&whole, base->other, path) || asks(walk->reach, base->schema, buf_span(&whole));
    buf_clear(&whole);
    return yes;
}

static void check(struct walk *walk, const struct pack_place *place, const struct base *base,
                  uint32_t token)
{
    struct span path = span_of(NULL, 0);
    if (pack_token_type(walk->reading, token) != TAPE_STRING)
        return;
    if (walk->reading->tape.tokens[token].length > 0 &&
        !pack_take_text(walk->reading, place, token, &path))
        return;
    if (!pack_pointer_is_valid(path))
        pack_report_span(walk->reading, place, PACK_RULE_POINTER, path);
    else if (!holds(walk, base, path, pack_reach_possible))
        pack_report_span(walk->reading, place, PACK_RULE_POINTER_IMPOSSIBLE, path);
    else if (walk->must_be_known && !holds(walk, base, path, pack_reach_known))
        pack_report_span(walk->reading, place, PACK_RULE_POINTER_UNKNOWN, path);
}

void pack_paths_one(struct pack_reading *reading, struct pack_reach *reach,
                    const struct pack_place *place, const struct pack_content *schema,
                    struct span path)
{
    if (!pack_reach_possible(reach, schema, path))
        pack_report_span(reading, place, PACK_RULE_POINTER_IMPOSSIBLE, path);
    else if (!pack_reach_known(reach, schema, path))
        pack_report_span(reading, place, PACK_RULE_POINTER_UNKNOWN, path);
}

static uint32_t member(const struct walk *walk, uint32_t object, const char *key)
{
    if (pack_token_type(walk->reading, object) != TAPE_OBJECT)
        return TAPE_NONE;
    return tape_member(&walk->reading->tape, walk->reading->text, object, span_cstr(key));
}

static void walk_expression(struct walk *walk, const struct pack_place *place,
                            const struct base *from, const struct base *to, uint32_t expression);
static void walk_rules(struct walk *walk, const struct pack_place *place, const struct base *from,
                       const struct base *to, uint32_t rules);

/* P or an expression. */
static void walk_part(struct walk *walk, const struct pack_place *place, const struct base *from,
                      uint32_t token)
{
    static const struct base nothing = {.schema = NULL};
    if (pack_token_type(walk->reading, token) == TAPE_STRING)
        check(walk, place, from, token);
    else
        walk_expression(walk, place, from, &nothing, token);
}

/* [P or expression, ...], one P, or an object of either. */
static void walk_parts(struct walk *walk, const struct pack_place *place, const struct base *from,
                       uint32_t token, bool in_lists)
{
    enum tape_type type = pack_token_type(walk->reading, token);
    if (type < TAPE_ARRAY) {
        walk_part(walk, place, from, token);
        return;
    }
    uint32_t at = token + 1;
    for (uint32_t i = 0; i < pack_token_count(walk->reading, token); i++) {
        bool object = type == TAPE_OBJECT;
        struct pack_place here = {.up = place, .key = object ? at : TAPE_NONE, .index = i};
        uint32_t value = object ? at + 1 : at;
        if (in_lists)
            walk_parts(walk, &here, from, value, false);
        else
            walk_part(walk, &here, from, value);
        at = walk->reading->tape.tokens[value].next;
    }
}

static void walk_codes(struct walk *walk, const struct pack_place *place, const struct base *from,
                       uint32_t codes)
{
    if (pack_token_type(walk->reading, codes) != TAPE_ARRAY)
        return;
    uint32_t at = codes + 1;
    for (uint32_t i = 0; i < pack_token_count(walk->reading, codes); i++) {
        struct pack_place row = {.up = place, .key = TAPE_NONE, .index = i};
        uint32_t in = member(walk, at, "in");
        struct pack_place here = {.up = &row, .key = in - 1};
        if (in != TAPE_NONE)
            walk_parts(walk, &here, from, in, false);
        at = walk->reading->tape.tokens[at].next;
    }
}

/* The base below a path: its items, or itself. Fails silently (nothing is checked below then). */
static struct base below(struct walk *walk, const struct base *base, uint32_t token, bool items,
                         struct buf *text)
{
    struct base out = {.schema = base->schema};
    struct span path = span_of(NULL, 0);
    if (base->schema == NULL || token == TAPE_NONE ||
        pack_token_type(walk->reading, token) != TAPE_STRING ||
        (walk->reading->tape.tokens[token].flags & TAPE_ESCAPED) != 0)
        return (struct base){.schema = NULL};
    path = tape_text(&walk->reading->tape, walk->reading->text, token);
    buf_append_span(text, base->path);
    buf_append_span(text, path);
    size_t plain = text->len;
    if (items)
        buf_append_cstr(text, "/*");
    if (buf_check(text) != OK)
        return (struct base){.schema = NULL};
    out.path = buf_span(text);
    out.other = items ? span_part(out.path, 0, plain) : span_of(NULL, 0);
    return out;
}

static void walk_each(struct walk *walk, const struct pack_place *place, const struct base *from,
                      const struct base *to, uint32_t expression, uint32_t each)
{
    struct pack_place here = {.up = place, .key = each - 1};
    check(walk, &here, from, each);
    uint32_t rules = member(walk, expression, "rules");
    if (rules == TAPE_NONE)
        return;
    struct buf source;
    struct buf target;
    buf_init(&source, BASE_BYTES_MAX);
    buf_init(&target, BASE_BYTES_MAX);
    struct base items = below(walk, from, each, true, &source);
    struct base written = {.schema = NULL};
    if (to->schema != NULL) {
        buf_append_span(&target, to->path);
        buf_append_cstr(&target, "/*");
        written = (struct base){.schema = to->schema, .path = buf_span(&target), .other = to->path};
    }
    struct pack_place inside = {.up = place, .key = rules - 1};
    walk_rules(walk, &inside, &items, &written, rules);
    buf_clear(&source);
    buf_clear(&target);
}

static void walk_expression(struct walk *walk, const struct pack_place *place,
                            const struct base *from, const struct base *to, uint32_t expression)
{
    static const struct {
        const char *name;
        bool in_lists;
    } plain[] = {{"from", false}, {"first", false},      {"join", false}, {"all", false},
                 {"hours", true}, {"hours_text", false}, {"point", false}};
    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
        uint32_t source = member(walk, expression, plain[i].name);
        struct pack_place here = {.up = place, .key = source - 1};
        if (source != TAPE_NONE)
            walk_parts(walk, &here, from, source, plain[i].in_lists);
    }
    uint32_t codes = member(walk, expression, "codes");
    uint32_t object = member(walk, expression, "object");
    uint32_t each = member(walk, expression, "each");
    struct pack_place at_codes = {.up = place, .key = codes - 1};
    struct pack_place at_object = {.up = place, .key = object - 1};
    if (codes != TAPE_NONE)
        walk_codes(walk, &at_codes, from, codes);
    if (object != TAPE_NONE)
        walk_rules(walk, &at_object, from, to, object);
    if (each != TAPE_NONE)
        walk_each(walk, place, from, to, expression, each);
}

static void walk_rule(struct walk *walk, const struct pack_place *place, const struct base *from,
                      const struct base *to, uint32_t rule)
{
    struct buf target;
    buf_init(&target, BASE_BYTES_MAX);
    uint32_t written = member(walk, rule, "to");
    struct pack_place at_to = {.up = place, .key = written - 1};
    if (written != TAPE_NONE)
        check(walk, &at_to, to, written);
    /* What operations make of an object or a list cannot be followed from here. */
    struct base inside = {.schema = NULL};
    if (member(walk, rule, "through") == TAPE_NONE)
        inside = below(walk, to, written, false, &target);
    walk_expression(walk, place, from, &inside, rule);
    uint32_t back = member(walk, rule, "back");
    struct pack_place at_back = {.up = place, .key = back - 1};
    if (back != TAPE_NONE && pack_token_type(walk->reading, back) == TAPE_OBJECT)
        walk_rule(walk, &at_back, to, from, back);
    buf_clear(&target);
}

static void walk_rules(struct walk *walk, const struct pack_place *place, const struct base *from,
                       const struct base *to, uint32_t rules)
{
    if (pack_token_type(walk->reading, rules) != TAPE_ARRAY)
        return;
    uint32_t at = rules + 1;
    for (uint32_t i = 0; i < pack_token_count(walk->reading, rules); i++) {
        struct pack_place here = {.up = place, .key = TAPE_NONE, .index = i};
        walk_rule(walk, &here, from, to, at);
        at = walk->reading->tape.tokens[at].next;
    }
}

void pack_paths_core(struct pack_reading *reading, struct pack_reach *reach,
                     const struct pack_place *place, uint32_t object,
                     const struct pack_content *schema)
{
    struct walk walk = {.reading = reading, .reach = reach, .must_be_known = true};
    struct base from = {.schema = schema};
    struct base to = {.schema = NULL};
    if (pack_token_type(reading, object) != TAPE_OBJECT)
        return;
    uint32_t at = object + 1;
    for (uint32_t i = 0; i < pack_token_count(reading, object); i++) {
        struct pack_place here = {.up = place, .key = at};
        walk_expression(&walk, &here, &from, &to, at + 1);
        at = reading->tape.tokens[at + 1].next;
    }
}

void pack_paths_lens(struct pack_reading *reading, struct pack_reach *reach,
                     const struct pack_content *source, const struct pack_content *target)
{
    struct walk walk = {.reading = reading, .reach = reach};
    struct base from = {.schema = source};
    struct base to = {.schema = target};
    uint32_t rules = member(&walk, 0, "rules");
    struct pack_place here = {.up = NULL, .key = rules - 1};
    if (rules != TAPE_NONE)
        walk_rules(&walk, &here, &from, &to, rules);
}

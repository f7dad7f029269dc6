#include "proto/schema/diff.h"

#include <stdlib.h>

#include "proto/json/pointer.h"
#include "proto/limits.h"
#include "proto/schema/diff_place.h"

struct pair {
    uint32_t old_token;
    uint32_t new_token;
};

struct run {
    struct side old_side;
    struct side new_side;
    struct diff *out;
    struct buf where;                 /* place of the documents described */
    struct buf schema;                /* place of the schema at hand */
    struct pair open[DIFF_DEPTH_MAX]; /* pairs under comparison: met again, they are a loop */
    size_t depth;
    uint32_t steps;
    unsigned probing; /* findings are counted, and not kept */
    enum err failed;
};

/* ---- findings ---- */

static char *copy_of(const struct buf *text)
{
    char *copy = malloc(text->len + 1);
    if (copy == NULL)
        return NULL;
    if (text->len > 0)
        memcpy(copy, text->data, text->len);
    copy[text->len] = '\0';
    return copy;
}

enum effect { NARROWS = 1, WIDENS = 2, EITHER = 3 };

static void find(struct run *run, enum diff_rule rule, enum effect effect, struct span detail)
{
    struct diff *out = run->out;
    out->narrowing += (effect & NARROWS) != 0;
    out->widening += (effect & WIDENS) != 0;
    if (out->count == DIFF_FINDINGS_MAX || run->failed != OK || run->probing > 0)
        return;
    if (out->count % 16 == 0) {
        struct diff_finding *grown =
            realloc(out->findings, (out->count + 16) * sizeof(*out->findings));
        if (grown == NULL) {
            run->failed = ERR_NO_MEMORY;
            return;
        }
        out->findings = grown;
    }
    struct diff_finding *finding = &out->findings[out->count];
    *finding = (struct diff_finding){.rule = rule,
                                     .narrows = (effect & NARROWS) != 0,
                                     .widens = (effect & WIDENS) != 0,
                                     .place = copy_of(&run->where),
                                     .schema = copy_of(&run->schema)};
    size_t len =
        detail.len < sizeof(finding->detail) - 1 ? detail.len : sizeof(finding->detail) - 1;
    if (len > 0)
        memcpy(finding->detail, detail.data, len);
    if (finding->place == NULL || finding->schema == NULL) {
        free(finding->place);
        free(finding->schema);
        run->failed = ERR_NO_MEMORY;
        return;
    }
    out->count++;
}

static void find_cstr(struct run *run, enum diff_rule rule, enum effect effect, const char *detail)
{
    find(run, rule, effect, span_cstr(detail));
}

struct mark {
    size_t where;
    size_t schema;
};

static struct mark enter(struct run *run, const char *keyword, struct span key, const char *where)
{
    struct mark mark = {run->where.len, run->schema.len};
    pointer_append_segment(&run->schema, span_cstr(keyword));
    if (key.data != NULL)
        pointer_append_segment(&run->schema, key);
    if (where != NULL)
        pointer_append_segment(&run->where, span_cstr(where));
    else if (key.data != NULL)
        pointer_append_segment(&run->where, key);
    return mark;
}

static void leave(struct run *run, struct mark mark)
{
    run->where.len = mark.where;
    run->schema.len = mark.schema;
}

/* ---- keywords ---- */

static const char *const type_names[] = {"array",  "boolean", "integer", "null",
                                         "number", "object",  "string"};
#define TYPE_COUNT (sizeof(type_names) / sizeof(type_names[0]))
#define TYPES_ALL ((1u << TYPE_COUNT) - 1)
#define TYPE_INTEGER (1u << 2)
#define TYPE_NUMBER (1u << 4)

static unsigned type_bit(struct place p)
{
    for (unsigned i = 0; i < TYPE_COUNT; i++)
        if (span_is(text_of(p), type_names[i]))
            return 1u << i;
    return 0;
}

/* The types allowed, as bits; a number allows integers. */
static unsigned types_of(struct place schema)
{
    struct place types = member(schema, "type");
    unsigned bits = 0;
    if (!is_there(types))
        return TYPES_ALL;
    if (type_of(types) == TAPE_STRING)
        bits = type_bit(types);
    else
        for (uint32_t item = types.token + 1; item < next_of(types);
             item = next_of(at(types, item)))
            bits |= type_bit(at(types, item));
    return (bits & TYPE_NUMBER) != 0 ? bits | TYPE_INTEGER : bits;
}

static void compare_types(struct run *run, struct place a, struct place b)
{
    unsigned before = types_of(a);
    unsigned now = types_of(b);
    if (before != now && (before == TYPES_ALL || now == TYPES_ALL)) {
        find_cstr(run, now == TYPES_ALL ? DIFF_RULE_REMOVED : DIFF_RULE_ADDED,
                  now == TYPES_ALL ? WIDENS : NARROWS, "type");
        return;
    }
    for (unsigned i = 0; i < TYPE_COUNT; i++) {
        if ((before & ~now & 1u << i) != 0)
            find_cstr(run, DIFF_TYPES_FEWER, NARROWS, type_names[i]);
        if ((now & ~before & 1u << i) != 0)
            find_cstr(run, DIFF_TYPES_MORE, WIDENS, type_names[i]);
    }
}

static bool has_value(struct place values, struct place value)
{
    for (uint32_t item = values.token + 1; item < next_of(values); item = next_of(at(values, item)))
        if (is_same(at(values, item), value))
            return true;
    return false;
}

/* Each value of one list that the other lacks. */
static void compare_lists(struct run *run, struct place a, struct place b, enum diff_rule rule,
                          enum effect effect)
{
    for (uint32_t item = a.token + 1; item < next_of(a); item = next_of(at(a, item)))
        if (!has_value(b, at(a, item)))
            find(run, rule, effect, text_of(at(a, item)));
}

static void compare_presence(struct run *run, struct place a, struct place b, const char *keyword)
{
    if (is_there(a) && !is_there(b))
        find_cstr(run, DIFF_RULE_REMOVED, WIDENS, keyword);
    if (!is_there(a) && is_there(b))
        find_cstr(run, DIFF_RULE_ADDED, NARROWS, keyword);
}

static void compare_enum(struct run *run, struct place a, struct place b)
{
    struct place before = member(a, "enum");
    struct place now = member(b, "enum");
    compare_presence(run, before, now, "enum");
    if (!is_there(before) || !is_there(now) || type_of(before) != TAPE_ARRAY ||
        type_of(now) != TAPE_ARRAY)
        return;
    compare_lists(run, before, now, DIFF_VALUES_FEWER, NARROWS);
    compare_lists(run, now, before, DIFF_VALUES_MORE, WIDENS);
}

static void compare(struct run *run, struct place a, struct place b);

/* Do two schemas of the same text mean something else, because what they refer to has changed? */
static bool differ_below(struct run *run, struct place a, struct place b)
{
    size_t narrowing = run->out->narrowing;
    size_t widening = run->out->widening;
    run->probing++;
    compare(run, a, b);
    run->probing--;
    bool differ = run->out->narrowing != narrowing || run->out->widening != widening;
    run->out->narrowing = narrowing;
    run->out->widening = widening;
    return differ;
}

/* The same of a list or a map of schemas. */
static bool differ_within(struct run *run, struct place a, struct place b)
{
    bool is_map = type_of(a) == TAPE_OBJECT;
    uint32_t other = b.token + 1;
    bool differ = false;
    for (uint32_t item = a.token + 1; item < next_of(a); item = next_of(at(a, item))) {
        if (is_map) { /* the same text: the same keys in the same places */
            item++;
            other++;
        }
        if (type_of(at(a, item)) == TAPE_OBJECT)
            differ = differ || differ_below(run, at(a, item), at(b, other));
        other = next_of(at(b, other));
    }
    return differ;
}

enum below {
    NO_SCHEMA,
    ONE_SCHEMA,
    MAP_OF_SCHEMAS,
    BY_NAME /* names something that may have changed elsewhere in the document */
};

/* Rules of which only presence and sameness can be judged. */
static void compare_opaque(struct run *run, struct place a, struct place b, const char *keyword,
                           enum below below)
{
    struct place before = member(a, keyword);
    struct place now = member(b, keyword);
    compare_presence(run, before, now, keyword);
    if (!is_there(before) || !is_there(now))
        return;
    bool changed = !is_same(before, now) || below == BY_NAME;
    if (!changed && type_of(before) == TAPE_OBJECT && below == ONE_SCHEMA)
        changed = differ_below(run, before, now);
    if (!changed && type_of(before) == TAPE_OBJECT && below == MAP_OF_SCHEMAS)
        changed = differ_within(run, before, now);
    if (changed)
        find_cstr(run, DIFF_RULE_CHANGED, EITHER, keyword);
}

/* lower: a larger number is the tighter one. absent: what no keyword means, NAN for no bound. */
static void compare_bound(struct run *run, struct place a, struct place b, const char *keyword,
                          bool lower, double absent)
{
    struct place before = member(a, keyword);
    struct place now = member(b, keyword);
    bool had = is_there(before) && type_of(before) == TAPE_NUMBER;
    bool has = is_there(now) && type_of(now) == TAPE_NUMBER;
    double x = had ? tape_number(&before.side->tape, before.side->text, before.token) : absent;
    double y = has ? tape_number(&now.side->tape, now.side->text, now.token) : absent;
    if (x == y || (!had && !has))
        return;
    bool tighter = !had && absent != absent   ? true
                   : !has && absent != absent ? false
                                              : (lower ? y > x : y < x);
    if (!had || !has) {
        find_cstr(run, tighter ? DIFF_RULE_ADDED : DIFF_RULE_REMOVED, tighter ? NARROWS : WIDENS,
                  keyword);
        return;
    }
    find_cstr(run, tighter ? DIFF_BOUND_TIGHTER : DIFF_BOUND_LOOSER, tighter ? NARROWS : WIDENS,
              keyword);
}

static void compare_required(struct run *run, struct place a, struct place b)
{
    const struct place none = {a.side, TAPE_NONE};
    struct place lists[2] = {member(a, "required"), member(b, "required")};
    for (int i = 0; i < 2; i++) {
        struct place mine = lists[i];
        struct place other = lists[1 - i];
        if (!is_there(mine) || type_of(mine) != TAPE_ARRAY)
            continue;
        if (is_there(other) && type_of(other) != TAPE_ARRAY)
            other = none;
        for (uint32_t item = mine.token + 1; item < next_of(mine); item = next_of(at(mine, item))) {
            if (is_there(other) && has_value(other, at(mine, item)))
                continue;
            struct mark mark = {run->where.len, run->schema.len};
            pointer_append_segment(&run->where, text_of(at(mine, item)));
            pointer_append_segment(&run->schema, SPAN_LITERAL("required"));
            find(run, i == 0 ? DIFF_REQUIRED_NO_MORE : DIFF_REQUIRED_NOW, i == 0 ? WIDENS : NARROWS,
                 text_of(at(mine, item)));
            leave(run, mark);
        }
    }
}

/* A property that one side names, and the other perhaps: what that says of it otherwise is
 * additionalProperties, unless a pattern of it may match the name. */
static void compare_property(struct run *run, struct place a, struct place b, struct span name)
{
    struct place before = member_span(member(a, "properties"), name);
    struct place now = member_span(member(b, "properties"), name);
    struct place lacking = is_there(before) ? b : a;
    if ((!is_there(before) || !is_there(now)) && is_there(member(lacking, "patternProperties"))) {
        find_cstr(run, DIFF_RULE_CHANGED, EITHER, "patternProperties");
        return;
    }
    compare(run, is_there(before) ? before : member(a, "additionalProperties"),
            is_there(now) ? now : member(b, "additionalProperties"));
}

static void compare_properties(struct run *run, struct place a, struct place b)
{
    struct place before = member(a, "properties");
    struct place maps[2] = {before, member(b, "properties")};
    for (int i = 0; i < 2; i++) {
        struct place map = maps[i];
        if (!is_there(map) || type_of(map) != TAPE_OBJECT)
            continue;
        for (uint32_t key = map.token + 1; key < next_of(map); key = next_of(at(map, key + 1))) {
            struct span name = tape_text(&map.side->tape, map.side->text, key);
            if (i == 1 && is_there(member_span(before, name)))
                continue;
            struct mark mark = enter(run, "properties", name, NULL);
            compare_property(run, a, b, name);
            leave(run, mark);
        }
    }
}

/* A keyword that holds one schema for part of the document. */
static void compare_sub(struct run *run, struct place a, struct place b, const char *keyword)
{
    struct place before = member(a, keyword);
    struct place now = member(b, keyword);
    if (!is_there(before) && !is_there(now))
        return;
    struct mark mark = enter(run, keyword, span_of(NULL, 0), "*");
    compare(run, before, now);
    leave(run, mark);
}

static struct place item_of(struct place schema, uint32_t index)
{
    struct place prefix = member(schema, "prefixItems");
    if (is_there(prefix) && type_of(prefix) == TAPE_ARRAY)
        for (uint32_t item = prefix.token + 1, i = 0; item < next_of(prefix);
             item = next_of(at(prefix, item)), i++)
            if (i == index)
                return at(prefix, item);
    return member(schema, "items");
}

static void compare_items(struct run *run, struct place a, struct place b)
{
    struct place lists[2] = {member(a, "prefixItems"), member(b, "prefixItems")};
    uint32_t count = 0;
    for (int i = 0; i < 2; i++)
        if (is_there(lists[i]) && type_of(lists[i]) == TAPE_ARRAY &&
            lists[i].side->tape.tokens[lists[i].token].count > count)
            count = lists[i].side->tape.tokens[lists[i].token].count;
    for (uint32_t i = 0; i < count; i++) {
        uint8_t digits[12];
        size_t len = 0;
        for (uint32_t rest = i; len == 0 || rest > 0; rest /= 10) {
            memmove(digits + 1, digits, len++);
            digits[0] = (uint8_t)('0' + rest % 10);
        }
        struct mark mark = enter(run, "prefixItems", span_of(digits, len), NULL);
        compare(run, item_of(a, i), item_of(b, i));
        leave(run, mark);
    }
    compare_sub(run, a, b, "items");
}

/* Branches of the same text, below which something has changed. Of allOf and anyOf it counts as it
 * stands there; of oneOf it may do either. */
static void compare_same_branches(struct run *run, struct place a, struct place b,
                                  const char *keyword, bool one)
{
    if (one) {
        find_cstr(run, DIFF_RULE_CHANGED, EITHER, keyword);
        return;
    }
    struct mark mark = {run->where.len, run->schema.len};
    pointer_append_segment(&run->schema, span_cstr(keyword));
    uint32_t other = b.token + 1;
    for (uint32_t item = a.token + 1; item < next_of(a); item = next_of(at(a, item))) {
        compare(run, at(a, item), at(b, other));
        other = next_of(at(b, other));
    }
    leave(run, mark);
}

/* Branches that both lists have, in whatever order. */
static void compare_kept_branches(struct run *run, struct place a, struct place b,
                                  const char *keyword)
{
    for (uint32_t item = a.token + 1; item < next_of(a); item = next_of(at(a, item)))
        for (uint32_t other = b.token + 1; other < next_of(b); other = next_of(at(b, other)))
            if (is_same(at(a, item), at(b, other)) && type_of(at(a, item)) == TAPE_OBJECT &&
                differ_below(run, at(a, item), at(b, other)))
                find_cstr(run, DIFF_RULE_CHANGED, EITHER, keyword);
}

/* allOf, anyOf, oneOf: branches are told apart by their text; one of each side that has changed is
 * compared in its place. */
static void compare_branches(struct run *run, struct place a, struct place b, const char *keyword)
{
    struct place before = member(a, keyword);
    struct place now = member(b, keyword);
    if (!is_there(before) || !is_there(now)) {
        compare_presence(run, before, now, keyword);
        return;
    }
    if (type_of(before) != TAPE_ARRAY || type_of(now) != TAPE_ARRAY)
        return;
    bool all = strcmp(keyword, "allOf") == 0;
    bool one = strcmp(keyword, "oneOf") == 0;
    if (is_same(before, now)) {
        if (differ_within(run, before, now))
            compare_same_branches(run, before, now, keyword, one);
        return;
    }
    struct place gone = {before.side, TAPE_NONE};
    struct place fresh = {now.side, TAPE_NONE};
    unsigned gone_count = 0;
    unsigned fresh_count = 0;
    for (uint32_t item = before.token + 1; item < next_of(before); item = next_of(at(before, item)))
        if (!has_value(now, at(before, item))) {
            gone = at(before, item);
            gone_count++;
        }
    for (uint32_t item = now.token + 1; item < next_of(now); item = next_of(at(now, item)))
        if (!has_value(before, at(now, item))) {
            fresh = at(now, item);
            fresh_count++;
        }
    if (gone_count == 1 && fresh_count == 1 && !one) {
        compare_kept_branches(run, before, now, keyword);
        struct mark mark = {run->where.len, run->schema.len};
        pointer_append_segment(&run->schema, span_cstr(keyword));
        compare(run, gone, fresh);
        leave(run, mark);
        return;
    }
    compare_kept_branches(run, before, now, keyword);
    if (one && gone_count == 0 && fresh_count == 0) /* a branch twice is none */
        find_cstr(run, DIFF_RULE_CHANGED, EITHER, keyword);
    if (gone_count > 0)
        find_cstr(run, all ? DIFF_RULE_REMOVED : DIFF_BRANCH_REMOVED,
                  one   ? EITHER
                  : all ? WIDENS
                        : NARROWS,
                  keyword);
    if (fresh_count > 0)
        find_cstr(run, all ? DIFF_RULE_ADDED : DIFF_BRANCH_ADDED,
                  one   ? EITHER
                  : all ? NARROWS
                        : WIDENS,
                  keyword);
}

/* ---- references ---- */

/* Where "#/$defs/x" of the same document leads; the place itself where it has none, or leads out.
 * JSON Pointers of local references are followed; anchors are compared by name. */
static struct place follow_ref(struct place schema)
{
    struct place ref = member(schema, "$ref");
    if (!is_there(ref) || type_of(ref) != TAPE_STRING)
        return schema;
    struct span text = text_of(ref);
    if (text.len < 1 || text.data[0] != '#' || (text.len > 1 && text.data[1] != '/'))
        return schema;
    struct place found = at(schema, 0);
    struct span rest = span_part(text, 2, text.len);
    while (text.len > 1 && is_there(found)) {
        const uint8_t *slash = rest.len == 0 ? NULL : memchr(rest.data, '/', rest.len);
        struct span key =
            span_of(rest.data, slash == NULL ? rest.len : (size_t)(slash - rest.data));
        if (type_of(found) != TAPE_OBJECT ||
            (key.len > 0 && (memchr(key.data, '~', key.len) || memchr(key.data, '%', key.len))))
            return schema; /* rare spellings are compared by name */
        found = member_span(found, key);
        if (slash == NULL)
            break;
        rest = span_part(rest, key.len + 1, rest.len);
    }
    return is_there(found) ? found : schema;
}

/* "#name": what it names is not looked up. */
static bool refers_by_anchor(struct place schema)
{
    struct place ref = member(schema, "$ref");
    return is_there(ref) && text_of(ref).len > 1 && text_of(ref).data[0] == '#' &&
           follow_ref(schema).token == schema.token;
}

static bool has_siblings(struct place schema)
{
    static const char *const silent[] = {"$ref",  "$comment",    "title",   "description",
                                         "$defs", "definitions", "default", "examples"};
    for (uint32_t key = schema.token + 1; key < next_of(schema);
         key = next_of(at(schema, key + 1))) {
        struct span name = tape_text(&schema.side->tape, schema.side->text, key);
        bool is_silent = false;
        for (size_t i = 0; i < sizeof(silent) / sizeof(silent[0]); i++)
            is_silent = is_silent || span_is(name, silent[i]);
        if (!is_silent)
            return true;
    }
    return false;
}

/* ---- one place ---- */

static const struct {
    const char *keyword;
    enum below below;
} opaque[] = {
    {"$dynamicRef", BY_NAME},
    {"const", NO_SCHEMA},
    {"contains", ONE_SCHEMA},
    {"dependentRequired", NO_SCHEMA},
    {"dependentSchemas", MAP_OF_SCHEMAS},
    {"else", ONE_SCHEMA},
    {"format", NO_SCHEMA},
    {"if", ONE_SCHEMA},
    {"maxContains", NO_SCHEMA},
    {"multipleOf", NO_SCHEMA},
    {"not", ONE_SCHEMA},
    {"pattern", NO_SCHEMA},
    {"propertyNames", ONE_SCHEMA},
    {"then", ONE_SCHEMA},
    {"unevaluatedItems", ONE_SCHEMA},
    {"unevaluatedProperties", ONE_SCHEMA},
    {"uniqueItems", NO_SCHEMA},
};

/* What matches a pattern of one side alone is, on the other, left to additionalProperties. */
static void compare_patterns(struct run *run, struct place a, struct place b)
{
    bool strict =
        is_there(member(a, "additionalProperties")) || is_there(member(b, "additionalProperties"));
    bool both =
        is_there(member(a, "patternProperties")) == is_there(member(b, "patternProperties"));
    if (strict && !both)
        find_cstr(run, DIFF_RULE_CHANGED, EITHER, "patternProperties");
    else
        compare_opaque(run, a, b, "patternProperties", MAP_OF_SCHEMAS);
}

/* The only rule that, being there, allows more: contains without it means 1. */
static void compare_min_contains(struct run *run, struct place a, struct place b)
{
    struct place before = member(a, "minContains");
    struct place now = member(b, "minContains");
    if (is_there(before) != is_there(now) || (is_there(now) && !is_same(before, now)))
        find_cstr(run, DIFF_RULE_CHANGED, EITHER, "minContains");
}

static void compare_keywords(struct run *run, struct place a, struct place b)
{
    static const double none = __builtin_nan("");
    compare_types(run, a, b);
    compare_enum(run, a, b);
    compare_bound(run, a, b, "minimum", true, none);
    compare_bound(run, a, b, "exclusiveMinimum", true, none);
    compare_bound(run, a, b, "maximum", false, none);
    compare_bound(run, a, b, "exclusiveMaximum", false, none);
    compare_bound(run, a, b, "minLength", true, 0);
    compare_bound(run, a, b, "maxLength", false, none);
    compare_bound(run, a, b, "minItems", true, 0);
    compare_bound(run, a, b, "maxItems", false, none);
    compare_bound(run, a, b, "minProperties", true, 0);
    compare_bound(run, a, b, "maxProperties", false, none);
    compare_required(run, a, b);
    compare_properties(run, a, b);
    compare_sub(run, a, b, "additionalProperties");
    compare_items(run, a, b);
    compare_branches(run, a, b, "allOf");
    compare_branches(run, a, b, "anyOf");
    compare_branches(run, a, b, "oneOf");
    compare_min_contains(run, a, b);
    compare_patterns(run, a, b);
    for (size_t i = 0; i < sizeof(opaque) / sizeof(opaque[0]); i++)
        compare_opaque(run, a, b, opaque[i].keyword, opaque[i].below);
}

/* What is left over by the other keywords depends on all of them, also on those that refuse
 * nothing.
 */
static bool has_unevaluated(struct place schema)
{
    return is_there(member(schema, "unevaluatedProperties")) ||
           is_there(member(schema, "unevaluatedItems"));
}

/* The same text, and it refers to nothing else. */
static bool speaks_for_itself(struct place a, struct place b)
{
    return is_there(a) && is_there(b) && is_same(a, b) &&
           memmem(text_of(a).data, text_of(a).len, "Ref\":", 5) == NULL &&
           memmem(text_of(a).data, text_of(a).len, "$ref\":", 6) == NULL;
}

static bool is_open(const struct run *run, struct place a, struct place b)
{
    for (size_t i = 0; i < run->depth; i++)
        if (run->open[i].old_token == a.token && run->open[i].new_token == b.token)
            return true;
    return false;
}

/* a is of the old side, b of the new one; either may be no schema. */
static void compare(struct run *run, struct place a, struct place b)
{
    if (run->failed != OK || is_open(run, a, b))
        return;
    if (run->depth == DIFF_DEPTH_MAX || ++run->steps > DIFF_STEPS_MAX) {
        find_cstr(run, DIFF_TOO_DEEP, EITHER, "");
        return;
    }
    if (allows_all(a) && allows_all(b))
        return;
    if (allows_nothing(a) || allows_nothing(b)) {
        if (!allows_nothing(a))
            find_cstr(run, DIFF_NOTHING_ALLOWED, NARROWS, "");
        if (!allows_nothing(b))
            find_cstr(run, DIFF_SOMETHING_ALLOWED, WIDENS, "");
        return;
    }
    run->open[run->depth++] = (struct pair){a.token, b.token};
    struct place old_target = is_there(a) ? follow_ref(a) : a;
    struct place new_target = is_there(b) ? follow_ref(b) : b;
    bool moved = old_target.token != a.token || new_target.token != b.token;
    if (moved && !(is_there(a) && old_target.token != a.token && has_siblings(a)) &&
        !(is_there(b) && new_target.token != b.token && has_siblings(b))) {
        compare(run, old_target, new_target);
    } else {
        compare_opaque(run, a, b, "$ref", refers_by_anchor(b) ? BY_NAME : NO_SCHEMA);
        if (moved)
            compare(run, old_target, new_target);
        compare_keywords(run, a, b);
        if ((has_unevaluated(a) || has_unevaluated(b)) && !speaks_for_itself(a, b))
            find_cstr(run, DIFF_RULE_CHANGED, EITHER, "unevaluated...");
    }
    run->depth--;
}

/* ---- the whole ---- */

static const struct tape_limits schema_limits = {.bytes_max = JSON_TEXT_BYTES_MAX,
                                                 .depth_max = 1024};

enum err schema_diff(struct span old_schema, struct span new_schema, struct diff *out,
                     struct why *why)
{
    struct run run = {.out = out, .old_side.text = old_schema, .new_side.text = new_schema};
    *out = (struct diff){0};
    tape_init(&run.old_side.tape);
    tape_init(&run.new_side.tape);
    buf_init(&run.where, 64u * 1024u);
    buf_init(&run.schema, 64u * 1024u);
    enum err err = tape_scan(&run.old_side.tape, old_schema, &schema_limits, why);
    if (err == OK)
        err = tape_scan(&run.new_side.tape, new_schema, &schema_limits, why);
    if (err == OK && !span_equal(old_schema, new_schema)) {
        compare(&run, (struct place){&run.old_side, 0}, (struct place){&run.new_side, 0});
        err = run.failed != OK ? run.failed : buf_check(&run.where);
        if (err == OK)
            err = buf_check(&run.schema);
    }
    buf_clear(&run.schema);
    buf_clear(&run.where);
    tape_clear(&run.new_side.tape);
    tape_clear(&run.old_side.tape);
    if (err != OK)
        diff_clear(out);
    return err;
}

/* Rules compiled once, and applied place by place. */
#include "proto/schema/projection.h"

#include <math.h>
#include <stdlib.h>

#include "proto/base/number.h"
#include "proto/limits.h"
#include "proto/schema/date.h"

#define DECIMALS_MAX 10u
#define MINUTES_MAX (7u * 24u * 60u)

enum rule_kind { RULE_DROP, RULE_ROUND, RULE_BIN };

struct rule {
    enum rule_kind kind;
    struct pointer path;
    unsigned decimals;
    unsigned minutes;
    bool has_format;
    struct date_format format;
};

struct projection {
    struct arena arena;
    struct buf json;
    struct rule *rules;
    size_t count;
};

static enum err refuse(struct why *why, const char *rule)
{
    return why_set(why, ERR_BAD_PACK, rule, 0, NULL, NULL);
}

/* ---- compiling ---- */

static enum err read_number(const struct tree *value, unsigned max, unsigned *out, struct why *why)
{
    if (!tree_is(value, TREE_NUMBER) || value->number != trunc(value->number) ||
        value->number < 0 || value->number > (double)max)
        return refuse(why, "projections: decimals are 0 to 10, minutes 1 to 10080");
    *out = (unsigned)value->number;
    return OK;
}

/* The format that the type declares for this path. */
static void find_format(const struct pack_type *type, struct rule *rule)
{
    for (size_t i = 0; i < type->date_count && !rule->has_format; i++)
        if (span_equal(type->dates[i].path, rule->path.text))
            rule->has_format = date_format_compile(type->dates[i].format, &rule->format);
}

static enum err read_rule(struct projection *projection, const struct pack_type *type,
                          const struct tree *json, struct rule *out, struct why *why)
{
    static const char *const kinds[] = {"drop", "round", "bin"};
    const struct tree *path = NULL;
    for (int kind = RULE_DROP; kind <= RULE_BIN; kind++) {
        const struct tree *found = tree_get(json, kinds[kind]);
        if (found == NULL)
            continue;
        if (path != NULL)
            return refuse(why, "projections: a rule is one of drop, round and bin");
        path = found;
        out->kind = (enum rule_kind)kind;
    }
    if (!tree_is(json, TREE_OBJECT) || !tree_is_text(path) || path->text.len == 0)
        return refuse(why, "projections: a rule is an object with the path to drop, round or bin");
    if (json->count != (out->kind == RULE_DROP ? 1u : 2u))
        return refuse(why, "projections: round has decimals, bin has minutes, and nothing else");
    if (out->kind == RULE_ROUND)
        TRY(read_number(tree_get(json, "decimals"), DECIMALS_MAX, &out->decimals, why));
    if (out->kind == RULE_BIN)
        TRY(read_number(tree_get(json, "minutes"), MINUTES_MAX, &out->minutes, why));
    if (out->kind == RULE_BIN && out->minutes == 0)
        return refuse(why, "projections: decimals are 0 to 10, minutes 1 to 10080");
    enum err err = pointer_read(&projection->arena, path->text, &out->path);
    if (err == ERR_SYNTAX)
        return refuse(why, "projections: a path is a JSON Pointer (RFC 6901)");
    TRY(err);
    find_format(type, out);
    return OK;
}

static enum err compile(struct projection *projection, const struct pack_type *type,
                        struct span audience, struct why *why)
{
    static const struct tape_limits limits = {.bytes_max = PACK_FILE_BYTES_MAX,
                                              .depth_max = JSON_DEPTH_MAX};
    buf_append_span(&projection->json, type->projections_json);
    TRY(buf_check(&projection->json));
    struct span json = buf_span(&projection->json);
    if (json.len == 0)
        return ERR_NOT_FOUND;
    struct tape tape;
    tape_init(&tape);
    enum err err = tape_scan(&tape, json, &limits, why);
    struct tree *root = err == OK ? tree_from_tape(&projection->arena, &tape, json, 0) : NULL;
    tape_clear(&tape);
    TRY(err);
    TRY(arena_check(&projection->arena));
    struct tree *rules = tree_member(root, audience);
    if (rules == NULL && span_starts_with(audience, SPAN_LITERAL("circle:")))
        rules = tree_get(root, "circle");
    if (rules == NULL)
        return ERR_NOT_FOUND;
    if (rules->type != TREE_ARRAY)
        return refuse(why, "projections: a list of rules by audience");
    projection->rules =
        arena_alloc_array(&projection->arena, rules->count + 1u, sizeof(*projection->rules));
    TRY(arena_check(&projection->arena));
    for (uint32_t i = 0; i < rules->count; i++)
        TRY(read_rule(projection, type, rules->items[i], &projection->rules[projection->count++],
                      why));
    return OK;
}

enum err projection_compile(const struct pack_type *type, struct span audience,
                            struct projection **out, struct why *why)
{
    struct projection *projection = calloc(1, sizeof(*projection));
    if (projection == NULL)
        return ERR_NO_MEMORY;
    arena_init(&projection->arena, ALIAS_BYTES_MAX);
    buf_init(&projection->json, PACK_FILE_BYTES_MAX);
    enum err err = compile(projection, type, audience, why);
    if (err != OK) {
        projection_free(projection);
        return err;
    }
    *out = projection;
    return OK;
}

void projection_free(struct projection *projection)
{
    if (projection == NULL)
        return;
    arena_clear(&projection->arena);
    buf_clear(&projection->json);
    free(projection);
}

/* ---- applying ---- */

struct applying {
    const struct rule *rule;
    struct arena *arena;
};

/* A number, or text that is one, with a point or a comma. */
static bool number_of(const struct tree *value, double *out, bool *comma_out)
{
    *comma_out = false;
    if (value->type == TREE_NUMBER) {
        *out = value->number;
        return true;
    }
    uint8_t text[64];
    struct span from = value->text;
    size_t digits = 0;
    size_t points = 0;
    if (value->type != TREE_STRING || from.len == 0 || from.len > sizeof(text))
        return false;
    for (size_t i = 0; i < from.len; i++) {
        uint8_t c = from.data[i];
        bool is_point = c == '.' || c == ',';
        *comma_out = *comma_out || c == ',';
        text[i] = is_point ? '.' : c;
        points += is_point;
        digits += c >= '0' && c <= '9';
        if (!is_point && (c < '0' || c > '9') && !(i == 0 && c == '-'))
            return false;
    }
    bool is_open =
        text[from.len - 1] == '.' || text[0] == '.' || (text[0] == '-' && text[1] == '.');
    if (digits == 0 || points > 1 || is_open)
        return false;
    *out = number_read(span_of(text, from.len));
    return isfinite(*out);
}

static double rounded(double value, unsigned decimals)
{
    double scale = 1;
    for (unsigned i = 0; i < decimals; i++)
        scale *= 10;
    double result = round(value * scale) / scale;
    if (!isfinite(result))
        return value; /* so great that it has no decimals */
    return result == 0 ? 0 : result;
}

static struct tree *number_like(struct arena *arena, const struct tree *like, double number,
                                bool comma)
{
    if (like->type == TREE_NUMBER)
        return tree_number(arena, number);
    uint8_t text[NUMBER_TEXT_BYTES_MAX];
    size_t len = number_write(number, text);
    for (size_t i = 0; i < len; i++)
        if (comma && text[i] == '.')
            text[i] = ',';
    return tree_text(arena, arena_dup(arena, span_of(text, len)));
}

/* Rounds a number, each of a list of them (a position), or drops the value. */
static struct tree *round_value(const struct applying *a, struct tree *value)
{
    if (value->type == TREE_ARRAY) {
        uint32_t kept = 0;
        for (uint32_t i = 0; i < value->count; i++) {
            struct tree *item = round_value(a, value->items[i]);
            if (item != NULL)
                value->items[kept++] = item;
        }
        value->count = kept;
        return kept > 0 ? value : NULL;
    }
    double number;
    bool comma;
    if (value->type == TREE_NULL)
        return value;
    if (!number_of(value, &number, &comma))
        return NULL;
    return number_like(a->arena, value, rounded(number, a->rule->decimals), comma);
}

static int64_t floored(int64_t ms, unsigned minutes)
{
    int64_t bin = (int64_t)minutes * 60000;
    int64_t rest = ms % bin;
    return ms - (rest < 0 ? rest + bin : rest);
}

/* The text of a number that is a time. */
static struct span time_text(const struct tree *value, uint8_t room[NUMBER_TEXT_BYTES_MAX])
{
    if (value->type == TREE_NUMBER)
        return span_of(room, number_write(value->number, room));
    return value->type == TREE_STRING ? value->text : span_of(NULL, 0);
}

/* Unix seconds of the years to 5138 have fewer digits than milliseconds since 1973 have. */
static bool guess_format(const struct tree *value, struct span text, struct date_format *out)
{
    static const char *const names[] = {"date-time", "date"};
    int64_t ms;
    bool has_time;
    if (value->type == TREE_NUMBER)
        return date_format_compile(
            fabs(value->number) < 1e11 ? SPAN_LITERAL("unix-s") : SPAN_LITERAL("unix-ms"), out);
    for (size_t i = 0; i < 2; i++)
        if (date_format_compile(span_cstr(names[i]), out) && date_read(out, text, &ms, &has_time))
            return true;
    return false;
}

static struct tree *bin_value(const struct applying *a, struct tree *value)
{
    uint8_t room[NUMBER_TEXT_BYTES_MAX];
    struct span text = time_text(value, room);
    struct date_format format = a->rule->format;
    int64_t ms;
    bool has_time;
    if (value->type == TREE_NULL)
        return value;
    if (text.len == 0 || (!a->rule->has_format && !guess_format(value, text, &format)) ||
        !date_read(&format, text, &ms, &has_time))
        return NULL;
    struct buf out;
    buf_init(&out, 256);
    bool written = date_write(&format, floored(ms, a->rule->minutes), &out);
    struct tree *binned = NULL;
    if (written && value->type == TREE_NUMBER)
        binned = tree_number(a->arena, number_read(buf_span(&out)));
    else if (written)
        binned = tree_text(a->arena, arena_dup(a->arena, buf_span(&out)));
    buf_clear(&out);
    return binned;
}

static struct tree *edit(void *ctx, struct tree *value, struct span pointer)
{
    const struct applying *a = ctx;
    (void)pointer;
    switch (a->rule->kind) {
    case RULE_DROP:
        return NULL;
    case RULE_ROUND:
        return round_value(a, value);
    case RULE_BIN:
        return bin_value(a, value);
    }
    return NULL;
}

enum err projection_apply(const struct projection *projection, struct arena *arena,
                          struct tree *body)
{
    for (size_t i = 0; i < projection->count; i++) {
        struct applying a = {&projection->rules[i], arena};
        TRY(places_edit(body, &projection->rules[i].path, edit, &a));
    }
    return arena_check(arena);
}

/* ---- personal values ---- */

struct looking {
    personal_visit visit;
    void *ctx;
    bool stopped;
};

static struct tree *look(void *ctx, struct tree *value, struct span pointer)
{
    struct looking *looking = ctx;
    bool is_empty =
        tree_is_blank(value) ||
        ((value->type == TREE_ARRAY || value->type == TREE_OBJECT) && value->count == 0);
    if (!looking->stopped && !is_empty)
        looking->stopped = !looking->visit(looking->ctx, pointer, value);
    return value;
}

static enum err look_everywhere(struct looking *looking, const struct tree *body)
{
    struct buf pointer;
    buf_init(&pointer, LINE_BYTES_MAX);
    for (uint32_t i = 0; tree_is(body, TREE_OBJECT) && i < body->count; i++) {
        buf_reset(&pointer);
        pointer_append_segment(&pointer, body->members[i].key);
        (void)look(looking, body->members[i].value, buf_span(&pointer));
    }
    enum err err = buf_check(&pointer);
    buf_clear(&pointer);
    return err;
}

enum err personal_each(const struct pack_type *type, struct tree *body, personal_visit visit,
                       void *ctx)
{
    struct looking looking = {.visit = visit, .ctx = ctx};
    if (type->personal_whole)
        return look_everywhere(&looking, body);
    struct arena arena;
    arena_init(&arena, PACK_FILE_BYTES_MAX);
    enum err err = OK;
    for (size_t i = 0; err == OK && !looking.stopped && i < type->personal.count; i++) {
        struct pointer path;
        err = pointer_read(&arena, type->personal.items[i], &path);
        if (err == OK)
            err = places_edit(body, &path, look, &looking);
    }
    arena_clear(&arena);
    return err;
}

static bool stop_at_first(void *ctx, struct span pointer, const struct tree *value)
{
    (void)pointer;
    (void)value;
    *(bool *)ctx = true;
    return false;
}

bool personal_is_present(const struct pack_type *type, struct tree *body)
{
    bool found = false;
    return personal_each(type, body, stop_at_first, &found) != OK || found;
}

/* Applying a lens: rules in order, each an expression and a place. */
#include <stdlib.h>

#include "proto/base/fold.h"
#include "proto/limits.h"
#include "proto/schema/lens_parts.h"

static void run_rules(struct lens_work *work, const struct lens_rules *rules, struct tree *source,
                      struct tree **target);

/* The value there, marked as read; absent where it is blank and blanks count as nothing. */
static struct tree *read_at(struct lens_work *work, const struct pointer *pointer,
                            struct tree *source)
{
    struct tree *value = pointer_get(source, pointer);
    work->from = pointer->text;
    if (value == NULL)
        return NULL;
    value->is_read = true;
    return !work->lens->keeps_blank && tree_is_blank(value) ? NULL : value;
}

static struct tree *run_first(struct lens_work *work, const struct lens_expr *expr,
                              struct tree *source)
{
    struct tree *blank = NULL;
    for (uint32_t i = 0; i < expr->part_count; i++) {
        struct tree *value = run_expr(work, &expr->parts[i], source);
        if (!tree_is_blank(value))
            return value;
        blank = blank == NULL ? value : blank;
    }
    return blank;
}

static struct tree *run_join(struct lens_work *work, const struct lens_expr *expr,
                             struct tree *source)
{
    struct tree *texts = tree_array(&work->arena);
    for (uint32_t i = 0; i < expr->part_count; i++) {
        struct tree *value = run_expr(work, &expr->parts[i], source);
        struct span text;
        if (tree_is_blank(value))
            continue;
        if (run_text_of(work, value, &text))
            tree_append(&work->arena, texts, tree_text(&work->arena, run_trimmed(text)));
        else
            report_fault(work, LENS_FAULT_NOT_TEXT, value, span_of(NULL, 0));
    }
    if (texts == NULL || texts->count == 0)
        return NULL;
    buf_reset(&work->scratch);
    for (uint32_t i = 0; i < texts->count; i++) {
        if (i > 0)
            buf_append_span(&work->scratch, expr->separator);
        buf_append_span(&work->scratch, texts->items[i]->text);
    }
    return run_scratch_text(work);
}

static struct tree *run_all(struct lens_work *work, const struct lens_expr *expr,
                            struct tree *source)
{
    struct tree *all = tree_array(&work->arena);
    for (uint32_t i = 0; i < expr->part_count; i++) {
        struct tree *value = run_expr(work, &expr->parts[i], source);
        bool is_array = tree_is(value, TREE_ARRAY);
        if (!is_array && !tree_is_blank(value))
            tree_append(&work->arena, all, value);
        for (uint32_t k = 0; is_array && k < value->count; k++) {
            if (!tree_is_blank(value->items[k]))
                tree_append(&work->arena, all, value->items[k]);
        }
    }
    return all == NULL || all->count == 0 ? NULL : all;
}

/* Cells are compared folded; each is folded once per record, whatever the rows. */
static struct span folded(struct lens_work *work, const struct tree *value)
{
    struct lens_folded *slot =
        &work->folded[((uintptr_t)value / sizeof(struct tree)) % LENS_FOLDED_SLOTS];
    struct span text;
    if (slot->value == value)
        return slot->text;
    if (!run_text_of(work, value, &text))
        return span_of(NULL, 0);
    buf_reset(&work->scratch);
    fold_append_text(&work->scratch, text);
    slot->text = buf_check(&work->scratch) == OK ? arena_dup(&work->arena, buf_span(&work->scratch))
                                                 : span_of(NULL, 0);
    slot->value = value;
    return slot->text;
}

static bool holds_one_of(struct span text, const struct span *words, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (text.len > 0 && memmem(text.data, text.len, words[i].data, words[i].len) != NULL)
            return true;
    }
    return false;
}

static bool cell_fits(struct lens_work *work, const struct lens_code *row, struct tree *value)
{
    if (tree_is(value, TREE_ARRAY)) {
        for (uint32_t i = 0; i < value->count; i++) {
            if (value->items[i]->type != TREE_ARRAY && cell_fits(work, row, value->items[i]))
                return true;
        }
        return false;
    }
    if (tree_is_blank(value))
        return false;
    if (row->word_count == 0 && row->without_count == 0)
        return true;
    struct span text = folded(work, value);
    return (row->word_count == 0 || holds_one_of(text, row->words, row->word_count)) &&
           !holds_one_of(text, row->without, row->without_count);
}

/* All cells are read, also those behind the one that fits: none of them is lost. */
static bool row_fits(struct lens_work *work, const struct lens_code *row, struct tree *source)
{
    bool fits = row->in.count == 0;
    for (uint32_t i = 0; i < row->in.count; i++) {
        struct tree *cell = pointer_get(source, &row->in.items[i]);
        if (cell == NULL)
            continue;
        if (row->word_count == 0 && row->without_count == 0)
            cell->is_looked_at = true;
        else
            cell->is_read = true;
        fits = fits || cell_fits(work, row, cell);
    }
    return fits;
}

static struct tree *run_codes(struct lens_work *work, const struct lens_expr *expr,
                              struct tree *source)
{
    struct tree *many = expr->many ? tree_array(&work->arena) : NULL;
    struct tree *first = NULL;
    for (uint32_t i = 0; i < expr->code_count; i++) {
        struct tree *code = expr->codes[i].code;
        if (!row_fits(work, &expr->codes[i], source))
            continue;
        bool is_new = true;
        for (uint32_t k = 0; many != NULL && k < many->count && is_new; k++)
            is_new = !tree_equal(many->items[k], code);
        if (is_new)
            tree_append(&work->arena, many, code);
        first = first == NULL ? code : first;
    }
    if (!expr->many)
        return first;
    return many == NULL || many->count == 0 ? NULL : many;
}

static struct tree *run_hours(struct lens_work *work, const struct lens_expr *expr,
                              struct tree *source)
{
    struct hours_week week = {.holidays_off = false};
    for (unsigned day = 0; day < HOURS_DAYS; day++) {
        for (uint32_t i = 0; i < expr->days[day].count; i++) {
            struct tree *cell = read_at(work, &expr->days[day].items[i], source);
            struct span text;
            if (tree_is_blank(cell))
                continue;
            if (!run_text_of(work, cell, &text) || !hours_add_cell(&week.days[day], text))
                report_fault(work, LENS_FAULT_NOT_HOURS, cell, span_of(NULL, 0));
        }
    }
    buf_reset(&work->scratch);
    hours_append_osm(&work->scratch, &week);
    return work->scratch.len == 0 ? NULL : run_scratch_text(work);
}

static struct tree *run_hours_text(struct lens_work *work, const struct lens_expr *expr,
                                   struct tree *source)
{
    struct tree *value = read_at(work, &expr->from, source);
    struct hours_week week;
    if (tree_is_blank(value))
        return NULL;
    if (!tree_is_text(value)) {
        report_fault(work, LENS_FAULT_NOT_HOURS, value, span_of(NULL, 0));
        return NULL;
    }
    struct span text = run_trimmed(value->text);
    if (hours_is_osm(text))
        return tree_text(&work->arena, text);
    buf_reset(&work->scratch);
    if (hours_read_text(text, &week))
        hours_append_osm(&work->scratch, &week);
    if (work->scratch.len > 0)
        return run_scratch_text(work);
    report_fault(work, LENS_FAULT_NOT_HOURS, value, span_of(NULL, 0));
    return NULL;
}

static bool axis(struct lens_work *work, const struct tree *value, double limit,
                 const char *expected, double *out)
{
    struct span text = tree_is_text(value) ? run_trimmed(value->text) : span_of(NULL, 0);
    double number = 0;
    bool is_number = tree_is(value, TREE_NUMBER);
    if (is_number)
        number = value->number;
    else
        is_number = run_number_of(text, ',', &number) || run_number_of(text, '.', &number);
    if (is_number && number >= -limit && number <= limit) {
        *out = number;
        return true;
    }
    report_fault(work, LENS_FAULT_NOT_COORDINATES, value, span_cstr(expected));
    return false;
}

struct tree *run_point_of(struct lens_work *work, const struct tree *lat, struct span lat_from,
                          const struct tree *lon, struct span lon_from)
{
    double numbers[2];
    work->from = lat_from;
    if (!axis(work, lat, 90, "-90..90", &numbers[0]))
        return NULL;
    work->from = lon_from;
    if (!axis(work, lon, 180, "-180..180", &numbers[1]))
        return NULL;
    struct tree *point = tree_object(&work->arena);
    tree_put(&work->arena, point, SPAN_LITERAL("lat"), tree_number(&work->arena, numbers[0]));
    tree_put(&work->arena, point, SPAN_LITERAL("lon"), tree_number(&work->arena, numbers[1]));
    return point;
}

static bool is_in_boxes(const struct lens_expr *expr, const struct tree *point)
{
    const struct tree *lat = tree_get(point, "lat");
    const struct tree *lon = tree_get(point, "lon");
    bool is_in = expr->box_count == 0 || lat == NULL || lon == NULL;
    for (uint32_t i = 0; i < expr->box_count && !is_in; i++) {
        const struct lens_box *box = &expr->boxes[i];
        is_in = lat->number >= box->south && lat->number <= box->north &&
                lon->number >= box->west && lon->number <= box->east;
    }
    return is_in;
}

static struct tree *run_point(struct lens_work *work, const struct lens_expr *expr,
                              struct tree *source)
{
    struct tree *lat = run_expr(work, &expr->parts[0], source);
    struct span lat_from = work->from;
    struct tree *lon = run_expr(work, &expr->parts[1], source);
    if (tree_is_blank(lat) || tree_is_blank(lon))
        return NULL;
    struct tree *point = run_point_of(work, lat, lat_from, lon, work->from);
    if (point == NULL || is_in_boxes(expr, point))
        return point;
    report_fault(work, LENS_FAULT_OUT_OF_AREA, point, span_of(NULL, 0));
    return NULL;
}

static struct tree *run_object(struct lens_work *work, const struct lens_expr *expr,
                               struct tree *source)
{
    struct tree *object = NULL;
    run_rules(work, &expr->rules, source, &object);
    return object;
}

static struct tree *run_item(struct lens_work *work, const struct lens_expr *expr,
                             struct tree *item, struct lens_place from, struct lens_place to)
{
    const struct lens_place *source_place = work->source_place;
    const struct lens_place *target_place = work->target_place;
    from.parent = source_place;
    to.parent = target_place;
    work->source_place = &from;
    work->target_place = &to;
    struct tree *result = NULL;
    run_rules(work, &expr->rules, item, &result);
    work->source_place = source_place;
    work->target_place = target_place;
    return result;
}

static struct tree *run_each(struct lens_work *work, const struct lens_expr *expr,
                             struct tree *source)
{
    struct tree *value = pointer_get(source, &expr->from);
    bool is_array = tree_is(value, TREE_ARRAY);
    if (value == NULL || (!work->lens->keeps_blank && tree_is_blank(value)))
        return NULL;
    struct tree *results = tree_array(&work->arena);
    value->is_read = is_array && value->count == 0;
    for (uint32_t i = 0; i < (is_array ? value->count : 1) && results != NULL; i++) {
        struct lens_place from = {.pointer = expr->from.text, .index = is_array ? i : UINT32_MAX};
        struct lens_place to = {.index = results->count};
        struct tree *item = is_array ? value->items[i] : value;
        tree_append(&work->arena, results, run_item(work, expr, item, from, to));
    }
    work->from = expr->from.text;
    bool is_empty = results == NULL || results->count == 0;
    return is_empty && !(is_array && value->count == 0 && work->lens->keeps_blank) ? NULL : results;
}

static struct tree *run_source(struct lens_work *work, const struct lens_expr *expr,
                               struct tree *source)
{
    switch (expr->source) {
    case SOURCE_FROM:
        return read_at(work, &expr->from, source);
    case SOURCE_FIRST:
        return run_first(work, expr, source);
    case SOURCE_JOIN:
        return run_join(work, expr, source);
    case SOURCE_ALL:
        return run_all(work, expr, source);
    case SOURCE_CONSTANT:
        return expr->constant;
    case SOURCE_CODES:
        return run_codes(work, expr, source);
    case SOURCE_HOURS:
        return run_hours(work, expr, source);
    case SOURCE_HOURS_TEXT:
        return run_hours_text(work, expr, source);
    case SOURCE_POINT:
        return run_point(work, expr, source);
    case SOURCE_OBJECT:
        return run_object(work, expr, source);
    case SOURCE_EACH:
        return run_each(work, expr, source);
    }
    return NULL;
}

struct tree *run_expr(struct lens_work *work, const struct lens_expr *expr, struct tree *source)
{
    work->from = span_of(NULL, 0);
    struct tree *value = run_source(work, expr, source);
    if (value != NULL && expr->unwritten != NULL && tree_equal(value, expr->unwritten))
        return NULL;
    for (uint32_t i = 0; i < expr->op_count && value != NULL; i++)
        value = run_op(work, &expr->ops[i], value);
    if (value != NULL && expr->op_count > 0 && !work->lens->keeps_blank && tree_is_blank(value))
        value = NULL;
    return value == NULL ? expr->fallback : value;
}

static void run_scope(struct lens_work *work, const struct lens_rule *rule, struct tree *source,
                      struct tree **target)
{
    const struct lens_place *outer = work->source_place;
    struct lens_place inner = {
        .parent = outer, .pointer = rule->expr.from.text, .index = UINT32_MAX};
    struct tree *value = pointer_get(source, &rule->expr.from);
    for (uint32_t i = 0; i < rule->expr.op_count && value != NULL; i++)
        value = run_op(work, &rule->expr.ops[i], value);
    if (value == NULL)
        return;
    work->source_place = &inner;
    run_rules(work, &rule->expr.rules, value, target);
    work->source_place = outer;
}

static void run_rules(struct lens_work *work, const struct lens_rules *rules, struct tree *source,
                      struct tree **target)
{
    const struct lens_place *outer = work->target_place;
    for (uint32_t i = 0; i < rules->count; i++) {
        const struct lens_rule *rule = &rules->items[i];
        struct lens_place place = {.parent = outer, .pointer = rule->to.text, .index = UINT32_MAX};
        if (arena_check(&work->arena) != OK)
            break;
        if (rule->is_scope) {
            run_scope(work, rule, source, target);
            continue;
        }
        work->target_place = &place;
        struct tree *value = run_expr(work, &rule->expr, source);
        if (value != NULL &&
            !pointer_set(&work->arena, target, &rule->to, tree_copy(&work->arena, value)))
            report_fault(work, LENS_FAULT_NO_PLACE, value, span_of(NULL, 0));
        work->target_place = outer;
    }
}

static void clear_marks(struct tree *value)
{
    value->is_read = false;
    value->is_looked_at = false;
    for (uint32_t i = 0; value->type == TREE_ARRAY && i < value->count; i++)
        clear_marks(value->items[i]);
    for (uint32_t i = 0; value->type == TREE_OBJECT && i < value->count; i++)
        clear_marks(value->members[i].value);
}

void run_begin(struct lens_work *work, const struct lens *lens, struct tree *source)
{
    work->lens = lens;
    work->source_place = NULL;
    work->target_place = NULL;
    work->faults = NULL;
    work->losses = NULL;
    work->fault_count = 0;
    work->loss_count = 0;
    work->fault_total = 0;
    work->loss_total = 0;
    memset(work->folded, 0, sizeof(work->folded));
    buf_reset(&work->scratch);
    if (work->wants_losses && source != NULL)
        clear_marks(source);
}

enum err lens_apply(const struct lens *lens, enum lens_direction direction, struct lens_work *work,
                    struct tree *source, struct lens_result *out)
{
    CHECK(direction == LENS_THERE || lens->both);
    struct tree *target = NULL;
    run_begin(work, lens, source);
    run_rules(work, direction == LENS_THERE ? &lens->there : &lens->back, source, &target);
    if (target == NULL)
        target = tree_object(&work->arena);
    if (work->wants_losses && source != NULL)
        report_unread(work, source, direction);
    TRY(arena_check(&work->arena));
    if (tree_is_deeper(target, JSON_DEPTH_MAX))
        return ERR_LIMIT;
    *out = (struct lens_result){.value = target,
                                .faults = work->faults,
                                .losses = work->losses,
                                .fault_count = work->fault_count,
                                .loss_count = work->loss_count,
                                .fault_total = work->fault_total,
                                .loss_total = work->loss_total};
    return OK;
}

struct lens_work *lens_work_new(void)
{
    struct lens_work *work = calloc(1, sizeof(*work));
    if (work == NULL)
        return NULL;
    arena_init(&work->arena, LENS_WORK_BYTES_MAX);
    buf_init(&work->scratch, LENS_TEXT_BYTES_MAX);
    buf_init(&work->second, LENS_TEXT_BYTES_MAX);
    work->matcher = pattern_scratch_new();
    if (work->matcher == NULL) {
        lens_work_free(work);
        return NULL;
    }
    return work;
}

void lens_work_free(struct lens_work *work)
{
    if (work == NULL)
        return;
    arena_clear(&work->arena);
    buf_clear(&work->scratch);
    buf_clear(&work->second);
    pattern_scratch_free(work->matcher);
    free(work);
}

struct arena *lens_work_arena(struct lens_work *work)
{
    return &work->arena;
}

void lens_work_reset(struct lens_work *work)
{
    arena_reset(&work->arena);
}

void lens_work_set_vocabularies(struct lens_work *work, const struct lens_vocabularies *known)
{
    work->vocabularies = known;
}

void lens_work_want_losses(struct lens_work *work, bool wanted)
{
    work->wants_losses = wanted;
}

/* The tables that instructions look things up in: texts, hash tables, shapes of objects. */
#include <stdlib.h>

#include "proto/json/key_order.h"
#include "proto/schema/lower.h"

#define MERGE_SLOTS_MAX                                                                            \
    16u /* more are looked up by hash; measured in tests/bench/bench_schema.c                      \
         */

void program_clear(struct program *p)
{
    free(p->code.items);
    free(p->edges.items);
    free(p->slots.items);
    free(p->tables.items);
    free(p->table_slots.items);
    free(p->shapes.items);
    free(p->shape_patterns.items);
    free(p->ranges.items);
    free(p->divisors.items);
    free(p->selectors.items);
    free(p->masks.items);
    free(p->bytes.items);
    *p = (struct program){.entry = 0};
}

enum err tables_key(struct program *p, struct span text, struct text_key *out)
{
    *out = (struct text_key){.prefix = text_prefix(text.data, (uint32_t)text.len),
                             .offset = p->bytes.count,
                             .len = (uint32_t)text.len};
    for (size_t i = 0; i < text.len; i++) {
        uint8_t *byte = LIST_PUSH(&p->bytes);
        if (byte == NULL)
            return ERR_NO_MEMORY;
        *byte = text.data[i];
    }
    return OK;
}

/* An enum may say a value twice. */
static bool same_slot(const struct program *p, uint32_t a, uint32_t b)
{
    const struct slot *x = &p->slots.items[a];
    const struct slot *y = &p->slots.items[b];
    return x->edge == y->edge && x->key.len == y->key.len &&
           memcmp(p->bytes.items + x->key.offset, p->bytes.items + y->key.offset, x->key.len) == 0;
}

static bool fill(const struct program *p, uint32_t slot_first, uint32_t slot_count,
                 struct table *table, uint32_t *slots)
{
    memset(slots, 0, (table->mask + 1) * sizeof(*slots));
    for (uint32_t i = 0; i < slot_count; i++) {
        const struct text_key *key = &p->slots.items[slot_first + i].key;
        uint64_t hash = text_hash(p->bytes.items + key->offset, key->len, key->prefix, table->seed);
        uint32_t at = (uint32_t)hash & table->mask;
        uint32_t probes = 0;
        while (slots[at] != 0 && !same_slot(p, slot_first + slots[at] - 1, slot_first + i)) {
            at = (at + 1) & table->mask;
            if (++probes >= TABLE_PROBES_MAX)
                return false;
        }
        if (slots[at] == 0)
            slots[at] = i + 1;
    }
    return true;
}

enum err tables_hash(struct program *p, uint32_t slot_first, uint32_t slot_count, uint32_t *out)
{
    uint32_t size = 4;
    while (size < slot_count * 2)
        size *= 2;
    uint32_t *slots = NULL;
    struct table table = {.first = p->table_slots.count};
    bool placed = false;
    for (unsigned attempt = 0; !placed && attempt < 48; attempt++) {
        if (attempt % 16 == 0) {
            size *= attempt == 0 ? 1 : 2;
            free(slots);
            slots = malloc(size * sizeof(*slots));
            if (slots == NULL)
                return ERR_NO_MEMORY;
        }
        table.mask = size - 1;
        table.seed = attempt * UINT64_C(0xD6E8FEB86659FD93);
        placed = fill(p, slot_first, slot_count, &table, slots);
    }
    enum err err = placed ? OK : ERR_LIMIT;
    for (uint32_t i = 0; err == OK && i < size; i++) {
        uint32_t *slot = LIST_PUSH(&p->table_slots);
        if (slot == NULL)
            err = ERR_NO_MEMORY;
        else
            *slot = slots[i];
    }
    free(slots);
    if (err != OK)
        return err;
    struct table *kept = LIST_PUSH(&p->tables);
    if (kept == NULL)
        return ERR_NO_MEMORY;
    *kept = table;
    *out = p->tables.count - 1;
    return OK;
}

/* ---- enum and const ---- */

static uint32_t kinds_of(const struct tape_token *token)
{
    static const uint8_t kinds[] = {KIND_NULL,   KIND_BOOLEAN, KIND_BOOLEAN, KIND_NUMBER,
                                    KIND_STRING, KIND_ARRAY,   KIND_OBJECT};
    return kinds[token->type];
}

static enum err add_value(struct builder *b, const struct view *view, uint32_t token,
                          uint32_t *kinds)
{
    struct program *p = b->l->program;
    const struct schema_document *document = model_document(b->l->model, view->node);
    struct slot slot = {.edge = schema_document_token(document, token)->type};
    TRY(tables_key(p, schema_document_span(document, token), &slot.key));
    struct slot *kept = LIST_PUSH(&p->slots);
    if (kept == NULL)
        return ERR_NO_MEMORY;
    *kept = slot;
    *kinds |= kinds_of(schema_document_token(document, token));
    return OK;
}

static enum err lower_values(struct builder *b, const struct view *view,
                             const struct clause *clause)
{
    const struct schema_document *document = model_document(b->l->model, view->node);
    uint32_t first = b->l->program->slots.count;
    uint32_t count = schema_document_token(document, clause->token)->count;
    uint32_t kinds = 0;
    uint32_t item = clause->token + 1;
    for (uint32_t i = 0; i < count; i++) {
        TRY(add_value(b, view, item, &kinds));
        item = schema_document_token(document, item)->next;
    }
    b->kinds &= kinds;
    if (count == 0)
        return OK;
    uint32_t table = TABLE_NONE;
    if (count > 8) {
        enum err err = tables_hash(b->l->program, first, count, &table);
        if (err == ERR_LIMIT)
            return frame_refuse_limit(b->l->framing, b->l->model->nodes.items[view->node].source,
                                      clause->token, "TABLE_PROBES_MAX");
        TRY(err);
    }
    return lower_emit(b, 1,
                      (struct instruction){.op = OP_ENUM, .a = first, .b = count, .c = table});
}

enum err tables_enum(struct builder *b, const struct view *view)
{
    const struct clause *one = view->by[KEYWORD_CONST];
    if (view->by[KEYWORD_ENUM] != NULL)
        TRY(lower_values(b, view, view->by[KEYWORD_ENUM]));
    if (one == NULL)
        return OK;
    uint32_t kinds = 0;
    TRY(add_value(b, view, one->token, &kinds));
    b->kinds &= kinds;
    if (kinds == KIND_NULL)
        return OK;
    return lower_emit(b, 1,
                      (struct instruction){.op = OP_CONST, .a = b->l->program->slots.count - 1});
}

/* ---- shapes ---- */

struct draft {
    struct span name;
    edge edge;
    uint32_t flags;
    uint32_t order;
};

struct drafts {
    LIST(struct draft) list;
};

static enum err add_draft(struct drafts *drafts, struct span name, edge child, uint32_t flags)
{
    struct draft *draft = LIST_PUSH(&drafts->list);
    if (draft == NULL)
        return ERR_NO_MEMORY;
    *draft =
        (struct draft){.name = name, .edge = child, .flags = flags, .order = drafts->list.count};
    return OK;
}

/* By name; one with an edge before those without. */
static int by_name(const void *a, const void *b)
{
    const struct draft *x = a;
    const struct draft *y = b;
    int order = key_order_escaped(x->name, y->name);
    return order != 0 ? order : x->order < y->order ? -1 : x->order > y->order;
}

/* Sorts, and makes one of those with the same name. */
static void unite(struct drafts *drafts)
{
    uint32_t kept = 0;
    if (drafts->list.count == 0)
        return;
    qsort(drafts->list.items, drafts->list.count, sizeof(*drafts->list.items), by_name);
    for (uint32_t i = 1; i < drafts->list.count; i++) {
        struct draft *last = &drafts->list.items[kept];
        const struct draft *next = &drafts->list.items[i];
        if (span_equal(last->name, next->name))
            last->flags |= next->flags;
        else
            drafts->list.items[++kept] = *next;
    }
    drafts->list.count = kept + 1;
}

/* Sorted by bytes as canonical JSON sorts: ASCII without escapes. */
static bool is_plain(struct span name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (name.data[i] >= 0x80 || name.data[i] == '\\' || name.data[i] == 0)
            return false;
    }
    return true;
}

static enum err add_slots(struct builder *b, const struct drafts *drafts, struct shape *shape)
{
    struct program *p = b->l->program;
    bool all_plain = true;
    shape->slot_first = p->slots.count;
    shape->slot_count = drafts->list.count;
    shape->plain = true;
    for (uint32_t i = 0; i < drafts->list.count; i++) {
        const struct draft *draft = &drafts->list.items[i];
        struct slot slot = {.edge = draft->edge, .flags = draft->flags};
        TRY(tables_key(p, draft->name, &slot.key));
        struct slot *kept = LIST_PUSH(&p->slots);
        if (kept == NULL)
            return ERR_NO_MEMORY;
        *kept = slot;
        shape->required += (draft->flags & SLOT_REQUIRED) != 0;
        shape->plain = shape->plain && draft->edge == EDGE_TRUE;
        all_plain = all_plain && is_plain(draft->name);
    }
    shape->table = TABLE_NONE;
    if (shape->slot_count > MERGE_SLOTS_MAX || !all_plain)
        return tables_hash(p, shape->slot_first, shape->slot_count, &shape->table);
    return OK;
}

static enum err draft_properties(struct builder *b, const struct view *view, struct drafts *drafts)
{
    const struct model *model = b->l->model;
    const struct clause *properties = view->by[KEYWORD_PROPERTIES];
    const struct clause *required = view->by[KEYWORD_REQUIRED];
    for (uint32_t i = 0; properties != NULL && i < properties->count; i++) {
        const struct child *child = &model->children.items[properties->first + i];
        edge e;
        TRY(lower_edge(b->l, child->node, view->context, VARIANT_PLAIN, 0, &e));
        TRY(add_draft(drafts, model_text(model, view->node, child->key), e, SLOT_PROPERTY));
    }
    if (required == NULL)
        return OK;
    const struct schema_document *document = model_document(model, view->node);
    uint32_t item = required->token + 1;
    for (uint32_t i = 0; i < schema_document_token(document, required->token)->count; i++, item++)
        TRY(add_draft(drafts, schema_document_span(document, item), EDGE_TRUE, SLOT_REQUIRED));
    return OK;
}

static enum err add_pattern(struct program *p, uint32_t pattern, edge e, uint32_t *count)
{
    struct shape_pattern *kept = LIST_PUSH(&p->shape_patterns);
    if (kept == NULL)
        return ERR_NO_MEMORY;
    *kept = (struct shape_pattern){.pattern = pattern, .edge = e};
    (*count)++;
    return OK;
}

/* Patterns that demand something of their members; then those that only make them known, which
 * matter where additional ones are judged. */
static enum err add_patterns(struct builder *b, const struct view *view,
                             const struct evaluated *foreign, struct shape *shape)
{
    struct program *p = b->l->program;
    const struct clause *patterns = view->by[KEYWORD_PATTERN_PROPERTIES];
    uint32_t count = patterns == NULL ? 0 : patterns->count;
    const struct child *children =
        count == 0 ? NULL : b->l->model->children.items + patterns->first;
    bool marks = lower_marks(b) != 0;
    shape->pattern_first = p->shape_patterns.count;
    for (unsigned turn = 0; turn < 2; turn++) {
        for (uint32_t i = 0; i < count; i++) {
            edge e;
            TRY(lower_edge(b->l, children[i].node, view->context, VARIANT_PLAIN, 0, &e));
            bool is_idle = e == EDGE_TRUE && !marks;
            if (turn == 0 && !is_idle)
                TRY(add_pattern(p, children[i].pattern, e, &shape->pattern_count));
            if (turn == 1 && is_idle && shape->additional != EDGE_TRUE)
                TRY(add_pattern(p, children[i].pattern, e, &shape->extra_patterns));
        }
    }
    for (uint32_t i = 0; i < foreign->patterns.count && shape->additional != EDGE_TRUE; i++)
        TRY(add_pattern(p, foreign->patterns.items[i], EDGE_TRUE, &shape->extra_patterns));
    return OK;
}

/* foreign: names and patterns that other schemas evaluate, where unevaluatedProperties is the
 * additional one; empty otherwise. */
static enum err make_shape(struct builder *b, const struct view *view,
                           const struct clause *additional, const struct evaluated *foreign)
{
    struct drafts drafts = {.list = {.items = NULL}};
    struct shape shape = {.additional = EDGE_TRUE};
    enum err err = draft_properties(b, view, &drafts);
    for (uint32_t i = 0; err == OK && i < foreign->names.count; i++)
        err = add_draft(&drafts, foreign->names.items[i], EDGE_TRUE, SLOT_PROPERTY);
    if (err == OK && additional != NULL)
        err = lower_edge(b->l, b->l->model->children.items[additional->first].node, view->context,
                         VARIANT_PLAIN, 0, &shape.additional);
    if (err == OK)
        err = add_patterns(b, view, foreign, &shape);
    if (err == OK) {
        unite(&drafts);
        err = add_slots(b, &drafts, &shape);
    }
    free(drafts.list.items);
    if (err == ERR_LIMIT && b->l->framing->refusal->err == OK)
        return frame_refuse_limit(b->l->framing, b->l->model->nodes.items[view->node].source,
                                  b->l->model->nodes.items[view->node].token, "TABLE_PROBES_MAX");
    TRY(err);
    shape.open = shape.additional == EDGE_TRUE && shape.pattern_count == 0 &&
                 (lower_marks(b) == 0 || additional == NULL);
    if (lower_marks(b) == 0 && shape.open && shape.plain && shape.required == 0)
        return OK;
    struct shape *kept = LIST_PUSH(&b->l->program->shapes);
    if (kept == NULL)
        return ERR_NO_MEMORY;
    *kept = shape;
    uint16_t aux = additional != NULL; /* there is one: what it takes is evaluated */
    return lower_emit(b, shape.plain && shape.additional == EDGE_TRUE ? 2 : 4,
                      (struct instruction){.op = OP_SHAPE,
                                           .flags = lower_marks(b),
                                           .a = b->l->program->shapes.count - 1,
                                           .b = aux});
}

enum err tables_shape(struct builder *b, const struct view *view)
{
    const struct clause *additional = view->by[KEYWORD_ADDITIONAL_PROPERTIES];
    const struct clause *unevaluated = view->by[KEYWORD_UNEVALUATED_PROPERTIES];
    struct evaluated foreign = {.steps = 0};
    enum err err = OK;
    if (unevaluated != NULL && additional == NULL) {
        enum evaluated_verdict verdict;
        err = evaluated_find(b->l, view, false, &foreign, &verdict);
        if (err == OK && verdict == EVALUATED_STATIC && !foreign.all_members)
            additional = unevaluated;
        else
            evaluated_clear(&foreign);
    }
    bool is_needed = view->by[KEYWORD_PROPERTIES] != NULL || view->by[KEYWORD_REQUIRED] != NULL ||
                     view->by[KEYWORD_PATTERN_PROPERTIES] != NULL || additional != NULL;
    if (err == OK && is_needed)
        err = make_shape(b, view, additional, &foreign);
    evaluated_clear(&foreign);
    return err;
}

enum err tables_unmarked(struct builder *b, const struct view *view)
{
    struct program *p = b->l->program;
    const struct clause *clause = view->by[KEYWORD_UNEVALUATED_PROPERTIES];
    struct drafts drafts = {.list = {.items = NULL}};
    struct shape shape = {.pattern_first = p->shape_patterns.count};
    enum err err = lower_edge(b->l, b->l->model->children.items[clause->first].node, view->context,
                              VARIANT_PLAIN, 0, &shape.additional);
    for (uint32_t i = 0; err == OK && i < b->certain->names.count; i++)
        err = add_draft(&drafts, b->certain->names.items[i], EDGE_TRUE, SLOT_PROPERTY);
    for (uint32_t i = 0; err == OK && i < b->certain->patterns.count; i++)
        err = add_pattern(p, b->certain->patterns.items[i], EDGE_TRUE, &shape.extra_patterns);
    if (err == OK) {
        unite(&drafts);
        err = add_slots(b, &drafts, &shape);
    }
    free(drafts.list.items);
    if (err == ERR_LIMIT && b->l->framing->refusal->err == OK)
        return frame_refuse_limit(b->l->framing, b->l->model->nodes.items[view->node].source,
                                  clause->token, "TABLE_PROBES_MAX");
    TRY(err);
    struct shape *kept = LIST_PUSH(&p->shapes);
    if (kept == NULL)
        return ERR_NO_MEMORY;
    *kept = shape;
    return lower_emit(b, 9,
                      (struct instruction){
                          .op = OP_SHAPE, .flags = INSTRUCTION_UNMARKED, .a = p->shapes.count - 1});
}

/* The model -> a program: each subschema once for each way in which it is reached, references and
 * allOf flattened into the block that applies them, keywords in the order of what they cost. */
#include "proto/schema/lower.h"

#include <stdlib.h>

void lower_view(const struct lowering *l, uint32_t node, uint32_t context, struct view *out)
{
    const struct node *n = &l->model->nodes.items[node];
    *out = (struct view){.node = node, .context = context};
    for (uint32_t i = 0; i < n->clause_count; i++) {
        const struct clause *clause = &l->model->clauses.items[n->clause_first + i];
        out->by[clause->keyword] = clause;
    }
}

static enum err refuse_loop(struct lowering *l, uint32_t node)
{
    const struct node *n = &l->model->nodes.items[node];
    return frame_refuse(l->framing, n->source, n->token,
                        "JSON Schema Core 2020-12, 9.4.1: a schema does not apply itself to the "
                        "same value without end",
                        "references that descend into the value");
}

static enum err refuse_limit(struct lowering *l, uint32_t node, const char *limit)
{
    const struct node *n = &l->model->nodes.items[node];
    return frame_refuse_limit(l->framing, n->source, n->token, limit);
}

/* ---- contexts ---- */

enum err lower_bind(struct lowering *l, uint32_t node, uint32_t *context)
{
    const struct resource *resource =
        &l->model->resources.items[l->model->nodes.items[node].resource];
    struct context bound = l->contexts.items[*context];
    bool changed = false;
    for (uint32_t i = 0; i < l->model->dynamic_count; i++) {
        if (bound.node[i] == NONE && resource->dynamic[i] != NONE) {
            bound.node[i] = resource->dynamic[i];
            changed = true;
        }
    }
    if (!changed)
        return OK;
    for (*context = 0; *context < l->contexts.count; (*context)++) {
        if (memcmp(&l->contexts.items[*context], &bound, sizeof(bound)) == 0)
            return OK;
    }
    if (l->contexts.count >= SCHEMA_CONTEXTS_MAX)
        return refuse_limit(l, node, "SCHEMA_CONTEXTS_MAX");
    struct context *slot = LIST_PUSH(&l->contexts);
    if (slot == NULL)
        return ERR_NO_MEMORY;
    *slot = bound;
    return OK;
}

uint32_t lower_target(const struct lowering *l, const struct clause *clause, uint32_t context)
{
    const struct reference *reference = &l->model->references.items[clause->first];
    if (reference->dynamic == NONE)
        return reference->target;
    uint32_t bound = l->contexts.items[context].node[reference->dynamic];
    return bound != NONE ? bound : reference->target;
}

/* ---- edges and blocks ---- */

static bool asserts(enum keyword keyword)
{
    switch (keyword_rows[keyword].vocabulary) {
    case VOCABULARY_METADATA:
    case VOCABULARY_CONTENT:
        return false;
    case VOCABULARY_CORE:
        return keyword == KEYWORD_REF || keyword == KEYWORD_DYNAMIC_REF;
    default:
        return true;
    }
}

/* The only clause that decides anything, or NULL: none or several. */
static const struct clause *only_clause(const struct lowering *l, uint32_t node, uint32_t *count)
{
    const struct node *n = &l->model->nodes.items[node];
    const struct clause *only = NULL;
    *count = 0;
    for (uint32_t i = 0; i < n->clause_count; i++) {
        const struct clause *clause = &l->model->clauses.items[n->clause_first + i];
        if (asserts(clause->keyword)) {
            only = clause;
            (*count)++;
        }
    }
    return *count == 1 ? only : NULL;
}

static uint32_t type_kinds(const struct lowering *l, uint32_t node, const struct clause *clause)
{
    const struct schema_document *document = model_document(l->model, node);
    const struct tape_token *token = schema_document_token(document, clause->token);
    if (token->type == TAPE_STRING)
        return shape_type_bits(schema_document_span(document, clause->token));
    uint32_t kinds = 0;
    for (uint32_t i = 0; i < token->count; i++)
        kinds |= shape_type_bits(schema_document_span(document, clause->token + 1 + i));
    return kinds;
}

/* Follows references that stand alone; decides what needs no block. *done: *out is the edge. */
static enum err follow(struct lowering *l, uint32_t *node, uint32_t *context, edge *out, bool *done)
{
    *done = true;
    for (uint32_t i = 0; i <= l->model->references.count; i++) {
        TRY(lower_bind(l, *node, context));
        uint32_t count;
        const struct clause *only = only_clause(l, *node, &count);
        if (l->model->nodes.items[*node].kind == NODE_FALSE) {
            *out = EDGE_FALSE;
            return OK;
        }
        if (count == 0) {
            *out = EDGE_TRUE;
            return OK;
        }
        if (only != NULL && only->keyword == KEYWORD_TYPE) {
            *out = type_kinds(l, *node, only);
            return OK;
        }
        *done = false;
        if (only == NULL || (only->keyword != KEYWORD_REF && only->keyword != KEYWORD_DYNAMIC_REF))
            return OK;
        *node = lower_target(l, only, *context);
        *done = true;
    }
    return refuse_loop(l, *node);
}

static uint32_t block_hash(uint32_t node, uint32_t context, uint32_t variant)
{
    uint64_t word = (uint64_t)node << 32 | context << 2 | variant;
    word *= UINT64_C(0x9E3779B97F4A7C15);
    return (uint32_t)(word >> 32);
}

static enum err grow_block_table(struct lowering *l)
{
    uint32_t count = l->block_table_count == 0 ? 256 : l->block_table_count * 2;
    uint32_t *table = calloc(count, sizeof(*table));
    if (table == NULL)
        return ERR_NO_MEMORY;
    for (uint32_t i = 1; i < l->blocks.count; i++) {
        const struct block *block = &l->blocks.items[i];
        uint32_t at = block_hash(block->node, block->context, block->variant) & (count - 1);
        while (table[at] != 0)
            at = (at + 1) & (count - 1);
        table[at] = i;
    }
    free(l->block_table);
    l->block_table = table;
    l->block_table_count = count;
    return OK;
}

static enum err find_block(struct lowering *l, uint32_t node, uint32_t context,
                           enum variant variant, uint32_t *out)
{
    if (l->blocks.count * 2 >= l->block_table_count)
        TRY(grow_block_table(l));
    uint32_t mask = l->block_table_count - 1;
    uint32_t at = block_hash(node, context, variant) & mask;
    for (; l->block_table[at] != 0; at = (at + 1) & mask) {
        const struct block *block = &l->blocks.items[l->block_table[at]];
        if (block->node == node && block->context == context && block->variant == variant) {
            *out = l->block_table[at];
            return OK;
        }
    }
    if (l->blocks.count >= l->framing->limits.instructions_max)
        return refuse_limit(l, node, "SCHEMA_INSTRUCTIONS_MAX");
    struct block *block = LIST_PUSH(&l->blocks);
    if (block == NULL)
        return ERR_NO_MEMORY;
    *block =
        (struct block){.node = node, .context = context, .variant = variant, .kinds = KIND_ANY};
    *out = l->block_table[at] = l->blocks.count - 1;
    return OK;
}

enum err lower_edge(struct lowering *l, uint32_t node, uint32_t context, enum variant variant,
                    uint32_t in_place_of, edge *out)
{
    bool done;
    uint32_t block;
    TRY(follow(l, &node, &context, out, &done));
    if (done)
        return OK;
    TRY(find_block(l, node, context, variant, &block));
    *out = block << 7;
    if (in_place_of == 0)
        return OK;
    struct link *link = LIST_PUSH(&l->links);
    if (link == NULL)
        return ERR_NO_MEMORY;
    *link = (struct link){.from = in_place_of, .to = block};
    return OK;
}

enum err lower_emit(struct builder *b, unsigned phase, struct instruction instruction)
{
    struct instruction *slot = LIST_PUSH(&b->code);
    if (slot == NULL)
        return ERR_NO_MEMORY;
    *slot = instruction;
    slot->aux = (uint16_t)phase;
    return OK;
}

/* ---- keywords ---- */

static uint32_t count_of(const struct builder *b, const struct view *view, enum keyword keyword,
                         uint32_t otherwise)
{
    const struct clause *clause = view->by[keyword];
    return clause == NULL ? otherwise : model_count(b->l->model, view->node, clause);
}

static double number_of(const struct builder *b, const struct view *view,
                        const struct clause *clause)
{
    const struct schema_document *document = model_document(b->l->model, view->node);
    return tape_number(&document->tape, document->text, clause->token);
}

static enum err lower_range(struct builder *b, const struct view *view)
{
    struct range range = {.min = -__builtin_inf(), .max = __builtin_inf()};
    const struct clause *min = view->by[KEYWORD_MINIMUM];
    const struct clause *max = view->by[KEYWORD_MAXIMUM];
    const struct clause *above = view->by[KEYWORD_EXCLUSIVE_MINIMUM];
    const struct clause *below = view->by[KEYWORD_EXCLUSIVE_MAXIMUM];
    if (min == NULL && max == NULL && above == NULL && below == NULL)
        return OK;
    if (min != NULL)
        range.min = number_of(b, view, min);
    if (max != NULL)
        range.max = number_of(b, view, max);
    if (above != NULL && number_of(b, view, above) >= range.min) {
        range.min = number_of(b, view, above);
        range.above = true;
    }
    if (below != NULL && number_of(b, view, below) <= range.max) {
        range.max = number_of(b, view, below);
        range.below = true;
    }
    struct range *kept = LIST_PUSH(&b->l->program->ranges);
    if (kept == NULL)
        return ERR_NO_MEMORY;
    *kept = range;
    return lower_emit(b, 1,
                      (struct instruction){.op = OP_RANGE, .a = b->l->program->ranges.count - 1});
}

static enum err lower_counts(struct builder *b, const struct view *view, enum op op,
                             enum keyword min, enum keyword max)
{
    if (view->by[min] == NULL && view->by[max] == NULL)
        return OK;
    return lower_emit(b, 1,
                      (struct instruction){.op = (uint8_t)op,
                                           .a = count_of(b, view, min, 0),
                                           .b = count_of(b, view, max, UINT32_MAX)});
}

static enum err lower_scalars(struct builder *b, const struct view *view)
{
    const struct clause *clause;
    if ((clause = view->by[KEYWORD_TYPE]) != NULL)
        b->kinds &= type_kinds(b->l, view->node, clause);
    TRY(tables_enum(b, view));
    TRY(lower_range(b, view));
    TRY(lower_counts(b, view, OP_LENGTH, KEYWORD_MIN_LENGTH, KEYWORD_MAX_LENGTH));
    TRY(lower_counts(b, view, OP_ITEM_COUNT, KEYWORD_MIN_ITEMS, KEYWORD_MAX_ITEMS));
    TRY(lower_counts(b, view, OP_MEMBER_COUNT, KEYWORD_MIN_PROPERTIES, KEYWORD_MAX_PROPERTIES));
    if ((clause = view->by[KEYWORD_MULTIPLE_OF]) != NULL) {
        struct decimal *divisor = LIST_PUSH(&b->l->program->divisors);
        if (divisor == NULL)
            return ERR_NO_MEMORY;
        *divisor = number_decimal(model_text(b->l->model, view->node, clause->token));
        TRY(lower_emit(
            b, 1, (struct instruction){.op = OP_MULTIPLE, .a = b->l->program->divisors.count - 1}));
    }
    if ((clause = view->by[KEYWORD_PATTERN]) != NULL)
        TRY(lower_emit(b, 3, (struct instruction){.op = OP_PATTERN, .a = clause->first}));
    if ((clause = view->by[KEYWORD_FORMAT]) != NULL && clause->asserts &&
        clause->first != FORMAT_UNKNOWN)
        TRY(lower_emit(b, 3, (struct instruction){.op = OP_FORMAT, .a = clause->first}));
    return OK;
}

static uint8_t marks(const struct builder *b)
{
    return lower_marks(b);
}

/* The way in which a schema applied to the same value is lowered: marking only if that adds to what
 * is known without. */
static enum err inner(const struct builder *b, uint32_t node, uint32_t context,
                      enum variant *variant_out, uint8_t *flags)
{
    bool adds = false;
    if (b->variant != VARIANT_PLAIN)
        TRY(evaluated_adds(b->l, b->certain, node, context, &adds));
    *variant_out = adds ? VARIANT_MARKS : VARIANT_PLAIN;
    *flags |= (uint8_t)(adds ? INSTRUCTION_MARKS : 0);
    return OK;
}

/* The edge of a schema applied to the same value; flags: whether it marks is added. */
static enum err inner_edge(struct builder *b, uint32_t node, uint32_t context, uint8_t *flags,
                           edge *out)
{
    enum variant variant;
    TRY(inner(b, node, context, &variant, flags));
    return lower_edge(b->l, node, context, variant, b->block, out);
}

static uint32_t child_node(const struct builder *b, const struct clause *clause, uint32_t i)
{
    return b->l->model->children.items[clause->first + i].node;
}

static enum err lower_array(struct builder *b, const struct view *view)
{
    struct program *p = b->l->program;
    const struct clause *prefix = view->by[KEYWORD_PREFIX_ITEMS];
    const struct clause *items = view->by[KEYWORD_ITEMS];
    const struct clause *contains = view->by[KEYWORD_CONTAINS];
    const struct clause *unique = view->by[KEYWORD_UNIQUE_ITEMS];
    if (prefix != NULL) {
        edge e;
        uint32_t first = p->edges.count;
        for (uint32_t i = 0; i < prefix->count; i++) {
            TRY(lower_edge(b->l, child_node(b, prefix, i), view->context, VARIANT_PLAIN, 0, &e));
            edge *slot = LIST_PUSH(&p->edges);
            if (slot == NULL)
                return ERR_NO_MEMORY;
            *slot = e;
        }
        TRY(lower_emit(b, 5,
                       (struct instruction){
                           .op = OP_PREFIX, .flags = marks(b), .a = first, .b = prefix->count}));
    }
    if (items != NULL) {
        edge rest;
        TRY(lower_edge(b->l, child_node(b, items, 0), view->context, VARIANT_PLAIN, 0, &rest));
        if (rest != EDGE_TRUE || marks(b) != 0)
            TRY(lower_emit(b, 5,
                           (struct instruction){.op = OP_REST,
                                                .flags = marks(b),
                                                .a = rest,
                                                .b = prefix != NULL ? prefix->count : 0}));
    }
    if (contains != NULL) {
        struct instruction insn = {.op = OP_CONTAINS,
                                   .flags = marks(b),
                                   .b = count_of(b, view, KEYWORD_MIN_CONTAINS, 1),
                                   .c = count_of(b, view, KEYWORD_MAX_CONTAINS, UINT32_MAX)};
        TRY(lower_edge(b->l, child_node(b, contains, 0), view->context, VARIANT_PLAIN, 0, &insn.a));
        TRY(lower_emit(b, 7, insn));
    }
    if (unique != NULL &&
        schema_document_token(model_document(b->l->model, view->node), unique->token)->type ==
            TAPE_TRUE)
        TRY(lower_emit(b, 8, (struct instruction){.op = OP_UNIQUE}));
    return OK;
}

static enum err add_name(struct builder *b, const struct view *view, uint32_t token, uint32_t *out)
{
    struct program *p = b->l->program;
    struct slot slot = {.edge = EDGE_TRUE};
    TRY(tables_key(p, model_text(b->l->model, view->node, token), &slot.key));
    struct slot *kept = LIST_PUSH(&p->slots);
    if (kept == NULL)
        return ERR_NO_MEMORY;
    *kept = slot;
    *out = p->slots.count - 1;
    return OK;
}

static enum err need_names(struct builder *b, const struct view *view, uint32_t key)
{
    const struct schema_document *document = model_document(b->l->model, view->node);
    struct instruction insn = {.op = OP_DEPENDENT_REQUIRED,
                               .c = schema_document_token(document, key + 1)->count};
    uint32_t ignored;
    TRY(add_name(b, view, key, &insn.a));
    insn.b = b->l->program->slots.count;
    for (uint32_t i = 0; i < insn.c; i++)
        TRY(add_name(b, view, key + 2 + i, &ignored));
    return lower_emit(b, 6, insn);
}

static enum err lower_dependencies(struct builder *b, const struct view *view,
                                   const struct clause *clause)
{
    for (uint32_t i = 0; clause != NULL && i < clause->count; i++) {
        const struct child *child = &b->l->model->children.items[clause->first + i];
        uint32_t key = child->key;
        if (child->node == NONE) {
            TRY(need_names(b, view, key));
            continue;
        }
        struct instruction insn = {.op = OP_DEPENDENT_SCHEMA};
        TRY(inner_edge(b, child->node, view->context, &insn.flags, &insn.b));
        TRY(add_name(b, view, key, &insn.a));
        TRY(lower_emit(b, 6, insn));
    }
    return OK;
}

static enum err lower_object(struct builder *b, const struct view *view)
{
    TRY(tables_shape(b, view));
    const struct clause *names = view->by[KEYWORD_PROPERTY_NAMES];
    const struct clause *needed = view->by[KEYWORD_DEPENDENT_REQUIRED];
    if (names != NULL) {
        struct instruction insn = {.op = OP_NAMES};
        TRY(lower_edge(b->l, child_node(b, names, 0), view->context, VARIANT_PLAIN, 0, &insn.a));
        TRY(lower_emit(b, 5, insn));
    }
    if (needed != NULL) {
        const struct schema_document *document = model_document(b->l->model, view->node);
        uint32_t key = needed->token + 1;
        for (uint32_t i = 0; i < schema_document_token(document, needed->token)->count; i++) {
            TRY(need_names(b, view, key));
            key = schema_document_token(document, key + 1)->next;
        }
    }
    TRY(lower_dependencies(b, view, view->by[KEYWORD_DEPENDENT_SCHEMAS]));
    return lower_dependencies(b, view, view->by[KEYWORD_DEPENDENCIES]);
}

static enum err lower_branches(struct builder *b, const struct view *view,
                               const struct clause *clause, enum op op)
{
    struct program *p = b->l->program;
    if (clause == NULL)
        return OK;
    uint32_t first = p->edges.count;
    uint32_t kinds = 0;
    uint8_t flags = 0;
    bool simple = op == OP_ANY;
    for (uint32_t i = 0; i < clause->count; i++) {
        edge branch;
        TRY(inner_edge(b, child_node(b, clause, i), view->context, &flags, &branch));
        edge *slot = LIST_PUSH(&p->edges);
        if (slot == NULL)
            return ERR_NO_MEMORY;
        *slot = branch;
        kinds |= branch;
        simple = simple && branch >> 7 == 0;
    }
    if (simple && flags == 0) {
        b->kinds &= kinds;
        return OK;
    }
    return lower_emit(
        b, 7,
        (struct instruction){.op = (uint8_t)op, .flags = flags, .a = first, .b = clause->count});
}

static enum err lower_choices(struct builder *b, const struct view *view)
{
    TRY(lower_branches(b, view, view->by[KEYWORD_ANY_OF], OP_ANY));
    TRY(lower_branches(b, view, view->by[KEYWORD_ONE_OF], OP_ONE));
    const struct clause *not = view->by[KEYWORD_NOT];
    const struct clause *condition = view->by[KEYWORD_IF];
    const struct clause *then = view->by[KEYWORD_THEN];
    const struct clause *otherwise = view->by[KEYWORD_ELSE];
    if (not != NULL) {
        struct instruction insn = {.op = OP_NOT};
        TRY(lower_edge(b->l, child_node(b, not, 0), view->context, VARIANT_PLAIN, b->block,
                       &insn.a));
        TRY(lower_emit(b, 6, insn));
    }
    bool decides = then != NULL || otherwise != NULL || b->variant != VARIANT_PLAIN;
    if (condition == NULL || !decides)
        return OK;
    struct instruction insn = {.op = OP_IF, .b = EDGE_TRUE, .c = EDGE_TRUE};
    TRY(inner_edge(b, child_node(b, condition, 0), view->context, &insn.flags, &insn.a));
    if (then != NULL)
        TRY(inner_edge(b, child_node(b, then, 0), view->context, &insn.flags, &insn.b));
    if (otherwise != NULL)
        TRY(inner_edge(b, child_node(b, otherwise, 0), view->context, &insn.flags, &insn.c));
    return lower_emit(b, 7, insn);
}

/* ---- unevaluated ---- */

/* Whether the node must mark at run time what it evaluates. */
static enum err needs_scope(struct builder *b, const struct view *view, bool *out)
{
    *out = false;
    for (int items = 0; items <= 1 && !*out; items++) {
        if (view->by[items ? KEYWORD_UNEVALUATED_ITEMS : KEYWORD_UNEVALUATED_PROPERTIES] == NULL)
            continue;
        struct evaluated evaluated;
        enum evaluated_verdict verdict;
        enum err err = evaluated_find(b->l, view, items, &evaluated, &verdict);
        /* additionalProperties beside it takes the one shape that there is; then all is evaluated.
         */
        evaluated_clear(&evaluated);
        TRY(err);
        *out = verdict == EVALUATED_DYNAMIC;
    }
    return OK;
}

/* unevaluatedItems whose start is known. */
static enum err lower_items_left(struct builder *b, const struct view *view)
{
    const struct clause *left = view->by[KEYWORD_UNEVALUATED_ITEMS];
    if (left == NULL)
        return OK;
    struct evaluated evaluated;
    enum evaluated_verdict verdict;
    enum err err = evaluated_find(b->l, view, true, &evaluated, &verdict);
    uint32_t from = evaluated.prefix;
    bool all = evaluated.all_items;
    evaluated_clear(&evaluated);
    TRY(err);
    if (verdict != EVALUATED_STATIC || all)
        return OK;
    struct instruction insn = {.op = OP_REST, .flags = marks(b), .b = from};
    TRY(lower_edge(b->l, child_node(b, left, 0), view->context, VARIANT_PLAIN, 0, &insn.a));
    return lower_emit(b, 5, insn);
}

static enum err judge_unmarked(struct builder *b, const struct view *view, enum keyword keyword,
                               uint32_t kind)
{
    struct evaluated evaluated;
    enum evaluated_verdict verdict;
    const struct clause *clause = view->by[keyword];
    if (clause == NULL)
        return OK;
    enum err err = evaluated_find(b->l, view, kind == KIND_ARRAY, &evaluated, &verdict);
    evaluated_clear(&evaluated);
    TRY(err);
    if (verdict == EVALUATED_STATIC)
        return OK;
    if (b->certain != NULL)
        return tables_unmarked(b, view);
    struct instruction insn = {.op = OP_UNEVALUATED, .flags = INSTRUCTION_MARKS, .b = kind};
    TRY(lower_edge(b->l, child_node(b, clause, 0), view->context, VARIANT_PLAIN, 0, &insn.a));
    return lower_emit(b, 9, insn);
}

/* ---- blocks ---- */

static enum err lower_node(struct builder *b, uint32_t node, uint32_t context, bool is_first);

/* A schema that is applied to the same value and must hold: flattened while there is room. */
static enum err lower_conjunct(struct builder *b, uint32_t node, uint32_t context)
{
    if (b->schema_count < BUILDER_SCHEMAS_MAX)
        return lower_node(b, node, context, false);
    struct instruction insn = {.op = OP_CALL};
    TRY(inner_edge(b, node, context, &insn.flags, &insn.a));
    return insn.a == EDGE_TRUE ? OK : lower_emit(b, 6, insn);
}

static enum err lower_conjuncts(struct builder *b, const struct view *view)
{
    static const enum keyword references[] = {KEYWORD_REF, KEYWORD_DYNAMIC_REF};
    for (size_t i = 0; i < 2; i++) {
        const struct clause *clause = view->by[references[i]];
        if (clause != NULL)
            TRY(lower_conjunct(b, lower_target(b->l, clause, view->context), view->context));
    }
    const struct clause *all = view->by[KEYWORD_ALL_OF];
    for (uint32_t i = 0; all != NULL && i < all->count; i++)
        TRY(lower_conjunct(b, child_node(b, all, i), view->context));
    return OK;
}

/* Puts the schema among those of this block. *again: it is there already, which is enough. */
static enum err enter_schema(struct builder *b, uint32_t node, uint32_t context, bool *again)
{
    *again = false;
    for (uint32_t i = 0; i < b->schema_count; i++) {
        if (b->schemas[i].node != node || b->schemas[i].context != context)
            continue;
        if (b->schemas[i].open)
            return refuse_loop(b->l, node);
        *again = true;
        return OK;
    }
    b->schemas[b->schema_count].node = node;
    b->schemas[b->schema_count].context = context;
    b->schemas[b->schema_count++].open = true;
    return OK;
}

/* Recursion: at most BUILDER_SCHEMAS_MAX, since each level takes a place among the block's. */
static enum err lower_node(struct builder *b, uint32_t node, uint32_t context, bool is_first)
{
    bool again;
    TRY(lower_bind(b->l, node, &context));
    TRY(enter_schema(b, node, context, &again));
    if (again)
        return OK;
    uint32_t entered = b->schema_count - 1;
    struct view view;
    lower_view(b->l, node, context, &view);
    if (b->l->model->nodes.items[node].kind == NODE_FALSE)
        b->kinds = 0;
    bool scope = false;
    bool is_inside = is_first && (b->variant == VARIANT_SCOPE || b->variant == VARIANT_ALONE);
    if (!is_inside)
        TRY(needs_scope(b, &view, &scope));
    if (scope) {
        struct instruction insn = {.op = OP_SCOPE, .flags = marks(b)};
        enum variant variant = marks(b) == 0 ? VARIANT_ALONE : VARIANT_SCOPE;
        TRY(lower_edge(b->l, node, context, variant, b->block, &insn.a));
        TRY(lower_emit(b, 7, insn));
    } else {
        TRY(lower_scalars(b, &view));
        TRY(lower_object(b, &view));
        TRY(lower_array(b, &view));
        TRY(lower_conjuncts(b, &view));
        TRY(lower_choices(b, &view));
        TRY(lower_items_left(b, &view));
        if (is_inside) {
            TRY(judge_unmarked(b, &view, KEYWORD_UNEVALUATED_PROPERTIES, KIND_OBJECT));
            TRY(judge_unmarked(b, &view, KEYWORD_UNEVALUATED_ITEMS, KIND_ARRAY));
        }
    }
    b->schemas[entered].open = false;
    return OK;
}

static enum err append_code(struct builder *b)
{
    struct lowering *l = b->l;
    struct block *block = &l->blocks.items[b->block];
    block->kinds = b->kinds;
    block->first = l->program->code.count;
    uint32_t count = b->kinds == 0 ? 0 : b->code.count;
    if (l->program->code.count + count >= l->framing->limits.instructions_max)
        return refuse_limit(l, block->node, "SCHEMA_INSTRUCTIONS_MAX");
    for (unsigned phase = 0; phase < 10; phase++) {
        for (uint32_t i = 0; i < count; i++) {
            if (b->code.items[i].aux != phase)
                continue;
            struct instruction *slot = LIST_PUSH(&l->program->code);
            if (slot == NULL)
                return ERR_NO_MEMORY;
            *slot = b->code.items[i];
            slot->aux = 0;
        }
    }
    struct instruction *end = LIST_PUSH(&l->program->code);
    if (end == NULL)
        return ERR_NO_MEMORY;
    *end = (struct instruction){.op = OP_END};
    return OK;
}

/* For a scope of members alone: what it evaluates for certain needs no marks. */
static enum err find_certain(struct builder *b, const struct block *block,
                             struct evaluated *certain)
{
    struct view view;
    enum evaluated_verdict verdict;
    lower_view(b->l, block->node, block->context, &view);
    if (block->variant != VARIANT_ALONE || view.by[KEYWORD_UNEVALUATED_PROPERTIES] == NULL ||
        view.by[KEYWORD_UNEVALUATED_ITEMS] != NULL)
        return OK;
    TRY(evaluated_find(b->l, &view, false, certain, &verdict));
    if (!certain->undecided && !certain->all_members)
        b->certain = certain;
    return OK;
}

static enum err lower_block(struct lowering *l, uint32_t index)
{
    struct block block = l->blocks.items[index];
    struct builder builder = {.l = l, .block = index, .variant = block.variant, .kinds = KIND_ANY};
    struct evaluated certain = {.steps = 0};
    enum err err = find_certain(&builder, &block, &certain);
    if (err == OK)
        err = lower_node(&builder, block.node, block.context, true);
    if (err == OK)
        err = append_code(&builder);
    evaluated_clear(&certain);
    free(builder.code.items);
    return err;
}

static enum err lower_all(struct lowering *l, uint32_t entry)
{
    struct context *context = LIST_PUSH(&l->contexts);
    struct block *none = LIST_PUSH(&l->blocks);
    struct instruction *end = LIST_PUSH(&l->program->code);
    if (context == NULL || none == NULL || end == NULL)
        return ERR_NO_MEMORY;
    memset(context, 0xFF, sizeof(*context));
    edge first;
    TRY(lower_edge(l, entry, 0, VARIANT_PLAIN, 0, &first));
    for (uint32_t i = 1; i < l->blocks.count; i++)
        TRY(lower_block(l, i));
    return link_program(l, first);
}

enum err lower(struct framing *framing, uint32_t entry, struct program *program)
{
    struct lowering l = {.framing = framing, .model = framing->model, .program = program};
    enum err err = lower_all(&l, entry);
    free(l.blocks.items);
    free(l.contexts.items);
    free(l.links.items);
    free(l.block_table);
    return err;
}

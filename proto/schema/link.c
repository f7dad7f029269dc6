/* The last pass of the lowering: refuses schemas that apply themselves to the same value without
 * end, and turns the blocks that edges name into places. */
#include <stdlib.h>

#include "proto/schema/lower.h"

#define NARROWING_ROUNDS 4u /* choices within each other; more are entered to be known */

/* Depth of what is applied to one value within each other, by repeated relaxation over the links;
 * more rounds than blocks would mean a loop, more than SCHEMA_NESTING_MAX is a limit. */
static enum err check_nesting(struct lowering *l)
{
    uint32_t *depth = calloc(l->blocks.count, sizeof(*depth));
    if (depth == NULL)
        return ERR_NO_MEMORY;
    bool changed = true;
    uint32_t worst = 0;
    while (changed && depth[worst] <= SCHEMA_NESTING_MAX) {
        changed = false;
        for (uint32_t i = 0; i < l->links.count; i++) {
            const struct link *link = &l->links.items[i];
            if (depth[link->from] >= depth[link->to] + 1)
                continue;
            depth[link->from] = depth[link->to] + 1;
            changed = true;
            if (depth[link->from] > depth[worst])
                worst = link->from;
        }
    }
    bool too_deep = depth[worst] > SCHEMA_NESTING_MAX;
    free(depth);
    if (!too_deep)
        return OK;
    const struct node *node = &l->model->nodes.items[l->blocks.items[worst].node];
    (void)frame_refuse(l->framing, node->source, node->token,
                       "JSON Schema Core 2020-12, 9.4.1: a schema does not apply itself to the "
                       "same value without end",
                       "references that descend into the value");
    l->framing->refusal->limit = "SCHEMA_NESTING_MAX";
    return ERR_BAD_SCHEMA;
}

static uint32_t kinds_of(const struct lowering *l, edge e)
{
    return e >> 7 == 0 ? e & KIND_ANY : l->blocks.items[e >> 7].kinds;
}

/* The kinds that an instruction lets pass, as far as its branches tell. */
static uint32_t kinds_passed(const struct lowering *l, const struct instruction *insn)
{
    if (insn->op == OP_CALL || insn->op == OP_SCOPE)
        return kinds_of(l, insn->a);
    if (insn->op != OP_ANY && insn->op != OP_ONE)
        return KIND_ANY;
    uint32_t kinds = 0;
    for (uint32_t i = 0; i < insn->b; i++)
        kinds |= kinds_of(l, l->program->edges.items[insn->a + i]);
    return kinds;
}

/* A choice takes no more kinds than its branches: nested choices need not be entered to know it. */
static void narrow_kinds(struct lowering *l)
{
    for (unsigned round = 0; round < NARROWING_ROUNDS; round++) {
        for (uint32_t n = l->blocks.count - 1; n > 0; n--) {
            struct block *block = &l->blocks.items[n];
            const struct instruction *insn = &l->program->code.items[block->first];
            for (; insn->op != OP_END; insn++)
                block->kinds &= kinds_passed(l, insn);
        }
    }
}

static void place(const struct lowering *l, edge *e)
{
    uint32_t index = *e >> 7;
    if (index == 0)
        return;
    const struct block *block = &l->blocks.items[index];
    bool is_empty = l->program->code.items[block->first].op == OP_END;
    *e = (is_empty ? 0 : block->first << 7) | block->kinds;
}

static void place_instruction(const struct lowering *l, struct instruction *insn)
{
    switch ((enum op)insn->op) {
    case OP_REST:
    case OP_NAMES:
    case OP_CALL:
    case OP_NOT:
    case OP_CONTAINS:
    case OP_SCOPE:
    case OP_UNEVALUATED:
        place(l, &insn->a);
        return;
    case OP_DEPENDENT_SCHEMA:
        place(l, &insn->b);
        return;
    case OP_IF:
        place(l, &insn->a);
        place(l, &insn->b);
        place(l, &insn->c);
        return;
    case OP_MEMBER: /* made of shapes, below */
        return;
    case OP_SHAPE: {
        struct shape *shape = &l->program->shapes.items[insn->a];
        for (uint32_t i = 0; i < shape->slot_count; i++)
            place(l, &l->program->slots.items[shape->slot_first + i].edge);
        for (uint32_t i = 0; i < shape->pattern_count; i++)
            place(l, &l->program->shape_patterns.items[shape->pattern_first + i].edge);
        place(l, &shape->additional);
        return;
    }
    case OP_END:
    case OP_CONST:
    case OP_ENUM:
    case OP_RANGE:
    case OP_MULTIPLE:
    case OP_LENGTH:
    case OP_PATTERN:
    case OP_FORMAT:
    case OP_ITEM_COUNT:
    case OP_MEMBER_COUNT:
    case OP_PREFIX:
    case OP_DEPENDENT_REQUIRED:
    case OP_ANY:
    case OP_ONE:
    case OP_UNIQUE:
        return;
    }
}

/* A walk for one member alone ends as soon as its place is passed. */
static void simplify_shapes(struct program *p)
{
    for (uint32_t i = 0; i < p->code.count; i++) {
        struct instruction *insn = &p->code.items[i];
        if (insn->op != OP_SHAPE || (insn->flags & INSTRUCTION_MARKS) != 0)
            continue;
        const struct shape *shape = &p->shapes.items[insn->a];
        if (shape->open && shape->slot_count == 1 && shape->table == TABLE_NONE)
            *insn = (struct instruction){.op = OP_MEMBER, .a = shape->slot_first};
    }
}

/* No table is NULL: a program points into all of them, if only to read nothing. */
static enum err fill_tables(struct program *p)
{
    void *slot = p->slots.items != NULL ? p->slots.items : LIST_PUSH(&p->slots);
    void *branch = p->edges.items != NULL ? p->edges.items : LIST_PUSH(&p->edges);
    void *byte = p->bytes.items != NULL ? p->bytes.items : LIST_PUSH(&p->bytes);
    void *pattern =
        p->shape_patterns.items != NULL ? p->shape_patterns.items : LIST_PUSH(&p->shape_patterns);
    bool all = slot != NULL && branch != NULL && byte != NULL && pattern != NULL;
    return all ? OK : ERR_NO_MEMORY;
}

enum err link_program(struct lowering *l, edge entry)
{
    TRY(check_nesting(l));
    narrow_kinds(l);
    for (uint32_t i = 0; i < l->program->edges.count; i++)
        place(l, &l->program->edges.items[i]);
    for (uint32_t i = 0; i < l->program->code.count; i++)
        place_instruction(l, &l->program->code.items[i]);
    place(l, &entry);
    l->program->entry = entry;
    TRY(fill_tables(l->program));
    TRY(select_branches(l->program));
    simplify_shapes(l->program);
    return OK;
}

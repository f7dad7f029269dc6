/* Finds what narrows a choice (anyOf, oneOf): the value's type; and where it is so, one member's
 * value: branches that demand the
 * same member, each with values of its own, as tagged unions do. Then a look at that member leaves
 * one branch of many. Works on the finished program.
 *
 * A guard is what a branch says of that member: required, a string, and one of some values (or none
 * of them). */
#include <stdlib.h>

#include "proto/schema/lower.h"

#define NESTING_MAX 4u /* choices within choices whose guards are united */
#define BRANCHES_MAX 64u

struct guard {
    bool holds;    /* there is one */
    bool negative; /* the values are those excluded */
};

struct value {
    struct text_key key;
    uint64_t mask;
};

struct values {
    LIST(struct value) list;
};

static const struct instruction *code_at(const struct program *p, edge e)
{
    return &p->code.items[e >> 7];
}

static bool same_key(const struct program *p, const struct text_key *a, const struct text_key *b)
{
    return a->prefix == b->prefix && a->len == b->len &&
           memcmp(p->bytes.items + a->offset, p->bytes.items + b->offset, a->len) == 0;
}

/* The instruction of the values that a string must be one of, or must not be; NULL: none such. */
static const struct instruction *constants(const struct program *p, edge e, bool *negative)
{
    *negative = false;
    if (e >> 7 == 0 || (e & KIND_ANY) != KIND_STRING)
        return NULL;
    const struct instruction *i = code_at(p, e);
    if (i->op == OP_NOT && i->a >> 7 != 0 && (i->a & KIND_STRING) != 0) {
        *negative = true;
        i = code_at(p, i->a);
        if (i[1].op != OP_END)
            return NULL;
    }
    return i->op == OP_CONST || i->op == OP_ENUM ? i : NULL;
}

static const struct shape *shape_of(const struct program *p, edge e)
{
    if (e >> 7 == 0 || (e & KIND_ANY) != KIND_OBJECT)
        return NULL;
    for (const struct instruction *i = code_at(p, e); i->op != OP_END; i++) {
        if (i->op == OP_SHAPE)
            return &p->shapes.items[i->a];
    }
    return NULL;
}

static bool is_choice(const struct program *p, edge e)
{
    if (e >> 7 == 0)
        return false;
    const struct instruction *i = code_at(p, e);
    return (i->op == OP_ANY || i->op == OP_ONE) && i[1].op == OP_END;
}

static enum err add_values(struct program *p, const struct instruction *i, uint64_t mask,
                           struct values *values)
{
    uint32_t count = i->op == OP_CONST ? 1 : i->b;
    for (uint32_t n = 0; n < count; n++) {
        const struct slot *slot = &p->slots.items[i->a + n];
        struct value *value = slot->edge == TAPE_STRING ? LIST_PUSH(&values->list) : NULL;
        if (slot->edge != TAPE_STRING)
            continue;
        if (value == NULL)
            return ERR_NO_MEMORY;
        *value = (struct value){.key = slot->key, .mask = mask};
    }
    return OK;
}

/* What a branch says of this member; its values are added, for `mask`. Recursion: at most
 * NESTING_MAX. */
static enum err find_guard(struct program *p, edge e, const struct text_key *key, uint64_t mask,
                           unsigned depth_left, struct values *values, struct guard *out)
{
    *out = (struct guard){.holds = false};
    const struct shape *shape = shape_of(p, e);
    for (uint32_t i = 0; shape != NULL && i < shape->slot_count; i++) {
        const struct slot *slot = &p->slots.items[shape->slot_first + i];
        if ((slot->flags & SLOT_REQUIRED) == 0 || !same_key(p, &slot->key, key))
            continue;
        const struct instruction *found = constants(p, slot->edge, &out->negative);
        out->holds = found != NULL;
        return found == NULL ? OK : add_values(p, found, mask, values);
    }
    if (depth_left == 0 || !is_choice(p, e))
        return OK;
    const struct instruction *choice = code_at(p, e);
    for (uint32_t i = 0; i < choice->b; i++) {
        edge branch = p->edges.items[choice->a + i];
        struct guard inner;
        if ((branch & KIND_OBJECT) == 0)
            continue;
        TRY(find_guard(p, branch, key, mask, depth_left - 1, values, &inner));
        if (!inner.holds || inner.negative) {
            out->holds = false;
            return OK;
        }
        out->holds = true;
    }
    return OK;
}

/* The member that the branch's constants speak of, or NULL. Recursion: at most NESTING_MAX. */
static const struct text_key *candidate(const struct program *p, edge e, unsigned depth_left)
{
    const struct shape *shape = shape_of(p, e);
    bool negative;
    for (uint32_t i = 0; shape != NULL && i < shape->slot_count; i++) {
        const struct slot *slot = &p->slots.items[shape->slot_first + i];
        if ((slot->flags & SLOT_REQUIRED) != 0 && constants(p, slot->edge, &negative) != NULL)
            return &slot->key;
    }
    if (depth_left == 0 || !is_choice(p, e))
        return NULL;
    const struct instruction *choice = code_at(p, e);
    const struct text_key *found = NULL;
    for (uint32_t i = 0; found == NULL && i < choice->b; i++)
        found = candidate(p, p->edges.items[choice->a + i], depth_left - 1);
    return found;
}

static int by_text(const void *a, const void *b, void *bytes)
{
    const struct text_key *x = &((const struct value *)a)->key;
    const struct text_key *y = &((const struct value *)b)->key;
    if (x->len != y->len)
        return x->len < y->len ? -1 : 1;
    const uint8_t *text = bytes;
    return memcmp(text + x->offset, text + y->offset, x->len);
}

/* One entry for each value, with all its branches. excluded: branches of which it is excluded. */
static enum err keep_values(struct program *p, struct values *values, uint64_t negative,
                            struct selector *out)
{
    uint32_t kept = 0;
    out->slot_first = p->slots.count;
    out->mask_first = p->masks.count;
    if (values->list.items == NULL || values->list.count == 0)
        return OK;
    qsort_r(values->list.items, values->list.count, sizeof(*values->list.items), by_text,
            p->bytes.items);
    struct value *items = values->list.items;
    for (uint32_t i = 1; i < values->list.count; i++) {
        if (same_key(p, &items[kept].key, &items[i].key))
            items[kept].mask |= items[i].mask;
        else
            items[++kept] = items[i];
    }
    for (uint32_t i = 0; i <= kept; i++) {
        const struct value *value = &items[i];
        struct slot *slot = LIST_PUSH(&p->slots);
        if (slot == NULL)
            return ERR_NO_MEMORY;
        uint64_t *mask = LIST_PUSH(&p->masks);
        if (mask == NULL)
            return ERR_NO_MEMORY;
        *slot = (struct slot){.key = value->key, .edge = TAPE_STRING};
        /* Branches that take it, and those that exclude others but not this one. */
        *mask = (value->mask & ~negative) | (negative & ~value->mask) | out->unguarded;
    }
    out->slot_count = kept + 1;
    return tables_hash(p, out->slot_first, out->slot_count, &out->table);
}

static void sort_by_type(const struct program *p, const struct instruction *choice,
                         struct selector *out)
{
    static const uint8_t kinds[] = {KIND_NULL,   KIND_BOOLEAN, KIND_BOOLEAN, KIND_NUMBER,
                                    KIND_STRING, KIND_ARRAY,   KIND_OBJECT};
    for (unsigned type = 0; type <= TAPE_OBJECT; type++) {
        for (uint32_t i = 0; i < choice->b; i++) {
            bool takes = (p->edges.items[choice->a + i] & kinds[type]) != 0;
            out->by_type[type] |= (uint64_t)takes << i;
        }
    }
}

/* Finds what the branches say of this member. *values: to be cleared by the caller. */
static enum err find_guards(struct program *p, const struct instruction *choice,
                            struct selector *out, struct values *values)
{
    uint64_t negative = 0;
    unsigned guarded = 0;
    for (uint32_t i = 0; i < choice->b; i++) {
        struct guard guard;
        uint32_t before = values->list.count;
        uint64_t bit = UINT64_C(1) << i;
        TRY(find_guard(p, p->edges.items[choice->a + i], &out->key, bit, NESTING_MAX, values,
                       &guard));
        guarded += guard.holds;
        if (!guard.holds) {
            values->list.count = before;
            out->unguarded |= bit;
        } else if (guard.negative) {
            negative |= bit;
        }
    }
    out->others = out->unguarded | negative;
    return guarded < 2 ? OK : keep_values(p, values, negative, out);
}

static enum err make_selector(struct program *p, struct instruction *choice)
{
    struct values values = {.list = {.items = NULL}};
    struct selector selector = {.table = TABLE_NONE};
    const struct text_key *key = NULL;
    enum err err = OK;
    sort_by_type(p, choice, &selector);
    for (uint32_t i = 0; key == NULL && i < choice->b; i++)
        key = candidate(p, p->edges.items[choice->a + i], NESTING_MAX);
    if (key != NULL) {
        selector.key = *key;
        err = find_guards(p, choice, &selector, &values);
    }
    free(values.list.items);
    if (err != OK && err != ERR_LIMIT) /* a limit: values collide; then without */
        return err;
    struct selector *kept = LIST_PUSH(&p->selectors);
    if (kept == NULL)
        return ERR_NO_MEMORY;
    *kept = selector;
    choice->c = p->selectors.count;
    return OK;
}

/* Members that may be long are judged behind those that a constant decides. */
static void put_off(struct program *p, struct shape *shape)
{
    bool decides = false;
    bool negative;
    for (uint32_t i = 0; i < shape->slot_count; i++)
        decides = decides || constants(p, p->slots.items[shape->slot_first + i].edge, &negative);
    for (uint32_t i = 0; decides && i < shape->slot_count; i++) {
        struct slot *slot = &p->slots.items[shape->slot_first + i];
        bool is_long = slot->edge >> 7 != 0 && (slot->edge & (KIND_ARRAY | KIND_OBJECT)) != 0;
        if (is_long)
            slot->flags |= SLOT_LATER;
    }
}

enum err select_branches(struct program *p)
{
    for (uint32_t i = 0; i < p->shapes.count; i++)
        put_off(p, &p->shapes.items[i]);
    for (uint32_t i = 0; i < p->code.count; i++) {
        struct instruction *insn = &p->code.items[i];
        bool is_branching = insn->op == OP_ANY || insn->op == OP_ONE;
        if (is_branching && insn->b <= BRANCHES_MAX)
            TRY(make_selector(p, insn));
    }
    return OK;
}

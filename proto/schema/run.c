/* The fast way: runs a program over a tape until the first failure. No locations, no annotations,
 * no memory but that of the validator.
 *
 * Recursion follows the value's nesting and the schemas applied to one value; run->depth_left
 * bounds it, run->steps_left what all of it may cost. */
#include <stdlib.h>

#include "proto/schema/run.h"

static bool run(struct run *r, const struct instruction *i, uint32_t at);
static bool run_constant(const struct run *r, const struct instruction *i,
                         const struct tape_token *t);

/* What a step stands for: some 10 ns. */
#define BYTES_OF_STEP 64u
#define PATTERN_STEPS_OF_RUN 64u /* a match that PCRE2 is asked for */

/* Apart from run_block, whose frame every block pays for. */
#define APART __attribute__((noinline))
/* ---- types and edges ---- */

static inline bool take(struct run *r, edge e, uint32_t at)
{
    if (!kind_holds(r, e, &r->tokens[at]))
        return false;
    if (e >> 7 == 0)
        return true;
    const struct instruction *i = r->code + (e >> 7);
    /* A constant alone, which decides most choices, is no block to enter. */
    if (i->op <= OP_ENUM && i[1].op == OP_END)
        return run_constant(r, i, &r->tokens[at]);
    return run(r, i, at);
}

static APART bool matches(struct run *r, uint32_t pattern, uint32_t at)
{
    uint32_t cost = pattern_is_simple(r->patterns[pattern]) ? 1 : PATTERN_STEPS_OF_RUN;
    if (!spend(r, cost + r->tokens[at].length / BYTES_OF_STEP))
        return false;
    struct span subject = validator_string(r->validator, r->tape, r->whole, at);
    switch (pattern_match(r->patterns[pattern], r->validator->patterns, subject)) {
    case PATTERN_YES:
        return true;
    case PATTERN_NO:
        return false;
    case PATTERN_LIMIT:
        return out_of(r, "PATTERN_WORK_MAX");
    }
    return false;
}

/* ---- marks ---- */

static inline uint32_t mark_words(const struct run *r, uint32_t at)
{
    return r->tokens[at].type < TAPE_ARRAY ? 0 : ((uint32_t)r->tokens[at].count + 63) / 64;
}

static inline void mark(struct run *r, uint32_t index)
{
    r->validator->marks[r->marks + index / 64] |= UINT64_C(1) << (index % 64);
}

/* Room for more words at the top of the stack; false: a limit. */
static bool marks_push(struct run *r, uint32_t words)
{
    struct validator *v = r->validator;
    if (r->marks_used + words > r->marks_max)
        return out_of(r, "SCHEMA_RUN_MARKS_BYTES_MAX");
    if (r->marks_used + words > v->marks_cap) {
        uint32_t cap = (r->marks_used + words) * 2 + 64;
        uint64_t *grown = realloc(v->marks, cap * sizeof(*grown));
        if (grown == NULL)
            return out_of(r, "memory");
        v->marks = grown;
        v->marks_cap = cap;
    }
    r->marks_used += words;
    return true;
}

/* Takes a branch; what it marked is taken back if it fails. */
static bool take_marking(struct run *r, edge e, uint32_t at)
{
    uint32_t words = mark_words(r, at);
    uint32_t saved = r->marks_used;
    if (!marks_push(r, words))
        return false;
    uint64_t *marks = r->validator->marks;
    for (uint32_t i = 0; i < words; i++)
        marks[saved + i] = marks[r->marks + i];
    bool holds = take(r, e, at);
    marks = r->validator->marks;
    for (uint32_t i = 0; !holds && i < words; i++)
        marks[r->marks + i] = marks[saved + i];
    r->marks_used = saved;
    return holds;
}

static APART bool run_scope(struct run *r, const struct instruction *i, uint32_t at)
{
    uint32_t words = mark_words(r, at);
    uint32_t outer = r->marks;
    uint32_t begin = r->marks_used;
    if (!marks_push(r, words))
        return false;
    for (uint32_t w = 0; w < words; w++)
        r->validator->marks[begin + w] = 0;
    r->marks = begin;
    bool holds = take(r, i->a, at);
    r->marks = outer;
    for (uint32_t w = 0; holds && (i->flags & INSTRUCTION_MARKS) != 0 && w < words; w++)
        r->validator->marks[outer + w] |= r->validator->marks[begin + w];
    r->marks_used = begin;
    return holds;
}

static APART bool run_unevaluated(struct run *r, const struct instruction *i, uint32_t at)
{
    const struct tape_token *t = &r->tokens[at];
    bool is_object = t->type == TAPE_OBJECT;
    uint32_t child = at + 1;
    if (i->b != (is_object ? KIND_OBJECT : t->type == TAPE_ARRAY ? KIND_ARRAY : 0))
        return true;
    for (uint32_t n = 0; n < t->count; n++) {
        uint32_t value = is_object ? child + 1 : child;
        uint64_t word = r->validator->marks[r->marks + n / 64];
        if ((word >> (n % 64) & 1) == 0) {
            if (!take(r, i->a, value))
                return false;
            mark(r, n);
        }
        child = r->tokens[value].next;
    }
    return true;
}

/* ---- objects ---- */

/* What is not decided by a slot alone: patterns, the additional ones, marks. */
static APART bool run_member(struct run *r, const struct instruction *i, const struct shape *shape,
                             const struct slot *slot, uint32_t key, uint32_t index)
{
    const struct shape_pattern *pattern = r->program->shape_patterns.items + shape->pattern_first;
    bool known = slot != NULL && (slot->flags & SLOT_PROPERTY) != 0;
    bool evaluated = known;
    for (uint32_t n = 0; n < shape->pattern_count + shape->extra_patterns; n++, pattern++) {
        bool is_own = n < shape->pattern_count;
        if ((!is_own && known) || !matches(r, pattern->pattern, key))
            continue;
        known = true;
        evaluated = evaluated || is_own;
        if (is_own && !take(r, pattern->edge, key + 1))
            return false;
    }
    if (UNLIKELY(r->validator->limit != NULL))
        return false;
    if (!known && (i->flags & INSTRUCTION_UNMARKED) != 0)
        known = (r->validator->marks[r->marks + index / 64] >> (index % 64) & 1) != 0;
    if (!known) {
        if (!take(r, shape->additional, key + 1))
            return false;
        evaluated = i->b != 0;
    }
    if (evaluated && (i->flags & INSTRUCTION_MARKS) != 0)
        mark(r, index);
    return true;
}

/* Values put off until the others have been judged; beyond the eighth they are not. */
struct later {
    uint32_t count;
    struct {
        edge edge;
        uint32_t at;
    } values[8];
};

static inline bool take_slot(struct run *r, const struct slot *slot, uint32_t at,
                             struct later *later)
{
    if (LIKELY((slot->flags & SLOT_LATER) == 0) || later->count == 8)
        return take(r, slot->edge, at);
    later->values[later->count].edge = slot->edge;
    later->values[later->count++].at = at;
    return kind_holds(r, slot->edge, &r->tokens[at]);
}

static inline bool take_later(struct run *r, const struct later *later)
{
    for (uint32_t i = 0; i < later->count; i++) {
        if (!take(r, later->values[i].edge, later->values[i].at))
            return false;
    }
    return true;
}

static APART bool run_shape_by_hash(struct run *r, const struct instruction *i,
                                    const struct shape *shape, uint32_t at)
{
    const struct slot *slots = r->program->slots.items + shape->slot_first;
    bool marks = (i->flags & INSTRUCTION_MARKS) != 0;
    bool known_suffices = shape->pattern_count == 0;
    uint32_t count = r->tokens[at].count;
    uint32_t required = 0;
    uint32_t key = at + 1;
    struct later later __attribute__((uninitialized)); /* count alone is read first */
    later.count = 0;
    for (uint32_t n = 0; n < count; n++) {
        const struct tape_token *t = &r->tokens[key];
        const uint8_t *bytes = bytes_of(r, t);
        const struct slot *slot =
            table_find(r, shape->table, slots, prefix_at(r, bytes, t->length), bytes, t->length);
        if (slot != NULL) {
            required += slot->flags & SLOT_REQUIRED;
            if (!take_slot(r, slot, key + 1, &later))
                return false;
        }
        if (known_suffices && slot != NULL && (slot->flags & SLOT_PROPERTY) != 0) {
            if (marks)
                mark(r, n);
        } else if (!shape->open && !run_member(r, i, shape, slot, key, n)) {
            return false;
        }
        key = r->tokens[key + 1].next;
    }
    return required == shape->required && take_later(r, &later);
}

/* Keys and slots are in the same order: one walk over both. */
static APART bool run_shape(struct run *r, const struct instruction *i, uint32_t at)
{
    const struct shape *shape = &r->program->shapes.items[i->a];
    const struct slot *slot = r->program->slots.items + shape->slot_first;
    const struct slot *last = slot + shape->slot_count;
    bool marks = (i->flags & INSTRUCTION_MARKS) != 0;
    bool known_suffices = shape->pattern_count == 0;
    uint32_t count = r->tokens[at].count;
    uint32_t missing = shape->required;
    uint32_t key = at + 1;
    struct later later __attribute__((uninitialized)); /* count alone is read first */
    later.count = 0;
    if (count < missing || !spend(r, count))
        return false;
    if (shape->table != TABLE_NONE)
        return run_shape_by_hash(r, i, shape, at);
    for (uint32_t n = 0; n < count; n++) {
        const struct tape_token *t = &r->tokens[key];
        const uint8_t *bytes = bytes_of(r, t);
        const struct slot *found = NULL;
        /* A key with an escape is none of the slots', and is out of their order. */
        if (LIKELY(t->flags == 0)) {
            uint64_t prefix = prefix_at(r, bytes, t->length);
            while (slot < last && slot->key.prefix < prefix) {
                if ((slot->flags & SLOT_REQUIRED) != 0)
                    return false;
                slot++;
            }
            for (const struct slot *s = slot; s < last && s->key.prefix == prefix; s++) {
                if (key_equals(r, &s->key, prefix, bytes, t->length)) {
                    found = s;
                    slot = s + 1;
                    break;
                }
            }
        }
        if (found != NULL) {
            missing -= found->flags & SLOT_REQUIRED;
            if (!take_slot(r, found, key + 1, &later))
                return false;
        }
        if (known_suffices && found != NULL && (found->flags & SLOT_PROPERTY) != 0) {
            if (marks)
                mark(r, n);
        } else if (!shape->open && !run_member(r, i, shape, found, key, n)) {
            return false;
        }
        if (shape->open && slot == last)
            break;
        key = r->tokens[key + 1].next;
    }
    return missing == 0 && take_later(r, &later);
}

/* One member, if it is there; keys are in order, so that its absence is soon known. */
static inline bool run_one_member(struct run *r, const struct slot *slot, uint32_t at)
{
    uint32_t key = at + 1;
    if (!spend(r, r->tokens[at].count))
        return false;
    for (uint32_t n = r->tokens[at].count; n > 0; n--) {
        const struct tape_token *t = &r->tokens[key];
        const uint8_t *bytes = bytes_of(r, t);
        uint64_t prefix = t->flags == 0 ? prefix_at(r, bytes, t->length) : 0;
        if (prefix > slot->key.prefix)
            break;
        if (key_equals(r, &slot->key, prefix, bytes, t->length) && t->flags == 0)
            return take(r, slot->edge, key + 1);
        key = r->tokens[key + 1].next;
    }
    return (slot->flags & SLOT_REQUIRED) == 0;
}

static APART bool run_names(struct run *r, edge e, uint32_t at)
{
    uint32_t key = at + 1;
    for (uint32_t n = r->tokens[at].count; n > 0; n--) {
        if (!take(r, e, key))
            return false;
        key = r->tokens[key + 1].next;
    }
    return true;
}

static APART bool run_dependent(struct run *r, const struct instruction *i, uint32_t at)
{
    const struct slot *slots = r->program->slots.items;
    if (!spend(r, r->tokens[at].count))
        return false;
    if (find_member(r, at, &slots[i->a].key) == TAPE_NONE)
        return true;
    if (i->op == OP_DEPENDENT_SCHEMA)
        return take(r, i->b, at);
    for (uint32_t n = 0; n < i->c; n++) {
        if (!spend(r, r->tokens[at].count) || find_member(r, at, &slots[i->b + n].key) == TAPE_NONE)
            return false;
    }
    return true;
}

/* ---- arrays ---- */

static APART bool run_rest(struct run *r, const struct instruction *i, uint32_t at)
{
    uint32_t count = r->tokens[at].count;
    uint32_t item = at + 1;
    if (!spend(r, count))
        return false;
    for (uint32_t n = 0; n < count; n++) {
        if (n >= i->b) {
            if (!take(r, i->a, item))
                return false;
            if ((i->flags & INSTRUCTION_MARKS) != 0)
                mark(r, n);
        }
        item = r->tokens[item].next;
    }
    return true;
}

static APART bool run_prefix(struct run *r, const struct instruction *i, uint32_t at)
{
    const edge *edges = r->program->edges.items + i->a;
    uint32_t count = r->tokens[at].count;
    uint32_t item = at + 1;
    for (uint32_t n = 0; n < count && n < i->b; n++) {
        if (!take(r, edges[n], item))
            return false;
        if ((i->flags & INSTRUCTION_MARKS) != 0)
            mark(r, n);
        item = r->tokens[item].next;
    }
    return true;
}

static APART bool run_contains(struct run *r, const struct instruction *i, uint32_t at)
{
    bool marks = (i->flags & INSTRUCTION_MARKS) != 0;
    uint32_t count = r->tokens[at].count;
    uint32_t found = 0;
    uint32_t item = at + 1;
    if (!spend(r, count))
        return false;
    for (uint32_t n = 0; n < count; n++) {
        if (take(r, i->a, item)) {
            found++;
            if (marks)
                mark(r, n);
            else if (found >= i->b && i->c == UINT32_MAX)
                return true;
            if (found > i->c)
                return false;
        }
        item = r->tokens[item].next;
    }
    return found >= i->b;
}

static APART bool run_unique(struct run *r, uint32_t at)
{
    uint32_t first;
    uint32_t second;
    const struct tape_token *t = &r->tokens[at];
    if (!spend(r, t->count + t->length / 64))
        return false;
    switch (validator_unique(r->validator, r->tape, r->whole, at, &first, &second)) {
    case UNIQUE_YES:
        return true;
    case UNIQUE_NO:
        return false;
    case UNIQUE_LIMIT:
        return out_of(r, "memory");
    }
    return false;
}

/* ---- values ---- */

static inline bool slot_is(const struct run *r, const struct slot *slot, uint64_t prefix,
                           const struct tape_token *t)
{
    return key_equals(r, &slot->key, prefix, bytes_of(r, t), t->length) && slot->edge == t->type;
}

/* OP_CONST and OP_ENUM. */
static APART bool run_constant(const struct run *r, const struct instruction *i,
                               const struct tape_token *t)
{
    const struct slot *slots = r->program->slots.items + i->a;
    const uint8_t *bytes = bytes_of(r, t);
    uint64_t prefix = prefix_at(r, bytes, t->length);
    if (i->op == OP_CONST || i->c == TABLE_NONE) {
        uint32_t count = i->op == OP_CONST ? 1 : i->b;
        for (uint32_t n = 0; n < count; n++) {
            if (slot_is(r, &slots[n], prefix, t))
                return true;
        }
        return false;
    }
    /* Values that differ by type alone ("1" and 1) stand in the table one behind the other. */
    const struct table *table = &r->program->tables.items[i->c];
    const uint32_t *places = r->program->table_slots.items + table->first;
    uint32_t at = (uint32_t)text_hash(bytes, t->length, prefix, table->seed) & table->mask;
    for (; places[at] != 0; at = (at + 1) & table->mask) {
        if (slot_is(r, &slots[places[at] - 1], prefix, t))
            return true;
    }
    return false;
}

static bool run_range(const struct run *r, uint32_t index, const struct tape_token *t)
{
    const struct range *range = &r->program->ranges.items[index];
    double value = number_value(t, span_of(bytes_of(r, t), t->length));
    if (value < range->min || (range->above && value <= range->min))
        return false;
    return value < range->max || (value <= range->max && !range->below);
}

static bool run_length(struct run *r, const struct instruction *i, const struct tape_token *t)
{
    /* A code point takes 1 to 6 bytes as written. */
    if (t->length < i->a)
        return false;
    if (t->length <= i->b && t->length / 6 >= i->a)
        return true;
    if (t->length / 6 > i->b)
        return false;
    if (i->a <= 1 && t->length <= i->b)
        return true;
    if (!spend(r, t->length / BYTES_OF_STEP))
        return false;
    uint32_t length = validator_length(t, bytes_of(r, t));
    return length >= i->a && length <= i->b;
}

static APART bool run_format(struct run *r, uint32_t format, uint32_t at)
{
    if (!spend(r, 1 + r->tokens[at].length / BYTES_OF_STEP))
        return false;
    struct span text = validator_string(r->validator, r->tape, r->whole, at);
    return r->validator->limit == NULL && format_holds((enum format)format, text);
}

/* ---- choices ---- */

/* The branches that may hold, as bits: what a selector leaves. */
static inline uint64_t candidates(const struct run *r, const struct selector *s, uint32_t at)
{
    uint64_t left = s->by_type[r->tokens[at].type];
    if (s->table == TABLE_NONE || r->tokens[at].type != TAPE_OBJECT)
        return left;
    uint32_t member = find_member(r, at, &s->key);
    if (member == TAPE_NONE || r->tokens[member].type != TAPE_STRING)
        return left & s->unguarded;
    const struct tape_token *t = &r->tokens[member];
    const struct slot *slots = r->program->slots.items + s->slot_first;
    const struct slot *found = table_find(
        r, s->table, slots, prefix_at(r, bytes_of(r, t), t->length), bytes_of(r, t), t->length);
    return left &
           (found == NULL ? s->others : r->program->masks.items[s->mask_first + (found - slots)]);
}

/* anyOf and oneOf of more branches than a mask has bits. */
static APART bool run_many(struct run *r, const struct instruction *i, uint32_t at)
{
    const edge *edges = r->program->edges.items + i->a;
    bool marks = (i->flags & INSTRUCTION_MARKS) != 0;
    uint32_t holding = 0;
    for (uint32_t n = 0; n < i->b; n++) {
        holding += marks ? take_marking(r, edges[n], at) : take(r, edges[n], at);
        if (UNLIKELY(r->validator->limit != NULL) || (i->op == OP_ONE && holding > 1))
            return false;
        if (i->op == OP_ANY && holding > 0 && !marks)
            return true;
    }
    return holding > 0;
}

static APART bool run_any(struct run *r, const struct instruction *i, uint32_t at)
{
    if (i->c == 0)
        return run_many(r, i, at);
    const edge *edges = r->program->edges.items + i->a;
    bool any = false;
    bool marks = (i->flags & INSTRUCTION_MARKS) != 0;
    uint64_t left = candidates(r, &r->program->selectors.items[i->c - 1], at);
    for (; left != 0; left &= left - 1) {
        edge e = edges[__builtin_ctzll(left)];
        if (marks)
            any = take_marking(r, e, at) || any;
        else if (take(r, e, at))
            return true;
        if (UNLIKELY(r->validator->limit != NULL))
            return false;
    }
    return any;
}

static APART bool run_one(struct run *r, const struct instruction *i, uint32_t at)
{
    if (i->c == 0)
        return run_many(r, i, at);
    const edge *edges = r->program->edges.items + i->a;
    bool one = false;
    bool marks = (i->flags & INSTRUCTION_MARKS) != 0;
    uint64_t left = candidates(r, &r->program->selectors.items[i->c - 1], at);
    for (; left != 0; left &= left - 1) {
        edge e = edges[__builtin_ctzll(left)];
        bool holds = marks ? take_marking(r, e, at) : take(r, e, at);
        if (UNLIKELY(r->validator->limit != NULL) || (holds && one))
            return false;
        one = one || holds;
    }
    return one;
}

static APART bool run_if(struct run *r, const struct instruction *i, uint32_t at)
{
    bool marks = (i->flags & INSTRUCTION_MARKS) != 0;
    bool holds = marks ? take_marking(r, i->a, at) : take(r, i->a, at);
    if (UNLIKELY(r->validator->limit != NULL))
        return false;
    return take(r, holds ? i->b : i->c, at);
}

static bool run_block(struct run *r, const struct instruction *i, uint32_t at)
{
    const struct tape_token *t = &r->tokens[at];
    for (;; i++) {
        bool holds = true;
        switch ((enum op)i->op) {
        case OP_END:
            return true;
            return false;
        case OP_CONST:
        case OP_ENUM:
            holds = run_constant(r, i, t);
            break;
        case OP_RANGE:
            holds = t->type != TAPE_NUMBER || run_range(r, i->a, t);
            break;
        case OP_MULTIPLE:
            holds = t->type != TAPE_NUMBER ||
                    number_is_multiple(number_decimal(span_of(bytes_of(r, t), t->length)),
                                       r->program->divisors.items[i->a]);
            break;
        case OP_LENGTH:
            holds = t->type != TAPE_STRING || run_length(r, i, t);
            break;
        case OP_PATTERN:
            holds = t->type != TAPE_STRING || matches(r, i->a, at);
            break;
        case OP_FORMAT:
            holds = t->type != TAPE_STRING || run_format(r, i->a, at);
            break;
        case OP_ITEM_COUNT:
            holds = t->type != TAPE_ARRAY || (t->count >= i->a && t->count <= i->b);
            break;
        case OP_MEMBER_COUNT:
            holds = t->type != TAPE_OBJECT || (t->count >= i->a && t->count <= i->b);
            break;
        case OP_SHAPE:
            holds = t->type != TAPE_OBJECT || run_shape(r, i, at);
            break;
        case OP_MEMBER:
            holds = t->type != TAPE_OBJECT || run_one_member(r, &r->program->slots.items[i->a], at);
            break;
        case OP_PREFIX:
            holds = t->type != TAPE_ARRAY || run_prefix(r, i, at);
            break;
        case OP_REST:
            holds = t->type != TAPE_ARRAY || run_rest(r, i, at);
            break;
        case OP_NAMES:
            holds = t->type != TAPE_OBJECT || run_names(r, i->a, at);
            break;
        case OP_DEPENDENT_REQUIRED:
        case OP_DEPENDENT_SCHEMA:
            holds = t->type != TAPE_OBJECT || run_dependent(r, i, at);
            break;
        case OP_CALL:
            holds = take(r, i->a, at);
            break;
        case OP_NOT:
            holds = !take(r, i->a, at) && r->validator->limit == NULL;
            break;
        case OP_ANY:
            holds = run_any(r, i, at);
            break;
        case OP_ONE:
            holds = run_one(r, i, at);
            break;
            break;
        case OP_IF:
            holds = run_if(r, i, at);
            break;
        case OP_CONTAINS:
            holds = t->type != TAPE_ARRAY || run_contains(r, i, at);
            break;
        case OP_UNIQUE:
            holds = t->type != TAPE_ARRAY || run_unique(r, at);
            break;
        case OP_SCOPE:
            holds = run_scope(r, i, at);
            break;
        case OP_UNEVALUATED:
            holds = run_unevaluated(r, i, at);
            break;
        }
        if (!holds)
            return false;
    }
}

static bool run(struct run *r, const struct instruction *i, uint32_t at)
{
    if (UNLIKELY(r->depth_left == 0))
        return out_of(r, "SCHEMA_RUN_DEPTH_MAX");
    if (!spend(r, 1))
        return false;
    r->depth_left--;
    bool holds = run_block(r, i, at);
    r->depth_left++;
    return holds;
}

enum verdict schema_holds(const struct schema *schema, struct validator *validator,
                          const struct tape *tape, struct span text, uint32_t token)
{
    CHECK(token < tape->count);
    const struct program *program = &schema->program;
    struct run r = {.tokens = tape->tokens,
                    .text = text.data,
                    .end = text.data + text.len,
                    .program = program,
                    .code = program->code.items,
                    .patterns = schema->model.patterns.items,
                    .steps_left =
                        (int64_t)validator_steps(schema, tape->tokens[token].next - token),
                    .depth_left = schema->limits.run_depth_max,
                    .validator = validator,
                    .tape = tape,
                    .whole = text,
                    .marks_max = schema->limits.run_marks_bytes_max / 8};
    validator->limit = NULL;
    bool holds = take(&r, program->entry, token);
    if (validator->limit != NULL)
        return SCHEMA_LIMIT;
    return holds ? SCHEMA_VALID : SCHEMA_INVALID;
}

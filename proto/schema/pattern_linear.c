/* Thompson's construction, and its simulation. A state is a set to be passed or a choice; repeated
 * parts are copied as often as their counts say, up to a bound. */
#include "proto/schema/pattern_linear.h"

#include <stdlib.h>

#include "proto/base/text.h"
#include "proto/limits.h"
#include "proto/schema/pattern_set.h"

enum op {
    OP_SET,   /* passes a code point of sets[set], then x */
    OP_SPLIT, /* x and y */
    OP_GO,    /* x */
    OP_START, /* at the start, then x */
    OP_END,
    OP_BOUNDARY,
    OP_NO_BOUNDARY,
    OP_MATCH,
};

struct state {
    enum op op;
    uint32_t set;
    uint32_t x;
    uint32_t y;
};

struct linear {
    struct state *states;
    struct point_set *sets;
    struct ecma_range *ranges;
    uint32_t state_count;
    uint32_t state_room;
    uint32_t set_count;
    uint32_t range_count;
    bool anchored;
    bool too_large;
};

struct builder {
    const struct ecma_tree *tree;
    struct linear *linear;
    uint32_t *set_of; /* by node; ECMA_NONE where it is not made yet */
};

/* A state that goes on to the next one made. */
static uint32_t add(struct linear *linear, enum op op)
{
    if (linear->state_count == linear->state_room) {
        linear->too_large = true;
        return 0;
    }
    uint32_t at = linear->state_count++;
    linear->states[at] = (struct state){.op = op, .x = at + 1, .y = at + 1};
    return at;
}

static void add_set(struct builder *builder, uint32_t node)
{
    struct linear *linear = builder->linear;
    if (builder->set_of[node] == ECMA_NONE) {
        struct point_set *set = &linear->sets[linear->set_count];
        *set = point_set_of(builder->tree, &builder->tree->nodes[node], linear->ranges,
                            linear->range_count);
        linear->range_count += set->range_count;
        builder->set_of[node] = linear->set_count++;
    }
    uint32_t state = add(linear, OP_SET);
    linear->states[state].set = builder->set_of[node];
}

static void add_alternatives(struct builder *builder, uint32_t node);

/* The term once, without its quantifier. */
static void add_once(struct builder *builder, uint32_t node)
{
    const struct ecma_node *n = &builder->tree->nodes[node];
    switch (n->kind) {
    case ECMA_SET:
        add_set(builder, node);
        break;
    case ECMA_GROUP:
        add_alternatives(builder, n->child);
        break;
    case ECMA_START:
        (void)add(builder->linear, OP_START);
        break;
    case ECMA_END:
        (void)add(builder->linear, OP_END);
        break;
    case ECMA_BOUNDARY:
        (void)add(builder->linear, n->negated ? OP_NO_BOUNDARY : OP_BOUNDARY);
        break;
    case ECMA_LOOK:
    case ECMA_BACK:
    case ECMA_ALTERNATIVES:
    case ECMA_SEQUENCE:
        BUG("no term of a linear expression");
    }
}

static void add_term(struct builder *builder, uint32_t node)
{
    const struct ecma_node *n = &builder->tree->nodes[node];
    struct linear *linear = builder->linear;
    uint32_t before = linear->state_count;
    for (uint32_t i = 0; i < n->min && !linear->too_large; i++) {
        add_once(builder, node);
        if (linear->state_count == before)
            return; /* Nothing, repeated, is nothing. */
    }
    if (n->max == ECMA_UNBOUNDED) {
        uint32_t split = add(linear, OP_SPLIT);
        add_once(builder, node);
        linear->states[add(linear, OP_GO)].x = split;
        linear->states[split].y = linear->state_count;
        return;
    }
    /* Each optional copy may be left for the end of them all. */
    uint32_t first = linear->state_count;
    for (uint32_t i = n->min; i < n->max && !linear->too_large; i++) {
        uint32_t split = add(linear, OP_SPLIT);
        linear->states[split].y = first; /* until the end is known */
        first = split;
        uint32_t inside = linear->state_count;
        add_once(builder, node);
        if (linear->state_count == inside)
            break;
    }
    uint32_t end = linear->state_count;
    for (uint32_t at = first; n->max > n->min && !linear->too_large;) {
        uint32_t previous = linear->states[at].y;
        linear->states[at].y = end;
        if (previous == at)
            break;
        at = previous;
    }
}

static void add_alternatives(struct builder *builder, uint32_t node)
{
    const struct ecma_node *nodes = builder->tree->nodes;
    struct linear *linear = builder->linear;
    uint32_t last_go = ECMA_NONE; /* a chain of those that lead to the end, through their x */
    for (uint32_t sequence = nodes[node].child; sequence != ECMA_NONE && !linear->too_large;
         sequence = nodes[sequence].next) {
        bool is_last = nodes[sequence].next == ECMA_NONE;
        uint32_t split = is_last ? 0 : add(linear, OP_SPLIT);
        for (uint32_t term = nodes[sequence].child; term != ECMA_NONE; term = nodes[term].next)
            add_term(builder, term);
        if (is_last)
            break;
        uint32_t go = add(linear, OP_GO);
        linear->states[go].x = last_go;
        last_go = go;
        linear->states[split].y = linear->state_count;
    }
    while (last_go != ECMA_NONE && !linear->too_large) {
        uint32_t previous = linear->states[last_go].x;
        linear->states[last_go].x = linear->state_count;
        last_go = previous;
    }
}

static bool is_linear(const struct ecma_tree *tree)
{
    for (uint32_t i = 0; i < tree->node_count; i++) {
        const struct ecma_node *node = &tree->nodes[i];
        if (node->kind == ECMA_LOOK || node->kind == ECMA_BACK || node->property_count > 0)
            return false;
    }
    return true;
}

/* Each alternative begins with ^. */
static bool is_anchored(const struct ecma_tree *tree)
{
    uint32_t sequence = tree->nodes[tree->root].child;
    for (; sequence != ECMA_NONE; sequence = tree->nodes[sequence].next) {
        uint32_t first = tree->nodes[sequence].child;
        if (first == ECMA_NONE || tree->nodes[first].kind != ECMA_START)
            return false;
    }
    return true;
}

static enum err build(struct builder *builder, struct linear *linear)
{
    const struct ecma_tree *tree = builder->tree;
    linear->state_room = PATTERN_STATES_MAX;
    linear->states = malloc(PATTERN_STATES_MAX * sizeof(*linear->states));
    linear->sets = malloc(tree->node_count * sizeof(*linear->sets));
    linear->ranges = malloc(point_set_ranges_max(tree) * sizeof(*linear->ranges));
    builder->set_of = malloc(tree->node_count * sizeof(*builder->set_of));
    if (linear->states == NULL || linear->sets == NULL || linear->ranges == NULL ||
        builder->set_of == NULL)
        return ERR_NO_MEMORY;
    memset(builder->set_of, 0xFF, tree->node_count * sizeof(*builder->set_of));
    builder->linear = linear;
    linear->anchored = is_anchored(tree);
    add_alternatives(builder, tree->root);
    (void)add(linear, OP_MATCH);
    return OK;
}

/* Gives back what building needed beyond what was built. */
static void shrink(struct linear *linear)
{
    struct state *states = realloc(linear->states, linear->state_count * sizeof(*states));
    if (states != NULL)
        linear->states = states;
    struct point_set *sets = realloc(linear->sets, (linear->set_count + 1) * sizeof(*sets));
    if (sets != NULL)
        linear->sets = sets;
    struct ecma_range *ranges =
        realloc(linear->ranges, (linear->range_count + 1) * sizeof(*ranges));
    if (ranges != NULL)
        linear->ranges = ranges;
}

enum err linear_compile(const struct ecma_tree *tree, struct linear **out)
{
    *out = NULL;
    if (!is_linear(tree))
        return OK;
    struct linear *linear = calloc(1, sizeof(*linear));
    if (linear == NULL)
        return ERR_NO_MEMORY;
    struct builder builder = {.tree = tree};
    enum err err = build(&builder, linear);
    free(builder.set_of);
    if (err != OK || linear->too_large) {
        linear_free(linear);
        return err;
    }
    shrink(linear);
    *out = linear;
    return OK;
}

void linear_free(struct linear *linear)
{
    if (linear == NULL)
        return;
    free(linear->states);
    free(linear->sets);
    free(linear->ranges);
    free(linear);
}

void linear_scratch_clear(struct linear_scratch *scratch)
{
    free(scratch->memory);
    *scratch = (struct linear_scratch){.memory = NULL};
}

/* Five arrays in one: marks, two lists, and a stack of twice the states. */
static bool grow(struct linear_scratch *scratch, size_t states)
{
    if (states <= scratch->states)
        return true;
    uint32_t *memory = calloc(5 * states + 1, sizeof(*memory));
    if (memory == NULL)
        return false;
    free(scratch->memory);
    *scratch = (struct linear_scratch){.memory = memory, .states = states};
    return true;
}

struct run {
    const struct linear *linear;
    uint32_t *marks; /* generation in which a state was last met */
    uint32_t *list;  /* sets to try at this place */
    uint32_t *seeds; /* states entered by passing the last code point */
    uint32_t *stack;
    uint32_t list_count;
    uint32_t seed_count;
    uint32_t generation;
    uint64_t visits;
    bool at_start;
    bool at_end;
    bool at_boundary;
    bool matched;
};

/* Follows what needs no code point. */
static void enter(struct run *run, uint32_t state)
{
    uint32_t depth = 0;
    run->stack[depth++] = state;
    while (depth > 0) {
        uint32_t at = run->stack[--depth];
        if (run->marks[at] == run->generation)
            continue;
        run->marks[at] = run->generation;
        run->visits++;
        const struct state *s = &run->linear->states[at];
        bool goes_on = false;
        switch (s->op) {
        case OP_SET:
            run->list[run->list_count++] = at;
            break;
        case OP_SPLIT:
            run->stack[depth++] = s->y;
            goes_on = true;
            break;
        case OP_GO:
            goes_on = true;
            break;
        case OP_START:
            goes_on = run->at_start;
            break;
        case OP_END:
            goes_on = run->at_end;
            break;
        case OP_BOUNDARY:
            goes_on = run->at_boundary;
            break;
        case OP_NO_BOUNDARY:
            goes_on = !run->at_boundary;
            break;
        case OP_MATCH:
            run->matched = true;
            return;
        }
        if (goes_on)
            run->stack[depth++] = s->x;
    }
}

static bool is_word(uint32_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

static void pass(struct run *run, uint32_t code_point)
{
    const struct linear *linear = run->linear;
    run->seed_count = 0;
    for (uint32_t i = 0; i < run->list_count; i++) {
        const struct state *s = &linear->states[run->list[i]];
        if (point_set_has(&linear->sets[s->set], linear->ranges, code_point))
            run->seeds[run->seed_count++] = s->x;
    }
}

static enum pattern_verdict simulate(struct run *run, struct span subject)
{
    bool word_before = false;
    for (size_t at = 0;;) {
        run->at_start = at == 0;
        run->at_end = at == subject.len;
        size_t bytes = run->at_end ? 0 : text_sequence(span_part(subject, at, 4));
        uint32_t code_point = run->at_end ? 0 : text_code_point(subject.data + at, bytes);
        run->at_boundary = word_before != is_word(code_point);
        run->generation++;
        run->list_count = 0;
        for (uint32_t i = 0; i < run->seed_count && !run->matched; i++)
            enter(run, run->seeds[i]);
        if ((run->at_start || !run->linear->anchored) && !run->matched)
            enter(run, 0);
        if (run->matched)
            return PATTERN_YES;
        if (run->at_end || (run->list_count == 0 && run->linear->anchored))
            return PATTERN_NO;
        if (run->visits > PATTERN_VISITS_MAX)
            return PATTERN_LIMIT;
        pass(run, code_point);
        word_before = is_word(code_point);
        at += bytes;
    }
}

enum pattern_verdict linear_match(const struct linear *linear, struct linear_scratch *scratch,
                                  struct span subject)
{
    if (subject.len > PATTERN_SUBJECT_BYTES_MAX || !grow(scratch, linear->state_count))
        return PATTERN_LIMIT;
    size_t states = scratch->states;
    if (scratch->generation > UINT32_MAX / 2) {
        memset(scratch->memory, 0, states * sizeof(*scratch->memory));
        scratch->generation = 0;
    }
    struct run run = {
        .linear = linear,
        .marks = scratch->memory,
        .list = scratch->memory + states,
        .seeds = scratch->memory + 2 * states,
        .stack = scratch->memory + 3 * states,
        .generation = scratch->generation,
    };
    enum pattern_verdict verdict = simulate(&run, subject);
    scratch->generation = run.generation;
    return verdict;
}

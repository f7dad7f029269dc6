/* The licence table and its rules; see license.h. The reader of expressions is in
 * license_expression.c. */
#include "proto/record/license.h"

#define SHARE LICENSE_SHARE
#define ADAPT LICENSE_ADAPT
#define TRADE LICENSE_TRADE
#define CREDIT LICENSE_CREDIT
#define ALIKE LICENSE_ALIKE
#define DATABASE LICENSE_DATABASE
#define SOURCE LICENSE_SOURCE
#define NETWORK LICENSE_NETWORK

static const struct license_row rows[] = {
#define LICENSE(id, allows, conditions, into) {(id), (allows), (conditions), (into)},
#define LICENSE_SAME(old, id)
#define LICENSE_PAIR(from, into, answer, english, french)
#include "proto/record/license.def"
#undef LICENSE
#undef LICENSE_SAME
#undef LICENSE_PAIR
};

static const struct {
    const char *old;
    const char *id;
} renamed[] = {
#define LICENSE(id, allows, conditions, into)
#define LICENSE_SAME(old, id) {(old), (id)},
#define LICENSE_PAIR(from, into, answer, english, french)
#include "proto/record/license.def"
#undef LICENSE
#undef LICENSE_SAME
#undef LICENSE_PAIR
};

static const struct pair {
    const char *from;
    const char *into;
    enum license_answer answer;
    const char *note[2];
} pairs[] = {
#define LICENSE(id, allows, conditions, into)
#define LICENSE_SAME(old, id)
#define LICENSE_PAIR(from, into, answer, english, french)                                          \
    {(from), (into), (answer), {(english), (french)}},
#include "proto/record/license.def"
#undef LICENSE
#undef LICENSE_SAME
#undef LICENSE_PAIR
};

#undef SHARE
#undef ADAPT
#undef TRADE
#undef CREDIT
#undef ALIKE
#undef DATABASE
#undef SOURCE
#undef NETWORK

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- Ids. SPDX 2.3, annex D: they compare without regard to letter case. */

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

static bool equal_folded(struct span a, struct span b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++) {
        if (lower(a.data[i]) != lower(b.data[i]))
            return false;
    }
    return true;
}

static struct span current_name(struct span id)
{
    for (size_t i = 0; i < COUNT(renamed); i++) {
        if (equal_folded(id, span_cstr(renamed[i].old)))
            return span_cstr(renamed[i].id);
    }
    return id;
}

bool license_same(struct span a, struct span b)
{
    return equal_folded(current_name(a), current_name(b));
}

static struct span without_plus(struct span id)
{
    if (id.len > 0 && id.data[id.len - 1] == '+')
        return span_part(id, 0, id.len - 1);
    return id;
}

/* "X+" is X or later: the terms of X hold. */
static const struct license_row *find_row(struct span id)
{
    struct span names[2] = {current_name(id), current_name(without_plus(id))};
    for (size_t n = 0; n < COUNT(names); n++) {
        for (size_t i = 0; i < COUNT(rows); i++) {
            if (equal_folded(names[n], span_cstr(rows[i].id)))
                return &rows[i];
        }
    }
    return NULL;
}

size_t license_row_count(void)
{
    return COUNT(rows);
}

const struct license_row *license_row_at(size_t index)
{
    CHECK(index < COUNT(rows));
    return &rows[index];
}

/* ---- Who reads. */

bool license_reader_is(enum license_reader who, enum license_reader kind)
{
    if (who == kind || kind == LICENSE_READER_EVERYONE)
        return true;
    switch (who) {
    case LICENSE_READER_WORKER_COOPERATIVE:
        return kind == LICENSE_READER_COOPERATIVE || kind == LICENSE_READER_COMPANY;
    case LICENSE_READER_COOPERATIVE:
        return kind == LICENSE_READER_COMPANY;
    case LICENSE_READER_CONTRIBUTOR:
        return kind == LICENSE_READER_COMMONS_MEMBER;
    case LICENSE_READER_EVERYONE:
    case LICENSE_READER_INDIVIDUAL:
    case LICENSE_READER_NON_PROFIT:
    case LICENSE_READER_PUBLIC_BODY:
    case LICENSE_READER_COMPANY:
    case LICENSE_READER_COMMONS_MEMBER:
    case LICENSE_READER_COUNT:
        return false;
    }
    return false;
}

static bool grant_fits(const struct license_grant *grant, enum license_reader reader)
{
    for (unsigned kind = 0; kind < LICENSE_READER_COUNT; kind++) {
        if ((grant->to & (1u << kind)) != 0 && license_reader_is(reader, (enum license_reader)kind))
            return true;
    }
    return false;
}

/* ---- What one id gives. */

static void part_of_declared(const struct license_declared *declared, enum license_reader reader,
                             struct license_part *part)
{
    part->known = true;
    part->declared = declared;
    for (size_t i = 0; i < declared->grant_count; i++) {
        const struct license_grant *grant = &declared->grants[i];
        if (!grant_fits(grant, reader))
            continue;
        part->allows = grant->allows;
        part->conditions = grant->conditions;
        if (grant->as.len > 0)
            part->as = grant->as;
        return;
    }
}

static struct license_part part_of(const struct license_node *term, enum license_reader reader,
                                   struct license_set declared)
{
    struct license_part part = {.id = term->id, .exception = term->exception, .as = term->id};
    for (size_t i = 0; i < declared.count; i++) {
        if (!equal_folded(declared.items[i].id, term->id))
            continue;
        part_of_declared(&declared.items[i], reader, &part);
        return part;
    }
    if (span_is(term->id, "NONE")) {
        part.known = true;
        return part;
    }
    const struct license_row *row = find_row(term->id);
    if (row != NULL) {
        part.known = true;
        part.allows = row->allows;
        part.conditions = row->conditions;
    }
    return part;
}

/* ---- What an expression gives. */

struct question {
    const struct license *license;
    enum license_reader reader;
    unsigned uses;
    struct license_set declared;
};

static unsigned bit_count(unsigned bits)
{
    return (unsigned)__builtin_popcount(bits);
}

/* Of two ways to take it: the one that says yes, then the one that allows more for less. */
static bool is_better(const struct license_terms *a, const struct license_terms *b)
{
    if (a->answer != b->answer)
        return a->answer > b->answer;
    if (bit_count(a->allows) != bit_count(b->allows))
        return bit_count(a->allows) > bit_count(b->allows);
    return bit_count(a->conditions) < bit_count(b->conditions);
}

/* Depth is bounded by the number of nodes, and the parser keeps that small. */
static void weigh(const struct question *question, uint8_t at, struct license_terms *out)
{
    const struct license_node *node = &question->license->nodes[at];
    if (node->join == LICENSE_TERM) {
        struct license_part part = part_of(node, question->reader, question->declared);
        out->allows = part.allows;
        out->conditions = part.conditions;
        out->answer = LICENSE_UNKNOWN;
        if (part.known)
            out->answer =
                (part.allows & question->uses) == question->uses ? LICENSE_YES : LICENSE_NO;
        out->parts[0] = part;
        out->count = 1;
        return;
    }
    struct license_terms other;
    weigh(question, node->left, out);
    weigh(question, node->right, &other);
    if (node->join == LICENSE_OR) {
        if (is_better(&other, out))
            *out = other;
        return;
    }
    if (other.answer < out->answer)
        out->answer = other.answer;
    out->allows &= other.allows;
    out->conditions |= other.conditions;
    CHECK(out->count + other.count <= LICENSE_TERMS_MAX);
    memcpy(&out->parts[out->count], other.parts, other.count * sizeof(other.parts[0]));
    out->count += other.count;
}

void license_terms(const struct license *license, enum license_reader reader, unsigned uses,
                   struct license_set declared, struct license_terms *out)
{
    struct question question = {
        .license = license, .reader = reader, .uses = uses, .declared = declared};
    weigh(&question, license->root, out);
}

/* ---- What may go into what. */

/* Whether the id is one of a row's list, which is separated by spaces. */
static bool is_listed(const char *list, struct span id)
{
    struct span rest = span_cstr(list);
    struct span wanted = current_name(id);
    while (rest.len > 0) {
        size_t len = 0;
        while (len < rest.len && rest.data[len] != ' ')
            len++;
        if (equal_folded(span_part(rest, 0, len), wanted))
            return true;
        rest = span_part(rest, len < rest.len ? len + 1 : len, rest.len);
    }
    return false;
}

static const struct pair *find_pair(struct span from, struct span into)
{
    for (size_t i = 0; i < COUNT(pairs); i++) {
        if (license_same(from, span_cstr(pairs[i].from)) &&
            license_same(into, span_cstr(pairs[i].into)))
            return &pairs[i];
    }
    return NULL;
}

static void decide(struct license_mix *mix, enum license_answer answer, enum license_reason reason)
{
    mix->answer = answer;
    mix->reason = reason;
}

static void mix_parts(const struct license_part *from, const struct license_part *into,
                      struct license_mix *mix)
{
    mix->from = from->as;
    mix->into = into->id;
    if (!from->known) {
        decide(mix, LICENSE_UNKNOWN, LICENSE_REASON_UNKNOWN_FROM);
        return;
    }
    if (!into->known) {
        decide(mix, LICENSE_UNKNOWN, LICENSE_REASON_UNKNOWN_INTO);
        return;
    }
    const unsigned needed = LICENSE_SHARE | LICENSE_ADAPT;
    if ((from->allows & needed) != needed) {
        decide(mix, LICENSE_NO, LICENSE_REASON_NO_CHANGE);
        return;
    }
    if (license_same(from->id, into->id) || license_same(from->as, into->id)) {
        bool returns =
            (from->conditions & LICENSE_RETURN) != 0 && !license_same(from->id, into->id);
        mix->from = returns ? from->id : mix->from;
        decide(mix, returns ? LICENSE_UNKNOWN : LICENSE_YES,
               returns ? LICENSE_REASON_RETURN : LICENSE_REASON_SAME);
        return;
    }
    const struct pair *pair = find_pair(from->as, into->id);
    if (pair != NULL) {
        mix->note[LANG_EN] = pair->note[LANG_EN];
        mix->note[LANG_FR] = pair->note[LANG_FR];
        decide(mix, pair->answer, LICENSE_REASON_PAIR);
        return;
    }
    const struct license_row *row = find_row(from->as);
    bool one_way = row != NULL && is_listed(row->into, into->id);
    if ((from->conditions & LICENSE_ALIKE) != 0 && !one_way) {
        decide(mix, LICENSE_NO, LICENSE_REASON_STAYS);
        return;
    }
    if ((from->allows & LICENSE_TRADE) == 0 && (into->allows & LICENSE_TRADE) != 0) {
        decide(mix, LICENSE_NO, LICENSE_REASON_TRADE);
        return;
    }
    if ((from->conditions & LICENSE_CREDIT) != 0 && (into->conditions & LICENSE_CREDIT) == 0) {
        decide(mix, LICENSE_NO, LICENSE_REASON_CREDIT);
        return;
    }
    if ((from->conditions & LICENSE_RETURN) != 0) {
        mix->from = from->id;
        decide(mix, LICENSE_UNKNOWN, LICENSE_REASON_RETURN);
        return;
    }
    decide(mix, LICENSE_YES, one_way ? LICENSE_REASON_ONE_WAY : LICENSE_REASON_FREE);
}

struct mixture {
    const struct license *from;
    const struct license *into;
    enum license_reader reader;
    struct license_set declared;
};

/* The whole collection is under every id of `into`, whether they are joined by AND or OR (whoever
 * gets it may choose): the hardest of them decides. */
static void mix_into(const struct mixture *mixture, const struct license_part *from,
                     struct license_mix *out)
{
    bool first = true;
    for (size_t i = 0; i < mixture->into->count; i++) {
        const struct license_node *node = &mixture->into->nodes[i];
        if (node->join != LICENSE_TERM)
            continue;
        struct license_part into = part_of(node, LICENSE_READER_EVERYONE, mixture->declared);
        struct license_mix mix = {.answer = LICENSE_NO};
        mix_parts(from, &into, &mix);
        if (first || mix.answer < out->answer)
            *out = mix;
        first = false;
    }
    CHECK(!first);
}

static void mix_from(const struct mixture *mixture, uint8_t at, struct license_mix *out)
{
    const struct license_node *node = &mixture->from->nodes[at];
    if (node->join == LICENSE_TERM) {
        struct license_part part = part_of(node, mixture->reader, mixture->declared);
        mix_into(mixture, &part, out);
        return;
    }
    struct license_mix other = {.answer = LICENSE_NO};
    mix_from(mixture, node->left, out);
    mix_from(mixture, node->right, &other);
    bool take = node->join == LICENSE_OR ? other.answer > out->answer : other.answer < out->answer;
    if (take)
        *out = other;
}

void license_mix(const struct license *from, const struct license *into, enum license_reader reader,
                 struct license_set declared, struct license_mix *out)
{
    struct mixture mixture = {.from = from, .into = into, .reader = reader, .declared = declared};
    mix_from(&mixture, from->root, out);
}

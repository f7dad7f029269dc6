/* What the fast way stands on: the state of a run, and texts found in tables. Inline, since all of
 * a run's time is spent here. */
#ifndef MAILLON_PROTO_SCHEMA_RUN_H
#define MAILLON_PROTO_SCHEMA_RUN_H

#include "proto/schema/validator.h"

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

struct run {
    const struct tape_token *tokens;
    const uint8_t *text;
    const uint8_t *end;
    const struct program *program;
    const struct instruction *code;
    struct pattern *const *patterns;
    int64_t steps_left;
    uint32_t depth_left;
    uint32_t marks; /* where the current bit set begins in the validator's stack */
    uint32_t marks_used;
    struct validator *validator;
    const struct tape *tape;
    struct span whole;
    uint32_t marks_max;
};

/* Fails, undecided. */
static bool out_of(struct run *r, const char *limit)
{
    if (r->validator->limit == NULL)
        r->validator->limit = limit;
    return false;
}

static inline bool spend(struct run *r, uint32_t steps)
{
    r->steps_left -= steps;
    return LIKELY(r->steps_left >= 0) || out_of(r, "SCHEMA_RUN_STEPS_MAX");
}

static inline const uint8_t *bytes_of(const struct run *r, const struct tape_token *t)
{
    return r->text + t->offset;
}

static const uint8_t run_kinds[32] = {
    [TAPE_NULL] = KIND_NULL,         [TAPE_FALSE] = KIND_BOOLEAN,
    [TAPE_TRUE] = KIND_BOOLEAN,      [TAPE_NUMBER] = KIND_FRACTION,
    [TAPE_STRING] = KIND_STRING,     [TAPE_ARRAY] = KIND_ARRAY,
    [TAPE_OBJECT] = KIND_OBJECT,     [16 + TAPE_NUMBER] = KIND_INTEGER,
    [16 + TAPE_STRING] = KIND_STRING};

static inline bool kind_holds(const struct run *r, edge e, const struct tape_token *t)
{
    if (LIKELY((e & run_kinds[((unsigned)t->type | (unsigned)t->flags << 4) & 31]) != 0))
        return true;
    /* From 1e21 on an integer is written with an exponent. */
    return t->type == TAPE_NUMBER && (e & KIND_INTEGER) != 0 &&
           number_is_integer(t, span_of(bytes_of(r, t), t->length));
}

/* As text_prefix, reading eight bytes at once where the whole text has them. */
static inline uint64_t prefix_at(const struct run *r, const uint8_t *bytes, uint32_t len)
{
    if (UNLIKELY(r->end - bytes < 8))
        return text_prefix(bytes, len);
    uint64_t word;
    memcpy(&word, bytes, 8);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    if (len < 8)
        word = len == 0 ? 0 : word & ~UINT64_C(0) << (64 - 8 * len);
    return word;
}

/* At least eight bytes, of which the first eight are known to be the same. Calling memcmp costs
 * more than comparing what keys are. */
static inline bool same_bytes(const uint8_t *a, const uint8_t *b, uint32_t len)
{
    uint64_t x;
    uint64_t y;
    if (UNLIKELY(len > 64))
        return memcmp(a, b, len) == 0;
    for (uint32_t at = 8; at + 8 < len; at += 8) {
        memcpy(&x, a + at, 8);
        memcpy(&y, b + at, 8);
        if (x != y)
            return false;
    }
    memcpy(&x, a + len - 8, 8);
    memcpy(&y, b + len - 8, 8);
    return x == y;
}

static inline bool key_equals(const struct run *r, const struct text_key *key, uint64_t prefix,
                              const uint8_t *bytes, uint32_t len)
{
    if (key->prefix != prefix || key->len != len)
        return false;
    return len <= 8 || same_bytes(r->program->bytes.items + key->offset, bytes, len);
}

/* The slot with this text (and, for values, this type), or NULL. */
static inline const struct slot *table_find(const struct run *r, uint32_t table_index,
                                            const struct slot *slots, uint64_t prefix,
                                            const uint8_t *bytes, uint32_t len)
{
    const struct table *table = &r->program->tables.items[table_index];
    const uint32_t *places = r->program->table_slots.items + table->first;
    uint32_t at = (uint32_t)text_hash(bytes, len, prefix, table->seed) & table->mask;
    while (places[at] != 0) {
        const struct slot *slot = &slots[places[at] - 1];
        if (key_equals(r, &slot->key, prefix, bytes, len))
            return slot;
        at = (at + 1) & table->mask;
    }
    return NULL;
}

/* The value of a member, or TAPE_NONE. */
static inline uint32_t find_member(const struct run *r, uint32_t object, const struct text_key *key)
{
    uint32_t at = object + 1;
    for (uint32_t n = r->tokens[object].count; n > 0; n--) {
        const struct tape_token *t = &r->tokens[at];
        const uint8_t *bytes = bytes_of(r, t);
        if (t->length == key->len &&
            key_equals(r, key, prefix_at(r, bytes, t->length), bytes, t->length))
            return at + 1;
        at = r->tokens[at + 1].next;
    }
    return TAPE_NONE;
}

#endif

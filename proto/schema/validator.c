#include "proto/schema/validator.h"

#include <stdlib.h>

#include "proto/schema/list.h"

#define PAIRWISE_MAX 8u

struct validator *validator_new(void)
{
    struct validator *v = calloc(1, sizeof(*v));
    if (v == NULL)
        return NULL;
    v->patterns = pattern_scratch_new();
    buf_init(&v->decoded, JSON_TEXT_BYTES_MAX);
    if (v->patterns == NULL) {
        validator_free(v);
        return NULL;
    }
    return v;
}

void validator_free(struct validator *v)
{
    if (v == NULL)
        return;
    pattern_scratch_free(v->patterns);
    buf_clear(&v->decoded);
    free(v->marks);
    free(v->hashed);
    free(v);
}

const char *validator_limit(const struct validator *v)
{
    return v->limit;
}

uint64_t validator_steps(const struct schema *schema, uint32_t tokens)
{
    uint64_t steps = SCHEMA_RUN_STEPS_BASE + (uint64_t)SCHEMA_RUN_STEPS_PER_TOKEN * tokens;
    return steps < schema->limits.run_steps_max ? steps : schema->limits.run_steps_max;
}

struct span validator_string(struct validator *v, const struct tape *tape, struct span text,
                             uint32_t token)
{
    if ((tape->tokens[token].flags & TAPE_ESCAPED) == 0)
        return tape_text(tape, text, token);
    buf_reset(&v->decoded);
    tape_append_decoded(tape, text, token, &v->decoded);
    if (buf_check(&v->decoded) != OK)
        v->limit = "memory";
    return buf_span(&v->decoded);
}

uint32_t validator_length(const struct tape_token *token, const uint8_t *bytes)
{
    uint32_t continuations = 0;
    uint32_t escapes = 0;
    for (uint32_t i = 0; i < token->length; i++)
        continuations += (bytes[i] & 0xC0) == 0x80;
    for (uint32_t i = 0; (token->flags & TAPE_ESCAPED) != 0 && i < token->length; i++) {
        if (bytes[i] != '\\')
            continue;
        uint32_t more = bytes[i + 1] == 'u' ? 5 : 1;
        escapes += more;
        i += more;
    }
    return token->length - continuations - escapes;
}

static bool same(const struct tape *tape, struct span text, uint32_t a, uint32_t b)
{
    return tape->tokens[a].type == tape->tokens[b].type &&
           span_equal(tape_text(tape, text, a), tape_text(tape, text, b));
}

static enum unique pairwise(const struct tape *tape, struct span text, uint32_t array,
                            uint32_t *first, uint32_t *second)
{
    uint32_t count = tape->tokens[array].count;
    uint32_t a = array + 1;
    for (uint32_t i = 0; i < count; i++, a = tape->tokens[a].next) {
        uint32_t b = tape->tokens[a].next;
        for (uint32_t j = i + 1; j < count; j++, b = tape->tokens[b].next) {
            if (same(tape, text, a, b)) {
                *first = a;
                *second = b;
                return UNIQUE_NO;
            }
        }
    }
    return UNIQUE_YES;
}

struct sorting {
    const struct tape *tape;
    struct span text;
};

/* Whatever the hashes, a full order: no instance makes this quadratic. */
static int by_content(const void *x, const void *y, void *context)
{
    const struct hashed *a = x;
    const struct hashed *b = y;
    const struct sorting *sorting = context;
    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    struct span s = tape_text(sorting->tape, sorting->text, a->token);
    struct span t = tape_text(sorting->tape, sorting->text, b->token);
    if (s.len != t.len)
        return s.len < t.len ? -1 : 1;
    return s.len == 0 ? 0 : memcmp(s.data, t.data, s.len);
}

enum unique validator_unique(struct validator *v, const struct tape *tape, struct span text,
                             uint32_t array, uint32_t *first, uint32_t *second)
{
    uint32_t count = tape->tokens[array].count;
    if (count <= PAIRWISE_MAX)
        return pairwise(tape, text, array, first, second);
    if (count > v->hashed_cap) {
        struct hashed *grown = realloc(v->hashed, count * sizeof(*grown));
        if (grown == NULL)
            return UNIQUE_LIMIT;
        v->hashed = grown;
        v->hashed_cap = count;
    }
    uint32_t item = array + 1;
    for (uint32_t i = 0; i < count; i++, item = tape->tokens[item].next) {
        struct span bytes = tape_text(tape, text, item);
        v->hashed[i] = (struct hashed){
            .hash = list_hash(bytes.data, bytes.len, tape->tokens[item].type), .token = item};
    }
    struct sorting sorting = {.tape = tape, .text = text};
    qsort_r(v->hashed, count, sizeof(*v->hashed), by_content, &sorting);
    for (uint32_t i = 1; i < count; i++) {
        if (v->hashed[i - 1].hash == v->hashed[i].hash &&
            same(tape, text, v->hashed[i - 1].token, v->hashed[i].token)) {
            *first = v->hashed[i - 1].token;
            *second = v->hashed[i].token;
            return UNIQUE_NO;
        }
    }
    return UNIQUE_YES;
}

/* What schema_diff promises, held against the validator: where it finds nothing narrower, no
 * document that the old schema takes is refused by the new one, and the other way round. Random
 * pairs of schemas, one a mutation of the other, and random documents near both. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "proto/json/jcs.h"
#include "proto/schema/diff.h"
#include "proto/schema/validate.h"

#define PAIRS 12000u
#define DOCUMENTS 40u

static uint64_t state = 20261124;
static uint32_t decision;  /* keywords written so far */
static uint32_t mutate_at; /* the one that is left out, or written anew; UINT32_MAX: none */
static bool leave_out;

static uint32_t below(uint32_t n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 33) % n;
}

static const char *pick(const char *const *list, uint32_t count)
{
    return list[below(count)];
}
#define PICK(list) pick(list, sizeof(list) / sizeof((list)[0]))

static const char *const names[] = {"a", "b", "c"};
static const char *const scalars[] = {"null", "true", "0",     "1",      "2",
                                      "2.5",  "\"\"", "\"a\"", "\"ab\"", "\"abc\""};

static void put_schema(struct buf *out, unsigned depth);

static void put_names(struct buf *out)
{
    buf_append_byte(out, '[');
    for (uint32_t i = 0, n = 0; i < 3; i++)
        if (below(2) == 0) {
            buf_append_cstr(out, n++ == 0 ? "\"" : ",\"");
            buf_append_cstr(out, names[i]);
            buf_append_byte(out, '"');
        }
    buf_append_byte(out, ']');
}

static void put_list(struct buf *out, unsigned depth)
{
    buf_append_byte(out, '[');
    for (uint32_t i = 0, n = 1 + below(2); i < n; i++) {
        if (i > 0)
            buf_append_byte(out, ',');
        put_schema(out, depth);
    }
    buf_append_byte(out, ']');
}

static void put_properties(struct buf *out, unsigned depth)
{
    buf_append_byte(out, '{');
    for (uint32_t i = 0, n = 0; i < 3; i++)
        if (below(2) == 0) {
            buf_append_cstr(out, n++ == 0 ? "\"" : ",\"");
            buf_append_cstr(out, names[i]);
            buf_append_cstr(out, "\":");
            put_schema(out, depth);
        }
    buf_append_byte(out, '}');
}

static void put_number(struct buf *out)
{
    buf_append_byte(out, (uint8_t)('0' + below(4)));
}

static void put_keyword(struct buf *out, uint32_t keyword, unsigned depth)
{
    static const char *const types[] = {
        "\"string\"", "\"integer\"",           "\"number\"", "\"object\"",
        "\"array\"",  "[\"null\",\"string\"]", "\"null\"",   "[\"number\",\"object\"]"};
    static const char *const enums[] = {"[1,\"a\"]", "[null]", "[1,2,\"a\"]", "[\"ab\"]"};
    static const char *const refs[] = {"\"#/$defs/x\"", "\"#/$defs/y\""};
    static const char *const patterns[] = {"\"^a\"", "\"b\""};
    static const char *const numbers[] = {"minimum",          "maximum",       "minLength",
                                          "maxLength",        "minItems",      "maxItems",
                                          "minProperties",    "maxProperties", "exclusiveMinimum",
                                          "exclusiveMaximum", "minContains",   "maxContains"};
    static const char *const subs[] = {
        "items", "additionalProperties", "not", "contains", "propertyNames", "if", "then",
        "else",  "unevaluatedProperties"};
    static const char *const lists[] = {"allOf", "anyOf", "oneOf", "prefixItems"};
    buf_append_byte(out, '"');
    if (keyword < 12) {
        buf_append_cstr(out, numbers[keyword]);
        buf_append_cstr(out, "\":");
        put_number(out);
    } else if (keyword < 21) {
        buf_append_cstr(out, subs[keyword - 12]);
        buf_append_cstr(out, "\":");
        put_schema(out, depth);
    } else if (keyword < 25) {
        buf_append_cstr(out, lists[keyword - 21]);
        buf_append_cstr(out, "\":");
        put_list(out, depth);
    } else if (keyword == 25) {
        buf_append_cstr(out, "type\":");
        buf_append_cstr(out, PICK(types));
    } else if (keyword == 26) {
        buf_append_cstr(out, "enum\":");
        buf_append_cstr(out, PICK(enums));
    } else if (keyword == 27) {
        buf_append_cstr(out, "$ref\":");
        buf_append_cstr(out, PICK(refs));
    } else if (keyword == 28) {
        buf_append_cstr(out, "pattern\":");
        buf_append_cstr(out, PICK(patterns));
    } else if (keyword == 29) {
        buf_append_cstr(out, "required\":");
        put_names(out);
    } else if (keyword == 30) {
        buf_append_cstr(out, "properties\":");
        put_properties(out, depth);
    } else {
        buf_append_cstr(out, "patternProperties\":{\"^a\":");
        put_schema(out, depth);
        buf_append_byte(out, '}');
    }
}

static void put_schema(struct buf *out, unsigned depth)
{
    if (depth == 0 || below(8) == 0) {
        buf_append_cstr(out, below(4) == 0   ? "false"
                             : below(2) == 0 ? "true"
                                             : "{\"type\":\"string\"}");
        return;
    }
    uint32_t used = 0;
    buf_append_byte(out, '{');
    for (uint32_t i = 0, n = 1 + below(4); i < n; i++) {
        uint32_t keyword = below(32);
        /* Each keyword has a sequence of its own, so that a change of one leaves the rest as it is.
         */
        uint64_t own = state * 0x9e3779b97f4a7c15u | 1u;
        if ((used >> keyword & 1u) != 0 || (keyword == 27 && depth < 3))
            continue;
        bool mutates = decision++ == mutate_at;
        if (mutates && leave_out)
            continue;
        buf_append_cstr(out, used == 0 ? "" : ",");
        used |= 1u << keyword;
        uint64_t rest = state;
        state = mutates ? own ^ 0x5555 : own;
        put_keyword(out, keyword, depth - 1);
        state = rest;
    }
    buf_append_byte(out, '}');
}

static void put_document(struct buf *out, unsigned depth)
{
    uint32_t kind = below(depth == 0 ? 3 : 6);
    if (kind < 3) {
        buf_append_cstr(out, PICK(scalars));
    } else if (kind == 3) {
        buf_append_byte(out, '[');
        for (uint32_t i = 0, n = below(4); i < n; i++) {
            if (i > 0)
                buf_append_byte(out, ',');
            put_document(out, depth - 1);
        }
        buf_append_byte(out, ']');
    } else {
        buf_append_byte(out, '{');
        for (uint32_t i = 0, n = 0; i < 3; i++)
            if (below(2) == 0) {
                buf_append_cstr(out, n++ == 0 ? "\"" : ",\"");
                buf_append_cstr(out, names[i]);
                buf_append_cstr(out, "\":");
                put_document(out, depth - 1);
            }
        buf_append_byte(out, '}');
    }
}

/* The schema of a seed, with one keyword changed or left out when mutation is not UINT32_MAX. Its
 * definitions refer to nothing. */
static void put_whole(struct buf *out, uint64_t seed, uint32_t mutation, bool is_left_out)
{
    static const char *const heads[] = {"{\"allOf\":[", "],\"$defs\":{\"x\":", ",\"y\":"};
    decision = 0;
    mutate_at = mutation;
    leave_out = is_left_out;
    for (int part = 0; part < 3; part++) {
        state = seed + (uint64_t)part * 0x123456789u;
        buf_append_cstr(out, heads[part]);
        put_schema(out, part == 0 ? 4 : 2);
    }
    buf_append_cstr(out, "}}");
}

static const struct tape_limits limits = {.bytes_max = 1u << 20, .depth_max = 64};

struct side {
    struct buf text;
    struct schema *schema;
};

static bool make_side(struct side *side, struct jcs *jcs, uint64_t seed, uint32_t mutation,
                      bool is_left_out)
{
    struct buf raw;
    buf_init(&raw, limits.bytes_max);
    buf_init(&side->text, limits.bytes_max);
    side->schema = NULL;
    put_whole(&raw, seed, mutation, is_left_out);
    assert_int_equal(jcs_canonicalise(jcs, buf_span(&raw), &limits, &side->text, NULL), OK);
    buf_clear(&raw);
    return schema_compile_text(NULL, span_of(NULL, 0), buf_span(&side->text), NULL, &side->schema,
                               NULL) == OK;
}

static void clear_side(struct side *side)
{
    schema_free(side->schema);
    buf_clear(&side->text);
}

static void where_nothing_is_narrower_no_document_is_lost(void **unused)
{
    (void)unused;
    struct jcs *jcs = jcs_new();
    struct validator *validator = validator_new();
    struct tape tape;
    struct buf raw;
    struct buf document;
    uint64_t seed = state;
    unsigned told[4] = {0};
    unsigned judged = 0;
    assert_true(jcs != NULL && validator != NULL);
    tape_init(&tape);
    buf_init(&raw, limits.bytes_max);
    buf_init(&document, limits.bytes_max);
    for (unsigned i = 0; i < PAIRS; i++) {
        state = seed + i * 0x9e3779b97f4a7c15u;
        uint64_t own = state | 1u;
        uint64_t documents = own ^ 0x4444;
        struct side before;
        struct side after;
        bool compiles = make_side(&before, jcs, own, UINT32_MAX, false);
        uint32_t decisions = decision;
        state = documents;
        compiles = make_side(&after, jcs, own, decisions == 0 ? 0 : below(decisions), i % 2 == 0) &&
                   compiles;
        struct diff diff;
        assert_int_equal(schema_diff(buf_span(&before.text), buf_span(&after.text), &diff, NULL),
                         OK);
        told[diff_verdict(&diff)]++;
        state = documents;
        for (unsigned n = 0; compiles && n < DOCUMENTS; n++) {
            buf_reset(&raw);
            buf_reset(&document);
            put_document(&raw, 3);
            assert_int_equal(jcs_canonicalise(jcs, buf_span(&raw), &limits, &document, NULL), OK);
            assert_int_equal(tape_scan(&tape, buf_span(&document), &limits, NULL), OK);
            bool old_takes = schema_holds(before.schema, validator, &tape, buf_span(&document),
                                          0) == SCHEMA_VALID;
            bool new_takes = schema_holds(after.schema, validator, &tape, buf_span(&document), 0) ==
                             SCHEMA_VALID;
            bool broken = (diff.narrowing == 0 && old_takes && !new_takes) ||
                          (diff.widening == 0 && new_takes && !old_takes);
            if (broken)
                fail_msg("pair %u: %s, but %.*s\nold %.*s\nnew %.*s", i,
                         diff_verdict_name(diff_verdict(&diff)), (int)document.len,
                         (const char *)document.data, (int)before.text.len,
                         (const char *)before.text.data, (int)after.text.len,
                         (const char *)after.text.data);
            judged++;
        }
        diff_clear(&diff);
        clear_side(&after);
        clear_side(&before);
    }
    /* Every answer was given often enough for this to mean something. */
    print_message("# %u documents; full %u, backward %u, forward %u, breaking %u\n", judged,
                  told[0], told[1], told[2], told[3]);
    for (int verdict = 0; verdict < 4; verdict++)
        assert_true(told[verdict] >= 50);
    assert_true(judged > PAIRS * 10);
    buf_clear(&document);
    buf_clear(&raw);
    tape_clear(&tape);
    validator_free(validator);
    jcs_free(jcs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_nothing_is_narrower_no_document_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

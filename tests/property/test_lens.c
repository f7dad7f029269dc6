/* The laws of lenses that go both ways, for random lenses and documents from fixed seeds:
 *   back(there(d)) is d without what the conversion says it loses;
 *   there(back(there(d))) is there(d), whatever stands in d. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "tests/lib/lens_text.h"

static uint64_t random_state;

static uint64_t random_next(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static unsigned below(unsigned limit)
{
    return (unsigned)(random_next() % limit);
}

static const char *one_of(const char *const *values, unsigned count)
{
    return values[below(count)];
}
#define ONE_OF(...)                                                                                \
    one_of((const char *const[]){__VA_ARGS__},                                                     \
           sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

#define DATES "{\"date\":{\"read\":\"DD/MM/YYYY\",\"write\":\"date\"}}"
#define TABLE "{\"table\":{\"a\":\"A\",\"b\":\"B\",\"c\":\"C\"},\"otherwise\":\"keep\"}"

/* Operations, and values that they give back as they were. */
static const struct {
    const char *through;
    const char *values[4];
} kinds[] = {
    {"", {"1", "null", "\" \"", "{\"a\":[1,{\"b\":\"é\"}]}"}},
    {"{\"split\":\";\"}", {"\"a\"", "\"a;b c\"", "\"\"", "\"é;f;é\""}},
    {"{\"join\":\", \"}", {"[\"a\"]", "[\"a\",\"b\"]", "[]", "[\"x\",\"y\",\"z\"]"}},
    {TABLE, {"\"a\"", "[\"a\",\"c\"]", "\"z\"", "[]"}},
    {"{\"number\":{\"decimal\":\",\"}}", {"\"1,5\"", "\"-0,25\"", "\"12\"", "[\"1\",\"2,5\"]"}},
    {"{\"text\":true}", {"1.5", "true", "[1,false]", "-3"}},
    {"{\"pad\":5,\"number\":true}", {"1400", "0", "123456", "[7,8]"}},
    {"{\"boolean\":{\"true\":[\"Oui\",\"x\"],\"false\":[\"Non\"]}}",
     {"\"Oui\"", "\"Non\"", "[\"Non\",\"Oui\"]", "[]"}},
    {DATES, {"\"29/02/2024\"", "\"01/01/1970\"", "[\"31/12/1999\"]", "null"}},
    {"{\"wrap\":\"array\"}", {"1", "\"x\"", "{\"a\":1}", "\"\""}},
    {"{\"unwrap\":\"array\"}", {"[1]", "[\"x\"]", "[[2]]", "[{}]"}},
    {"{\"wrap\":\"/@value\"}", {"1", "\"x\"", "[1,2]", "{\"@value\":3}"}},
    {"{\"unwrap\":\"/@id\"}",
     {"{\"@id\":\"x\"}", "{\"@id\":1}", "{\"@id\":[1]}", "{\"@id\":\"\"}"}},
    {"{\"prefix\":\"p:\"}", {"\"x\"", "\"p:x\"", "[\"x\",\"\"]", "\"\""}},
    {"{\"strip\":\"p:\"}", {"\"p:x\"", "\"p:\"", "[\"p:x\",\"p:p:y\"]", "[]"}},
    {"{\"language\":[\"fr\",\"en\"]}",
     {"{\"fr\":\"x\"}", "{\"fr\":\"\"}", "{\"fr\":\"é\"}", "{\"fr\":\"x y\"}"}},
    {"{\"coordinates\":\"lon,lat\"}", {"[2.5,48]", "[0,0]", "[-180,-90]", "[166.4,-22.2]"}},
    {"{\"trim\":true},{\"lower\":true},{\"unique\":true}", {"\"x\"", "[\"x\",\"y\"]", "3", "[]"}},
    {"{\"split\":\";\"}," TABLE ",{\"prefix\":\"p:\"}", {"\"a;b\"", "\"c\"", "\"z;a\"", "\"\""}},
    {DATES ",{\"wrap\":\"/@value\"},{\"wrap\":\"array\"}",
     {"\"29/02/2024\"", "\"01/01/1970\"", "\"31/12/1999\"", "\"01/03/2100\""}},
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* What stands in documents that nobody wrote for the lens. */
static const char *any_value(void)
{
    return ONE_OF("null", "true", "0", "-1.5", "1e+30", "\"\"", "\" \"", "\" a ; b;;c \"",
                  "\"1 234,50\"", "\"31/02/2024\"", "\"7/1/2024\"", "\"x\"", "\"OUI\"", "\"p:x\"",
                  "[]", "[\"a\",null,[\"b\"],{\"c\":1}]", "[1,1,\"1\"]", "{}", "{\"@value\":1}",
                  "{\"@id\":\"x\",\"b\":2}", "{\"en\":\"b\",\"fr\":\"a\"}", "\"48,5 ; 2,25\"",
                  "[48,2]", "[[[]]]", "\"é€🌱\"", "{\"lat\":1,\"lon\":2}", "\"00012\"", "\"1e3\"",
                  "[{\"@language\":\"fr\",\"@value\":\"x\"}]", "\"-\"");
}

struct made {
    struct buf rules;
    struct buf document;
    bool is_wild; /* values do not fit the operations */
    unsigned names;
};

static void append_format(struct buf *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void append_format(struct buf *out, const char *format, ...)
{
    char text[2048];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    assert_true(length >= 0 && (size_t)length < sizeof(text));
    buf_append(out, text, (size_t)length);
}

static void separate(struct buf *out)
{
    if (out->len > 0 && out->data[out->len - 1] != '{' && out->data[out->len - 1] != '[')
        buf_append_byte(out, ',');
}

static void append_member(struct made *made, const char *prefix, unsigned name, const char *value)
{
    if (below(4) == 0) /* absent */
        return;
    separate(&made->document);
    append_format(&made->document, "\"%s%u\":%s", prefix, name,
                  made->is_wild ? any_value() : value);
}

static void make_rules(struct made *made, unsigned count, unsigned depth);

static void make_single(struct made *made)
{
    unsigned kind = below(KINDS);
    unsigned name = made->names++;
    const char *value = kinds[kind].values[below(4)];
    separate(&made->rules);
    append_format(&made->rules, "{\"to\":\"%s/t%u\",", ONE_OF("", "/o", "/o/p~1q"), name);
    if (below(4) == 0)
        append_format(&made->rules, "\"first\":[\"/s%u\",\"/never\"]", name);
    else
        append_format(&made->rules, "\"from\":\"/s%u\"", name);
    if (kinds[kind].through[0] != '\0')
        append_format(&made->rules, ",\"through\":[%s]", kinds[kind].through);
    if (below(5) == 0)
        append_format(&made->rules, ",\"default\":\"nobody writes this\"");
    buf_append_byte(&made->rules, '}');
    append_member(made, "s", name, value);
}

static void make_point(struct made *made)
{
    unsigned name = made->names++;
    separate(&made->rules);
    append_format(&made->rules,
                  "{\"to\":\"/t%u\",\"point\":{\"lat\":\"/y%u\",\"lon\":{\"from\":\"/x%u\","
                  "\"through\":[{\"number\":{\"decimal\":\",\"}}]}}}",
                  name, name, name);
    /* One alone is a position that is lost. */
    if (!made->is_wild && below(2) == 0)
        return;
    separate(&made->document);
    append_format(&made->document, "\"y%u\":%s,\"x%u\":%s", name,
                  made->is_wild ? any_value() : "48.5", name,
                  made->is_wild ? any_value() : "\"-2,25\"");
}

static void make_object(struct made *made, unsigned depth)
{
    separate(&made->rules);
    append_format(&made->rules, "{\"to\":\"/t%u\",\"object\":[", made->names++);
    make_rules(made, 1 + below(3), depth - 1);
    append_format(
        &made->rules, "]%s}",
        ONE_OF("", ",\"through\":[{\"wrap\":\"array\"}]", ",\"through\":[{\"wrap\":\"/in\"}]"));
}

/* The items all have the members that the rules were made with. */
static void make_each(struct made *made, unsigned depth)
{
    unsigned name = made->names++;
    separate(&made->rules);
    append_format(&made->rules, "{\"to\":\"/t%u\",\"each\":\"/s%u\",\"rules\":[", name, name);
    separate(&made->document);
    append_format(&made->document, "\"s%u\":[{\"always%u\":1", name, name);
    append_format(&made->rules, "{\"to\":\"/id\",\"from\":\"/always%u\"}", name);
    make_rules(made, 1 + below(2), depth - 1);
    append_format(&made->document, "},{\"always%u\":2}]", name);
    append_format(&made->rules, "]}");
}

static void make_rules(struct made *made, unsigned count, unsigned depth)
{
    for (unsigned i = 0; i < count; i++) {
        switch (depth == 0 ? 9 : below(10)) {
        case 0:
            make_object(made, depth);
            break;
        case 1:
            make_each(made, depth);
            break;
        case 2:
            make_point(made);
            break;
        case 3:
            separate(&made->rules);
            append_format(&made->rules, "{\"to\":\"/t%u\",\"constant\":%u}", made->names++,
                          below(9));
            break;
        case 4: /* what no rule reads */
            append_member(made, "lost", made->names++, "[1,{\"a\":\"b\"}]");
            break;
        default:
            make_single(made);
            break;
        }
    }
}

/* Small ones first: what fails is then easy to read. */
static void make(struct made *made, bool is_wild, unsigned turn)
{
    *made = (struct made){.is_wild = is_wild};
    buf_init(&made->rules, 1 << 20);
    buf_init(&made->document, 1 << 20);
    append_format(&made->rules, "{\"from\":\"a\",\"to\":\"b\",\"both\":true,\"rules\":[");
    append_format(&made->document, "{");
    make_rules(made, 1 + below(1 + turn / 3000), turn / 5000);
    append_format(&made->rules, "]}%c", '\0');
    append_format(&made->document, "}%c", '\0');
    assert_int_equal(buf_check(&made->rules), OK);
}

static void clear(struct made *made)
{
    buf_clear(&made->rules);
    buf_clear(&made->document);
}

static void take_away(struct arena *arena, struct tree *root, const struct lens_loss *loss)
{
    struct pointer pointer;
    assert_int_equal(pointer_read(arena, loss->path, &pointer), OK);
    assert_int_equal(loss->kind, LENS_LOSS_UNREAD);
    /* Each leaf of it is a loss of its own; the whole goes with the first. */
    assert_true(pointer.count > 0);
    uint32_t depth = 0;
    while (depth < pointer.count &&
           !span_starts_with(pointer.segments[depth], SPAN_LITERAL("lost")))
        depth++;
    if (depth == pointer.count)
        fail_msg("not made to be lost: %.*s", (int)loss->path.len, (const char *)loss->path.data);
    struct span segment = pointer.segments[depth];
    pointer.count = depth;
    tree_put(arena, pointer_get(root, &pointer), segment, NULL);
}

static void show(struct made *made, struct tree *is, struct tree *expected)
{
    struct buf out;
    buf_init(&out, 1 << 20);
    tree_append_canonical(&out, is);
    append_format(&out, "\nis not\n");
    tree_append_canonical(&out, expected);
    fail_msg("%s\n%s\n%.*s", (const char *)made->rules.data, (const char *)made->document.data,
             (int)out.len, (const char *)out.data);
}

static void back_gives_what_was_there_without_what_is_lost(void **state)
{
    (void)state;
    random_state = 20240229;
    uint64_t carried = 0;
    for (unsigned turn = 0; turn < 20000; turn++) {
        struct made made;
        struct lens_text text;
        struct lens_result there;
        struct lens_result back;
        make(&made, false, turn);
        lens_text_init(&text, (const char *)made.rules.data);
        lens_work_want_losses(text.work, true);
        struct tree *source = lens_text_read(&text, span_cstr((const char *)made.document.data));
        struct tree *rest = tree_copy(lens_work_arena(text.work), source);
        assert_int_equal(lens_apply(text.lens, LENS_THERE, text.work, source, &there), OK);
        assert_int_equal(there.fault_total, 0);
        for (uint32_t i = 0; i < there.loss_count; i++)
            take_away(lens_work_arena(text.work), rest, &there.losses[i]);
        assert_int_equal(lens_apply(text.lens, LENS_BACK, text.work, there.value, &back), OK);
        if (!tree_equal(back.value, rest))
            show(&made, back.value, rest);
        carried += back.value->count;
        lens_text_clear(&text);
        clear(&made);
    }
    assert_true(carried > 15000);
}

static void there_and_back_changes_nothing_more(void **state)
{
    (void)state;
    random_state = 777;
    for (unsigned turn = 0; turn < 20000; turn++) {
        struct made made;
        struct lens_text text;
        struct lens_result there;
        struct lens_result back;
        struct lens_result again;
        make(&made, true, turn);
        lens_text_init(&text, (const char *)made.rules.data);
        struct tree *source = lens_text_read(&text, span_cstr((const char *)made.document.data));
        assert_int_equal(lens_apply(text.lens, LENS_THERE, text.work, source, &there), OK);
        assert_int_equal(lens_apply(text.lens, LENS_BACK, text.work, there.value, &back), OK);
        assert_int_equal(lens_apply(text.lens, LENS_THERE, text.work, back.value, &again), OK);
        if (!tree_equal(again.value, there.value))
            show(&made, again.value, there.value);
        assert_int_equal(again.fault_total, 0);
        lens_text_clear(&text);
        clear(&made);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(back_gives_what_was_there_without_what_is_lost),
        cmocka_unit_test(there_and_back_changes_nothing_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

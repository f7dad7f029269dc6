/* Arenas, trees in them, and pointers into those. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "proto/json/jcs.h"
#include "proto/json/pointer.h"

struct fixture {
    struct arena arena;
    struct tape tape;
    struct buf text;
};

static struct tree *read(struct fixture *f, const char *json)
{
    arena_init(&f->arena, 1 << 20);
    tape_init(&f->tape);
    buf_init(&f->text, 1 << 16);
    buf_append_cstr(&f->text, json);
    assert_int_equal(tape_scan(&f->tape, buf_span(&f->text), &tape_record_limits, NULL), OK);
    return tree_from_tape(&f->arena, &f->tape, buf_span(&f->text), 0);
}

static void clear(struct fixture *f)
{
    arena_clear(&f->arena);
    tape_clear(&f->tape);
    buf_clear(&f->text);
}

static void assert_canonical(const struct tree *value, const char *expected)
{
    struct buf out;
    buf_init(&out, 1 << 16);
    tree_append_canonical(&out, value);
    buf_append_byte(&out, '\0');
    assert_string_equal((const char *)out.data, expected);
    buf_clear(&out);
}

static void an_arena_is_bounded_and_starts_again(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 100000);
    for (unsigned round = 0; round < 3; round++) {
        uint8_t *first = arena_alloc(&arena, 10);
        uint8_t *second = arena_alloc(&arena, 50000);
        assert_true(first != NULL && second != NULL);
        for (unsigned i = 0; i < 10; i++)
            assert_int_equal(first[i], 0);
        memset(first, 0xff, 10);
        memset(second, 0xff, 50000);
        assert_null(arena_alloc(&arena, 60000));
        assert_null(arena_alloc(&arena, 1));
        assert_int_equal(arena_check(&arena), ERR_LIMIT);
        arena_reset(&arena);
        assert_int_equal(arena_check(&arena), OK);
    }
    assert_null(arena_alloc_array(&arena, SIZE_MAX / 2, 4));
    assert_int_equal(arena_check(&arena), ERR_LIMIT);
    arena_clear(&arena);
}

static void a_tree_gives_the_bytes_back(void **state)
{
    (void)state;
    static const char *const texts[] = {"null", "[true,false,-0.5,1e+30,\"\\\"\\n\\u0001é\"]",
                                        "{\"\":{},\"a\\tb\":[[]],\"é\":\"\xf0\x9f\x8c\xb1\"}"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct fixture f;
        struct tree *value = read(&f, texts[i]);
        assert_canonical(value, texts[i]);
        struct tree *copy = tree_copy(&f.arena, value);
        assert_true(copy != value && tree_equal(copy, value));
        assert_canonical(copy, texts[i]);
        clear(&f);
    }
}

static void members_are_kept_in_order_and_replaced(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 16);
    struct tree *object = tree_object(&arena);
    /* U+E000 comes after a surrogate pair in UTF-16, and before it in UTF-8. */
    static const char *const keys[] = {"\xee\x80\x80", "\xf0\x90\x80\x80", "b", "a", "c", "ab"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        tree_put(&arena, object, span_cstr(keys[i]), tree_number(&arena, (double)i));
    tree_put(&arena, object, SPAN_LITERAL("b"), tree_literal(&arena, "x"));
    tree_put(&arena, object, SPAN_LITERAL("c"), NULL);
    tree_put(&arena, object, SPAN_LITERAL("none"), NULL);
    assert_canonical(object,
                     "{\"a\":3,\"ab\":5,\"b\":\"x\",\"\xf0\x90\x80\x80\":1,\"\xee\x80\x80\":0}");
    assert_null(tree_get(object, "c"));
    assert_true(tree_get(object, "ab")->number == 5);
    assert_null(tree_get(tree_array(&arena), "a"));
    for (unsigned i = 0; i < 100; i++) {
        uint8_t key[] = {'k', (uint8_t)('0' + i / 10), (uint8_t)('0' + i % 10)};
        tree_put(&arena, object, arena_dup(&arena, span_of(key, 3)), tree_number(&arena, i));
    }
    assert_true(tree_get(object, "k42")->number == 42);
    assert_null(tree_get(object, "k4"));
    arena_clear(&arena);
}

static void values_are_equal_or_not(void **state)
{
    (void)state;
    struct fixture f;
    struct tree *list =
        read(&f, "[1,1,\"1\",null,[1],[1,2],{\"a\":1},{\"a\":2},{\"b\":1},true,false]");
    for (uint32_t i = 0; i < list->count; i++) {
        for (uint32_t k = 0; k < list->count; k++) {
            bool expected = i == k || (i < 2 && k < 2);
            assert_int_equal(tree_equal(list->items[i], list->items[k]), expected);
        }
    }
    assert_true(tree_equal(NULL, NULL));
    assert_false(tree_equal(NULL, list));
    clear(&f);
}

static void without_memory_everything_is_absent(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 300);
    struct tree *array = tree_array(&arena);
    for (unsigned i = 0; i < 100; i++)
        tree_append(&arena, array, tree_number(&arena, i));
    assert_int_equal(arena_check(&arena), ERR_LIMIT);
    assert_null(tree_object(&arena));
    assert_null(tree_copy(&arena, array));
    tree_put(&arena, NULL, SPAN_LITERAL("a"), array);
    assert_null(tree_get(NULL, "a"));
    arena_clear(&arena);
}

static struct pointer pointer_of(struct arena *arena, const char *text)
{
    struct pointer pointer;
    if (pointer_read(arena, span_cstr(text), &pointer) != OK)
        fail_msg("no pointer: %s", text);
    return pointer;
}

/* RFC 6901, 5. */
static void pointers_find_what_the_standard_says(void **state)
{
    (void)state;
    struct fixture f;
    static const char *const cases[][2] = {{"/foo", "[\"bar\",\"baz\"]"},
                                           {"/foo/0", "\"bar\""},
                                           {"/", "0"},
                                           {"/a~1b", "1"},
                                           {"/c%d", "2"},
                                           {"/e^f", "3"},
                                           {"/g|h", "4"},
                                           {"/i\\j", "5"},
                                           {"/k\"l", "6"},
                                           {"/ ", "7"},
                                           {"/m~0n", "8"},
                                           {"/foo/2", NULL},
                                           {"/foo/-", NULL},
                                           {"/foo/00", NULL},
                                           {"/foo/0/x", NULL},
                                           {"/bar", NULL},
                                           {"/foo/99999999999", NULL}};
    struct tree *root = read(&f, "{\"\":0,\" \":7,\"a/b\":1,\"c%d\":2,\"e^f\":3,"
                                 "\"foo\":[\"bar\",\"baz\"],\"g|h\":4,\"i\\\\j\":5,"
                                 "\"k\\\"l\":6,\"m~n\":8}");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct pointer pointer = pointer_of(&f.arena, cases[i][0]);
        struct tree *value = pointer_get(root, &pointer);
        assert_int_equal(value == NULL, cases[i][1] == NULL);
        if (value != NULL)
            assert_canonical(value, cases[i][1]);
    }
    struct pointer whole = pointer_of(&f.arena, "");
    assert_ptr_equal(pointer_get(root, &whole), root);
    clear(&f);
}

static void wrong_pointers_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"a", "a/b", " /a", "/~", "/a~2", "/a/~x"};
    struct arena arena;
    struct pointer pointer;
    struct buf deep;
    arena_init(&arena, 1 << 16);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_int_equal(pointer_read(&arena, span_cstr(texts[i]), &pointer), ERR_SYNTAX);
    buf_init(&deep, 1000);
    for (unsigned i = 0; i <= POINTER_SEGMENTS_MAX; i++)
        buf_append_cstr(&deep, "/a");
    assert_int_equal(pointer_read(&arena, buf_span(&deep), &pointer), ERR_LIMIT);
    buf_clear(&deep);
    arena_clear(&arena);
}

static void setting_makes_what_lacks(void **state)
{
    (void)state;
    static const struct {
        const char *start; /* NULL: nothing */
        const char *pointer;
        const char *result; /* NULL: refused */
    } cases[] = {
        {NULL, "", "9"},
        {NULL, "/a/b", "{\"a\":{\"b\":9}}"},
        {NULL, "/a/0/b", "{\"a\":[{\"b\":9}]}"},
        {NULL, "/a/-", "{\"a\":[9]}"},
        {NULL, "/a/1", "{\"a\":{\"1\":9}}"},
        {"{\"a\":[1]}", "/a/2", "{\"a\":[1,null,9]}"},
        {"{\"a\":[1]}", "/a/0", "{\"a\":[9]}"},
        {"{\"a\":[1]}", "/a/-", "{\"a\":[1,9]}"},
        {"{\"a\":[1]}", "/a/x", NULL},
        {"{\"a\":[1]}", "/a/x/y", NULL},
        {"{\"a\":[1]}", "/a/4096", NULL},
        {"{\"a\":1}", "/a/b", "{\"a\":{\"b\":9}}"},
        {"7", "/a", "{\"a\":9}"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture f;
        struct tree *root = read(&f, cases[i].start == NULL ? "null" : cases[i].start);
        if (cases[i].start == NULL)
            root = NULL;
        struct pointer pointer = pointer_of(&f.arena, cases[i].pointer);
        bool is_set = pointer_set(&f.arena, &root, &pointer, tree_number(&f.arena, 9));
        assert_int_equal(is_set, cases[i].result != NULL);
        if (is_set)
            assert_canonical(root, cases[i].result);
        assert_true(pointer_set(&f.arena, &root, &pointer, NULL));
        clear(&f);
    }
}

static bool add(void *ctx, struct tree *value)
{
    double *sum = ctx;
    *sum += value->number;
    return value->number < 100;
}

static void stars_mean_every_item_and_member(void **state)
{
    (void)state;
    struct fixture f;
    struct tree *root = read(&f, "{\"a\":[{\"n\":1},{\"n\":2},{}],\"b\":{\"x\":{\"n\":4}}}");
    double sum = 0;
    struct pointer pointer = pointer_of(&f.arena, "/a/*/n");
    assert_true(pointer_has_star(&pointer));
    assert_true(pointer_each(root, &pointer, add, &sum));
    assert_true(sum == 3);
    pointer = pointer_of(&f.arena, "/*/*/n");
    assert_true(pointer_each(root, &pointer, add, &sum));
    assert_true(sum == 10);
    root->members[0].value->items[0]->members[0].value->number = 100;
    assert_false(pointer_each(root, &pointer, add, &sum));
    assert_true(sum == 110);
    struct pointer pattern = pointer_of(&f.arena, "/a/*");
    struct pointer inside = pointer_of(&f.arena, "/a/0/n");
    struct pointer outside = pointer_of(&f.arena, "/b/0/n");
    assert_true(pointer_covers(&pattern, &inside));
    assert_false(pointer_covers(&pattern, &outside));
    assert_false(pointer_covers(&inside, &pattern));
    clear(&f);
}

static void blanks_are_white_space_of_any_kind(void **state)
{
    (void)state;
    static const char *const blank[] = {"null", "\"\"", "\" \\t\\n\"", "\"\xc2\xa0\xe2\x80\xaf\""};
    static const char *const others[] = {"0", "false", "[]", "{}", "\" x \"", "\"\xc2\xa1\""};
    struct fixture f;
    for (size_t i = 0; i < sizeof(blank) / sizeof(blank[0]); i++) {
        assert_true(tree_is_blank(read(&f, blank[i])));
        clear(&f);
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_false(tree_is_blank(read(&f, others[i])));
        clear(&f);
    }
    assert_true(tree_is_blank(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_arena_is_bounded_and_starts_again),
        cmocka_unit_test(a_tree_gives_the_bytes_back),
        cmocka_unit_test(members_are_kept_in_order_and_replaced),
        cmocka_unit_test(values_are_equal_or_not),
        cmocka_unit_test(without_memory_everything_is_absent),
        cmocka_unit_test(pointers_find_what_the_standard_says),
        cmocka_unit_test(wrong_pointers_are_refused),
        cmocka_unit_test(setting_makes_what_lacks),
        cmocka_unit_test(stars_mean_every_item_and_member),
        cmocka_unit_test(blanks_are_white_space_of_any_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Lenses applied to texts. */
#include "tests/lib/lens_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const struct tape_limits limits = {.bytes_max = 16u << 20, .depth_max = 64};

void lens_text_init(struct lens_text *text, const char *lens_json)
{
    struct lens_refusal refusal = {.pointer = ""};
    *text = (struct lens_text){.work = lens_work_new(), .jcs = jcs_new()};
    tape_init(&text->tape);
    buf_init(&text->source, 16u << 20);
    buf_init(&text->result, 64u << 20);
    assert_non_null(text->work);
    assert_non_null(text->jcs);
    if (lens_json == NULL)
        return;
    if (lens_compile(span_cstr(lens_json), NULL, &text->lens, &refusal) != OK)
        fail_msg("%s: %s: %s [%s]", lens_json, refusal.pointer,
                 lens_refusal_reason(refusal.rule, LANG_EN), refusal.found);
}

void lens_text_clear(struct lens_text *text)
{
    lens_free(text->lens);
    lens_work_free(text->work);
    jcs_free(text->jcs);
    tape_clear(&text->tape);
    buf_clear(&text->source);
    buf_clear(&text->result);
}

struct tree *lens_text_read(struct lens_text *text, struct span json)
{
    struct why why = {.rule = NULL};
    lens_work_reset(text->work);
    buf_reset(&text->source);
    if (jcs_canonicalise(text->jcs, json, &limits, &text->source, &why) != OK)
        fail_msg("%.*s: %s", (int)json.len, (const char *)json.data, why.rule);
    assert_int_equal(tape_scan(&text->tape, buf_span(&text->source), &limits, NULL), OK);
    struct tree *tree =
        tree_from_tape(lens_work_arena(text->work), &text->tape, buf_span(&text->source), 0);
    assert_non_null(tree);
    return tree;
}

const char *lens_text_apply(struct lens_text *text, enum lens_direction direction, const char *json)
{
    struct tree *source = lens_text_read(text, span_cstr(json));
    assert_int_equal(lens_apply(text->lens, direction, text->work, source, &text->last), OK);
    buf_reset(&text->result);
    tree_append_canonical(&text->result, text->last.value);
    buf_append_byte(&text->result, '\0');
    assert_int_equal(buf_check(&text->result), OK);
    text->result.len--;
    return (const char *)text->result.data;
}

struct lens_refusal lens_text_refusal(const char *lens_json)
{
    struct lens_refusal refusal = {.pointer = "?"};
    struct lens *lens = NULL;
    enum err err = lens_compile(span_cstr(lens_json), NULL, &lens, &refusal);
    lens_free(lens);
    if (err != ERR_BAD_LENS)
        fail_msg("taken: %s", lens_json);
    return refusal;
}

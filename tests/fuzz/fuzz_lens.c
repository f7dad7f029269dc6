/* A lens (or a core model) on the first line, a document on the others: whatever compiles also
 * runs, in both directions, and what comes out is JSON. */
#include <stdint.h>
#include <stdlib.h>

#include "proto/json/jcs.h"
#include "proto/schema/core.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct tree *value)
{
    static const struct tape_limits deep = {.bytes_max = 64u << 20, .depth_max = 1024};
    struct buf out;
    struct tape tape;
    buf_init(&out, 64u << 20);
    tape_init(&tape);
    tree_append_canonical(&out, value);
    if (buf_check(&out) == OK && tape_scan(&tape, buf_span(&out), &deep, NULL) != OK)
        abort();
    tape_clear(&tape);
    buf_clear(&out);
}

static void run(struct span text, const struct tape *tape, struct span document)
{
    static const struct span french = {(const uint8_t *)"fr", 2};
    struct lens_work *work = lens_work_new();
    struct lens *lens = NULL;
    struct core_map *map = NULL;
    struct lens_result result;
    struct core core;
    lens_work_want_losses(work, true);
    struct tree *source = tree_from_tape(lens_work_arena(work), tape, document, 0);
    if (lens_compile(text, NULL, &lens, NULL) == OK) {
        if (lens_apply(lens, LENS_THERE, work, source, &result) == OK)
            check(result.value);
        if (lens_is_both(lens) && lens_apply(lens, LENS_BACK, work, source, &result) == OK)
            check(result.value);
    }
    lens_work_reset(work);
    source = tree_from_tape(lens_work_arena(work), tape, document, 0);
    if (core_map_compile(text, NULL, &map, NULL) == OK &&
        core_map_apply(map, work, source, &french, 1, &core) == OK)
        check(core.value);
    core_map_free(map);
    lens_free(lens);
    lens_work_free(work);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor input = cursor_of(span_of(data, size));
    struct span lens = cursor_until(&input, '\n');
    struct span document = input.failed ? SPAN_LITERAL("{}") : cursor_rest(&input);
    struct jcs *jcs = jcs_new();
    struct tape tape;
    struct buf canonical;
    buf_init(&canonical, 8u << 20);
    tape_init(&tape);
    if (jcs_canonicalise(jcs, document, &tape_record_limits, &canonical, NULL) == OK &&
        tape_scan(&tape, buf_span(&canonical), &tape_record_limits, NULL) == OK)
        run(input.failed ? span_of(data, size) : lens, &tape, buf_span(&canonical));
    tape_clear(&tape);
    buf_clear(&canonical);
    jcs_free(jcs);
    return 0;
}

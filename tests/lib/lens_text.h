/* Lenses applied to texts, for tests that read like tables. */
#ifndef MAILLON_TESTS_LIB_LENS_TEXT_H
#define MAILLON_TESTS_LIB_LENS_TEXT_H

#include "proto/json/jcs.h"
#include "proto/schema/core.h"

struct lens_text {
    struct lens *lens;
    struct lens_work *work;
    struct jcs *jcs;
    struct tape tape;
    struct buf source; /* canonical */
    struct buf result; /* canonical */
    struct lens_result last;
};

/* A lens of the text, which must compile (the test fails with its refusal otherwise). */
void lens_text_init(struct lens_text *text, const char *lens_json);
void lens_text_clear(struct lens_text *text);
/* Reads any JSON into the work's arena; what was there before is gone. */
struct tree *lens_text_read(struct lens_text *text, struct span json);
/* The result's canonical bytes, with a terminating NUL that is not counted. */
const char *lens_text_apply(struct lens_text *text, enum lens_direction direction,
                            const char *json);
/* The refusal of a lens that must not compile. */
struct lens_refusal lens_text_refusal(const char *lens_json);

#endif

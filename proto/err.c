/* The failures of problems.def as tables, and the stop for our own mistakes. */
#include "proto/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/text.h"

struct problem_row {
    const char *slug;
    const char *english;
    const char *french;
    int status;
};

static const struct problem_row rows[ERR_COUNT] = {
    [OK] = {"ok", "Done.", "Fait.", 200},
#define PROBLEM(name, status, slug, english, french) [ERR_##name] = {slug, english, french, status},
#include "proto/problems.def"
#undef PROBLEM
};

static const struct problem_row *row(enum err err)
{
    CHECK((unsigned)err < ERR_COUNT);
    return &rows[err];
}

const char *err_slug(enum err err)
{
    return row(err)->slug;
}

const char *err_sentence(enum err err, enum lang lang)
{
    return lang == LANG_FR ? row(err)->french : row(err)->english;
}

int err_http_status(enum err err)
{
    return row(err)->status;
}

/* What is no character, or a control character, becomes a question mark; cut between characters. */
static void copy_printable(char *out, size_t size, const char *text)
{
    struct span left = span_cstr(text == NULL ? "" : text);
    size_t len = 0;
    while (left.len > 0) {
        size_t sequence = text_sequence(left);
        bool plain = sequence > 0 && left.data[0] >= 0x20 && left.data[0] != 0x7f;
        size_t step = sequence > 0 ? sequence : 1;
        if (len + step >= size)
            break;
        if (plain)
            memcpy(out + len, left.data, step);
        else
            out[len] = '?';
        len += step;
        left = span_part(left, step, left.len);
    }
    out[len] = '\0';
}

enum err why_set(struct why *why, enum err err, const char *rule, uint64_t position,
                 const char *expected, const char *found)
{
    if (why != NULL) {
        why->rule = rule;
        why->position = position;
        copy_printable(why->expected, sizeof(why->expected), expected);
        copy_printable(why->found, sizeof(why->found), found);
    }
    return err;
}

_Noreturn void bug_at(const char *file, int line, const char *text)
{
    (void)fprintf(stderr, "maillon: BUG at %s:%d: %s\n", file, line, text);
    abort();
}

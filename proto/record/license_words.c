/* The words of licences in both languages; see license_words.def. */
#include "proto/record/license.h"

struct word {
    const char *slug;
    const char *text[2];
};

static const struct word uses[] = {
#define LICENSE_USE(name, slug, english, french) {(slug), {(english), (french)}},
#include "proto/record/license_words.def"
#undef LICENSE_USE
};

static const struct word conditions[] = {
#define LICENSE_CONDITION(name, slug, english, french) {(slug), {(english), (french)}},
#include "proto/record/license_words.def"
#undef LICENSE_CONDITION
};

static const struct word readers[] = {
#define LICENSE_READER(name, slug, english, french) {(slug), {(english), (french)}},
#include "proto/record/license_words.def"
#undef LICENSE_READER
};

static const char *const reasons[][2] = {
#define LICENSE_REASON(name, english, french) {(english), (french)},
#include "proto/record/license_words.def"
#undef LICENSE_REASON
};

const char *license_use_slug(enum license_use use)
{
    return uses[use].slug;
}

const char *license_use_text(enum license_use use, enum lang lang)
{
    return uses[use].text[lang];
}

const char *license_condition_slug(enum license_condition condition)
{
    return conditions[condition].slug;
}

const char *license_condition_text(enum license_condition condition, enum lang lang)
{
    return conditions[condition].text[lang];
}

const char *license_reader_slug(enum license_reader reader)
{
    return readers[reader].slug;
}

const char *license_reader_text(enum license_reader reader, enum lang lang)
{
    return readers[reader].text[lang];
}

static bool find_slug(const struct word *words, unsigned count, struct span slug, unsigned *out)
{
    for (unsigned i = 0; i < count; i++) {
        if (span_is(slug, words[i].slug)) {
            *out = i;
            return true;
        }
    }
    return false;
}

bool license_use_read(struct span slug, enum license_use *out)
{
    unsigned at;
    if (!find_slug(uses, LICENSE_USE_COUNT, slug, &at))
        return false;
    *out = (enum license_use)at;
    return true;
}

bool license_condition_read(struct span slug, enum license_condition *out)
{
    unsigned at;
    if (!find_slug(conditions, LICENSE_CONDITION_COUNT, slug, &at))
        return false;
    *out = (enum license_condition)at;
    return true;
}

bool license_reader_read(struct span slug, enum license_reader *out)
{
    unsigned at;
    if (!find_slug(readers, LICENSE_READER_COUNT, slug, &at))
        return false;
    *out = (enum license_reader)at;
    return true;
}

void license_reason_append(const struct license_mix *mix, enum lang lang, struct buf *out)
{
    struct span rest = span_cstr(reasons[mix->reason][lang]);
    while (rest.len > 0) {
        struct span text;
        const char *note = mix->note[lang] == NULL ? "" : mix->note[lang];
        size_t used = sizeof("{from}") - 1; /* as long as {into} and {note} */
        if (span_starts_with(rest, SPAN_LITERAL("{from}"))) {
            text = mix->from;
        } else if (span_starts_with(rest, SPAN_LITERAL("{into}"))) {
            text = mix->into;
        } else if (span_starts_with(rest, SPAN_LITERAL("{note}"))) {
            text = span_cstr(note);
        } else {
            used = 1;
            text = span_part(rest, 0, used);
        }
        buf_append_span(out, text);
        rest = span_part(rest, used, rest.len);
    }
}

/* What a comparison of schemas found, in words. */
#include <stdlib.h>
#include <string.h>

#include "proto/schema/diff.h"

void diff_clear(struct diff *diff)
{
    for (size_t i = 0; i < diff->count; i++) {
        free(diff->findings[i].place);
        free(diff->findings[i].schema);
    }
    free(diff->findings);
    *diff = (struct diff){0};
}

enum diff_verdict diff_verdict(const struct diff *diff)
{
    if (diff->narrowing == 0)
        return diff->widening == 0 ? DIFF_FULL : DIFF_BACKWARD;
    return diff->widening == 0 ? DIFF_FORWARD : DIFF_BREAKING;
}

const char *diff_verdict_name(enum diff_verdict verdict)
{
    static const char *const names[] = {"full", "backward", "forward", "breaking"};
    return names[verdict];
}

struct rule_row {
    const char *slug;
    const char *sentence[2];
};

static const struct rule_row rules[DIFF_RULE_COUNT] = {
#define DIFF(name, slug, english, french) [DIFF_##name] = {slug, {english, french}},
#include "proto/schema/diff_rules.def"
#undef DIFF
};

const char *diff_rule_slug(enum diff_rule rule)
{
    return rules[rule].slug;
}

void diff_sentence(const struct diff_finding *finding, enum lang lang, struct buf *out)
{
    const char *sentence = rules[finding->rule].sentence[lang];
    const char *gap = strstr(sentence, "%s");
    if (gap == NULL) {
        buf_append_cstr(out, sentence);
        return;
    }
    buf_append(out, sentence, (size_t)(gap - sentence));
    buf_append_cstr(out, finding->detail);
    buf_append_cstr(out, gap + 2);
}

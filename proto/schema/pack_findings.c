/* The list of what is wrong with a pack, and its sentences. */
#include "proto/schema/pack.h"

#include <stdlib.h>

#include "proto/base/text.h"
#include "proto/limits.h"

struct rule {
    const char *slug;
    enum pack_kind kind;
    const char *reason[2]; /* by enum lang */
    const char *remedy[2];
};

static const struct rule rules[] = {
#define PACK_RULE(name, slug, kind, reason_en, reason_fr, remedy_en, remedy_fr)                    \
    {slug, PACK_##kind, {reason_en, reason_fr}, {remedy_en, remedy_fr}},
#include "proto/schema/pack_rules.def"
#undef PACK_RULE
};

void pack_findings_init(struct pack_findings *findings)
{
    *findings = (struct pack_findings){.items = NULL};
}

void pack_findings_clear(struct pack_findings *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        free(findings->items[i].file);
        free(findings->items[i].pointer);
        free(findings->items[i].detail);
    }
    free(findings->items);
    pack_findings_init(findings);
}

#define DETAIL_BYTES_MAX 400u

/* A copy that ends with NUL, holds no control character, and is cut between characters. */
static char *printable(struct span text, size_t bytes_max)
{
    size_t len = text.len;
    if (len > bytes_max) {
        len = bytes_max;
        while (len > 0 && (text.data[len] & 0xc0) == 0x80)
            len--;
    }
    char *copy = malloc(len + 1);
    if (copy == NULL)
        return NULL;
    for (size_t i = 0; i < len;) {
        size_t sequence = text_sequence(span_part(text, i, len - i));
        bool plain = sequence > 0 && text.data[i] >= 0x20 && text.data[i] != 0x7f;
        size_t step = plain ? sequence : 1;
        for (size_t j = 0; j < step; j++)
            copy[i + j] = plain ? (char)text.data[i + j] : '?';
        i += step;
    }
    copy[len] = '\0';
    return copy;
}

static bool grow(struct pack_findings *findings)
{
    if ((findings->count & 15u) != 0)
        return true;
    struct pack_finding *items =
        realloc(findings->items, (findings->count + 16) * sizeof(*findings->items));
    if (items == NULL)
        return false;
    findings->items = items;
    return true;
}

void pack_find(struct pack_findings *findings, enum pack_rule rule, struct span file,
               struct span pointer, struct span detail)
{
    if (findings == NULL)
        return;
    if (rules[rule].kind == PACK_REFUSAL)
        findings->refusals++;
    else
        findings->warnings++;
    if (findings->count == PACK_FINDINGS_MAX)
        return;
    struct pack_finding finding = {.rule = rule,
                                   .file = printable(file, DETAIL_BYTES_MAX),
                                   .pointer = printable(pointer, DETAIL_BYTES_MAX),
                                   .detail = printable(detail, DETAIL_BYTES_MAX)};
    if (finding.file == NULL || finding.pointer == NULL || finding.detail == NULL ||
        !grow(findings)) {
        free(finding.file);
        free(finding.pointer);
        free(finding.detail);
        findings->failed = ERR_NO_MEMORY;
        return;
    }
    findings->items[findings->count++] = finding;
}

enum pack_kind pack_rule_kind(enum pack_rule rule)
{
    return rules[rule].kind;
}

const char *pack_rule_slug(enum pack_rule rule)
{
    return rules[rule].slug;
}

static void append_filled(struct buf *out, const char *sentence, const char *detail)
{
    const char *hole = strstr(sentence, "{}");
    if (hole == NULL) {
        buf_append_cstr(out, sentence);
        return;
    }
    buf_append(out, sentence, (size_t)(hole - sentence));
    buf_append_cstr(out, detail);
    buf_append_cstr(out, hole + 2);
}

/* Sentences of other modules begin small and have no full stop. */
static void append_foreign(struct buf *out, const char *sentence, const char *detail)
{
    bool small = sentence[0] >= 'a' && sentence[0] <= 'z';
    buf_append_byte(out, (uint8_t)(small ? sentence[0] - 'a' + 'A' : sentence[0]));
    buf_append_cstr(out, sentence + 1);
    if (detail[0] != '\0') {
        buf_append_cstr(out, ": ");
        buf_append_cstr(out, detail);
    }
    buf_append_byte(out, '.');
}

void pack_finding_reason(const struct pack_finding *finding, enum lang lang, struct buf *out)
{
    if (finding->reason[lang] != NULL)
        append_foreign(out, finding->reason[lang], finding->detail);
    else
        append_filled(out, rules[finding->rule].reason[lang], finding->detail);
}

void pack_finding_remedy(const struct pack_finding *finding, enum lang lang, struct buf *out)
{
    if (finding->remedy[lang] != NULL)
        append_foreign(out, finding->remedy[lang], "");
    else
        append_filled(out, rules[finding->rule].remedy[lang], finding->detail);
}

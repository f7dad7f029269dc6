/* Operations on text. */
#include "proto/base/fold.h"
#include "proto/base/text.h"
#include "proto/limits.h"
#include "proto/schema/lens_html.h"
#include "proto/schema/lens_parts.h"

#define SLUG_BYTES_MAX 120u

/* Bytes of white space at the start: ASCII's, U+00A0, U+202F, U+FEFF. */
static size_t space_at_start(struct span text)
{
    if (text.len == 0)
        return 0;
    if (text.data[0] == ' ' || (text.data[0] >= '\t' && text.data[0] <= '\r'))
        return 1;
    if (span_starts_with(text, SPAN_LITERAL("\xc2\xa0")))
        return 2;
    return span_starts_with(text, SPAN_LITERAL("\xe2\x80\xaf")) ||
                   span_starts_with(text, SPAN_LITERAL("\xef\xbb\xbf"))
               ? 3
               : 0;
}

static size_t space_at_end(struct span text)
{
    for (size_t bytes = 1; bytes <= 3 && bytes <= text.len; bytes++) {
        if (space_at_start(span_part(text, text.len - bytes, bytes)) == bytes)
            return bytes;
    }
    return 0;
}

struct span run_trimmed(struct span text)
{
    size_t bytes;
    while ((bytes = space_at_start(text)) > 0)
        text = span_part(text, bytes, text.len);
    while ((bytes = space_at_end(text)) > 0)
        text.len -= bytes;
    return text;
}

static struct tree *run_prefix(struct lens_work *work, const struct lens_op *op, struct span text)
{
    buf_reset(&work->scratch);
    buf_append_span(&work->scratch, op->text);
    buf_append_span(&work->scratch, text);
    return run_scratch_text(work);
}

static struct tree *run_strip(struct lens_work *work, const struct lens_op *op, struct tree *value,
                              struct span text)
{
    if (!span_starts_with(text, op->text))
        return value;
    return tree_text(&work->arena, span_part(text, op->text.len, text.len));
}

static struct tree *run_extract(struct lens_work *work, const struct lens_op *op,
                                struct tree *value, struct span text)
{
    struct pattern_group groups[PATTERN_CAPTURES_MAX];
    enum pattern_verdict verdict = pattern_capture(op->pattern, work->matcher, text, 0, groups);
    if (verdict == PATTERN_LIMIT)
        report_fault(work, LENS_FAULT_NO_MATCH_TIME, value, span_of(NULL, 0));
    for (unsigned i = 1; verdict == PATTERN_YES && i < PATTERN_CAPTURES_MAX; i++) {
        if (groups[i].first <= groups[i].last)
            return tree_text(&work->arena,
                             span_part(text, groups[i].first, groups[i].last - groups[i].first));
    }
    report_dropped(work);
    return NULL;
}

/* $1 to $9 are groups, $$ a dollar; any other dollar is one, too. */
static void append_replacement(struct buf *out, struct span template, struct span text,
                               const struct pattern_group *groups)
{
    for (size_t i = 0; i < template.len; i++) {
        uint8_t c = template.data[i];
        uint8_t next = i + 1 < template.len ? template.data[i + 1] : 0;
        if (c == '$' && next >= '1' && next <= '9') {
            const struct pattern_group *group = &groups[next - '0'];
            if (group->first <= group->last)
                buf_append_span(out, span_part(text, group->first, group->last - group->first));
            i++;
        } else {
            buf_append_byte(out, c);
            i += c == '$' && next == '$';
        }
    }
}

static struct tree *run_replace(struct lens_work *work, const struct lens_op *op,
                                struct tree *value, struct span text)
{
    struct pattern_group groups[PATTERN_CAPTURES_MAX];
    size_t at = 0;
    size_t copied = 0;
    unsigned turns = 0;
    enum pattern_verdict verdict = PATTERN_NO;
    buf_reset(&work->scratch);
    while (at <= text.len && buf_check(&work->scratch) == OK) {
        verdict = pattern_capture(op->pattern, work->matcher, text, at, groups);
        if (verdict != PATTERN_YES)
            break;
        if (++turns > LENS_REPLACEMENTS_MAX) {
            verdict = PATTERN_LIMIT;
            break;
        }
        buf_append_span(&work->scratch, span_part(text, copied, groups[0].first - copied));
        append_replacement(&work->scratch, op->text, text, groups);
        copied = groups[0].last;
        at = copied;
        /* Behind an empty match the search goes on one character later. */
        if (groups[0].first == groups[0].last)
            at += at < text.len ? text_sequence(span_part(text, at, 4)) : 1;
    }
    if (verdict == PATTERN_LIMIT) {
        report_fault(work, LENS_FAULT_NO_MATCH_TIME, value, span_of(NULL, 0));
        return NULL;
    }
    if (turns == 0)
        return value;
    buf_append_span(&work->scratch, span_part(text, copied, text.len));
    return run_scratch_text(work);
}

/* The small letter of a capital one of the Latin, Greek and Cyrillic alphabets. */
static uint32_t lower(uint32_t c)
{
    if ((c >= 'A' && c <= 'Z') || (c >= 0xc0 && c <= 0xde && c != 0xd7) ||
        (c >= 0x391 && c <= 0x3a9 && c != 0x3a2) || (c >= 0x410 && c <= 0x42f))
        return c + 0x20;
    if (c >= 0x400 && c <= 0x40f)
        return c + 0x50;
    if (c == 0x178)
        return 0xff;
    bool is_odd_capital = (c >= 0x139 && c <= 0x147) || (c >= 0x179 && c <= 0x17d);
    bool is_even_capital = c >= 0x100 && c <= 0x177 && c != 0x130 && !(c >= 0x138 && c <= 0x148);
    if ((is_odd_capital && c % 2 == 1) || (is_even_capital && c % 2 == 0))
        return c + 1;
    return c;
}

static struct tree *run_lower(struct lens_work *work, struct span text)
{
    buf_reset(&work->scratch);
    for (size_t at = 0; at < text.len;) {
        uint8_t encoded[4];
        size_t bytes = text_sequence(span_part(text, at, 4));
        if (bytes == 0) /* no UTF-8: cannot be, and does no harm */
            break;
        uint32_t small = lower(text_code_point(text.data + at, bytes));
        buf_append(&work->scratch, encoded, text_encode(small, encoded));
        at += bytes;
    }
    return run_scratch_text(work);
}

static struct tree *run_drop(struct lens_work *work, const struct lens_op *op, struct tree *value,
                             struct span text)
{
    for (uint32_t i = 0; i < op->word_count; i++) {
        if (span_equal(run_trimmed(text), op->words[i])) {
            report_dropped(work);
            return NULL;
        }
    }
    return value;
}

/* A host name: labels of letters, digits, hyphens and what is beyond ASCII, the last without
 * digits. */
static bool is_host(struct span host)
{
    size_t label = 0;
    size_t dots = 0;
    bool has_digit = false;
    for (size_t i = 0; i < host.len; i++) {
        uint8_t c = host.data[i];
        if (c == '.') {
            if (label == 0)
                return false;
            label = 0;
            dots++;
            has_digit = false;
            continue;
        }
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80;
        bool is_digit = c >= '0' && c <= '9';
        if (!is_letter && !is_digit && c != '-')
            return false;
        has_digit = has_digit || is_digit;
        label++;
    }
    return dots > 0 && label >= 2 && !has_digit;
}

static bool starts_with_scheme(struct span text, const char *scheme)
{
    size_t len = strlen(scheme);
    if (text.len < len)
        return false;
    for (size_t i = 0; i < len; i++) {
        uint8_t c = text.data[i];
        if (c >= 'A' && c <= 'Z')
            c = (uint8_t)(c + 0x20);
        if (c != (uint8_t)scheme[i])
            return false;
    }
    return true;
}

static struct tree *run_web(struct lens_work *work, struct tree *value, struct span text)
{
    size_t scheme = 0;
    text = run_trimmed(text);
    if (starts_with_scheme(text, "https://"))
        scheme = 8;
    else if (starts_with_scheme(text, "http://"))
        scheme = 7;
    size_t end = scheme;
    while (end < text.len && memchr("/?#:", text.data[end], 4) == NULL)
        end++;
    bool is_web = is_host(span_part(text, scheme, end - scheme));
    for (size_t i = 0; i < text.len && is_web; i++)
        is_web = text.data[i] > ' ' && memchr("<>\"{}|\\^`", text.data[i], 9) == NULL;
    if (!is_web) {
        report_fault(work, LENS_FAULT_NOT_WEB, value, span_of(NULL, 0));
        return NULL;
    }
    buf_reset(&work->scratch);
    if (scheme == 0)
        buf_append_cstr(&work->scratch, "https://");
    buf_append_span(&work->scratch, text);
    return run_scratch_text(work);
}

static struct tree *run_slug(struct lens_work *work, struct span text)
{
    buf_reset(&work->scratch);
    fold_append(&work->scratch, text);
    struct buf *slug = &work->scratch;
    size_t len = 0;
    for (size_t i = 0; i < slug->len && len < SLUG_BYTES_MAX; i++) {
        uint8_t c = slug->data[i];
        bool is_kept = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (is_kept)
            slug->data[len++] = c;
        else if (len > 0 && slug->data[len - 1] != '-')
            slug->data[len++] = '-';
    }
    while (len > 0 && slug->data[len - 1] == '-')
        len--;
    slug->len = len;
    return len == 0 ? NULL : run_scratch_text(work);
}

struct tree *run_html(struct lens_work *work, struct tree *value)
{
    if (!tree_is_text(value) || !html_is_marked(value->text))
        return value;
    buf_reset(&work->scratch);
    html_append_text(&work->scratch, value->text);
    return run_scratch_text(work);
}

struct tree *run_text_op(struct lens_work *work, const struct lens_op *op, struct tree *value)
{
    struct span text;
    if (!run_text_of(work, value, &text)) {
        report_fault(work, LENS_FAULT_NOT_TEXT, value, span_of(NULL, 0));
        return NULL;
    }
    switch (op->kind) {
    case OP_PREFIX:
        return op->is_inverse && !tree_is_text(value) ? value : run_prefix(work, op, text);
    case OP_STRIP:
        return run_strip(work, op, value, text);
    case OP_EXTRACT:
        return run_extract(work, op, value, text);
    case OP_REPLACE:
        return run_replace(work, op, value, text);
    case OP_HTML:
        return run_html(work, value);
    case OP_TRIM:
        return tree_is_text(value) ? tree_text(&work->arena, run_trimmed(text)) : value;
    case OP_LOWER:
        return tree_is_text(value) ? run_lower(work, text) : value;
    case OP_DROP:
        return run_drop(work, op, value, text);
    case OP_WEB:
        return run_web(work, value, text);
    case OP_SLUG:
        return run_slug(work, text);
    default:
        BUG("an operation that is none of text");
    }
}

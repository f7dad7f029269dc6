/* Scans the newest entries for the words asked for, and keeps those that the judge lets into the
 * catalogue. */
#include "node/catalogue/search.h"

#include "proto/base/fold.h"
#include "proto/base/text.h"

struct scan {
    const struct search_query *query;
    struct search_result *out;
    struct judge_look *look; /* NULL: everything counts */
    struct buf asked;        /* the words folded, one space between */
    struct span words[SEARCH_WORDS_MAX];
    unsigned word_count;
    struct tape tape;
    struct buf decoded;
    struct buf text; /* of the record at hand, folded */
};

static enum err read_words(struct scan *scan, struct why *why)
{
    if (!text_is_utf8(scan->query->words))
        return why_set(why, ERR_BAD_REQUEST, "q: UTF-8", 0, NULL, NULL);
    fold_append(&scan->asked, scan->query->words);
    TRY(buf_check(&scan->asked));
    struct span left = buf_span(&scan->asked);
    while (left.len > 0) {
        const uint8_t *space = memchr(left.data, ' ', left.len);
        size_t len = space == NULL ? left.len : (size_t)(space - left.data);
        if (scan->word_count == SEARCH_WORDS_MAX)
            return why_set(why, ERR_LIMIT, "q: at most 16 words", 0, NULL, NULL);
        if (len > 0)
            scan->words[scan->word_count++] = span_part(left, 0, len);
        left = span_part(left, len + 1, left.len);
    }
    return OK;
}

/* Folds one value's strings into scan->text, with a space between; keys are not text. Recursion is
 * bounded by the scanner's depth limit. */
static void gather_text(struct scan *scan, struct span line, uint32_t value)
{
    const struct tape_token *token = &scan->tape.tokens[value];
    if (token->type == TAPE_OBJECT) {
        for (uint32_t key = value + 1; key < token->next; key = scan->tape.tokens[key + 1].next)
            gather_text(scan, line, key + 1);
    } else if (token->type == TAPE_ARRAY) {
        for (uint32_t item = value + 1; item < token->next; item = scan->tape.tokens[item].next)
            gather_text(scan, line, item);
    } else if (token->type == TAPE_STRING) {
        if (token->flags & TAPE_ESCAPED) {
            buf_reset(&scan->decoded);
            tape_append_decoded(&scan->tape, line, value, &scan->decoded);
            fold_append(&scan->text, buf_span(&scan->decoded));
        } else {
            fold_append(&scan->text, tape_text(&scan->tape, line, value));
        }
        buf_append_byte(&scan->text, ' ');
    }
}

static bool matches(struct scan *scan, const struct log_entry *entry, struct record *record)
{
    if (record_read(entry->line, &scan->tape, record, NULL) != OK || record->body.len == 0)
        return false;
    if (!span_starts_with(record->schema, scan->query->schema))
        return false;
    if (scan->word_count == 0)
        return true;
    buf_reset(&scan->text);
    gather_text(scan, entry->line, record->body_token);
    for (unsigned i = 0; i < scan->word_count; i++)
        if (!fold_has_prefix(buf_span(&scan->text), scan->words[i]))
            return false;
    return true;
}

static enum err scan_log(struct scan *scan, struct store_log *log)
{
    struct log_reader reader = store_log_reader(log);
    uint64_t size = store_log_committed(log).size;
    if (scan->query->size_of != NULL) {
        uint64_t counts = scan->query->size_of(scan->query->ctx, log);
        size = counts < size ? counts : size;
    }
    for (uint64_t index = size; index-- > 0;) {
        if (!store_log_is_newest_below(log, index, size))
            continue;
        struct log_entry entry;
        TRY(reader.entry(reader.ctx, index, &entry));
        if (entry.line.len == 0 || entry.op != RECORD_PUT)
            continue;
        if (!scan->query->may_read(scan->query->ctx, log, &entry))
            continue;
        scan->out->scanned++;
        struct record record;
        if (!matches(scan, &entry, &record))
            continue;
        if (scan->look != NULL &&
            judge_look(scan->look, log, index, &scan->tape, &record) != JUDGED_FIT) {
            scan->out->left_out++;
            continue;
        }
        if (scan->out->count < scan->query->limit)
            scan->out->hits[scan->out->count++] = (struct search_hit){.log = log, .index = index};
        scan->out->total++;
    }
    return OK;
}

enum err search_run(struct store *store, const struct search_query *query,
                    struct search_result *out, struct why *why)
{
    CHECK(query->limit <= SEARCH_LIMIT_MAX);
    out->count = 0;
    out->total = 0;
    out->scanned = 0;
    out->left_out = 0;
    struct scan scan = {.query = query, .out = out};
    if (query->judge != NULL) {
        scan.look = judge_look_new(query->judge);
        if (scan.look == NULL)
            return ERR_NO_MEMORY;
    }
    buf_init(&scan.asked, 64u * 1024u);
    buf_init(&scan.decoded, LINE_BYTES_MAX);
    buf_init(&scan.text, 4 * LINE_BYTES_MAX);
    tape_init(&scan.tape);
    enum err err = read_words(&scan, why);
    for (size_t i = 0; err == OK; i++) {
        struct store_log *log = store_log_at(store, i);
        if (log == NULL)
            break;
        if (query->origin.len == 0 || span_equal(query->origin, store_log_origin(log)))
            err = scan_log(&scan, log);
    }
    judge_look_free(scan.look);
    tape_clear(&scan.tape);
    buf_clear(&scan.text);
    buf_clear(&scan.decoded);
    buf_clear(&scan.asked);
    return err;
}

/* The thorough way: applies every keyword of the schema as it is written, remembers where it is on
 * both sides, and what each part evaluates. Deliberately another program than run.c: that the two
 * agree is tested. */
#include "proto/schema/explain.h"

#include <stdlib.h>

#include "proto/schema/explain_walk.h"
#include "proto/schema/shape.h"
#include "proto/schema/uri.h"

/* ---- what is recorded ---- */

static void store(struct walk *w, struct report_unit *unit, enum report_text which,
                  struct span text)
{
    unit->texts[which].offset = (uint32_t)w->report->texts.len;
    unit->texts[which].len = (uint32_t)text.len;
    buf_append_span(&w->report->texts, text);
}

static void store_places(struct walk *w, struct report_unit *unit, uint32_t node, uint32_t token,
                         uint32_t at)
{
    struct buf *texts = &w->report->texts;
    const struct node *n = &w->model->nodes.items[node];
    const struct resource *resource = &w->model->resources.items[n->resource];
    const struct schema_document *document = model_document(w->model, node);
    struct buf pointer;
    buf_init(&pointer, 1u << 20);
    unit->texts[TEXT_INSTANCE].offset = (uint32_t)texts->len;
    pointer_append(w->tape, w->text, w->root, at, texts);
    unit->texts[TEXT_INSTANCE].len = (uint32_t)texts->len - unit->texts[TEXT_INSTANCE].offset;
    store(w, unit, TEXT_KEYWORD_LOCATION, buf_span(&w->path));
    pointer_append(&document->tape, document->text, resource->token, token, &pointer);
    unit->texts[TEXT_ABSOLUTE].offset = (uint32_t)texts->len;
    buf_append_span(texts, resource->uri);
    buf_append_byte(texts, '#');
    uri_append_fragment(texts, buf_span(&pointer));
    unit->texts[TEXT_ABSOLUTE].len = (uint32_t)texts->len - unit->texts[TEXT_ABSOLUTE].offset;
    buf_clear(&pointer);
}

static bool report_check(struct walk *w)
{
    return buf_check(&w->report->texts) == OK && buf_check(&w->path) == OK;
}

bool walk_complain(struct walk *w, const struct place *place, enum complaint complaint,
                   struct span expected, struct span actual)
{
    static const char *const keywords[] = {
#define COMPLAINT(name, keyword, english, french) keyword,
#include "proto/schema/complaint.def"
#undef COMPLAINT
    };
    if (w->quiet > 0)
        return false;
    if (report_errors(w->report) >= w->errors_max) {
        w->report->cut = true;
        return false;
    }
    struct report_unit *unit = LIST_PUSH(&w->report->units);
    if (unit == NULL)
        return walk_out_of(w, "memory");
    unit->complaint = complaint;
    unit->keyword = keywords[complaint];
    store_places(w, unit, place->node, place->token, place->at);
    store(w, unit, TEXT_EXPECTED, expected);
    store(w, unit, TEXT_ACTUAL, actual);
    if (!report_check(w))
        return walk_out_of(w, "memory");
    return false;
}

static void annotate(struct walk *w, const struct place *place, enum keyword keyword)
{
    if (!w->annotations || w->quiet > 0)
        return;
    struct report_unit *unit = LIST_PUSH(&w->report->units);
    if (unit == NULL) {
        (void)walk_out_of(w, "memory");
        return;
    }
    const struct schema_document *document = model_document(w->model, place->node);
    const struct tape_token *token = schema_document_token(document, place->token);
    uint32_t quote = token->type == TAPE_STRING;
    unit->keyword = keyword_rows[keyword].text;
    unit->is_annotation = true;
    store_places(w, unit, place->node, place->token, place->at);
    store(w, unit, TEXT_ANNOTATION,
          span_of(document->text.data + token->offset - quote, token->length + 2 * quote));
    if (!report_check(w))
        (void)walk_out_of(w, "memory");
}

bool walk_out_of(struct walk *w, const char *limit)
{
    if (w->validator->limit == NULL)
        w->validator->limit = limit;
    return false;
}

/* ---- what is evaluated ---- */

static uint32_t words_of(const struct walk *w, uint32_t at)
{
    const struct tape_token *t = &w->tape->tokens[at];
    return t->type < TAPE_ARRAY ? 0 : ((uint32_t)t->count + 63) / 64;
}

/* A new bit set on top of the stack, or NONE: a limit. */
static uint32_t push_marks(struct walk *w, uint32_t words)
{
    struct validator *v = w->validator;
    uint32_t begin = w->marks_used;
    if (begin + words > w->marks_max) {
        (void)walk_out_of(w, "SCHEMA_RUN_MARKS_BYTES_MAX");
        return NONE;
    }
    if (begin + words > v->marks_cap) {
        uint32_t cap = (begin + words) * 2 + 64;
        uint64_t *grown = realloc(v->marks, cap * sizeof(*grown));
        if (grown == NULL) {
            (void)walk_out_of(w, "memory");
            return NONE;
        }
        v->marks = grown;
        v->marks_cap = cap;
    }
    if (words > 0)
        memset(v->marks + begin, 0, words * sizeof(*v->marks));
    w->marks_used += words;
    return begin;
}

void walk_mark(struct walk *w, uint32_t marks, uint32_t index)
{
    if (marks != NONE)
        w->validator->marks[marks + index / 64] |= UINT64_C(1) << (index % 64);
}

bool walk_is_marked(const struct walk *w, uint32_t marks, uint32_t index)
{
    return (w->validator->marks[marks + index / 64] >> (index % 64) & 1) != 0;
}

/* ---- schemas ---- */

/* Where a dynamic reference leads from here: the outermost resource that has the anchor. */
static uint32_t target_of(const struct walk *w, const struct clause *clause)
{
    const struct reference *reference = &w->model->references.items[clause->first];
    for (uint32_t i = 0; reference->dynamic != NONE && i < w->scope_count; i++) {
        uint32_t found = w->model->resources.items[w->scope[i]].dynamic[reference->dynamic];
        if (found != NONE)
            return found;
    }
    return reference->target;
}

static bool walk_node(struct walk *w, uint32_t node, uint32_t at, uint32_t marks);

/* What is cheap comes first: it often decides. What is left unevaluated is known only in the end.
 */
static unsigned turn_of(enum keyword keyword)
{
    if (keyword == KEYWORD_UNEVALUATED_ITEMS || keyword == KEYWORD_UNEVALUATED_PROPERTIES)
        return 3;
    switch ((enum keyword_shape)keyword_rows[keyword].shape) {
    case SHAPE_SCHEMA_MAP:
        return 1;
    case SHAPE_DEPENDENCIES:
    case SHAPE_PATTERN_MAP:
    case SHAPE_REFERENCE:
    case SHAPE_SCHEMA:
    case SHAPE_SCHEMAS:
        return 2;
    default:
        return 0;
    }
}

static bool walk_clauses(struct walk *w, uint32_t node, uint32_t at, uint32_t marks)
{
    const struct node *n = &w->model->nodes.items[node];
    bool holds = true;
    size_t path = w->path.len;
    for (unsigned turn = 0; turn < 4; turn++) {
        for (uint32_t i = 0; i < n->clause_count; i++) {
            const struct clause *clause = &w->model->clauses.items[n->clause_first + i];
            enum keyword keyword = (enum keyword)clause->keyword;
            if (turn_of(keyword) != turn)
                continue;
            struct place place = {.node = node, .token = clause->token, .at = at, .marks = marks};
            buf_append_byte(&w->path, '/');
            buf_append_cstr(&w->path, keyword_rows[keyword].text);
            holds = walk_clause(w, &place, clause) && holds;
            w->path.len = path;
            if (w->validator->limit != NULL || (!holds && walk_is_brief(w)))
                return false;
        }
    }
    return holds;
}

bool walk_reference(struct walk *w, const struct place *place, const struct clause *clause)
{
    return walk_node(w, target_of(w, clause), place->at, place->marks);
}

void walk_annotate(struct walk *w, const struct place *place, enum keyword keyword)
{
    annotate(w, place, keyword);
}

/* Applies a schema; what it evaluates is marked for the caller (NONE: nobody asks) if it holds. */
static bool walk_node(struct walk *w, uint32_t node, uint32_t at, uint32_t marks)
{
    const struct node *n = &w->model->nodes.items[node];
    if (w->depth_left == 0)
        return walk_out_of(w, "SCHEMA_RUN_DEPTH_MAX");
    if (w->steps_left < n->clause_count + 1u)
        return walk_out_of(w, "SCHEMA_RUN_STEPS_MAX");
    w->steps_left -= n->clause_count + 1u;
    if (n->kind == NODE_TRUE)
        return true;
    if (n->kind == NODE_FALSE) {
        struct place place = {.node = node, .token = n->token, .at = at};
        return walk_complain(w, &place, COMPLAINT_FORBIDDEN, span_of(NULL, 0), span_of(NULL, 0));
    }
    uint32_t units = w->report->units.count;
    uint32_t used = w->marks_used;
    uint32_t scopes = w->scope_count;
    uint32_t words = words_of(w, at);
    uint32_t own = NONE;
    bool asks = marks != NONE || model_clause(w->model, node, KEYWORD_UNEVALUATED_ITEMS) != NULL ||
                model_clause(w->model, node, KEYWORD_UNEVALUATED_PROPERTIES) != NULL;
    if (asks && (own = push_marks(w, words)) == NONE)
        return false;
    if (scopes == 0 || w->scope[scopes - 1] != n->resource)
        w->scope[w->scope_count++] = n->resource;
    w->depth_left--;
    bool holds = walk_clauses(w, node, at, own);
    w->depth_left++;
    w->scope_count = scopes;
    for (uint32_t i = 0; holds && marks != NONE && i < words; i++)
        w->validator->marks[marks + i] |= w->validator->marks[own + i];
    w->marks_used = used;
    if (!holds)
        report_drop(w->report, units, false, true);
    return holds;
}

bool walk_child(struct walk *w, uint32_t node, uint32_t at, uint32_t marks)
{
    return walk_node(w, node, at, marks);
}

enum verdict schema_explain(const struct schema *schema, struct validator *validator,
                            const struct tape *tape, struct span text, uint32_t token,
                            const struct explain_options *options, struct schema_report *report)
{
    CHECK(token < tape->count);
    uint32_t errors_max = options == NULL ? 0 : options->errors_max;
    struct walk w = {.model = &schema->model,
                     .tape = tape,
                     .text = text,
                     .root = token,
                     .validator = validator,
                     .report = report,
                     .errors_max = errors_max == 0 || errors_max > SCHEMA_ERRORS_MAX
                                       ? SCHEMA_ERRORS_MAX
                                       : errors_max,
                     .annotations = options != NULL && options->annotations,
                     .steps_left = 4 * validator_steps(schema, tape->tokens[token].next - token),
                     .depth_left = schema->limits.run_depth_max,
                     .marks_max = schema->limits.run_marks_bytes_max / 8};
    buf_init(&w.path, 1u << 20);
    report_reset(report);
    validator->limit = NULL;
    bool holds = walk_node(&w, schema->entry, token, NONE);
    buf_clear(&w.path);
    if (validator->limit != NULL)
        return SCHEMA_LIMIT;
    report_drop(report, 0, holds, !holds);
    return holds ? SCHEMA_VALID : SCHEMA_INVALID;
}

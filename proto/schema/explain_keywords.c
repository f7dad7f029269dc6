/* Explanations of the keywords that look into a value, or choose among schemas. */
#include "proto/schema/explain_walk.h"

static const struct tape_token *token_at(const struct walk *w, uint32_t at)
{
    return &w->tape->tokens[at];
}

static const struct child *child_of(const struct walk *w, const struct clause *clause, uint32_t i)
{
    return &w->model->children.items[clause->first + i];
}

static void append_number(struct buf *path, uint32_t number)
{
    buf_append_byte(path, '/');
    buf_append_u64(path, number);
}

static void append_key(struct walk *w, const struct place *place, uint32_t key)
{
    const struct schema_document *document = model_document(w->model, place->node);
    buf_append_byte(&w->path, '/');
    pointer_append_key(&document->tape, document->text, key, &w->path);
}

/* Applies the n-th schema of a list or map, with its step in the path. */
static bool apply(struct walk *w, const struct place *place, const struct clause *clause,
                  uint32_t n, uint32_t at, uint32_t marks)
{
    const struct child *child = child_of(w, clause, n);
    enum keyword_shape shape = keyword_rows[clause->keyword].shape;
    size_t path = w->path.len;
    if (child->key != NONE)
        append_key(w, place, child->key);
    else if (shape == SHAPE_SCHEMAS)
        append_number(&w->path, n);
    bool holds = walk_child(w, child->node, at, marks);
    w->path.len = path;
    return holds;
}

static bool complain_count(struct walk *w, const struct place *place, enum complaint complaint,
                           uint64_t expected, uint64_t actual)
{
    struct buf text;
    buf_init(&text, 64);
    buf_append_u64(&text, expected);
    size_t split = text.len;
    buf_append_u64(&text, actual);
    (void)walk_complain(w, place, complaint, span_of(text.data, split),
                        span_of(text.data + split, text.len - split));
    buf_clear(&text);
    return false;
}

/* ---- members ---- */

static uint32_t find(const struct walk *w, const struct schema_document *document, uint32_t name,
                     uint32_t object)
{
    return tape_member(w->tape, w->text, object, schema_document_span(document, name));
}

static bool is_constant(const struct walk *w, uint32_t node)
{
    return model_clause(w->model, node, KEYWORD_CONST) != NULL ||
           model_clause(w->model, node, KEYWORD_ENUM) != NULL;
}

/* constants: those members alone that a constant decides, or all the others. */
static bool walk_properties(struct walk *w, const struct place *place, bool constants)
{
    const struct source *source =
        &w->model->sources.items[w->model->nodes.items[place->node].source];
    const struct schema_document *document = &source->document;
    bool holds = true;
    uint32_t key = place->at + 1;
    for (uint32_t i = 0; i < token_at(w, place->at)->count; i++) {
        struct span name = tape_text(w->tape, w->text, key);
        uint32_t declared = tape_member(&document->tape, document->text, place->token, name);
        uint32_t node = declared == TAPE_NONE ? NONE : source->node_of[declared];
        if (node != NONE && is_constant(w, node) == constants) {
            size_t path = w->path.len;
            append_key(w, place, declared - 1);
            holds = walk_child(w, node, key + 1, NONE) && holds;
            w->path.len = path;
            walk_mark(w, place->marks, i);
        }
        if (!holds && walk_is_brief(w))
            return false;
        key = token_at(w, key + 1)->next;
    }
    return holds;
}

static bool check_properties(struct walk *w, const struct place *place)
{
    bool holds = walk_properties(w, place, true);
    if (!holds && walk_is_brief(w))
        return false;
    return walk_properties(w, place, false) && holds;
}

static bool key_matches(struct walk *w, uint32_t pattern, uint32_t key)
{
    struct span name = validator_string(w->validator, w->tape, w->text, key);
    enum pattern_verdict verdict =
        pattern_match(w->model->patterns.items[pattern], w->validator->patterns, name);
    if (verdict == PATTERN_LIMIT)
        return walk_out_of(w, "PATTERN_WORK_MAX");
    return verdict == PATTERN_YES;
}

static bool check_patterns(struct walk *w, const struct place *place, const struct clause *clause)
{
    bool holds = true;
    uint32_t key = place->at + 1;
    for (uint32_t i = 0; i < token_at(w, place->at)->count; i++) {
        for (uint32_t n = 0; n < clause->count; n++) {
            if (!key_matches(w, child_of(w, clause, n)->pattern, key))
                continue;
            holds = apply(w, place, clause, n, key + 1, NONE) && holds;
            walk_mark(w, place->marks, i);
        }
        if (!holds && walk_is_brief(w))
            return false;
        key = token_at(w, key + 1)->next;
    }
    return holds;
}

/* A member that neither properties nor patternProperties beside this keyword know. */
static bool is_additional(struct walk *w, const struct place *place, uint32_t key)
{
    const struct schema_document *document = model_document(w->model, place->node);
    const struct clause *properties = model_clause(w->model, place->node, KEYWORD_PROPERTIES);
    const struct clause *patterns = model_clause(w->model, place->node, KEYWORD_PATTERN_PROPERTIES);
    struct span name = tape_text(w->tape, w->text, key);
    if (properties != NULL &&
        tape_member(&document->tape, document->text, properties->token, name) != TAPE_NONE)
        return false;
    for (uint32_t n = 0; patterns != NULL && n < patterns->count; n++) {
        if (key_matches(w, child_of(w, patterns, n)->pattern, key))
            return false;
    }
    return true;
}

static bool check_left_members(struct walk *w, const struct place *place,
                               const struct clause *clause, bool additional)
{
    bool holds = true;
    uint32_t key = place->at + 1;
    for (uint32_t i = 0; i < token_at(w, place->at)->count; i++) {
        bool is_left =
            additional ? is_additional(w, place, key) : !walk_is_marked(w, place->marks, i);
        if (w->validator->limit != NULL || (!holds && walk_is_brief(w)))
            return false;
        if (is_left) {
            holds = apply(w, place, clause, 0, key + 1, NONE) && holds;
            walk_mark(w, place->marks, i);
        }
        key = token_at(w, key + 1)->next;
    }
    return holds;
}

static bool check_names(struct walk *w, const struct place *place, const struct clause *clause)
{
    bool holds = true;
    uint32_t key = place->at + 1;
    for (uint32_t i = 0; i < token_at(w, place->at)->count; i++) {
        holds = apply(w, place, clause, 0, key, NONE) && holds;
        key = token_at(w, key + 1)->next;
    }
    return holds;
}

/* names: the token of an array of them. because: the member that asks for them, or NONE. */
static bool check_required(struct walk *w, const struct place *place, uint32_t names,
                           uint32_t because)
{
    const struct schema_document *document = model_document(w->model, place->node);
    bool holds = true;
    for (uint32_t i = 0; i < schema_document_token(document, names)->count; i++) {
        uint32_t name = names + 1 + i;
        if (find(w, document, name, place->at) != TAPE_NONE)
            continue;
        bool alone = because == NONE;
        holds = walk_complain(w, place, alone ? COMPLAINT_REQUIRED : COMPLAINT_DEPENDENT_REQUIRED,
                              schema_document_span(document, name),
                              alone ? span_of(NULL, 0) : schema_document_span(document, because));
    }
    return holds;
}

static bool check_dependent_required(struct walk *w, const struct place *place)
{
    const struct schema_document *document = model_document(w->model, place->node);
    bool holds = true;
    uint32_t key = place->token + 1;
    for (uint32_t i = 0; i < schema_document_token(document, place->token)->count; i++) {
        if (find(w, document, key, place->at) != TAPE_NONE)
            holds = check_required(w, place, key + 1, key) && holds;
        key = schema_document_token(document, key + 1)->next;
    }
    return holds;
}

static bool check_dependencies(struct walk *w, const struct place *place,
                               const struct clause *clause)
{
    const struct schema_document *document = model_document(w->model, place->node);
    bool holds = true;
    for (uint32_t n = 0; n < clause->count; n++) {
        const struct child *child = child_of(w, clause, n);
        if (find(w, document, child->key, place->at) == TAPE_NONE)
            continue;
        if (child->node == NONE)
            holds = check_required(w, place, child->key + 1, child->key) && holds;
        else
            holds = apply(w, place, clause, n, place->at, place->marks) && holds;
    }
    return holds;
}

/* ---- items ---- */

static bool check_prefix(struct walk *w, const struct place *place, const struct clause *clause)
{
    bool holds = true;
    uint32_t item = place->at + 1;
    for (uint32_t i = 0; i < token_at(w, place->at)->count && i < clause->count; i++) {
        holds = apply(w, place, clause, i, item, NONE) && holds;
        walk_mark(w, place->marks, i);
        if (!holds && walk_is_brief(w))
            return false;
        item = token_at(w, item)->next;
    }
    return holds;
}

static bool check_items(struct walk *w, const struct place *place, const struct clause *clause)
{
    const struct clause *prefix = model_clause(w->model, place->node, KEYWORD_PREFIX_ITEMS);
    bool unevaluated = clause->keyword == KEYWORD_UNEVALUATED_ITEMS;
    bool holds = true;
    uint32_t from = !unevaluated && prefix != NULL ? prefix->count : 0;
    uint32_t item = place->at + 1;
    for (uint32_t i = 0; i < token_at(w, place->at)->count; i++) {
        if (i >= from && !(unevaluated && walk_is_marked(w, place->marks, i))) {
            holds = apply(w, place, clause, 0, item, NONE) && holds;
            walk_mark(w, place->marks, i);
        }
        if (!holds && walk_is_brief(w))
            return false;
        item = token_at(w, item)->next;
    }
    return holds;
}

static bool check_contains(struct walk *w, const struct place *place, const struct clause *clause)
{
    const struct clause *min = model_clause(w->model, place->node, KEYWORD_MIN_CONTAINS);
    const struct clause *max = model_clause(w->model, place->node, KEYWORD_MAX_CONTAINS);
    uint32_t min_count = min == NULL ? 1 : model_count(w->model, place->node, min);
    uint32_t max_count = max == NULL ? UINT32_MAX : model_count(w->model, place->node, max);
    uint32_t found = 0;
    uint32_t item = place->at + 1;
    for (uint32_t i = 0; i < token_at(w, place->at)->count; i++) {
        w->quiet++;
        bool holds = apply(w, place, clause, 0, item, NONE);
        w->quiet--;
        if (holds) {
            found++;
            walk_mark(w, place->marks, i);
        }
        item = token_at(w, item)->next;
    }
    if (w->validator->limit != NULL)
        return false;
    if (found < min_count && min == NULL)
        return complain_count(w, place, COMPLAINT_CONTAINS, 1, 0);
    if (found < min_count)
        return complain_count(w, place, COMPLAINT_MIN_CONTAINS, min_count, found);
    if (found > max_count)
        return complain_count(w, place, COMPLAINT_MAX_CONTAINS, max_count, found);
    return true;
}

/* ---- choices ---- */

static bool check_all(struct walk *w, const struct place *place, const struct clause *clause)
{
    bool holds = true;
    for (uint32_t i = 0; i < clause->count && (holds || !walk_is_brief(w)); i++)
        holds = apply(w, place, clause, i, place->at, place->marks) && holds;
    return holds;
}

/* anyOf, oneOf: what the branches complain of counts only if none holds, and comes behind. */
static bool check_branches(struct walk *w, const struct place *place, const struct clause *clause)
{
    bool is_any = clause->keyword == KEYWORD_ANY_OF;
    uint32_t units = w->report->units.count;
    bool was_cut = w->report->cut;
    uint32_t found = 0;
    w->choices++;
    for (uint32_t i = 0; i < clause->count; i++) {
        found += apply(w, place, clause, i, place->at, place->marks);
        /* Another branch that holds counts only for what it evaluates and annotates. */
        if (is_any && found > 0 && place->marks == NONE && !w->annotations)
            break;
    }
    w->choices--;
    if (w->validator->limit != NULL)
        return false;
    if (found > 0) {
        report_drop(w->report, units, true, false);
        w->report->cut = was_cut;
    }
    if (is_any ? found > 0 : found == 1)
        return true;
    /* The choice itself is told first, even where its branches have taken all the room. */
    uint32_t errors = report_errors(w->report);
    if (w->quiet == 0 && errors >= w->errors_max && w->report->units.count > units) {
        w->report->units.count--;
        w->report->cut = true;
    }
    uint32_t before = w->report->units.count;
    (void)complain_count(w, place, is_any ? COMPLAINT_ANY_OF : COMPLAINT_ONE_OF, clause->count,
                         found);
    if (w->report->units.count > before)
        report_move_last(w->report, units);
    return false;
}

static bool check_not(struct walk *w, const struct place *place, const struct clause *clause)
{
    w->quiet++;
    bool holds = apply(w, place, clause, 0, place->at, NONE);
    w->quiet--;
    if (w->validator->limit != NULL)
        return false;
    return !holds || walk_complain(w, place, COMPLAINT_NOT, span_of(NULL, 0), span_of(NULL, 0));
}

static bool check_if(struct walk *w, const struct place *place, const struct clause *clause)
{
    uint32_t units = w->report->units.count;
    bool was_cut = w->report->cut;
    w->choices++;
    bool condition = apply(w, place, clause, 0, place->at, place->marks);
    w->choices--;
    if (w->validator->limit != NULL)
        return false;
    report_drop(w->report, units, true, false);
    w->report->cut = was_cut;
    enum keyword keyword = condition ? KEYWORD_THEN : KEYWORD_ELSE;
    const struct clause *branch = model_clause(w->model, place->node, keyword);
    if (branch == NULL)
        return true;
    /* The path says which keyword it was: "if" gives way to "then" or "else". */
    w->path.len -= 2;
    buf_append_cstr(&w->path, keyword_rows[keyword].text);
    return apply(w, place, branch, 0, place->at, place->marks);
}

/* ---- all ---- */

static bool walk_object(struct walk *w, const struct place *place, const struct clause *clause)
{
    if (token_at(w, place->at)->type != TAPE_OBJECT)
        return true;
    switch ((enum keyword)clause->keyword) {
    case KEYWORD_PROPERTIES:
        return check_properties(w, place);
    case KEYWORD_PATTERN_PROPERTIES:
        return check_patterns(w, place, clause);
    case KEYWORD_ADDITIONAL_PROPERTIES:
        return check_left_members(w, place, clause, true);
    case KEYWORD_UNEVALUATED_PROPERTIES:
        return check_left_members(w, place, clause, false);
    case KEYWORD_PROPERTY_NAMES:
        return check_names(w, place, clause);
    case KEYWORD_REQUIRED:
        return check_required(w, place, place->token, NONE);
    case KEYWORD_DEPENDENT_REQUIRED:
        return check_dependent_required(w, place);
    default: /* dependentSchemas, dependencies */
        return check_dependencies(w, place, clause);
    }
}

static bool walk_array(struct walk *w, const struct place *place, const struct clause *clause)
{
    if (token_at(w, place->at)->type != TAPE_ARRAY)
        return true;
    switch ((enum keyword)clause->keyword) {
    case KEYWORD_PREFIX_ITEMS:
        return check_prefix(w, place, clause);
    case KEYWORD_CONTAINS:
        return check_contains(w, place, clause);
    default: /* items, unevaluatedItems */
        return check_items(w, place, clause);
    }
}

/* Names that are looked for among each other one by one, for each member. */
static uint64_t names_sought(const struct walk *w, const struct place *place, enum keyword keyword)
{
    const struct clause *properties = NULL;
    switch (keyword) {
    case KEYWORD_ADDITIONAL_PROPERTIES:
        properties = model_clause(w->model, place->node, KEYWORD_PROPERTIES);
        return properties == NULL ? 0 : properties->count;
    case KEYWORD_PROPERTIES:
    case KEYWORD_REQUIRED:
    case KEYWORD_DEPENDENT_SCHEMAS:
    case KEYWORD_DEPENDENCIES:
    case KEYWORD_DEPENDENT_REQUIRED: {
        const struct tape_token *list =
            schema_document_token(model_document(w->model, place->node), place->token);
        return list->next - place->token;
    }
    default:
        return 0;
    }
}

bool walk_clause(struct walk *w, const struct place *place, const struct clause *clause)
{
    enum keyword keyword = (enum keyword)clause->keyword;
    /* The walk over an object or array is charged by its size. */
    const struct tape_token *t = token_at(w, place->at);
    uint64_t cost =
        t->type < TAPE_ARRAY ? 0 : t->count * (1 + names_sought(w, place, keyword) / 16);
    if (w->steps_left < cost)
        return walk_out_of(w, "SCHEMA_RUN_STEPS_MAX");
    w->steps_left -= cost;
    switch (keyword) {
    case KEYWORD_ANCHOR:
    case KEYWORD_COMMENT:
    case KEYWORD_DEFS:
    case KEYWORD_DYNAMIC_ANCHOR:
    case KEYWORD_ID:
    case KEYWORD_SCHEMA:
    case KEYWORD_VOCABULARY:
    case KEYWORD_MIN_CONTAINS:
    case KEYWORD_MAX_CONTAINS:
    case KEYWORD_THEN:
    case KEYWORD_ELSE:
        return true;
    case KEYWORD_CONTENT_ENCODING:
    case KEYWORD_CONTENT_MEDIA_TYPE:
    case KEYWORD_CONTENT_SCHEMA:
        if (t->type == TAPE_STRING)
            walk_annotate(w, place, keyword);
        return true;
    case KEYWORD_DEFAULT:
    case KEYWORD_DEPRECATED:
    case KEYWORD_DESCRIPTION:
    case KEYWORD_EXAMPLES:
    case KEYWORD_READ_ONLY:
    case KEYWORD_TITLE:
    case KEYWORD_WRITE_ONLY:
        walk_annotate(w, place, keyword);
        return true;
    case KEYWORD_REF:
    case KEYWORD_DYNAMIC_REF:
        return walk_reference(w, place, clause);
    case KEYWORD_ALL_OF:
        return check_all(w, place, clause);
    case KEYWORD_ANY_OF:
    case KEYWORD_ONE_OF:
        return check_branches(w, place, clause);
    case KEYWORD_NOT:
        return check_not(w, place, clause);
    case KEYWORD_IF:
        return check_if(w, place, clause);
    case KEYWORD_PROPERTIES:
    case KEYWORD_PATTERN_PROPERTIES:
    case KEYWORD_ADDITIONAL_PROPERTIES:
    case KEYWORD_UNEVALUATED_PROPERTIES:
    case KEYWORD_PROPERTY_NAMES:
    case KEYWORD_REQUIRED:
    case KEYWORD_DEPENDENT_REQUIRED:
    case KEYWORD_DEPENDENT_SCHEMAS:
    case KEYWORD_DEPENDENCIES:
        return walk_object(w, place, clause);
    case KEYWORD_PREFIX_ITEMS:
    case KEYWORD_ITEMS:
    case KEYWORD_CONTAINS:
    case KEYWORD_UNEVALUATED_ITEMS:
        return walk_array(w, place, clause);
    case KEYWORD_FORMAT:
        walk_annotate(w, place, keyword);
        return walk_value(w, place, clause);
    case KEYWORD_TYPE:
    case KEYWORD_CONST:
    case KEYWORD_ENUM:
    case KEYWORD_MINIMUM:
    case KEYWORD_MAXIMUM:
    case KEYWORD_EXCLUSIVE_MINIMUM:
    case KEYWORD_EXCLUSIVE_MAXIMUM:
    case KEYWORD_MULTIPLE_OF:
    case KEYWORD_MIN_LENGTH:
    case KEYWORD_MAX_LENGTH:
    case KEYWORD_MIN_ITEMS:
    case KEYWORD_MAX_ITEMS:
    case KEYWORD_MIN_PROPERTIES:
    case KEYWORD_MAX_PROPERTIES:
    case KEYWORD_UNIQUE_ITEMS:
    case KEYWORD_PATTERN:
        return walk_value(w, place, clause);
    case KEYWORD_COUNT:
        return true;
    }
    return true;
}

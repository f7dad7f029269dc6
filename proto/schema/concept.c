/* Vocabularies, read from canonical bytes into sorted tables. */
#include "proto/schema/concept.h"

#include <stdlib.h>

#include "proto/json/tape.h"
#include "proto/limits.h"

#define NONE UINT32_MAX

struct name {
    struct span language;
    struct span text;
    uint32_t concept_index;
    bool is_label; /* else another name */
};

struct concept {
    struct span code;
    struct span replaced_by; /* empty: in use */
    uint32_t first_name;     /* labels, then others */
    uint32_t name_count;
    uint32_t first_broader;
    uint32_t broader_count;
};

struct vocabulary {
    struct buf text; /* all decoded strings; reserved once, so spans into it hold */
    struct span id;
    struct span *languages;
    size_t language_count;
    struct concept *concepts; /* sorted by code, bytewise */
    uint32_t *order;          /* canonical order -> index in concepts */
    size_t count;
    struct name *names;
    uint32_t name_count;
    uint32_t *by_name; /* indices of names, sorted by folded text */
    struct span *broader;
    uint32_t broader_count;
};

/* A read under way. */
struct reading {
    struct vocabulary *v;
    const struct tape *tape;
    struct span json;
    struct why *why;
};

static enum err refuse(const struct reading *r, uint32_t token, const char *rule)
{
    return why_set(r->why, ERR_BAD_PACK, rule, r->tape->tokens[token].offset, NULL, NULL);
}

static enum tape_type type_of(const struct reading *r, uint32_t token)
{
    return (enum tape_type)r->tape->tokens[token].type;
}

static struct span decode(const struct reading *r, uint32_t token)
{
    struct buf *text = &r->v->text;
    size_t from = text->len;
    tape_append_decoded(r->tape, r->json, token, text);
    return span_of(text->data + from, text->len - from);
}

static uint32_t member(const struct reading *r, uint32_t object, const char *key)
{
    return tape_member(r->tape, r->json, object, span_cstr(key));
}

static enum err read_language_names(const struct reading *r, uint32_t value, struct span language,
                                    uint32_t concept_index, bool is_label)
{
    if (type_of(r, value) == TAPE_STRING) {
        r->v->names[r->v->name_count++] = (struct name){.language = language,
                                                        .text = decode(r, value),
                                                        .concept_index = concept_index,
                                                        .is_label = is_label};
        return OK;
    }
    if (type_of(r, value) != TAPE_ARRAY || is_label)
        return refuse(r, value,
                      "vocabulary: a label is a string, other names are a list of strings");
    uint32_t end = r->tape->tokens[value].next;
    for (uint32_t item = value + 1; item < end; item = r->tape->tokens[item].next) {
        if (type_of(r, item) != TAPE_STRING)
            return refuse(r, item, "vocabulary: other names are strings");
        TRY(read_language_names(r, item, language, concept_index, false));
    }
    return OK;
}

/* {"fr":"...","en":"..."} or, for other names, {"fr":["...",...]}. */
static enum err read_names(const struct reading *r, uint32_t object, uint32_t concept_index,
                           bool is_label)
{
    if (object == TAPE_NONE)
        return OK;
    if (type_of(r, object) != TAPE_OBJECT)
        return refuse(r, object, "vocabulary: labels are an object by language");
    uint32_t end = r->tape->tokens[object].next;
    for (uint32_t key = object + 1; key < end; key = r->tape->tokens[key + 1].next)
        TRY(read_language_names(r, key + 1, decode(r, key), concept_index, is_label));
    return OK;
}

static enum err read_broader(const struct reading *r, uint32_t value)
{
    if (value == TAPE_NONE)
        return OK;
    if (type_of(r, value) == TAPE_STRING) {
        r->v->broader[r->v->broader_count++] = decode(r, value);
        return OK;
    }
    if (type_of(r, value) != TAPE_ARRAY)
        return refuse(r, value, "vocabulary: broader is a list of codes");
    uint32_t end = r->tape->tokens[value].next;
    for (uint32_t item = value + 1; item < end; item = r->tape->tokens[item].next) {
        if (type_of(r, item) != TAPE_STRING)
            return refuse(r, item, "vocabulary: broader is a list of codes");
        r->v->broader[r->v->broader_count++] = decode(r, item);
    }
    return OK;
}

static enum err read_concept(const struct reading *r, uint32_t key, uint32_t concept_index)
{
    uint32_t value = key + 1;
    if (type_of(r, value) != TAPE_OBJECT)
        return refuse(r, value, "vocabulary: a concept is an object");
    struct vocabulary *v = r->v;
    struct concept *concept = &v->concepts[concept_index];
    concept->code = decode(r, key);
    concept->first_name = v->name_count;
    TRY(read_names(r, member(r, value, "labels"), concept_index, true));
    TRY(read_names(r, member(r, value, "alt"), concept_index, false));
    concept->name_count = v->name_count - concept->first_name;
    concept->first_broader = v->broader_count;
    TRY(read_broader(r, member(r, value, "broader")));
    concept->broader_count = v->broader_count - concept->first_broader;
    uint32_t replaced = member(r, value, "replaced_by");
    if (replaced == TAPE_NONE || type_of(r, replaced) == TAPE_NULL)
        return OK;
    if (type_of(r, replaced) != TAPE_STRING)
        return refuse(r, replaced, "vocabulary: replaced_by is a code");
    concept->replaced_by = decode(r, replaced);
    return OK;
}

static int compare_spans(struct span a, struct span b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len == 0 ? 0 : memcmp(a.data, b.data, len);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static uint8_t fold(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

static struct span trim(struct span text)
{
    while (text.len > 0 && text.data[0] <= ' ')
        text = span_part(text, 1, text.len);
    while (text.len > 0 && text.data[text.len - 1] <= ' ')
        text.len--;
    return text;
}

static int compare_folded(struct span a, struct span b)
{
    a = trim(a);
    b = trim(b);
    for (size_t i = 0; i < a.len && i < b.len; i++)
        if (fold(a.data[i]) != fold(b.data[i]))
            return fold(a.data[i]) < fold(b.data[i]) ? -1 : 1;
    return (a.len > b.len) - (a.len < b.len);
}

static int order_concepts(const void *a, const void *b, void *ctx)
{
    const struct vocabulary *v = ctx;
    return compare_spans(v->concepts[*(const uint32_t *)a].code,
                         v->concepts[*(const uint32_t *)b].code);
}

static int order_names(const void *a, const void *b, void *ctx)
{
    const struct vocabulary *v = ctx;
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    int order = compare_folded(v->names[x].text, v->names[y].text);
    return order != 0 ? order : (x > y) - (x < y);
}

static enum err read_languages(const struct reading *r)
{
    uint32_t list = member(r, 0, "languages");
    if (list == TAPE_NONE)
        return OK;
    if (type_of(r, list) != TAPE_ARRAY)
        return refuse(r, list, "vocabulary: languages is a list");
    uint32_t end = r->tape->tokens[list].next;
    for (uint32_t item = list + 1; item < end; item = r->tape->tokens[item].next) {
        if (type_of(r, item) != TAPE_STRING)
            return refuse(r, item, "vocabulary: a language is a string");
        r->v->languages[r->v->language_count++] = decode(r, item);
    }
    return OK;
}

/* As many of each as there are tokens: a bound that needs no second pass. */
static bool make_room(struct vocabulary *v, size_t tokens, size_t concepts, size_t bytes)
{
    buf_init(&v->text, bytes + 1);
    if (buf_reserve(&v->text, bytes + 1) == NULL)
        return false;
    v->languages = calloc(tokens, sizeof(*v->languages));
    v->names = calloc(tokens, sizeof(*v->names));
    v->by_name = calloc(tokens, sizeof(*v->by_name));
    v->broader = calloc(tokens, sizeof(*v->broader));
    v->concepts = calloc(concepts + 1, sizeof(*v->concepts));
    v->order = calloc(concepts + 1, sizeof(*v->order));
    return v->languages != NULL && v->names != NULL && v->by_name != NULL && v->broader != NULL &&
           v->concepts != NULL && v->order != NULL;
}

static enum err read_whole(struct reading *r)
{
    if (type_of(r, 0) != TAPE_OBJECT)
        return refuse(r, 0, "vocabulary: an object with concepts");
    uint32_t id = member(r, 0, "id");
    if (id != TAPE_NONE && type_of(r, id) != TAPE_STRING)
        return refuse(r, 0, "vocabulary: its id is a text");
    uint32_t concepts = member(r, 0, "concepts");
    if (concepts == TAPE_NONE || type_of(r, concepts) != TAPE_OBJECT)
        return refuse(r, 0, "vocabulary: concepts is an object by code");
    struct vocabulary *v = r->v;
    size_t count = r->tape->tokens[concepts].count;
    if (!make_room(v, r->tape->count, count, r->json.len))
        return ERR_NO_MEMORY;
    if (id != TAPE_NONE)
        v->id = decode(r, id);
    TRY(read_languages(r));
    uint32_t end = r->tape->tokens[concepts].next;
    for (uint32_t key = concepts + 1; key < end; key = r->tape->tokens[key + 1].next)
        TRY(read_concept(r, key, (uint32_t)v->count++));
    for (uint32_t i = 0; i < v->count; i++)
        v->order[i] = i;
    qsort_r(v->order, v->count, sizeof(*v->order), order_concepts, v);
    for (uint32_t i = 0; i < v->name_count; i++)
        v->by_name[i] = i;
    qsort_r(v->by_name, v->name_count, sizeof(*v->by_name), order_names, v);
    return OK;
}

enum err vocabulary_read(struct span json, struct vocabulary **out, struct why *why)
{
    static const struct tape_limits limits = {.bytes_max = PACK_FILE_BYTES_MAX,
                                              .depth_max = JSON_DEPTH_MAX};
    struct tape tape;
    tape_init(&tape);
    struct vocabulary *v = calloc(1, sizeof(*v));
    enum err err = v == NULL ? ERR_NO_MEMORY : tape_scan(&tape, json, &limits, why);
    struct reading r = {.v = v, .tape = &tape, .json = json, .why = why};
    if (err == OK)
        err = read_whole(&r);
    tape_clear(&tape);
    if (err != OK) {
        vocabulary_free(v);
        return err;
    }
    *out = v;
    return OK;
}

void vocabulary_free(struct vocabulary *vocabulary)
{
    if (vocabulary == NULL)
        return;
    buf_clear(&vocabulary->text);
    free(vocabulary->languages);
    free(vocabulary->names);
    free(vocabulary->by_name);
    free(vocabulary->broader);
    free(vocabulary->concepts);
    free(vocabulary->order);
    free(vocabulary);
}

struct span vocabulary_id(const struct vocabulary *vocabulary)
{
    return vocabulary->id;
}

size_t vocabulary_count(const struct vocabulary *vocabulary)
{
    return vocabulary->count;
}

struct span vocabulary_code(const struct vocabulary *vocabulary, size_t index)
{
    return vocabulary->concepts[index].code;
}

static const struct concept *find(const struct vocabulary *v, struct span code)
{
    size_t low = 0;
    size_t high = v->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct concept *concept = &v->concepts[v->order[middle]];
        int order = compare_spans(concept->code, code);
        if (order == 0)
        return concept;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

bool vocabulary_has(const struct vocabulary *vocabulary, struct span code)
{
    return find(vocabulary, code) != NULL;
}

struct span vocabulary_current(const struct vocabulary *vocabulary, struct span code)
{
    struct span now = code;
    for (size_t steps = 0; steps <= vocabulary->count; steps++) {
        const struct concept *concept = find(vocabulary, now);
        if (concept == NULL || concept->replaced_by.len == 0)
            return now;
        now = concept->replaced_by;
    }
    return code;
}

static const struct name *label_in(const struct vocabulary *v, const struct concept *concept,
                                   struct span language)
{
    for (uint32_t i = 0; i < concept->name_count; i++) {
        const struct name *name = &v->names[concept->first_name + i];
        if (name->is_label && name->text.len > 0 && span_equal(name->language, language))
            return name;
    }
    return NULL;
}

/* In a language, or without its region. */
static const struct name *label_near(const struct vocabulary *v, const struct concept *concept,
                                     struct span language)
{
    const struct name *name = label_in(v, concept, language);
    const uint8_t *dash = language.len == 0 ? NULL : memchr(language.data, '-', language.len);
    if (name == NULL && dash != NULL)
        name = label_in(v, concept, span_of(language.data, (size_t)(dash - language.data)));
    return name;
}

static const struct name *any_label(const struct vocabulary *v, const struct concept *concept)
{
    for (uint32_t i = 0; i < concept->name_count; i++) {
        const struct name *name = &v->names[concept->first_name + i];
        if (name->is_label && name->text.len > 0)
            return name;
    }
    return NULL;
}

struct span vocabulary_label(const struct vocabulary *vocabulary, struct span code,
                             const struct span *languages, size_t count, struct span *language_out)
{
    const struct concept *concept = find(vocabulary, code);
    const struct name *name = NULL;
    for (size_t i = 0; concept != NULL && name == NULL && i < count; i++)
        name = label_near(vocabulary, concept, languages[i]);
    for (size_t i = 0; concept != NULL && name == NULL && i < vocabulary->language_count; i++)
        name = label_near(vocabulary, concept, vocabulary->languages[i]);
    if (concept != NULL && name == NULL)
        name = any_label(vocabulary, concept);
    if (language_out != NULL)
        *language_out = name == NULL ? span_of(NULL, 0) : name->language;
    return name == NULL ? code : name->text;
}

/* Is a better answer than b (which may be NULL) for this label? */
static bool is_better(const struct vocabulary *v, const struct name *a, const struct name *b,
                      struct span label)
{
    if (b == NULL)
        return true;
    bool exact[2] = {span_equal(a->text, label), span_equal(b->text, label)};
    if (exact[0] != exact[1])
        return exact[0];
    bool used[2] = {v->concepts[a->concept_index].replaced_by.len == 0,
                    v->concepts[b->concept_index].replaced_by.len == 0};
    if (used[0] != used[1])
        return used[0];
    return a->is_label && !b->is_label;
}

struct span vocabulary_find(const struct vocabulary *vocabulary, struct span label)
{
    const struct vocabulary *v = vocabulary;
    size_t low = 0;
    size_t high = v->name_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_folded(v->names[v->by_name[middle]].text, label) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    const struct name *best = NULL;
    for (; low < v->name_count; low++) {
        const struct name *name = &v->names[v->by_name[low]];
        if (compare_folded(name->text, label) != 0)
            break;
        if (is_better(v, name, best, label))
            best = name;
    }
    return best == NULL ? span_of(NULL, 0) : v->concepts[best->concept_index].code;
}

void vocabulary_names(const struct vocabulary *vocabulary, struct span code,
                      void (*fn)(void *ctx, struct span language, struct span name), void *ctx)
{
    const struct concept *concept = find(vocabulary, code);
    for (uint32_t i = 0; concept != NULL && i < concept->name_count; i++) {
        const struct name *name = &vocabulary->names[concept->first_name + i];
        fn(ctx, name->language, name->text);
    }
}

static bool is_among(const struct span *list, size_t count, struct span code)
{
    for (size_t i = 0; i < count; i++)
        if (span_equal(list[i], code))
            return true;
    return false;
}

size_t vocabulary_broader(const struct vocabulary *vocabulary, struct span code, struct span *out,
                          size_t max)
{
    size_t count = 0;
    struct span at = code;
    for (size_t next = 0;; next++) {
        const struct concept *concept = find(vocabulary, at);
        for (uint32_t i = 0; concept != NULL && i < concept->broader_count && count < max; i++) {
            struct span broader = vocabulary->broader[concept->first_broader + i];
            if (!span_equal(broader, code) && !is_among(out, count, broader))
                out[count++] = broader;
        }
        if (next == count)
            return count;
        at = out[next];
    }
}

/* Trying a pack's lenses on its own examples: what they lose must be declared, what they turn into
 * another type of the pack must hold there, and there and back again must change nothing else. */
#include <stdlib.h>

#include "conf/packs_parts.h"
#include "proto/json/pointer.h"
#include "proto/limits.h"
#include "proto/schema/alias.h"
#include "proto/schema/lens.h"
#include "proto/schema/pack_judge.h"

struct trial {
    struct packs_loaded *loaded;
    struct pack_findings *findings;
    struct lens_work *work;
    struct pack_judge *judge;
    struct packs_trial_counts *counts;
    const struct packs_lens *lens;
    const struct alias *alias;
    const struct pack_content *example;
    bool refused;
};

static void report(struct trial *trial, enum pack_rule rule, struct span pointer,
                   struct span detail)
{
    pack_find(trial->findings, rule, trial->lens->content->path, pointer, detail);
    trial->refused = trial->refused || pack_rule_kind(rule) == PACK_REFUSAL;
}

/* "examples/plant/valid/oak.json /kind" */
static void report_at(struct trial *trial, enum pack_rule rule, struct span path, struct span more)
{
    struct buf detail;
    buf_init(&detail, 4096);
    buf_append_span(&detail, trial->example->path);
    buf_append_byte(&detail, '#');
    buf_append_span(&detail, path);
    if (more.len > 0) {
        buf_append_cstr(&detail, ": ");
        buf_append_span(&detail, more);
    }
    report(trial, rule, span_of(NULL, 0), buf_span(&detail));
    buf_clear(&detail);
}

static void report_step(struct trial *trial, const struct lens_result *result)
{
    for (uint32_t i = 0; i < result->loss_count; i++)
        if (!result->losses[i].is_declared)
            report_at(trial, PACK_RULE_LENS_LOSS, result->losses[i].path, span_of(NULL, 0));
    for (uint32_t i = 0; i < result->fault_count; i++) {
        struct buf sentence;
        buf_init(&sentence, 1024);
        lens_fault_append(&sentence, &result->faults[i], LANG_EN);
        report_at(trial, PACK_RULE_LENS_FAULT, result->faults[i].from, buf_span(&sentence));
        buf_clear(&sentence);
    }
}

/* ---- There and back. */

/* The paths at which a difference was announced, in the work's arena. */
struct announced {
    struct pointer *paths;
    uint32_t count;
};

/* loses.there[].path as the lens has them. */
static void announce_declared(struct arena *arena, const struct tree *lens, struct announced *out,
                              uint32_t room)
{
    const struct tree *list = tree_get(tree_get(lens, "loses"), "there");
    for (uint32_t i = 0; tree_is(list, TREE_ARRAY) && i < list->count; i++) {
        const struct tree *path = tree_get(list->items[i], "path");
        if (tree_is_text(path) && out->count < room &&
            pointer_read(arena, path->text, &out->paths[out->count]) == OK)
            out->count++;
    }
}

static bool is_announced(const struct announced *announced, const struct pointer *path)
{
    for (uint32_t i = 0; i < announced->count; i++)
        if (pointer_covers(&announced->paths[i], path))
            return true;
    return false;
}

struct comparison {
    struct trial *trial;
    struct arena *arena;
    const struct announced *announced;
    struct tree *back;
    bool blank_is_missing; /* the lens says so */
};

/* Every leaf of the source must be in what came back, unless its loss was announced. */
static void compare(struct comparison *comparison, const struct tree *source, struct buf *path)
{
    size_t len = path->len;
    for (uint32_t i = 0; source->type >= TREE_ARRAY && i < source->count; i++) {
        if (source->type == TREE_OBJECT) {
            pointer_append_segment(path, source->members[i].key);
        } else {
            buf_append_byte(path, '/');
            buf_append_u64(path, i);
        }
        compare(comparison,
                source->type == TREE_OBJECT ? source->members[i].value : source->items[i], path);
        path->len = len;
    }
    if (source->type >= TREE_ARRAY && source->count > 0)
        return;
    struct pointer pointer;
    struct span text = arena_dup(comparison->arena, buf_span(path));
    if (pointer_read(comparison->arena, text, &pointer) != OK)
        return;
    struct tree *back = pointer_get(comparison->back, &pointer);
    if (comparison->blank_is_missing && tree_is_blank(source) && tree_is_blank(back))
        return;
    if (!tree_equal(source, back) && !is_announced(comparison->announced, &pointer))
        report_at(comparison->trial, PACK_RULE_LENS_TRIP, text, span_of(NULL, 0));
}

static enum err go_back(struct trial *trial, const struct lens *lens, struct tree *source,
                        struct tree *there, const struct lens_result *first)
{
    struct arena *arena = lens_work_arena(trial->work);
    uint32_t room = first->loss_count + 1000;
    struct announced announced = {.paths = arena_alloc_array(arena, room, sizeof(struct pointer))};
    if (announced.paths == NULL)
        return arena_check(arena);
    for (uint32_t i = 0; i < first->loss_count; i++) {
        struct span path = arena_dup(arena, first->losses[i].path);
        if (pointer_read(arena, path, &announced.paths[announced.count]) == OK)
            announced.count++;
    }
    struct packs_json lens_json;
    TRY(packs_json_open(&lens_json, arena, trial->lens->content->json));
    announce_declared(arena, lens_json.root, &announced, room);
    struct lens_result result;
    enum err err = lens_apply(lens, LENS_BACK, trial->work, there, &result);
    if (err == OK) {
        const struct tree *blank = tree_get(lens_json.root, "blank");
        struct comparison comparison = {.trial = trial,
                                        .arena = arena,
                                        .announced = &announced,
                                        .back = result.value,
                                        .blank_is_missing =
                                            tree_is_text(blank) && span_is(blank->text, "missing")};
        struct buf path;
        buf_init(&path, 65536);
        compare(&comparison, source, &path);
        buf_clear(&path);
    }
    packs_json_close(&lens_json);
    return err;
}

/* ---- One lens. */

static enum err judge_there(struct trial *trial, const struct tree *value)
{
    struct span pack;
    struct span name;
    uint32_t major;
    const struct packs_type *type = NULL;
    if (!pack_type_split(trial->lens->to, &pack, &name, &major) ||
        !span_equal(pack, pack_name(trial->loaded->pack)))
        return OK;
    for (size_t i = 0; i < pack_type_count(trial->loaded->pack); i++)
        if (span_equal(trial->loaded->types[i].declared->full, trial->lens->to))
            type = &trial->loaded->types[i];
    const struct schema *schema;
    if (type == NULL || packs_type_schema(type, &schema, NULL) != OK)
        return OK;
    struct buf text;
    struct tape tape;
    static const struct tape_limits limits = {.bytes_max = JSON_TEXT_BYTES_MAX,
                                              .depth_max = JSON_DEPTH_MAX};
    buf_init(&text, JSON_TEXT_BYTES_MAX);
    tape_init(&tape);
    tree_append_canonical(&text, value);
    enum err err = buf_check(&text);
    if (err == OK)
        err = tape_scan(&tape, buf_span(&text), &limits, NULL);
    if (err == OK &&
        pack_judge_body(trial->judge, schema, NULL, &tape, buf_span(&text), 0) != PACK_HOLDS) {
        struct pack_first_error first;
        pack_first_error(trial->judge, schema, &tape, buf_span(&text), 0, &first);
        report_at(trial, PACK_RULE_LENS_INVALID, span_cstr(first.pointer),
                  span_cstr(first.keyword));
    }
    tape_clear(&tape);
    buf_clear(&text);
    return err;
}

static enum err try_example(struct trial *trial, const struct lens *lens)
{
    struct arena *arena = lens_work_arena(trial->work);
    struct packs_json example;
    struct lens_result result;
    lens_work_reset(trial->work);
    TRY(packs_json_open(&example, arena, trial->example->json));
    (void)alias_apply(trial->alias, arena, example.root);
    enum err err = arena_check(arena);
    if (err == OK)
        err = lens_apply(lens, LENS_THERE, trial->work, example.root, &result);
    if (err == OK) {
        trial->counts->applied++;
        report_step(trial, &result);
        err = judge_there(trial, result.value);
    }
    if (err == OK && lens_is_both(lens)) {
        trial->counts->round_trips++;
        err = go_back(trial, lens, example.root, result.value, &result);
    }
    packs_json_close(&example);
    return err;
}

/* examples/TYPE/valid/ of the type that the lens is from. */
static bool is_example_of(const struct pack_content *content, struct span type)
{
    struct cursor cursor = cursor_of(content->path);
    cursor_expect(&cursor, "examples/");
    struct span name = cursor_until(&cursor, '/');
    cursor_expect(&cursor, "valid/");
    return !cursor.failed && span_equal(name, type);
}

static enum err try_lens(struct trial *trial, struct packs_lens *lens)
{
    struct span pack;
    struct span name;
    uint32_t major;
    const struct lens *compiled;
    trial->lens = lens;
    trial->counts->lenses++;
    if (!pack_type_split(lens->from, &pack, &name, &major) ||
        !span_equal(pack, pack_name(trial->loaded->pack)))
        return OK;
    TRY(packs_lens_compiled(lens, &compiled, NULL));
    for (size_t i = 0; i < pack_content_count(trial->loaded->pack); i++) {
        trial->example = pack_content_at(trial->loaded->pack, i);
        if (is_example_of(trial->example, name))
            TRY(try_example(trial, compiled));
    }
    return OK;
}

static enum err try_lenses(struct trial *trial)
{
    struct lens_vocabularies known = packs_vocabularies_of(trial->loaded);
    if (pack_type_count(trial->loaded->pack) > 0)
        TRY(packs_type_aliases(&trial->loaded->types[0], &trial->alias, NULL));
    lens_work_want_losses(trial->work, true);
    lens_work_set_vocabularies(trial->work, &known);
    for (size_t i = 0; i < trial->loaded->lens_count; i++)
        TRY(try_lens(trial, &trial->loaded->lenses[i]));
    return trial->refused ? ERR_BAD_PACK : OK;
}

enum err packs_trial(struct pack *taken, struct pack_findings *findings,
                     struct packs_trial_counts *counts)
{
    *counts = (struct packs_trial_counts){.examples = 0};
    for (size_t i = 0; i < pack_content_count(taken); i++)
        if (pack_content_folder(pack_content_at(taken, i)) == PACK_EXAMPLES)
            counts->examples++;
    enum err err = pack_check(taken, findings);
    if (err != OK) {
        pack_free(taken);
        return err;
    }
    struct trial trial = {.loaded = packs_loaded_new(taken, false),
                          .findings = findings,
                          .work = lens_work_new(),
                          .judge = pack_judge_new(),
                          .counts = counts};
    err = trial.loaded == NULL || trial.work == NULL || trial.judge == NULL ? ERR_NO_MEMORY
                                                                            : try_lenses(&trial);
    lens_work_free(trial.work);
    pack_judge_free(trial.judge);
    if (trial.loaded != NULL)
        packs_loaded_release(trial.loaded);
    return err;
}

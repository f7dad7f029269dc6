/* What is compiled of a pack: at the first call, once, under the pack's lock; read without it from
 * then on. */
#include <stdio.h>
#include <stdlib.h>

#include "conf/packs_parts.h"
#include "proto/json/tape.h"
#include "proto/limits.h"
#include "proto/schema/alias.h"
#include "proto/schema/concept.h"
#include "proto/schema/core.h"
#include "proto/schema/pack_lenses.h"
#include "proto/schema/pack_schema.h"

/* ---- Loading. */

/* The text of a top-level member of a lens; empty when it is none or written with escapes. */
static struct span end_of(const struct tape *tape, struct span json, const char *key)
{
    uint32_t token = tape->tokens[0].type != TAPE_OBJECT
                         ? TAPE_NONE
                         : tape_member(tape, json, 0, span_cstr(key));
    if (token == TAPE_NONE || tape->tokens[token].type != TAPE_STRING ||
        (tape->tokens[token].flags & TAPE_ESCAPED) != 0)
        return span_of(NULL, 0);
    return tape_text(tape, json, token);
}

static enum err read_ends(struct packs_lens *lens, struct tape *tape)
{
    static const struct tape_limits limits = {.bytes_max = JSON_TEXT_BYTES_MAX,
                                              .depth_max = JSON_DEPTH_MAX};
    struct span json = lens->content->json;
    TRY(tape_scan(tape, json, &limits, NULL));
    lens->from = end_of(tape, json, "from");
    lens->to = end_of(tape, json, "to");
    uint32_t both = tape->tokens[0].type != TAPE_OBJECT
                        ? TAPE_NONE
                        : tape_member(tape, json, 0, SPAN_LITERAL("both"));
    lens->both = both != TAPE_NONE && tape->tokens[both].type == TAPE_TRUE;
    return OK;
}

static enum err prepare(struct packs_loaded *loaded)
{
    const struct pack *pack = loaded->pack;
    size_t files = pack_content_count(pack);
    loaded->types = calloc(pack_type_count(pack) + 1, sizeof(*loaded->types));
    loaded->lenses = calloc(files + 1, sizeof(*loaded->lenses));
    if (loaded->types == NULL || loaded->lenses == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < pack_type_count(pack); i++) {
        loaded->types[i].loaded = loaded;
        loaded->types[i].declared = pack_type_at(pack, i);
    }
    struct tape tape;
    tape_init(&tape);
    enum err err = OK;
    for (size_t i = 0; i < files && err == OK; i++) {
        const struct pack_content *content = pack_content_at(pack, i);
        if (pack_content_folder(content) != PACK_LENSES)
            continue;
        struct packs_lens *lens = &loaded->lenses[loaded->lens_count++];
        lens->loaded = loaded;
        lens->content = content;
        err = read_ends(lens, &tape);
    }
    tape_clear(&tape);
    return err;
}

struct packs_loaded *packs_loaded_new(struct pack *taken, bool built_in)
{
    struct packs_loaded *loaded = calloc(1, sizeof(*loaded));
    if (loaded == NULL) {
        pack_free(taken);
        return NULL;
    }
    atomic_init(&loaded->references, 1);
    loaded->pack = taken;
    loaded->built_in = built_in;
    (void)pthread_mutex_init(&loaded->lock, NULL);
    if (prepare(loaded) == OK)
        return loaded;
    packs_loaded_release(loaded);
    return NULL;
}

struct packs_loaded *packs_loaded_hold(struct packs_loaded *loaded)
{
    (void)atomic_fetch_add_explicit(&loaded->references, 1, memory_order_relaxed);
    return loaded;
}

void packs_loaded_release(struct packs_loaded *loaded)
{
    if (atomic_fetch_sub_explicit(&loaded->references, 1, memory_order_acq_rel) > 1)
        return;
    for (size_t i = 0; loaded->types != NULL && i < pack_type_count(loaded->pack); i++) {
        schema_free(loaded->types[i].schema);
        core_map_free(loaded->types[i].core);
    }
    for (size_t i = 0; i < loaded->lens_count; i++)
        lens_free(loaded->lenses[i].lens);
    for (size_t i = 0; i < loaded->vocabulary_count; i++)
        vocabulary_free(loaded->vocabularies[i].vocabulary);
    alias_free(loaded->alias);
    free(loaded->vocabularies);
    free(loaded->types);
    free(loaded->lenses);
    pack_free(loaded->pack);
    (void)pthread_mutex_destroy(&loaded->lock);
    free(loaded);
}

/* ---- Once. */

/* The first thread makes it, the others wait. What is made stays; what failed stays failed, but for
 * want of memory: then the next one tries again. */
static enum err once(struct packs_loaded *loaded, struct packs_once *once, void *object,
                     enum err (*make)(void *object, struct why *why), struct why *why)
{
    if (atomic_load_explicit(&once->state, memory_order_acquire) == PACKS_NOT_MADE) {
        (void)pthread_mutex_lock(&loaded->lock);
        if (atomic_load_explicit(&once->state, memory_order_relaxed) == PACKS_NOT_MADE) {
            once->why = (struct why){.rule = NULL};
            once->err = make(object, &once->why);
            if (once->err == ERR_NO_MEMORY) {
                (void)pthread_mutex_unlock(&loaded->lock);
                return ERR_NO_MEMORY;
            }
            atomic_store_explicit(&once->state, PACKS_MADE, memory_order_release);
        }
        (void)pthread_mutex_unlock(&loaded->lock);
    }
    if (once->err != OK && why != NULL)
        *why = once->why;
    return once->err;
}

static enum err make_schema(void *object, struct why *why)
{
    struct packs_type *type = object;
    struct library *library;
    struct schema_refusal refusal = {.err = OK};
    enum err err = pack_schema_library(type->declared->pack, &library, &refusal);
    if (err == OK) {
        err = pack_schema_compile(type->declared, library, &type->schema, &refusal);
        library_free(library);
    }
    return err == OK ? OK
                     : why_set(why, err, refusal.rule == NULL ? "schema" : refusal.rule, 0,
                               refusal.expected, refusal.pointer);
}

enum err packs_type_schema(const struct packs_type *type, const struct schema **out,
                           struct why *why)
{
    struct packs_type *own = (struct packs_type *)(uintptr_t)type;
    TRY(once(own->loaded, &own->schema_once, own, make_schema, why));
    *out = own->schema;
    return OK;
}

static enum err make_core(void *object, struct why *why)
{
    struct packs_type *type = object;
    struct lens_neighbours neighbours = pack_lens_neighbours(type->declared->pack);
    struct lens_refusal refusal = {.pointer = ""};
    if (type->declared->core_json.len == 0)
        return OK;
    enum err err = core_map_compile(type->declared->core_json, &neighbours, &type->core, &refusal);
    return err == OK ? OK
                     : why_set(why, err, "core.json", 0, lens_refusal_reason(refusal.rule, LANG_EN),
                               refusal.pointer);
}

enum err packs_type_core(const struct packs_type *type, const struct core_map **out,
                         struct why *why)
{
    struct packs_type *own = (struct packs_type *)(uintptr_t)type;
    TRY(once(own->loaded, &own->core_once, own, make_core, why));
    *out = own->core;
    return OK;
}

static enum err make_alias(void *object, struct why *why)
{
    struct packs_loaded *loaded = object;
    struct span json = pack_aliases_json(loaded->pack);
    return json.len == 0 ? OK : alias_compile(json, &loaded->alias, why);
}

enum err packs_type_aliases(const struct packs_type *type, const struct alias **out,
                            struct why *why)
{
    struct packs_loaded *loaded = type->loaded;
    TRY(once(loaded, &loaded->alias_once, loaded, make_alias, why));
    *out = loaded->alias;
    return OK;
}

static enum err make_lens(void *object, struct why *why)
{
    struct packs_lens *lens = object;
    struct lens_neighbours neighbours = pack_lens_neighbours(lens->loaded->pack);
    struct lens_refusal refusal = {.pointer = ""};
    enum err err = lens_compile(lens->content->json, &neighbours, &lens->lens, &refusal);
    return err == OK ? OK
                     : why_set(why, err, "lens", 0, lens_refusal_reason(refusal.rule, LANG_EN),
                               refusal.pointer);
}

enum err packs_lens_compiled(struct packs_lens *lens, const struct lens **out, struct why *why)
{
    TRY(once(lens->loaded, &lens->once, lens, make_lens, why));
    *out = lens->lens;
    return OK;
}

/* ---- Vocabularies: all of a pack at once. */

static enum err make_vocabularies(void *object, struct why *why)
{
    struct packs_loaded *loaded = object;
    size_t files = pack_content_count(loaded->pack);
    if (loaded->vocabularies == NULL)
        loaded->vocabularies = calloc(files + 1, sizeof(*loaded->vocabularies));
    if (loaded->vocabularies == NULL)
        return ERR_NO_MEMORY;
    loaded->vocabulary_count = 0;
    for (size_t i = 0; i < files; i++) {
        const struct pack_content *content = pack_content_at(loaded->pack, i);
        if (pack_content_folder(content) != PACK_VOCABULARIES)
            continue;
        struct packs_vocabulary *vocabulary = &loaded->vocabularies[loaded->vocabulary_count];
        enum err err = vocabulary_read(content->json, &vocabulary->vocabulary, why);
        if (err != OK) {
            for (size_t j = 0; j < loaded->vocabulary_count; j++)
                vocabulary_free(loaded->vocabularies[j].vocabulary);
            loaded->vocabulary_count = 0;
            return err;
        }
        vocabulary->name = content->name;
        loaded->vocabulary_count++;
    }
    return OK;
}

enum err packs_loaded_vocabulary(struct packs_loaded *loaded, struct span name,
                                 const struct vocabulary **out, struct why *why)
{
    TRY(once(loaded, &loaded->vocabulary_once, loaded, make_vocabularies, why));
    for (size_t i = 0; i < loaded->vocabulary_count; i++) {
        if (!span_equal(loaded->vocabularies[i].name, name))
            continue;
        *out = loaded->vocabularies[i].vocabulary;
        return OK;
    }
    return ERR_NOT_FOUND;
}

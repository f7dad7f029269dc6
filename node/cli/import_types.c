/* From the names on the command line to compiled types. */
#include "node/cli/import_types.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/limits.h"

static char *text_dup(struct span text)
{
    char *copy = malloc(text.len + 1);
    if (copy == NULL)
        return NULL;
    if (text.len > 0)
        memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    return copy;
}

static enum err unknown(const struct import_types *types, struct why *why)
{
    struct buf known;
    buf_init(&known, sizeof(why->expected) - 1);
    for (size_t i = 0; i < packs_count(types->packs); i++) {
        if (i > 0)
            buf_append_cstr(&known, ", ");
        buf_append_span(&known, pack_name(packs_at(types->packs, i)));
    }
    char text[sizeof(why->expected)];
    (void)snprintf(text, sizeof(text), "%.*s", (int)known.len, (const char *)known.data);
    buf_clear(&known);
    return why_set(why, ERR_NOT_FOUND, "--pack: PACK or PACK/TYPE@N, see `maillon schema list`", 0,
                   text, types->wishes->pack);
}

/* ---- one type ---- */

static void clear_type(struct import_type *item)
{
    free(item->name);
    free(item->license);
    lens_free(item->id_lens);
    projection_free(item->projection);
}

/* An expression makes a value; as the one rule of a lens it makes {"id": value}. */
static enum err compile_id(struct import_type *item, struct why *why)
{
    if (item->split.id_expression == NULL)
        return OK;
    struct buf expression;
    struct buf lens;
    buf_init(&expression, PACK_FILE_BYTES_MAX);
    buf_init(&lens, LENS_BYTES_MAX);
    tree_append_canonical(&expression, item->split.id_expression);
    buf_append_cstr(&lens,
                    "{\"from\":\"pack/body@1\",\"to\":\"pack/id@1\",\"rules\":[{\"to\":\"/id\",");
    buf_append_span(&lens, span_part(buf_span(&expression), 1, expression.len));
    buf_append_cstr(&lens, "]}");
    struct lens_refusal refusal;
    enum err err = buf_check(&expression) != OK ? buf_check(&expression) : buf_check(&lens);
    if (err == OK)
        err = lens_compile(buf_span(&lens), NULL, &item->id_lens, &refusal);
    if (err == ERR_BAD_LENS)
        err = why_set(why, err, "split: id is an expression of a lens", 0, NULL, refusal.found);
    buf_clear(&expression);
    buf_clear(&lens);
    return err;
}

static enum err open_type(struct import_types *types, const struct packs_type *type,
                          struct why *why)
{
    struct import_type *item = &types->items[types->count++];
    const struct import_wishes *wishes = types->wishes;
    *item = (struct import_type){.type = type, .declared = packs_type_declared(type)};
    struct span fallback = item->declared->default_license;
    item->name = text_dup(item->declared->full);
    if (wishes->license != NULL || fallback.len > 0)
        item->license = text_dup(wishes->license != NULL ? span_cstr(wishes->license) : fallback);
    if (item->name == NULL)
        return ERR_NO_MEMORY;
    TRY(split_read(&types->arena, item->declared->split_json, &item->split, why));
    TRY(packs_type_aliases(type, &item->alias, why));
    TRY(compile_id(item, why));
    if (wishes->project == NULL)
        return OK;
    enum err err =
        projection_compile(item->declared, span_cstr(wishes->project), &item->projection, why);
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err choose(struct import_types *types, struct why *why)
{
    struct span wanted = span_cstr(types->wishes->pack);
    size_t room = packs_type_count(types->packs);
    types->items = calloc(room + 1, sizeof(*types->items));
    if (types->items == NULL)
        return ERR_NO_MEMORY;
    const struct packs_type *one = packs_find_type(types->packs, wanted, NULL);
    if (one != NULL)
        return open_type(types, one, why);
    const struct pack *pack = packs_find(types->packs, wanted);
    if (pack == NULL)
        return unknown(types, why);
    for (size_t i = 0; i < pack_type_count(pack); i++) {
        one = packs_find_type(types->packs, pack_type_at(pack, i)->full, NULL);
        if (one != NULL)
            TRY(open_type(types, one, why));
    }
    return types->count > 0 ? OK : unknown(types, why);
}

/* ---- what of a graph they take ---- */

static void add_kinds(struct import_types *types, const struct span *names, uint32_t count,
                      size_t claim, bool embed)
{
    for (uint32_t i = 0; i < count; i++)
        types->kinds[types->kind_count++] =
            (struct graph_kind){.type = names[i], .claim = (uint32_t)claim, .embed = embed};
}

static size_t claim_of(const struct import_types *types, const struct pack_type *declared,
                       size_t otherwise)
{
    for (size_t i = 0; i < types->count; i++)
        if (span_equal(types->items[i].declared->full, declared->full))
            return i;
    return types->count + otherwise;
}

static enum err gather_kinds(struct import_types *types, struct why *why)
{
    const struct pack *pack = types->items[0].declared->pack;
    size_t type_count = pack_type_count(pack);
    struct split *splits = arena_alloc_array(&types->arena, type_count, sizeof(*splits));
    TRY(arena_check(&types->arena));
    size_t count = 0;
    for (size_t i = 0; i < type_count; i++) {
        TRY(split_read(&types->arena, pack_type_at(pack, i)->split_json, &splits[i], why));
        count += splits[i].type_count + splits[i].embedded_count;
    }
    types->kinds = calloc(count + 1, sizeof(*types->kinds));
    if (types->kinds == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < type_count; i++) {
        size_t claim = claim_of(types, pack_type_at(pack, i), i);
        add_kinds(types, splits[i].types, splits[i].type_count, claim, false);
        add_kinds(types, splits[i].embedded, splits[i].embedded_count, claim, true);
    }
    return OK;
}

/* ---- the lens ---- */

static enum err read_file(const char *path, struct buf *out, struct why *why)
{
    FILE *file = fopen(path, "rbe");
    if (file == NULL)
        return why_set(why, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "--lens: reading the file", 0,
                       NULL, strerror(errno));
    for (size_t n = 1; n > 0;) {
        uint8_t *room = buf_reserve(out, 65536);
        n = room == NULL ? 0 : fread(room, 1, 65536, file);
        if (n > 0)
            buf_commit(out, n);
    }
    enum err err = ferror(file) ? ERR_IO : buf_check(out);
    (void)fclose(file);
    return err;
}

/* Lens files beside the chosen type, for `use`. */
static bool neighbour(void *ctx, struct span name, struct span *text_out)
{
    const struct pack *pack = ctx;
    const struct pack_content *content = pack_content_named(pack, PACK_LENSES, name);
    if (content != NULL)
        *text_out = content->json;
    return content != NULL;
}

static enum err compile_lens(struct import_types *types, struct span text, struct why *why)
{
    const struct pack *pack = types->items[0].declared->pack;
    /* Its functions take the pack as it is: nothing is written through this pointer. */
    union {
        const struct pack *read;
        void *any;
    } ctx = {.read = pack};
    const struct lens_neighbours neighbours = {.ctx = ctx.any, .text_of = neighbour};
    struct lens_refusal refusal;
    enum err err = lens_compile(text, &neighbours, &types->lens, &refusal);
    if (err == ERR_BAD_LENS)
        return why_set(why, err, lens_refusal_reason(refusal.rule, LANG_EN), 0, refusal.pointer,
                       refusal.found);
    return err;
}

/* Keeps of the types the one that the lens leads to, and the way there. */
static enum err find_way(struct import_types *types, struct why *why)
{
    struct span to = lens_to(types->lens);
    size_t best = types->count;
    for (size_t i = 0; i < types->count; i++) {
        struct packs_chain chain = {.count = 0};
        bool there = span_equal(to, types->items[i].declared->full);
        if (!there &&
            packs_find_chain(types->packs, to, types->items[i].declared->full, &chain, why) != OK)
            continue;
        if (best == types->count || chain.count < types->chain.count) {
            best = i;
            types->chain = chain;
        }
    }
    if (best == types->count)
        return why_set(why, ERR_NOT_FOUND,
                       "--lens: no chain of at most 4 lenses from its target to the pack's type", 0,
                       types->items[0].name, NULL);
    struct import_type keep = types->items[best];
    types->items[best] = types->items[0];
    types->items[0] = keep;
    while (types->count > 1)
        clear_type(&types->items[--types->count]);
    return OK;
}

static enum err open_lens(struct import_types *types, struct why *why)
{
    if (types->wishes->lens == NULL)
        return OK;
    struct buf text;
    buf_init(&text, LENS_BYTES_MAX);
    enum err err = read_file(types->wishes->lens, &text, why);
    if (err == OK)
        err = compile_lens(types, buf_span(&text), why);
    buf_clear(&text);
    TRY(err);
    return find_way(types, why);
}

/* ---- what cannot work for any of them ---- */

static enum err check_wishes(const struct import_types *types, struct why *why)
{
    bool licensed = false;
    bool rendered = types->wishes->project == NULL;
    for (size_t i = 0; i < types->count; i++) {
        const struct import_type *item = &types->items[i];
        licensed = licensed || item->license != NULL || !item->declared->license_required;
        rendered = rendered || item->projection != NULL;
    }
    if (!licensed)
        return why_set(why, ERR_BAD_REQUEST,
                       "neither the pack nor the file says under which licence: give --license", 0,
                       "--license CC-BY-SA-4.0", NULL);
    if (!rendered)
        return why_set(why, ERR_BAD_REQUEST,
                       "--project: the pack has no projection for this audience", 0, NULL,
                       types->wishes->project);
    return OK;
}

enum err import_types_open(const char *dir, const struct import_wishes *wishes,
                           struct import_types *types, struct why *why)
{
    *types = (struct import_types){.wishes = wishes};
    arena_init(&types->arena, PACK_BYTES_MAX);
    TRY(packs_open(dir, NULL, &types->registry));
    types->packs = packs_take(types->registry);
    TRY(choose(types, why));
    TRY(open_lens(types, why));
    TRY(gather_kinds(types, why));
    return check_wishes(types, why);
}

void import_types_clear(struct import_types *types)
{
    for (size_t i = 0; i < types->count; i++)
        clear_type(&types->items[i]);
    free(types->items);
    free(types->kinds);
    lens_free(types->lens);
    arena_clear(&types->arena);
    packs_release(types->packs);
    packs_close(types->registry);
    *types = (struct import_types){.count = 0};
}

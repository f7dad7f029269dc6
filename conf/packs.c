/* Snapshots of the registry: how one is made from the built-in packs and DIR/packs, and swapped. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "conf/packs_parts.h"
#include "proto/limits.h"

static int compare_spans(struct span a, struct span b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common == 0 ? 0 : memcmp(a.data, b.data, common);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* ---- A growing list of loaded packs, each held once. */

struct collection {
    struct packs_loaded **items;
    size_t count;
    size_t cap;
};

/* Takes the reference over, also on failure. */
static enum err collect(struct collection *collection, struct packs_loaded *taken)
{
    if (collection->count == collection->cap) {
        size_t cap = collection->cap == 0 ? 16 : collection->cap * 2;
        struct packs_loaded **items =
            realloc(collection->items, cap * sizeof(struct packs_loaded *));
        if (items == NULL) {
            packs_loaded_release(taken);
            return ERR_NO_MEMORY;
        }
        collection->items = items;
        collection->cap = cap;
    }
    collection->items[collection->count++] = taken;
    return OK;
}

static void collection_clear(struct collection *collection)
{
    for (size_t i = 0; i < collection->count; i++)
        packs_loaded_release(collection->items[i]);
    free(collection->items);
    *collection = (struct collection){.items = NULL};
}

/* ---- Built-in packs. */

struct bundle_reading {
    struct collection collection;
    struct pack_findings *findings;
};

static enum err take_built_in(void *ctx, struct span name, const struct packs_files *files)
{
    struct bundle_reading *reading = ctx;
    struct pack *pack;
    enum err err = pack_read(files->items, files->count, reading->findings, &pack);
    if (err == ERR_BAD_PACK) {
        pack_find(reading->findings, PACK_RULE_LEFT_OUT, name, span_of(NULL, 0), name);
        return OK;
    }
    if (err != OK)
        return err;
    struct packs_loaded *loaded = packs_loaded_new(pack, true);
    return loaded == NULL ? ERR_NO_MEMORY : collect(&reading->collection, loaded);
}

/* ---- The operator's packs. */

void packs_folder_name(const struct pack *pack, char out[128])
{
    struct hash hash = pack_hash(pack);
    struct span version = pack_version(pack);
    int at = snprintf(out, 128, "%.*s-", (int)version.len, (const char *)version.data);
    for (unsigned i = 0; i < 8; i++)
        at += snprintf(out + at, 128 - (size_t)at, "%02x", hash.bytes[i]);
}

/* The first line of DIR/packs/NAME/active; false when there is none. */
static bool read_active(const char *pack_folder, char out[128])
{
    char *path = packs_join(pack_folder, "active");
    FILE *file = path == NULL ? NULL : fopen(path, "re");
    bool found = file != NULL && fgets(out, 128, file) != NULL;
    if (found)
        out[strcspn(out, "\n")] = '\0';
    if (file != NULL)
        (void)fclose(file);
    free(path);
    return found && out[0] != '\0' && out[0] != '.' && strchr(out, '/') == NULL;
}

/* The findings of a broken folder, with the pack's name before each file. */
static void tell_broken(struct pack_findings *findings, const char *name,
                        const struct pack_findings *inner)
{
    pack_find(findings, PACK_RULE_LEFT_OUT, span_cstr(name), span_of(NULL, 0), span_cstr(name));
    for (size_t i = 0; i < inner->count; i++) {
        const struct pack_finding *finding = &inner->items[i];
        char file[512];
        (void)snprintf(file, sizeof(file), "%s/%s", name, finding->file);
        pack_find(findings, finding->rule, span_cstr(file), span_cstr(finding->pointer),
                  span_cstr(finding->detail));
    }
}

/* What this folder holds, when it is what its name says. ERR_BAD_PACK otherwise. */
static enum err load_version(const char *pack_folder, const char *name, const char *version,
                             struct pack_findings *findings, struct pack **out)
{
    struct packs_files files;
    struct pack *pack;
    char *folder = packs_join(pack_folder, version);
    if (folder == NULL)
        return ERR_NO_MEMORY;
    enum err err = packs_files_read(folder, findings, &files);
    free(folder);
    if (err != OK)
        return err;
    err = pack_read(files.items, files.count, findings, &pack);
    packs_files_clear(&files);
    if (err != OK)
        return err;
    char expected[128];
    packs_folder_name(pack, expected);
    if (strcmp(expected, version) != 0 || !span_is(pack_name(pack), name)) {
        pack_free(pack);
        return ERR_BAD_PACK;
    }
    *out = pack;
    return OK;
}

static enum err collect_new(struct collection *collection, struct pack *taken)
{
    struct packs_loaded *loaded = packs_loaded_new(taken, false);
    return loaded == NULL ? ERR_NO_MEMORY : collect(collection, loaded);
}

static int by_version_down(const void *a, const void *b)
{
    struct packs_loaded *const *left = a;
    struct packs_loaded *const *right = b;
    return pack_version_compare(pack_version((*right)->pack), pack_version((*left)->pack));
}

struct loading {
    struct collection active;
    struct collection older;
    struct pack_findings *findings;
};

/* A folder that is not lower was left by an addition that was cut off. */
static bool is_lower_than_active(const struct loading *loading, const struct pack *pack)
{
    for (size_t i = 0; i < loading->active.count; i++) {
        const struct pack *active = loading->active.items[i]->pack;
        if (span_equal(pack_name(active), pack_name(pack)))
            return pack_version_compare(pack_version(pack), pack_version(active)) < 0;
    }
    return false;
}

/* Versions that are not in use, the highest first. What is broken of them is not missed: nothing
 * but older majors would come from there. */
static enum err load_older(struct loading *loading, const char *pack_folder, const char *name,
                           const char *active)
{
    DIR *folder = opendir(pack_folder);
    struct collection versions = {.items = NULL};
    enum err err = folder == NULL ? ERR_IO : OK;
    const struct dirent *entry;
    while (err == OK && (entry = readdir(folder)) != NULL) {
        struct pack *pack;
        if (entry->d_name[0] == '.' || strcmp(entry->d_name, "active") == 0 ||
            strcmp(entry->d_name, active) == 0 ||
            load_version(pack_folder, name, entry->d_name, NULL, &pack) != OK)
            continue;
        if (is_lower_than_active(loading, pack))
            err = collect_new(&versions, pack);
        else
            pack_free(pack);
    }
    if (folder != NULL)
        (void)closedir(folder);
    if (versions.count > 0)
        qsort(versions.items, versions.count, sizeof(struct packs_loaded *), by_version_down);
    for (size_t i = 0; err == OK && i < versions.count; i++)
        err = collect(&loading->older, packs_loaded_hold(versions.items[i]));
    collection_clear(&versions);
    return err;
}

static bool is_taken(const struct loading *loading, struct span name)
{
    for (size_t i = 0; i < loading->active.count; i++)
        if (span_equal(pack_name(loading->active.items[i]->pack), name))
            return true;
    return false;
}

static enum err load_pack(struct loading *loading, const char *folder, const char *name)
{
    char active[128];
    struct pack *pack;
    struct pack_findings inner;
    if (!pack_name_is_valid(span_cstr(name)) || is_taken(loading, span_cstr(name)) ||
        !read_active(folder, active))
        return OK;
    pack_findings_init(&inner);
    enum err err = load_version(folder, name, active, &inner, &pack);
    if (err == OK) {
        err = collect_new(&loading->active, pack);
    } else if (err != ERR_NO_MEMORY) {
        tell_broken(loading->findings, name, &inner);
        err = OK;
    }
    pack_findings_clear(&inner);
    return err == OK ? load_older(loading, folder, name, active) : err;
}

static enum err load_operator_packs(struct loading *loading, const char *dir)
{
    char *root = packs_join(dir, "packs");
    if (root == NULL)
        return ERR_NO_MEMORY;
    DIR *folder = opendir(root);
    enum err err = OK;
    const struct dirent *entry;
    while (folder != NULL && err == OK && (entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        char *pack_folder = packs_join(root, entry->d_name);
        err = pack_folder == NULL ? ERR_NO_MEMORY : load_pack(loading, pack_folder, entry->d_name);
        free(pack_folder);
    }
    if (folder != NULL)
        (void)closedir(folder);
    free(root);
    return err;
}

/* ---- A snapshot. */

static int by_name(const void *a, const void *b)
{
    struct packs_loaded *const *left = a;
    struct packs_loaded *const *right = b;
    return compare_spans(pack_name((*left)->pack), pack_name((*right)->pack));
}

static int by_full_name(const void *a, const void *b)
{
    const struct packs_type *const *left = a;
    const struct packs_type *const *right = b;
    return compare_spans((*left)->declared->full, (*right)->declared->full);
}

/* How many types of the pack no pack before it has. */
static size_t add_types(struct packs *packs, struct packs_loaded *loaded)
{
    size_t added = 0;
    size_t before = packs->type_count;
    for (size_t i = 0; i < pack_type_count(loaded->pack); i++) {
        const struct packs_type *type = &loaded->types[i];
        bool is_new = true;
        for (size_t j = 0; j < before && is_new; j++)
            is_new = !span_equal(packs->types[j]->declared->full, type->declared->full);
        if (!is_new)
            continue;
        packs->types[packs->type_count++] = type;
        added++;
    }
    return added;
}

/* Takes the collections' references over (also on failure). */
static struct packs *snapshot(struct loading *loading)
{
    size_t types = 0;
    size_t all = loading->active.count + loading->older.count;
    for (size_t i = 0; i < loading->active.count; i++)
        types += pack_type_count(loading->active.items[i]->pack);
    for (size_t i = 0; i < loading->older.count; i++)
        types += pack_type_count(loading->older.items[i]->pack);
    struct packs *packs = calloc(1, sizeof(*packs));
    if (packs != NULL) {
        atomic_init(&packs->references, 1);
        packs->loaded = calloc(all + 1, sizeof(struct packs_loaded *));
        packs->types = calloc(types + 1, sizeof(const struct packs_type *));
    }
    if (packs == NULL || packs->loaded == NULL || packs->types == NULL) {
        packs_release(packs);
        return NULL;
    }
    if (loading->active.count > 0)
        qsort(loading->active.items, loading->active.count, sizeof(struct packs_loaded *), by_name);
    for (size_t i = 0; i < loading->active.count; i++) {
        packs->loaded[packs->loaded_count++] = packs_loaded_hold(loading->active.items[i]);
        (void)add_types(packs, loading->active.items[i]);
    }
    packs->count = packs->loaded_count;
    for (size_t i = 0; i < loading->older.count; i++)
        if (add_types(packs, loading->older.items[i]) > 0)
            packs->loaded[packs->loaded_count++] = packs_loaded_hold(loading->older.items[i]);
    if (packs->type_count > 0)
        qsort(packs->types, packs->type_count, sizeof(const struct packs_type *), by_full_name);
    return packs;
}

static enum err make_snapshot(const struct packs_registry *registry, struct pack_findings *findings,
                              struct packs **out)
{
    struct loading loading = {.findings = findings};
    enum err err = OK;
    for (size_t i = 0; err == OK && i < registry->built_in_count; i++)
        err = collect(&loading.active, packs_loaded_hold(registry->built_in[i]));
    if (err == OK && registry->dir != NULL)
        err = load_operator_packs(&loading, registry->dir);
    if (err == OK) {
        *out = snapshot(&loading);
        err = *out == NULL ? ERR_NO_MEMORY : OK;
    }
    collection_clear(&loading.active);
    collection_clear(&loading.older);
    return err;
}

void packs_release(struct packs *packs)
{
    if (packs == NULL || atomic_fetch_sub_explicit(&packs->references, 1, memory_order_acq_rel) > 1)
        return;
    for (size_t i = 0; i < packs->loaded_count; i++)
        packs_loaded_release(packs->loaded[i]);
    free(packs->loaded);
    free(packs->types);
    free(packs);
}

struct packs *packs_hold(struct packs *packs)
{
    (void)atomic_fetch_add_explicit(&packs->references, 1, memory_order_relaxed);
    return packs;
}

/* ---- The registry. */

enum err packs_open(const char *dir, struct pack_findings *findings, struct packs_registry **out)
{
    struct packs_registry *registry = calloc(1, sizeof(*registry));
    if (registry == NULL)
        return ERR_NO_MEMORY;
    (void)pthread_mutex_init(&registry->lock, NULL);
    struct bundle_reading reading = {.findings = findings};
    enum err err = packs_bundle_each(take_built_in, &reading);
    registry->built_in = reading.collection.items;
    registry->built_in_count = reading.collection.count;
    if (err == OK && dir != NULL) {
        registry->dir = strdup(dir);
        err = registry->dir == NULL ? ERR_NO_MEMORY : OK;
    }
    if (err == OK)
        err = packs_reload(registry, findings);
    if (err != OK) {
        packs_close(registry);
        return err;
    }
    *out = registry;
    return OK;
}

void packs_close(struct packs_registry *registry)
{
    if (registry == NULL)
        return;
    for (size_t i = 0; i < registry->built_in_count; i++)
        packs_loaded_release(registry->built_in[i]);
    free(registry->built_in);
    packs_release(registry->newest);
    (void)pthread_mutex_destroy(&registry->lock);
    free(registry->dir);
    free(registry);
}

struct packs *packs_take(struct packs_registry *registry)
{
    (void)pthread_mutex_lock(&registry->lock);
    struct packs *packs = packs_hold(registry->newest);
    (void)pthread_mutex_unlock(&registry->lock);
    return packs;
}

enum err packs_reload(struct packs_registry *registry, struct pack_findings *findings)
{
    struct packs *fresh;
    TRY(make_snapshot(registry, findings, &fresh));
    (void)pthread_mutex_lock(&registry->lock);
    struct packs *old = registry->newest;
    fresh->generation = old == NULL ? 1 : old->generation + 1;
    registry->newest = fresh;
    (void)pthread_mutex_unlock(&registry->lock);
    packs_release(old);
    return OK;
}

/* ---- What a snapshot knows. */

uint64_t packs_generation(const struct packs *packs)
{
    return packs->generation;
}

size_t packs_count(const struct packs *packs)
{
    return packs->count;
}

const struct pack *packs_at(const struct packs *packs, size_t index)
{
    CHECK(index < packs->count);
    return packs->loaded[index]->pack;
}

const struct pack *packs_find(const struct packs *packs, struct span name)
{
    for (size_t i = 0; i < packs->count; i++)
        if (span_equal(pack_name(packs->loaded[i]->pack), name))
            return packs->loaded[i]->pack;
    return NULL;
}

bool packs_is_built_in(const struct packs *packs, const struct pack *pack)
{
    for (size_t i = 0; i < packs->loaded_count; i++)
        if (packs->loaded[i]->pack == pack)
            return packs->loaded[i]->built_in;
    return false;
}

static enum packs_state state_of(const struct packs *packs, struct span full)
{
    struct span pack;
    struct span type;
    uint32_t major;
    if (!pack_type_split(full, &pack, &type, &major))
        return PACKS_NO_NAME;
    return packs_find(packs, pack) == NULL ? PACKS_PACK_UNKNOWN : PACKS_TYPE_UNKNOWN;
}

const struct packs_type *packs_find_type(const struct packs *packs, struct span full,
                                         enum packs_state *state_out)
{
    const struct packs_type *found = NULL;
    size_t low = 0;
    size_t high = packs->type_count;
    while (low < high && found == NULL) {
        size_t middle = low + (high - low) / 2;
        int order = compare_spans(full, packs->types[middle]->declared->full);
        if (order == 0)
            found = packs->types[middle];
        else if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    if (state_out != NULL)
        *state_out = found != NULL ? PACKS_KNOWN : state_of(packs, full);
    return found;
}

size_t packs_type_count(const struct packs *packs)
{
    return packs->type_count;
}

const struct packs_type *packs_type_at(const struct packs *packs, size_t index)
{
    CHECK(index < packs->type_count);
    return packs->types[index];
}

const struct pack_type *packs_type_declared(const struct packs_type *type)
{
    return type->declared;
}

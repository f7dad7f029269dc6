/* Taking a pack in and out: judged whole against the registry, then moved into its place at once.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/packs_parts.h"

enum err packs_read_folder(const char *folder, struct pack_findings *findings, struct pack **out)
{
    struct packs_files files;
    TRY(packs_files_read(folder, findings, &files));
    enum err err = pack_read(files.items, files.count, findings, out);
    packs_files_clear(&files);
    return err;
}

enum err packs_check_folder(const char *folder, struct pack_findings *findings, struct pack **out)
{
    struct pack *pack;
    TRY(packs_read_folder(folder, findings, &pack));
    enum err err = pack_check(pack, findings);
    if (err != OK) {
        pack_free(pack);
        return err;
    }
    *out = pack;
    return OK;
}

/* ---- Judging. */

struct candidate {
    const struct packs *packs;
    struct pack *pack;
    struct pack_findings *findings;
    bool refused;
};

static void refuse(struct candidate *candidate, enum pack_rule rule, const char *pointer,
                   struct span detail)
{
    pack_find(candidate->findings, rule, SPAN_LITERAL("pack.json"), span_cstr(pointer), detail);
    candidate->refused = true;
}

static enum err judge_type(struct candidate *candidate, const struct pack_type *old)
{
    const struct pack_type *fresh = pack_type_find(candidate->pack, old->name);
    char pointer[128];
    if (fresh == NULL || hash_equal(&fresh->schema_hash, &old->schema_hash) ||
        fresh->major > old->major)
        return OK;
    (void)snprintf(pointer, sizeof(pointer), "/types/%.*s/major", (int)old->name.len,
                   (const char *)old->name.data);
    if (fresh->major < old->major) {
        char major[16];
        (void)snprintf(major, sizeof(major), "%u", old->major);
        refuse(candidate, PACK_RULE_MAJOR_FELL, pointer, span_cstr(major));
        return OK;
    }
    struct buf detail;
    bool compatible = true;
    buf_init(&detail, 4096);
    enum err err = packs_compatible(old, fresh, &compatible, &detail);
    if (err == OK && !compatible)
        refuse(candidate, PACK_RULE_INCOMPATIBLE, pointer, buf_span(&detail));
    buf_clear(&detail);
    return err;
}

/* *same_out: this very version is in use. */
static enum err judge(struct candidate *candidate, bool *same_out)
{
    const struct pack *old = packs_find(candidate->packs, pack_name(candidate->pack));
    *same_out = false;
    if (old == NULL)
        return OK;
    if (packs_is_built_in(candidate->packs, old)) {
        refuse(candidate, PACK_RULE_BUILT_IN, "/name", pack_name(old));
        return ERR_BAD_PACK;
    }
    struct hash before = pack_hash(old);
    struct hash after = pack_hash(candidate->pack);
    if (hash_equal(&before, &after)) {
        *same_out = true;
        return OK;
    }
    if (pack_version_compare(pack_version(candidate->pack), pack_version(old)) <= 0)
        refuse(candidate, PACK_RULE_VERSION_NOT_HIGHER, "/version", pack_version(old));
    for (size_t i = 0; i < pack_type_count(old); i++)
        TRY(judge_type(candidate, pack_type_at(old, i)));
    return candidate->refused ? ERR_BAD_PACK : OK;
}

/* ---- On the disk. */

static enum err world(void)
{
    if (errno == ENOMEM)
        return ERR_NO_MEMORY;
    return errno == ENOSPC || errno == EDQUOT ? ERR_DISK_FULL : ERR_IO;
}

static enum err sync_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return world();
    enum err err = fsync(fd) == 0 ? OK : world();
    (void)close(fd);
    return err;
}

/* Makes DIR/packs and keeps others from changing it until the descriptor is closed. */
static enum err lock_root(const char *root, int *out)
{
    if (mkdir(root, 0755) != 0 && errno != EEXIST)
        return world();
    int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return world();
    while (flock(fd, LOCK_EX) != 0) {
        if (errno == EINTR)
            continue;
        enum err err = world();
        (void)close(fd);
        return err;
    }
    *out = fd;
    return OK;
}

static enum err write_active(const char *folder, const char *version)
{
    char *fresh = packs_join(folder, ".active.new");
    char *active = packs_join(folder, "active");
    enum err err = fresh == NULL || active == NULL ? ERR_NO_MEMORY : OK;
    FILE *file = err == OK ? fopen(fresh, "we") : NULL;
    if (err == OK && file == NULL)
        err = world();
    if (err == OK &&
        (fprintf(file, "%s\n", version) < 0 || fflush(file) != 0 || fsync(fileno(file)) != 0))
        err = world();
    if (file != NULL && fclose(file) != 0 && err == OK)
        err = world();
    if (err == OK && rename(fresh, active) != 0)
        err = world();
    if (err != OK && fresh != NULL)
        (void)unlink(fresh);
    if (err == OK)
        err = sync_folder(folder);
    free(fresh);
    free(active);
    return err;
}

/* Puts the files at folder/version: written beside it, then renamed. What stands there already is a
 * removed pack's and is replaced. */
static enum err place_version(const char *folder, const char *version,
                              const struct packs_files *files)
{
    char *fresh = packs_join(folder, ".version.new");
    char *place = packs_join(folder, version);
    enum err err = fresh == NULL || place == NULL ? ERR_NO_MEMORY : OK;
    if (err == OK) {
        packs_folder_remove(fresh);
        err = packs_files_write(fresh, files);
    }
    if (err == OK)
        packs_folder_remove(place);
    if (err == OK && rename(fresh, place) != 0)
        err = world();
    if (err != OK && fresh != NULL)
        packs_folder_remove(fresh);
    if (err == OK)
        err = sync_folder(folder);
    free(fresh);
    free(place);
    return err;
}

static enum err place(const char *root, const struct pack *pack, const struct packs_files *files)
{
    char version[128];
    char name[65];
    struct span text = pack_name(pack);
    (void)snprintf(name, sizeof(name), "%.*s", (int)text.len, (const char *)text.data);
    packs_folder_name(pack, version);
    char *folder = packs_join(root, name);
    if (folder == NULL)
        return ERR_NO_MEMORY;
    enum err err = mkdir(folder, 0755) == 0 || errno == EEXIST ? OK : world();
    if (err == OK)
        err = sync_folder(root);
    if (err == OK)
        err = place_version(folder, version, files);
    if (err == OK)
        err = write_active(folder, version);
    if (err != OK)
        (void)rmdir(folder);
    free(folder);
    return err;
}

static enum err add_locked(struct packs_registry *registry, const char *root,
                           const struct packs_files *files, struct pack *pack,
                           struct pack_findings *findings)
{
    bool same;
    TRY(packs_reload(registry, NULL));
    struct packs *packs = packs_take(registry);
    struct candidate candidate = {.packs = packs, .pack = pack, .findings = findings};
    enum err err = judge(&candidate, &same);
    packs_release(packs);
    if (err != OK || same)
        return err;
    TRY(place(root, pack, files));
    return packs_reload(registry, findings);
}

enum err packs_add(struct packs_registry *registry, const char *folder,
                   struct pack_findings *findings)
{
    struct packs_files files;
    struct pack *pack;
    CHECK(registry->dir != NULL);
    TRY(packs_files_read(folder, findings, &files));
    enum err err = pack_read(files.items, files.count, findings, &pack);
    if (err != OK) {
        packs_files_clear(&files);
        return err;
    }
    err = pack_check(pack, findings);
    char *root = packs_join(registry->dir, "packs");
    int lock = -1;
    if (err == OK)
        err = root == NULL ? ERR_NO_MEMORY : lock_root(root, &lock);
    if (err == OK)
        err = add_locked(registry, root, &files, pack, findings);
    if (err != OK && root != NULL)
        (void)rmdir(root);
    if (lock >= 0)
        (void)close(lock);
    free(root);
    pack_free(pack);
    packs_files_clear(&files);
    return err;
}

static enum err remove_locked(struct packs_registry *registry, const char *root, struct span name)
{
    char text[65];
    TRY(packs_reload(registry, NULL));
    (void)snprintf(text, sizeof(text), "%.*s", (int)name.len, (const char *)name.data);
    char *folder = packs_join(root, text);
    char *active = folder == NULL ? NULL : packs_join(folder, "active");
    enum err err = active == NULL ? ERR_NO_MEMORY : OK;
    if (err == OK && unlink(active) != 0)
        err = errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : world();
    if (err == OK)
        err = sync_folder(folder);
    free(active);
    free(folder);
    return err == OK ? packs_reload(registry, NULL) : err;
}

enum err packs_remove(struct packs_registry *registry, struct span name)
{
    CHECK(registry->dir != NULL);
    struct packs *packs = packs_take(registry);
    const struct pack *pack = packs_find(packs, name);
    bool built_in = pack != NULL && packs_is_built_in(packs, pack);
    packs_release(packs);
    if (built_in)
        return ERR_FORBIDDEN;
    if (!pack_name_is_valid(name))
        return ERR_NOT_FOUND;
    char *root = packs_join(registry->dir, "packs");
    int lock = -1;
    enum err err = root == NULL ? ERR_NO_MEMORY : OK;
    if (err == OK && access(root, F_OK) != 0)
        err = ERR_NOT_FOUND;
    if (err == OK)
        err = lock_root(root, &lock);
    if (err == OK)
        err = remove_locked(registry, root, name);
    if (lock >= 0)
        (void)close(lock);
    free(root);
    return err;
}

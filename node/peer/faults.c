#include "node/peer/faults.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "node/identity/identities.h"
#include "node/net/os.h"
#include "node/peer/peers.h"
#include "node/store/guard.h"
#include "proto/identity/did.h"
#include "proto/json/jcs.h"
#include "proto/log/fault_bundle.h"

#define FOLDER "evidence"
#define SUFFIX ".fork.json"
#define LIST_BYTES_SOFT (1024u * 1024u)
#define BURST 50u
#define REFILL_MS 100u /* for one more */

struct proven {
    const struct store_log *log;
    uint64_t common; /* as proven, and agreeing with what is held here */
    uint64_t number; /* in order of adding */
    struct buf bundle;
};

struct faults {
    struct node *node;
    pthread_mutex_t adding; /* one at a time: verified, written, shown */
    pthread_mutex_t mutex;  /* what follows */
    struct proven **list;   /* in order of their numbers */
    size_t count;
    size_t cap;
    uint64_t version;
    uint64_t spent; /* of the bucket */
    uint64_t refilled_ms;
};

/* ---- told ---- */

/* Mutex held. */
static struct proven *find(const struct faults *faults, const struct store_log *log)
{
    for (size_t i = 0; i < faults->count; i++)
        if (faults->list[i]->log == log)
            return faults->list[i];
    return NULL;
}

bool faults_frozen(struct faults *faults, const struct store_log *log, uint64_t *common_out)
{
    pthread_mutex_lock(&faults->mutex);
    const struct proven *proven = find(faults, log);
    if (proven != NULL)
        *common_out = proven->common;
    pthread_mutex_unlock(&faults->mutex);
    return proven != NULL;
}

uint64_t faults_version(struct faults *faults)
{
    pthread_mutex_lock(&faults->mutex);
    uint64_t version = faults->version;
    pthread_mutex_unlock(&faults->mutex);
    return version;
}

unsigned faults_count(struct faults *faults)
{
    pthread_mutex_lock(&faults->mutex);
    unsigned count = (unsigned)faults->count;
    pthread_mutex_unlock(&faults->mutex);
    return count;
}

uint64_t faults_append_next(struct faults *faults, uint64_t after, struct buf *out)
{
    uint64_t number = 0;
    pthread_mutex_lock(&faults->mutex);
    for (size_t i = 0; i < faults->count && number == 0; i++) {
        if (faults->list[i]->number <= after)
            continue;
        number = faults->list[i]->number;
        buf_append_span(out, buf_span(&faults->list[i]->bundle));
    }
    pthread_mutex_unlock(&faults->mutex);
    return number;
}

enum err faults_append_list(struct faults *faults, uint64_t after, struct buf *out)
{
    size_t start = out->len;
    bool first = true;
    buf_append_cstr(out, "{\"faults\":[");
    while (out->len - start < LIST_BYTES_SOFT) {
        size_t before = out->len;
        if (!first)
            buf_append_byte(out, ',');
        uint64_t number = faults_append_next(faults, after, out);
        if (number == 0) {
            out->len = before;
            break;
        }
        after = number;
        first = false;
    }
    buf_append_cstr(out, "],\"next\":");
    buf_append_u64(out, after);
    buf_append_byte(out, '}');
    return buf_check(out);
}

bool faults_admit(struct faults *faults)
{
    uint64_t now = os_mono_ms();
    pthread_mutex_lock(&faults->mutex);
    uint64_t back = (now - faults->refilled_ms) / REFILL_MS;
    faults->refilled_ms += back * REFILL_MS;
    faults->spent -= back < faults->spent ? back : faults->spent;
    bool admitted = faults->spent < BURST;
    faults->spent += admitted;
    pthread_mutex_unlock(&faults->mutex);
    return admitted;
}

/* ---- added ---- */

/* The common part, unless what is held here is a third history. */
static uint64_t common_here(struct store_log *log, const struct fault_common *common)
{
    uint64_t held = store_log_committed(log).size;
    struct merkle_source source = store_log_source(log);
    struct merkle_range range;
    if (common->head.size == 0 || common->head.size > held)
        return common->head.size;
    if (merkle_range_load(&source, common->head.size, &range) != OK)
        return 0;
    struct hash root = merkle_range_root(&range);
    return hash_equal(&root, &common->head.root) ? common->head.size : 0;
}

static enum err keep_file(const struct faults *faults, struct span origin, struct span bundle,
                          struct why *why)
{
    char *folder = NULL;
    char *path = NULL;
    struct span scid = did_scid(origin);
    if (asprintf(&folder, "%s/" FOLDER, faults->node->dir) < 0)
        return ERR_NO_MEMORY;
    if (asprintf(&path, "%s/%.*s" SUFFIX, folder, (int)scid.len, (const char *)scid.data) < 0) {
        free(folder);
        return ERR_NO_MEMORY;
    }
    enum err err = os_make_dirs(folder, 0700, why);
    if (err == OK)
        err = os_write_file(path, bundle, 0644, why);
    free(path);
    free(folder);
    return err;
}

/* Shows it; a longer common part takes the place of what was known. */
static enum err show(struct faults *faults, struct store_log *log, uint64_t common,
                     struct span bundle)
{
    struct proven *fresh = calloc(1, sizeof(*fresh));
    if (fresh == NULL)
        return ERR_NO_MEMORY;
    *fresh = (struct proven){.log = log, .common = common};
    buf_init(&fresh->bundle, FAULT_BUNDLE_BYTES_MAX);
    buf_append_span(&fresh->bundle, bundle);
    enum err err = buf_check(&fresh->bundle);
    pthread_mutex_lock(&faults->mutex);
    if (err == OK && faults->count == faults->cap) {
        size_t cap = faults->cap == 0 ? 8 : faults->cap * 2;
        struct proven **list = realloc(faults->list, cap * sizeof(struct proven *));
        if (list == NULL) {
            err = ERR_NO_MEMORY;
        } else {
            faults->list = list;
            faults->cap = cap;
        }
    }
    struct proven *old = fresh;
    if (err == OK) {
        old = NULL;
        for (size_t i = 0; i < faults->count; i++) {
            if (old != NULL)
                faults->list[i - 1] = faults->list[i];
            else if (faults->list[i]->log == log)
                old = faults->list[i];
        }
        faults->count -= old != NULL;
        fresh->number = ++faults->version;
        faults->list[faults->count++] = fresh;
    }
    pthread_mutex_unlock(&faults->mutex);
    if (old != NULL)
        buf_clear(&old->bundle);
    free(old);
    return err;
}

struct adding {
    struct buf text; /* canonical */
    struct buf notes;
    struct fault fault;
    struct fault_common common;
    struct store_log *log;
    uint64_t size; /* of the common part, here */
};

/* A key that was replaced since proves nothing, for whoever has stolen it can sign two heads; what
 * it proved before it was replaced stays. */
static enum err judge(const struct faults *faults, struct adding *adding, struct span bundle,
                      bool known, struct why *why)
{
    static const struct tape_limits limits = {FAULT_BUNDLE_BYTES_MAX, 6};
    struct node *node = faults->node;
    struct span text;
    struct jcs *jcs = jcs_new();
    if (jcs == NULL)
        return ERR_NO_MEMORY;
    enum err err = jcs_canonicalise(jcs, bundle, &limits, &adding->text, why);
    jcs_free(jcs);
    TRY(err);
    TRY(fault_bundle_read(buf_span(&adding->text), &adding->notes, &adding->fault, &adding->common,
                          &text, why));
    adding->log = store_log_find(node->store, adding->fault.origin);
    if (adding->log == NULL)
        return why_set(why, ERR_NOT_FOUND, "the log that forked is held here", 0, NULL, NULL);
    if (!identities_is_log_key(node->identities, adding->fault.origin, &adding->fault.key, known))
        return why_set(why, ERR_FORBIDDEN, "both heads are signed by a key of the log itself", 0,
                       NULL, NULL);
    adding->size = common_here(adding->log, &adding->common);
    return OK;
}

/* Of the own log: one of the two heads is not of the history here, and no more is signed. */
static void tell_guard(const struct node *node, const struct adding *adding)
{
    if (adding->log != node->own)
        return;
    guard_remember(node->guard, &adding->fault.first, GUARD_PROOF);
    guard_remember(node->guard, &adding->fault.second, GUARD_PROOF);
}

static enum err add(struct faults *faults, struct span bundle, bool write, bool *news_out,
                    struct span *origin_out, struct why *why)
{
    struct adding *adding = calloc(1, sizeof(*adding));
    if (adding == NULL)
        return ERR_NO_MEMORY;
    buf_init(&adding->text, FAULT_BUNDLE_BYTES_MAX);
    buf_init(&adding->notes, FAULT_BYTES_MAX);
    pthread_mutex_lock(&faults->adding);
    enum err err = judge(faults, adding, bundle, !write, why);
    uint64_t known;
    *news_out = err == OK && (!faults_frozen(faults, adding->log, &known) || known < adding->size);
    if (err == OK && origin_out != NULL)
        *origin_out = store_log_origin(adding->log);
    if (*news_out && write)
        err = keep_file(faults, adding->fault.origin, buf_span(&adding->text), why);
    if (*news_out && err == OK)
        tell_guard(faults->node, adding);
    if (*news_out && err == OK)
        err = show(faults, adding->log, adding->size, buf_span(&adding->text));
    pthread_mutex_unlock(&faults->adding);
    buf_clear(&adding->text);
    buf_clear(&adding->notes);
    free(adding);
    return err;
}

enum err faults_add(struct faults *faults, struct span bundle, bool *news_out,
                    struct span *origin_out, struct why *why)
{
    TRY(add(faults, bundle, true, news_out, origin_out, why));
    if (*news_out)
        peers_poke(faults->node->peers);
    return OK;
}

struct later {
    struct faults *faults;
    struct buf bundle;
};

static void add_now(void *ctx)
{
    struct later *later = ctx;
    bool news;
    if (buf_check(&later->bundle) == OK)
        (void)faults_add(later->faults, buf_span(&later->bundle), &news, NULL, NULL);
    buf_clear(&later->bundle);
    free(later);
}

void faults_add_later(struct faults *faults, struct span bundle)
{
    struct later *later = calloc(1, sizeof(*later));
    if (later == NULL)
        return;
    later->faults = faults;
    buf_init(&later->bundle, FAULT_BUNDLE_BYTES_MAX);
    buf_append_span(&later->bundle, bundle);
    if (pool_post(faults->node->clerk, add_now, later) == OK)
        return; /* else it is found, or told, once more */
    buf_clear(&later->bundle);
    free(later);
}

/* ---- open and close ---- */

static bool ends_with(const char *name, const char *suffix)
{
    size_t len = strlen(name);
    return len > strlen(suffix) && strcmp(name + len - strlen(suffix), suffix) == 0;
}

static void load(struct faults *faults, const char *folder, const char *name)
{
    char *path = NULL;
    struct buf text;
    bool news;
    if (asprintf(&path, "%s/%s", folder, name) < 0)
        return;
    buf_init(&text, FAULT_BUNDLE_BYTES_MAX);
    if (os_read_file(path, FAULT_BUNDLE_BYTES_MAX, &text, NULL) == OK)
        (void)add(faults, buf_span(&text), false, &news, NULL, NULL);
    buf_clear(&text);
    free(path);
}

enum err faults_open(struct node *node, struct faults **out, struct why *why)
{
    (void)why;
    struct faults *faults = calloc(1, sizeof(*faults));
    char *folder = NULL;
    if (faults == NULL || asprintf(&folder, "%s/" FOLDER, node->dir) < 0) {
        free(faults);
        return ERR_NO_MEMORY;
    }
    faults->node = node;
    pthread_mutex_init(&faults->adding, NULL);
    pthread_mutex_init(&faults->mutex, NULL);
    *out = faults;
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    while (dir != NULL && (entry = readdir(dir)) != NULL)
        if (ends_with(entry->d_name, SUFFIX))
            load(faults, folder, entry->d_name);
    if (dir != NULL)
        (void)closedir(dir);
    free(folder);
    return OK;
}

void faults_close(struct faults *faults)
{
    if (faults == NULL)
        return;
    for (size_t i = 0; i < faults->count; i++) {
        buf_clear(&faults->list[i]->bundle);
        free(faults->list[i]);
    }
    free(faults->list);
    pthread_mutex_destroy(&faults->mutex);
    pthread_mutex_destroy(&faults->adding);
    free(faults);
}

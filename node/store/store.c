/* The embedded store: its folder, its lock, its logs. */
#include "node/store/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "node/net/os.h"
#include "node/store/log.h"
#include "node/store/writer.h"
#include "proto/identity/did.h"

#define LOGS_FOLDER "logs"
#define LOCK_FILE "lock"

struct store {
    char *dir;
    uint64_t segment_bytes;
    int lock;
    struct writer *writer;
    pthread_mutex_t mutex; /* making a log */
    _Atomic size_t log_count;
    _Atomic(struct store_log *) logs[SYNC_LOGS_MAX];
};

/* ---- the lock ---- */

static enum err take_lock(struct store *store, struct why *why)
{
    char *path = NULL;
    if (asprintf(&path, "%s/" LOCK_FILE, store->dir) < 0)
        return ERR_NO_MEMORY;
    store->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    int failed = store->lock < 0 ? errno : 0;
    free(path);
    if (failed != 0)
        return os_fail(why, "opening the lock of the node's folder", failed);
    if (flock(store->lock, LOCK_EX | LOCK_NB) == 0)
        return OK;
    return errno == EWOULDBLOCK ? why_set(why, ERR_LOCKED, "one process at a time", 0, NULL, NULL)
                                : os_fail(why, "locking the node's folder", errno);
}

/* ---- logs ---- */

static void add_log(struct store *store, struct store_log *log)
{
    size_t count = atomic_load(&store->log_count);
    log->place = count;
    atomic_store(&store->logs[count], log);
    atomic_store(&store->log_count, count + 1);
}

static enum err open_log(struct store *store, const char *name, struct span origin,
                         struct store_log **out, struct why *why)
{
    char *dir = NULL;
    if (atomic_load(&store->log_count) == SYNC_LOGS_MAX)
        return why_set(why, ERR_LIMIT, "limits.h: logs of one node", SYNC_LOGS_MAX, NULL, NULL);
    if (asprintf(&dir, "%s/" LOGS_FOLDER "/%s", store->dir, name) < 0)
        return ERR_NO_MEMORY;
    TRY(log_open(dir, origin, store->segment_bytes, out, why));
    add_log(store, *out);
    return OK;
}

/* A name that cannot lead out of its folder. */
static bool is_plain(struct span scid)
{
    for (size_t i = 0; i < scid.len; i++) {
        uint8_t c = scid.data[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '-' || c == '_';
        if (!plain)
            return false;
    }
    return scid.len > 0 && scid.len <= 200;
}

static enum err open_folder(struct store *store, const char *name, struct why *why)
{
    char *path = NULL;
    if (asprintf(&path, "%s/" LOGS_FOLDER "/%s/origin", store->dir, name) < 0)
        return ERR_NO_MEMORY;
    struct buf origin;
    buf_init(&origin, DID_BYTES_MAX);
    enum err err = os_read_file(path, DID_BYTES_MAX, &origin, why);
    free(path);
    struct store_log *log;
    if (err == ERR_NOT_FOUND)
        err = OK; /* a log that was being made when the power went: it holds nothing */
    else if (err == OK && !span_is(did_scid(buf_span(&origin)), name))
        err = why_set(why, ERR_DAMAGED, "logs/<scid>/origin names the log of its folder", 0, name,
                      NULL);
    else if (err == OK)
        err = open_log(store, name, buf_span(&origin), &log, why);
    buf_clear(&origin);
    return err;
}

static enum err open_all(struct store *store, struct why *why)
{
    char *path = NULL;
    if (asprintf(&path, "%s/" LOGS_FOLDER, store->dir) < 0)
        return ERR_NO_MEMORY;
    enum err err = os_make_dirs(path, 0700, why);
    DIR *dir = err == OK ? opendir(path) : NULL;
    if (err == OK && dir == NULL)
        err = os_fail(why, "reading the folder of the logs", errno);
    const struct dirent *entry;
    while (err == OK && (entry = readdir(dir)) != NULL)
        if (is_plain(span_cstr(entry->d_name)))
            err = open_folder(store, entry->d_name, why);
    if (dir != NULL)
        (void)closedir(dir);
    free(path);
    return err;
}

struct store_log *store_log_at(struct store *store, size_t i)
{
    return i < atomic_load(&store->log_count) ? atomic_load(&store->logs[i]) : NULL;
}

size_t store_log_place(const struct store_log *log)
{
    return log->place;
}

struct store_log *store_log_find(struct store *store, struct span origin)
{
    size_t count = atomic_load(&store->log_count);
    for (size_t i = 0; i < count; i++) {
        struct store_log *log = atomic_load(&store->logs[i]);
        if (span_equal(store_log_origin(log), origin))
            return log;
    }
    return NULL;
}

enum err store_log_open(struct store *store, struct span origin, struct store_log **out,
                        struct why *why)
{
    *out = store_log_find(store, origin);
    if (*out != NULL)
        return OK;
    struct span scid = did_scid(origin);
    if (origin.len > DID_BYTES_MAX || !is_plain(scid))
        return why_set(why, ERR_BAD_DID, "a log is named by a DID", 0, "did:key:z6Mk...", NULL);
    char name[256];
    (void)snprintf(name, sizeof(name), "%.*s", (int)scid.len, (const char *)scid.data);
    pthread_mutex_lock(&store->mutex);
    *out = store_log_find(store, origin); /* another thread may have been faster */
    enum err err = *out != NULL ? OK : open_log(store, name, origin, out, why);
    pthread_mutex_unlock(&store->mutex);
    return err;
}

/* ---- open and close ---- */

enum err store_open(const struct store_options *options, struct store **out, struct why *why)
{
    struct store *store = calloc(1, sizeof(*store));
    if (store == NULL)
        return ERR_NO_MEMORY;
    store->lock = -1;
    store->segment_bytes =
        options->segment_bytes == 0 ? SEGMENT_BYTES_DEFAULT : options->segment_bytes;
    pthread_mutex_init(&store->mutex, NULL);
    store->dir = strdup(options->dir);
    enum err err = store->dir == NULL ? ERR_NO_MEMORY : take_lock(store, why);
    if (err == OK)
        err = open_all(store, why);
    if (err == OK)
        err = writer_new(&store->writer);
    if (err == OK)
        *out = store;
    else
        store_close(store);
    return err;
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    writer_stop(store->writer);
    size_t count = atomic_load(&store->log_count);
    for (size_t i = 0; i < count; i++)
        log_close(atomic_load(&store->logs[i]));
    if (store->lock >= 0)
        (void)close(store->lock);
    pthread_mutex_destroy(&store->mutex);
    free(store->dir);
    free(store);
}

/* ---- writing ---- */

void store_watch(struct store *store, store_watch_fn fn, void *ctx)
{
    writer_watch(store->writer, fn, ctx);
}

enum err store_submit(struct store *store, struct store_log *log, struct batch *taken,
                      store_done_fn done, void *ctx)
{
    return writer_submit(store->writer, log, taken, done, ctx, false);
}

struct waiting {
    pthread_mutex_t mutex;
    pthread_cond_t done;
    struct store_result *out;
    bool is_done;
};

static void on_done(void *ctx, const struct store_result *result)
{
    struct waiting *waiting = ctx;
    pthread_mutex_lock(&waiting->mutex);
    *waiting->out = *result;
    waiting->is_done = true;
    pthread_cond_signal(&waiting->done);
    pthread_mutex_unlock(&waiting->mutex);
}

void store_write(struct store *store, struct store_log *log, struct batch *batch,
                 struct store_result *out)
{
    struct waiting waiting = {.out = out};
    pthread_mutex_init(&waiting.mutex, NULL);
    pthread_cond_init(&waiting.done, NULL);
    enum err err = writer_submit(store->writer, log, batch, on_done, &waiting, true);
    if (err != OK)
        *out = (struct store_result){.err = err, .batch = batch};
    pthread_mutex_lock(&waiting.mutex);
    while (err == OK && !waiting.is_done)
        pthread_cond_wait(&waiting.done, &waiting.mutex);
    pthread_mutex_unlock(&waiting.mutex);
    pthread_cond_destroy(&waiting.done);
    pthread_mutex_destroy(&waiting.mutex);
}

#include "node/store/guard.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct guard {
    struct store_log *own;
    void (*watch)(void *ctx);
    void *watch_ctx;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool asking;
    bool closed;
    enum err err; /* OK, ERR_LOG_INCOMPLETE or ERR_FORK */
    struct merkle_head remembered;
    char who[DID_BYTES_MAX + 1];
};

struct guard *guard_new(struct store_log *own)
{
    struct guard *guard = calloc(1, sizeof(*guard));
    if (guard == NULL)
        return NULL;
    guard->own = own;
    pthread_mutex_init(&guard->mutex, NULL);
    pthread_cond_init(&guard->changed, NULL);
    return guard;
}

void guard_free(struct guard *guard)
{
    if (guard == NULL)
        return;
    pthread_cond_destroy(&guard->changed);
    pthread_mutex_destroy(&guard->mutex);
    free(guard);
}

void guard_watch(struct guard *guard, void (*fn)(void *ctx), void *ctx)
{
    guard->watch = fn;
    guard->watch_ctx = ctx;
}

static void unlock_and_tell(struct guard *guard)
{
    pthread_cond_broadcast(&guard->changed);
    pthread_mutex_unlock(&guard->mutex);
    if (guard->watch != NULL)
        guard->watch(guard->watch_ctx);
}

void guard_ask(struct guard *guard)
{
    pthread_mutex_lock(&guard->mutex);
    guard->asking = true;
    unlock_and_tell(guard);
}

void guard_settle(struct guard *guard)
{
    pthread_mutex_lock(&guard->mutex);
    guard->asking = false;
    unlock_and_tell(guard);
}

void guard_close(struct guard *guard)
{
    pthread_mutex_lock(&guard->mutex);
    guard->closed = true;
    unlock_and_tell(guard);
}

bool guard_is_closed(struct guard *guard)
{
    pthread_mutex_lock(&guard->mutex);
    bool closed = guard->closed;
    pthread_mutex_unlock(&guard->mutex);
    return closed;
}

/* ---- what is remembered against what is held ---- */

static enum err compare(struct guard *guard, const struct merkle_head *head)
{
    struct merkle_head held = store_log_committed(guard->own);
    if (head->size > held.size)
        return ERR_LOG_INCOMPLETE;
    struct merkle_source source = store_log_source(guard->own);
    struct merkle_range range;
    if (merkle_range_load(&source, head->size, &range) != OK)
        return ERR_LOG_INCOMPLETE;
    struct merkle_head same = merkle_range_head(&range);
    return hash_equal(&same.root, &head->root) ? OK : ERR_FORK;
}

void guard_remember(struct guard *guard, const struct merkle_head *head, const char *who)
{
    enum err err = compare(guard, head);
    if (err == OK)
        return;
    pthread_mutex_lock(&guard->mutex);
    bool news = guard->err == OK || (guard->err != ERR_FORK && err == ERR_FORK) ||
                (guard->err == err && head->size > guard->remembered.size);
    if (news) {
        guard->err = err;
        guard->remembered = *head;
        (void)snprintf(guard->who, sizeof(guard->who), "%s", who);
    }
    pthread_mutex_unlock(&guard->mutex);
    if (news && guard->watch != NULL)
        guard->watch(guard->watch_ctx);
}

void guard_recheck(struct guard *guard)
{
    pthread_mutex_lock(&guard->mutex);
    if (guard->err == ERR_LOG_INCOMPLETE)
        guard->err = compare(guard, &guard->remembered);
    unlock_and_tell(guard);
}

/* ---- the answer ---- */

/* With the mutex held. */
static enum err decide(const struct guard *guard, struct why *why)
{
    char expected[96];
    char found[96];
    if (guard->err == OK && guard->asking && guard->closed)
        return ERR_CLOSED;
    if (guard->err == OK && guard->asking)
        return why_set(why, ERR_BUSY, "peers are asked how far the own log had gone", 0, NULL,
                       NULL);
    if (guard->err == OK)
        return OK;
    (void)snprintf(expected, sizeof(expected), "%llu entries, as %.60s remembers",
                   (unsigned long long)guard->remembered.size, guard->who);
    (void)snprintf(found, sizeof(found), "%llu entries",
                   (unsigned long long)store_log_committed(guard->own).size);
    return why_set(why, guard->err,
                   guard->err == ERR_FORK
                       ? "the own key has signed another history of this log"
                       : "the own log holds all that its key has signed: run `maillon log recover`",
                   guard->remembered.size, expected, found);
}

enum err guard_check(struct guard *guard, struct why *why)
{
    pthread_mutex_lock(&guard->mutex);
    enum err err = decide(guard, why);
    pthread_mutex_unlock(&guard->mutex);
    return err;
}

enum err guard_wait(struct guard *guard, struct why *why)
{
    pthread_mutex_lock(&guard->mutex);
    enum err err;
    while ((err = decide(guard, why)) == ERR_BUSY)
        pthread_cond_wait(&guard->changed, &guard->mutex);
    pthread_mutex_unlock(&guard->mutex);
    return err;
}

/* The thread that has the keeper sign the own log's head after each commit. */
#include "node/store/checkpointer.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define RETRY_S                                                                                    \
    1 /* after a refusal or a failed write: nothing is lost meanwhile, only unsigned               \
       */

#define RELEASED_S_MAX 60 /* then the command that asked for it has died */

struct checkpointer {
    struct store *store;
    struct store_log *own;
    struct signer *signer;
    struct guard *guard;
    bool agreed; /* the keeper's last head is the log's checkpoint; the thread's own */
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool wanted;
    bool stopping;
    bool release;  /* wanted: no keeper */
    bool released; /* there is none */
    bool reopen;   /* wanted: a new keeper, and a new signature */
    pthread_cond_t answered;
    time_t back_s; /* monotonic: when it comes back by itself */
    enum err trouble;
    struct why why;
};

/* After a change of keys the newest checkpoint is still by the key before, which peers take no
 * longer for what they do not hold. */
static bool is_by_this_key(struct checkpointer *c)
{
    struct buf note;
    struct checkpoint checkpoint;
    buf_init(&note, NOTE_BYTES_MAX);
    bool is = store_log_checkpoint(c->own, &note).size == 0 ||
              checkpoint_open(buf_span(&note), store_log_origin(c->own),
                              signer_public_key(c->signer), &checkpoint, NULL) == OK;
    buf_clear(&note);
    return is;
}

/* Signs the committed head unless its checkpoint is there already. */
static enum err sign_head(struct checkpointer *c, struct why *why)
{
    struct merkle_head head = store_log_committed(c->own);
    struct merkle_head signed_head = store_log_checkpoint(c->own, NULL);
    if (signed_head.size == head.size && c->agreed)
        return OK;
    enum err allowed = guard_check(c->guard, why);
    if (allowed == ERR_BUSY || allowed == ERR_CLOSED)
        return OK; /* it will wake us */
    TRY(allowed);
    struct merkle_head last;
    TRY(signer_last(c->signer, &last, why));
    if (last.size > head.size) {
        guard_remember(c->guard, &last, GUARD_KEEPER);
        return guard_check(c->guard, why);
    }
    if (last.size == head.size && signed_head.size == head.size && is_by_this_key(c)) {
        c->agreed = true;
        return OK;
    }
    struct merkle_source source = store_log_source(c->own);
    struct merkle_proof proof;
    TRY(merkle_prove_consistency(&source, last.size, head.size, &proof));
    struct batch *batch = batch_new();
    if (batch == NULL)
        return ERR_NO_MEMORY;
    enum err err = signer_sign(c->signer, &head, &proof, &batch->note, why);
    if (err != OK) {
        batch_free(batch);
        return err;
    }
    batch->first = head.size;
    batch->head = head;
    struct store_result result;
    store_write(c->store, c->own, batch, &result);
    batch_free(batch);
    c->agreed = result.err == OK;
    if (result.err != OK && why != NULL)
        *why = result.why;
    return result.err;
}

static time_t now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static bool is_idle(const struct checkpointer *c)
{
    if (c->stopping || c->release || c->reopen)
        return false;
    return c->released ? now_s() < c->back_s : !c->wanted;
}

static void wait_for_work(struct checkpointer *c)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += RETRY_S;
    while (is_idle(c)) {
        if (c->trouble == OK && !c->released) {
            pthread_cond_wait(&c->changed, &c->mutex);
        } else if (pthread_cond_timedwait(&c->changed, &c->mutex, &until) != 0) {
            if (!c->released)
                return;
            until.tv_sec += RETRY_S;
        }
    }
}

static enum err work_once(struct checkpointer *c, bool revive, struct why *why)
{
    if (revive) {
        c->agreed = false;
        TRY(signer_revive(c->signer, NULL, why));
    }
    enum err err = sign_head(c, why);
    if (err != ERR_CLOSED)
        return err;
    /* The keeper died. A sealed key waits for the operator. */
    c->agreed = false;
    TRY(signer_revive(c->signer, NULL, why));
    return sign_head(c, why);
}

static void *work(void *ctx)
{
    struct checkpointer *c = ctx;
    pthread_mutex_lock(&c->mutex);
    for (;;) {
        wait_for_work(c);
        bool last = c->stopping;
        if (c->release && !last) {
            pthread_mutex_unlock(&c->mutex);
            signer_release(c->signer);
            pthread_mutex_lock(&c->mutex);
            c->release = false;
            c->released = true;
            c->back_s = now_s() + RELEASED_S_MAX;
            pthread_cond_broadcast(&c->answered);
            continue;
        }
        bool revive = c->reopen || c->released;
        c->wanted = false;
        c->released = false;
        pthread_mutex_unlock(&c->mutex);
        struct why why = {0};
        enum err err = work_once(c, revive, &why);
        pthread_mutex_lock(&c->mutex);
        c->trouble = err;
        c->why = why;
        if (c->reopen) {
            c->reopen = false;
            pthread_cond_broadcast(&c->answered);
        }
        if (last)
            break;
    }
    pthread_mutex_unlock(&c->mutex);
    return NULL;
}

enum err checkpointer_start(const struct checkpointer_options *options, struct checkpointer **out,
                            struct why *why)
{
    struct checkpointer *c = calloc(1, sizeof(*c));
    if (c == NULL)
        return ERR_NO_MEMORY;
    c->store = options->store;
    c->own = options->own;
    c->signer = options->signer;
    c->guard = options->guard;
    c->wanted = true;
    pthread_mutex_init(&c->mutex, NULL);
    pthread_cond_init(&c->changed, NULL);
    pthread_cond_init(&c->answered, NULL);
    if (pthread_create(&c->thread, NULL, work, c) != 0) {
        pthread_cond_destroy(&c->changed);
        pthread_cond_destroy(&c->answered);
        pthread_mutex_destroy(&c->mutex);
        free(c);
        return why_set(why, ERR_NO_MEMORY, "a thread could not be started", 0, NULL, NULL);
    }
    *out = c;
    return OK;
}

void checkpointer_wake(struct checkpointer *c)
{
    pthread_mutex_lock(&c->mutex);
    c->wanted = true;
    pthread_cond_signal(&c->changed);
    pthread_mutex_unlock(&c->mutex);
}

void checkpointer_release(struct checkpointer *c)
{
    pthread_mutex_lock(&c->mutex);
    c->release = true;
    pthread_cond_signal(&c->changed);
    while (c->release && !c->stopping)
        pthread_cond_wait(&c->answered, &c->mutex);
    pthread_mutex_unlock(&c->mutex);
}

enum err checkpointer_reopen(struct checkpointer *c, struct why *why)
{
    pthread_mutex_lock(&c->mutex);
    c->reopen = true;
    pthread_cond_signal(&c->changed);
    while (c->reopen && !c->stopping)
        pthread_cond_wait(&c->answered, &c->mutex);
    enum err err = c->stopping ? ERR_CLOSED : c->trouble;
    if (err != OK && why != NULL)
        *why = c->why;
    pthread_mutex_unlock(&c->mutex);
    return err;
}

enum err checkpointer_trouble(struct checkpointer *c, struct why *why_out)
{
    pthread_mutex_lock(&c->mutex);
    enum err err = c->trouble;
    if (err != OK && why_out != NULL)
        *why_out = c->why;
    pthread_mutex_unlock(&c->mutex);
    return err;
}

void checkpointer_stop(struct checkpointer *c)
{
    if (c == NULL)
        return;
    pthread_mutex_lock(&c->mutex);
    c->stopping = true;
    pthread_cond_signal(&c->changed);
    pthread_cond_broadcast(&c->answered);
    pthread_mutex_unlock(&c->mutex);
    pthread_join(c->thread, NULL);
    pthread_cond_destroy(&c->changed);
    pthread_cond_destroy(&c->answered);
    pthread_mutex_destroy(&c->mutex);
    free(c);
}

/* Loops and the pool: what crosses from one thread to another does so through the two queues here.
 */
#include "node/net/loop.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "node/net/os.h"

#define POOL_JOBS_MAX 1024u
#define POOL_STACK_BYTES (1024u * 1024u)

struct job {
    struct job *next;
    loop_fn fn;
    void *ctx;
};

/* First in, first out; guarded by its owner's mutex. */
struct queue {
    struct job *first;
    struct job **last;
    size_t count;
};

static void queue_init(struct queue *queue)
{
    *queue = (struct queue){.first = NULL};
    queue->last = &queue->first;
}

static void queue_add(struct queue *queue, struct job *job)
{
    *queue->last = job;
    queue->last = &job->next;
    queue->count++;
}

static struct job *job_new(loop_fn fn, void *ctx)
{
    struct job *job = malloc(sizeof(*job));
    if (job == NULL)
        BUG("no memory to post a job");
    *job = (struct job){.fn = fn, .ctx = ctx};
    return job;
}

/* ---- loops ---- */

struct loop_timer {
    struct loop *loop;
    struct loop_timer *next;
    struct loop_timer **place; /* what points here */
    struct event *event;
    loop_fn fn;
    void *ctx;
};

struct loop {
    struct event_base *base;
    struct event *wake;
    int wake_fd;
    struct loop_timer *timers;
    void *kept;
    void (*kept_dispose)(void *);
    pthread_t thread;
    bool started;

    pthread_mutex_t mutex; /* what follows */
    struct queue queue;
    bool running;
    bool stopping;
    pthread_t runner;
};

static struct job *take_jobs(struct loop *loop)
{
    pthread_mutex_lock(&loop->mutex);
    struct job *jobs = loop->queue.first;
    queue_init(&loop->queue);
    pthread_mutex_unlock(&loop->mutex);
    return jobs;
}

static bool run_jobs(struct loop *loop)
{
    struct job *job = take_jobs(loop);
    bool any = job != NULL;
    while (job != NULL) {
        struct job *next = job->next;
        job->fn(job->ctx);
        free(job);
        job = next;
    }
    return any;
}

static void on_wake(evutil_socket_t fd, short what, void *ctx)
{
    (void)what;
    struct loop *loop = ctx;
    uint64_t count;
    if (read(fd, &count, sizeof(count)) < 0)
        count = 0; /* woken twice, read once */
    (void)run_jobs(loop);
    pthread_mutex_lock(&loop->mutex);
    bool stopping = loop->stopping;
    pthread_mutex_unlock(&loop->mutex);
    if (stopping)
        event_base_loopbreak(loop->base);
}

static struct event_base *base_new(void)
{
    struct event_config *config = event_config_new();
    if (config == NULL)
        return NULL;
    /* A base belongs to one thread: no locks. */
    (void)event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
    struct event_base *base = event_base_new_with_config(config);
    event_config_free(config);
    return base;
}

struct loop *loop_new(void)
{
    os_init();
    struct loop *loop = calloc(1, sizeof(*loop));
    if (loop == NULL)
        return NULL;
    queue_init(&loop->queue);
    (void)pthread_mutex_init(&loop->mutex, NULL);
    loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    loop->base = base_new();
    if (loop->wake_fd >= 0 && loop->base != NULL)
        loop->wake = event_new(loop->base, loop->wake_fd, EV_READ | EV_PERSIST, on_wake, loop);
    if (loop->wake == NULL || event_add(loop->wake, NULL) != 0) {
        loop_free(loop);
        return NULL;
    }
    return loop;
}

static void timer_free(struct loop_timer *timer)
{
    *timer->place = timer->next;
    if (timer->next != NULL)
        timer->next->place = timer->place;
    event_free(timer->event);
    free(timer);
}

/* libevent closes a freed bufferevent's descriptor from the loop, behind the callbacks that were
 * due: let it. */
static void finish_freed(struct event_base *base)
{
    do
        (void)event_base_loop(base, EVLOOP_NONBLOCK);
    while (event_base_get_num_events(base, EVENT_BASE_COUNT_ACTIVE) > 0);
}

/* Jobs posted after the end are dropped: what they refer to is gone. */
void loop_free(struct loop *loop)
{
    if (loop == NULL)
        return;
    if (loop->kept_dispose != NULL)
        loop->kept_dispose(loop->kept);
    while (loop->timers != NULL)
        timer_free(loop->timers);
    for (struct job *job = take_jobs(loop); job != NULL;) {
        struct job *next = job->next;
        free(job);
        job = next;
    }
    if (loop->wake != NULL)
        event_free(loop->wake);
    if (loop->base != NULL) {
        finish_freed(loop->base);
        event_base_free(loop->base);
    }
    if (loop->wake_fd >= 0)
        close(loop->wake_fd);
    (void)pthread_mutex_destroy(&loop->mutex);
    free(loop);
}

/* Whether there is more to do: `running` ends only with an empty queue, so nobody waits in vain. */
static bool end_run(struct loop *loop)
{
    pthread_mutex_lock(&loop->mutex);
    bool over = loop->queue.first == NULL;
    if (over)
        loop->running = false;
    pthread_mutex_unlock(&loop->mutex);
    return !over;
}

static void begin_run(struct loop *loop, pthread_t runner)
{
    pthread_mutex_lock(&loop->mutex);
    loop->runner = runner;
    loop->running = true;
    pthread_mutex_unlock(&loop->mutex);
}

void loop_run(struct loop *loop)
{
    begin_run(loop, pthread_self());
    (void)event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY);
    while (end_run(loop))
        (void)run_jobs(loop);
    pthread_mutex_lock(&loop->mutex);
    loop->stopping = false; /* it may run again */
    pthread_mutex_unlock(&loop->mutex);
}

static void *run_thread(void *ctx)
{
    loop_run(ctx);
    return NULL;
}

enum err loop_start(struct loop *loop)
{
    CHECK(!loop->started);
    pthread_mutex_lock(&loop->mutex);
    int failed = pthread_create(&loop->thread, NULL, run_thread, loop);
    if (failed == 0) {
        loop->runner = loop->thread;
        loop->running = true; /* from here on others must post */
        loop->started = true;
    }
    pthread_mutex_unlock(&loop->mutex);
    return failed == 0 ? OK : ERR_NO_MEMORY;
}

static void wake(struct loop *loop)
{
    uint64_t one = 1;
    if (write(loop->wake_fd, &one, sizeof(one)) < 0)
        return; /* the counter is full: it is awake */
}

void loop_stop(struct loop *loop)
{
    pthread_mutex_lock(&loop->mutex);
    loop->stopping = true;
    pthread_mutex_unlock(&loop->mutex);
    wake(loop);
}

void loop_join(struct loop *loop)
{
    if (!loop->started)
        return;
    (void)pthread_join(loop->thread, NULL);
    loop->started = false;
}

struct event_base *loop_base(struct loop *loop)
{
    return loop->base;
}

static void post(struct loop *loop, struct job *job)
{
    pthread_mutex_lock(&loop->mutex);
    bool first = loop->queue.first == NULL;
    queue_add(&loop->queue, job);
    pthread_mutex_unlock(&loop->mutex);
    if (first)
        wake(loop);
}

void loop_post(struct loop *loop, loop_fn fn, void *ctx)
{
    post(loop, job_new(fn, ctx));
}

bool loop_is_here(struct loop *loop)
{
    pthread_mutex_lock(&loop->mutex);
    bool here = !loop->running || pthread_equal(loop->runner, pthread_self());
    pthread_mutex_unlock(&loop->mutex);
    return here;
}

struct waiting_call {
    loop_fn fn;
    void *ctx;
    pthread_mutex_t mutex;
    pthread_cond_t condition;
    bool done;
};

static void run_call(void *ctx)
{
    struct waiting_call *call = ctx;
    call->fn(call->ctx);
    pthread_mutex_lock(&call->mutex);
    call->done = true;
    pthread_cond_signal(&call->condition);
    pthread_mutex_unlock(&call->mutex);
}

void loop_call(struct loop *loop, loop_fn fn, void *ctx)
{
    struct waiting_call call = {.fn = fn, .ctx = ctx};
    struct job *job = job_new(run_call, &call);
    pthread_mutex_lock(&loop->mutex);
    bool here = !loop->running || pthread_equal(loop->runner, pthread_self());
    if (!here) {
        (void)pthread_mutex_init(&call.mutex, NULL);
        (void)pthread_cond_init(&call.condition, NULL);
        queue_add(&loop->queue, job);
    }
    pthread_mutex_unlock(&loop->mutex);
    if (here) {
        free(job);
        fn(ctx);
        return;
    }
    wake(loop);
    pthread_mutex_lock(&call.mutex);
    while (!call.done)
        pthread_cond_wait(&call.condition, &call.mutex);
    pthread_mutex_unlock(&call.mutex);
    (void)pthread_cond_destroy(&call.condition);
    (void)pthread_mutex_destroy(&call.mutex);
}

void *loop_kept(const struct loop *loop)
{
    return loop->kept;
}

void loop_keep(struct loop *loop, void *taken, void (*dispose)(void *))
{
    CHECK(loop->kept == NULL);
    loop->kept = taken;
    loop->kept_dispose = dispose;
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd;
    (void)what;
    struct loop_timer *timer = ctx;
    loop_fn fn = timer->fn;
    void *fn_ctx = timer->ctx;
    timer_free(timer);
    fn(fn_ctx);
}

struct loop_timer *loop_after(struct loop *loop, uint64_t delay_ms, loop_fn fn, void *ctx)
{
    struct loop_timer *timer = malloc(sizeof(*timer));
    if (timer == NULL)
        BUG("no memory for a timer");
    *timer = (struct loop_timer){
        .loop = loop, .next = loop->timers, .place = &loop->timers, .fn = fn, .ctx = ctx};
    timer->event = evtimer_new(loop->base, on_timer, timer);
    struct timeval delay = {.tv_sec = (time_t)(delay_ms / 1000),
                            .tv_usec = (suseconds_t)(delay_ms % 1000 * 1000)};
    if (timer->event == NULL || evtimer_add(timer->event, &delay) != 0)
        BUG("no memory for a timer");
    if (timer->next != NULL)
        timer->next->place = &timer->next;
    loop->timers = timer;
    return timer;
}

void loop_timer_cancel(struct loop_timer *timer)
{
    if (timer != NULL)
        timer_free(timer);
}

/* ---- the pool ---- */

struct pool {
    pthread_mutex_t mutex;
    pthread_cond_t condition;
    struct queue queue;
    bool closing;
    unsigned thread_count;
    pthread_t threads[];
};

static void *work(void *ctx)
{
    struct pool *pool = ctx;
    pthread_mutex_lock(&pool->mutex);
    for (;;) {
        struct job *job = pool->queue.first;
        if (job == NULL) {
            if (pool->closing)
                break;
            pthread_cond_wait(&pool->condition, &pool->mutex);
            continue;
        }
        pool->queue.first = job->next;
        pool->queue.count--;
        if (job->next == NULL)
            pool->queue.last = &pool->queue.first;
        pthread_mutex_unlock(&pool->mutex);
        job->fn(job->ctx);
        free(job);
        pthread_mutex_lock(&pool->mutex);
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

struct pool *pool_new(unsigned threads)
{
    struct pool *pool = calloc(1, sizeof(*pool) + threads * sizeof(pool->threads[0]));
    if (pool == NULL)
        return NULL;
    (void)pthread_mutex_init(&pool->mutex, NULL);
    (void)pthread_cond_init(&pool->condition, NULL);
    queue_init(&pool->queue);
    pthread_attr_t attributes;
    (void)pthread_attr_init(&attributes);
    (void)pthread_attr_setstacksize(&attributes, POOL_STACK_BYTES);
    while (pool->thread_count < threads &&
           pthread_create(&pool->threads[pool->thread_count], &attributes, work, pool) == 0)
        pool->thread_count++;
    (void)pthread_attr_destroy(&attributes);
    if (pool->thread_count == threads)
        return pool;
    pool_free(pool);
    return NULL;
}

void pool_free(struct pool *pool)
{
    if (pool == NULL)
        return;
    pthread_mutex_lock(&pool->mutex);
    pool->closing = true;
    pthread_cond_broadcast(&pool->condition);
    pthread_mutex_unlock(&pool->mutex);
    for (unsigned i = 0; i < pool->thread_count; i++)
        (void)pthread_join(pool->threads[i], NULL);
    (void)pthread_cond_destroy(&pool->condition);
    (void)pthread_mutex_destroy(&pool->mutex);
    free(pool);
}

enum err pool_post(struct pool *pool, loop_fn fn, void *ctx)
{
    pthread_mutex_lock(&pool->mutex);
    bool full = pool->queue.count >= POOL_JOBS_MAX;
    if (!full)
        queue_add(&pool->queue, job_new(fn, ctx));
    pthread_cond_signal(&pool->condition);
    pthread_mutex_unlock(&pool->mutex);
    return full ? ERR_BUSY : OK;
}

#include "node/catalogue/judge.h"

#include <pthread.h>
#include <stdlib.h>

#define BATCH_ENTRIES 1024u /* judged between two looks at who else wants the findings */

/* The findings on one log. */
struct docket {
    uint8_t *bits; /* two for each entry: enum judgement */
    uint64_t cap;  /* entries that bits has room for */
    uint64_t next; /* the first entry that the packs of `generation` have not judged */
    uint64_t seen; /* entries that some packs have judged; at least next */
    uint64_t generation;
    uint64_t filled;    /* store_log_filled when it was begun */
    uint64_t counts[4]; /* by enum judgement, of the entries seen */
};

struct judge {
    struct store *store;
    struct packs_registry *registry;
    struct judge_look *look; /* the thread's own */
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    pthread_cond_t idle;
    struct docket *dockets[SYNC_LOGS_MAX]; /* by store_log_place; NULL: nothing judged yet */
    bool wanted;
    bool is_idle;
    bool stopping;
};

struct judge_look {
    struct judge *judge;
    struct packs_scratch *scratch;
    struct packs *packs;
};

/* ---- the bits ---- */

static enum judgement bits_at(const struct docket *docket, uint64_t index)
{
    return (enum judgement)((unsigned)docket->bits[index / 4] >> (index % 4 * 2) & 3u);
}

static void bits_set(struct docket *docket, uint64_t index, enum judgement judgement)
{
    unsigned shift = (unsigned)(index % 4) * 2;
    uint8_t *byte = &docket->bits[index / 4];
    *byte = (uint8_t)((*byte & ~(3u << shift)) | (unsigned)judgement << shift);
}

/* The docket of a log, made when it is missing; NULL: no memory. With the mutex held. */
static struct docket *docket_of(struct judge *judge, const struct store_log *log, bool make)
{
    struct docket **at = &judge->dockets[store_log_place(log)];
    if (*at == NULL && make)
        *at = calloc(1, sizeof(**at));
    return *at;
}

static bool make_room(struct docket *docket, uint64_t entries)
{
    if (entries <= docket->cap)
        return true;
    uint64_t cap = docket->cap == 0 ? 4096 : docket->cap;
    while (cap < entries)
        cap *= 2;
    uint8_t *bits = realloc(docket->bits, cap / 4);
    if (bits == NULL)
        return false;
    memset(bits + docket->cap / 4, 0, (cap - docket->cap) / 4);
    docket->bits = bits;
    docket->cap = cap;
    return true;
}

/* ---- judging ---- */

static enum judgement judge_record(const struct judge_look *look, const struct tape *tape,
                                   const struct record *record)
{
    if (record->op != RECORD_PUT || record->body_token == TAPE_NONE)
        return JUDGED_FIT;
    switch (packs_fit(look->packs, look->scratch, record->schema, tape, record->line,
                      record->body_token, NULL)) {
    case FIT_VALID:
        return JUDGED_FIT;
    case FIT_UNKNOWN_PACK:
    case FIT_UNKNOWN_TYPE: /* a later version of the pack may have it */
        return JUDGED_WAITING;
    case FIT_INVALID:
    case FIT_LIMIT:
        return JUDGED_QUARANTINED;
    }
    BUG("a fit that there is not");
}

static void judge_entries(struct judge *judge, struct store_log *log, uint64_t first, size_t count,
                          struct tape *tape, uint8_t *out)
{
    struct log_reader reader = store_log_reader(log);
    for (size_t i = 0; i < count; i++) {
        struct log_entry entry;
        struct record record;
        out[i] = JUDGED_FIT;
        if (reader.entry(reader.ctx, first + i, &entry) == OK && entry.line.len > 0 &&
            entry.op == RECORD_PUT && record_read(entry.line, tape, &record, NULL) == OK)
            out[i] = (uint8_t)judge_record(judge->look, tape, &record);
    }
}

/* With the mutex held. */
static void enter(struct docket *docket, uint64_t first, size_t count, const uint8_t *found)
{
    for (size_t i = 0; i < count; i++) {
        docket->counts[bits_at(docket, first + i)]--;
        docket->counts[found[i]]++;
        bits_set(docket, first + i, found[i]);
    }
    docket->next = first + count;
    if (docket->seen < docket->next)
        docket->seen = docket->next;
}

/* Entries that were found to be withheld have lines now: nothing that was found counts. */
static void begin_anew(struct docket *docket, uint64_t filled)
{
    docket->filled = filled;
    docket->next = 0;
    docket->seen = 0;
    memset(docket->counts, 0, sizeof(docket->counts));
    if (docket->cap > 0)
        memset(docket->bits, 0, docket->cap / 4);
}

/* Judges the next entries of a log. false: there is nothing left of it (or no memory for more, and
 * then whoever looks judges for himself). */
static bool judge_some(struct judge *judge, struct store_log *log, struct tape *tape)
{
    uint64_t size = store_log_committed(log).size;
    uint64_t generation = packs_generation(judge->look->packs);
    uint64_t filled = store_log_filled(log);
    uint8_t found[BATCH_ENTRIES];
    pthread_mutex_lock(&judge->mutex);
    struct docket *docket = docket_of(judge, log, true);
    if (docket != NULL && docket->generation != generation) {
        docket->generation = generation;
        docket->next = 0;
    }
    if (docket != NULL && docket->filled != filled)
        begin_anew(docket, filled);
    bool more = docket != NULL && docket->next < size && make_room(docket, size);
    uint64_t first = more ? docket->next : 0;
    pthread_mutex_unlock(&judge->mutex);
    if (!more)
        return false;
    size_t count = size - first < BATCH_ENTRIES ? (size_t)(size - first) : BATCH_ENTRIES;
    judge_entries(judge, log, first, count, tape, found);
    pthread_mutex_lock(&judge->mutex);
    if (docket->seen < first + count)
        docket->counts[JUDGED_NOT_YET] += first + count - docket->seen;
    enter(docket, first, count, found);
    pthread_mutex_unlock(&judge->mutex);
    return true;
}

/* ---- the thread ---- */

static bool is_stopping(struct judge *judge)
{
    pthread_mutex_lock(&judge->mutex);
    bool stopping = judge->stopping;
    pthread_mutex_unlock(&judge->mutex);
    return stopping;
}

static void refresh_packs(struct judge_look *look)
{
    packs_release(look->packs);
    look->packs = packs_take(look->judge->registry);
}

static void judge_all(struct judge *judge, struct tape *tape)
{
    struct store_log *log;
    refresh_packs(judge->look);
    for (size_t i = 0; (log = store_log_at(judge->store, i)) != NULL; i++)
        while (!is_stopping(judge) && judge_some(judge, log, tape))
            ;
}

static void *work(void *ctx)
{
    struct judge *judge = ctx;
    struct tape tape;
    tape_init(&tape);
    pthread_mutex_lock(&judge->mutex);
    while (!judge->stopping) {
        if (!judge->wanted) {
            judge->is_idle = true;
            pthread_cond_broadcast(&judge->idle);
            pthread_cond_wait(&judge->changed, &judge->mutex);
            continue;
        }
        judge->wanted = false;
        judge->is_idle = false;
        pthread_mutex_unlock(&judge->mutex);
        judge_all(judge, &tape);
        pthread_mutex_lock(&judge->mutex);
    }
    judge->is_idle = true;
    pthread_cond_broadcast(&judge->idle);
    pthread_mutex_unlock(&judge->mutex);
    tape_clear(&tape);
    return NULL;
}

static void judge_free(struct judge *judge)
{
    for (size_t i = 0; i < SYNC_LOGS_MAX; i++) {
        if (judge->dockets[i] != NULL)
            free(judge->dockets[i]->bits);
        free(judge->dockets[i]);
    }
    judge_look_free(judge->look);
    pthread_cond_destroy(&judge->idle);
    pthread_cond_destroy(&judge->changed);
    pthread_mutex_destroy(&judge->mutex);
    free(judge);
}

enum err judge_start(struct store *store, struct packs_registry *registry, struct judge **out,
                     struct why *why)
{
    struct judge *judge = calloc(1, sizeof(*judge));
    if (judge == NULL)
        return ERR_NO_MEMORY;
    judge->store = store;
    judge->registry = registry;
    judge->wanted = true;
    pthread_mutex_init(&judge->mutex, NULL);
    pthread_cond_init(&judge->changed, NULL);
    pthread_cond_init(&judge->idle, NULL);
    judge->look = judge_look_new(judge);
    if (judge->look == NULL || pthread_create(&judge->thread, NULL, work, judge) != 0) {
        judge_free(judge);
        return why_set(why, ERR_NO_MEMORY, "a thread could not be started", 0, NULL, NULL);
    }
    *out = judge;
    return OK;
}

void judge_stop(struct judge *judge)
{
    if (judge == NULL)
        return;
    pthread_mutex_lock(&judge->mutex);
    judge->stopping = true;
    pthread_cond_signal(&judge->changed);
    pthread_mutex_unlock(&judge->mutex);
    (void)pthread_join(judge->thread, NULL);
    judge_free(judge);
}

void judge_wake(struct judge *judge)
{
    pthread_mutex_lock(&judge->mutex);
    judge->wanted = true;
    pthread_cond_signal(&judge->changed);
    pthread_mutex_unlock(&judge->mutex);
}

void judge_await(struct judge *judge)
{
    pthread_mutex_lock(&judge->mutex);
    judge->wanted = true;
    judge->is_idle = false;
    pthread_cond_signal(&judge->changed);
    while (!judge->stopping && !judge->is_idle)
        pthread_cond_wait(&judge->idle, &judge->mutex);
    pthread_mutex_unlock(&judge->mutex);
}

/* ---- looking ---- */

struct judge_look *judge_look_new(struct judge *judge)
{
    struct judge_look *look = calloc(1, sizeof(*look));
    if (look == NULL)
        return NULL;
    look->judge = judge;
    look->scratch = packs_scratch_new();
    look->packs = packs_take(judge->registry);
    if (look->scratch != NULL)
        return look;
    judge_look_free(look);
    return NULL;
}

void judge_look_free(struct judge_look *look)
{
    if (look == NULL)
        return;
    packs_release(look->packs);
    packs_scratch_free(look->scratch);
    free(look);
}

enum judgement judge_look(struct judge_look *look, struct store_log *log, uint64_t index,
                          const struct tape *tape, const struct record *record)
{
    struct judge *judge = look->judge;
    enum judgement known = JUDGED_NOT_YET;
    pthread_mutex_lock(&judge->mutex);
    const struct docket *docket = docket_of(judge, log, false);
    if (docket != NULL && index < docket->seen && docket->filled == store_log_filled(log))
        known = bits_at(docket, index);
    pthread_mutex_unlock(&judge->mutex);
    return known != JUDGED_NOT_YET ? known : judge_record(look, tape, record);
}

struct judge_counts judge_counts(struct judge *judge, const struct store_log *log)
{
    struct judge_counts counts = {0};
    pthread_mutex_lock(&judge->mutex);
    const struct docket *docket = docket_of(judge, log, false);
    if (docket != NULL)
        counts = (struct judge_counts){.judged = docket->next,
                                       .quarantined = docket->counts[JUDGED_QUARANTINED],
                                       .waiting = docket->counts[JUDGED_WAITING]};
    pthread_mutex_unlock(&judge->mutex);
    return counts;
}

/* With the mutex held: whole bytes without the judgement are stepped over. */
static bool next_with(const struct docket *docket, enum judgement judgement, uint64_t *index)
{
    for (uint64_t i = *index; i < docket->seen; i++) {
        if (i % 4 == 0 && docket->bits[i / 4] == (uint8_t)(JUDGED_FIT * 0x55u)) {
            i += 3;
            continue;
        }
        if (bits_at(docket, i) == judgement) {
            *index = i;
            return true;
        }
    }
    return false;
}

bool judge_next(struct judge *judge, struct store_log *log, enum judgement judgement,
                uint64_t *index)
{
    bool found = true;
    do {
        pthread_mutex_lock(&judge->mutex);
        const struct docket *docket = docket_of(judge, log, false);
        found = docket != NULL && next_with(docket, judgement, index);
        pthread_mutex_unlock(&judge->mutex);
        if (found && store_log_is_newest(log, *index))
            return true;
        *index += 1;
    } while (found);
    return false;
}

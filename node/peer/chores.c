#include "node/peer/chores.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "node/net/os.h"
#include "node/peer/errand.h"
#include "node/peer/faults.h"
#include "node/peer/inquiry.h"
#include "node/peer/witnesses.h"
#include "proto/identity/multikey.h"

#define COSIGN_PAUSE_MS 250u /* a busy log is cosigned this often, whatever its batches */
#define COSIGN_RETRY_MS_MIN 1000u
#define COSIGN_RETRY_MS_MAX 60000u
#define POLL_MS 15000u /* the peer is asked for proofs of forks */
#define SUSPECTS_MAX 8u
#define NODE_BYTES_MAX (64u * 1024u)
#define FAULTS_BYTES_MAX (2u * 1024u * 1024u)

struct suspect {
    struct store_log *log;
    struct buf note;
};

struct chores {
    struct node *node;
    struct loop *loop;
    const struct state_peer *settings;
    bool connected;
    bool stopped;
    struct errand *errand;
    struct inquiry *inquiry;
    struct suspect suspects[SUSPECTS_MAX];
    unsigned suspect_count;
    struct loop_timer *timer;

    bool knows_key;     /* since it connected */
    uint64_t cosigned;  /* size of the peer's log that it has our cosignature of */
    uint64_t cosigning; /* of the request under way */
    uint64_t cosign_at_ms;
    uint64_t cosign_retry_ms;
    uint64_t poll_at_ms;
    uint64_t pulled;      /* number of the last proof that the peer listed */
    uint64_t pulled_logs; /* when so many logs were held: a proof is refused until its log is */
    uint64_t pushed;      /* number of the last proof that the peer was told */
    uint64_t pushing;
};

static void run(struct chores *chores);

static bool start(struct chores *chores, const char *method, const char *path, struct span body,
                  const char *type, size_t answer_bytes_max, errand_fn done)
{
    struct endpoint endpoint;
    if (endpoint_find(chores->node, chores->settings, &endpoint, NULL) != OK)
        return false; /* its history ends: the next connection says so */
    struct errand_options options = {.node = chores->node,
                                     .loop = chores->loop,
                                     .peer = &endpoint,
                                     .method = method,
                                     .path = path,
                                     .body = body,
                                     .type = type,
                                     .answer_bytes_max = answer_bytes_max,
                                     .done = done,
                                     .ctx = chores};
    chores->errand = errand_start(&options);
    return chores->errand != NULL;
}

static json_t *read_answer(enum err err, int status, struct span body)
{
    return err == OK && status == 200
               ? json_loadb((const char *)body.data, body.len, JSON_REJECT_DUPLICATES, NULL)
               : NULL;
}

/* ---- the witness key ---- */

struct lesson {
    struct witnesses *witnesses;
    char did[DID_BYTES_MAX + 1];
    struct public_key key;
};

static void learn(void *ctx)
{
    struct lesson *lesson = ctx;
    (void)witnesses_learn_key(lesson->witnesses, lesson->did, &lesson->key);
    free(lesson);
}

static void on_node(void *ctx, enum err err, int status, struct span body)
{
    struct chores *chores = ctx;
    chores->errand = NULL;
    json_t *answer = read_answer(err, status, body);
    const char *origin = json_string_value(json_object_get(answer, "origin"));
    const char *text = json_string_value(json_object_get(answer, "witness_key"));
    struct lesson *lesson = calloc(1, sizeof(*lesson));
    bool told = lesson != NULL && origin != NULL && text != NULL &&
                strcmp(origin, chores->settings->did) == 0 &&
                multikey_read(span_cstr(text), &lesson->key, NULL) == OK;
    if (told) {
        lesson->witnesses = chores->node->witnesses;
        memcpy(lesson->did, chores->settings->did, sizeof(lesson->did));
        told = pool_post(chores->node->clerk, learn, lesson) == OK;
    }
    if (!told)
        free(lesson);
    json_decref(answer);
    run(chores);
}

static bool ask_for_key(struct chores *chores)
{
    if (chores->knows_key)
        return false;
    chores->knows_key = true; /* asked, at least: the next connection asks again */
    return start(chores, "GET", "/v1/node", span_of(NULL, 0), NULL, NODE_BYTES_MAX, on_node);
}

/* ---- cosignatures ---- */

static void on_cosigned(void *ctx, enum err err, int status, struct span body)
{
    (void)body;
    struct chores *chores = ctx;
    chores->errand = NULL;
    uint64_t now = os_mono_ms();
    if (err == OK && status == 200) {
        chores->cosigned = chores->cosigning;
        chores->cosign_at_ms = now + COSIGN_PAUSE_MS;
        chores->cosign_retry_ms = COSIGN_RETRY_MS_MIN;
    } else {
        chores->cosign_at_ms = now + chores->cosign_retry_ms;
        chores->cosign_retry_ms *= 2;
        if (chores->cosign_retry_ms > COSIGN_RETRY_MS_MAX)
            chores->cosign_retry_ms = COSIGN_RETRY_MS_MAX;
    }
    run(chores);
}

static bool wants_cosigning(const struct chores *chores, struct store_log **log_out)
{
    *log_out = store_log_find(chores->node->store, span_cstr(chores->settings->did));
    return *log_out != NULL && store_log_checkpoint(*log_out, NULL).size > chores->cosigned;
}

static bool cosign(struct chores *chores, uint64_t now)
{
    struct store_log *log;
    if (!wants_cosigning(chores, &log) || now < chores->cosign_at_ms)
        return false;
    struct buf note;
    buf_init(&note, NOTE_BYTES_MAX);
    uint64_t size = store_log_checkpoint(log, NULL).size;
    chores->cosigning = witnesses_cosign(chores->node->witnesses, log, &note).size;
    bool started =
        chores->cosigning > 0 && start(chores, "POST", "/v1/cosign", buf_span(&note),
                                       "text/plain; charset=utf-8", NODE_BYTES_MAX, on_cosigned);
    if (chores->cosigning == 0)
        chores->cosigned = size; /* it is there already, or must not be given */
    buf_clear(&note);
    return started;
}

/* ---- proofs of forks ---- */

static void on_pushed(void *ctx, enum err err, int status, struct span body)
{
    (void)body;
    struct chores *chores = ctx;
    chores->errand = NULL;
    if (err == OK && status != 429 && status < 500)
        chores->pushed = chores->pushing; /* told once, whatever it thinks of it */
    else
        chores->poll_at_ms = os_mono_ms() + POLL_MS;
    run(chores);
}

static bool push(struct chores *chores, uint64_t now)
{
    (void)now;
    struct buf bundle;
    buf_init(&bundle, FAULT_BUNDLE_BYTES_MAX);
    chores->pushing = faults_append_next(chores->node->faults, chores->pushed, &bundle);
    bool started = chores->pushing > 0 && buf_check(&bundle) == OK &&
                   start(chores, "POST", "/v1/faults", buf_span(&bundle), "application/json",
                         NODE_BYTES_MAX, on_pushed);
    buf_clear(&bundle);
    return started;
}

static void take_faults(struct chores *chores, const json_t *answer)
{
    size_t i;
    const json_t *bundle;
    json_array_foreach(json_object_get(answer, "faults"), i, bundle)
    {
        char *text = json_dumps(bundle, JSON_COMPACT);
        if (text != NULL)
            faults_add_later(chores->node->faults, span_cstr(text));
        free(text);
    }
}

static void on_pulled(void *ctx, enum err err, int status, struct span body)
{
    struct chores *chores = ctx;
    chores->errand = NULL;
    json_t *answer = read_answer(err, status, body);
    json_int_t next = json_integer_value(json_object_get(answer, "next"));
    bool more = answer != NULL && json_array_size(json_object_get(answer, "faults")) > 0 &&
                next > (json_int_t)chores->pulled;
    if (more) {
        take_faults(chores, answer);
        chores->pulled = (uint64_t)next;
    } else {
        if (answer != NULL && next < (json_int_t)chores->pulled)
            chores->pulled = 0; /* it began anew */
        chores->poll_at_ms = os_mono_ms() + POLL_MS;
    }
    json_decref(answer);
    run(chores);
}

static bool pull(struct chores *chores, uint64_t now)
{
    if (now < chores->poll_at_ms)
        return false;
    uint64_t logs = chores->pulled_logs;
    while (store_log_at(chores->node->store, logs) != NULL)
        logs++;
    if (logs != chores->pulled_logs)
        chores->pulled = 0;
    chores->pulled_logs = logs;
    char path[64];
    (void)snprintf(path, sizeof(path), "/v1/faults?after=%llu", (unsigned long long)chores->pulled);
    return start(chores, "GET", path, span_of(NULL, 0), NULL, FAULTS_BYTES_MAX, on_pulled);
}

/* ---- contradictions ---- */

static void look_into(struct chores *chores);

static void on_inquired(void *ctx)
{
    struct chores *chores = ctx;
    chores->inquiry = NULL;
    look_into(chores);
}

static void look_into(struct chores *chores)
{
    while (chores->inquiry == NULL && chores->suspect_count > 0) {
        struct suspect suspect = chores->suspects[--chores->suspect_count];
        struct inquiry_options options = {.node = chores->node,
                                          .loop = chores->loop,
                                          .peer = chores->settings,
                                          .log = suspect.log,
                                          .note = buf_span(&suspect.note),
                                          .done = on_inquired,
                                          .ctx = chores};
        chores->inquiry = inquiry_start(&options);
        buf_clear(&suspect.note);
    }
}

void chores_suspect(struct chores *chores, struct store_log *log, struct span note)
{
    if (chores->stopped || chores->suspect_count == SUSPECTS_MAX)
        return;
    for (unsigned i = 0; i < chores->suspect_count; i++)
        if (chores->suspects[i].log == log)
            return;
    struct suspect *suspect = &chores->suspects[chores->suspect_count++];
    suspect->log = log;
    buf_init(&suspect->note, NOTE_BYTES_MAX);
    buf_append_span(&suspect->note, note);
    look_into(chores);
}

/* ---- one after the other ---- */

static void on_timer(void *ctx)
{
    struct chores *chores = ctx;
    chores->timer = NULL;
    run(chores);
}

static void sleep_until_due(struct chores *chores, uint64_t now)
{
    struct store_log *log;
    uint64_t due = chores->poll_at_ms;
    if (wants_cosigning(chores, &log) && chores->cosign_at_ms < due)
        due = chores->cosign_at_ms;
    if (chores->timer != NULL)
        loop_timer_cancel(chores->timer);
    chores->timer =
        loop_after(chores->loop, due > now ? due - now : COSIGN_PAUSE_MS, on_timer, chores);
}

static void run(struct chores *chores)
{
    if (chores->stopped || !chores->connected || chores->errand != NULL)
        return;
    uint64_t now = os_mono_ms();
    if (ask_for_key(chores) || cosign(chores, now) || push(chores, now) || pull(chores, now))
        return;
    sleep_until_due(chores, now);
}

void chores_connected(struct chores *chores)
{
    chores->connected = true;
    chores->knows_key = false;
    chores->cosigned = 0;
    chores->cosign_at_ms = 0;
    chores->cosign_retry_ms = COSIGN_RETRY_MS_MIN;
    chores->poll_at_ms = 0;
    run(chores);
}

void chores_poke(struct chores *chores)
{
    struct store_log *log;
    if (chores->errand == NULL &&
        (chores->pushed < faults_version(chores->node->faults) || wants_cosigning(chores, &log)))
        run(chores);
}

struct chores *chores_new(struct node *node, struct loop *loop, const struct state_peer *settings)
{
    struct chores *chores = calloc(1, sizeof(*chores));
    if (chores == NULL)
        return NULL;
    chores->node = node;
    chores->loop = loop;
    chores->settings = settings;
    return chores;
}

void chores_stop(struct chores *chores)
{
    chores->stopped = true;
    errand_free(chores->errand);
    chores->errand = NULL;
    inquiry_free(chores->inquiry);
    chores->inquiry = NULL;
    if (chores->timer != NULL)
        loop_timer_cancel(chores->timer);
    chores->timer = NULL;
}

void chores_free(struct chores *chores)
{
    if (chores == NULL)
        return;
    for (unsigned i = 0; i < chores->suspect_count; i++)
        buf_clear(&chores->suspects[i].note);
    free(chores);
}

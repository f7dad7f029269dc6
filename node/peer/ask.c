#include "node/peer/ask.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "node/identity/identities.h"
#include "node/identity/sign_request.h"
#include "node/net/client.h"
#include "node/net/os.h"
#include "node/peer/endpoint.h"
#include "node/store/guard.h"
#include "proto/identity/did.h"
#include "proto/log/checkpoint.h"

#define CONNECT_TIMEOUT_MS 5000u
#define AGAIN_MS 250u   /* a peer that is just starting is found soon */
#define OTHERS_MS 1000u /* for the rest, once one has answered */

struct question {
    struct ask *ask;
    struct ask_answer answer;
    struct client *client;
    struct loop_timer *again;
    int status;
    bool unsigned_now; /* a signature was refused: the answer is public all the same */
    struct buf body;
};

struct ask {
    struct node *node;
    struct loop *loop;
    struct question *questions;
    size_t count;
    size_t cap;
    size_t open;
    struct loop_timer *deadline;
    uint64_t ends_ms;
    bool over;
};

static void begin(void *ctx);

static void end(void *ctx)
{
    struct ask *ask = ctx;
    ask->deadline = NULL;
    ask->over = true;
    loop_stop(ask->loop);
}

static void set_deadline(struct ask *ask, uint64_t wait_ms)
{
    uint64_t now = os_mono_ms();
    if (ask->deadline != NULL && ask->ends_ms <= now + wait_ms)
        return;
    if (ask->deadline != NULL)
        loop_timer_cancel(ask->deadline);
    ask->ends_ms = now + wait_ms;
    ask->deadline = loop_after(ask->loop, wait_ms, end, ask);
}

/* ---- one answer ---- */

static enum err read_note(struct question *question)
{
    struct node *node = question->ask->node;
    struct ask_answer *answer = &question->answer;
    struct checkpoint checkpoint;
    TRY(buf_check(&question->body));
    TRY(identities_open_checkpoint(node->identities, span_cstr(node->origin),
                                   buf_span(&question->body), &checkpoint, NULL, &answer->why));
    answer->head = checkpoint.head;
    guard_remember(node->guard, &answer->head, answer->peer.did);
    return OK;
}

static enum err judge(struct question *question, enum err err, const struct why *why)
{
    struct ask_answer *answer = &question->answer;
    if (err != OK) {
        answer->why = why == NULL ? (struct why){.rule = NULL} : *why;
        return err;
    }
    if (question->status == 404)
        return OK;
    question->unsigned_now = question->status >= 400 && question->status < 500;
    if (question->status != 200)
        return why_set(&answer->why, ERR_BAD_STREAM, "a checkpoint is answered with 200 or 404", 0,
                       NULL, NULL);
    return read_note(question);
}

static void on_head(void *ctx, struct client *client, const struct http_answer *head)
{
    (void)client;
    struct question *question = ctx;
    question->status = head->status;
}

static void on_body(void *ctx, struct client *client, struct span part)
{
    (void)client;
    struct question *question = ctx;
    buf_append_span(&question->body, part);
}

static void on_end(void *ctx, struct client *client, enum err err, const struct why *why)
{
    struct question *question = ctx;
    struct ask *ask = question->ask;
    client_free(client);
    question->client = NULL;
    question->answer.err = judge(question, err, why);
    question->answer.answered = question->answer.err == OK;
    if (!question->answer.answered) {
        question->again = loop_after(ask->loop, AGAIN_MS, begin, question);
        return;
    }
    if (--ask->open == 0)
        end(ask);
    else
        set_deadline(ask, OTHERS_MS);
}

static void begin(void *ctx)
{
    struct question *question = ctx;
    struct ask *ask = question->ask;
    const struct state_peer *peer = &question->answer.peer;
    struct span scid = did_scid(span_cstr(ask->node->origin));
    struct endpoint endpoint;
    char url[sizeof(endpoint.url) + DID_BYTES_MAX + 64];
    question->again = NULL;
    question->status = 0;
    buf_reset(&question->body);
    question->answer.err = endpoint_find(ask->node, peer, &endpoint, &question->answer.why);
    if (question->answer.err != OK) { /* its history may still come */
        question->again = loop_after(ask->loop, AGAIN_MS, begin, question);
        return;
    }
    (void)snprintf(url, sizeof(url), "%s/v1/logs/%.*s/checkpoint", endpoint.url, (int)scid.len,
                   (const char *)scid.data);
    struct buf headers;
    buf_init(&headers, HTTP_HEAD_BYTES_MAX);
    enum err err = call_headers(question->unsigned_now ? NULL : ask->node, "GET", url,
                                span_of(NULL, 0), &headers);
    struct client_options options = {.loop = ask->loop,
                                     .url = url,
                                     .method = "GET",
                                     .extra_headers = (const char *)headers.data,
                                     .trust = &endpoint.trust,
                                     .only_public = endpoint.only_public,
                                     .connect_timeout_ms = CONNECT_TIMEOUT_MS,
                                     .silence_ms = CONNECT_TIMEOUT_MS,
                                     .handler = {question, on_head, on_body, on_end}};
    question->client = err == OK ? client_start(&options) : NULL;
    buf_clear(&headers);
    if (question->client == NULL) {
        question->answer.err = err == OK ? ERR_NO_MEMORY : err;
        question->again = loop_after(ask->loop, AGAIN_MS, begin, question);
    }
}

/* ---- all of them ---- */

struct loading {
    struct ask *ask;
    enum err err;
};

static void add(void *ctx, const struct state_peer *peer)
{
    struct loading *loading = ctx;
    struct ask *ask = loading->ask;
    for (size_t i = 0; i < ask->count; i++)
        if (strcmp(ask->questions[i].answer.peer.did, peer->did) == 0)
            return;
    if (ask->count == ask->cap) {
        size_t cap = ask->cap == 0 ? 8 : ask->cap * 2;
        struct question *grown = realloc(ask->questions, cap * sizeof(*grown));
        if (grown == NULL) {
            loading->err = ERR_NO_MEMORY;
            return;
        }
        ask->questions = grown;
        ask->cap = cap;
    }
    struct question *question = &ask->questions[ask->count++];
    *question = (struct question){.ask = ask, .answer = {.peer = *peer, .err = ERR_TIMEOUT}};
    buf_init(&question->body, NOTE_BYTES_MAX);
}

enum err ask_new(struct node *node, const struct state_peer *also, struct ask **out)
{
    struct ask *ask = calloc(1, sizeof(*ask));
    if (ask == NULL)
        return ERR_NO_MEMORY;
    ask->node = node;
    ask->loop = loop_new();
    struct loading loading = {.ask = ask, .err = ask->loop == NULL ? ERR_NO_MEMORY : OK};
    if (also != NULL && loading.err == OK)
        add(&loading, also);
    if (loading.err == OK) {
        enum err err = state_peers(node->state, add, &loading);
        loading.err = loading.err == OK ? err : loading.err;
    }
    if (loading.err != OK) {
        ask_free(ask);
        return loading.err;
    }
    *out = ask;
    return OK;
}

void ask_free(struct ask *ask)
{
    if (ask == NULL)
        return;
    for (size_t i = 0; i < ask->count; i++)
        buf_clear(&ask->questions[i].body);
    if (ask->loop != NULL)
        loop_free(ask->loop);
    free(ask->questions);
    free(ask);
}

size_t ask_count(const struct ask *ask)
{
    return ask->count;
}

const struct ask_answer *ask_answer(const struct ask *ask, size_t i)
{
    CHECK(i < ask->count);
    return &ask->questions[i].answer;
}

void ask_run(struct ask *ask, uint64_t wait_ms)
{
    ask->open = ask->count;
    if (ask->count == 0)
        return;
    set_deadline(ask, wait_ms);
    for (size_t i = 0; i < ask->count; i++)
        begin(&ask->questions[i]);
    loop_run(ask->loop);
    for (size_t i = 0; i < ask->count; i++) {
        client_free(ask->questions[i].client);
        if (ask->questions[i].again != NULL)
            loop_timer_cancel(ask->questions[i].again);
        ask->questions[i].client = NULL;
        ask->questions[i].again = NULL;
    }
    if (ask->deadline != NULL)
        loop_timer_cancel(ask->deadline);
    ask->deadline = NULL;
}

static void cancel(void *ctx)
{
    struct ask *ask = ctx;
    loop_stop(ask->loop);
}

void ask_cancel(struct ask *ask)
{
    loop_post(ask->loop, cancel, ask);
}

/* ---- at the node's start ---- */

struct recall {
    struct node *node;
    struct ask *ask;
    pthread_t thread;
};

static void *work(void *ctx)
{
    struct recall *recall = ctx;
    ask_run(recall->ask, recall->node->config.keys.ask_peers_ms);
    if (!guard_is_closed(recall->node->guard)) /* else it was cut short */
        guard_settle(recall->node->guard);
    return NULL;
}

enum err recall_start(struct node *node, struct recall **out, struct why *why)
{
    struct recall *recall = calloc(1, sizeof(*recall));
    if (recall == NULL)
        return ERR_NO_MEMORY;
    recall->node = node;
    enum err err = ask_new(node, NULL, &recall->ask);
    if (err == OK && ask_count(recall->ask) == 0)
        guard_settle(node->guard);
    if (err == OK && ask_count(recall->ask) > 0) {
        if (pthread_create(&recall->thread, NULL, work, recall) == 0) {
            *out = recall;
            return OK;
        }
        err = ERR_NO_MEMORY;
    }
    ask_free(recall->ask);
    free(recall);
    return err == OK ? OK : why_set(why, err, "asking peers about the own log", 0, NULL, NULL);
}

void recall_stop(struct recall *recall)
{
    if (recall == NULL)
        return;
    ask_cancel(recall->ask);
    pthread_join(recall->thread, NULL);
    ask_free(recall->ask);
    free(recall);
}

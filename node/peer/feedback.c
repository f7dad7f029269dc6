#include "node/peer/feedback.h"

#include <pthread.h>
#include <stdlib.h>

#include "node/identity/sign_request.h"
#include "node/net/client.h"
#include "node/peer/endpoint.h"
#include "proto/http/message.h"

#define FIRST_MS 1000u
#define AGAIN_MS 30000u
#define ALWAYS_AFTER 20u /* of those: a peer's packs change, too */
#define ANSWER_BYTES_MAX (4u * 1024u * 1024u)
#define CONNECT_TIMEOUT_MS 10000u

struct feedback {
    struct node *node;
    struct loop *loop;
    const struct state_peer *settings;
    struct loop_timer *timer;
    struct client *client;
    int status;
    struct buf body;
    uint64_t asked_size; /* of our log, when it was last asked */
    unsigned passed;     /* turns since then */
    bool has_asked;
    pthread_mutex_t mutex; /* what follows */
    json_t *items;         /* NULL: never told */
};

static void on_timer(void *ctx);

static void again(struct feedback *feedback, uint64_t delay_ms)
{
    if (feedback->timer == NULL)
        feedback->timer = loop_after(feedback->loop, delay_ms, on_timer, feedback);
}

/* Keeps what the answer lists. What is no such answer (an older program's 404) says nothing. */
static void keep(struct feedback *feedback)
{
    if (feedback->status != 200 || buf_check(&feedback->body) != OK)
        return;
    json_t *answer = json_loadb((const char *)feedback->body.data, feedback->body.len,
                                JSON_REJECT_DUPLICATES, NULL);
    json_t *items = json_object_get(answer, "items");
    json_t *kept = json_is_array(items) ? json_array() : NULL;
    for (size_t i = 0; kept != NULL && i < json_array_size(items) && i < FEEDBACK_ITEMS_MAX; i++)
        (void)json_array_append(kept, json_array_get(items, i));
    json_decref(answer);
    if (kept == NULL)
        return;
    pthread_mutex_lock(&feedback->mutex);
    json_decref(feedback->items);
    feedback->items = kept;
    pthread_mutex_unlock(&feedback->mutex);
}

static void on_head(void *ctx, struct client *client, const struct http_answer *answer)
{
    struct feedback *feedback = ctx;
    (void)client;
    feedback->status = answer->status;
}

static void on_body(void *ctx, struct client *client, struct span part)
{
    struct feedback *feedback = ctx;
    (void)client;
    buf_append_span(&feedback->body, part); /* beyond the maximum: the error sticks */
}

static void on_end(void *ctx, struct client *client, enum err err, const struct why *why)
{
    struct feedback *feedback = ctx;
    (void)why;
    if (err == OK)
        keep(feedback);
    client_free(client);
    feedback->client = NULL;
    again(feedback, AGAIN_MS);
}

static void ask(struct feedback *feedback)
{
    struct endpoint endpoint;
    if (endpoint_find(feedback->node, feedback->settings, &endpoint, NULL) != OK) {
        again(feedback, AGAIN_MS);
        return;
    }
    struct buf text;
    struct buf headers; /* unsigned, it would be told of what is public */
    buf_init(&text, HTTP_HEAD_BYTES_MAX);
    buf_init(&headers, HTTP_HEAD_BYTES_MAX);
    buf_append_cstr(&text, endpoint.url);
    buf_append_cstr(&text, "/v1/quarantine?origin=");
    http_percent_encode(span_cstr(feedback->node->origin), &text);
    buf_append_byte(&text, '\0');
    const char *url = (const char *)text.data;
    buf_reset(&feedback->body);
    feedback->status = 0;
    enum err err = buf_check(&text);
    if (err == OK)
        err = call_headers(feedback->node, "GET", url, span_of(NULL, 0), &headers);
    struct client_options options = {.loop = feedback->loop,
                                     .url = url,
                                     .method = "GET",
                                     .extra_headers = (const char *)headers.data,
                                     .trust = &endpoint.trust,
                                     .only_public = endpoint.only_public,
                                     .connect_timeout_ms = CONNECT_TIMEOUT_MS,
                                     .silence_ms = SYNC_SILENCE_MS,
                                     .handler = {feedback, on_head, on_body, on_end}};
    feedback->client = err == OK ? client_start(&options) : NULL;
    buf_clear(&headers);
    buf_clear(&text);
    if (feedback->client == NULL)
        again(feedback, AGAIN_MS);
}

static void on_timer(void *ctx)
{
    struct feedback *feedback = ctx;
    feedback->timer = NULL;
    uint64_t size = store_log_committed(feedback->node->own).size;
    feedback->passed++;
    if (feedback->has_asked && size == feedback->asked_size && feedback->passed < ALWAYS_AFTER) {
        again(feedback, AGAIN_MS);
        return;
    }
    feedback->has_asked = true;
    feedback->passed = 0;
    feedback->asked_size = size;
    ask(feedback);
}

struct feedback *feedback_new(struct node *node, struct loop *loop,
                              const struct state_peer *settings)
{
    struct feedback *feedback = calloc(1, sizeof(*feedback));
    if (feedback == NULL)
        return NULL;
    *feedback = (struct feedback){.node = node, .loop = loop, .settings = settings};
    buf_init(&feedback->body, ANSWER_BYTES_MAX);
    pthread_mutex_init(&feedback->mutex, NULL);
    return feedback;
}

void feedback_free(struct feedback *feedback)
{
    if (feedback == NULL)
        return;
    json_decref(feedback->items);
    buf_clear(&feedback->body);
    pthread_mutex_destroy(&feedback->mutex);
    free(feedback);
}

void feedback_start(struct feedback *feedback)
{
    if (feedback->client == NULL)
        again(feedback, FIRST_MS);
}

void feedback_stop(struct feedback *feedback)
{
    if (feedback->timer != NULL)
        loop_timer_cancel(feedback->timer);
    feedback->timer = NULL;
    client_free(feedback->client);
    feedback->client = NULL;
}

json_t *feedback_json(struct feedback *feedback)
{
    pthread_mutex_lock(&feedback->mutex);
    json_t *copy = feedback->items == NULL ? NULL : json_deep_copy(feedback->items);
    pthread_mutex_unlock(&feedback->mutex);
    return copy;
}

/* Following one peer: connect, feed the state machine, hand its batches to the store, try again. */
#include "node/peer/peer.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "node/identity/identities.h"
#include "node/identity/sign_request.h"
#include "node/net/client.h"
#include "node/net/os.h"
#include "node/peer/chores.h"
#include "node/peer/endpoint.h"
#include "node/peer/feedback.h"
#include "node/peer/identity_watch.h"
#include "node/peer/refusal.h"
#include "node/peer/witnesses.h"
#include "node/store/guard.h"
#include "proto/sync/follow.h"

#define CONNECT_TIMEOUT_MS 10000u
#define RETRY_MS_MIN 500u
#define RETRY_MS_MAX (5u * 60u * 1000u)
#define QUEUE_RETRY_MS 10u /* the writer's queue was full */
#define WAITING_MAX (SYNC_BATCHES_IN_FLIGHT_MAX + 1)

enum peer_state {
    PEER_STOPPED,
    PEER_CONNECTING,
    PEER_CATCHING_UP,
    PEER_LIVE,
    PEER_UNREACHABLE,
    PEER_REFUSED,
    PEER_FROZEN
};
static const char *const state_names[] = {"stopped",     "connecting", "catching up", "live",
                                          "unreachable", "refused",    "frozen"};

/* What a peer has announced of a log. */
struct announced {
    const struct store_log *log;
    uint64_t size;
};

struct peer {
    struct node *node;
    struct loop *loop;
    struct state_peer settings;
    struct identity_watch *watch; /* histories that are missing here, or out of date */
    loop_fn on_stopped;
    void *on_stopped_ctx;

    struct feedback *feedback;
    struct client *client; /* the connection, or NULL between two of them */
    struct follow *follow;
    struct chores *chores;
    struct store_log *announced_last; /* whose checkpoint the stream showed last */
    bool follow_pauses;               /* enough of its batches are in flight */
    bool client_paused;
    int refused_with; /* the status of an answer that is no stream; 0: it is one */
    struct buf rest;  /* bytes that came before the pause took hold */
    struct batch *waiting[WAITING_MAX]; /* batches that the writer had no room for */
    struct store_log *waiting_log[WAITING_MAX];
    unsigned waiting_count;
    unsigned in_flight;
    uint64_t generation; /* of the connection: batches of an older one are not reported to the new
                            stream */
    struct loop_timer *retry;
    struct loop_timer *tick;
    struct loop_timer *queue_retry;
    uint64_t retry_ms;
    uint64_t logs_brought;
    bool connected; /* the answer has begun */
    bool stopping;

    pthread_mutex_t mutex; /* what follows */
    enum peer_state state;
    uint64_t since_ms;
    enum err err;
    struct why why;
    uint64_t received_ms;
    uint64_t entries;
    uint64_t bytes_brought;
    uint64_t skipped;
    struct announced *announced;
    size_t announced_count;
    size_t announced_cap;
};

static void set_state(struct peer *peer, enum peer_state state)
{
    pthread_mutex_lock(&peer->mutex);
    if (peer->state != state) {
        peer->state = state;
        peer->since_ms = os_wall_ms();
    }
    pthread_mutex_unlock(&peer->mutex);
}

/* ---- the snapshot of what was announced ---- */

static struct announced *announced_of(struct peer *peer, const struct store_log *log)
{
    for (size_t i = 0; i < peer->announced_count; i++)
        if (peer->announced[i].log == log)
            return &peer->announced[i];
    if (peer->announced_count == peer->announced_cap) {
        size_t cap = peer->announced_cap == 0 ? 16 : peer->announced_cap * 2;
        struct announced *grown = realloc(peer->announced, cap * sizeof(*grown));
        if (grown == NULL)
            return NULL;
        peer->announced = grown;
        peer->announced_cap = cap;
    }
    struct announced *fresh = &peer->announced[peer->announced_count++];
    *fresh = (struct announced){.log = log};
    return fresh;
}

/* It does what it should: what was wrong before is over. */
static void set_well(struct peer *peer, enum peer_state state)
{
    pthread_mutex_lock(&peer->mutex);
    peer->err = OK;
    pthread_mutex_unlock(&peer->mutex);
    set_state(peer, state);
}

/* The peer shows a head of the own log: does it remember more of it than is held here? */
static void tell_guard(struct peer *peer)
{
    struct merkle_head head;
    if (follow_announced(peer->follow, span_cstr(peer->node->origin), &head))
        guard_remember(peer->node->guard, &head, peer->settings.did);
}

/* The stream is live when nothing that it announced is missing. As long as it has announced
 * nothing, nothing is known of it: a peer that was refused stays so. */
static void note_progress(struct peer *peer)
{
    bool any = false;
    bool complete = true;
    tell_guard(peer);
    pthread_mutex_lock(&peer->mutex);
    peer->received_ms = os_wall_ms();
    peer->skipped = follow_skipped(peer->follow);
    struct store_log *log;
    for (size_t i = 0; (log = store_log_at(peer->node->store, i)) != NULL; i++) {
        struct merkle_head head;
        if (!follow_announced(peer->follow, store_log_origin(log), &head))
            continue;
        struct announced *announced = announced_of(peer, log);
        any = true;
        if (announced != NULL && head.size > announced->size)
            announced->size = head.size;
        complete = complete && store_log_committed(log).size >= head.size;
    }
    pthread_mutex_unlock(&peer->mutex);
    if (any)
        set_well(peer, complete ? PEER_LIVE : PEER_CATCHING_UP);
    chores_poke(peer->chores);
}

/* ---- the end of a connection, and the next one ---- */

static void cancel(struct loop_timer **timer)
{
    if (*timer != NULL)
        loop_timer_cancel(*timer);
    *timer = NULL;
}

static void disconnect(struct peer *peer)
{
    feedback_stop(peer->feedback);
    peer->connected = false;
    client_free(peer->client);
    peer->client = NULL;
    follow_free(peer->follow);
    peer->follow = NULL;
    peer->generation++;
    peer->announced_last = NULL;
    cancel(&peer->tick);
    cancel(&peer->queue_retry);
    for (unsigned i = 0; i < peer->waiting_count; i++)
        batch_free(peer->waiting[i]);
    peer->waiting_count = 0;
    buf_reset(&peer->rest);
    peer->follow_pauses = false;
    peer->client_paused = false;
    peer->refused_with = 0;
}

static void on_retry(void *ctx)
{
    struct peer *peer = ctx;
    peer->retry = NULL;
    peer_connect(peer);
}

static enum peer_state state_after(enum err err)
{
    switch (err) {
    case OK:
    case ERR_NETWORK:
    case ERR_TIMEOUT:
    case ERR_STALLED:
    case ERR_CLOSED:
        return PEER_UNREACHABLE;
    case ERR_FORK:
    case ERR_SHRUNKEN:
        return PEER_FROZEN;
    default:
        return PEER_REFUSED;
    }
}

/* What the stream said of the log at hand is not what is held here: a lie, or another history that
 * its writer signed, too. A head that is merely older contradicts nothing. */
static void suspect(struct peer *peer)
{
    struct follow_evidence evidence = follow_evidence(peer->follow);
    if (peer->announced_last != NULL)
        chores_suspect(peer->chores, peer->announced_last, evidence.note);
}

/* A key that is not known may be a new one: the TLS key of the peer, or the log key of an origin.
 */
static void look_for_news(struct peer *peer, enum err err)
{
    if (err != ERR_BAD_SIGNATURE)
        return;
    if (peer->connected)
        identity_watch_want(peer->watch, follow_origin(peer->follow), true);
    else
        identity_watch_want(peer->watch, span_cstr(peer->settings.did), true);
}

/* Ends this connection and begins anew later: twice as late each time, and never all peers at once.
 */
static void fail(struct peer *peer, enum err err, const struct why *why)
{
    if (err == ERR_FORK || err == ERR_BAD_PROOF)
        suspect(peer);
    if (peer->follow != NULL)
        tell_guard(peer);
    look_for_news(peer, err);
    enum peer_state state = state_after(err);
    pthread_mutex_lock(&peer->mutex);
    peer->err = err;
    peer->why = why == NULL ? (struct why){.rule = NULL} : *why;
    pthread_mutex_unlock(&peer->mutex);
    disconnect(peer);
    if (state == PEER_FROZEN)
        peer->retry_ms = RETRY_MS_MAX;
    uint64_t half = peer->retry_ms / 2;
    uint64_t delay = half + randombytes_uniform((uint32_t)half + 1);
    peer->retry_ms = peer->retry_ms * 2 > RETRY_MS_MAX ? RETRY_MS_MAX : peer->retry_ms * 2;
    set_state(peer, state);
    if (peer->retry == NULL)
        peer->retry = loop_after(peer->loop, delay, on_retry, peer);
}

/* ---- batches into the store and back ---- */

struct delivery {
    struct peer *peer;
    struct store_log *log;
    uint64_t generation;
    struct store_result result;
};

/* Most notes carry their author's signature alone: that is seen at a glance. */
static void take_cosignatures(struct peer *peer, struct store_log *log, struct span note)
{
    static const struct span mark = {(const uint8_t *)"\n\xe2\x80\x94 ", 5};
    const uint8_t *first = note.len == 0 ? NULL : memmem(note.data, note.len, mark.data, mark.len);
    size_t behind = first == NULL ? note.len : (size_t)(first - note.data) + mark.len;
    bool news = false;
    if (behind >= note.len ||
        memmem(note.data + behind, note.len - behind, mark.data, mark.len) == NULL)
        return;
    if (witnesses_take(peer->node->witnesses, log, note, &news, NULL) == OK && news)
        witnesses_flush_soon(peer->node->witnesses);
}

/* Every checkpoint that a peer shows is compared with the entries held, whoever wrote them: two
 * histories come to light wherever both are seen. */
static void on_checkpoint(void *ctx, struct span origin, const struct merkle_head *head,
                          struct span note)
{
    struct peer *peer = ctx;
    struct store_log *log = store_log_find(peer->node->store, origin);
    struct merkle_range range;
    peer->announced_last = log;
    if (log == NULL || head->size == 0 || head->size > store_log_committed(log).size)
        return;
    struct merkle_source source = store_log_source(log);
    if (merkle_range_load(&source, head->size, &range) != OK)
        return;
    struct hash root = merkle_range_root(&range);
    if (hash_equal(&root, &head->root))
        take_cosignatures(peer, log, note);
    else
        chores_suspect(peer->chores, log, note);
}

static void take_effects(struct peer *peer, struct follow_effects *effects);
static void feed_rest(struct peer *peer);

static void on_durable(void *ctx)
{
    struct delivery *delivery = ctx;
    struct peer *peer = delivery->peer;
    struct store_result *result = &delivery->result;
    peer->in_flight--;
    if (result->err == OK) {
        pthread_mutex_lock(&peer->mutex);
        peer->entries += result->added;
        pthread_mutex_unlock(&peer->mutex);
        peer->retry_ms = RETRY_MS_MIN;
        take_cosignatures(peer, delivery->log, buf_span(&result->batch->note));
    }
    if (delivery->generation != peer->generation || peer->follow == NULL) {
        batch_free(result->batch);
    } else if (result->err != OK) {
        batch_free(result->batch);
        peer->announced_last = delivery->log;
        fail(peer, result->err, &result->why);
    } else {
        struct follow_effects effects = {0};
        follow_persisted(peer->follow, result->batch, os_mono_ms(), &effects);
        note_progress(peer);
        take_effects(peer, &effects);
        if (peer->follow != NULL)
            feed_rest(peer);
    }
    free(delivery);
    if (peer->stopping && peer->in_flight == 0)
        peer->on_stopped(peer->on_stopped_ctx);
}

static void on_stored(void *ctx, const struct store_result *result)
{
    struct delivery *delivery = ctx;
    delivery->result = *result;
    loop_post(delivery->peer->loop, on_durable, delivery);
}

/* OK, or ERR_BUSY: the batch is still ours. */
static enum err submit(struct peer *peer, struct store_log *log, struct batch *batch)
{
    struct delivery *delivery = malloc(sizeof(*delivery));
    if (delivery == NULL)
        return ERR_BUSY;
    *delivery = (struct delivery){.peer = peer, .log = log, .generation = peer->generation};
    uint64_t bytes = batch->lines.len;
    enum err err = store_submit(peer->node->store, log, batch, on_stored, delivery);
    if (err != OK) {
        free(delivery);
        return ERR_BUSY;
    }
    peer->in_flight++;
    pthread_mutex_lock(&peer->mutex);
    peer->bytes_brought += bytes;
    pthread_mutex_unlock(&peer->mutex);
    return OK;
}

static void on_queue_retry(void *ctx)
{
    struct peer *peer = ctx;
    peer->queue_retry = NULL;
    unsigned sent = 0;
    while (sent < peer->waiting_count &&
           submit(peer, peer->waiting_log[sent], peer->waiting[sent]) == OK)
        sent++;
    peer->waiting_count -= sent;
    memmove(peer->waiting, peer->waiting + sent, peer->waiting_count * sizeof(peer->waiting[0]));
    memmove(peer->waiting_log, peer->waiting_log + sent,
            peer->waiting_count * sizeof(peer->waiting_log[0]));
    if (peer->waiting_count > 0)
        peer->queue_retry = loop_after(peer->loop, QUEUE_RETRY_MS, on_queue_retry, peer);
    else
        feed_rest(peer);
}

static void hand_over(struct peer *peer, struct span origin, struct batch *batch)
{
    struct store_log *log = store_log_find(peer->node->store, origin);
    CHECK(log != NULL); /* open_log has made it */
    if (peer->waiting_count == 0 && submit(peer, log, batch) == OK)
        return;
    CHECK(peer->waiting_count < WAITING_MAX);
    peer->waiting[peer->waiting_count] = batch;
    peer->waiting_log[peer->waiting_count++] = log;
    if (peer->queue_retry == NULL)
        peer->queue_retry = loop_after(peer->loop, QUEUE_RETRY_MS, on_queue_retry, peer);
}

static void on_tick(void *ctx)
{
    struct peer *peer = ctx;
    peer->tick = NULL;
    struct follow_effects effects = {0};
    enum err err = follow_tick(peer->follow, os_mono_ms(), &effects);
    if (err != OK)
        fail(peer, err, NULL);
    else
        take_effects(peer, &effects);
}

/* Not more is read than the store takes. */
static bool is_paused(const struct peer *peer)
{
    return peer->follow_pauses || peer->waiting_count > 0;
}

static void take_effects(struct peer *peer, struct follow_effects *effects)
{
    if (effects->batch != NULL)
        hand_over(peer, effects->origin, effects->batch);
    peer->follow_pauses = effects->pause;
    if (is_paused(peer) && !peer->client_paused) {
        client_pause(peer->client);
        peer->client_paused = true;
    }
    uint64_t now = os_mono_ms();
    cancel(&peer->tick);
    peer->tick =
        loop_after(peer->loop, effects->wake_ms > now ? effects->wake_ms - now : 1, on_tick, peer);
}

/* ---- the stream ---- */

static bool has_brought_too_much(struct peer *peer)
{
    pthread_mutex_lock(&peer->mutex);
    bool full = peer->bytes_brought >= peer->node->config.sync.peer_bytes_max;
    pthread_mutex_unlock(&peer->mutex);
    return full;
}

/* Returns how much was used: all, unless a pause or a failure came between. */
static size_t feed(struct peer *peer, struct span bytes)
{
    size_t at = 0;
    if (has_brought_too_much(peer)) {
        struct why full;
        fail(peer,
             why_set(&full, ERR_LIMIT, "sync.peer_bytes_max: bytes that one peer may bring", 0,
                     NULL, NULL),
             &full);
        return bytes.len;
    }
    while (at < bytes.len && !is_paused(peer)) {
        size_t used = 0;
        struct follow_effects effects = {0};
        struct why why = {.rule = NULL};
        enum err err = follow_feed(peer->follow, span_part(bytes, at, bytes.len), os_mono_ms(),
                                   &used, &effects, &why);
        at += used;
        if (err != OK) {
            fail(peer, err, &why);
            return bytes.len;
        }
        take_effects(peer, &effects);
    }
    note_progress(peer);
    return at;
}

static void feed_rest(struct peer *peer)
{
    if (is_paused(peer) || peer->follow == NULL)
        return;
    if (peer->rest.len > 0) {
        size_t used = feed(peer, buf_span(&peer->rest));
        if (peer->follow == NULL)
            return; /* it failed, and what was left of it is forgotten */
        peer->rest.len -= used;
        if (used > 0 && peer->rest.len > 0)
            memmove(peer->rest.data, peer->rest.data + used, peer->rest.len);
    }
    if (peer->client_paused && !is_paused(peer)) {
        peer->client_paused = false;
        client_resume(peer->client);
    }
}

static void fail_refused(struct peer *peer)
{
    struct why why;
    enum err err = refusal_read(peer->refused_with, buf_span(&peer->rest), &why);
    fail(peer, err, &why);
}

static void on_head(void *ctx, struct client *client, const struct http_answer *answer)
{
    (void)client;
    struct peer *peer = ctx;
    peer->connected = true;
    if (answer->status == 200) {
        /* A peer that has published nothing yet is live, too. */
        if (peer->state != PEER_REFUSED && peer->state != PEER_FROZEN)
            set_well(peer, PEER_LIVE);
        feedback_start(peer->feedback);
        chores_connected(peer->chores);
        return;
    }
    peer->refused_with = answer->status; /* its body says why */
}

static void on_body(void *ctx, struct client *client, struct span part)
{
    (void)client;
    struct peer *peer = ctx;
    if (peer->refused_with != 0) {
        if (peer->rest.len < REFUSAL_BYTES_MAX)
            buf_append_span(&peer->rest, span_part(part, 0, REFUSAL_BYTES_MAX - peer->rest.len));
        else
            fail_refused(peer);
        return;
    }
    size_t used = is_paused(peer) || peer->rest.len > 0 ? 0 : feed(peer, part);
    if (peer->follow == NULL)
        return;
    buf_append_span(&peer->rest, span_part(part, used, part.len));
    if (buf_check(&peer->rest) != OK)
        fail(peer, buf_check(&peer->rest), NULL);
}

static void on_end(void *ctx, struct client *client, enum err err, const struct why *why)
{
    (void)client;
    struct peer *peer = ctx;
    struct why closed = {.rule = "the peer closed the stream"};
    if (peer->refused_with != 0) {
        fail_refused(peer);
        return;
    }
    fail(peer, err == OK ? ERR_CLOSED : err, err == OK ? &closed : why);
}

/* ---- opening ---- */

static enum err find_keys(void *ctx, struct span origin, unsigned known_version,
                          struct log_keys *out)
{
    struct peer *peer = ctx;
    enum err err = identities_log_keys(peer->node->identities, origin, known_version, out);
    if (err == ERR_NOT_FOUND)
        identity_watch_want(peer->watch, origin, false);
    return err;
}

static enum err open_log(void *ctx, struct span origin, struct merkle_range *range_out,
                         bool *own_out)
{
    struct peer *peer = ctx;
    struct node *node = peer->node;
    struct store_log *log = store_log_find(node->store, origin);
    if (log == NULL) {
        if (peer->logs_brought >= node->config.sync.peer_logs_max)
            return ERR_LIMIT;
        TRY(store_log_open(node->store, origin, &log, NULL));
        peer->logs_brought++;
    }
    *own_out = log == node->own;
    struct merkle_source source = store_log_source(log);
    return merkle_range_load(&source, store_log_committed(log).size, range_out);
}

static enum err write_request(struct peer *peer, struct buf *out)
{
    struct store *store = peer->node->store;
    size_t count = 0;
    while (store_log_at(store, count) != NULL)
        count++;
    struct follow_log *logs = calloc(count + 1, sizeof(*logs));
    if (logs == NULL)
        return ERR_NO_MEMORY;
    enum err err = OK;
    size_t room = SYNC_WANTED_RANGES_MAX;
    struct log_range *ranges = calloc(room, sizeof(*ranges));
    if (ranges == NULL)
        err = ERR_NO_MEMORY;
    for (size_t i = 0; i < count && err == OK; i++) {
        struct store_log *log = store_log_at(store, i);
        struct log_range *wanted = ranges + (SYNC_WANTED_RANGES_MAX - room);
        logs[i].wanted = wanted;
        logs[i].wanted_count = log == peer->node->own ? 0 : store_log_withheld(log, wanted, room);
        room -= logs[i].wanted_count;
        struct merkle_source source = store_log_source(log);
        logs[i].origin = store_log_origin(log);
        logs[i].own = log == peer->node->own;
        err = merkle_range_load(&source, store_log_committed(log).size, &logs[i].range);
    }
    if (err == OK)
        err = follow_write_request(logs, count, true, out);
    free(ranges);
    free(logs);
    return err;
}

static enum err open_stream(struct peer *peer, const struct endpoint *endpoint)
{
    struct follow_options follow_options = {.follow = true,
                                            .now_ms = os_mono_ms(),
                                            .origin_peer = span_cstr(peer->settings.did),
                                            .open_log = open_log,
                                            .checkpoint = on_checkpoint,
                                            .find_keys = find_keys,
                                            .ctx = peer};
    peer->follow = follow_new(&follow_options);
    if (peer->follow == NULL)
        return ERR_NO_MEMORY;
    struct buf request;
    buf_init(&request, SYNC_REQUEST_BYTES_MAX);
    enum err err = write_request(peer, &request);
    char url[sizeof(endpoint->url) + 16];
    (void)snprintf(url, sizeof(url), "%s/v1/sync", endpoint->url);
    struct buf headers;
    buf_init(&headers, HTTP_HEAD_BYTES_MAX);
    if (err == OK)
        err = call_headers(peer->node, "POST", url, buf_span(&request), &headers);
    struct client_options options = {.loop = peer->loop,
                                     .url = url,
                                     .method = "POST",
                                     .extra_headers = (const char *)headers.data,
                                     .trust = &endpoint->trust,
                                     .only_public = endpoint->only_public,
                                     .body = buf_span(&request),
                                     .accept_zstd = peer->node->config.sync.compress != 0,
                                     .connect_timeout_ms = CONNECT_TIMEOUT_MS,
                                     .silence_ms = SYNC_SILENCE_MS,
                                     .handler = {peer, on_head, on_body, on_end}};
    if (err == OK)
        peer->client = client_start(&options);
    buf_clear(&request);
    buf_clear(&headers);
    return err != OK ? err : peer->client == NULL ? ERR_NO_MEMORY : OK;
}

void peer_connect(struct peer *peer)
{
    if (peer->stopping)
        return;
    if (peer->err == OK)
        set_state(peer, PEER_CONNECTING); /* while it tries again it stays what it was */
    struct endpoint endpoint;
    struct why why = {.rule = NULL};
    if (!endpoint_is_certified(peer->node,
                               &peer->settings)) { /* first of all; on_history goes on */
        identity_watch_want(peer->watch, span_cstr(peer->settings.did), false);
        return;
    }
    enum err err = endpoint_find(peer->node, &peer->settings, &endpoint, &why);
    if (err == OK)
        err = open_stream(peer, &endpoint);
    if (err != OK)
        fail(peer, err, &why);
}

/* Histories came that were missing: what was passed over or refused for want of them is asked for
 * again. */
static void on_history(void *ctx, enum err err, const struct why *why)
{
    struct peer *peer = ctx;
    if (peer->stopping)
        return;
    if (err != OK) { /* of the peer's own, without which there is nothing to connect to */
        if (peer->client == NULL && peer->retry == NULL)
            fail(peer, err, why);
        return;
    }
    cancel(&peer->retry);
    disconnect(peer);
    peer->retry_ms = RETRY_MS_MIN;
    peer_connect(peer);
}

void peer_want_history(struct peer *peer)
{
    identity_watch_want(peer->watch, span_cstr(peer->settings.did), true);
}

void peer_stop(struct peer *peer)
{
    peer->stopping = true;
    identity_watch_stop(peer->watch);
    cancel(&peer->retry);
    chores_stop(peer->chores);
    disconnect(peer);
    if (peer->in_flight == 0)
        peer->on_stopped(peer->on_stopped_ctx);
}

struct peer *peer_new(struct node *node, struct loop *loop, const struct state_peer *settings,
                      loop_fn on_stopped, void *ctx)
{
    struct peer *peer = calloc(1, sizeof(*peer));
    if (peer == NULL)
        return NULL;
    peer->node = node;
    peer->loop = loop;
    peer->settings = *settings;
    peer->on_stopped = on_stopped;
    peer->on_stopped_ctx = ctx;
    peer->retry_ms = RETRY_MS_MIN;
    peer->since_ms = os_wall_ms();
    peer->feedback = feedback_new(node, loop, &peer->settings);
    peer->chores = chores_new(node, loop, &peer->settings);
    buf_init(&peer->rest, SYNC_BATCH_BYTES_MAX);
    pthread_mutex_init(&peer->mutex, NULL);
    peer->watch = identity_watch_new(node, loop, &peer->settings, on_history, peer);
    if (peer->watch != NULL && peer->feedback != NULL && peer->chores != NULL)
        return peer;
    peer_free(peer);
    return NULL;
}

void peer_free(struct peer *peer)
{
    feedback_free(peer->feedback);
    chores_free(peer->chores);
    identity_watch_free(peer->watch);
    buf_clear(&peer->rest);
    pthread_mutex_destroy(&peer->mutex);
    free(peer->announced);
    free(peer);
}

void peer_poke(struct peer *peer)
{
    chores_poke(peer->chores);
}

struct loop *peer_loop(const struct peer *peer)
{
    return peer->loop;
}

const char *peer_did(const struct peer *peer)
{
    return peer->settings.did;
}

json_t *peer_json(struct peer *peer)
{
    json_t *trust = endpoint_trust_json(peer->node, &peer->settings);
    pthread_mutex_lock(&peer->mutex);
    json_t *json =
        json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "did", peer->settings.did, "url",
                  peer->settings.url, "state", state_names[peer->state], "since_ms",
                  (json_int_t)peer->since_ms, "received_ms", (json_int_t)peer->received_ms,
                  "entries", (json_int_t)peer->entries, "bytes", (json_int_t)peer->bytes_brought,
                  "skipped", (json_int_t)peer->skipped);
    if (json != NULL)
        (void)json_object_set_new(json, "trust", trust);
    else
        json_decref(trust);
    if (json != NULL && peer->state != PEER_LIVE && peer->state != PEER_CATCHING_UP &&
        peer->err != OK) {
        (void)json_object_set_new(json, "error", json_string(err_slug(peer->err)));
        (void)json_object_set_new(json, "detail", json_string(err_sentence(peer->err, LANG_EN)));
        if (peer->why.rule != NULL)
            (void)json_object_set_new(json, "rule", json_string(peer->why.rule));
        if (peer->why.found[0] != '\0')
            (void)json_object_set_new(json, "found", json_string(peer->why.found));
    }
    pthread_mutex_unlock(&peer->mutex);
    json_t *quarantined = feedback_json(peer->feedback);
    if (quarantined != NULL)
        (void)json_object_set_new(json, "quarantined", quarantined);
    return json;
}

uint64_t peer_announced(struct peer *peer, const struct store_log *log)
{
    uint64_t size = 0;
    pthread_mutex_lock(&peer->mutex);
    for (size_t i = 0; i < peer->announced_count; i++)
        if (peer->announced[i].log == log)
            size = peer->announced[i].size;
    pthread_mutex_unlock(&peer->mutex);
    return size;
}

bool peer_is_well(struct peer *peer)
{
    pthread_mutex_lock(&peer->mutex);
    bool well = peer->state == PEER_LIVE || peer->state == PEER_CATCHING_UP;
    pthread_mutex_unlock(&peer->mutex);
    return well;
}

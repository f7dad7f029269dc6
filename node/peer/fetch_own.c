/* Two requests: which logs the peer holds, so that it can be told to send no other, and the stream.
 * In a sync stream of its own the node is a follower of its log like anybody else. */
#include "node/peer/fetch_own.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "node/identity/identities.h"
#include "node/identity/sign_request.h"
#include "node/net/client.h"
#include "node/net/os.h"
#include "node/peer/endpoint.h"
#include "node/store/guard.h"
#include "proto/identity/did.h"
#include "proto/sync/follow.h"
#include "proto/sync/lines.h"

#define CONNECT_TIMEOUT_MS 10000u
#define LIST_BYTES_MAX (16u * 1024u * 1024u) /* as many logs as one peer may relay */

struct fetching {
    struct node *node;
    struct fetch_own *fetch;
    struct loop *loop;
    struct client *client;
    struct follow *follow; /* NULL: the list is read */
    struct buf body;
    int status;
    bool over;
    enum err err;
    struct why *why;
};

static void finish(struct fetching *fetching, enum err err)
{
    if (fetching->over)
        return;
    fetching->over = true;
    fetching->err = err;
    loop_stop(fetching->loop);
}

/* ---- the stream ---- */

static enum err open_log(void *ctx, struct span origin, struct merkle_range *range_out,
                         bool *own_out)
{
    struct fetching *fetching = ctx;
    struct store_log *own = fetching->node->own;
    if (!span_equal(origin, store_log_origin(own)))
        return ERR_FORBIDDEN;
    *own_out = false; /* it is followed, for once */
    struct merkle_source source = store_log_source(own);
    return merkle_range_load(&source, store_log_committed(own).size, range_out);
}

static enum err find_keys(void *ctx, struct span origin, unsigned known_version,
                          struct log_keys *out)
{
    struct fetching *fetching = ctx;
    return identities_log_keys(fetching->node->identities, origin, known_version, out);
}

static enum err store(struct fetching *fetching, struct follow_effects *effects)
{
    struct store_result result;
    uint64_t withheld = 0;
    for (uint32_t i = 0; i < effects->batch->count; i++)
        withheld += effects->batch->entries[i].length == 0;
    store_write(fetching->node->store, fetching->node->own, effects->batch, &result);
    if (result.err != OK) {
        batch_free(effects->batch);
        *fetching->why = result.why;
        return result.err;
    }
    fetching->fetch->entries += result.added;
    fetching->fetch->withheld += withheld;
    follow_persisted(fetching->follow, effects->batch, os_mono_ms(), effects);
    return OK;
}

static enum err feed(struct fetching *fetching, struct span bytes)
{
    size_t at = 0;
    while (at < bytes.len) {
        size_t used = 0;
        struct follow_effects effects = {0};
        if (guard_is_closed(fetching->node->guard))
            return ERR_CLOSED;
        TRY(follow_feed(fetching->follow, span_part(bytes, at, bytes.len), os_mono_ms(), &used,
                        &effects, fetching->why));
        at += used;
        if (effects.batch != NULL)
            TRY(store(fetching, &effects));
    }
    return OK;
}

static bool is_whole(const struct fetching *fetching)
{
    return store_log_committed(fetching->node->own).size >= fetching->fetch->target.size;
}

/* ---- the connection ---- */

static void on_head(void *ctx, struct client *client, const struct http_answer *head)
{
    (void)client;
    struct fetching *fetching = ctx;
    fetching->status = head->status;
}

static void on_body(void *ctx, struct client *client, struct span part)
{
    (void)client;
    struct fetching *fetching = ctx;
    if (fetching->over || fetching->status != 200)
        return;
    if (fetching->follow == NULL) {
        buf_append_span(&fetching->body, part);
        return;
    }
    enum err err = feed(fetching, part);
    if (err != OK || is_whole(fetching))
        finish(fetching, err);
}

static void on_end(void *ctx, struct client *client, enum err err, const struct why *why)
{
    struct fetching *fetching = ctx;
    client_free(client);
    fetching->client = NULL;
    if (err != OK && why != NULL && !fetching->over)
        *fetching->why = *why;
    if (err == OK && fetching->status != 200)
        err = why_set(fetching->why, ERR_BAD_STREAM, "a peer answers with 200", 0, NULL, NULL);
    finish(fetching, err);
}

static enum err call_once(struct fetching *fetching, const char *method, const char *path,
                          struct span body, const struct node *signer)
{
    const struct state_peer *peer = fetching->fetch->peer;
    struct endpoint endpoint;
    TRY(endpoint_find(fetching->node, peer, &endpoint, fetching->why));
    char url[sizeof(endpoint.url) + DID_BYTES_MAX + 32];
    (void)snprintf(url, sizeof(url), "%s%s", endpoint.url, path);
    struct buf headers;
    buf_init(&headers, HTTP_HEAD_BYTES_MAX);
    enum err err = call_headers(signer, method, url, body, &headers);
    struct client_options options = {.loop = fetching->loop,
                                     .url = url,
                                     .method = method,
                                     .extra_headers = (const char *)headers.data,
                                     .trust = &endpoint.trust,
                                     .only_public = endpoint.only_public,
                                     .body = body,
                                     .accept_zstd = body.len > 0, /* once, and from far away */
                                     .connect_timeout_ms = CONNECT_TIMEOUT_MS,
                                     .silence_ms = SYNC_SILENCE_MS,
                                     .handler = {fetching, on_head, on_body, on_end}};
    fetching->over = false;
    fetching->status = 0;
    fetching->client = err == OK ? client_start(&options) : NULL;
    buf_clear(&headers);
    if (fetching->client == NULL)
        return err == OK ? ERR_NO_MEMORY : err;
    loop_run(fetching->loop);
    client_free(fetching->client);
    fetching->client = NULL;
    return fetching->err;
}

/* Signed, so that a member of the commons gets its own lines back. A signature that is refused (the
 * request key was lost, too; a clock is wrong) does not keep it from what anybody gets. */
static enum err call(struct fetching *fetching, const char *method, const char *path,
                     struct span body)
{
    enum err err = call_once(fetching, method, path, body, fetching->node);
    if (err != OK && fetching->status >= 400 && fetching->status < 500)
        err = call_once(fetching, method, path, body, NULL);
    return err;
}

/* The state vector: the own log from where it ends, of all others nothing. */
static enum err write_request(struct fetching *fetching, struct buf *out)
{
    json_t *list = json_loadb((const char *)fetching->body.data, fetching->body.len, 0, NULL);
    json_t *logs = json_object_get(list, "logs");
    size_t count = json_array_size(logs);
    struct follow_log *vector = calloc(count + 1, sizeof(*vector));
    if (vector == NULL || count > SYNC_LOGS_MAX) {
        free(vector);
        json_decref(list);
        return vector == NULL ? ERR_NO_MEMORY : ERR_LIMIT;
    }
    struct store_log *own = fetching->node->own;
    struct merkle_source source = store_log_source(own);
    size_t used = 1;
    vector[0].origin = store_log_origin(own);
    enum err err = merkle_range_load(&source, store_log_committed(own).size, &vector[0].range);
    for (size_t i = 0; i < count; i++) {
        json_t *origin = json_object_get(json_array_get(logs, i), "origin");
        struct span text = span_of(json_string_value(origin), json_string_length(origin));
        if (text.len > 0 && text.len <= DID_BYTES_MAX && !span_equal(text, vector[0].origin))
            vector[used++] = (struct follow_log){.origin = text, .own = true};
    }
    if (err == OK)
        err = follow_write_request(vector, used, false, out);
    free(vector);
    json_decref(list);
    return err;
}

/* First the keys that have changed, for the requests behind it. What the peer thinks of them shows
 * there. */
static void tell_history(struct fetching *fetching)
{
    char path[DID_BYTES_MAX + 32];
    struct span scid = did_scid(span_cstr(fetching->node->origin));
    struct why kept = *fetching->why;
    struct buf history;
    buf_init(&history, WEBVH_BYTES_MAX);
    (void)snprintf(path, sizeof(path), "/v1/logs/%.*s/history", (int)scid.len,
                   (const char *)scid.data);
    if (identities_history(fetching->node->identities, scid, &history) == OK)
        (void)!call_once(fetching, "POST", path, buf_span(&history), NULL);
    buf_clear(&history);
    buf_reset(&fetching->body);
    *fetching->why = kept;
}

static enum err run(struct fetching *fetching)
{
    tell_history(fetching);
    TRY(call(fetching, "GET", "/v1/logs", span_of(NULL, 0)));
    TRY(buf_check(&fetching->body));
    struct buf request;
    buf_init(&request, SYNC_REQUEST_BYTES_MAX);
    struct follow_options options = {.now_ms = os_mono_ms(),
                                     .open_log = open_log,
                                     .find_keys = find_keys,
                                     .takes_retired = true,
                                     .ctx = fetching};
    fetching->follow = follow_new(&options);
    enum err err = fetching->follow == NULL ? ERR_NO_MEMORY : write_request(fetching, &request);
    if (err == OK)
        err = call(fetching, "POST", "/v1/sync", buf_span(&request));
    buf_clear(&request);
    if (err == OK && !is_whole(fetching))
        err = why_set(fetching->why, ERR_BAD_STREAM,
                      "a peer sends the entries of the checkpoint that it shows",
                      fetching->fetch->target.size, NULL, NULL);
    return err;
}

enum err fetch_own(struct node *node, struct fetch_own *fetch, struct why *why)
{
    struct why unheard = {.rule = NULL};
    struct fetching fetching = {
        .node = node, .fetch = fetch, .loop = loop_new(), .why = why == NULL ? &unheard : why};
    buf_init(&fetching.body, LIST_BYTES_MAX);
    enum err err = fetching.loop == NULL ? ERR_NO_MEMORY : run(&fetching);
    follow_free(fetching.follow);
    buf_clear(&fetching.body);
    if (fetching.loop != NULL)
        loop_free(fetching.loop);
    return err;
}

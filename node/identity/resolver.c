/* One GET, bounded in every way, and what is made of its answer. */
#include "node/identity/resolver.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "node/net/client.h"
#include "node/net/os.h"
#include "proto/identity/did.h"

#define REMEMBERED 1024u /* identities whose fetches are counted; the oldest is forgotten */
#define CONNECT_TIMEOUT_MS 5000u
#define SILENCE_MS 5000u
#define URL_ROOM (URL_BYTES_MAX + DID_BYTES_MAX + 64u)

struct tally {
    char scid[WEBVH_SCID_BYTES];
    uint64_t last_ms; /* 0: a free place */
    unsigned left;
};

struct resolver {
    struct identities *identities;
    bool allow_private;
    pthread_mutex_t mutex;
    struct tally tallies[REMEMBERED];
};

struct fetch {
    struct resolver *resolver;
    char did[DID_BYTES_MAX + 1];
    bool by_owner;
    bool judges_shown; /* the pins are those of the history that comes */
    struct client *client;
    struct loop_timer *timer;
    struct buf body;
    bool has_shown;
    bool vouched;
    struct hash shown;
    enum err refusal; /* told by the timer */
    struct why why;
    void (*done)(void *ctx, enum err err, const struct why *why, bool news);
    void *ctx;
};

struct resolver *resolver_new(struct identities *identities, bool allow_private)
{
    struct resolver *resolver = calloc(1, sizeof(*resolver));
    if (resolver == NULL)
        return NULL;
    resolver->identities = identities;
    resolver->allow_private = allow_private;
    pthread_mutex_init(&resolver->mutex, NULL);
    return resolver;
}

void resolver_free(struct resolver *resolver)
{
    if (resolver == NULL)
        return;
    pthread_mutex_destroy(&resolver->mutex);
    free(resolver);
}

/* ---- how often ---- */

static struct tally *tally_of(struct resolver *resolver, struct span scid)
{
    struct tally *oldest = &resolver->tallies[0];
    for (unsigned i = 0; i < REMEMBERED; i++) {
        struct tally *tally = &resolver->tallies[i];
        if (tally->last_ms > 0 && memcmp(tally->scid, scid.data, WEBVH_SCID_BYTES) == 0)
            return tally;
        if (tally->last_ms < oldest->last_ms)
            oldest = tally;
    }
    *oldest = (struct tally){.left = RESOLVER_BURST};
    memcpy(oldest->scid, scid.data, WEBVH_SCID_BYTES);
    return oldest;
}

static bool may_fetch(struct resolver *resolver, struct span scid)
{
    uint64_t now = os_mono_ms() + 1;
    pthread_mutex_lock(&resolver->mutex);
    struct tally *tally = tally_of(resolver, scid);
    if (tally->last_ms > 0) {
        uint64_t earned = (now - tally->last_ms) / RESOLVER_PAUSE_MS;
        tally->left = earned >= RESOLVER_BURST - tally->left ? RESOLVER_BURST
                                                             : tally->left + (unsigned)earned;
        if (earned > 0)
            tally->last_ms = now;
    } else {
        tally->last_ms = now;
    }
    bool may = tally->left > 0;
    if (may)
        tally->left--;
    pthread_mutex_unlock(&resolver->mutex);
    return may;
}

/* ---- the answer ---- */

static void fetch_free(struct fetch *fetch)
{
    client_free(fetch->client);
    if (fetch->timer != NULL)
        loop_timer_cancel(fetch->timer);
    buf_clear(&fetch->body);
    free(fetch);
}

void fetch_cancel(struct fetch *fetch)
{
    if (fetch != NULL)
        fetch_free(fetch);
}

static void finish(struct fetch *fetch, enum err err, const struct why *why, bool news)
{
    void (*done)(void *, enum err, const struct why *, bool) = fetch->done;
    void *ctx = fetch->ctx;
    struct why kept = why == NULL ? (struct why){.rule = NULL} : *why;
    fetch_free(fetch);
    done(ctx, err, &kept, news);
}

static void refuse(struct fetch *fetch, enum err err, const char *rule, const char *found)
{
    struct why why;
    finish(fetch, why_set(&why, err, rule, 0, NULL, found), &why, false);
}

static void on_head(void *ctx, struct client *client, const struct http_answer *answer)
{
    struct fetch *fetch = ctx;
    fetch->has_shown = client_shown(client, &fetch->shown, &fetch->vouched);
    if (answer->status == 200)
        return;
    char found[32];
    (void)snprintf(found, sizeof(found), "status %d", answer->status);
    refuse(fetch, ERR_NOT_FOUND, "a history is answered with 200; no redirect is followed", found);
}

static void on_body(void *ctx, struct client *client, struct span part)
{
    (void)client;
    struct fetch *fetch = ctx;
    buf_append_span(&fetch->body, part);
    if (buf_check(&fetch->body) != OK)
        refuse(fetch, buf_check(&fetch->body), "limits.h: bytes of a did.jsonl", NULL);
}

static bool is_among(const struct tls_trust *trust, const struct hash *shown)
{
    for (unsigned i = 0; i < trust->count; i++)
        if (hash_equal(&trust->pins[i], shown))
            return true;
    return false;
}

/* Who gave the history has shown that it is the one of which the history speaks: so an old history,
 * which proves itself as well, is not taken from somebody in between. Judged before it is taken up,
 * in a place of its own. */
static enum err judge_shown(const struct fetch *fetch, struct why *why)
{
    struct identities *apart;
    struct identity_node node;
    bool news;
    TRY(identities_open(NULL, &apart, why));
    enum err err =
        identities_take(apart, span_cstr(fetch->did), buf_span(&fetch->body), true, &news, why);
    if (err == OK)
        err = identities_node(apart, span_cstr(fetch->did), &node);
    identities_free(apart);
    if (err == ERR_BAD_DOCUMENT)
        return OK; /* no node: another kind of document, signed elsewhere */
    TRY(err);
    bool trusted =
        fetch->has_shown && (node.trust.count == 0 ? fetch->vouched || node.deactivated
                                                   : is_among(&node.trust, &fetch->shown));
    return trusted ? OK
                   : why_set(why, ERR_BAD_SIGNATURE,
                             "who gives a history shows a TLS key that it names", 0, NULL, NULL);
}

static void on_end(void *ctx, struct client *client, enum err err, const struct why *why)
{
    (void)client;
    struct fetch *fetch = ctx;
    struct why own = {.rule = NULL};
    bool news = false;
    if (err != OK) {
        finish(fetch, err, why, false);
        return;
    }
    if (fetch->judges_shown)
        err = judge_shown(fetch, &own);
    if (err == OK)
        err = identities_take(fetch->resolver->identities, span_cstr(fetch->did),
                              buf_span(&fetch->body), fetch->by_owner, &news, &own);
    finish(fetch, err, &own, news);
}

static void on_time(void *ctx)
{
    struct fetch *fetch = ctx;
    fetch->timer = NULL;
    refuse(fetch, ERR_TIMEOUT, "a history comes within ten seconds", NULL);
}

static void on_refused(void *ctx)
{
    struct fetch *fetch = ctx;
    fetch->timer = NULL;
    finish(fetch, fetch->refusal, &fetch->why, false);
}

/* ---- the question ---- */

static enum err make_url(const struct fetch_source *source, const struct webvh_did *did,
                         struct buf *out)
{
    if (source->node_url == NULL) {
        webvh_did_append_url(out, did, "did.jsonl");
    } else {
        buf_append_cstr(out, source->node_url);
        buf_append_cstr(out, "/v1/logs/");
        buf_append_span(out, did->scid);
        buf_append_cstr(out, "/history");
    }
    buf_append_byte(out, '\0');
    return buf_check(out);
}

static enum err start(struct fetch *fetch, struct loop *loop, const struct fetch_source *source)
{
    static const struct tls_trust any = {.any = true};
    struct webvh_did did;
    struct buf url;
    TRY(webvh_did_read(span_cstr(source->did), &did, &fetch->why));
    if (!may_fetch(fetch->resolver, did.scid))
        return why_set(&fetch->why, ERR_TOO_MANY, "a history is asked for now and then", 0, NULL,
                       NULL);
    buf_init(&url, URL_ROOM);
    enum err err = make_url(source, &did, &url);
    if (err == OK) {
        struct client_options options = {.loop = loop,
                                         .url = (const char *)url.data,
                                         .method = "GET",
                                         .trust = source->trust == NULL ? &any : source->trust,
                                         .only_public = source->node_url == NULL &&
                                                        !fetch->resolver->allow_private,
                                         .connect_timeout_ms = CONNECT_TIMEOUT_MS,
                                         .silence_ms = SILENCE_MS,
                                         .handler = {fetch, on_head, on_body, on_end}};
        fetch->client = client_start(&options);
        err = fetch->client == NULL ? ERR_NO_MEMORY : OK;
    }
    buf_clear(&url);
    return err;
}

struct fetch *
resolver_fetch(struct resolver *resolver, struct loop *loop, const struct fetch_source *source,
               void (*done)(void *ctx, enum err err, const struct why *why, bool news), void *ctx)
{
    struct fetch *fetch = calloc(1, sizeof(*fetch));
    if (fetch == NULL)
        return NULL;
    fetch->resolver = resolver;
    (void)snprintf(fetch->did, sizeof(fetch->did), "%s", source->did);
    fetch->by_owner = source->node_url == NULL || source->is_owner;
    fetch->judges_shown = fetch->by_owner && source->trust == NULL;
    fetch->done = done;
    fetch->ctx = ctx;
    buf_init(&fetch->body, WEBVH_BYTES_MAX);
    fetch->refusal = start(fetch, loop, source);
    fetch->timer = fetch->refusal == OK ? loop_after(loop, RESOLVER_TIME_MS, on_time, fetch)
                                        : loop_after(loop, 0, on_refused, fetch);
    return fetch;
}

/* Wanted histories, one after the other. */
#include "node/peer/identity_watch.h"

#include <stdlib.h>

#include "node/identity/resolver.h"
#include "node/peer/endpoint.h"
#include "proto/identity/did.h"

#define WANTED_MAX 64u /* of one connection at a time; the rest is asked for by the next */

struct identity_watch {
    struct node *node;
    struct loop *loop;
    const struct state_peer *settings;
    void (*found)(void *ctx, enum err err, const struct why *why);
    void *ctx;
    char wanted[WANTED_MAX][DID_BYTES_MAX + 1]; /* the first is under way */
    unsigned count;
    struct fetch *fetch;
    struct loop_timer *start;
    bool at_host; /* the second way: the identity's own host */
    bool has_news;
    bool stopped;
};

struct identity_watch *
identity_watch_new(struct node *node, struct loop *loop, const struct state_peer *settings,
                   void (*found)(void *ctx, enum err err, const struct why *why), void *ctx)
{
    struct identity_watch *watch = calloc(1, sizeof(*watch));
    if (watch == NULL)
        return NULL;
    watch->node = node;
    watch->loop = loop;
    watch->settings = settings;
    watch->found = found;
    watch->ctx = ctx;
    return watch;
}

static bool is_peer(const struct identity_watch *watch, const char *did)
{
    return strcmp(did, watch->settings->did) == 0;
}

static void begin(void *ctx);

static void schedule(struct identity_watch *watch)
{
    if (watch->start == NULL && watch->fetch == NULL && watch->count > 0 && !watch->stopped)
        watch->start = loop_after(watch->loop, 0, begin, watch);
}

static void take_first_out(struct identity_watch *watch)
{
    watch->count--;
    memmove(watch->wanted[0], watch->wanted[1], watch->count * sizeof(watch->wanted[0]));
    watch->at_host = false;
}

static void on_fetched(void *ctx, enum err err, const struct why *why, bool news)
{
    struct identity_watch *watch = ctx;
    watch->fetch = NULL;
    watch->has_news = watch->has_news || news;
    bool own = is_peer(watch, watch->wanted[0]);
    bool has_other_way = !own && !watch->at_host;
    if (err != OK && has_other_way) {
        watch->at_host = true;
        schedule(watch);
        return;
    }
    take_first_out(watch);
    schedule(watch);
    if (own && err != OK)
        watch->found(watch->ctx, err, why);
    else if (watch->count == 0 && watch->has_news) {
        watch->has_news = false;
        watch->found(watch->ctx, OK, NULL);
    }
}

/* The peer's own: at the address of its pairing string, under that string's TLS key as long as
 * nothing better is known. Another's: at the peer, as it is trusted now. */
static bool choose_source(struct identity_watch *watch, struct fetch_source *source,
                          struct identity_node *peer)
{
    const struct state_peer *settings = watch->settings;
    struct span did = span_cstr(settings->did);
    bool knows = identities_node(watch->node->identities, did, peer) == OK;
    *source = (struct fetch_source){.did = watch->wanted[0]};
    if (is_peer(watch, source->did)) {
        source->is_owner = true;
        source->node_url = settings->url[0] == '\0' ? NULL : settings->url;
        if (knows || settings->cert[0] == '\0')
            return true;
        endpoint_pairing_trust(settings, &peer->trust);
        source->trust = &peer->trust;
        return true;
    }
    if (watch->at_host)
        return true;
    if (!knows)
        endpoint_pairing_trust(settings, &peer->trust);
    source->trust = &peer->trust;
    source->node_url = settings->url;
    return settings->url[0] != '\0'; /* else the host is the one way */
}

static void begin(void *ctx)
{
    struct identity_watch *watch = ctx;
    struct fetch_source source;
    struct identity_node peer = {.version = 0};
    watch->start = NULL;
    if (!choose_source(watch, &source, &peer)) {
        watch->at_host = true;
        (void)choose_source(watch, &source, &peer);
    }
    watch->fetch = resolver_fetch(watch->node->resolver, watch->loop, &source, on_fetched, watch);
    if (watch->fetch == NULL)
        take_first_out(watch);
}

void identity_watch_want(struct identity_watch *watch, struct span did, bool again)
{
    struct webvh_did parts;
    struct log_keys keys;
    if (watch->stopped || watch->count == WANTED_MAX || did.len > DID_BYTES_MAX ||
        webvh_did_read(did, &parts, NULL) != OK)
        return;
    for (unsigned i = 0; i < watch->count; i++)
        if (span_is(did, watch->wanted[i]))
            return;
    log_keys_init(&keys);
    bool held = identities_log_keys(watch->node->identities, did, 0, &keys) == OK;
    log_keys_clear(&keys);
    if (held && !again)
        return;
    memcpy(watch->wanted[watch->count], did.data, did.len);
    watch->wanted[watch->count++][did.len] = '\0';
    schedule(watch);
}

void identity_watch_stop(struct identity_watch *watch)
{
    watch->stopped = true;
    fetch_cancel(watch->fetch);
    watch->fetch = NULL;
    if (watch->start != NULL)
        loop_timer_cancel(watch->start);
    watch->start = NULL;
}

void identity_watch_free(struct identity_watch *watch)
{
    free(watch);
}

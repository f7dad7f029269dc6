/* The peers of a node: started, added, removed, asked. */
#include "node/peer/peers.h"

#include <pthread.h>
#include <stdlib.h>

#include "node/identity/audiences.h"
#include "node/net/os.h"
#include "node/peer/pairing.h"
#include "node/peer/peer.h"

struct member {
    struct peers *peers;
    struct peer *peer;
    struct member *next;
};

struct peers {
    struct node *node;
    pthread_mutex_t mutex;
    pthread_cond_t gone;
    struct member *first;
    unsigned leaving; /* members taken off the list that have not stopped yet */
    unsigned added;   /* ever: spreads them over the loops */
};

static void on_stopped(void *ctx)
{
    struct member *member = ctx;
    struct peers *peers = member->peers;
    peer_free(member->peer);
    free(member);
    pthread_mutex_lock(&peers->mutex);
    peers->leaving--;
    pthread_cond_signal(&peers->gone);
    pthread_mutex_unlock(&peers->mutex);
}

static void connect_member(void *ctx)
{
    const struct member *member = ctx;
    peer_connect(member->peer);
}

static void stop_member(void *ctx)
{
    const struct member *member = ctx;
    peer_stop(member->peer);
}

static void poke_member(void *ctx)
{
    const struct member *member = ctx;
    peer_poke(member->peer);
}

/* With the mutex held. */
static void take_out(struct peers *peers, const char *did)
{
    for (struct member **at = &peers->first; *at != NULL; at = &(*at)->next) {
        struct member *member = *at;
        if (did != NULL && strcmp(peer_did(member->peer), did) != 0)
            continue;
        *at = member->next;
        peers->leaving++;
        loop_post(peer_loop(member->peer), stop_member, member);
        return;
    }
}

static enum err put_in(struct peers *peers, const struct state_peer *settings)
{
    struct member *member = calloc(1, sizeof(*member));
    if (member == NULL)
        return ERR_NO_MEMORY;
    struct node *node = peers->node;
    struct loop *loop = node->loops[peers->added++ % node->loop_count];
    member->peers = peers;
    member->peer = peer_new(node, loop, settings, on_stopped, member);
    if (member->peer == NULL) {
        free(member);
        return ERR_NO_MEMORY;
    }
    struct member **last = &peers->first;
    while (*last != NULL)
        last = &(*last)->next;
    *last = member;
    if (node->mode == NODE_SERVE)
        loop_post(loop, connect_member, member);
    return OK;
}

struct loading {
    struct peers *peers;
    enum err err;
};

static void load_one(void *ctx, const struct state_peer *settings)
{
    struct loading *loading = ctx;
    if (loading->err == OK)
        loading->err = put_in(loading->peers, settings);
}

enum err peers_start(struct node *node, struct peers **out, struct why *why)
{
    struct peers *peers = calloc(1, sizeof(*peers));
    if (peers == NULL)
        return ERR_NO_MEMORY;
    peers->node = node;
    pthread_mutex_init(&peers->mutex, NULL);
    pthread_cond_init(&peers->gone, NULL);
    struct loading loading = {.peers = peers};
    enum err err = state_peers(node->state, load_one, &loading);
    if (err == OK)
        err = loading.err;
    *out = peers; /* the loops do not run yet: what was put in is stopped by peers_stop alone */
    return err == OK ? OK : why_set(why, err, "reading the peers from state.db", 0, NULL, NULL);
}

enum err peers_read_pairing(const struct node *node, struct span text, struct state_peer *out,
                            struct why *why)
{
    struct pairing pairing;
    TRY(pairing_read(text, &pairing, why));
    if (strcmp(pairing.did, node->origin) == 0)
        return why_set(why, ERR_CONFLICT, "a node does not follow itself", 0,
                       "another node's pairing string", NULL);
    *out = (struct state_peer){.added_ms = os_wall_ms()};
    memcpy(out->did, pairing.did, sizeof(pairing.did));
    memcpy(out->url, pairing.url, sizeof(pairing.url));
    memcpy(out->cert, pairing.cert, sizeof(pairing.cert));
    return OK;
}

enum err peers_add(struct peers *peers, const struct state_peer *settings)
{
    TRY(state_peer_put(peers->node->state, settings));
    pthread_mutex_lock(&peers->mutex);
    take_out(peers, settings->did);
    enum err err = put_in(peers, settings);
    pthread_mutex_unlock(&peers->mutex);
    return err;
}

enum err peers_remove(struct peers *peers, const char *did)
{
    TRY(state_peer_remove(peers->node->state, did));
    pthread_mutex_lock(&peers->mutex);
    take_out(peers, did);
    pthread_mutex_unlock(&peers->mutex);
    return OK;
}

uint64_t peers_behind(struct peers *peers, struct store_log *log)
{
    uint64_t announced = 0;
    pthread_mutex_lock(&peers->mutex);
    for (struct member *member = peers->first; member != NULL; member = member->next) {
        uint64_t size = peer_announced(member->peer, log);
        announced = size > announced ? size : announced;
    }
    pthread_mutex_unlock(&peers->mutex);
    uint64_t held = store_log_committed(log).size;
    return announced > held ? announced - held : 0;
}

bool peers_have(struct peers *peers, const char *did)
{
    bool found = false;
    pthread_mutex_lock(&peers->mutex);
    for (struct member *member = peers->first; member != NULL && !found; member = member->next)
        found = strcmp(peer_did(member->peer), did) == 0;
    pthread_mutex_unlock(&peers->mutex);
    return found;
}

void peers_poke(struct peers *peers)
{
    pthread_mutex_lock(&peers->mutex);
    for (struct member *member = peers->first; member != NULL; member = member->next)
        loop_post(peer_loop(member->peer), poke_member, member);
    pthread_mutex_unlock(&peers->mutex);
}

static void want_history(void *ctx)
{
    const struct member *member = ctx;
    peer_want_history(member->peer);
}

bool peers_want_history(struct peers *peers, struct span did)
{
    bool is = false;
    pthread_mutex_lock(&peers->mutex);
    for (struct member *member = peers->first; member != NULL && !is; member = member->next) {
        is = span_is(did, peer_did(member->peer));
        if (is) /* before it can be told to stop */
            loop_post(peer_loop(member->peer), want_history, member);
    }
    pthread_mutex_unlock(&peers->mutex);
    return is;
}

json_t *peers_json(struct peers *peers)
{
    json_t *list = json_array();
    pthread_mutex_lock(&peers->mutex);
    for (struct member *member = peers->first; member != NULL && list != NULL;
         member = member->next) {
        json_t *json = peer_json(member->peer);
        bool is = audiences_is_member(peers->node->audiences, span_cstr(peer_did(member->peer)));
        (void)json_object_set_new(json, "member", json_boolean(is));
        (void)json_array_append_new(list, json);
    }
    pthread_mutex_unlock(&peers->mutex);
    return list;
}

unsigned peers_troubled(struct peers *peers)
{
    unsigned count = 0;
    pthread_mutex_lock(&peers->mutex);
    for (struct member *member = peers->first; member != NULL; member = member->next)
        count += !peer_is_well(member->peer);
    pthread_mutex_unlock(&peers->mutex);
    return count;
}

void peers_stop(struct peers *peers)
{
    if (peers == NULL)
        return;
    pthread_mutex_lock(&peers->mutex);
    while (peers->first != NULL)
        take_out(peers, NULL);
    while (peers->leaving > 0)
        pthread_cond_wait(&peers->gone, &peers->mutex);
    pthread_mutex_unlock(&peers->mutex);
}

void peers_free(struct peers *peers)
{
    if (peers == NULL)
        return;
    pthread_cond_destroy(&peers->gone);
    pthread_mutex_destroy(&peers->mutex);
    free(peers);
}

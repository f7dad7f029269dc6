/* A node, from its folder to its threads, and back. */
#include "node/node.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

#include "keys/confine.h"
#include "keys/keys.h"
#include "keys/request_key.h"
#include "node/api/hub.h"
#include "node/api/router.h"
#include "node/catalogue/admission.h"
#include "node/catalogue/judge.h"
#include "node/confinement.h"
#include "node/identity/audiences.h"
#include "node/identity/caller.h"
#include "node/identity/learn.h"
#include "node/identity/own.h"
#include "node/identity/request_key.h"
#include "node/identity/resolver.h"
#include "node/net/certificate.h"
#include "node/net/os.h"
#include "node/net/tls.h"
#include "node/net/unix_path.h"
#include "node/peer/ask.h"
#include "node/peer/faults.h"
#include "node/peer/pairing_own.h"
#include "node/peer/peers.h"
#include "node/peer/witnesses.h"
#include "node/store/guard.h"

#define POOL_THREADS 4u /* a publication waits for the disk most of its time */
#define TOKEN_FILE "local.token"

/* ---- opening ---- */

static char *path_in(const struct node *node, const char *name)
{
    char *path = NULL;
    return asprintf(&path, "%s/%s", node->dir, name) < 0 ? NULL : path;
}

static enum err read_identity(struct node *node, struct why *why)
{
    bool sealed;
    if (node->signer != NULL) { /* the key's file is the keeper's business */
        node->key = *signer_public_key(node->signer);
        (void)snprintf(node->origin, sizeof(node->origin), "%s", signer_origin(node->signer));
        return OK;
    }
    /* A command that signs nothing: did.jsonl, or the did:key. */
    struct buf did;
    buf_init(&did, DID_BYTES_MAX);
    enum err err = own_did(node->dir, &did, why);
    if (err == OK)
        (void)snprintf(node->origin, sizeof(node->origin), "%.*s", (int)did.len,
                       (const char *)did.data);
    buf_clear(&did);
    return err == OK ? keys_read_public(node->dir, &node->key, &sealed, why) : err;
}

/* Who this node is, and who it knows. */
static enum err open_identities(struct node *node, const struct node_options *options,
                                struct why *why)
{
    TRY(identities_open(node->dir, &node->identities, why));
    node->resolver = resolver_new(node->identities, node->config.resolver.allow_private != 0);
    if (node->resolver == NULL)
        return ERR_NO_MEMORY;
    struct public_key key;
    if (node->mode == NODE_SERVE &&
        strncmp(node->origin, "did:key:", 8) == 0) /* a did:webvh has one from its beginning */
        TRY(request_key_need(node->dir, &key, why));
    enum err err =
        request_key_open(node->dir, node->origin, options->passphrase, &node->request_key, why);
    bool stays_shut = err == ERR_SEALED && node->mode == NODE_READ; /* nobody was asked for words */
    return stays_shut ? OK : err;
}

static enum err read_token(struct node *node, struct why *why)
{
    struct buf text;
    buf_init(&text, sizeof(node->token) - 1);
    char *path = path_in(node, TOKEN_FILE);
    enum err err =
        path == NULL ? ERR_NO_MEMORY : os_read_file(path, sizeof(node->token) - 1, &text, why);
    while (text.len > 0 && text.data[text.len - 1] <= ' ')
        text.len--;
    if (err == OK && text.len < 16)
        err = why_set(why, ERR_BAD_SETTING, "local.token holds 16 characters or more", 0, "a token",
                      NULL);
    if (err == OK)
        memcpy(node->token, text.data, text.len);
    sodium_memzero(text.data, text.len);
    buf_clear(&text);
    free(path);
    return err;
}

static void on_stored(void *ctx, const struct store_event *event)
{
    struct node *node = ctx;
    if (event->log == node->own && event->committed.size != event->checkpoint.size)
        checkpointer_wake(node->checkpointer);
    judge_wake(node->judge);
    hub_notify(node->hub);
}

static enum err open_store(struct node *node, struct why *why)
{
    struct store_options options = {.dir = node->dir,
                                    .segment_bytes = node->config.store.segment_bytes};
    return store_open(&options, &node->store, why);
}

static enum err open_own(struct node *node, struct why *why)
{
    TRY(store_log_open(node->store, span_cstr(node->origin), &node->own, why));
    return state_open(node->dir, &node->state, why);
}

/* A pack of the operator's that is broken is left out: its records wait, and `schema list` says so.
 */
static enum err open_packs(struct node *node, struct why *why)
{
    enum err err = packs_open(node->dir, NULL, &node->packs);
    return err == OK ? OK : why_set(why, err, "reading the schema packs", 0, NULL, NULL);
}

static void on_guard(void *ctx)
{
    struct node *node = ctx;
    if (node->checkpointer != NULL)
        checkpointer_wake(node->checkpointer);
    if (node->hub != NULL)
        hub_notify(node->hub); /* the own log may be served, or no longer */
}

/* What the keeper has signed is what the log holds, or more of it was lost. */
static enum err make_guard(struct node *node, struct why *why)
{
    struct merkle_head last = {.size = 0};
    struct why unread = {.rule = NULL};
    node->guard = guard_new(node->own);
    if (node->guard == NULL)
        return ERR_NO_MEMORY;
    guard_watch(node->guard, on_guard, node);
    if (node->signer != NULL)
        TRY(signer_last(node->signer, &last, why));
    else if (keys_read_state(node->dir, &node->key, &last, &unread) != OK)
        return OK; /* a command that signs nothing */
    guard_remember(node->guard, &last, GUARD_KEEPER);
    return OK;
}

static enum err make_loops(struct node *node)
{
    unsigned count = 1;
    if (node->mode == NODE_SERVE) {
        long cores = sysconf(_SC_NPROCESSORS_ONLN);
        count = node->config.node.threads > 0 ? (unsigned)node->config.node.threads
                : cores < 1                   ? 1u
                                              : (unsigned)cores;
        count = count > NODE_LOOPS_MAX ? NODE_LOOPS_MAX : count;
    }
    for (unsigned i = 0; i < count; i++) {
        node->loops[i] = loop_new();
        if (node->loops[i] == NULL)
            return ERR_NO_MEMORY;
        node->loop_count++;
    }
    node->hub = hub_new(node->loops, node->loop_count);
    struct publish_check check = admission_check(node->packs);
    node->publisher = publisher_new(node->store, node->own, &check);
    if (node->hub == NULL || node->publisher == NULL)
        return ERR_NO_MEMORY;
    publisher_guard(node->publisher, node->guard);
    return OK;
}

static enum err start_signer(struct node *node, const struct node_options *options, struct why *why)
{
    if (node->mode == NODE_READ)
        return OK;
    return signer_start(options->self, node->dir, options->passphrase, &node->signer, why);
}

/* ---- listening ---- */

static struct server_limits limits_of(const struct config *config)
{
    return (struct server_limits){.connections_max = (unsigned)config->listen.connections_max,
                                  .connections_per_address_max =
                                      (unsigned)config->listen.connections_per_address_max,
                                  .head_timeout_ms = config->timeouts.head_ms,
                                  .body_stall_ms = config->timeouts.body_stall_ms,
                                  .write_stall_ms = config->timeouts.write_stall_ms,
                                  .idle_ms = config->timeouts.idle_ms};
}

static enum err listen_on(struct node *node, const char *address, SSL_CTX *tls, bool local,
                          bool needs_token, struct server **out, struct why *why)
{
    struct listener *listener = calloc(1, sizeof(*listener));
    if (listener == NULL)
        return ERR_NO_MEMORY;
    *listener = (struct listener){.node = node, .local = local, .needs_token = needs_token};
    for (unsigned i = 0; i < 3; i++) {
        if (node->listeners[i] == NULL) {
            node->listeners[i] = listener;
            break;
        }
    }
    struct server_options options = {.loops = node->loops,
                                     .loop_count = node->loop_count,
                                     .address = address,
                                     .tls = tls,
                                     .handler = router_handler(listener),
                                     .limits = limits_of(&node->config)};
    return server_start(&options, out, why);
}

static enum err listen_publicly(struct node *node, struct why *why)
{
    SSL_CTX *tls = NULL;
    char *certificate = path_in(node, CERTIFICATE_FILE);
    char *key = path_in(node, CERTIFICATE_KEY_FILE);
    enum err err = certificate == NULL || key == NULL
                       ? ERR_NO_MEMORY
                       : tls_server_context(certificate, key, &tls, why);
    if (err == OK)
        err = listen_on(node, node->config.listen.public, tls, false, false, &node->public_server,
                        why);
    SSL_CTX_free(tls);
    free(certificate);
    free(key);
    return err;
}

static enum err listen_on_socket(struct node *node, struct why *why)
{
    struct unix_path path;
    TRY(unix_path_open(node->dir, NODE_SOCKET, &path, why));
    enum err err = listen_on(node, path.address, NULL, true, false, &node->socket_server, why);
    unix_path_close(&path);
    return err;
}

static enum err start_listening(struct node *node, struct why *why)
{
    TRY(listen_on_socket(node, why));
    if (node->mode != NODE_SERVE)
        return OK;
    TRY(listen_on(node, node->config.listen.local, NULL, true, true, &node->local_server, why));
    return listen_publicly(node, why);
}

/* The address in the settings; its port 0 stands for the one that was picked. */
static enum err make_pairing(struct node *node, struct why *why)
{
    const char *url = node->config.node.url;
    size_t len = strlen(url);
    if (len > 2 && strcmp(url + len - 2, ":0") == 0 && node->public_server != NULL)
        (void)snprintf(node->url, sizeof(node->url), "%.*s:%u", (int)(len - 2), url,
                       (unsigned)server_port(node->public_server));
    else
        (void)snprintf(node->url, sizeof(node->url), "%s", url);
    struct pairing pairing;
    TRY(pairing_of(node->dir, node->url, &pairing, why));
    struct buf text;
    buf_init(&text, sizeof(node->pairing) - 1);
    enum err err = pairing_write(&pairing, &text, NULL);
    if (err == OK)
        memcpy(node->pairing, text.data, text.len);
    buf_clear(&text);
    return err == ERR_BAD_REQUEST
               ? OK
               : err; /* a port that is not picked yet: there is no string to give */
}

static enum err write_run_file(struct node *node, struct why *why)
{
    char *path = path_in(node, NODE_RUN_FILE);
    json_t *json =
        json_pack("{s:s, s:s, s:s, s:i, s:o}", "origin", node->origin, "url", node->url, "pairing",
                  node->pairing, "pid", (int)getpid(), "listen", api_listen_json(node));
    char *text = json_dumps(json, JSON_INDENT(2) | JSON_SORT_KEYS);
    enum err err = path == NULL || text == NULL ? ERR_NO_MEMORY
                                                : os_write_file(path, span_cstr(text), 0644, why);
    free(text);
    free(path);
    json_decref(json);
    return err;
}

/* Who calls and what it may read. */
static enum err start_callers(struct node *node)
{
    node->audiences = audiences_new();
    if (node->audiences == NULL)
        return ERR_NO_MEMORY;
    TRY(audiences_load(node->audiences, node->state));
    if (node->mode != NODE_SERVE)
        return OK;
    node->learn = learn_new(node->resolver, node->loops[0]);
    return node->learn == NULL ? ERR_NO_MEMORY : callers_start(node, &node->callers);
}

/* ---- start and stop ---- */

/* The first threads, which have no more rights than this one. */
static enum err start_threads(struct node *node, struct why *why)
{
    node->pool = pool_new(POOL_THREADS);
    node->clerk = pool_new(1);
    if (node->pool == NULL || node->clerk == NULL)
        return ERR_NO_MEMORY;
    TRY(judge_start(node->store, node->packs, &node->judge, why));
    if (node->mode == NODE_READ)
        return OK;
    guard_ask(node->guard); /* until recall has settled it nothing is signed */
    struct checkpointer_options options = {
        .store = node->store, .own = node->own, .signer = node->signer, .guard = node->guard};
    TRY(checkpointer_start(&options, &node->checkpointer, why));
    return recall_start(node, &node->recall, why);
}

static enum err start_loops(struct node *node)
{
    for (; node->loops_started < node->loop_count; node->loops_started++)
        TRY(loop_start(node->loops[node->loops_started]));
    return OK;
}

static enum err start(struct node *node, const struct node_options *options, struct why *why)
{
    TRY(config_load(node->dir, &node->config, why));
    TRY(confine_become(node->config.node.user, node->dir, &node->is_root, why));
    TRY(open_store(node, why));
    if (node->mode != NODE_READ)
        TRY(own_settle(node->dir, why)); /* a change of keys that broke off is finished */
    TRY(start_signer(node, options, why));
    TRY(read_identity(node, why));
    TRY(open_identities(node, options, why));
    TRY(read_token(node, why));
    TRY(open_own(node, why));
    TRY(make_guard(node, why));
    TRY(open_packs(node, why));
    TRY(make_loops(node));
    store_watch(node->store, on_stored, node);
    TRY(start_listening(node, why));
    TRY(make_pairing(node, why));
    TRY(start_callers(node));
    TRY(faults_open(node, &node->faults, why));
    TRY(witnesses_open(node, &node->witnesses, why));
    TRY(peers_start(node, &node->peers, why));
    if (node->mode == NODE_SERVE) {
        TRY(write_run_file(node, why));
        TRY(confinement_enter(node->dir, why));
    }
    TRY(start_threads(node, why));
    return start_loops(node);
}

enum err node_start(const struct node_options *options, struct node **out, struct why *why)
{
    os_init();
    struct node *node = calloc(1, sizeof(*node));
    if (node == NULL)
        return ERR_NO_MEMORY;
    node->dir = strdup(options->dir);
    node->mode = options->mode;
    node->started_ms = os_wall_ms();
    enum err err = node->dir == NULL ? ERR_NO_MEMORY : start(node, options, why);
    if (err == OK)
        *out = node;
    else
        node_stop(node);
    return err;
}

static void stop_serving(struct server *server)
{
    if (server == NULL)
        return;
    server_stop(server);
    server_free(server);
}

static void stop_loop(void *ctx)
{
    loop_stop(ctx);
}

static void stop_loops(struct node *node)
{
    for (unsigned i = 0; i < node->loop_count; i++)
        loop_post(node->loops[i], stop_loop,
                  node->loops[i]); /* behind all that was posted before */
    for (unsigned i = 0; i < node->loop_count; i++) {
        loop_join(node->loops[i]);
        loop_free(node->loops[i]);
    }
}

/* A confined node can remove no file of its folder, but empty one. */
static void forget_run_file(struct node *node)
{
    char *path = path_in(node, NODE_RUN_FILE);
    int fd = path == NULL || unlink(path) == 0 ? -1 : open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    if (fd >= 0)
        (void)close(fd);
    free(path);
}

void node_stop(struct node *node)
{
    if (node == NULL)
        return;
    /* A start that failed halfway is undone by the same steps, which need the loops to run. */
    if (start_loops(node) != OK)
        BUG("the loops that would undo a failed start cannot be started");
    if (node->guard != NULL)
        guard_close(node->guard);
    recall_stop(node->recall);
    stop_serving(node->public_server);
    stop_serving(node->local_server);
    stop_serving(node->socket_server);
    pool_free(node->pool); /* what was asked for last may still add a peer */
    learn_stop(node->learn);
    peers_stop(node->peers);
    pool_free(node->clerk); /* what peers told last is kept */
    if (node->witnesses != NULL)
        (void)witnesses_flush(node->witnesses);
    checkpointer_stop(node->checkpointer);
    stop_loops(node);
    peers_free(node->peers);
    witnesses_close(node->witnesses);
    faults_close(node->faults);
    publisher_free(node->publisher);
    guard_free(node->guard);
    judge_stop(node->judge);
    packs_close(node->packs);
    store_close(node->store);
    signer_stop(node->signer);
    state_close(node->state);
    resolver_free(node->resolver);
    request_key_free(node->request_key);
    identities_free(node->identities);
    hub_free(node->hub);
    audiences_free(node->audiences);
    callers_free(node->callers);
    learn_free(node->learn);
    for (unsigned i = 0; i < 3; i++)
        free(node->listeners[i]);
    if (node->mode == NODE_SERVE && node->public_server != NULL)
        forget_run_file(node);
    sodium_memzero(node->token, sizeof(node->token));
    free(node->dir);
    free(node);
}

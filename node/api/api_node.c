/* What a node says of itself: to everyone, and to its operator. */
#include <sys/statvfs.h>

#include "node/api/hub.h"
#include "node/api/router.h"
#include "node/catalogue/judge.h"
#include "node/net/os.h"
#include "node/peer/faults.h"
#include "node/peer/peers.h"
#include "node/peer/witnesses.h"
#include "node/store/guard.h"
#include "proto/base/base64.h"
#include "proto/identity/multikey.h"

#define DISK_BYTES_LOW (64u * 1024u * 1024u) /* less than this and publishing is about to fail */

static json_t *json_of(const struct buf *text)
{
    return json_stringn((const char *)text->data, text->len);
}

static void set_root(json_t *object, const struct hash *root)
{
    struct buf text;
    buf_init(&text, 64);
    base64_append(&text, span_of(root->bytes, sizeof(root->bytes)));
    (void)json_object_set_new(object, "root", json_of(&text));
    buf_clear(&text);
}

static void set_count(json_t *object, const char *name, uint64_t value)
{
    (void)json_object_set_new(object, name, json_integer((json_int_t)value));
}

json_t *api_log_json(struct node *node, struct store_log *log)
{
    struct merkle_head head = store_log_committed(log);
    struct span origin = store_log_origin(log);
    json_t *json = json_object();
    (void)json_object_set_new(json, "origin", json_stringn((const char *)origin.data, origin.len));
    (void)json_object_set_new(json, "own", json_boolean(log == node->own));
    set_count(json, "size", head.size);
    set_root(json, &head.root);
    set_count(json, "checkpoint", store_log_checkpoint(log, NULL).size);
    set_count(json, "records", store_log_records(log));
    uint64_t common;
    if (faults_frozen(node->faults, log, &common))
        (void)json_object_set_new(json, "frozen", json_pack("{s:I}", "common", (json_int_t)common));
    return json;
}

void api_node(struct call *call)
{
    struct node *node = call->node;
    uint64_t logs = 0;
    while (store_log_at(node->store, logs) != NULL)
        logs++;
    json_t *json =
        json_pack("{s:s, s:s, s:s, s:s, s:{s:s, s:s}}", "name", node->config.node.name, "origin",
                  node->origin, "url", node->url, "languages", node->config.node.languages,
                  "software", "name", "maillon", "version", MAILLON_VERSION);
    set_count(json, "logs", logs);
    struct public_key key;
    if (witnesses_own_key(node->witnesses, &key)) {
        struct buf text;
        buf_init(&text, 64);
        multikey_append(&text, &key);
        (void)json_object_set_new(json, "witness_key", json_of(&text));
        buf_clear(&text);
    }
    call_reply_json(call, 200, json);
}

struct disk {
    uint64_t free;
    bool low;
};

static struct disk look_at_disk(const struct node *node)
{
    struct statvfs status;
    if (statvfs(node->dir, &status) != 0)
        return (struct disk){.low = true};
    uint64_t bytes = (uint64_t)status.f_bavail * status.f_frsize;
    return (struct disk){.free = bytes, .low = bytes < DISK_BYTES_LOW};
}

static json_t *signing_json(struct node *node, enum err *err_out)
{
    struct why why = {.rule = NULL};
    *err_out = guard_check(node->guard, &why);
    bool asking = *err_out == ERR_BUSY;
    if (asking || *err_out == ERR_CLOSED)
        *err_out = OK;
    if (*err_out == OK && node->checkpointer != NULL)
        *err_out = checkpointer_trouble(node->checkpointer, &why);
    json_t *json = json_pack("{s:b, s:b}", "ok", *err_out == OK, "asking", asking);
    if (*err_out != OK) {
        (void)json_object_set_new(json, "error", json_string(err_slug(*err_out)));
        (void)json_object_set_new(json, "detail", json_string(err_sentence(*err_out, LANG_EN)));
        if (why.rule != NULL)
            (void)json_object_set_new(json, "rule", json_string(why.rule));
        if (why.expected[0] != '\0')
            (void)json_object_set_new(json, "expected", json_string(why.expected));
        if (why.found[0] != '\0')
            (void)json_object_set_new(json, "found", json_string(why.found));
    }
    return json;
}

void api_health(struct call *call)
{
    struct node *node = call->node;
    enum err signing;
    json_decref(signing_json(node, &signing));
    struct disk disk = look_at_disk(node);
    unsigned troubled = peers_troubled(node->peers);
    bool well = signing == OK && !disk.low;
    json_t *json = json_pack("{s:s, s:b, s:b, s:i, s:i}", "status", well ? "ok" : "failing",
                             "signing", signing == OK, "disk", !disk.low, "peers_not_connected",
                             (int)troubled, "logs_forked", (int)faults_count(node->faults));
    call_reply_json(call, well ? 200 : 503, json);
}

static void add_listener(json_t *listen, const char *name, const char *address,
                         const struct server *server)
{
    if (server == NULL)
        return;
    const char *colon = strrchr(address, ':');
    int host = (int)(colon - address);
    (void)json_object_set_new(
        listen, name, json_sprintf("%.*s:%u", host, address, (unsigned)server_port(server)));
}

json_t *api_listen_json(const struct node *node)
{
    json_t *listen = json_object();
    add_listener(listen, "public", node->config.listen.public, node->public_server);
    add_listener(listen, "local", node->config.listen.local, node->local_server);
    return listen;
}

void api_status(struct call *call)
{
    struct node *node = call->node;
    json_t *logs = json_array();
    struct store_log *log;
    for (size_t i = 0; (log = store_log_at(node->store, i)) != NULL; i++) {
        json_t *json = api_log_json(node, log);
        set_count(json, "bytes", store_log_bytes(log));
        set_count(json, "behind", peers_behind(node->peers, log));
        struct judge_counts counts = judge_counts(node->judge, log);
        set_count(json, "judged", counts.judged);
        set_count(json, "quarantined", counts.quarantined);
        set_count(json, "waiting", counts.waiting);
        set_count(json, "cosignatures",
                  witnesses_count(node->witnesses, log, store_log_checkpoint(log, NULL).size));
        if (node->config.witness.quorum > 0)
            set_count(json, "confirmed", witnesses_confirmed(node->witnesses, log));
        (void)json_array_append_new(logs, json);
    }
    enum err signing;
    json_t *json =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o}", "version", MAILLON_VERSION,
                  "name", node->config.node.name, "origin", node->origin, "url", node->url, "dir",
                  node->dir, "listen", api_listen_json(node), "signing",
                  signing_json(node, &signing), "logs", logs, "peers", peers_json(node->peers));
    set_count(json, "started_ms", node->started_ms);
    set_count(json, "streams", hub_streams(node->hub));
    set_count(json, "disk_free", look_at_disk(node).free);
    (void)json_object_set_new(json, "running", json_boolean(node->public_server != NULL));
    call_reply_json(call, 200, json);
}

void api_pairing(struct call *call)
{
    call_reply_json(
        call, 200,
        json_pack("{s:s, s:s}", "origin", call->node->origin, "pairing", call->node->pairing));
}

/* The operator's own calls: peers, and the check of a log. */
#include <stdlib.h>

#include "node/api/hub.h"
#include "node/api/router.h"
#include "node/identity/audiences.h"
#include "node/identity/identities.h"
#include "node/peer/pairing.h"
#include "node/peer/peers.h"

/* ---- peers ---- */

struct change {
    struct state_peer settings;
    char request[PAIRING_REQUEST_BYTES_MAX + 1]; /* its request key, or "" */
    bool member;
    enum err err;
    struct why why;
};

static void dispose(struct call *call)
{
    free(call->own);
}

static struct change *change_new(struct call *call)
{
    struct change *change = calloc(1, sizeof(*change));
    call->own = change;
    call->dispose = dispose;
    if (change == NULL)
        call_problem(call, ERR_NO_MEMORY, NULL);
    return change;
}

static enum err read_addition(struct call *call, struct change *change)
{
    json_t *body =
        json_loadb((const char *)call->body.data, call->body.len, JSON_REJECT_DUPLICATES, NULL);
    json_t *pairing = json_object_get(body, "pairing");
    struct pairing parts;
    enum err err = OK;
    change->member = json_is_true(json_object_get(body, "member"));
    if (!json_is_string(pairing))
        err = why_set(&change->why, ERR_BAD_REQUEST, "the body is {\"pairing\":\"did:...\"}", 0,
                      "what `maillon pairing` prints on the peer", NULL);
    else
        err = peers_read_pairing(call->node,
                                 span_of(json_string_value(pairing), json_string_length(pairing)),
                                 &change->settings, &change->why);
    if (err == OK && pairing_read(span_of(json_string_value(pairing), json_string_length(pairing)),
                                  &parts, NULL) == OK)
        memcpy(change->request, parts.request, sizeof(change->request));
    json_decref(body);
    return err;
}

/* What the operator says of it as a caller. Once a member, it stays one until the operator says
 * otherwise. */
static enum err note_caller(struct node *node, const struct change *change)
{
    if (change->request[0] != '\0')
        TRY(state_caller_put_request(node->state, change->settings.did, change->request));
    if (change->member)
        TRY(state_caller_set_member(node->state, change->settings.did, true));
    TRY(audiences_load(node->audiences, node->state));
    hub_notify(node->hub);
    return OK;
}

static void add(struct call *call)
{
    struct change *change = call->own;
    change->err = note_caller(call->node, change);
    if (change->err == OK)
        change->err = peers_add(call->node->peers, &change->settings);
}

static void remove_peer(struct call *call)
{
    struct change *change = call->own;
    struct node *node = call->node;
    change->err = peers_remove(node->peers, change->settings.did);
    if (change->err == OK)
        change->err = state_caller_remove(node->state, change->settings.did);
    if (change->err == OK)
        change->err = audiences_load(node->audiences, node->state);
    hub_notify(node->hub);
}

static void answer(struct call *call)
{
    struct change *change = call->own;
    if (change->err != OK)
        call_problem(call, change->err, NULL);
    else
        call_reply_json(
            call, 200,
            json_pack("{s:s, s:s}", "did", change->settings.did, "url", change->settings.url));
}

void api_peer_add(struct call *call)
{
    struct change *change = change_new(call);
    if (change == NULL)
        return;
    enum err err = read_addition(call, change);
    if (err != OK)
        call_problem(call, err, change->why.rule == NULL ? NULL : &change->why);
    else
        call_in_pool(call, add, answer);
}

void api_peer_remove(struct call *call)
{
    struct change *change = change_new(call);
    if (change == NULL)
        return;
    struct span did = buf_span(&call->params[0]);
    if (did.len > DID_BYTES_MAX) {
        call_problem(call, ERR_NOT_FOUND, NULL);
        return;
    }
    memcpy(change->settings.did, did.data, did.len);
    call_in_pool(call, remove_peer, answer);
}

/* ---- the check ---- */

struct check {
    struct node *node;
    struct store_log *log;
    enum err err;
    struct store_check_report report;
};

static void check(struct call *call)
{
    struct check *check = call->own;
    struct log_keys keys;
    log_keys_init(&keys);
    check->err =
        identities_log_keys(check->node->identities, store_log_origin(check->log), 0, &keys);
    if (check->err == OK)
        check->err = store_log_check(check->log, &keys, NULL, NULL, &check->report);
    else
        (void)why_set(&check->report.why, check->err,
                      "the history of the log's origin is held (did.jsonl, identities/)", 0, NULL,
                      NULL);
    log_keys_clear(&keys);
}

static void tell(struct call *call)
{
    const struct check *check = call->own;
    json_t *json = json_pack("{s:b, s:I, s:I}", "sound", check->err == OK, "entries",
                             (json_int_t)check->report.entries, "checkpoints",
                             (json_int_t)check->report.checkpoints);
    if (check->err != OK) {
        (void)json_object_set_new(json, "bad_index",
                                  json_integer((json_int_t)check->report.bad_index));
        (void)json_object_set_new(json, "error", json_string(err_slug(check->err)));
        if (check->report.why.rule != NULL)
            (void)json_object_set_new(json, "rule", json_string(check->report.why.rule));
        if (check->report.why.found[0] != '\0')
            (void)json_object_set_new(json, "found", json_string(check->report.why.found));
    }
    call_reply_json(call, 200, json);
}

void api_check(struct call *call)
{
    struct store_log *log = api_find_log(call);
    if (log == NULL)
        return;
    struct check *check_now = calloc(1, sizeof(*check_now));
    if (check_now == NULL) {
        call_problem(call, ERR_NO_MEMORY, NULL);
        return;
    }
    check_now->node = call->node;
    check_now->log = log;
    call->own = check_now;
    call->dispose = dispose;
    call_in_pool(call, check, tell);
}

/* Identities over HTTP: the histories held, for everyone; the node's own keys, for its operator. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "keys/keys.h"
#include "node/api/router.h"
#include "node/identity/identities.h"
#include "node/identity/request_key.h"
#include "node/net/os.h"
#include "node/peer/faults.h"
#include "node/peer/witnesses.h"
#include "proto/identity/did.h"

#define FRESH "Cache-Control: no-cache\r\n"

static void reply(struct call *call, enum err err, const struct why *why, const char *type,
                  const struct buf *text)
{
    if (err != OK)
        call_problem(call, err, why->rule == NULL ? NULL : why);
    else
        exchange_reply(call->exchange, 200, type, FRESH, buf_span(text));
}

static void reply_history(struct call *call, struct span scid)
{
    struct why why = {.rule = NULL};
    struct buf text;
    buf_init(&text, WEBVH_BYTES_MAX);
    enum err err = identities_history(call->node->identities, scid, &text);
    if (err == ERR_NOT_FOUND)
        err = why_set(&why, err, "no did:webvh history of this name is held", 0, NULL, NULL);
    reply(call, err, &why, "application/jsonl", &text);
    buf_clear(&text);
}

void api_did_history(struct call *call)
{
    reply_history(call, did_scid(span_cstr(call->node->origin)));
}

void api_history(struct call *call)
{
    reply_history(call, buf_span(&call->params[0]));
}

struct change {
    bool news;
    enum err err;
    struct why why;
};

static void dispose(struct call *call)
{
    free(call->own);
}

static void begin(struct call *call, void (*work)(struct call *), void (*answer)(struct call *))
{
    struct change *change = calloc(1, sizeof(*change));
    if (change == NULL) {
        call_problem(call, ERR_NO_MEMORY, NULL);
        return;
    }
    call->own = change;
    call->dispose = dispose;
    call_in_pool(call, work, answer);
}

/* A history proves itself, whoever hands it in: so also an identity whose host cannot be reached
 * from here, or is not up yet, makes its new keys known. Strangers' histories have no place here.
 */
static void take_history(struct call *call)
{
    struct change *change = call->own;
    struct identities *identities = call->node->identities;
    struct buf did;
    buf_init(&did, DID_BYTES_MAX);
    change->err = identities_did(identities, buf_span(&call->params[0]), &did);
    if (change->err == OK)
        change->err = identities_take(identities, buf_span(&did), buf_span(&call->body), false,
                                      &change->news, &change->why);
    else
        change->err = why_set(&change->why, change->err,
                              "no did:webvh history of this name is held", 0, NULL, NULL);
    buf_clear(&did);
}

static void answer_history(struct call *call)
{
    const struct change *change = call->own;
    if (change->err != OK)
        call_problem(call, change->err, change->why.rule == NULL ? NULL : &change->why);
    else
        call_reply_json(call, 200, json_pack("{s:b}", "new", change->news));
}

void api_history_take(struct call *call)
{
    struct why why;
    if (call->local || faults_admit(call->node->faults))
        begin(call, take_history, answer_history);
    else
        call_problem(
            call,
            why_set(&why, ERR_TOO_MANY, "histories handed in: a few each second", 0, NULL, NULL),
            &why);
}

void api_did_web(struct call *call)
{
    struct why why = {.rule = NULL};
    struct buf text;
    buf_init(&text, WEBVH_ENTRY_BYTES_MAX);
    enum err err = identities_own_web(call->node->identities, &text, &why);
    reply(call, err, &why, "application/did+json", &text);
    buf_clear(&text);
}

/* ---- the own keys ---- */

static void answer(struct call *call)
{
    const struct change *change = call->own;
    if (change->err != OK)
        call_problem(call, change->err, change->why.rule == NULL ? NULL : &change->why);
    else
        call_reply_json(call, 200, json_pack("{s:s}", "origin", call->node->origin));
}

static void release(struct call *call)
{
    if (call->node->checkpointer != NULL)
        checkpointer_release(call->node->checkpointer);
}

/* The file as it is now: the warden opens it, since this process may not. */
static enum err read_own(struct node *node, struct buf *text, struct why *why)
{
    int fd = signer_open_file(node->signer, IDENTITIES_OWN_FILE);
    if (fd < 0)
        return os_fail(why, IDENTITIES_OWN_FILE, errno);
    enum err err = OK;
    for (;;) {
        uint8_t *room = buf_reserve(text, 65536);
        ssize_t got = room == NULL ? 0 : read(fd, room, 65536);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            err = os_fail(why, IDENTITIES_OWN_FILE, errno);
        if (got <= 0)
            break;
        buf_commit(text, (size_t)got);
    }
    (void)close(fd);
    return err == OK ? buf_check(text) : err;
}

static enum err reload_request_key(struct node *node, struct why *why)
{
    if (node->request_key == NULL)
        return OK;
    int fd = signer_open_file(node->signer, KEYS_REQUEST_KEY);
    return fd < 0 ? os_fail(why, KEYS_REQUEST_KEY, errno)
                  : request_key_replace(node->request_key, fd, why);
}

static enum err reload_witness_key(struct node *node, struct why *why)
{
    int fd = signer_open_file(node->signer, KEYS_WITNESS_KEY);
    return fd < 0 ? os_fail(why, KEYS_WITNESS_KEY, errno)
                  : witnesses_replace_key(node->witnesses, fd, why);
}

static enum err reload_all(struct node *node, struct why *why)
{
    struct buf text;
    if (node->signer == NULL)
        return OK;
    buf_init(&text, WEBVH_BYTES_MAX);
    enum err err = read_own(node, &text, why);
    if (err == OK)
        err = identities_take_own(node->identities, buf_span(&text), why);
    buf_clear(&text);
    if (err == OK)
        err = checkpointer_reopen(node->checkpointer, why);
    if (err == OK)
        err = reload_request_key(node, why);
    return err == OK ? reload_witness_key(node, why) : err;
}

static void reload(struct call *call)
{
    struct change *change = call->own;
    change->err = reload_all(call->node, &change->why);
}

void api_keys_release(struct call *call)
{
    begin(call, release, answer);
}

void api_keys_reload(struct call *call)
{
    begin(call, reload, answer);
}

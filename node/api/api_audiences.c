/* The operator's calls on who may read what: members of the commons, and the circles of this
 * author. */
#include <stdlib.h>

#include "node/api/hub.h"
#include "node/api/router.h"
#include "node/identity/audiences.h"
#include "node/store/state_audience.h"
#include "proto/identity/did.h"
#include "proto/record/record.h"

struct change {
    char did[DID_BYTES_MAX + 1]; /* "": the whole circle */
    char name[AUDIENCE_BYTES_MAX + 1];
    bool member;
    enum err (*apply)(struct state *state, const struct change *change);
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

/* ---- what the caller says ---- */

/* A DID as it stands in keyid; whether it can be resolved shows when it calls. */
static bool did_is_plain(struct span did)
{
    if (did.len > DID_BYTES_MAX || !span_starts_with(did, SPAN_LITERAL("did:")) || did.len < 8)
        return false;
    for (size_t i = 0; i < did.len; i++)
        if (did.data[i] <= 0x20 || did.data[i] >= 0x7f ||
            memchr("\"\\#?/&", did.data[i], 6) != NULL)
            return false;
    return true;
}

static enum err set_did(struct change *change, struct span did)
{
    if (!did_is_plain(did))
        return why_set(&change->why, ERR_BAD_DID, "whom this is about", 0, "a DID", NULL);
    memcpy(change->did, did.data, did.len);
    return OK;
}

static enum err set_name(struct change *change, struct span name)
{
    enum record_audience audience;
    struct buf text;
    buf_init(&text, AUDIENCE_BYTES_MAX);
    buf_append_cstr(&text, "circle:");
    buf_append_span(&text, name);
    bool fine = buf_check(&text) == OK && record_audience_read(buf_span(&text), &audience) == OK;
    buf_clear(&text);
    if (!fine)
        return why_set(&change->why, ERR_BAD_REQUEST, "the name of a circle", 0,
                       "1 to 64 lower-case letters, digits and -", NULL);
    memcpy(change->name, name.data, name.len);
    return OK;
}

static struct span text_of(const json_t *json, const char *member)
{
    const json_t *text = json_object_get(json, member);
    return json_is_string(text) ? span_of(json_string_value(text), json_string_length(text))
                                : span_of(NULL, 0);
}

/* ---- doing it ---- */

static void apply(struct call *call)
{
    struct change *change = call->own;
    change->err = change->apply(call->node->state, change);
    if (change->err == OK)
        change->err = audiences_load(call->node->audiences, call->node->state);
    hub_notify(call->node->hub); /* open streams look at what they may send now */
}

static void answer(struct call *call)
{
    const struct change *change = call->own;
    if (change->err != OK)
        call_problem(call, change->err, change->why.rule == NULL ? NULL : &change->why);
    else
        call_reply_json(call, 200,
                        json_pack("{s:s, s:s, s:b}", "did", change->did, "name", change->name,
                                  "member", change->member));
}

static void finish_reading(struct call *call, enum err err,
                           enum err (*fn)(struct state *state, const struct change *change))
{
    struct change *change = call->own;
    change->apply = fn;
    if (err != OK)
        call_problem(call, err, change->why.rule == NULL ? NULL : &change->why);
    else
        call_in_pool(call, apply, answer);
}

/* ---- members ---- */

struct seeking {
    const char *did;
    bool found;
};

static void seek(void *ctx, const struct state_peer *peer)
{
    struct seeking *seeking = ctx;
    seeking->found = seeking->found || strcmp(peer->did, seeking->did) == 0;
}

static enum err set_member(struct state *state, const struct change *change)
{
    struct seeking seeking = {.did = change->did};
    TRY(state_peers(state, seek, &seeking));
    return seeking.found ? state_caller_set_member(state, change->did, change->member)
                         : ERR_NOT_FOUND;
}

void api_member(struct call *call)
{
    struct change *change = change_new(call);
    if (change == NULL)
        return;
    json_t *body =
        json_loadb((const char *)call->body.data, call->body.len, JSON_REJECT_DUPLICATES, NULL);
    const json_t *member = json_object_get(body, "member");
    enum err err = set_did(change, text_of(body, "did"));
    if (err == OK && !json_is_boolean(member))
        err = why_set(&change->why, ERR_BAD_REQUEST,
                      "the body is {\"did\":\"...\",\"member\":true}", 0, NULL, NULL);
    change->member = json_is_true(member);
    json_decref(body);
    finish_reading(call, err, set_member);
}

/* ---- circles ---- */

static enum err circle_add(struct state *state, const struct change *change)
{
    return state_circle_add(state, change->name, change->did);
}

static enum err circle_remove(struct state *state, const struct change *change)
{
    return state_circle_remove(state, change->name, change->did[0] == '\0' ? NULL : change->did);
}

void api_circles(struct call *call)
{
    call_reply_json(call, 200, audiences_circles_json(call->node->audiences));
}

void api_circle_add(struct call *call)
{
    struct change *change = change_new(call);
    if (change == NULL)
        return;
    json_t *body =
        json_loadb((const char *)call->body.data, call->body.len, JSON_REJECT_DUPLICATES, NULL);
    enum err err = set_name(change, text_of(body, "name"));
    if (err == OK)
        err = set_did(change, text_of(body, "did"));
    json_decref(body);
    finish_reading(call, err, circle_add);
}

static void take_out(struct call *call, bool one)
{
    struct change *change = change_new(call);
    if (change == NULL)
        return;
    enum err err = set_name(change, buf_span(&call->params[0]));
    if (err == OK && one)
        err = set_did(change, buf_span(&call->params[1]));
    finish_reading(call, err, circle_remove);
}

void api_circle_remove(struct call *call)
{
    take_out(call, false);
}

void api_circle_leave(struct call *call)
{
    take_out(call, true);
}

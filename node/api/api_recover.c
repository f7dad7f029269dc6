/* The operator has the own log fetched from peers. */
#include <stdlib.h>

#include "node/api/router.h"
#include "node/peer/peers.h"
#include "node/peer/recover.h"

struct recovering {
    bool has_from;
    struct state_peer from;
    struct recovery recovery;
};

static void dispose(struct call *call)
{
    struct recovering *recovering = call->own;
    recovery_clear(&recovering->recovery);
    free(recovering);
}

static enum err read_body(struct call *call, struct recovering *recovering, struct why *why)
{
    json_t *body =
        json_loadb((const char *)call->body.data, call->body.len, JSON_REJECT_DUPLICATES, NULL);
    json_t *from = json_object_get(body, "from");
    enum err err = OK;
    if (!json_is_object(body) || (from != NULL && !json_is_string(from)))
        err = why_set(why, ERR_BAD_REQUEST, "the body is {} or {\"from\":\"did:...\"}", 0,
                      "what `maillon pairing` prints on the peer", NULL);
    else if (from != NULL)
        err = peers_read_pairing(call->node,
                                 span_of(json_string_value(from), json_string_length(from)),
                                 &recovering->from, why);
    recovering->has_from = from != NULL;
    json_decref(body);
    return err;
}

static void recover(struct call *call)
{
    struct recovering *recovering = call->own;
    recover_log(call->node, recovering->has_from ? &recovering->from : NULL, &recovering->recovery);
}

static const char *keeper_text(enum recover_keeper keeper)
{
    switch (keeper) {
    case RECOVER_KEEPER_RUNS:
        return "runs";
    case RECOVER_KEEPER_KEPT:
        return "kept";
    case RECOVER_KEEPER_RAISED:
        return "raised";
    case RECOVER_KEEPER_REBUILT:
        return "rebuilt";
    case RECOVER_KEEPER_MISSING:
        return "missing";
    }
    BUG("an outcome without a name");
}

static void answer(struct call *call)
{
    const struct recovering *recovering = call->own;
    const struct recovery *done = &recovering->recovery;
    if (done->err == ERR_BUSY) {
        call_problem(call, done->err, &done->why);
        return;
    }
    json_t *json = json_pack(
        "{s:b, s:I, s:I, s:I, s:I, s:I, s:s, s:O?}", "complete", done->err == OK, "size_before",
        (json_int_t)done->size_before, "size", (json_int_t)done->size, "remembered",
        (json_int_t)done->remembered, "fetched", (json_int_t)done->fetched, "withheld",
        (json_int_t)done->withheld, "keeper", keeper_text(done->keeper), "peers", done->peers);
    if (done->err != OK) {
        (void)json_object_set_new(json, "error", json_string(err_slug(done->err)));
        (void)json_object_set_new(json, "detail", json_string(err_sentence(done->err, LANG_EN)));
        if (done->why.rule != NULL)
            (void)json_object_set_new(json, "rule", json_string(done->why.rule));
        if (done->why.expected[0] != '\0')
            (void)json_object_set_new(json, "expected", json_string(done->why.expected));
        if (done->why.found[0] != '\0')
            (void)json_object_set_new(json, "found", json_string(done->why.found));
    }
    call_reply_json(call, 200, json);
}

void api_recover(struct call *call)
{
    struct recovering *recovering = calloc(1, sizeof(*recovering));
    if (recovering == NULL) {
        call_problem(call, ERR_NO_MEMORY, NULL);
        return;
    }
    call->own = recovering;
    call->dispose = dispose;
    struct why why = {.rule = NULL};
    enum err err = read_body(call, recovering, &why);
    if (err != OK)
        call_problem(call, err, &why);
    else
        call_in_pool(call, recover, answer);
}

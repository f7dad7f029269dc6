#include "node/peer/recover.h"

#include <stdio.h>
#include <stdlib.h>

#include "keys/keys.h"
#include "node/identity/identities.h"
#include "node/peer/ask.h"
#include "node/peer/fetch_own.h"
#include "node/store/checkpointer.h"
#include "node/store/guard.h"
#include "proto/log/checkpoint.h"

#define ASK_MS_MIN 5000u

/* ---- the keeper's state ---- */

/* The newest head of the own log that its key has provably signed. */
static enum err read_signed_head(struct node *node, struct merkle_head *out, struct why *why)
{
    struct buf note;
    struct checkpoint checkpoint = {.head = {.size = 0, .root = merkle_empty_root()}};
    buf_init(&note, NOTE_BYTES_MAX);
    enum err err = OK;
    if (store_log_checkpoint(node->own, &note).size > 0) {
        err = buf_check(&note);
        if (err == OK)
            err = identities_open_checkpoint(node->identities, span_cstr(node->origin),
                                             buf_span(&note), &checkpoint, NULL, why);
    }
    if (err == OK)
        *out = checkpoint.head;
    buf_clear(&note);
    return err;
}

static bool any_answered(const struct ask *ask)
{
    for (size_t i = 0; i < ask_count(ask); i++)
        if (ask_answer(ask, i)->answered)
            return true;
    return false;
}

static enum err settle_keeper(struct node *node, const struct ask *ask, struct recovery *out)
{
    struct merkle_head head;
    struct merkle_head last;
    struct why *why = &out->why;
    if (node->signer != NULL) {
        out->keeper = RECOVER_KEEPER_RUNS;
        return OK;
    }
    TRY(read_signed_head(node, &head, why));
    enum err err = keys_read_state(node->dir, &node->key, &last, why);
    if (err == ERR_DAMAGED) {
        out->keeper = RECOVER_KEEPER_MISSING;
        if (!any_answered(ask) && (ask_count(ask) > 0 || head.size == 0))
            return why_set(why, ERR_NETWORK,
                           "keys/keeper.state is rebuilt from what a peer remembers, and none has "
                           "answered: name one with --from",
                           0, NULL, NULL);
        TRY(keys_rebuild_state(node->dir, &node->key, &head, why));
        out->keeper = RECOVER_KEEPER_REBUILT;
        return OK;
    }
    if (err != OK)
        return err;
    out->keeper = RECOVER_KEEPER_KEPT;
    if (last.size >= head.size)
        return OK;
    guard_remember(node->guard, &last, GUARD_KEEPER);
    TRY(guard_check(node->guard, why)); /* the log must extend it */
    TRY(keys_raise_state(node->dir, &node->key, &head, why));
    out->keeper = RECOVER_KEEPER_RAISED;
    return OK;
}

/* ---- the entries ---- */

/* The peer that shows most, beyond what is held, and has not failed yet. */
static size_t best_of(const struct ask *ask, const bool *failed, uint64_t held)
{
    size_t best = ask_count(ask);
    for (size_t i = 0; i < ask_count(ask); i++) {
        uint64_t size = ask_answer(ask, i)->head.size;
        if (!failed[i] && size > held &&
            (best == ask_count(ask) || size > ask_answer(ask, best)->head.size))
            best = i;
    }
    return best;
}

static enum err fetch_all(struct node *node, const struct ask *ask, struct recovery *out)
{
    bool *failed = calloc(ask_count(ask) + 1, sizeof(*failed));
    if (failed == NULL)
        return ERR_NO_MEMORY;
    enum err err = OK;
    for (;;) {
        size_t best = best_of(ask, failed, store_log_committed(node->own).size);
        if (best == ask_count(ask) || err == ERR_CLOSED || err == ERR_FORK)
            break;
        const struct ask_answer *answer = ask_answer(ask, best);
        struct fetch_own fetch = {.peer = &answer->peer, .target = answer->head};
        err = fetch_own(node, &fetch, &out->why);
        out->fetched += fetch.entries;
        out->withheld += fetch.withheld;
        failed[best] = err != OK;
    }
    free(failed);
    return err;
}

static void describe(const struct ask *ask, struct recovery *out)
{
    out->peers = json_array();
    for (size_t i = 0; i < ask_count(ask); i++) {
        const struct ask_answer *answer = ask_answer(ask, i);
        json_t *json = json_pack("{s:s, s:s}", "did", answer->peer.did, "url", answer->peer.url);
        if (answer->answered)
            (void)json_object_set_new(json, "size", json_integer((json_int_t)answer->head.size));
        else
            (void)json_object_set_new(json, "error", json_string(err_slug(answer->err)));
        if (!answer->answered && answer->why.rule != NULL)
            (void)json_object_set_new(json, "rule", json_string(answer->why.rule));
        (void)json_array_append_new(out->peers, json);
        if (answer->head.size > out->remembered)
            out->remembered = answer->head.size;
    }
}

/* The keeper's own memory, where its process is not there to say it. */
static void ask_the_state(struct node *node, struct recovery *out)
{
    struct merkle_head last = {.size = 0};
    struct why why = {.rule = NULL};
    if (node->signer != NULL || keys_read_state(node->dir, &node->key, &last, &why) != OK)
        return;
    guard_remember(node->guard, &last, GUARD_KEEPER);
    out->remembered = last.size;
}

static enum err recover(struct node *node, const struct state_peer *from, struct recovery *out)
{
    struct ask *ask;
    uint64_t wait_ms = node->config.keys.ask_peers_ms;
    ask_the_state(node, out);
    TRY(ask_new(node, from, &ask));
    ask_run(ask, wait_ms < ASK_MS_MIN ? ASK_MS_MIN : wait_ms);
    describe(ask, out);
    enum err err = fetch_all(node, ask, out);
    out->size = store_log_committed(node->own).size;
    guard_recheck(node->guard);
    /* What the guard says is the more exact of the two. */
    enum err still = guard_check(node->guard, &out->why);
    if (still != OK)
        err = still;
    if (err == OK)
        err = settle_keeper(node, ask, out);
    ask_free(ask);
    return err;
}

void recover_log(struct node *node, const struct state_peer *from, struct recovery *out)
{
    *out = (struct recovery){.size_before = store_log_committed(node->own).size};
    out->size = out->size_before;
    if (atomic_exchange(&node->recovering, true)) {
        out->err = why_set(&out->why, ERR_BUSY, "one recovery at a time", 0, NULL, NULL);
        return;
    }
    out->err = recover(node, from, out);
    atomic_store(&node->recovering, false);
}

void recovery_clear(struct recovery *recovery)
{
    json_decref(recovery->peers);
    recovery->peers = NULL;
}

/* What nodes tell each other so that no log has two faces: cosignatures, proofs of forks, and the
 * links that such proofs are made of. */
#include <stdlib.h>

#include "node/api/router.h"
#include "node/peer/faults.h"
#include "node/peer/witnesses.h"
#include "proto/base/hash_text.h"
#include "proto/json/jcs.h"

struct telling {
    bool news;
    struct span origin; /* of a proof */
    uint64_t size;
    unsigned count;
    enum err err;
    struct why why;
};

static void dispose(struct call *call)
{
    free(call->own);
}

static struct telling *telling_new(struct call *call)
{
    struct telling *telling = calloc(1, sizeof(*telling));
    call->own = telling;
    call->dispose = dispose;
    if (telling == NULL)
        call_problem(call, ERR_NO_MEMORY, NULL);
    return telling;
}

static bool answered_with_problem(struct call *call, const struct telling *telling)
{
    if (telling->err == OK)
        return false;
    call_problem(call, telling->err, telling->why.rule == NULL ? NULL : &telling->why);
    return true;
}

/* ---- cosignatures ---- */

static void take_cosignature(struct call *call)
{
    struct telling *telling = call->own;
    struct node *node = call->node;
    telling->err = witnesses_take(node->witnesses, node->own, buf_span(&call->body), &telling->news,
                                  &telling->why);
    if (telling->err == OK)
        telling->err = witnesses_flush(node->witnesses); /* durable before it is answered */
    telling->size = store_log_checkpoint(node->own, NULL).size;
    telling->count = witnesses_count(node->witnesses, node->own, telling->size);
}

static void answer_cosignature(struct call *call)
{
    const struct telling *telling = call->own;
    if (!answered_with_problem(call, telling))
        call_reply_json(call, 200,
                        json_pack("{s:b, s:I, s:i}", "new", telling->news, "size",
                                  (json_int_t)telling->size, "cosignatures", (int)telling->count));
}

void api_cosign(struct call *call)
{
    if (telling_new(call) != NULL)
        call_in_pool(call, take_cosignature, answer_cosignature);
}

/* ---- proofs of forks ---- */

void api_faults(struct call *call)
{
    struct buf value;
    struct buf out;
    struct why why = {.rule = NULL};
    uint64_t after = 0;
    enum err err = OK;
    buf_init(&value, 32);
    buf_init(&out, 2u * 1024u * 1024u);
    if (call_query(call, "after", &value)) {
        struct cursor cursor = cursor_of(buf_span(&value));
        after = cursor_u64(&cursor);
        if (cursor.failed || !cursor_at_end(&cursor))
            err =
                why_set(&why, ERR_BAD_REQUEST, "after: `next` of an earlier answer", 0, NULL, NULL);
    }
    /* A number that this node never gave is from before it was begun anew. */
    if (after > faults_version(call->node->faults))
        after = 0;
    if (err == OK)
        err = faults_append_list(call->node->faults, after, &out);
    if (err == OK)
        exchange_reply(call->exchange, 200, "application/json", NULL, buf_span(&out));
    else
        call_problem(call, err, why.rule == NULL ? NULL : &why);
    buf_clear(&value);
    buf_clear(&out);
}

static void take_fault(struct call *call)
{
    struct telling *telling = call->own;
    telling->err = faults_add(call->node->faults, buf_span(&call->body), &telling->news,
                              &telling->origin, &telling->why);
}

static void answer_fault(struct call *call)
{
    const struct telling *telling = call->own;
    if (answered_with_problem(call, telling))
        return;
    json_t *json = json_pack("{s:b}", "new", telling->news);
    (void)json_object_set_new(
        json, "origin", json_stringn((const char *)telling->origin.data, telling->origin.len));
    call_reply_json(call, 200, json);
}

void api_fault_add(struct call *call)
{
    struct why why;
    if (!call->local && !faults_admit(call->node->faults)) {
        call_problem(
            call, why_set(&why, ERR_TOO_MANY, "proofs of forks: a few each second", 0, NULL, NULL),
            &why);
        return;
    }
    if (telling_new(call) != NULL)
        call_in_pool(call, take_fault, answer_fault);
}

/* ---- links ---- */

static enum err read_size(const struct call *call, const char *name, uint64_t fallback,
                          uint64_t *out)
{
    struct buf value;
    buf_init(&value, 32);
    *out = fallback;
    enum err err = OK;
    if (call_query(call, name, &value)) {
        struct cursor cursor = cursor_of(buf_span(&value));
        *out = cursor_u64(&cursor);
        err = cursor.failed || !cursor_at_end(&cursor) ? ERR_BAD_REQUEST : OK;
    }
    buf_clear(&value);
    return err;
}

static void append_hash(struct buf *out, const struct hash *hash)
{
    uint8_t text[HASH_TEXT_BYTES];
    hash_text_write(hash, text);
    buf_append_byte(out, '"');
    buf_append(out, text, sizeof(text));
    buf_append_byte(out, '"');
}

/* A `from` beyond the tree is answered as the tree's own size: who asks sees the checkpoint, at
 * least. */
static enum err append_link(struct store_log *log, uint64_t from, uint64_t to, struct span note,
                            struct buf *out)
{
    struct merkle_source source = store_log_source(log);
    struct merkle_range range;
    struct merkle_proof proof;
    from = from > to ? to : from;
    TRY(merkle_range_load(&source, from, &range));
    TRY(merkle_prove_consistency(&source, from, to, &proof));
    struct hash root = merkle_range_root(&range);
    buf_append_cstr(out, "{\"checkpoint\":");
    jcs_append_string(out, note);
    buf_append_cstr(out, ",\"from\":");
    buf_append_u64(out, from);
    buf_append_cstr(out, ",\"proof\":[");
    for (unsigned i = 0; i < proof.count; i++) {
        if (i > 0)
            buf_append_byte(out, ',');
        append_hash(out, &proof.hashes[i]);
    }
    buf_append_cstr(out, "],\"root\":");
    append_hash(out, &root);
    buf_append_cstr(out, ",\"to\":");
    buf_append_u64(out, to);
    buf_append_byte(out, '}');
    return buf_check(out);
}

void api_link(struct call *call)
{
    struct store_log *log = api_find_log(call);
    if (log == NULL)
        return;
    struct why why = {.rule = NULL};
    struct buf note;
    struct buf out;
    buf_init(&note, NOTE_BYTES_MAX);
    buf_init(&out, 2 * NOTE_BYTES_MAX);
    struct merkle_head head = store_log_checkpoint(log, &note);
    uint64_t from;
    uint64_t to;
    enum err err = read_size(call, "from", 0, &from);
    if (err == OK)
        err = read_size(call, "to", head.size, &to);
    if (err != OK)
        (void)why_set(&why, err, "from, to: numbers of entries", 0, NULL, NULL);
    else if (head.size == 0 || to > store_log_committed(log).size)
        err = why_set(&why, ERR_NOT_FOUND, "to: entries that are held and signed", head.size, NULL,
                      NULL);
    if (err == OK)
        err = append_link(log, from, to, buf_span(&note), &out);
    if (err == OK)
        exchange_reply(call->exchange, 200, "application/json", NULL, buf_span(&out));
    else
        call_problem(call, err, why.rule == NULL ? NULL : &why);
    buf_clear(&note);
    buf_clear(&out);
}

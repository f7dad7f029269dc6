#include "node/peer/inquiry.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "node/identity/identities.h"
#include "node/peer/errand.h"
#include "node/peer/faults.h"
#include "proto/base/hash_text.h"
#include "proto/identity/did.h"
#include "proto/log/fault_bundle.h"

#define QUESTIONS_MAX 64u /* a search by halves asks as often as a size has bits */
#define ANSWER_BYTES_MAX (2u * NOTE_BYTES_MAX)

struct inquiry {
    struct inquiry_options options;
    struct errand *errand;
    struct buf ours; /* the newest note here */
    struct buf theirs;
    struct merkle_head our_head;
    struct merkle_head their_head; /* size 0: not known yet */
    struct public_key key;
    struct public_key their_key;
    struct buf fault; /* empty: not proven yet */
    uint64_t low;     /* known to be common */
    uint64_t high;    /* known to differ */
    uint64_t asked;
    struct merkle_proof low_proof; /* of the peer, from low to its head */
    unsigned questions;
};

void inquiry_free(struct inquiry *inquiry)
{
    if (inquiry == NULL)
        return;
    errand_free(inquiry->errand);
    buf_clear(&inquiry->ours);
    buf_clear(&inquiry->theirs);
    buf_clear(&inquiry->fault);
    free(inquiry);
}

/* ---- the proof ---- */

static struct hash root_here(const struct inquiry *inquiry, uint64_t size)
{
    struct merkle_source source = store_log_source(inquiry->options.log);
    struct merkle_range range;
    if (merkle_range_load(&source, size, &range) != OK)
        return merkle_empty_root();
    return merkle_range_root(&range);
}

static bool append_fault(struct inquiry *inquiry, const struct fault_link *link)
{
    bool same_key = memcmp(&inquiry->key, &inquiry->their_key, sizeof(inquiry->key)) == 0;
    return same_key && fault_append(&inquiry->fault, buf_span(&inquiry->ours),
                                    buf_span(&inquiry->theirs), &inquiry->key, link, NULL) == OK;
}

/* The peer's head is not larger than the one signed here: the tree here shows what it should be. */
static bool prove_here(struct inquiry *inquiry)
{
    uint64_t size = inquiry->their_head.size;
    struct merkle_source source = store_log_source(inquiry->options.log);
    struct fault_link link = {.other_root = root_here(inquiry, size)};
    if (size == 0 || hash_equal(&link.other_root, &inquiry->their_head.root) ||
        merkle_prove_consistency(&source, size, inquiry->our_head.size, &link.proof) != OK)
        return false;
    return append_fault(inquiry, size == inquiry->our_head.size ? NULL : &link);
}

static void tell(struct inquiry *inquiry)
{
    struct merkle_source source = store_log_source(inquiry->options.log);
    struct fault_common common = {.head = {.size = inquiry->low}};
    bool swapped = inquiry->our_head.size > inquiry->their_head.size;
    struct merkle_proof *ours = swapped ? &common.to_second : &common.to_first;
    struct merkle_proof *theirs = swapped ? &common.to_first : &common.to_second;
    common.head.root = root_here(inquiry, inquiry->low);
    *theirs = inquiry->low_proof;
    if (merkle_prove_consistency(&source, inquiry->low, inquiry->our_head.size, ours) != OK)
        common.head.size = 0;
    struct buf bundle;
    buf_init(&bundle, FAULT_BUNDLE_BYTES_MAX);
    if (fault_bundle_append(&bundle, buf_span(&inquiry->fault), &common) == OK)
        faults_add_later(inquiry->options.node->faults, buf_span(&bundle));
    buf_clear(&bundle);
}

static void end(struct inquiry *inquiry)
{
    void (*done)(void *) = inquiry->options.done;
    void *ctx = inquiry->options.ctx;
    if (inquiry->fault.len > 0)
        tell(inquiry);
    inquiry_free(inquiry);
    done(ctx);
}

/* ---- questions ---- */

static void on_answer(void *ctx, enum err err, int status, struct span body);

static bool ask(struct inquiry *inquiry, uint64_t from)
{
    char path[DID_BYTES_MAX + 128];
    struct span scid = did_scid(store_log_origin(inquiry->options.log));
    int len = snprintf(path, sizeof(path), "/v1/logs/%.*s/link?from=%llu", (int)scid.len,
                       (const char *)scid.data, (unsigned long long)from);
    if (inquiry->their_head.size > 0)
        (void)snprintf(path + len, sizeof(path) - (size_t)len, "&to=%llu",
                       (unsigned long long)inquiry->their_head.size);
    struct endpoint endpoint;
    if (endpoint_find(inquiry->options.node, inquiry->options.peer, &endpoint, NULL) != OK)
        return false;
    struct errand_options options = {.node = inquiry->options.node,
                                     .loop = inquiry->options.loop,
                                     .peer = &endpoint,
                                     .method = "GET",
                                     .path = path,
                                     .answer_bytes_max = ANSWER_BYTES_MAX,
                                     .done = on_answer,
                                     .ctx = inquiry};
    inquiry->asked = from;
    inquiry->errand = ++inquiry->questions > QUESTIONS_MAX ? NULL : errand_start(&options);
    return inquiry->errand != NULL;
}

/* By halves, to the size from which the two differ. */
static bool search_on(struct inquiry *inquiry)
{
    return inquiry->high - inquiry->low > 1 &&
           ask(inquiry, inquiry->low + (inquiry->high - inquiry->low) / 2);
}

static void begin_search(struct inquiry *inquiry)
{
    inquiry->low = 0;
    inquiry->high = inquiry->our_head.size < inquiry->their_head.size ? inquiry->our_head.size
                                                                      : inquiry->their_head.size;
}

/* ---- answers ---- */

static bool read_hash(const json_t *value, struct hash *out)
{
    return json_is_string(value) &&
           hash_text_read(span_of(json_string_value(value), json_string_length(value)), out);
}

static bool read_link(const json_t *answer, struct fault_link *out)
{
    const json_t *proof = json_object_get(answer, "proof");
    size_t count = json_array_size(proof);
    if (!read_hash(json_object_get(answer, "root"), &out->other_root) || !json_is_array(proof) ||
        count > MERKLE_PROOF_HASHES_MAX)
        return false;
    out->proof.count = (unsigned)count;
    for (size_t i = 0; i < count; i++)
        if (!read_hash(json_array_get(proof, i), &out->proof.hashes[i]))
            return false;
    return true;
}

static bool take_note(struct inquiry *inquiry, struct span note)
{
    struct checkpoint checkpoint;
    buf_append_span(&inquiry->theirs, note);
    if (buf_check(&inquiry->theirs) != OK ||
        identities_open_checkpoint(
            inquiry->options.node->identities, store_log_origin(inquiry->options.log),
            buf_span(&inquiry->theirs), &checkpoint, &inquiry->their_key, NULL) != OK)
        return false;
    inquiry->their_head = checkpoint.head;
    return checkpoint.head.size > 0;
}

/* The first answer: does the peer's history contradict the one here? */
static bool prove(struct inquiry *inquiry, const json_t *answer)
{
    const json_t *note = json_object_get(answer, "checkpoint");
    struct fault_link link;
    if (inquiry->their_head.size == 0 &&
        (!json_is_string(note) ||
         !take_note(inquiry, span_of(json_string_value(note), json_string_length(note)))))
        return false;
    if (inquiry->their_head.size <= inquiry->our_head.size)
        return prove_here(inquiry);
    return read_link(answer, &link) && append_fault(inquiry, &link);
}

/* A further one: is the peer's tree of the size asked for the one here? */
static bool narrow(struct inquiry *inquiry, const json_t *answer)
{
    struct fault_link link;
    if (!read_link(answer, &link))
        return false;
    struct merkle_head there = {.size = inquiry->asked, .root = link.other_root};
    if (merkle_check_consistency(&there, &inquiry->their_head, &link.proof) != OK)
        return false;
    struct hash here = root_here(inquiry, inquiry->asked);
    if (!hash_equal(&here, &link.other_root)) {
        inquiry->high = inquiry->asked;
        return true;
    }
    inquiry->low = inquiry->asked;
    inquiry->low_proof = link.proof;
    return true;
}

static void on_answer(void *ctx, enum err err, int status, struct span body)
{
    struct inquiry *inquiry = ctx;
    inquiry->errand = NULL;
    json_t *answer = err == OK && status == 200 ? json_loadb((const char *)body.data, body.len,
                                                             JSON_REJECT_DUPLICATES, NULL)
                                                : NULL;
    bool was_proven = inquiry->fault.len > 0;
    bool fine = answer != NULL && (was_proven ? narrow(inquiry, answer) : prove(inquiry, answer));
    json_decref(answer);
    if (fine && !was_proven)
        begin_search(inquiry);
    if (!fine || !search_on(inquiry))
        end(inquiry);
}

/* Proves what needs no question; true: a question is under way. */
static bool begin(struct inquiry *inquiry)
{
    struct checkpoint checkpoint;
    struct store_log *log = inquiry->options.log;
    if (store_log_checkpoint(log, &inquiry->ours).size == 0 || buf_check(&inquiry->ours) != OK ||
        identities_open_checkpoint(inquiry->options.node->identities, store_log_origin(log),
                                   buf_span(&inquiry->ours), &checkpoint, &inquiry->key,
                                   NULL) != OK)
        return false;
    inquiry->our_head = checkpoint.head;
    if (inquiry->options.note.len > 0 && !take_note(inquiry, inquiry->options.note))
        return false;
    if (inquiry->their_head.size == 0 || inquiry->their_head.size > inquiry->our_head.size)
        return ask(inquiry, inquiry->our_head.size);
    if (!prove_here(inquiry))
        return false;
    begin_search(inquiry);
    if (search_on(inquiry))
        return true;
    tell(inquiry);
    return false;
}

struct inquiry *inquiry_start(const struct inquiry_options *options)
{
    struct inquiry *inquiry = calloc(1, sizeof(*inquiry));
    if (inquiry == NULL)
        return NULL;
    inquiry->options = *options;
    buf_init(&inquiry->ours, NOTE_BYTES_MAX);
    buf_init(&inquiry->theirs, NOTE_BYTES_MAX);
    buf_init(&inquiry->fault, FAULT_BYTES_MAX);
    if (begin(inquiry))
        return inquiry;
    inquiry_free(inquiry);
    return NULL;
}

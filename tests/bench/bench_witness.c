/* What witnessing costs beside the back-fill that it vouches for, on one core: a batch followed
 * with all its checks, and what comes on top for the witness (the note read, the tree's root, a
 * cosignature) and for the author (its verification). Prints "name value unit". */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "proto/identity/did.h"
#include "proto/log/checkpoint.h"
#include "proto/log/cosignature.h"
#include "tests/lib/memlog.h"
#include "tests/lib/testkey.h"

#define RECORDS SYNC_BATCH_ENTRIES_MAX
#define ROUNDS 20u

static double cpu(void)
{
    struct timespec now;
    CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) == 0);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static enum err open_log(void *ctx, struct span origin, struct merkle_range *range_out,
                         bool *own_out)
{
    (void)ctx;
    (void)origin;
    *range_out = (struct merkle_range){.size = 0};
    *own_out = false;
    return OK;
}

static double follow_once(struct span stream)
{
    struct follow_options options = {.open_log = open_log};
    struct follow *follow = follow_new(&options);
    double start = cpu();
    for (size_t at = 0; at < stream.len;) {
        struct follow_effects effects;
        size_t used;
        CHECK(follow_feed(follow, span_part(stream, at, stream.len), 0, &used, &effects, NULL) ==
              OK);
        at += used;
        if (effects.batch != NULL)
            follow_persisted(follow, effects.batch, 0, &effects);
    }
    double spent = cpu() - start;
    follow_free(follow);
    return spent;
}

static double witness_once(struct memlog *log, struct testkey *key, struct buf *cosigned)
{
    static struct note note;
    struct checkpoint checkpoint;
    struct public_key author;
    struct merkle_range range;
    struct ed25519_signer signer = testkey_signer(key);
    struct span origin = memlog_origin(log);
    struct span bytes = memlog_offer(log).note;
    struct log_reader reader = memlog_reader(log);
    struct merkle_source source = {.ctx = reader.ctx, .node = reader.node};
    double start = cpu();
    CHECK(did_key_read(origin, &author, NULL) == OK);
    CHECK(checkpoint_open(bytes, origin, &author, &checkpoint, NULL) == OK);
    CHECK(merkle_range_load(&source, checkpoint.head.size, &range) == OK);
    struct hash root = merkle_range_root(&range);
    CHECK(hash_equal(&root, &checkpoint.head.root) && note_read(bytes, &note, NULL) == OK);
    buf_reset(cosigned);
    buf_append_span(cosigned, bytes);
    CHECK(cosignature_append(cosigned, note.text, SPAN_LITERAL("witness"), &signer, 1) == OK);
    return cpu() - start;
}

static double take_once(struct memlog *log, const struct testkey *key, struct span cosigned)
{
    static struct note note;
    struct cosigner witness = {.name = SPAN_LITERAL("witness"), .key = key->key};
    struct checkpoint checkpoint;
    struct public_key author;
    uint64_t time_s;
    double start = cpu();
    CHECK(did_key_read(memlog_origin(log), &author, NULL) == OK);
    CHECK(checkpoint_open(cosigned, memlog_origin(log), &author, &checkpoint, NULL) == OK);
    CHECK(note_read(cosigned, &note, NULL) == OK);
    CHECK(cosignature_verify(&note, &witness, 2, &time_s, NULL) == OK);
    return cpu() - start;
}

int main(void)
{
    struct memlog *log = memlog_new(1);
    struct testkey key = testkey_of(9);
    for (unsigned i = 0; i < RECORDS; i++) {
        char id[32];
        char body[600];
        (void)snprintf(id, sizeof(id), "products/%u", i);
        (void)snprintf(body, sizeof(body), "{\"name\":\"%0500u\"}", i);
        memlog_put(log, id, NULL, body);
    }
    memlog_sign(log);
    struct serve *serve = memserve_new(SPAN_LITERAL("{\"logs\":{}}"), &log, 1);
    struct buf stream;
    struct buf cosigned;
    buf_init(&stream, 64u * 1024u * 1024u);
    buf_init(&cosigned, NOTE_BYTES_MAX);
    memserve_pull_all(serve, 65536, &stream);
    double follow = 0;
    double witness = 0;
    double author = 0;
    for (unsigned i = 0; i < ROUNDS; i++) {
        follow += follow_once(buf_span(&stream));
        witness += witness_once(log, &key, &cosigned);
        author += take_once(log, &key, buf_span(&cosigned));
    }
    printf("{\"name\":\"witness_batch_follow\",\"unit\":\"us/batch\",\"value\":%.1f}\n",
           follow / ROUNDS * 1e6);
    printf("{\"name\":\"witness_cosign\",\"unit\":\"us/batch\",\"value\":%.1f}\n",
           witness / ROUNDS * 1e6);
    printf("{\"name\":\"witness_take\",\"unit\":\"us/batch\",\"value\":%.1f}\n",
           author / ROUNDS * 1e6);
    printf("{\"name\":\"witness_overhead\",\"unit\":\"ratio\",\"value\":%.5f}\n",
           (follow + witness) / follow);
    serve_free(serve);
    memlog_free(log);
    buf_clear(&stream);
    buf_clear(&cosigned);
    return 0;
}

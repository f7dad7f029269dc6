/* Receiving a stream: what becomes a batch, and every way in which a peer can be wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "proto/identity/did.h"
#include "proto/log/checkpoint.h"
#include "proto/sync/lines.h"
#include "tests/lib/memlog.h"

#define ENTRIES 7u

/* A log of seven entries, signed; a node that knows nothing; a stream being written. */
struct scene {
    struct memlog *log;
    struct memnode node;
    struct follow *follow;
    struct buf stream;
    struct why why;
};

static struct memlog *log_of(unsigned seed, unsigned entries)
{
    struct memlog *log = memlog_new(seed);
    for (unsigned i = 0; i < entries; i++) {
        char id[16];
        (void)snprintf(id, sizeof(id), "r/%u", i);
        memlog_put(log, id, NULL, "{\"nom\":\"Pain de campagne\"}");
    }
    memlog_sign(log);
    return log;
}

static int set_up(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    CHECK(scene != NULL);
    scene->log = log_of(1, ENTRIES);
    scene->follow = memnode_follow(&scene->node, span_of(NULL, 0));
    buf_init(&scene->stream, 1u << 26);
    *state = scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;
    follow_free(scene->follow);
    memnode_clear(&scene->node);
    memlog_free(scene->log);
    buf_clear(&scene->stream);
    free(scene);
    return 0;
}

/* A follow that begins anew with what the node holds. */
static void reconnect(struct scene *scene, struct span origin_peer)
{
    follow_free(scene->follow);
    scene->follow = memnode_follow(&scene->node, origin_peer);
    buf_reset(&scene->stream);
}

static enum err feed(struct scene *scene)
{
    enum err err =
        memnode_feed(&scene->node, scene->follow, buf_span(&scene->stream), NULL, &scene->why);
    buf_reset(&scene->stream);
    return err;
}

static void say_log(struct scene *scene, uint64_t from)
{
    lines_append_log(&scene->stream, memlog_origin(scene->log), from);
}

static void say_head(struct scene *scene, const struct merkle_head *head)
{
    struct buf note;
    buf_init(&note, NOTE_BYTES_MAX);
    memlog_sign_head(scene->log, head, &note);
    lines_append_checkpoint(&scene->stream, buf_span(&note));
    buf_clear(&note);
}

static void say_checkpoint(struct scene *scene)
{
    struct merkle_head head = memlog_head(scene->log);
    say_head(scene, &head);
}

static void say_entries(struct scene *scene, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i < to; i++) {
        buf_append_span(&scene->stream, memlog_line(scene->log, i));
        buf_append_byte(&scene->stream, '\n');
    }
}

static struct merkle_proof proof_from(struct scene *scene, uint64_t size)
{
    struct log_reader reader = memlog_reader(scene->log);
    struct merkle_source source = {.ctx = reader.ctx, .node = reader.node};
    struct merkle_proof proof;
    CHECK(merkle_prove_consistency(&source, size, memlog_head(scene->log).size, &proof) == OK);
    return proof;
}

static void say_proof(struct scene *scene, uint64_t size)
{
    struct merkle_proof proof = proof_from(scene, size);
    lines_append_proof(&scene->stream, size, &proof);
}

static void say_text(struct scene *scene, const char *text)
{
    buf_append_cstr(&scene->stream, text);
}

static struct memlog *copy(struct scene *scene)
{
    return memnode_log(&scene->node, memlog_origin(scene->log));
}

static void assert_copied(struct scene *scene, uint64_t size)
{
    assert_non_null(copy(scene));
    assert_int_equal(memlog_head(copy(scene)).size, size);
    assert_true(memlog_has_prefix(scene->log, copy(scene)));
}

/* The node holds the first `size` entries, and a new stream begins. */
static void hold(struct scene *scene, uint64_t size)
{
    say_log(scene, 0);
    say_checkpoint(scene);
    if (size > 0) {
        say_entries(scene, 0, size);
        say_proof(scene, size);
    }
    assert_int_equal(feed(scene), OK);
    reconnect(scene, span_of(NULL, 0));
    scene->node.batches = 0;
    scene->node.notes = 0;
    if (size > 0)
        assert_copied(scene, size);
}

static void hands_out_a_batch_when_its_proof_holds(void **state)
{
    struct scene *scene = *state;
    scene->node.hold_back = true;
    say_log(scene, 0);
    say_checkpoint(scene);
    say_entries(scene, 0, 5);
    assert_int_equal(feed(scene), OK);
    assert_int_equal(scene->node.batches, 0);
    say_proof(scene, 5);
    assert_int_equal(feed(scene), OK);
    assert_int_equal(scene->node.batches, 1);
    const struct batch *batch = scene->node.waiting[0];
    assert_int_equal(batch->first, 0);
    assert_int_equal(batch->count, 5);
    assert_int_equal(batch->head.size, 5);
    assert_int_equal(batch->note.len, 0);
    assert_int_equal(batch->open_withheld, 0);
    say_entries(scene, 5, ENTRIES);
    say_proof(scene, ENTRIES);
    assert_int_equal(feed(scene), OK);
    batch = scene->node.waiting[1];
    struct merkle_head head = memlog_head(scene->log);
    assert_int_equal(batch->first, 5);
    assert_int_equal(batch->head.size, ENTRIES);
    assert_true(hash_equal(&batch->head.root, &head.root));
    assert_true(span_equal(buf_span(&batch->note), memlog_offer(scene->log).note));
    memnode_persist(&scene->node, scene->follow, 0);
    memnode_persist(&scene->node, scene->follow, 0);
    assert_copied(scene, ENTRIES);
}

static void goes_on_from_what_is_held(void **state)
{
    struct scene *scene = *state;
    hold(scene, 3);
    say_log(scene, 3);
    say_checkpoint(scene);
    say_entries(scene, 3, ENTRIES);
    say_proof(scene, ENTRIES);
    assert_int_equal(feed(scene), OK);
    assert_copied(scene, ENTRIES);
    assert_int_equal(scene->node.notes, 1);
}

static void passes_over_entries_that_another_peer_brought(void **state)
{
    struct scene *scene = *state;
    hold(scene, 5);
    say_log(scene, 2);
    say_checkpoint(scene);
    say_entries(scene, 2, 4);
    say_proof(scene, 4);
    say_entries(scene, 4, 6);
    say_proof(scene, 6);
    say_entries(scene, 6, ENTRIES);
    say_proof(scene, ENTRIES);
    assert_int_equal(feed(scene), OK);
    assert_copied(scene, ENTRIES);
    assert_int_equal(scene->node.batches, 2);
}

static void takes_live_updates_of_two_logs_in_turn(void **state)
{
    struct scene *scene = *state;
    struct memlog *first = scene->log;
    struct memlog *second = log_of(2, 2);
    for (unsigned round = 0; round < 4; round++) {
        for (unsigned which = 0; which < 2; which++) {
            scene->log = which == 0 ? first : second;
            uint64_t from = copy(scene) == NULL ? 0 : memlog_head(copy(scene)).size;
            memlog_put(scene->log, "new", NULL, "1");
            memlog_sign(scene->log);
            uint64_t size = memlog_head(scene->log).size;
            say_log(scene, from);
            say_checkpoint(scene);
            say_entries(scene, from, size);
            say_proof(scene, size);
            assert_int_equal(feed(scene), OK);
            assert_copied(scene, size);
        }
    }
    scene->log = first;
    memlog_free(second);
}

static void takes_withheld_leaves_as_entries(void **state)
{
    struct scene *scene = *state;
    uint32_t open = 0;
    say_log(scene, 0);
    say_checkpoint(scene);
    say_entries(scene, 0, 2);
    for (uint64_t i = 2; i < 4; i++) {
        struct hash leaf = merkle_leaf_hash(memlog_line(scene->log, i));
        lines_append_withheld(&scene->stream, &open, &leaf);
    }
    lines_close_withheld(&scene->stream, &open);
    say_entries(scene, 4, ENTRIES);
    say_proof(scene, ENTRIES);
    assert_int_equal(feed(scene), OK);
    assert_copied(scene, ENTRIES);
    assert_int_equal(memlog_line(copy(scene), 2).len, 0);
    assert_int_not_equal(memlog_line(copy(scene), 4).len, 0);
}

static void refuses_a_proof_that_does_not_hold(void **state)
{
    struct scene *scene = *state;
    say_log(scene, 0);
    say_checkpoint(scene);
    say_entries(scene, 0, 5);
    struct merkle_proof proof = proof_from(scene, 5);
    proof.hashes[0].bytes[31] ^= 1;
    lines_append_proof(&scene->stream, 5, &proof);
    assert_int_equal(feed(scene), ERR_BAD_PROOF);
    assert_int_equal(scene->node.batches, 0);
}

static void refuses_entries_out_of_order(void **state)
{
    struct scene *scene = *state;
    say_log(scene, 0);
    say_checkpoint(scene);
    say_entries(scene, 1, 2);
    say_entries(scene, 0, 1);
    say_entries(scene, 2, ENTRIES);
    say_proof(scene, ENTRIES);
    /* Not a fork: the origin did not sign what a peer garbled. */
    assert_int_equal(feed(scene), ERR_BAD_PROOF);
    assert_int_equal(scene->node.batches, 0);
}

static void refuses_a_checkpoint_with_a_bad_signature(void **state)
{
    struct scene *scene = *state;
    struct merkle_head head = memlog_head(scene->log);
    struct buf note;
    buf_init(&note, NOTE_BYTES_MAX);
    memlog_sign_head(scene->log, &head, &note);
    uint8_t *size = memchr(note.data, '\n', note.len);
    size[1]++;
    say_log(scene, 0);
    lines_append_checkpoint(&scene->stream, buf_span(&note));
    assert_int_equal(feed(scene), ERR_BAD_SIGNATURE);
    buf_clear(&note);
}

static void refuses_the_checkpoint_of_another_log(void **state)
{
    struct scene *scene = *state;
    struct memlog *other = log_of(2, ENTRIES);
    say_log(scene, 0);
    lines_append_checkpoint(&scene->stream, memlog_offer(other).note);
    assert_int_not_equal(feed(scene), OK);
    assert_int_equal(scene->node.batches, 0);
    memlog_free(other);
}

static void keeps_both_heads_of_a_fork(void **state)
{
    struct scene *scene = *state;
    hold(scene, ENTRIES);
    struct merkle_head other = memlog_head(scene->log);
    other.root.bytes[0] ^= 1;
    say_log(scene, ENTRIES);
    say_head(scene, &other);
    assert_int_equal(feed(scene), ERR_FORK);
    struct follow_evidence evidence = follow_evidence(scene->follow);
    struct merkle_head head = memlog_head(scene->log);
    assert_true(span_equal(evidence.origin, memlog_origin(scene->log)));
    assert_int_equal(evidence.held.size, ENTRIES);
    assert_true(hash_equal(&evidence.held.root, &head.root));
    struct public_key key;
    struct checkpoint checkpoint;
    assert_int_equal(did_key_read(evidence.origin, &key, NULL), OK);
    assert_int_equal(checkpoint_open(evidence.note, evidence.origin, &key, &checkpoint, NULL), OK);
    assert_true(hash_equal(&checkpoint.head.root, &other.root));
}

static void refuses_a_longer_log_that_does_not_extend_what_is_held(void **state)
{
    struct scene *scene = *state;
    struct memlog *honest = scene->log;
    hold(scene, ENTRIES);
    /* The same key, another history. */
    scene->log = memlog_new(1);
    for (unsigned i = 0; i < ENTRIES + 3; i++)
        memlog_put(scene->log, "x", NULL, "[]");
    say_log(scene, ENTRIES);
    say_checkpoint(scene);
    say_entries(scene, ENTRIES, ENTRIES + 3);
    say_proof(scene, ENTRIES + 3);
    assert_int_equal(feed(scene), ERR_BAD_PROOF);
    memlog_free(scene->log);
    scene->log = honest;
    assert_copied(scene, ENTRIES);
}

static void holds_an_origin_to_what_it_signed_before(void **state)
{
    struct scene *scene = *state;
    struct merkle_range range = {.size = 0};
    for (uint64_t i = 0; i < 4; i++) {
        struct hash leaf = merkle_leaf_hash(memlog_line(scene->log, i));
        merkle_range_append(&range, &leaf);
    }
    struct merkle_head old = merkle_range_head(&range);
    hold(scene, ENTRIES);
    reconnect(scene, memlog_origin(scene->log));
    say_log(scene, ENTRIES);
    say_head(scene, &old);
    assert_int_equal(feed(scene), ERR_SHRUNKEN);
    assert_int_equal(follow_evidence(scene->follow).held.size, ENTRIES);
    assert_true(follow_evidence(scene->follow).note.len > 0);
    /* A peer that relays the log may be behind. */
    reconnect(scene, SPAN_LITERAL("did:key:z6MkSomebodyElse"));
    say_log(scene, ENTRIES);
    say_head(scene, &old);
    assert_int_equal(feed(scene), OK);
    /* And the origin itself may answer a request that is older than what is held now. */
    reconnect(scene, memlog_origin(scene->log));
    say_log(scene, 2);
    say_head(scene, &old);
    say_entries(scene, 2, 4);
    lines_append_proof(&scene->stream, 4, &(struct merkle_proof){.count = 0});
    assert_int_equal(feed(scene), OK);
    assert_int_equal(scene->node.batches, 0);
}

static void hands_out_the_note_of_a_head_held_already_once(void **state)
{
    struct scene *scene = *state;
    hold(scene, ENTRIES);
    say_log(scene, ENTRIES);
    say_checkpoint(scene);
    say_log(scene, ENTRIES);
    say_checkpoint(scene);
    assert_int_equal(feed(scene), OK);
    assert_int_equal(scene->node.batches, 1);
    assert_int_equal(scene->node.notes, 1);
}

static void takes_the_checkpoint_of_an_empty_log(void **state)
{
    struct scene *scene = *state;
    struct memlog *full = scene->log;
    scene->log = memlog_new(3);
    say_log(scene, 0);
    say_checkpoint(scene);
    assert_int_equal(feed(scene), OK);
    assert_int_equal(scene->node.batches, 0);
    struct merkle_head wrong = {.size = 0};
    say_log(scene, 0);
    say_head(scene, &wrong);
    assert_int_equal(feed(scene), ERR_FORK);
    memlog_free(scene->log);
    scene->log = full;
}

static void refuses_lines_out_of_place(void **state)
{
    struct scene *scene = *state;
    struct span origin = span_of(NULL, 0);
    say_entries(scene, 0, 1);
    assert_int_equal(feed(scene), ERR_BAD_STREAM); /* before any log line */
    reconnect(scene, origin);
    say_checkpoint(scene);
    assert_int_equal(feed(scene), ERR_BAD_STREAM);
    reconnect(scene, origin);
    say_proof(scene, 0);
    assert_int_equal(feed(scene), ERR_BAD_STREAM);
    reconnect(scene, origin);
    say_log(scene, 0);
    say_entries(scene, 0, 1); /* before the checkpoint */
    assert_int_equal(feed(scene), ERR_BAD_STREAM);
    reconnect(scene, origin);
    say_log(scene, 0);
    say_proof(scene, 0);
    assert_int_equal(feed(scene), ERR_BAD_STREAM);
    reconnect(scene, origin);
    say_log(scene, 1); /* beyond what is held */
    assert_int_equal(feed(scene), ERR_BAD_STREAM);
    reconnect(scene, origin);
    say_log(scene, 0);
    say_checkpoint(scene);
    say_checkpoint(scene);
    assert_int_equal(feed(scene), ERR_BAD_STREAM);
    reconnect(scene, origin);
    say_log(scene, 0);
    say_checkpoint(scene);
    say_entries(scene, 0, 2);
    say_proof(scene, 3); /* not the size reached */
    assert_int_equal(feed(scene), ERR_BAD_STREAM);
    reconnect(scene, origin);
    say_log(scene, 0);
    say_checkpoint(scene);
    say_entries(scene, 0, 2);
    say_log(scene, 0); /* entries not proved */
    assert_int_equal(feed(scene), ERR_BAD_STREAM);
    reconnect(scene, origin);
    say_log(scene, 0);
    say_checkpoint(scene);
    say_entries(scene, 0, ENTRIES);
    say_entries(scene, 0, 1); /* beyond the checkpoint */
    assert_int_equal(feed(scene), ERR_BAD_STREAM);
    assert_int_equal(scene->node.batches, 0);
}

static void refuses_lines_that_no_stream_has(void **state)
{
    struct scene *scene = *state;
    static const char *const lines[] = {
        "\n",
        "x\n",
        " \n",
        "\"a\"\n",
        "[\"pong\"]\n",
        "[\"ping\"]\r\n",
        "[]\n",
        "{}\n",
        "[\"ping\",\n",
        "[\"ping\"]x\n",
        "[\"commit\",1,\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"]\n",
        "[\"erased\",\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\",\"\"]\n",
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        say_log(scene, 0);
        say_checkpoint(scene);
        say_text(scene, lines[i]);
        assert_int_not_equal(feed(scene), OK);
        assert_int_equal(scene->node.batches, 0);
        reconnect(scene, span_of(NULL, 0));
    }
}

static void gives_up_for_good_after_an_error(void **state)
{
    struct scene *scene = *state;
    say_text(scene, "nonsense\n");
    assert_int_equal(feed(scene), ERR_BAD_STREAM);
    say_log(scene, 0);
    say_checkpoint(scene);
    say_entries(scene, 0, ENTRIES);
    say_proof(scene, ENTRIES);
    assert_int_equal(feed(scene), ERR_BAD_STREAM);
    assert_int_equal(scene->node.batches, 0);
}

static void refuses_a_line_as_soon_as_it_is_too_long(void **state)
{
    struct scene *scene = *state;
    for (unsigned pieces = 0; pieces < 2; pieces++) {
        size_t piece = pieces == 0 ? LINE_BYTES_MAX : 1000;
        say_text(scene, "{");
        enum err err = feed(scene);
        size_t sent = 1;
        while (err == OK && sent < LINE_BYTES_MAX) {
            size_t n = LINE_BYTES_MAX - sent < piece ? LINE_BYTES_MAX - sent : piece;
            uint8_t *room = buf_reserve(&scene->stream, n);
            memset(room, 'x', n);
            buf_commit(&scene->stream, n);
            sent += n;
            err = feed(scene);
        }
        assert_int_equal(err, OK);
        say_text(scene, "x");
        assert_int_equal(feed(scene), ERR_LIMIT);
        assert_non_null(strstr(scene->why.rule, "LINE_BYTES_MAX"));
        reconnect(scene, span_of(NULL, 0));
    }
    /* Whole, in one piece, with its end in sight. */
    uint8_t *room = buf_reserve(&scene->stream, LINE_BYTES_MAX + 2);
    memset(room, 'x', LINE_BYTES_MAX + 1);
    room[LINE_BYTES_MAX + 1] = '\n';
    buf_commit(&scene->stream, LINE_BYTES_MAX + 2);
    assert_int_equal(feed(scene), ERR_LIMIT);
}

static void refuses_more_entries_than_a_proof_may_cover(void **state)
{
    struct scene *scene = *state;
    struct merkle_head head = {.size = 1000000};
    struct hash leaf = {{1}};
    say_log(scene, 0);
    say_head(scene, &head);
    uint32_t open = 0;
    for (unsigned i = 0; i < SYNC_BATCH_ENTRIES_MAX; i++)
        lines_append_withheld(&scene->stream, &open, &leaf);
    lines_close_withheld(&scene->stream, &open);
    assert_int_equal(feed(scene), OK);
    lines_append_withheld(&scene->stream, &open, &leaf);
    lines_close_withheld(&scene->stream, &open);
    assert_int_equal(feed(scene), ERR_LIMIT);
}

static void refuses_a_giant_withheld_line(void **state)
{
    struct scene *scene = *state;
    struct merkle_head head = {.size = 1000000};
    say_log(scene, 0);
    say_head(scene, &head);
    say_text(scene, "[\"withheld\"");
    for (unsigned i = 0; i <= SYNC_BATCH_ENTRIES_MAX; i++)
        say_text(scene, ",\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"");
    say_text(scene, "]\n");
    assert_int_equal(feed(scene), ERR_LIMIT);
}

static void refuses_more_bytes_than_a_proof_may_cover(void **state)
{
    struct scene *scene = *state;
    struct memlog *small = scene->log;
    struct buf body;
    buf_init(&body, LINE_BYTES_MAX);
    buf_append_byte(&body, '"');
    while (body.len < 200000)
        buf_append_byte(&body, 'x');
    buf_append_cstr(&body, "\"");
    buf_append_byte(&body, '\0');
    scene->log = memlog_new(4);
    for (unsigned i = 0; i < 50; i++)
        memlog_put(scene->log, "big", NULL, (const char *)body.data);
    say_log(scene, 0);
    say_checkpoint(scene);
    say_entries(scene, 0, 50);
    assert_int_equal(feed(scene), ERR_LIMIT);
    buf_clear(&body);
    memlog_free(scene->log);
    scene->log = small;
}

static void skips_and_counts_the_lines_of_a_log_not_wanted(void **state)
{
    struct scene *scene = *state;
    scene->node.refuse_new = true;
    say_log(scene, 0);
    say_checkpoint(scene);
    say_entries(scene, 0, ENTRIES);
    say_proof(scene, ENTRIES);
    say_text(scene, "[\"log\",\"did:web:example.org\",12]\n[\"checkpoint\",\"x\"]\n{}\n");
    assert_int_equal(feed(scene), OK);
    assert_int_equal(scene->node.batches, 0);
    assert_int_equal(follow_skipped(scene->follow), ENTRIES + 4);
    /* One that is wanted comes all the same. */
    scene->node.refuse_new = false;
    struct memlog *refused = scene->log;
    scene->log = log_of(2, 2);
    say_log(scene, 0);
    say_checkpoint(scene);
    say_entries(scene, 0, 2);
    say_proof(scene, 2);
    assert_int_equal(feed(scene), OK);
    assert_copied(scene, 2);
    memlog_free(scene->log);
    scene->log = refused;
}

static void refuses_a_did_key_that_is_none(void **state)
{
    struct scene *scene = *state;
    say_text(scene, "[\"log\",\"did:key:z6MkNothing\",0]\n");
    assert_int_equal(feed(scene), ERR_BAD_DID);
}

static void refuses_entries_of_the_log_that_it_writes_itself(void **state)
{
    struct scene *scene = *state;
    struct memlog *honest = scene->log;
    scene->node.logs[scene->node.count++] = log_of(1, 3);
    /* Whatever the peer has of it is news for the operator only. */
    say_log(scene, LINES_SIZE_MAX);
    say_checkpoint(scene);
    assert_int_equal(feed(scene), OK);
    struct merkle_head announced;
    assert_true(follow_announced(scene->follow, memlog_origin(honest), &announced));
    assert_int_equal(announced.size, ENTRIES);
    say_log(scene, 3);
    say_checkpoint(scene);
    say_entries(scene, 3, 4);
    assert_int_equal(feed(scene), ERR_BAD_STREAM);
    assert_int_equal(scene->node.batches, 0);
}

static void knows_the_newest_checkpoint_announced(void **state)
{
    struct scene *scene = *state;
    struct merkle_head announced;
    assert_false(follow_announced(scene->follow, memlog_origin(scene->log), &announced));
    say_log(scene, 0);
    assert_int_equal(feed(scene), OK);
    assert_false(follow_announced(scene->follow, memlog_origin(scene->log), &announced));
    say_checkpoint(scene);
    assert_int_equal(feed(scene), OK);
    assert_true(follow_announced(scene->follow, memlog_origin(scene->log), &announced));
    assert_int_equal(announced.size, ENTRIES);
}

static void pauses_when_enough_is_in_flight(void **state)
{
    struct scene *scene = *state;
    scene->node.hold_back = true;
    say_log(scene, 0);
    say_checkpoint(scene);
    for (uint64_t i = 0; i < 5; i++) {
        say_entries(scene, i, i + 1);
        say_proof(scene, i + 1);
    }
    struct span stream = buf_span(&scene->stream);
    size_t used = 0;
    assert_int_equal(memnode_feed(&scene->node, scene->follow, stream, &used, NULL), OK);
    assert_true(scene->node.effects.pause);
    assert_int_equal(scene->node.waiting_count, SYNC_BATCHES_IN_FLIGHT_MAX);
    stream = span_part(stream, used, stream.len);
    assert_int_equal(memnode_feed(&scene->node, scene->follow, stream, &used, NULL), OK);
    assert_int_equal(used, 0);
    memnode_persist(&scene->node, scene->follow, 0);
    assert_false(scene->node.effects.pause);
    scene->node.hold_back = false;
    while (scene->node.waiting_count > 0)
        memnode_persist(&scene->node, scene->follow, 0);
    assert_int_equal(memnode_feed(&scene->node, scene->follow, stream, &used, NULL), OK);
    assert_int_equal(used, stream.len);
    assert_copied(scene, 5);
}

static enum err tick(struct scene *scene, uint64_t now_ms)
{
    return follow_tick(scene->follow, now_ms, &scene->node.effects);
}

static void gives_up_a_stream_that_is_silent(void **state)
{
    struct scene *scene = *state;
    size_t used;
    assert_int_equal(tick(scene, SYNC_SILENCE_MS - 1), OK);
    assert_int_equal(scene->node.effects.wake_ms, SYNC_SILENCE_MS);
    assert_int_equal(follow_feed(scene->follow, SPAN_LITERAL("[\"ping\"]\n"), 5000, &used,
                                 &scene->node.effects, NULL),
                     OK);
    assert_int_equal(scene->node.effects.wake_ms, 5000 + SYNC_SILENCE_MS);
    /* Half a line is no line. */
    assert_int_equal(
        follow_feed(scene->follow, SPAN_LITERAL("[\"pi"), 9000, &used, &scene->node.effects, NULL),
        OK);
    assert_int_equal(tick(scene, 5000 + SYNC_SILENCE_MS - 1), OK);
    assert_int_equal(tick(scene, 5000 + SYNC_SILENCE_MS), ERR_STALLED);
    assert_int_equal(tick(scene, 0), ERR_STALLED);
}

static void counts_no_silence_while_it_pauses_itself(void **state)
{
    struct scene *scene = *state;
    scene->node.hold_back = true;
    say_log(scene, 0);
    say_checkpoint(scene);
    for (uint64_t i = 0; i < SYNC_BATCHES_IN_FLIGHT_MAX; i++) {
        say_entries(scene, i, i + 1);
        say_proof(scene, i + 1);
    }
    assert_int_equal(feed(scene), OK);
    assert_true(scene->node.effects.pause);
    assert_int_equal(tick(scene, 10 * SYNC_SILENCE_MS), OK);
    memnode_persist(&scene->node, scene->follow, 10 * SYNC_SILENCE_MS);
    assert_int_equal(scene->node.effects.wake_ms, 11 * SYNC_SILENCE_MS);
    assert_int_equal(tick(scene, 11 * SYNC_SILENCE_MS - 1), OK);
    assert_int_equal(tick(scene, 11 * SYNC_SILENCE_MS), ERR_STALLED);
}

static void asks_for_what_it_lacks(void **state)
{
    struct scene *scene = *state;
    struct follow_log logs[] = {
        {.origin = SPAN_LITERAL("did:key:zb"), .range = {.size = 12}},
        {.origin = SPAN_LITERAL("did:key:za"), .range = {.size = 3}, .own = true},
    };
    assert_int_equal(follow_write_request(logs, 2, true, &scene->stream), OK);
    assert_true(span_is(buf_span(&scene->stream),
                        "{\"follow\":true,\"logs\":{\"did:key:za\":9007199254740991,"
                        "\"did:key:zb\":12}}"));
    buf_reset(&scene->stream);
    assert_int_equal(follow_write_request(NULL, 0, false, &scene->stream), OK);
    assert_true(span_is(buf_span(&scene->stream), "{\"follow\":false,\"logs\":{}}"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(hands_out_a_batch_when_its_proof_holds),
        TEST(goes_on_from_what_is_held),
        TEST(passes_over_entries_that_another_peer_brought),
        TEST(takes_live_updates_of_two_logs_in_turn),
        TEST(takes_withheld_leaves_as_entries),
        TEST(refuses_a_proof_that_does_not_hold),
        TEST(refuses_entries_out_of_order),
        TEST(refuses_a_checkpoint_with_a_bad_signature),
        TEST(refuses_the_checkpoint_of_another_log),
        TEST(keeps_both_heads_of_a_fork),
        TEST(refuses_a_longer_log_that_does_not_extend_what_is_held),
        TEST(holds_an_origin_to_what_it_signed_before),
        TEST(hands_out_the_note_of_a_head_held_already_once),
        TEST(takes_the_checkpoint_of_an_empty_log),
        TEST(refuses_lines_out_of_place),
        TEST(refuses_lines_that_no_stream_has),
        TEST(gives_up_for_good_after_an_error),
        TEST(refuses_a_line_as_soon_as_it_is_too_long),
        TEST(refuses_more_entries_than_a_proof_may_cover),
        TEST(refuses_a_giant_withheld_line),
        TEST(refuses_more_bytes_than_a_proof_may_cover),
        TEST(skips_and_counts_the_lines_of_a_log_not_wanted),
        TEST(refuses_a_did_key_that_is_none),
        TEST(refuses_entries_of_the_log_that_it_writes_itself),
        TEST(knows_the_newest_checkpoint_announced),
        TEST(pauses_when_enough_is_in_flight),
        TEST(gives_up_a_stream_that_is_silent),
        TEST(counts_no_silence_while_it_pauses_itself),
        TEST(asks_for_what_it_lacks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

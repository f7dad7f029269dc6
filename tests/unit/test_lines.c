/* Control lines: what is written is read back, and nothing else is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "proto/sync/lines.h"

#define ANYWHERE (CONTROL_IN_STREAM | CONTROL_IN_SEGMENT)
#define ZERO "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\""

struct fixture {
    struct buf out;
    struct tape tape;
    struct control control;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    buf_init(&fixture.out, 1u << 20);
    tape_init(&fixture.tape);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    buf_clear(&fixture->out);
    tape_clear(&fixture->tape);
    return 0;
}

/* Reads the line that was written: all of out but its newline. */
static void read_back(struct fixture *fixture, unsigned where, enum control_kind kind)
{
    assert_int_equal(buf_check(&fixture->out), OK);
    assert_true(fixture->out.len > 0);
    assert_int_equal(fixture->out.data[fixture->out.len - 1], '\n');
    struct span line = span_of(fixture->out.data, fixture->out.len - 1);
    assert_null(memchr(line.data, '\n', line.len));
    assert_int_equal(control_read(line, where, &fixture->tape, &fixture->control, NULL), OK);
    assert_int_equal(fixture->control.kind, kind);
    unsigned elsewhere = ANYWHERE & ~where;
    if (elsewhere != 0)
        assert_int_equal(control_read(line, elsewhere, &fixture->tape, &fixture->control, NULL),
                         ERR_BAD_STREAM);
    assert_int_equal(control_read(line, where, &fixture->tape, &fixture->control, NULL), OK);
}

static void reads_back_a_log_line(void **state)
{
    struct fixture *fixture = *state;
    lines_append_log(&fixture->out, SPAN_LITERAL("did:key:z6Mk"), LINES_SIZE_MAX);
    read_back(fixture, CONTROL_IN_STREAM, CONTROL_LOG);
    assert_true(span_is(fixture->control.origin, "did:key:z6Mk"));
    assert_int_equal(fixture->control.size, LINES_SIZE_MAX);
    assert_true(span_is(buf_span(&fixture->out), "[\"log\",\"did:key:z6Mk\",9007199254740991]\n"));
}

static void reads_back_a_checkpoint(void **state)
{
    struct fixture *fixture = *state;
    struct buf note;
    buf_init(&note, NOTE_BYTES_MAX);
    lines_append_checkpoint(&fixture->out, SPAN_LITERAL("origin\n12\n\"\\\n\n— origin AAAA\n"));
    read_back(fixture, ANYWHERE, CONTROL_CHECKPOINT);
    control_append_note(&fixture->control, &note);
    assert_true(span_is(buf_span(&note), "origin\n12\n\"\\\n\n— origin AAAA\n"));
    buf_clear(&note);
}

static void reads_back_proofs_of_every_length(void **state)
{
    struct fixture *fixture = *state;
    struct merkle_proof proof = {.count = 0};
    for (unsigned count = 0; count <= MERKLE_PROOF_HASHES_MAX; count++) {
        proof.count = count;
        buf_reset(&fixture->out);
        lines_append_proof(&fixture->out, count, &proof);
        read_back(fixture, CONTROL_IN_STREAM, CONTROL_PROOF);
        assert_int_equal(fixture->control.hash_count, count);
        for (unsigned i = 0; i < count; i++) {
            struct hash hash = control_hash(&fixture->control, i);
            assert_true(hash_equal(&hash, &proof.hashes[i]));
        }
        if (count < MERKLE_PROOF_HASHES_MAX)
            memset(proof.hashes[count].bytes, (int)count + 1, 32);
    }
}

static void reads_back_pings_and_commits(void **state)
{
    struct fixture *fixture = *state;
    lines_append_ping(&fixture->out);
    read_back(fixture, CONTROL_IN_STREAM, CONTROL_PING);
    struct merkle_head head = {.size = 42, .root = {{9, 8, 7}}};
    buf_reset(&fixture->out);
    lines_append_commit(&fixture->out, &head);
    read_back(fixture, CONTROL_IN_SEGMENT, CONTROL_COMMIT);
    assert_int_equal(fixture->control.size, 42);
    assert_true(hash_equal(&fixture->control.hash, &head.root));
}

static void writes_an_erased_line_of_exactly_the_length_asked(void **state)
{
    struct fixture *fixture = *state;
    struct hash leaf = {{1, 2, 3}};
    for (size_t len = LINES_ERASED_BYTES_MIN; len < 400; len++) {
        buf_reset(&fixture->out);
        lines_append_erased(&fixture->out, &leaf, len);
        assert_int_equal(fixture->out.len, len + 1);
        read_back(fixture, CONTROL_IN_SEGMENT, CONTROL_ERASED);
        assert_true(hash_equal(&fixture->control.hash, &leaf));
    }
}

static void reads_back_runs_of_withheld_leaves(void **state)
{
    struct fixture *fixture = *state;
    uint32_t open = 0;
    for (unsigned i = 0; i < SYNC_WITHHELD_PER_LINE; i++) {
        struct hash leaf = {{(uint8_t)i, (uint8_t)(i >> 8)}};
        lines_append_withheld(&fixture->out, &open, &leaf);
    }
    lines_close_withheld(&fixture->out, &open);
    lines_close_withheld(&fixture->out, &open);
    read_back(fixture, ANYWHERE, CONTROL_WITHHELD);
    assert_int_equal(fixture->control.hash_count, SYNC_WITHHELD_PER_LINE);
    struct hash last = control_hash(&fixture->control, SYNC_WITHHELD_PER_LINE - 1);
    assert_int_equal(last.bytes[0], (SYNC_WITHHELD_PER_LINE - 1) & 0xff);
    assert_int_equal(last.bytes[1], (SYNC_WITHHELD_PER_LINE - 1) >> 8);
}

static void refuses_every_other_line(void **state)
{
    struct fixture *fixture = *state;
    static const char *const lines[] = {
        "[]",
        "[1]",
        "[\"pong\"]",
        "[\"ping\",1]",
        "[\"p\\u0001ing\"]",
        "[\"log\"]",
        "[\"log\",\"a\"]",
        "[\"log\",\"\",1]",
        "[\"log\",\"a\\\"b\",1]",
        "[\"log\",\"a\",-1]",
        "[\"log\",\"a\",1.5]",
        "[\"log\",\"a\",9007199254740992]",
        "[\"log\",\"a\",1e+21]",
        "[\"log\",\"a\",\"1\"]",
        "[\"log\",\"a\",1,1]",
        "[\"log\",1,\"a\"]",
        "[\"checkpoint\"]",
        "[\"checkpoint\",1]",
        "[\"checkpoint\",\"a\",\"b\"]",
        "[\"withheld\"]",
        "[\"withheld\",1]",
        "[\"withheld\",\"AAAA\"]",
        "[\"withheld\",\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=\"]",
        "[\"withheld\"," ZERO ",1]",
        "[\"withheld\",[" ZERO "]]",
        "[\"proof\",1]",
        "[\"proof\",1," ZERO "]",
        "[\"proof\",1,[1]]",
        "[\"proof\",1,[],[]]",
        "[\"proof\",[],1]",
        "[\"commit\",1]",
        "[\"commit\"," ZERO ",1]",
        "[\"erased\"," ZERO "]",
        "[\"erased\"," ZERO ",\"x\"]",
        "[\"erased\"," ZERO ",\"\",\"\"]",
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        assert_int_equal(
            control_read(span_cstr(lines[i]), ANYWHERE, &fixture->tape, &fixture->control, NULL),
            ERR_BAD_STREAM);
    static const char *const broken[] = {"",
                                         "[",
                                         "[\"ping\"",
                                         "[\"ping\"] ",
                                         "[ \"ping\"]",
                                         "[\"ping\"]]",
                                         "[\"proof\",01,[]]",
                                         "[\"proof\",1,[[]]]"};
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
        assert_int_not_equal(
            control_read(span_cstr(broken[i]), ANYWHERE, &fixture->tape, &fixture->control, NULL),
            OK);
}

static void refuses_a_proof_longer_than_any_tree_needs(void **state)
{
    struct fixture *fixture = *state;
    buf_append_cstr(&fixture->out, "[\"proof\",1,[" ZERO);
    for (unsigned i = 0; i < MERKLE_PROOF_HASHES_MAX; i++)
        buf_append_cstr(&fixture->out, "," ZERO);
    buf_append_cstr(&fixture->out, "]]");
    assert_int_equal(
        control_read(buf_span(&fixture->out), ANYWHERE, &fixture->tape, &fixture->control, NULL),
        ERR_BAD_STREAM);
}

static void refuses_an_origin_longer_than_any_did(void **state)
{
    struct fixture *fixture = *state;
    char origin[DID_BYTES_MAX + 1];
    memset(origin, 'x', sizeof(origin));
    lines_append_log(&fixture->out, span_of(origin, DID_BYTES_MAX), 0);
    read_back(fixture, CONTROL_IN_STREAM, CONTROL_LOG);
    buf_reset(&fixture->out);
    lines_append_log(&fixture->out, span_of(origin, DID_BYTES_MAX + 1), 0);
    assert_int_equal(control_read(span_of(fixture->out.data, fixture->out.len - 1), ANYWHERE,
                                  &fixture->tape, &fixture->control, NULL),
                     ERR_BAD_STREAM);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(reads_back_a_log_line),
        TEST(reads_back_a_checkpoint),
        TEST(reads_back_proofs_of_every_length),
        TEST(reads_back_pings_and_commits),
        TEST(writes_an_erased_line_of_exactly_the_length_asked),
        TEST(reads_back_runs_of_withheld_leaves),
        TEST(refuses_every_other_line),
        TEST(refuses_a_proof_longer_than_any_tree_needs),
        TEST(refuses_an_origin_longer_than_any_did),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The embedded store: appended, reopened, torn, damaged, overlapped, erased, read while it is
 * written. */
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "node/net/os.h"
#include "node/store/state.h"
#include "node/store/store.h"
#include "proto/identity/did.h"

#define ORIGIN "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"
#define LOG_FOLDER "logs/z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"

struct fixture {
    char dir[64];
    struct store *store;
    struct store_log *log;
    struct os_random random;
    struct env env;
    struct tape tape;
    struct log_keys keys;
};

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *ftw)
{
    (void)status;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static void open_store(struct fixture *f, uint64_t segment_bytes)
{
    struct store_options options = {.dir = f->dir, .segment_bytes = segment_bytes};
    struct why why = {.rule = ""};
    enum err err = store_open(&options, &f->store, &why);
    if (err != OK)
        fail_msg("%s: %s %s", err_slug(err), why.rule, why.found);
    assert_int_equal(store_log_open(f->store, SPAN_LITERAL(ORIGIN), &f->log, &why), OK);
}

static void close_store(struct fixture *f)
{
    store_close(f->store);
    f->store = NULL;
}

static int setup(void **state)
{
    os_init();
    struct fixture *f = calloc(1, sizeof(*f));
    strcpy(f->dir, "/tmp/maillon-store.XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    os_random_init(&f->random);
    f->env = os_random_env(&f->random);
    tape_init(&f->tape);
    log_keys_init(&f->keys);
    assert_int_equal(log_keys_of_did_key(SPAN_LITERAL(ORIGIN), &f->keys, NULL), OK);
    open_store(f, 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    store_close(f->store);
    tape_clear(&f->tape);
    log_keys_clear(&f->keys);
    (void)nftw(f->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(f);
    return 0;
}

/* ---- writing ---- */

static void add(struct fixture *f, struct batch *batch, const char *id, enum record_op op,
                const char *body)
{
    struct buf line;
    struct record record;
    buf_init(&line, LINE_BYTES_MAX);
    struct record_draft draft = {.id = span_cstr(id),
                                 .schema = SPAN_LITERAL("test/thing@1"),
                                 .license = SPAN_LITERAL("CC0-1.0"),
                                 .body = body == NULL ? span_of(NULL, 0) : span_cstr(body),
                                 .op = op};
    assert_int_equal(record_write(&draft, &f->env, 1700000000000, &line, NULL), OK);
    assert_int_equal(record_read(buf_span(&line), &f->tape, &record, NULL), OK);
    struct hash leaf = merkle_leaf_hash(record.line);
    assert_int_equal(batch_append(batch, &record, &leaf), OK);
    buf_clear(&line);
}

static struct store_result write_batch(struct fixture *f, struct batch *batch)
{
    struct store_result result;
    assert_int_equal(batch_seal(batch), OK);
    store_write(f->store, f->log, batch, &result);
    batch_free(batch);
    return result;
}

/* One batch of so many records with ids "<prefix><n>". */
static void publish(struct fixture *f, const char *prefix, unsigned count)
{
    struct batch *batch = batch_new();
    batch->first = BATCH_FIRST_NEXT;
    for (unsigned i = 0; i < count; i++) {
        char id[64];
        char body[128];
        (void)snprintf(id, sizeof(id), "%s%u", prefix, i);
        (void)snprintf(body, sizeof(body), "{\"n\":%u,\"text\":\"tomates anciennes\"}", i);
        add(f, batch, id, RECORD_PUT, body);
    }
    struct store_result result = write_batch(f, batch);
    assert_int_equal(result.err, OK);
    assert_int_equal(result.added, count);
}

static struct log_entry entry_at(struct fixture *f, uint64_t index)
{
    struct log_reader reader = store_log_reader(f->log);
    struct log_entry entry;
    assert_int_equal(reader.entry(reader.ctx, index, &entry), OK);
    return entry;
}

static void assert_sound(struct fixture *f, uint64_t entries)
{
    struct store_check_report report;
    enum err err = store_log_check(f->log, &f->keys, NULL, NULL, &report);
    if (err != OK)
        fail_msg("entry %llu: %s", (unsigned long long)report.bad_index, report.why.rule);
    assert_int_equal(report.entries, entries);
    assert_int_equal(store_log_committed(f->log).size, entries);
}

static void make_path(const struct fixture *f, const char *name, char out[512])
{
    (void)snprintf(out, 512, "%s/" LOG_FOLDER "/%s", f->dir, name);
}

static void remove_derived(const struct fixture *f)
{
    char path[512];
    static const char *const names[] = {"index", "level8", "position"};
    for (size_t i = 0; i < 3; i++) {
        make_path(f, names[i], path);
        (void)unlink(path);
    }
}

/* ---- tests ---- */

static void entries_ids_and_root_are_the_same_after_reopening(void **state)
{
    struct fixture *f = *state;
    publish(f, "a/", 700);
    publish(f, "b/", 3);
    struct merkle_head head = store_log_committed(f->log);
    for (int round = 0; round < 2; round++) {
        close_store(f);
        if (round == 1)
            remove_derived(f);
        open_store(f, 0);
        struct merkle_head again = store_log_committed(f->log);
        assert_int_equal(again.size, head.size);
        assert_true(hash_equal(&again.root, &head.root));
        uint64_t index;
        assert_true(store_log_newest(f->log, SPAN_LITERAL("a/699"), &index));
        assert_int_equal(index, 699);
        assert_false(store_log_newest(f->log, SPAN_LITERAL("a/700"), &index));
        assert_int_equal(store_log_records(f->log), 703);
        assert_sound(f, 703);
    }
}

static void the_newest_version_of_an_id_counts(void **state)
{
    struct fixture *f = *state;
    publish(f, "x/", 2);
    publish(f, "x/", 1);
    struct batch *batch = batch_new();
    batch->first = BATCH_FIRST_NEXT;
    add(f, batch, "x/1", RECORD_DELETE, NULL);
    assert_int_equal(write_batch(f, batch).err, OK);
    for (int round = 0; round < 3; round++) {
        uint64_t index;
        assert_true(store_log_newest(f->log, SPAN_LITERAL("x/0"), &index));
        assert_int_equal(index, 2);
        assert_true(store_log_newest(f->log, SPAN_LITERAL("x/1"), &index));
        assert_int_equal(index, 3);
        assert_false(store_log_is_newest(f->log, 0));
        assert_true(store_log_is_newest(f->log, 2));
        assert_int_equal(store_log_records(f->log), 1);
        close_store(f);
        if (round == 1)
            remove_derived(f);
        open_store(f, 0);
    }
}

static void the_log_proves_its_entries(void **state)
{
    struct fixture *f = *state;
    for (unsigned i = 0; i < 5; i++)
        publish(f, "p/", 333);
    struct merkle_head head = store_log_committed(f->log);
    struct merkle_source source = store_log_source(f->log);
    for (uint64_t i = 0; i < head.size; i += 97) {
        struct merkle_proof proof;
        struct hash leaf = entry_at(f, i).leaf;
        assert_int_equal(merkle_prove_inclusion(&source, i, head.size, &proof), OK);
        assert_int_equal(merkle_check_inclusion(&leaf, i, &head, &proof), OK);
    }
}

static void entries_held_are_passed_over_a_gap_and_a_fork_are_refused(void **state)
{
    struct fixture *f = *state;
    publish(f, "o/", 5);
    /* Entries 3 and 4 again, and one that is new. */
    struct batch *batch = batch_new();
    batch->first = 3;
    for (uint64_t i = 3; i < 5; i++) {
        struct record record;
        struct log_entry entry = entry_at(f, i);
        assert_int_equal(record_read(entry.line, &f->tape, &record, NULL), OK);
        assert_int_equal(batch_append(batch, &record, &entry.leaf), OK);
    }
    add(f, batch, "o/new", RECORD_PUT, "1");
    struct store_result result = write_batch(f, batch);
    assert_int_equal(result.err, OK);
    assert_int_equal(result.added, 1);
    assert_int_equal(result.head.size, 6);

    batch = batch_new();
    batch->first = 7;
    add(f, batch, "o/gap", RECORD_PUT, "1");
    assert_int_equal(write_batch(f, batch).err, ERR_CONFLICT);

    batch = batch_new();
    batch->first = 2;
    add(f, batch, "o/other", RECORD_PUT, "1");
    assert_int_equal(write_batch(f, batch).err, ERR_FORK);

    batch = batch_new();
    batch->first = 6;
    batch->head = (struct merkle_head){.size = 7, .root = {{1}}};
    add(f, batch, "o/root", RECORD_PUT, "1");
    assert_int_equal(write_batch(f, batch).err, ERR_FORK);
    assert_sound(f, 6);
}

static void withheld_entries_have_a_leaf_and_no_line(void **state)
{
    struct fixture *f = *state;
    struct batch *batch = batch_new();
    struct hash hidden = {{7}};
    batch->first = BATCH_FIRST_NEXT;
    add(f, batch, "w/0", RECORD_PUT, "0");
    assert_int_equal(batch_append_withheld(batch, &hidden), OK);
    assert_int_equal(batch_append_withheld(batch, &hidden), OK);
    add(f, batch, "w/3", RECORD_PUT, "3");
    assert_int_equal(write_batch(f, batch).err, OK);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(entry_at(f, 1).line.len, 0);
        struct hash leaf = entry_at(f, 2).leaf;
        assert_true(hash_equal(&leaf, &hidden));
        assert_sound(f, 4);
        close_store(f);
        remove_derived(f);
        open_store(f, 0);
    }
}

static bool segments_hold(const struct fixture *f, const char *text)
{
    char folder[512];
    make_path(f, "", folder);
    DIR *dir = opendir(folder);
    bool found = false;
    const struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        char path[1024];
        struct buf bytes;
        buf_init(&bytes, 1 << 24);
        (void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        if (strstr(entry->d_name, ".seg") != NULL &&
            os_read_file(path, 1 << 24, &bytes, NULL) == OK)
            found = found || memmem(bytes.data, bytes.len, text, strlen(text)) != NULL;
        buf_clear(&bytes);
    }
    (void)closedir(dir);
    return found;
}

static void erasing_destroys_every_older_version(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 3; i++) {
        struct batch *batch = batch_new();
        batch->first = BATCH_FIRST_NEXT;
        add(f, batch, "who", RECORD_PUT, "\"secret de famille\"");
        add(f, batch, "other", RECORD_PUT, "1");
        assert_int_equal(write_batch(f, batch).err, OK);
    }
    assert_true(segments_hold(f, "famille"));
    struct merkle_head before = store_log_committed(f->log);
    struct batch *batch = batch_new();
    batch->first = BATCH_FIRST_NEXT;
    add(f, batch, "who", RECORD_ERASE, NULL);
    assert_int_equal(write_batch(f, batch).err, OK);
    assert_false(segments_hold(f, "famille"));
    for (int round = 0; round < 3; round++) {
        uint64_t index;
        assert_int_equal(entry_at(f, 0).line.len, 0);
        assert_true(store_log_newest(f->log, SPAN_LITERAL("who"), &index));
        assert_int_equal(index, before.size);
        assert_int_equal(store_log_records(f->log), 1);
        assert_sound(f, before.size + 1);
        close_store(f);
        if (round == 1)
            remove_derived(f);
        open_store(f, 0);
    }
}

static void segments_are_closed_at_their_size(void **state)
{
    struct fixture *f = *state;
    close_store(f);
    open_store(f, 4096);
    for (unsigned i = 0; i < 12; i++)
        publish(f, "s/", 10);
    close_store(f);
    char folder[512];
    make_path(f, "", folder);
    DIR *dir = opendir(folder);
    unsigned segments = 0;
    const struct dirent *entry;
    while ((entry = readdir(dir)) != NULL)
        segments += strstr(entry->d_name, ".seg") != NULL;
    (void)closedir(dir);
    assert_true(segments >= 3);
    remove_derived(f);
    open_store(f, 4096);
    assert_sound(f, 120);
}

/* A tail cut at every byte: what stands is a prefix that ends at a commit. */
static void a_tail_torn_at_any_byte_leaves_a_committed_prefix(void **state)
{
    struct fixture *f = *state;
    publish(f, "t/", 2);
    uint64_t first_bytes = store_log_bytes(f->log);
    publish(f, "u/", 2);
    uint64_t bytes = store_log_bytes(f->log);
    char path[512];
    make_path(f, "00000000000000000000.seg", path);
    for (uint64_t cut = bytes; cut + 1 > first_bytes; cut--) {
        close_store(f);
        assert_int_equal(truncate(path, (off_t)cut), 0);
        remove_derived(f);
        open_store(f, 0);
        assert_sound(f, cut == bytes ? 4 : 2);
        if (cut < bytes)
            assert_int_equal(store_log_bytes(f->log), first_bytes);
    }
    publish(f, "v/", 1);
    assert_sound(f, 3);
}

/* Any changed byte is found by the check, or by opening when nothing derived stands in its way. */
static void a_changed_byte_is_found(void **state)
{
    struct fixture *f = *state;
    publish(f, "d/", 3);
    publish(f, "e/", 3);
    publish(f, "g/", 3);
    uint64_t bytes = store_log_bytes(f->log);
    char path[512];
    make_path(f, "00000000000000000000.seg", path);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    for (uint64_t at = 0; at < bytes; at += 13) {
        uint8_t byte;
        assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
        uint8_t bent = byte ^ 4;
        assert_int_equal(pwrite(fd, &bent, 1, (off_t)at), 1);
        struct store_check_report report;
        if (store_log_check(f->log, &f->keys, NULL, NULL, &report) != ERR_DAMAGED)
            fail_msg("byte %llu may change", (unsigned long long)at);
        assert_true(report.bad_index <= 9);
        assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
    }
    assert_sound(f, 9);
    /* In the middle of what was durable it is not cut away: opening refuses. */
    close_store(f);
    remove_derived(f);
    assert_int_equal(pwrite(fd, "X", 1, 100), 1);
    struct store_options options = {.dir = f->dir};
    struct why why;
    assert_int_equal(store_open(&options, &f->store, &why), ERR_DAMAGED);
    f->store = NULL;
    (void)close(fd);
}

static void derived_files_full_of_garbage_are_made_again(void **state)
{
    struct fixture *f = *state;
    publish(f, "i/", 600);
    static const char *const names[] = {"index", "level8", "position"};
    for (size_t i = 0; i < 3; i++) {
        close_store(f);
        char path[512];
        make_path(f, names[i], path);
        int fd = open(path, O_RDWR | O_CLOEXEC);
        assert_true(fd >= 0);
        for (int j = 0; j < 40; j++)
            assert_int_equal(pwrite(fd, "garbage!", 8, j * 8), 8);
        (void)close(fd);
        open_store(f, 0);
        assert_sound(f, 600);
        uint64_t index;
        assert_true(store_log_newest(f->log, SPAN_LITERAL("i/599"), &index));
    }
}

static void one_process_at_a_time(void **state)
{
    struct fixture *f = *state;
    struct store_options options = {.dir = f->dir};
    struct store *second;
    struct why why;
    assert_int_equal(store_open(&options, &second, &why), ERR_LOCKED);
}

static void a_log_is_named_by_a_did_that_stays_in_its_folder(void **state)
{
    struct fixture *f = *state;
    struct store_log *log;
    static const char *const bad[] = {"", "did:key:", "did:key:../../etc", "did:key:a/b",
                                      "did:web:exa mple"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(store_log_open(f->store, span_cstr(bad[i]), &log, NULL), ERR_BAD_DID);
}

/* ---- readers beside the writer ---- */

struct reading {
    struct fixture *f;
    atomic_bool stop;
    atomic_uint looked;
};

static void *read_on(void *ctx)
{
    struct reading *reading = ctx;
    struct log_reader reader = store_log_reader(reading->f->log);
    while (!atomic_load(&reading->stop)) {
        struct merkle_head head = store_log_committed(reading->f->log);
        if (head.size == 0)
            continue;
        struct merkle_source source = store_log_source(reading->f->log);
        struct merkle_range range;
        struct log_entry entry;
        uint64_t index;
        CHECK(merkle_range_load(&source, head.size, &range) == OK);
        struct hash root = merkle_range_root(&range);
        CHECK(hash_equal(&root, &head.root));
        CHECK(reader.entry(reader.ctx, head.size - 1, &entry) == OK && entry.line.len > 0);
        struct hash leaf = merkle_leaf_hash(entry.line);
        CHECK(hash_equal(&leaf, &entry.leaf));
        /* An id that is there stays there, whatever version of it is on its way. */
        CHECK(store_log_newest(reading->f->log, SPAN_LITERAL("r/0"), &index));
        CHECK(index < store_log_committed(reading->f->log).size);
        atomic_fetch_add(&reading->looked, 1);
    }
    return NULL;
}

static void readers_never_wait_and_see_only_what_is_committed(void **state)
{
    struct fixture *f = *state;
    struct reading reading = {.f = f};
    pthread_t threads[2];
    publish(f, "r/", 1);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_on, &reading), 0);
    unsigned batches = 0;
    while (batches < 150 || atomic_load(&reading.looked) < 50) {
        publish(f, "r/", 40);
        batches++;
    }
    atomic_store(&reading.stop, true);
    for (int i = 0; i < 2; i++)
        (void)pthread_join(threads[i], NULL);
    assert_sound(f, 1 + batches * 40);
}

/* ---- state.db ---- */

static void count_peer(void *ctx, const struct state_peer *peer)
{
    struct buf *names = ctx;
    buf_append_cstr(names, peer->did);
    buf_append_cstr(names, peer->url);
    buf_append_byte(names, ' ');
}

static void peers_are_kept_in_order_replaced_and_removed(void **state)
{
    struct fixture *f = *state;
    struct state *db;
    struct buf names;
    buf_init(&names, 1000);
    assert_int_equal(state_open(f->dir, &db, NULL), OK);
    struct state_peer b = {.did = "b", .url = "1"};
    struct state_peer a = {.did = "a", .url = "2"};
    assert_int_equal(state_peer_put(db, &b), OK);
    assert_int_equal(state_peer_put(db, &a), OK);
    strcpy(b.url, "3");
    assert_int_equal(state_peer_put(db, &b), OK);
    state_close(db);
    assert_int_equal(state_open(f->dir, &db, NULL), OK);
    assert_int_equal(state_peers(db, count_peer, &names), OK);
    assert_true(span_is(buf_span(&names), "b3 a2 "));
    assert_int_equal(state_peer_remove(db, "b"), OK);
    assert_int_equal(state_peer_remove(db, "b"), ERR_NOT_FOUND);
    state_close(db);
    buf_clear(&names);
}

static void a_key_is_answered_once_and_again(void **state)
{
    struct fixture *f = *state;
    struct state *db;
    struct buf answer;
    int status = 0;
    uint8_t body[32] = {1};
    uint8_t other[32] = {2};
    struct span key = SPAN_LITERAL("k");
    buf_init(&answer, 1000);
    assert_int_equal(state_open(f->dir, &db, NULL), OK);
    assert_int_equal(state_idempotency_begin(db, key, body, 1000, &status, &answer), OK);
    assert_int_equal(status, 0);
    assert_int_equal(state_idempotency_begin(db, key, body, 1000, &status, &answer), ERR_BUSY);
    state_idempotency_cancel(db, key);
    assert_int_equal(state_idempotency_begin(db, key, body, 1000, &status, &answer), OK);
    assert_int_equal(state_idempotency_end(db, key, 201, SPAN_LITERAL("done")), OK);
    assert_int_equal(state_idempotency_begin(db, key, other, 1000, &status, &answer), ERR_CONFLICT);
    assert_int_equal(state_idempotency_begin(db, key, body, 1000, &status, &answer), OK);
    assert_int_equal(status, 201);
    assert_true(span_is(buf_span(&answer), "done"));
    status = 0;
    uint64_t two_days = 2u * 24 * 3600 * 1000;
    assert_int_equal(state_idempotency_begin(db, key, other, 1000 + two_days, &status, &answer),
                     OK);
    assert_int_equal(status, 0);
    state_close(db);
    buf_clear(&answer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(entries_ids_and_root_are_the_same_after_reopening),
        TEST(the_newest_version_of_an_id_counts),
        TEST(the_log_proves_its_entries),
        TEST(entries_held_are_passed_over_a_gap_and_a_fork_are_refused),
        TEST(withheld_entries_have_a_leaf_and_no_line),
        TEST(erasing_destroys_every_older_version),
        TEST(segments_are_closed_at_their_size),
        TEST(a_tail_torn_at_any_byte_leaves_a_committed_prefix),
        TEST(a_changed_byte_is_found),
        TEST(derived_files_full_of_garbage_are_made_again),
        TEST(one_process_at_a_time),
        TEST(a_log_is_named_by_a_did_that_stays_in_its_folder),
        TEST(readers_never_wait_and_see_only_what_is_committed),
        TEST(peers_are_kept_in_order_replaced_and_removed),
        TEST(a_key_is_answered_once_and_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
